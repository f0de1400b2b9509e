"""ELF64 for s390x (EM_S390), both ways: what the assembler writes and what the machine loads.

Names are those of the System V ABI and its s390x supplement ("ELF Application Binary Interface, s390x"). Executables
are taken as they are; a relocatable file and a static position-independent executable (static PIE) are laid out from an
origin and their relocations applied. No dynamic linking.
"""

from __future__ import annotations

from functools import cache
from struct import Struct
from types import SimpleNamespace
from typing import NamedTuple

from s390emu.assembler.program import LEAST_ALIGNMENT, Program, Section, entry_of
from s390emu.assembler.relocations import ENTRY_BYTES, OFFSET_TABLE, R_390, NotReached, OffsetTable

EM_S390 = 22
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
PT_LOAD, PT_DYNAMIC, PT_TLS = 1, 2, 7
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOBITS = 1, 2, 3, 4, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS = 1, 2, 4, 0x400
SHN_UNDEF, SHN_LORESERVE, SHN_ABS, SHN_COMMON = 0, 0xFF00, 0xFFF1, 0xFFF2
STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STT_SECTION, STT_FILE, STT_TLS, STT_GNU_IFUNC = 3, 4, 6, 10
DT_NEEDED, DT_PLTRELSZ, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_JMPREL, DT_FLAGS_1 = 1, 2, 6, 7, 8, 23, 0x6FFFFFFB
DF_1_PIE = 0x8000000
TABLES = ("_DYNAMIC", OFFSET_TABLE)  # symbols that ld calls absolute, though they are where the tables are
PF_X, PF_W, PF_R = 1, 2, 4
EHDR_BYTES = 64

MOST_STORAGE = 1 << 27  # that a file may ask for beyond its own length; more is damage

# What only a dynamic linker and static PIE need; the others are in relocations.py.
R_390_NONE, R_390_GLOB_DAT, R_390_JMP_SLOT, R_390_RELATIVE, R_390_64 = 0, 10, 11, 12, 22
R_390_TPOFF, R_390_IRELATIVE = 56, 61


class ElfError(Exception):
    """A file that is no ELF file, not this machine's, damaged, or in need of something that is not done here."""


@cache
def _structs() -> SimpleNamespace:
    """The headers; made when first needed, as `construct` takes its time to be imported."""
    from construct import Const, Int8ub, Int16ub, Int32ub, Int64ub, Padding, Struct

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
    )  # fmt: skip


# Tables of these are long; construct would take ten times as long for them.
_SYM, _RELA, _DYN = Struct(">IBBHQQ"), Struct(">QIIq"), Struct(">QQ")


class Symbol(NamedTuple):
    st_name: int
    st_info: int
    st_other: int
    st_shndx: int
    st_value: int
    st_size: int

    @property
    def binding(self) -> int:
        return self.st_info >> 4

    @property
    def kind(self) -> int:
        return self.st_info & 15


class Rela(NamedTuple):
    r_offset: int
    r_sym: int
    r_type: int
    r_addend: int


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
        if len(self.headers) >= SHN_LORESERVE:
            raise ElfError(f"{len(self.headers)} sections, which is more than an ELF file numbers in 16 bits")
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
    return _SYM.pack(name, info, other, section, value % (1 << 64), size)


def relocation_entry(offset: int, symbol: int, kind: int, addend: int) -> bytes:
    """An entry of a table of relocations; an addend has 64 bits."""
    return _RELA.pack(offset, symbol, kind, (addend + (1 << 63)) % (1 << 64) - (1 << 63))


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
    file.add(".symtab", SHT_SYMTAB, 0, symbols, len(program.sections) + 2, first_global, entry=_SYM.size)
    file.add(".strtab", SHT_STRTAB, 0, strings.data)
    return file.finish(ET_EXEC, program.entry, bytes(phdrs))


