"""Rounding, and what becomes of it: PoP ch. 9 "Rounding Methods", ch. 19 "IEEE Exceptions".

An operation makes a Result of its operands and of the FPC register, and changes nothing; `bfp_operands.finish` has the
flags, the register and the data exception follow from it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    GREATEST_EXPONENT,
    INFINITE,
    LEFTMOST,
    LONG,
    ONE,
    PRECISION,
    QNAN,
    SNAN,
    Number,
    is_nan,
    normalized,
    pack_infinity,
    pack_integer,
    pack_nan,
    shift_right,
    some,
)
from s390emu.isa.floating_point.fpc import (
    INEXACT_FLAG,
    INEXACT_MASK,
    INVALID_FLAG,
    INVALID_MASK,
    OVERFLOW_FLAG,
    OVERFLOW_MASK,
    PREPARE_SHORTER,
    ROUNDING_MODE,
    UNDERFLOW_FLAG,
    UNDERFLOW_MASK,
    ZERO_DIVIDE_FLAG,
    ZERO_DIVIDE_MASK,
)

# Data-exception codes. Two of them suppress the operation, after the others it is complete.
DXC_INEXACT, DXC_UNDERFLOW, DXC_OVERFLOW = u64(0x00), u64(0x10), u64(0x20)  # plus, if inexact, one of the next
TRUNCATED, INCREMENTED = u64(0x08), u64(0x0C)
DXC_ZERO_DIVIDE, DXC_INVALID = u64(0x40), u64(0x80)

# Rounding methods by their numbers in M3 and M4.
CURRENT_MODE = u64(0)
NEAREST_AWAY, SHORTER, NEAREST_EVEN, TOWARD_ZERO, TOWARD_PLUS, TOWARD_MINUS = (u64(n) for n in (1, 3, 4, 5, 6, 7))
INEXACT_CONTROL = u64(4)  # bit 1 of M4
FPC_TO_METHOD = u64(4)  # from 0-3 in the FPC register to 4-7

SCALE = np.array([192, 1536, 24576], i64)  # exponent adjustment of a trapped overflow or underflow, by format
REST = u64(3)  # of a significand with two bits more than wanted: the next bit, and whether a one comes later
HALF = u64(2)


class Rounded(NamedTuple):
    """A significand as an integer of so many bits, or one more after a carry."""

    high: np.uint64
    low: np.uint64
    inexact: bool
    incremented: bool


class Result(NamedTuple):
    """What an operation gives: a packed datum, flags to turn on, and the code of a data exception, 0 for none."""

    high: np.uint64
    low: np.uint64
    flags: np.uint64
    dxc: np.uint64


@jit
def current_method(fpc):
    """Return the rounding method of the FPC register's BFP rounding mode."""
    mode = fpc & ROUNDING_MODE
    return SHORTER if mode == PREPARE_SHORTER else mode + FPC_TO_METHOD


@jit
def valid_method(field):
    """True if an M3 or M4 field designates a rounding method."""
    return field <= TOWARD_MINUS and field != HALF


@jit
def method_of(fpc, field):
    """Return the rounding method that a valid M3 or M4 field designates."""
    return current_method(fpc) if field == CURRENT_MODE else field


@jit
def is_quiet(m4):
    """Return the IEEE-inexact-exception control: True if the inexact exception is not to be recognized."""
    return on(m4, INEXACT_CONTROL)


@jit
def rounds_up(rest, odd, sign, method):
    """True if the significand is to be incremented. Not for SHORTER, which turns the rightmost bit on."""
    if rest == u64(0):
        return False
    if method == NEAREST_EVEN:
        return rest > HALF or (rest == HALF and odd)
    if method == NEAREST_AWAY:
        return rest >= HALF
    return method == (TOWARD_PLUS if sign == u64(0) else TOWARD_MINUS)


@jit
def round_significand(number, bits, method):
    """Return the leftmost bits of a FINITE number's significand, rounded. bits: 113 at most; none if 0 or below."""
    high, low = shift_right(number.high, number.low, u64(i64(126) - bits))
    rest = low & REST
    low = (low >> HALF) | (high << u64(62))
    high >>= HALF
    if method == SHORTER:
        incremented = rest != u64(0) and low & ONE == u64(0)
        return Rounded(high, low | some(rest), rest != u64(0), incremented)
    incremented = rounds_up(rest, low & ONE != u64(0), number.sign, method)
    if incremented:
        low += ONE
        high += ONE - some(low)
    return Rounded(high, low, rest != u64(0), incremented)


@jit
def rounded_number(sign, exponent, rounded):
    """Return the number with a rounded significand, not zero, times 2**exponent."""
    return normalized(sign, exponent + i64(127), rounded.high, rounded.low)


@jit
def kind_of_rounding(rounded):
    """Return the part of a data-exception code that tells of an exact, truncated or incremented result."""
    if not rounded.inexact:
        return u64(0)
    return INCREMENTED if rounded.incremented else TRUNCATED


