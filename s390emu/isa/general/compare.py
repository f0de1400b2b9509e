"""Comparisons of registers, storage and immediates: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_OFFSET, HALFWORD_BITS, WORD_BITS, WORD_OFFSET
from s390emu.isa.operands import (
    ri_signed,
    ril_logical,
    ril_relative,
    ril_signed,
    rr,
    rre,
    rs,
    rsy,
    rx,
    rxy,
    si,
    sign_extend,
    sil_logical,
    sil_signed,
    siy,
)
from s390emu.isa.registers import high, low
from s390emu.storage.access import fetch_byte, fetch_doubleword, fetch_halfword, fetch_word, get_byte, probe_fetch

EQUAL, FIRST_LOW, FIRST_HIGH = 0, 1, 2  # condition codes


@jit
def compare_signed(first, second):
    """Return the condition code of comparing two signed numbers of 64 bits."""
    if first == second:
        return EQUAL
    return FIRST_LOW if i64(first) < i64(second) else FIRST_HIGH


@jit
def compare_logical(first, second):
    """Return the condition code of comparing two unsigned numbers of 64 bits."""
    if first == second:
        return EQUAL
    return FIRST_LOW if first < second else FIRST_HIGH


# --- COMPARE ---------------------------------------------------------------------------------------------------------


@jit
def cr(cpu, storage, insn):
    """COMPARE (32), RR. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, r2 = rr(insn)
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(cpu.gr[r2], WORD_BITS))
    return 0


@jit
def cgr(cpu, storage, insn):
    """COMPARE (64), RRE. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_signed(cpu.gr[r1], cpu.gr[r2])
    return 0


@jit
def cgfr(cpu, storage, insn):
    """COMPARE (64<-32), RRE. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_signed(cpu.gr[r1], sign_extend(cpu.gr[r2], WORD_BITS))
    return 0


@jit
def c(cpu, storage, insn):
    """COMPARE (32), RX-a. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, second = rx(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, WORD_BITS))
    return 0


@jit
def cy(cpu, storage, insn):
    """COMPARE (32), RXY-a. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, WORD_BITS))
    return 0


@jit
def cg(cpu, storage, insn):
    """COMPARE (64), RXY-a. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], value)
    return 0


@jit
def cgf(cpu, storage, insn):
    """COMPARE (64<-32), RXY-a. PoP ch. 7 "COMPARE". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], sign_extend(value, WORD_BITS))
    return 0


@jit
def cfi(cpu, storage, insn):
    """COMPARE IMMEDIATE (32), RIL-a. PoP ch. 7 "COMPARE IMMEDIATE". cc 0-2."""
    r1, i2 = ril_signed(insn)
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), i2)
    return 0


@jit
def cgfi(cpu, storage, insn):
    """COMPARE IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "COMPARE IMMEDIATE". cc 0-2."""
    r1, i2 = ril_signed(insn)
    cpu.cc = compare_signed(cpu.gr[r1], i2)
    return 0


@jit
def crl(cpu, storage, insn):
    """COMPARE RELATIVE LONG (32), RIL-b. PoP ch. 7 "COMPARE RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, WORD_BITS))
    return 0


@jit
def cgrl(cpu, storage, insn):
    """COMPARE RELATIVE LONG (64), RIL-b. PoP ch. 7 "COMPARE RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], value)
    return 0


@jit
def cgfrl(cpu, storage, insn):
    """COMPARE RELATIVE LONG (64<-32), RIL-b. PoP ch. 7 "COMPARE RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], sign_extend(value, WORD_BITS))
    return 0


@jit
def ch(cpu, storage, insn):
    """COMPARE HALFWORD (32<-16), RX-a. PoP ch. 7 "COMPARE HALFWORD". cc 0-2."""
    r1, second = rx(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, HALFWORD_BITS))
    return 0


@jit
def chy(cpu, storage, insn):
    """COMPARE HALFWORD (32<-16), RXY-a. PoP ch. 7 "COMPARE HALFWORD". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, HALFWORD_BITS))
    return 0


