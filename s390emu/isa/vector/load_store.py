"""Vector support instructions that load and store: PoP ch. 21.

A mask that has an element size or number is invalid, a specification exception, where the instruction has no such
element. What the manual leaves unpredictable: bytes beyond the block boundary are loaded as zeros.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, QUADWORD_BYTES, WORD_BITS
from s390emu.isa.operands import LOW4, based, imm8, r8, r12, rx
from s390emu.isa.vector.registers import (
    BYTE,
    DOUBLEWORD,
    ENHANCEMENTS_1,
    HALFWORD,
    ONE,
    VECTOR_BYTES,
    WORD,
    Vector,
    availability,
    element,
    elements_of,
    enhanced,
    mask32,
    replicated,
    set_vector,
    v8,
    v12,
    v32,
    vector,
    vrv_address,
    with_element,
    zero_vector,
)
from s390emu.storage.access import (
    fetch_byte,
    fetch_doubleword,
    fetch_halfword,
    fetch_word,
    get_byte,
    get_doubleword,
    probe_fetch,
    probe_store,
    put_byte,
    put_doubleword,
    store_byte,
    store_doubleword,
    store_halfword,
    store_word,
)

MOST_REGISTERS = u64(16)  # that VECTOR LOAD MULTIPLE and VECTOR STORE MULTIPLE take
LAST_BOUNDARY = u64(6)  # 4096 bytes
SMALLEST_BLOCK = u64(64)
LEFT_WORD = u64(6)  # M3 of VECTOR LOAD LOGICAL ELEMENT AND ZERO: a word, in the leftmost element
LAST_BYTE = u64(15)


# --- parts -----------------------------------------------------------------------------------------------------------


@jit
def fetch_vector(cpu, storage, address):
    """Return (Vector, code) of the 16 bytes at an address."""
    span, code = probe_fetch(cpu, storage, address, QUADWORD_BYTES)
    if code != 0:
        return zero_vector(), code
    return Vector(get_doubleword(span, u64(0)), get_doubleword(span, DOUBLEWORD_BYTES)), 0


@jit
def store_vector(cpu, storage, address, value):
    """Store 16 bytes; return a code."""
    span, code = probe_store(cpu, storage, address, QUADWORD_BYTES)
    if code == 0:
        put_doubleword(span, u64(0), value.left)
        put_doubleword(span, DOUBLEWORD_BYTES, value.right)
    return code


@jit
def fetch_element(cpu, storage, address, size):
    """Return (value, code) of an element in storage."""
    if size == BYTE:
        return fetch_byte(cpu, storage, address)
    if size == HALFWORD:
        return fetch_halfword(cpu, storage, address)
    if size == WORD:
        return fetch_word(cpu, storage, address)
    return fetch_doubleword(cpu, storage, address)


@jit
def store_element(cpu, storage, address, size, value):
    """Store an element; return a code."""
    if size == BYTE:
        return store_byte(cpu, storage, address, value)
    if size == HALFWORD:
        return store_halfword(cpu, storage, address, value)
    if size == WORD:
        return store_word(cpu, storage, address, value)
    return store_doubleword(cpu, storage, address, value)


@jit
def no_element(size, number):
    """True if a register has no element of this number."""
    return i64(number) >= elements_of(size)


@jit
def fetch_some(cpu, storage, address, count, first):
    """Return (Vector, code): `count` bytes of storage, 1 to 16, in the bytes from `first` on, the others zeros."""
    span, code = probe_fetch(cpu, storage, address, u64(count))
    value = zero_vector()
    if code == 0:
        for n in range(count):
            value = with_element(value, BYTE, first + n, get_byte(span, u64(n)))
    return value, code


@jit
def store_some(cpu, storage, address, count, value, first):
    """Store `count` bytes of a Vector, 1 to 16, from byte `first` on; return a code."""
    span, code = probe_store(cpu, storage, address, u64(count))
    if code == 0:
        for n in range(count):
            put_byte(span, u64(n), element(value, BYTE, first + n))
    return code


@jit
def bytes_to(last):
    """Return the number of bytes, at most 16, of which the last has the number in the rightmost word."""
    return i64(min(last & LOW32, LAST_BYTE)) + 1


# --- whole registers -------------------------------------------------------------------------------------------------


@jit
def vl(cpu, storage, insn):
    """VECTOR LOAD, VRX. PoP ch. 21 "VECTOR LOAD". cc unchanged. M3 is a hint about the alignment."""
    code = availability(cpu, False)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_vector(cpu, storage, address)
    return code if code != 0 else set_vector(cpu, v8(insn), value)


@jit
def vst(cpu, storage, insn):
    """VECTOR STORE, VRX. PoP ch. 21 "VECTOR STORE". cc unchanged. M3 is a hint about the alignment."""
    code = availability(cpu, False)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    return store_vector(cpu, storage, address, vector(cpu, v8(insn)))


@jit
def registers_between(insn):
    """Return (first register, how many to the last one) of VRS-a; invalid if not 1 to 16: it does not wrap around."""
    first, last = v8(insn), v12(insn)
    return first, last - first + ONE


@jit
def vlm(cpu, storage, insn):
    """VECTOR LOAD MULTIPLE, VRS-a. PoP ch. 21 "VECTOR LOAD MULTIPLE". cc unchanged. M4 is a hint.

    V3 before V1 is a number too large: a specification exception.
    """
    first, count = registers_between(insn)
    code = availability(cpu, count - ONE >= MOST_REGISTERS)
    if code != 0:
        return code
    span, code = probe_fetch(cpu, storage, based(cpu, insn), count * QUADWORD_BYTES)
    if code != 0:
        return code
    for n in range(i64(count)):
        at = u64(n) * QUADWORD_BYTES
        value = Vector(get_doubleword(span, at), get_doubleword(span, at + DOUBLEWORD_BYTES))
        set_vector(cpu, first + u64(n), value)
    return 0


@jit
def vstm(cpu, storage, insn):
    """VECTOR STORE MULTIPLE, VRS-a. PoP ch. 21 "VECTOR STORE MULTIPLE". cc unchanged. M4 is a hint."""
    first, count = registers_between(insn)
    code = availability(cpu, count - ONE >= MOST_REGISTERS)
    if code != 0:
        return code
    span, code = probe_store(cpu, storage, based(cpu, insn), count * QUADWORD_BYTES)
    if code != 0:
        return code
    for n in range(i64(count)):
        at, value = u64(n) * QUADWORD_BYTES, vector(cpu, first + u64(n))
        put_doubleword(span, at, value.left)
        put_doubleword(span, at + DOUBLEWORD_BYTES, value.right)
    return 0


# --- some bytes ------------------------------------------------------------------------------------------------------


@jit
def vlbb(cpu, storage, insn):
    """VECTOR LOAD TO BLOCK BOUNDARY, VRX. PoP ch. 21 "VECTOR LOAD TO BLOCK BOUNDARY". cc unchanged.

    M3 is the boundary: 0 stands for 64 bytes, 6 for 4096. Nothing beyond it is accessed.
    """
    boundary = mask32(insn)
    code = availability(cpu, boundary > LAST_BOUNDARY)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    block = SMALLEST_BLOCK << boundary
    count = i64(min(block - (address & (block - ONE)), QUADWORD_BYTES))
    value, code = fetch_some(cpu, storage, address, count, 0)
    return code if code != 0 else set_vector(cpu, v8(insn), value)


@jit
def vll(cpu, storage, insn):
    """VECTOR LOAD WITH LENGTH, VRS-b. PoP ch. 21 "VECTOR LOAD WITH LENGTH". cc unchanged.

    R3 has the number of the last byte, in bits 32-63; more than 15 stands for 15. Bytes to the right become zeros.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    value, code = fetch_some(cpu, storage, based(cpu, insn), bytes_to(cpu.gr[r12(insn)]), 0)
    return code if code != 0 else set_vector(cpu, v8(insn), value)


