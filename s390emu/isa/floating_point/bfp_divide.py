"""DIVIDE: PoP ch. 19."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_quotient
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    INFINITY,
    LONG,
    ONE,
    SHORT,
    ZERO,
    is_nan,
    less,
    normalized,
    shift_left,
    shift_right,
    some,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import datum, finish, register_operands, storage_operands
from s390emu.isa.floating_point.bfp_rounding import (
    current_method,
    either_nan,
    exact_result,
    infinity_result,
    invalid_operation,
    nan_result,
    round_number,
    zero_divide,
    zero_result,
)
from s390emu.isa.floating_point.bfp_sum import difference, sum128
from s390emu.isa.general.multiply_divide import product128

GUARD = u64(2)  # significands are shifted right by so many bits, of which they have more at their right
DIGIT_BITS = u64(30)
DIGITS = np.array([1, 2, 4], i64)  # of a quotient, by format: the precision and two bits for rounding, at least
LEADING = u64(30)  # shift: of the first doubleword of a divisor, so many bits are not looked at in estimating a digit


@jit
def next_digit(high, low, divisor_high, divisor_low):
    """Return (quotient digit, remainder) of a number below 3 times the divisor, shifted left by a digit; so is the
    remainder.

    The digit is estimated by leading bits: never too great, as what is left out makes the number less and the divisor
    greater. The number has 64 bits, the divisor 32, so it is too small by less than 1 + 3 / 2: thus the remainder.
    What the digit lacks is in the next one, which may be as great as 3 * 2**30. Modulo 2**128 all is right."""
    digit = high // ((divisor_high >> LEADING) + ONE)
    high, low = shift_left(high, low, DIGIT_BITS)
    upper, lower = product128(digit, divisor_low)
    return digit, *difference(high, low, upper + digit * divisor_high, lower)


@jit
def finite_quotient(form, dividend, divisor):
    """Return the quotient of FINITE numbers to as many bits as rounding to the format needs."""
    high, low = shift_right(dividend.high, dividend.low, GUARD)
    divisor_high, divisor_low = shift_right(divisor.high, divisor.low, GUARD)
    quotient_high, quotient_low = u64(0), u64(0)
    digits = DIGITS[form]
    for _ in range(digits):
        quotient_high, quotient_low = shift_left(quotient_high, quotient_low, DIGIT_BITS)
        digit, high, low = next_digit(high, low, divisor_high, divisor_low)
        quotient_high, quotient_low = sum128(quotient_high, quotient_low, digit)
    while not less(high, low, divisor_high, divisor_low):  # twice at most
        high, low = difference(high, low, divisor_high, divisor_low)
        quotient_high, quotient_low = sum128(quotient_high, quotient_low, ONE)
    shift = u64(127) - DIGIT_BITS * u64(digits)
    quotient_high, quotient_low = shift_left(quotient_high, quotient_low, shift)
    exponent = dividend.exponent - divisor.exponent
    return normalized(dividend.sign ^ divisor.sign, exponent, quotient_high, quotient_low | some(high | low))


@jit
def divided(fpc, form, first, second):
    """Return the Result of dividing data."""
    first, second = unpack(form, first.high, first.low), unpack(form, second.high, second.low)
    if is_nan(first) or is_nan(second):
        return nan_result(fpc, form, either_nan(first, second))
    sign = first.sign ^ second.sign
    if first.kind == second.kind and first.kind != FINITE:
        return invalid_operation(fpc, form)
    if first.kind == INFINITY:
        return infinity_result(form, sign)
    if second.kind == ZERO:
        return zero_divide(fpc, form, sign)
    if first.kind == ZERO or second.kind == INFINITY:
        return zero_result(sign)
    return round_number(fpc, form, finite_quotient(form, first, second), current_method(fpc), False)


@jit
def quotient_result(fpc, form, first, second):
    """Return the Result of a division."""
    if form != EXTENDED:
        quotient, known = host_quotient(fpc, form, first.high, second.high)
        if known:
            return exact_result(quotient, u64(0))
        slow_way()
    return divided(fpc, form, first, second)


@jit
def divide(cpu, form, r1, second):
    """Divide r1; return a code."""
    return finish(cpu, form, r1, quotient_result(cpu.fpc, form, datum(cpu, form, r1), second))


@jit
def debr(cpu, storage, insn):
    """DIVIDE (short BFP), RRE. PoP ch. 19 "DIVIDE". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def ddbr(cpu, storage, insn):
    """DIVIDE (long BFP), RRE. PoP ch. 19 "DIVIDE". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)


@jit
def dxbr(cpu, storage, insn):
    """DIVIDE (extended BFP), RRE. PoP ch. 19 "DIVIDE". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else divide(cpu, EXTENDED, r1, second)


@jit
def deb(cpu, storage, insn):
    """DIVIDE (short BFP), RXE. PoP ch. 19 "DIVIDE". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def ddb(cpu, storage, insn):
    """DIVIDE (long BFP), RXE. PoP ch. 19 "DIVIDE". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)
