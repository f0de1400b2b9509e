"""Comparisons of registers, storage and immediates: PoP ch. 7."""

from __future__ import annotations

from s390emu.conformance.twins.forms import (
    FROM_HERE,
    Form,
    Model,
    Outcome,
    Place,
    gr,
    high,
    immediate,
    low,
    relative,
    storage,
)
from s390emu.conformance.twins.logical_arithmetic import unsigned


def compare(line: str, first: Place, second: Place) -> Form:
    """Return a form without a result."""
    return Form(line, (), first, second)


SIGNED = (
    compare("cr %r3,%r4", low(3), low(4)),
    compare("cgr %r3,%r4", gr(3), gr(4)),
    compare("cgfr %r3,%r4", gr(3), low(4)),
    compare("c %r3,0(%r5)", low(3), storage(32)),
    compare("cy %r3,0(%r5)", low(3), storage(32)),
    compare("cg %r3,0(%r5)", gr(3), storage(64)),
    compare("cgf %r3,0(%r5)", gr(3), storage(32)),
    compare("cfi %r3,{}", low(3), immediate(32)),
    compare("cgfi %r3,{}", gr(3), immediate(32)),
    compare("ch %r3,0(%r5)", low(3), storage(16)),
    compare("chy %r3,0(%r5)", low(3), storage(16)),
    compare("cgh %r3,0(%r5)", gr(3), storage(16)),
    compare("chi %r3,{}", low(3), immediate(16)),
    compare("cghi %r3,{}", gr(3), immediate(16)),
    compare("chhsi 0(%r5),{}", storage(16), immediate(16)),
    compare("chsi 0(%r5),{}", storage(32), immediate(16)),
    compare("cghsi 0(%r5),{}", storage(64), immediate(16)),
    compare("chhr %r3,%r4", high(3), high(4)),
    compare("chlr %r3,%r4", high(3), low(4)),
    compare("chf %r3,0(%r5)", high(3), storage(32)),
    compare("cih %r3,{}", high(3), immediate(32)),
)
SIGNED_RELATIVE = (
    compare(f"crl %r3,{FROM_HERE}", low(3), relative(32)),
    compare(f"cgrl %r3,{FROM_HERE}", gr(3), relative(64)),
    compare(f"cgfrl %r3,{FROM_HERE}", gr(3), relative(32)),
    compare(f"chrl %r3,{FROM_HERE}", low(3), relative(16)),
    compare(f"cghrl %r3,{FROM_HERE}", gr(3), relative(16)),
)
LOGICAL = unsigned(
    compare("clr %r3,%r4", low(3), low(4)),
    compare("clgr %r3,%r4", gr(3), gr(4)),
    compare("clgfr %r3,%r4", gr(3), low(4)),
    compare("cl %r3,0(%r5)", low(3), storage(32)),
    compare("cly %r3,0(%r5)", low(3), storage(32)),
    compare("clg %r3,0(%r5)", gr(3), storage(64)),
    compare("clgf %r3,0(%r5)", gr(3), storage(32)),
    compare("cli 0(%r5),{}", storage(8), immediate(8)),
    compare("cliy 0(%r5),{}", storage(8), immediate(8)),
    compare("clfi %r3,{}", low(3), immediate(32)),
    compare("clgfi %r3,{}", gr(3), immediate(32)),
    compare("clhhsi 0(%r5),{}", storage(16), immediate(16)),
    compare("clfhsi 0(%r5),{}", storage(32), immediate(16)),
    compare("clghsi 0(%r5),{}", storage(64), immediate(16)),
    compare("clhhr %r3,%r4", high(3), high(4)),
    compare("clhlr %r3,%r4", high(3), low(4)),
    compare("clhf %r3,0(%r5)", high(3), storage(32)),
    compare("clih %r3,{}", high(3), immediate(32)),
)
LOGICAL_RELATIVE = unsigned(
    compare(f"clrl %r3,{FROM_HERE}", low(3), relative(32)),
    compare(f"clgrl %r3,{FROM_HERE}", gr(3), relative(64)),
    compare(f"clgfrl %r3,{FROM_HERE}", gr(3), relative(32)),
    compare(f"clhrl %r3,{FROM_HERE}", low(3), relative(16)),
    compare(f"clghrl %r3,{FROM_HERE}", gr(3), relative(16)),
)


def order(form: Form, cc: int, first: int, second: int) -> Outcome:
    """PoP ch. 7 COMPARE, COMPARE LOGICAL and their kin."""
    return Outcome((), 0 if first == second else 1 if first < second else 2)


MODELS: dict[tuple[Form, ...], Model] = dict.fromkeys((SIGNED, SIGNED_RELATIVE, LOGICAL, LOGICAL_RELATIVE), order)
