"""Multiplication and division: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import FIXED_POINT_DIVIDE, FIXED_POINT_OVERFLOW, SPECIFICATION
from tests.isa.general.forms import (
    FIXED_POINT_OVERFLOW_MASK,
    Form,
    Outcome,
    forms,
    gr,
    immediate,
    low,
    low_pair,
    pair,
    storage,
)
from tests.lab import ALL, BA_EA
from tests.operands import FETCH, Operand, operand_checks

MULTIPLY = (
    Form("mr %r2,%r4", low_pair(2), low(3), low(4)),
    Form("m %r2,0(%r5)", low_pair(2), low(3), storage(32)),
    Form("mfy %r2,0(%r5)", low_pair(2), low(3), storage(32)),
    Form("mgrk %r2,%r6,%r7", pair(2), gr(6), gr(7)),
    Form("mg %r2,0(%r5)", pair(2), gr(3), storage(64)),
    Form("mh %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("mhy %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("mgh %r3,0(%r5)", gr(3), gr(3), storage(16)),
    Form("mhi %r3,{}", low(3), low(3), immediate(16)),
    Form("mghi %r3,{}", gr(3), gr(3), immediate(16)),
    Form("msr %r3,%r4", low(3), low(3), low(4)),
    Form("msgr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("msgfr %r3,%r4", gr(3), gr(3), low(4)),
    Form("ms %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("msy %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("msg %r3,0(%r5)", gr(3), gr(3), storage(64)),
    Form("msgf %r3,0(%r5)", gr(3), gr(3), storage(32)),
    Form("msfi %r3,{}", low(3), low(3), immediate(32)),
    Form("msgfi %r3,{}", gr(3), gr(3), immediate(32)),
)
MULTIPLY_LOGICAL = (
    Form("mlr %r2,%r4", low_pair(2), low(3).unsigned, low(4).unsigned),
    Form("mlgr %r2,%r4", pair(2), gr(3).unsigned, gr(4).unsigned),
    Form("ml %r2,0(%r5)", low_pair(2), low(3).unsigned, storage(32).unsigned),
    Form("mlg %r2,0(%r5)", pair(2), gr(3).unsigned, storage(64).unsigned),
)
MULTIPLY_SINGLE_CC = (
    Form("msrkc %r2,%r3,%r4", low(2), low(3), low(4)),
    Form("msgrkc %r2,%r3,%r4", gr(2), gr(3), gr(4)),
    Form("msc %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("msgc %r3,0(%r5)", gr(3), gr(3), storage(64)),
)
WORDS, DOUBLEWORDS = (low(2), low(3)), (gr(2), gr(3))  # remainder and quotient
DIVIDE = (
    Form("dr %r2,%r4", WORDS, low_pair(2), low(4)),
    Form("d %r2,0(%r5)", WORDS, low_pair(2), storage(32)),
    Form("dsgr %r2,%r4", DOUBLEWORDS, gr(3), gr(4)),
    Form("dsgfr %r2,%r4", DOUBLEWORDS, gr(3), low(4)),
    Form("dsg %r2,0(%r5)", DOUBLEWORDS, gr(3), storage(64)),
    Form("dsgf %r2,0(%r5)", DOUBLEWORDS, gr(3), storage(32)),
)
DIVIDE_LOGICAL = (
    Form("dlr %r2,%r4", WORDS, low_pair(2).unsigned, low(4).unsigned),
    Form("dlgr %r2,%r4", DOUBLEWORDS, pair(2).unsigned, gr(4).unsigned),
    Form("dl %r2,0(%r5)", WORDS, low_pair(2).unsigned, storage(32).unsigned),
    Form("dlg %r2,0(%r5)", DOUBLEWORDS, pair(2).unsigned, storage(64).unsigned),
)
PAIRS = (
    *(form for form in MULTIPLY if "pair" in form.targets[0].kind),
    *(*MULTIPLY_LOGICAL, *DIVIDE, *DIVIDE_LOGICAL),
)


def fits(number: int, place) -> bool:
    bits = place.bits
    return -(1 << bits - 1) <= number < 1 << bits - 1


@forms(*MULTIPLY, *MULTIPLY_LOGICAL)
def test_multiply(lab, form):
    for cc in (0, 3):
        form.check(lab, lambda form, cc, multiplicand, multiplier: Outcome((multiplicand * multiplier,)), cc)


@pytest.mark.parametrize("mask", [0, FIXED_POINT_OVERFLOW_MASK], ids=["masked", "interrupts"])
@forms(*MULTIPLY_SINGLE_CC)
def test_multiply_single_with_condition_code(lab, form, mask):
    def outcome(form, cc, multiplicand, multiplier):
        product = multiplicand * multiplier
        if not fits(product, form.targets[0]):
            return Outcome((product,), 3, FIXED_POINT_OVERFLOW if mask else 0)
        return Outcome((product,), 0 if product == 0 else 1 if product < 0 else 2)

    form.check(lab, outcome, mask=BA_EA | mask)


@forms(*DIVIDE)
def test_divide(lab, form):
    def outcome(form, cc, dividend, divisor):
        if divisor == 0:
            return Outcome((), code=FIXED_POINT_DIVIDE)
        quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
        if not fits(quotient, form.targets[1]):
            return Outcome((), code=FIXED_POINT_DIVIDE)
        return Outcome((dividend - quotient * divisor, quotient))

    form.check(lab, outcome)


@forms(*DIVIDE_LOGICAL)
def test_divide_logical(lab, form):
    def outcome(form, cc, dividend, divisor):
        if divisor == 0 or dividend // divisor >= 1 << form.targets[1].bits:
            return Outcome((), code=FIXED_POINT_DIVIDE)
        return Outcome((dividend % divisor, dividend // divisor))

    form.check(lab, outcome)


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
