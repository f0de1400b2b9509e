"""Instruction -> row: the one table from which the CPU decodes (decode.py) and the disassembler reads.

An operation code is bits 0-7 and, in many formats, an extension elsewhere in the instruction. The table has, for each
first byte, as many places as its extension can tell apart; every other bit of an instruction makes no difference to
what it is. The length is in bits 0-1, whether or not there is such an instruction. Imports nothing heavy.
"""

from __future__ import annotations

from functools import cache

from s390emu.isa.opcodes import ROWS, SECOND_ROWS, Row

LENGTHS = (2, 4, 4, 6)  # bytes, by bits 0-1 (PoP ch. 5 "Instruction Formats")
WORD_BITS = 64  # of the left-aligned instruction


def _places():
    """Return, each by first byte: how far its extension is shifted, the extension's mask, the first place; the size."""
    extensions: dict[int, tuple[int, int] | None] = {}
    for row in ROWS:
        first = int(row.opcode[:2], 16)
        if extensions.setdefault(first, row.format.extension) != row.format.extension:
            raise AssertionError(f"{row.mnemonic}: another format's extension for first byte {row.opcode[:2]}")
    shift, mask, base = [], [], [0]
    for first in range(256):
        start, width = extensions.get(first) or (0, 0)
        shift.append((WORD_BITS - start - width) % WORD_BITS)
        mask.append((1 << width) - 1)
        base.append(base[-1] + (1 << width))
    return tuple(shift), tuple(mask), tuple(base[:-1]), base[-1]


SHIFT, MASK, BASE, SIZE = _places()


def place_of(insn: int) -> int:
    """Return a left-aligned instruction's place in the table; decode.table_index is the same for the run loop."""
    first = insn >> WORD_BITS - 8
    return BASE[first] + (insn >> SHIFT[first] & MASK[first])


def place_of_row(row: Row) -> int:
    """Return the place of a row's operation code."""
    return BASE[int(row.opcode[:2], 16)] + int(row.opcode[2:] or "0", 16)


@cache
def rows_by_place() -> dict[int, list[Row]]:
    """Return the rows at each place: the instruction's own, then a second form of it with more operands."""
    found: dict[int, list[Row]] = {}
    for row in (*ROWS, *SECOND_ROWS):
        found.setdefault(place_of_row(row), []).append(row)
    return found
