"""COMPARE, COMPARE AND SIGNAL, COMPARE BIASED EXPONENT, TEST DATA CLASS, TEST DATA GROUP: PoP ch. 20."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal_floating_point.digits import digit_count, less, shift_left
from s390emu.isa.decimal_floating_point.numbers import GREATEST_EXPONENT, PRECISION, leftmost_digit
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.floating_point.bfp_compare import EQUAL, HIGH, LEFTMOST_CLASS, LOW, UNORDERED
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    INFINITY,
    LONG,
    QNAN,
    SHORT,
    SNAN,
    ZERO,
    is_nan,
)
from s390emu.isa.floating_point.bfp_operands import pairs_of
from s390emu.isa.floating_point.bfp_rounding import DXC_INVALID
from s390emu.isa.floating_point.fpc import INVALID_FLAG, INVALID_MASK
from s390emu.isa.operands import rre, rx

# Classes and groups by their place: the bits of the second-operand address come in pairs, plus and minus.
CLASS_OF_SUBNORMAL, CLASS_OF_NUMBER, CLASS_OF_INFINITY, CLASS_OF_QNAN, CLASS_OF_SNAN = (u64(n) for n in range(2, 12, 2))
ZERO_EXTREME, EXTREME, LEFTMOST_ZERO, LEFTMOST_DIGIT, SPECIAL = (u64(n) for n in range(2, 12, 2))
FIRST_PLACE = u64(0)  # of zeros; in a group of those without an extreme exponent

# --- COMPARE, COMPARE AND SIGNAL --------------------------------------------------------------------------------------


@jit
def less_in_magnitude(first, second):
    """True if the first of two FINITE numbers has the smaller magnitude."""
    length, other = digit_count(first.digits) + first.exponent, digit_count(second.digits) + second.exponent
    if length != other:
        return length < other
    distance = first.exponent - second.exponent
    if distance > 0:
        return less(shift_left(first.digits, distance), second.digits)
    return less(first.digits, shift_left(second.digits, i64(0) - distance))


@jit
def ordered(first, second):
    """Return the condition code of comparing numbers, of which none is a NaN."""
    if first.kind == ZERO and second.kind == ZERO:
        return EQUAL
    if first.kind == ZERO:
        return LOW if second.sign == u64(0) else HIGH
    above, below = (HIGH, LOW) if first.sign == u64(0) else (LOW, HIGH)
    if second.kind == ZERO or first.sign != second.sign:
        return above
    if first.kind == INFINITY or second.kind == INFINITY:
        return EQUAL if first.kind == second.kind else above if first.kind == INFINITY else below
    if less_in_magnitude(first, second):
        return below
    return above if less_in_magnitude(second, first) else EQUAL


@jit
def compare(cpu, form, insn, signal):
    """Set the condition code by r1 and r2; return a code. signal: True if a QNaN is invalid too."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code != 0:
        return code
    first, second = number_in(cpu, form, r1), number_in(cpu, form, r2)
    if not (is_nan(first) or is_nan(second)):
        cpu.cc = ordered(first, second)
        return 0
    if signal or first.kind == SNAN or second.kind == SNAN:
        if on(cpu.fpc, INVALID_MASK):
            return data_exception(cpu, DXC_INVALID)
        cpu.fpc |= INVALID_FLAG
    cpu.cc = UNORDERED
    return 0


@jit
def cdtr(cpu, storage, insn):
    """COMPARE (long DFP), RRE. PoP ch. 20 "COMPARE". cc 0-3."""
    return compare(cpu, LONG, insn, False)


@jit
def cxtr(cpu, storage, insn):
    """COMPARE (extended DFP), RRE. PoP ch. 20 "COMPARE". cc 0-3."""
    return compare(cpu, EXTENDED, insn, False)


@jit
def kdtr(cpu, storage, insn):
    """COMPARE AND SIGNAL (long DFP), RRE. PoP ch. 20 "COMPARE AND SIGNAL". cc 0-3."""
    return compare(cpu, LONG, insn, True)


@jit
def kxtr(cpu, storage, insn):
    """COMPARE AND SIGNAL (extended DFP), RRE. PoP ch. 20 "COMPARE AND SIGNAL". cc 0-3."""
    return compare(cpu, EXTENDED, insn, True)


# --- COMPARE BIASED EXPONENT ------------------------------------------------------------------------------------------