def _symbols(program, strings) -> tuple[bytearray, int]:
    """The symbol table, private symbols first, and the number of the first that is global."""
    table = bytearray(_SYM.size)
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
    """An executable, or a relocatable file or static PIE laid out from `origin`, as a program ready to be loaded."""
    from construct import ConstructError

    try:
        header = _header(data, name)
        shdrs = _table(data, "Shdr", header.e_shoff, header.e_shnum)
        if sum(shdr.sh_size for shdr in shdrs if shdr.sh_type != SHT_NOBITS) > 2 * len(data):
            raise IndexError("its sections overlap")
        if header.e_type == ET_EXEC:
            return _executable(data, header, shdrs)
        if header.e_type == ET_DYN:
            return _PositionIndependent(data, header, shdrs, origin, name).program()
        if header.e_type == ET_REL:
            return _Relocatable(data, shdrs, header.e_shstrndx, origin, name).program()
    except (ConstructError, IndexError, ValueError) as error:
        raise ElfError(f"{name}: damaged: {str(error).splitlines()[0]}") from error
    kind = {4: "a core dump"}.get(header.e_type, "of unknown type")
    raise ElfError(f"{name}: {kind}, not an executable or relocatable file")


def is_elf(data: bytes | memoryview) -> bool:
    return data[:4] == b"\x7fELF"


def check_header(data: bytes | memoryview, name: str) -> None:
    """Reject what does not begin with the header of an ELF file for this machine."""
    if not is_elf(data):
        raise ElfError(f"{name}: not an ELF file")
    if len(data) < EHDR_BYTES:
        raise ElfError(f"{name}: damaged: only {len(data)} bytes")
    if data[4] != 2 or data[5] != 2:
        bits, order = {1: "32", 2: "64"}.get(data[4], "?"), {1: "little", 2: "big"}.get(data[5], "?")
        raise ElfError(f"{name}: {bits}-bit {order}-endian; s390x is 64-bit big-endian")
    machine = int.from_bytes(data[18:20], "big")
    if machine != EM_S390:
        raise ElfError(f"{name}: for another machine (e_machine {machine}, s390x is {EM_S390})")


def _header(data, name):
    check_header(data, name)
    return _structs().Ehdr.parse(data)


def _table(data, struct, offset, count):
    make = getattr(_structs(), struct)
    size = make.sizeof()
    return [make.parse(data[offset + number * size :][:size]) for number in range(count)]


def _part(data, offset, size) -> bytes:
    if offset + size > len(data):
        raise IndexError(f"bytes {offset:#x} to {offset + size:#x} are beyond its end ({len(data):#x})")
    return data[offset : offset + size]


def _check_room(data, amount: int):
    if amount > MOST_STORAGE + len(data):
        raise IndexError(f"{amount:#x} bytes of storage are wanted by a file of {len(data):#x}")


def _strings(table: bytes, offsets) -> list[str]:
    """The names at these offsets, which may share their ends but not make up more than there can be."""
    names, total = [], 0
    for offset in offsets:
        names.append(table[offset : table.index(b"\0", offset)].decode() if 0 <= offset < len(table) else "")
        total += len(names[-1])
        if total > MOST_STORAGE:
            raise IndexError("its names are longer than names are")
    return names


def _relocations(data, offset: int, size: int) -> list[Rela]:
    part = _part(data, offset, size - size % _RELA.size)
    return [Rela(*row) for row in _RELA.iter_unpack(part)]


def _symbols_of(part: bytes) -> list[Symbol]:
    return [Symbol(*row) for row in _SYM.iter_unpack(part[: len(part) - len(part) % _SYM.size])]


def _symbol_table(data, shdrs) -> list[tuple[str, Symbol]]:
    """The symbols with their names; a file has one table at most."""
    for shdr in shdrs:
        if shdr.sh_type == SHT_SYMTAB:
            strings = _part(data, shdrs[shdr.sh_link].sh_offset, shdrs[shdr.sh_link].sh_size)
            symbols = _symbols_of(_part(data, shdr.sh_offset, shdr.sh_size))
            return list(zip(_strings(strings, (symbol.st_name for symbol in symbols)), symbols, strict=True))
    return []


