"""The forms of an operation: where its operands and results are. One model in Python's integers does for all of them.

    Form("ar %r3,%r4", low(3), low(3), low(4))
    Form("agf %r3,0(%r5)", gr(3), gr(3), storage(32))
    Form("ahi %r3,{}", low(3), low(3), immediate(16))

A model takes the form, the condition code before and the operands' numbers, and returns an Outcome. Where operands
are put is anything with `gr`, `store` and `load`: a `State`, or the lab of the tests.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from s390emu.architecture.interruptions import DATA, FIXED_POINT_OVERFLOW, SPECIFICATION
from s390emu.conformance.case import CODE, MODES, Case, State

ADDRESS = 0x38105  # of a storage operand: in %r5, and no boundary at all
ALIGNED = 0x38110
RELATIVE = 0x20800  # of a relative-long operand
FROM_HERE = f".+{RELATIVE - CODE}"
NEAR = range(ADDRESS - 16, ADDRESS + 48)
FIXED_POINT_OVERFLOW_MASK = 1 << (63 - 20)
ALL, LOW32 = (1 << 64) - 1, (1 << 32) - 1


class Place(NamedTuple):
    """Where an operand is: `bits` bits, in a register (so far from its right), storage or the instruction."""

    kind: str
    bits: int
    register: int = 0
    shift: int = 0
    signed: bool = True

    @property
    def unsigned(self) -> Place:
        """The same, as a number without a sign."""
        return self._replace(signed=False)

    def number(self, pattern: int) -> int:
        """Return what the bits mean."""
        pattern %= 1 << self.bits
        return pattern - (1 << self.bits) if self.signed and pattern >> (self.bits - 1) else pattern

    @property
    def edges(self) -> list[int]:
        """Bits where something may go wrong."""
        least = 1 << (self.bits - 1)
        return sorted({n % (2 * least) for n in (0, 1, 2 * least - 1, least - 1, least, least - 2, least + 1)})

    def draw(self, rng: Random) -> int:
        """Return random bits: edges, small numbers either way, anything."""
        near = rng.randint(-(1 << self.bits // 2), 1 << self.bits // 2) % (1 << self.bits)
        return rng.choice((rng.choice(self.edges), near, rng.getrandbits(self.bits), rng.getrandbits(self.bits)))

    def put(self, state: Any, number: int) -> None:
        """Put a number there; one of the instruction is in its line."""
        pattern, r = number % (1 << self.bits), self.register
        match self.kind:
            case "register":
                ones = (1 << self.bits) - 1 << self.shift
                state.gr[r] = int(state.gr[r]) & ~ones | pattern << self.shift
            case "pair":
                state.gr[r], state.gr[r + 1] = pattern >> 64, pattern % (1 << 64)
            case "low pair":
                low(r).put(state, pattern >> 32)
                low(r + 1).put(state, pattern)
            case "storage":
                state.store(r, pattern.to_bytes(self.bits // 8, "big"))

    def get(self, state: Any) -> int:
        """Return the number that is there; ValueError for one of the instruction."""
        r = self.register
        match self.kind:
            case "register":
                return self.number(int(state.gr[r]) >> self.shift)
            case "pair":
                return self.number(int(state.gr[r]) << 64 | int(state.gr[r + 1]))
            case "low pair":
                return self.number((int(state.gr[r]) & LOW32) << 32 | int(state.gr[r + 1]) & LOW32)
            case "storage":
                return self.number(int.from_bytes(state.load(r, self.bits // 8), "big"))
        raise ValueError(f"{self.kind}: not in the state")


def gr(r: int) -> Place:
    """Return a general register; `low` and `high`: its words; `part`: any bits of it, so far from the right."""
    return Place("register", 64, r)


def low(r: int) -> Place:
    """Return bits 32-63 of a general register."""
    return Place("register", 32, r)


def high(r: int) -> Place:
    """Return bits 0-31 of a general register."""
    return Place("register", 32, r, 32)


def part(r: int, bits: int, shift: int = 0) -> Place:
    """Return bits of a general register, so far from its right."""
    return Place("register", bits, r, shift)


def pair(r: int) -> Place:
    """Return a general register and the next."""
    return Place("pair", 128, r)


def low_pair(r: int) -> Place:
    """Return the rightmost words of a general register and the next."""
    return Place("low pair", 64, r)


def storage(bits: int, address: int = ADDRESS) -> Place:
    """Return bits in storage; by default at an address that is no boundary."""
    return Place("storage", bits, address)


def relative(bits: int) -> Place:
    """Return bits in storage that a relative-long operand designates."""
    return storage(bits, RELATIVE)


def immediate(bits: int) -> Place:
    """Return the {} in the assembler line."""
    return Place("immediate", bits)


class Outcome(NamedTuple):
    """What an instruction should do; cc None: unchanged. An operation that is suppressed has no results. The code of a
    fixed-point overflow stands for the case that the program mask has its bit."""

    results: tuple[int, ...]
    cc: int | None = None
    code: int = 0
    dxc: int = 0


class Form(NamedTuple):
    """An instruction: its assembler line, the places of its results, and of its operands."""

    line: str
    results: tuple[Place, ...] | Place
    first: Place
    second: Place | None = None
    more: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return self.mnemonic

    @property
    def mnemonic(self) -> str:
        """In lower case."""
        return self.line.split()[0]

    @property
    def operands(self) -> tuple[Place, ...]:
        """One or more, those of the instruction in the order of the line."""
        return (self.first, *(() if self.second is None else (self.second,)), *self.more)

    @property
    def targets(self) -> tuple[Place, ...]:
        """None, one or more."""
        return (self.results,) if isinstance(self.results, Place) else self.results

    def numbers(self, patterns: Iterable[int]) -> list[int]:
        """Return what these bits mean as operands."""
        return [place.number(pattern) for place, pattern in zip(self.operands, patterns, strict=True)]

    @property
    def unsigned(self) -> Form:
        """The same with operands that are numbers without a sign."""
        second = self.second and self.second.unsigned
        return self._replace(first=self.first.unsigned, second=second, more=tuple(p.unsigned for p in self.more))


Model = Callable[..., Outcome]


def outcome_of(form: Form, model: Model, cc: int, numbers: Iterable[int], mask: int) -> Outcome:
    """Return what should happen with this PSW mask: a fixed-point overflow only interrupts where it may."""
    outcome = model(form, cc, *numbers)
    if outcome.code == FIXED_POINT_OVERFLOW and not mask & FIXED_POINT_OVERFLOW_MASK:
        return outcome._replace(code=0)
    return outcome


# --- cases ------------------------------------------------------------------------------------------------------------

REGISTER = re.compile(r"%r(\d+)")
BASED = re.compile(r"(?<![\d%r])0\(%r5\)")
ODD_SHARE, SAME_SHARE, SHORT_MODES = 0.03, 0.1, (64,) * 6 + (31, 24)
MOST_EDGES = 64


def cases(form: Form, model: Model, rng: Random) -> Iterator[Case]:
    """Yield cases without end: edges with edges first, in any order, then any operands."""
    edges = list(itertools.islice(itertools.product(*(place.edges for place in form.operands)), 1 << 12))
    rng.shuffle(edges)
    if len(edges) == 1 << 12:  # more than that: not only those with the same beginning
        edges = [tuple(rng.choice(place.edges) for place in form.operands) for _ in range(MOST_EDGES)]
    for patterns in edges[:MOST_EDGES]:
        yield case(form, model, patterns, rng)
    refusals = list(refused(form))
    while True:
        choice = rng.random()
        if refusals and choice < ODD_SHARE:
            yield refusal(form, rng.choice(refusals), rng)
            continue
        renamed = form
        if choice < ODD_SHARE + SAME_SHARE:
            renamed = renumbered(form, lambda r: 3 if r == 4 else r)
        yield case(renamed, model, [place.draw(rng) for place in form.operands], rng)


def refused(form: Form) -> Iterator[str]:
    """Yield lines that are specification exceptions: no pair of registers, no boundary."""
    pairs = any("pair" in place.kind for place in (*form.targets, *form.operands))
    if pairs or [place.kind for place in form.targets] == ["register", "register"]:
        yield form.line.replace("%r2", "%r3", 1)
    for place in (*form.operands, *form.targets):
        if place.kind == "storage" and place.register == ALIGNED:
            yield form.line.replace("0(%r5)", f"{place.bits // 16}(%r5)")
        elif place.kind == "storage" and place.register == RELATIVE and place.bits > 16:
            yield form.line.replace(FROM_HERE, f".+{RELATIVE - CODE + 2}")


def refusal(form: Form, line: str, rng: Random) -> Case:
    """Return the case of such a line."""
    before = first_state(rng, ALIGNED)
    before.window(NEAR.start, rng.randbytes(len(NEAR)))
    line = line.format(*(0 for place in form.operands if place.kind == "immediate"))
    return Case(line, before, before.copy(), SPECIFICATION)


def renumbered(form: Form, new: Callable[[int], int]) -> Form:
    """Return a form with other registers."""

    def moved(place: Place) -> Place:
        return place if place.kind in ("storage", "immediate") else place._replace(register=new(place.register))

    line = REGISTER.sub(lambda match: f"%r{new(int(match[1]))}", form.line)
    first, *more = map(moved, form.operands)
    return Form(line, tuple(map(moved, form.targets)), first, None, tuple(more))


def shuffled_registers(rng: Random) -> Callable[[int], int]:
    """Return new numbers for registers; pairs stay pairs, and a base is not register 0."""
    pairs = list(range(8))
    rng.shuffle(pairs)
    if pairs[3] == 0:
        pairs[0], pairs[3] = pairs[3], pairs[0]
    return lambda r: 2 * pairs[r // 2] + r % 2


def first_state(rng: Random, address: int = ADDRESS) -> State:
    """Return any registers, but for register 5: this address, in any mode, with anything to the left of it."""
    bits = rng.choice(SHORT_MODES)
    state = State(gr=[rng.getrandbits(64) for _ in range(16)], psw_mask=MODES[bits])
    state.gr[5] = address | (rng.getrandbits(64 - bits) << bits if bits < 64 else 0)
    state.cc = rng.randrange(4)
    return state


def based(state: State, rng: Random, address: int, indexed: bool = False, base: int = 5) -> str:
    """Return a second operand, base and displacement, with register 6 as index or not, that leads to an address; what
    is to the left of the mode's addresses is anything."""
    bits = address_bits(state)
    displacement = rng.choice((0, 0, 1, 0xFFF, rng.randrange(0x1000)))
    left = rng.getrandbits(64 - bits) << bits if bits < 64 else 0
    index = 6 if indexed and rng.random() < 0.5 else 0
    state.gr[base] = (address + left - displacement - (state.gr[index] if index else 0)) & ALL
    return f"{displacement}(%r{index},%r{base})" if index else f"{displacement}(%r{base})"


