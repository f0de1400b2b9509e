"""What a disassembler needs of an ELF file of any type: sections, the names of places in them, their relocations.

Nothing is loaded, laid out or resolved (elf_loader.py does that for a machine), so undefined symbols and dynamic
linking are no obstacle.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from s390emu.assembler.disassemble import Labels
from s390emu.assembler.elf import (
    ET_REL,
    PF_X,
    PHDR,
    PT_LOAD,
    SHF_ALLOC,
    SHF_COMPRESSED,
    SHF_EXECINSTR,
    SHF_TLS,
    SHT_DYNSYM,
    SHT_NOBITS,
    SHT_NULL,
    SHT_RELA,
    SHT_SYMTAB,
    STB_GLOBAL,
    STB_LOCAL,
    STT_COMMON,
    STT_FILE,
    STT_FUNC,
    STT_GNU_IFUNC,
    STT_NOTYPE,
    STT_SECTION,
    STT_TLS,
    File,
    SectionHeader,
    Symbol,
)
from s390emu.assembler.relocations import NAMES

NO_PLACES = (STT_SECTION, STT_FILE, STT_COMMON, STT_TLS)  # symbols that do not name a place in a section
PLT_ENTRY_BYTES = 32  # the first entry is the one that the others branch to


class Relocation(NamedTuple):
    """A relocation in words, as objdump -r has it."""

    address: int
    kind: str
    symbol: str
    addend: int

    def __str__(self) -> str:
        return f"{self.kind}\t{self.symbol}{f'{self.addend:+#x}' if self.addend else ''}"


class Section(NamedTuple):
    """A section that has a content, or of a file without section headers, a segment."""

    name: str
    number: int
    address: int
    size: int
    content: memoryview
    code: bool


class ObjectFile:
    """An ELF file in `data`, which is called `name` in messages; `base` is added to all its addresses."""

    def __init__(self, data: bytes | memoryview, name: str, base: int = 0):
        self.name, self._base = name, base
        self._file = File(data, name)
        self._headers, self._names = self._file.sections, self._file.section_names
        self._relocatable = self._file.header.e_type == ET_REL
        self.sections = [*self._sections()] if self._headers else [*self._segments()]

    def relocations(self, section: Section) -> list[Relocation]:
        """Return the section's relocations by address; not those that are left to a dynamic linker."""
        found = []
        for shdr in self._relocation_sections.get(section.number, ()):
            symbols = self._file.symbols(shdr.sh_link)
            for rela in self._file.relocations(shdr):
                kind = NAMES.get(rela.r_type, f"relocation type {rela.r_type}")
                symbol = self._file.symbol_of(symbols, rela)
                address = self._origin(section) + rela.r_offset
                found.append(Relocation(address, kind, _name(symbol), rela.r_addend))
        return sorted(found, key=lambda relocation: relocation.address)

    def labels(self, section: Section) -> Labels:
        """Return the names of the places that an instruction of the section may mean.

        Those are the section's own where no other section has an address yet, or this one has none.
        """
        if self._relocatable or not self._headers or not self._headers[section.number].sh_flags & SHF_ALLOC:
            return Labels(self._places(section))
        return self._all_labels

    @cached_property
    def _all_labels(self) -> Labels:
        return Labels(place for section in self._with_addresses() for place in self._places(section))

    def _places(self, section: Section) -> Iterator[tuple[int, int, str]]:
        """Yield (address, end of the section, name), the preferred name of several first.

        A section whose first byte has no name is called by its own.
        """
        start, end = section.address, section.address + section.size
        nameless = True
        for symbol in sorted(self._symbols_by_section.get(section.number, ()), key=_rank):
            address = self._origin(section) + symbol.value
            if start <= address < end:
                nameless = nameless and address != start
                yield address, end, symbol.name
        if nameless:
            yield start, end, section.name

    def _origin(self, section: Section) -> int:
        """Return the address that the section's symbols and relocations are relative to."""
        return section.address if self._relocatable else self._base

    # Sections -----------------------------------------------------------------------------------------------------

    def _sections(self) -> Iterator[Section]:
        """Yield the sections that have a content."""
        for number, shdr in enumerate(self._headers):
            if shdr.sh_type in (SHT_NULL, SHT_NOBITS) or shdr.sh_flags & SHF_COMPRESSED or not shdr.sh_size:
                continue
            yield self._section(number, self._file.part(shdr.sh_offset, shdr.sh_size))

    def _with_addresses(self) -> Iterator[Section]:
        """Yield the sections that have an address in a linked file, those without content too."""
        for number, shdr in enumerate(self._headers):
            if shdr.sh_flags & SHF_ALLOC and not (shdr.sh_type == SHT_NOBITS and shdr.sh_flags & SHF_TLS):
                yield self._section(number, memoryview(b""))

    def _section(self, number: int, content: memoryview) -> Section:
        shdr, name = self._headers[number], self._names[number]
        address = self._address(name, shdr.sh_addr, shdr.sh_size)
        return Section(name, number, address, shdr.sh_size, content, bool(shdr.sh_flags & SHF_EXECINSTR))

    def _segments(self) -> Iterator[Section]:
        """Yield the executable segments of a file without section headers, leaving out the file's own headers."""
        header = self._file.header
        end_of_headers = header.e_phoff + header.e_phnum * PHDR.size
        for number, phdr in enumerate(self._file.segments):
            if phdr.p_type != PT_LOAD or not phdr.p_flags & PF_X:
                continue
            name, size = f"segment {number}", phdr.p_filesz
            skipped = min(size, max(0, end_of_headers - phdr.p_offset))
            address, content = self._address(name, phdr.p_vaddr, size), self._file.part(phdr.p_offset, size)
            if size > skipped:
                yield Section(name, number, address + skipped, size - skipped, content[skipped:], True)

    def _address(self, name: str, address: int, size: int) -> int:
        if self._base + address + size > 1 << 64:
            raise self._file.damaged(f"{name} goes beyond the last address")
        return self._base + address

    @cached_property
    def _relocation_sections(self) -> dict[int, list[SectionHeader]]:
        """The static relocation sections by the section that they are for."""
        found: dict[int, list[SectionHeader]] = {}
        for shdr in self._headers:
            if shdr.sh_type == SHT_RELA and self._file.section(shdr.sh_link).sh_type == SHT_SYMTAB:
                found.setdefault(shdr.sh_info, []).append(shdr)
        return found

    # Symbols ------------------------------------------------------------------------------------------------------

    @cached_property
    def _symbols_by_section(self) -> dict[int, list[Symbol]]:
        """The symbols that are places, and the entries of the procedure linkage table, by their section."""
        found: dict[int, list[Symbol]] = {}
        by_kind = {shdr.sh_type: number for number, shdr in enumerate(self._headers)}
        number = by_kind.get(SHT_SYMTAB, by_kind.get(SHT_DYNSYM))
        for symbol in self._file.symbols(number) if number is not None else ():
            if symbol.name and symbol.section and symbol.kind not in NO_PLACES:
                found.setdefault(symbol.section, []).append(symbol)
        if ".plt" in self._names and ".rela.plt" in self._names:
            plt, entries = self._names.index(".plt"), self._headers[self._names.index(".rela.plt")]
            found.setdefault(plt, []).extend(self._linkage(plt, entries))
        return found

    def _linkage(self, plt: int, shdr: SectionHeader) -> Iterator[Symbol]:
        """Yield the entries of the procedure linkage table, as f@plt."""
        symbols = self._file.symbols(shdr.sh_link) if shdr.sh_link else []
        for entry, rela in enumerate(self._file.relocations(shdr), 1):
            name = _name(self._file.symbol_of(symbols, rela)) + (f"{rela.r_addend:+#x}" if rela.r_addend else "")
            address = self._headers[plt].sh_addr + entry * PLT_ENTRY_BYTES
            yield Symbol(name.partition("@")[0] + "@plt", STB_GLOBAL, STT_FUNC, plt, plt, address, PLT_ENTRY_BYTES)


def _name(symbol: Symbol | None) -> str:
    """Return what objdump calls the symbol of a relocation."""
    return symbol.name if symbol else "*ABS*"


def _rank(symbol: Symbol) -> tuple[bool, bool, bool, str]:
    """Return a sort key for the symbols of one address: first the one that objdump would choose."""
    return (
        symbol.kind not in (STT_FUNC, STT_GNU_IFUNC),
        symbol.kind == STT_NOTYPE,
        symbol.binding == STB_LOCAL,
        symbol.name,
    )
