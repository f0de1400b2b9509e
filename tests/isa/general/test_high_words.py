"""Loads and stores of bits 0-31 of a general register: PoP ch. 7."""

from __future__ import annotations

import pytest

from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks

LOW = OLD & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("mnemonic", "data", "high"),
    [
        ("lbh", "80ff", 0xFFFFFF80),
        ("lbh", "7fff", 0x7F),
        ("lhh", "8001ff", 0xFFFF8001),
        ("lhh", "7fffff", 0x7FFF),
        ("lfh", "80000001ff", 0x80000001),
        ("llch", "80ff", 0x80),
        ("llhh", "8001ff", 0x8001),
    ],
)
def test_load_high(lab, mnemonic, data, high):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data=data) == (0, {"r3": high << 32 | LOW})


@pytest.mark.parametrize(("mnemonic", "data"), [("stch", "67"), ("sthh", "4567"), ("stfh", "01234567")])
def test_store_high(lab, mnemonic, data):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)", data="ff" * 4) == (0, {DATA: bytes.fromhex(data)})


@operand_checks(
    *(Operand(f"{m} %r3,0(%r5)", n, FETCH) for m, n in (("lbh", 1), ("lhh", 2), ("lfh", 4), ("llch", 1), ("llhh", 2))),
    *(Operand(f"{m} %r3,0(%r5)", n, STORE) for m, n in (("stch", 1), ("sthh", 2), ("stfh", 4))),
)
def test_operands(lab, check, operand):
    check(lab, operand)
