"""Vector integer instructions a second time, on lists of unsigned elements, leftmost first: PoP ch. 22."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.case import VECTOR_CONTROL, Case, State
from s390emu.conformance.twins.forms import based, first_state

ALL = (1 << 128) - 1
VECTORS = 32
Elements = Sequence[int]
EDGES = [
    0, ALL, 1, 1 << 127, int("7f" * 16, 16), int("80" * 16, 16), int("7fff" * 8, 16), int("8000" * 8, 16),
    int("7fffffff80000000" * 2, 16), int("8000000000000000" + "7fffffffffffffff", 16), int("00ff" * 8, 16),
    int("0001ffff" * 4, 16), int("000102030405060708090a0b0c0d0e0f", 16), int("f0e1d2c3b4a5968778695a4b3c2d1e0f", 16),
]  # fmt: skip


def width(size: int) -> int:
    """Return the bits of an element; sizes are 0 byte to 4 quadword."""
    return 8 << size


def elements(value: int, size: int) -> list[int]:
    """Return the elements of a register."""
    bits = width(size)
    return [value >> at & (1 << bits) - 1 for at in range(128 - bits, -1, -bits)]


def joined(found: Elements, size: int) -> int:
    """Return the register with these elements, of each its rightmost bits."""
    bits = width(size)
    assert len(found) * bits == 128
    value = 0
    for content in found:
        value = value << bits | content & (1 << bits) - 1
    return value


def signed(content: int, size: int) -> int:
    bits = width(size)
    return content - (content >> bits - 1 << bits)


def of_pairs(operation: Callable[..., int]) -> Callable[..., list[int]]:
    return lambda size, *operands: [operation(size, *each) for each in zip(*operands, strict=True)]


def rotated(content: int, amount: int, size: int) -> int:
    bits = width(size)
    return (content << amount | content >> bits - amount) & (1 << bits) - 1


ALL_SIZES, TO_DOUBLEWORD, TO_WORD = range(5), range(4), range(3)
# By mnemonic: sizes, and the elements of V1 from the size and those of the operands.
TWO = {
    "va": (ALL_SIZES, of_pairs(lambda _, a, b: a + b)),
    "vacc": (ALL_SIZES, of_pairs(lambda size, a, b: a + b >> width(size))),
    "vs": (ALL_SIZES, of_pairs(lambda _, a, b: a - b)),
    "vscbi": (ALL_SIZES, of_pairs(lambda _, a, b: a >= b)),
    "vavg": (TO_DOUBLEWORD, of_pairs(lambda size, a, b: signed(a, size) + signed(b, size) + 1 >> 1)),
    "vavgl": (TO_DOUBLEWORD, of_pairs(lambda _, a, b: a + b + 1 >> 1)),
    "vmx": (TO_DOUBLEWORD, of_pairs(lambda size, a, b: max(signed(a, size), signed(b, size)))),
    "vmxl": (TO_DOUBLEWORD, of_pairs(lambda _, a, b: max(a, b))),
    "vmn": (TO_DOUBLEWORD, of_pairs(lambda size, a, b: min(signed(a, size), signed(b, size)))),
    "vmnl": (TO_DOUBLEWORD, of_pairs(lambda _, a, b: min(a, b))),
}
ONE = {
    "vlc": (TO_DOUBLEWORD, of_pairs(lambda _, a: -a)),
    "vlp": (TO_DOUBLEWORD, of_pairs(lambda size, a: abs(signed(a, size)))),
    "vclz": (TO_DOUBLEWORD, of_pairs(lambda size, a: width(size) - a.bit_length())),
    "vctz": (TO_DOUBLEWORD, of_pairs(lambda size, a: (a & -a).bit_length() - 1 if a else width(size))),
    "vpopct": (TO_DOUBLEWORD, of_pairs(lambda _, a: a.bit_count())),
}
SHIFTS = {
    "vesl": lambda size, a, n: a << n,
    "vesrl": lambda size, a, n: a >> n,
    "vesra": lambda size, a, n: signed(a, size) >> n,
    "verll": lambda size, a, n: rotated(a, n, size),
}
# By mnemonic: the register V1 from those of the operands, and the carry.
WITH_CARRY = {
    "vac": lambda a, b, c: a + b + c,
    "vaccc": lambda a, b, c: a + b + c >> 128,
    "vsbi": lambda a, b, c: a + (ALL - b) + c,
    "vsbcbi": lambda a, b, c: a + (ALL - b) + c >> 128,
}
CONNECTIVES = {
    "vn": lambda a, b: a & b,
    "vnc": lambda a, b: a & ~b,
    "vnn": lambda a, b: ~(a & b),
    "vo": lambda a, b: a | b,
    "voc": lambda a, b: a | ~b,
    "vno": lambda a, b: ~(a | b),
    "vx": lambda a, b: a ^ b,
    "vnx": lambda a, b: ~(a ^ b),
}
COMPARISONS = {
    "vceq": (TO_DOUBLEWORD, lambda size, a, b: a == b),
    "vch": (TO_DOUBLEWORD, lambda size, a, b: signed(a, size) > signed(b, size)),
    "vchl": (TO_DOUBLEWORD, lambda size, a, b: a > b),
}
SUMS = {"vsum": (range(2), 2), "vsumg": (range(1, 3), 3), "vsumq": (range(2, 4), 4)}  # sizes, that of a sum
HALVES = {"l": (False, False), "h": (True, False), "lh": (True, True)}  # high half, logical
SECONDS = {"e": (0, False), "le": (0, True), "o": (1, False), "lo": (1, True)}  # first element, logical


def shifted_by_elements(name: str, size: int, second: int, third: int) -> int:
    """Amounts are modulo the bits of an element."""
    pairs = zip(elements(second, size), elements(third, size), strict=True)
    return joined([SHIFTS[name](size, a, n % width(size)) for a, n in pairs], size)


def sum_across(wide: int, size: int, second: int, third: int) -> int:
    """Return the sums of groups of elements of V2 and the last one of each group of V3."""
    count = 1 << wide - size
    groups = [elements(second, size)[n : n + count] for n in range(0, 16 >> size, count)]
    rest = elements(third, size)[count - 1 :: count]
    return joined([sum(group) + last for group, last in zip(groups, rest, strict=True)], wide)


def checksum(second: int, third: int) -> int:
    total = elements(third, 2)[1]
    for word in elements(second, 2):
        total += word
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total << 64


def _read(value: int, size: int, logical: bool) -> list[int]:
    return [content if logical else signed(content, size) for content in elements(value, size)]


def half_product(name: str, size: int, second: int, third: int, fourth: int = 0) -> int:
    """Return halves of products, to which the fourth operand was added."""
    high, logical = HALVES[name]
    factors = zip(*(_read(value, size, logical) for value in (second, third, fourth)), strict=True)
    return joined([a * b + c >> (width(size) if high else 0) for a, b, c in factors], size)


def every_second(name: str, size: int, second: int, third: int, fourth: int = 0) -> int:
    """Return products of every second element, and the fourth operand's added."""
    first, logical = SECONDS[name]
    factors = zip(_read(second, size, logical)[first::2], _read(third, size, logical)[first::2],
                  elements(fourth, size + 1), strict=True)  # fmt: skip
    return joined([a * b + c for a, b, c in factors], size + 1)


