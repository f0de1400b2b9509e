"""INSERT CHARACTER(S UNDER MASK), STORE CHARACTERS UNDER MASK: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING
from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks

SHIFT = {"icm": 0, "icmy": 0, "icmh": 32, "stcm": 0, "stcmy": 0, "stcmh": 32}
INSERTS, STORES = ["icm", "icmy", "icmh"], ["stcm", "stcmy", "stcmh"]


def positions(mnemonic: str, mask: int) -> list[int]:
    """Shifts of the bytes that the mask selects, left to right."""
    return [SHIFT[mnemonic] + 24 - 8 * n for n in range(4) if mask & 8 >> n]


@pytest.mark.parametrize("mnemonic", ["ic", "icy"])
def test_insert_character(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data="80ff") == (0, {"r3": OLD & ~0xFF | 0x80})


@pytest.mark.parametrize("mask", range(1, 16))
@pytest.mark.parametrize("mnemonic", INSERTS)
@pytest.mark.parametrize(
    ("data", "cc"),
    [
        pytest.param("00000000", 0, id="zeros"),
        pytest.param("80000000", 1, id="leftmost bit one"),
        pytest.param("7f808080", 2, id="leftmost bit zero"),
        pytest.param("d0d1d2d3", 1, id="in order"),
    ],
)
def test_insert_under_mask(lab, mnemonic, mask, data, cc):
    new = OLD
    for byte, shift in zip(bytes.fromhex(data), positions(mnemonic, mask), strict=False):
        new = new & ~(0xFF << shift) | byte << shift
    assert execute(lab, f"{mnemonic} %r3,{mask},0(%r5)", data=data) == (0, {"r3": new, "cc": cc})


@pytest.mark.parametrize("mnemonic", INSERTS)
@pytest.mark.parametrize(("data", "cc"), [("0001", 2), ("0080", 2), ("0000", 0)])
def test_a_later_byte_counts_as_not_zero(lab, mnemonic, data, cc):
    assert execute(lab, f"{mnemonic} %r3,9,0(%r5)", data=data)[1]["cc"] == cc


@pytest.mark.parametrize("mask", range(16))
@pytest.mark.parametrize("mnemonic", STORES)
def test_store_under_mask(lab, mnemonic, mask):
    data = bytes(OLD >> shift & 0xFF for shift in positions(mnemonic, mask))
    expected = {DATA: data} if data else {}
    assert execute(lab, f"{mnemonic} %r3,{mask},0(%r5)", data="00000000") == (0, expected)


@pytest.mark.parametrize("mnemonic", INSERTS)
def test_zero_mask_sets_cc_0_and_recognizes_exceptions_of_one_byte(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,0,0(%r5)", data="ff") == (0, {"cc": 0})
    assert execute(lab, f"{mnemonic} %r3,0,0(%r5)", r5=0xFFFFF) == (0, {"cc": 0})
    assert execute(lab, f"{mnemonic} %r3,0,0(%r5)", r5=0x100000) == (ADDRESSING, {})


@pytest.mark.parametrize("mnemonic", STORES)
def test_store_with_zero_mask_makes_no_reference(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,0,0(%r5)", r5=0x100000) == (0, {})


@pytest.mark.parametrize("mnemonic", INSERTS + STORES)
def test_only_as_many_bytes_are_referenced_as_the_mask_has_ones(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,5,0(%r5)", r5=0xFFFFE)[0] == 0
    assert execute(lab, f"{mnemonic} %r3,7,0(%r5)", r5=0xFFFFE) == (ADDRESSING, {})


@operand_checks(
    *(Operand(f"{m} %r3,{mask},0(%r5)", n, FETCH) for m in INSERTS for mask, n in ((15, 4), (5, 2))),
    *(Operand(f"{m} %r3,{mask},0(%r5)", n, STORE) for m in STORES for mask, n in ((15, 4), (5, 2))),
    *(Operand(f"{m} %r3,0(%r5)", 1, FETCH) for m in ("ic", "icy")),
)
def test_operands(lab, check, operand):
    check(lab, operand)
