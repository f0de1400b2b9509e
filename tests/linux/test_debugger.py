"""Linux under a debugger does what it does by itself, to the digest; and any moment of it is near."""

from __future__ import annotations

import random
import time

from s390emu.debugger.target import Target, Why
from s390emu.machine import Machine
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording.replayer import digest, past
from tests.linux import guest

INSTRUCTIONS = 20_000_000
EVERY = 4_000_000  # instructions between two checkpoints
PIECE = 500_000  # the most that are run at a time where the guest is run in pieces
STEPS = 300
SECONDS = 3.0  # CPU time of a step back, where it takes a tenth of a second: other work goes on in the gate


def begin(waiting) -> Machine:
    """Return the machine where it waits, with the name of its script typed: it has work to do."""
    machine = waiting.again()
    machine.host.type(machine.guest_number, "short\n")
    return machine


def test_recorded_stepped_reversed_and_run_again(waiting, tmp_path):
    dice = random.Random(1)
    machine = begin(waiting)
    start = machine.count
    machine.run(INSTRUCTIONS)
    expected = machine.count, digest(machine)
    assert machine.count == start + INSTRUCTIONS

    machine = begin(waiting)
    with RunRecorder(machine, Writer(tmp_path / "a"), EVERY, per_byte=0) as recorder:
        recorder.run(INSTRUCTIONS)
    assert (machine.count, digest(machine)) == expected

    machine = begin(waiting)
    machine.remember(EVERY)
    target = Target(machine)
    for _ in range(STEPS):
        target.step()
    while machine.count < expected[0]:
        machine.run(min(dice.randrange(1, PIECE), expected[0] - machine.count))
    assert (machine.count, digest(machine)) == expected
    wander(target, start)
    assert (machine.count, digest(machine)) == expected

    with Recording.open(tmp_path / "a", lambda _: guest.machine()) as recording:
        target = Target(past(recording, EVERY).machine)
        assert target.resume().why is Why.END
        assert (target.machine.count, digest(target.machine)) == expected
        wander(target, start)
        assert (target.machine.count, digest(target.machine)) == expected


def wander(target: Target, start: int) -> None:
    """Go back and forth, and at last forwards to the end."""
    history, machine = target.history, target.machine
    made = target.add_breakpoint(machine.psw[1])
    for _ in range(3):
        target.step_back()
    assert target.resume_back().why in (Why.BREAKPOINT, Why.BEGIN)
    target.remove(made.number)
    middle = start + INSTRUCTIONS // 2
    history.goto(middle)
    before = time.process_time()
    target.step_back()
    assert time.process_time() - before < SECONDS
    assert machine.count == middle - 1
    written = target.add_watchpoint("write", int(machine.gr[15]) & ~7, 8)
    halt = target.resume_back()
    if halt.why is Why.WATCHPOINT:
        assert (halt.watchpoint, machine.count) == (written, int(halt.event.count))
    target.remove(written.number)
    target.goto(start)
    assert target.resume().why is Why.END
