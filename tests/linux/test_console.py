"""Linux's consoles: by characters and by lines, as `console=` says or what Linux finds itself on. Everything is printed
once, and what is typed is taken."""

from __future__ import annotations

import pytest

from s390emu.machine import Reason
from tests.linux import guest

QUIET = "cryptomgr.notests=1 nokaslr"
KVM, ZVM, NEITHER = "under KVM", "as a z/VM guest operating system", "as a guest"


@pytest.mark.parametrize(("suite", "identity", "console", "finds"), [
    pytest.param("trixie", "s390emu", "console=ttyS0 ", NEITHER, id="ttyS0"),
    pytest.param("trixie", "s390emu", "", NEITHER, id="s390emu"),
    pytest.param("trixie", "qemu", "", KVM, id="qemu"),
    pytest.param("trixie", "kvm", "", KVM, id="kvm"),
    pytest.param("trixie", "zvm", "", ZVM, id="zvm"),
    pytest.param("bookworm", "zvm", "", ZVM, id="zvm-6.1"),
])  # fmt: skip
def test_boots_and_takes_what_is_typed(suite, identity, console, finds):
    machine = guest.machine(suite, identity=identity, append=console + QUIET)
    guest.until(machine, guest.READY)
    assert f"setup: Linux is running {finds} in 64-bit mode" in machine.console
    kernels = [line for line in machine.console.splitlines() if line.startswith("[")]
    assert len(kernels) > 100 and len(set(kernels)) == len(kernels)
    assert ("ttysclp0" in machine.console) == (finds == KVM)
    by_characters = finds == KVM
    stop = guest.run(machine, "short" if by_characters else "many 1")
    assert stop.reason is Reason.STOPPED, machine.console[-2000:]
    lines, expected = guest.written(machine), guest.short_lines() if by_characters else guest.many_lines(1)
    assert lines == expected[: len(lines)]
    # By lines, what a program has written last is lost at poweroff: Linux keeps it for a tenth of a second.
    assert len(lines) == len(expected) or (not by_characters and len(lines) >= 3)
