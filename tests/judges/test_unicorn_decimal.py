"""TEST DECIMAL beside Unicorn, the only instruction of chapter 8 that it has: fields in which few codes are invalid."""

from __future__ import annotations

import random

import pytest

from tests.judges.programs import DATA, DATA_LENGTH, SEED, Program, put
from tests.judges.test_unicorn import Ours, Peer, run_both

CASES = 300


def case(rng: random.Random) -> Program:
    length, offset = rng.randint(1, 16), rng.choice((0x100, 0xFF8))  # within a page, across two
    codes = rng.choices("0123456789", k=2 * length - 1)
    if rng.random() < 0.5:
        codes[rng.randrange(len(codes))] = rng.choice("ABCDEF")
    codes.append(rng.choice("ABCDEF" if rng.random() < 0.5 else "0123456789"))
    data = bytearray(DATA_LENGTH)
    data[offset : offset + length] = bytes.fromhex("".join(codes))
    registers = (*(0,) * 5, DATA + offset, *(0,) * 8)
    return Program("64", rng.randrange(4), {0: "TP"}, put("TP", d1=(0, 5, length - 1)), registers, bytes(data))


@pytest.fixture(scope="module")
def pair():
    return Ours(), Peer()


def test_tp(pair):
    rng = random.Random(f"TEST DECIMAL {SEED}")
    codes = set()
    for _ in range(CASES):
        run_both(*pair, case(rng))
        codes.add(int(pair[0].machine.cpu.cc))
    assert codes == {0, 1, 2, 3}
