"""LOAD AND TEST, LOAD LENGTHENED, LOAD ROUNDED, LOAD FP INTEGER: PoP ch. 20."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.isa.decimal_floating_point.numbers import BIAS, pack, pack_special
from s390emu.isa.decimal_floating_point.operands import availability, finish_with_cc, number_in
from s390emu.isa.decimal_floating_point.rounding import (
    infinity_result,
    nan_result,
    round_from,
    rounding_by,
    without_last,
)
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, FINITE, INFINITY, LONG, SHORT, is_nan
from s390emu.isa.floating_point.bfp_operands import finish, pairs_of
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_UNDERFLOW,
    exact_result,
    inexact_result,
    kind_of_rounding,
)
from s390emu.isa.operands import r16, r20, rre

INVALID_CONTROL = u64(1)  # bit 3 of M4: the IEEE-invalid-operation-exception control


@jit
def exact_number(form, sign, exponent, digits):
    """Return the Result that is this number."""
    high, low = pack(form, sign, exponent, digits)
    return exact_result(high, low)


@jit
def special_result(fpc, form, number, quiet):
    """Return the Result of loading an infinity or NaN. quiet: True if an SNaN remains one, without an exception, and
    an infinity keeps the digits of its declets."""
    if quiet:
        high, low = pack_special(form, number.kind, number.sign, number.digits)
        return exact_result(high, low)
    if number.kind == INFINITY:
        return infinity_result(form, number.sign)
    return nan_result(fpc, form, number)


# --- LOAD AND TEST ----------------------------------------------------------------------------------------------------


@jit
def load_and_test(cpu, form, insn):
    """Load r2 into r1, in its canonical form, and set cc 0-3; an SNaN is invalid. Return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code != 0:
        return code
    number = number_in(cpu, form, r2)
    if number.kind > FINITE:
        return finish_with_cc(cpu, form, r1, special_result(cpu.fpc, form, number, False))
    return finish_with_cc(cpu, form, r1, exact_number(form, number.sign, number.exponent, number.digits))


@jit
def ltdtr(cpu, storage, insn):
    """LOAD AND TEST (long DFP), RRE. PoP ch. 20 "LOAD AND TEST". cc 0-3."""
    return load_and_test(cpu, LONG, insn)


@jit
def ltxtr(cpu, storage, insn):
    """LOAD AND TEST (extended DFP), RRE. PoP ch. 20 "LOAD AND TEST". cc 0-3."""
    return load_and_test(cpu, EXTENDED, insn)


# --- LOAD LENGTHENED --------------------------------------------------------------------------------------------------


@jit
def load_lengthened(cpu, form, source, insn):
    """Set r1 to r2 in a longer format, with the same quantum; return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1))
    if code != 0:
        return code
    number = number_in(cpu, source, r2)
    if number.kind > FINITE:
        quiet = on(r20(insn), INVALID_CONTROL)
        return finish(cpu, form, r1, special_result(cpu.fpc, form, number, quiet))
    exponent = number.exponent - BIAS[source] + BIAS[form]
    return finish(cpu, form, r1, exact_number(form, number.sign, exponent, number.digits))


@jit
def ldetr(cpu, storage, insn):
    """LOAD LENGTHENED (short to long DFP), RRF-d. PoP ch. 20 "LOAD LENGTHENED". cc unchanged."""
    return load_lengthened(cpu, LONG, SHORT, insn)


@jit
def lxdtr(cpu, storage, insn):
    """LOAD LENGTHENED (long to extended DFP), RRF-d. PoP ch. 20 "LOAD LENGTHENED". cc unchanged."""
    return load_lengthened(cpu, EXTENDED, LONG, insn)


# --- LOAD ROUNDED -----------------------------------------------------------------------------------------------------


@jit
def load_rounded(cpu, storage, form, source, insn):
    """Set r1 to r2 in a shorter format; return a code. A trapped overflow or underflow leaves a result in the format of
    the source, so both operands are its registers or pairs."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(source, r1 | r2))
    if code != 0:
        return code
    number, m4 = number_in(cpu, source, r2), r20(insn)
    if number.kind > FINITE:
        return finish(cpu, form, r1, special_result(cpu.fpc, form, number, on(m4, INVALID_CONTROL)))
    rounding, exponent = rounding_by(cpu, storage, r16(insn), m4), number.exponent - BIAS[source] + BIAS[form]
    result = round_from(rounding, form, source, number.sign, number.digits, exponent, exponent)
    return finish(cpu, source if result.dxc >= DXC_UNDERFLOW else form, r1, result)


@jit
def ledtr(cpu, storage, insn):
    """LOAD ROUNDED (long to short DFP), RRF-e. PoP ch. 20 "LOAD ROUNDED". cc unchanged."""
    return load_rounded(cpu, storage, SHORT, LONG, insn)


@jit
def ldxtr(cpu, storage, insn):
    """LOAD ROUNDED (extended to long DFP), RRF-e. PoP ch. 20 "LOAD ROUNDED". cc unchanged."""
    return load_rounded(cpu, storage, LONG, EXTENDED, insn)


# --- LOAD FP INTEGER --------------------------------------------------------------------------------------------------


@jit
def integer_result(rounding, form, number):
    """Return the Result of rounding a number to an integer, of quantum one if the number's is less than one."""
    if is_nan(number):
        return nan_result(rounding.fpc, form, number)
    if number.kind == INFINITY:
        return infinity_result(form, number.sign)
    rounded = without_last(number.digits, BIAS[form] - number.exponent, number.sign, rounding.method)
    high, low = pack(form, number.sign, max(number.exponent, BIAS[form]), rounded.digits)
    return inexact_result(rounding.fpc, high, low, u64(0), kind_of_rounding(rounded), rounding.quiet)


@jit
def load_integer(cpu, storage, form, insn):
    """Set r1 to r2 rounded to an integer; return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code != 0:
        return code
    rounding = rounding_by(cpu, storage, r16(insn), r20(insn))
    return finish(cpu, form, r1, integer_result(rounding, form, number_in(cpu, form, r2)))


@jit
def fidtr(cpu, storage, insn):
    """LOAD FP INTEGER (long DFP), RRF-e. PoP ch. 20 "LOAD FP INTEGER". cc unchanged."""
    return load_integer(cpu, storage, LONG, insn)


@jit
def fixtr(cpu, storage, insn):
    """LOAD FP INTEGER (extended DFP), RRF-e. PoP ch. 20 "LOAD FP INTEGER". cc unchanged."""
    return load_integer(cpu, storage, EXTENDED, insn)
