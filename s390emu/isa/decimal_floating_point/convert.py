"""CONVERT TO FIXED, TO LOGICAL, FROM FIXED, FROM LOGICAL: PoP ch. 20. M3 has the rounding method, M4 the
IEEE-inexact-exception control."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.isa.decimal_floating_point.digits import Digits, digit_count, shift_left
from s390emu.isa.decimal_floating_point.numbers import BIAS
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.decimal_floating_point.rounding import (
    round_number,
    rounding_by,
    without_last,
)
from s390emu.isa.floating_point.bfp_convert import (
    LEAST32,
    LEAST64,
    LOGICAL32,
    LOGICAL64,
    MOST32,
    MOST64,
    NO_LEAST,
    finish_integer,
)
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, INFINITY, LONG, ONE, ZERO, is_nan
from s390emu.isa.floating_point.bfp_operands import finish, pairs_of
from s390emu.isa.floating_point.bfp_rounding import DXC_INVALID, TRUNCATED, Result, inexact_result, kind_of_rounding
from s390emu.isa.floating_point.fpc import INVALID_FLAG, INVALID_MASK
from s390emu.isa.general.arithmetic import magnitude, negative
from s390emu.isa.general.convert import digits_of, number_of
from s390emu.isa.operands import r16, r20, rre, sign_extend
from s390emu.isa.registers import low

MOST_DIGITS = 20  # of a number of 64 bits
WORD_DIGITS, MORE_DIGITS = 16, 4
WORD_POWER = u64(10**WORD_DIGITS)
MORE_SHIFT, MOST_UPPER = u64(48), u64((1 << 64) // 10**WORD_DIGITS)

# --- CONVERT TO FIXED, CONVERT TO LOGICAL -----------------------------------------------------------------------------


@jit
def binary_of(digits):
    """Return (number of 64 bits, True if the digits are no more than that)."""
    lower, _ = number_of(digits.e, WORD_DIGITS)
    upper, _ = number_of(digits.d << MORE_SHIFT, MORE_DIGITS)
    number = upper * WORD_POWER + lower
    return number, digit_count(digits) <= MOST_DIGITS and upper <= MOST_UPPER and number >= lower


@jit
def integer_of(rounding, form, number, limit):
    """Return (magnitude, part of the DXC that tells of rounding, True if it is not above the limit)."""
    if is_nan(number):
        return limit, u64(0), False
    if number.kind == INFINITY:
        return limit, TRUNCATED, False
    distance = BIAS[form] - number.exponent
    rounded = without_last(number.digits, distance, number.sign, rounding.method)
    digits = rounded.digits
    if distance < 0 and number.kind != ZERO:
        if digit_count(digits) - distance > MOST_DIGITS:
            return limit, TRUNCATED, False
        digits = shift_left(digits, -distance)
    value, fits = binary_of(digits)
    if not fits or value > limit:
        return limit, TRUNCATED, False
    return value, kind_of_rounding(rounded), True


@jit
def to_integer_result(rounding, form, number, most, least):
    """Return (Result, True if it fits) of converting a number to an integer, which is in the Result's first doubleword.
    most, least: the greatest magnitudes above and below zero.

    What does not fit is an invalid operation. A number that does not fit gives the nearest integer, and is inexact too;
    a NaN gives the least integer.
    """
    minus = number.sign != u64(0) or is_nan(number)
    value, kind, fits = integer_of(rounding, form, number, least if minus else most)
    if not fits and on(rounding.fpc, INVALID_MASK):
        return Result(u64(0), u64(0), u64(0), DXC_INVALID), False
    flags = u64(0) if fits else INVALID_FLAG
    value = u64(0) - value if minus else value
    return inexact_result(rounding.fpc, value, u64(0), flags, kind, rounding.quiet), fits


@jit
def convert_to_integer(cpu, storage, form, insn, bits, most, least):
    """Set r1 to the number in r2 as an integer of 32 or 64 bits, and cc 0-3; return a code. most, least: the greatest
    magnitudes above and below zero."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r2))
    if code != 0:
        return code
    number, rounding = number_in(cpu, form, r2), rounding_by(cpu, storage, r16(insn), r20(insn))
    result, fits = to_integer_result(rounding, form, number, most, least)
    return finish_integer(cpu, r1, number, result, fits, bits)


