"""Vector string instructions: PoP ch. 23.

They look at the elements of V2 from the left. The result of a search is the number of a byte, in byte 7 of V1, 16 if
nothing is found; the other bytes are zeros. In the last mask bits that the instruction does not use are invalid where
it has no bits 0 and 1; elsewhere they are ignored.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.isa.vector.registers import (
    ALL_ONES,
    BYTE,
    VECTOR_BYTES,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    mask20,
    mask24,
    mask32,
    set_vector,
    v8,
    v12,
    v16,
    v32,
    vector,
    width_of,
    with_element,
    zero_vector,
)

# Bits of the last mask.
INVERT, RESULT_IS_A_MASK, SEARCH_ZERO, SET_CC = (u64(n) for n in (8, 4, 2, 1))
IF_EQUAL, IF_LOW, IF_HIGH = (u64(n) for n in (4, 2, 1))  # the three leftmost bits of a control element of V4
CONTROL_BITS = u64(3)
ZERO_FOUND, FOUND, FOUND_BEFORE_ZERO, NOTHING_FOUND = 0, 1, 2, 3  # condition codes of a search
LENGTH_BYTE = 7  # of V4
NO_MATCH, NO_MATCH_AND_ZERO, FULL_MATCH, PARTIAL_MATCH = 0, 1, 2, 3  # condition codes of VECTOR STRING SEARCH


@jit
def byte_number(size, number):
    """Return the Vector that has the number of an element's first byte in byte 7."""
    return Vector(u64(number) << size, u64(0))


@jit
def first_zero(size, value):
    """Return the number of the first zero element; how many there are if none is zero."""
    for n in range(elements_of(size)):
        if element(value, size, n) == u64(0):
            return n
    return elements_of(size)


@jit
def search_cc(count, found, zero):
    """Return the condition code of a search that found element `found` and the zero element `zero`; count: neither."""
    if zero == count:
        return NOTHING_FOUND if found == count else FOUND
    return FOUND_BEFORE_ZERO if found < zero else ZERO_FOUND


# --- find ------------------------------------------------------------------------------------------------------------


@jit
def equals_any(size, content, values):
    """True if any element is equal to this one."""
    for n in range(elements_of(size)):
        if element(values, size, n) == content:
            return True
    return False


@jit
def conclude(cpu, insn, size, flags, second, matches):
    """Set V1, and cc if the flags say so, by which elements of V2 match: `matches` has ones there. Return 0."""
    count = elements_of(size)
    found = count
    for n in range(count - 1, -1, -1):
        if element(matches, size, n) != u64(0):
            found = n
    zero = first_zero(size, second) if on(flags, SEARCH_ZERO) else count
    if on(flags, SET_CC):
        cpu.cc = search_cc(count, found, zero)
    if on(flags, RESULT_IS_A_MASK):
        return set_vector(cpu, v8(insn), matches)
    return set_vector(cpu, v8(insn), byte_number(size, min(found, zero)))


