"""ELF64 for s390x (EM_S390): constants, records, and `File`, which takes a file apart and trusts none of its numbers.

Names are those of the System V ABI and its s390x supplement ("ELF Application Binary Interface, s390x"). Everything
that reads or writes ELF files is built on this: elf_loader.py (programs for the machine), object_file.py (sections for
the disassembler), elf_writer.py (section by section) and relocatable.py (a unit as an object file).

The records are read with `struct`, which takes no time to be imported and none for long symbol tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import NamedTuple

from s390emu.assembler.program import MOST_BYTES as MOST_STORAGE  # that a file may ask for beyond its own length

EM_S390 = 22
ELFCLASS64, ELFDATA2MSB, EV_CURRENT = 2, 2, 1
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_TLS = 1, 2, 7
PF_X, PF_W, PF_R = 1, 2, 4
SHT_NULL, SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS = 0, 1, 2, 3, 4, 7, 8
SHT_DYNSYM, SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY, SHT_GROUP, SHT_SYMTAB_SHNDX = 11, 14, 15, 16, 17, 18
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_MERGE, SHF_STRINGS, SHF_INFO_LINK = 1, 2, 4, 0x10, 0x20, 0x40
SHF_GROUP, SHF_TLS, SHF_COMPRESSED, SHF_EXCLUDE = 0x200, 0x400, 0x800, 0x80000000
GRP_COMDAT = 1
SHN_UNDEF, SHN_LORESERVE, SHN_ABS, SHN_COMMON, SHN_XINDEX = 0, 0xFF00, 0xFFF1, 0xFFF2, 0xFFFF
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE, STT_COMMON, STT_TLS, STT_GNU_IFUNC = 0, 1, 2, 3, 4, 5, 6, 10
STV_DEFAULT, STV_INTERNAL, STV_HIDDEN, STV_PROTECTED = 0, 1, 2, 3
DT_NEEDED, DT_PLTRELSZ, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_JMPREL, DT_FLAGS_1 = 1, 2, 6, 7, 8, 23, 0x6FFFFFFB
DF_1_PIE = 0x8000000

# What sources of the assembler call these things.
SECTION_FLAGS = {
    "w": SHF_WRITE, "a": SHF_ALLOC, "x": SHF_EXECINSTR, "M": SHF_MERGE, "S": SHF_STRINGS, "G": SHF_GROUP, "T": SHF_TLS,
    "e": SHF_EXCLUDE,
}  # fmt: skip
SECTION_TYPES = {
    "progbits": SHT_PROGBITS, "nobits": SHT_NOBITS, "note": SHT_NOTE, "init_array": SHT_INIT_ARRAY,
    "fini_array": SHT_FINI_ARRAY, "preinit_array": SHT_PREINIT_ARRAY,
}  # fmt: skip
SYMBOL_TYPES = {
    "function": STT_FUNC, "object": STT_OBJECT, "tls_object": STT_TLS, "notype": STT_NOTYPE, "common": STT_OBJECT,
    "gnu_indirect_function": STT_GNU_IFUNC, "gnu_unique_object": STT_OBJECT,
}  # fmt: skip
VISIBILITIES = {"internal": STV_INTERNAL, "hidden": STV_HIDDEN, "protected": STV_PROTECTED}

EHDR, PHDR, SHDR = Struct(">16sHHIQQQIHHHHHH"), Struct(">IIQQQQQQ"), Struct(">IIQQQQIIQQ")
SYM, RELA, DYN, WORD = Struct(">IBBHQQ"), Struct(">QIIq"), Struct(">QQ"), Struct(">I")
MAGIC = b"\x7fELF"


class ElfError(Exception):
    """Raised for a file that is no ELF file, for another machine, damaged, or in need of what is not done here."""


class Header(NamedTuple):
    """The file's header (EHDR)."""

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


class ProgramHeader(NamedTuple):
    """A segment (PHDR)."""

    p_type: int
    p_flags: int
    p_offset: int
    p_vaddr: int
    p_paddr: int
    p_filesz: int
    p_memsz: int
    p_align: int


