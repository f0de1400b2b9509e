"""Branching: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.isa.operands import ri_relative
from s390emu.storage.state import BRANCHES

LAST_BRANCH = u64(BRANCHES - 1)


@jit
def branch_to(cpu, storage, target):
    """Replace the instruction address; remember the breaking event."""
    slot = storage.branch_count & LAST_BRANCH
    storage.branch_from[slot] = storage.insn_ia
    storage.branch_to[slot] = target
    storage.branch_count += u64(1)
    cpu.breaking_event = storage.insn_ia
    cpu.psw_ia = target


@jit
def brctg(cpu, storage, insn):
    """BRANCH RELATIVE ON COUNT (64), RI-b. PoP ch. 7 "BRANCH RELATIVE ON COUNT". cc unchanged."""
    r1, target = ri_relative(cpu, storage, insn)
    cpu.gr[r1] -= u64(1)
    if cpu.gr[r1] != u64(0):
        branch_to(cpu, storage, target)
    return 0