@jit
def cgh(cpu, storage, insn):
    """COMPARE HALFWORD (64<-16), RXY-a. PoP ch. 7 "COMPARE HALFWORD". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], sign_extend(value, HALFWORD_BITS))
    return 0


@jit
def chi(cpu, storage, insn):
    """COMPARE HALFWORD IMMEDIATE (32<-16), RI-a. PoP ch. 7 "COMPARE HALFWORD IMMEDIATE". cc 0-2."""
    r1, i2 = ri_signed(insn)
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), i2)
    return 0


@jit
def cghi(cpu, storage, insn):
    """COMPARE HALFWORD IMMEDIATE (64<-16), RI-a. PoP ch. 7 "COMPARE HALFWORD IMMEDIATE". cc 0-2."""
    r1, i2 = ri_signed(insn)
    cpu.cc = compare_signed(cpu.gr[r1], i2)
    return 0


@jit
def chhsi(cpu, storage, insn):
    """COMPARE HALFWORD IMMEDIATE (16<-16), SIL. PoP ch. 7 "COMPARE HALFWORD IMMEDIATE". cc 0-2."""
    first, i2 = sil_signed(cpu, insn)
    value, code = fetch_halfword(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(value, HALFWORD_BITS), i2)
    return 0


@jit
def chsi(cpu, storage, insn):
    """COMPARE HALFWORD IMMEDIATE (32<-16), SIL. PoP ch. 7 "COMPARE HALFWORD IMMEDIATE". cc 0-2."""
    first, i2 = sil_signed(cpu, insn)
    value, code = fetch_word(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(value, WORD_BITS), i2)
    return 0


@jit
def cghsi(cpu, storage, insn):
    """COMPARE HALFWORD IMMEDIATE (64<-16), SIL. PoP ch. 7 "COMPARE HALFWORD IMMEDIATE". cc 0-2."""
    first, i2 = sil_signed(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_signed(value, i2)
    return 0


@jit
def chrl(cpu, storage, insn):
    """COMPARE HALFWORD RELATIVE LONG (32<-16), RIL-b. PoP ch. 7 "COMPARE HALFWORD RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(cpu.gr[r1], WORD_BITS), sign_extend(value, HALFWORD_BITS))
    return 0


@jit
def cghrl(cpu, storage, insn):
    """COMPARE HALFWORD RELATIVE LONG (64<-16), RIL-b. PoP ch. 7 "COMPARE HALFWORD RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(cpu.gr[r1], sign_extend(value, HALFWORD_BITS))
    return 0


@jit
def chhr(cpu, storage, insn):
    """COMPARE HIGH (32), RRE. PoP ch. 7 "COMPARE HIGH". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_signed(sign_extend(high(cpu, r1), WORD_BITS), sign_extend(high(cpu, r2), WORD_BITS))
    return 0


@jit
def chlr(cpu, storage, insn):
    """COMPARE HIGH (32), RRE. PoP ch. 7 "COMPARE HIGH". cc 0-2. The second operand is a low word."""
    r1, r2 = rre(insn)
    cpu.cc = compare_signed(sign_extend(high(cpu, r1), WORD_BITS), sign_extend(cpu.gr[r2], WORD_BITS))
    return 0


@jit
def chf(cpu, storage, insn):
    """COMPARE HIGH (32), RXY-a. PoP ch. 7 "COMPARE HIGH". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_signed(sign_extend(high(cpu, r1), WORD_BITS), sign_extend(value, WORD_BITS))
    return 0


@jit
def cih(cpu, storage, insn):
    """COMPARE IMMEDIATE HIGH (32), RIL-a. PoP ch. 7 "COMPARE IMMEDIATE HIGH". cc 0-2."""
    r1, i2 = ril_signed(insn)
    cpu.cc = compare_signed(sign_extend(high(cpu, r1), WORD_BITS), i2)
    return 0


# --- COMPARE LOGICAL -------------------------------------------------------------------------------------------------


@jit
def clr(cpu, storage, insn):
    """COMPARE LOGICAL (32), RR. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, r2 = rr(insn)
    cpu.cc = compare_logical(low(cpu, r1), low(cpu, r2))
    return 0


@jit
def clgr(cpu, storage, insn):
    """COMPARE LOGICAL (64), RRE. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_logical(cpu.gr[r1], cpu.gr[r2])
    return 0


@jit
def clgfr(cpu, storage, insn):
    """COMPARE LOGICAL (64<-32), RRE. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_logical(cpu.gr[r1], low(cpu, r2))
    return 0


@jit
def cl(cpu, storage, insn):
    """COMPARE LOGICAL (32), RX-a. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, second = rx(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(low(cpu, r1), value)
    return 0


@jit
def cly(cpu, storage, insn):
    """COMPARE LOGICAL (32), RXY-a. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(low(cpu, r1), value)
    return 0


@jit
def clg(cpu, storage, insn):
    """COMPARE LOGICAL (64), RXY-a. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(cpu.gr[r1], value)
    return 0


@jit
def clgf(cpu, storage, insn):
    """COMPARE LOGICAL (64<-32), RXY-a. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(cpu.gr[r1], value)
    return 0


@jit
def cli(cpu, storage, insn):
    """COMPARE LOGICAL (immediate), SI. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    first, i2 = si(cpu, insn)
    value, code = fetch_byte(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_logical(value, i2)
    return 0


@jit
def cliy(cpu, storage, insn):
    """COMPARE LOGICAL (immediate), SIY. PoP ch. 7 "COMPARE LOGICAL". cc 0-2."""
    first, i2 = siy(cpu, insn)
    value, code = fetch_byte(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_logical(value, i2)
    return 0


@jit
def clfi(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE (32), RIL-a. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE". cc 0-2."""
    r1, i2 = ril_logical(insn)
    cpu.cc = compare_logical(low(cpu, r1), i2)
    return 0


