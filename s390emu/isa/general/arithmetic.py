"""Signed binary arithmetic: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.cpu.interruptions import FIXED_POINT_OVERFLOW
from s390emu.cpu.psw import FIXED_POINT_OVERFLOW_MASK
from s390emu.isa.operands import ri_signed, rre

ZERO, LOW, HIGH, OVERFLOW = 0, 1, 2, 3  # condition codes of signed results


@jit
def signed_cc(value):
    """Condition code 0, 1, 2 for a zero, negative, positive number of 64 bits."""
    number = i64(value)
    if number == 0:
        return ZERO
    return LOW if number < 0 else HIGH


@jit
def overflowed(cpu):
    """Condition code 3, and the interruption if the program mask wants it: the operation is completed."""
    cpu.cc = OVERFLOW
    return FIXED_POINT_OVERFLOW if cpu.psw_mask & FIXED_POINT_OVERFLOW_MASK != u64(0) else 0


@jit
def add_signed64(cpu, r1, augend, addend):
    """r1 := augend + addend, cc, and fixed-point overflow: -> code"""
    total = augend + addend
    cpu.gr[r1] = total
    if ((augend ^ total) & (addend ^ total)) >> u64(63) != u64(0):
        return overflowed(cpu)
    cpu.cc = signed_cc(total)
    return 0


@jit
def agr(cpu, storage, insn):
    """ADD (64), RRE. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2 = rre(insn)
    return add_signed64(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def aghi(cpu, storage, insn):
    """ADD HALFWORD IMMEDIATE (64), RI-a. PoP ch. 7 "ADD HALFWORD IMMEDIATE". cc 0-3."""
    r1, i2 = ri_signed(insn)
    return add_signed64(cpu, r1, cpu.gr[r1], i2)