class SectionHeader(NamedTuple):
    """A section (SHDR)."""

    sh_name: int = 0
    sh_type: int = SHT_NULL
    sh_flags: int = 0
    sh_addr: int = 0
    sh_offset: int = 0
    sh_size: int = 0
    sh_link: int = 0
    sh_info: int = 0
    sh_addralign: int = 0
    sh_entsize: int = 0


class Symbol(NamedTuple):
    """An entry of a symbol table (SYM) with its name."""

    name: str
    binding: int  # STB_...
    kind: int  # STT_...
    st_shndx: int
    section: int  # its number, or 0 where it has none (undefined, absolute, common)
    value: int
    size: int


class Rela(NamedTuple):
    """A relocation (RELA)."""

    r_offset: int
    r_sym: int
    r_type: int
    r_addend: int


def is_elf(data: bytes | memoryview) -> bool:
    """True if the bytes begin like an ELF file."""
    return data[: len(MAGIC)] == MAGIC


def printable(name: bytes) -> str:
    """Return a name with \\-escapes for what is no text of one line."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class File:
    """The bytes of an ELF file for this machine, which is called `name` in messages.

    Whatever the file says of itself is checked before it is used; what is wrong is an ElfError. Contents are not
    copied.
    """

    def __init__(self, data: bytes | memoryview, name: str):
        self.name = name
        self.data = memoryview(data)
        self.header = self._header()
        self._tables: dict[int, list[Symbol]] = {}

    def _header(self) -> Header:
        data = self.data
        if not is_elf(data):
            raise ElfError(f"{self.name}: not an ELF file")
        if len(data) < EHDR.size:
            raise self.damaged(f"only {len(data)} bytes")
        if data[4] != ELFCLASS64 or data[5] != ELFDATA2MSB:
            bits, order = {1: "32", 2: "64"}.get(data[4], "?"), {1: "little", 2: "big"}.get(data[5], "?")
            raise ElfError(f"{self.name}: {bits}-bit {order}-endian; s390x is 64-bit big-endian")
        header = Header(*EHDR.unpack(data[: EHDR.size]))
        if header.e_machine != EM_S390:
            raise ElfError(f"{self.name}: for another machine (e_machine {header.e_machine}, s390x is {EM_S390})")
        return header

    def damaged(self, what: str) -> ElfError:
        """Return the error that says what is damaged."""
        return ElfError(f"{self.name}: damaged: {what}")

    # Bytes --------------------------------------------------------------------------------------------------------

    def part(self, offset: int, size: int) -> memoryview:
        """Return some bytes of the file."""
        return self._slice(self.data, offset, size)

    def _slice(self, data: memoryview, offset: int, size: int) -> memoryview:
        if offset + size > len(data):
            raise self.damaged(f"bytes {offset:#x} to {offset + size:#x} are beyond the end ({len(data):#x})")
        return data[offset : offset + size]

    def content(self, shdr: SectionHeader) -> memoryview:
        """Return the content of a section that must have one."""
        if shdr.sh_type == SHT_NOBITS:
            raise self.damaged("a table has no content")
        return self.part(shdr.sh_offset, shdr.sh_size)

    def entries(self, struct: Struct, shdr: SectionHeader) -> Iterator[tuple]:
        """Yield the entries of a table."""
        if shdr.sh_entsize != struct.size or shdr.sh_size % struct.size:
            raise self.damaged(f"a table of entries of {shdr.sh_entsize} bytes instead of {struct.size}")
        return struct.iter_unpack(self.content(shdr))

    def check_room(self, amount: int):
        """Reject a file that asks for far more storage than it fills."""
        if amount > MOST_STORAGE + len(self.data):
            raise self.damaged(f"{amount:#x} bytes of storage are wanted by a file of {len(self.data):#x}")

    # Headers ------------------------------------------------------------------------------------------------------

    @cached_property
    def segments(self) -> list[ProgramHeader]:
        """The program headers."""
        header = self.header
        if not header.e_phnum:
            return []
        if header.e_phentsize != PHDR.size:
            raise self.damaged(f"program headers of {header.e_phentsize} bytes instead of {PHDR.size}")
        table = self.part(header.e_phoff, header.e_phnum * PHDR.size)
        return [ProgramHeader(*fields) for fields in PHDR.iter_unpack(table)]

    @cached_property
    def sections(self) -> list[SectionHeader]:
        """The section headers; the first is no section."""
        header = self.header
        if not header.e_shoff:
            return []
        if header.e_shentsize != SHDR.size:
            raise self.damaged(f"section headers of {header.e_shentsize} bytes instead of {SHDR.size}")
        first = SectionHeader(*SHDR.unpack(self.part(header.e_shoff, SHDR.size)))
        count = header.e_shnum or first.sh_size  # too many for the header's halfword
        return [SectionHeader(*fields) for fields in SHDR.iter_unpack(self.part(header.e_shoff, count * SHDR.size))]

    @cached_property
    def section_names(self) -> list[str]:
        """The name of each section by its number."""
        number = self.header.e_shstrndx
        if number == SHN_XINDEX and self.sections:
            number = self.sections[0].sh_link
        if number == SHN_UNDEF or not self.sections:
            return [f"section {number}" for number in range(len(self.sections))]
        strings = self._strings(number)
        return [self._string(strings, shdr.sh_name) for shdr in self.sections]

    def section(self, number: int) -> SectionHeader:
        """Return a section's header by a number that the file gives."""
        if number >= len(self.sections):
            raise self.damaged(f"there is no section {number}")
        return self.sections[number]

    # Symbols ------------------------------------------------------------------------------------------------------

    def symbols(self, number: int) -> list[Symbol]:
        """Return the symbols of the table that is section `number`."""
        if number not in self._tables:
            self._tables[number] = [*self._read_symbols(number)]
        return self._tables[number]

    def _read_symbols(self, number: int) -> Iterator[Symbol]:
        shdr = self.section(number)
        strings = self._strings(shdr.sh_link)
        far = [self.content(other) for other in self.sections
               if other.sh_type == SHT_SYMTAB_SHNDX and other.sh_link == number]  # fmt: skip
        most = len(self.data) + MOST_STORAGE
        for index, (name, info, _, shndx, value, size) in enumerate(self.entries(SYM, shdr)):
            section, kind = shndx, info & 15
            if section == SHN_XINDEX and far:
                section = WORD.unpack(self._slice(far[0], index * WORD.size, WORD.size))[0]
            elif section >= SHN_LORESERVE:
                section = SHN_UNDEF
            if section >= len(self.sections):
                raise self.damaged(f"symbol {index} is in section {section}, which there is not")
            text = self.section_names[section] if kind == STT_SECTION else self._string(strings, name)
            most -= len(text)
            if most < 0:  # many may share one long name
                raise self.damaged("the names of its symbols are longer than the file")
            yield Symbol(text, info >> 4, kind, shndx, section, value, size)

    def relocations(self, shdr: SectionHeader) -> Iterator[Rela]:
        """Yield the relocations of a section that holds them."""
        return (Rela(*fields) for fields in self.entries(RELA, shdr))

    def symbol_of(self, symbols: list[Symbol], rela: Rela) -> Symbol | None:
        """Return the symbol of a relocation, or None if it is for a plain number."""
        if not rela.r_sym:
            return None
        if rela.r_sym >= len(symbols):
            raise self.damaged(f"a relocation is for symbol {rela.r_sym}, which there is not")
        return symbols[rela.r_sym]

    def _strings(self, number: int) -> bytes:
        return bytes(self.content(self.section(number)))

    def _string(self, strings: bytes, offset: int) -> str:
        end = strings.find(b"\0", offset)
        if end < 0:
            raise self.damaged(f"a name is beyond the end of its table ({offset:#x})")
        return printable(strings[offset:end])