@jit
def exponents_ordered(first, second):
    """Return the condition code of comparing exponents: those of two infinities, or two NaNs, are equal."""
    if is_nan(first) and is_nan(second):
        return EQUAL
    if first.kind <= FINITE and second.kind <= FINITE:
        if first.exponent == second.exponent:
            return EQUAL
        return LOW if first.exponent < second.exponent else HIGH
    return EQUAL if first.kind == second.kind else UNORDERED


@jit
def compare_exponents(cpu, form, insn):
    """Set the condition code by the biased exponents of r1 and r2; return a code. No NaN is invalid."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code == 0:
        cpu.cc = exponents_ordered(number_in(cpu, form, r1), number_in(cpu, form, r2))
    return code


@jit
def cedtr(cpu, storage, insn):
    """COMPARE BIASED EXPONENT (long DFP), RRE. PoP ch. 20 "COMPARE BIASED EXPONENT". cc 0-3."""
    return compare_exponents(cpu, LONG, insn)


@jit
def cextr(cpu, storage, insn):
    """COMPARE BIASED EXPONENT (extended DFP), RRE. PoP ch. 20 "COMPARE BIASED EXPONENT". cc 0-3."""
    return compare_exponents(cpu, EXTENDED, insn)


# --- TEST DATA CLASS, TEST DATA GROUP ---------------------------------------------------------------------------------


@jit
def class_of(form, number):
    """Return the place of a datum's class with a plus sign."""
    if number.kind == SNAN:
        return CLASS_OF_SNAN
    if number.kind == QNAN:
        return CLASS_OF_QNAN
    if number.kind == INFINITY:
        return CLASS_OF_INFINITY
    if number.kind == ZERO:
        return FIRST_PLACE
    tiny = digit_count(number.digits) + number.exponent < PRECISION[form]
    return CLASS_OF_SUBNORMAL if tiny else CLASS_OF_NUMBER


@jit
def group_of(form, number):
    """Return the place of a datum's group with a plus sign. An exponent is extreme if it is the least or the
    greatest."""
    if number.kind > FINITE:
        return SPECIAL
    extreme = number.exponent == 0 or number.exponent == GREATEST_EXPONENT[form]
    if number.kind == ZERO:
        return ZERO_EXTREME if extreme else FIRST_PLACE
    if extreme:
        return EXTREME
    return LEFTMOST_ZERO if leftmost_digit(form, number.digits) == u64(0) else LEFTMOST_DIGIT


@jit
def test_place(cpu, insn, place, sign):
    """Set cc 1 if the second-operand address selects this place with this sign, else 0."""
    _, selected = rx(cpu, insn)
    cpu.cc = 1 if on(selected, LEFTMOST_CLASS >> (place + sign)) else 0


@jit
def test_data_class(cpu, form, insn):
    """Set the condition code by the class and sign of r1; return a code."""
    r1, _ = rx(cpu, insn)
    code = availability(cpu, pairs_of(form, r1))
    if code == 0:
        number = number_in(cpu, form, r1)
        test_place(cpu, insn, class_of(form, number), number.sign)
    return code


@jit
def test_data_group(cpu, form, insn):
    """Set the condition code by the group and sign of r1; return a code."""
    r1, _ = rx(cpu, insn)
    code = availability(cpu, pairs_of(form, r1))
    if code == 0:
        number = number_in(cpu, form, r1)
        test_place(cpu, insn, group_of(form, number), number.sign)
    return code


@jit
def tdcet(cpu, storage, insn):
    """TEST DATA CLASS (short DFP), RXE. PoP ch. 20 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, SHORT, insn)


@jit
def tdcdt(cpu, storage, insn):
    """TEST DATA CLASS (long DFP), RXE. PoP ch. 20 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, LONG, insn)


@jit
def tdcxt(cpu, storage, insn):
    """TEST DATA CLASS (extended DFP), RXE. PoP ch. 20 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, EXTENDED, insn)


@jit
def tdget(cpu, storage, insn):
    """TEST DATA GROUP (short DFP), RXE. PoP ch. 20 "TEST DATA GROUP". cc 0, 1."""
    return test_data_group(cpu, SHORT, insn)


@jit
def tdgdt(cpu, storage, insn):
    """TEST DATA GROUP (long DFP), RXE. PoP ch. 20 "TEST DATA GROUP". cc 0, 1."""
    return test_data_group(cpu, LONG, insn)


@jit
def tdgxt(cpu, storage, insn):
    """TEST DATA GROUP (extended DFP), RXE. PoP ch. 20 "TEST DATA GROUP". cc 0, 1."""
    return test_data_group(cpu, EXTENDED, insn)
