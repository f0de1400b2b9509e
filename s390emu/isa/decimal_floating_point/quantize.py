"""QUANTIZE, REROUND: PoP ch. 20. The third operand is given another quantum; M4 has the rounding method. Neither
overflow nor underflow is recognized."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.isa.decimal_floating_point.digits import digit_count, is_none, right_by_one, shift_left
from s390emu.isa.decimal_floating_point.exponent import SHIFT_BITS
from s390emu.isa.decimal_floating_point.load import exact_number
from s390emu.isa.decimal_floating_point.numbers import GREATEST_EXPONENT, PRECISION, pack
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.decimal_floating_point.rounding import (
    infinity_result,
    invalid_operation,
    nan_result,
    rounding_by,
    without_last,
)
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, INFINITY, LONG, is_nan
from s390emu.isa.floating_point.bfp_operands import finish, pairs_of
from s390emu.isa.floating_point.bfp_rounding import either_nan, inexact_result, kind_of_rounding
from s390emu.isa.operands import r20, rrf_b

NO_CONTROLS = u64(0)  # bits of an M4 field that there is not
SIGNIFICANCE_BITS = SHIFT_BITS  # of the general register


# --- QUANTIZE ---------------------------------------------------------------------------------------------------------


@jit
def requantized(rounding, form, number, exponent):
    """Return the Result of giving a finite number this exponent."""
    shift = number.exponent - exponent
    if is_none(number.digits):
        return exact_number(form, number.sign, exponent, number.digits)
    if shift >= 0:
        if digit_count(number.digits) + shift > PRECISION[form]:
            return invalid_operation(rounding.fpc, form)
        return exact_number(form, number.sign, exponent, shift_left(number.digits, shift))
    rounded = without_last(number.digits, i64(0) - shift, number.sign, rounding.method)
    high, low = pack(form, number.sign, exponent, rounded.digits)
    return inexact_result(rounding.fpc, high, low, u64(0), kind_of_rounding(rounded), rounding.quiet)


@jit
def quantize_result(rounding, form, second, third):
    """Return the Result of giving the third operand the quantum of the second."""
    if is_nan(second) or is_nan(third):
        return nan_result(rounding.fpc, form, either_nan(second, third))
    if second.kind == INFINITY and third.kind == INFINITY:
        return infinity_result(form, third.sign)
    if second.kind == INFINITY or third.kind == INFINITY:
        return invalid_operation(rounding.fpc, form)
    return requantized(rounding, form, third, second.exponent)


@jit
def quantize(cpu, storage, form, insn):
    """Set r1 to the number in r3 with the quantum of that in r2; return a code."""
    r1, r2, r3 = rrf_b(insn)
    code = availability(cpu, pairs_of(form, r1 | r2 | r3))
    if code != 0:
        return code
    rounding = rounding_by(cpu, storage, r20(insn), NO_CONTROLS)
    result = quantize_result(rounding, form, number_in(cpu, form, r2), number_in(cpu, form, r3))
    return finish(cpu, form, r1, result)


@jit
def qadtr(cpu, storage, insn):
    """QUANTIZE (long DFP), RRF-b. PoP ch. 20 "QUANTIZE". cc unchanged."""
    return quantize(cpu, storage, LONG, insn)


@jit
def qaxtr(cpu, storage, insn):
    """QUANTIZE (extended DFP), RRF-b. PoP ch. 20 "QUANTIZE". cc unchanged."""
    return quantize(cpu, storage, EXTENDED, insn)


# --- REROUND ----------------------------------------------------------------------------------------------------------


@jit
def reround_result(rounding, form, significance, number):
    """Return the Result of rounding a number to so many significant digits, if it has more; 0 asks for no rounding."""
    if is_nan(number):
        return nan_result(rounding.fpc, form, number)
    if number.kind == INFINITY:
        return infinity_result(form, number.sign)
    drop = digit_count(number.digits) - significance
    if significance == 0 or drop <= 0:
        return exact_number(form, number.sign, number.exponent, number.digits)
    rounded = without_last(number.digits, drop, number.sign, rounding.method)
    digits, exponent = rounded.digits, number.exponent + drop
    if digit_count(digits) > significance:
        digits, _ = right_by_one(digits)
        exponent += i64(1)
    if exponent > GREATEST_EXPONENT[form]:
        return invalid_operation(rounding.fpc, form)
    high, low = pack(form, number.sign, exponent, digits)
    return inexact_result(rounding.fpc, high, low, u64(0), kind_of_rounding(rounded), rounding.quiet)


@jit
def reround(cpu, storage, form, insn):
    """Set r1 to the number in r3 rounded to the significance in general register r2; return a code."""
    r1, r2, r3 = rrf_b(insn)
    code = availability(cpu, pairs_of(form, r1 | r3))
    if code != 0:
        return code
    rounding, significance = rounding_by(cpu, storage, r20(insn), NO_CONTROLS), i64(cpu.gr[r2] & SIGNIFICANCE_BITS)
    return finish(cpu, form, r1, reround_result(rounding, form, significance, number_in(cpu, form, r3)))


@jit
def rrdtr(cpu, storage, insn):
    """REROUND (long DFP), RRF-b. PoP ch. 20 "REROUND". cc unchanged."""
    return reround(cpu, storage, LONG, insn)


@jit
def rrxtr(cpu, storage, insn):
    """REROUND (extended DFP), RRF-b. PoP ch. 20 "REROUND". cc unchanged."""
    return reround(cpu, storage, EXTENDED, insn)