@jit
def clgfi(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE". cc 0-2."""
    r1, i2 = ril_logical(insn)
    cpu.cc = compare_logical(cpu.gr[r1], i2)
    return 0


@jit
def clhhsi(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE (16<-16), SIL. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE". cc 0-2."""
    first, i2 = sil_logical(cpu, insn)
    value, code = fetch_halfword(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_logical(value, i2)
    return 0


@jit
def clfhsi(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE (32<-16), SIL. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE". cc 0-2."""
    first, i2 = sil_logical(cpu, insn)
    value, code = fetch_word(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_logical(value, i2)
    return 0


@jit
def clghsi(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE (64<-16), SIL. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE". cc 0-2."""
    first, i2 = sil_logical(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, first)
    if code != 0:
        return code
    cpu.cc = compare_logical(value, i2)
    return 0


@jit
def clrl(cpu, storage, insn):
    """COMPARE LOGICAL RELATIVE LONG (32), RIL-b. PoP ch. 7 "COMPARE LOGICAL RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(low(cpu, r1), value)
    return 0


@jit
def clgrl(cpu, storage, insn):
    """COMPARE LOGICAL RELATIVE LONG (64), RIL-b. PoP ch. 7 "COMPARE LOGICAL RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(cpu.gr[r1], value)
    return 0


@jit
def clgfrl(cpu, storage, insn):
    """COMPARE LOGICAL RELATIVE LONG (64<-32), RIL-b. PoP ch. 7 "COMPARE LOGICAL RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(cpu.gr[r1], value)
    return 0


@jit
def clhrl(cpu, storage, insn):
    """COMPARE LOGICAL RELATIVE LONG (32<-16), RIL-b. PoP ch. 7 "COMPARE LOGICAL RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(low(cpu, r1), value)
    return 0


@jit
def clghrl(cpu, storage, insn):
    """COMPARE LOGICAL RELATIVE LONG (64<-16), RIL-b. PoP ch. 7 "COMPARE LOGICAL RELATIVE LONG". cc 0-2."""
    r1, second = ril_relative(cpu, storage, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(cpu.gr[r1], value)
    return 0


@jit
def clhhr(cpu, storage, insn):
    """COMPARE LOGICAL HIGH (32), RRE. PoP ch. 7 "COMPARE LOGICAL HIGH". cc 0-2."""
    r1, r2 = rre(insn)
    cpu.cc = compare_logical(high(cpu, r1), high(cpu, r2))
    return 0


@jit
def clhlr(cpu, storage, insn):
    """COMPARE LOGICAL HIGH (32), RRE. PoP ch. 7 "COMPARE LOGICAL HIGH". cc 0-2. The second operand is a low word."""
    r1, r2 = rre(insn)
    cpu.cc = compare_logical(high(cpu, r1), low(cpu, r2))
    return 0


@jit
def clhf(cpu, storage, insn):
    """COMPARE LOGICAL HIGH (32), RXY-a. PoP ch. 7 "COMPARE LOGICAL HIGH". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.cc = compare_logical(high(cpu, r1), value)
    return 0


@jit
def clih(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE HIGH (32), RIL-a. PoP ch. 7 "COMPARE LOGICAL IMMEDIATE HIGH". cc 0-2."""
    r1, i2 = ril_logical(insn)
    cpu.cc = compare_logical(high(cpu, r1), i2)
    return 0


@jit
def compare_under_mask(cpu, storage, word, mask, second):
    """Compare the bytes of `word` that the 4-bit mask selects with as many bytes at `second`; set cc and return a code.

    With a mask of zero the access exceptions of one byte are recognized all the same."""
    first, length = u64(0), u64(0)
    for i in range(4):
        if on(mask, u64(8) >> u64(i)):
            first = (first << u64(8)) | ((word >> u64(24 - 8 * i)) & LOW8)
            length += u64(1)
    span, code = probe_fetch(cpu, storage, second, max(length, u64(1)))
    if code != 0:
        return code
    value = u64(0)
    for i in range(i64(length)):
        value = (value << u64(8)) | get_byte(span, u64(i))
    cpu.cc = compare_logical(first, value)
    return 0


@jit
def clm(cpu, storage, insn):
    """COMPARE LOGICAL CHARACTERS UNDER MASK (low), RS-b. PoP ch. 7
    "COMPARE LOGICAL CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rs(cpu, insn)
    return compare_under_mask(cpu, storage, cpu.gr[r1], m3, second)


@jit
def clmy(cpu, storage, insn):
    """COMPARE LOGICAL CHARACTERS UNDER MASK (low), RSY-b. PoP ch. 7
    "COMPARE LOGICAL CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rsy(cpu, insn)
    return compare_under_mask(cpu, storage, cpu.gr[r1], m3, second)


@jit
def clmh(cpu, storage, insn):
    """COMPARE LOGICAL CHARACTERS UNDER MASK (high), RSY-b. PoP ch. 7
    "COMPARE LOGICAL CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rsy(cpu, insn)
    return compare_under_mask(cpu, storage, high(cpu, r1), m3, second)
