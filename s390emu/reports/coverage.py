"""Which rows of the table the default machine executes, by chapter of the manual: from the table and the sources."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.engine.handlers import ISA, available, default_facilities, executable, function_name, places
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
    21: "Vector overview and support instructions",
    22: "Vector integer instructions",
    23: "Vector string instructions",
    24: "Vector floating-point instructions",
    25: "Vector decimal instructions",
}


class Line(NamedTuple):
    chapter: int
    opcode: str
    mnemonic: str
    implemented: bool
    facility: int | None
    name: str
    place: str  # file:line of the function, empty where there is none
    reason: str  # why there is none
    on_request: bool  # only a machine that is asked for the facility executes it

    @property
    def status(self) -> str:
        if self.on_request:
            return "on-request"
        return "implemented" if self.implemented else "operation-exception"


def lines() -> list[Line]:
    """Return one for each row of the table, in its order."""
    found, installed = [], default_facilities()
    for row in ROWS:
        here = executable(row, installed)
        asked_for = not here and executable(row, available())
        place = places().get(function_name(row.mnemonic)) if here or asked_for else None
        where = f"{place.path.relative_to(ISA.parents[1])}:{place.line}" if place else ""
        reason = "" if place else reason_of(row)
        found.append(Line(row.chapter, row.opcode, row.mnemonic, here, row.facility, row.name, where, reason,
                          asked_for))  # fmt: skip
    return found


def summary() -> dict[int, tuple[int, int, int]]:
    """Return by chapter how many rows are implemented, how many more on request, and how many there are."""
    counts: dict[int, tuple[int, int, int]] = {}
    for line in lines():
        done, requested, all_rows = counts.get(line.chapter, (0, 0, 0))
        counts[line.chapter] = done + line.implemented, requested + line.on_request, all_rows + 1
    return counts
