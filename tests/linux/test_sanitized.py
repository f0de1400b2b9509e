"""The sanitizer finds nothing in Linux's hints, from its first instruction to its last."""

from __future__ import annotations

from s390emu.sanitizer.pages import Sanitizer
from tests.linux import guest
from tests.linux.conftest import SCARCE
from tests.linux.planted import hint_program_away

FILES = 8


def test_boot_and_script_on_a_small_host_are_clean():
    machine = guest.machine(host=SCARCE)
    sanitizer = Sanitizer(machine)
    guest.until(machine, guest.READY)
    guest.run(machine, f"many {FILES}")
    sanitizer.finish()
    assert guest.written(machine) == guest.many_lines(FILES)
    assert sanitizer.violations == []


def test_a_hint_that_should_not_be_is_found(waiting):
    machine = waiting.again()
    hint_program_away(machine)
    sanitizer = Sanitizer(machine)
    try:
        guest.run(machine, "short")
        sanitizer.finish()
        assert sanitizer.violations
    finally:
        machine.observers.remove(sanitizer)
