"""MULTIPLY, DIVIDE and HALVE of short and long HFP numbers: PoP ch. 18. The twin truncates the exact result."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    DIVIDE,
    LONG,
    OVERFLOW,
    REST,
    SHORT,
    UNDERFLOW,
    UNDERFLOW_MASK,
    completed,
    execute,
    hfp,
    numbers,
    pairs,
    truncated,
)

MULTIPLY = {"meer": (SHORT, SHORT), "mee": (SHORT, SHORT), "mder": (SHORT, LONG), "mde": (SHORT, LONG),
            "mdr": (LONG, LONG), "md": (LONG, LONG)}  # fmt: skip
DIVISIONS = {"der": SHORT, "de": SHORT, "ddr": LONG, "dd": LONG}
MASKS = pytest.mark.parametrize("mask", [0, UNDERFLOW_MASK], ids=["none", "underflow"])


def line(name: str) -> str:
    return f"{name} %f2,%f4" if name.endswith("r") else f"{name} %f2,0(%r5)"


@pytest.mark.parametrize("name", MULTIPLY)
@MASKS
def test_multiply(lab, name, mask):
    digits, result_digits = MULTIPLY[name]
    codes = set()
    for first, second in pairs(digits, 90, name):
        expected, code = completed(truncated(first.value * second.value, result_digits), mask)
        register = expected.register
        assert execute(lab, line(name), first, second, mask=mask) == (code, register, 3), (first, second)
        codes.add(code)
    assert codes == {0, OVERFLOW} | ({UNDERFLOW} if mask else set())


@pytest.mark.parametrize("name", DIVISIONS)
@MASKS
def test_divide(lab, name, mask):
    """By zero it is suppressed, even of zero."""
    digits, codes = DIVISIONS[name], set()
    for first, second in pairs(digits, 90, name):
        if second.fraction:
            expected, code = completed(truncated(first.value / second.value, digits), mask)
        else:
            expected, code = first, DIVIDE
        assert execute(lab, line(name), first, second, mask=mask) == (code, expected.register, 3), (first, second)
        codes.add(code)
    assert codes == {0, OVERFLOW, DIVIDE} | ({UNDERFLOW} if mask else set())


@pytest.mark.parametrize("name, digits", [("her", SHORT), ("hdr", LONG)])
@MASKS
def test_halve(lab, name, digits, mask):
    codes = set()
    for second in numbers(digits, 60, name):
        expected, code = completed(truncated(second.value / 2, digits), mask)
        assert execute(lab, line(name), hfp(0, digits), second, mask=mask) == (code, expected.register, 3), second
        codes.add(code)
    assert codes == {0} | ({UNDERFLOW} if mask else set())


def test_one_register(lab):
    """Both operands, and the result."""
    lab.fpr[2] = hfp(0x42190000, SHORT).register
    lab.psw()
    assert lab.step("meer %f2,%f2") == 0
    assert lab.changes() == {"f2": 0x43271000 << 32 | REST}
