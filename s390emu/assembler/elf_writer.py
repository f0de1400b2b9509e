"""Writing ELF files: section by section (`SectionWriter`), and an assembled program as an executable."""

from __future__ import annotations

from s390emu.assembler.elf import (
    EHDR,
    ELFCLASS64,
    ELFDATA2MSB,
    EM_S390,
    ET_EXEC,
    EV_CURRENT,
    MAGIC,
    PF_R,
    PF_W,
    PF_X,
    PHDR,
    PT_LOAD,
    RELA,
    SHDR,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_WRITE,
    SHN_ABS,
    SHN_LORESERVE,
    SHT_NOBITS,
    SHT_PROGBITS,
    SHT_RELA,
    SHT_STRTAB,
    SHT_SYMTAB,
    STB_GLOBAL,
    STB_LOCAL,
    STT_NOTYPE,
    STV_DEFAULT,
    SYM,
    ElfError,
    Header,
    ProgramHeader,
    SectionHeader,
)
from s390emu.assembler.number_encoding import signed_64
from s390emu.assembler.program import Program

_ENTRY_BYTES = {SHT_SYMTAB: SYM.size, SHT_RELA: RELA.size}


class Strings:
    """A string table."""

    def __init__(self):
        self.data = bytearray(1)

    def add(self, text: str) -> int:
        """Add a string; return its offset."""
        offset = len(self.data)
        self.data += text.encode() + b"\0"
        return offset


class SectionWriter:
    """Writes sections one behind the other, the first at the offset `start`."""

    def __init__(self, start: int = EHDR.size):
        self.start = start
        self.names = Strings()
        self.headers = [SectionHeader()]
        self.body = bytearray()

    def add(
        self,
        name: str,
        kind: int,
        flags: int,
        data: bytes | bytearray,
        link: int = 0,
        info: int = 0,
        address: int = 0,
        align: int = 1,
        entry: int = 0,
    ) -> int:
        """Add a section; return the offset of its content. `entry`: the size of its entries, if `kind` does not say."""
        if kind != SHT_NOBITS:
            self.body += bytes(-(self.start + len(self.body)) % align)
        offset, entry = self.start + len(self.body), _ENTRY_BYTES.get(kind, entry)
        header = SectionHeader(
            self.names.add(name), kind, flags, address, offset, len(data), link, info, align, entry
        )  # fmt: skip
        self.headers.append(header)
        if kind != SHT_NOBITS:
            self.body += data
        return offset

    def finish(self, kind: int, entry: int = 0, segments: tuple[ProgramHeader, ...] = ()) -> bytes:
        """Return the file; the names of the sections become its last section."""
        if len(self.headers) >= SHN_LORESERVE:
            raise ElfError(f"{len(self.headers)} sections, which is more than an ELF file numbers in 16 bits")
        self.add(".shstrtab", SHT_STRTAB, 0, self.names.data + b".shstrtab\0")
        self.body += bytes(-(self.start + len(self.body)) % 8)
        header = Header(
            e_ident=MAGIC + bytes((ELFCLASS64, ELFDATA2MSB, EV_CURRENT)), e_type=kind, e_machine=EM_S390,
            e_version=EV_CURRENT, e_entry=entry, e_phoff=EHDR.size if segments else 0,
            e_shoff=self.start + len(self.body), e_flags=0, e_ehsize=EHDR.size,
            e_phentsize=PHDR.size if segments else 0, e_phnum=len(segments), e_shentsize=SHDR.size,
            e_shnum=len(self.headers), e_shstrndx=len(self.headers) - 1,
        )  # fmt: skip
        headers = (SHDR.pack(*shdr) for shdr in self.headers)
        return b"".join((EHDR.pack(*header), *(PHDR.pack(*phdr) for phdr in segments), self.body, *headers))


def symbol_entry(
    name: int, binding: int, kind: int, visibility: int, section: int, value: int, size: int
) -> bytes:  # fmt: skip
    """Return an entry of a symbol table."""
    return SYM.pack(name, binding << 4 | kind, visibility, section, value % (1 << 64), size % (1 << 64))


def relocation_entry(offset: int, symbol: int, kind: int, addend: int) -> bytes:
    """Return an entry of a table of relocations."""
    return RELA.pack(offset, symbol, kind, signed_64(addend))


def write_executable(program: Program) -> bytes:
    """Return a program as an executable with one segment per section, section headers and all symbols."""
    file = SectionWriter(EHDR.size + len(program.sections) * PHDR.size)
    segments = []
    for section in program.sections:
        size, in_file = len(section.data), 0 if section.bss else len(section.data)
        writable = section.name.startswith((".data", ".bss"))
        flags = SHF_ALLOC | SHF_WRITE * writable | SHF_EXECINSTR * section.code
        kind = SHT_NOBITS if section.bss else SHT_PROGBITS
        offset = file.add(section.name, kind, flags, section.data, address=section.address)
        access = PF_R | PF_W * writable | PF_X * section.code
        segments.append(
            ProgramHeader(PT_LOAD, access, offset, section.address, section.address, in_file, size, p_align=1)
        )
    strings = Strings()
    symbols, first_global = _symbols(program, strings)
    file.add(".symtab", SHT_SYMTAB, 0, symbols, len(program.sections) + 2, first_global)
    file.add(".strtab", SHT_STRTAB, 0, strings.data)
    return file.finish(ET_EXEC, program.entry, tuple(segments))


def _symbols(program: Program, strings: Strings) -> tuple[bytearray, int]:
    """Return the symbol table, private symbols first, and the number of the first that is global."""
    table = bytearray(SYM.size)
    ordered = sorted(program.symbols.items(), key=lambda item: (item[0] in program.global_symbols, item[1], item[0]))
    for name, value in ordered:
        binding = STB_GLOBAL if name in program.global_symbols else STB_LOCAL
        section = _section_of(program, value)
        table += symbol_entry(strings.add(name), binding, STT_NOTYPE, STV_DEFAULT, section, value, 0)
    return table, 1 + sum(name not in program.global_symbols for name in program.symbols)


def _section_of(program: Program, value: int) -> int:
    """Return the number of the section that a symbol of this value is in."""
    for past_end in (0, 1):  # a symbol at the end of a section belongs to it unless another begins there
        for number, section in enumerate(program.sections, 1):
            if section.address <= value < section.address + len(section.data) + past_end:
                return number
    return SHN_ABS
