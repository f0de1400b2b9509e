"""Exact arithmetic on numbers of 31 decimal digits: PoP ch. 8 "Decimal-Arithmetic Instructions"."""

from __future__ import annotations

from typing import NamedTuple

from s390emu._jit import jit, u64
from s390emu.isa.decimal.packed import FIRST_DIGIT, ONE, ZERO, Packed, pushed
from s390emu.isa.general.convert import DIGIT_BITS, DIGITS, DIGITS_POWER, TEN, digits_of, minus, number_of

ALL_DIGITS = 31


class Number(NamedTuple):
    """A signed number: the 15 decimal digits on the right are `low`, those to their left `high`."""

    high: u64
    low: u64
    negative: bool


@jit
def number_in(packed):
    """Return the number that valid codes stand for."""
    high, _ = number_of(packed.left, DIGITS + 1)
    low, _ = number_of(packed.right, DIGITS)
    return Number(high, low, minus(packed.right))


@jit
def digits_in(number):
    """Return (Packed with the rightmost 31 digits and no sign, True if there are more digits)."""
    low, _ = digits_of(number.low, DIGITS)
    high, more = digits_of(number.high, DIGITS + 1)
    return Packed(high, low << DIGIT_BITS), more != ZERO


@jit
def is_zero(number):
    return number.high | number.low == ZERO


@jit
def signed_cc(number):
    """Return the condition code of a number: 0 zero, 1 less than zero, 2 greater."""
    if is_zero(number):
        return 0
    return 1 if number.negative else 2


@jit
def negated(number):
    return Number(number.high, number.low, not number.negative)


@jit
def difference(greater, less):
    """Return greater with the magnitude of less, which is at most its own, taken away."""
    borrow = ONE if greater.low < less.low else ZERO
    return Number(
        greater.high - less.high - borrow, greater.low + borrow * DIGITS_POWER - less.low, greater.negative
    )


@jit
def total(first, second):
    """Return the algebraic sum of two numbers, of which a zero may have either sign."""
    if first.negative == second.negative:
        low = first.low + second.low
        carry = low // DIGITS_POWER
        return Number(first.high + second.high + carry, low - carry * DIGITS_POWER, first.negative)
    if first.high < second.high or (first.high == second.high and first.low < second.low):
        return difference(second, first)
    return difference(first, second)


@jit
def product(multiplicand, multiplier):
    """Return the product with a multiplier of 15 digits, which has no more than 31."""
    rest, high, low = multiplier.low, ZERO, ZERO
    for _ in range(DIGITS):
        rest *= TEN
        digit = rest // DIGITS_POWER
        rest -= digit * DIGITS_POWER
        low = low * TEN + multiplicand.low * digit
        carry = low // DIGITS_POWER
        high, low = high * TEN + multiplicand.high * digit + carry, low - carry * DIGITS_POWER
    return Number(high, low, multiplicand.negative != multiplier.negative)


@jit
def divided(dividend, divisor):
    """Divide 31 digits (Packed) by a divisor of 15 digits; return (quotient, remainder), both Packed without sign."""
    quotient, remainder = Packed(ZERO, ZERO), ZERO
    for _ in range(ALL_DIGITS):
        remainder = remainder * TEN + (dividend.left >> FIRST_DIGIT)
        dividend = pushed(dividend, ZERO)
        digit = remainder // divisor
        remainder -= digit * divisor
        quotient = pushed(quotient, digit)
    digits, _ = digits_of(remainder, DIGITS)
    return pushed(quotient, ZERO), Packed(ZERO, digits << DIGIT_BITS)
