"""The toy kernel on this machine: whatever the host does with the blocks it may take, no data is lost."""

from __future__ import annotations

import re

import pytest

from s390emu import toy_kernel
from s390emu.host.host import Host
from s390emu.isa.assemble import assemble_files
from s390emu.machine import Machine, Reason
from tests.isa.gnu import gnu_sections, require_gnu

STORAGE = 1 << 20
GUEST = 0
SMALL = {"PASSES": 3, "SCAN": 8, "FILE_BLOCKS": 24, "WRITABLE_BLOCKS": 8, "CACHE_BLOCKS": 10, "SEED": 5}
STABLE = 0  # usage states (spec essa.md, section 1)
COUNTS = (
    "discard faults repaired",
    "discarded blocks found by a lookup",
    "exceptions answered by a fixup",
    "blocks read",
    "blocks written",
    "change bits saved",
    "log copies kept",
)
LIMIT = 30_000_000

GNU_MACROS = """
        .macro essa r1,r2,m3
        .insn rrf,0xb9ab0000,\\r1,\\r2,\\m3,0
        .endm
        .macro servc r1,r2
        .insn rre,0xb2200000,\\r1,\\r2
        .endm
"""


def load(program, host=None, **options) -> Machine:
    machine = Machine(STORAGE, host=host, **options)
    machine.load(program)
    return machine


def console(machine) -> list[str]:
    return machine.console.splitlines()


def counts(machine) -> dict[str, int]:
    found = dict(re.findall(r"^(\d+) (.*)$", machine.console, re.MULTILINE) and (
        (name, int(number)) for number, name in re.findall(r"^(\d+) (.*)$", machine.console, re.MULTILINE)
    ))
    assert tuple(found) == COUNTS
    return found


def run_with_an_eager_host(machine, every: int):
    """After each `every` instructions the host takes each frame whose content it need not keep."""
    while (stop := machine.run(every)).reason is Reason.LIMIT and machine.count < LIMIT:
        for number, block in enumerate(machine.storage.blocks):
            if block.usage != STABLE and not block.invalid:
                machine.host.reclaim(GUEST, number)
    return stop
