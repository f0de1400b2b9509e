"""ROTATE THEN AND, OR, EXCLUSIVE OR, INSERT SELECTED BITS, against a model that goes bit by bit: PoP ch. 7."""

from __future__ import annotations

import operator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.isa.general.execute import OLD, execute
from tests.lab import ALL

COMBINATIONS = {"rnsbg": operator.and_, "rosbg": operator.or_, "rxsbg": operator.xor}
INSERTS = ["risbg", "risbgn", "risbhg", "risblg"]
FLAG = 128  # bit 0 of I3: test results; of I4: zero the remaining bits
RANGES = [(0, 63), (0, 0), (63, 63), (5, 9), (9, 5), (32, 31), (31, 32), (40, 20)]
doublewords = st.one_of(st.sampled_from([0, 1, ALL, OLD, 1 << 63]), st.integers(0, ALL))
numbers = st.integers(0, 63)


def bits(value: int) -> list[int]:
    """Bit 0 first."""
    return [value >> (63 - n) & 1 for n in range(64)]


def number(values) -> int:
    return int("".join(map(str, values)), 2)


def rotated(value: int, amount: int) -> list[int]:
    return bits(value)[amount:] + bits(value)[:amount]


def selection(first: int, last: int, lowest: int = 0, highest: int = 63) -> set[int]:
    """From first on, the lowest bit following the highest, to last."""
    positions, position = {first}, first
    while position != last:
        position = lowest if position == highest else position + 1
        positions.add(position)
    return positions


def inserted(mnemonic: str, old: int, second: int, i3: int, i4: int, amount: int) -> int:
    half = {"risbhg": (0, 31), "risblg": (32, 63)}.get(mnemonic, (0, 63))
    size = half[1] - half[0] + 1
    chosen = selection(half[0] + i3 % size, half[0] + i4 % size, *half)
    source, result = rotated(second, amount), bits(old)
    for n in range(half[0], half[1] + 1):
        result[n] = source[n] if n in chosen else 0 if i4 & FLAG else result[n]
    return number(result)


def check_insert(lab, mnemonic, old, second, i3, i4, amount):
    new = inserted(mnemonic, old, second, i3, i4, amount)
    expected = {"r3": new} if new != old else {}
    if mnemonic == "risbg":
        expected["cc"] = 0 if new == 0 else 1 if new >> 63 else 2
    assert execute(lab, f"{mnemonic} %r3,%r4,{i3},{i4},{amount}", r3=old, r4=second) == (0, expected)


def check_combine(lab, mnemonic, old, second, i3, i4, amount):
    chosen = selection(i3 & 63, i4)
    pairs = list(zip(bits(old), rotated(second, amount), strict=True))
    combined = [COMBINATIONS[mnemonic](a, b) if n in chosen else a for n, (a, b) in enumerate(pairs)]
    new = old if i3 & FLAG else number(combined)
    expected = {"cc": int(any(combined[n] for n in chosen))} | ({"r3": new} if new != old else {})
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
