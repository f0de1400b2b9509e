"""Vector integer instructions, but for products and shifts: PoP ch. 22.

A mask that has an element size which the instruction has not is invalid, a specification exception.
"""

from __future__ import annotations

from s390emu._jit import jit, leading_zeros, on, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.isa.vector.registers import (
    ALL_ONES,
    BYTE,
    DOUBLEWORD,
    ENHANCEMENTS_1,
    HALFWORD,
    ONE,
    QUADWORD,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    enhanced,
    mask20,
    mask24,
    mask32,
    ones_of,
    set_vector,
    signed,
    v8,
    v12,
    v16,
    v32,
    vector,
    width_of,
    with_element,
)

ZERO = u64(0)
SET_CC = u64(1)  # bit 3 of M5
ALL_TRUE, SOME_TRUE, NONE_TRUE = 0, 1, 3  # condition codes of comparisons
EQUAL, LOW, HIGH = 0, 1, 2
ALL_ZEROS, MIXED, SELECTED_ONES = 0, 1, 3  # ... of VECTOR TEST UNDER MASK


# --- element by element ----------------------------------------------------------------------------------------------


@jit
def each_of_word(size, first, second, operation):
    """Return the doubleword whose elements are operation(size, element of first, element of second)."""
    result, ones, shift = ZERO, ones_of(size), ZERO
    while shift < DOUBLEWORD_BITS:
        result |= (operation(size, (first >> shift) & ones, (second >> shift) & ones) & ones) << shift
        shift += width_of(size)
    return result


@jit
def each(size, first, second, operation):
    """Return the Vector whose elements are operation(size, element of first, element of second), of which the rightmost
    bits count."""
    return Vector(
        each_of_word(size, first.left, second.left, operation), each_of_word(size, first.right, second.right, operation)
    )


@jit
def of_two(cpu, insn, operation):
    """Execute VRR-c with an operation on elements of up to a doubleword; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), each(size, vector(cpu, v12(insn)), vector(cpu, v16(insn)), operation))


@jit
def of_one(cpu, insn, operation):
    """Execute VRR-a with an operation on elements of up to a doubleword, given twice; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    second = vector(cpu, v12(insn))
    return set_vector(cpu, v8(insn), each(size, second, second, operation))


# --- sums and differences --------------------------------------------------------------------------------------------


@jit
def plus(size, first, second):
    return first + second


@jit
def carry_of_sum(size, first, second):
    return ONE if ((first + second) & ones_of(size)) < first else ZERO


@jit
def minus(size, first, second):
    return first - second


@jit
def no_borrow(size, first, second):
    return ONE if first >= second else ZERO


@jit
def sum_with_carry(first, second, carry):
    """Return (sum, carry) of two Vectors as numbers of 128 bits and a carry of 0 or 1."""
    right = first.right + second.right
    over = ONE if right < first.right else ZERO
    right += carry
    over |= ONE if right < carry else ZERO
    left = first.left + second.left
    out = ONE if left < first.left else ZERO
    left += over
    out |= ONE if left < over else ZERO
    return Vector(left, right), out


@jit
def complement(value):
    return Vector(~value.left, ~value.right)


@jit
def quadword_sum(first, second, carry, only_carry):
    """Return the sum, or its carry, as a Vector."""
    total, out = sum_with_carry(first, second, carry)
    return Vector(ZERO, out) if only_carry else total


@jit
def sum_or_carry(cpu, insn, operation, subtract, only_carry):
    """Execute VRR-c with elements of up to a quadword; return a code. operation: for those of up to a doubleword."""
    size = mask32(insn)
    code = availability(cpu, size > QUADWORD)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    if size < QUADWORD:
        return set_vector(cpu, v8(insn), each(size, second, third, operation))
    if subtract:
        return set_vector(cpu, v8(insn), quadword_sum(second, complement(third), ONE, only_carry))
    return set_vector(cpu, v8(insn), quadword_sum(second, third, ZERO, only_carry))


@jit
def va(cpu, storage, insn):
    """VECTOR ADD, VRR-c. PoP ch. 22 "VECTOR ADD". cc unchanged."""
    return sum_or_carry(cpu, insn, plus, False, False)


