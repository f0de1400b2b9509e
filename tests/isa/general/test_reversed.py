"""LOAD REVERSED, STORE REVERSED: PoP ch. 7."""

from __future__ import annotations

import pytest

from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("lrvr %r3,%r3", 0x01234567EFCDAB89),
        ("lrvgr %r3,%r3", 0xEFCDAB8967452301),
        ("lrvh %r3,0(%r5)", OLD & ~0xFFFF | 0xD1D0),
        ("lrv %r3,0(%r5)", OLD & ~0xFFFFFFFF | 0xD3D2D1D0),
        ("lrvg %r3,0(%r5)", 0xD7D6D5D4D3D2D1D0),
    ],
)
def test_load_reversed(lab, line, result):
    assert execute(lab, line, data="d0d1d2d3d4d5d6d7") == (0, {"r3": result})


@pytest.mark.parametrize(
    ("mnemonic", "data"), [("strvh", "efcd"), ("strv", "efcdab89"), ("strvg", "efcdab8967452301")]
)
def test_store_reversed(lab, mnemonic, data):
    assert execute(lab, f"{mnemonic} %r3,0(%r5)") == (0, {DATA: bytes.fromhex(data)})


@operand_checks(
    *(Operand(f"{m} %r3,0(%r5)", n, FETCH) for m, n in (("lrvh", 2), ("lrv", 4), ("lrvg", 8))),
    *(Operand(f"{m} %r3,0(%r5)", n, STORE) for m, n in (("strvh", 2), ("strv", 4), ("strvg", 8))),
)
def test_operands(lab, check, operand):
    check(lab, operand)
