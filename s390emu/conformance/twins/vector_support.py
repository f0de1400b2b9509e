"""Vector support instructions that have registers alone a second time, on lists of elements: PoP ch. 21, and the shifts
by byte of ch. 22."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.conformance.case import Case
from s390emu.conformance.twins.vector_integer import (
    ALL,
    TO_DOUBLEWORD,
    TO_WORD,
    Elements,
    Spec,
    elements,
    joined,
    of_spec,
    on_elements,
    signed,
)

BYTE, DOUBLEWORD = 0, 3  # sizes of elements
BITS = 128


def merged(right: bool, _: int, second: Elements, third: Elements) -> list[int]:
    """Return the elements of one half of V2 and V3 by turns."""
    half = len(second) // 2
    pairs = zip(second[half:], third[half:], strict=True) if right else zip(second[:half], third[:half], strict=True)
    return [content for pair in pairs for content in pair]


def packed(size: int, second: int, third: int) -> int:
    """Return the right half of each element of V2, then of V3."""
    return joined([*elements(second, size), *elements(third, size)], size - 1)


def unpacked(right: bool, logical: bool, size: int, second: int) -> int:
    """Return the elements of one half of V2, twice as wide."""
    found = elements(second, size)
    half = found[len(found) // 2 :] if right else found[: len(found) // 2]
    return joined([content if logical else signed(content, size) for content in half], size + 1)


def extended(size: int, second: int) -> int:
    """Return the rightmost element of each doubleword, with its sign."""
    of_doubleword = 8 >> size
    rightmost = elements(second, size)[of_doubleword - 1 :: of_doubleword]
    return joined([signed(content, size) for content in rightmost], DOUBLEWORD)


def selected(second: int, third: int, fourth: int) -> int:
    """Return the bits of V2 where V4 has ones, of V3 where it has zeros."""
    return second & fourth | third & (ALL ^ fourth)


def permuted(second: int, third: int, fourth: int) -> int:
    """Bits 3-7 of each byte of V4 number a byte of V2 and V3 side by side."""
    both = elements(second, BYTE) + elements(third, BYTE)
    return joined([both[number % 32] for number in elements(fourth, BYTE)], BYTE)


def bits_permuted(second: int, third: int) -> int:
    """Each byte of V3 numbers a bit of V2, zero if there is none; the 16 bits are on the right of the left half."""
    text = f"{second:0128b}"
    found = [text[number] if number < BITS else "0" for number in elements(third, BYTE)]
    return int("".join(found), 2) << BITS // 2


def bytes_shifted(third: int) -> int:
    """Return the bits of a shift by bytes: bits 1-4 of byte element 7 of V3 are the number of bytes."""
    return 8 * (elements(third, BYTE)[7] >> 3 & 15)


SPECS = {
    "vlr": Spec(None, 1, lambda second: second),
    "vmrh": Spec(TO_DOUBLEWORD, 2, partial(on_elements, partial(merged, False))),
    "vmrl": Spec(TO_DOUBLEWORD, 2, partial(on_elements, partial(merged, True))),
    "vpk": Spec(range(1, 4), 2, packed),
    "vuph": Spec(TO_WORD, 1, partial(unpacked, False, False)),
    "vuplh": Spec(TO_WORD, 1, partial(unpacked, False, True)),
    "vupl": Spec(TO_WORD, 1, partial(unpacked, True, False)),
    "vupll": Spec(TO_WORD, 1, partial(unpacked, True, True)),
    "vseg": Spec(TO_WORD, 1, extended),
    "vsel": Spec(None, 3, selected),
    "vperm": Spec(None, 3, permuted),
    "vbperm": Spec(None, 2, bits_permuted),
    "vslb": Spec(None, 2, lambda second, third: second << bytes_shifted(third) & ALL),
    "vsrlb": Spec(None, 2, lambda second, third: second >> bytes_shifted(third)),
    "vsrab": Spec(None, 2, lambda second, third: signed(second, 4) >> bytes_shifted(third) & ALL),
}
RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    name: partial(of_spec, name, spec) for name, spec in SPECS.items()
}