@jit
def vacc(cpu, storage, insn):
    """VECTOR ADD COMPUTE CARRY, VRR-c. PoP ch. 22 "VECTOR ADD COMPUTE CARRY". cc unchanged."""
    return sum_or_carry(cpu, insn, carry_of_sum, False, True)


@jit
def vs(cpu, storage, insn):
    """VECTOR SUBTRACT, VRR-c. PoP ch. 22 "VECTOR SUBTRACT". cc unchanged."""
    return sum_or_carry(cpu, insn, minus, True, False)


@jit
def vscbi(cpu, storage, insn):
    """VECTOR SUBTRACT COMPUTE BORROW INDICATION, VRR-c. PoP ch. 22 "VECTOR SUBTRACT COMPUTE BORROW INDICATION". cc
    unchanged. A one tells that there is no borrow."""
    return sum_or_carry(cpu, insn, no_borrow, True, True)


@jit
def with_carry_in(cpu, insn, subtract, only_carry):
    """Execute VRR-d on quadwords, with the rightmost bit of V4 as the carry; return a code."""
    code = availability(cpu, mask20(insn) != QUADWORD)
    if code != 0:
        return code
    second, third, carry = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn)).right & ONE
    third = complement(third) if subtract else third
    return set_vector(cpu, v8(insn), quadword_sum(second, third, carry, only_carry))


@jit
def vac(cpu, storage, insn):
    """VECTOR ADD WITH CARRY, VRR-d. PoP ch. 22 "VECTOR ADD WITH CARRY". cc unchanged."""
    return with_carry_in(cpu, insn, False, False)


@jit
def vaccc(cpu, storage, insn):
    """VECTOR ADD WITH CARRY COMPUTE CARRY, VRR-d. PoP ch. 22 "VECTOR ADD WITH CARRY COMPUTE CARRY". cc unchanged."""
    return with_carry_in(cpu, insn, False, True)


@jit
def vsbi(cpu, storage, insn):
    """VECTOR SUBTRACT WITH BORROW INDICATION, VRR-d. PoP ch. 22 "VECTOR SUBTRACT WITH BORROW INDICATION". cc unchanged.
    """
    return with_carry_in(cpu, insn, True, False)


@jit
def vsbcbi(cpu, storage, insn):
    """VECTOR SUBTRACT WITH BORROW COMPUTE BORROW INDICATION, VRR-d. PoP ch. 22 "VECTOR SUBTRACT WITH BORROW COMPUTE
    BORROW INDICATION". cc unchanged."""
    return with_carry_in(cpu, insn, True, True)


@jit
def signed_average(size, first, second):
    """Return half the sum and one; without the bit that would not fit: both halves, and what their last bits give."""
    first, second = signed(size, first), signed(size, second)
    return u64((first >> 1) + (second >> 1) + ((first | second) & 1))


@jit
def logical_average(size, first, second):
    return (first >> ONE) + (second >> ONE) + ((first | second) & ONE)


@jit
def vavg(cpu, storage, insn):
    """VECTOR AVERAGE, VRR-c. PoP ch. 22 "VECTOR AVERAGE". cc unchanged."""
    return of_two(cpu, insn, signed_average)


@jit
def vavgl(cpu, storage, insn):
    """VECTOR AVERAGE LOGICAL, VRR-c. PoP ch. 22 "VECTOR AVERAGE LOGICAL". cc unchanged."""
    return of_two(cpu, insn, logical_average)


@jit
def negative_of(size, first, second):
    return ZERO - first


@jit
def positive_of(size, first, second):
    return ZERO - first if signed(size, first) < 0 else first


@jit
def vlc(cpu, storage, insn):
    """VECTOR LOAD COMPLEMENT, VRR-a. PoP ch. 22 "VECTOR LOAD COMPLEMENT". cc unchanged."""
    return of_one(cpu, insn, negative_of)


@jit
def vlp(cpu, storage, insn):
    """VECTOR LOAD POSITIVE, VRR-a. PoP ch. 22 "VECTOR LOAD POSITIVE". cc unchanged. The least number stays."""
    return of_one(cpu, insn, positive_of)


