"""Signed binary arithmetic: PoP ch. 7."""

from __future__ import annotations

from s390emu.architecture.interruptions import FIXED_POINT_OVERFLOW
from s390emu.conformance.twins.forms import Form, Model, Outcome, gr, high, immediate, low, storage

ADD = (
    Form("ar %r3,%r4", low(3), low(3), low(4)),
    Form("agr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("agfr %r3,%r4", gr(3), gr(3), low(4)),
    Form("ark %r2,%r3,%r4", low(2), low(3), low(4)),
    Form("agrk %r2,%r3,%r4", gr(2), gr(3), gr(4)),
    Form("a %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("ay %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("ag %r3,0(%r5)", gr(3), gr(3), storage(64)),
    Form("agf %r3,0(%r5)", gr(3), gr(3), storage(32)),
    Form("afi %r3,{}", low(3), low(3), immediate(32)),
    Form("agfi %r3,{}", gr(3), gr(3), immediate(32)),
    Form("ahik %r2,%r3,{}", low(2), low(3), immediate(16)),
    Form("aghik %r2,%r3,{}", gr(2), gr(3), immediate(16)),
    Form("asi 0(%r5),{}", storage(32), storage(32), immediate(8)),
    Form("agsi 0(%r5),{}", storage(64), storage(64), immediate(8)),
    Form("ah %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("ahy %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("agh %r3,0(%r5)", gr(3), gr(3), storage(16)),
    Form("ahi %r3,{}", low(3), low(3), immediate(16)),
    Form("aghi %r3,{}", gr(3), gr(3), immediate(16)),
    Form("ahhhr %r2,%r3,%r4", high(2), high(3), high(4)),
    Form("ahhlr %r2,%r3,%r4", high(2), high(3), low(4)),
    Form("aih %r3,{}", high(3), high(3), immediate(32)),
)
SUBTRACT = (
    Form("sr %r3,%r4", low(3), low(3), low(4)),
    Form("sgr %r3,%r4", gr(3), gr(3), gr(4)),
    Form("sgfr %r3,%r4", gr(3), gr(3), low(4)),
    Form("srk %r2,%r3,%r4", low(2), low(3), low(4)),
    Form("sgrk %r2,%r3,%r4", gr(2), gr(3), gr(4)),
    Form("s %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("sy %r3,0(%r5)", low(3), low(3), storage(32)),
    Form("sg %r3,0(%r5)", gr(3), gr(3), storage(64)),
    Form("sgf %r3,0(%r5)", gr(3), gr(3), storage(32)),
    Form("sh %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("shy %r3,0(%r5)", low(3), low(3), storage(16)),
    Form("sgh %r3,0(%r5)", gr(3), gr(3), storage(16)),
    Form("shhhr %r2,%r3,%r4", high(2), high(3), high(4)),
    Form("shhlr %r2,%r3,%r4", high(2), high(3), low(4)),
)


def unary(mnemonic: str) -> tuple[Form, ...]:
    """Return the forms (32), (64) and (64<-32) of a load that computes."""
    return tuple(
        Form(f"{mnemonic}{suffix} %r3,%r4", result, operand)
        for suffix, result, operand in (("r", low(3), low(4)), ("gr", gr(3), gr(4)), ("gfr", gr(3), low(4)))
    )


LOAD_AND_TEST = (
    *unary("lt"),
    Form("lt %r3,0(%r5)", low(3), storage(32)),
    Form("ltg %r3,0(%r5)", gr(3), storage(64)),
    Form("ltgf %r3,0(%r5)", gr(3), storage(32)),
)


LOAD_COMPLEMENT, LOAD_POSITIVE, LOAD_NEGATIVE = unary("lc"), unary("lp"), unary("ln")


def signed_cc(number: int) -> int:
    """Return the condition code of a signed result that fits."""
    return 0 if number == 0 else 1 if number < 0 else 2


def fits(number: int, bits: int) -> bool:
    """True if a signed number has room in so many bits."""
    return -(1 << bits - 1) <= number < 1 << bits - 1


def signed(form: Form, exact: int) -> Outcome:
    """Return a signed result that may not fit, and its condition code."""
    if not fits(exact, form.targets[0].bits):
        return Outcome((exact,), 3, FIXED_POINT_OVERFLOW)
    return Outcome((exact,), signed_cc(exact))


def add(form: Form, cc: int, augend: int, addend: int) -> Outcome:
    """PoP ch. 7 ADD, ADD HALFWORD, ADD IMMEDIATE, ADD HIGH."""
    return signed(form, augend + addend)


def subtract(form: Form, cc: int, minuend: int, subtrahend: int) -> Outcome:
    """PoP ch. 7 SUBTRACT, SUBTRACT HALFWORD, SUBTRACT HIGH."""
    return signed(form, minuend - subtrahend)


def load_and_test(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD AND TEST."""
    return signed(form, value)


def load_complement(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD COMPLEMENT."""
    return signed(form, -value)


def load_positive(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD POSITIVE."""
    return signed(form, abs(value))


def load_negative(form: Form, cc: int, value: int) -> Outcome:
    """PoP ch. 7 LOAD NEGATIVE."""
    return signed(form, -abs(value))


MODELS: dict[tuple[Form, ...], Model] = {
    ADD: add, SUBTRACT: subtract, LOAD_AND_TEST: load_and_test, LOAD_COMPLEMENT: load_complement,
    LOAD_POSITIVE: load_positive, LOAD_NEGATIVE: load_negative,
}  # fmt: skip
