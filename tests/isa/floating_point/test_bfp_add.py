"""ADD, SUBTRACT: PoP ch. 19."""

from __future__ import annotations

import random

import pytest

from tests.isa.floating_point import exact
from tests.isa.floating_point.bfp import BY_LETTER, check, hard, prepare, put, random_datum, random_fpc
from tests.isa.floating_point.exact import MASK, MODES, SHORT, cc_of

INSTRUCTIONS = {
    f"{letter}{form}br": (BY_LETTER[form], letter == "s") for letter in "as" for form in "edx"
}  # fmt: skip


def try_one(lab, mnemonic: str, fpc: int, a: int, b: int) -> None:
    form, subtract = INSTRUCTIONS[mnemonic]
    prepare(lab, fpc)
    put(lab.cpu, form, 1, a)
    put(lab.cpu, form, 4, b)
    outcome = exact.add(fpc, form, a, b, subtract)
    cc = None if outcome.datum is None else cc_of(form, outcome.datum)
    check(lab, mnemonic, {24: 1, 28: 4}, outcome, put_result=(form, 1), cc=cc)


@pytest.mark.parametrize("mnemonic", INSTRUCTIONS)
@pytest.mark.parametrize("mode", MODES)
def test_hard_operands(lab, mnemonic, mode):
    """Every hard datum with some others, with a mask now and then."""
    rng = random.Random(f"{mnemonic}{mode}")
    data = hard(INSTRUCTIONS[mnemonic][0])
    for a in data:
        for b in rng.sample(data, 12):
            masks = rng.choice((0, *MASK.values(), 0xF8000000))
            try_one(lab, mnemonic, masks | mode, a, b)


@pytest.mark.parametrize("mnemonic", INSTRUCTIONS)
def test_random_operands(lab, mnemonic):
    rng = random.Random(mnemonic)
    for _ in range(1000):
        form = INSTRUCTIONS[mnemonic][0]
        try_one(lab, mnemonic, random_fpc(rng), random_datum(form, rng), random_datum(form, rng))
