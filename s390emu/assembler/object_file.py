"""What a disassembler wants of an ELF file of any type: sections, the names of places in them, their relocations.

Nothing is loaded, laid out or resolved (elf.py does that for a machine), so undefined symbols and dynamic linking are
no obstacle. Field names are those of the System V ABI. Read with `struct`, which takes no time to be imported and none
for long symbol tables; a section's content is not copied. Whatever the file says is checked before it is used, and an
ElfError names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import NamedTuple

from s390emu.assembler.disassemble import Labels
from s390emu.assembler.elf import (
    ET_REL,
    MOST_STORAGE,
    PF_X,
    PT_LOAD,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHN_UNDEF,
    SHT_NOBITS,
    SHT_RELA,
    SHT_SYMTAB,
    STB_GLOBAL,
    STB_LOCAL,
    STT_FILE,
    STT_SECTION,
    ElfError,
    check_header,
)

SHT_NULL, SHT_DYNSYM, SHT_SYMTAB_SHNDX = 0, 11, 18
SHF_TLS, SHF_COMPRESSED = 0x400, 0x800
SHN_LORESERVE, SHN_XINDEX = 0xFF00, 0xFFFF
STB_WEAK, STB_GNU_UNIQUE = 2, 10
STT_NOTYPE, STT_FUNC, STT_COMMON, STT_TLS, STT_GNU_IFUNC = 0, 2, 5, 6, 10
NO_PLACES = (STT_SECTION, STT_FILE, STT_COMMON, STT_TLS)  # symbols whose value is no address of theirs
PLT_ENTRY_BYTES = 32  # the first entry is the one that the others branch to

RELOCATION_NAMES = tuple("R_390_" + name for name in (  # noqa: SIM905
    "NONE 8 12 16 32 PC32 GOT12 GOT32 PLT32 COPY GLOB_DAT JMP_SLOT RELATIVE GOTOFF32 GOTPC GOT16 PC16 PC16DBL PLT16DBL "
    "PC32DBL PLT32DBL GOTPCDBL 64 PC64 GOT64 PLT64 GOTENT GOTOFF16 GOTOFF64 GOTPLT12 GOTPLT16 GOTPLT32 GOTPLT64 "
    "GOTPLTENT PLTOFF16 PLTOFF32 PLTOFF64 TLS_LOAD TLS_GDCALL TLS_LDCALL TLS_GD32 TLS_GD64 TLS_GOTIE12 TLS_GOTIE32 "
    "TLS_GOTIE64 TLS_LDM32 TLS_LDM64 TLS_IE32 TLS_IE64 TLS_IEENT TLS_LE32 TLS_LE64 TLS_LDO32 TLS_LDO64 TLS_DTPMOD "
    "TLS_DTPOFF TLS_TPOFF 20 GOT20 GOTPLT20 TLS_GOTIE20 IRELATIVE PC12DBL PLT12DBL PC24DBL PLT24DBL").split()
)  # fmt: skip

_EHDR, _PHDR, _SHDR = Struct(">16sHHIQQQIHHHHHH"), Struct(">IIQQQQQQ"), Struct(">IIQQQQIIQQ")
_SYM, _RELA, _WORD = Struct(">IBBHQQ"), Struct(">QIIq"), Struct(">I")


class _Header(NamedTuple):
    e_ident: bytes
    e_type: int
    e_machine: int
    e_version: int
    e_entry: int
    e_phoff: int
    e_shoff: int
    e_flags: int
    e_ehsize: int
    e_phentsize: int
    e_phnum: int
    e_shentsize: int
    e_shnum: int
    e_shstrndx: int


class _SectionHeader(NamedTuple):
    sh_name: int
    sh_type: int
    sh_flags: int
    sh_addr: int
    sh_offset: int
    sh_size: int
    sh_link: int
    sh_info: int
    sh_addralign: int
    sh_entsize: int


class _Symbol(NamedTuple):
    name: str
    kind: int  # STT_...
    binding: int  # STB_...
    section: int  # its number, or 0 where it has none (undefined, absolute, common)
    value: int


class Relocation(NamedTuple):
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
        check_header(data, name)
        self.name, self._base = name, base
        self._data = memoryview(data)
        self._header = _Header(*_EHDR.unpack(self._data[: _EHDR.size]))
        self._relocatable = self._header.e_type == ET_REL
        self._tables: dict[int, list[_Symbol]] = {}
        self._headers = self._section_headers()
        self._names = self._section_names()
        self.sections = [*self._sections()] if self._headers else [*self._segments()]

    def relocations(self, section: Section) -> list[Relocation]:
        """Return the section's relocations by address; not those that are left to a dynamic linker."""
        found = []
        for shdr in self._relocation_sections.get(section.number, ()):
            symbols = self._symbols(shdr.sh_link)
            for offset, number, kind, addend in self._entries(_RELA, shdr):
                name = RELOCATION_NAMES[kind] if kind < len(RELOCATION_NAMES) else f"relocation type {kind}"
                symbol = self._relocation_symbol(symbols, number)
                found.append(Relocation(self._origin(section) + offset, name, symbol, addend))
        return sorted(found, key=lambda relocation: relocation.address)

    def labels(self, section: Section) -> Labels:
        """Return the names of the places that an instruction of the section may mean.

        That is, in the section alone where no other section has an address yet, or this one has none."""
        if self._relocatable or not self._headers or not self._headers[section.number].sh_flags & SHF_ALLOC:
            return Labels(self._places(section))
        return self._all_labels

    @cached_property
    def _all_labels(self) -> Labels:
        return Labels(place for section in self._with_addresses() for place in self._places(section))

    def _places(self, section: Section) -> Iterator[tuple[int, int, str]]:
        """Yield (address, end of the section, name), the preferred name of several first.

        A section where nothing is named begins with its own name."""
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
        """Return from where the section's symbols and relocations count."""
        return section.address if self._relocatable else self._base

    # Sections -----------------------------------------------------------------------------------------------------

    def _section_headers(self) -> list[_SectionHeader]:
        header = self._header
        if not header.e_shoff:
            return []
        if header.e_shentsize != _SHDR.size:
            raise self._damaged(f"section headers of {header.e_shentsize} bytes instead of {_SHDR.size}")
        first = _SectionHeader(*_SHDR.unpack(self._part(header.e_shoff, _SHDR.size)))
        count = header.e_shnum or first.sh_size  # too many for the header's halfword
        part = self._part(header.e_shoff, count * _SHDR.size)
        return [_SectionHeader(*fields) for fields in _SHDR.iter_unpack(part)]

    def _section_names(self) -> list[str]:
        number = self._header.e_shstrndx
        if number == SHN_XINDEX and self._headers:
            number = self._headers[0].sh_link
        if number == SHN_UNDEF or not self._headers:
            return [f"section {number}" for number in range(len(self._headers))]
        strings = self._strings(number)
        return [self._string(strings, shdr.sh_name) for shdr in self._headers]

    def _sections(self) -> Iterator[Section]:
        for number, shdr in enumerate(self._headers):
            if shdr.sh_type in (SHT_NULL, SHT_NOBITS) or shdr.sh_flags & SHF_COMPRESSED or not shdr.sh_size:
                continue
            content = self._part(shdr.sh_offset, shdr.sh_size)
            yield self._section(number, content)

    def _with_addresses(self) -> Iterator[Section]:
        """Yield the sections that have an address in a linked file, those without content too."""
        for number, shdr in enumerate(self._headers):
            if shdr.sh_flags & SHF_ALLOC and not (shdr.sh_type == SHT_NOBITS and shdr.sh_flags & SHF_TLS):
                yield self._section(number, memoryview(b""))

    def _section(self, number, content) -> Section:
        shdr, name = self._headers[number], self._names[number]
        address = self._address(name, shdr.sh_addr, shdr.sh_size)
        return Section(name, number, address, shdr.sh_size, content, bool(shdr.sh_flags & SHF_EXECINSTR))

    def _segments(self) -> Iterator[Section]:
        """Yield what can be executed of a file without section headers, but for the headers that it may begin with."""
        header = self._header
        if header.e_phnum and header.e_phentsize != _PHDR.size:
            raise self._damaged(f"program headers of {header.e_phentsize} bytes instead of {_PHDR.size}")
        end_of_headers = header.e_phoff + header.e_phnum * _PHDR.size
        table = self._part(header.e_phoff, end_of_headers - header.e_phoff)
        for number, (kind, flags, offset, start, _, size, _, _) in enumerate(_PHDR.iter_unpack(table)):
            if kind != PT_LOAD or not flags & PF_X:
                continue
            name, skipped = f"segment {number}", min(size, max(0, end_of_headers - offset))
            address, content = self._address(name, start, size), self._part(offset, size)
            if size > skipped:
                yield Section(name, number, address + skipped, size - skipped, content[skipped:], True)

    def _address(self, name, address, size) -> int:
        if self._base + address + size > 1 << 64:
            raise self._damaged(f"{name} goes beyond the last address")
        return self._base + address

    @cached_property
    def _relocation_sections(self) -> dict[int, list[_SectionHeader]]:
        """The static relocation sections by the section that they are for."""
        found: dict[int, list[_SectionHeader]] = {}
        for shdr in self._headers:
            if shdr.sh_type == SHT_RELA and self._at(shdr.sh_link).sh_type == SHT_SYMTAB:
                found.setdefault(shdr.sh_info, []).append(shdr)
        return found

    # Symbols ------------------------------------------------------------------------------------------------------

    @cached_property
    def _symbols_by_section(self) -> dict[int, list[_Symbol]]:
        """The symbols that are places, and the entries of the procedure linkage table, by their section."""
        found: dict[int, list[_Symbol]] = {}
        by_kind = {shdr.sh_type: number for number, shdr in enumerate(self._headers)}
        number = by_kind.get(SHT_SYMTAB, by_kind.get(SHT_DYNSYM))
        for symbol in self._symbols(number) if number is not None else ():
            if symbol.name and symbol.section and symbol.kind not in NO_PLACES:
                found.setdefault(symbol.section, []).append(symbol)
        if ".plt" in self._names and ".rela.plt" in self._names:
            plt, entries = self._names.index(".plt"), self._headers[self._names.index(".rela.plt")]
            found.setdefault(plt, []).extend(self._linkage(plt, entries))
        return found

    def _linkage(self, plt: int, shdr: _SectionHeader) -> Iterator[_Symbol]:
        """Yield the entries of the procedure linkage table, as f@plt."""
        symbols = self._symbols(shdr.sh_link) if shdr.sh_link else []
        for entry, (_, number, _, addend) in enumerate(self._entries(_RELA, shdr), 1):
            name = self._relocation_symbol(symbols, number) + (f"{addend:+#x}" if addend else "")
            address = self._headers[plt].sh_addr + entry * PLT_ENTRY_BYTES
            yield _Symbol(name.partition("@")[0] + "@plt", STT_FUNC, STB_GLOBAL, plt, address)

    def _symbols(self, number: int) -> list[_Symbol]:
        """Return the symbols of the table that is section `number`."""
        if number not in self._tables:
            self._tables[number] = [*self._read_symbols(number)]
        return self._tables[number]

    def _read_symbols(self, number) -> Iterator[_Symbol]:
        shdr = self._at(number)
        strings = self._strings(shdr.sh_link)
        far = [self._contents(other) for other in self._headers
               if other.sh_type == SHT_SYMTAB_SHNDX and other.sh_link == number]  # fmt: skip
        most = len(self._data) + MOST_STORAGE
        for index, (name, info, _, section, value, _) in enumerate(self._entries(_SYM, shdr)):
            if section == SHN_XINDEX and far:
                section = _WORD.unpack(self._slice(far[0], index * _WORD.size, _WORD.size))[0]
            elif section >= SHN_LORESERVE:
                section = SHN_UNDEF
            if section >= len(self._headers):
                raise self._damaged(f"symbol {index} is in section {section}, which there is not")
            text = self._names[section] if info & 15 == STT_SECTION else self._string(strings, name)
            most -= len(text)
            if most < 0:
                raise self._damaged("the names of its symbols are longer than the file")
            yield _Symbol(text, info & 15, info >> 4, section, value)

    def _relocation_symbol(self, symbols, number) -> str:
        if not number:
            return "*ABS*"
        if number >= len(symbols):
            raise self._damaged(f"a relocation is for symbol {number}, which there is not")
        return symbols[number].name

    # Bytes --------------------------------------------------------------------------------------------------------

    def _damaged(self, what: str) -> ElfError:
        return ElfError(f"{self.name}: damaged: {what}")

    def _slice(self, data, offset, size):
        if offset + size > len(data):
            raise self._damaged(f"bytes {offset:#x} to {offset + size:#x} are beyond the end ({len(data):#x})")
        return data[offset : offset + size]

    def _part(self, offset, size) -> memoryview:
        return self._slice(self._data, offset, size)

    def _at(self, number) -> _SectionHeader:
        if number >= len(self._headers):
            raise self._damaged(f"there is no section {number}")
        return self._headers[number]

    def _contents(self, shdr) -> memoryview:
        if shdr.sh_type == SHT_NOBITS:
            raise self._damaged("a table has no content")
        return self._part(shdr.sh_offset, shdr.sh_size)

    def _entries(self, struct, shdr):
        if shdr.sh_entsize != struct.size or shdr.sh_size % struct.size:
            raise self._damaged(f"a table of entries of {shdr.sh_entsize} bytes instead of {struct.size}")
        return struct.iter_unpack(self._contents(shdr))

    def _strings(self, number) -> bytes:
        return bytes(self._contents(self._at(number)))

    def _string(self, strings, offset) -> str:
        end = strings.find(b"\0", offset)
        if end < 0:
            raise self._damaged(f"a name is beyond the end of its table ({offset:#x})")
        return printable(strings[offset:end])


def printable(name: bytes) -> str:
    """Return a name with \\-escapes for what is no text of one line."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _rank(symbol: _Symbol) -> tuple[bool, bool, bool, str]:
    """Return what sorts the symbols of one address, the name that objdump would choose first."""
    return (
        symbol.kind not in (STT_FUNC, STT_GNU_IFUNC),
        symbol.kind == STT_NOTYPE,
        symbol.binding == STB_LOCAL,
        symbol.name,
    )
