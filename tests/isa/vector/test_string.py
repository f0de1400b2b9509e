"""Vector string instructions: PoP ch. 23, against naive twins on lists of elements."""

from __future__ import annotations

import random

import pytest

from s390emu.conformance.twins.vector_integer import width
from tests.isa.vector.vectors import ALL, agree, check_invalid, elements, execute, joined, register

INVERT, MASK, ZERO, CC = 8, 4, 2, 1  # bits of the last mask


def searched(size, second, matches, flags):
    """-> (V1, cc) of a search that matched these elements."""
    count = len(second)
    if flags & INVERT:
        matches = [not match for match in matches]
    found = matches.index(True) if True in matches else count
    zero = second.index(0) if flags & ZERO and 0 in second else count
    if zero == count:
        cc = 3 if found == count else 1
    else:
        cc = 2 if found < zero else 0
    if flags & MASK:
        return joined([(1 << width(size)) - 1 if match else 0 for match in matches], size), cc
    return min(found, zero) << size << 64, cc


def all_same(size, content, last=None):
    """A register whose elements are the same, but perhaps for the last one."""
    listed = [content] * (16 >> size)
    return joined(listed if last is None else [*listed[:-1], last], size)


def pairs(size):
    """Pairs of strings for every condition code."""
    ones, twos = all_same(size, 1), all_same(size, 2)
    return [(ones, ones), (ones, twos), (0, ones), (all_same(size, 1, 0), ones), (all_same(size, 1, 0), twos)]


def strings(name, size, count, many=6):
    """Registers whose elements are few different ones, zeros among them."""
    rng = random.Random(f"{name} {size}")
    letters = [0, 1, 2, (1 << width(size)) - 1, 1 << width(size) - 1]
    for _ in range(many):
        few = rng.sample(letters, rng.randrange(1, 5))
        yield tuple(joined(rng.choices(few, k=16 >> size), size) for _ in range(count))


def expect(lab, line, flags, result, cc, **given):
    lab.reset()
    before = given.get("v1", register(lab, 1))
    expected = {"v1": result} if result != before else {}
    if flags & CC:
        expected["cc"] = cc
    for old in (1, 2):  # any cc changes at one of them
        lab.reset()
        code, found = execute(lab, line, cc=old, **given)
        assert (code, found.get("cc", old), {**found, "cc": 0}) == (0, cc if flags & CC else old, {**expected, "cc": 0})


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("flags", range(16))
def test_find_any_element_equal(lab, size, flags):
    seen = set()
    for second, third in [*strings("vfae", size, 2), *pairs(size)]:
        listed, values = elements(second, size), elements(third, size)
        result, cc = searched(size, listed, [content in values for content in listed], flags)
        seen.add(cc)
        expect(lab, f"vfae %v1,%v18,%v3,{size},{flags}", flags, result, cc, v18=second, v3=third)
    assert seen >= {1, 3}
    assert not flags & ZERO or seen >= {0, 2}


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("flags", range(4))
def test_find_element_equal(lab, size, flags):
    seen = set()
    for second, third in [*strings("vfee", size, 2), *pairs(size)]:
        listed = elements(second, size)
        matches = [a == b for a, b in zip(listed, elements(third, size), strict=True)]
        result, cc = searched(size, listed, matches, flags)
        seen.add(cc)
        expect(lab, f"vfee %v1,%v18,%v3,{size},{flags}", flags, result, cc, v18=second, v3=third)
    assert seen >= {1, 3}


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("flags", range(4))
def test_find_element_not_equal(lab, size, flags):
    """cc 0 zeros in both, 1 low, 2 high, 3 equal throughout."""
    seen = set()
    for second, third in [*strings("vfene", size, 2), (0, 0), (ALL, ALL), (1, 2), (2, 1), (ALL, ALL - 1)]:
        result, cc = 16 << 64, 3
        for number, (a, b) in enumerate(zip(elements(second, size), elements(third, size), strict=True)):
            if a != b or (a == 0 and flags & ZERO):
                result, cc = number << size << 64, 0 if a == b else 1 if a < b else 2
                break
        seen.add(cc)
        expect(lab, f"vfene %v1,%v18,%v3,{size},{flags}", flags, result, cc, v18=second, v3=third)
        expect(lab, f"vfene %v1,%v1,%v3,{size},{flags}", flags, result, cc, v1=second, v3=third)
    assert seen == ({0, 1, 2, 3} if flags & ZERO else {1, 2, 3})


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("flags", range(2))
def test_isolate_string(lab, size, flags):
    for (second,) in [*strings("vistr", size, 1), (ALL,), (ALL - 255,), (0,)]:
        listed = elements(second, size)
        zero = listed.index(0) if 0 in listed else len(listed)
        result = joined(listed[:zero] + [0] * (len(listed) - zero), size)
        expect(lab, f"vistr %v1,%v18,{size},{flags}", flags, result, 0 if 0 in listed else 3, v18=second)


