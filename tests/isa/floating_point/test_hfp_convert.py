"""CONVERT FROM FIXED and CONVERT TO FIXED of HFP numbers: PoP ch. 18. The twin rounds exact fractions."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import (
    DATA,
    EXTENDED,
    LONG,
    SHORT,
    SPECIFICATION,
    by_hand,
    changed,
    codes_of,
    put,
)
from tests.lab import ALL

GREATEST = (1 << 63) - 1


def test_convert_to_fixed():
    assert codes_of("cfer cfdr cfxr cger cgdr cgxr").keys() == {0, DATA, SPECIFICATION}


def test_convert_from_fixed():
    """Digits that do not fit are dropped."""
    assert codes_of("cefr cdfr cxfr cegr cdgr cxgr").keys() == {0, DATA, SPECIFICATION}


# Results of M3 0, 1, 4, 5, 6, 7, and their condition codes
@pytest.mark.parametrize("name, digits, second, results, codes", [
    pytest.param("cfer", SHORT, 0x40800000, (0, 1, 0, 0, 1, 0), (2,) * 6, id="half"),
    pytest.param("cfer", SHORT, 0xC1280000, (-2, -3, -2, -2, -2, -3), (1,) * 6, id="minus-two-and-a-half"),
    pytest.param("cgdr", LONG, 0x4118000000000001, (1, 2, 2, 1, 2, 1), (2,) * 6, id="more-than-a-half"),
    pytest.param("cgdr", LONG, 0xBF80000000000000, (0, 0, 0, 0, 0, -1), (1,) * 6, id="little"),
    pytest.param("cfdr", LONG, 0xC880000000000000, (-(1 << 31),) * 6, (1,) * 6, id="least"),
    pytest.param("cfdr", LONG, 0x4880000000000000, ((1 << 31) - 1,) * 6, (3,) * 6, id="too-great"),
    pytest.param("cger", SHORT, 0xFFFFFFFF, (-GREATEST - 1,) * 6, (3,) * 6, id="far-too-little"),
    pytest.param("cgxr", EXTENDED, 0x507FFFFFFFFFFFFF_42FF800000000000, (GREATEST,) * 6, (2, 3, 3, 2, 3, 2),
                 id="extended-rounded-past-the-greatest"),
])  # fmt: skip
def test_by_hand(lab, name, digits, second, results, codes):
    for method, result, cc in zip((0, 1, 4, 5, 6, 7), results, codes, strict=True):
        put(lab, 4, digits, second)
        lab.gr[3] = ALL - 1
        lab.psw(cc=0)
        assert lab.step(f"{name} %r3,{method},%f4") == 0
        bits = 32 if name[1] == "f" else 64
        assert int(lab.gr[3]) == (ALL - 1) >> bits << bits | result & (1 << bits) - 1
        assert lab.cpu.cc == cc


@pytest.mark.parametrize("method", [2, 3, 8, 15])
def test_methods_that_are_none(lab, method):
    assert by_hand(lab, f"cfxr %r3,{method},%f4", (LONG, EXTENDED), (0, 1)) == (SPECIFICATION, {})


def test_from_the_greatest_integer(lab):
    lab.gr[3] = GREATEST
    expected = changed(EXTENDED, 0x507FFFFFFFFFFFFF_42FF000000000000)
    assert by_hand(lab, "cxgr %f1,%r3", (EXTENDED,), (0,)) == (0, expected)
