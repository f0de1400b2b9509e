"""Vector shifts and rotates, of elements and of whole registers: PoP ch. 22.

A mask that has an element size which the instruction has not is invalid, a specification exception.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.sizes import BYTE_BITS, DOUBLEWORD_BITS
from s390emu.isa.operands import based, field
from s390emu.isa.vector.integer import ZERO, each, of_two
from s390emu.isa.vector.registers import (
    BYTE,
    DOUBLEWORD,
    ONE,
    VECTOR_BYTES,
    Vector,
    availability,
    element,
    mask32,
    replicated,
    set_vector,
    signed,
    v8,
    v12,
    v16,
    vector,
    width_of,
    with_element,
    zero_vector,
)

BITS_OF_AMOUNT = u64(7)  # bits 5-7 of a byte
BYTES_OF_AMOUNT, BYTES_SHIFT = u64(15), u64(3)  # bits 1-4 of byte 7


# --- elements --------------------------------------------------------------------------------------------------------


@jit
def amount_of(size, amount):
    """Return a shift amount modulo the bits of an element."""
    return amount & (width_of(size) - ONE)


@jit
def shifted_left(size, content, amount):
    return content << amount_of(size, amount)


@jit
def shifted_right(size, content, amount):
    return content >> amount_of(size, amount)


@jit
def shifted_right_signed(size, content, amount):
    return u64(signed(size, content) >> i64(amount_of(size, amount)))


@jit
def rotated(size, content, amount):
    count = amount_of(size, amount)
    back = amount_of(size, width_of(size) - count)
    return (content << count) | (content >> back) if count != ZERO else content


@jit
def by_address(cpu, insn, operation):
    """Execute VRS-a with the second-operand address as the amount; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    amounts = replicated(size, amount_of(size, based(cpu, insn)))
    return set_vector(cpu, v8(insn), each(size, vector(cpu, v12(insn)), amounts, operation))


