"""DIVIDE: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from tests.isa.floating_point.bfp import BY_LETTER, check, pairs, prepare, put


@pytest.mark.parametrize("letter", "edx")
def test_quotients(lab, letter):
    form = BY_LETTER[letter]
    for fpc, a, b in pairs(form, f"d{letter}br", each=4):
        prepare(lab, fpc)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        check(lab, f"d{letter}br", {24: 1, 28: 4}, exact.divide(fpc, form, a, b), put_result=(form, 1))
