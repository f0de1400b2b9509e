"""COMPARE, COMPARE AND SIGNAL, TEST DATA CLASS: PoP ch. 19."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, slow_way, u64
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.bfp_host import host_order
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    GREATEST_EXPONENT,
    INFINITY,
    LONG,
    QNAN,
    SHORT,
    SNAN,
    ZERO,
    is_nan,
    less,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import (
    availability,
    datum,
    number_in,
    pairs_of,
    register_operands,
    storage_operands,
)
from s390emu.isa.floating_point.bfp_rounding import DXC_INVALID
from s390emu.isa.floating_point.fpc import INVALID_FLAG, INVALID_MASK
from s390emu.isa.operands import rx

EQUAL, LOW, HIGH, UNORDERED = 0, 1, 2, 3  # condition codes
LEFTMOST_CLASS = u64(1 << 11)  # zero with a plus sign; classes come in pairs, plus and minus
CLASS_OF_NUMBER, CLASS_OF_SUBNORMAL, CLASS_OF_INFINITY, CLASS_OF_QNAN, CLASS_OF_SNAN = (u64(n) for n in range(2, 12, 2))


@jit
def less_in_magnitude(first, second):
    """True if the first of two FINITE numbers has the smaller magnitude."""
    if first.exponent != second.exponent:
        return first.exponent < second.exponent
    return less(first.high, first.low, second.high, second.low)


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
def compare_data(cpu, form, r1, second, signal):
    """Set the condition code by r1 and the second operand; return a code. signal: True if a QNaN is invalid too."""
    first = datum(cpu, form, r1)
    if form != EXTENDED:
        order = host_order(form, first.high, second.high)
        if order != UNORDERED:
            cpu.cc = order
            return 0
        slow_way()
    return compare_by_kind(cpu, unpack(form, first.high, first.low), unpack(form, second.high, second.low), signal)


@jit
def compare_by_kind(cpu, first, second, signal):
    """Set the condition code by two numbers; return a code. signal: as of `compare_data`."""
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
def compare(cpu, form, r1, second):
    return compare_data(cpu, form, r1, second, False)


@jit
def compare_and_signal(cpu, form, r1, second):
    return compare_data(cpu, form, r1, second, True)


@jit
def class_of(form, number):
    """Return the bit of the second-operand address that stands for a datum's class and sign."""
    if number.kind == QNAN:
        place = CLASS_OF_QNAN
    elif number.kind == SNAN:
        place = CLASS_OF_SNAN
    elif number.kind == INFINITY:
        place = CLASS_OF_INFINITY
    elif number.kind == FINITE:
        normal = number.exponent > i64(0) - GREATEST_EXPONENT[form]
        place = CLASS_OF_NUMBER if normal else CLASS_OF_SUBNORMAL
    else:
        place = u64(0)
    return LEFTMOST_CLASS >> (place + number.sign)


@jit
def test_data_class(cpu, form, insn):
    """Set cc 1 if the class and sign of r1 are among those that the second-operand address selects, else 0; return a
    code."""
    r1, selected = rx(cpu, insn)
    code = availability(cpu, pairs_of(form, r1))
    if code == 0:
        cpu.cc = 1 if on(selected, class_of(form, number_in(cpu, form, r1))) else 0
    return code


@jit
def cebr(cpu, storage, insn):
    """COMPARE (short BFP), RRE. PoP ch. 19 "COMPARE". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def cdbr(cpu, storage, insn):
    """COMPARE (long BFP), RRE. PoP ch. 19 "COMPARE". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)


@jit
def cxbr(cpu, storage, insn):
    """COMPARE (extended BFP), RRE. PoP ch. 19 "COMPARE". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else compare(cpu, EXTENDED, r1, second)


@jit
def ceb(cpu, storage, insn):
    """COMPARE (short BFP), RXE. PoP ch. 19 "COMPARE". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def cdb(cpu, storage, insn):
    """COMPARE (long BFP), RXE. PoP ch. 19 "COMPARE". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)


@jit
def kebr(cpu, storage, insn):
    """COMPARE AND SIGNAL (short BFP), RRE. PoP ch. 19 "COMPARE AND SIGNAL". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else compare_and_signal(cpu, SHORT, r1, second)


@jit
def kdbr(cpu, storage, insn):
    """COMPARE AND SIGNAL (long BFP), RRE. PoP ch. 19 "COMPARE AND SIGNAL". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else compare_and_signal(cpu, LONG, r1, second)


@jit
def kxbr(cpu, storage, insn):
    """COMPARE AND SIGNAL (extended BFP), RRE. PoP ch. 19 "COMPARE AND SIGNAL". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else compare_and_signal(cpu, EXTENDED, r1, second)


@jit
def keb(cpu, storage, insn):
    """COMPARE AND SIGNAL (short BFP), RXE. PoP ch. 19 "COMPARE AND SIGNAL". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else compare_and_signal(cpu, SHORT, r1, second)


@jit
def kdb(cpu, storage, insn):
    """COMPARE AND SIGNAL (long BFP), RXE. PoP ch. 19 "COMPARE AND SIGNAL". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else compare_and_signal(cpu, LONG, r1, second)


@jit
def tceb(cpu, storage, insn):
    """TEST DATA CLASS (short BFP), RXE. PoP ch. 19 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, SHORT, insn)


@jit
def tcdb(cpu, storage, insn):
    """TEST DATA CLASS (long BFP), RXE. PoP ch. 19 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, LONG, insn)


@jit
def tcxb(cpu, storage, insn):
    """TEST DATA CLASS (extended BFP), RXE. PoP ch. 19 "TEST DATA CLASS". cc 0, 1."""
    return test_data_class(cpu, EXTENDED, insn)
