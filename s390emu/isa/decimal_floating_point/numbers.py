"""Decimal-floating-point data, packed and unpacked: PoP ch. 20 "DFP Data Formats", "DFP Data Classes", "Formats and
Encoding".

Packed, a datum is what its registers hold, as in binary floating point (`bfp_numbers.py`): two doublewords, of which
a short datum takes bits 0-31, a long one the first. Of a datum read, declets that are not canonical, and the reserved
field of an infinity or NaN, are as good as those that are; all that is made here is canonical.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.isa.decimal_floating_point.digits import Digits, is_none, none, shift_left
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, FINITE, INFINITY, LONG, QNAN, SNAN, ZERO, is_nan
from s390emu.isa.floating_point.bfp_numbers import shift_left as shift_bits_left
from s390emu.isa.floating_point.bfp_numbers import shift_right as shift_bits_right

PRECISION = np.array([7, 16, 34], i64)  # digits
DECLETS = np.array([2, 5, 11], i64)
CONTINUATION_BITS = np.array([6, 8, 12], u64)  # of the biased exponent, whose other two are in the first five
GREATEST_EXPONENT = np.array([191, 767, 12287], i64)  # biased, in the right-units view; the least is 0
BIAS = np.array([101, 398, 6176], i64)

SIGN_SHIFT, FIVE_SHIFT, FIVE_BITS = u64(63), u64(58), u64(0x1F)  # the five bits after the sign
INFINITE_FIVE, NAN_FIVE = u64(0x1E), u64(0x1F)
SIGNALING = bit(6)
LARGE_DIGIT = u64(0x18)  # the first two of the five: the leftmost digit is 8 or 9
BEFORE_TRAILING = u64(6)  # bits of a datum besides the continuation and the declets: sign and five
DECLET_BITS = u64(10)
ONE, TWO_BITS, THREE_BITS, EIGHT = u64(1), u64(3), u64(7), u64(8)
SMALL_DIGIT_BITS = u64(3)  # of the five, where the leftmost digit is not 8 or 9


def _digits_of_declet(declet: int) -> int:
    """Return the three digits of a declet, four bits each: PoP ch. 20 "Densely Packed Decimal"."""
    p, q, r, s, t, u, v, w, x, y = ((declet >> 9 - n) & 1 for n in range(10))
    small = (p * 4 + q * 2 + r, s * 4 + t * 2 + u, w * 4 + x * 2 + y)
    pq, st = p * 4 + q * 2, s * 4 + t * 2
    if not v:
        digits = small
    elif (w, x) != (1, 1):
        digits = {
            (0, 0): (small[0], small[1], 8 + y),
            (0, 1): (small[0], 8 + u, st + y),
            (1, 0): (8 + r, small[1], pq + y),
        }[w, x]
    else:
        digits = {
            (0, 0): (8 + r, 8 + u, pq + y),
            (0, 1): (8 + r, pq + u, 8 + y),
            (1, 0): (small[0], 8 + u, 8 + y),
            (1, 1): (8 + r, 8 + u, 8 + y),
        }[s, t]
    return digits[0] << 8 | digits[1] << 4 | digits[2]


def _canonical_declets(digits_of: np.ndarray) -> np.ndarray:
    """Return the declet by the number of three digits. Of several, those with 8 or 9 only, the least is canonical."""
    declets = np.zeros(1000, np.uint16)
    for declet in range(1023, -1, -1):
        declets[int(f"{digits_of[declet]:x}")] = declet
    return declets


DIGITS_OF = np.array([_digits_of_declet(declet) for declet in range(1024)], np.uint16)
DECLET_OF = _canonical_declets(DIGITS_OF)


class Number(NamedTuple):
    """An unpacked datum.

    kind      ZERO, FINITE, INFINITY, QNAN, SNAN, as in binary floating point
    sign      0 or 1
    exponent  of ZERO and FINITE: biased, in the right-units view, so that the number is digits * 10**(exponent - bias)
    digits    the significand; of an infinity or NaN that of the declets
    """

    kind: np.uint64
    sign: np.uint64
    exponent: np.int64
    digits: Digits


# --- declets ---------------------------------------------------------------------------------------------------------


@jit
def trailing_digits(form, high, low):
    """Return the digits of a datum's declets."""
    high, low = shift_bits_left(high, low, CONTINUATION_BITS[form] + BEFORE_TRAILING)
    c, d, e = u64(0), u64(0), u64(0)
    for _ in range(DECLETS[form]):
        c = (c << u64(12)) | (d >> u64(52))
        d = (d << u64(12)) | (e >> u64(52))
        e = (e << u64(12)) | u64(DIGITS_OF[i64(high >> u64(54))])
        high, low = shift_bits_left(high, low, DECLET_BITS)
    return Digits(u64(0), u64(0), c, d, e)


