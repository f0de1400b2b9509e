"""LOAD AND TEST, LOAD COMPLEMENT, LOAD NEGATIVE, LOAD POSITIVE, LOAD LENGTHENED: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import cc_of
from tests.isa.floating_point.bfp import BY_LETTER, MASKS, check, hard, prepare, put, singles


@pytest.mark.parametrize("letter", "edx")
def test_load_and_test(lab, letter):
    form = BY_LETTER[letter]
    for masks in MASKS:
        for b in hard(form):
            prepare(lab, masks)
            put(lab.cpu, form, 4, b)
            outcome = exact.load_and_test(masks, form, b)
            cc = None if outcome.datum is None else cc_of(form, outcome.datum)
            check(lab, f"lt{letter}br", {24: 1, 28: 4}, outcome, put_result=(form, 1), cc=cc)


@pytest.mark.parametrize("letter", "edx")
@pytest.mark.parametrize("operation", "cnp")
def test_signs_are_changed_without_exceptions(lab, letter, operation):
    form = BY_LETTER[letter]
    for b in hard(form):
        result = {"c": b ^ form.sign, "n": b | form.sign, "p": b & ~form.sign}[operation]
        prepare(lab, 0xF8000000)
        put(lab.cpu, form, 4, b)
        mnemonic, cc = f"l{operation}{letter}br", cc_of(form, result)
        check(lab, mnemonic, {24: 1, 28: 4}, exact.Outcome(result), put_result=(form, 1), cc=cc)


@pytest.mark.parametrize("letters", ["de", "xd", "xe"])
def test_load_lengthened(lab, letters):
    form, source = (BY_LETTER[letter] for letter in letters)
    for fpc, b in singles(source, letters):
        prepare(lab, fpc)
        put(lab.cpu, source, 4, b)
        outcome = exact.load_lengthened(fpc, source, form, b)
        check(lab, f"l{letters}br", {24: 1, 28: 4}, outcome, put_result=(form, 1))