# --- sums across elements --------------------------------------------------------------------------------------------


@jit
def sums_across(size, wide, second, third):
    """Return the Vector of sums, in elements of size `wide` up to a doubleword, of the elements of size `size` of
    second and the rightmost one of third."""
    result, each_has = second, elements_of(size) // elements_of(wide)
    for n in range(elements_of(wide)):
        total = element(third, size, each_has * (n + 1) - 1)
        for k in range(each_has):
            total += element(second, size, each_has * n + k)
        result = with_element(result, wide, n, total)
    return result


@jit
def sum_across(cpu, insn, smallest, wide):
    """Execute VRR-c; the elements have the size `smallest` or the next one. Return a code."""
    size = mask32(insn)
    code = availability(cpu, size != smallest and size != smallest + ONE)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), sums_across(size, wide, vector(cpu, v12(insn)), vector(cpu, v16(insn))))


@jit
def vsum(cpu, storage, insn):
    """VECTOR SUM ACROSS WORD, VRR-c. PoP ch. 22 "VECTOR SUM ACROSS WORD". cc unchanged."""
    return sum_across(cpu, insn, BYTE, WORD)


@jit
def vsumg(cpu, storage, insn):
    """VECTOR SUM ACROSS DOUBLEWORD, VRR-c. PoP ch. 22 "VECTOR SUM ACROSS DOUBLEWORD". cc unchanged."""
    return sum_across(cpu, insn, HALFWORD, DOUBLEWORD)


@jit
def vsumq(cpu, storage, insn):
    """VECTOR SUM ACROSS QUADWORD, VRR-c. PoP ch. 22 "VECTOR SUM ACROSS QUADWORD". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size != WORD and size != DOUBLEWORD)
    if code != 0:
        return code
    second, last = vector(cpu, v12(insn)), elements_of(size) - 1
    total = Vector(ZERO, element(vector(cpu, v16(insn)), size, last))
    for n in range(last + 1):
        total, _ = sum_with_carry(total, Vector(ZERO, element(second, size, n)), ZERO)
    return set_vector(cpu, v8(insn), total)


@jit
def vcksm(cpu, storage, insn):
    """VECTOR CHECKSUM, VRR-c. PoP ch. 22 "VECTOR CHECKSUM". cc unchanged.

    A carry out of a word is added to its right end.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    second, total = vector(cpu, v12(insn)), element(vector(cpu, v16(insn)), WORD, 1)
    for n in range(4):
        total += element(second, WORD, n)
        total = (total & LOW32) + (total >> WORD_BITS)
    return set_vector(cpu, v8(insn), Vector(total, ZERO))


# --- comparisons -----------------------------------------------------------------------------------------------------


@jit
def compare_elements(cpu, insn, operation):
    """Set the elements of V1 to ones where the operation tells so, else to zeros, and cc if M5 says so: 0 all of them,
    1 some, 3 none; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    found = each(size, vector(cpu, v12(insn)), vector(cpu, v16(insn)), operation)
    if on(mask24(insn), SET_CC):
        cpu.cc = truth_cc(found)
    return set_vector(cpu, v8(insn), found)


@jit
def truth_cc(found):
    """Return the condition code of elements of ones and of zeros."""
    if (found.left & found.right) == ALL_ONES:
        return ALL_TRUE
    return NONE_TRUE if (found.left | found.right) == ZERO else SOME_TRUE


@jit
def is_equal(size, first, second):
    return ALL_ONES if first == second else ZERO


@jit
def is_high(size, first, second):
    return ALL_ONES if signed(size, first) > signed(size, second) else ZERO


@jit
def is_high_logical(size, first, second):
    return ALL_ONES if first > second else ZERO


@jit
def vceq(cpu, storage, insn):
    """VECTOR COMPARE EQUAL, VRR-b. PoP ch. 22 "VECTOR COMPARE EQUAL". cc unchanged, or 0, 1, 3 if M5 says so."""
    return compare_elements(cpu, insn, is_equal)


@jit
def vch(cpu, storage, insn):
    """VECTOR COMPARE HIGH, VRR-b. PoP ch. 22 "VECTOR COMPARE HIGH". cc unchanged, or 0, 1, 3 if M5 says so."""
    return compare_elements(cpu, insn, is_high)


@jit
def vchl(cpu, storage, insn):
    """VECTOR COMPARE HIGH LOGICAL, VRR-b. PoP ch. 22 "VECTOR COMPARE HIGH LOGICAL". cc unchanged, or 0, 1, 3 if M5 says
    so."""
    return compare_elements(cpu, insn, is_high_logical)


@jit
def compared_elements(cpu, insn):
    """Return (size, element of V1, element of V2, code) of VRR-a: the rightmost ones of bits 0-63."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return DOUBLEWORD, ZERO, ZERO, code
    ones = ones_of(size)
    return size, vector(cpu, v8(insn)).left & ones, vector(cpu, v12(insn)).left & ones, 0


