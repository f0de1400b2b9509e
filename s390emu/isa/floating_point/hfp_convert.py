"""CONVERT FROM FIXED and CONVERT TO FIXED of short and long HFP numbers: PoP ch. 18.

To fixed, M3 has the rounding method, of which 2, 3 and 8 to 15 are a specification exception; cc 0 is for zero, 1 and 2
are for less and greater, 3 for a number that has no such integer: the greatest or least one is the result.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import DXC_AFP_REGISTER, SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.hfp_numbers import (
    BIAS,
    DIGIT_BITS,
    LONG,
    ONE,
    SHORT,
    ZERO,
    finish,
    normalize,
    number_in,
    result_cc,
)
from s390emu.isa.floating_point.load_store import lacks_afp
from s390emu.isa.operands import rre, rrf_c, sign_extend
from s390emu.isa.registers import set_low

SIGN_SHIFT = u64(63)
FIRST_DIGIT = bits(0, 3)  # of a magnitude of 16 digits
BEYOND_LONG = u64(8)  # bits of such a magnitude that a long fraction does not have
LONG_DIGITS, MAGNITUDE_DIGITS = 14, 16
MOST32, MOST64 = u64((1 << 31) - 1), u64((1 << 63) - 1)
SPECIAL = 3  # condition code: there is no such integer
AWAY, EVEN, UPWARD, DOWNWARD = (u64(n) for n in (1, 4, 6, 7))  # M3; 0 and 5: toward zero
LAST_METHOD, NO_METHODS = u64(7), (u64(2), u64(3))


@jit
def round_up(m3, integer, sign, half, rest):
    """True if the magnitude is to be one more. half: the first bit behind the point; rest: whether any other is on."""
    if m3 == AWAY:
        return half
    if m3 == EVEN:
        return half and (rest or on(integer, ONE))
    if m3 == UPWARD:
        return sign == ZERO and (half or rest)
    return m3 == DOWNWARD and sign != ZERO and (half or rest)


@jit
def integer_of(number, m3):
    """Return (magnitude of the number as an integer, True if that has more than 64 bits)."""
    if number.fraction == ZERO:
        return ZERO, False
    characteristic, fraction = normalize(number.characteristic, number.fraction)
    digits = characteristic - BIAS
    if digits > MAGNITUDE_DIGITS:
        return ZERO, True
    if digits >= LONG_DIGITS:
        return fraction << (u64(digits - LONG_DIGITS) * DIGIT_BITS), False
    integer, half, rest = ZERO, False, True
    if digits >= 0:
        dropped = u64(LONG_DIGITS - digits) * DIGIT_BITS
        integer, first = fraction >> dropped, ONE << (dropped - ONE)
        half, rest = on(fraction, first), on(fraction, first - ONE)
    return (integer + ONE if round_up(m3, integer, number.sign, half, rest) else integer), False


@jit
def convert_to_fixed(cpu, form, insn, most):
    """Convert a number into a register's integer, of which `most` is the greatest, and set cc; return a code."""
    r1, r2, m3 = rrf_c(insn)
    if lacks_afp(cpu, r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    if m3 > LAST_METHOD or m3 in NO_METHODS:
        return SPECIFICATION
    number = number_in(cpu, form, r2)
    integer, too_large = integer_of(number, m3)
    limit = most + number.sign
    cpu.cc = result_cc(number.sign, number.fraction)
    if too_large or integer > limit:
        integer, cpu.cc = limit, SPECIAL
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
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    integer = sign_extend(cpu.gr[r2], width)
    sign, characteristic = integer >> SIGN_SHIFT, BIAS + MAGNITUDE_DIGITS
    magnitude = ZERO - integer if sign != ZERO else integer
    while magnitude != ZERO and not on(magnitude, FIRST_DIGIT):
        magnitude, characteristic = magnitude << DIGIT_BITS, characteristic - 1
    return finish(cpu, form, r1, sign, characteristic, magnitude >> BEYOND_LONG)


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
def cegr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to short HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, SHORT, insn, DOUBLEWORD_BITS)


@jit
def cdgr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to long HFP), RRE. PoP ch. 18 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, LONG, insn, DOUBLEWORD_BITS)


@jit
def cfer(cpu, storage, insn):
    """CONVERT TO FIXED (short HFP to 32), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, SHORT, insn, MOST32)


@jit
def cfdr(cpu, storage, insn):
    """CONVERT TO FIXED (long HFP to 32), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, LONG, insn, MOST32)


@jit
def cger(cpu, storage, insn):
    """CONVERT TO FIXED (short HFP to 64), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, SHORT, insn, MOST64)


@jit
def cgdr(cpu, storage, insn):
    """CONVERT TO FIXED (long HFP to 64), RRF-e. PoP ch. 18 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_fixed(cpu, LONG, insn, MOST64)
