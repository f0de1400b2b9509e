"""Binary-floating-point data, packed and unpacked: PoP ch. 19 "BFP Data Formats" and "Classes of BFP Data".

Packed, a datum is what its registers hold: two doublewords, of which a short datum takes bits 0-31, a long one the
first, an extended one both; the rest is zeros.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, leading_zeros, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.sizes import DOUBLEWORD_BITS

SHORT, LONG, EXTENDED = u64(0), u64(1), u64(2)  # formats
EXPONENT_BITS = np.array([8, 11, 15], u64)
PRECISION = np.array([24, 53, 113], i64)  # bits, the one that is implied among them
GREATEST_EXPONENT = np.array([127, 1023, 16383], i64)  # which is the bias too; the least is one less it
INFINITE = np.array([0x7F800000 << 32, 0x7FF << 52, 0x7FFF << 48], u64)  # first doubleword of plus infinity
SIGN = bit(0)
LEFTMOST = bit(0)
ONE = u64(1)

ZERO, FINITE, INFINITY, QNAN, SNAN = (u64(n) for n in range(5))  # kinds; a subnormal number is FINITE


class Number(NamedTuple):
    """An unpacked datum.

    sign      0 or 1
    exponent  of a FINITE number
    high, low of a FINITE number the significand, the 128 bits 1.xxx, bit 0 of high being on; its rightmost bit also
              stands for ones further to the right. Of a NaN the fraction, left-aligned.
    """

    kind: np.uint64
    sign: np.uint64
    exponent: np.int64
    high: np.uint64
    low: np.uint64


class Datum(NamedTuple):
    """A packed datum."""

    high: np.uint64
    low: np.uint64


@jit
def is_nan(number):
    return number.kind >= QNAN


@jit
def some(word):
    """Return 1 if any bit of the word is on, else 0."""
    return ONE if word != u64(0) else u64(0)


@jit
def less(high, low, other_high, other_low):
    """True if the first of two numbers of 128 bits is less."""
    return high < other_high or (high == other_high and low < other_low)


@jit
def shift_left(high, low, count):
    """Shift 128 bits left by 0 to 127."""
    if count >= DOUBLEWORD_BITS:
        return low << (count - DOUBLEWORD_BITS), u64(0)
    if count == u64(0):
        return high, low
    return (high << count) | (low >> (DOUBLEWORD_BITS - count)), low << count


@jit
def shift_right(high, low, count):
    """Shift 128 bits right by any count; the rightmost bit stays on, or comes on, if a one was lost."""
    if count == u64(0):
        return high, low
    if count < DOUBLEWORD_BITS:
        rest = DOUBLEWORD_BITS - count
        return high >> count, (high << rest) | (low >> count) | some(low << rest)
    if count == DOUBLEWORD_BITS:
        return u64(0), high | some(low)
    if count < DOUBLEWORD_BITS + DOUBLEWORD_BITS:
        count -= DOUBLEWORD_BITS
        return u64(0), (high >> count) | some((high << (DOUBLEWORD_BITS - count)) | low)
    return u64(0), some(high | low)


@jit
def normalized(sign, exponent, high, low):
    """Return the FINITE number (high low) / 2**127 * 2**exponent; the 128 bits are not all zeros."""
    zeros = leading_zeros(high) if high != u64(0) else DOUBLEWORD_BITS + leading_zeros(low)
    high, low = shift_left(high, low, zeros)
    return Number(FINITE, sign, exponent - i64(zeros), high, low)


@jit
def unpack(form, high, low):
    """Return the Number of a packed datum."""
    width = EXPONENT_BITS[form]
    sign = high >> (DOUBLEWORD_BITS - ONE)
    biased = (high << ONE) >> (DOUBLEWORD_BITS - width)
    high, low = shift_left(high, low, width + ONE)
    if biased == (ONE << width) - ONE:
        kind = INFINITY if (high | low) == u64(0) else QNAN if high >= LEFTMOST else SNAN
        return Number(kind, sign, i64(0), high, low)
    least = i64(1) - GREATEST_EXPONENT[form]
    if biased == u64(0):
        if (high | low) == u64(0):
            return Number(ZERO, sign, i64(0), u64(0), u64(0))
        return normalized(sign, least - i64(1), high, low)
    high, low = shift_right(high, low, ONE)
    return Number(FINITE, sign, least + i64(biased) - i64(1), high | LEFTMOST, low)


@jit
def pack_integer(form, sign, biased, high, low):
    """Return the packed number with this sign and the sum of these two as its other bits: a biased exponent, and a
    significand, right-aligned. The one that is implied adds to the exponent, and so does a carry out of rounding."""
    if form == EXTENDED:
        return (sign << u64(63)) | ((biased << u64(48)) + high), low
    if form == LONG:
        return (sign << u64(63)) | ((biased << u64(52)) + low), u64(0)
    return ((sign << u64(31)) | ((biased << u64(23)) + low)) << u64(32), u64(0)


@jit
def pack_nan(form, nan):
    """Return the packed QNaN with a NaN's sign and the leftmost bits of its fraction."""
    high, low = shift_right(nan.high | LEFTMOST, nan.low, EXPONENT_BITS[form] + ONE)
    high |= INFINITE[form] | (nan.sign << u64(63))
    if form == EXTENDED:
        # No one was lost: a fraction of any format has at most 112 bits.
        return high, low
    if form == LONG:
        return high, u64(0)
    return (high >> u64(32)) << u64(32), u64(0)


@jit
def pack_infinity(form, sign):
    return INFINITE[form] | (sign << u64(63)), u64(0)


@jit
def datum_cc(form, high, low):
    """Return condition code 0 for zero, 1 below and 2 above it, 3 for a NaN."""
    magnitude = high & ~SIGN
    if magnitude > INFINITE[form] or (magnitude == INFINITE[form] and low != u64(0)):
        return 3
    if (magnitude | low) == u64(0):
        return 0
    return 1 if high >= SIGN else 2
