"""Operands in the signed-packed-decimal format: PoP ch. 8 "Decimal-Number Formats" and "Decimal Codes".

An operand is fetched whole before anything is stored. Where operands overlap as they may, that is the same as going
through them right to left: what is stored lies at or to the right of all that is still to be fetched.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu._jit import i64, jit, u64
from s390emu.architecture.bits import LOW8
from s390emu.isa.general.convert import DIGIT_BITS, MINUS, PLUS, TEN
from s390emu.isa.operands import LOW4
from s390emu.records.port import BASE_FIRST
from s390emu.storage.access import (
    CHECK,
    STORE,
    get_byte,
    probe,
    probe_fetch,
    probe_store,
    psw_key,
    put_byte,
    store_hit,
)
from s390emu.storage.access_registers import designate

ZERO, ONE, TWO = u64(0), u64(1), u64(2)
LENGTH_MAX = 16  # bytes
BYTE_BITS, BYTE_SHIFT, DOUBLEWORD_BYTES = u64(8), u64(3), u64(8)
FIRST_BYTE, FIRST_DIGIT = u64(56), u64(60)  # how far they are shifted to be right-aligned
EIGHTS = u64(0x8888_8888_8888_8888)


class Packed(NamedTuple):
    """An operand, right-aligned in two doublewords: 31 digits, and the sign in bits 60-63 of `right`."""

    left: u64
    right: u64


# --- in storage ------------------------------------------------------------------------------------------------------


@jit
def fetch_packed(cpu, storage, register, address, length):
    """Fetch an operand whose access register is `register`; return (Packed, code)."""
    designate(storage, register)
    span, code = probe_fetch(cpu, storage, address, length)
    left, right = ZERO, ZERO
    if code == 0:
        for i in range(i64(length)):
            left = (left << BYTE_BITS) | (right >> FIRST_BYTE)
            right = (right << BYTE_BITS) | get_byte(span, u64(i))
    return Packed(left, right), code


@jit
def check_store(cpu, storage, address, length):
    """Return the code of the access exception that a store of the first operand would meet, 0 for none; note no store,
    since an exception with less priority may follow."""
    designate(storage, BASE_FIRST)
    if store_hit(storage, address, length - ONE):
        return 0
    _, code = probe(cpu, storage, address, length, STORE + CHECK, psw_key(cpu))
    return code


@jit
def right_byte(packed, i):
    """Return byte i, counted from the right."""
    if i < DOUBLEWORD_BYTES:
        return (packed.right >> (i << BYTE_SHIFT)) & LOW8
    return (packed.left >> ((i - DOUBLEWORD_BYTES) << BYTE_SHIFT)) & LOW8


@jit
def exceeds(packed, length):
    """True if there is more than zeros to the left of the rightmost `length` bytes."""
    rest = ZERO
    for i in range(i64(length), LENGTH_MAX):
        rest |= right_byte(packed, u64(i))
    return rest != ZERO


@jit
def put_packed(span, start, length, packed):
    """Store the rightmost `length` bytes into an operand, from its byte `start` on."""
    for i in range(i64(length)):
        put_byte(span, start + length - ONE - u64(i), right_byte(packed, u64(i)))


@jit
def store_packed(cpu, storage, address, length, packed):
    """Store the rightmost `length` bytes as the first operand; return a code."""
    designate(storage, BASE_FIRST)
    span, code = probe_store(cpu, storage, address, length)
    if code == 0:
        put_packed(span, ZERO, length, packed)
    return code


# --- digits and sign -------------------------------------------------------------------------------------------------


@jit
def all_digits(codes):
    """True if each of the 16 codes in a doubleword is below ten: none has its bit 8, and 4 or 2 too."""
    return codes & ((codes << ONE) | (codes << TWO)) & EIGHTS == ZERO


@jit
def without_sign(packed):
    """Return the digits with zeros in the place of the sign."""
    return Packed(packed.left, packed.right & ~LOW4)


@jit
def digits_valid(packed):
    return all_digits(packed.left) and all_digits(without_sign(packed).right)


@jit
def sign_valid(packed):
    return packed.right & LOW4 >= TEN


@jit
def codes_valid(packed):
    return digits_valid(packed) and sign_valid(packed)


@jit
def with_sign(packed, negative):
    """Return digits, next to zeros in the place of the sign, with the preferred sign code."""
    return Packed(packed.left, packed.right | (MINUS if negative else PLUS))


@jit
def pushed(packed, code):
    """Return a number shifted left by one code, with this code as the rightmost."""
    left = (packed.left << DIGIT_BITS) | (packed.right >> FIRST_DIGIT)
    return Packed(left, (packed.right << DIGIT_BITS) | code)


@jit
def without_last_digit(packed):
    """Return digits shifted right by one, next to zeros in the place of the sign."""
    right = (packed.left << FIRST_DIGIT) | (packed.right >> DIGIT_BITS)
    return without_sign(Packed(packed.left >> DIGIT_BITS, right))


@jit
def last_digit(packed):
    return (packed.right >> DIGIT_BITS) & LOW4
