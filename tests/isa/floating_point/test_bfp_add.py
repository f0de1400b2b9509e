"""ADD, SUBTRACT: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import cc_of
from tests.isa.floating_point.bfp import BY_LETTER, check, pairs, prepare, put

INSTRUCTIONS = {
    f"{letter}{form}br": (BY_LETTER[form], letter == "s") for letter in "as" for form in "edx"
}  # fmt: skip


@pytest.mark.parametrize("mnemonic", INSTRUCTIONS)
def test_sums(lab, mnemonic):
    form, subtract = INSTRUCTIONS[mnemonic]
    for fpc, a, b in pairs(form, mnemonic):
        prepare(lab, fpc)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        outcome = exact.add(fpc, form, a, b, subtract)
        cc = None if outcome.datum is None else cc_of(form, outcome.datum)
        check(lab, mnemonic, {24: 1, 28: 4}, outcome, put_result=(form, 1), cc=cc)
