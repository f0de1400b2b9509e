"""LOAD AND TEST, COMPLEMENT, NEGATIVE, POSITIVE, LENGTHENED, ROUNDED, FP INTEGER of HFP numbers: PoP ch. 18.

Where nothing is computed, an extended result whose fraction is zero is a zero with the sign that the instruction gives
it: both characteristics are zero.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import HFP_EXPONENT_OVERFLOW
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, shift_left
from s390emu.isa.floating_point.bfp_operands import set_datum
from s390emu.isa.floating_point.hfp_numbers import (
    BIAS,
    CHARACTERISTICS,
    DIGIT_BITS,
    FRACTION_DIGITS,
    ONE,
    ZERO,
    Number,
    finish,
    is_zero,
    normalized,
    pack,
    result_cc,
    rounded,
    rr_operands,
    rre_operands,
    rx_operands,
    set_number,
    with_sign,
)

ALL = bits(0, 63)


@jit
def load_number(cpu, form, r1, number):
    """Put a number, which need not be normalized, into r1; return 0."""
    if form == EXTENDED and is_zero(number):
        zero = pack(number.sign, i64(0), ZERO)
        set_datum(cpu, form, r1, zero, zero)
        return 0
    return set_number(cpu, form, r1, number)


@jit
def load_signed(cpu, form, r1, number, sign):
    """Put the number with this sign into r1, and set cc; return 0."""
    result = with_sign(number, sign)
    cpu.cc = result_cc(result)
    return load_number(cpu, form, r1, result)


@jit
def without_fraction_part(number):
    """Return the number without the digits to the right of its point."""
    digits = number.characteristic - i64(BIAS)  # before the point
    if digits <= i64(0):
        return Number(number.sign, number.characteristic, ZERO, ZERO)
    if digits >= i64(FRACTION_DIGITS):
        return number
    high, low = shift_left(ALL, ALL, u64(i64(FRACTION_DIGITS) - digits) * DIGIT_BITS)
    return Number(number.sign, number.characteristic, number.high & high, number.low & low)


@jit
def load_integer(cpu, insn, form):
    """Put the number without its fraction part, normalized, into r1; return a code."""
    r1, second, code = rre_operands(cpu, insn, form, form)
    return code if code != 0 else finish(cpu, form, r1, normalized(without_fraction_part(second)))


@jit
def lengthen_register(cpu, insn, form, source):
    """Put a number of another format, with more digits that are zeros, into r1; return a code. Nothing is
    normalized."""
    r1, second, code = rre_operands(cpu, insn, form, source)
    return code if code != 0 else load_number(cpu, form, r1, second)


@jit
def lengthen_storage(cpu, storage, insn, form, source):
    """As lengthen_register, the number being in storage."""
    r1, second, code = rx_operands(cpu, storage, insn, form, source)
    return code if code != 0 else load_number(cpu, form, r1, second)


@jit
def load_rounded(cpu, form, r1, number):
    """Put a number, rounded to the format, into r1; return a code."""
    result = rounded(form, number)
    set_number(cpu, form, r1, result)
    return HFP_EXPONENT_OVERFLOW if result.characteristic >= i64(CHARACTERISTICS) else 0


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def lter(cpu, storage, insn):
    """LOAD AND TEST (short HFP), RR. PoP ch. 18 "LOAD AND TEST". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, second.sign)


@jit
def lcer(cpu, storage, insn):
    """LOAD COMPLEMENT (short HFP), RR. PoP ch. 18 "LOAD COMPLEMENT". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, second.sign ^ ONE)


@jit
def lner(cpu, storage, insn):
    """LOAD NEGATIVE (short HFP), RR. PoP ch. 18 "LOAD NEGATIVE". cc 0 zero, 1 less."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, ONE)


@jit
def lper(cpu, storage, insn):
    """LOAD POSITIVE (short HFP), RR. PoP ch. 18 "LOAD POSITIVE". cc 0 zero, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, ZERO)


@jit
def ltdr(cpu, storage, insn):
    """LOAD AND TEST (long HFP), RR. PoP ch. 18 "LOAD AND TEST". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, second.sign)


