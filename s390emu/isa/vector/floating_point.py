"""Vector floating-point instructions: PoP ch. 24, with the arithmetic of chapter 19.

A mask names the format: 2 short, 3 long, 4 extended, of which only long ones are there without vector enhancements 1;
another mask (or bit 0 of one) says that only the first element is operated on: of V1 the others, unpredictable, become
zeros. An IEEE exception that the FPC register enables suppresses the instruction with a vector-processing exception for
the first element that has one; else the flags of all elements are set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import vector_processing_exception
from s390emu.isa.floating_point.bfp_add import add_result, subtract_result
from s390emu.isa.floating_point.bfp_compare import class_of, ordered
from s390emu.isa.floating_point.bfp_convert import (
    LEAST32,
    LEAST64,
    LOGICAL32,
    LOGICAL64,
    MOST32,
    MOST64,
    NO_LEAST,
    from_integer_result,
    to_integer_result,
)
from s390emu.isa.floating_point.bfp_divide import quotient_result
from s390emu.isa.floating_point.bfp_load import converted_result
from s390emu.isa.floating_point.bfp_multiply import product_result
from s390emu.isa.floating_point.bfp_multiply_and_add import multiply_and_add_result
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, SIGN, SNAN, Datum, is_nan, unpack
from s390emu.isa.floating_point.bfp_round import integer_result
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_INVALID,
    DXC_OVERFLOW,
    DXC_UNDERFLOW,
    DXC_ZERO_DIVIDE,
    TOWARD_ZERO,
    Result,
    is_quiet,
    method_of,
    valid_method,
)
from s390emu.isa.floating_point.bfp_square_root import root_result
from s390emu.isa.floating_point.fpc import INVALID_FLAG, INVALID_MASK
from s390emu.isa.general.arithmetic import magnitude, negative
from s390emu.isa.operands import field
from s390emu.isa.vector.registers import (
    ALL_ONES,
    DOUBLEWORD,
    ENHANCEMENTS_1,
    ENHANCEMENTS_2,
    ONE,
    WORD,
    Vector,
    availability,
    element,
    enhanced,
    mask20,
    mask24,
    mask28,
    mask32,
    set_vector,
    signed,
    v8,
    v12,
    v16,
    v32,
    vector,
    with_element,
    zero_vector,
)

FORMAT_SHORT, FORMAT_LONG, FORMAT_EXTENDED = u64(2), u64(3), u64(4)  # as masks name them
SINGLE_ELEMENT, SIGNALING = u64(8), u64(4)  # bits of a mask: only the first element; a comparison that signals
REST_OF_SINGLE = u64(7)  # bits that have to be zeros beside the first one
REST_OF_ROUNDING = u64(3)  # ... beside it and the IEEE-inexact-exception control
SET_CC = u64(1)
COMPLEMENT, MAKE_NEGATIVE, MAKE_POSITIVE = u64(0), u64(1), u64(2)  # sign operations
ALL_TRUE, SOME_TRUE, NONE_TRUE = 0, 1, 3  # condition codes
EQUAL, LOW, HIGH, UNORDERED = 0, 1, 2, 3
# Vector interruption codes, bits 4-7 of a VXC; bits 0-3 are the number of the element.
VIC_INVALID, VIC_ZERO_DIVIDE, VIC_OVERFLOW, VIC_UNDERFLOW, VIC_INEXACT = (u64(n) for n in range(1, 6))
ELEMENT_SHIFT = u64(4)
ZERO = u64(0)


# --- formats and elements --------------------------------------------------------------------------------------------


@jit
def no_format(storage, mask):
    """True if a mask names no format that there is."""
    if mask == FORMAT_LONG:
        return False
    return not ((mask == FORMAT_SHORT or mask == FORMAT_EXTENDED) and enhanced(storage, ENHANCEMENTS_1))


@jit
def form_of(mask):
    """Return the format of chapter 19 that a mask names."""
    return mask - FORMAT_SHORT


@jit
def count_of(form, controls):
    """Return the number of elements that are operated on."""
    if on(controls, SINGLE_ELEMENT) or form == EXTENDED:
        return 1
    return 2 if form == LONG else 4


@jit
def datum_in(value, form, number):
    """Return the packed datum in an element."""
    if form == EXTENDED:
        return Datum(value.left, value.right)
    if form == LONG:
        return Datum(element(value, DOUBLEWORD, number), ZERO)
    return Datum(element(value, WORD, number) << WORD_BITS, ZERO)


@jit
def number_in(value, form, number):
    """Return the Number in an element."""
    high, low = datum_in(value, form, number)
    return unpack(form, high, low)


@jit
def with_datum(value, form, number, high, low):
    """Return the Vector with a packed datum in an element."""
    if form == EXTENDED:
        return Vector(high, low)
    if form == LONG:
        return with_element(value, DOUBLEWORD, number, high)
    return with_element(value, WORD, number, high >> WORD_BITS)


@jit
def exception(cpu, number, dxc):
    """Recognize the vector-processing exception that a Result's data-exception code is here; return its code."""
    if dxc >= DXC_INVALID:
        kind = VIC_INVALID
    elif dxc >= DXC_ZERO_DIVIDE:
        kind = VIC_ZERO_DIVIDE
    elif dxc >= DXC_OVERFLOW:
        kind = VIC_OVERFLOW
    else:
        kind = VIC_UNDERFLOW if dxc >= DXC_UNDERFLOW else VIC_INEXACT
    return vector_processing_exception(cpu, (u64(number) << ELEMENT_SHIFT) | kind)


