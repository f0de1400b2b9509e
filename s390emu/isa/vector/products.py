"""Vector integer products: PoP ch. 22.

A mask that has an element size which the instruction has not is invalid, a specification exception.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.sizes import DOUBLEWORD_BITS
from s390emu.isa.general.multiply_divide import product128
from s390emu.isa.vector.integer import ZERO, sum_with_carry
from s390emu.isa.vector.registers import (
    DOUBLEWORD,
    ONE,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    mask20,
    mask24,
    mask32,
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

LOW, HIGH = 0, 1  # halves of a product
EVEN, ODD = 0, 1  # elements
TWICE_EVEN, TWICE_ODD = u64(8), u64(4)  # bits 0 and 1 of M6


@jit
def extended(size, content, logical):
    """Return an element of up to a word, zero- or sign-extended to 64 bits."""
    return content if logical else u64(signed(size, content))


@jit
def halves_of_products(size, second, third, fourth, half, logical):
    """Return the Vector of the low or high halves of the products of the elements of second and third, to each of which
    the element of fourth is added."""
    result = second
    for n in range(elements_of(size)):
        factor = extended(size, element(second, size, n), logical)
        product = factor * extended(size, element(third, size, n), logical)
        product += extended(size, element(fourth, size, n), logical)
        result = with_element(result, size, n, product >> width_of(size) if half == HIGH else product)
    return result


@jit
def every_second_product(size, second, third, first, logical):
    """Return the Vector of the products, of double size, of the even or odd elements of second and third. first: EVEN
    or ODD."""
    result = second
    for n in range(elements_of(size) // 2):
        factor = extended(size, element(second, size, 2 * n + first), logical)
        product = factor * extended(size, element(third, size, 2 * n + first), logical)
        result = with_element(result, size + ONE, n, product)
    return result


@jit
def sums(size, first, second):
    """Return the Vector of the sums of elements."""
    result = first
    for n in range(elements_of(size)):
        result = with_element(result, size, n, element(first, size, n) + element(second, size, n))
    return result


@jit
def multiply_half(cpu, insn, half, logical):
    """Execute VRR-c; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    return set_vector(cpu, v8(insn), halves_of_products(size, second, third, zero_vector(), half, logical))


