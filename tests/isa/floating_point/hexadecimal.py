"""The bench for HFP instructions: cases of the twin, and operands in the lab."""

from __future__ import annotations

from collections import Counter
from functools import cache

from s390emu.conformance.case import differences
from s390emu.conformance.here import Here
from s390emu.conformance.twins.hexadecimal_floating_point import (
    DIVIDE,
    EXTENDED,
    LONG,
    OVERFLOW,
    SHORT,
    SIGNIFICANCE,
    SIGNIFICANCE_MASK,
    SQUARE_ROOT,
    UNDERFLOW,
    UNDERFLOW_MASK,
)
from s390emu.conformance.vectors import cases

__all__ = ["DIVIDE", "EXTENDED", "LONG", "OVERFLOW", "SHORT", "SIGNIFICANCE", "SIGNIFICANCE_MASK", "SQUARE_ROOT",
           "UNDERFLOW", "UNDERFLOW_MASK"]  # fmt: skip
REST = 0x0123_4567  # bits 32-63 of a register that has a short operand
DATA, SPECIFICATION = 0x07, 0x06
AFP_CONTROL = 1 << 63 - 45
COUNT = 30  # cases of each row


@cache
def _here() -> Here:
    return Here()


def codes_of(names: str) -> dict[int, int]:
    """Execute cases of rows, all of which end as the twin says; return how often each interruption code was met."""
    codes: Counter = Counter()
    for name in names.split():
        for case in cases(name.upper(), COUNT, "hfp"):
            assert differences(case, _here().execute(case)) == {}, case
            codes[case.code] += 1
    return codes


def put(lab, r: int, digits: int, datum: int) -> None:
    """A datum in a register or pair."""
    if digits == EXTENDED:
        lab.fpr[r], lab.fpr[r + 2] = datum >> 64, datum & (1 << 64) - 1
    else:
        lab.fpr[r] = datum << 32 | REST if digits == SHORT else datum


def changed(digits: int, datum: int) -> dict[str, int]:
    """What a result in register 1 is in `lab.changes`."""
    if digits == EXTENDED:
        return {"f1": datum >> 64, "f3": datum & (1 << 64) - 1}
    return {"f1": datum << 32 | REST if digits == SHORT else datum}


def by_hand(lab, line: str, digits: tuple[int, ...], operands: tuple[int, ...], mask: int = 0,
            afp: bool = True) -> tuple[int, dict]:  # fmt: skip
    """Execute an instruction with operands, of so many digits each, in registers 1, 4, 8, and with the additional
    registers or without; return (code, changes)."""
    lab.fpr[1], lab.cr[0] = REST, int(lab.cr[0]) & ~AFP_CONTROL | (AFP_CONTROL if afp else 0)
    for r, width, datum in zip((1, 4, 8), digits, operands, strict=False):
        put(lab, r, width, datum)
    lab.psw(0x0000000180000000 | mask, cc=3)
    return lab.step(line), lab.changes()
