"""MULTIPLY AND ADD, MULTIPLY AND SUBTRACT of HFP numbers: PoP ch. 18. The twin truncates the exact result."""

from __future__ import annotations

import pytest

from s390emu.architecture.psw_bits import HFP_SIGNIFICANCE_MASK
from tests.isa.floating_point.hexadecimal import (
    DATA,
    LONG,
    OVERFLOW,
    SHORT,
    UNDERFLOW,
    by_hand,
    changed,
    codes_of,
)


def test_multiply_and_add():
    assert codes_of("maer mae mser mse madr mad msdr msd").keys() == {0, DATA, OVERFLOW, UNDERFLOW}


@pytest.mark.parametrize("name, digits, first, third, second, expected", [
    pytest.param("maer", SHORT, 0x41100000, 0x41200000, 0x41300000, 0x41700000, id="seven"),
    pytest.param("mser", SHORT, 0x41100000, 0x41200000, 0x41300000, 0x41500000, id="five"),
    pytest.param("maer", SHORT, 0xC6100000, 0x43FFFFFF, 0x41100000, 0xC5FF0000, id="unlike-signs"),
    pytest.param("madr", LONG, 0xC1FFFFFFFFFFFFFE, 0x41FFFFFFFFFFFFFF, 0x40FFFFFFFFFFFFFF, 0x2610000000000000,
                 id="exact-product"),
    pytest.param("msdr", LONG, 0x4110000000000000, 0x4110000000000000, 0x4110000000000000, 0, id="true-zero"),
    pytest.param("maer", SHORT, 0x7F000000, 0x01100000, 0x41123456, 0x00123456 | 0x01 << 24, id="zero-of-any-size"),
    pytest.param("maer", SHORT, 0xC6100000, 0x41100000, 0x00100000, 0xC5FFFFFF, id="a-little-less"),
])  # fmt: skip
def test_by_hand(lab, name, digits, first, third, second, expected):
    """No sum is a significance exception, and none sets the condition code."""
    found = by_hand(lab, f"{name} %f1,%f8,%f4", (digits,) * 3, (first, second, third), int(HFP_SIGNIFICANCE_MASK))
    assert found == (0, changed(digits, expected))