def address_bits(state: State) -> int:
    """Return the bits of an address in the mode."""
    return 64 if state.psw_mask & 1 << 32 else 31 if state.psw_mask & 1 << 31 else 24


def addressed(state: State, register: int, address: int) -> int:
    """Return a register in which an address is put, as the mode has it: other bits stay, bit 32 is zero in the 31-bit
    mode."""
    bits = 64 if state.psw_mask & 1 << 32 else 32 if state.psw_mask & 1 << 31 else 24
    return state.gr[register] >> bits << bits | address


def case(form: Form, model: Model, patterns: Iterable[int], rng: Random) -> Case:
    """Return the case of these operands, or what they are where two are in one register."""
    new = shuffled_registers(rng)
    form = renumbered(form, new)
    stored = [place.register for place in (*form.operands, *form.targets) if place.kind == "storage"]
    before, base = first_state(rng, stored[0] if stored else ADDRESS), new(5)
    before.gr[base], before.gr[5] = before.gr[5], before.gr[base]
    line, displacement = form.line, rng.choice((0, 0, 1, 0xFFF, rng.randrange(0x1000)))
    if BASED.search(line):
        line = BASED.sub(f"{displacement}(%r{base})", line)
        before.gr[base] = (before.gr[base] - displacement) & ALL
    if stored:
        before.window(RELATIVE - 16 if stored[0] == RELATIVE else NEAR.start, rng.randbytes(len(NEAR)))
    if rng.random() < 0.3:
        before.psw_mask |= FIXED_POINT_OVERFLOW_MASK
    for place, pattern in zip(form.operands, patterns, strict=True):
        place.put(before, pattern)
    numbers = [
        place.number(pattern) if place.kind == "immediate" else place.get(before)
        for place, pattern in zip(form.operands, patterns, strict=True)
    ]
    line = line.format(*(number for place, number in zip(form.operands, numbers, strict=True)
                         if place.kind == "immediate"))  # fmt: skip
    outcome = outcome_of(form, model, before.cc, numbers, before.psw_mask)
    return ended(line, before, form.targets, outcome)


def ended(line: str, before: State, targets: tuple[Place, ...], outcome: Outcome) -> Case:
    """Return the case with this outcome."""
    after = before.copy()
    if outcome.results:
        for place, number in zip(targets, outcome.results, strict=True):
            place.put(after, number)
    if outcome.cc is not None:
        after.cc = outcome.cc
    if outcome.code == DATA and before.cr0 >> (63 - 45) & 1:
        after.fpc = after.fpc & ~0xFF00 | outcome.dxc << 8
    return Case(line, before, after, outcome.code, outcome.dxc)
