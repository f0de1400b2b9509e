"""Vector support instructions without storage a second time, on lists of elements: PoP ch. 21, and the shifts of whole
registers of ch. 22."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import based
from s390emu.conformance.twins.vector_integer import (
    ALL,
    TO_DOUBLEWORD,
    TO_WORD,
    VECTORS,
    Elements,
    Spec,
    elements,
    first_vectors,
    joined,
    mostly,
    of_spec,
    on_elements,
    signed,
    vector_case,
    width,
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


def bits_shifted(name: str, second: int, third: int) -> int:
    """Return each byte of V2 beside its neighbour shifted by bits 5-7 of the byte of V3: PoP ch. 22 VECTOR SHIFT LEFT,
    RIGHT ARITHMETIC, RIGHT LOGICAL with vector enhancements 2; without them all amounts have to be the same."""
    amounts = [byte % 8 for byte in elements(third, BYTE)]
    sign = 0xFF * (second >> BITS - 1) if name == "vsra" else 0
    if name == "vsl":
        wide = second << 8
        return joined([(wide >> BITS - 8 - 8 * n & 0xFFFF) << amount >> 8 for n, amount in enumerate(amounts)], BYTE)
    wide = sign << BITS | second
    return joined([(wide >> BITS - 8 - 8 * n & 0xFFFF) >> amount for n, amount in enumerate(amounts)], BYTE)


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


# --- cases of more than registers and an element size -----------------------------------------------------------------


def _bit_shifts(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        if rng.random() < 0.5:
            before.vr[v3] = int(f"{rng.randrange(256):02x}" * 16, 16)
        value = bits_shifted(name, before.vr[v2], before.vr[v3])
        yield vector_case(f"{name} %v{v1},%v{v2},%v{v3}", before, True, v1, value, None)


def _double_shifts(name: str, unit: int, right: bool, rng: Random) -> Iterator[Case]:
    """V2 and V3 side by side: PoP ch. 22 VECTOR SHIFT LEFT DOUBLE BY BYTE, BY BIT, VECTOR SHIFT RIGHT DOUBLE BY BIT."""
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        amount = rng.randrange(8 if unit == 1 else 16)
        both = before.vr[v2] << BITS | before.vr[v3]
        value = (both >> amount if right else both >> BITS - unit * amount) & ALL
        yield vector_case(f"{name} %v{v1},%v{v2},%v{v3},{amount}", before, True, v1, value, None)


def _byte_masks(rng: Random) -> Iterator[Case]:
    while True:
        before, v1 = first_vectors(rng), rng.randrange(VECTORS)
        i2 = rng.choice((0, 0xFFFF, 1 << rng.randrange(16), rng.getrandbits(16)))
        value = joined([0xFF if digit == "1" else 0 for digit in f"{i2:016b}"], BYTE)
        yield vector_case(f"vgbm %v{v1},{i2}", before, True, v1, value, None)


def generated_mask(size: int, first: int, last: int) -> int:
    """Return ones from one bit to another, around the end: of the numbers so many rightmost bits count as there are."""
    bits = width(size)
    n, ones = first % bits, [0] * bits
    ones[n] = 1
    while n != last % bits:
        n = (n + 1) % bits
        ones[n] = 1
    return int("".join(map(str, ones)), 2)


def _masks(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, size = first_vectors(rng), rng.randrange(VECTORS), mostly(TO_DOUBLEWORD, rng)
        first, last = (rng.choice((rng.randrange(8), rng.randrange(64), rng.randrange(256))) for _ in range(2))
        valid = size in TO_DOUBLEWORD
        value = joined([generated_mask(size, first, last)] * (16 >> size), size) if valid else 0
        yield vector_case(f"vgm %v{v1},{first},{last},{size}", before, valid, v1, value, None)


def _immediates(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, size = first_vectors(rng), rng.randrange(VECTORS), mostly(TO_DOUBLEWORD, rng)
        i2, valid = _immediate(rng), size in TO_DOUBLEWORD
        value = joined([i2] * (16 >> size), size) if valid else 0
        yield vector_case(f"vrepi %v{v1},{i2},{size}", before, valid, v1, value, None)


def _immediate(rng: Random) -> int:
    return rng.choice((0, 1, -1, 127, 128, -128, -129, 32767, -32768, rng.randrange(-32768, 32768)))


def _element_immediates(size: int, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, number = first_vectors(rng), rng.randrange(VECTORS), mostly(range(16 >> size), rng)
        i2, after = _immediate(rng), elements(before.vr[v1], size)
        valid = number < len(after)
        if valid:
            after[number] = i2
        yield vector_case(f"vlei{'bhfg'[size]} %v{v1},{i2},{number}", before, valid, v1, joined(after, size), None)


def _replicates(rng: Random) -> Iterator[Case]:
    """The number of the element is I2."""
    while True:
        before, v1, v3 = first_vectors(rng), rng.randrange(VECTORS), rng.randrange(VECTORS)
        size = mostly(TO_DOUBLEWORD, rng)
        number = rng.choice((*range(16 >> min(size, 3)), *range(16 >> min(size, 3)), 16 >> size, 0x8000))
        valid = size in TO_DOUBLEWORD and number < 16 >> size
        value = joined([elements(before.vr[v3], size)[number]] * (16 >> size), size) if valid else 0
        yield vector_case(f"vrep %v{v1},%v{v3},{number},{size}", before, valid, v1, value, None)


def _doublewords(rng: Random) -> Iterator[Case]:
    """Bits 1 and 3 of M4 say which doublewords of V2 and V3: PoP ch. 21 VECTOR PERMUTE DOUBLEWORD IMMEDIATE."""
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        m4 = rng.randrange(16)
        left, right = elements(before.vr[v2], DOUBLEWORD)[m4 >> 2 & 1], elements(before.vr[v3], DOUBLEWORD)[m4 & 1]
        yield vector_case(f"vpdi %v{v1},%v{v2},%v{v3},{m4}", before, True, v1, left << 64 | right, None)


def saturated(content: int, size: int, logical: bool) -> int:
    """Return what of an element fits into half its bits, the nearest number if it does not."""
    bits = width(size) // 2
    least, greatest = (0, (1 << bits) - 1) if logical else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return min(max(content, least), greatest)


def _saturates(name: str, rng: Random) -> Iterator[Case]:
    """With bit 3 of M5 the condition code is 0 if none was saturated, 1 if some were, 3 if all: PoP ch. 21 VECTOR PACK
    (LOGICAL) SATURATE."""
    logical = name == "vpkls"
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        size, set_cc = mostly((1, 2, 3), rng), rng.randrange(2)
        valid = size in (1, 2, 3)
        if valid and rng.random() < 0.3:  # nothing to saturate, or in V3 only
            before.vr[v2] = joined([content >> width(size) - 3 for content in elements(before.vr[v2], size)], size)
            before.vr[v3] = before.vr[rng.choice((v2, v3))]
        value = cc = 0
        if valid:
            given = [one if logical else signed(one, size) for n in (v2, v3) for one in elements(before.vr[n], size)]
            found = [saturated(one, size, logical) for one in given]
            changed = sum(one != other for one, other in zip(given, found, strict=True))
            value, cc = joined(found, size - 1), 0 if not changed else 3 if changed == len(given) else 1
        line = f"{name} %v{v1},%v{v2},%v{v3},{size},{set_cc}"
        yield vector_case(line, before, valid, v1, value, cc if set_cc else None)


def _numbered(before: State, size: int, rng: Random) -> tuple[int, str]:
    """Return the number of an element, and a second operand that is no address but this number."""
    number = rng.randrange(16 >> min(size, 3))
    return number, based(before, rng, number) if rng.random() < 0.5 else str(number)


def _to_general(rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD GR FROM VR ELEMENT. Of an element that there is not the result is unpredictable."""
    while True:
        before, v3, size = first_vectors(rng), rng.randrange(VECTORS), mostly(TO_DOUBLEWORD, rng)
        number, operand = _numbered(before, size, rng)
        case = vector_case(f"vlgv %r7,%v{v3},{operand},{size}", before, size in TO_DOUBLEWORD, None, 0, None)
        if not case.code:
            case.after.gr[7] = elements(before.vr[v3], size)[number]
        yield case


