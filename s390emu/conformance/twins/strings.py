"""Strings and long operands, one byte after the other, with lengths of any kind and no pages: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import ALL, LOW32

PAD, ENDING = 0x40, 0xE0


class Operands(NamedTuple):
    """Addresses, lengths in bytes (of a string: with its ending character) and the bytes there."""

    first: int
    second: int
    left: bytes
    right: bytes


class Result(NamedTuple):
    """cc, registers by number (where the units do not matter), what is stored at `first`, bytes referenced of each."""

    cc: int
    registers: dict[int, int]
    stored: bytes
    first_bytes: int
    second_bytes: int


def twin(name: str, given: Operands) -> Result:
    """Return what the instruction as a whole makes of its operands."""
    first, second, left, right = given
    if name in ("MVCL", "MVCLE"):
        stored = bytes(right[n] if n < len(right) else PAD for n in range(len(left)))
        moved = min(len(left), len(right))
        cc = 0 if len(left) == len(right) else 1 if len(left) < len(right) else 2
        ends = {2: first + len(left), 3: 0, 4: second + moved, 5: len(right) - moved}
        return Result(cc, ends, stored, len(left), moved)
    if name in ("CLCL", "CLCLE"):
        n, cc = 0, 0
        while n < max(len(left), len(right)) and cc == 0:
            one, other = (data[n] if n < len(data) else PAD for data in (left, right))
            cc = 0 if one == other else 1 if one < other else 2
            n += cc == 0
        passed = min(n, len(left)), min(n, len(right))
        ends = {2: first + passed[0], 3: len(left) - passed[0], 4: second + passed[1], 5: len(right) - passed[1]}
        seen = n + (cc != 0)
        return Result(cc, ends, left, min(seen, len(left)), min(seen, len(right)))
    if name == "MVST":
        moved = right.index(ENDING) + 1
        return Result(1, {2: first + moved - 1}, right[:moved], moved, moved)
    if name == "CLST":
        n = 0
        while left[n] == right[n] != ENDING:
            n += 1
        one, other = left[n], right[n]
        if one == other:
            return Result(0, {}, left, n + 1, n + 1)
        cc = 1 if one == ENDING or (other != ENDING and one < other) else 2
        return Result(cc, {2: first + n, 4: second + n}, left, n + 1, n + 1)
    if name == "SRST":
        if ENDING in right:
            n = right.index(ENDING)
            return Result(1, {2: second + n}, left, 0, n + 1)
        return Result(2, {2: second + len(right)}, left, 0, len(right))
    assert name == "CKSM"
    total = 0
    for n in range(0, len(right), 4):
        total += int.from_bytes(right[n : n + 4].ljust(4, b"\0"), "big")
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return Result(0, {4: second + len(right), 5: 0, 6: total}, left, 0, len(right))


def cuse(left: bytes, right: bytes, wanted: int, padding: int) -> tuple[int, int]:
    """PoP ch. 7 COMPARE UNTIL SUBSTRING EQUAL: the condition code, and how many bytes are passed."""
    longer = max(len(left), len(right))
    left, right = (data.ljust(longer, bytes([padding])) for data in (left, right))
    for start in range(longer + 1):
        if start + wanted <= longer and left[start : start + wanted] == right[start : start + wanted]:
            return 0, start
    if wanted == 0:
        return 0, 0
    start = longer
    while start > 0 and left[start - 1] == right[start - 1]:
        start -= 1
    return (1 if start < longer else 2), start


# --- cases ------------------------------------------------------------------------------------------------------------

# In one page each, and short: so they are done at once, whatever the units of operation are.
FIRST, SECOND = 0x41100, 0x45200
LONGEST = 200
LINES = {
    "MVCL": "mvcl %r2,%r4", "CLCL": "clcl %r2,%r4", "MVCLE": "mvcle %r2,%r4,0x40", "CLCLE": "clcle %r2,%r4,0x40",
    "MVST": "mvst %r2,%r4", "CLST": "clst %r2,%r4", "SRST": "srst %r2,%r4", "CKSM": "cksm %r6,%r4",
}  # fmt: skip


def _operands(name: str, rng: Random) -> Operands:
    lengths = [rng.choice((0, 1, 2, 5, 16, rng.randrange(LONGEST))) for _ in "12"]
    if rng.random() < 0.5:
        lengths[1] = lengths[0]
    text = bytes(rng.choices(b"abc\xff\x00" if name != "CKSM" else range(256), k=max(lengths)))
    left, right = bytearray(text[: lengths[0]]), bytearray(text[: lengths[1]])
    if name in ("CLCL", "CLCLE"):
        common = min(lengths)
        left[common:], right[common:] = (bytes([PAD]) * (len(data) - common) for data in (left, right))
    if rng.random() < 0.6 and right:
        right[rng.randrange(len(right))] = rng.choice(b"\x01z\xf0")
    if name in ("MVST", "CLST") or (name == "SRST" and rng.random() < 0.5):
        left.append(ENDING)
        right.append(ENDING)
    if name == "MVST":
        left = bytearray(rng.randbytes(len(right)))
    return Operands(FIRST + rng.randrange(256), SECOND + rng.randrange(256), bytes(left), bytes(right))


def _cases(name: str, rng: Random) -> Iterator[Case]:
    """Registers 2 to 5 designate the operands; bits that are no part of lengths are any."""
    while True:
        given, before = _operands(name, rng), State(gr=[rng.getrandbits(64) for _ in range(16)])
        before.cc = rng.randrange(4)
        kept = ALL - 0xFFFFFF if name in ("MVCL", "CLCL") else 0
        before.gr[0] = ENDING
        before.gr[2:6] = [given.first, before.gr[3] & kept | len(given.left), given.second,
                          before.gr[5] & kept | len(given.right)]  # fmt: skip
        if kept:
            before.gr[5] = before.gr[5] & ~(0xFF << 24) | PAD << 24
        if name == "SRST":
            before.gr[2] = given.second + len(given.right)
        if name == "CKSM":
            before.gr[6] &= ALL - LOW32
        else:
            before.window(given.first - 8, rng.randbytes(8) + given.left + rng.randbytes(8))
        before.window(given.second - 8, rng.randbytes(8) + given.right + rng.randbytes(8))
        result, after = twin(name, given), before.copy()
        after.cc = result.cc
        for register, value in result.registers.items():
            of_length = kept if register in (3, 5) else ALL - LOW32 if register == 6 else 0
            after.gr[register] = before.gr[register] & of_length | value
        if name != "CKSM":
            after.store(given.first, result.stored)
        yield Case(LINES[name], before, after, repeated=name not in ("MVCL", "CLCL"))


def _substrings(rng: Random) -> Iterator[Case]:
    while True:
        left, right = (bytes(rng.choices(b"abP", k=rng.choice((0, 1, 5, 20, 100)))) for _ in "12")
        wanted, before = rng.choice((0, 1, 2, 3, 5, 8, 255)), State(gr=[rng.getrandbits(64) for _ in range(16)])
        before.gr[0], before.gr[1] = ALL & ~0xFF | wanted, ALL & ~0xFF | ord("P")
        before.gr[2:6] = [FIRST, len(left), SECOND, len(right)]
        before.window(FIRST, left + b"ab")
        before.window(SECOND, right + b"ba")
        after = before.copy()
        after.cc, passed = cuse(left, right, wanted, ord("P"))
        one, other = min(passed, len(left)), min(passed, len(right))
        after.gr[2:6] = [FIRST + one, len(left) - one, SECOND + other, len(right) - other]
        yield Case("cuse %r2,%r4", before, after, repeated=True)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {name.lower(): partial(_cases, name) for name in LINES} | {
    "cuse": _substrings
}
