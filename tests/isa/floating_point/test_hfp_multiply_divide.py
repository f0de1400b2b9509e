"""MULTIPLY, DIVIDE, HALVE and SQUARE ROOT of HFP numbers: PoP ch. 18. The twin truncates the exact result."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    DATA,
    DIVIDE,
    EXTENDED,
    LONG,
    OVERFLOW,
    SHORT,
    SPECIFICATION,
    SQUARE_ROOT,
    UNDERFLOW,
    UNDERFLOW_MASK,
    by_hand,
    changed,
    codes_of,
)

ENDINGS = {0, DATA, SPECIFICATION, OVERFLOW, UNDERFLOW}


def test_multiply():
    assert codes_of("meer mee mder mde mdr md mxdr mxd mxr").keys() == ENDINGS


def test_divide():
    """By zero it is suppressed, even of zero."""
    assert codes_of("der de ddr dd dxr").keys() == ENDINGS | {DIVIDE}


def test_halve():
    assert codes_of("her hdr").keys() == {0, UNDERFLOW} | {DATA}


def test_square_root():
    assert codes_of("sqer sqe sqdr sqd sqxr").keys() == {0, DATA, SPECIFICATION, SQUARE_ROOT}


@pytest.mark.parametrize("name, digits, second, expected", [
    pytest.param("sqer", SHORT, 0x41200000, 0x4116A09E, id="short"),
    pytest.param("sqdr", LONG, 0x4120000000000000, 0x4116A09E667F3BCD, id="long-rounded-up"),
    pytest.param("sqxr", EXTENDED, 0x4120000000000000 << 64, 0x4116A09E667F3BCC_33908B2FB1366EA9, id="extended"),
    pytest.param("sqdr", LONG, 0xC2 << 56, 0, id="minus-zero"),
    pytest.param("sqdr", LONG, 0x4200000000000900, 0x3C30000000000000, id="not-normalized"),
    pytest.param("sqer", SHORT, 0x7FFFFFFF, 0x60400000, id="greatest"),
])  # fmt: skip
def test_roots_by_hand(lab, name, digits, second, expected):
    assert by_hand(lab, f"{name} %f1,%f4", (digits, digits), (1, second)) == (0, changed(digits, expected))


ODD = 0x4110000000000000_3300000000000001  # one and one more in the last digit


@pytest.mark.parametrize("name, digits, first, second, result, expected", [
    pytest.param("mxr", EXTENDED, ODD, ODD, EXTENDED, 0x4110000000000000_3300000000000002, id="truncated"),
    pytest.param("mxdr", LONG, 0x41FFFFFFFFFFFFFF, 0x41FFFFFFFFFFFFFF, EXTENDED, 0x42FFFFFFFFFFFFFE_3400000000000001,
                 id="exact"),
    pytest.param("dxr", EXTENDED, 0x4110000000000000 << 64, 0x4130000000000000 << 64, EXTENDED,
                 0x4055555555555555_3255555555555555, id="third"),
    pytest.param("mdr", LONG, 0x4100000000000000, 0x7F10000000000000, LONG, 0, id="zero"),
])  # fmt: skip
def test_by_hand(lab, name, digits, first, second, result, expected):
    code, changes = by_hand(lab, f"{name} %f1,%f4", (digits, digits), (first, second))
    assert (code, {"f1": lab._before["f1"]} | changes) == (0, changed(result, expected))


@pytest.mark.parametrize("mask, expected, code", [
    pytest.param(0, 0, 0, id="true-zero"),
    pytest.param(UNDERFLOW_MASK, 0x7FF0000000000000_7100000000000005, UNDERFLOW, id="masked-in"),
])  # fmt: skip
def test_extended_underflow(lab, mask, expected, code):
    """Of the high-order part; the low-order part's characteristic is 14 less, modulo 128."""
    small = 0x2030000000000000 << 64
    operands = (small | 1, 0x2050000000000000 << 64)
    assert by_hand(lab, "mxr %f1,%f4", (EXTENDED, EXTENDED), operands, mask) == (code, changed(EXTENDED, expected))


def test_one_register(lab):
    """Both operands, and the result."""
    found = by_hand(lab, "meer %f1,%f1", (SHORT,), (0x42190000,))
    assert found == (0, changed(SHORT, 0x43271000))