def _from_general(rng: Random) -> Iterator[Case]:
    """PoP ch. 21 VECTOR LOAD VR ELEMENT FROM GR."""
    while True:
        before, v1, size = first_vectors(rng), rng.randrange(VECTORS), mostly(TO_DOUBLEWORD, rng)
        number, operand = _numbered(before, size, rng)
        valid = size in TO_DOUBLEWORD
        after = elements(before.vr[v1], size) if valid else []
        if valid:
            after[number] = before.gr[7]
        value = joined(after, size) if valid else 0
        yield vector_case(f"vlvg %v{v1},%r7,{operand},{size}", before, valid, v1, value, None)


def _from_two_general(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, r2, r3 = first_vectors(rng), rng.randrange(VECTORS), rng.randrange(16), rng.randrange(16)
        value = before.gr[r2] << 64 | before.gr[r3]
        yield vector_case(f"vlvgp %v{v1},%r{r2},%r{r3}", before, True, v1, value, None)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(of_spec, name, spec) for name, spec in SPECS.items()},
    **{name: partial(_bit_shifts, name) for name in ("vsl", "vsrl", "vsra")},
    "vsldb": partial(_double_shifts, "vsldb", 8, False), "vsld": partial(_double_shifts, "vsld", 1, False),
    "vsrd": partial(_double_shifts, "vsrd", 1, True),
    "vgbm": _byte_masks, "vgm": _masks, "vrepi": _immediates, "vrep": _replicates, "vpdi": _doublewords,
    **{f"vlei{letter}": partial(_element_immediates, size) for size, letter in enumerate("bhfg")},
    **{name: partial(_saturates, name) for name in ("vpks", "vpkls")},
    "vlgv": _to_general, "vlvg": _from_general, "vlvgp": _from_two_general,
}  # fmt: skip