def carryless(first: int, second: int) -> int:
    product = 0
    for n in range(second.bit_length()):
        product ^= (second >> n & 1) * (first << n)
    return product


def galois(size: int, second: int, third: int, fourth: int = 0) -> int:
    """Return sums without carries of two neighbours' products, and the fourth operand's added so."""
    products = [carryless(a, b) for a, b in zip(elements(second, size), elements(third, size), strict=True)]
    return joined([products[n] ^ products[n + 1] for n in range(0, len(products), 2)], size + 1) ^ fourth


def sum_logical(m6: int, second: int, third: int, fourth: int) -> int:
    """Bits 0 and 1 of M6 double a product."""
    even, odd = (a * b for a, b in zip(elements(second, 3), elements(third, 3), strict=True))
    return (even * (2 if m6 & 8 else 1) + odd * (2 if m6 & 4 else 1) + fourth) & ALL


def cc_of(found: Sequence[bool]) -> int:
    """Return the condition code of a comparison: 0 all elements, 1 some, 3 none."""
    return 0 if all(found) else 1 if any(found) else 3


def compared(name: str, size: int, second: int, third: int) -> tuple[int, int]:
    """Return (V1, condition code)."""
    pairs = zip(elements(second, size), elements(third, size), strict=True)
    found = [COMPARISONS[name][1](size, a, b) for a, b in pairs]
    ones = (1 << width(size)) - 1
    return joined([ones * one for one in found], size), cc_of(found)


