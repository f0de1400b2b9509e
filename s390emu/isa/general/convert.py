"""Conversion between packed decimal and binary: PoP ch. 7; the packed format: ch. 8 "Decimal-Number Formats"."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.interruptions import DXC_DECIMAL_OPERAND, FIXED_POINT_DIVIDE
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.general.arithmetic import magnitude, negative
from s390emu.isa.operands import LOW4, rx, rxy, sign_extend
from s390emu.isa.registers import set_low
from s390emu.storage.access import (
    fetch_doubleword,
    get_doubleword,
    probe_fetch,
    probe_store,
    put_doubleword,
    store_doubleword,
)

TEN, DIGIT_BITS = u64(10), u64(4)
PLUS, MINUS, OTHER_MINUS = u64(0xC), u64(0xD), u64(0xB)
DIGITS = 15  # in the doubleword that has the sign
DIGITS_POWER = u64(10**DIGITS)
GREATEST = u64((1 << 63) - 1)


@jit
def number_of(packed, digits):
    """Return (number, True if all of its digits are valid) from the leftmost digits of a doubleword."""
    number = u64(0)
    valid = True
    for i in range(digits):
        digit = (packed >> u64(60 - 4 * i)) & LOW4
        valid = valid and digit < TEN
        number = number * TEN + digit
    return number, valid


@jit
def minus(packed):
    return packed & LOW4 in (MINUS, OTHER_MINUS)


@jit
def digits_of(number, digits):
    """Return (packed, rest): the rightmost decimal digits of a number, and what is left of it."""
    packed = u64(0)
    for i in range(digits):
        packed |= (number % TEN) << u64(4 * i)
        number //= TEN
    return packed, number


@jit
def with_sign(packed, number):
    """Return digits with the preferred sign code of a number on their right."""
    return (packed << DIGIT_BITS) | (MINUS if negative(number) else PLUS)


# --- CONVERT TO BINARY -----------------------------------------------------------------------------------------------


@jit
def convert_to_binary32(cpu, r1, packed):
    """Set bits 32-63 of r1 to the number in packed (15 digits and sign); return a code. With a number that is too
    large, the operation is completed with its rightmost word."""
    number, valid = number_of(packed, DIGITS)
    if not valid or packed & LOW4 < TEN:
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    if minus(packed):
        number = u64(0) - number
    set_low(cpu, r1, number)
    return 0 if sign_extend(number, WORD_BITS) == number else FIXED_POINT_DIVIDE


@jit
def cvb(cpu, storage, insn):
    """CONVERT TO BINARY (32), RX-a. PoP ch. 7 "CONVERT TO BINARY". cc unchanged."""
    r1, second = rx(cpu, insn)
    packed, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return convert_to_binary32(cpu, r1, packed)


@jit
def cvby(cpu, storage, insn):
    """CONVERT TO BINARY (32), RXY-a. PoP ch. 7 "CONVERT TO BINARY". cc unchanged."""
    r1, second = rxy(cpu, insn)
    packed, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return convert_to_binary32(cpu, r1, packed)


@jit
def cvbg(cpu, storage, insn):
    """CONVERT TO BINARY (64), RXY-a. PoP ch. 7 "CONVERT TO BINARY". cc unchanged.

    31 digits and sign. Unlike with CVB, a number too large suppresses the operation.
    """
    r1, second = rxy(cpu, insn)
    span, code = probe_fetch(cpu, storage, second, u64(16))
    if code != 0:
        return code
    packed = get_doubleword(span, u64(8))
    high, high_valid = number_of(get_doubleword(span, u64(0)), DIGITS + 1)
    low, low_valid = number_of(packed, DIGITS)
    if not high_valid or not low_valid or packed & LOW4 < TEN:
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    greatest = GREATEST + (u64(1) if minus(packed) else u64(0))
    if high > greatest // DIGITS_POWER or high * DIGITS_POWER + low > greatest:
        return FIXED_POINT_DIVIDE
    number = high * DIGITS_POWER + low
    cpu.gr[r1] = u64(0) - number if minus(packed) else number
    return 0


# --- CONVERT TO DECIMAL ----------------------------------------------------------------------------------------------


@jit
def converted32(cpu, r1):
    """Return bits 32-63 of r1, a signed number, as 15 digits and sign."""
    number = sign_extend(cpu.gr[r1], WORD_BITS)
    packed, _ = digits_of(magnitude(number), DIGITS)
    return with_sign(packed, number)


@jit
def cvd(cpu, storage, insn):
    """CONVERT TO DECIMAL (32), RX-a. PoP ch. 7 "CONVERT TO DECIMAL". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_doubleword(cpu, storage, second, converted32(cpu, r1))


@jit
def cvdy(cpu, storage, insn):
    """CONVERT TO DECIMAL (32), RXY-a. PoP ch. 7 "CONVERT TO DECIMAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_doubleword(cpu, storage, second, converted32(cpu, r1))


@jit
def cvdg(cpu, storage, insn):
    """CONVERT TO DECIMAL (64), RXY-a. PoP ch. 7 "CONVERT TO DECIMAL". cc unchanged. 31 digits and sign."""
    r1, second = rxy(cpu, insn)
    span, code = probe_store(cpu, storage, second, u64(16))
    if code != 0:
        return code
    number = cpu.gr[r1]
    low, rest = digits_of(magnitude(number), DIGITS)
    high, _ = digits_of(rest, DIGITS + 1)
    put_doubleword(span, u64(0), high)
    put_doubleword(span, u64(8), with_sign(low, number))
    return 0
