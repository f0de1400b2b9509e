"""SQUARE ROOT: PoP ch. 19."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins import exact
from tests.isa.floating_point.bfp import BY_LETTER, check, prepare, put, singles


@pytest.mark.parametrize("letter", "edx")
def test_roots(lab, letter):
    form = BY_LETTER[letter]
    for fpc, b in singles(form, f"sq{letter}br"):
        prepare(lab, fpc)
        put(lab.cpu, form, 4, b)
        check(lab, f"sq{letter}br", {24: 1, 28: 4}, exact.square_root(fpc, form, b), put_result=(form, 1))


@pytest.mark.parametrize("letter", "edx")
@pytest.mark.parametrize("exponent", [-6, -5, 0, 1, 8])
def test_roots_of_squares_are_exact(lab, letter, exponent):
    form = BY_LETTER[letter]
    for root in (1, 3, (1 << form.precision // 2) - 1):
        prepare(lab, 0)
        put(lab.cpu, form, 4, exact.encode(form, exact.Fraction(root * root) * exact.Fraction(4) ** exponent))
        expected = exact.Outcome(exact.encode(form, root * exact.Fraction(2) ** exponent))
        check(lab, f"sq{letter}br", {24: 1, 28: 4}, expected, put_result=(form, 1))
