"""Instructions that a program repeats on condition code 3."""

from __future__ import annotations

from functools import cache

from s390emu.assembler.assemble import assemble
from tests.lab import CODE


@cache
def assembled(line: str) -> bytes:
    return assemble(line, origin=CODE).sections[0].data


def execute(lab) -> int:
    """Execute the instruction at CODE until the condition code is not 3; return in how many units. Without a look at
    what it changed, which takes long."""
    machine = lab.machine
    mask, interruptions = machine.psw[0] & ~(3 << 44), int(machine.port.interruption_count[0])
    for units in range(1, 100000):
        assert machine.step() is None
        assert int(machine.port.interruption_count[0]) == interruptions, machine.last_interruption
        if lab.cpu.cc != 3:
            return units
        machine.set_psw(mask | 3 << 44, CODE)
    raise AssertionError("it goes on and on")