def _segments(data, header) -> list:
    """The program headers of what is to be loaded."""
    phdrs = [phdr for phdr in _table(data, "Phdr", header.e_phoff, header.e_phnum) if phdr.p_type == PT_LOAD]
    _check_room(data, sum(max(phdr.p_memsz, phdr.p_filesz) for phdr in phdrs))
    return phdrs


def _sections_of_segments(data, phdrs, place) -> list[Section]:
    """Each segment's content and the room behind it; `place(phdr)` is its address."""
    sections = []
    for number, phdr in enumerate(phdrs):
        content, address = _part(data, phdr.p_offset, phdr.p_filesz), place(phdr)
        sections.append(Section(f"segment {number}", address, content, code=bool(phdr.p_flags & PF_X)))
        rest = bytes(max(0, phdr.p_memsz - phdr.p_filesz))
        sections.append(Section(f"segment {number} bss", address + phdr.p_filesz, rest, bss=True))
    return [section for section in sections if section.data]


def _executable(data, header, shdrs) -> Program:
    sections = _sections_of_segments(data, _segments(data, header), lambda phdr: phdr.p_paddr)
    return _linked(sections, _symbol_table(data, shdrs), 0, header.e_entry)


def _linked(sections, table, bias: int, entry: int) -> Program:
    """A program of segments whose addresses are `bias` above those in the file."""
    symbols, shared = {}, set()
    for name, symbol in table:
        if name and symbol.st_shndx != SHN_UNDEF and symbol.kind not in (STT_SECTION, STT_FILE):
            fixed = symbol.st_shndx == SHN_ABS and name not in TABLES
            moved = 0 if fixed or symbol.kind == STT_TLS else bias
            symbols[name] = symbol.st_value + moved
            if symbol.binding != STB_LOCAL:
                shared.add(name)
    return Program(sections, symbols, [], entry, frozenset(shared))


