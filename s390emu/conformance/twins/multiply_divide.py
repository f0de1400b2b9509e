"""Multiplication and division: PoP ch. 7."""

from __future__ import annotations

from s390emu.architecture.interruptions import FIXED_POINT_DIVIDE
from s390emu.conformance.twins.arithmetic import fits, signed
from s390emu.conformance.twins.forms import Form, Model, Outcome, gr, immediate, low, low_pair, pair, storage

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


def multiply(form: Form, cc: int, multiplicand: int, multiplier: int) -> Outcome:
    """PoP ch. 7 MULTIPLY, MULTIPLY HALFWORD, MULTIPLY LOGICAL, MULTIPLY SINGLE."""
    return Outcome((multiplicand * multiplier,))


def multiply_single_with_code(form: Form, cc: int, multiplicand: int, multiplier: int) -> Outcome:
    """PoP ch. 7 MULTIPLY SINGLE, the forms of facility 58."""
    return signed(form, multiplicand * multiplier)


def divide(form: Form, cc: int, dividend: int, divisor: int) -> Outcome:
    """PoP ch. 7 DIVIDE, DIVIDE SINGLE."""
    if divisor == 0:
        return Outcome((), code=FIXED_POINT_DIVIDE)
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    if not fits(quotient, form.targets[1].bits):
        return Outcome((), code=FIXED_POINT_DIVIDE)
    return Outcome((dividend - quotient * divisor, quotient))


def divide_logical(form: Form, cc: int, dividend: int, divisor: int) -> Outcome:
    """PoP ch. 7 DIVIDE LOGICAL."""
    if divisor == 0 or dividend // divisor >= 1 << form.targets[1].bits:
        return Outcome((), code=FIXED_POINT_DIVIDE)
    return Outcome((dividend % divisor, dividend // divisor))


MODELS: dict[tuple[Form, ...], Model] = {
    MULTIPLY: multiply, MULTIPLY_LOGICAL: multiply, MULTIPLY_SINGLE_CC: multiply_single_with_code, DIVIDE: divide,
    DIVIDE_LOGICAL: divide_logical,
}  # fmt: skip
