"""s390emu doctor: is this installation in order, and what is there to compare with?"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

from s390emu.commands.json_output import json_text
from s390emu.commands.usage import ENDED, FAILED

EXAMPLE = "s390emu doctor"
OLDEST_PYTHON = (3, 11)
JUDGES = {
    "s390x-linux-gnu-as": "assembler judge (Debian: binutils-s390x-linux-gnu)",
    "s390x-linux-gnu-objdump": "disassembler judge (Debian: binutils-s390x-linux-gnu)",
    "s390x-linux-gnu-gcc": "C programs for benchmarks (Debian: gcc-s390x-linux-gnu)",
    "qemu-system-s390x": "the toy kernel on another emulator (Debian: qemu-system-misc)",
}
EXTRAS = {"unicorn": "lockstep judge", "capstone": "disassembler judge", "hypothesis": "property tests"}


class Finding(NamedTuple):
    name: str
    state: str  # ok, missing (optional), broken
    detail: str


def arguments(parser) -> None:
    """Add the only option."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def execute(args: argparse.Namespace) -> int:
    """Print a line for each check; fail if something is broken."""
    findings = [*(_guarded(name, check) for name, check in CHECKS.items()), *_optional()]
    if args.json:
        print(json_text({"schema": "s390emu.doctor/1", "findings": [f._asdict() for f in findings]}))
    else:
        for finding in findings:
            print(f"{finding.state:8} {finding.name:24} {finding.detail}")
    return FAILED if any(finding.state == "broken" for finding in findings) else ENDED


def _guarded(name: str, check: Callable[[], str]) -> Finding:
    """Return what a check found: one that raises has found something, which is what a doctor is for."""
    try:
        return Finding(name, "ok", check())
    except Exception as error:
        return Finding(name, "broken", f"{type(error).__name__}: {error}")


def _python() -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise RuntimeError(f"Python {platform.python_version()} is too old; install 3.11 or newer")
    return f"{platform.python_version()} on {platform.machine()}"


def _packages() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("numba", "llvmlite", "numpy", "construct"))


def _cache() -> str:
    from s390emu._jit import JIT, prebuilt
    from s390emu._jit.cache import CACHE, CACHEABLE, bitcodes, objects
    from s390emu.cache_folder import cache_root

    if not JIT:
        return "not used: NUMBA_DISABLE_JIT is set, guests run as plain Python (slow)"
    if not CACHEABLE:
        raise PermissionError(f"{CACHE} cannot be written to; set S390EMU_CACHE to a folder that can be")
    used = sum(f.stat().st_size for f in cache_root().rglob("*") if f.is_file())
    return (
        f"{CACHE}: {len(objects().names())} functions as object code of this processor, {len(bitcodes().names())} as "
        f"bitcode, {len(prebuilt.names())} came with the package; {used / 1e6:.1f} MB with those of older sources and "
        "Python's bytecode"
    )


def _firmware() -> str:
    from s390emu.guests.toy_kernel import build, folder

    return f"{folder()}, {sum(len(s.data) for s in build().sections):,} bytes assembled"


def _guest() -> str:
    from s390emu.machine import Machine

    started = time.perf_counter()
    machine = Machine.from_source("start: lghi %r2,6\n aghi %r2,1\n larl %r1,end\n lpswe 0(%r1)\n .balign 8\n"
                                  "end: .quad 0x0002000180000000,0")  # fmt: skip
    stop = machine.run(1000)
    if stop.exit_code != 0 or int(machine.gr[2]) != 7:
        raise RuntimeError(f"a guest of four instructions ended wrongly: {stop}")
    return f"four instructions executed, {time.perf_counter() - started:.1f} s with what had to be compiled"


CHECKS: dict[str, Callable[[], str]] = {
    "python": _python,
    "packages": _packages,
    "compiled-code cache": _cache,
    "firmware": _firmware,
    "guest": _guest,
}


def _optional():
    for command, use in JUDGES.items():
        path = shutil.which(command)
        yield Finding(command, "ok" if path else "missing", path or f"optional: {use}")
    for package, use in EXTRAS.items():
        there = importlib.util.find_spec(package) is not None
        yield Finding(package, "ok" if there else "missing", use if there else f"optional: {use} (pip: s390emu[test])")
