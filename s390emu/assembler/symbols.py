"""Names of addresses: those of a program, and those that a file has of a guest whose program is without names.

Such a file is an ELF file with a symbol table (`vmlinux`), or text as `nm` writes it, a line `ADDRESS TYPE NAME` for
each symbol: Linux's `System.map`, and /proc/kallsyms of a kernel that runs, where `[MODULE]` may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from s390emu.assembler.disassemble import FARTHEST, Labels
from s390emu.assembler.elf import (
    ET_DYN,
    ET_EXEC,
    SHN_ABS,
    SHN_UNDEF,
    SHT_SYMTAB,
    STT_TLS,
    ElfError,
    File,
    is_elf,
    printable,
)
from s390emu.assembler.elf_loader import NO_SYMBOLS
from s390emu.input_files import FileError, as_text, read

NO_PLACES = "aAnN"  # types of symbols that are absolute numbers, or of debugging
UNDEFINED = "Uwv"  # whose lines have no address
ADDRESS = re.compile("[0-9A-Fa-f]{1,16}")
REACH_IN_ALL = 0x10000  # bytes behind a symbol that are called by it where all functions have names
SHOWN = 90  # characters of a wrong line
LOCAL = ".L"  # begins the names of a compiler's own labels
NOTE = "The real System.map is"  # in what Debian's packages have in its place
NM = "write ADDRESS TYPE NAME, as nm does"
WHERE_FROM = "give System.map or vmlinux of the kernel's -dbg package, or what /proc/kallsyms has as root in the guest"


class Symbols(dict[str, int]):
    """Addresses by name, of a name that several places have the first; made from (name, address) of every place.
    reach: bytes behind a symbol that are called by it, if no other is nearer."""

    def __init__(self, places: Mapping[str, int] | Iterable[tuple[str, int]] = (), reach: int = FARTHEST):
        self.places, self.reach = list(places.items() if isinstance(places, Mapping) else places), reach
        super().__init__(reversed(self.places))

    @cached_property
    def labels(self) -> Labels:
        """Names by address. Of several at one, that with the fewest underscores before it."""
        ordered = sorted((address, len(name) - len(name.lstrip("_")), name) for name, address in self.places)
        return Labels((address, address + self.reach, name) for address, _, name in ordered)

    def with_all(self, places: Iterable[tuple[str, int]]) -> Symbols:
        """Return the same with those of a whole guest (name, address): only its largest functions go beyond reach."""
        return Symbols([*self.places, *places], REACH_IN_ALL)


def as_symbols(symbols: Mapping[str, int]) -> Symbols:
    """Return symbols whose names by address are kept from one use to the next."""
    return symbols if isinstance(symbols, Symbols) else Symbols(symbols)


def read_symbols(path: str | Path) -> Symbols:
    """Return the symbols of a file. Raises FileError, ElfError, and OSError with the path."""
    data = read(path, pipe=True)
    if is_elf(data):
        return _of_elf(data, str(path))
    if b"\0" in data:
        raise FileError(f"{path}: neither ELF nor text: it has no symbols that could be read; {WHERE_FROM}")
    return of_text(as_text(data, path), str(path))


def _of_elf(data: bytes, name: str) -> Symbols:
    """Return the symbols of a linked ELF file that stand for places. Raises ElfError."""
    file = File(data, name)
    if file.header.e_type not in (ET_EXEC, ET_DYN):
        raise ElfError(f"{name}: not linked, so its symbols have no addresses yet; give what it was linked into")
    tables = [number for number, shdr in enumerate(file.sections) if shdr.sh_type == SHT_SYMTAB]
    found = Symbols(
        (symbol.name, symbol.value)
        for number in tables
        for symbol in file.symbols(number)
        if symbol.name and symbol.st_shndx not in (SHN_UNDEF, SHN_ABS) and not symbol.name.startswith(LOCAL)
        and symbol.kind not in (*NO_SYMBOLS, STT_TLS)
    )  # fmt: skip
    if not found:
        raise ElfError(f"{name}: has no symbol table (it was stripped); {WHERE_FROM}")
    return found


def of_text(text: str, name: str) -> Symbols:
    """Return the symbols that the lines of a text have. Raises FileError."""
    found = Symbols(_places(text, name))
    if not found:
        raise FileError(f"{name}: has no symbols; {WHERE_FROM}")
    if not any(found.values()):
        raise FileError(f"{name}: all addresses are 0: /proc/kallsyms tells them to root only; {WHERE_FROM}")
    return found


def _places(text: str, file: str) -> Iterator[tuple[str, int]]:
    """Yield name and address of every line whose symbol stands for a place. Raises FileError."""
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or (len(words) == 2 and words[0] in UNDEFINED):
            continue
        address, kind, name = _symbol(words, f"{file}:{number}")
        if kind not in NO_PLACES and not name.startswith(LOCAL):
            yield name, address


def _symbol(words: list[str], where: str) -> tuple[int, str, str]:
    """Return address, type and name of the words of a line. Raises FileError."""
    line = printable(" ".join(words)[:SHOWN].encode())
    if NOTE in line:
        raise FileError(f"{where}: a note in place of the symbols ({line}); {WHERE_FROM}")
    module = len(words) == 4 and words[3].startswith("[") and words[3].endswith("]")
    if len(words) != 3 and not module:
        raise FileError(f"{where}: {line}: {NM}")
    digits, kind, name = words[:3]
    if not ADDRESS.fullmatch(digits):
        raise FileError(f"{where}: {line}: no address of 16 hexadecimal digits at most; {NM}")
    if len(kind) != 1:
        raise FileError(f"{where}: {line}: no type of symbol, which is a letter; {NM}")
    return int(digits, 16), kind, printable(name.encode())
