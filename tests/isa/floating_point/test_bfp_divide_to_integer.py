"""DIVIDE TO INTEGER: PoP ch. 19."""

from __future__ import annotations

import math
import random
import struct
from itertools import product

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import FIELDS, LONG, Value
from tests.isa.floating_point.bfp import (
    BY_LETTER,
    CASES,
    DATA_EXCEPTION,
    FILL,
    fpc_after,
    handle,
    hard,
    pairs,
    prepare,
    put,
    put_into,
    random_datum,
    random_fpc,
    state,
)

EVEN, ZERO, PLUS, MINUS = 4, 5, 6, 7  # rounding methods in M4
ONE = 0x3FF0000000000000


def divide(lab, letter: str, a: int, b: int, fpc: int = 0, m4: int = 0) -> tuple[int, int, int, int, int]:
    """(code, cc, remainder, quotient, FPC register)."""
    form = BY_LETTER[letter]
    prepare(lab, fpc)
    put(lab.cpu, form, 1, a)
    put(lab.cpu, form, 4, b)
    code = handle(lab, f"di{letter}br", {24: 1, 28: 4, 16: 7, 20: m4})
    r, n = (int(lab.cpu.fpr[number]) >> 64 - form.bits for number in (1, 7))
    return code, int(lab.cpu.cc), r, n, int(lab.cpu.fpc)


def number(value: float) -> int:
    return struct.unpack(">Q", struct.pack(">d", value))[0]


def real(datum: int) -> float:
    return struct.unpack(">d", datum.to_bytes(8, "big"))[0]


def multiples(form, rng: random.Random) -> tuple[int, int]:
    """A dividend that is an integer or a half more times the divisor, or next to it."""
    b = random_datum(form, rng)
    divisor = Value(form, b)
    if divisor.nan or divisor.infinite or divisor.zero:
        return random_datum(form, rng), b
    n = exact.Fraction(rng.getrandbits(rng.randint(1, form.precision + 2)), 2)
    outcome = exact.deliver(0, form, n * divisor.number, "even") if n else exact.Outcome(0)
    return max(0, outcome.datum + rng.choice((-1, 0, 0, 0, 1))), b


def cases(form, seed: str):
    """(fpc, dividend, divisor)."""
    rng = random.Random(f"multiples {seed}")
    yield from pairs(form, seed)
    for _ in range(CASES):
        yield random_fpc(rng), *multiples(form, rng)


@pytest.mark.parametrize("letter", "ed")
def test_results(lab, letter):
    form, mnemonic = BY_LETTER[letter], f"di{letter}br"
    rng = random.Random(f"M4 of {mnemonic}")
    for fpc, a, b in cases(form, mnemonic):
        field = rng.choice((0, *FIELDS))
        prepare(lab, fpc)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        cc, outcome, quotient = exact.divide_to_integer(fpc, form, a, b, field)
        expected = dict(state(lab.cpu), fpc=fpc_after(fpc, outcome))
        if outcome.datum is not None:
            expected["fpr"] = put_into(put_into(expected["fpr"], form, 1, outcome.datum), form, 7, quotient)
            expected["cc"] = cc
        code = handle(lab, mnemonic, {24: 1, 28: 4, 16: 7, 20: field})
        where = f"{a:x} {b:x} {fpc:x} {field}"
        assert (code, state(lab.cpu)) == (DATA_EXCEPTION if outcome.dxc else 0, expected), where


@pytest.mark.parametrize(
    ("a", "b", "m4", "r", "n"),
    [
        pytest.param(7, 2, EVEN, -1.0, 4.0, id="tie to even"),
        pytest.param(5, 2, EVEN, 1.0, 2.0, id="tie to even below"),
        pytest.param(5, 2, 1, -1.0, 3.0, id="tie away"),
        pytest.param(-7, 2, ZERO, -1.0, -3.0, id="as fmod"),
        pytest.param(-7, 2, MINUS, 1.0, -4.0, id="as modulo"),
        pytest.param(7, 2, PLUS, -1.0, 4.0, id="up"),
        pytest.param(5, 2, 3, -1.0, 3.0, id="to odd"),
        pytest.param(-6, 3, EVEN, -0.0, -2.0, id="zero has the dividend's sign"),
        pytest.param(1, -4, EVEN, 1.0, -0.0, id="a quotient of zero has its sign"),
        pytest.param(-0.0, -4, EVEN, -0.0, 0.0, id="of zero"),
        pytest.param(-3, math.inf, EVEN, -3.0, -0.0, id="by infinity"),
        pytest.param(-3, math.inf, MINUS, -3.0, -0.0, id="by infinity, whatever the rounding"),
    ],
)
def test_a_complete_division(lab, a, b, m4, r, n):
    assert divide(lab, "d", number(a), number(b), m4=m4) == (0, 0, number(r), number(n), 0)


def test_every_bit_of_a_quotient_is_found_by_repetition(lab):
    """The remainder is the dividend of the next execution as long as the code is 2 or 3; a quotient with 1 or 3 is
    scaled."""
    rng = random.Random(3)
    for _ in range(20):
        a, b = (abs(real(random_datum(LONG, rng))) for _ in range(2))
        if not (math.isfinite(a) and math.isfinite(b) and b):
            continue
        total, rest, cc = exact.Fraction(0), a, 2
        while cc & 2:
            code, cc, r, n, _ = divide(lab, "d", number(rest), number(b), m4=ZERO)
            assert code == 0 and (not cc & 2 or real(r) < rest)
            rest, total = real(r), total + exact.Fraction(real(n)) * (1 << 1536 if cc & 1 else 1)
        assert rest == math.fmod(a, b)
        assert total == exact.Fraction(a) // exact.Fraction(b)