@jit
def vec(cpu, storage, insn):
    """VECTOR ELEMENT COMPARE, VRR-a. PoP ch. 22 "VECTOR ELEMENT COMPARE". cc 0 equal, 1 V1 low, 2 high."""
    size, first, second, code = compared_elements(cpu, insn)
    if code == 0:
        cpu.cc = EQUAL if first == second else LOW if signed(size, first) < signed(size, second) else HIGH
    return code


@jit
def vecl(cpu, storage, insn):
    """VECTOR ELEMENT COMPARE LOGICAL, VRR-a. PoP ch. 22 "VECTOR ELEMENT COMPARE LOGICAL". cc 0 equal, 1 V1 low, 2 high.
    """
    _, first, second, code = compared_elements(cpu, insn)
    if code == 0:
        cpu.cc = EQUAL if first == second else LOW if first < second else HIGH
    return code


@jit
def vmx(cpu, storage, insn):
    """VECTOR MAXIMUM, VRR-c. PoP ch. 22 "VECTOR MAXIMUM". cc unchanged."""
    return of_two(cpu, insn, signed_maximum)


@jit
def signed_maximum(size, first, second):
    return first if signed(size, first) > signed(size, second) else second


@jit
def signed_minimum(size, first, second):
    return first if signed(size, first) < signed(size, second) else second


@jit
def logical_maximum(size, first, second):
    return first if first > second else second


@jit
def logical_minimum(size, first, second):
    return first if first < second else second


@jit
def vmxl(cpu, storage, insn):
    """VECTOR MAXIMUM LOGICAL, VRR-c. PoP ch. 22 "VECTOR MAXIMUM LOGICAL". cc unchanged."""
    return of_two(cpu, insn, logical_maximum)


@jit
def vmn(cpu, storage, insn):
    """VECTOR MINIMUM, VRR-c. PoP ch. 22 "VECTOR MINIMUM". cc unchanged."""
    return of_two(cpu, insn, signed_minimum)


@jit
def vmnl(cpu, storage, insn):
    """VECTOR MINIMUM LOGICAL, VRR-c. PoP ch. 22 "VECTOR MINIMUM LOGICAL". cc unchanged."""
    return of_two(cpu, insn, logical_minimum)


# --- bits ------------------------------------------------------------------------------------------------------------


@jit
def connected(cpu, insn, operation):
    """Execute VRR-c with an operation on bits; return a code."""
    code = availability(cpu, False)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    return set_vector(
        cpu, v8(insn), Vector(operation(second.left, third.left), operation(second.right, third.right))
    )


@jit
def and_of(first, second):
    return first & second


@jit
def and_complement_of(first, second):
    return first & ~second


@jit
def nand_of(first, second):
    return ~(first & second)


@jit
def or_of(first, second):
    return first | second


@jit
def or_complement_of(first, second):
    return first | ~second


@jit
def nor_of(first, second):
    return ~(first | second)


@jit
def exclusive_or_of(first, second):
    return first ^ second


@jit
def not_exclusive_or_of(first, second):
    return ~(first ^ second)


