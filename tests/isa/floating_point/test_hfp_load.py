"""LOAD AND TEST, COMPLEMENT, NEGATIVE, POSITIVE, LENGTHENED, ROUNDED, FP INTEGER of HFP numbers: PoP ch. 18."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    DATA,
    EXTENDED,
    LONG,
    OVERFLOW,
    SHORT,
    SPECIFICATION,
    by_hand,
    changed,
    codes_of,
)


def test_load_with_a_sign():
    assert codes_of("lter lcer lner lper ltdr lcdr lndr lpdr ltxr lcxr lnxr lpxr").keys() == {0, DATA, SPECIFICATION}


def test_load_fp_integer():
    assert codes_of("fier fidr fixr").keys() == {0, DATA, SPECIFICATION}


def test_load_lengthened():
    assert codes_of("lder lde lxdr lxd lxer lxe").keys() == {0, DATA, SPECIFICATION}


def test_load_rounded():
    assert codes_of("ledr ldxr lexr").keys() == {0, DATA, SPECIFICATION, OVERFLOW}


@pytest.mark.parametrize("line, digits, second, result, expected, code", [
    pytest.param("ledr", LONG, 0x4212345680000000, SHORT, 0x42123457, 0, id="half-is-one-more"),
    pytest.param("ledr", LONG, 0xC21234567FFFFFFF, SHORT, 0xC2123456, 0, id="less-than-half"),
    pytest.param("ledr", LONG, 0xC2FFFFFF80000000, SHORT, 0xC3100000, 0, id="carry"),
    pytest.param("ledr", LONG, 0x4200000080000000, SHORT, 0x42000001, 0, id="not-normalized"),
    pytest.param("ldxr", EXTENDED, 0x7FFFFFFFFFFFFFFF_0080000000000000, LONG, 0x0010000000000000, OVERFLOW,
                 id="overflow"),
    pytest.param("ldxr", EXTENDED, 0xC100000000000001_FF7FFFFFFFFFFFFF, LONG, 0xC100000000000001, 0, id="long"),
    pytest.param("lexr", EXTENDED, 0x411234567FFFFFFF_33FFFFFFFFFFFFFF, SHORT, 0x41123456, 0, id="rounded-once"),
    pytest.param("lxdr", LONG, 0x8300000000000001, EXTENDED, 0x8300000000000001_F500000000000000, 0,
                 id="low-order-characteristic"),
    pytest.param("lxdr", LONG, 0xC500000000000000, EXTENDED, 0x8000000000000000_8000000000000000, 0, id="zero-minus"),
    pytest.param("lxer", SHORT, 0x45000010, EXTENDED, 0x4500001000000000_3700000000000000, 0, id="short-to-extended"),
    pytest.param("lder", SHORT, 0xC5000000, LONG, 0xC5 << 56, 0, id="long-zero-as-it-is"),
    pytest.param("fixr", EXTENDED, 0x4F00000000000001_41FFFFFFFFFFFFFF, EXTENDED, 0x421F000000000000_3400000000000000,
                 0, id="integer-in-the-low-order-part"),
    pytest.param("fier", SHORT, 0x40FFFFFF, SHORT, 0, 0, id="no-integer-part"),
])  # fmt: skip
def test_by_hand(lab, line, digits, second, result, expected, code):
    found, changes = by_hand(lab, f"{line} %f1,%f4", (result, digits), (1, second))
    assert (found, changes) == (code, changed(result, expected))


@pytest.mark.parametrize("name, second, expected, cc", [
    pytest.param("ltxr", 0xC200000000000000_F100000000000001, 0xC200000000000000_B400000000000001, 1, id="test"),
    pytest.param("lcxr", 0x0D00000000000000_0000000000000001, 0x8D00000000000000_FF00000000000001, 1, id="complement"),
    pytest.param("lpxr", 0xC2F0000000000000_F100000000000001, 0x42F0000000000000_3400000000000001, 2, id="positive"),
    pytest.param("lnxr", 0x4200000000000000_7800000000000000, 0x8000000000000000_8000000000000000, 0, id="zero"),
])  # fmt: skip
def test_extended_signs(lab, name, second, expected, cc):
    found = by_hand(lab, f"{name} %f1,%f4", (EXTENDED, EXTENDED), (1, second))
    assert found == (0, changed(EXTENDED, expected) | {"cc": cc})
