"""ELF64 for s390x (EM_S390), both ways: what the assembler writes and what the machine loads.

Names are those of the System V ABI and its s390x supplement ("ELF Application Binary Interface, s390x"). Executables
are taken as they are; a relocatable file is laid out from an origin and its relocations applied. No dynamic linking.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from s390emu.assembler.program import LEAST_ALIGNMENT, Program, Section, entry_of

EM_S390 = 22
ET_REL, ET_EXEC = 1, 2
PT_LOAD = 1
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOBITS = 1, 2, 3, 4, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
SHN_UNDEF, SHN_ABS, SHN_COMMON = 0, 0xFFF1, 0xFFF2
STB_LOCAL, STB_GLOBAL = 0, 1
STT_SECTION, STT_FILE = 3, 4
PF_X, PF_W, PF_R = 1, 2, 4
EHDR_BYTES = 64

MOST_STORAGE = 1 << 28  # that a file may ask for beyond its own length; more is damage

# Relocation type: name, bytes, of the distance from the place, in halfwords. PLT: there is none, the call is direct.
R_390 = {
    0: ("R_390_NONE", 0, False, False),
    1: ("R_390_8", 1, False, False),
    3: ("R_390_16", 2, False, False),
    4: ("R_390_32", 4, False, False),
    5: ("R_390_PC32", 4, True, False),
    17: ("R_390_PC16DBL", 2, True, True),
    18: ("R_390_PLT16DBL", 2, True, True),
    19: ("R_390_PC32DBL", 4, True, True),
    20: ("R_390_PLT32DBL", 4, True, True),
    22: ("R_390_64", 8, False, False),
    23: ("R_390_PC64", 8, True, False),
    26: ("R_390_GOTENT", 4, True, True),  # of the symbol's entry in the global offset table
}
GOT_ENTRY, GOT_ENTRY_BYTES = 26, 8


class ElfError(Exception):
    """A file that is no ELF file, not this machine's, damaged, or in need of something that is not done here."""


@cache
def _structs() -> SimpleNamespace:
    """The headers; made when first needed, as `construct` takes its time to be imported."""
    from construct import Const, Int8ub, Int16ub, Int32ub, Int64sb, Int64ub, Padding, Struct

    return SimpleNamespace(
        Ehdr=Struct(
            "magic" / Const(b"\x7fELF"), "ei_class" / Int8ub, "ei_data" / Int8ub, "ei_version" / Int8ub,
            "ei_osabi" / Int8ub, "ei_abiversion" / Int8ub, Padding(7),
            "e_type" / Int16ub, "e_machine" / Int16ub, "e_version" / Int32ub, "e_entry" / Int64ub,
            "e_phoff" / Int64ub, "e_shoff" / Int64ub, "e_flags" / Int32ub, "e_ehsize" / Int16ub,
            "e_phentsize" / Int16ub, "e_phnum" / Int16ub, "e_shentsize" / Int16ub, "e_shnum" / Int16ub,
            "e_shstrndx" / Int16ub,
        ),
        Phdr=Struct(
            "p_type" / Int32ub, "p_flags" / Int32ub, "p_offset" / Int64ub, "p_vaddr" / Int64ub, "p_paddr" / Int64ub,
            "p_filesz" / Int64ub, "p_memsz" / Int64ub, "p_align" / Int64ub,
        ),
        Shdr=Struct(
            "sh_name" / Int32ub, "sh_type" / Int32ub, "sh_flags" / Int64ub, "sh_addr" / Int64ub, "sh_offset" / Int64ub,
            "sh_size" / Int64ub, "sh_link" / Int32ub, "sh_info" / Int32ub, "sh_addralign" / Int64ub,
            "sh_entsize" / Int64ub,
        ),
        Sym=Struct(
            "st_name" / Int32ub, "st_info" / Int8ub, "st_other" / Int8ub, "st_shndx" / Int16ub, "st_value" / Int64ub,
            "st_size" / Int64ub,
        ),
        Rela=Struct("r_offset" / Int64ub, "r_sym" / Int32ub, "r_type" / Int32ub, "r_addend" / Int64sb),
    )  # fmt: skip


# Writing --------------------------------------------------------------------------------------------------------------


class Strings:
    """A string table."""

    def __init__(self):
        self.data = bytearray(1)

    def add(self, text: str) -> int:
        self.data += text.encode() + b"\0"
        return len(self.data) - len(text.encode()) - 1


