"""Vector integer instructions but for products and shifts: PoP ch. 22, against naive twins on lists of elements."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import vector_integer as twins
from s390emu.conformance.twins.vector_integer import COMPARISONS, CONNECTIVES, ONE, TO_DOUBLEWORD, TWO, WITH_CARRY
from tests.isa.vector.vectors import (
    ALL,
    agree,
    by_size,
    check_elementwise,
    check_invalid,
    execute,
    joined,
    register,
    samples,
)
from tests.lab import Lab


@pytest.mark.parametrize(("mnemonic", "size", "twin"), by_size(TWO))
def test_two_operands(lab, mnemonic, size, twin):
    check_elementwise(lab, mnemonic, size, twin, 2)


@pytest.mark.parametrize(("mnemonic", "size", "twin"), by_size(ONE))
def test_one_operand(lab, mnemonic, size, twin):
    check_elementwise(lab, mnemonic, size, twin, 1)


def test_sizes_that_there_are_not(lab):
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{m}" for name, (sizes, _) in TWO.items() for m in range(len(sizes), 16)])
    check_invalid(lab, [f"{name} %v1,%v2,{m}" for name in (*ONE, "vec", "vecl") for m in range(4, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,%v3,{m},1" for name in ("vceq", "vch", "vchl") for m in range(4, 16)])
    for name, sizes in (("vsum", (0, 1)), ("vsumg", (1, 2)), ("vsumq", (2, 3))):
        check_invalid(lab, [f"{name} %v1,%v2,%v3,{m}" for m in range(16) if m not in sizes])
    check_invalid(lab, [f"{name} %v1,%v2,%v3,%v4,{m}" for name in ("vac", "vaccc", "vsbi", "vsbcbi")
                        for m in range(16) if m != 4])  # fmt: skip


def test_population_count_of_bytes_only_without_the_enhancements():
    lab = Lab(model="z13")
    lab.cr[0] |= 3 << (63 - 46)
    check = lambda size: execute(lab, f"vpopct %v1,%v2,{size}")  # noqa: E731
    assert check(0)[0] == 0
    assert [check(size)[0] for size in range(1, 16)] == [6] * 15


# --- with carry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", WITH_CARRY)
def test_with_carry(lab, mnemonic):
    for second, third, fourth in [*samples(mnemonic, 3), (ALL, 0, 1), (ALL, ALL, 1), (0, 0, ALL), (5, 5, 0), (5, 5, 1)]:
        result = WITH_CARRY[mnemonic](second, third, fourth & 1) & ALL
        agree(lab, f"{mnemonic} %v1,%v18,%v3,%v31,4", result, v18=second, v3=third, v31=fourth)


# --- sums across elements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mnemonic", "size", "wide"),
    [("vsum", 0, 2), ("vsum", 1, 2), ("vsumg", 1, 3), ("vsumg", 2, 3), ("vsumq", 2, 4), ("vsumq", 3, 4)],
)
def test_sum_across(lab, mnemonic, size, wide):
    for second, third in [*samples(f"{mnemonic} {size}", 2), (ALL, ALL)]:
        result = twins.sum_across(wide, size, second, third)
        agree(lab, f"{mnemonic} %v1,%v18,%v3,{size}", result, v18=second, v3=third)
        agree(lab, f"{mnemonic} %v1,%v1,%v3,{size}", result, v1=second, v3=third)


def test_checksum(lab):
    for second, third in [*samples("vcksm", 2), (ALL, ALL), (0, 0xFFFFFFFF << 64), (1, 0xFFFFFFFF << 64)]:
        agree(lab, "vcksm %v1,%v18,%v3", twins.checksum(second, third), v18=second, v3=third)


# --- comparisons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", TO_DOUBLEWORD)
@pytest.mark.parametrize("mnemonic", COMPARISONS)
def test_compare(lab, mnemonic, size):
    """cc only if bit 3 of M5 is one: 0 all elements, 1 some, 3 none."""
    seen = set()
    low, high = joined([1] * (16 >> size), size), joined([2] * (16 >> size), size)
    for second, third in [*samples(f"{mnemonic} {size}", 2), (high, low), (low, high), (low, low), (high, high - 1)]:
        result, cc = twins.compared(mnemonic, size, second, third)
        seen.add(cc)
        agree(lab, f"{mnemonic} %v1,%v18,%v3,{size},0", result, v18=second, v3=third)
        lab.reset()
        before = register(lab, 1)
        code, changed = execute(lab, f"{mnemonic} %v1,%v18,%v3,{size},1", v18=second, v3=third, cc=2)
        assert (code, changed.pop("cc"), changed) == (0, cc, {"v1": result} if result != before else {})
    assert seen == {0, 1, 3}


@pytest.mark.parametrize("size", TO_DOUBLEWORD)
@pytest.mark.parametrize(("mnemonic", "logical"), [("vec", False), ("vecl", True)])
def test_element_compare(lab, mnemonic, logical, size):
    """The rightmost elements of the left halves."""
    seen = set()
    for first, second in [*samples(f"{mnemonic} {size}", 2), (1, 2), (5 << 64, 5 << 64 | 1)]:
        lab.reset()
        cc = twins.element_compare(logical, size, first, second)
        seen.add(cc)
        assert execute(lab, f"{mnemonic} %v1,%v18,{size}", v1=first, v18=second, cc=3) == (0, {"cc": cc})
    assert seen == {0, 1, 2}


# --- bits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", CONNECTIVES)
def test_connective(lab, mnemonic):
    for second, third in samples(mnemonic, 2, 4):
        result = CONNECTIVES[mnemonic](second, third) & ALL
        agree(lab, f"{mnemonic} %v1,%v18,%v3", result, v18=second, v3=third)
        agree(lab, f"{mnemonic} %v1,%v1,%v3", result, v1=second, v3=third)


@pytest.mark.parametrize(
    ("first", "mask", "cc"),
    [(0, 0, 0), (ALL, 0, 0), (ALL, ALL, 3), (0, ALL, 0), (1, ALL, 1), (1 << 127, 1 << 127 | 1, 1), (5, 5, 3),
     (10, 5, 0), (1 << 64 | 1, 1 << 64 | 1, 3)],
)  # fmt: skip
def test_under_mask(lab, first, mask, cc):
    assert execute(lab, "vtm %v1,%v18", v1=first, v18=mask, cc=2) == (0, {"cc": cc})
