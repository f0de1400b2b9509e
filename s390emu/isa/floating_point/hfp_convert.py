"""CONVERT FROM FIXED and CONVERT TO FIXED of HFP numbers: PoP ch. 18.

To fixed, M3 has the rounding method, of which 2, 3 and 8 to 15 are a specification exception; cc 0 is for zero, 1 and 2
are for less and greater, 3 for a number that has no such integer: the greatest or least one is the result.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.isa.floating_point.bfp_convert import integer_of
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT
from s390emu.isa.floating_point.bfp_numbers import normalized as normalized_binary
from s390emu.isa.floating_point.bfp_operands import pairs_of
from s390emu.isa.floating_point.bfp_rounding import TOWARD_MINUS, TOWARD_ZERO
from s390emu.isa.floating_point.hfp_numbers import (
    SIGN_SHIFT,
    ZERO,
    availability,
    finish,
    from_binary,
    number_in,
    result_cc,
    set_true_zero,
    to_binary,
)
from s390emu.isa.operands import rre, rrf_c, sign_extend
from s390emu.isa.registers import set_low

MOST32, MOST64 = u64((1 << 31) - 1), u64((1 << 63) - 1)
SPECIAL = 3  # condition code: there is no such integer
NO_METHODS = u64(2), u64(3)  # M3, and what is above TOWARD_MINUS


@jit
def method_of(m3):
    """Return (rounding method, as BFP instructions call it, that M3 designates; code). 0 is toward zero, as 5 is."""
    if m3 == ZERO:
        return TOWARD_ZERO, 0
    return m3, SPECIFICATION if m3 > TOWARD_MINUS or m3 in NO_METHODS else 0


@jit
def convert_to_fixed(cpu, form, insn, most):
    """Convert a number into a register's integer, of which `most` is the greatest, and set cc; return a code."""
    r1, r2, m3 = rrf_c(insn)
    code = availability(cpu, r2, pairs_of(form, r2))
    if code != 0:
        return code
    method, code = method_of(m3)
    if code != 0:
        return code
    number = number_in(cpu, form, r2)
    integer, _, fits = integer_of(to_binary(number), method, most + number.sign)
    cpu.cc = result_cc(number) if fits else SPECIAL
    result = ZERO - integer if number.sign != ZERO else integer
    if most == MOST64:
        cpu.gr[r1] = result
    else:
        set_low(cpu, r1, result)
    return 0


@jit
def convert_from_fixed(cpu, form, insn, width):
    """Convert the integer of so many bits in a register; return a code. Digits that do not fit are dropped."""
    r1, r2 = rre(insn)
    code = availability(cpu, r1, pairs_of(form, r1))
    if code != 0:
        return code
    integer = sign_extend(cpu.gr[r2], width)
    if integer == ZERO:
        return set_true_zero(cpu, form, r1)
    sign = integer >> SIGN_SHIFT
    magnitude = ZERO - integer if sign != ZERO else integer
    return finish(cpu, form, r1, from_binary(normalized_binary(sign, i64(63), magnitude, ZERO)))


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def cefr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to short HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, SHORT, insn, WORD_BITS)


@jit
def cdfr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to long HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, LONG, insn, WORD_BITS)


@jit
def cxfr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to extended HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, EXTENDED, insn, WORD_BITS)


@jit
def cegr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to short HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, SHORT, insn, DOUBLEWORD_BITS)


@jit
def cdgr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to long HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, LONG, insn, DOUBLEWORD_BITS)


@jit
def cxgr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to extended HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, EXTENDED, insn, DOUBLEWORD_BITS)


@jit
def cfer(cpu, storage, insn):
    """CONVERT TO FIXED (short HFP to 32), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, SHORT, insn, MOST32)


@jit
def cfdr(cpu, storage, insn):
    """CONVERT TO FIXED (long HFP to 32), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, LONG, insn, MOST32)


@jit
def cfxr(cpu, storage, insn):
    """CONVERT TO FIXED (extended HFP to 32), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, EXTENDED, insn, MOST32)


@jit
def cger(cpu, storage, insn):
    """CONVERT TO FIXED (short HFP to 64), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, SHORT, insn, MOST64)


@jit
def cgdr(cpu, storage, insn):
    """CONVERT TO FIXED (long HFP to 64), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, LONG, insn, MOST64)


@jit
def cgxr(cpu, storage, insn):
    """CONVERT TO FIXED (extended HFP to 64), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, EXTENDED, insn, MOST64)
