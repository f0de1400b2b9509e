"""Vector support instructions between registers: PoP ch. 21.

A mask that has an element size or number is invalid, a specification exception, where the instruction has no such
element.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8
from s390emu.architecture.sizes import DOUBLEWORD_BITS
from s390emu.isa.operands import field, imm16, sign_extend
from s390emu.isa.vector.load_store import no_element
from s390emu.isa.vector.registers import (
    BYTE,
    DOUBLEWORD,
    HALFWORD,
    ONE,
    VECTOR_BYTES,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    mask24,
    mask32,
    ones_of,
    replicated,
    set_vector,
    signed,
    v8,
    v12,
    v16,
    v32,
    vector,
    width_of,
    with_element,
    zero_vector,
)

SET_CC = u64(1)  # bit 3 of a mask
RIGHT_OF_SECOND, RIGHT_OF_THIRD = u64(4), u64(1)  # of M4 of VECTOR PERMUTE DOUBLEWORD IMMEDIATE
ALL_SATURATED, SOME_SATURATED = 3, 1  # condition codes
LAST_OF_TWO = u64(31)  # byte of two registers
BIT_NUMBERS = u64(127)
ZERO = u64(0)


@jit
def vlr(cpu, storage, insn):
    """VECTOR LOAD, VRR-a. PoP ch. 21 "VECTOR LOAD". cc unchanged."""
    code = availability(cpu, False)
    return code if code != 0 else set_vector(cpu, v8(insn), vector(cpu, v12(insn)))


# --- immediates ------------------------------------------------------------------------------------------------------


@jit
def vgbm(cpu, storage, insn):
    """VECTOR GENERATE BYTE MASK, VRI-a. PoP ch. 21 "VECTOR GENERATE BYTE MASK". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    value = zero_vector()
    for n in range(VECTOR_BYTES):
        if on(insn, ONE << u64(47 - n)):  # bit n of I2
            value = with_element(value, BYTE, n, LOW8)
    return set_vector(cpu, v8(insn), value)


@jit
def vgm(cpu, storage, insn):
    """VECTOR GENERATE MASK, VRI-b. PoP ch. 21 "VECTOR GENERATE MASK". cc unchanged.

    Ones from bit I2 to bit I3 of each element, around its end if I3 is less; of the numbers only the bits that an
    element needs count.
    """
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    width = width_of(size)
    first, last = field(insn, u64(16), u64(8)) & (width - ONE), field(insn, u64(24), u64(8)) & (width - ONE)
    from_first = ones_of(size) >> first
    to_last = ones_of(size) << (width - ONE - last)
    ones = from_first & to_last if first <= last else from_first | to_last
    return set_vector(cpu, v8(insn), replicated(size, ones))


@jit
def vrepi(cpu, storage, insn):
    """VECTOR REPLICATE IMMEDIATE, VRI-a. PoP ch. 21 "VECTOR REPLICATE IMMEDIATE". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), replicated(size, sign_extend(imm16(insn), u64(16))))


@jit
def load_immediate(cpu, insn, size):
    """Set the element of V1 whose number is in M3 to I2, sign-extended or its rightmost byte; return a code."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return code
    content = sign_extend(imm16(insn), u64(16))
    return set_vector(cpu, v8(insn), with_element(vector(cpu, v8(insn)), size, i64(number), content))


@jit
def vleib(cpu, storage, insn):
    """VECTOR LOAD ELEMENT IMMEDIATE (8), VRI-a. PoP ch. 21 "VECTOR LOAD ELEMENT IMMEDIATE". cc unchanged."""
    return load_immediate(cpu, insn, BYTE)


@jit
def vleih(cpu, storage, insn):
    """VECTOR LOAD ELEMENT IMMEDIATE (16), VRI-a. PoP ch. 21 "VECTOR LOAD ELEMENT IMMEDIATE". cc unchanged."""
    return load_immediate(cpu, insn, HALFWORD)


@jit
def vleif(cpu, storage, insn):
    """VECTOR LOAD ELEMENT IMMEDIATE (32), VRI-a. PoP ch. 21 "VECTOR LOAD ELEMENT IMMEDIATE". cc unchanged."""
    return load_immediate(cpu, insn, WORD)


