"""A snapshot has all that the guest and its host are; going back to it is going on as if nothing had been since."""

from __future__ import annotations

from s390emu.machine import Machine, Schedule
from s390emu.records.events import EVENT_ESSA

COUNTING = "start: aghi %r2,1\n essa %r3,%r1,1\n stg %r2,0x800\n j start"
BOTH = """
start:  llilf %r1,0x0001            # CPU 1: restart, after its restart new PSW
        sigp  %r0,%r1,6
other:  aghi  %r2,1
        j     other
"""


def state(machine: Machine) -> tuple:
    """Return all that is compared: of every CPU, of storage, and time."""
    cpus = [(cpu.gr.tolist(), cpu.psw, cpu.count, cpu.now) for cpu in machine.cpus]
    return cpus, machine.read(0, machine.storage.size), machine.blocks(), machine.console


def test_the_state_is_that_of_the_snapshot():
    machine = Machine.from_source(COUNTING, 1 << 18)
    machine.run(100)
    saved, before = machine.snapshot(), state(machine)
    machine.run(1000)
    assert state(machine) != before
    machine.restore(saved)
    assert state(machine) == before


def test_a_snapshot_can_be_gone_back_to_more_than_once():
    machine = Machine.from_source(COUNTING, 1 << 18)
    saved = machine.snapshot()
    ends = []
    for _ in range(3):
        machine.restore(saved)
        machine.run(997)
        ends.append(state(machine))
    assert ends[0] == ends[1] == ends[2]


def test_events_are_in_it_drained_or_not():
    machine = Machine.from_source(COUNTING, 1 << 18)
    machine.watch(EVENT_ESSA)
    machine.run(8)
    machine.drain_events()
    machine.run(8)
    saved = machine.snapshot()
    machine.run(400)
    machine.restore(saved)
    assert sum(map(len, machine.drain_events())) == 4


def test_whose_turn_it_is_and_its_dice_are_in_it():
    machine = Machine.from_source(BOTH, 1 << 18, cpus=2, schedule=Schedule(2, quantum=50, seed=7))
    machine.write(0x1A0, (0x180000000).to_bytes(8) + machine.psw[1].to_bytes(8))
    machine.run(500)
    saved = machine.snapshot()
    ends = []
    for _ in range(2):
        machine.restore(saved)
        for _ in range(20):
            machine.run(77)
        ends.append((state(machine), machine.running.number, machine.schedule.left))
    assert ends[0] == ends[1]
    assert all(cpu.count > 100 for cpu in machine.cpus)