def compares(size, content, limit, control):
    selected = control >> width(size) - 3
    return bool(selected & (4 if content == limit else 2 if content < limit else 1))


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("flags", range(16))
def test_range_compare(lab, size, flags):
    rng = random.Random(f"vstrc {size} {flags}")
    for second, third in strings("vstrc", size, 2, 8):
        listed, limits = elements(second, size), elements(third, size)
        controls = [rng.choice((0, 2, 3, 4, 5, 6, 7)) << width(size) - 3 | 1 for _ in listed]
        pairs = range(0, len(limits), 2)
        matches = [any(all(compares(size, content, limits[n], controls[n]) for n in (pair, pair + 1)) for pair in pairs)
                   for content in listed]  # fmt: skip
        result, cc = searched(size, listed, matches, flags)
        line = f"vstrc %v1,%v18,%v3,%v31,{size},{flags}"
        expect(lab, line, flags, result, cc, v18=second, v3=third, v31=joined(controls, size))


def test_range_of_letters(lab):
    """As programs use it: from a to z."""
    text = int.from_bytes(b"HELLO, World \x7b\x60z")
    limits, controls = int.from_bytes(b"az" * 8), int.from_bytes(bytes([0xA0, 0xC0]) * 8)
    agree(lab, "vstrcb %v1,%v18,%v3,%v31", 8 << 64, v18=text, v3=limits, v31=controls)


# --- search -----------------------------------------------------------------------------------------------------------


def string_search(size, second, third, length, zero_search):
    """-> (number of the byte, cc)."""
    haystack, needle = elements(second, size), elements(third, size)[: length >> size]
    ends = zero_search and 0 in haystack
    if zero_search and 0 in needle:
        needle = needle[: needle.index(0)]
    if ends:
        haystack = haystack[: haystack.index(0)]
    if not needle:
        return 0, 2
    for start in range(len(haystack)):
        piece = haystack[start : start + len(needle)]
        if piece == needle:
            return start << size, 2
        if piece == needle[: len(piece)] and not ends:
            return start << size, 3
    return 16, 1 if ends else 0


@pytest.mark.parametrize("size", range(3))
@pytest.mark.parametrize("zero_search", [False, True])
def test_string_search(lab, size, zero_search):
    seen, rng = set(), random.Random(f"vstrs {size}")
    cases = [(second, third, rng.randrange(17)) for second, third in strings("vstrs", size, 2, 40)]
    for second, third, length in [*cases, (0, 0, 4), (ALL, 0, 4), (ALL, ALL, 16), (1, ALL, 8), (ALL, 1, 0)]:
        length = length >> size << size
        at, cc = string_search(size, second, third, length, zero_search)
        seen.add(cc)
        line, fourth = f"vstrs %v1,%v18,%v3,%v31,{size},{2 * zero_search}", length << 64 | 0xFF << 72 | 0xFF
        expect(lab, line, CC, at << 64, cc, v18=second, v3=third, v31=fourth)
    assert seen >= {0, 2, 3} - ({0} if zero_search else set())
    assert not zero_search or 1 in seen


def test_masks_that_there_are_not(lab):
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{m},0" for name in ("vfae", "vfee", "vfene") for m in range(3, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,%v3,0,{m}" for name in ("vfee", "vfene") for m in range(4, 16)])
    check_invalid(lab, [f"vistr %v1,%v2,{m},0" for m in range(3, 16)] + [f"vistr %v1,%v2,0,{m}" for m in range(2, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,%v3,%v4,{m},0" for name in ("vstrc", "vstrs") for m in range(3, 16)])
    check_invalid(lab, [f"vstrs %v1,%v2,%v3,%v4,0,{m}" for m in range(16) if m & ~2])