# --- arithmetic ------------------------------------------------------------------------------------------------------


@jit
def operate(cpu, insn, form, controls, operation, fourth):
    """Set V1 to operation(fpc, form, datum of V2, of V3, of the Vector fourth), element by element; return a code."""
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    value, flags = zero_vector(), ZERO
    for n in range(count_of(form, controls)):
        result = operation(
            cpu.fpc, form, datum_in(second, form, n), datum_in(third, form, n), datum_in(fourth, form, n)
        )
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def of_two(cpu, storage, insn, operation):
    """Execute VRR-c; return a code."""
    form, controls = mask32(insn), mask28(insn)
    code = availability(cpu, no_format(storage, form) or on(controls, REST_OF_SINGLE))
    return code if code != 0 else operate(cpu, insn, form_of(form), controls, operation, zero_vector())


@jit
def of_three(cpu, storage, insn, operation):
    """Execute VRR-e; return a code."""
    form, controls = mask20(insn), mask28(insn)
    code = availability(cpu, no_format(storage, form) or on(controls, REST_OF_SINGLE))
    return code if code != 0 else operate(cpu, insn, form_of(form), controls, operation, vector(cpu, v32(insn)))


@jit
def added(fpc, form, second, third, fourth):
    return add_result(fpc, form, second, third)


@jit
def subtracted(fpc, form, second, third, fourth):
    return subtract_result(fpc, form, second, third)


@jit
def multiplied(fpc, form, second, third, fourth):
    return product_result(fpc, form, second, third)


@jit
def divided(fpc, form, second, third, fourth):
    return quotient_result(fpc, form, second, third)


@jit
def multiplied_and_added(fpc, form, second, third, fourth):
    return multiply_and_add_result(fpc, form, second, third, fourth, False)


@jit
def multiplied_and_subtracted(fpc, form, second, third, fourth):
    return multiply_and_add_result(fpc, form, second, third, fourth, True)


@jit
def negative_result(form, result):
    """Return the Result with the other sign; a NaN keeps its own."""
    if is_nan(unpack(form, result.high, result.low)):
        return result
    return Result(result.high ^ SIGN, result.low, result.flags, result.dxc)


@jit
def negative_multiplied_and_added(fpc, form, second, third, fourth):
    return negative_result(form, multiply_and_add_result(fpc, form, second, third, fourth, False))


