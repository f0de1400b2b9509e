"""MULTIPLY: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import EXTENDED, LONG, SHORT
from tests.isa.floating_point.bfp import check, pairs, prepare, put

INSTRUCTIONS = {
    "meebr": (SHORT, SHORT), "mdbr": (LONG, LONG), "mxbr": (EXTENDED, EXTENDED),
    "mdebr": (SHORT, LONG), "mxdbr": (LONG, EXTENDED),
}  # fmt: skip


@pytest.mark.parametrize("mnemonic", INSTRUCTIONS)
def test_products(lab, mnemonic):
    source, form = INSTRUCTIONS[mnemonic]
    for fpc, a, b in pairs(source, mnemonic):
        prepare(lab, fpc)
        put(lab.cpu, source, 1, a)
        put(lab.cpu, source, 4, b)
        outcome = exact.multiply(fpc, form, a, b, source)
        check(lab, mnemonic, {24: 1, 28: 4}, outcome, put_result=(form, 1))
