"""The forms of an operation: one model in Python integers, tried on every form of the instruction at the edges and at
random; everything that is not a result must stay as it was. Forms and models are those of the conformance suite.

    @forms(*ADD)
    def test_add(lab, form):
        check(lab, form, add)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.conformance.twins.forms import ADDRESS, Form, Model, Place, outcome_of
from tests.lab import BA_EA, Lab

NEAR = range(ADDRESS - 16, ADDRESS + 32)
REGISTERS = [f"r{n}" for n in range(16)]
FILL = [0xA0B0C0D0E0F01020 + 0x0101010101010101 * n for n in range(16)]
EXAMPLES = 20


def patterns_of(place: Place):
    """Random bits: edges, small numbers either way, anything."""
    top = 1 << place.bits
    near = st.integers(-(1 << place.bits // 2), 1 << place.bits // 2).map(lambda n: n % top)
    return st.sampled_from(place.edges) | near | st.integers(0, top - 1)


def attempt(lab: Lab, form: Form, patterns: Iterable[int], model: Model, cc: int = 1, mask: int = BA_EA) -> None:
    """One try: exactly what the model says, and nothing else."""
    numbers = form.numbers(patterns)
    operands = list(zip(form.operands, numbers, strict=True))
    expected = outcome_of(form, model, cc, numbers, mask)
    results = list(zip(form.targets, expected.results, strict=True)) if expected.results else []
    _arrange(lab, operands + results)
    wanted = _arranged(lab)
    _arrange(lab, operands)
    lab.psw(mask, cc=cc)
    code = lab.step(form.line.format(*(number for place, number in operands if place.kind == "immediate")))
    changes = lab.changes()
    assert (code, changes.pop("cc", cc)) == (expected.code, cc if expected.cc is None else expected.cc), numbers
    assert _arranged(lab) == wanted, numbers
    assert all(name in NEAR or str(name) in REGISTERS for name in changes), (numbers, changes)


def check(lab: Lab, form: Form, model: Model, cc: int = 1, mask: int = BA_EA) -> None:
    """At every pair of edges, and at random."""
    for patterns in itertools.product(*(place.edges for place in form.operands)):
        attempt(lab, form, patterns, model, cc, mask)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(*(patterns_of(place) for place in form.operands)))
    def at_random(patterns):
        attempt(lab, form, patterns, model, cc, mask)

    at_random()


def _arrange(lab: Lab, placed: list[tuple[Place, int]]) -> None:
    """These numbers in their places, and something else everywhere else."""
    lab.gr[:] = FILL
    near = [place.register for place, _ in placed if place.kind == "storage" and place.register in NEAR]
    lab.gr[5] = near[0] if near else ADDRESS
    lab.store(NEAR.start, bytes(n % 251 for n in NEAR))
    for place, number in placed:
        place.put(lab, number)


def _arranged(lab: Lab) -> tuple[list[int], bytes]:
    return [int(value) for value in lab.gr], lab.load(NEAR.start, len(NEAR))


def forms(*rows: Form):
    """Parametrize a test over the forms."""
    return pytest.mark.parametrize("form", rows, ids=str)