@jit
def vstl(cpu, storage, insn):
    """VECTOR STORE WITH LENGTH, VRS-b. PoP ch. 21 "VECTOR STORE WITH LENGTH". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    return store_some(cpu, storage, based(cpu, insn), bytes_to(cpu.gr[r12(insn)]), vector(cpu, v8(insn)), 0)


@jit
def load_rightmost(cpu, storage, insn, count):
    """Load the rightmost `count` bytes of V1 at bits 32-35, and zeros before them; return a code."""
    value, code = fetch_some(cpu, storage, based(cpu, insn), count, VECTOR_BYTES - count)
    return code if code != 0 else set_vector(cpu, v32(insn), value)


@jit
def store_rightmost(cpu, storage, insn, count):
    """Store the rightmost `count` bytes of V1 at bits 32-35; return a code."""
    return store_some(cpu, storage, based(cpu, insn), count, vector(cpu, v32(insn)), VECTOR_BYTES - count)


@jit
def vlrl(cpu, storage, insn):
    """VECTOR LOAD RIGHTMOST WITH LENGTH, VSI. PoP ch. 21 "VECTOR LOAD RIGHTMOST WITH LENGTH". cc unchanged.

    I3 is the number of the last byte, at most 15.
    """
    code = availability(cpu, imm8(insn) > LAST_BYTE)
    return code if code != 0 else load_rightmost(cpu, storage, insn, bytes_to(imm8(insn)))


@jit
def vlrlr(cpu, storage, insn):
    """VECTOR LOAD RIGHTMOST WITH LENGTH, VRS-d. PoP ch. 21 "VECTOR LOAD RIGHTMOST WITH LENGTH". cc unchanged.

    R3 has the number of the last byte; more than 15 stands for 15.
    """
    code = availability(cpu, False)
    return code if code != 0 else load_rightmost(cpu, storage, insn, bytes_to(cpu.gr[r12(insn)]))


@jit
def vstrl(cpu, storage, insn):
    """VECTOR STORE RIGHTMOST WITH LENGTH, VSI. PoP ch. 21 "VECTOR STORE RIGHTMOST WITH LENGTH". cc unchanged."""
    code = availability(cpu, imm8(insn) > LAST_BYTE)
    return code if code != 0 else store_rightmost(cpu, storage, insn, bytes_to(imm8(insn)))


@jit
def vstrlr(cpu, storage, insn):
    """VECTOR STORE RIGHTMOST WITH LENGTH, VRS-d. PoP ch. 21 "VECTOR STORE RIGHTMOST WITH LENGTH". cc unchanged."""
    code = availability(cpu, False)
    return code if code != 0 else store_rightmost(cpu, storage, insn, bytes_to(cpu.gr[r12(insn)]))


# --- elements --------------------------------------------------------------------------------------------------------


@jit
def load_element(cpu, storage, insn, size):
    """Load the element of V1 whose number is in M3; return a code."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_element(cpu, storage, address, size)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), with_element(vector(cpu, v8(insn)), size, i64(number), value))


