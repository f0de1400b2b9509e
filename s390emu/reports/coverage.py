"""Which rows of the table the default machine executes, by chapter of the manual: from the table and the sources."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.engine.handlers import ISA, default_facilities, executable, function_name, places
from s390emu.isa.absent import reason_of
from s390emu.isa.opcodes import ROWS

CHAPTER_TITLES = {
    7: "General instructions",
    8: "Decimal instructions",
    9: "Floating-point overview and support instructions",
    10: "Control instructions",
    14: "I/O instructions",
    18: "Hexadecimal-floating-point instructions",
    19: "Binary-floating-point instructions",
    20: "Decimal-floating-point instructions",
}


class Line(NamedTuple):
    chapter: int
    opcode: str
    mnemonic: str
    implemented: bool
    facility: int | None
    name: str
    place: str  # file:line of the function, empty where there is none
    reason: str  # why there is none, if that was decided for this model


def lines() -> list[Line]:
    """Return one for each row of the table, in its order."""
    found, installed = [], default_facilities()
    for row in ROWS:
        place = places().get(function_name(row.mnemonic)) if executable(row, installed) else None
        where = f"{place.path.relative_to(ISA.parents[1])}:{place.line}" if place else ""
        found.append(Line(row.chapter, row.opcode, row.mnemonic, place is not None, row.facility, row.name, where,
                          reason_of(row.mnemonic)))  # fmt: skip
    return found


def summary() -> dict[int, tuple[int, int]]:
    """Return by chapter how many rows are implemented, and how many there are."""
    counts: dict[int, tuple[int, int]] = {}
    for line in lines():
        done, all_rows = counts.get(line.chapter, (0, 0))
        counts[line.chapter] = done + line.implemented, all_rows + 1
    return counts
