"""Random programs of problem-state instructions, as bytes: straight ahead, every implemented row of chapters 7 and 9.

Registers 0-11 are data, 12 and 13 the bases of storage operands. Everything is drawn by hypothesis, so a failure shrinks.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from s390emu.isa.formats import AR, BASED, CR, FR, GR, INDEXED, LENGTH, MASK, RELATIVE
from s390emu.isa.handlers import implemented
from s390emu.isa.opcodes import ROWS, Row

PROGRAMS = int(os.environ.get("S390EMU_PROGRAMS", "400"))
SEED = int(os.environ.get("S390EMU_SEED", "0")) or int.from_bytes(os.urandom(4))

CODE, DATA, DATA_LENGTH = 0x10000, 0x20000, 0x2000
BASES = (12, 13)
BASE_ADDRESSES = {12: DATA + 0x0FF8, 13: DATA + 0x100}  # near a page boundary, and well within one
DISPLACEMENTS = 0x700
EDGES = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0xFFFFFFFF80000000]

register_values = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1), st.integers(0, 255))


def judged(programs: int) -> settings:
    """Settings of a judge: so many examples, no deadline, and the blob that repeats a failure."""
    return settings(
        max_examples=programs,
        deadline=None,
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


class Program(NamedTuple):
    rows: tuple[str, ...]
    ends: tuple[int, ...]  # offset behind each instruction
    code: bytes
    registers: tuple[int, ...]  # 0-11
    data: bytes
    cc: int

    def __repr__(self) -> str:
        from s390emu.isa.disassemble import listing

        registers = " ".join(f"r{n}={value:#x}" for n, value in enumerate(self.registers))
        return f"cc={self.cc} {registers}\n{listing(self.code, CODE)}\ndata={self.data[:64].hex()}…"


def encode(row: Row, values: dict[tuple[int, int], int]) -> bytes:
    """The instruction with these field values, by (start bit, width)."""
    length = row.format.length * 8
    opcode = int(row.opcode, 16)
    insn = 0
    if row.format.extension is None:
        insn |= opcode << length - 8
    else:
        start, width = row.format.extension
        insn |= opcode >> width << length - 8
        insn |= (opcode & (1 << width) - 1) << length - start - width
    for (start, width), value in values.items():
        insn |= (value & (1 << width) - 1) << length - start - width
    return insn.to_bytes(length // 8, "big")


def _operand(draw, operand, values, offset) -> None:
    fields = operand.fields
    if operand.kind in (GR, AR, CR):
        values[fields[0]] = draw(st.integers(0, 11))
    elif operand.kind == FR:
        values[fields[0]] = draw(st.integers(0, 15))
    elif operand.kind in (BASED, INDEXED, LENGTH):
        values[fields[0]] = draw(st.integers(0, DISPLACEMENTS // 8)) * draw(st.sampled_from([8, 8, 8, 1]))
        values[fields[1]] = draw(st.sampled_from(BASES))
        for field in fields[2:]:  # index: none; DH: zero; length: any
            values[field] = draw(st.integers(0, (1 << field[1]) - 1)) if operand.kind == LENGTH else 0
    elif operand.kind == RELATIVE:
        target = DATA + draw(st.integers(0, DISPLACEMENTS // 8)) * 8
        values[fields[0]] = (target - CODE - offset) // 2
    else:  # masks and immediates
        width = fields[0][1]
        edges = [0, 1, (1 << width) - 1, 1 << width - 1]
        values[fields[0]] = draw(st.one_of(st.sampled_from(edges), st.integers(0, (1 << width) - 1)))
    if operand.kind == MASK:
        values[fields[0]] &= 15


def judgeable(without: frozenset[str]) -> list[Row]:
    """Implemented rows of the general and floating-point-support chapters that go straight ahead."""
    return [
        row for row in ROWS
        if row.chapter in (7, 9) and implemented(row) and row.mnemonic not in without
        and not (row.chapter == 7 and "BRANCH" in row.name)
    ]  # fmt: skip


def programs(rows: list[Row], longest: int = 12):
    """Strategy for Program."""

    @st.composite
    def program(draw):
        code, names, ends = b"", [], []
        for _ in range(draw(st.integers(1, longest))):
            row = draw(st.sampled_from(rows))
            values: dict[tuple[int, int], int] = {}
            for operand in row.format.operands:
                _operand(draw, operand, values, len(code))
            code += encode(row, values)
            names.append(row.mnemonic)
            ends.append(len(code))
        registers = tuple(draw(st.lists(register_values, min_size=12, max_size=12)))
        seed = draw(st.binary(min_size=16, max_size=64))
        data = (seed * (DATA_LENGTH // len(seed) + 1))[:DATA_LENGTH]
        return Program(tuple(names), tuple(ends), code, registers, data, draw(st.integers(0, 3)))

    return program()
