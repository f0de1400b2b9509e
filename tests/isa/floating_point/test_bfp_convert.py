"""CONVERT TO FIXED, TO LOGICAL, FROM FIXED, FROM LOGICAL: PoP ch. 19."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import FIELDS, MODES
from tests.isa.floating_point.bfp import (
    BY_LETTER,
    CASES,
    DATA_EXCEPTION,
    FILL,
    MASKS,
    check,
    fpc_after,
    handle,
    hard,
    prepare,
    put,
    random_datum,
    state,
)

SIZES = {"f": (32, True), "g": (64, True), "lf": (32, False), "lg": (64, False)}  # bits, signed
FORMS = [pytest.param(size, letter, id=f"{size}-{letter}") for size in SIZES for letter in "edx"]


def limits(size: str) -> tuple[int, int]:
    bits, signed = SIZES[size]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def methods(rng: random.Random) -> tuple[int, int, int]:
    """FPC, M3, M4."""
    return rng.choice(MASKS) | rng.choice(tuple(MODES)), rng.choice((0, *FIELDS)), rng.choice((0, 4, 0xB))


def near_limits(form, size: str) -> list[int]:
    """Data around the limits, halves among them, as far as the format has them."""
    found = []
    for limit in limits(size):
        for quarters in range(-9, 10):
            value = limit + exact.Fraction(quarters, 4)
            outcome = exact.deliver(0, form, value, "zero") if value else exact.Outcome(0)
            found += [outcome.datum, outcome.datum + 1]
    return found


@pytest.mark.parametrize(("size", "letter"), FORMS)
def test_to_integer(lab, size, letter):
    form, mnemonic, bits = BY_LETTER[letter], f"c{size}{letter}br", SIZES[size][0]
    rng = random.Random(mnemonic)
    data = [*hard(form), *near_limits(form, size), *(random_datum(form, rng) for _ in range(CASES // 4))]
    for b in data:
        for _ in range(4):
            fpc, field, m4 = methods(rng)
            prepare(lab, fpc)
            put(lab.cpu, form, 4, b)
            before = state(lab.cpu)
            cc, outcome = exact.convert_to_integer(fpc, form, b, *limits(size), field, bool(m4 & 4))
            expected = dict(before, fpc=fpc_after(fpc, outcome))
            if outcome.datum is not None:
                value = outcome.datum & (1 << bits) - 1
                expected["gr"][3] = value if bits == 64 else FILL >> 32 << 32 | value
                expected["cc"] = cc
            code = handle(lab, mnemonic, {24: 3, 28: 4, 16: field, 20: m4})
            assert (code, state(lab.cpu)) == (DATA_EXCEPTION if outcome.dxc else 0, expected), f"{b:x} {fpc:x} {field}"


@pytest.mark.parametrize(("size", "letter"), FORMS)
def test_from_integer(lab, size, letter):
    form, mnemonic = BY_LETTER[letter], f"c{letter}{size}br"
    bits, signed = SIZES[size]
    rng = random.Random(mnemonic)
    ties = [(1 << n) + d for n in (24, 25, 26, 31, 53, 54, 55, 62, 63) for d in (-3, -2, -1, 0, 1, 2, 3)]
    for n in [0, 1, 2, *ties, *(rng.getrandbits(rng.randint(1, 64)) for _ in range(CASES // 4))]:
        for m in (n, -n):
            fpc, field, m4 = methods(rng)
            prepare(lab, fpc)
            lab.cpu.gr[3] = m & (1 << 64) - 1
            value = m & (1 << bits) - 1
            value -= (1 << bits) if signed and value >> bits - 1 else 0
            outcome = exact.convert_from_integer(fpc, form, value, field, bool(m4 & 4))
            check(lab, mnemonic, {24: 1, 28: 3, 16: field, 20: m4}, outcome, put_result=(form, 1))


@pytest.mark.parametrize(("size", "letter"), FORMS)
@pytest.mark.parametrize("field", range(16))
def test_rounding_methods(lab, size, letter, field):
    """Valid or not even where nothing is rounded."""
    for mnemonic in (f"c{size}{letter}br", f"c{letter}{size}br"):
        prepare(lab, 0)
        lab.cpu.fpr[:] = 0
        lab.cpu.gr[:] = 0
        assert handle(lab, mnemonic, {24: 1, 28: 4, 16: field}) == (0 if field in (0, *FIELDS) else SPECIFICATION)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("b", "m4", "flags"),
    [
        pytest.param(0x7FF0000000000000, 0, 0x00880000, id="infinity"),
        pytest.param(0x7FF0000000000000, 4, 0x00800000, id="infinity-quiet"),
        pytest.param(0x7FE0000000000000, 0, 0x00880000, id="number"),
        pytest.param(0x7FF8000000000000, 0, 0x00800000, id="QNaN"),
        pytest.param(0x7FF0000000000001, 0, 0x00800000, id="SNaN"),
    ],
)
def test_a_number_that_does_not_fit_is_inexact_too(lab, size, b, m4, flags):
    prepare(lab, 0)
    lab.cpu.fpr[4] = b
    assert handle(lab, f"c{size}dbr", {24: 3, 28: 4, 20: m4}) == 0
    assert (int(lab.cpu.fpc), lab.cpu.cc) == (flags, 3)
