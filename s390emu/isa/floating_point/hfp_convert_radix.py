"""CONVERT BFP TO HFP and CONVERT HFP TO BFP: PoP ch. 9. A register that is not there is a data exception with DXC 1.

Neither has an IEEE or HFP exception. Condition code 3 tells of what the other radix does not have. To HFP, that is a
NaN, which becomes the greatest number, and infinity or a number that is too great, which becomes the greatest or
least; every other number is exact, or a zero with its sign if it is too little. To BFP, it is an overflow, whose result
is that of the rounding method, infinity or the greatest number; a tiny number is rounded to a subnormal one.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.isa.floating_point import bfp_operands
from s390emu.isa.floating_point.bfp_numbers import FINITE, LONG, SHORT, is_nan
from s390emu.isa.floating_point.bfp_numbers import ZERO as ZERO_KIND
from s390emu.isa.floating_point.bfp_operands import set_datum
from s390emu.isa.floating_point.bfp_rounding import round_number, zero_result
from s390emu.isa.floating_point.fpc import OVERFLOW_FLAG
from s390emu.isa.floating_point.hfp_convert import SPECIAL, method_of
from s390emu.isa.floating_point.hfp_numbers import (
    CHARACTERISTICS,
    ZERO,
    availability,
    from_binary,
    number_in,
    pack,
    result_cc,
    set_number,
    to_binary,
)
from s390emu.isa.operands import rre, rrf_c

GREATEST = bits(1, 63)  # an HFP number
NO_FPC = u64(0)  # no mask, hence no trap


@jit
def set_zero(cpu, r1, sign):
    """Put a zero of this sign into r1; return 0."""
    set_datum(cpu, LONG, r1, pack(sign, i64(0), ZERO), ZERO)
    return 0


@jit
def to_hfp(cpu, insn, form):
    """Convert the BFP number of a format in r2 into a long HFP number, and set cc; return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, r1 | r2, ZERO)
    if code != 0:
        return code
    number = bfp_operands.number_in(cpu, form, r2)
    sign = ZERO if is_nan(number) else number.sign
    cpu.cc = 0 if number.kind == ZERO_KIND else 1 if sign != ZERO else 2
    if number.kind == ZERO_KIND:
        return set_zero(cpu, r1, sign)
    result = from_binary(number)
    if number.kind != FINITE or result.characteristic >= i64(CHARACTERISTICS):
        cpu.cc = SPECIAL
        set_datum(cpu, LONG, r1, GREATEST | (sign << u64(63)), ZERO)
        return 0
    return set_zero(cpu, r1, sign) if result.characteristic < i64(0) else set_number(cpu, LONG, r1, result)


@jit
def to_bfp(cpu, insn, form):
    """Convert the long HFP number in r2 into a BFP number of a format, rounded as M3 says; set cc, return a code."""
    r1, r2, m3 = rrf_c(insn)
    code = availability(cpu, r1 | r2, ZERO)
    if code != 0:
        return code
    method, code = method_of(m3)
    if code != 0:
        return code
    number = number_in(cpu, LONG, r2)
    binary, cpu.cc = to_binary(number), result_cc(number)
    if binary.kind == ZERO_KIND:
        result = zero_result(number.sign)
    else:
        result = round_number(NO_FPC, form, binary, method, True)
    if on(result.flags, OVERFLOW_FLAG):
        cpu.cc = SPECIAL
    set_datum(cpu, form, r1, result.high, result.low)
    return 0


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def thder(cpu, storage, insn):
    """CONVERT BFP TO HFP (short to long), RRE. PoP ch. 9 "CONVERT BFP TO HFP". cc 0 zero, 1 less, 2 greater, 3
    special."""
    return to_hfp(cpu, insn, SHORT)


@jit
def thdr(cpu, storage, insn):
    """CONVERT BFP TO HFP (long), RRE. PoP ch. 9 "CONVERT BFP TO HFP". cc 0 zero, 1 less, 2 greater, 3 special."""
    return to_hfp(cpu, insn, LONG)


@jit
def tbedr(cpu, storage, insn):
    """CONVERT HFP TO BFP (long to short), RRF-e. PoP ch. 9 "CONVERT HFP TO BFP". cc 0 zero, 1 less, 2 greater, 3
    special."""
    return to_bfp(cpu, insn, SHORT)


@jit
def tbdr(cpu, storage, insn):
    """CONVERT HFP TO BFP (long), RRF-e. PoP ch. 9 "CONVERT HFP TO BFP". cc 0 zero, 1 less, 2 greater, 3 special."""
    return to_bfp(cpu, insn, LONG)
