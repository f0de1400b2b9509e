"""DIVIDE TO INTEGER: PoP ch. 19. The quotient is an integer, the remainder what is left of the dividend.

A quotient of more bits than the format has is partial: truncated to the format, so that the remainder, of which the
program asks for the rest of the quotient, is smaller than the dividend. It is then the dividend of the next execution.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.isa.floating_point.bfp_divide import finite_quotient
from s390emu.isa.floating_point.bfp_numbers import (
    FINITE,
    INFINITY,
    LONG,
    PRECISION,
    SHORT,
    ZERO,
    Number,
    is_nan,
)
from s390emu.isa.floating_point.bfp_operands import availability, finish, method_code, number_in, set_datum
from s390emu.isa.floating_point.bfp_product import finite_product
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_ZERO_DIVIDE,
    TOWARD_ZERO,
    current_method,
    either_nan,
    invalid_operation,
    method_of,
    nan_result,
    round_number,
    round_significand,
    rounded_number,
    zero_result,
)
from s390emu.isa.floating_point.bfp_sum import finite_sum, negated
from s390emu.isa.floating_point.fpc import OVERFLOW_MASK
from s390emu.isa.operands import r20, rrf_b

OVERFLOW_OR_NAN, INCOMPLETE = 1, 2  # parts of the condition code


@jit
def signed_zero(sign):
    return Number(ZERO, sign, i64(0), u64(0), u64(0))


@jit
def integer_quotient(form, dividend, divisor, method):
    """Return (the quotient of two numbers as an integer, True if it has all its bits). The dividend is not infinite,
    the divisor not zero."""
    sign = dividend.sign ^ divisor.sign
    if dividend.kind != FINITE or divisor.kind != FINITE:
        return signed_zero(sign), True
    precise = finite_quotient(form, dividend, divisor)
    units = precise.exponent - (PRECISION[form] - i64(1))  # exponent of the rightmost bit that the format has
    if units > 0:
        return rounded_number(sign, units, round_significand(precise, PRECISION[form], TOWARD_ZERO)), False
    rounded = round_significand(precise, precise.exponent + i64(1), method)
    if rounded.low == u64(0):
        return signed_zero(sign), True
    return rounded_number(sign, i64(0), rounded), True


@jit
def remainder_of(dividend, divisor, quotient):
    """Return the dividend less the product of divisor and quotient; zero has the sign of the dividend."""
    if quotient.kind == ZERO:
        return dividend
    rest = finite_sum(dividend, negated(finite_product(divisor, quotient, dividend.sign)))
    return signed_zero(dividend.sign) if rest.kind == ZERO else rest


@jit
def finish_both(cpu, form, r1, r3, remainder, quotient, cc):
    """Finish with the Result of the remainder, and set r3 and the condition code too unless the operation is
    suppressed; return a code."""
    if remainder.dxc < DXC_ZERO_DIVIDE:
        set_datum(cpu, form, r3, quotient.high, quotient.low)
        cpu.cc = cc
    return finish(cpu, form, r1, remainder)


@jit
def quotient_and_remainder(cpu, form, r1, r3, dividend, divisor, method):
    """Set r3 to the quotient and r1 to the remainder of numbers that have them, and cc 0-3; return a code.

    Only the remainder can cause exceptions: underflow, and inexact where a quotient between zero and one is rounded up.
    A quotient that is too large is scaled as by a trapped overflow, which the condition code tells.
    """
    quotient, complete = integer_quotient(form, dividend, divisor, method)
    remainder = remainder_of(dividend, divisor, quotient)
    cc = 0 if complete or remainder.kind == ZERO else INCOMPLETE
    packed = zero_result(quotient.sign)
    if quotient.kind == FINITE:
        packed = round_number(OVERFLOW_MASK, form, quotient, TOWARD_ZERO, False)
    if packed.dxc != u64(0):
        cc += OVERFLOW_OR_NAN
    result = zero_result(remainder.sign)
    if remainder.kind == FINITE:
        result = round_number(cpu.fpc, form, remainder, current_method(cpu.fpc), False)
    return finish_both(cpu, form, r1, r3, result, packed, cc)


@jit
def divide_to_integer(cpu, storage, form, insn):
    """Divide r1 by r2, rounding the quotient by the method in M4; return a code."""
    r1, r2, r3 = rrf_b(insn)
    code = availability(cpu, u64(0))
    if code == 0 and (r1 == r2 or r1 == r3 or r2 == r3):
        code = SPECIFICATION
    if code == 0:
        code = method_code(storage, r20(insn))
    if code != 0:
        return code
    dividend, divisor, fpc = number_in(cpu, form, r1), number_in(cpu, form, r2), cpu.fpc
    if is_nan(dividend) or is_nan(divisor):
        nan = nan_result(fpc, form, either_nan(dividend, divisor))
        return finish_both(cpu, form, r1, r3, nan, nan, OVERFLOW_OR_NAN)
    if dividend.kind == INFINITY or divisor.kind == ZERO:
        nan = invalid_operation(fpc, form)
        return finish_both(cpu, form, r1, r3, nan, nan, OVERFLOW_OR_NAN)
    return quotient_and_remainder(cpu, form, r1, r3, dividend, divisor, method_of(fpc, r20(insn)))


@jit
def diebr(cpu, storage, insn):
    """DIVIDE TO INTEGER (short BFP), RRF-b. PoP ch. 19 "DIVIDE TO INTEGER". cc 0-3."""
    return divide_to_integer(cpu, storage, SHORT, insn)


@jit
def didbr(cpu, storage, insn):
    """DIVIDE TO INTEGER (long BFP), RRF-b. PoP ch. 19 "DIVIDE TO INTEGER". cc 0-3."""
    return divide_to_integer(cpu, storage, LONG, insn)
