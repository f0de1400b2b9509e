"""Vector loads, stores, gathers and scatters a second time, on bytes: PoP ch. 21."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import based
from s390emu.conformance.twins.vector_integer import (
    VECTORS,
    elements,
    first_vectors,
    joined,
    mostly,
    vector_case,
    width,
)

ADDRESS = 0x38105
WINDOW = range(0x380C0, 0x38240)
BYTES = 16  # of a register
LETTERS = "bhfg"  # by element size
LEFT_WORD = 6  # M3 of VECTOR LOAD LOGICAL ELEMENT AND ZERO: a word on the left
LAST_SHIFT, BLOCK = 6, 64  # of VECTOR LOAD TO BLOCK BOUNDARY: the greatest M3, the least block


def length_of(size: int) -> int:
    """Return the bytes of an element."""
    return width(size) // 8


def with_element(value: int, size: int, number: int, content: int) -> int:
    """Return the register with another element."""
    found = elements(value, size)
    found[number] = content
    return joined(found, size)


def turned(data: bytes, length: int) -> bytes:
    """Return the bytes of each element in the other order."""
    return b"".join(data[at : at + length][::-1] for at in range(0, len(data), length))


def elements_turned(data: bytes, length: int) -> bytes:
    """Return the elements in the other order."""
    return turned(data[::-1], length)


# --- whole registers --------------------------------------------------------------------------------------------------


def _first(rng: Random, at: int = ADDRESS) -> tuple[State, str]:
    """Return a state with storage around an address, and a second operand with base, or index too, that leads there."""
    before = first_vectors(rng)
    before.window(WINDOW.start, rng.randbytes(len(WINDOW)))
    return before, based(before, rng, at, indexed=True)


def _stored(line: str, before: State, at: int, data: bytes) -> Case:
    after = before.copy()
    after.store(at, data)
    return Case(line, before, after)


def _registers(store: bool, rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD, VECTOR STORE: M3 hints that the operand is on a boundary."""
    while True:
        at, hint = rng.choice(((ADDRESS, ""), (0x38108, ",3"), (0x38110, ",4")))
        (before, operand), v1 = _first(rng, at), rng.randrange(VECTORS)
        line = f"{'vst' if store else 'vl'} %v{v1},{operand}{hint}"
        if store:
            yield _stored(line, before, at, before.vr[v1].to_bytes(BYTES))
        else:
            yield vector_case(line, before, True, v1, int.from_bytes(before.load(at, BYTES)), None)