@jit
def lcdr(cpu, storage, insn):
    """LOAD COMPLEMENT (long HFP), RR. PoP ch. 18 "LOAD COMPLEMENT". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, second.sign ^ ONE)


@jit
def lndr(cpu, storage, insn):
    """LOAD NEGATIVE (long HFP), RR. PoP ch. 18 "LOAD NEGATIVE". cc 0 zero, 1 less."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, ONE)


@jit
def lpdr(cpu, storage, insn):
    """LOAD POSITIVE (long HFP), RR. PoP ch. 18 "LOAD POSITIVE". cc 0 zero, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, ZERO)


@jit
def ltxr(cpu, storage, insn):
    """LOAD AND TEST (extended HFP), RRE. PoP ch. 18 "LOAD AND TEST". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else load_signed(cpu, EXTENDED, r1, second, second.sign)


@jit
def lcxr(cpu, storage, insn):
    """LOAD COMPLEMENT (extended HFP), RRE. PoP ch. 18 "LOAD COMPLEMENT". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else load_signed(cpu, EXTENDED, r1, second, second.sign ^ ONE)


@jit
def lnxr(cpu, storage, insn):
    """LOAD NEGATIVE (extended HFP), RRE. PoP ch. 18 "LOAD NEGATIVE". cc 0 zero, 1 less."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else load_signed(cpu, EXTENDED, r1, second, ONE)


@jit
def lpxr(cpu, storage, insn):
    """LOAD POSITIVE (extended HFP), RRE. PoP ch. 18 "LOAD POSITIVE". cc 0 zero, 2 greater."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else load_signed(cpu, EXTENDED, r1, second, ZERO)


@jit
def fier(cpu, storage, insn):
    """LOAD FP INTEGER (short HFP), RRE. PoP ch. 18 "LOAD FP INTEGER". cc unchanged."""
    return load_integer(cpu, insn, SHORT)


@jit
def fidr(cpu, storage, insn):
    """LOAD FP INTEGER (long HFP), RRE. PoP ch. 18 "LOAD FP INTEGER". cc unchanged."""
    return load_integer(cpu, insn, LONG)


@jit
def fixr(cpu, storage, insn):
    """LOAD FP INTEGER (extended HFP), RRE. PoP ch. 18 "LOAD FP INTEGER". cc unchanged."""
    return load_integer(cpu, insn, EXTENDED)


@jit
def lder(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RRE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_register(cpu, insn, LONG, SHORT)


@jit
def lde(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RXE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_storage(cpu, storage, insn, LONG, SHORT)


@jit
def lxdr(cpu, storage, insn):
    """LOAD LENGTHENED (long to extended HFP), RRE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_register(cpu, insn, EXTENDED, LONG)


@jit
def lxd(cpu, storage, insn):
    """LOAD LENGTHENED (long to extended HFP), RXE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_storage(cpu, storage, insn, EXTENDED, LONG)


@jit
def lxer(cpu, storage, insn):
    """LOAD LENGTHENED (short to extended HFP), RRE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_register(cpu, insn, EXTENDED, SHORT)


@jit
def lxe(cpu, storage, insn):
    """LOAD LENGTHENED (short to extended HFP), RXE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged."""
    return lengthen_storage(cpu, storage, insn, EXTENDED, SHORT)


@jit
def ledr(cpu, storage, insn):
    """LOAD ROUNDED (long to short HFP), RR. PoP ch. 18 "LOAD ROUNDED". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT, LONG)
    return code if code != 0 else load_rounded(cpu, SHORT, r1, second)


@jit
def ldxr(cpu, storage, insn):
    """LOAD ROUNDED (extended to long HFP), RR. PoP ch. 18 "LOAD ROUNDED". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG, EXTENDED)
    return code if code != 0 else load_rounded(cpu, LONG, r1, second)


@jit
def lexr(cpu, storage, insn):
    """LOAD ROUNDED (extended to short HFP), RRE. PoP ch. 18 "LOAD ROUNDED". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, SHORT, EXTENDED)
    return code if code != 0 else load_rounded(cpu, SHORT, r1, second)
