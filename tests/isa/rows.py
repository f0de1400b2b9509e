"""Instructions made from the table's rows, for the tests of everything that reads it."""

from __future__ import annotations

from hypothesis import strategies as st

from s390emu.assembler.operands import opcode_bits, place
from s390emu.isa.opcodes import ROWS, SECOND_ROWS, Row

ALL = (*ROWS, *SECOND_ROWS)


def fields(row: Row) -> list[tuple[int, int]]:
    """Every operand field of a row, in assembler order."""
    return [field for operand in row.format.operands for field in operand.fields]


def build(row: Row, values) -> bytes:
    """The instruction with `values` in its fields, in the order of `fields`."""
    bits = opcode_bits(row)
    for field, value in zip(fields(row), values, strict=True):
        bits |= place(value, row.format.length, field)
    return bits.to_bytes(row.format.length, "big")


def ignored(row: Row) -> int:
    """The bits of the instruction that are neither operation code nor operand."""
    length = row.format.length
    bits = (1 << 8 * length) - 1
    for field in ((0, 8), *([row.format.extension] if row.format.extension else []), *fields(row)):
        bits &= ~place(-1, length, field)
    return bits


def anything(row: Row, rng) -> bytes:
    """The instruction with anything in its fields and in the bits that are ignored."""
    bits = build(row, [rng.getrandbits(width) for _, width in fields(row)])
    ones = rng.getrandbits(8 * row.format.length) & ignored(row)
    return (int.from_bytes(bits, "big") | ones).to_bytes(row.format.length, "big")


def edges(width: int) -> list[int]:
    """Values of a field of `width` bits where something may go wrong."""
    top = 1 << width
    return sorted({0, 1, 2, top // 2 - 1, top // 2, top - 2, top - 1})


def samples(row: Row) -> list[bytes]:
    """Each field through its edges while the others hold different small numbers."""
    all_fields = fields(row)
    quiet = [min(number % 7 + 1, (1 << width) - 1) for number, (_, width) in enumerate(all_fields)]
    found = {build(row, quiet): None, build(row, [0] * len(all_fields)): None}
    for number, (_, width) in enumerate(all_fields):
        for value in range(16) if width == 4 else edges(width):
            found[build(row, [*quiet[:number], value, *quiet[number + 1 :]])] = None
    return list(found)


@st.composite
def instructions(draw, rows=ALL):
    """(row, bytes): any row with anything in its fields."""
    row = draw(st.sampled_from(rows))
    return row, build(row, [draw(st.integers(0, (1 << width) - 1)) for _, width in fields(row)])