def _multiple(store: bool, rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD MULTIPLE, VECTOR STORE MULTIPLE: from V1 to V3, 1 to 16 registers."""
    while True:
        before, first = first_vectors(rng), rng.randrange(VECTORS)
        last = rng.randrange(VECTORS) if rng.random() < 0.1 else min(VECTORS - 1, first + rng.randrange(16))
        before.window(WINDOW.start, rng.randbytes(len(WINDOW)))
        line = f"{'vstm' if store else 'vlm'} %v{first},%v{last},{based(before, rng, ADDRESS)}"
        after = before.copy()
        if not first <= last < first + 16:
            yield Case(line, before, after, SPECIFICATION)
            continue
        for n in range(last - first + 1):
            at = ADDRESS + BYTES * n
            if store:
                after.store(at, before.vr[first + n].to_bytes(BYTES))
            else:
                after.vr[first + n] = int.from_bytes(before.load(at, BYTES))
        yield Case(line, before, after)


def _block_boundary(rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD TO BLOCK BOUNDARY: what is beyond it is not loaded, and those bytes are open."""
    while True:
        m3 = mostly(range(LAST_SHIFT + 1), rng)
        at = rng.choice((0x38200 - rng.randrange(1, 20), ADDRESS + rng.randrange(64)))
        (before, operand), v1 = _first(rng, at), rng.randrange(VECTORS)
        block = BLOCK << min(m3, LAST_SHIFT)
        count = min(BYTES, block - at % block)
        value = int.from_bytes(before.load(at, count).ljust(BYTES, b"\0"))
        case = vector_case(f"vlbb %v{v1},{operand},{m3}", before, m3 <= LAST_SHIFT, v1, value, None)
        unknown = (1 << 8 * (BYTES - count)) - 1
        yield case._replace(open=((f"v{v1}", unknown),)) if unknown and not case.code else case


class Length(NamedTuple):
    """A load or store of some bytes: whether it stores, whether they are on the right, whether a register or the
    instruction has the number of the last one."""

    store: bool
    right: bool
    of_register: bool


LENGTHS = {
    "vll": Length(False, False, True), "vstl": Length(True, False, True),
    "vlrl": Length(False, True, False), "vstrl": Length(True, True, False),
    "vlrlr": Length(False, True, True), "vstrlr": Length(True, True, True),
}  # fmt: skip


def _with_length(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD (STORE) WITH LENGTH, LOAD (STORE) RIGHTMOST WITH LENGTH: a word numbers the last byte."""
    kind = LENGTHS[name]
    while True:
        before, v1 = first_vectors(rng), rng.randrange(VECTORS)
        before.window(WINDOW.start, rng.randbytes(len(WINDOW)))
        operand = based(before, rng, ADDRESS)
        last = rng.choice((rng.randrange(18), rng.randrange(18), rng.getrandbits(32 if kind.of_register else 8)))
        count = min(last + 1, BYTES)
        if kind.of_register:
            before.gr[7] = rng.getrandbits(32) << 32 | last
            line = f"{name} %v{v1},%r7,{operand}"
        else:
            line = f"{name} %v{v1},{operand},{last}"
            if last >= BYTES:
                yield Case(line, before, before.copy(), SPECIFICATION)
                continue
        if kind.store:
            data = before.vr[v1].to_bytes(BYTES)
            yield _stored(line, before, ADDRESS, data[BYTES - count :] if kind.right else data[:count])
        else:
            data = before.load(ADDRESS, count)
            value = int.from_bytes(data if kind.right else data.ljust(BYTES, b"\0"))
            yield vector_case(line, before, True, v1, value, None)


# --- by a mask that is the size of elements ---------------------------------------------------------------------------


def _replicated(data: bytes, size: int) -> int:
    return int.from_bytes(data[: length_of(size)] * (BYTES // length_of(size)))


def _alone(data: bytes, size: int) -> int:
    """Return an element in the left half, on its right; or a word on the left of it."""
    if size == LEFT_WORD:
        return int.from_bytes(data[:4]) << 96
    return int.from_bytes(data[: length_of(size)]) << 64


def _first_turned(data: bytes, size: int) -> bytes:
    length = 4 if size == LEFT_WORD else length_of(size)
    return data[:length][::-1]


# By mnemonic: the masks, and V1 from 16 bytes of storage and the mask.
OF_SIZE: dict[str, tuple[Sequence[int], Callable[[bytes, int], int]]] = {
    "vlrep": (range(4), _replicated),
    "vlbrrep": (range(1, 4), lambda data, size: _replicated(_first_turned(data, size), size)),
    "vllez": ((0, 1, 2, 3, LEFT_WORD), _alone),
    "vllebrz": ((1, 2, 3, LEFT_WORD), lambda data, size: _alone(_first_turned(data, size), size)),
    "vlbr": (range(1, 5), lambda data, size: int.from_bytes(turned(data, length_of(size)))),
    "vler": (range(1, 4), lambda data, size: int.from_bytes(elements_turned(data, length_of(size)))),
}
STORES_OF_SIZE: dict[str, tuple[Sequence[int], Callable[[bytes, int], bytes]]] = {
    "vstbr": (range(1, 5), turned),
    "vster": (range(1, 4), elements_turned),
}


def _of_size(name: str, rng: Random) -> Iterator[Case]:
    valid, twin = OF_SIZE[name]
    while True:
        (before, operand), v1, size = _first(rng), rng.randrange(VECTORS), mostly(valid, rng)
        value = twin(before.load(ADDRESS, BYTES), size) if size in valid else 0
        yield vector_case(f"{name} %v{v1},{operand},{size}", before, size in valid, v1, value, None)


def _store_of_size(name: str, rng: Random) -> Iterator[Case]:
    valid, twin = STORES_OF_SIZE[name]
    while True:
        (before, operand), v1, size = _first(rng), rng.randrange(VECTORS), mostly(valid, rng)
        line = f"{name} %v{v1},{operand},{size}"
        if size in valid:
            yield _stored(line, before, ADDRESS, twin(before.vr[v1].to_bytes(BYTES), length_of(size)))
        else:
            yield Case(line, before, before.copy(), SPECIFICATION)


# --- single elements --------------------------------------------------------------------------------------------------


class Single(NamedTuple):
    """A load or store of one element: its size, whether it stores, whether with its bytes in the other order."""

    size: int
    store: bool
    reversed: bool


SINGLE = {
    **{f"vle{letter}": Single(size, False, False) for size, letter in enumerate(LETTERS)},
    **{f"vste{letter}": Single(size, True, False) for size, letter in enumerate(LETTERS)},
    **{f"vlebr{letter}": Single(size, False, True) for size, letter in enumerate(LETTERS) if size},
    **{f"vstebr{letter}": Single(size, True, True) for size, letter in enumerate(LETTERS) if size},
}


def _moved(line: str, before: State, v1: int, number: int, at: int, kind: Single) -> Case:
    """Return the case of one element that comes from, or goes to, an address."""
    count, order = length_of(kind.size), "little" if kind.reversed else "big"
    if number >= BYTES // count:
        return Case(line, before, before.copy(), SPECIFICATION)
    if kind.store:
        return _stored(line, before, at, elements(before.vr[v1], kind.size)[number].to_bytes(count, order))  # type: ignore[arg-type]
    content = int.from_bytes(before.load(at, count), order)  # type: ignore[arg-type]
    return vector_case(line, before, True, v1, with_element(before.vr[v1], kind.size, number, content), None)


def _single(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD (STORE) (BYTE REVERSED) ELEMENT: M3 is its number."""
    kind = SINGLE[name]
    while True:
        (before, operand), v1 = _first(rng), rng.randrange(VECTORS)
        number = mostly(range(BYTES // length_of(kind.size)), rng)
        yield _moved(f"{name} %v{v1},{operand},{number}", before, v1, number, ADDRESS, kind)


INDEXED = {"vgef": Single(2, False, False), "vgeg": Single(3, False, False), "vscef": Single(2, True, False),
           "vsceg": Single(3, True, False)}  # fmt: skip


def _indexed(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR GATHER ELEMENT, VECTOR SCATTER ELEMENT: the element of V2 with that number, unsigned, is added
    to base and displacement."""
    kind = INDEXED[name]
    while True:
        before, v1, v2 = first_vectors(rng), rng.randrange(VECTORS), rng.randrange(VECTORS)
        before.window(WINDOW.start, rng.randbytes(len(WINDOW)))
        number = mostly(range(BYTES // length_of(kind.size)), rng)
        index = rng.choice((rng.randrange(64), rng.getrandbits(width(kind.size))))
        if number < BYTES // length_of(kind.size):
            before.vr[v2] = with_element(before.vr[v2], kind.size, number, index)
        displacement, operand = based(before, rng, ADDRESS - index).split("(")
        line = f"{name} %v{v1},{displacement}(%v{v2},{operand},{number}"
        yield _moved(line, before, v1, number, ADDRESS, kind)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    "vl": partial(_registers, False), "vst": partial(_registers, True),
    "vlm": partial(_multiple, False), "vstm": partial(_multiple, True), "vlbb": _block_boundary,
    **{name: partial(_with_length, name) for name in LENGTHS},
    **{name: partial(_of_size, name) for name in OF_SIZE},
    **{name: partial(_store_of_size, name) for name in STORES_OF_SIZE},
    **{name: partial(_single, name) for name in SINGLE},
    **{name: partial(_indexed, name) for name in INDEXED},
}  # fmt: skip
