"""ELF files -> programs that a machine can load.

Executables are taken as they are; a relocatable file and a static position-independent executable (static PIE) are laid
out from an origin and their relocations applied. No dynamic linking.
"""

from __future__ import annotations

from collections.abc import Callable

from s390emu.assembler import relocations
from s390emu.assembler.elf import (
    DF_1_PIE,
    DT_FLAGS_1,
    DT_JMPREL,
    DT_NEEDED,
    DT_PLTRELSZ,
    DT_RELA,
    DT_RELASZ,
    DT_SYMTAB,
    DYN,
    ET_CORE,
    ET_DYN,
    ET_EXEC,
    ET_REL,
    MOST_STORAGE,
    PF_X,
    PT_DYNAMIC,
    PT_LOAD,
    PT_TLS,
    RELA,
    SHF_ALLOC,
    SHF_EXECINSTR,
    SHF_TLS,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    SHT_NOBITS,
    SHT_RELA,
    SHT_SYMTAB,
    STB_LOCAL,
    STB_WEAK,
    STT_FILE,
    STT_GNU_IFUNC,
    STT_SECTION,
    STT_TLS,
    SYM,
    ElfError,
    File,
    ProgramHeader,
    Rela,
    SectionHeader,
    Symbol,
)
from s390emu.assembler.program import (
    ADDRESSES,
    LEAST_ALIGNMENT,
    Program,
    Section,
    beyond_the_last_address,
    entry_of,
    is_power_of_two,
)
from s390emu.assembler.relocations import ENTRY_BYTES, OFFSET_TABLE, R_390, NotReached, OffsetTable

TABLES = ("_DYNAMIC", OFFSET_TABLE)  # symbols that ld calls absolute although they move with the tables
NO_SYMBOLS = (STT_SECTION, STT_FILE)  # entries of a symbol table that only bear the name of something else
MOVED_BYTES = 8  # that a relocation of a static PIE changes


def read_elf(data: bytes, origin: int = 0, name: str = "ELF file") -> Program:
    """Return an executable, or a relocatable file or static PIE laid out from `origin`, as a program to be loaded."""
    file = File(data, name)
    if sum(shdr.sh_size for shdr in file.sections if shdr.sh_type != SHT_NOBITS) > 2 * len(data):
        raise file.damaged("its sections overlap")
    kind = file.header.e_type
    if kind == ET_EXEC:
        program = _executable(file)
    elif kind == ET_DYN:
        program = _PositionIndependent(file, origin).program()
    elif kind == ET_REL:
        program = _Relocatable(file, origin).program()
    else:
        what = "a core dump" if kind == ET_CORE else "of unknown type"
        raise ElfError(f"{name}: {what}, not an executable or relocatable file")
    if beyond_the_last_address(program.sections):
        raise ElfError(f"{name}: goes beyond the last address")
    return program


def _symbol_table(file: File) -> list[Symbol]:
    """Return the symbols; a file has one table at most."""
    number = next((number for number, shdr in enumerate(file.sections) if shdr.sh_type == SHT_SYMTAB), None)
    return [] if number is None else file.symbols(number)


# Linked files ---------------------------------------------------------------------------------------------------------


def _loaded(file: File) -> list[ProgramHeader]:
    """Return the program headers of what is to be loaded."""
    phdrs = [phdr for phdr in file.segments if phdr.p_type == PT_LOAD]
    file.check_room(sum(max(phdr.p_memsz, phdr.p_filesz) for phdr in phdrs))
    return phdrs


def _sections_of_segments(
    file: File, phdrs: list[ProgramHeader], place: Callable[[ProgramHeader], int]
) -> list[Section]:
    """Return each segment's content and the room behind it; `place` gives a segment's address."""
    sections = []
    for number, phdr in enumerate(phdrs):
        content, address = bytes(file.part(phdr.p_offset, phdr.p_filesz)), place(phdr)
        sections.append(Section(f"segment {number}", address, content, code=bool(phdr.p_flags & PF_X)))
        rest = bytes(max(0, phdr.p_memsz - phdr.p_filesz))
        sections.append(Section(f"segment {number} bss", address + phdr.p_filesz, rest, bss=True))
    return [section for section in sections if section.data]


def _executable(file: File) -> Program:
    """Return an executable as a program."""
    sections = _sections_of_segments(file, _loaded(file), lambda phdr: phdr.p_paddr)
    return _linked(sections, _symbol_table(file), 0, file.header.e_entry)


def _linked(sections: list[Section], table: list[Symbol], bias: int, entry: int) -> Program:
    """Return a program of segments whose addresses are `bias` above those in the file."""
    symbols, shared = {}, set()
    for symbol in table:
        name = symbol.name
        if name and symbol.st_shndx != SHN_UNDEF and symbol.kind not in NO_SYMBOLS:
            fixed = symbol.st_shndx == SHN_ABS and name not in TABLES
            moved = 0 if fixed or symbol.kind == STT_TLS else bias
            symbols[name] = (symbol.value + moved) % ADDRESSES
            if symbol.binding != STB_LOCAL:
                shared.add(name)
    return Program(sections, symbols, [], entry % ADDRESSES, frozenset(shared))


