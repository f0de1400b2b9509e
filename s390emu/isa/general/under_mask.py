"""TEST UNDER MASK: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.isa.operands import ri_logical, si, siy
from s390emu.storage.access import fetch_byte


@jit
def tested_cc(value, mask):
    """Return 0 if the selected bits are all zeros, or none is selected; 3 if all ones; else 1 or 2: the leftmost is
    zero or one."""
    selected = value & mask
    if selected == u64(0):
        return 0
    if selected == mask:
        return 3
    # Of the ones and the zeros among the selected bits, those with the leftmost bit are the larger number.
    return 2 if selected > mask ^ selected else 1


@jit
def test_byte(cpu, storage, first, i2):
    """Set cc 0, 1 (mixed) or 3 by the selected bits of the byte at first; return a code."""
    value, code = fetch_byte(cpu, storage, first)
    if code == 0:
        selected = value & i2
        cpu.cc = 0 if selected == u64(0) else 3 if selected == i2 else 1
    return code


@jit
def tm(cpu, storage, insn):
    """TEST UNDER MASK, SI. PoP ch. 7 "TEST UNDER MASK". cc 0, 1, 3."""
    first, i2 = si(cpu, insn)
    return test_byte(cpu, storage, first, i2)


@jit
def tmy(cpu, storage, insn):
    """TEST UNDER MASK, SIY. PoP ch. 7 "TEST UNDER MASK". cc 0, 1, 3."""
    first, i2 = siy(cpu, insn)
    return test_byte(cpu, storage, first, i2)


@jit
def tmhh(cpu, storage, insn):
    """TEST UNDER MASK (high high), RI-a. PoP ch. 7 "TEST UNDER MASK". cc 0-3."""
    r1, i2 = ri_logical(insn)
    cpu.cc = tested_cc(cpu.gr[r1], i2 << u64(48))
    return 0


@jit
def tmhl(cpu, storage, insn):
    """TEST UNDER MASK (high low), RI-a. PoP ch. 7 "TEST UNDER MASK". cc 0-3."""
    r1, i2 = ri_logical(insn)
    cpu.cc = tested_cc(cpu.gr[r1], i2 << u64(32))
    return 0


@jit
def tmlh(cpu, storage, insn):
    """TEST UNDER MASK (low high), RI-a. PoP ch. 7 "TEST UNDER MASK". cc 0-3."""
    r1, i2 = ri_logical(insn)
    cpu.cc = tested_cc(cpu.gr[r1], i2 << u64(16))
    return 0


@jit
def tmll(cpu, storage, insn):
    """TEST UNDER MASK (low low), RI-a. PoP ch. 7 "TEST UNDER MASK". cc 0-3."""
    r1, i2 = ri_logical(insn)
    cpu.cc = tested_cc(cpu.gr[r1], i2)
    return 0
