"""Integers of 80 digits, against Python's."""

from __future__ import annotations

import random

import numpy as np

from s390emu._jit import i64, u64
from s390emu.isa.decimal_floating_point import digits as d


def of(number: int) -> d.Digits:
    text = f"{number:080d}"
    return d.Digits(*(u64(int(text[n : n + 16], 16)) for n in range(0, 80, 16)))


def number_of(n: d.Digits) -> int:
    return int("".join(f"{int(word):016x}" for word in n))


def test_as_python_has_it():
    rng = random.Random("digits")
    values = [0, 1, 9, 5, 10**16 - 1, 10**16, 10**34 - 1, 10**33, 5 * 10**33, 10**34 // 9]
    values += [rng.randrange(10 ** rng.randrange(1, 35)) for _ in range(12)]
    with np.errstate(over="ignore"):
        for a in values:
            b, count = rng.choice(values), rng.randrange(45)
            assert int(d.digit_count(of(a))) == (len(str(a)) if a else 0)
            assert number_of(d.total(of(a), of(b))) == a + b
            assert number_of(d.difference(of(max(a, b)), of(min(a, b)))) == abs(a - b)
            assert bool(d.less(of(a), of(b))) == (a < b)
            assert number_of(d.product(of(a), of(b))) == a * b
            assert number_of(d.shift_left(of(a), i64(count))) == a * 10**count
            if b:
                quotient, remainder = d.divided(of(a * 10**40), of(b))
                assert (number_of(quotient), number_of(remainder)) == divmod(a * 10**40, b)


def test_what_is_dropped():
    with np.errstate(over="ignore"):
        for number, count, kept, rest in (
            (1234, 0, 1234, 0), (1200, 2, 12, 0), (1249, 2, 12, 1), (1250, 2, 12, 2), (1251, 2, 12, 3),
            (1260, 2, 12, 3), (5, 1, 0, 2), (5, 2, 0, 1), (10**34 - 1, 90, 0, 1), (0, 90, 0, 0),
        ):  # fmt: skip
            shifted, told = d.shift_right(of(number), i64(count))
            assert (number_of(shifted), int(told)) == (kept, rest)
