"""CONVERT BFP TO HFP and CONVERT HFP TO BFP: PoP ch. 9. The twin works with exact fractions."""

from __future__ import annotations

import pytest

from tests.isa.floating_point.hexadecimal import DATA, LONG, SHORT, SPECIFICATION, by_hand, changed, codes_of

GREATEST = 0x7FFFFFFFFFFFFFFF


def test_to_hfp():
    assert codes_of("thder thdr").keys() == {0, DATA}


def test_to_bfp():
    assert codes_of("tbedr tbdr").keys() == {0, DATA, SPECIFICATION}


@pytest.mark.parametrize("name, digits, second, expected, cc", [
    pytest.param("thder", SHORT, 0x3F800000, 0x4110000000000000, 2, id="one"),
    pytest.param("thder", SHORT, 0xFF7FFFFF, 0xE0FFFFFF00000000, 1, id="least-short"),
    pytest.param("thder", SHORT, 0x80000001, 0x9B80000000000000, 1, id="subnormal"),
    pytest.param("thdr", LONG, 0x400921FB54442D18, 0x413243F6A8885A30, 2, id="pi"),
    pytest.param("thdr", LONG, 0x8000000000000000, 0x8000000000000000, 0, id="minus-zero"),
    pytest.param("thdr", LONG, 0x4FB0000000000000, GREATEST, 3, id="too-great"),
    pytest.param("thdr", LONG, 0x4FAFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFF8, 2, id="not-too-great"),
    pytest.param("thdr", LONG, 0xAFA0000000000000, 0x8000000000000000, 1, id="too-little"),
    pytest.param("thdr", LONG, 0x2FB0000000000000, 0x0010000000000000, 2, id="the-least"),
    pytest.param("thdr", LONG, 0xFFF0000000000000, 0xFFFFFFFFFFFFFFFF, 3, id="minus-infinity"),
    pytest.param("thdr", LONG, 0xFFF0000000000001, GREATEST, 3, id="nan"),
])  # fmt: skip
def test_to_hfp_by_hand(lab, name, digits, second, expected, cc):
    changes = {"cc": cc} if cc != 3 else {}
    assert by_hand(lab, f"{name} %f1,%f4", (LONG, digits), (1, second)) == (0, changed(LONG, expected) | changes)


@pytest.mark.parametrize("name, method, second, digits, expected, cc", [
    pytest.param("tbdr", 0, 0x413243F6A8885A31, LONG, 0x400921FB54442D18, 2, id="toward-zero"),
    pytest.param("tbdr", 6, 0x413243F6A8885A31, LONG, 0x400921FB54442D19, 2, id="upward"),
    pytest.param("tbdr", 4, 0xC500000000000000, LONG, 0x8000000000000000, 0, id="minus-zero"),
    pytest.param("tbdr", 4, 0x0000000000000001, LONG, 0x2C70000000000000, 2, id="not-normalized"),
    pytest.param("tbedr", 4, 0x6110000000000000, SHORT, 0x7F800000, 3, id="overflow-to-infinity"),
    pytest.param("tbedr", 0, 0xE110000000000000, SHORT, 0xFF7FFFFF, 3, id="overflow-toward-zero"),
    pytest.param("tbedr", 1, 0x60FFFFFF80000000, SHORT, 0x7F800000, 3, id="rounded-to-overflow"),
    pytest.param("tbedr", 4, 0x1B80000000000000, SHORT, 0x00000001, 2, id="subnormal"),
    pytest.param("tbedr", 7, 0x8010000000000000, SHORT, 0x80000001, 1, id="tiny"),
    pytest.param("tbedr", 5, 0x8010000000000000, SHORT, 0x80000000, 1, id="tiny-toward-zero"),
])  # fmt: skip
def test_to_bfp_by_hand(lab, name, method, second, digits, expected, cc):
    changes = {"cc": cc} if cc != 3 else {}
    found = by_hand(lab, f"{name} %f1,{method},%f4", (digits, LONG), (2, second))
    assert found == (0, changed(digits, expected) | changes)