@jit
def vleig(cpu, storage, insn):
    """VECTOR LOAD ELEMENT IMMEDIATE (64), VRI-a. PoP ch. 21 "VECTOR LOAD ELEMENT IMMEDIATE". cc unchanged."""
    return load_immediate(cpu, insn, DOUBLEWORD)


# --- moving elements -------------------------------------------------------------------------------------------------


@jit
def vrep(cpu, storage, insn):
    """VECTOR REPLICATE, VRI-c. PoP ch. 21 "VECTOR REPLICATE". cc unchanged. I2 must be the number of an element."""
    size, number = mask32(insn), imm16(insn)
    code = availability(cpu, size > DOUBLEWORD or no_element(size, number))
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), replicated(size, element(vector(cpu, v12(insn)), size, i64(number))))


@jit
def merge(cpu, insn, from_right):
    """Interleave the elements of one half of V2 and V3; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    second, third, value = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    half = elements_of(size) // 2
    first = half if from_right else 0
    for n in range(half):
        value = with_element(value, size, 2 * n, element(second, size, first + n))
        value = with_element(value, size, 2 * n + 1, element(third, size, first + n))
    return set_vector(cpu, v8(insn), value)


@jit
def vmrh(cpu, storage, insn):
    """VECTOR MERGE HIGH, VRR-c. PoP ch. 21 "VECTOR MERGE HIGH". cc unchanged."""
    return merge(cpu, insn, False)


@jit
def vmrl(cpu, storage, insn):
    """VECTOR MERGE LOW, VRR-c. PoP ch. 21 "VECTOR MERGE LOW". cc unchanged."""
    return merge(cpu, insn, True)


@jit
def vperm(cpu, storage, insn):
    """VECTOR PERMUTE, VRR-e. PoP ch. 21 "VECTOR PERMUTE". cc unchanged.

    Bits 3-7 of each byte of V4 number a byte of V2 and V3 one after the other.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    second, third, numbers = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    value = zero_vector()
    for n in range(VECTOR_BYTES):
        number = i64(element(numbers, BYTE, n) & LAST_OF_TWO)
        source = second if number < VECTOR_BYTES else third
        value = with_element(value, BYTE, n, element(source, BYTE, number % VECTOR_BYTES))
    return set_vector(cpu, v8(insn), value)


@jit
def vpdi(cpu, storage, insn):
    """VECTOR PERMUTE DOUBLEWORD IMMEDIATE, VRR-c. PoP ch. 21 "VECTOR PERMUTE DOUBLEWORD IMMEDIATE". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    which, second, third = mask32(insn), vector(cpu, v12(insn)), vector(cpu, v16(insn))
    left = second.right if on(which, RIGHT_OF_SECOND) else second.left
    right = third.right if on(which, RIGHT_OF_THIRD) else third.left
    return set_vector(cpu, v8(insn), Vector(left, right))


@jit
def vsel(cpu, storage, insn):
    """VECTOR SELECT, VRR-e. PoP ch. 21 "VECTOR SELECT". cc unchanged. Ones of V4 select V2, zeros V3."""
    code = availability(cpu, False)
    if code != 0:
        return code
    second, third, ones = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    left = (second.left & ones.left) | (third.left & ~ones.left)
    right = (second.right & ones.right) | (third.right & ~ones.right)
    return set_vector(cpu, v8(insn), Vector(left, right))


@jit
def vbperm(cpu, storage, insn):
    """VECTOR BIT PERMUTE, VRR-c. PoP ch. 21 "VECTOR BIT PERMUTE". cc unchanged.

    Each byte of V3 numbers a bit of V2, zero beyond bit 127; the 16 bits are put into bits 48-63 of zeros.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    second, numbers, found = vector(cpu, v12(insn)), vector(cpu, v16(insn)), u64(0)
    for n in range(VECTOR_BYTES):
        number = element(numbers, BYTE, n)
        word = second.left if number < DOUBLEWORD_BITS else second.right
        one = (word >> (DOUBLEWORD_BITS - ONE - (number & (DOUBLEWORD_BITS - ONE)))) & ONE
        found = (found << ONE) | (one if number <= BIT_NUMBERS else ZERO)
    return set_vector(cpu, v8(insn), Vector(found, ZERO))


# --- pack ------------------------------------------------------------------------------------------------------------