def element_compare(logical: bool, size: int, first: int, second: int) -> int:
    """Return the condition code: of the rightmost elements of the left halves."""
    one, other = (_read(value, size, logical)[(8 >> size) - 1] for value in (first, second))
    return 0 if one == other else 1 if one < other else 2


def under_mask(first: int, mask: int) -> int:
    """Return the condition code."""
    return 0 if not first & mask else 3 if first & mask == mask else 1


# --- cases ------------------------------------------------------------------------------------------------------------


class Spec(NamedTuple):
    """An instruction of V1 and operands, with the element size as the mask: its sizes, the number of operands, V1 from
    the size and the operands. sizes None: no mask."""

    sizes: Sequence[int] | None
    operands: int
    twin: Callable[..., int]


def on_elements(twin: Callable[..., list[int]], size: int, *registers: int) -> int:
    return joined(twin(size, *(elements(value, size) for value in registers)), size)


def _with_carry(twin: Callable[..., int], size: int, a: int, b: int, c: int) -> int:
    return twin(a, b, c & 1) & ALL


def _connected(twin: Callable[..., int], a: int, b: int) -> int:
    return twin(a, b) & ALL


SPECS = {
    **{name: Spec(sizes, 2, partial(on_elements, twin)) for name, (sizes, twin) in TWO.items()},
    **{name: Spec(sizes, 1, partial(on_elements, twin)) for name, (sizes, twin) in ONE.items()},
    **{f"{name}v": Spec(TO_DOUBLEWORD, 2, partial(shifted_by_elements, name)) for name in SHIFTS},
    **{name: Spec((4,), 3, partial(_with_carry, twin)) for name, twin in WITH_CARRY.items()},
    **{name: Spec(None, 2, partial(_connected, twin)) for name, twin in CONNECTIVES.items()},
    **{name: Spec(sizes, 2, partial(sum_across, wide)) for name, (sizes, wide) in SUMS.items()},
    **{f"vm{name}": Spec(TO_WORD, 2, partial(half_product, name)) for name in HALVES},
    **{f"vma{name}": Spec(TO_WORD, 3, partial(half_product, name)) for name in HALVES},
    **{f"vm{name}": Spec(TO_WORD, 2, partial(every_second, name)) for name in SECONDS},
    **{f"vma{name}": Spec(TO_WORD, 3, partial(every_second, name)) for name in SECONDS},
    "vgfm": Spec(TO_DOUBLEWORD, 2, galois),
    "vgfma": Spec(TO_DOUBLEWORD, 3, galois),
    "vcksm": Spec(None, 2, checksum),
}


def drawn(rng: Random) -> int:
    """Return a register: an edge, small elements, anything."""
    small = int("0f" * 16, 16)
    return rng.choice((rng.choice(EDGES), rng.getrandbits(128) & small, rng.getrandbits(128), rng.getrandbits(128)))


def first_vectors(rng: Random) -> State:
    """Return any registers, vector registers too."""
    state = first_state(rng)
    state.cr0, state.vr = VECTOR_CONTROL, [drawn(rng) for _ in range(VECTORS)]
    return state


def vector_case(line: str, before: State, valid: bool, v1: int | None, value: int, cc: int | None) -> Case:
    """Return the case: V1 and the condition code, each if it is set; or a specification exception."""
    after = before.copy()
    if not valid:
        return Case(line, before, after, SPECIFICATION)
    if v1 is not None:
        after.vr[v1] = value
    if cc is not None:
        after.cc = cc
    return Case(line, before, after)


def mostly(valid: Sequence[int], rng: Random) -> int:
    """Return a valid mask, rarely any."""
    return rng.randrange(16) if rng.random() < 0.04 else rng.choice(valid)


def of_spec(name: str, spec: Spec, rng: Random) -> Iterator[Case]:
    while True:
        before, v1 = first_vectors(rng), rng.randrange(VECTORS)
        numbers = [rng.choice((rng.randrange(VECTORS), v1)) for _ in range(spec.operands)]
        size = mostly(spec.sizes, rng) if spec.sizes else 0
        words = [f"%v{n}" for n in (v1, *numbers)] + ([str(size)] if spec.sizes else [])
        valid = not spec.sizes or size in spec.sizes
        sizes = (size,) if spec.sizes else ()
        value = spec.twin(*sizes, *(before.vr[n] for n in numbers)) if valid else 0
        yield vector_case(f"{name} {','.join(words)}", before, valid, v1, value, None)


