"""Signed binary arithmetic: PoP ch. 7; LOAD AND TEST, COMPLEMENT, POSITIVE and NEGATIVE included.

Kernels of 32 bits take the rightmost words of their operands; of their result, only the rightmost word is meaningful.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW
from s390emu.architecture.psw_bits import FIXED_POINT_OVERFLOW_MASK
from s390emu.architecture.sizes import BYTE_BITS, HALFWORD_BITS, WORD_BITS
from s390emu.isa.operands import ri_signed, rie_d, ril_signed, rr, rre, rrf_a, rx, rxy, sign_extend, siy
from s390emu.isa.registers import high, set_high, set_low
from s390emu.storage.access import (
    fetch_doubleword,
    fetch_halfword,
    fetch_word,
    get_doubleword,
    get_word,
    probe_store,
    put_doubleword,
    put_word,
)

CC_ZERO, CC_NEGATIVE, CC_POSITIVE, CC_OVERFLOW = range(4)  # of signed results
SIGN64, SIGN32 = bit(0), bit(32)


@jit
def negative(value):
    """True if a number of 64 bits is negative."""
    return on(value, SIGN64)


@jit
def magnitude(value):
    """Return the absolute value of a number of 64 bits, unsigned."""
    return u64(0) - value if negative(value) else value


@jit
def signed_cc(value):
    """Return condition code 0, 1 or 2 for a zero, negative or positive number of 64 bits."""
    number = i64(value)
    if number == 0:
        return CC_ZERO
    return CC_NEGATIVE if number < 0 else CC_POSITIVE


@jit
def overflowed(cpu):
    """Set condition code 3; return 0, or the interruption if the program mask asks for it. The operation is
    completed."""
    cpu.cc = CC_OVERFLOW
    return FIXED_POINT_OVERFLOW if on(cpu.psw_mask, FIXED_POINT_OVERFLOW_MASK) else 0


@jit
def signed_result(cpu, result, overflow, sign):
    """Set cc by a result whose leftmost bit is `sign`; `overflow` has that bit on if the true sign differs. Return a
    code."""
    if on(overflow, sign):
        return overflowed(cpu)
    cpu.cc = signed_cc(result if sign == SIGN64 else result << WORD_BITS)
    return 0


@jit
def sum64(cpu, augend, addend):
    """Return (sum, code), and set cc; so for the others."""
    total = augend + addend
    return total, signed_result(cpu, total, (augend ^ total) & (addend ^ total), SIGN64)


@jit
def sum32(cpu, augend, addend):
    total = augend + addend
    return total, signed_result(cpu, total, (augend ^ total) & (addend ^ total), SIGN32)


@jit
def difference64(cpu, minuend, subtrahend):
    rest = minuend - subtrahend
    return rest, signed_result(cpu, rest, (minuend ^ subtrahend) & (minuend ^ rest), SIGN64)


@jit
def difference32(cpu, minuend, subtrahend):
    rest = minuend - subtrahend
    return rest, signed_result(cpu, rest, (minuend ^ subtrahend) & (minuend ^ rest), SIGN32)


@jit
def add64(cpu, r1, augend, addend):
    """Set r1 to the sum, and cc; return a code. So for the others."""
    cpu.gr[r1], code = sum64(cpu, augend, addend)
    return code


@jit
def add32(cpu, r1, augend, addend):
    total, code = sum32(cpu, augend, addend)
    set_low(cpu, r1, total)
    return code


@jit
def subtract64(cpu, r1, minuend, subtrahend):
    cpu.gr[r1], code = difference64(cpu, minuend, subtrahend)
    return code


@jit
def subtract32(cpu, r1, minuend, subtrahend):
    rest, code = difference32(cpu, minuend, subtrahend)
    set_low(cpu, r1, rest)
    return code


@jit
def load_and_test64(cpu, r1, value):
    """Set r1 to value, and cc 0-2; return 0."""
    cpu.gr[r1] = value
    cpu.cc = signed_cc(value)
    return 0


@jit
def load_and_test32(cpu, r1, value):
    set_low(cpu, r1, value)
    cpu.cc = signed_cc(value << WORD_BITS)
    return 0


# --- ADD -------------------------------------------------------------------------------------------------------------


@jit
def ar(cpu, storage, insn):
    """ADD (32), RR. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2 = rr(insn)
    return add32(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def agr(cpu, storage, insn):
    """ADD (64), RRE. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2 = rre(insn)
    return add64(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def agfr(cpu, storage, insn):
    """ADD (64<-32), RRE. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2 = rre(insn)
    return add64(cpu, r1, cpu.gr[r1], sign_extend(cpu.gr[r2], WORD_BITS))


@jit
def ark(cpu, storage, insn):
    """ADD (32), RRF-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return add32(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def agrk(cpu, storage, insn):
    """ADD (64), RRF-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return add64(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def a(cpu, storage, insn):
    """ADD (32), RX-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, second = rx(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], addend)


@jit
def ay(cpu, storage, insn):
    """ADD (32), RXY-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], addend)


