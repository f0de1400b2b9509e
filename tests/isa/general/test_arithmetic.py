"""Signed binary arithmetic: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW
from s390emu.conformance.twins.arithmetic import (
    ADD,
    LOAD_AND_TEST,
    LOAD_COMPLEMENT,
    LOAD_NEGATIVE,
    LOAD_POSITIVE,
    SUBTRACT,
    add,
    load_and_test,
    load_complement,
    load_negative,
    load_positive,
    subtract,
)
from s390emu.conformance.twins.forms import FIXED_POINT_OVERFLOW_MASK
from tests.isa.general.forms import attempt, check, forms
from tests.lab import ALL, BA_EA, PROGRAM_MASK_ALL
from tests.operands import FETCH, UPDATE, Operand, operand_checks

MOST, LEAST = (1 << 63) - 1, 1 << 63


@forms(*ADD)
def test_add(lab, form):
    check(lab, form, add)


@forms(*SUBTRACT)
def test_subtract(lab, form):
    check(lab, form, subtract)


@forms(*LOAD_AND_TEST)
def test_load_and_test(lab, form):
    check(lab, form, load_and_test)


@forms(*LOAD_COMPLEMENT)
def test_load_complement(lab, form):
    check(lab, form, load_complement)


@forms(*LOAD_POSITIVE)
def test_load_positive(lab, form):
    check(lab, form, load_positive)


@forms(*LOAD_NEGATIVE)
def test_load_negative(lab, form):
    check(lab, form, load_negative)


@pytest.mark.parametrize(
    ("augend", "addend", "total", "cc"),
    [
        pytest.param(0, 0, 0, 0, id="zero"),
        pytest.param(5, 7, 12, 2, id="positive"),
        pytest.param(ALL, 1, 0, 0, id="carry-out"),
        pytest.param(ALL, ALL, ALL - 1, 1, id="negative"),
        pytest.param(MOST, 1, LEAST, 3, id="overflow-positive"),
        pytest.param(LEAST, ALL, MOST, 3, id="overflow-negative"),
    ],
)
def test_agr(lab, augend, addend, total, cc):
    lab.psw(cc=(cc + 1) % 4)
    lab.gr[3], lab.gr[4] = augend, addend
    assert lab.step("agr %r3,%r4") == 0
    expected = {"r3": total, "cc": cc}
    assert lab.changes() == ({"cc": cc} if total == augend else expected)


SIGNED_OVERFLOWS = (
    *((form, 1 << form.first.bits - 1, (1 << form.second.bits) - 1, "+") for form in ADD),
    *((form, (1 << form.first.bits - 1) - 1, (1 << form.second.bits) - 1, "-") for form in SUBTRACT),
)


@pytest.mark.parametrize(("form", "first", "second", "sign"), SIGNED_OVERFLOWS, ids=lambda value: str(value)[:8])
def test_overflow_interrupts_after_completion(lab, form, first, second, sign):
    """The least number and -1, the greatest less -1: the result is in place, cc is 3."""

    model = add if sign == "+" else subtract
    attempt(lab, form, (first, second), model, mask=BA_EA | FIXED_POINT_OVERFLOW_MASK)
    assert lab.changes()["cc"] == 3


@pytest.mark.parametrize("line", ["lcr %r3,%r4", "lpr %r3,%r4", "lcgr %r3,%r4", "lpgr %r3,%r4"])
def test_complement_of_the_least_overflows(lab, line):
    least = LEAST if "g" in line else 1 << 31
    lab.psw(BA_EA | FIXED_POINT_OVERFLOW_MASK)
    lab.gr[4] = least
    assert lab.step(line) == FIXED_POINT_OVERFLOW
    assert lab.changes() == {"r3": least, "cc": 3}


@pytest.mark.parametrize(
    ("line", "first", "second", "result"),
    [
        pytest.param("agr %r3,%r4", LEAST, LEAST, 0, id="agr"),
        pytest.param("ar %r3,%r4", 1 << 31, 1 << 31, 0, id="ar"),
        pytest.param("sgr %r3,%r4", 0, LEAST, LEAST, id="sgr"),
        pytest.param("sr %r3,%r4", 0, 1 << 31, 1 << 31, id="sr"),
    ],
)
def test_overflow_by_the_least_number(lab, line, first, second, result):
    """PoP ch. 7 "Signed Binary Arithmetic": the carry into the sign bit differs from the carry out of it.
    Unicorn 2.1.4 gives cc 0 and 1 here."""
    lab.gr[3], lab.gr[4] = first, second
    assert lab.step(line) == 0
    assert (int(lab.gr[3]), lab.changes()["cc"]) == (result, 3)


def test_other_program_mask_bits_do_not_matter(lab):
    lab.psw(BA_EA | PROGRAM_MASK_ALL & ~FIXED_POINT_OVERFLOW_MASK)
    lab.gr[3], lab.gr[4] = MOST, 1
    assert lab.step("agr %r3,%r4") == 0
    assert lab.changes() == {"r3": LEAST, "cc": 3}


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        pytest.param("agr %r3,%r3", LEAST, {"r3": 0, "cc": 3}, id="agr"),
        pytest.param("ar %r3,%r3", 0x1_4000_0000, {"r3": 0x1_8000_0000, "cc": 3}, id="ar"),
        pytest.param("agfr %r3,%r3", 0x1_8000_0000, {"r3": 0x1_0000_0000, "cc": 2}, id="agfr"),
        pytest.param("sr %r3,%r3", 0x1_2345_6789, {"r3": 0x1_0000_0000, "cc": 0}, id="sr"),
        pytest.param("sgr %r3,%r3", 5, {"r3": 0, "cc": 0}, id="sgr"),
        pytest.param("ahhlr %r3,%r3,%r3", 0x1_8000_0000, {"r3": 0x8000_0001_8000_0000, "cc": 1}, id="ahhlr"),
        pytest.param("lcr %r3,%r3", 0x1_0000_0001, {"r3": 0x1_FFFF_FFFF, "cc": 1}, id="lcr"),
        pytest.param("ltgfr %r3,%r3", 0x8000_0000, {"r3": 0xFFFF_FFFF_8000_0000, "cc": 1}, id="ltgfr"),
        pytest.param("lngr %r3,%r3", 1, {"r3": ALL, "cc": 1}, id="lngr"),
    ],
)
def test_same_register(lab, line, before, after):
    lab.psw(cc=3 - after["cc"])
    lab.gr[3] = before
    assert lab.step(line) == 0
    assert lab.changes() == after


def test_base_register_is_used_before_it_is_replaced(lab):
    lab.store(0x38100, (7).to_bytes(8, "big"))
    lab.gr[5] = 0x38100
    assert lab.step("ag %r5,0(%r5)") == 0
    assert lab.changes() == {"r5": 0x38107, "cc": 2}


@operand_checks(
    *(Operand(form.line, form.second.bits // 8, FETCH) for form in ADD + SUBTRACT if form.second.kind == "storage"),
    *(Operand(form.line, form.first.bits // 8, FETCH) for form in LOAD_AND_TEST if form.first.kind == "storage"),
    Operand("asi 0(%r5),-3", 4, UPDATE),
    Operand("agsi 0(%r5),127", 8, UPDATE),
)
def test_operands(lab, check, operand):
    check(lab, operand)


def test_asi_fixed_point_overflow_is_stored(lab):
    lab.psw(BA_EA | FIXED_POINT_OVERFLOW_MASK)
    lab.store(0x38100, b"\x7f\xff\xff\xff")
    lab.gr[5] = 0x38100
    assert lab.step("asi 0(%r5),1") == FIXED_POINT_OVERFLOW
    assert lab.changes() == {0x38100: b"\x80\0\0\0", "cc": 3}
