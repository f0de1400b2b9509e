"""LOAD ROUNDED, LOAD FP INTEGER: PoP ch. 19."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import EXTENDED, FIELDS, MODES
from tests.isa.floating_point.bfp import (
    AFP_CONTROL,
    BY_LETTER,
    CASES,
    MASKS,
    check,
    handle,
    hard,
    prepare,
    put,
    random_datum,
    random_fpc,
)

NARROWINGS = ["ed", "dx", "ex"]


def nearly(form, source, rng: random.Random) -> int:
    """A datum of a longer format next to one of the shorter, or halfway between two."""
    base = exact.load_lengthened(0, form, source, rng.choice(hard(form))).datum
    half = 1 << source.fraction_bits - form.fraction_bits - 1
    return max(0, base + rng.choice((0, half, -half, half + 1, half - 1, 1, -1, 3 * half)))


def methods(rng: random.Random):
    """(FPC, M3, M4)."""
    for field in (0, *FIELDS):
        for mode in MODES:
            yield rng.choice(MASKS) | mode, field, rng.choice((0, 0, 4, 0xB, 0xF))


def try_narrowing(lab, letters, b, fpc, field, m4) -> None:
    form, source = (BY_LETTER[letter] for letter in letters)
    prepare(lab, fpc)
    put(lab.cpu, source, 4, b)
    outcome = exact.load_rounded(fpc, source, form, b, field, bool(m4 & 4))
    where = source if 0x10 <= outcome.dxc < 0x40 else form
    check(lab, f"l{letters}br", {24: 1, 28: 4, 16: field, 20: m4}, outcome, put_result=(where, 1))


@pytest.mark.parametrize("letters", NARROWINGS)
def test_load_rounded(lab, letters):
    form, source = (BY_LETTER[letter] for letter in letters)
    rng = random.Random(letters)
    data = [*hard(source), *(exact.load_lengthened(0, form, source, datum).datum for datum in hard(form))]
    data += [nearly(form, source, rng) for _ in range(100)] + [random_datum(source, rng) for _ in range(CASES // 4)]
    for b in data:
        for fpc, field, m4 in rng.sample(list(methods(rng)), 8):
            try_narrowing(lab, letters, b, fpc, field, m4)


@pytest.mark.parametrize(
    ("b", "fpc", "expected"),
    [
        pytest.param(0x47EFFFFFF0000000, 0x20000000, 0x47F0000000000000 - (512 << 52), id="rounded to 2**128"),
        pytest.param(0x47F0000000000000, 0x20000000, 0x47F0000000000000 - (512 << 52), id="2**128"),
        pytest.param(0x380FFFFFF8000000, 0x10000000, 0x3810000000000000 + (512 << 52), id="rounded to the least"),
        pytest.param(1, 0x10000000, 0x1CD0000000000000, id="2**-1074"),
    ],
)
def test_a_trapped_result_is_scaled_and_of_the_format_of_the_source(lab, b, fpc, expected):
    prepare(lab, fpc)
    lab.cpu.fpr[4] = b
    handle(lab, "ledbr", {24: 1, 28: 4})
    assert int(lab.cpu.fpr[1]) == expected


@pytest.mark.parametrize("letters", ["dx", "ex"])
@pytest.mark.parametrize(("exponent", "fpc", "adjustment"), [(9000, 0x20000000, -8192), (-9000, 0x10000000, 8192)])
def test_an_extended_source_is_scaled_as_its_format_needs(lab, letters, exponent, fpc, adjustment):
    """To the middle of its own range, whatever the target."""
    prepare(lab, fpc)
    put(lab.cpu, EXTENDED, 4, 16383 + exponent << 112)
    handle(lab, f"l{letters}br", {24: 1, 28: 4})
    assert (int(lab.cpu.fpr[1]), int(lab.cpu.fpr[3])) == (16383 + exponent + adjustment << 48, 0)


@pytest.mark.parametrize("letter", "edx")
def test_load_fp_integer(lab, letter):
    form = BY_LETTER[letter]
    rng = random.Random(letter)
    halves = [exact.encode(form, exact.Fraction(n, 4)) for n in range(-14, 15)]
    for b in [*hard(form), *halves, *(random_datum(form, rng) for _ in range(CASES // 2))]:
        for fpc, field, m4 in rng.sample(list(methods(rng)), 8):
            prepare(lab, fpc)
            put(lab.cpu, form, 4, b)
            outcome = exact.load_fp_integer(fpc, form, b, field, bool(m4 & 4))
            fields = {24: 1, 28: 4, 16: field, 20: m4}
            check(lab, f"fi{letter}br", fields, outcome, put_result=(form, 1))


@pytest.mark.parametrize("mnemonic", ["ledbr", "ldxbr", "lexbr", "fiebr", "fidbr", "fixbr"])
@pytest.mark.parametrize("field", range(16))
def test_rounding_methods(lab, mnemonic, field):
    prepare(lab, random_fpc(random.Random(1)))
    expected = 0 if field in (0, *FIELDS) else SPECIFICATION
    lab.cpu.fpr[:] = 0
    assert handle(lab, mnemonic, {24: 1, 28: 4, 16: field}) == expected


@pytest.mark.parametrize("mnemonic", ["ldxbr", "lexbr", "fixbr"])
@pytest.mark.parametrize(("r1", "r2"), [(2, 0), (0, 2), (14, 0), (0, 7)])
def test_both_operands_are_pairs(lab, mnemonic, r1, r2):
    """Of LOAD ROUNDED too, whose result may be of the source's format."""
    prepare(lab, 0)
    assert int(lab.cpu.cr[0]) == AFP_CONTROL
    assert handle(lab, mnemonic, {24: r1, 28: r2}) == SPECIFICATION


def test_random_roundings(lab):
    rng = random.Random(19)
    for _ in range(CASES):
        letters = rng.choice(NARROWINGS)
        fpc, field = random_fpc(rng), rng.choice((0, *FIELDS))
        try_narrowing(lab, letters, random_datum(BY_LETTER[letters[1]], rng), fpc, field, rng.getrandbits(4))
