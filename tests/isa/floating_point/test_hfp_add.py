"""ADD, SUBTRACT and COMPARE of HFP numbers: PoP ch. 18. The twin works on digits."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    DATA,
    EXTENDED,
    LONG,
    OVERFLOW,
    SHORT,
    SIGNIFICANCE,
    SIGNIFICANCE_MASK,
    SPECIFICATION,
    UNDERFLOW,
    UNDERFLOW_MASK,
    by_hand,
    changed,
    codes_of,
)

ENDINGS = {0, DATA, OVERFLOW, SIGNIFICANCE}


def test_normalized():
    assert codes_of("aer ae adr ad axr ser se sdr sd sxr").keys() == ENDINGS | {SPECIFICATION, UNDERFLOW}


def test_unnormalized():
    assert codes_of("aur au awr aw sur su swr sw").keys() == ENDINGS


def test_compare():
    """Nothing of the comparison itself is an exception."""
    assert codes_of("cer ce cdr cd cxr").keys() == {0, DATA, SPECIFICATION}


@pytest.mark.parametrize("name, first, second, expected, cc", [
    pytest.param("aer", 0x41100000, 0x41200000, 0x41300000, 2, id="one-and-two"),
    pytest.param("aer", 0x41F00000, 0x41100000, 0x42100000, 2, id="carry"),
    pytest.param("ser", 0x42100000, 0x41100000, 0x41F00000, 2, id="normalized"),
    pytest.param("ser", 0x42100000, 0x3D100000, 0x41FFFFF0, 2, id="guard-digit"),
    pytest.param("sur", 0x42100000, 0x41100000, 0x420F0000, 2, id="unnormalized"),
    pytest.param("aer", 0xC1100000, 0x41100000, 0, 0, id="true-zero"),
    pytest.param("aer", 0x46000001, 0x40100000, 0x41110000, 2, id="kept-as-guard-digit"),
    pytest.param("aer", 0x46000001, 0x3F100000, 0x41100000, 2, id="shifted-out"),
])  # fmt: skip
def test_by_hand(lab, name, first, second, expected, cc):
    found = by_hand(lab, f"{name} %f1,%f4", (SHORT, SHORT), (first, second))
    assert found == (0, changed(SHORT, expected) | {"cc": cc})


ONE = 0x4110000000000000_3300000000000000
# Sign and characteristic of the second operand's low-order part are ignored; it is the guard digit of the last one.
LAST = 0x2610000000000000_FF00000000000000
NOTHING = 0x2510000000000000_0000000000000000


@pytest.mark.parametrize("name, first, second, mask, expected, cc, code", [
    pytest.param("axr", ONE, LAST, 0, 0x4110000000000000_3300000000000001, 2, 0, id="last-digit"),
    pytest.param("axr", ONE, NOTHING, 0, ONE, 2, 0, id="guard-digit-dropped"),
    pytest.param("sxr", ONE, NOTHING, 0, 0x40FFFFFFFFFFFFFF_32FFFFFFFFFFFFFF, 2, 0, id="guard-digit-counts"),
    pytest.param("sxr", ONE, ONE, 0, 0, 0, 0, id="true-zero"),
    pytest.param("sxr", ONE, ONE, SIGNIFICANCE_MASK, 0x4100000000000000_3300000000000000, 0, SIGNIFICANCE,
                 id="significance"),
    pytest.param("sxr", 0x05 << 120 | 1, 0x85 << 120, UNDERFLOW_MASK, 0x6A10000000000000_5C00000000000000, 2, UNDERFLOW,
                 id="underflow"),
    pytest.param("axr", 0x7FF0000000000000_7100000000000000, 0x7F10000000000000 << 64, 0,
                 0x0010000000000000_7200000000000000, 2, OVERFLOW, id="overflow-low-order-right"),
    pytest.param("axr", 0x02 << 120 | 1 << 116, 0, 0, 0x0210000000000000_7400000000000000, 2, 0,
                 id="no-underflow-of-the-low-order-part"),
])  # fmt: skip
def test_extended_by_hand(lab, name, first, second, mask, expected, cc, code):
    found, changes = by_hand(lab, f"{name} %f1,%f4", (EXTENDED, EXTENDED), (first, second), mask)
    changes = {"f1": lab._before["f1"], "f3": lab._before["f3"]} | changes
    assert (found, changes) == (code, changed(EXTENDED, expected) | {"cc": cc})


def test_long_significance_keeps_the_characteristic(lab):
    found = by_hand(lab, "sdr %f1,%f4", (LONG, LONG), (0x42 << 56, 0x45 << 56), SIGNIFICANCE_MASK)
    assert found == (SIGNIFICANCE, changed(LONG, 0x45 << 56) | {"cc": 0})