class _PositionIndependent:
    """Moves a static PIE: its first segment goes to the origin, or to the next boundary that it asks for.

    Its own relocations are applied here; start code that applies them again does no harm.
    """

    def __init__(self, file: File, origin: int):
        self.file = file
        self.segments = _loaded(file)
        self.dynamic: dict[int, int] = {}
        for phdr in file.segments:
            if phdr.p_type == PT_DYNAMIC:
                part = file.part(phdr.p_offset, phdr.p_filesz - phdr.p_filesz % DYN.size)
                self.dynamic |= dict(DYN.iter_unpack(part))
        if DT_NEEDED in self.dynamic or not self.dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE:
            raise ElfError(
                f"{file.name}: a shared object, or in need of one (link it with -static -no-pie or -static-pie)"
            )
        boundary = max((phdr.p_align for phdr in self.segments), default=1) or 1
        if not is_power_of_two(boundary) or boundary > MOST_STORAGE:
            raise file.damaged(f"a segment on a boundary of {boundary:#x} bytes")
        lowest = min((phdr.p_vaddr for phdr in self.segments), default=0)
        self.bias = origin + -origin % boundary - (lowest - lowest % boundary)
        self.thread_pointer = 0  # from the beginning of the thread-local storage, as symbols in it are counted
        for phdr in file.segments:
            if phdr.p_type == PT_TLS:
                boundary = phdr.p_align or 1
                self.thread_pointer = phdr.p_memsz + -(phdr.p_vaddr + phdr.p_memsz) % boundary

    def program(self) -> Program:
        """Return the program, moved to its place."""
        sections = _sections_of_segments(self.file, self.segments, lambda phdr: phdr.p_vaddr + self.bias)
        contents = {section.address - self.bias: bytearray(section.data) for section in sections}
        get = self.dynamic.get
        tables = ((get(DT_RELA, 0), get(DT_RELASZ, 0)), (get(DT_JMPREL, 0), get(DT_PLTRELSZ, 0)))
        for address, size in dict.fromkeys(tables):
            part = self.at(address, size)
            for fields in RELA.iter_unpack(part[: size - size % RELA.size]):
                self._relocate(contents, Rela(*fields))
        sections = [
            section if section.bss else section._replace(data=bytes(contents[section.address - self.bias]))
            for section in sections
        ]
        return _linked(sections, _symbol_table(self.file), self.bias, self.file.header.e_entry + self.bias)

    def _relocate(self, contents: dict[int, bytearray], rela: Rela):
        kind = relocations.NAMES.get(rela.r_type)
        if kind in ("R_390_NONE", "R_390_IRELATIVE"):
            return  # the latter is left to the program's start code, which calls a function for it
        for start, part in contents.items():
            offset = rela.r_offset - start
            if 0 <= offset <= len(part) - MOVED_BYTES:
                part[offset : offset + MOVED_BYTES] = (self._value(rela, kind) % ADDRESSES).to_bytes(MOVED_BYTES, "big")
                return
        raise self.file.damaged(f"a relocation of {rela.r_offset:#x}, which is in no segment")

    def at(self, address: int, size: int) -> memoryview:
        """Return bytes of the file by their address in it."""
        for phdr in self.segments:
            if phdr.p_vaddr <= address and address + size <= phdr.p_vaddr + phdr.p_filesz:
                return self.file.part(phdr.p_offset + address - phdr.p_vaddr, size)
        if size:
            raise self.file.damaged(f"{size:#x} bytes at {address:#x} are in no segment")
        return memoryview(b"")

    def _value(self, rela: Rela, kind: str | None) -> int:
        """Return what a relocation puts at its place."""
        if kind == "R_390_RELATIVE":
            return self.bias + rela.r_addend
        if kind not in ("R_390_64", "R_390_GLOB_DAT", "R_390_JMP_SLOT", "R_390_TLS_TPOFF"):
            raise ElfError(
                f"{self.file.name}: relocation type {rela.r_type} in a position-independent executable"
            )  # fmt: skip
        entry = self.at(self.dynamic.get(DT_SYMTAB, 0) + rela.r_sym * SYM.size, SYM.size)
        _, info, _, section, value, _ = SYM.unpack(entry)
        if kind == "R_390_TLS_TPOFF":
            return value + rela.r_addend - self.thread_pointer
        if section != SHN_UNDEF:
            return value + (0 if section == SHN_ABS else self.bias) + rela.r_addend
        if info >> 4 == STB_WEAK or not rela.r_sym:
            return rela.r_addend
        raise ElfError(f"{self.file.name}: symbol {rela.r_sym} of its dynamic symbol table is undefined")


# Relocatable files ----------------------------------------------------------------------------------------------------


