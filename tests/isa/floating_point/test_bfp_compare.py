"""COMPARE, COMPARE AND SIGNAL, TEST DATA CLASS: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from tests.isa.floating_point.bfp import BY_LETTER, check, hard, pairs, prepare, put

CODES = "edx"


@pytest.mark.parametrize("letter", CODES)
@pytest.mark.parametrize("signal", [False, True], ids=["compare", "signal"])
def test_comparisons(lab, letter, signal):
    form, mnemonic = BY_LETTER[letter], f"{'k' if signal else 'c'}{letter}br"
    for fpc, a, b in pairs(form, mnemonic):
        prepare(lab, fpc)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        cc, outcome = exact.compare(fpc, form, a, b, signal)
        check(lab, mnemonic, {24: 1, 28: 4}, outcome, cc=cc)


@pytest.mark.parametrize("letter", CODES)
def test_an_operand_with_itself(lab, letter):
    form = BY_LETTER[letter]
    for a in hard(form):
        prepare(lab, 0)
        put(lab.cpu, form, 1, a)
        cc, outcome = exact.compare(0, form, a, a)
        check(lab, f"c{letter}br", {24: 1, 28: 1}, outcome, cc=cc)


@pytest.mark.parametrize("letter", CODES)
def test_data_classes(lab, letter):
    """By each bit of the mask alone, and by all others; no SNaN signals."""
    form = BY_LETTER[letter]
    for a in hard(form):
        bit = 0x800 >> exact.data_class(form, a)
        for mask in [*(1 << n for n in range(12)), 0xFFF & ~bit]:
            prepare(lab, 0xF8000000)
            put(lab.cpu, form, 1, a)
            lab.cpu.gr[2] = mask | 0xABCDE0000000F000
            check(lab, f"tc{letter}b", {8: 1, 16: 2}, exact.Outcome(0), cc=int(mask == bit))