@jit
def vfae(cpu, storage, insn):
    """VECTOR FIND ANY ELEMENT EQUAL, VRR-b. PoP ch. 23 "VECTOR FIND ANY ELEMENT EQUAL". cc unchanged, or by bit 3 of
    M5: 0 a zero and no match before it, 1 a match and no zero, 2 a match before a zero, 3 neither.

    An element of V2 matches if it is equal to any of V3, or if M5 says so to none. Bit 2 of M5 searches V2 for zeros.
    """
    size, flags = mask32(insn), mask24(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third, matches = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    for n in range(elements_of(size)):
        if equals_any(size, element(second, size, n), third) != on(flags, INVERT):
            matches = with_element(matches, size, n, ALL_ONES)
    return conclude(cpu, insn, size, flags, second, matches)


@jit
def vfee(cpu, storage, insn):
    """VECTOR FIND ELEMENT EQUAL, VRR-b. PoP ch. 23 "VECTOR FIND ELEMENT EQUAL". cc unchanged, or by bit 3 of M5: 0 a
    zero and no match before it, 1 a match and no zero, 2 a match before a zero, 3 neither.

    An element of V2 matches if it is equal to the same one of V3.
    """
    size, flags = mask32(insn), mask24(insn)
    code = availability(cpu, size > WORD or flags > (SEARCH_ZERO | SET_CC))
    if code != 0:
        return code
    second, third, matches = vector(cpu, v12(insn)), vector(cpu, v16(insn)), zero_vector()
    for n in range(elements_of(size)):
        if element(second, size, n) == element(third, size, n):
            matches = with_element(matches, size, n, ALL_ONES)
    return conclude(cpu, insn, size, flags, second, matches)


@jit
def vfene(cpu, storage, insn):
    """VECTOR FIND ELEMENT NOT EQUAL, VRR-b. PoP ch. 23 "VECTOR FIND ELEMENT NOT EQUAL". cc unchanged, or by bit 3 of
    M5: 0 zeros in both and no difference before them, 1 V2 is low where they differ, 2 high, 3 neither."""
    size, flags = mask32(insn), mask24(insn)
    code = availability(cpu, size > WORD or flags > (SEARCH_ZERO | SET_CC))
    if code != 0:
        return code
    second, third, count = vector(cpu, v12(insn)), vector(cpu, v16(insn)), elements_of(size)
    at, cc = count, 3
    for n in range(count - 1, -1, -1):
        left, right = element(second, size, n), element(third, size, n)
        if left != right:
            at, cc = n, 1 if left < right else 2
        elif left == u64(0) and on(flags, SEARCH_ZERO):
            at, cc = n, 0
    if on(flags, SET_CC):
        cpu.cc = cc
    return set_vector(cpu, v8(insn), byte_number(size, at))


@jit
def vistr(cpu, storage, insn):
    """VECTOR ISOLATE STRING, VRR-a. PoP ch. 23 "VECTOR ISOLATE STRING". cc unchanged, or by bit 3 of M5: 0 a zero was
    found, 3 none. From the first zero element on V1 has zeros."""
    size, flags = mask32(insn), mask24(insn)
    code = availability(cpu, size > WORD or flags > SET_CC)
    if code != 0:
        return code
    value, count = vector(cpu, v12(insn)), elements_of(size)
    zero = first_zero(size, value)
    for n in range(zero, count):
        value = with_element(value, size, n, u64(0))
    if on(flags, SET_CC):
        cpu.cc = NOTHING_FOUND if zero == count else ZERO_FOUND
    return set_vector(cpu, v8(insn), value)


# --- ranges ----------------------------------------------------------------------------------------------------------


@jit
def is_so(size, content, other, control):
    """True if the comparison is one that the three leftmost bits of a control element select."""
    selected = control >> (width_of(size) - CONTROL_BITS)
    return on(selected, IF_EQUAL if content == other else IF_LOW if content < other else IF_HIGH)


@jit
def in_any_range(size, content, limits, controls):
    """True if an element is in one of the ranges, of which each has two elements as limits and two as controls."""
    for n in range(0, elements_of(size), 2):
        if is_so(size, content, element(limits, size, n), element(controls, size, n)) and is_so(
            size, content, element(limits, size, n + 1), element(controls, size, n + 1)
        ):
            return True
    return False


@jit
def vstrc(cpu, storage, insn):
    """VECTOR STRING RANGE COMPARE, VRR-d. PoP ch. 23 "VECTOR STRING RANGE COMPARE". cc unchanged, or by bit 3 of M6:
    0 a zero and no match before it, 1 a match and no zero, 2 a match before a zero, 3 neither.

    An element of V2 matches if it compares with both elements of any pair of V3 as that pair of V4 says.
    """
    size, flags = mask20(insn), mask24(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third, fourth = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    matches = zero_vector()
    for n in range(elements_of(size)):
        if in_any_range(size, element(second, size, n), third, fourth) != on(flags, INVERT):
            matches = with_element(matches, size, n, ALL_ONES)
    return conclude(cpu, insn, size, flags, second, matches)


# --- search ----------------------------------------------------------------------------------------------------------


@jit
def matching(size, second, third, start, end):
    """True if elements start to end-1 of second are the first ones of third."""
    for n in range(start, end):
        if element(second, size, n) != element(third, size, n - start):
            return False
    return True


@jit
def find_string(size, second, third, length, zero):
    """Return (number of the element where a string of `length` elements begins in second, condition code). zero: where
    second ends, how many elements it has if it is not known to.

    A string that begins, as far as second goes, may go on in what comes after; but not beyond a zero.
    """
    count = elements_of(size)
    for start in range(zero):
        end = start + length
        if end <= zero and matching(size, second, third, start, end):
            return start, FULL_MATCH
        if zero == count and end > count and matching(size, second, third, start, count):
            return start, PARTIAL_MATCH
    return count, NO_MATCH if zero == count else NO_MATCH_AND_ZERO


@jit
def vstrs(cpu, storage, insn):
    """VECTOR STRING SEARCH, VRR-d. PoP ch. 23 "VECTOR STRING SEARCH". cc 0 no match, 1 no match and V2 ends, 2 match, 3
    partial match.

    Byte 7 of V4 is the length in bytes of the string in V3; with bit 2 of M6 a zero element ends that string, and V2.
    More than 16 bytes, or part of an element, are unpredictable: here they are 16, and no element.
    """
    size = mask20(insn)
    code = availability(cpu, size > WORD or on(mask24(insn), ~SEARCH_ZERO))
    if code != 0:
        return code
    second, third, count = vector(cpu, v12(insn)), vector(cpu, v16(insn)), elements_of(size)
    given = i64(element(vector(cpu, v32(insn)), BYTE, LENGTH_BYTE))
    length, zero = (given if given < VECTOR_BYTES else VECTOR_BYTES) >> i64(size), count
    if on(mask24(insn), SEARCH_ZERO):
        length, zero = min(length, first_zero(size, third)), first_zero(size, second)
    if length == 0:
        at, cc = 0, FULL_MATCH
    else:
        at, cc = find_string(size, second, third, length, zero)
    cpu.cc = cc
    return set_vector(cpu, v8(insn), byte_number(size, at))
