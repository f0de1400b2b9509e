"""Recorded, stepped, run, reversed and run again: one execution, to the digest of all that it goes on from."""

from __future__ import annotations

import random

import pytest

from s390emu._jit import JIT
from s390emu.debugger.target import Target, Why
from s390emu.guests import several_cpus
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.inputs import perform
from s390emu.machine import Machine, Schedule
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording.replayer import digest, past
from tests.guest.test_several_cpus import TINY
from tests.machine.test_history import toy

INSTRUCTIONS = 300_000 if JIT else 1_500
RANDOM_GUESTS = 5
ROOM, RESTART = 0x10000, 0x180000000
INPUTS = (("message", "hello"), ("external-call", 0), ("pressure", 48), ("interrupt-key",))


def several() -> Machine:
    """Return the guest for several CPUs, whose turns are by the dice, short of storage."""
    machine = Machine(host=Host(64, PagingDevice()), cpus=2, schedule=Schedule(2, 40, 7))
    machine.load(several_cpus.build(**TINY))
    return machine


def bytes_at_random(seed: int) -> Machine:
    """Return a guest that executes whatever lies there, and goes on elsewhere after each program interruption."""
    dice, machine = random.Random(seed), Machine(1 << 18, host=Host(40, PagingDevice()))
    machine.write(ROOM, dice.randbytes(0x8000))
    for n in range(6):  # new PSWs: restart, external, supervisor call, program, machine check, I/O
        machine.write(0x1A0 + 16 * n, RESTART.to_bytes(8) + (ROOM + 0x100 * n).to_bytes(8))
    machine.set_psw(RESTART, ROOM)
    for n in range(16):
        machine.gr[n] = dice.randrange(ROOM, ROOM + 0x20000)
    return machine


GUESTS = [pytest.param(toy, id="firmware"), pytest.param(several, id="several-cpus")]
GUESTS += [pytest.param(lambda seed=seed: bytes_at_random(seed), id=f"random-{seed}") for seed in range(RANDOM_GUESTS)]


def moments() -> dict[int, tuple]:
    """Return what happens from outside, by the instruction count."""
    return {INSTRUCTIONS * n // 7: each for n, each in enumerate(INPUTS, 1)}


def run(machine: Machine, go_on) -> None:
    """Let a guest run to the moment INSTRUCTIONS, if it does not end before, while the world does what it does."""
    for count, (verb, *operands) in moments().items():
        go_on(count - machine.count)
        if machine.count < count:
            return
        perform(machine, verb, *operands)
    go_on(INSTRUCTIONS - machine.count)


@pytest.mark.parametrize("guest", GUESTS)
def test_recorded_stepped_reversed_and_run_again(guest, tmp_path):
    plain = guest()
    run(plain, plain.run)
    expected = plain.count, digest(plain)

    recorded = guest()
    with RunRecorder(recorded, Writer(tmp_path / "a"), INSTRUCTIONS // 5) as recorder:
        run(recorded, recorder.run)
    assert (recorded.count, digest(recorded)) == expected

    stepped = Target(guest())
    history = stepped.machine.remember(interval=INSTRUCTIONS // 9)
    stepped.history = history

    def step(instructions: int) -> None:
        for _ in range(min(300, instructions)):
            if stepped.step().why is Why.ENDED:
                return
        if instructions > 300:
            stepped.machine.run(instructions - 300)

    run(stepped.machine, step)
    assert (stepped.machine.count, digest(stepped.machine)) == expected
    wander(stepped)
    assert (stepped.machine.count, digest(stepped.machine)) == expected

    with Recording.open(tmp_path / "a", lambda _: guest()) as recording:
        replayed = Target(past(recording, INSTRUCTIONS // 9).machine)
        assert replayed.resume().why in (Why.END, Why.ENDED)
        assert (replayed.machine.count, digest(replayed.machine)) == expected
        wander(replayed)
        assert (replayed.machine.count, digest(replayed.machine)) == expected


def wander(target: Target) -> None:
    """Go back and forth in every way, and at last forwards to the end."""
    history, dice = target.history, random.Random(5)
    target.add_watchpoint("access", 0x2000, 4096, absolute=True)
    made = target.add_breakpoint(target.machine.psw[1])
    for _ in range(5):
        target.step_back()
    for _ in range(3):
        target.resume_back()
    history.goto(dice.randrange(history.start, history.end))
    for _ in range(4):
        target.step_back()
        target.step()
    target.resume()
    target.remove(made.number)
    history.last_write(0x2000, 8)
    history.last_state_change(2)
    target.watchpoints.clear()
    target.goto(history.start)
    assert target.resume().why in (Why.END, Why.ENDED)
