"""VECTOR FP MAXIMUM and VECTOR FP MINIMUM: PoP ch. 24.

M6 says whose function it is, for numbers that are equal and for NaNs: 0 IEEE's maxNum, 1 Java's Math.max, 2 the macro
of C, 3 the algorithm of C++, 4 C's fmax; 8 IEEE's maxNumMag, which compares absolute values, and 9 to 12 functions 1 to
4 of absolute values. Plus zero is greater than minus zero, but in 2 and 3, where the comparison is one of a program: a
NaN of either kind is invalid there. In 2, 3 and 4 an operand is the result as it is, an SNaN too. What QEMU told, and
was not remembered: in 8 the sign stays, and in 4 the first of two NaNs is taken.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.isa.floating_point.bfp_compare import ordered
from s390emu.isa.floating_point.bfp_numbers import SIGN, SNAN, Datum, is_nan, unpack
from s390emu.isa.floating_point.bfp_rounding import either_nan, exact_result, invalid_result, nan_result
from s390emu.isa.vector.floating_point import (
    EQUAL,
    HIGH,
    LOW,
    REST_OF_SINGLE,
    ZERO,
    count_of,
    datum_in,
    exception,
    form_of,
    no_format,
    with_datum,
)
from s390emu.isa.vector.registers import (
    availability,
    mask24,
    mask28,
    mask32,
    set_vector,
    v8,
    v12,
    v16,
    vector,
    zero_vector,
)

IEEE, JAVA, MACRO, ALGORITHM, FMAX = (u64(n) for n in range(5))  # functions
ABSOLUTE, FUNCTION = u64(8), u64(7)  # a bit of M6, and the others


@jit
def absolute(datum):
    return Datum(datum.high & ~SIGN, datum.low)


@jit
def order_of_magnitudes(form, first_datum, second_datum):
    """Return the condition code of comparing the absolute values of numbers, no NaNs, which are packed."""
    first, second = absolute(first_datum), absolute(second_datum)
    return ordered(unpack(form, first[0], first[1]), unpack(form, second[0], second[1]))


@jit
def second_is_taken(function, minimum, order, first, second):
    """True if of two numbers, no NaNs, in this order (a condition code), the second is the result."""
    if order != EQUAL:
        return order == (HIGH if minimum else LOW)
    if function == MACRO or function == ALGORITHM:
        return function == MACRO
    return first.sign != second.sign and (second.sign != ZERO) == minimum


@jit
def result_with_nan(fpc, form, function, first, second, first_datum, second_datum):
    """Return the Result where at least one of two Numbers is a NaN; the packed data are (high, low)."""
    if function == MACRO:
        return invalid_result(fpc, second_datum[0], second_datum[1])
    if function == ALGORITHM:
        return invalid_result(fpc, first_datum[0], first_datum[1])
    invalid, both = first.kind == SNAN or second.kind == SNAN, is_nan(first) and is_nan(second)
    if function == JAVA or (function == IEEE and (invalid or both)):
        return nan_result(fpc, form, either_nan(first, second))
    other = second_datum if is_nan(first) and not both else first_datum
    return invalid_result(fpc, other[0], other[1]) if invalid else exact_result(other[0], other[1])


@jit
def extreme(fpc, form, function, minimum, by_magnitude, first_datum, second_datum):
    """Return the Result of two packed data, each (high, low)."""
    first, second = unpack(form, first_datum[0], first_datum[1]), unpack(form, second_datum[0], second_datum[1])
    if is_nan(first) or is_nan(second):
        return result_with_nan(fpc, form, function, first, second, first_datum, second_datum)
    order = order_of_magnitudes(form, first_datum, second_datum) if by_magnitude else EQUAL
    if order == EQUAL:
        order = ordered(first, second)
    taken = second_datum if second_is_taken(function, minimum, order, first, second) else first_datum
    return exact_result(taken[0], taken[1])


@jit
def extremes(cpu, storage, insn, minimum):
    """Execute VECTOR FP MINIMUM or MAXIMUM; return a code."""
    mask, controls, chosen = mask32(insn), mask28(insn), mask24(insn)
    function = chosen & FUNCTION
    code = availability(cpu, no_format(storage, mask) or on(controls, REST_OF_SINGLE) or function > FMAX)
    if code != 0:
        return code
    form, second, third = form_of(mask), vector(cpu, v12(insn)), vector(cpu, v16(insn))
    value, flags = zero_vector(), ZERO
    for n in range(count_of(form, controls)):
        a, b = datum_in(second, form, n), datum_in(third, form, n)
        if on(chosen, ABSOLUTE) and function != IEEE:
            a, b = absolute(a), absolute(b)
        result = extreme(cpu.fpc, form, function, minimum, chosen == ABSOLUTE, a, b)
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def vfmin(cpu, storage, insn):
    """VECTOR FP MINIMUM, VRR-c. PoP ch. 24 "VECTOR FP MINIMUM". cc unchanged."""
    return extremes(cpu, storage, insn, True)


@jit
def vfmax(cpu, storage, insn):
    """VECTOR FP MAXIMUM, VRR-c. PoP ch. 24 "VECTOR FP MAXIMUM". cc unchanged."""
    return extremes(cpu, storage, insn, False)
