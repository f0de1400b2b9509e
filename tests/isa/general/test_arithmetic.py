"""Signed binary arithmetic: PoP ch. 7."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, PROGRAM_MASK_ALL

MOST, LEAST = (1 << 63) - 1, 1 << 63
FIXED_POINT_OVERFLOW = 8


@pytest.mark.parametrize(
    ("augend", "addend", "total", "cc"),
    [
        pytest.param(0, 0, 0, 0, id="zero"),
        pytest.param(5, 7, 12, 2, id="positive"),
        pytest.param(ALL, 1, 0, 0, id="carry-out"),
        pytest.param(ALL, ALL, ALL - 1, 1, id="negative"),
        pytest.param(MOST, 1, LEAST, 3, id="overflow-positive"),
        pytest.param(LEAST, ALL, MOST, 3, id="overflow-negative"),
    ],
)
def test_agr(lab, augend, addend, total, cc):
    lab.psw(cc=(cc + 1) % 4)
    lab.gr[3], lab.gr[4] = augend, addend
    assert lab.step("agr %r3,%r4") == 0
    expected = {"r3": total, "cc": cc}
    assert lab.changes() == ({"cc": cc} if total == augend else expected)


def test_agr_same_register(lab):
    lab.gr[3] = LEAST
    assert lab.step("agr %r3,%r3") == 0
    assert lab.changes() == {"r3": 0, "cc": 3}


def test_agr_overflow_interrupts_after_completion(lab):
    lab.psw(BA_EA | PROGRAM_MASK_ALL)
    lab.gr[3], lab.gr[4] = MOST, 1
    assert lab.step("agr %r3,%r4") == FIXED_POINT_OVERFLOW
    assert lab.changes() == {"r3": LEAST, "cc": 3}
