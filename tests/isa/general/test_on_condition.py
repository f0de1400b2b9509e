"""LOAD, STORE ON CONDITION and SELECT: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING
from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks

HIGH, LOW = OLD & 0xFFFFFFFF00000000, OLD & 0xFFFFFFFF
R4 = 0xC0C1C2C3C4C5C6C7
BYTES = "d0d1d2d3d4d5d6d7"

LOADS = [
    ("locr %r3,%r4,{}", HIGH | 0xC4C5C6C7),
    ("locgr %r3,%r4,{}", R4),
    ("locfhr %r3,%r4,{}", 0xC0C1C2C3 << 32 | LOW),
    ("lochi %r3,-2,{}", HIGH | 0xFFFFFFFE),
    ("locghi %r3,-2,{}", 0xFFFFFFFFFFFFFFFE),
    ("lochhi %r3,-2,{}", 0xFFFFFFFE << 32 | LOW),
    ("loc %r3,0(%r5),{}", HIGH | 0xD0D1D2D3),
    ("locg %r3,0(%r5),{}", 0xD0D1D2D3D4D5D6D7),
    ("locfh %r3,0(%r5),{}", 0xD0D1D2D3 << 32 | LOW),
]
STORES = [("stoc", "c4c5c6c7"), ("stocg", "c0c1c2c3c4c5c6c7"), ("stocfh", "c0c1c2c3")]


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize(("line", "result"), LOADS)
def test_load_on_condition(lab, line, result, cc):
    for mask in (0, 8 >> cc, 15 ^ 8 >> cc, 15):
        expected = {"r3": result} if mask & 8 >> cc else {}
        assert execute(lab, line.format(mask), cc=cc, data=BYTES, r4=R4) == (0, expected)


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize(("mnemonic", "data"), STORES)
def test_store_on_condition(lab, mnemonic, data, cc):
    for mask in (0, 8 >> cc, 15 ^ 8 >> cc, 15):
        expected = {DATA: bytes.fromhex(data)} if mask & 8 >> cc else {}
        assert execute(lab, f"{mnemonic} %r4,0(%r5),{mask}", cc=cc, data="00" * 8, r4=R4) == (0, expected)


@pytest.mark.parametrize("mnemonic", ["loc", "locg", "locfh", "stoc", "stocg", "stocfh"])
def test_no_reference_where_the_condition_does_not_hold(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,0(%r5),7", cc=0, r5=1 << 40) == (0, {})
    assert execute(lab, f"{mnemonic} %r3,0(%r5),8", cc=0, r5=1 << 40) == (ADDRESSING, {})


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize(
    ("mnemonic", "chosen", "other"),
    [
        ("selr", HIGH | 0xC4C5C6C7, HIGH | 7),
        ("selgr", R4, 9 << 32 | 7),
        ("selfhr", 0xC0C1C2C3 << 32 | LOW, 9 << 32 | LOW),
    ],
)
def test_select(lab, mnemonic, chosen, other, cc):
    for mask in (0, 8 >> cc, 15 ^ 8 >> cc, 15):
        result = chosen if mask & 8 >> cc else other
        line = f"{mnemonic} %r3,%r4,%r6,{mask}"
        assert execute(lab, line, cc=cc, r4=R4, r6=9 << 32 | 7) == (0, {"r3": result})


@operand_checks(
    *(Operand(f"{m} %r3,0(%r5),4", n, FETCH) for m, n in (("loc", 4), ("locg", 8), ("locfh", 4))),
    *(Operand(f"{m} %r3,0(%r5),4", n, STORE) for m, n in (("stoc", 4), ("stocg", 8), ("stocfh", 4))),
)
def test_operands(lab, check, operand):
    """cc is 1 in these checks: the condition holds."""
    check(lab, operand)
