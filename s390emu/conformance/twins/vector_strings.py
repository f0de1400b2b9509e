"""Vector string instructions a second time, on lists of unsigned elements, leftmost first: PoP ch. 23."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.conformance.case import Case
from s390emu.conformance.twins.vector_integer import (
    TO_WORD,
    VECTORS,
    Elements,
    elements,
    first_vectors,
    joined,
    mostly,
    vector_case,
    width,
)

INVERT, AS_MASK, ZEROS, SET_CC = 8, 4, 2, 1  # bits of the last mask
EQUAL, LOW, HIGH = 4, 2, 1  # the leftmost bits of a control element
Answer = tuple[int, int | None]  # V1, and the condition code if it is set


def index(found: Sequence[object]) -> int:
    """Return the number of the first one that is true; their number if none is."""
    return next((n for n, one in enumerate(found) if one), len(found))


def byte_number(size: int, at: int) -> int:
    """Return V1 with the number of an element's first byte in byte 7, 16 for the element behind the last one."""
    return at << size << 64


def searched(size: int, flags: int, second: Elements, matches: Sequence[bool]) -> Answer:
    """Return what a search for one of the matches gives, which a zero ends if the flags say so."""
    first, zero = index(matches), index([flags & ZEROS and content == 0 for content in second])
    if zero == len(second):
        cc = 3 if first == zero else 1
    else:
        cc = 2 if first < zero else 0
    ones = (1 << width(size)) - 1
    value = joined([ones * one for one in matches], size) if flags & AS_MASK else byte_number(size, min(first, zero))
    return value, cc if flags & SET_CC else None


def any_equal(size: int, flags: int, second: Elements, third: Elements) -> Answer:
    return searched(size, flags, second, [(content in third) != bool(flags & INVERT) for content in second])


def equal(size: int, flags: int, second: Elements, third: Elements) -> Answer:
    return searched(size, flags, second, [one == other for one, other in zip(second, third, strict=True)])


def not_equal(size: int, flags: int, second: Elements, third: Elements) -> Answer:
    """The first two that differ, or with the flag are both zeros."""
    pairs = list(zip(second, third, strict=True))
    at = index([one != other or (flags & ZEROS and one == 0) for one, other in pairs])
    one, other = pairs[at] if at < len(pairs) else (0, 0)
    cc = 3 if at == len(pairs) else 0 if one == other else 1 if one < other else 2
    return byte_number(size, at), cc if flags & SET_CC else None


def isolated(size: int, flags: int, second: Elements) -> Answer:
    at = index([content == 0 for content in second])
    kept = [content if n < at else 0 for n, content in enumerate(second)]
    return joined(kept, size), (3 if at == len(second) else 0) if flags & SET_CC else None


def ranges(size: int, flags: int, second: Elements, third: Elements, fourth: Elements) -> Answer:
    """Pairs of V3 are limits, with which an element compares as the same pair of V4 says."""

    def holds(content: int, limit: int, control: int) -> bool:
        selected = control >> width(size) - 3
        return bool(selected & (EQUAL if content == limit else LOW if content < limit else HIGH))

    both = list(zip(third, fourth, strict=True))
    pairs = list(zip(both[::2], both[1::2], strict=True))
    within = [any(all(holds(content, *one) for one in pair) for pair in pairs) for content in second]
    return searched(size, flags, second, [one != bool(flags & INVERT) for one in within])


def substring(size: int, flags: int, second: Elements, third: Elements, fourth: Elements) -> Answer:
    """Byte 7 of V4 is the length in bytes of the string in V3. With the flag a zero ends both strings."""
    length = (joined(fourth, size) >> 64 & 0xFF) >> size
    ends = index([content == 0 for content in second]) if flags & ZEROS else len(second)
    if flags & ZEROS:
        length = min(length, index([content == 0 for content in third]))
    wanted, there = list(third[:length]), list(second[:ends])
    starts = range(len(there)) if length else range(1)
    for start in starts:
        if there[start : start + length] == wanted:
            return byte_number(size, start), 2
        if ends == len(second) and there[start:] == wanted[: len(there) - start]:
            return byte_number(size, start), 3
    return byte_number(size, len(second)), 0 if ends == len(second) else 1


class Spec(NamedTuple):
    """An instruction of V1, operands, the element size, and flags of which these are allowed."""

    operands: int
    flags: Sequence[int]
    twin: Callable[..., Answer]


SPECS = {
    "vfae": Spec(2, range(16), any_equal),
    "vfee": Spec(2, range(4), equal),
    "vfene": Spec(2, range(4), not_equal),
    "vistr": Spec(1, range(2), isolated),
    "vstrc": Spec(3, range(16), ranges),
    "vstrs": Spec(3, (0, ZEROS), substring),
}


def _drawn(rng: Random) -> int:
    """Return a string: few different characters, of any size."""
    size = rng.choice(TO_WORD)
    return joined(
        rng.choices(rng.choice(((0, 1), (1, 2, 3), (0, 1, 2, 3, 0x80 << width(size) - 8))), k=16 >> size), size
    )


def _cases(name: str, spec: Spec, rng: Random) -> Iterator[Case]:
    while True:
        before, v1 = first_vectors(rng), rng.randrange(VECTORS)
        numbers = [rng.choice((rng.randrange(VECTORS), v1)) for _ in range(spec.operands)]
        size, flags = mostly(TO_WORD, rng), mostly(spec.flags, rng)
        if rng.random() < 0.8:
            for number in numbers[:2]:
                before.vr[number] = _drawn(rng)
        valid = size in TO_WORD and flags in spec.flags
        if name == "vstrs":  # longer strings, and parts of an element, are unpredictable
            length = rng.randrange(0, 17, 1 << size if valid else 1)
            last = before.vr[numbers[2]]
            before.vr[numbers[2]] = last & ~(0xFF << 64) | length << 64
        line = f"{name} {','.join(f'%v{n}' for n in (v1, *numbers))},{size},{flags}"
        value, cc = spec.twin(size, flags, *(elements(before.vr[n], size) for n in numbers)) if valid else (0, None)
        yield vector_case(line, before, valid, v1, value, cc)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    name: partial(_cases, name, spec) for name, spec in SPECS.items()
}
