"""LOAD ROUNDED, LOAD FP INTEGER: PoP ch. 19. M3 has the rounding method, M4 the IEEE-inexact-exception control."""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, jit, on, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_shortened
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    GREATEST_EXPONENT,
    INFINITY,
    LONG,
    PRECISION,
    SHORT,
    is_nan,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import availability, datum, finish, method_code, pairs_of
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_OVERFLOW,
    DXC_UNDERFLOW,
    TOWARD_ZERO,
    Result,
    carried,
    exact_result,
    inexact_result,
    infinity_result,
    is_quiet,
    kind_of_rounding,
    method_of,
    nan_result,
    round_number,
    round_significand,
    rounded_number,
    zero_result,
)
from s390emu.isa.floating_point.fpc import OVERFLOW_MASK, UNDERFLOW_MASK
from s390emu.isa.operands import r16, r20, rre

SCALE = np.array([0, 512, 8192], i64)  # exponent adjustment of a trapped overflow or underflow, by the source's format


@jit
def operands(cpu, storage, first, second, insn):
    """Return (r1, r2, code) of RRF-e. first, second: formats of the operands."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(first, r1) | pairs_of(second, r2))
    return r1, r2, code if code != 0 else method_code(storage, r16(insn))


# --- LOAD ROUNDED -----------------------------------------------------------------------------------------------------


@jit
def traps(fpc, form, source, number, rounded):
    """Return (exponent adjustment, DXC) of a number of the format `source`, rounded to the precision of another, if its
    exponent does not fit there and the exception traps; else (0, 0)."""
    least = i64(1) - GREATEST_EXPONENT[form]
    if number.exponent < least and on(fpc, UNDERFLOW_MASK):
        return SCALE[source], DXC_UNDERFLOW
    if number.exponent + carried(form, rounded) > GREATEST_EXPONENT[form] and on(fpc, OVERFLOW_MASK):
        return -SCALE[source], DXC_OVERFLOW
    return i64(0), u64(0)


@jit
def load_rounded(cpu, storage, form, source, insn):
    """Set r1 to the number in r2 rounded from the format `source`; return a code.

    After a trapped overflow or underflow r1 has the scaled result, of the target's precision, in the source's format:
    so r1 has to begin a pair if that is extended.
    """
    r1, r2, code = operands(cpu, storage, source, source, insn)
    if code != 0:
        return code
    packed, fpc, method, quiet = datum(cpu, source, r2), cpu.fpc, method_of(cpu.fpc, r16(insn)), is_quiet(r20(insn))
    if source == LONG:
        short, known = host_shortened(fpc, packed.high, method, quiet)
        if known:
            return finish(cpu, SHORT, r1, exact_result(short, u64(0)))
        slow_way()
    number = unpack(source, packed.high, packed.low)
    if is_nan(number):
        return finish(cpu, form, r1, nan_result(fpc, form, number))
    if number.kind == INFINITY:
        return finish(cpu, form, r1, infinity_result(form, number.sign))
    if number.kind != FINITE:
        return finish(cpu, form, r1, zero_result(number.sign))
    rounded = round_significand(number, PRECISION[form], method)
    adjustment, dxc = traps(fpc, form, source, number, rounded)
    if dxc == u64(0):
        return finish(cpu, form, r1, round_number(fpc, form, number, method, quiet))
    exponent = number.exponent + adjustment - (PRECISION[form] - i64(1))
    scaled = round_number(fpc, source, rounded_number(number.sign, exponent, rounded), TOWARD_ZERO, False)
    return finish(cpu, source, r1, Result(scaled.high, scaled.low, u64(0), dxc + kind_of_rounding(rounded)))


@jit
def ledbr(cpu, storage, insn):
    """LOAD ROUNDED (long to short BFP), RRE. PoP ch. 19 "LOAD ROUNDED". cc unchanged."""
    return load_rounded(cpu, storage, SHORT, LONG, insn)


@jit
def ldxbr(cpu, storage, insn):
    """LOAD ROUNDED (extended to long BFP), RRE. PoP ch. 19 "LOAD ROUNDED". cc unchanged."""
    return load_rounded(cpu, storage, LONG, EXTENDED, insn)


@jit
def lexbr(cpu, storage, insn):
    """LOAD ROUNDED (extended to short BFP), RRE. PoP ch. 19 "LOAD ROUNDED". cc unchanged."""
    return load_rounded(cpu, storage, SHORT, EXTENDED, insn)


# --- LOAD FP INTEGER --------------------------------------------------------------------------------------------------


@jit
def round_to_integer(fpc, form, number, method, quiet):
    """Return the Result of rounding a FINITE number with a fraction to an integer in its format."""
    rounded = round_significand(number, number.exponent + i64(1), method)
    if (rounded.high | rounded.low) == u64(0):
        integer = zero_result(number.sign)
    else:
        integer = round_number(fpc, form, rounded_number(number.sign, i64(0), rounded), TOWARD_ZERO, False)
    return inexact_result(fpc, integer.high, integer.low, u64(0), kind_of_rounding(rounded), quiet)


@jit
def integer_result(fpc, form, high, low, method, quiet):
    """Return the Result of rounding a packed datum to an integer in its format."""
    number = unpack(form, high, low)
    if is_nan(number):
        return nan_result(fpc, form, number)
    if number.kind != FINITE or number.exponent >= PRECISION[form] - i64(1):
        return exact_result(high, low)
    return round_to_integer(fpc, form, number, method, quiet)


@jit
def load_fp_integer(cpu, storage, form, insn):
    """Set r1 to the number in r2 rounded to an integer; return a code."""
    r1, r2, code = operands(cpu, storage, form, form, insn)
    if code != 0:
        return code
    high, low = datum(cpu, form, r2)
    method, quiet = method_of(cpu.fpc, r16(insn)), is_quiet(r20(insn))
    return finish(cpu, form, r1, integer_result(cpu.fpc, form, high, low, method, quiet))


@jit
def fiebr(cpu, storage, insn):
    """LOAD FP INTEGER (short BFP), RRF-e. PoP ch. 19 "LOAD FP INTEGER". cc unchanged."""
    return load_fp_integer(cpu, storage, SHORT, insn)


@jit
def fidbr(cpu, storage, insn):
    """LOAD FP INTEGER (long BFP), RRF-e. PoP ch. 19 "LOAD FP INTEGER". cc unchanged."""
    return load_fp_integer(cpu, storage, LONG, insn)


@jit
def fixbr(cpu, storage, insn):
    """LOAD FP INTEGER (extended BFP), RRF-e. PoP ch. 19 "LOAD FP INTEGER". cc unchanged."""
    return load_fp_integer(cpu, storage, EXTENDED, insn)