@jit
def vn(cpu, storage, insn):
    """VECTOR AND, VRR-c. PoP ch. 22 "VECTOR AND". cc unchanged."""
    return connected(cpu, insn, and_of)


@jit
def vnc(cpu, storage, insn):
    """VECTOR AND WITH COMPLEMENT, VRR-c. PoP ch. 22 "VECTOR AND WITH COMPLEMENT". cc unchanged."""
    return connected(cpu, insn, and_complement_of)


@jit
def vnn(cpu, storage, insn):
    """VECTOR NAND, VRR-c. PoP ch. 22 "VECTOR NAND". cc unchanged."""
    return connected(cpu, insn, nand_of)


@jit
def vo(cpu, storage, insn):
    """VECTOR OR, VRR-c. PoP ch. 22 "VECTOR OR". cc unchanged."""
    return connected(cpu, insn, or_of)


@jit
def voc(cpu, storage, insn):
    """VECTOR OR WITH COMPLEMENT, VRR-c. PoP ch. 22 "VECTOR OR WITH COMPLEMENT". cc unchanged."""
    return connected(cpu, insn, or_complement_of)


@jit
def vno(cpu, storage, insn):
    """VECTOR NOR, VRR-c. PoP ch. 22 "VECTOR NOR". cc unchanged."""
    return connected(cpu, insn, nor_of)


@jit
def vx(cpu, storage, insn):
    """VECTOR EXCLUSIVE OR, VRR-c. PoP ch. 22 "VECTOR EXCLUSIVE OR". cc unchanged."""
    return connected(cpu, insn, exclusive_or_of)


@jit
def vnx(cpu, storage, insn):
    """VECTOR NOT EXCLUSIVE OR, VRR-c. PoP ch. 22 "VECTOR NOT EXCLUSIVE OR". cc unchanged."""
    return connected(cpu, insn, not_exclusive_or_of)


@jit
def vtm(cpu, storage, insn):
    """VECTOR TEST UNDER MASK, VRR-a. PoP ch. 22 "VECTOR TEST UNDER MASK". cc 0 selected bits zeros, or none selected; 1
    zeros and ones; 3 ones."""
    code = availability(cpu, False)
    if code != 0:
        return code
    first, ones = vector(cpu, v8(insn)), vector(cpu, v12(insn))
    left, right = first.left & ones.left, first.right & ones.right
    if (left | right) == ZERO:
        cpu.cc = ALL_ZEROS
    else:
        cpu.cc = SELECTED_ONES if left == ones.left and right == ones.right else MIXED
    return 0


@jit
def leading_zeros_of(size, first, second):
    """Return the number of zeros before the first one, the element's bits if there is none."""
    return leading_zeros(first) - (DOUBLEWORD_BITS - width_of(size)) if first != ZERO else width_of(size)


@jit
def trailing_zeros_of(size, first, second):
    if first == ZERO:
        return width_of(size)
    return DOUBLEWORD_BITS - ONE - leading_zeros(first & (ZERO - first))


@jit
def ones_in(size, first, second):
    """Return the number of ones."""
    count = ZERO
    while first != ZERO:
        first &= first - ONE
        count += ONE
    return count


@jit
def vclz(cpu, storage, insn):
    """VECTOR COUNT LEADING ZEROS, VRR-a. PoP ch. 22 "VECTOR COUNT LEADING ZEROS". cc unchanged."""
    return of_one(cpu, insn, leading_zeros_of)


@jit
def vctz(cpu, storage, insn):
    """VECTOR COUNT TRAILING ZEROS, VRR-a. PoP ch. 22 "VECTOR COUNT TRAILING ZEROS". cc unchanged."""
    return of_one(cpu, insn, trailing_zeros_of)


@jit
def vpopct(cpu, storage, insn):
    """VECTOR POPULATION COUNT, VRR-a. PoP ch. 22 "VECTOR POPULATION COUNT". cc unchanged.

    Without vector enhancements 1 there are only bytes.
    """
    code = availability(cpu, mask32(insn) != BYTE and not enhanced(storage, ENHANCEMENTS_1))
    return code if code != 0 else of_one(cpu, insn, ones_in)
