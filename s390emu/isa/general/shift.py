"""Shifts and rotation: PoP ch. 7. The amount is the rightmost six bits of the second-operand address."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import WORD_BITS
from s390emu.isa.general.arithmetic import overflowed, signed_cc
from s390emu.isa.general.rotate_then import rotate_left
from s390emu.isa.operands import rs, rsy, sign_extend
from s390emu.isa.registers import low, set_low

LOW5, LOW6 = bits(59, 63), bits(58, 63)
ODD = u64(1)  # of a register number
SIGN = bit(0)


@jit
def shift_amount(second):
    """Return the rightmost six bits of the second-operand address; nothing is fetched there."""
    return second & LOW6


@jit
def shift_left(number, amount):
    """Return (result, True at an overflow) of shifting left a signed number that begins in bit 0, all but the sign.

    Overflow: a bit unlike the sign is shifted out of bit 1, even one of the zeros that came in on the right."""
    result = (number & SIGN) | ((number << amount) & ~SIGN)
    return result, i64(number) >> (63 - i64(amount)) != i64(number) >> 63


@jit
def left_shift_result(cpu, result, overflow):
    """Set cc by the result of a left shift; return 0, or the fixed-point-overflow exception."""
    if overflow:
        return overflowed(cpu)
    cpu.cc = signed_cc(result)
    return 0


# --- SHIFT LEFT SINGLE, RIGHT SINGLE ----------------------------------------------------------------------------------


@jit
def shift_left32(cpu, r1, r3, second):
    """Set bits 32-63 of r1 to those of r3, the 31 numeric bits shifted left; return a code."""
    result, overflow = shift_left(cpu.gr[r3] << WORD_BITS, shift_amount(second))
    set_low(cpu, r1, result >> WORD_BITS)
    return left_shift_result(cpu, result, overflow)


@jit
def sla(cpu, storage, insn):
    """SHIFT LEFT SINGLE (32), RS-a. PoP ch. 7 "SHIFT LEFT SINGLE". cc 0-3."""
    r1, _, second = rs(cpu, insn)
    return shift_left32(cpu, r1, r1, second)


@jit
def slak(cpu, storage, insn):
    """SHIFT LEFT SINGLE (32), RSY-a. PoP ch. 7 "SHIFT LEFT SINGLE". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    return shift_left32(cpu, r1, r3, second)


@jit
def slag(cpu, storage, insn):
    """SHIFT LEFT SINGLE (64), RSY-a. PoP ch. 7 "SHIFT LEFT SINGLE". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    result, overflow = shift_left(cpu.gr[r3], shift_amount(second))
    cpu.gr[r1] = result
    return left_shift_result(cpu, result, overflow)


@jit
def shift_right32(cpu, r1, r3, second):
    """Set bits 32-63 of r1 to those of r3 shifted right, with bits like the sign coming in, and cc; return 0."""
    result = i64(sign_extend(cpu.gr[r3], WORD_BITS)) >> i64(shift_amount(second))
    set_low(cpu, r1, u64(result))
    cpu.cc = signed_cc(u64(result))
    return 0


@jit
def sra(cpu, storage, insn):
    """SHIFT RIGHT SINGLE (32), RS-a. PoP ch. 7 "SHIFT RIGHT SINGLE". cc 0-2."""
    r1, _, second = rs(cpu, insn)
    return shift_right32(cpu, r1, r1, second)


@jit
def srak(cpu, storage, insn):
    """SHIFT RIGHT SINGLE (32), RSY-a. PoP ch. 7 "SHIFT RIGHT SINGLE". cc 0-2."""
    r1, r3, second = rsy(cpu, insn)
    return shift_right32(cpu, r1, r3, second)


@jit
def srag(cpu, storage, insn):
    """SHIFT RIGHT SINGLE (64), RSY-a. PoP ch. 7 "SHIFT RIGHT SINGLE". cc 0-2."""
    r1, r3, second = rsy(cpu, insn)
    result = u64(i64(cpu.gr[r3]) >> i64(shift_amount(second)))
    cpu.gr[r1] = result
    cpu.cc = signed_cc(result)
    return 0


# --- SHIFT LEFT SINGLE LOGICAL, RIGHT SINGLE LOGICAL, ROTATE LEFT -----------------------------------------------------


@jit
def sll(cpu, storage, insn):
    """SHIFT LEFT SINGLE LOGICAL (32), RS-a. PoP ch. 7 "SHIFT LEFT SINGLE LOGICAL". cc unchanged."""
    r1, _, second = rs(cpu, insn)
    set_low(cpu, r1, cpu.gr[r1] << shift_amount(second))
    return 0


@jit
def sllk(cpu, storage, insn):
    """SHIFT LEFT SINGLE LOGICAL (32), RSY-a. PoP ch. 7 "SHIFT LEFT SINGLE LOGICAL". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    set_low(cpu, r1, cpu.gr[r3] << shift_amount(second))
    return 0


