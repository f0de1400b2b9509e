"""The usual case of operations on short and long data, by the arithmetic of this computer's processor, which is IEEE's
too: PoP ch. 19.

What an operation is, the integers of the other pages say. Here is what gives the same, bit for bit, in fewer steps: the
rounding method is to nearest even, and the result is a normal number far from overflow and underflow, or a zero that
is exact. It is exact too, or the inexact flag is on already and its mask is off. So nothing else follows from it: no
flag, no data exception.

Each function returns (packed datum, True if it is the result): `bfp_host` proposes, and only what it is sure of is
taken. None is for extended data.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, jit, on, reals, u64
from s390emu.architecture.sizes import DOUBLEWORD_BITS
from s390emu.isa.floating_point.bfp_numbers import (
    EXPONENT_BITS,
    GREATEST_EXPONENT,
    LEFTMOST,
    LONG,
    ONE,
    PRECISION,
    SHORT,
    SIGN,
)
from s390emu.isa.floating_point.bfp_rounding import NEAREST_EVEN, TOWARD_ZERO
from s390emu.isa.floating_point.fpc import INEXACT_FLAG, INEXACT_MASK, ROUNDING_MODE

# Of the usual numbers, shifted left by one so that there is no sign: the least one, and how many there are up to
# infinity. The least ones are so great that in no operation on them subnormal numbers matter.
LEAST_USUAL = np.array([32 << 56, 64 << 53], u64)
USUAL = np.array([(255 - 32) << 56, (2047 - 64) << 53], u64)
SMALL_INTEGER = u64(1 << 62)  # in magnitude
TWO_TO_51, TWO_TO_52 = (u64((1023 + n) << 52) for n in (51, 52))  # long data; plus 2**52 a number is an integer
SHIFT_MASK = u64(63)


# --- which operation -------------------------------------------------------------------------------------------------


@jit
def sum_of(form, first, second):
    return reals.double_sum(first, second) if form == LONG else reals.float_sum(first, second)


@jit
def product_of(form, first, second):
    return reals.double_product(first, second) if form == LONG else reals.float_product(first, second)


@jit
def quotient_of(form, first, second):
    return reals.double_quotient(first, second) if form == LONG else reals.float_quotient(first, second)


@jit
def root_of(form, datum):
    return reals.double_root(datum) if form == LONG else reals.float_root(datum)


@jit
def fused(form, factor, other, addend):
    if form == LONG:
        return reals.double_fused(factor, other, addend)
    return reals.float_fused(factor, other, addend)


# --- what is usual ---------------------------------------------------------------------------------------------------


@jit
def nearest(fpc):
    return not on(fpc, ROUNDING_MODE)


@jit
def noted(fpc):
    """True if nothing follows from an inexact result: the flag is on already, and there is no trap."""
    return fpc & (INEXACT_FLAG | INEXACT_MASK) == INEXACT_FLAG


@jit
def settled(fpc):
    """True if a result has but to be rounded, to nearest even."""
    return fpc & (INEXACT_FLAG | INEXACT_MASK | ROUNDING_MODE) == INEXACT_FLAG


@jit
def is_zero(datum):
    return datum << ONE == u64(0)


@jit
def usual(form, datum):
    """True for a normal number of which neither the error of rounding nor a neighbour is subnormal or infinite."""
    return (datum << ONE) - LEAST_USUAL[form] < USUAL[form]


# --- what is exact ---------------------------------------------------------------------------------------------------


@jit
def exponent_of(form, datum):
    """Return the biased exponent."""
    return (datum << ONE) >> (DOUBLEWORD_BITS - EXPONENT_BITS[form])


@jit
def significand_of(form, datum):
    """Return the significand of a normal number as an integer."""
    return ((datum << EXPONENT_BITS[form]) | LEFTMOST) >> (DOUBLEWORD_BITS - u64(PRECISION[form]))


@jit
def is_product(form, first, second, product):
    """True if a product is exact. One of the three numbers is known to be what the two others give, but for rounding.
    So the two sides differ, as integers, by less than 2**63, and are equal if they are modulo 2**64."""
    if not (usual(form, first) and usual(form, second) and usual(form, product)):
        return False
    scale = u64(GREATEST_EXPONENT[form] + PRECISION[form] - i64(1))
    shift = exponent_of(form, product) + scale - exponent_of(form, first) - exponent_of(form, second)
    factors = significand_of(form, first) * significand_of(form, second)
    return factors == significand_of(form, product) << (shift & SHIFT_MASK)


@jit
def is_sum(form, first, second, total):
    """True if a sum is exact. The difference of a sum and the greater of its parts always is (Dekker), so that it is
    the other part if, and only if, the sum is exact; which one is the greater does not matter if both are so found.
    (A minus zero is never found: the integers see to it.)"""
    found = sum_of(form, total, first ^ SIGN) == second
    return found and sum_of(form, total, second ^ SIGN) == first


# --- operations ------------------------------------------------------------------------------------------------------


@jit
def host_sum(fpc, form, first, second):
    total = sum_of(form, first, second)
    if usual(form, total):
        return total, settled(fpc) or (nearest(fpc) and is_sum(form, first, second, total))
    opposite = first ^ second == SIGN or is_zero(first | second)
    return total, is_zero(total) and opposite and nearest(fpc)


@jit
def host_product(fpc, form, first, second):
    product = product_of(form, first, second)
    if usual(form, product):
        return product, settled(fpc) or (nearest(fpc) and is_product(form, first, second, product))
    return product, is_zero(product) and (is_zero(first) or is_zero(second))


@jit
def host_quotient(fpc, form, first, second):
    quotient = quotient_of(form, first, second)
    if usual(form, quotient):
        return quotient, settled(fpc) or (nearest(fpc) and is_product(form, quotient, second, first))
    return quotient, is_zero(quotient) and is_zero(first)


@jit
def host_root(fpc, form, datum):
    root = root_of(form, datum)
    if usual(form, root):
        return root, settled(fpc) or (nearest(fpc) and is_product(form, root, root, datum))
    return root, is_zero(datum)


@jit
def host_product_and_sum(fpc, form, factor, other, addend):
    """Propose factor times other plus addend, rounded once."""
    if not reals.FUSED:
        return addend, False
    total = fused(form, factor, other, addend)
    if not usual(form, total):
        return total, False
    if settled(fpc):
        return total, True
    product = product_of(form, factor, other)
    exact = is_product(form, factor, other, product) and is_sum(form, product, addend, total)
    return total, nearest(fpc) and exact


@jit
def host_order(form, first, second):
    """Return the condition code of a comparison, 3 if either datum is a NaN."""
    return i64(reals.double_order(first, second) if form == LONG else reals.float_order(first, second))


# --- conversions -----------------------------------------------------------------------------------------------------


@jit
def lengthened(datum):
    """Propose the long datum of a short one."""
    return reals.double_of_float(datum), usual(SHORT, datum) or is_zero(datum)


@jit
def host_shortened(fpc, datum, method, quiet):
    """Propose the short datum of a long one."""
    short = reals.float_of_double(datum)
    if not usual(SHORT, short):
        return short, is_zero(datum)
    return short, method == NEAREST_EVEN and (quiet or noted(fpc) or reals.double_of_float(short) == datum)


@jit
def host_from_integer(fpc, form, sign, value, method, quiet):
    """Propose the datum of an integer, given its magnitude."""
    if value > SMALL_INTEGER:
        return value, False
    datum = reals.double_of_integer(value) if form == LONG else reals.float_of_integer(value)
    exact = value >> u64(PRECISION[form]) == u64(0)
    return datum | (sign << u64(63)), exact or (method == NEAREST_EVEN and (quiet or noted(fpc)))


@jit
def host_to_integer(fpc, form, datum, method, quiet, limit):
    """Propose the magnitude, if it is not above the limit, of the integer that a datum is rounded to."""
    size = datum & ~SIGN
    if form == SHORT:
        size, known = lengthened(size)
        if not known:
            return size, False
    whole = size
    if method == NEAREST_EVEN:
        whole = reals.double_sum(reals.double_sum(size, TWO_TO_52), TWO_TO_52 | SIGN)
    if size >= TWO_TO_51 or not (method == NEAREST_EVEN or method == TOWARD_ZERO):
        return size, False
    value = reals.integer_of_double(whole)
    exact = reals.double_of_integer(value) == size
    return value, value <= limit and (exact or quiet or noted(fpc))
