"""Sums of unpacked numbers, for ADD, SUBTRACT and MULTIPLY AND ADD: exact but for the rightmost bit, which also stands
for what is further to the right. PoP ch. 19 "ADD"."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.isa.floating_point.bfp_numbers import (
    FINITE,
    INFINITY,
    LEFTMOST,
    ONE,
    ZERO,
    Number,
    less,
    normalized,
    shift_right,
)
from s390emu.isa.floating_point.bfp_rounding import (
    TOWARD_MINUS,
    infinity_result,
    invalid_operation,
    round_number,
    zero_result,
)


@jit
def negated(number):
    return Number(number.kind, number.sign ^ ONE, number.exponent, number.high, number.low)


@jit
def add_magnitudes(larger, smaller):
    """Return the sum of FINITE numbers of one sign. larger: the one with the greater exponent, if they differ."""
    high, low = shift_right(smaller.high, smaller.low, u64(larger.exponent - smaller.exponent))
    low += larger.low
    carry = ONE if low < larger.low else u64(0)
    high += carry
    carry = ONE if high < carry else u64(0)
    high += larger.high
    if carry == u64(0) and high >= larger.high:
        return Number(FINITE, larger.sign, larger.exponent, high, low)
    high, low = shift_right(high, low, ONE)
    return Number(FINITE, larger.sign, larger.exponent + i64(1), high | LEFTMOST, low)


@jit
def subtract_magnitudes(larger, smaller):
    """Return the sum of FINITE numbers of different signs; if it is zero, a ZERO whose sign is still to be found."""
    high, low = shift_right(smaller.high, smaller.low, u64(larger.exponent - smaller.exponent))
    if high == larger.high and low == larger.low:
        return Number(ZERO, u64(0), i64(0), u64(0), u64(0))
    if less(larger.high, larger.low, high, low):  # the exponents are equal
        return normalized(smaller.sign, larger.exponent, *difference(high, low, larger.high, larger.low))
    return normalized(larger.sign, larger.exponent, *difference(larger.high, larger.low, high, low))


@jit
def difference(high, low, other_high, other_low):
    """Return the difference of numbers of 128 bits."""
    borrow = ONE if low < other_low else u64(0)
    return high - other_high - borrow, low - other_low


@jit
def sum128(high, low, addend):
    """Return the sum of numbers of 128 and 64 bits."""
    total = low + addend
    return high + (ONE if total < addend else u64(0)), total


@jit
def finite_sum(first, second):
    """Return the sum of FINITE numbers."""
    if first.exponent < second.exponent:
        first, second = second, first
    if first.sign == second.sign:
        return add_magnitudes(first, second)
    return subtract_magnitudes(first, second)


@jit
def sum_result(fpc, form, first, second, method):
    """Return the Result of adding numbers, of which none is a NaN, in a format."""
    if first.kind == INFINITY or second.kind == INFINITY:
        if first.kind == second.kind and first.sign != second.sign:
            return invalid_operation(fpc, form)
        return infinity_result(form, first.sign if first.kind == INFINITY else second.sign)
    if first.kind == ZERO and second.kind == ZERO:
        total = Number(ZERO, first.sign & second.sign, first.exponent, first.high, first.low)
    elif first.kind == ZERO:
        total = second
    elif second.kind == ZERO:
        total = first
    else:
        total = finite_sum(first, second)
    if total.kind == FINITE:
        return round_number(fpc, form, total, method, False)
    if first.sign == second.sign:
        return zero_result(first.sign)
    return zero_result(ONE if method == TOWARD_MINUS else u64(0))
