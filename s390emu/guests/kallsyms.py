"""The symbols that a Linux kernel keeps of itself (kallsyms), read out of the storage of a guest in which it runs.

Where they are is in a text that the kernel has for whoever reads a dump of it, VMCOREINFO, whose lines are described in
Documentation/admin-guide/kdump/vmcoreinfo.rst of Linux (these from 5.19 on): addresses in its own space, the home
space. As scripts/kallsyms.c writes them, a name is a length and so many bytes, each of which stands for a token; the
first character of the name is its type. Addresses are distances from a base, which follows the kernel wherever it was
moved. Symbols of modules are elsewhere, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from s390emu.assembler.elf import printable
from s390emu.assembler.symbols import Symbols
from s390emu.machine.view import NotTranslated, parts

if TYPE_CHECKING:
    from s390emu.machine import Machine

FIELDS = ("names", "num_syms", "token_table", "token_index", "offsets", "relative_base")
LINE = re.compile(rb"SYMBOL\(kallsyms_(\w+)\)=([0-9a-f]{1,16})\n")
FIRST_LINE = b"SYMBOL(kallsyms_names)="
TEXT_BYTES = 512  # that the lines of FIELDS take
TOKENS, TOKENS_BYTES = 256, 1 << 14  # how many, and how many bytes they take at most
MOST_SYMBOLS = 1 << 21
LONGEST_NAME = 2 + 512  # bytes, with its length
LONG = 0x80  # in the first byte of a length: the next byte has bits 7 and above
PIECE = 1 << 22  # bytes of storage that are looked at together
HOME_SPACE = 13  # the control register


class NoKallsyms(Exception):
    """Raised where no symbols are found; the message says why."""


def read_kallsyms(machine: Machine) -> Symbols:
    """Return the symbols of the kernel that runs in a machine, which is not changed. Raises NoKallsyms."""
    text = _vmcoreinfo(machine)
    places = {name.decode(): int(address, 16) for name, address in LINE.findall(text)}
    if missing := [name for name in FIELDS if name not in places]:
        raise NoKallsyms(f"its VMCOREINFO does not say where kallsyms_{missing[0]} is")
    try:
        return _Tables(machine, places).symbols()
    except (NotTranslated, IndexError) as error:
        raise NoKallsyms(f"its tables are not where VMCOREINFO says: {error}") from None


def _vmcoreinfo(machine: Machine) -> bytes:
    """Return the part of the kernel's text that tells of kallsyms."""
    size = machine.storage.size
    for start in range(0, size, PIECE):
        piece = machine.read(start, min(PIECE + TEXT_BYTES, size - start))
        at = piece.find(FIRST_LINE)
        while at >= 0:
            text = piece[at : at + TEXT_BYTES]
            if len(LINE.findall(text)) >= len(FIELDS):  # the words alone are in the kernel's code too
                return text
            at = piece.find(FIRST_LINE, at + 1)
    raise NoKallsyms("no VMCOREINFO with kallsyms in its storage: no Linux from 5.19 on, or it has not come so far")


class _Tables:
    """The kernel's tables. places: their addresses, by FIELDS."""

    def __init__(self, machine: Machine, places: dict[str, int]):
        self.view, self.cpu, self.places = machine.view, machine.running, places
        self.asce = int(self.cpu.cr[HOME_SPACE])

    def symbols(self) -> Symbols:
        """Return all of them."""
        count = self._number("num_syms", 4)
        if count > MOST_SYMBOLS:
            raise NoKallsyms(f"{count:,} symbols, which no kernel has")
        base, distances = self._number("relative_base", 8), self._read("offsets", 4 * count)
        found = Symbols(
            (printable(name[1:].encode()), base + int.from_bytes(distances[4 * n : 4 * n + 4], "big"))
            for n, name in enumerate(self._names(count))
        )
        if not found:
            raise NoKallsyms("its symbols have no names")
        return found

    def _names(self, count: int) -> Iterator[str]:
        """Yield the names, each with its type before it."""
        tokens, text, at = self._tokens(), b"", 0
        address = self.places["names"]
        for _ in range(count):
            if at + LONGEST_NAME > len(text):
                text, address, at = self._at(address + at, 16 * LONGEST_NAME), address + at, 0
            length, at = text[at], at + 1
            if length & LONG:
                length, at = length & LONG - 1 | text[at] << 7, at + 1
            yield "".join([tokens[index] for index in text[at : at + length]])
            at += length

    def _tokens(self) -> list[str]:
        """Return what each byte of a name stands for."""
        table, index = self._read("token_table", TOKENS_BYTES), self._read("token_index", 2 * TOKENS)
        starts = [int.from_bytes(index[2 * n : 2 * n + 2], "big") for n in range(TOKENS)]
        return [table[start : max(start, table.find(b"\0", start))].decode("ascii", "replace") for start in starts]

    def _number(self, name: str, length: int) -> int:
        return int.from_bytes(self._read(name, length), "big")

    def _read(self, name: str, length: int) -> bytes:
        return self._at(self.places[name], length)

    def _at(self, address: int, length: int) -> bytes:
        """Return bytes of the home space."""
        return b"".join(
            self.view.read(self.view.translate(self.cpu, at, self.asce), part) for at, part in parts(address, length)
        )
