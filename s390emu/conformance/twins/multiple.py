"""Addresses, access registers, and loads and stores of several registers a second time: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.case import CODE, Case, State
from s390emu.conformance.twins.forms import ALL, LOW32, address_bits, based, first_state

ALIGNED = 0x38110
WINDOW = range(0x380C0, 0x38240)
REGISTERS = 16
ODD_SHARE = 0.06  # of cases that have a specification exception, or another one
AR_MODE, SECONDARY, HOME = 1 << 46, 2 << 46, 3 << 46  # PSW bits 16 and 17


def stored_state(rng: Random) -> State:
    """Return a state with storage around an aligned address."""
    before = first_state(rng)
    before.window(WINDOW.start, rng.randbytes(len(WINDOW)))
    return before


def off_boundary(rng: Random, boundary: int) -> int:
    """Return an address: mostly this boundary, rarely not."""
    return ALIGNED + (rng.randrange(1, boundary) if boundary > 1 and rng.random() < ODD_SHARE else 0)


def with_address(state: State, r1: int, address: int) -> int:
    """Return a register in which an address is loaded: in the 24-bit and 31-bit modes bits 0-31 stay."""
    return address if address_bits(state) == 64 else state.gr[r1] >> 32 << 32 | address


# --- addresses --------------------------------------------------------------------------------------------------------


def _load_address(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 LOAD ADDRESS (EXTENDED): LAE sets the access register as the address-space control says."""
    while True:
        before, r1 = first_state(rng), rng.randrange(REGISTERS)
        address = rng.choice((0, 0xFFF, rng.getrandbits(address_bits(before)), rng.getrandbits(64)))
        address %= 1 << address_bits(before)
        operand = based(before, rng, address, indexed=True)
        after = before.copy()
        if name in ("lae", "laey"):
            before.ar = [rng.choice((0, 1, 2, rng.getrandbits(32))) for _ in range(REGISTERS)]
            before.psw_mask |= rng.choice((0, AR_MODE, SECONDARY, HOME))
            after = before.copy()
            mode = before.psw_mask & HOME
            after.ar[r1] = before.ar[5] if mode == AR_MODE else {0: 0, SECONDARY: 1, HOME: 2}[mode]
        after.gr[r1] = with_address(before, r1, address)
        yield Case(f"{name} %r{r1},{operand}", before, after)


def _relative_address(rng: Random) -> Iterator[Case]:
    while True:
        before, r1 = first_state(rng), rng.randrange(REGISTERS)
        distance = 2 * rng.choice((0, 1, -1, rng.randrange(-0x10000, 0x10000), rng.randrange(-(1 << 31), 1 << 31)))
        after = before.copy()
        after.gr[r1] = with_address(before, r1, (CODE + distance) % (1 << address_bits(before)))
        yield Case(f"larl %r{r1},.{distance:+}", before, after)


# --- access registers -------------------------------------------------------------------------------------------------


def _accessed(rng: Random) -> State:
    before = stored_state(rng)
    before.ar = [rng.choice((0, 1, 0xFFFFFFFF, rng.getrandbits(32))) for _ in range(REGISTERS)]
    return before


