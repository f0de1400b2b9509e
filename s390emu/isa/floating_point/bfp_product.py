"""Products of unpacked numbers, for MULTIPLY and MULTIPLY AND ADD: exact for short and long ones. PoP ch. 19
"MULTIPLY"."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.isa.floating_point.bfp_numbers import FINITE, INFINITY, LEFTMOST, ONE, ZERO, Number, shift_left, some
from s390emu.isa.general.multiply_divide import product128


@jit
def product256(high, low, other_high, other_low):
    """Return (high, low) of the leftmost 128 bits of the product of numbers of 128 bits; the rightmost one stands for
    those that are left out."""
    first, second = product128(high, other_high)
    if (low | other_low) == u64(0):
        return first, second
    third, fourth = product128(low, other_low)
    for factor, other in ((high, other_low), (low, other_high)):
        upper, lower = product128(factor, other)
        third += lower
        carry = ONE if third < lower else u64(0)
        second += carry  # the sum fits: it is part of the product
        first += carry if second < carry else u64(0)
        second += upper
        first += ONE if second < upper else u64(0)
    return first, second | some(third | fourth)


@jit
def finite_product(first, second, sign):
    """Return the product of FINITE numbers, with this sign."""
    high, low = product256(first.high, first.low, second.high, second.low)
    exponent = first.exponent + second.exponent
    if high >= LEFTMOST:
        return Number(FINITE, sign, exponent + i64(1), high, low)
    high, low = shift_left(high, low, ONE)  # the last but one bit now stands for more; no format needs as many
    return Number(FINITE, sign, exponent, high, low)


@jit
def no_product(first, second):
    """True for infinity times zero."""
    return (first.kind == INFINITY and second.kind == ZERO) or (first.kind == ZERO and second.kind == INFINITY)


@jit
def product(first, second):
    """Return the product of numbers, of which none is a NaN, and that are not infinity and zero."""
    sign = first.sign ^ second.sign
    if first.kind == FINITE and second.kind == FINITE:
        return finite_product(first, second, sign)
    kind = INFINITY if first.kind == INFINITY or second.kind == INFINITY else ZERO
    return Number(kind, sign, i64(0), u64(0), u64(0))
