"""The forms of an operation: one model in Python integers, tried on every form of the instruction at the edges and at
random; everything that is not a result must stay as it was.

    ADDITIONS = forms(
        Form("ar %r3,%r4", low(3), low(3), low(4)),
        Form("agf %r3,0(%r5)", gr(3), gr(3), storage(32)),
        Form("ahi %r3,{}", low(3), low(3), immediate(16)),
    )

    @ADDITIONS
    def test_add(lab, form):
        form.check(lab, add)

where `add(form, cc, augend, addend)` gives what should happen: an Outcome.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab import BA_EA, Lab

ADDRESS = 0x38105  # of a storage operand: in %r5, and no boundary at all
RELATIVE = 0x20800  # of a relative-long operand
NEAR = range(ADDRESS - 16, ADDRESS + 32)
REGISTERS = [f"r{n}" for n in range(16)]
FILL = [0xA0B0C0D0E0F01020 + 0x0101010101010101 * n for n in range(16)]
EXAMPLES = 20
FIXED_POINT_OVERFLOW_MASK = 1 << (63 - 20)


class Place(NamedTuple):
    """Where an operand is: `bits` bits, in a register, storage or the instruction."""

    kind: str
    bits: int
    register: int = 0
    signed: bool = True

    @property
    def unsigned(self) -> Place:
        return self._replace(signed=False)

    def number(self, pattern: int) -> int:
        """What the bits mean."""
        pattern %= 1 << self.bits
        return pattern - (1 << self.bits) if self.signed and pattern >> (self.bits - 1) else pattern

    @property
    def edges(self) -> list[int]:
        least = 1 << (self.bits - 1)
        return [0, 1, 2 * least - 1, least - 1, least, least - 2, least + 1]

    def patterns(self):
        """Random bits: edges, small numbers either way, anything."""
        top = 1 << self.bits
        near = st.integers(-(1 << self.bits // 2), 1 << self.bits // 2).map(lambda n: n % top)
        return st.sampled_from(self.edges) | near | st.integers(0, top - 1)

    def put(self, lab: Lab, number: int) -> None:
        pattern, r = number % (1 << self.bits), self.register
        match self.kind:
            case "gr":
                lab.gr[r] = pattern
            case "low":
                lab.gr[r] = int(lab.gr[r]) >> 32 << 32 | pattern
            case "high":
                lab.gr[r] = int(lab.gr[r]) & 0xFFFFFFFF | pattern << 32
            case "pair":
                lab.gr[r], lab.gr[r + 1] = pattern >> 64, pattern % (1 << 64)
            case "low pair":
                low(r).put(lab, pattern >> 32)
                low(r + 1).put(lab, pattern)
            case "storage":
                lab.store(self.register, pattern.to_bytes(self.bits // 8, "big"))


def gr(r: int) -> Place:
    """A general register; `low` and `high`: its words; `pair`: it and the next; `low_pair`: their rightmost words."""
    return Place("gr", 64, r)


def low(r: int) -> Place:
    return Place("low", 32, r)


def high(r: int) -> Place:
    return Place("high", 32, r)


def pair(r: int) -> Place:
    return Place("pair", 128, r)


def low_pair(r: int) -> Place:
    return Place("low pair", 64, r)


def storage(bits: int, address: int = ADDRESS) -> Place:
    return Place("storage", bits, address)


def immediate(bits: int) -> Place:
    """The {} in the assembler line."""
    return Place("immediate", bits)


class Outcome(NamedTuple):
    """What an instruction should do; cc None: unchanged. An operation that is suppressed has no results."""

    results: tuple[int, ...]
    cc: int | None = None
    code: int = 0


class Form(NamedTuple):
    """An instruction: its assembler line, the places of its results, and of its operands."""

    line: str
    results: tuple[Place, ...] | Place
    first: Place
    second: Place | None = None

    def __str__(self) -> str:
        return self.line.split()[0]

    @property
    def operands(self) -> tuple[Place, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def targets(self) -> tuple[Place, ...]:
        return (self.results,) if isinstance(self.results, Place) else self.results

    def execute(self, lab: Lab, patterns: Iterable[int], outcome: Callable, cc: int = 1, mask: int = BA_EA) -> None:
        """One try: exactly what `outcome(form, cc, *numbers)` says, and nothing else."""
        numbers = [place.number(pattern) for place, pattern in zip(self.operands, patterns, strict=True)]
        operands = list(zip(self.operands, numbers, strict=True))
        expected = outcome(self, cc, *numbers)
        results = list(zip(self.targets, expected.results, strict=True)) if expected.results else []
        _arrange(lab, operands + results)
        wanted = _arranged(lab)
        _arrange(lab, operands)
        lab.psw(mask, cc=cc)
        code = lab.step(self.line.format(*(number for place, number in operands if place.kind == "immediate")))
        changes = lab.changes()
        assert (code, changes.pop("cc", cc)) == (expected.code, cc if expected.cc is None else expected.cc), numbers
        assert _arranged(lab) == wanted, numbers
        assert all(name in NEAR or str(name) in REGISTERS for name in changes), (numbers, changes)

    def check(self, lab: Lab, outcome: Callable, cc: int = 1, mask: int = BA_EA) -> None:
        """At every pair of edges, and at random."""
        for patterns in itertools.product(*(place.edges for place in self.operands)):
            self.execute(lab, patterns, outcome, cc, mask)

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.tuples(*(place.patterns() for place in self.operands)))
        def at_random(patterns):
            self.execute(lab, patterns, outcome, cc, mask)

        at_random()


def _arrange(lab: Lab, placed: list[tuple[Place, int]]) -> None:
    """These numbers in their places, and something else everywhere else."""
    lab.gr[:] = FILL
    lab.gr[5] = ADDRESS
    lab.store(NEAR.start, bytes(n % 251 for n in NEAR))
    for place, number in placed:
        place.put(lab, number)


def _arranged(lab: Lab) -> tuple[list[int], bytes]:
    return [int(value) for value in lab.gr], lab.load(NEAR.start, len(NEAR))


def forms(*rows: Form):
    """Parametrize a test over the forms."""
    return pytest.mark.parametrize("form", rows, ids=str)