@jit
def declet_of(digits):
    """Return the canonical declet of the rightmost three digits of a doubleword."""
    hundreds, tens, units = (digits >> u64(8)) & u64(15), (digits >> u64(4)) & u64(15), digits & u64(15)
    return u64(DECLET_OF[i64(hundreds * u64(100) + tens * u64(10) + units)])


@jit
def pack_trailing(form, digits):
    """Return the two doublewords of a datum that has the rightmost digits in its declets, and zeros elsewhere."""
    c, d, e = digits.c, digits.d, digits.e
    high, low = u64(0), u64(0)
    for _ in range(DECLETS[form]):
        high, low = shift_bits_right_exactly(high, low)
        high |= declet_of(e) << u64(54)
        e = (e >> u64(12)) | (d << u64(52))
        d = (d >> u64(12)) | (c << u64(52))
        c = c >> u64(12)
    return shift_bits_right(high, low, CONTINUATION_BITS[form] + BEFORE_TRAILING)


@jit
def shift_bits_right_exactly(high, low):
    """Shift 128 bits right by a declet; zeros leave them."""
    return high >> DECLET_BITS, (low >> DECLET_BITS) | (high << u64(54))


# --- data ------------------------------------------------------------------------------------------------------------


@jit
def leftmost_digit(form, digits):
    """Return the digit of a significand that is in no declet."""
    if form == EXTENDED:
        return (digits.c >> u64(4)) & u64(15)
    return (digits.e >> (u64(60) if form == LONG else u64(24))) & u64(15)


@jit
def unpack(form, high, low):
    """Return the Number of a packed datum."""
    sign, five = high >> SIGN_SHIFT, (high >> FIVE_SHIFT) & FIVE_BITS
    digits = trailing_digits(form, high, low)
    if five == INFINITE_FIVE:
        return Number(INFINITY, sign, i64(0), digits)
    if five == NAN_FIVE:
        return Number(SNAN if on(high, SIGNALING) else QNAN, sign, i64(0), digits)
    first, leftmost = five >> SMALL_DIGIT_BITS, five & THREE_BITS
    if five >= LARGE_DIGIT:
        first, leftmost = (five >> ONE) & TWO_BITS, EIGHT | (five & ONE)
    width = CONTINUATION_BITS[form]
    exponent = (first << width) | ((high << BEFORE_TRAILING) >> (u64(64) - width))
    digits = with_leftmost(form, digits, leftmost)
    return Number(ZERO if is_none(digits) else FINITE, sign, i64(exponent), digits)


@jit
def with_leftmost(form, digits, leftmost):
    """Return the digits of declets with another to their left."""
    if form == EXTENDED:
        return Digits(digits.a, digits.b, digits.c | (leftmost << u64(4)), digits.d, digits.e)
    shift = u64(60) if form == LONG else u64(24)
    return Digits(digits.a, digits.b, digits.c, digits.d, digits.e | (leftmost << shift))


@jit
def pack(form, sign, exponent, digits):
    """Return the packed number with this biased exponent, that of the format, and as many digits at most."""
    leftmost, width = leftmost_digit(form, digits), CONTINUATION_BITS[form]
    first = u64(exponent) >> width
    if leftmost < EIGHT:
        five = (first << SMALL_DIGIT_BITS) | leftmost
    else:
        five = LARGE_DIGIT | (first << ONE) | (leftmost & ONE)
    high, low = pack_trailing(form, digits)
    continuation = (u64(exponent) << (u64(64) - width)) >> BEFORE_TRAILING
    return high | (sign << SIGN_SHIFT) | (five << FIVE_SHIFT) | continuation, low


@jit
def pack_special(form, kind, sign, digits):
    """Return the packed infinity, QNaN or SNaN with the rightmost of these digits in its declets."""
    high, low = pack_trailing(form, digits)
    five = INFINITE_FIVE if kind == INFINITY else NAN_FIVE
    high |= (sign << SIGN_SHIFT) | (five << FIVE_SHIFT)
    return high | SIGNALING if kind == SNAN else high, low


@jit
def pack_infinity(form, sign):
    return pack_special(form, INFINITY, sign, none())


@jit
def greatest_digits(form):
    """Return a significand all of whose digits are nine."""
    digits = none()
    for _ in range(PRECISION[form]):
        digits = shift_left(digits, i64(1))
        digits = Digits(digits.a, digits.b, digits.c, digits.d, digits.e | u64(9))
    return digits


@jit
def datum_cc(form, high, low):
    """Return condition code 0 for zero, 1 below and 2 above it, 3 for a NaN."""
    number = unpack(form, high, low)
    if is_nan(number):
        return 3
    if number.kind == ZERO:
        return 0
    return 1 if number.sign != u64(0) else 2