class SectionWriter:
    """The sections of an ELF file, as they are put one behind the other from the offset `start`."""

    def __init__(self, start: int):
        self.start = start
        self.names = Strings()
        self.headers = [_structs().Shdr.build(dict.fromkeys(_SHDR_FIELDS, 0))]
        self.body = bytearray()

    def add(self, name, kind, flags, data, link=0, info=0, address=0, align=1, entry=0) -> int:
        """Add a section; return the offset of its content."""
        self.body += bytes(-(self.start + len(self.body)) % align) if kind != SHT_NOBITS else b""
        offset = self.start + len(self.body)
        values = (self.names.add(name), kind, flags, address, offset, len(data), link, info, align, entry)
        self.headers.append(_structs().Shdr.build(dict(zip(_SHDR_FIELDS, values, strict=True))))
        if kind != SHT_NOBITS:
            self.body += data
        return offset

    def finish(self, kind: int, entry: int = 0, phdrs: bytes = b"") -> bytes:
        """The file, with the names of the sections as its last section."""
        make = _structs()
        self.add(".shstrtab", SHT_STRTAB, 0, self.names.data + b".shstrtab\0")
        self.body += bytes(-(self.start + len(self.body)) % 8)
        header = make.Ehdr.build(dict(
            ei_class=2, ei_data=2, ei_version=1, ei_osabi=0, ei_abiversion=0, e_type=kind, e_machine=EM_S390,
            e_version=1, e_entry=entry, e_phoff=make.Ehdr.sizeof() if phdrs else 0,
            e_shoff=self.start + len(self.body), e_flags=0, e_ehsize=make.Ehdr.sizeof(),
            e_phentsize=make.Phdr.sizeof() if phdrs else 0, e_phnum=len(phdrs) // make.Phdr.sizeof(),
            e_shentsize=make.Shdr.sizeof(), e_shnum=len(self.headers), e_shstrndx=len(self.headers) - 1,
        ))  # fmt: skip
        return b"".join((header, phdrs, self.body, *self.headers))


_SHDR_FIELDS = ("sh_name", "sh_type", "sh_flags", "sh_addr", "sh_offset", "sh_size", "sh_link", "sh_info",
                "sh_addralign", "sh_entsize")  # fmt: skip


def symbol_entry(name: int, info: int, other: int, section: int, value: int, size: int) -> bytes:
    """An entry of a symbol table."""
    return _structs().Sym.build(dict(
        st_name=name, st_info=info, st_other=other, st_shndx=section, st_value=value % (1 << 64), st_size=size,
    ))  # fmt: skip


def relocation_entry(offset: int, symbol: int, kind: int, addend: int) -> bytes:
    """An entry of a table of relocations; an addend has 64 bits."""
    addend = (addend + (1 << 63)) % (1 << 64) - (1 << 63)
    return _structs().Rela.build(dict(r_offset=offset, r_sym=symbol, r_type=kind, r_addend=addend))


def write_executable(program: Program) -> bytes:
    """ET_EXEC with one PT_LOAD per section, section headers and all symbols."""
    make = _structs()
    file = SectionWriter(make.Ehdr.sizeof() + len(program.sections) * make.Phdr.sizeof())
    phdrs = bytearray()
    for section in program.sections:
        size, in_file = len(section.data), 0 if section.bss else len(section.data)
        writable = section.name.startswith((".data", ".bss"))
        flags = SHF_ALLOC | SHF_WRITE * writable | SHF_EXECINSTR * section.code
        kind = SHT_NOBITS if section.bss else SHT_PROGBITS
        offset = file.add(section.name, kind, flags, section.data, address=section.address)
        phdrs += make.Phdr.build(dict(
            p_type=PT_LOAD, p_flags=PF_R | PF_W * writable | PF_X * section.code, p_offset=offset,
            p_vaddr=section.address, p_paddr=section.address, p_filesz=in_file, p_memsz=size, p_align=1,
        ))  # fmt: skip
    strings = Strings()
    symbols, first_global = _symbols(program, strings)
    file.add(".symtab", SHT_SYMTAB, 0, symbols, len(program.sections) + 2, first_global, entry=make.Sym.sizeof())
    file.add(".strtab", SHT_STRTAB, 0, strings.data)
    return file.finish(ET_EXEC, program.entry, bytes(phdrs))


def _symbols(program, strings) -> tuple[bytearray, int]:
    """The symbol table, private symbols first, and the number of the first that is global."""
    table = bytearray(_structs().Sym.sizeof())
    ordered = sorted(program.symbols.items(), key=lambda item: (item[0] in program.global_symbols, item[1], item[0]))
    for name, value in ordered:
        binding = STB_GLOBAL if name in program.global_symbols else STB_LOCAL
        table += symbol_entry(strings.add(name), binding << 4, 0, _section_of(program, value), value, 0)
    return table, 1 + sum(name not in program.global_symbols for name in program.symbols)