class _PositionIndependent:
    """A static PIE: its first segment goes to the origin, or the next boundary that it wants, and what it says about
    its own addresses is put right. (Start code that does the same once more does no harm.)"""

    def __init__(self, data, header, shdrs, origin, name):
        self.data, self.header, self.shdrs, self.name = data, header, shdrs, name
        phdrs = _table(data, "Phdr", header.e_phoff, header.e_phnum)
        self.segments = _segments(data, header)
        self.dynamic: dict[int, int] = {}
        for phdr in phdrs:
            if phdr.p_type == PT_DYNAMIC:
                part = _part(data, phdr.p_offset, phdr.p_filesz - phdr.p_filesz % _DYN.size)
                self.dynamic |= dict(_DYN.iter_unpack(part))
        if DT_NEEDED in self.dynamic or not self.dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE:
            raise ElfError(f"{name}: a shared object, or in need of one (link it with -static -no-pie or -static-pie)")
        boundary = max((phdr.p_align for phdr in self.segments), default=1) or 1
        if boundary & boundary - 1 or boundary > MOST_STORAGE:
            raise IndexError(f"a segment on a boundary of {boundary:#x} bytes")
        lowest = min((phdr.p_vaddr for phdr in self.segments), default=0)
        self.bias = origin + -origin % boundary - (lowest - lowest % boundary)
        self.thread_pointer = 0  # from the beginning of the thread-local storage, as symbols in it are counted
        for phdr in phdrs:
            if phdr.p_type == PT_TLS:
                boundary = phdr.p_align or 1
                self.thread_pointer = phdr.p_memsz + -(phdr.p_vaddr + phdr.p_memsz) % boundary

    def program(self) -> Program:
        sections = _sections_of_segments(self.data, self.segments, lambda phdr: phdr.p_vaddr + self.bias)
        contents = {section.address - self.bias: bytearray(section.data) for section in sections}
        get = self.dynamic.get
        tables = ((get(DT_RELA, 0), get(DT_RELASZ, 0)), (get(DT_JMPREL, 0), get(DT_PLTRELSZ, 0)))
        for address, size in dict.fromkeys(tables):
            for rela in _relocations(self.at(address, size), 0, size):
                if rela.r_type in (R_390_NONE, R_390_IRELATIVE):
                    continue  # the latter is for the program's start code, which calls a function for it
                for start, part in contents.items():
                    offset = rela.r_offset - start
                    if 0 <= offset <= len(part) - 8:
                        part[offset : offset + 8] = (self.value(rela) % (1 << 64)).to_bytes(8, "big")
                        break
                else:
                    raise IndexError(f"a relocation of {rela.r_offset:#x}, which is in no segment")
        sections = [
            section if section.bss else section._replace(data=bytes(contents[section.address - self.bias]))
            for section in sections
        ]
        return _linked(sections, _symbol_table(self.data, self.shdrs), self.bias, self.header.e_entry + self.bias)

    def at(self, address: int, size: int) -> bytes:
        """Bytes of the file by their address in it."""
        for phdr in self.segments:
            if phdr.p_vaddr <= address and address + size <= phdr.p_vaddr + phdr.p_filesz:
                return _part(self.data, phdr.p_offset + address - phdr.p_vaddr, size)
        if size:
            raise IndexError(f"{size:#x} bytes at {address:#x} are in no segment")
        return b""

    def value(self, rela: Rela) -> int:
        if rela.r_type == R_390_RELATIVE:
            return self.bias + rela.r_addend
        if rela.r_type not in (R_390_64, R_390_GLOB_DAT, R_390_JMP_SLOT, R_390_TPOFF):
            raise ElfError(f"{self.name}: relocation type {rela.r_type} in a position-independent executable")
        entry = self.at(self.dynamic.get(DT_SYMTAB, 0) + rela.r_sym * _SYM.size, _SYM.size)
        symbol = _symbols_of(entry)[0]
        if rela.r_type == R_390_TPOFF:
            return symbol.st_value + rela.r_addend - self.thread_pointer
        if symbol.st_shndx != SHN_UNDEF:
            return symbol.st_value + (0 if symbol.st_shndx == SHN_ABS else self.bias) + rela.r_addend
        if symbol.binding == STB_WEAK or not rela.r_sym:
            return rela.r_addend
        raise ElfError(f"{self.name}: symbol {rela.r_sym} of its dynamic symbol table is undefined")


