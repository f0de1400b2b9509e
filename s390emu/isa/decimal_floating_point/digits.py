"""Integers of 80 decimal digits, 16 to a doubleword, four bits each: as exact as the operations of PoP ch. 20 need."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, leading_zeros, u64

ZERO, ONE = u64(0), u64(1)
WORD_DIGITS, ALL_DIGITS = 16, 80
DIGIT_BITS, WORD_BITS = u64(4), u64(64)
SIXES, NINES = u64(0x6666666666666666), u64(0x9999999999999999)
CARRIES, LAST_CARRY = u64(0x1111111111111110), u64(1 << 60)  # out of the digits of a doubleword, the first being last
DIGIT = u64(0xF)

# How much a part that is dropped is worth, in units of the last digit kept.
EXACT, BELOW_HALF, HALF, ABOVE_HALF = (u64(n) for n in range(4))
FIVE = u64(5)


class Digits(NamedTuple):
    """An integer: its leftmost 16 digits are `a`, its rightmost 16 `e`."""

    a: np.uint64
    b: np.uint64
    c: np.uint64
    d: np.uint64
    e: np.uint64


@jit
def none():
    """Return the integer zero."""
    return Digits(ZERO, ZERO, ZERO, ZERO, ZERO)


@jit
def one():
    return Digits(ZERO, ZERO, ZERO, ZERO, ONE)


@jit
def is_none(n):
    return n.a | n.b | n.c | n.d | n.e == ZERO


@jit
def digit_count(n):
    """Return the number of digits without leading zeros, 0 of zero: int64."""
    if n.a != ZERO:
        word, below = n.a, 64
    elif n.b != ZERO:
        word, below = n.b, 48
    elif n.c != ZERO:
        word, below = n.c, 32
    elif n.d != ZERO:
        word, below = n.d, 16
    else:
        word, below = n.e, 0
    return i64(below) + i64(WORD_DIGITS) - i64(leading_zeros(word) >> u64(2))


@jit
def less(n, other):
    """True if n is less than the other."""
    if n.a != other.a:
        return n.a < other.a
    if n.b != other.b:
        return n.b < other.b
    if n.c != other.c:
        return n.c < other.c
    if n.d != other.d:
        return n.d < other.d
    return n.e < other.e


# --- shifts ----------------------------------------------------------------------------------------------------------


@jit
def shift_left(n, count):
    """Return n * 10**count; digits that leave the 80 are lost. count: int64, 0 or more."""
    while count >= WORD_DIGITS:
        n = Digits(n.b, n.c, n.d, n.e, ZERO)
        count -= WORD_DIGITS
    if count == 0:
        return n
    bits = u64(count) * DIGIT_BITS
    rest = WORD_BITS - bits
    return Digits(
        (n.a << bits) | (n.b >> rest), (n.b << bits) | (n.c >> rest), (n.c << bits) | (n.d >> rest),
        (n.d << bits) | (n.e >> rest), n.e << bits,
    )  # fmt: skip


@jit
def right_by_one(n):
    """Return (n // 10, n % 10)."""
    rest = WORD_BITS - DIGIT_BITS
    return Digits(
        n.a >> DIGIT_BITS, (n.b >> DIGIT_BITS) | (n.a << rest), (n.c >> DIGIT_BITS) | (n.b << rest),
        (n.d >> DIGIT_BITS) | (n.c << rest), (n.e >> DIGIT_BITS) | (n.d << rest),
    ), n.e & DIGIT  # fmt: skip


@jit
def shift_right(n, count):
    """Return (n // 10**count, what the digits dropped are worth: EXACT to ABOVE_HALF). count: int64, 0 or more."""
    first, others = ZERO, ZERO  # of the digits dropped
    for _ in range(min(count, i64(ALL_DIGITS + 1))):
        others |= first
        n, first = right_by_one(n)
    if first == FIVE:
        return n, HALF if others == ZERO else ABOVE_HALF
    if first > FIVE:
        return n, ABOVE_HALF
    return n, EXACT if first | others == ZERO else BELOW_HALF


# --- sums ------------------------------------------------------------------------------------------------------------


@jit
def add_words(first, second, carry):
    """Return (sum of 16 digits, carry), a carry of 0 or 1 being added too."""
    shifted = first + SIXES
    total = shifted + second
    over = total < shifted
    total += carry
    over = over or total < carry
    within = ((~(total ^ shifted ^ second)) & CARRIES) >> DIGIT_BITS  # a one for each digit that did not carry
    if not over:
        within |= LAST_CARRY
    return total - within * u64(6), ONE if over else ZERO


@jit
def sum_with_carry(n, other, carry):
    """Return (n + other + carry, carry)."""
    e, carry = add_words(n.e, other.e, carry)
    d, carry = add_words(n.d, other.d, carry)
    c, carry = add_words(n.c, other.c, carry)
    b, carry = add_words(n.b, other.b, carry)
    a, carry = add_words(n.a, other.a, carry)
    return Digits(a, b, c, d, e), carry


@jit
def total(n, other):
    """Return the sum, which has no more than 80 digits."""
    result, _ = sum_with_carry(n, other, ZERO)
    return result


@jit
def difference(n, other):
    """Return n less the other, which is not greater."""
    complement = Digits(NINES - other.a, NINES - other.b, NINES - other.c, NINES - other.d, NINES - other.e)
    result, _ = sum_with_carry(n, complement, ONE)
    return result


# --- products and quotients ------------------------------------------------------------------------------------------


@jit
def product(n, other):
    """Return the product, which has no more than 80 digits."""
    result, count = none(), digit_count(other)
    other = shift_left(other, i64(ALL_DIGITS) - count)
    for _ in range(count):
        result = shift_left(result, i64(1))
        for _ in range(i64(other.a >> u64(60))):
            result = total(result, n)
        other = shift_left(other, i64(1))
    return result


@jit
def divided(n, divisor):
    """Return (quotient, remainder). The divisor is not zero and has fewer than 80 digits."""
    quotient, remainder = none(), none()
    for _ in range(ALL_DIGITS):
        remainder = shift_left(remainder, i64(1))
        remainder = Digits(remainder.a, remainder.b, remainder.c, remainder.d, remainder.e | (n.a >> u64(60)))
        n, digit = shift_left(n, i64(1)), ZERO
        while not less(remainder, divisor):
            remainder = difference(remainder, divisor)
            digit += ONE
        quotient = shift_left(quotient, i64(1))
        quotient = Digits(quotient.a, quotient.b, quotient.c, quotient.d, quotient.e | digit)
    return quotient, remainder