def _section_of(program, value) -> int:
    for past_end in (0, 1):  # a symbol at the end of a section belongs to it if to no other
        for number, section in enumerate(program.sections, 1):
            if section.address <= value < section.address + len(section.data) + past_end:
                return number
    return SHN_ABS


# Reading --------------------------------------------------------------------------------------------------------------


def read_elf(data: bytes, origin: int = 0, name: str = "ELF file") -> Program:
    """An executable, or a relocatable file laid out from `origin`, as a program ready to be loaded."""
    from construct import ConstructError

    try:
        header = _header(data, name)
        shdrs = _table(data, "Shdr", header.e_shoff, header.e_shnum)
        if header.e_type == ET_EXEC:
            return _executable(data, header, shdrs)
        if header.e_type == ET_REL:
            return _Relocatable(data, shdrs, header.e_shstrndx, origin, name).program()
    except (ConstructError, IndexError, ValueError) as error:
        raise ElfError(f"{name}: damaged: {str(error).splitlines()[0]}") from error
    kind = {3: "a shared object (link it with -static -no-pie)", 4: "a core dump"}.get(header.e_type, "of unknown type")
    raise ElfError(f"{name}: {kind}, not an executable or relocatable file")


def is_elf(data: bytes) -> bool:
    return data[:4] == b"\x7fELF"


def _header(data, name):
    if not is_elf(data):
        raise ElfError(f"{name}: not an ELF file")
    if len(data) < _structs().Ehdr.sizeof():
        raise ElfError(f"{name}: damaged: only {len(data)} bytes")
    if data[4] != 2 or data[5] != 2:
        bits, order = {1: "32", 2: "64"}.get(data[4], "?"), {1: "little", 2: "big"}.get(data[5], "?")
        raise ElfError(f"{name}: {bits}-bit {order}-endian; s390x is 64-bit big-endian")
    header = _structs().Ehdr.parse(data)
    if header.e_machine != EM_S390:
        raise ElfError(f"{name}: for another machine (e_machine {header.e_machine}, s390x is {EM_S390})")
    return header


def _table(data, struct, offset, count):
    make = getattr(_structs(), struct)
    size = make.sizeof()
    return [make.parse(data[offset + number * size :][:size]) for number in range(count)]


def _part(data, offset, size) -> bytes:
    if offset + size > len(data):
        raise IndexError(f"bytes {offset:#x} to {offset + size:#x} are beyond its end ({len(data):#x})")
    return data[offset : offset + size]


def _check_room(sizes):
    total = sum(sizes)
    if total > MOST_STORAGE:
        raise IndexError(f"{total:#x} bytes of storage are wanted beside its contents")


