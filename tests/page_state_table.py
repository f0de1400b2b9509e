"""docs/page-hinting.md, section 3, typed a second time: the judge of everything that changes a state.

`before` is a state with C where it matters; a cell is the state after and, in brackets, what else happens.
"""

from __future__ import annotations

from typing import NamedTuple

TABLE = """
| before | R1 | ORC0 | ORC1 | ORC2 | ORC3 | ORC4 | ORC5 | ORC6 | ORC7 | RECLAIM | TOUCH | DIAG10 | NRESET | CRESET |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
| Sr | 00 | Sr | Sr | Ur | Vr | Pr | Sr | Sr | Sr | Sp(out) | Sr | Sz | Sr | Sz |
| Sp C=0 | 02 | Sp | Sp | Uz(D) | Vz(D) | Vz(D) | Sr(in) | Sp | Sp | n/a | Sr(in) | Sz | Sp | Sz |
| Sp C=1 | 02 | Sp | Sp | Uz(D) | Vz(D) | Sp | Sr(in) | Sp | Sp | n/a | Sr(in) | Sz | Sp | Sz |
| Sz | 03 | Sz | Sz | Uz | Vz | Vz | Sr(zf) | Sz | Sz | n/a | Sr(zf) | Sz | Sz | Sz |
| Ur | 04 | Ur | Sr | Ur | Vr | Pr | Sr | Sr | Sr | Uz(D) | Ur | Sz | Sr | Sz |
| Uz | 07 | Uz | Sz | Uz | Vz | Vz | Sr(zf) | Uz | Sz | n/a | Uz(ADR) | Sz | Sz | Sz |
| Vr | 0C | Vr | Sr | Ur | Vr | Pr | Sr | Sr | Sr | Vz(D) | Vr | Sz | Sr | Sz |
| Vz | 0F | Vz | Sz | Uz | Vz | Vz | Sr(zf) | Vz | Sz | n/a | Vz(BV) | Sz | Sz | Sz |
| Pr C=0 | 08 | Pr | Sr | Ur | Vr | Pr | Sr | Sr | Sr | Vz(D) | Pr | Sz | Sr | Sz |
| Pr C=1 | 08 | Pr | Sr | Ur | Vr | Pr | Sr | Sr | Sr | Sp(out) | Pr | Sz | Sr | Sz |
"""
USAGE, CONTENT = "SUPV", {"r": 0, "p": 2, "z": 3}


def code(state: str) -> int:
    """Sr, Vz ... as R1 bits 60-63."""
    return USAGE.index(state[0]) * 4 + CONTENT[state[1]]


class Cell(NamedTuple):
    before: str
    change: int
    event: str
    after: str
    action: str  # "", D, out, in, zf, ADR, BV, n/a


def _cells():
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines())
    for row in rows:
        before, _, change = row[0].partition(" C=")
        assert code(before) == int(row[1], 16), row
        for event, cell in zip(header[2:], row[2:], strict=True):
            after, _, action = (f"{before}(n/a)" if cell == "n/a" else cell).rstrip(")").partition("(")
            for c in change or "01":
                yield Cell(before, int(c), event, after, action)


CELLS = list(_cells())
EVENTS = list(dict.fromkeys(cell.event for cell in CELLS))
STATES = list(dict.fromkeys(cell.before for cell in CELLS))
BY_KEY = {(cell.before, cell.change, cell.event): cell for cell in CELLS}
