"""CONVERT TO FIXED, TO LOGICAL, FROM FIXED, FROM LOGICAL: PoP ch. 19. M3 has the rounding method, M4 the
IEEE-inexact-exception control."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, slow_way, u64
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.bfp_host import host_from_integer, host_to_integer, is_zero
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    LONG,
    ONE,
    SHORT,
    SIGN,
    ZERO,
    is_nan,
    normalized,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import availability, datum, finish, method_code, pairs_of
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_INVALID,
    TRUNCATED,
    Result,
    exact_result,
    inexact_result,
    is_quiet,
    kind_of_rounding,
    method_of,
    round_number,
    round_significand,
    zero_result,
)
from s390emu.isa.floating_point.fpc import INVALID_FLAG, INVALID_MASK
from s390emu.isa.general.arithmetic import magnitude, negative
from s390emu.isa.operands import r16, r20, rre, sign_extend
from s390emu.isa.registers import low, set_low

# The greatest magnitudes above and below zero.
MOST32, MOST64, LEAST32, LEAST64 = u64((1 << 31) - 1), u64((1 << 63) - 1), u64(1 << 31), u64(1 << 63)
LOGICAL32, LOGICAL64, NO_LEAST = u64((1 << 32) - 1), u64((1 << 64) - 1), u64(0)
UNLIMITED_EXPONENT = i64(64)  # numbers from 2**64 on fit nowhere
SPECIAL_CASE = 3  # condition code

# --- CONVERT TO FIXED, CONVERT TO LOGICAL -----------------------------------------------------------------------------


@jit
def integer_of(number, method, limit):
    """Return (magnitude, part of the DXC that tells of rounding, True if it is not above the limit)."""
    if number.kind == ZERO:
        return u64(0), u64(0), True
    if is_nan(number):
        return limit, u64(0), False
    if number.kind != FINITE or number.exponent >= UNLIMITED_EXPONENT:
        return limit, TRUNCATED, False
    rounded = round_significand(number, number.exponent + i64(1), method)
    if rounded.high != u64(0) or rounded.low > limit:
        return limit, TRUNCATED, False
    return rounded.low, kind_of_rounding(rounded), True


@jit
def to_integer_result(fpc, number, method, quiet, most, least):
    """Return (Result, True if it fits) of converting a number to an integer, which is in the Result's first doubleword.
    most, least: the greatest magnitudes above and below zero.

    What does not fit is an invalid operation. A number that does not fit gives the nearest integer, and is inexact too;
    a NaN gives the least integer.
    """
    minus = number.sign != u64(0) or is_nan(number)
    value, rounding, fits = integer_of(number, method, least if minus else most)
    if not fits and on(fpc, INVALID_MASK):
        return Result(u64(0), u64(0), u64(0), DXC_INVALID), False
    flags = u64(0) if fits else INVALID_FLAG
    return inexact_result(fpc, u64(0) - value if minus else value, u64(0), flags, rounding, quiet), fits


@jit
def put_integer(cpu, r1, value, bits):
    """Put an integer of 32 or 64 bits into r1."""
    if bits == WORD_BITS:
        set_low(cpu, r1, value)
    else:
        cpu.gr[r1] = value


@jit
def finish_integer(cpu, r1, number, result, fits, bits):
    """Put the integer of 32 or 64 bits that a number was converted to into r1, and set cc 0-3; return a code."""
    if result.dxc == DXC_INVALID:
        return data_exception(cpu, DXC_INVALID)
    cpu.fpc |= result.flags
    put_integer(cpu, r1, result.high, bits)
    minus = number.sign != u64(0) or is_nan(number)
    cpu.cc = SPECIAL_CASE if not fits else 0 if number.kind == ZERO else 1 if minus else 2
    return data_exception(cpu, result.dxc) if result.dxc != u64(0) else 0


@jit
def convert_to_integer(cpu, storage, form, insn, bits, most, least):
    """Set r1 to the number in r2 as an integer of 32 or 64 bits, and cc 0-3; return a code. most, least: the greatest
    magnitudes above and below zero."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r2))
    if code == 0:
        code = method_code(storage, r16(insn))
    if code != 0:
        return code
    packed, method, quiet = datum(cpu, form, r2), method_of(cpu.fpc, r16(insn)), is_quiet(r20(insn))
    if form != EXTENDED:
        minus = on(packed.high, SIGN)
        value, known = host_to_integer(cpu.fpc, form, packed.high, method, quiet, least if minus else most)
        if known:
            put_integer(cpu, r1, u64(0) - value if minus else value, bits)
            cpu.cc = 0 if is_zero(packed.high) else 1 if minus else 2
            return 0
        slow_way()
    number = unpack(form, packed.high, packed.low)
    result, fits = to_integer_result(cpu.fpc, number, method, quiet, most, least)
    return finish_integer(cpu, r1, number, result, fits, bits)


@jit
def cfebr(cpu, storage, insn):
    """CONVERT TO FIXED (short BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, SHORT, insn, WORD_BITS, MOST32, LEAST32)


@jit
def cfdbr(cpu, storage, insn):
    """CONVERT TO FIXED (long BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, WORD_BITS, MOST32, LEAST32)