@jit
def inexact_result(fpc, high, low, flags, rounding, quiet):
    """Return the Result that is completed with the inexact exception, if that is recognized. rounding: from
    kind_of_rounding; quiet: from is_quiet."""
    if rounding == u64(0) or quiet:
        return Result(high, low, flags, u64(0))
    if on(fpc, INEXACT_MASK):
        return Result(high, low, flags, DXC_INEXACT + rounding)
    return Result(high, low, flags | INEXACT_FLAG, u64(0))


@jit
def overflow_result(fpc, form, sign, method, quiet):
    """Return the Result of an overflow that does not trap: infinity, or the greatest number where rounding is not
    away from zero."""
    nearest = method == NEAREST_EVEN or method == NEAREST_AWAY
    if nearest or method == (TOWARD_PLUS if sign == u64(0) else TOWARD_MINUS):
        high, low = pack_infinity(form, sign)
        return inexact_result(fpc, high, low, OVERFLOW_FLAG, INCREMENTED, quiet)
    high, low = greatest_number(form, sign)
    return inexact_result(fpc, high, low, OVERFLOW_FLAG, TRUNCATED, quiet)


@jit
def greatest_number(form, sign):
    """Return the packed finite number of greatest magnitude: the one before infinity."""
    if form == EXTENDED:
        return (INFINITE[form] - ONE) | (sign << u64(63)), ~u64(0)
    unit = ONE if form == LONG else ONE << u64(32)
    return (INFINITE[form] - unit) | (sign << u64(63)), u64(0)


@jit
def carried(form, rounded):
    """Return 1 if rounding has made a significand of one bit more, else 0."""
    if form == EXTENDED:
        return i64(rounded.high >> u64(49))
    return i64(rounded.low >> u64(PRECISION[form]))


@jit
def round_number(fpc, form, number, method, quiet):
    """Return the Result of rounding a FINITE number to a format."""
    greatest, precision, exponent = GREATEST_EXPONENT[form], PRECISION[form], number.exponent
    below = (i64(1) - greatest) - exponent  # above 0 for a tiny number: tininess is detected before rounding
    if below > 0 and not on(fpc, UNDERFLOW_MASK):
        rounded = round_significand(number, precision - below, method)
        high, low = pack_integer(form, number.sign, u64(0), rounded.high, rounded.low)
        flags = UNDERFLOW_FLAG if rounded.inexact else u64(0)
        return inexact_result(fpc, high, low, flags, kind_of_rounding(rounded), quiet)
    rounded = round_significand(number, precision, method)
    over = exponent + carried(form, rounded) > greatest
    if over and not on(fpc, OVERFLOW_MASK):
        return overflow_result(fpc, form, number.sign, method, quiet)
    if below > 0:
        exponent += SCALE[form]
    elif over:
        exponent -= SCALE[form]
    # The one that is implied adds one to the exponent.
    high, low = pack_integer(form, number.sign, u64(exponent + greatest - i64(1)), rounded.high, rounded.low)
    if below > 0:
        return Result(high, low, u64(0), DXC_UNDERFLOW + kind_of_rounding(rounded))
    if over:
        return Result(high, low, u64(0), DXC_OVERFLOW + kind_of_rounding(rounded))
    return inexact_result(fpc, high, low, u64(0), kind_of_rounding(rounded), quiet)


# --- results that are not rounded -------------------------------------------------------------------------------------


@jit
def exact_result(high, low):
    return Result(high, low, u64(0), u64(0))


@jit
def zero_result(sign):
    return exact_result(sign << u64(63), u64(0))


@jit
def infinity_result(form, sign):
    high, low = pack_infinity(form, sign)
    return exact_result(high, low)


@jit
def invalid_result(fpc, high, low):
    """Return the Result of an invalid operation, these doublewords if it does not trap."""
    if on(fpc, INVALID_MASK):
        return Result(u64(0), u64(0), u64(0), DXC_INVALID)
    return Result(high, low, INVALID_FLAG, u64(0))


@jit
def invalid_operation(fpc, form):
    """Return the Result of an operation on numbers that has none: the default QNaN."""
    high, low = pack_nan(form, Number(QNAN, u64(0), i64(0), LEFTMOST, u64(0)))
    return invalid_result(fpc, high, low)


@jit
def zero_divide(fpc, form, sign):
    """Return the Result of the division of a number by zero: infinity."""
    if on(fpc, ZERO_DIVIDE_MASK):
        return Result(u64(0), u64(0), u64(0), DXC_ZERO_DIVIDE)
    high, low = pack_infinity(form, sign)
    return Result(high, low, ZERO_DIVIDE_FLAG, u64(0))


@jit
def nan_result(fpc, form, nan):
    """Return the Result of an operation that propagates this NaN: an SNaN is an invalid operation, and made quiet."""
    high, low = pack_nan(form, nan)
    if nan.kind == SNAN:
        return invalid_result(fpc, high, low)
    return exact_result(high, low)


@jit
def either_nan(first, second):
    """Return the NaN to be propagated, one of two operands at least being one: an SNaN first, the first operand's
    before the second's."""
    if first.kind == SNAN or (is_nan(first) and second.kind != SNAN):
        return first
    return second