class _Relocatable:
    """A relocatable file on its way into storage."""

    def __init__(self, data, shdrs, names_index, origin, name):
        self.data, self.shdrs, self.name = data, shdrs, name
        names = _part(data, shdrs[names_index].sh_offset, shdrs[names_index].sh_size)
        self.names = _strings(names, (shdr.sh_name for shdr in shdrs))
        self.contents: dict[int, bytearray] = {}
        self.addresses: dict[int, int] = {}
        self.table = _symbol_table(data, shdrs)
        loaded = [number for number, shdr in enumerate(shdrs) if shdr.sh_flags & SHF_ALLOC and shdr.sh_size]
        commons = [(name, symbol) for name, symbol in self.table if symbol.st_shndx == SHN_COMMON]
        room = sum(symbol.st_size + symbol.st_value for _, symbol in commons)
        _check_room(data, sum(shdrs[number].sh_size + shdrs[number].sh_addralign for number in loaded) + room)
        # Code, then other data, then what has room only: as the assembler does.
        loaded.sort(key=lambda n: (shdrs[n].sh_type == SHT_NOBITS, not shdrs[n].sh_flags & SHF_EXECINSTR,
                                   not shdrs[n].sh_flags & SHF_TLS))  # fmt: skip
        for number in loaded:
            shdr = shdrs[number]
            origin += -origin % max(shdr.sh_addralign, LEAST_ALIGNMENT)
            self.addresses[number] = origin
            if shdr.sh_type == SHT_NOBITS:
                self.contents[number] = bytearray(shdr.sh_size)
            else:
                self.contents[number] = bytearray(_part(data, shdr.sh_offset, shdr.sh_size))
            origin += shdr.sh_size
        self.common_at, self.commons = origin, {}
        for name, symbol in commons:
            origin += -origin % max(symbol.st_value, 1)  # the alignment
            self.commons[name] = origin
            origin += symbol.st_size
        self.common_end = origin
        self.offset_table = OffsetTable(origin + -origin % ENTRY_BYTES)
        ends = [(self.addresses[number] + shdrs[number].sh_size, shdrs[number].sh_addralign)
                for number in loaded if shdrs[number].sh_flags & SHF_TLS]  # fmt: skip
        end = max((end for end, _ in ends), default=0)
        self.thread_pointer = end + -end % max((boundary for _, boundary in ends), default=1) if end else 0

    def program(self) -> Program:
        values = [self._value(*entry) for entry in self.table]
        symbols: dict[str, int] = {}
        shared = set()
        for (name, symbol), value in zip(self.table, values, strict=True):
            if name and value is not None and symbol.st_shndx != SHN_UNDEF and symbol.kind != STT_FILE:
                symbols[name] = value
                if symbol.binding != STB_LOCAL:
                    shared.add(name)
        self._relocate(values)
        sections = [
            Section(
                self.names[number], address, bytes(self.contents[number]),
                self.shdrs[number].sh_type == SHT_NOBITS, bool(self.shdrs[number].sh_flags & SHF_EXECINSTR),
            )
            for number, address in self.addresses.items()
        ]  # fmt: skip
        if self.common_end > self.common_at:
            sections.append(Section("COMMON", self.common_at, bytes(self.common_end - self.common_at), bss=True))
        if self.offset_table.entries:
            sections.append(Section(".got", self.offset_table.address, self.offset_table.data))
        return Program(sections, symbols, [], entry_of(symbols, sections), frozenset(shared))

    def _value(self, name: str, symbol: Symbol) -> int | None:
        """The address of a symbol; None if it has none."""
        if symbol.st_shndx == SHN_ABS:
            return symbol.st_value
        if symbol.st_shndx == SHN_COMMON:
            return self.commons[name]
        if symbol.st_shndx == SHN_UNDEF:
            if name == OFFSET_TABLE:
                return self.offset_table.address
            return 0 if symbol.binding == STB_WEAK else None
        if symbol.st_shndx not in self.addresses:
            return None
        return self.addresses[symbol.st_shndx] + symbol.st_value

    def _relocate(self, values):
        for shdr in self.shdrs:
            if shdr.sh_type == SHT_RELA and shdr.sh_info in self.contents:
                for rela in _relocations(self.data, shdr.sh_offset, shdr.sh_size):
                    self._apply(shdr.sh_info, rela, values)

    def _apply(self, number: int, rela: Rela, values):
        where = f"{self.names[number]}+{rela.r_offset:#x}"
        relocation = R_390.get(rela.r_type)
        if relocation is None:
            raise ElfError(f"{self.name}: relocation type {rela.r_type} is not supported; link the file first")
        name, symbol = self.table[rela.r_sym] if rela.r_sym else ("", None)
        value = values[rela.r_sym] if rela.r_sym else 0
        if value is None and relocation.needs_symbol:
            raise ElfError(f"{self.name}: undefined symbol {name or '(no name)'}")
        if symbol and symbol.kind == STT_GNU_IFUNC:
            raise ElfError(f"{self.name}: {name} in {where} is resolved at run time (ifunc); link the file first")
        content, place = self.contents[number], self.addresses[number] + rela.r_offset
        try:
            wanted = relocation.value(value or 0, rela.r_addend, place, self.offset_table, self.thread_pointer)
            relocation.put(content, rela.r_offset, wanted)
        except NotReached as error:
            raise ElfError(f"{self.name}: {relocation.name} in {where} {error}") from None
