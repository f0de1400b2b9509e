"""ADD, SUBTRACT and COMPARE of short and long HFP numbers: PoP ch. 18. The twin works on lists of digits."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    LONG,
    OVERFLOW,
    SHORT,
    SIGNIFICANCE,
    SIGNIFICANCE_MASK,
    UNDERFLOW,
    UNDERFLOW_MASK,
    Hfp,
    completed,
    execute,
    hfp,
    pairs,
)

NORMALIZED = {"ae": (SHORT, False), "ad": (LONG, False), "se": (SHORT, True), "sd": (LONG, True)}
UNNORMALIZED = {"au": (SHORT, False), "aw": (LONG, False), "su": (SHORT, True), "sw": (LONG, True)}
COMPARE = {"ce": SHORT, "cd": LONG}
MASKS = pytest.mark.parametrize("mask", [0, UNDERFLOW_MASK, SIGNIFICANCE_MASK, UNDERFLOW_MASK | SIGNIFICANCE_MASK],
                                ids=["none", "underflow", "significance", "both"])  # fmt: skip
PLACES = pytest.mark.parametrize("place", ["register", "storage"])


def line(name: str, place: str) -> str:
    return f"{name}r %f2,%f4" if place == "register" else f"{name} %f2,0(%r5)"


def digits_of(number: Hfp, shift: int) -> list[int]:
    """The fraction's digits and a guard digit, after a shift to the right."""
    digits = [number.fraction >> 4 * n & 15 for n in reversed(range(number.digits))]
    return ([0] * shift + [*digits, 0])[: number.digits + 1]


def intermediate(first: Hfp, second: Hfp, subtract: bool) -> tuple[int, int, list[int]]:
    """Sign, characteristic, digits with the guard digit."""
    characteristic = max(first.characteristic, second.characteristic)
    numbers = []
    for number, sign in ((first, first.sign), (second, second.sign ^ subtract)):
        total = 0
        for digit in digits_of(number, characteristic - number.characteristic):
            total = 16 * total + digit
        numbers.append(-total if sign else total)
    total, width = sum(numbers), first.digits + 1
    digits = [abs(total) >> 4 * n & 15 for n in reversed(range(width + 1))]
    if digits[0]:
        return int(total < 0), characteristic + 1, digits[:width]
    return int(total < 0), characteristic, digits[1:]


def number(sign: int, characteristic: int, digits: list[int]) -> Hfp:
    """Of the digits without the guard digit."""
    fraction = 0
    for digit in digits[:-1]:
        fraction = 16 * fraction + digit
    return Hfp(sign, characteristic, fraction, len(digits) - 1)


def twin(first: Hfp, second: Hfp, subtract: bool, mask: int, normalized: bool) -> tuple[Hfp, int]:
    sign, characteristic, digits = intermediate(first, second, subtract)
    if not any(digits if normalized else digits[:-1]):
        if mask & SIGNIFICANCE_MASK:
            return Hfp(0, characteristic, 0, first.digits), SIGNIFICANCE
        return Hfp(0, 0, 0, first.digits), 0
    while normalized and digits[0] == 0:
        digits, characteristic = [*digits[1:], 0], characteristic - 1
    return completed(number(sign, characteristic, digits), mask)


def cc_of(result: Hfp) -> int:
    return 0 if not result.fraction else 1 if result.sign else 2


@pytest.mark.parametrize("name", [*NORMALIZED, *UNNORMALIZED])
@PLACES
@MASKS
def test_add_and_subtract(lab, name, place, mask):
    digits, subtract = (NORMALIZED | UNNORMALIZED)[name]
    codes = set()
    for first, second in pairs(digits, 90, name):
        expected, code = twin(first, second, subtract, mask, name in NORMALIZED)
        found = execute(lab, line(name, place), first, second, mask=mask)
        assert found == (code, expected.register, cc_of(expected)), (first, second)
        codes.add(code)
    assert {0, OVERFLOW} <= codes
    assert (UNDERFLOW in codes) == bool(mask & UNDERFLOW_MASK and name in NORMALIZED)
    assert (SIGNIFICANCE in codes) == bool(mask & SIGNIFICANCE_MASK)


@pytest.mark.parametrize("name", COMPARE)
@PLACES
def test_compare(lab, name, place):
    """As if the second operand were subtracted; nothing else changes, and nothing is an exception."""
    seen = set()
    for first, second in pairs(COMPARE[name], 120, name):
        sign, _, digits = intermediate(first, second, True)
        cc = 0 if not any(digits) else 1 if sign else 2
        mask = UNDERFLOW_MASK | SIGNIFICANCE_MASK
        assert execute(lab, line(name, place), first, second, mask=mask) == (0, first.register, cc), (first, second)
        seen.add(cc)
    assert seen == {0, 1, 2}


# From the manual's text rather than by the twin
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
    found = execute(lab, f"{name} %f2,%f4", hfp(first, SHORT), hfp(second, SHORT))
    assert found == (0, hfp(expected, SHORT).register, cc)