@jit
def negative_multiplied_and_subtracted(fpc, form, second, third, fourth):
    return negative_result(form, multiply_and_add_result(fpc, form, second, third, fourth, True))


@jit
def root(fpc, form, second, third, fourth):
    return root_result(fpc, form, second)


@jit
def vfa(cpu, storage, insn):
    """VECTOR FP ADD, VRR-c. PoP ch. 24 "VECTOR FP ADD". cc unchanged."""
    return of_two(cpu, storage, insn, added)


@jit
def vfs(cpu, storage, insn):
    """VECTOR FP SUBTRACT, VRR-c. PoP ch. 24 "VECTOR FP SUBTRACT". cc unchanged."""
    return of_two(cpu, storage, insn, subtracted)


@jit
def vfm(cpu, storage, insn):
    """VECTOR FP MULTIPLY, VRR-c. PoP ch. 24 "VECTOR FP MULTIPLY". cc unchanged."""
    return of_two(cpu, storage, insn, multiplied)


@jit
def vfd(cpu, storage, insn):
    """VECTOR FP DIVIDE, VRR-c. PoP ch. 24 "VECTOR FP DIVIDE". cc unchanged."""
    return of_two(cpu, storage, insn, divided)


@jit
def vfma(cpu, storage, insn):
    """VECTOR FP MULTIPLY AND ADD, VRR-e. PoP ch. 24 "VECTOR FP MULTIPLY AND ADD". cc unchanged."""
    return of_three(cpu, storage, insn, multiplied_and_added)


