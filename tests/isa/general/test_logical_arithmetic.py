"""Logical binary arithmetic, with and without carry: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.logical_arithmetic import (
    ADD,
    ADD_SIGNED_IMMEDIATE,
    ADD_WITH_CARRY,
    ADD_WITHOUT_CODE,
    SUBTRACT,
    SUBTRACT_WITH_BORROW,
    add,
    add_signed_immediate,
    add_with_carry,
    add_without_code,
    subtract,
    subtract_with_borrow,
)
from tests.isa.general.forms import check, forms
from tests.lab import ALL, BA_EA, PROGRAM_MASK_ALL
from tests.operands import FETCH, UPDATE, Operand, operand_checks


@forms(*ADD)
def test_add(lab, form):
    check(lab, form, add)


@forms(*ADD_SIGNED_IMMEDIATE)
def test_add_signed_immediate(lab, form):
    check(lab, form, add_signed_immediate)


@pytest.mark.parametrize("cc", range(4))
@forms(*ADD_WITHOUT_CODE)
def test_add_without_code(lab, form, cc):
    check(lab, form, add_without_code, cc)


@forms(*SUBTRACT)
def test_subtract(lab, form):
    check(lab, form, subtract)


@pytest.mark.parametrize("cc", range(4))
@forms(*ADD_WITH_CARRY)
def test_add_with_carry(lab, form, cc):
    check(lab, form, add_with_carry, cc)


@pytest.mark.parametrize("cc", range(4))
@forms(*SUBTRACT_WITH_BORROW)
def test_subtract_with_borrow(lab, form, cc):
    check(lab, form, subtract_with_borrow, cc)


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        pytest.param("alr %r3,%r3", 0x1_8000_0000, {"r3": 0x1_0000_0000, "cc": 2}, id="alr"),
        pytest.param("algr %r3,%r3", ALL, {"r3": ALL - 1, "cc": 3}, id="algr"),
        pytest.param("algfr %r3,%r3", 0xFFFF_FFFF_8000_0000, {"r3": 0, "cc": 2}, id="algfr"),
        pytest.param("slr %r3,%r3", 0x1_2345_6789, {"r3": 0x1_0000_0000, "cc": 2}, id="slr"),
        pytest.param("slgr %r3,%r3", ALL, {"r3": 0, "cc": 2}, id="slgr"),
        pytest.param("slgfr %r3,%r3", 0x1_0000_0001, {"r3": 0x1_0000_0000, "cc": 3}, id="slgfr"),
        pytest.param("alhhlr %r3,%r3,%r3", 0x7FFF_FFFF_8000_0001, {"r3": 0x8000_0001, "cc": 2}, id="alhhlr"),
        pytest.param("slhhhr %r3,%r3,%r3", 0x7FFF_FFFF_8000_0001, {"r3": 0x8000_0001, "cc": 2}, id="slhhhr"),
    ],
)
def test_same_register(lab, line, before, after):
    lab.psw(cc=3 - after["cc"])
    lab.gr[3] = before
    assert lab.step(line) == 0
    assert lab.changes() == after


def test_borrow_turns_a_register_to_ones(lab):
    lab.psw(cc=1)
    assert lab.step("slbgr %r3,%r3") == 0
    assert lab.changes() == {"r3": ALL}


def test_carry_never_interrupts(lab):
    lab.psw(BA_EA | PROGRAM_MASK_ALL)
    lab.gr[3], lab.gr[4] = 1 << 63, ALL
    assert lab.step("algr %r3,%r4") == 0
    assert lab.changes() == {"r3": (1 << 63) - 1, "cc": 3}


@operand_checks(
    *(
        Operand(form.line, form.second.bits // 8, FETCH)
        for form in ADD + SUBTRACT + ADD_WITH_CARRY + SUBTRACT_WITH_BORROW
        if form.second.kind == "storage"
    ),
    Operand("alsi 0(%r5),-3", 4, UPDATE),
    Operand("algsi 0(%r5),127", 8, UPDATE),
)
def test_operands(lab, check, operand):
    check(lab, operand)
