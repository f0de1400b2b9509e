"""Vector loads and stores of reversed bytes or elements, of vector enhancements 2: PoP ch. 21."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.isa.general.reversed import reverse
from s390emu.isa.operands import rx
from s390emu.isa.vector.load_store import (
    LEFT_WORD,
    fetch_element,
    fetch_vector,
    no_element,
    store_element,
    store_vector,
)
from s390emu.isa.vector.registers import (
    BYTE,
    DOUBLEWORD,
    HALFWORD,
    QUADWORD,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    mask32,
    replicated,
    set_vector,
    v8,
    vector,
    width_of,
    with_element,
)


@jit
def reverse_element(size, value):
    """Return an element with its bytes in reverse order."""
    return reverse(value) >> (DOUBLEWORD_BITS - width_of(size))


@jit
def reverse_bytes_of_elements(size, value):
    """Return the Vector with the bytes of each element, up to the quadword, in reverse order."""
    if size == QUADWORD:
        return Vector(reverse(value.right), reverse(value.left))
    result = value
    for n in range(elements_of(size)):
        result = with_element(result, size, n, reverse_element(size, element(value, size, n)))
    return result


@jit
def reverse_elements(size, value):
    """Return the Vector with its elements in reverse order."""
    result = value
    last = elements_of(size) - 1
    for n in range(last + 1):
        result = with_element(result, size, n, element(value, size, last - n))
    return result


@jit
def load_reversed(cpu, storage, insn, size):
    """Load the element of V1 whose number is in M3, its bytes reversed; return a code."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_element(cpu, storage, address, size)
    if code != 0:
        return code
    value = reverse_element(size, value)
    return set_vector(cpu, v8(insn), with_element(vector(cpu, v8(insn)), size, i64(number), value))


@jit
def vlebrh(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENT (16), VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENT". cc unchanged."""
    return load_reversed(cpu, storage, insn, HALFWORD)


@jit
def vlebrf(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENT (32), VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENT". cc unchanged."""
    return load_reversed(cpu, storage, insn, WORD)


@jit
def vlebrg(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENT (64), VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENT". cc unchanged."""
    return load_reversed(cpu, storage, insn, DOUBLEWORD)


@jit
def store_reversed(cpu, storage, insn, size):
    """Store the element of V1 whose number is in M3, its bytes reversed; return a code."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value = element(vector(cpu, v8(insn)), size, i64(number))
    return store_element(cpu, storage, address, size, reverse_element(size, value))


@jit
def vstebrh(cpu, storage, insn):
    """VECTOR STORE BYTE REVERSED ELEMENT (16), VRX. PoP ch. 21 "VECTOR STORE BYTE REVERSED ELEMENT". cc unchanged."""
    return store_reversed(cpu, storage, insn, HALFWORD)


@jit
def vstebrf(cpu, storage, insn):
    """VECTOR STORE BYTE REVERSED ELEMENT (32), VRX. PoP ch. 21 "VECTOR STORE BYTE REVERSED ELEMENT". cc unchanged."""
    return store_reversed(cpu, storage, insn, WORD)


@jit
def vstebrg(cpu, storage, insn):
    """VECTOR STORE BYTE REVERSED ELEMENT (64), VRX. PoP ch. 21 "VECTOR STORE BYTE REVERSED ELEMENT". cc unchanged."""
    return store_reversed(cpu, storage, insn, DOUBLEWORD)


@jit
def vllebrz(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENT AND ZERO, VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENT AND ZERO". cc
    unchanged.

    M3 is 1 to 3: the element is right-aligned in bits 0-63; or 6: a word in bits 0-31.
    """
    size = mask32(insn)
    leftmost = size == LEFT_WORD
    code = availability(cpu, (size == BYTE or size > DOUBLEWORD) and not leftmost)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    size = WORD if leftmost else size
    value, code = fetch_element(cpu, storage, address, size)
    if code != 0:
        return code
    value = reverse_element(size, value)
    return set_vector(cpu, v8(insn), Vector(value << WORD_BITS if leftmost else value, u64(0)))


@jit
def vlbrrep(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENT AND REPLICATE, VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENT AND
    REPLICATE". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > DOUBLEWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_element(cpu, storage, address, size)
    return code if code != 0 else set_vector(cpu, v8(insn), replicated(size, reverse_element(size, value)))


@jit
def vlbr(cpu, storage, insn):
    """VECTOR LOAD BYTE REVERSED ELEMENTS, VRX. PoP ch. 21 "VECTOR LOAD BYTE REVERSED ELEMENTS". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > QUADWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_vector(cpu, storage, address)
    return code if code != 0 else set_vector(cpu, v8(insn), reverse_bytes_of_elements(size, value))


@jit
def vler(cpu, storage, insn):
    """VECTOR LOAD ELEMENTS REVERSED, VRX. PoP ch. 21 "VECTOR LOAD ELEMENTS REVERSED". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > DOUBLEWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_vector(cpu, storage, address)
    return code if code != 0 else set_vector(cpu, v8(insn), reverse_elements(size, value))


@jit
def vstbr(cpu, storage, insn):
    """VECTOR STORE BYTE REVERSED ELEMENTS, VRX. PoP ch. 21 "VECTOR STORE BYTE REVERSED ELEMENTS". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > QUADWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    return store_vector(cpu, storage, address, reverse_bytes_of_elements(size, vector(cpu, v8(insn))))


@jit
def vster(cpu, storage, insn):
    """VECTOR STORE ELEMENTS REVERSED, VRX. PoP ch. 21 "VECTOR STORE ELEMENTS REVERSED". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size == BYTE or size > DOUBLEWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    return store_vector(cpu, storage, address, reverse_elements(size, vector(cpu, v8(insn))))
