"""A debugger under Debian's kernel: single steps, and program events in an area. PoP ch. 4 "Program-Event Recording".

`ptrace.c` says which instruction is where. What it must write follows from the manual: an event is recorded after the
instruction, with the address of the instruction, which is the EXECUTE where a target has caused it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from s390emu.guests.initramfs import archive, device_list
from s390emu.machine import Reason
from tests.linux import guest
from tests.required import lacking

CC = "s390x-linux-gnu-gcc"
SOURCE = Path(__file__).with_name("ptrace.c")
STORE, FETCH, BRANCH = 0x20F0, 0x40F0, 0x80F0  # PER code, and mode: 64 bits, DAT, primary space
SUM = 6  # what work() returns, and stores


def stop(at: int, after: int, code: int, stored: int) -> str:
    return f"{at:x}->{after:x}:{code:x}:{stored}"


EXPECTED = [
    "steps 0 4 8 c 8 c 8 c 10 16 1c 22 28 2e 34 38 3c 40 44 48 4c 4e exit 6",
    f"store of a doubleword {stop(0x16, 0x1C, STORE, SUM)} exit {SUM}",
    " ".join(["store of two bytes", stop(0x28, 0x2E, STORE, SUM), stop(0x38, 0x3C, STORE, SUM),
              stop(0x4C, 0x4E, STORE, SUM), f"exit {SUM}"]),
    f"store beyond exit {SUM}",
    f"fetch of the first {stop(0, 4, FETCH, 0)} exit {SUM}",
    f"fetch of the target {stop(0x38, 0x3C, FETCH, SUM)} exit {SUM}",
    f"branch to the first ?->0:{BRANCH:x}:0 exit {SUM}",
    f"branch to the loop {stop(0xC, 8, BRANCH, 0)} {stop(0xC, 8, BRANCH, 0)} exit {SUM}",
    f"none exit {SUM}",
]  # fmt: skip


@pytest.fixture
def debugger(tmp_path):
    """The archive of a file system whose /init is the debugger's caller."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "dev").mkdir()
    command = [CC, "-O1", "-static", "-march=z900", "-o", str(tmp_path / "bin" / "debugger"), str(SOURCE)]
    if shutil.which(CC) is None or subprocess.run(command, capture_output=True).returncode:
        lacking(f"{CC} with a static C library is missing")
    busybox = tmp_path / "bin" / "busybox"
    busybox.write_bytes((guest.folder("trixie") / "busybox").read_bytes())
    busybox.chmod(0o755)
    init = tmp_path / "init"
    init.write_text("#!/bin/busybox sh\n/bin/busybox echo ready\n/bin/debugger\n/bin/busybox poweroff -f\n")
    init.chmod(0o755)
    return archive(tmp_path, device_list(guest.DEVICES))


def test_single_steps_and_events(debugger):
    machine = guest.machine(files=debugger)
    assert machine.run(guest.LIMIT).reason is Reason.STOPPED, machine.console[-2000:]
    lines = machine.console.partition(guest.READY)[2].splitlines()
    assert [line for line in lines if not line.startswith("[")] == EXPECTED