@jit
def multiply_every_second(cpu, insn, first, logical):
    """Execute VRR-c; return a code."""
    size = mask32(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third = vector(cpu, v12(insn)), vector(cpu, v16(insn))
    return set_vector(cpu, v8(insn), every_second_product(size, second, third, first, logical))


@jit
def multiply_half_and_add(cpu, insn, half, logical):
    """Execute VRR-d; return a code."""
    size = mask20(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third, fourth = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    return set_vector(cpu, v8(insn), halves_of_products(size, second, third, fourth, half, logical))


@jit
def multiply_every_second_and_add(cpu, insn, first, logical):
    """Execute VRR-d; return a code."""
    size = mask20(insn)
    code = availability(cpu, size > WORD)
    if code != 0:
        return code
    second, third, fourth = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    products = every_second_product(size, second, third, first, logical)
    return set_vector(cpu, v8(insn), sums(size + ONE, products, fourth))


@jit
def vml(cpu, storage, insn):
    """VECTOR MULTIPLY LOW, VRR-c. PoP ch. 22 "VECTOR MULTIPLY LOW". cc unchanged."""
    return multiply_half(cpu, insn, LOW, False)


@jit
def vmh(cpu, storage, insn):
    """VECTOR MULTIPLY HIGH, VRR-c. PoP ch. 22 "VECTOR MULTIPLY HIGH". cc unchanged."""
    return multiply_half(cpu, insn, HIGH, False)


@jit
def vmlh(cpu, storage, insn):
    """VECTOR MULTIPLY LOGICAL HIGH, VRR-c. PoP ch. 22 "VECTOR MULTIPLY LOGICAL HIGH". cc unchanged."""
    return multiply_half(cpu, insn, HIGH, True)


@jit
def vme(cpu, storage, insn):
    """VECTOR MULTIPLY EVEN, VRR-c. PoP ch. 22 "VECTOR MULTIPLY EVEN". cc unchanged."""
    return multiply_every_second(cpu, insn, EVEN, False)


@jit
def vmle(cpu, storage, insn):
    """VECTOR MULTIPLY LOGICAL EVEN, VRR-c. PoP ch. 22 "VECTOR MULTIPLY LOGICAL EVEN". cc unchanged."""
    return multiply_every_second(cpu, insn, EVEN, True)


@jit
def vmo(cpu, storage, insn):
    """VECTOR MULTIPLY ODD, VRR-c. PoP ch. 22 "VECTOR MULTIPLY ODD". cc unchanged."""
    return multiply_every_second(cpu, insn, ODD, False)


@jit
def vmlo(cpu, storage, insn):
    """VECTOR MULTIPLY LOGICAL ODD, VRR-c. PoP ch. 22 "VECTOR MULTIPLY LOGICAL ODD". cc unchanged."""
    return multiply_every_second(cpu, insn, ODD, True)


@jit
def vmal(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD LOW, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD LOW". cc unchanged."""
    return multiply_half_and_add(cpu, insn, LOW, False)


@jit
def vmah(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD HIGH, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD HIGH". cc unchanged."""
    return multiply_half_and_add(cpu, insn, HIGH, False)


@jit
def vmalh(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD LOGICAL HIGH, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD LOGICAL HIGH". cc unchanged."""
    return multiply_half_and_add(cpu, insn, HIGH, True)


@jit
def vmae(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD EVEN, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD EVEN". cc unchanged."""
    return multiply_every_second_and_add(cpu, insn, EVEN, False)


@jit
def vmale(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD LOGICAL EVEN, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD LOGICAL EVEN". cc unchanged."""
    return multiply_every_second_and_add(cpu, insn, EVEN, True)


@jit
def vmao(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD ODD, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD ODD". cc unchanged."""
    return multiply_every_second_and_add(cpu, insn, ODD, False)


@jit
def vmalo(cpu, storage, insn):
    """VECTOR MULTIPLY AND ADD LOGICAL ODD, VRR-d. PoP ch. 22 "VECTOR MULTIPLY AND ADD LOGICAL ODD". cc unchanged."""
    return multiply_every_second_and_add(cpu, insn, ODD, True)


@jit
def vmsl(cpu, storage, insn):
    """VECTOR MULTIPLY SUM LOGICAL, VRR-d. PoP ch. 22 "VECTOR MULTIPLY SUM LOGICAL". cc unchanged.

    The products of the left and of the right doublewords, each taken twice if M6 says so, and V4 are added.
    """
    code = availability(cpu, mask20(insn) != DOUBLEWORD)
    if code != 0:
        return code
    second, third, total = vector(cpu, v12(insn)), vector(cpu, v16(insn)), vector(cpu, v32(insn))
    even, odd = Vector(*product128(second.left, third.left)), Vector(*product128(second.right, third.right))
    total, _ = sum_with_carry(total, even, ZERO)
    if on(mask24(insn), TWICE_EVEN):
        total, _ = sum_with_carry(total, even, ZERO)
    total, _ = sum_with_carry(total, odd, ZERO)
    if on(mask24(insn), TWICE_ODD):
        total, _ = sum_with_carry(total, odd, ZERO)
    return set_vector(cpu, v8(insn), total)


# --- Galois field ----------------------------------------------------------------------------------------------------


@jit
def carryless_product(first, second):
    """Return the product of 128 bits of two polynomials over GF(2)."""
    left, right = ZERO, ZERO
    for n in range(64):
        if on(second, ONE << u64(n)):
            right ^= first << u64(n)
            if n > 0:
                left ^= first >> (DOUBLEWORD_BITS - u64(n))
    return Vector(left, right)


@jit
def carryless_sums(size, second, third):
    """Return the Vector of exclusive ORs of the products of an even element and of the odd one after it."""
    if size == DOUBLEWORD:
        even, odd = carryless_product(second.left, third.left), carryless_product(second.right, third.right)
        return Vector(even.left ^ odd.left, even.right ^ odd.right)
    result = second
    for n in range(elements_of(size) // 2):
        even = carryless_product(element(second, size, 2 * n), element(third, size, 2 * n))
        odd = carryless_product(element(second, size, 2 * n + 1), element(third, size, 2 * n + 1))
        result = with_element(result, size + ONE, n, even.right ^ odd.right)
    return result


@jit
def vgfm(cpu, storage, insn):
    """VECTOR GALOIS FIELD MULTIPLY SUM, VRR-c. PoP ch. 22 "VECTOR GALOIS FIELD MULTIPLY SUM". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), carryless_sums(size, vector(cpu, v12(insn)), vector(cpu, v16(insn))))


@jit
def vgfma(cpu, storage, insn):
    """VECTOR GALOIS FIELD MULTIPLY SUM AND ACCUMULATE, VRR-d. PoP ch. 22 "VECTOR GALOIS FIELD MULTIPLY SUM AND
    ACCUMULATE". cc unchanged."""
    size = mask20(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    found, fourth = carryless_sums(size, vector(cpu, v12(insn)), vector(cpu, v16(insn))), vector(cpu, v32(insn))
    return set_vector(cpu, v8(insn), Vector(found.left ^ fourth.left, found.right ^ fourth.right))
