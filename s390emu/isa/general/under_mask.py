"""TEST UNDER MASK: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.isa.operands import ri_logical, si, siy
from s390emu.storage.access import fetch_byte


@jit
def tested_cc(value, mask):
    """0: the selected bits are all zeros, or none is selected; 3: all ones; 1, 2: mixed, the leftmost one zero, one."""
    selected = value & mask
    if selected == u64(0):
        return 0
    if selected == mask:
        return 3
    # The ones and the zeros among the selected bits: as a number the larger one has the leftmost.
    return 2 if selected > mask ^ selected else 1


@jit
def test_byte(cpu, storage, first, i2):
    """cc 0, 1 (mixed), 3 of the byte at first. -> code"""
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