@jit
def sllg(cpu, storage, insn):
    """SHIFT LEFT SINGLE LOGICAL (64), RSY-a. PoP ch. 7 "SHIFT LEFT SINGLE LOGICAL". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    cpu.gr[r1] = cpu.gr[r3] << shift_amount(second)
    return 0


@jit
def srl(cpu, storage, insn):
    """SHIFT RIGHT SINGLE LOGICAL (32), RS-a. PoP ch. 7 "SHIFT RIGHT SINGLE LOGICAL". cc unchanged."""
    r1, _, second = rs(cpu, insn)
    set_low(cpu, r1, low(cpu, r1) >> shift_amount(second))
    return 0


@jit
def srlk(cpu, storage, insn):
    """SHIFT RIGHT SINGLE LOGICAL (32), RSY-a. PoP ch. 7 "SHIFT RIGHT SINGLE LOGICAL". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    set_low(cpu, r1, low(cpu, r3) >> shift_amount(second))
    return 0


@jit
def srlg(cpu, storage, insn):
    """SHIFT RIGHT SINGLE LOGICAL (64), RSY-a. PoP ch. 7 "SHIFT RIGHT SINGLE LOGICAL". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    cpu.gr[r1] = cpu.gr[r3] >> shift_amount(second)
    return 0


@jit
def rll(cpu, storage, insn):
    """ROTATE LEFT SINGLE LOGICAL (32), RSY-a. PoP ch. 7 "ROTATE LEFT SINGLE LOGICAL". cc unchanged.

    The leftmost of the six bits of the amount changes nothing: 32 is a full turn.
    """
    r1, r3, second = rsy(cpu, insn)
    word, amount = low(cpu, r3), second & LOW5
    set_low(cpu, r1, (word << amount) | (word >> (WORD_BITS - amount)))
    return 0


@jit
def rllg(cpu, storage, insn):
    """ROTATE LEFT SINGLE LOGICAL (64), RSY-a. PoP ch. 7 "ROTATE LEFT SINGLE LOGICAL". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    cpu.gr[r1] = rotate_left(cpu.gr[r3], shift_amount(second))
    return 0


# --- SHIFT LEFT DOUBLE, RIGHT DOUBLE ----------------------------------------------------------------------------------


@jit
def pair(cpu, r1):
    """Return bits 32-63 of r1 and of the register after it, as one number of 64 bits."""
    return (cpu.gr[r1] << WORD_BITS) | low(cpu, r1 + ODD)


@jit
def set_pair(cpu, r1, value):
    set_low(cpu, r1, value >> WORD_BITS)
    set_low(cpu, r1 + ODD, value)


@jit
def sldl(cpu, storage, insn):
    """SHIFT LEFT DOUBLE LOGICAL (64), RS-a. PoP ch. 7 "SHIFT LEFT DOUBLE LOGICAL". cc unchanged."""
    r1, _, second = rs(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    set_pair(cpu, r1, pair(cpu, r1) << shift_amount(second))
    return 0


@jit
def srdl(cpu, storage, insn):
    """SHIFT RIGHT DOUBLE LOGICAL (64), RS-a. PoP ch. 7 "SHIFT RIGHT DOUBLE LOGICAL". cc unchanged."""
    r1, _, second = rs(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    set_pair(cpu, r1, pair(cpu, r1) >> shift_amount(second))
    return 0


@jit
def slda(cpu, storage, insn):
    """SHIFT LEFT DOUBLE (64), RS-a. PoP ch. 7 "SHIFT LEFT DOUBLE". cc 0-3."""
    r1, _, second = rs(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    result, overflow = shift_left(pair(cpu, r1), shift_amount(second))
    set_pair(cpu, r1, result)
    return left_shift_result(cpu, result, overflow)


@jit
def srda(cpu, storage, insn):
    """SHIFT RIGHT DOUBLE (64), RS-a. PoP ch. 7 "SHIFT RIGHT DOUBLE". cc 0-2."""
    r1, _, second = rs(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    result = u64(i64(pair(cpu, r1)) >> i64(shift_amount(second)))
    set_pair(cpu, r1, result)
    cpu.cc = signed_cc(result)
    return 0