@jit
def vfms(cpu, storage, insn):
    """VECTOR FP MULTIPLY AND SUBTRACT, VRR-e. PoP ch. 24 "VECTOR FP MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_three(cpu, storage, insn, multiplied_and_subtracted)


@jit
def vfnma(cpu, storage, insn):
    """VECTOR FP NEGATIVE MULTIPLY AND ADD, VRR-e. PoP ch. 24 "VECTOR FP NEGATIVE MULTIPLY AND ADD". cc unchanged.

    The sign is changed after rounding.
    """
    return of_three(cpu, storage, insn, negative_multiplied_and_added)


@jit
def vfnms(cpu, storage, insn):
    """VECTOR FP NEGATIVE MULTIPLY AND SUBTRACT, VRR-e. PoP ch. 24 "VECTOR FP NEGATIVE MULTIPLY AND SUBTRACT". cc
    unchanged. The sign is changed after rounding."""
    return of_three(cpu, storage, insn, negative_multiplied_and_subtracted)


@jit
def vfsq(cpu, storage, insn):
    """VECTOR FP SQUARE ROOT, VRR-a. PoP ch. 24 "VECTOR FP SQUARE ROOT". cc unchanged."""
    return of_two(cpu, storage, insn, root)


@jit
def vfpso(cpu, storage, insn):
    """VECTOR FP PERFORM SIGN OPERATION, VRR-a. PoP ch. 24 "VECTOR FP PERFORM SIGN OPERATION". cc unchanged.

    M5 is 0 to complement, 1 to make negative, 2 positive. No NaN is invalid.
    """
    mask, controls, operation = mask32(insn), mask28(insn), mask24(insn)
    invalid = no_format(storage, mask) or on(controls, REST_OF_SINGLE) or operation > MAKE_POSITIVE
    code = availability(cpu, invalid)
    if code != 0:
        return code
    form, second, value = form_of(mask), vector(cpu, v12(insn)), zero_vector()
    for n in range(count_of(form, controls)):
        high, low = datum_in(second, form, n)
        if operation == COMPLEMENT:
            high ^= SIGN
        else:
            high = high | SIGN if operation == MAKE_NEGATIVE else high & ~SIGN
        value = with_datum(value, form, n, high, low)
    return set_vector(cpu, v8(insn), value)


# --- comparisons -----------------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """cc 0 equal, 1 first operand low, 2 high, 3 unordered; and the flags and data-exception code of a Result."""

    cc: np.int64
    flags: np.uint64
    dxc: np.uint64


@jit
def compared(fpc, first, second, signaling):
    """Return the Comparison of two Numbers. signaling: a QNaN is invalid too."""
    if not (is_nan(first) or is_nan(second)):
        return Comparison(i64(ordered(first, second)), ZERO, ZERO)
    if signaling or first.kind == SNAN or second.kind == SNAN:
        if on(fpc, INVALID_MASK):
            return Comparison(i64(UNORDERED), ZERO, DXC_INVALID)
        return Comparison(i64(UNORDERED), INVALID_FLAG, ZERO)
    return Comparison(i64(UNORDERED), ZERO, ZERO)


@jit
def compare_scalars(cpu, storage, insn, signaling):
    """Set cc by the first elements of V1 and V2; return a code."""
    mask = mask32(insn)
    code = availability(cpu, no_format(storage, mask) or mask28(insn) != ZERO)
    if code != 0:
        return code
    form, first, second = form_of(mask), vector(cpu, v8(insn)), vector(cpu, v12(insn))
    found = compared(cpu.fpc, number_in(first, form, 0), number_in(second, form, 0), signaling)
    if found.dxc != ZERO:
        return exception(cpu, 0, found.dxc)
    cpu.fpc |= found.flags
    cpu.cc = found.cc
    return 0


@jit
def wfc(cpu, storage, insn):
    """VECTOR FP COMPARE SCALAR, VRR-a. PoP ch. 24 "VECTOR FP COMPARE SCALAR". cc 0 equal, 1 low, 2 high, 3 unordered.
    """
    return compare_scalars(cpu, storage, insn, False)


@jit
def wfk(cpu, storage, insn):
    """VECTOR FP COMPARE AND SIGNAL SCALAR, VRR-a. PoP ch. 24 "VECTOR FP COMPARE AND SIGNAL SCALAR". cc 0 equal, 1 low,
    2 high, 3 unordered."""
    return compare_scalars(cpu, storage, insn, True)


@jit
def compare_elements(cpu, storage, insn, wanted, also):
    """Set the elements of V1 to ones where the comparison gives either of two condition codes, else to zeros, and cc if
    M6 says so: 0 all of them, 1 some, 3 none; return a code. A comparison that signals is of vector enhancements 1."""
    mask, controls = mask32(insn), mask28(insn)
    signaling = on(controls, SIGNALING)
    invalid = no_format(storage, mask) or on(controls, REST_OF_ROUNDING) or mask24(insn) > SET_CC
    code = availability(cpu, invalid or (signaling and not enhanced(storage, ENHANCEMENTS_1)))
    if code != 0:
        return code
    form, second, third = form_of(mask), vector(cpu, v12(insn)), vector(cpu, v16(insn))
    value, flags, true, count = zero_vector(), ZERO, 0, count_of(form, controls)
    for n in range(count):
        found = compared(cpu.fpc, number_in(second, form, n), number_in(third, form, n), signaling)
        if found.dxc != ZERO:
            return exception(cpu, n, found.dxc)
        flags |= found.flags
        if found.cc == wanted or found.cc == also:
            true += 1
            value = with_datum(value, form, n, ALL_ONES, ALL_ONES)
    cpu.fpc |= flags
    if on(mask24(insn), SET_CC):
        cpu.cc = cc_of_count(true, count)
    return set_vector(cpu, v8(insn), value)


@jit
def cc_of_count(true, count):
    """Return the condition code of so many elements that are true, among those operated on."""
    return ALL_TRUE if true == count else NONE_TRUE if true == 0 else SOME_TRUE


@jit
def vfce(cpu, storage, insn):
    """VECTOR FP COMPARE EQUAL, VRR-c. PoP ch. 24 "VECTOR FP COMPARE EQUAL". cc unchanged, or 0, 1, 3 if M6 says so."""
    return compare_elements(cpu, storage, insn, EQUAL, EQUAL)


@jit
def vfch(cpu, storage, insn):
    """VECTOR FP COMPARE HIGH, VRR-c. PoP ch. 24 "VECTOR FP COMPARE HIGH". cc unchanged, or 0, 1, 3 if M6 says so."""
    return compare_elements(cpu, storage, insn, HIGH, HIGH)


@jit
def vfche(cpu, storage, insn):
    """VECTOR FP COMPARE HIGH OR EQUAL, VRR-c. PoP ch. 24 "VECTOR FP COMPARE HIGH OR EQUAL". cc unchanged, or 0, 1, 3 if
    M6 says so."""
    return compare_elements(cpu, storage, insn, HIGH, EQUAL)


@jit
def vftci(cpu, storage, insn):
    """VECTOR FP TEST DATA CLASS IMMEDIATE, VRI-e. PoP ch. 24 "VECTOR FP TEST DATA CLASS IMMEDIATE". cc 0 all elements
    are of a selected class, 1 some, 3 none."""
    mask, controls = mask32(insn), mask28(insn)
    code = availability(cpu, no_format(storage, mask) or on(controls, REST_OF_SINGLE))
    if code != 0:
        return code
    form, second, selected = form_of(mask), vector(cpu, v12(insn)), field(insn, u64(16), u64(12))
    value, true, count = zero_vector(), 0, count_of(form, controls)
    for n in range(count):
        if on(selected, class_of(form, number_in(second, form, n))):
            true += 1
            value = with_datum(value, form, n, ALL_ONES, ALL_ONES)
    cpu.cc = cc_of_count(true, count)
    return set_vector(cpu, v8(insn), value)


# --- conversions -----------------------------------------------------------------------------------------------------


@jit
def invalid_rounding(insn):
    """True if M4 or M5 of a conversion is invalid: bits 2 and 3 of the one, the rounding method of the other."""
    return on(mask28(insn), REST_OF_ROUNDING) or not valid_method(mask24(insn))


@jit
def vfi(cpu, storage, insn):
    """VECTOR LOAD FP INTEGER, VRR-a. PoP ch. 24 "VECTOR LOAD FP INTEGER". cc unchanged."""
    mask, controls = mask32(insn), mask28(insn)
    code = availability(cpu, no_format(storage, mask) or invalid_rounding(insn))
    if code != 0:
        return code
    form, second = form_of(mask), vector(cpu, v12(insn))
    method, value, flags = method_of(cpu.fpc, mask24(insn)), zero_vector(), ZERO
    for n in range(count_of(form, controls)):
        high, low = datum_in(second, form, n)
        result = integer_result(cpu.fpc, form, high, low, method, is_quiet(controls))
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def vfll(cpu, storage, insn):
    """VECTOR FP LOAD LENGTHENED, VRR-a. PoP ch. 24 "VECTOR FP LOAD LENGTHENED". cc unchanged.

    Words 0 and 2 become doublewords; with vector enhancements 1 doubleword 0 the quadword. The number of an element is
    that in V1.
    """
    mask, controls = mask32(insn), mask28(insn)
    lengthens = mask == FORMAT_SHORT or (mask == FORMAT_LONG and enhanced(storage, ENHANCEMENTS_1))
    code = availability(cpu, not lengthens or on(controls, REST_OF_SINGLE))
    if code != 0:
        return code
    source, second, value, flags = form_of(mask), vector(cpu, v12(insn)), zero_vector(), ZERO
    form = source + ONE
    for n in range(count_of(form, controls)):
        result = converted_result(cpu.fpc, form, number_in(second, source, 2 * n), TOWARD_ZERO, False)
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def vflr(cpu, storage, insn):
    """VECTOR FP LOAD ROUNDED, VRR-a. PoP ch. 24 "VECTOR FP LOAD ROUNDED". cc unchanged.

    Doublewords become words 0 and 2, with vector enhancements 1 the quadword doubleword 0; what is beside them is
    unpredictable, here zeros. The number of an element is that in V2.
    """
    mask, controls = mask32(insn), mask28(insn)
    code = availability(cpu, mask == FORMAT_SHORT or no_format(storage, mask) or invalid_rounding(insn))
    if code != 0:
        return code
    source, second = form_of(mask), vector(cpu, v12(insn))
    form, method, value, flags = source - ONE, method_of(cpu.fpc, mask24(insn)), zero_vector(), ZERO
    for n in range(count_of(source, controls)):
        result = converted_result(cpu.fpc, form, number_in(second, source, n), method, is_quiet(controls))
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, 2 * n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def no_integers(storage, mask):
    """True if there is no conversion between a format and integers of its size; short ones are of enhancements 2."""
    return not (mask == FORMAT_LONG or (mask == FORMAT_SHORT and enhanced(storage, ENHANCEMENTS_2)))


@jit
def convert_to_integers(cpu, storage, insn, logical):
    """Set V1 to the numbers in V2 as integers of their size; return a code."""
    mask, controls = mask32(insn), mask28(insn)
    code = availability(cpu, no_integers(storage, mask) or invalid_rounding(insn))
    if code != 0:
        return code
    form, second, method = form_of(mask), vector(cpu, v12(insn)), method_of(cpu.fpc, mask24(insn))
    most, least = (LOGICAL64, NO_LEAST) if logical else (MOST64, LEAST64)
    if form == SHORT:
        most, least = (LOGICAL32, NO_LEAST) if logical else (MOST32, LEAST32)
    value, flags = zero_vector(), ZERO
    for n in range(count_of(form, controls)):
        result, _ = to_integer_result(cpu.fpc, number_in(second, form, n), method, is_quiet(controls), most, least)
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_element(value, mask, n, result.high)  # WORD and DOUBLEWORD are the numbers of the formats
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def convert_from_integers(cpu, storage, insn, logical):
    """Set V1 to the integers in V2 as numbers of their size; return a code."""
    mask, controls = mask32(insn), mask28(insn)
    code = availability(cpu, no_integers(storage, mask) or invalid_rounding(insn))
    if code != 0:
        return code
    form, second, method = form_of(mask), vector(cpu, v12(insn)), method_of(cpu.fpc, mask24(insn))
    value, flags = zero_vector(), ZERO
    for n in range(count_of(form, controls)):
        content = element(second, mask, n)
        content = content if logical else u64(signed(mask, content))
        minus = not logical and negative(content)
        sign, size = (ONE, magnitude(content)) if minus else (ZERO, content)
        result = from_integer_result(cpu.fpc, form, sign, size, method, is_quiet(controls))
        if result.dxc != ZERO:
            return exception(cpu, n, result.dxc)
        flags |= result.flags
        value = with_datum(value, form, n, result.high, result.low)
    cpu.fpc |= flags
    return set_vector(cpu, v8(insn), value)


@jit
def vcsfp(cpu, storage, insn):
    """VECTOR FP CONVERT TO FIXED, VRR-a. PoP ch. 24 "VECTOR FP CONVERT TO FIXED". cc unchanged."""
    return convert_to_integers(cpu, storage, insn, False)


@jit
def vclfp(cpu, storage, insn):
    """VECTOR FP CONVERT TO LOGICAL, VRR-a. PoP ch. 24 "VECTOR FP CONVERT TO LOGICAL". cc unchanged."""
    return convert_to_integers(cpu, storage, insn, True)


@jit
def vcfps(cpu, storage, insn):
    """VECTOR FP CONVERT FROM FIXED, VRR-a. PoP ch. 24 "VECTOR FP CONVERT FROM FIXED". cc unchanged."""
    return convert_from_integers(cpu, storage, insn, False)


@jit
def vcfpl(cpu, storage, insn):
    """VECTOR FP CONVERT FROM LOGICAL, VRR-a. PoP ch. 24 "VECTOR FP CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_integers(cpu, storage, insn, True)