@jit
def cfdtr(cpu, storage, insn):
    """CONVERT TO FIXED (long DFP to 32), RRF-e. PoP ch. 20 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, WORD_BITS, MOST32, LEAST32)


@jit
def cfxtr(cpu, storage, insn):
    """CONVERT TO FIXED (extended DFP to 32), RRF-e. PoP ch. 20 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, WORD_BITS, MOST32, LEAST32)


@jit
def cgdtr(cpu, storage, insn):
    """CONVERT TO FIXED (long DFP to 64), RRF-e. PoP ch. 20 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, DOUBLEWORD_BITS, MOST64, LEAST64)


@jit
def cgxtr(cpu, storage, insn):
    """CONVERT TO FIXED (extended DFP to 64), RRF-e. PoP ch. 20 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS, MOST64, LEAST64)


@jit
def clfdtr(cpu, storage, insn):
    """CONVERT TO LOGICAL (long DFP to 32), RRF-e. PoP ch. 20 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, WORD_BITS, LOGICAL32, NO_LEAST)


@jit
def clfxtr(cpu, storage, insn):
    """CONVERT TO LOGICAL (extended DFP to 32), RRF-e. PoP ch. 20 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, WORD_BITS, LOGICAL32, NO_LEAST)


@jit
def clgdtr(cpu, storage, insn):
    """CONVERT TO LOGICAL (long DFP to 64), RRF-e. PoP ch. 20 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, DOUBLEWORD_BITS, LOGICAL64, NO_LEAST)


@jit
def clgxtr(cpu, storage, insn):
    """CONVERT TO LOGICAL (extended DFP to 64), RRF-e. PoP ch. 20 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS, LOGICAL64, NO_LEAST)


# --- CONVERT FROM FIXED, CONVERT FROM LOGICAL -------------------------------------------------------------------------


@jit
def convert_from_integer(cpu, storage, form, insn, sign, value):
    """Set r1 to the integer with this sign and magnitude, of quantum one if it can be; return a code."""
    r1, _ = rre(insn)
    code = availability(cpu, pairs_of(form, r1))
    if code != 0:
        return code
    lower, rest = digits_of(value, WORD_DIGITS)
    upper, _ = digits_of(rest, WORD_DIGITS)
    digits = Digits(u64(0), u64(0), u64(0), upper, lower)
    rounding = rounding_by(cpu, storage, r16(insn), r20(insn))
    return finish(cpu, form, r1, round_number(rounding, form, sign, digits, BIAS[form], BIAS[form]))


@jit
def convert_from_fixed(cpu, storage, form, insn, bits):
    """Set r1 to the signed integer of 32 or 64 bits in r2; return a code."""
    _, r2 = rre(insn)
    value = sign_extend(low(cpu, r2), WORD_BITS) if bits == WORD_BITS else cpu.gr[r2]
    return convert_from_integer(cpu, storage, form, insn, ONE if negative(value) else u64(0), magnitude(value))


@jit
def convert_from_logical(cpu, storage, form, insn, bits):
    """Set r1 to the unsigned integer of 32 or 64 bits in r2; return a code."""
    _, r2 = rre(insn)
    return convert_from_integer(cpu, storage, form, insn, u64(0), low(cpu, r2) if bits == WORD_BITS else cpu.gr[r2])


@jit
def cdftr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to long DFP), RRF-e. PoP ch. 20 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, LONG, insn, WORD_BITS)


@jit
def cxftr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to extended DFP), RRF-e. PoP ch. 20 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, EXTENDED, insn, WORD_BITS)


@jit
def cdgtr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to long DFP), RRE. PoP ch. 20 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, LONG, insn, DOUBLEWORD_BITS)


@jit
def cxgtr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to extended DFP), RRE. PoP ch. 20 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS)


@jit
def cdlftr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (32 to long DFP), RRF-e. PoP ch. 20 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, LONG, insn, WORD_BITS)


@jit
def cxlftr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (32 to extended DFP), RRF-e. PoP ch. 20 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, EXTENDED, insn, WORD_BITS)


@jit
def cdlgtr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (64 to long DFP), RRF-e. PoP ch. 20 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, LONG, insn, DOUBLEWORD_BITS)


@jit
def cxlgtr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (64 to extended DFP), RRF-e. PoP ch. 20 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS)
