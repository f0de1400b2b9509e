"""MULTIPLY AND ADD, MULTIPLY AND SUBTRACT: PoP ch. 19."""

from __future__ import annotations

import random

import pytest

from s390emu.conformance.twins import exact
from tests.isa.floating_point.bfp import BY_LETTER, check, hard, pairs, prepare, put, random_datum

INSTRUCTIONS = {
    f"m{letter}{form}br": (BY_LETTER[form], letter == "s") for letter in "as" for form in "ed"
}  # fmt: skip


def third_operand(form, a: int, b: int, rng: random.Random) -> int:
    """A third operand; now and then the first divided by the second or next to it, so that the sum is small."""
    if rng.random() < 0.4:
        return rng.choice(hard(form))
    quotient = exact.divide(0, form, a, b).datum if rng.random() < 0.7 else random_datum(form, rng)
    return quotient ^ rng.choice((0, 0, 1, form.sign))


@pytest.mark.parametrize("mnemonic", INSTRUCTIONS)
def test_results(lab, mnemonic):
    form, subtract = INSTRUCTIONS[mnemonic]
    rng = random.Random(f"third of {mnemonic}")
    for fpc, a, b in pairs(form, mnemonic):
        c = third_operand(form, a, b, rng)
        prepare(lab, fpc)
        for r, operand in ((1, a), (4, b), (7, c)):
            put(lab.cpu, form, r, operand)
        outcome = exact.multiply_and_add(fpc, form, a, b, c, subtract)
        check(lab, mnemonic, {16: 1, 28: 4, 24: 7}, outcome, put_result=(form, 1))