@jit
def ag(cpu, storage, insn):
    """ADD (64), RXY-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return add64(cpu, r1, cpu.gr[r1], addend)


@jit
def agf(cpu, storage, insn):
    """ADD (64<-32), RXY-a. PoP ch. 7 "ADD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add64(cpu, r1, cpu.gr[r1], sign_extend(addend, WORD_BITS))


@jit
def afi(cpu, storage, insn):
    """ADD IMMEDIATE (32), RIL-a. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    r1, i2 = ril_signed(insn)
    return add32(cpu, r1, cpu.gr[r1], i2)


@jit
def agfi(cpu, storage, insn):
    """ADD IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    r1, i2 = ril_signed(insn)
    return add64(cpu, r1, cpu.gr[r1], i2)


@jit
def ahik(cpu, storage, insn):
    """ADD IMMEDIATE (32<-16), RIE-d. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    r1, r3, i2 = rie_d(insn)
    return add32(cpu, r1, cpu.gr[r3], i2)


@jit
def aghik(cpu, storage, insn):
    """ADD IMMEDIATE (64<-16), RIE-d. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    r1, r3, i2 = rie_d(insn)
    return add64(cpu, r1, cpu.gr[r3], i2)


@jit
def asi(cpu, storage, insn):
    """ADD IMMEDIATE (32<-8), SIY. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    first, i2 = siy(cpu, insn)
    target, code = probe_store(cpu, storage, first, u64(4))
    if code != 0:
        return code
    total, code = sum32(cpu, get_word(target, u64(0)), sign_extend(i2, BYTE_BITS))
    put_word(target, u64(0), total)
    return code


@jit
def agsi(cpu, storage, insn):
    """ADD IMMEDIATE (64<-8), SIY. PoP ch. 7 "ADD IMMEDIATE". cc 0-3."""
    first, i2 = siy(cpu, insn)
    target, code = probe_store(cpu, storage, first, u64(8))
    if code != 0:
        return code
    total, code = sum64(cpu, get_doubleword(target, u64(0)), sign_extend(i2, BYTE_BITS))
    put_doubleword(target, u64(0), total)
    return code


@jit
def ah(cpu, storage, insn):
    """ADD HALFWORD (32<-16), RX-a. PoP ch. 7 "ADD HALFWORD". cc 0-3."""
    r1, second = rx(cpu, insn)
    addend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], sign_extend(addend, HALFWORD_BITS))


@jit
def ahy(cpu, storage, insn):
    """ADD HALFWORD (32<-16), RXY-a. PoP ch. 7 "ADD HALFWORD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], sign_extend(addend, HALFWORD_BITS))


@jit
def agh(cpu, storage, insn):
    """ADD HALFWORD (64<-16), RXY-a. PoP ch. 7 "ADD HALFWORD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return add64(cpu, r1, cpu.gr[r1], sign_extend(addend, HALFWORD_BITS))


@jit
def ahi(cpu, storage, insn):
    """ADD HALFWORD IMMEDIATE (32<-16), RI-a. PoP ch. 7 "ADD HALFWORD IMMEDIATE". cc 0-3."""
    r1, i2 = ri_signed(insn)
    return add32(cpu, r1, cpu.gr[r1], i2)


@jit
def aghi(cpu, storage, insn):
    """ADD HALFWORD IMMEDIATE (64<-16), RI-a. PoP ch. 7 "ADD HALFWORD IMMEDIATE". cc 0-3."""
    r1, i2 = ri_signed(insn)
    return add64(cpu, r1, cpu.gr[r1], i2)


@jit
def ahhhr(cpu, storage, insn):
    """ADD HIGH (32), RRF-a. PoP ch. 7 "ADD HIGH". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    total, code = sum32(cpu, high(cpu, r2), high(cpu, r3))
    set_high(cpu, r1, total)
    return code