@jit
def vleb(cpu, storage, insn):
    """VECTOR LOAD ELEMENT (8), VRX. PoP ch. 21 "VECTOR LOAD ELEMENT". cc unchanged."""
    return load_element(cpu, storage, insn, BYTE)


@jit
def vleh(cpu, storage, insn):
    """VECTOR LOAD ELEMENT (16), VRX. PoP ch. 21 "VECTOR LOAD ELEMENT". cc unchanged."""
    return load_element(cpu, storage, insn, HALFWORD)


@jit
def vlef(cpu, storage, insn):
    """VECTOR LOAD ELEMENT (32), VRX. PoP ch. 21 "VECTOR LOAD ELEMENT". cc unchanged."""
    return load_element(cpu, storage, insn, WORD)


@jit
def vleg(cpu, storage, insn):
    """VECTOR LOAD ELEMENT (64), VRX. PoP ch. 21 "VECTOR LOAD ELEMENT". cc unchanged."""
    return load_element(cpu, storage, insn, DOUBLEWORD)


@jit
def store_numbered(cpu, storage, insn, size):
    """Store the element of V1 whose number is in M3; return a code."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    return store_element(cpu, storage, address, size, element(vector(cpu, v8(insn)), size, i64(number)))


@jit
def vsteb(cpu, storage, insn):
    """VECTOR STORE ELEMENT (8), VRX. PoP ch. 21 "VECTOR STORE ELEMENT". cc unchanged."""
    return store_numbered(cpu, storage, insn, BYTE)


@jit
def vsteh(cpu, storage, insn):
    """VECTOR STORE ELEMENT (16), VRX. PoP ch. 21 "VECTOR STORE ELEMENT". cc unchanged."""
    return store_numbered(cpu, storage, insn, HALFWORD)


@jit
def vstef(cpu, storage, insn):
    """VECTOR STORE ELEMENT (32), VRX. PoP ch. 21 "VECTOR STORE ELEMENT". cc unchanged."""
    return store_numbered(cpu, storage, insn, WORD)


@jit
def vsteg(cpu, storage, insn):
    """VECTOR STORE ELEMENT (64), VRX. PoP ch. 21 "VECTOR STORE ELEMENT". cc unchanged."""
    return store_numbered(cpu, storage, insn, DOUBLEWORD)


@jit
def vlrep(cpu, storage, insn):
    """VECTOR LOAD AND REPLICATE, VRX. PoP ch. 21 "VECTOR LOAD AND REPLICATE". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_element(cpu, storage, address, size)
    return code if code != 0 else set_vector(cpu, v8(insn), replicated(size, value))


