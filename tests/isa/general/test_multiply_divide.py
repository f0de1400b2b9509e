"""Multiplication and division: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import FIXED_POINT_DIVIDE, SPECIFICATION
from s390emu.conformance.twins.forms import FIXED_POINT_OVERFLOW_MASK
from s390emu.conformance.twins.multiply_divide import (
    DIVIDE,
    DIVIDE_LOGICAL,
    MULTIPLY,
    MULTIPLY_LOGICAL,
    MULTIPLY_SINGLE_CC,
    PAIRS,
    divide,
    divide_logical,
    multiply,
    multiply_single_with_code,
)
from tests.isa.general.forms import check, forms
from tests.lab import ALL, BA_EA
from tests.operands import FETCH, Operand, operand_checks


@forms(*MULTIPLY, *MULTIPLY_LOGICAL)
def test_multiply(lab, form):
    for cc in (0, 3):
        check(lab, form, multiply, cc)


@pytest.mark.parametrize("mask", [0, FIXED_POINT_OVERFLOW_MASK], ids=["masked", "interrupts"])
@forms(*MULTIPLY_SINGLE_CC)
def test_multiply_single_with_condition_code(lab, form, mask):
    check(lab, form, multiply_single_with_code, mask=BA_EA | mask)


@forms(*DIVIDE)
def test_divide(lab, form):
    check(lab, form, divide)


@forms(*DIVIDE_LOGICAL)
def test_divide_logical(lab, form):
    check(lab, form, divide_logical)


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        pytest.param("mr %r2,%r4", (0, -2, 3), (0xFFFFFFFF, -6), id="mr"),
        pytest.param("mr %r2,%r2", (-2, 3, 0), (-1, 0xFFFFFFFA), id="mr-even-register"),
        pytest.param("mr %r2,%r3", (0, 0x40000, 0), (0x10, 0), id="mr-odd-register"),
        pytest.param("mlgr %r2,%r3", (0, -1, 0), (-2, 1), id="mlgr-odd-register"),
        pytest.param("mgrk %r2,%r2,%r3", (5, -7, 0), (-1, -35), id="mgrk-factors-are-the-pair"),
        pytest.param("msgr %r3,%r3", (0, 1 << 32 | 3, 0), (0, 6 << 32 | 9), id="msgr-same-register"),
        pytest.param("msr %r3,%r3", (0, 7 << 32 | 3, 0), (0, 7 << 32 | 9), id="msr-same-register"),
        pytest.param("dr %r2,%r4", (-1, -7, 2), (-1, -3), id="dr-towards-zero"),
        pytest.param("dr %r2,%r2", (-1, -5, 0), (0xFFFFFFFF << 32, 0xFFFFFFFF << 32 | 5), id="dr-even-register"),
        pytest.param("dsgr %r2,%r4", (9, -7, 2), (-1, -3), id="dsgr-towards-zero"),
        pytest.param("dsgr %r2,%r3", (9, 7, 0), (0, 1), id="dsgr-odd-register"),
        pytest.param("dsgr %r2,%r2", (2, 7, 0), (1, 3), id="dsgr-even-register"),
        pytest.param("dlgr %r2,%r3", (3, 5, 0), (3, 0x999999999999999A), id="dlgr-odd-register"),
        pytest.param("dlr %r2,%r4", (1, 0, 0xFFFFFFFF), (1, 1), id="dlr"),
        pytest.param("dlgr %r2,%r4", (-2, -1, -1), (-2, -1), id="dlgr-greatest"),
    ],
)
def test_values(lab, line, before, after):
    lab.gr[2:5] = [number & ALL for number in before]
    assert lab.step(line) == 0
    assert [int(value) for value in lab.gr[2:4]] == [number & ALL for number in after]
    assert lab.changes().keys() <= {"r2", "r3"}


@pytest.mark.parametrize(
    ("line", "registers"),
    [
        pytest.param("dr %r2,%r4", (0, 0, 0), id="dr-zero"),
        pytest.param("dr %r2,%r2", (1, 5, 0), id="dr-even-register"),
        pytest.param("dr %r2,%r4", (0x40000000, 0, 0x7FFFFFFF), id="dr-quotient-of-32-bits"),
        pytest.param("dsgr %r2,%r4", (0, 1 << 63, -1), id="dsgr-least-by-minus-one"),
        pytest.param("dlr %r2,%r4", (5, 0, 5), id="dlr-two-to-the-32"),
        pytest.param("dlgr %r2,%r2", (5, 0, 0), id="dlgr-two-to-the-64"),
    ],
)
def test_divide_exception_is_suppressed(lab, line, registers):
    lab.gr[2:5] = [number & ALL for number in registers]
    assert lab.step(line) == FIXED_POINT_DIVIDE
    assert lab.changes() == {}


@pytest.mark.parametrize("form", PAIRS, ids=str)
def test_odd_register_is_a_specification_exception(lab, form):
    """Before the storage is looked at, and before the divisor is."""
    lab.gr[5] = 1 << 20
    assert lab.step(form.line.replace("%r2", "%r3")) == SPECIFICATION
    assert lab.changes() == {}


@operand_checks(
    *(
        Operand(
            form.line,
            form.second.bits // 8,
            FETCH,
            setup=lambda lab: lab.gr.__setitem__(slice(2, 4), [0, 0x123456789]),
        )
        for form in (*MULTIPLY, *MULTIPLY_LOGICAL, *MULTIPLY_SINGLE_CC, *DIVIDE, *DIVIDE_LOGICAL)
        if form.second.kind == "storage"
    ),
)
def test_operands(lab, check, operand):
    check(lab, operand)