@jit
def vpk(cpu, storage, insn):
    """VECTOR PACK, VRR-c. PoP ch. 21 "VECTOR PACK". cc unchanged. The right halves of the elements of V2 and V3."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > DOUBLEWORD)
    if code != 0:
        return code
    second, third, value = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    count = elements_of(size)
    for n in range(count):
        value = with_element(value, size - ONE, n, element(second, size, n))
        value = with_element(value, size - ONE, count + n, element(third, size, n))
    return set_vector(cpu, v8(insn), value)


@jit
def saturate_signed(size, content):
    """Return the signed element of the next smaller size that is nearest, right-aligned."""
    greatest = i64(ones_of(size - ONE) >> ONE)
    return u64(max(-greatest - 1, min(greatest, signed(size, content)))) & ones_of(size - ONE)


@jit
def saturate_logical(size, content):
    """Return the unsigned element of the next smaller size that is nearest."""
    return min(content, ones_of(size - ONE))


@jit
def pack_saturated(cpu, insn, logical):
    """Pack V2 and V3, each element saturated; return a code. Set cc, if M5 says so, by how many had to be."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > DOUBLEWORD)
    if code != 0:
        return code
    second, third, value, saturated = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector(), 0
    count = elements_of(size)
    for n in range(2 * count):
        content = element(second if n < count else third, size, n % count)
        if logical:
            packed = saturate_logical(size, content)
            changed = packed != content
        else:
            packed = saturate_signed(size, content)
            changed = signed(size - ONE, packed) != signed(size, content)
        saturated += 1 if changed else 0
        value = with_element(value, size - ONE, n, packed)
    if on(mask24(insn), SET_CC):
        cpu.cc = 0 if saturated == 0 else ALL_SATURATED if saturated == 2 * count else SOME_SATURATED
    return set_vector(cpu, v8(insn), value)


@jit
def vpks(cpu, storage, insn):
    """VECTOR PACK SATURATE, VRR-b. PoP ch. 21 "VECTOR PACK SATURATE". cc unchanged, or by M5: 0, 1 some, 3 all."""
    return pack_saturated(cpu, insn, False)


@jit
def vpkls(cpu, storage, insn):
    """VECTOR PACK LOGICAL SATURATE, VRR-b. PoP ch. 21 "VECTOR PACK LOGICAL SATURATE". cc unchanged, or by M5: 0, 1 some
    elements saturated, 3 all."""
    return pack_saturated(cpu, insn, True)


# --- unpack ----------------------------------------------------------------------------------------------------------


@jit
def unpack_half(cpu, insn, from_right, logical):
    """Extend the elements of one half of V2 to the double size; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, value = vector(cpu, v12(insn)), zero_vector()
    half = elements_of(size) // 2
    first = half if from_right else 0
    for n in range(half):
        content = element(second, size, first + n)
        value = with_element(value, size + ONE, n, content if logical else u64(signed(size, content)))
    return set_vector(cpu, v8(insn), value)


@jit
def vuph(cpu, storage, insn):
    """VECTOR UNPACK HIGH, VRR-a. PoP ch. 21 "VECTOR UNPACK HIGH". cc unchanged."""
    return unpack_half(cpu, insn, False, False)


@jit
def vuplh(cpu, storage, insn):
    """VECTOR UNPACK LOGICAL HIGH, VRR-a. PoP ch. 21 "VECTOR UNPACK LOGICAL HIGH". cc unchanged."""
    return unpack_half(cpu, insn, False, True)


@jit
def vupl(cpu, storage, insn):
    """VECTOR UNPACK LOW, VRR-a. PoP ch. 21 "VECTOR UNPACK LOW". cc unchanged."""
    return unpack_half(cpu, insn, True, False)


@jit
def vupll(cpu, storage, insn):
    """VECTOR UNPACK LOGICAL LOW, VRR-a. PoP ch. 21 "VECTOR UNPACK LOGICAL LOW". cc unchanged."""
    return unpack_half(cpu, insn, True, True)


@jit
def vseg(cpu, storage, insn):
    """VECTOR SIGN EXTEND TO DOUBLEWORD, VRR-a. PoP ch. 21 "VECTOR SIGN EXTEND TO DOUBLEWORD". cc unchanged.

    The rightmost element of each doubleword is extended.
    """
    size = mask32(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second = vector(cpu, v12(insn))
    return set_vector(cpu, v8(insn), Vector(u64(signed(size, second.left)), u64(signed(size, second.right))))
