"""Logical binary arithmetic, with and without carry: PoP ch. 7."""

from __future__ import annotations

import pytest

from tests.isa.general.forms import Form, Outcome, forms, gr, high, immediate, low, storage
from tests.lab import ALL, BA_EA, PROGRAM_MASK_ALL
from tests.operands import FETCH, UPDATE, Operand, operand_checks


def unsigned(*rows: Form) -> tuple[Form, ...]:
    return tuple(form._replace(first=form.first.unsigned, second=form.second.unsigned) for form in rows)


ADD = unsigned(
    Form("alr %r3,%r4", low(3), low(3), low(4)),
    Form("algr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("algfr %r3,%r4", gr(3), gr(3), low(4)),
    Form("alrk %r2,%r3,%r4", low(2), low(3), low(4)),
    Form("algrk %r2,%r3,%r4", gr(2), gr(3), gr(4)),
    Form("al %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("aly %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("alg %r3,0(%r5)", gr(3), gr(3), storage(64)),
    Form("algf %r3,0(%r5)", gr(3), gr(3), storage(32)),
    Form("alfi %r3,{}", low(3), low(3), immediate(32)),
    Form("algfi %r3,{}", gr(3), gr(3), immediate(32)),
    Form("alhhhr %r2,%r3,%r4", high(2), high(3), high(4)),
    Form("alhhlr %r2,%r3,%r4", high(2), high(3), low(4)),
)
ADD_SIGNED_IMMEDIATE = (
    Form("alhsik %r2,%r3,{}", low(2), low(3), immediate(16)),
    Form("alghsik %r2,%r3,{}", gr(2), gr(3), immediate(16)),
    Form("alsi 0(%r5),{}", storage(32), storage(32), immediate(8)),
    Form("algsi 0(%r5),{}", storage(64), storage(64), immediate(8)),
    Form("alsih %r3,{}", high(3), high(3), immediate(32)),
)
SUBTRACT = unsigned(
    Form("slr %r3,%r4", low(3), low(3), low(4)),
    Form("slgr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("slgfr %r3,%r4", gr(3), gr(3), low(4)),
    Form("slrk %r2,%r3,%r4", low(2), low(3), low(4)),
    Form("slgrk %r2,%r3,%r4", gr(2), gr(3), gr(4)),
    Form("sl %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("sly %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("slg %r3,0(%r5)", gr(3), gr(3), storage(64)),
    Form("slgf %r3,0(%r5)", gr(3), gr(3), storage(32)),
    Form("slfi %r3,{}", low(3), low(3), immediate(32)),
    Form("slgfi %r3,{}", gr(3), gr(3), immediate(32)),
    Form("slhhhr %r2,%r3,%r4", high(2), high(3), high(4)),
    Form("slhhlr %r2,%r3,%r4", high(2), high(3), low(4)),
)
ADD_WITH_CARRY = unsigned(
    Form("alcr %r3,%r4", low(3), low(3), low(4)),
    Form("alcgr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("alc %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("alcg %r3,0(%r5)", gr(3), gr(3), storage(64)),
)
SUBTRACT_WITH_BORROW = unsigned(
    Form("slbr %r3,%r4", low(3), low(3), low(4)),
    Form("slbgr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("slb %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("slbg %r3,0(%r5)", gr(3), gr(3), storage(64)),
)


def sum_of(form, exact: int) -> Outcome:
    """cc 0 zero, 1 not zero, +2 with a carry."""
    carry, total = divmod(exact, 1 << form.targets[0].bits)
    return Outcome((total,), {(0, False): 0, (0, True): 1, (1, False): 2, (1, True): 3}[carry, total != 0])


def difference_of(form, exact: int) -> Outcome:
    """cc 1 not zero and a borrow, 2 zero, 3 not zero and no borrow; 0 zero and a borrow (which was borrowed before)."""
    rest = exact % (1 << form.targets[0].bits)
    if exact < 0:
        return Outcome((rest,), 1 if rest else 0)
    return Outcome((rest,), 3 if rest else 2)


@forms(*ADD)
def test_add(lab, form):
    form.check(lab, lambda form, cc, augend, addend: sum_of(form, augend + addend))


@forms(*ADD_SIGNED_IMMEDIATE)
def test_add_signed_immediate(lab, form):
    """A negative immediate is subtracted, and the cc is that of SUBTRACT LOGICAL."""
    form = form._replace(first=form.first.unsigned)

    def outcome(form, cc, augend, addend):
        return sum_of(form, augend + addend) if addend >= 0 else difference_of(form, augend + addend)

    form.check(lab, outcome)


def test_alsihn(lab):
    form = Form("alsihn %r3,{}", high(3), high(3), immediate(32))
    for cc in range(4):
        form.check(lab, lambda form, cc, augend, addend: Outcome((augend + addend,)), cc)


@forms(*SUBTRACT)
def test_subtract(lab, form):
    form.check(lab, lambda form, cc, minuend, subtrahend: difference_of(form, minuend - subtrahend))


@pytest.mark.parametrize("cc", range(4))
@forms(*ADD_WITH_CARRY)
def test_add_with_carry(lab, form, cc):
    """cc 2 and 3 are the carry of the last addition."""
    carry = cc in (2, 3)
    form.check(lab, lambda form, cc, augend, addend: sum_of(form, augend + addend + carry), cc)


@pytest.mark.parametrize("cc", range(4))
@forms(*SUBTRACT_WITH_BORROW)
def test_subtract_with_borrow(lab, form, cc):
    """cc 0 and 1 are the borrow of the last subtraction."""
    borrow = cc in (0, 1)
    form.check(lab, lambda form, cc, minuend, subtrahend: difference_of(form, minuend - subtrahend - borrow), cc)


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
