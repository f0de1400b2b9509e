"""ADD, SUBTRACT, MULTIPLY, DIVIDE: PoP ch. 20.

The first operand is the result of the second and the third. M4, of the floating-point extension facility, has the
rounding method.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.isa.decimal_floating_point.digits import (
    EXACT,
    Digits,
    difference,
    digit_count,
    divided,
    is_none,
    less,
    product,
    shift_left,
    shift_right,
    total,
)
from s390emu.isa.decimal_floating_point.numbers import BIAS, PRECISION, Number
from s390emu.isa.decimal_floating_point.operands import availability, finish_with_cc, number_in
from s390emu.isa.decimal_floating_point.rounding import (
    TOWARD_MINUS,
    infinity_result,
    invalid_operation,
    nan_result,
    round_number,
    rounding_by,
    zero_divide,
    zero_result,
)
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, INFINITY, LONG, ONE, ZERO, is_nan
from s390emu.isa.floating_point.bfp_operands import finish, pairs_of
from s390emu.isa.floating_point.bfp_rounding import either_nan
from s390emu.isa.operands import r20, rrf_a

MOST_DIGITS = i64(76)  # that a number is given before it is added to: with a carry and a digit more, not above 80


@jit
def operands(cpu, storage, form, insn):
    """Return (r1, second operand, third operand, Rounding, code)."""
    r1, r2, r3 = rrf_a(insn)
    code = availability(cpu, pairs_of(form, r1 | r2 | r3))
    second, third = number_in(cpu, form, r2), number_in(cpu, form, r3)
    return r1, second, third, rounding_by(cpu, storage, r20(insn), u64(0)), code


@jit
def with_last_digit(digits, digit):
    """Return the digits with another at their right."""
    digits = shift_left(digits, i64(1))
    return Digits(digits.a, digits.b, digits.c, digits.d, digits.e | digit)


# --- ADD, SUBTRACT ---------------------------------------------------------------------------------------------------


@jit
def aligned(upper, lower):
    """Return (digits, digits, exponent) of two numbers, of which the first has the greater exponent, or the same.

    What of the second is too far to the right to make a difference is one digit, that of the place next to the rest.
    """
    distance = upper.exponent - lower.exponent
    shift = min(distance, MOST_DIGITS - digit_count(upper.digits))
    upper_digits = shift_left(upper.digits, shift)
    if is_none(upper.digits) or shift == distance:
        return upper_digits, lower.digits, lower.exponent
    lower_digits, rest = shift_right(lower.digits, distance - shift)
    last = u64(0) if rest == EXACT else u64(1)
    return with_last_digit(upper_digits, u64(0)), with_last_digit(lower_digits, last), upper.exponent - shift - i64(1)


@jit
def sum_result(rounding, form, second, third):
    """Return the Result of adding finite numbers."""
    upper, lower = (third, second) if second.exponent < third.exponent else (second, third)
    first, other, exponent = aligned(upper, lower)
    if upper.sign == lower.sign:
        return round_number(rounding, form, upper.sign, total(first, other), exponent, lower.exponent)
    if less(first, other):
        return round_number(rounding, form, lower.sign, difference(other, first), exponent, lower.exponent)
    rest = difference(first, other)
    sign = upper.sign
    if is_none(rest):
        sign = ONE if rounding.method == TOWARD_MINUS else u64(0)
    return round_number(rounding, form, sign, rest, exponent, lower.exponent)


@jit
def add_result(rounding, form, second, third):
    """Return the Result of an addition."""
    if is_nan(second) or is_nan(third):
        return nan_result(rounding.fpc, form, either_nan(second, third))
    if second.kind == INFINITY or third.kind == INFINITY:
        if second.kind == third.kind and second.sign != third.sign:
            return invalid_operation(rounding.fpc, form)
        return infinity_result(form, second.sign if second.kind == INFINITY else third.sign)
    return sum_result(rounding, form, second, third)


@jit
def add(cpu, storage, form, insn):
    """Set r1 to the sum of r2 and r3, and the condition code; return a code."""
    r1, second, third, rounding, code = operands(cpu, storage, form, insn)
    if code != 0:
        return code
    return finish_with_cc(cpu, form, r1, add_result(rounding, form, second, third))


@jit
def subtract(cpu, storage, form, insn):
    """Set r1 to r2 less r3, and the condition code; return a code. A NaN keeps its sign."""
    r1, second, third, rounding, code = operands(cpu, storage, form, insn)
    if code != 0:
        return code
    if not is_nan(third):
        third = Number(third.kind, third.sign ^ ONE, third.exponent, third.digits)
    return finish_with_cc(cpu, form, r1, add_result(rounding, form, second, third))


@jit
def adtr(cpu, storage, insn):
    """ADD (long DFP), RRF-a. PoP ch. 20 "ADD". cc 0-3."""
    return add(cpu, storage, LONG, insn)


@jit
def axtr(cpu, storage, insn):
    """ADD (extended DFP), RRF-a. PoP ch. 20 "ADD". cc 0-3."""
    return add(cpu, storage, EXTENDED, insn)


@jit
def sdtr(cpu, storage, insn):
    """SUBTRACT (long DFP), RRF-a. PoP ch. 20 "SUBTRACT". cc 0-3."""
    return subtract(cpu, storage, LONG, insn)


@jit
def sxtr(cpu, storage, insn):
    """SUBTRACT (extended DFP), RRF-a. PoP ch. 20 "SUBTRACT". cc 0-3."""
    return subtract(cpu, storage, EXTENDED, insn)


# --- MULTIPLY --------------------------------------------------------------------------------------------------------


@jit
def product_result(rounding, form, second, third):
    """Return the Result of a multiplication."""
    if is_nan(second) or is_nan(third):
        return nan_result(rounding.fpc, form, either_nan(second, third))
    sign = second.sign ^ third.sign
    if second.kind == INFINITY or third.kind == INFINITY:
        if second.kind == ZERO or third.kind == ZERO:
            return invalid_operation(rounding.fpc, form)
        return infinity_result(form, sign)
    exponent = second.exponent + third.exponent - BIAS[form]
    return round_number(rounding, form, sign, product(second.digits, third.digits), exponent, exponent)


@jit
def multiply(cpu, storage, form, insn):
    """Set r1 to the product of r2 and r3; return a code."""
    r1, second, third, rounding, code = operands(cpu, storage, form, insn)
    return code if code != 0 else finish(cpu, form, r1, product_result(rounding, form, second, third))


@jit
def mdtr(cpu, storage, insn):
    """MULTIPLY (long DFP), RRF-a. PoP ch. 20 "MULTIPLY". cc unchanged."""
    return multiply(cpu, storage, LONG, insn)


@jit
def mxtr(cpu, storage, insn):
    """MULTIPLY (extended DFP), RRF-a. PoP ch. 20 "MULTIPLY". cc unchanged."""
    return multiply(cpu, storage, EXTENDED, insn)


# --- DIVIDE ----------------------------------------------------------------------------------------------------------


@jit
def finite_quotient(rounding, form, sign, dividend, divisor):
    """Return the Result of dividing a finite number by one that is not zero: of a quotient with at least one digit
    more than the precision, and then another that tells whether something remains."""
    preferred = dividend.exponent - divisor.exponent + BIAS[form]
    if dividend.kind == ZERO:
        return zero_result(rounding, form, sign, preferred)
    shift = PRECISION[form] + i64(1) + digit_count(divisor.digits) - digit_count(dividend.digits)
    quotient, remainder = divided(shift_left(dividend.digits, shift), divisor.digits)
    exponent = preferred - shift
    if not is_none(remainder):
        quotient, exponent = with_last_digit(quotient, ONE), exponent - i64(1)
    return round_number(rounding, form, sign, quotient, exponent, preferred)


@jit
def quotient_result(rounding, form, second, third):
    """Return the Result of a division."""
    if is_nan(second) or is_nan(third):
        return nan_result(rounding.fpc, form, either_nan(second, third))
    sign = second.sign ^ third.sign
    if second.kind == third.kind and (second.kind == INFINITY or second.kind == ZERO):
        return invalid_operation(rounding.fpc, form)
    if second.kind == INFINITY:
        return infinity_result(form, sign)
    if third.kind == ZERO:
        return zero_divide(rounding.fpc, form, sign)
    if third.kind == INFINITY:
        return zero_result(rounding, form, sign, i64(0))
    return finite_quotient(rounding, form, sign, second, third)


@jit
def divide(cpu, storage, form, insn):
    """Set r1 to r2 divided by r3; return a code."""
    r1, second, third, rounding, code = operands(cpu, storage, form, insn)
    return code if code != 0 else finish(cpu, form, r1, quotient_result(rounding, form, second, third))


@jit
def ddtr(cpu, storage, insn):
    """DIVIDE (long DFP), RRF-a. PoP ch. 20 "DIVIDE". cc unchanged."""
    return divide(cpu, storage, LONG, insn)


@jit
def dxtr(cpu, storage, insn):
    """DIVIDE (extended DFP), RRF-a. PoP ch. 20 "DIVIDE". cc unchanged."""
    return divide(cpu, storage, EXTENDED, insn)
