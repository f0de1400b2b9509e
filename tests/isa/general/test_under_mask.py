"""TEST UNDER MASK: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING
from tests.isa.general.execute import execute
from tests.operands import FETCH, Operand, operand_checks

POSITIONS = {"tmhh": 48, "tmhl": 32, "tmlh": 16, "tmll": 0}


@pytest.mark.parametrize("mnemonic", ["tm", "tmy"])
@pytest.mark.parametrize(
    ("byte", "mask", "cc"),
    [
        pytest.param(0xFF, 0x00, 0, id="mask-zero"),
        pytest.param(0x55, 0xAA, 0, id="all-zeros"),
        pytest.param(0xAA, 0xAA, 3, id="all-ones"),
        pytest.param(0x80, 0x80, 3, id="one-bit"),
        pytest.param(0x80, 0x81, 1, id="mixed-leftmost-one"),
        pytest.param(0x01, 0x81, 1, id="mixed-leftmost-zero"),
    ],
)
def test_byte(lab, mnemonic, byte, mask, cc):
    for before in (0, 2):
        expected = {} if before == cc else {"cc": cc}
        assert execute(lab, f"{mnemonic} 0(%r5),{mask}", data=f"{byte:02x}", cc=before) == (0, expected)


@pytest.mark.parametrize("mnemonic", POSITIONS)
@pytest.mark.parametrize(
    ("halfword", "mask", "cc"),
    [
        pytest.param(0xFFFF, 0x0000, 0, id="mask-zero"),
        pytest.param(0x5555, 0xAAAA, 0, id="all-zeros"),
        pytest.param(0xAAAA, 0xAAAA, 3, id="all-ones"),
        pytest.param(0x8000, 0x8000, 3, id="one-bit"),
        pytest.param(0x8000, 0x8001, 2, id="mixed-leftmost-one"),
        pytest.param(0x0001, 0x8001, 1, id="mixed-leftmost-zero"),
        pytest.param(0x8003, 0x0007, 1, id="mixed-leftmost-selected-zero"),
        pytest.param(0x0006, 0x0007, 2, id="mixed-leftmost-selected-one"),
    ],
)
def test_halfword(lab, mnemonic, halfword, mask, cc):
    for others in (0, ~(0xFFFF << POSITIONS[mnemonic])):
        value = others & (1 << 64) - 1 | halfword << POSITIONS[mnemonic]
        for before in (0, 1):
            expected = {} if before == cc else {"cc": cc}
            assert execute(lab, f"{mnemonic} %r3,{mask}", r3=value, cc=before) == (0, expected)


def test_the_byte_is_fetched_even_for_a_zero_mask(lab):
    assert execute(lab, "tm 0(%r5),0", r5=1 << 40) == (ADDRESSING, {})


@operand_checks(Operand("tm 0(%r5),0x5a", 1, FETCH), Operand("tmy 0(%r5),0x5a", 1, FETCH))
def test_operands(lab, check, operand):
    check(lab, operand)
