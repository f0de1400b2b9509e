"""Data as a reader writes them, and an instruction executed on them.

run(lab, "adtr %f1,%f4,%f8", "1.0", "2.00") == ("3.00", {"cc": 2})
"""

from __future__ import annotations

import re
from decimal import Decimal

from s390emu.conformance.case import AFP_CONTROL
from s390emu.conformance.twins.exact_decimal import EXTENDED, LONG, SHORT, Datum, Format, read, write
from tests.isa.general.execute import execute

FIRST, SECOND, THIRD = 1, 4, 8
INEXACT, UNDERFLOW, OVERFLOW, ZERO_DIVIDE, INVALID, QUANTUM = (1 << 23 - n for n in (4, 3, 2, 1, 0, 5))
TO_MASK = 8  # distance from a flag
__all__ = ["EXTENDED", "LONG", "SHORT"]


def datum(text: str, form: Format = LONG) -> int:
    """The canonical bits of 1.50, 5E-3, -0E+7, Infinity, NaN12, sNaN, ..."""
    if match := re.fullmatch(r"(-?)(s?NaN|Infinity)(\d*)", text):
        kind = {"N": "q", "s": "s", "I": "i"}[match[2][0]]
        return write(form, Datum(kind, match[1] == "-", match[3] or "0", 0))
    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    return write(form, Datum("n", bool(sign), "".join(map(str, digits)), exponent))


def text_of(bits: int, form: Format = LONG) -> str:
    """What `datum` reads back."""
    found = read(form, bits)
    if found.kind != "n":
        name = {"q": "NaN", "s": "sNaN", "i": "Infinity"}[found.kind]
        return ("-" if found.minus else "") + name + found.digits.lstrip("0")
    return str(
        found.number.__class__((int(found.minus), tuple(map(int, found.digits.lstrip("0") or "0")), found.exponent))
    )


def registers(form: Format, r: int, bits: int) -> dict[str, int]:
    if form is EXTENDED:
        return {f"f{r}": bits >> 64, f"f{r + 2}": bits & (1 << 64) - 1}
    return {f"f{r}": bits << 64 - form.bits}


def run(lab, line, second, third=None, *, form=LONG, source=None, fpc=0, cc=3, **more):
    """Execute; return (result as text, or the code of an interruption if there is none; what else changed)."""
    source = source or form
    given = registers(source, SECOND, datum(second, source)) if isinstance(second, str) else {}
    if third is not None:
        given |= registers(source, THIRD, datum(third, source))
    lab.cpu.fpc = fpc
    given.setdefault(f"f{FIRST}", 0x0123456789ABCDEF)
    given.setdefault(f"f{FIRST + 2}", 0x0123456789ABCDEF)
    code, changes = execute(lab, line, c0=AFP_CONTROL, cc=cc, **(given | more))
    changed = any(name in changes for name in registers(form, FIRST, 0))
    result = [int(lab.fpr[FIRST]), int(lab.fpr[FIRST + 2])]
    for name in registers(form, FIRST, 0):
        changes.pop(name, None)
    if code:
        changes["code"] = code
        changes["dxc"] = lab.word(0x90, 4)
    bits = (result[0] << 64 | result[1]) if form is EXTENDED else result[0] >> 64 - form.bits
    return (text_of(bits, form) if changed else None), changes