def _between(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before, r1, r2 = _accessed(rng), rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        after = before.copy()
        if name == "ear":
            after.gr[r1] = before.gr[r1] >> 32 << 32 | before.ar[r2]
            line = f"ear %r{r1},%a{r2}"
        elif name == "sar":
            after.ar[r1] = before.gr[r2] & LOW32
            line = f"sar %a{r1},%r{r2}"
        else:
            after.ar[r1] = before.ar[r2]
            line = f"cpya %a{r1},%a{r2}"
        yield Case(line, before, after)


def numbers(first: int, last: int) -> list[int]:
    """Return the registers from one to another; after 15 comes 0."""
    return [n % REGISTERS for n in range(first, first + (last - first) % REGISTERS + 1)]


def _access_multiple(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before, first, last = _accessed(rng), rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        at = off_boundary(rng, 4)
        line = f"{name} %a{first},%a{last},{based(before, rng, at)}"
        after = before.copy()
        for n, register in enumerate(numbers(first, last)):
            if name.startswith("stam"):
                after.store(at + 4 * n, before.ar[register].to_bytes(4))
            else:
                after.ar[register] = int.from_bytes(before.load(at + 4 * n, 4))
        yield Case(line, before, before.copy(), SPECIFICATION) if at % 4 else Case(line, before, after)


# --- general registers ------------------------------------------------------------------------------------------------


class Multiple(NamedTuple):
    """A load or store of registers: bytes of each, how far from its right they are, whether it stores."""

    length: int
    shift: int
    store: bool


MULTIPLE = {
    "lm": Multiple(4, 0, False), "lmy": Multiple(4, 0, False), "lmg": Multiple(8, 0, False),
    "lmh": Multiple(4, 32, False), "stm": Multiple(4, 0, True), "stmy": Multiple(4, 0, True),
    "stmg": Multiple(8, 0, True), "stmh": Multiple(4, 32, True),
}  # fmt: skip


def _multiple(name: str, rng: Random) -> Iterator[Case]:
    kind = MULTIPLE[name]
    ones = (1 << 8 * kind.length) - 1
    while True:
        before, first, last = stored_state(rng), rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        at = ALIGNED + rng.randrange(8)
        line = f"{name} %r{first},%r{last},{based(before, rng, at)}"
        after = before.copy()
        for n, register in enumerate(numbers(first, last)):
            place = at + kind.length * n
            if kind.store:
                after.store(place, (before.gr[register] >> kind.shift & ones).to_bytes(kind.length))
            else:
                content = int.from_bytes(before.load(place, kind.length))
                after.gr[register] = before.gr[register] & ALL - (ones << kind.shift) | content << kind.shift
        yield Case(line, before, after)


def _disjoint(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 LOAD MULTIPLE DISJOINT: left words from the second operand, right words from the fourth."""
    while True:
        before, first, last = stored_state(rng), rng.randrange(REGISTERS), rng.randrange(REGISTERS)
        lefts, rights = ALIGNED + rng.randrange(64), ALIGNED + rng.randrange(64)
        line = f"lmd %r{first},%r{last},{based(before, rng, lefts)},{based(before, rng, rights, base=9)}"
        after = before.copy()
        for n, register in enumerate(numbers(first, last)):
            after.gr[register] = int.from_bytes(before.load(lefts + 4 * n, 4) + before.load(rights + 4 * n, 4))
        yield Case(line, before, after)


def _quadword(name: str, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 LOAD PAIR FROM QUADWORD, STORE PAIR TO QUADWORD."""
    while True:
        before, at = stored_state(rng), off_boundary(rng, 16)
        r1 = 2 * rng.randrange(8) + (rng.random() < ODD_SHARE)
        line = f"{name} %r{r1},{based(before, rng, at, indexed=True)}"
        after = before.copy()
        if r1 % 2 or at % 16:
            yield Case(line, before, after, SPECIFICATION)
            continue
        if name == "stpq":
            after.store(at, before.gr[r1].to_bytes(8) + before.gr[r1 + 1].to_bytes(8))
        else:
            after.gr[r1], after.gr[r1 + 1] = (int.from_bytes(before.load(at + n, 8)) for n in (0, 8))
        yield Case(line, before, after)


def _pair(name: str, length: int, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 LOAD PAIR DISJOINT: condition code 0, as no other CPU comes between."""
    while True:
        before, first, second = stored_state(rng), off_boundary(rng, length), off_boundary(rng, length) + 32
        r3 = 2 * rng.randrange(8) + (rng.random() < ODD_SHARE)
        line = f"{name} %r{r3},{based(before, rng, first)},{based(before, rng, second, base=9)}"
        after = before.copy()
        if r3 % 2 or first % length or second % length:
            yield Case(line, before, after, SPECIFICATION)
            continue
        for n, at in enumerate((first, second)):
            content = int.from_bytes(before.load(at, length))
            after.gr[r3 + n] = before.gr[r3 + n] >> 8 * length << 8 * length | content
        after.cc = 0
        yield Case(line, before, after)


def _block_boundary(rng: Random) -> Iterator[Case]:
    """PoP ch. 7 LOAD COUNT TO BLOCK BOUNDARY."""
    while True:
        before, r1 = first_state(rng), rng.randrange(REGISTERS)
        m3 = rng.randrange(16) if rng.random() < ODD_SHARE else rng.randrange(7)
        block = 64 << min(m3, 6)
        address = block * rng.randrange(1 << 10) + rng.choice((0, rng.randrange(block), block - rng.randrange(1, 20)))
        line = f"lcbb %r{r1},{based(before, rng, address, indexed=True)},{m3}"
        after = before.copy()
        if m3 > 6:
            yield Case(line, before, after, SPECIFICATION)
            continue
        count = min(16, block - address % block)
        after.gr[r1], after.cc = before.gr[r1] >> 32 << 32 | count, 0 if count == 16 else 3
        yield Case(line, before, after)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_load_address, name) for name in ("la", "lay", "lae", "laey")}, "larl": _relative_address,
    **{name: partial(_between, name) for name in ("cpya", "ear", "sar")},
    **{name: partial(_access_multiple, name) for name in ("lam", "lamy", "stam", "stamy")},
    **{name: partial(_multiple, name) for name in MULTIPLE}, "lmd": _disjoint,
    **{name: partial(_quadword, name) for name in ("lpq", "stpq")},
    "lpd": partial(_pair, "lpd", 4), "lpdg": partial(_pair, "lpdg", 8), "lcbb": _block_boundary,
}  # fmt: skip
