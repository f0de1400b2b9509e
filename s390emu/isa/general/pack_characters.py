"""Packed decimal numbers from and to characters of ASCII and Unicode: PoP ch. 7 "PACK ASCII" and its relatives.

The packed operand has 16 bytes: 31 digits and a sign. Of a character only the rightmost four bits count.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, QUADWORD_BYTES
from s390emu.isa.general.storage_to_storage import DIGIT, probe_both
from s390emu.isa.operands import ss_a
from s390emu.storage.access import get_byte, get_doubleword, put_byte, put_doubleword

ZERO, ONE, TWO = u64(0), u64(1), u64(2)
DIGITS_MOST = u64(32)  # characters of the longest operand; of 32, the leftmost is ignored or gets a zero
DIGITS_A_HALF = 16  # of the packed operand
DIGIT_BITS_SHIFT = u64(2)  # digit number to bit number
PLUS = u64(0xC)
ZERO_CHARACTER = u64(0x30)
SIGNS = u64(10)  # the least sign code
MINUS_B, MINUS_D = u64(0xB), u64(0xD)


@jit
def shift_of(n):
    """Return by how many bits digit n from the right is shifted in its half."""
    return u64(n % DIGITS_A_HALF) << DIGIT_BITS_SHIFT


@jit
def pack_characters(cpu, storage, insn, size):
    """Pack characters of `size` bytes; return a code."""
    length, first, second = ss_a(cpu, insn)
    if length > DIGITS_MOST * size or on(length, size - ONE):
        return SPECIFICATION
    target, source, code = probe_both(cpu, storage, first, QUADWORD_BYTES, second, length)
    if code != 0:
        return code
    left, right = ZERO, PLUS
    place = i64(length) - 1
    for n in range(1, 2 * DIGITS_A_HALF):
        if place < 0:
            break
        digit = (get_byte(source, u64(place)) & DIGIT) << shift_of(n)
        if n < DIGITS_A_HALF:
            right |= digit
        else:
            left |= digit
        place -= i64(size)
    put_doubleword(target, ZERO, left)
    put_doubleword(target, DOUBLEWORD_BYTES, right)
    return 0


@jit
def pka(cpu, storage, insn):
    """PACK ASCII, SS-f. PoP ch. 7 "PACK ASCII". cc unchanged. The sign is plus."""
    return pack_characters(cpu, storage, insn, ONE)


@jit
def pku(cpu, storage, insn):
    """PACK UNICODE, SS-f. PoP ch. 7 "PACK UNICODE". cc unchanged. The sign is plus."""
    return pack_characters(cpu, storage, insn, TWO)


@jit
def sign_code(sign):
    """Return the condition code for the sign of a number: 0 plus, 1 minus, 3 invalid."""
    if sign < SIGNS:
        return 3
    return 1 if sign == MINUS_B or sign == MINUS_D else 0


@jit
def unpack_characters(cpu, storage, insn, size):
    """Unpack to characters of `size` bytes, and set cc by the sign; return a code. Digits are not checked."""
    length, first, second = ss_a(cpu, insn)
    if length > DIGITS_MOST * size or on(length, size - ONE):
        return SPECIFICATION
    target, source, code = probe_both(cpu, storage, first, length, second, QUADWORD_BYTES)
    if code != 0:
        return code
    left, right = get_doubleword(source, ZERO), get_doubleword(source, DOUBLEWORD_BYTES)
    place, n = i64(length) - 1, 1
    while place >= 0:
        half = right if n < DIGITS_A_HALF else left
        digit = (half >> shift_of(n)) & DIGIT if n < 2 * DIGITS_A_HALF else ZERO
        put_byte(target, u64(place), ZERO_CHARACTER | digit)
        if size == TWO:
            put_byte(target, u64(place - 1), ZERO)
        place -= i64(size)
        n += 1
    cpu.cc = sign_code(right & DIGIT)
    return 0


@jit
def unpka(cpu, storage, insn):
    """UNPACK ASCII, SS-a. PoP ch. 7 "UNPACK ASCII". cc 0 plus, 1 minus, 3 sign invalid."""
    return unpack_characters(cpu, storage, insn, ONE)


@jit
def unpku(cpu, storage, insn):
    """UNPACK UNICODE, SS-a. PoP ch. 7 "UNPACK UNICODE". cc 0 plus, 1 minus, 3 sign invalid."""
    return unpack_characters(cpu, storage, insn, TWO)
