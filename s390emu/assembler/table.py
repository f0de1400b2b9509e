"""A table that the assembler writes by itself, .eh_frame or the like, behind what the source has put there."""

from __future__ import annotations

from s390emu.assembler.errors import Position
from s390emu.assembler.expressions import Node, Place
from s390emu.assembler.operands import DATUM, Fixup
from s390emu.assembler.program import Piece
from s390emu.assembler.relocations import BY_NAME


class Table:
    """Bytes, and the places in them that name addresses."""

    def __init__(self, piece: Piece):
        self.piece = piece
        self.data = bytearray()
        self.fixups: list[Fixup] = []
        self.base = len(piece.data)

    def number(self, value: int, width: int):
        """Put a number into `width` bytes."""
        self.data += (value % (1 << 8 * width)).to_bytes(width, "big")

    def reference(self, node: Node, width: int, position: Position, relative: bool = False):
        """Put the address of a symbol or place, or its distance from here, into `width` bytes."""
        relocation = BY_NAME[f"R_390_{'PC' if relative else ''}{8 * width}"]
        at = self.base + len(self.data)
        self.fixups.append(Fixup(at, width, ((0, 8 * width),), DATUM, node, position, None, relocation))
        self.data += bytes(width)

    def place(self, offset: int) -> Place:
        """Return the place of a byte of the table."""
        return Place(self.piece, self.base + offset)

    def put_length(self, at: int):
        """Put into the word at `at` the number of bytes that follow it."""
        self.data[at : at + 4] = (len(self.data) - at - 4).to_bytes(4, "big")

    def finish(self):
        """Append the table to its section, whose fragments have been put together."""
        self.piece.data += self.data
        self.piece.fragments[0].fixups += self.fixups