@pytest.mark.parametrize(
    ("a", "b", "cc", "r", "n"),
    [
        pytest.param(2.0**60 + 2.0**8, 3.0, 2, 256.0, math.floor(2**60 // 3 / 256) * 256.0, id="partial"),
        pytest.param(2.0**60, 2.0**3, 0, 0.0, 2.0**57, id="more bits, but nothing is left"),
        pytest.param(2.0**1000, 2.0**-1000, 1, 0.0, 2.0 ** (2000 - 1536), id="overflow, and nothing is left"),
    ],
)
def test_quotients_that_the_format_does_not_have(lab, a, b, cc, r, n):
    found = divide(lab, "d", number(a), number(b), fpc=0xF8000000)
    if cc == 2:
        assert found[:2] == (0, 2)
        assert exact.Fraction(real(found[3])) * 3 + exact.Fraction(real(found[2])) == exact.Fraction(a)
    else:
        assert found == (0, cc, number(r), number(n), 0xF8000000)


def test_no_flag_tells_of_a_quotient_that_is_rounded(lab):
    assert divide(lab, "d", number(7.0), number(2.0), fpc=0xF8000000)[4] == 0xF8000000


def test_the_remainder_is_inexact_where_a_small_quotient_is_rounded_up(lab):
    """2**-100 - 1 has more bits than the format: it is rounded by the FPC register's mode, not by M4."""
    tiny, below = number(2.0**-100), number(-1.0) - 1  # -1 and the next number toward zero
    assert divide(lab, "d", tiny, ONE, fpc=0, m4=PLUS) == (0, 0, number(-1.0), ONE, 0x00080000)
    assert divide(lab, "d", tiny, ONE, fpc=1, m4=PLUS) == (0, 0, below, ONE, 0x00080001)
    trapped = divide(lab, "d", tiny, ONE, fpc=0x08000000, m4=PLUS)
    assert trapped == (DATA_EXCEPTION, 0, number(-1.0), ONE, 0x08000C00)


def test_a_trapped_underflow_is_of_the_remainder(lab):
    """It is exact, and scaled; the quotient and the condition code are as without the trap."""
    found = divide(lab, "d", 3, 2, fpc=0x10000000, m4=ZERO)
    assert found == (DATA_EXCEPTION, 0, 1 + 1536 - 1074 + 1022 << 52, ONE, 0x10001000)
    assert divide(lab, "d", 3, 2, m4=ZERO) == (0, 0, 1, ONE, 0)


@pytest.mark.parametrize("letter", "ed")
@pytest.mark.parametrize("mask", [0, 0x80000000])
def test_what_has_no_remainder(lab, letter, mask):
    """Infinity divided, and division by zero, are invalid; both results are the default NaN."""
    form = BY_LETTER[letter]
    for a, b in [(form.infinity, 1), (form.infinity, form.infinity), (1, 0), (0, 0), (5, form.sign)]:
        code, cc, r, n, fpc = divide(lab, letter, a, b, fpc=mask)
        if mask:
            assert (code, cc, r, n, fpc) == (DATA_EXCEPTION, 0, a, FILL >> 64 - form.bits, mask | 0x8000)
        else:
            assert (code, cc, r, n, fpc) == (0, 1, form.default, form.default, 0x00800000)


@pytest.mark.parametrize("letter", "ed")
def test_nans_are_both_results(lab, letter):
    form = BY_LETTER[letter]
    nans = [datum for datum in hard(form) if Value(form, datum).nan]
    for a, b in [*product(nans, [1, *nans]), *((1, nan) for nan in nans)]:
        code, cc, r, n, _ = divide(lab, letter, a, b)
        assert (code, cc) == (0, 1)
        assert r == n == exact.add(0, form, a, b).datum


@pytest.mark.parametrize("letter", "ed")
@pytest.mark.parametrize(("r1", "r2", "r3"), [(1, 1, 4), (1, 4, 1), (4, 1, 1), (2, 2, 2)])
def test_the_three_registers_are_different(lab, letter, r1, r2, r3):
    prepare(lab, 0)
    assert handle(lab, f"di{letter}br", {24: r1, 28: r2, 16: r3}) == SPECIFICATION


@pytest.mark.parametrize("letter", "ed")
@pytest.mark.parametrize("m4", range(16))
def test_rounding_methods(lab, letter, m4):
    prepare(lab, 0)
    lab.cpu.fpr[:] = 0x3FF << 52
    expected = 0 if m4 in (0, *FIELDS) else SPECIFICATION
    assert handle(lab, f"di{letter}br", {24: 1, 28: 4, 16: 7, 20: m4}) == expected


def test_against_the_hosts_remainders(lab):
    """IEEE 754's remainder, and C's fmod: of complete divisions."""
    rng = random.Random(754)
    for _ in range(CASES):
        a, b = (real(random_datum(LONG, rng)) for _ in range(2))
        if not (math.isfinite(a) and math.isfinite(b) and b):
            continue
        for m4, host in ((EVEN, math.remainder), (ZERO, math.fmod)):
            _, cc, r, _, _ = divide(lab, "d", number(a), number(b), m4=m4)
            assert cc & 2 or r == number(host(a, b)), f"{a} {b}"
