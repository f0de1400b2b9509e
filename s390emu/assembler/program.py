"""Sections, their places, and what comes out: `Program`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from s390emu.assembler.errors import SourceError

# Sections stand in the order of these families, those without data last; others after the read-only ones.
_FAMILIES = (".text", ".rodata", "", ".data", ".bss")
LEAST_ALIGNMENT = 8  # of a section in a program
MOST_BYTES = 1 << 27  # of a section: several copies of it fit into a gigabyte
_STANDARD = (".text", ".data", ".bss")


class Piece:
    """What one source file puts into one section."""

    def __init__(self, name: str):
        self.name = name
        self.data = bytearray()
        self.alignment = 4 if name in _STANDARD else 2
        self.address = 0
        self.fixups: list = []
        self.lines: list[tuple[int, str, int]] = []  # offset, file name, line
        self.code = name == ".text" or name.startswith((".text.", ".init", ".fini"))
        self.no_data = name == ".bss" or name.startswith(".bss.")
        self.loaded = True  # False: a note for other tools, not part of the program

    def align(self, boundary: int, fill: int | None = None, most: int | None = None):
        """Go to a multiple of `boundary`; between instructions the filler is NOPR, as GNU as has it."""
        gap = -len(self.data) % boundary
        if most is not None and gap > most:
            return
        self.alignment = max(self.alignment, boundary)
        self.data += bytes([fill if fill is not None else 0x07 if self.code else 0]) * gap


class Section(NamedTuple):
    """One section of a program. `bss`: `data` is all zeros and not part of the image."""

    name: str
    address: int
    data: bytes
    bss: bool = False
    code: bool = False


class Program(NamedTuple):
    """An assembled program with every address in it final."""

    sections: list[Section]
    symbols: dict[str, int]
    lines: list[tuple[int, str, int]]
    entry: int
    global_symbols: frozenset[str] = frozenset()

    def image(self) -> list[tuple[int, bytes]]:
        """What to put where before it runs."""
        return [(section.address, section.data) for section in self.sections if section.data and not section.bss]

    def to_elf(self) -> bytes:
        """The program as an ELF64 executable for s390x."""
        from s390emu.assembler.elf import write_executable

        return write_executable(self)


def _family(name: str) -> int:
    for number, family in enumerate(_FAMILIES):
        if family and (name == family or name.startswith(family + ".")):
            return number
    return _FAMILIES.index("")


def lay_out(pieces: Iterable[Piece], origin: int) -> list[list[Piece]]:
    """Give every piece its address; the pieces of one section follow each other. Returns them section by section.

    What is not loaded stays at 0 and is left out.
    """
    by_name: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.loaded:
            by_name.setdefault(piece.name, []).append(piece)
    sections = [by_name[name] for name in sorted(by_name, key=_family)]
    address = origin
    for number, section in enumerate(sections):
        if number:  # the first one starts at the origin exactly
            address += -address % max(LEAST_ALIGNMENT, *(piece.alignment for piece in section))
        for piece in section:
            address += -address % piece.alignment
            piece.address = address
            address += len(piece.data)
            if piece.name in _STANDARD and piece is not section[-1]:  # GNU as fills these up
                address += -address % piece.alignment
    return sections


def join(section: list[Piece]) -> Section:
    """One section out of its pieces."""
    first = section[0]
    data = bytearray()
    for piece in section:
        data += bytes([0x07 if first.code else 0]) * (piece.address - first.address - len(data))
        data += piece.data
    return Section(first.name, first.address, bytes(data), first.no_data, first.code)


def entry_of(symbols: dict[str, int], sections: list[Section]) -> int:
    """`_start`, else `start`, else the first byte of the text."""
    for name in ("_start", "start"):
        if name in symbols:
            return symbols[name]
    return min((section.address for section in sections if section.code and section.data), default=0)


def check_space(amount: int, column: int | None = None):
    """Raise SourceError for what no directive may ask for."""
    if not 0 <= amount <= MOST_BYTES:
        raise SourceError(f"{amount} bytes is not between 0 and {MOST_BYTES}", column)
