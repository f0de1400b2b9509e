"""Instruction formats as data: Principles of Operation, chapter 5, "Instruction Formats".

Each format is stated once, as its fields; the decoder, the assembler, the disassembler and the operand tests read
the same lines. Bit numbers are the manual's: 0 is the leftmost bit of the instruction. This module imports nothing
heavy: `s390emu disasm` starts in milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple


class Operand(NamedTuple):
    """One operand as the assembler writes it.

    kind     what it is: GR AR CR FR MASK SIGNED UNSIGNED LENGTH RELATIVE STORAGE, below
    fields   the (start bit, width) of each field it occupies, in the order that its kind says
    """

    name: str
    kind: str
    fields: tuple[tuple[int, int], ...]


class Format(NamedTuple):
    """name as in the manual; length in bytes; `extension` is the (start bit, width) of the second part of the
    operation code, None where bits 0-7 are all; operands in assembler order."""

    name: str
    length: int
    extension: tuple[int, int] | None
    operands: tuple[Operand, ...]


# Kinds with one field.
GR, AR, CR, FR, MASK = "general register", "access register", "control register", "floating-point register", "mask"
SIGNED, UNSIGNED = "signed immediate", "unsigned immediate"
RELATIVE = "relative"  # signed count of halfwords from the instruction's own address
# Storage operands; fields in the order displacement (DH last where there is one), base, then index or length.
BASED = "D(B)"  # (D, B) or (DL, B, DH)
INDEXED = "D(X,B)"  # (D, B, X) or (DL, B, X, DH)
LENGTH = "D(L,B)"  # (D, B, L); the assembler writes the true length, the instruction holds one less


def _op(name, kind, *fields):
    return Operand(name, kind, fields)


RR = Format("RR", 2, None, (_op("r1", GR, (8, 4)), _op("r2", GR, (12, 4))))
RRE = Format("RRE", 4, (8, 8), (_op("r1", GR, (24, 4)), _op("r2", GR, (28, 4))))
RRF_C = Format("RRF-c", 4, (8, 8), (_op("r1", GR, (24, 4)), _op("r2", GR, (28, 4)), _op("m3", MASK, (16, 4))))
RI_A = Format("RI-a", 4, (12, 4), (_op("r1", GR, (8, 4)), _op("i2", SIGNED, (16, 16))))
RI_B = Format("RI-b", 4, (12, 4), (_op("r1", GR, (8, 4)), _op("ri2", RELATIVE, (16, 16))))
RX_A = Format("RX-a", 4, None, (_op("r1", GR, (8, 4)), _op("d2", INDEXED, (20, 12), (16, 4), (12, 4))))
RXY_A = Format("RXY-a", 6, (40, 8), (_op("r1", GR, (8, 4)), _op("d2", INDEXED, (20, 12), (16, 4), (12, 4), (32, 8))))
SS_A = Format("SS-a", 6, None, (_op("d1", LENGTH, (20, 12), (16, 4), (8, 8)), _op("d2", BASED, (36, 12), (32, 4))))