class _Relocatable:
    """Lays a relocatable file out and applies its relocations."""

    def __init__(self, file: File, origin: int):
        self.file, shdrs = file, file.sections
        self.contents: dict[int, bytearray] = {}
        self.addresses: dict[int, int] = {}
        self.table = _symbol_table(file)
        loaded = [number for number, shdr in enumerate(shdrs) if shdr.sh_flags & SHF_ALLOC and shdr.sh_size]
        commons = [symbol for symbol in self.table if symbol.st_shndx == SHN_COMMON]
        room = sum(symbol.size + symbol.value for symbol in commons)
        file.check_room(sum(shdrs[number].sh_size + shdrs[number].sh_addralign for number in loaded) + room)
        loaded.sort(key=lambda number: _rank(shdrs[number]))
        for number in loaded:
            shdr = shdrs[number]
            origin += -origin % max(shdr.sh_addralign, LEAST_ALIGNMENT)
            self.addresses[number] = origin
            if shdr.sh_type == SHT_NOBITS:
                self.contents[number] = bytearray(shdr.sh_size)
            else:
                self.contents[number] = bytearray(file.part(shdr.sh_offset, shdr.sh_size))
            origin += shdr.sh_size
        self.common_at, self.commons = origin, {}
        for symbol in commons:
            origin += -origin % max(symbol.value, 1)  # the alignment
            self.commons[symbol.name] = origin
            origin += symbol.size
        self.common_end = origin
        self.offset_table = OffsetTable(origin + -origin % ENTRY_BYTES)
        ends = [(self.addresses[number] + shdrs[number].sh_size, shdrs[number].sh_addralign)
                for number in loaded if shdrs[number].sh_flags & SHF_TLS]  # fmt: skip
        end = max((end for end, _ in ends), default=0)
        self.thread_pointer = end + -end % max((boundary for _, boundary in ends), default=1) if end else 0

    def program(self) -> Program:
        """Return the program, every section being at its place."""
        values = [self._value(symbol) for symbol in self.table]
        symbols: dict[str, int] = {}
        shared = set()
        for symbol, value in zip(self.table, values, strict=True):
            name = symbol.name
            if name and value is not None and symbol.st_shndx != SHN_UNDEF and symbol.kind not in NO_SYMBOLS:
                symbols[name] = value % ADDRESSES
                if symbol.binding != STB_LOCAL:
                    shared.add(name)
        self._relocate(values)
        sections = []
        for number, address in self.addresses.items():
            shdr, name = self.file.sections[number], self.file.section_names[number]
            room, code = shdr.sh_type == SHT_NOBITS, bool(shdr.sh_flags & SHF_EXECINSTR)
            sections.append(Section(name, address, bytes(self.contents[number]), room, code))
        if self.common_end > self.common_at:
            sections.append(Section("COMMON", self.common_at, bytes(self.common_end - self.common_at), bss=True))
        if self.offset_table.entries:
            sections.append(Section(".got", self.offset_table.address, self.offset_table.data))
        return Program(sections, symbols, [], entry_of(symbols, sections), frozenset(shared))

    def _value(self, symbol: Symbol) -> int | None:
        """Return the address of a symbol; None if it has none."""
        if symbol.st_shndx == SHN_ABS:
            return symbol.value
        if symbol.st_shndx == SHN_COMMON:
            return self.commons[symbol.name]
        if symbol.st_shndx == SHN_UNDEF:
            if symbol.name == OFFSET_TABLE:
                return self.offset_table.address
            return 0 if symbol.binding == STB_WEAK else None
        if symbol.section not in self.addresses:
            return None
        return self.addresses[symbol.section] + symbol.value

    def _relocate(self, values: list[int | None]):
        for shdr in self.file.sections:
            if shdr.sh_type == SHT_RELA and shdr.sh_info in self.contents:
                for rela in self.file.relocations(shdr):
                    self._apply(shdr.sh_info, rela, values)

    def _apply(self, number: int, rela: Rela, values: list[int | None]):
        """Put the value of one relocation of section `number` at its place."""
        name, where = self.file.name, f"{self.file.section_names[number]}+{rela.r_offset:#x}"
        relocation = R_390.get(rela.r_type)
        if relocation is None:
            raise ElfError(f"{name}: relocation type {rela.r_type} is not supported; link the file first")
        symbol = self.file.symbol_of(self.table, rela)
        value = values[rela.r_sym] if symbol else 0
        if symbol and value is None and relocation.needs_symbol:
            raise ElfError(f"{name}: undefined symbol {symbol.name or '(no name)'}")
        if symbol and symbol.kind == STT_GNU_IFUNC:
            raise ElfError(f"{name}: {symbol.name} in {where} is resolved at run time (ifunc); link the file first")
        content, place = self.contents[number], self.addresses[number] + rela.r_offset
        try:
            wanted = relocation.value(value or 0, rela.r_addend, place, self.offset_table, self.thread_pointer)
            relocation.put(content, rela.r_offset, wanted)
        except NotReached as error:
            raise ElfError(f"{name}: {relocation.name} in {where} {error}") from None


def _rank(shdr: SectionHeader) -> tuple[bool, bool, bool]:
    """Return a sort key: code, then other data, then what has room only, as in the assembler's programs."""
    return shdr.sh_type == SHT_NOBITS, not shdr.sh_flags & SHF_EXECINSTR, not shdr.sh_flags & SHF_TLS