def _string(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode() if 0 <= offset < len(table) else ""


def _executable(data, header, shdrs) -> Program:
    sections = []
    phdrs = _table(data, "Phdr", header.e_phoff, header.e_phnum)
    _check_room(max(0, phdr.p_memsz - phdr.p_filesz) for phdr in phdrs if phdr.p_type == PT_LOAD)
    for number, phdr in enumerate(phdrs):
        if phdr.p_type != PT_LOAD:
            continue
        code = bool(phdr.p_flags & PF_X)
        sections.append(
            Section(f"segment {number}", phdr.p_paddr, _part(data, phdr.p_offset, phdr.p_filesz), code=code)
        )
        if phdr.p_memsz > phdr.p_filesz:
            rest = bytes(phdr.p_memsz - phdr.p_filesz)
            sections.append(Section(f"segment {number} bss", phdr.p_paddr + phdr.p_filesz, rest, bss=True))
    sections = [section for section in sections if section.data]
    symbols, shared = {}, set()
    for shdr in shdrs:
        if shdr.sh_type == SHT_SYMTAB:
            for name, symbol in _symbol_table(data, shdrs, shdr):
                if name and symbol.st_shndx != SHN_UNDEF and symbol.st_info & 15 not in (STT_SECTION, STT_FILE):
                    symbols[name] = symbol.st_value
                    if symbol.st_info >> 4 != STB_LOCAL:
                        shared.add(name)
    return Program(sections, symbols, [], header.e_entry, frozenset(shared))


def _symbol_table(data, shdrs, shdr):
    strings = _part(data, shdrs[shdr.sh_link].sh_offset, shdrs[shdr.sh_link].sh_size)
    count = shdr.sh_size // _structs().Sym.sizeof()
    return [(_string(strings, symbol.st_name), symbol) for symbol in _table(data, "Sym", shdr.sh_offset, count)]


class _Relocatable:
    """A relocatable file on its way into storage."""

    def __init__(self, data, shdrs, names_index, origin, name):
        self.data, self.shdrs, self.name = data, shdrs, name
        names = _part(data, shdrs[names_index].sh_offset, shdrs[names_index].sh_size)
        self.names = [_string(names, shdr.sh_name) for shdr in shdrs]
        self.contents: dict[int, bytearray] = {}
        self.addresses: dict[int, int] = {}
        loaded = [number for number, shdr in enumerate(shdrs) if shdr.sh_flags & SHF_ALLOC and shdr.sh_size]
        _check_room(shdrs[number].sh_size for number in loaded if shdrs[number].sh_type == SHT_NOBITS)
        # Code, then other data, then what has room only: as the assembler does.
        loaded.sort(key=lambda n: (shdrs[n].sh_type == SHT_NOBITS, not shdrs[n].sh_flags & SHF_EXECINSTR))
        for number in loaded:
            shdr = shdrs[number]
            origin += -origin % max(shdr.sh_addralign, LEAST_ALIGNMENT)
            self.addresses[number] = origin
            if shdr.sh_type == SHT_NOBITS:
                self.contents[number] = bytearray(shdr.sh_size)
            else:
                self.contents[number] = bytearray(_part(data, shdr.sh_offset, shdr.sh_size))
            origin += shdr.sh_size
        self.offset_table = origin + -origin % GOT_ENTRY_BYTES
        self.entries: dict[int, int] = {}  # symbol value -> address of its entry in the global offset table

    def program(self) -> Program:
        symbols: dict[str, int] = {}
        shared = set()
        for shdr in self.shdrs:
            if shdr.sh_type == SHT_SYMTAB:
                table = _symbol_table(self.data, self.shdrs, shdr)
                values = [self._value(*entry) for entry in table]
                for (name, symbol), value in zip(table, values, strict=True):
                    if name and value is not None and symbol.st_info & 15 != STT_FILE:
                        symbols[name] = value
                        if symbol.st_info >> 4 != STB_LOCAL:
                            shared.add(name)
                self._relocate(table, values)
        sections = [
            Section(
                self.names[number], address, bytes(self.contents[number]),
                self.shdrs[number].sh_type == SHT_NOBITS, bool(self.shdrs[number].sh_flags & SHF_EXECINSTR),
            )
            for number, address in self.addresses.items()
        ]  # fmt: skip
        if self.entries:
            data = b"".join(value.to_bytes(GOT_ENTRY_BYTES, "big") for value in self.entries)
            sections.append(Section(".got", self.offset_table, data))
        return Program(sections, symbols, [], entry_of(symbols, sections), frozenset(shared))

    def _value(self, name, symbol) -> int | None:
        if symbol.st_shndx == SHN_ABS:
            return symbol.st_value
        if symbol.st_shndx == SHN_COMMON:
            raise ElfError(f"{self.name}: common symbol {name} has no place (compile with -fno-common)")
        if symbol.st_shndx not in self.addresses:
            return None
        return self.addresses[symbol.st_shndx] + symbol.st_value

    def _relocate(self, table, values):
        for shdr in self.shdrs:
            if shdr.sh_type != SHT_RELA or shdr.sh_info not in self.contents:
                continue
            count = shdr.sh_size // _structs().Rela.sizeof()
            for rela in _table(self.data, "Rela", shdr.sh_offset, count):
                value = values[rela.r_sym] if rela.r_sym else 0
                if value is None:
                    raise ElfError(f"{self.name}: undefined symbol {table[rela.r_sym][0] or '(no name)'}")
                if rela.r_type == GOT_ENTRY:
                    value = self.entries.setdefault(value, self.offset_table + GOT_ENTRY_BYTES * len(self.entries))
                self._apply(shdr.sh_info, rela, value + rela.r_addend)

    def _apply(self, number, rela, value):
        if rela.r_type not in R_390:
            raise ElfError(f"{self.name}: relocation type {rela.r_type} is not supported; link the file first")
        kind, size, relative, halfwords = R_390[rela.r_type]
        if relative:
            value -= self.addresses[number] + rela.r_offset
        if halfwords:
            if value & 1:
                raise ElfError(f"{self.name}: {kind} at an odd distance in {self.names[number]}+{rela.r_offset:#x}")
            value >>= 1
        bits = 8 * size
        lowest = -(1 << bits - 1) if size else value
        highest = ((1 << bits - 1) if relative else (1 << bits)) if size else value + 1
        if not lowest <= value < highest:
            raise ElfError(f"{self.name}: {kind} in {self.names[number]}+{rela.r_offset:#x} does not reach its symbol")
        _part(self.contents[number], rela.r_offset, size)
        self.contents[number][rela.r_offset : rela.r_offset + size] = (value & ((1 << bits) - 1)).to_bytes(size, "big")
