"""Shifts and rotation, against the manual's words done with Python's integers: PoP ch. 7."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW, SPECIFICATION
from s390emu.conformance.twins.shift import DOUBLE, shifted
from tests.isa.general.execute import OLD, execute
from tests.lab import ALL, BA_EA, PROGRAM_MASK_ALL

LOW32 = (1 << 32) - 1
SHORT = ["sla", "slak", "sra", "srak", "sll", "sllk", "srl", "srlk", "rll"]
LONG = ["slag", "srag", "sllg", "srlg", "rllg"]
words = st.one_of(st.sampled_from([0, 1, LOW32, 1 << 31, (1 << 31) - 1, 3 << 30]), st.integers(0, LOW32))
doublewords = st.one_of(st.sampled_from([0, 1, ALL, 1 << 63, (1 << 63) - 1, 3 << 62]), st.integers(0, ALL))


def check_single(lab, mnemonic: str, value: int, amount: int) -> None:
    width = 64 if mnemonic in LONG else 32
    three = width == 64 or mnemonic[-1] == "k" or mnemonic == "rll"
    result, cc = shifted(mnemonic[:3], value & ((1 << width) - 1), width, amount)
    old = OLD if three else value
    new = result if width == 64 else old & ~LOW32 | result
    line = f"{mnemonic} %r3,%r4,{amount}" if three else f"{mnemonic} %r3,{amount}"
    before = 3 if cc == 0 else 0
    expected = {} if cc is None or cc == before else {"cc": cc}
    expected |= {"r3": new} if new != old else {}
    assert execute(lab, line, cc=before, r3=old, r4=value) == (0, expected)


def check_double(lab, mnemonic: str, value: int, amount: int) -> None:
    result, cc = shifted(DOUBLE[mnemonic], value, 64, amount)
    high = 0xABCDEF01 << 32
    before = 3 if cc == 0 else 0
    expected = {} if cc is None or cc == before else {"cc": cc}
    for name, old, new in (("r6", value >> 32, result >> 32), ("r7", value & LOW32, result & LOW32)):
        expected |= {name: high | new} if new != old else {}
    code, changes = execute(lab, f"{mnemonic} %r6,{amount}", cc=before, r6=high | value >> 32, r7=high | value & LOW32)
    assert (code, changes) == (0, expected)


@pytest.mark.parametrize("mnemonic", SHORT)
@pytest.mark.parametrize(
    ("value", "amount"),
    [
        pytest.param(0x80000001, 0, id="by 0"),
        pytest.param(0, 63, id="zero"),
        pytest.param(0x3FFFFFFF, 1, id="positive"),
        pytest.param(0x40000000, 1, id="positive-overflow"),
        pytest.param(0xC0000000, 1, id="negative"),
        pytest.param(0xBFFFFFFF, 1, id="negative-overflow"),
        pytest.param(1, 31, id="out of the number by 31"),
        pytest.param(LOW32, 31, id="all ones by 31"),
        pytest.param(LOW32, 32, id="all ones by 32: a zero that came in goes out"),
        pytest.param(0x80000000, 63, id="least by 63"),
    ],
)
def test_word(lab, mnemonic, value, amount):
    check_single(lab, mnemonic, 0x5A5A5A5A << 32 | value, amount)


LONG_CASES = [
    pytest.param((1 << 63) + 1, 0, id="by 0"),
    pytest.param(0, 63, id="zero"),
    pytest.param((1 << 62) - 1, 1, id="positive"),
    pytest.param(1 << 62, 1, id="positive-overflow"),
    pytest.param(3 << 62, 1, id="negative"),
    pytest.param((3 << 62) - 1, 1, id="negative-overflow"),
    pytest.param(1, 63, id="out of the number by 63"),
    pytest.param(ALL, 63, id="all ones by 63"),
    pytest.param(0x00000001FFFFFFFF, 32, id="across the middle"),
]


@pytest.mark.parametrize(("value", "amount"), LONG_CASES)
@pytest.mark.parametrize("mnemonic", LONG)
def test_doubleword(lab, mnemonic, value, amount):
    check_single(lab, mnemonic, value, amount)


@pytest.mark.parametrize(("value", "amount"), LONG_CASES)
@pytest.mark.parametrize("mnemonic", DOUBLE)
def test_double(lab, mnemonic, value, amount):
    check_double(lab, mnemonic, value, amount)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mnemonic=st.sampled_from([*SHORT, *LONG, *DOUBLE]), value=doublewords, word=words, amount=st.integers(0, 63))
def test_shift_property(lab, mnemonic, value, word, amount):
    if mnemonic in DOUBLE:
        check_double(lab, mnemonic, value, amount)
    else:
        check_single(lab, mnemonic, value if mnemonic in LONG else value & ~LOW32 | word, amount)


@pytest.mark.parametrize(
    ("line", "r3", "changes"),
    [
        ("sla %r3,1", 0x60000000, {"r3": 0x40000000}),
        ("slak %r3,%r3,1", 0x60000000, {"r3": 0x40000000}),
        ("slag %r3,%r3,33", 0x60000000, {"r3": 0x4000000000000000}),
        ("slda %r2,1", 0xFFFFFFFF, {"r2": 1, "r3": 0xFFFFFFFE}),
    ],
)
def test_overflow_interrupts_after_completion(lab, line, r3, changes):
    r2 = 0x40000000 if "r2" in changes else 0
    code, found = execute(lab, line, mask=BA_EA | PROGRAM_MASK_ALL, cc=0, r2=r2, r3=r3)
    assert (code, found) == (FIXED_POINT_OVERFLOW, {"cc": 3} | changes)


@pytest.mark.parametrize("mnemonic", DOUBLE)
def test_double_needs_an_even_register(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r7,1") == (SPECIFICATION, {})


@pytest.mark.parametrize("mnemonic", ["sla", "sll", "srl", "sra", "slag", "srlg", "rll", "rllg"])
def test_amount_is_the_rightmost_six_bits_of_an_address(lab, mnemonic):
    """Base and displacement are added, the rest of the sum is ignored, and nothing is fetched."""
    operands = "%r3,%r3" if mnemonic in ("slag", "srlg", "rll", "rllg") else "%r3"
    _, expected = execute(lab, f"{mnemonic} {operands},5")
    assert execute(lab, f"{mnemonic} {operands},0xfff(%r5)", r5=ALL - 0xFFF + 6) == (0, expected)


@pytest.mark.parametrize("mnemonic", [*LONG, "slak", "srak", "sllk", "srlk", "rll"])
def test_amount_may_come_from_the_result_register(lab, mnemonic):
    assert execute(lab, f"{mnemonic} %r3,%r4,0(%r3)", r3=4, r4=0)[1].get("r3", 4) == 0
