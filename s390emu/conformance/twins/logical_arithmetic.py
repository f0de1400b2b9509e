"""Logical binary arithmetic, with and without carry: PoP ch. 7."""

from __future__ import annotations

from s390emu.conformance.twins.forms import Form, Model, Outcome, gr, high, immediate, low, storage


def unsigned(*rows: Form) -> tuple[Form, ...]:
    """Return the forms with numbers without a sign."""
    return tuple(form.unsigned for form in rows)


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
ADD_SIGNED_IMMEDIATE = tuple(form._replace(first=form.first.unsigned) for form in (
    Form("alhsik %r2,%r3,{}", low(2), low(3), immediate(16)),
    Form("alghsik %r2,%r3,{}", gr(2), gr(3), immediate(16)),
    Form("alsi 0(%r5),{}", storage(32), storage(32), immediate(8)),
    Form("algsi 0(%r5),{}", storage(64), storage(64), immediate(8)),
    Form("alsih %r3,{}", high(3), high(3), immediate(32)),
))  # fmt: skip
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


ADD_WITHOUT_CODE = (Form("alsihn %r3,{}", high(3), high(3), immediate(32)),)


def sum_of(form: Form, exact: int) -> Outcome:
    """Return a sum: cc 0 zero, 1 not zero, +2 with a carry."""
    carry, total = divmod(exact, 1 << form.targets[0].bits)
    return Outcome((total,), {(0, False): 0, (0, True): 1, (1, False): 2, (1, True): 3}[carry, total != 0])


def difference_of(form: Form, exact: int) -> Outcome:
    """Return a difference: cc 1 not zero and a borrow, 2 zero, 3 not zero and no
    borrow; 0 zero and a borrow (which was borrowed before)."""
    rest = exact % (1 << form.targets[0].bits)
    if exact < 0:
        return Outcome((rest,), 1 if rest else 0)
    return Outcome((rest,), 3 if rest else 2)


def add(form: Form, cc: int, augend: int, addend: int) -> Outcome:
    """PoP ch. 7 ADD LOGICAL, ADD LOGICAL HIGH, ADD LOGICAL IMMEDIATE."""
    return sum_of(form, augend + addend)


def add_signed_immediate(form: Form, cc: int, augend: int, addend: int) -> Outcome:
    """PoP ch. 7 ADD LOGICAL WITH SIGNED IMMEDIATE: the cc of a negative immediate is that of SUBTRACT LOGICAL."""
    return sum_of(form, augend + addend) if addend >= 0 else difference_of(form, augend + addend)


def add_without_code(form: Form, cc: int, augend: int, addend: int) -> Outcome:
    """PoP ch. 7 ADD LOGICAL WITH SIGNED IMMEDIATE HIGH: ALSIHN leaves the condition code."""
    return Outcome((augend + addend,))


def subtract(form: Form, cc: int, minuend: int, subtrahend: int) -> Outcome:
    """PoP ch. 7 SUBTRACT LOGICAL, SUBTRACT LOGICAL HIGH, SUBTRACT LOGICAL IMMEDIATE."""
    return difference_of(form, minuend - subtrahend)


def add_with_carry(form: Form, cc: int, augend: int, addend: int) -> Outcome:
    """PoP ch. 7 ADD LOGICAL WITH CARRY: cc 2 and 3 are the carry of the last addition."""
    return sum_of(form, augend + addend + (cc in (2, 3)))


def subtract_with_borrow(form: Form, cc: int, minuend: int, subtrahend: int) -> Outcome:
    """PoP ch. 7 SUBTRACT LOGICAL WITH BORROW: cc 0 and 1 are the borrow of the last subtraction."""
    return difference_of(form, minuend - subtrahend - (cc in (0, 1)))


MODELS: dict[tuple[Form, ...], Model] = {
    ADD: add, ADD_SIGNED_IMMEDIATE: add_signed_immediate, ADD_WITHOUT_CODE: add_without_code, SUBTRACT: subtract,
    ADD_WITH_CARRY: add_with_carry, SUBTRACT_WITH_BORROW: subtract_with_borrow,
}  # fmt: skip