def _compares(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        size, set_cc = mostly(TO_DOUBLEWORD, rng), rng.randrange(2)
        if rng.random() < 0.3:
            before.vr[v3] = before.vr[v2]
        valid = size in TO_DOUBLEWORD
        value, cc = compared(name, size, before.vr[v2], before.vr[v3]) if valid else (0, 0)
        line = f"{name} %v{v1},%v{v2},%v{v3},{size},{set_cc}"
        yield vector_case(line, before, valid, v1, value, cc if set_cc else None)


def _element_compares(name: str, logical: bool, rng: Random) -> Iterator[Case]:
    while True:
        before, v1, v2 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(2))
        size = mostly(TO_DOUBLEWORD, rng)
        valid = size in TO_DOUBLEWORD
        cc = element_compare(logical, size, before.vr[v1], before.vr[v2]) if valid else None
        yield vector_case(f"{name} %v{v1},%v{v2},{size}", before, valid, None, 0, cc)


def _under_masks(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, v2 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(2))
        before.vr[v2] &= rng.choice((ALL, before.vr[v1], ALL ^ before.vr[v1]))
        yield vector_case(f"vtm %v{v1},%v{v2}", before, True, None, 0, under_mask(before.vr[v1], before.vr[v2]))


def _sums_logical(rng: Random) -> Iterator[Case]:
    while True:
        before, v1, *numbers = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(4))
        size, m6 = mostly((3,), rng), rng.choice((0, 4, 8, 12))
        words = ",".join(f"%v{n}" for n in (v1, *numbers))
        value = sum_logical(m6, *(before.vr[n] for n in numbers))
        yield vector_case(f"vmsl {words},{size},{m6}", before, size == 3, v1, value, None)


def _shifts_by_address(name: str, rng: Random) -> Iterator[Case]:
    """The amount is the second-operand address, modulo the bits of an element; nothing is accessed there."""
    while True:
        before, v1, v3 = first_vectors(rng), rng.randrange(VECTORS), rng.randrange(VECTORS)
        size, amount = mostly(TO_DOUBLEWORD, rng), rng.choice((rng.randrange(70), rng.randrange(4096)))
        operand = rng.choice((str(amount), based(before, rng, amount)))
        valid = size in TO_DOUBLEWORD
        twin = of_pairs(lambda size, a: SHIFTS[name](size, a, amount % width(size)))  # noqa: B023
        value = on_elements(twin, size, before.vr[v3]) if valid else 0
        yield vector_case(f"{name} %v{v1},%v{v3},{operand},{size}", before, valid, v1, value, None)


def _rotates_and_inserts(rng: Random) -> Iterator[Case]:
    """Bits of V2 rotated come where V3 has ones: PoP ch. 22 VECTOR ELEMENT ROTATE AND INSERT UNDER MASK."""
    while True:
        before, v1, v2, v3 = first_vectors(rng), *(rng.randrange(VECTORS) for _ in range(3))
        size, amount = mostly(TO_DOUBLEWORD, rng), rng.choice((rng.randrange(70), rng.randrange(256)))
        valid = size in TO_DOUBLEWORD
        twin = of_pairs(lambda size, a: rotated(a, amount % width(size), size))  # noqa: B023
        turned = on_elements(twin, size, before.vr[v2]) if valid else 0
        value = before.vr[v1] & ~before.vr[v3] | turned & before.vr[v3]
        yield vector_case(f"verim %v{v1},%v{v2},%v{v3},{amount},{size}", before, valid, v1, value, None)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(of_spec, name, spec) for name, spec in SPECS.items()},
    **{name: partial(_compares, name) for name in COMPARISONS},
    "vec": partial(_element_compares, "vec", False), "vecl": partial(_element_compares, "vecl", True),
    "vtm": _under_masks, "vmsl": _sums_logical, "verim": _rotates_and_inserts,
    **{name: partial(_shifts_by_address, name) for name in SHIFTS},
}  # fmt: skip
