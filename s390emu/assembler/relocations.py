"""Relocations of s390x: what each computes and where it puts that ("ELF Application Binary Interface, s390x").

    S  the symbol's address     A  the addend     P  the place that is relocated     G  the global offset table
    E  the address of the symbol's entry in that table; in the ABI's letters G + O
    T  the symbol's distance from the thread pointer, the end of the thread-local storage: negative

There is no dynamic linking, so a procedure linkage table has no entries: what asks for one (the ABI's L) gets S.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from s390emu.assembler.number_encoding import signed_64

ENTRY_BYTES = 8
_WHOLE = {1: ((0, 8),), 2: ((0, 16),), 3: ((0, 24),), 4: ((0, 32),), 8: ((0, 64),)}
_SHORT_DISPLACEMENT = ((4, 12),)  # from the halfword with B and D
_LONG_DISPLACEMENT = ((4, 12), (16, 8))  # the same with DL, then DH


class NotReached(Exception):
    """Raised for a value that does not fit where it is to be put, or that only a linker can know."""


class OffsetTable:
    """The global offset table: an entry for each value that is asked for."""

    def __init__(self, address: int):
        self.address = address
        self.entries: dict[int, int] = {}  # value -> address of its entry

    def entry(self, value: int) -> int:
        """Return the address of the entry for a value."""
        return self.entries.setdefault(value, self.address + ENTRY_BYTES * len(self.entries))

    @property
    def data(self) -> bytes:
        """The bytes of all entries."""
        return b"".join((value % (1 << 64)).to_bytes(ENTRY_BYTES, "big") for value in self.entries)


class Relocation(NamedTuple):
    """One type of relocation.

    formula  what it computes; empty where a linker would change instructions, which is not done here
    fields   ((start bit, width), ...) from the relocated byte; a second one takes the bits on the left
    """

    number: int
    name: str
    formula: str
    fields: tuple[tuple[int, int], ...] = ()
    halfwords: bool = False

    @property
    def length(self) -> int:
        """The number of bytes that it changes."""
        return max((start + width + 7 for start, width in self.fields), default=0) // 8

    @property
    def marks(self) -> bool:
        """True if it changes no byte."""
        return not self.fields

    @property
    def needs_symbol(self) -> bool:
        """True if it has no meaning without the symbol's address."""
        return bool(self.fields) and self.formula[:1] != "G"

    @property
    def plain(self) -> bool:
        """True if it only needs an address, and no table entry for the symbol."""
        return bool(self.fields) and self.formula in ("S", "S-P") and "PLT" not in self.name

    def value(self, symbol: int, addend: int, place: int, table: OffsetTable, thread_pointer: int) -> int:
        """Return what is to be put at `place`."""
        if not self.formula:
            raise NotReached("is for ld: link the file with it, or compile for a static program (-fno-pic)")
        target, _, origin = self.formula.partition("-")
        value = {
            "S": lambda: symbol,
            "G": lambda: table.address,
            "E": lambda: table.entry(symbol),
            "T": lambda: symbol - thread_pointer,
            "I": lambda: table.entry(symbol - thread_pointer),
        }[target]()
        return value + addend - {"": 0, "P": place, "G": table.address}[origin]

    def check(self, data: bytes | bytearray, at: int):
        """Reject a place that is not in the section."""
        if not 0 <= at <= len(data) - self.length:
            raise NotReached("is beyond the end of the section")

    def put(self, data: bytearray, at: int, value: int):
        """Put a value at its place and leave the bits around it."""
        self.check(data, at)
        if self.marks:
            return
        if self.halfwords:
            if value & 1:
                raise NotReached("is at an odd distance from its symbol")
            value >>= 1
        width = sum(width for _, width in self.fields)
        signed = self.formula.endswith("-P") or len(self.fields) > 1
        least = 0 if self.fields == _SHORT_DISPLACEMENT and not signed else -(1 << width - 1)
        value = value if width < 64 else signed_64(value)
        if not least <= value < 1 << (width - signed):
            raise NotReached("does not reach its symbol")
        bits = int.from_bytes(data[at : at + self.length], "big")
        for start, part in self.fields:
            shift = 8 * self.length - start - part
            bits = bits & ~(((1 << part) - 1) << shift) | (value & ((1 << part) - 1)) << shift
            value >>= part
        data[at : at + self.length] = bits.to_bytes(self.length, "big")