@jit
def ahhlr(cpu, storage, insn):
    """ADD HIGH (32), RRF-a. PoP ch. 7 "ADD HIGH". cc 0-3. The third operand is a low word."""
    r1, r2, r3 = rrf_a(insn)
    total, code = sum32(cpu, high(cpu, r2), cpu.gr[r3])
    set_high(cpu, r1, total)
    return code


@jit
def aih(cpu, storage, insn):
    """ADD IMMEDIATE HIGH (32), RIL-a. PoP ch. 7 "ADD IMMEDIATE HIGH". cc 0-3."""
    r1, i2 = ril_signed(insn)
    total, code = sum32(cpu, high(cpu, r1), i2)
    set_high(cpu, r1, total)
    return code


# --- SUBTRACT --------------------------------------------------------------------------------------------------------


@jit
def sr(cpu, storage, insn):
    """SUBTRACT (32), RR. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, r2 = rr(insn)
    return subtract32(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def sgr(cpu, storage, insn):
    """SUBTRACT (64), RRE. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def sgfr(cpu, storage, insn):
    """SUBTRACT (64<-32), RRE. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, cpu.gr[r1], sign_extend(cpu.gr[r2], WORD_BITS))


@jit
def srk(cpu, storage, insn):
    """SUBTRACT (32), RRF-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return subtract32(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def sgrk(cpu, storage, insn):
    """SUBTRACT (64), RRF-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return subtract64(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def s(cpu, storage, insn):
    """SUBTRACT (32), RX-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, second = rx(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def sy(cpu, storage, insn):
    """SUBTRACT (32), RXY-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def sg(cpu, storage, insn):
    """SUBTRACT (64), RXY-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return subtract64(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def sgf(cpu, storage, insn):
    """SUBTRACT (64<-32), RXY-a. PoP ch. 7 "SUBTRACT". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract64(cpu, r1, cpu.gr[r1], sign_extend(subtrahend, WORD_BITS))


@jit
def sh(cpu, storage, insn):
    """SUBTRACT HALFWORD (32<-16), RX-a. PoP ch. 7 "SUBTRACT HALFWORD". cc 0-3."""
    r1, second = rx(cpu, insn)
    subtrahend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], sign_extend(subtrahend, HALFWORD_BITS))


@jit
def shy(cpu, storage, insn):
    """SUBTRACT HALFWORD (32<-16), RXY-a. PoP ch. 7 "SUBTRACT HALFWORD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], sign_extend(subtrahend, HALFWORD_BITS))


@jit
def sgh(cpu, storage, insn):
    """SUBTRACT HALFWORD (64<-16), RXY-a. PoP ch. 7 "SUBTRACT HALFWORD". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_halfword(cpu, storage, second)
    if code != 0:
        return code
    return subtract64(cpu, r1, cpu.gr[r1], sign_extend(subtrahend, HALFWORD_BITS))


@jit
def shhhr(cpu, storage, insn):
    """SUBTRACT HIGH (32), RRF-a. PoP ch. 7 "SUBTRACT HIGH". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    rest, code = difference32(cpu, high(cpu, r2), high(cpu, r3))
    set_high(cpu, r1, rest)
    return code


@jit
def shhlr(cpu, storage, insn):
    """SUBTRACT HIGH (32), RRF-a. PoP ch. 7 "SUBTRACT HIGH". cc 0-3. The third operand is a low word."""
    r1, r2, r3 = rrf_a(insn)
    rest, code = difference32(cpu, high(cpu, r2), cpu.gr[r3])
    set_high(cpu, r1, rest)
    return code


# --- LOAD AND TEST, COMPLEMENT, POSITIVE, NEGATIVE -------------------------------------------------------------------


@jit
def ltr(cpu, storage, insn):
    """LOAD AND TEST (32), RR. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, r2 = rr(insn)
    return load_and_test32(cpu, r1, cpu.gr[r2])


@jit
def ltgr(cpu, storage, insn):
    """LOAD AND TEST (64), RRE. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, r2 = rre(insn)
    return load_and_test64(cpu, r1, cpu.gr[r2])


@jit
def ltgfr(cpu, storage, insn):
    """LOAD AND TEST (64<-32), RRE. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, r2 = rre(insn)
    return load_and_test64(cpu, r1, sign_extend(cpu.gr[r2], WORD_BITS))


@jit
def lt(cpu, storage, insn):
    """LOAD AND TEST (32), RXY-a. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return load_and_test32(cpu, r1, value)


@jit
def ltg(cpu, storage, insn):
    """LOAD AND TEST (64), RXY-a. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return load_and_test64(cpu, r1, value)


@jit
def ltgf(cpu, storage, insn):
    """LOAD AND TEST (64<-32), RXY-a. PoP ch. 7 "LOAD AND TEST". cc 0-2."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return load_and_test64(cpu, r1, sign_extend(value, WORD_BITS))


@jit
def lcr(cpu, storage, insn):
    """LOAD COMPLEMENT (32), RR. PoP ch. 7 "LOAD COMPLEMENT". cc 0-3."""
    r1, r2 = rr(insn)
    return subtract32(cpu, r1, u64(0), cpu.gr[r2])


@jit
def lcgr(cpu, storage, insn):
    """LOAD COMPLEMENT (64), RRE. PoP ch. 7 "LOAD COMPLEMENT". cc 0-3."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, u64(0), cpu.gr[r2])


@jit
def lcgfr(cpu, storage, insn):
    """LOAD COMPLEMENT (64<-32), RRE. PoP ch. 7 "LOAD COMPLEMENT". cc 0-2."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, u64(0), sign_extend(cpu.gr[r2], WORD_BITS))


@jit
def lpr(cpu, storage, insn):
    """LOAD POSITIVE (32), RR. PoP ch. 7 "LOAD POSITIVE". cc 0, 2, 3."""
    r1, r2 = rr(insn)
    result = magnitude(sign_extend(cpu.gr[r2], WORD_BITS))
    set_low(cpu, r1, result)
    return signed_result(cpu, result, result, SIGN32)


@jit
def lpgr(cpu, storage, insn):
    """LOAD POSITIVE (64), RRE. PoP ch. 7 "LOAD POSITIVE". cc 0, 2, 3."""
    r1, r2 = rre(insn)
    result = magnitude(cpu.gr[r2])
    cpu.gr[r1] = result
    return signed_result(cpu, result, result, SIGN64)


@jit
def lpgfr(cpu, storage, insn):
    """LOAD POSITIVE (64<-32), RRE. PoP ch. 7 "LOAD POSITIVE". cc 0, 2."""
    r1, r2 = rre(insn)
    return load_and_test64(cpu, r1, magnitude(sign_extend(cpu.gr[r2], WORD_BITS)))


@jit
def lnr(cpu, storage, insn):
    """LOAD NEGATIVE (32), RR. PoP ch. 7 "LOAD NEGATIVE". cc 0, 1."""
    r1, r2 = rr(insn)
    return load_and_test32(cpu, r1, u64(0) - magnitude(sign_extend(cpu.gr[r2], WORD_BITS)))


@jit
def lngr(cpu, storage, insn):
    """LOAD NEGATIVE (64), RRE. PoP ch. 7 "LOAD NEGATIVE". cc 0, 1."""
    r1, r2 = rre(insn)
    return load_and_test64(cpu, r1, u64(0) - magnitude(cpu.gr[r2]))


@jit
def lngfr(cpu, storage, insn):
    """LOAD NEGATIVE (64<-32), RRE. PoP ch. 7 "LOAD NEGATIVE". cc 0, 1."""
    r1, r2 = rre(insn)
    return load_and_test64(cpu, r1, u64(0) - magnitude(sign_extend(cpu.gr[r2], WORD_BITS)))
