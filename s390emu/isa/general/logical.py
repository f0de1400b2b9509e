"""Logical operations: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.isa.operands import rre


@jit
def xgr(cpu, storage, insn):
    """EXCLUSIVE OR (64), RRE. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, r2 = rre(insn)
    result = cpu.gr[r1] ^ cpu.gr[r2]
    cpu.gr[r1] = result
    cpu.cc = 1 if result != u64(0) else 0
    return 0
