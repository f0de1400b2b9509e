"""ROTATE THEN AND, OR, EXCLUSIVE OR, INSERT SELECTED BITS, against a model that goes bit by bit: PoP ch. 7."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.conformance.twins.shift import COMBINATIONS, FLAG, INSERTS, combined, inserted
from tests.isa.general.execute import OLD, execute
from tests.lab import ALL

RANGES = [(0, 63), (0, 0), (63, 63), (5, 9), (9, 5), (32, 31), (31, 32), (40, 20)]
doublewords = st.one_of(st.sampled_from([0, 1, ALL, OLD, 1 << 63]), st.integers(0, ALL))
numbers = st.integers(0, 63)


def check_insert(lab, mnemonic, old, second, i3, i4, amount):
    new = inserted(mnemonic, old, second, i3, i4, amount)
    expected = {"r3": new} if new != old else {}
    if mnemonic == "risbg":
        expected["cc"] = 0 if new == 0 else 1 if new >> 63 else 2
    assert execute(lab, f"{mnemonic} %r3,%r4,{i3},{i4},{amount}", r3=old, r4=second) == (0, expected)


def check_combine(lab, mnemonic, old, second, i3, i4, amount):
    new, cc = combined(mnemonic, old, second, i3, i4, amount)
    expected = {"cc": cc} | ({"r3": new} if new != old else {})
    assert execute(lab, f"{mnemonic} %r3,%r4,{i3},{i4},{amount}", r3=old, r4=second) == (0, expected)


@pytest.mark.parametrize(("first", "last"), RANGES)
@pytest.mark.parametrize("mnemonic", INSERTS)
def test_insert(lab, mnemonic, first, last):
    for flag in (0, FLAG):
        for old, second, amount in ((0, ALL, 0), (ALL, 0, 1), (OLD, 0xFEDCBA9876543210, 4)):
            check_insert(lab, mnemonic, old, second, first, last | flag, amount)


@pytest.mark.parametrize(("first", "last"), RANGES)
@pytest.mark.parametrize("mnemonic", COMBINATIONS)
def test_combine(lab, mnemonic, first, last):
    for flag in (0, FLAG):
        for old, second, amount in ((0, ALL, 0), (ALL, 0, 1), (OLD, 0xFEDCBA9876543210, 4)):
            check_combine(lab, mnemonic, old, second, first | flag, last, amount)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    old=doublewords, second=doublewords, first=numbers, last=numbers, amount=numbers, flag=st.sampled_from([0, FLAG])
)
def test_selected_bits_property(lab, old, second, first, last, amount, flag):
    for mnemonic in INSERTS:
        check_insert(lab, mnemonic, old, second, first, last | flag, amount)
    for mnemonic in COMBINATIONS:
        check_combine(lab, mnemonic, old, second, first | flag, last, amount)


@pytest.mark.parametrize("mnemonic", ["risbg", "risbgn"])
def test_same_register(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,%r3,0,31,32")[1]["r3"] == 0x89ABCDEF89ABCDEF


def test_reserved_bits_of_the_immediate_fields_are_ignored(lab):
    """Bit 1 of I3 and I4, bits 0-1 of I5; bit 0 of I3 where it is no flag."""
    assert execute(lab, "risbgn %r3,%r4,0xc8,0x4f,0xc0", r4=0) == (0, {"r3": OLD & ~(0xFF << 48)})