@jit
def vllez(cpu, storage, insn):
    """VECTOR LOAD LOGICAL ELEMENT AND ZERO, VRX. PoP ch. 21 "VECTOR LOAD LOGICAL ELEMENT AND ZERO". cc unchanged.

    The element is right-aligned in bits 0-63. With vector enhancements 1, M3 6 is a word in bits 0-31.
    """
    size = mask32(insn)
    leftmost = size == LEFT_WORD and enhanced(storage, ENHANCEMENTS_1)
    code = availability(cpu, size > DOUBLEWORD and not leftmost)
    if code != 0:
        return code
    _, address = rx(cpu, insn)
    value, code = fetch_element(cpu, storage, address, WORD if leftmost else size)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), Vector(value << WORD_BITS if leftmost else value, u64(0)))


# --- gather and scatter ----------------------------------------------------------------------------------------------


@jit
def indexed_by_element(cpu, insn, size):
    """Return (number of the element from M3, address indexed by that element of V2, code)."""
    number = mask32(insn)
    code = availability(cpu, no_element(size, number))
    if code != 0:
        return 0, u64(0), code
    index = element(vector(cpu, v12(insn)), size, i64(number))
    return i64(number), vrv_address(cpu, insn, index), 0


@jit
def gather(cpu, storage, insn, size):
    """Load an element of V1 from where the same one of V2 says; return a code."""
    number, address, code = indexed_by_element(cpu, insn, size)
    if code != 0:
        return code
    value, code = fetch_element(cpu, storage, address, size)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), with_element(vector(cpu, v8(insn)), size, number, value))


@jit
def scatter(cpu, storage, insn, size):
    """Store an element of V1 where the same one of V2 says; return a code."""
    number, address, code = indexed_by_element(cpu, insn, size)
    if code != 0:
        return code
    return store_element(cpu, storage, address, size, element(vector(cpu, v8(insn)), size, number))


@jit
def vgef(cpu, storage, insn):
    """VECTOR GATHER ELEMENT (32), VRV. PoP ch. 21 "VECTOR GATHER ELEMENT". cc unchanged."""
    return gather(cpu, storage, insn, WORD)


@jit
def vgeg(cpu, storage, insn):
    """VECTOR GATHER ELEMENT (64), VRV. PoP ch. 21 "VECTOR GATHER ELEMENT". cc unchanged."""
    return gather(cpu, storage, insn, DOUBLEWORD)


@jit
def vscef(cpu, storage, insn):
    """VECTOR SCATTER ELEMENT (32), VRV. PoP ch. 21 "VECTOR SCATTER ELEMENT". cc unchanged."""
    return scatter(cpu, storage, insn, WORD)


@jit
def vsceg(cpu, storage, insn):
    """VECTOR SCATTER ELEMENT (64), VRV. PoP ch. 21 "VECTOR SCATTER ELEMENT". cc unchanged."""
    return scatter(cpu, storage, insn, DOUBLEWORD)


# --- general registers -----------------------------------------------------------------------------------------------


@jit
def numbered_by_address(cpu, insn, size):
    """Return the element number that the second-operand address gives: its rightmost bits."""
    return i64(based(cpu, insn) & (LAST_BYTE >> size))


@jit
def vlgv(cpu, storage, insn):
    """VECTOR LOAD GR FROM VR ELEMENT, VRS-c. PoP ch. 21 "VECTOR LOAD GR FROM VR ELEMENT". cc unchanged.

    The second-operand address is the number of the element; of too large a number the rightmost bits count.
    """
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    cpu.gr[r8(insn)] = element(vector(cpu, v12(insn)), size, numbered_by_address(cpu, insn, size))
    return 0


@jit
def vlvg(cpu, storage, insn):
    """VECTOR LOAD VR ELEMENT FROM GR, VRS-b. PoP ch. 21 "VECTOR LOAD VR ELEMENT FROM GR". cc unchanged."""
    size = mask32(insn)
    code = availability(cpu, size > DOUBLEWORD)
    if code != 0:
        return code
    number, content = numbered_by_address(cpu, insn, size), cpu.gr[r12(insn)]
    return set_vector(cpu, v8(insn), with_element(vector(cpu, v8(insn)), size, number, content))


@jit
def vlvgp(cpu, storage, insn):
    """VECTOR LOAD VR FROM GRS DISJOINT, VRR-f. PoP ch. 21 "VECTOR LOAD VR FROM GRS DISJOINT". cc unchanged."""
    code = availability(cpu, False)
    if code != 0:
        return code
    return set_vector(cpu, v8(insn), Vector(cpu.gr[r12(insn)], cpu.gr[(insn >> u64(44)) & LOW4]))