@jit
def cfxbr(cpu, storage, insn):
    """CONVERT TO FIXED (extended BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, WORD_BITS, MOST32, LEAST32)


@jit
def cgebr(cpu, storage, insn):
    """CONVERT TO FIXED (short BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, SHORT, insn, DOUBLEWORD_BITS, MOST64, LEAST64)


@jit
def cgdbr(cpu, storage, insn):
    """CONVERT TO FIXED (long BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, DOUBLEWORD_BITS, MOST64, LEAST64)


@jit
def cgxbr(cpu, storage, insn):
    """CONVERT TO FIXED (extended BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO FIXED". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS, MOST64, LEAST64)


@jit
def clfebr(cpu, storage, insn):
    """CONVERT TO LOGICAL (short BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, SHORT, insn, WORD_BITS, LOGICAL32, NO_LEAST)


@jit
def clfdbr(cpu, storage, insn):
    """CONVERT TO LOGICAL (long BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, WORD_BITS, LOGICAL32, NO_LEAST)


@jit
def clfxbr(cpu, storage, insn):
    """CONVERT TO LOGICAL (extended BFP to 32), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, WORD_BITS, LOGICAL32, NO_LEAST)


@jit
def clgebr(cpu, storage, insn):
    """CONVERT TO LOGICAL (short BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, SHORT, insn, DOUBLEWORD_BITS, LOGICAL64, NO_LEAST)


@jit
def clgdbr(cpu, storage, insn):
    """CONVERT TO LOGICAL (long BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, LONG, insn, DOUBLEWORD_BITS, LOGICAL64, NO_LEAST)


@jit
def clgxbr(cpu, storage, insn):
    """CONVERT TO LOGICAL (extended BFP to 64), RRF-e. PoP ch. 19 "CONVERT TO LOGICAL". cc 0-3."""
    return convert_to_integer(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS, LOGICAL64, NO_LEAST)


# --- CONVERT FROM FIXED, CONVERT FROM LOGICAL -------------------------------------------------------------------------


@jit
def from_integer_result(fpc, form, sign, value, method, quiet):
    """Return the Result of converting an integer with this sign and magnitude to a format."""
    if form != EXTENDED:
        datum, known = host_from_integer(fpc, form, sign, value, method, quiet)
        if known:
            return exact_result(datum, u64(0))
        slow_way()
    if value == u64(0):
        return zero_result(u64(0))
    return round_number(fpc, form, normalized(sign, i64(127), u64(0), value), method, quiet)


@jit
def convert_from_integer(cpu, storage, form, insn, sign, value):
    """Set r1 to an integer with this sign and magnitude; return a code."""
    r1, _ = rre(insn)
    code = availability(cpu, pairs_of(form, r1))
    if code == 0:
        code = method_code(storage, r16(insn))
    if code != 0:
        return code
    method, quiet = method_of(cpu.fpc, r16(insn)), is_quiet(r20(insn))
    return finish(cpu, form, r1, from_integer_result(cpu.fpc, form, sign, value, method, quiet))


@jit
def convert_from_fixed(cpu, storage, form, insn, bits):
    """Set r1 to the signed integer of 32 or 64 bits in r2; return a code."""
    _, r2 = rre(insn)
    value = sign_extend(cpu.gr[r2], bits)
    return convert_from_integer(cpu, storage, form, insn, ONE if negative(value) else u64(0), magnitude(value))


@jit
def convert_from_logical(cpu, storage, form, insn, bits):
    """Set r1 to the unsigned integer of 32 or 64 bits in r2; return a code."""
    _, r2 = rre(insn)
    return convert_from_integer(cpu, storage, form, insn, u64(0), low(cpu, r2) if bits == WORD_BITS else cpu.gr[r2])


@jit
def cefbr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to short BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, SHORT, insn, WORD_BITS)


@jit
def cdfbr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to long BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, LONG, insn, WORD_BITS)


@jit
def cxfbr(cpu, storage, insn):
    """CONVERT FROM FIXED (32 to extended BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, EXTENDED, insn, WORD_BITS)


@jit
def cegbr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to short BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, SHORT, insn, DOUBLEWORD_BITS)


@jit
def cdgbr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to long BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, LONG, insn, DOUBLEWORD_BITS)


@jit
def cxgbr(cpu, storage, insn):
    """CONVERT FROM FIXED (64 to extended BFP), RRE. PoP ch. 19 "CONVERT FROM FIXED". cc unchanged."""
    return convert_from_fixed(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS)


@jit
def celfbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (32 to short BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, SHORT, insn, WORD_BITS)


@jit
def cdlfbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (32 to long BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, LONG, insn, WORD_BITS)


@jit
def cxlfbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (32 to extended BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, EXTENDED, insn, WORD_BITS)


@jit
def celgbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (64 to short BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, SHORT, insn, DOUBLEWORD_BITS)


@jit
def cdlgbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (64 to long BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, LONG, insn, DOUBLEWORD_BITS)


@jit
def cxlgbr(cpu, storage, insn):
    """CONVERT FROM LOGICAL (64 to extended BFP), RRF-e. PoP ch. 19 "CONVERT FROM LOGICAL". cc unchanged."""
    return convert_from_logical(cpu, storage, EXTENDED, insn, DOUBLEWORD_BITS)
