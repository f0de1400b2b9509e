"""A boot of Linux with hot code translated is the same, to the last instruction, register and byte."""

from __future__ import annotations

from s390emu.regions.modes import NEVER, SYNC
from tests.linux import guest
from tests.linux.test_boot import digest


def test_a_translated_boot_is_the_same():
    seen = []
    for mode in (NEVER, SYNC):
        machine = guest.machine(translate=mode)
        guest.until(machine, guest.READY)
        stop = guest.run(machine, "short")
        seen.append((stop, machine.console, digest(machine)))
    assert machine.translator and machine.translator.serial > 50
    assert seen[0] == seen[1]
