"""Single instructions beside Unicorn: each with registers, storage and an FPC register of its own.

So nothing that Unicorn gets wrong has an effect on what comes after, and an instruction that a program may not have
(see test_unicorn.py) can be asked alone. A step is a LOAD FPC, then a piece of a program, one of each row in turn.
"""

from __future__ import annotations

import random

import pytest

from s390emu.conformance.twins.exact import LONG
from tests.isa.floating_point.bfp import hard, random_datum
from tests.judges.programs import (
    ADDRESS_BITS,
    ADDRESS_RESULTS,
    BASE_ADDRESSES,
    DATA,
    DATA_LENGTH,
    EDGES,
    PROGRAMS,
    SEED,
    Dice,
    Program,
    judgeable,
    piece,
    put,
    split,
)
from tests.judges.test_unicorn import Ours, Peer, run_both, unicorn, unjudged

UNJUDGED_TOO = {
    "sign-extends I2 (PoP ch. 7 COMPARE LOGICAL IMMEDIATE AND TRAP: 16-bit unsigned)": "CLGIT",
    "operation exception there; seen where the decimal operand is valid": "CVB CVBY",
}
JUDGED_ALONE = {"condition code lost later, at a TR": "TAM"}
FPC_DISPLACEMENT = 0xE00  # from register 13: the word that is loaded first
FPC_BITS = 0xF8F8FF73  # without the floating-point extension facility, which Unicorn lacks
DXC = 0xFF00  # Unicorn does not store it when it raises


def judged() -> list:
    without = unjudged() - set(" ".join(JUDGED_ALONE.values()).split())
    return judgeable(without | set(" ".join(UNJUDGED_TOO.values()).split()))


def word(rng: random.Random) -> int:
    return rng.choice((rng.choice(EDGES), rng.getrandbits(64), rng.getrandbits(8), rng.getrandbits(32) & FPC_BITS))


def step(rng: random.Random, row) -> Program:
    mode = rng.choice(("64", "64", "31", "24"))
    if row.mnemonic in ADDRESS_RESULTS:
        mode = "64"
    text = put("LFPC", d2=(FPC_DISPLACEMENT, 13))
    starts = {0: "LFPC"}
    for insn in split(piece(Dice(rng.randbytes(24)), row, len(text))):
        starts[len(text)] = row.mnemonic
        text += insn
    above = rng.getrandbits(64 - ADDRESS_BITS[mode]) << ADDRESS_BITS[mode] if mode != "64" else 0
    registers = (*(word(rng) for _ in range(12)), *(above | address for address in BASE_ADDRESSES))
    seed = rng.randbytes(rng.randint(16, 64)) if rng.random() < 0.8 else word(rng).to_bytes(8, "big")
    data = bytearray((seed * (DATA_LENGTH // len(seed) + 1))[:DATA_LENGTH])
    at = BASE_ADDRESSES[1] - DATA + FPC_DISPLACEMENT
    data[at : at + 4] = (rng.getrandbits(32) & FPC_BITS & ~DXC).to_bytes(4, "big")
    floating = tuple(rng.choice(hard(LONG)) if rng.random() < 0.5 else random_datum(LONG, rng) for _ in range(16))
    return Program(mode, rng.randrange(4), starts, text, registers, bytes(data), floating)


@pytest.fixture(scope="module")
def pair():
    return Ours(), Peer()


def test_steps(pair):
    rows = judged()
    rng = random.Random(f"steps {SEED}")
    for number in range(max(len(rows), PROGRAMS)):
        program = step(rng, rows[number % len(rows)])
        try:
            run_both(*pair, program)
        except unicorn.UcError as error:
            pytest.fail(f"Unicorn alone: {error}\n{program!r}")