@jit
def veslv(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT LEFT, VRR-c. PoP ch. 22 "VECTOR ELEMENT SHIFT LEFT". cc unchanged."""
    return of_two(cpu, insn, shifted_left)


@jit
def vesrlv(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT RIGHT LOGICAL, VRR-c. PoP ch. 22 "VECTOR ELEMENT SHIFT RIGHT LOGICAL". cc unchanged."""
    return of_two(cpu, insn, shifted_right)


@jit
def vesrav(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT RIGHT ARITHMETIC, VRR-c. PoP ch. 22 "VECTOR ELEMENT SHIFT RIGHT ARITHMETIC". cc unchanged.
    """
    return of_two(cpu, insn, shifted_right_signed)


@jit
def verllv(cpu, storage, insn):
    """VECTOR ELEMENT ROTATE LEFT LOGICAL, VRR-c. PoP ch. 22 "VECTOR ELEMENT ROTATE LEFT LOGICAL". cc unchanged."""
    return of_two(cpu, insn, rotated)


@jit
def vesl(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT LEFT, VRS-a. PoP ch. 22 "VECTOR ELEMENT SHIFT LEFT". cc unchanged."""
    return by_address(cpu, insn, shifted_left)


@jit
def vesrl(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT RIGHT LOGICAL, VRS-a. PoP ch. 22 "VECTOR ELEMENT SHIFT RIGHT LOGICAL". cc unchanged."""
    return by_address(cpu, insn, shifted_right)


@jit
def vesra(cpu, storage, insn):
    """VECTOR ELEMENT SHIFT RIGHT ARITHMETIC, VRS-a. PoP ch. 22 "VECTOR ELEMENT SHIFT RIGHT ARITHMETIC". cc unchanged.
    """
    return by_address(cpu, insn, shifted_right_signed)


@jit
def verll(cpu, storage, insn):
    """VECTOR ELEMENT ROTATE LEFT LOGICAL, VRS-a. PoP ch. 22 "VECTOR ELEMENT ROTATE LEFT LOGICAL". cc unchanged."""
    return by_address(cpu, insn, rotated)


@jit
def verim(cpu, storage, insn):
    """VECTOR ELEMENT ROTATE AND INSERT UNDER MASK, VRI-d. PoP ch. 22 "VECTOR ELEMENT ROTATE AND INSERT UNDER MASK". cc
    unchanged. Ones of V3 select bits of V2, whose elements are rotated, zeros those of V1."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    first, ones = vector(cpu, v8(insn)), vector(cpu, v16(insn))
    amounts = replicated(size, amount_of(size, field(insn, u64(24), u64(8))))
    turned = each(size, vector(cpu, v12(insn)), amounts, rotated)
    left = (first.left & ~ones.left) | (turned.left & ones.left)
    right = (first.right & ~ones.right) | (turned.right & ones.right)
    return set_vector(cpu, v8(insn), Vector(left, right))


# --- whole registers, by bits ----------------------------------------------------------------------------------------


@jit
def byte_or(value, number, beyond):
    """Return a byte of a Vector; `beyond` if it has none of that number."""
    return element(value, BYTE, number) if 0 <= number < VECTOR_BYTES else beyond


@jit
def shift_bytes_right(cpu, insn, beyond):
    """Shift each byte of V2, with the one before it, right by the amount in that byte of V3; return a code. beyond:
    what comes before the first. Where the amounts are the same, this shifts the register."""
    second, amounts, value = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    for n in range(VECTOR_BYTES):
        pair = (byte_or(second, n - 1, beyond) << BYTE_BITS) | element(second, BYTE, n)
        value = with_element(value, BYTE, n, pair >> (element(amounts, BYTE, n) & BITS_OF_AMOUNT))
    return set_vector(cpu, v8(insn), value)


@jit
def sign_byte(value):
    """Return a byte of copies of bit 0 of a Vector."""
    return u64(i64(value.left) >> 63) & u64(0xFF)


@jit
def vsl(cpu, storage, insn):
    """VECTOR SHIFT LEFT, VRR-c. PoP ch. 22 "VECTOR SHIFT LEFT". cc unchanged.

    Each byte, with the one after it, is shifted by bits 5-7 of that byte of V3. Without vector enhancements 2 it is
    unpredictable what happens if those are not all the same.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    second, amounts, value = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    for n in range(VECTOR_BYTES):
        pair = (element(second, BYTE, n) << BYTE_BITS) | byte_or(second, n + 1, ZERO)
        value = with_element(value, BYTE, n, (pair << (element(amounts, BYTE, n) & BITS_OF_AMOUNT)) >> BYTE_BITS)
    return set_vector(cpu, v8(insn), value)


@jit
def vsrl(cpu, storage, insn):
    """VECTOR SHIFT RIGHT LOGICAL, VRR-c. PoP ch. 22 "VECTOR SHIFT RIGHT LOGICAL". cc unchanged. See VECTOR SHIFT LEFT.
    """
    code = availability(cpu, False)
    return code if code != 0 else shift_bytes_right(cpu, insn, ZERO)


@jit
def vsra(cpu, storage, insn):
    """VECTOR SHIFT RIGHT ARITHMETIC, VRR-c. PoP ch. 22 "VECTOR SHIFT RIGHT ARITHMETIC". cc unchanged. See VECTOR SHIFT
    LEFT."""
    code = availability(cpu, False)
    return code if code != 0 else shift_bytes_right(cpu, insn, sign_byte(vector(cpu, v12(insn))))


# --- whole registers, by bytes ---------------------------------------------------------------------------------------


@jit
def bytes_from(first, second, start):
    """Return the 16 bytes from byte `start`, 0 to 16, on, of two Vectors one after the other."""
    value = zero_vector()
    for n in range(VECTOR_BYTES):
        at = start + n
        source = first if at < VECTOR_BYTES else second
        value = with_element(value, BYTE, n, element(source, BYTE, at % VECTOR_BYTES))
    return value


@jit
def bytes_in(amounts):
    """Return the number of bytes that bits 1-4 of byte 7 of a Vector have."""
    return i64((amounts.left >> BYTES_SHIFT) & BYTES_OF_AMOUNT)


@jit
def vslb(cpu, storage, insn):
    """VECTOR SHIFT LEFT BY BYTE, VRR-c. PoP ch. 22 "VECTOR SHIFT LEFT BY BYTE". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    count = bytes_in(vector(cpu, v16(insn)))
    return set_vector(cpu, v8(insn), bytes_from(vector(cpu, v12(insn)), zero_vector(), count))


@jit
def vsrlb(cpu, storage, insn):
    """VECTOR SHIFT RIGHT LOGICAL BY BYTE, VRR-c. PoP ch. 22 "VECTOR SHIFT RIGHT LOGICAL BY BYTE". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    count = bytes_in(vector(cpu, v16(insn)))
    return set_vector(cpu, v8(insn), bytes_from(zero_vector(), vector(cpu, v12(insn)), VECTOR_BYTES - count))


@jit
def vsrab(cpu, storage, insn):
    """VECTOR SHIFT RIGHT ARITHMETIC BY BYTE, VRR-c. PoP ch. 22 "VECTOR SHIFT RIGHT ARITHMETIC BY BYTE". cc unchanged.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    second, count = vector(cpu, v12(insn)), bytes_in(vector(cpu, v16(insn)))
    signs = replicated(BYTE, sign_byte(second))
    return set_vector(cpu, v8(insn), bytes_from(signs, second, VECTOR_BYTES - count))


@jit
def vsldb(cpu, storage, insn):
    """VECTOR SHIFT LEFT DOUBLE BY BYTE, VRI-d. PoP ch. 22 "VECTOR SHIFT LEFT DOUBLE BY BYTE". cc unchanged.

    Of I4 bits 4-7 count.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    count = i64(field(insn, u64(28), u64(4)))
    return set_vector(cpu, v8(insn), bytes_from(vector(cpu, v12(insn)), vector(cpu, v16(insn)), count))


# --- two registers, by bits ------------------------------------------------------------------------------------------


@jit
def joined_words(left, right, count):
    """Return bits 0-63 of two doublewords one after the other, shifted left by 0 to 63."""
    return left if count == ZERO else (left << count) | (right >> (DOUBLEWORD_BITS - count))


@jit
def vsld(cpu, storage, insn):
    """VECTOR SHIFT LEFT DOUBLE BY BIT, VRI-d. PoP ch. 22 "VECTOR SHIFT LEFT DOUBLE BY BIT". cc unchanged.

    I4 is 0 to 7.
    """
    count = field(insn, u64(24), u64(8))
    code = availability(cpu, count > BITS_OF_AMOUNT)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    left = joined_words(second.left, second.right, count)
    return set_vector(cpu, v8(insn), Vector(left, joined_words(second.right, third.left, count)))


@jit
def vsrd(cpu, storage, insn):
    """VECTOR SHIFT RIGHT DOUBLE BY BIT, VRI-d. PoP ch. 22 "VECTOR SHIFT RIGHT DOUBLE BY BIT". cc unchanged.

    I4 is 0 to 7; the right half of what is shifted is the result.
    """
    count = field(insn, u64(24), u64(8))
    code = availability(cpu, count > BITS_OF_AMOUNT)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    if count == ZERO:
        return set_vector(cpu, v8(insn), third)
    count = DOUBLEWORD_BITS - count
    left = joined_words(second.right, third.left, count)
    return set_vector(cpu, v8(insn), Vector(left, joined_words(third.left, third.right, count)))