def _rows() -> Iterator[Relocation]:
    yield Relocation(0, "R_390_NONE", "S")
    for number, name, formula, size in (
        (1, "8", "S", 1), (3, "16", "S", 2), (4, "32", "S", 4), (22, "64", "S", 8),
        (16, "PC16", "S-P", 2), (5, "PC32", "S-P", 4), (23, "PC64", "S-P", 8),
        (8, "PLT32", "S-P", 4), (25, "PLT64", "S-P", 8),
        (15, "GOT16", "E-G", 2), (7, "GOT32", "E-G", 4), (24, "GOT64", "E-G", 8),
        (30, "GOTPLT16", "E-G", 2), (31, "GOTPLT32", "E-G", 4), (32, "GOTPLT64", "E-G", 8),
        (27, "GOTOFF16", "S-G", 2), (13, "GOTOFF32", "S-G", 4), (28, "GOTOFF64", "S-G", 8),
        (34, "PLTOFF16", "S-G", 2), (35, "PLTOFF32", "S-G", 4), (36, "PLTOFF64", "S-G", 8),
        (14, "GOTPC", "G-P", 8),
        (41, "TLS_GD64", "", 8), (46, "TLS_LDM64", "", 8), (53, "TLS_LDO64", "", 8),
        (44, "TLS_GOTIE64", "I-G", 8), (48, "TLS_IE64", "I", 8), (51, "TLS_LE64", "T", 8),
    ):  # fmt: skip
        yield Relocation(number, "R_390_" + name, formula, _WHOLE[size])
    for number, name, formula, size in (
        (17, "PC16DBL", "S-P", 2), (18, "PLT16DBL", "S-P", 2), (64, "PC24DBL", "S-P", 3), (65, "PLT24DBL", "S-P", 3),
        (19, "PC32DBL", "S-P", 4), (20, "PLT32DBL", "S-P", 4), (21, "GOTPCDBL", "G-P", 4),
        (26, "GOTENT", "E-P", 4), (33, "GOTPLTENT", "E-P", 4), (49, "TLS_IEENT", "I-P", 4),
    ):  # fmt: skip
        yield Relocation(number, "R_390_" + name, formula, _WHOLE[size], halfwords=True)
    for number, name, formula in (
        (2, "12", "S"), (6, "GOT12", "E-G"), (29, "GOTPLT12", "E-G"), (42, "TLS_GOTIE12", "I-G"),
    ):  # fmt: skip
        yield Relocation(number, "R_390_" + name, formula, _SHORT_DISPLACEMENT)
    for number, name in ((62, "PC12DBL"), (63, "PLT12DBL")):
        yield Relocation(number, "R_390_" + name, "S-P", _SHORT_DISPLACEMENT, halfwords=True)
    for number, name, formula in (
        (57, "20", "S"), (58, "GOT20", "E-G"), (59, "GOTPLT20", "E-G"), (60, "TLS_GOTIE20", "I-G"),
    ):  # fmt: skip
        yield Relocation(number, "R_390_" + name, formula, _LONG_DISPLACEMENT)
    yield Relocation(37, "R_390_TLS_LOAD", "S")
    yield Relocation(38, "R_390_TLS_GDCALL", "")
    yield Relocation(39, "R_390_TLS_LDCALL", "")


R_390 = {row.number: row for row in _rows()}
BY_NAME = {row.name: row for row in R_390.values()}
# Only named here: relocations for a dynamic linker, and for thread-local storage with 32-bit addresses.
NAMES = {number: row.name for number, row in R_390.items()} | {
    9: "R_390_COPY", 10: "R_390_GLOB_DAT", 11: "R_390_JMP_SLOT", 12: "R_390_RELATIVE", 40: "R_390_TLS_GD32",
    43: "R_390_TLS_GOTIE32", 45: "R_390_TLS_LDM32", 47: "R_390_TLS_IE32", 50: "R_390_TLS_LE32", 52: "R_390_TLS_LDO32",
    54: "R_390_TLS_DTPMOD", 55: "R_390_TLS_DTPOFF", 56: "R_390_TLS_TPOFF", 61: "R_390_IRELATIVE",
}  # fmt: skip

# What an operand's suffix asks for: the relocation is named after it and after the operand's form ("12", "64", ...);
# a distance in halfwords (PC32DBL) has names of its own.
SUFFIXES = {
    "GOT": "GOT", "GOTENT": "GOTENT", "GOTPLT": "GOTPLT", "PLT": "PLT", "PLTOFF": "PLTOFF", "GOTOFF": "GOTOFF",
    "TLSGD": "TLS_GD", "TLSLDM": "TLS_LDM", "DTPOFF": "TLS_LDO", "NTPOFF": "TLS_LE", "INDNTPOFF": "TLS_IE",
    "GOTNTPOFF": "TLS_GOTIE",
}  # fmt: skip
_DISTANCES = {
    "GOT": "GOTENT", "GOTENT": "GOTENT", "GOTPLT": "GOTPLTENT", "INDNTPOFF": "TLS_IEENT", "PLT": "PLT32DBL",
}  # fmt: skip
MARKS = {":tls_load:": "TLS_LOAD", ":tls_gdcall:": "TLS_GDCALL", ":tls_ldcall:": "TLS_LDCALL"}  # behind an instruction
OFFSET_TABLE = "_GLOBAL_OFFSET_TABLE_"


def relocation_of(form: str, suffix: str = "") -> Relocation | None:
    """Return the relocation of an operand of a form ("8", "12", ... "64", "PC32", "PC32DBL", ...), if there is one."""
    if not suffix:
        return BY_NAME.get("R_390_" + form)
    if form == "PC32DBL":
        return BY_NAME.get("R_390_" + _DISTANCES.get(suffix, "?"))
    return BY_NAME.get("R_390_" + SUFFIXES[suffix] + form.removeprefix("PC"))
