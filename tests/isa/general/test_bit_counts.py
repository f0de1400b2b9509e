"""FIND LEFTMOST ONE, POPULATION COUNT: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins.bits import LEFTMOST_ONE, POPULATION, find_leftmost_one, population_count
from tests.isa.general.execute import execute
from tests.isa.general.forms import check, forms
from tests.lab import ALL

VALUES = [0, 1, 2, 3, 0x80, 0xFF, 1 << 31, 1 << 32, 1 << 63, (1 << 63) - 1, ALL, 0x0123456789ABCDEF]
EXTENSIONS_3 = 1 << (63 - 61)


@forms(*LEFTMOST_ONE)
def test_find_leftmost_one(lab, form):
    check(lab, form, find_leftmost_one)


@forms(*POPULATION)
def test_population_count(lab, form):
    check(lab, form, population_count)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flogr %r6,%r6", {"r6": 56, "r7": 0x15}),
        ("flogr %r6,%r7", {"r6": 32, "r7": 0x00000001}),
    ],
)
def test_flogr_same_register(lab, line, expected):
    assert execute(lab, line, r6=0x95, r7=0x80000001) == (0, expected | {"cc": 2})


def test_flogr_needs_an_even_register(lab):
    assert execute(lab, "flogr %r7,%r4") == (SPECIFICATION, {})


@pytest.fixture(params=[False, True], ids=["without facility 61", "with facility 61"])
def extensions_3(lab, request):
    facilities = lab.machine.storage.record.facilities
    installed = facilities[0]
    facilities[0] = (int(installed) | EXTENSIONS_3) if request.param else (int(installed) & ~EXTENSIONS_3)
    yield request.param
    facilities[0] = installed


@pytest.mark.parametrize("value", VALUES)
def test_popcnt_of_the_whole_register(lab, extensions_3, value):
    bytewise = sum((value >> shift & 0xFF).bit_count() << shift for shift in range(0, 64, 8))
    for mask, count in ((8, value.bit_count() if extensions_3 else bytewise), (7, bytewise)):
        expected = {"r6": count, "cc": int(value != 0)}
        assert execute(lab, f"popcnt %r6,%r4,{mask}", r4=value, r6=99) == (0, expected)
