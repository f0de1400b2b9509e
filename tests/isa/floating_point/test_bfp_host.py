"""Short and long results, to nearest, beside those of this computer's processor: another judge than exact.py."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.isa.floating_point.bfp import BY_LETTER, CASES, handle, hard, prepare, put, random_datum
from tests.isa.floating_point.exact import LONG, SHORT, Value

TYPES = {SHORT: (np.uint32, np.float32), LONG: (np.uint64, np.float64)}
BINARY = {"a": np.add, "s": np.subtract, "m": np.multiply, "d": np.divide}
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def host(form, datum: int):
    integer, real = TYPES[form]
    return integer(datum).view(real)


def datum_of(form, value) -> int:
    return int(value.view(TYPES[form][0]))


def in_register(lab, form, r: int) -> int:
    return int(lab.cpu.fpr[r]) >> 64 - form.bits


def operands(form, seed: str):
    """Pairs of numbers; what a NaN gives differs among processors."""
    rng = random.Random(seed)
    data = [datum for datum in hard(form) if not Value(form, datum).nan]
    yield from ((a, b) for a in data for b in rng.sample(data, 10))
    for _ in range(CASES):
        a, b = (random_datum(form, rng) for _ in range(2))
        if not (Value(form, a).nan or Value(form, b).nan):
            yield a, b


def same(form, ours: int, theirs: int) -> bool:
    """True for the same number, or two NaNs, of which ours is the default one."""
    return ours == theirs or bool(Value(form, theirs).nan and ours == form.default)


@pytest.mark.parametrize("letter", "ed")
@pytest.mark.parametrize("operation", BINARY)
def test_arithmetic(lab, operation, letter):
    form = BY_LETTER[letter]
    mnemonic = "meebr" if operation + letter == "me" else f"{operation}{letter}br"
    for a, b in operands(form, mnemonic):
        prepare(lab, 0)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        assert handle(lab, mnemonic, {24: 1, 28: 4}) == 0
        with np.errstate(all="ignore"):
            expected = datum_of(form, BINARY[operation](host(form, a), host(form, b)))
        assert same(form, in_register(lab, form, 1), expected), f"{a:x} {b:x}"


@pytest.mark.parametrize("letter", "ed")
def test_square_root(lab, letter):
    form = BY_LETTER[letter]
    for _, b in operands(form, letter):
        prepare(lab, 0)
        put(lab.cpu, form, 4, b)
        assert handle(lab, f"sq{letter}br", {24: 1, 28: 4}) == 0
        with np.errstate(all="ignore"):
            expected = datum_of(form, np.sqrt(host(form, b)))
        assert same(form, in_register(lab, form, 1), expected), f"{b:x}"


def test_long_to_short_and_back(lab):
    for _, b in operands(LONG, "round"):
        prepare(lab, 0)
        put(lab.cpu, LONG, 4, b)
        assert handle(lab, "ledbr", {24: 1, 28: 4}) == 0
        with np.errstate(all="ignore"):
            expected = host(LONG, b).astype(np.float32)
        assert in_register(lab, SHORT, 1) == datum_of(SHORT, expected), f"{b:x}"
        assert handle(lab, "ldebr", {24: 2, 28: 1}) == 0
        assert in_register(lab, LONG, 2) == datum_of(LONG, expected.astype(np.float64))


@pytest.mark.parametrize("letter", "ed")
def test_from_fixed(lab, letter):
    form = BY_LETTER[letter]
    rng = random.Random(letter)
    for _ in range(CASES):
        number = rng.getrandbits(64) >> rng.randrange(64)
        prepare(lab, 0)
        lab.cpu.gr[3] = number
        handle(lab, f"c{letter}lgbr", {24: 1, 28: 3})
        assert in_register(lab, form, 1) == datum_of(form, np.uint64(number).astype(TYPES[form][1])), f"{number:x}"
        handle(lab, f"c{letter}gbr", {24: 1, 28: 3})
        signed = np.uint64(number).view(np.int64).astype(TYPES[form][1])
        assert in_register(lab, form, 1) == datum_of(form, signed), f"{number:x}"


@pytest.mark.parametrize("letter", "ed")
def test_comparisons(lab, letter):
    form = BY_LETTER[letter]
    for a, b in operands(form, letter):
        prepare(lab, 0)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        handle(lab, f"c{letter}br", {24: 1, 28: 4})
        x, y = host(form, a), host(form, b)
        assert lab.cpu.cc == (0 if x == y else 1 if x < y else 2), f"{a:x} {b:x}"
