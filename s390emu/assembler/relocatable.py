"""A unit as an ELF64 relocatable object, as GNU as writes it.

It has sections, symbols, and a relocation for every value that only the linker knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from s390emu.assembler import elf, elf_writer
from s390emu.assembler.errors import SourceError
from s390emu.assembler.expressions import (
    Binary,
    Node,
    NotYet,
    Place,
    Symbol,
    Undefined,
    Value,
    evaluate,
    is_local_label,
    stays_in_the_file,
)
from s390emu.assembler.operands import DATUM, LENGTH, RELATIVE, Fixup, fill_hole
from s390emu.assembler.program import Piece
from s390emu.assembler.relocations import BY_NAME, OFFSET_TABLE, NotReached, Relocation, relocation_of
from s390emu.assembler.unit import Unit, settled

TO_OFFSET_TABLE = {"R_390_PC32DBL": "R_390_GOTPCDBL", "R_390_PC64": "R_390_GOTPC"}


class _Rela(NamedTuple):
    """A relocation; `target` is a section, the name of a symbol, or None for a plain number."""

    offset: int
    relocation: Relocation
    target: Piece | str | None
    addend: int


class _Row(NamedTuple):
    """An entry of the symbol table."""

    name: str = ""
    binding: int = elf.STB_LOCAL
    kind: int = elf.STT_NOTYPE
    visibility: int = elf.STV_DEFAULT
    section: int = elf.SHN_UNDEF
    value: int = 0
    size: int = 0


_T = TypeVar("_T")


def write_object(unit: Unit) -> bytes:
    """Return the object file of a unit that is settled; what it cannot say is among the unit's complaints."""
    return _Writer(unit).data()


class _Writer:
    def __init__(self, unit: Unit):
        self.unit = unit
        self.pieces = [*unit.pieces.values()]
        self.relas = {piece: self.relocate(piece) for piece in self.pieces}
        self.groups: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            if piece.group:
                self.groups.setdefault(piece.group, []).append(piece)
        # Groups come first, then each section with its relocations behind it.
        self.numbers: dict[Piece, int] = {}
        number = 1 + len(self.groups)
        for piece in self.pieces:
            self.numbers[piece] = number
            number += 1 + bool(self.relas[piece])

    # Relocations ----------------------------------------------------------------------------------------------------

    def relocate(self, piece: Piece) -> list[_Rela]:
        """Return the relocations of a section, and fill the holes that need none."""
        relas = []
        for fragment in piece.fragments:
            for fixup in fragment.fixups:
                if found := self.unit.attempt(self.checked, piece, fragment.start, fixup, position=fixup.position):
                    relas.append(found)
        return relas

    def checked(self, piece: Piece, start: int, fixup: Fixup) -> _Rela | None:
        """Return the relocation of a hole, if it needs one; reject one for a place outside the section."""
        found = self.relocation(piece, start, fixup)
        if found:
            try:
                found.relocation.check(piece.data, found.offset)
            except NotReached as error:
                raise SourceError(f"{found.relocation.name} {error}", fixup.column) from None
        return found

    def relocation(self, piece: Piece, start: int, fixup: Fixup) -> _Rela | None:
        """Return the relocation of a hole, or None after filling it."""
        target, origin, number = self.sum_of(fixup)
        at, place = start + fixup.offset, start + fixup.place
        relocation, addend = fixup.relocation, fixup.addend
        if relocation is None and origin is None:
            if fixup.kind == RELATIVE and target is not None and self.is_here(piece, target):
                fill_hole(piece.data, at, fixup, target.offset + number - at)
                return None
            if target is None and fixup.kind != RELATIVE:
                fill_hole(piece.data, at, fixup, number)
                return None
        if relocation is None:
            form = fixup.form
            if origin is not None:
                if origin.base is not piece or fixup.kind != DATUM:
                    raise SourceError("a distance of two places can be one in this section, or from here", fixup.column)
                form, addend = "PC" + form, place - origin.offset
            elif fixup.kind == RELATIVE:
                addend = place - at
            relocation = relocation_of(form) if fixup.kind != LENGTH else None
            if relocation is None:
                raise SourceError("the value must be a number that the assembler knows", fixup.column)
        elif origin is not None:
            raise SourceError("this is more than a symbol and a number", fixup.column)
        addend += number
        if target is None:
            return _Rela(place, relocation, None, addend)
        if isinstance(target.base, Undefined) and target.base.name == OFFSET_TABLE:
            relocation = BY_NAME.get(TO_OFFSET_TABLE.get(relocation.name, ""), relocation)
        return _Rela(place, relocation, *self.named(target, addend, relocation))

    def named(self, target: Place, addend: int, relocation: Relocation) -> tuple[Piece | str, int]:
        """Return the symbol that a relocation names for a place, and the addend.

        As with GNU as, that is its section if nothing depends on the symbol itself.
        """
        if isinstance(target.base, Undefined):
            return target.base.name, addend + target.offset
        name, piece = target.symbol, _section(target)
        if name is None:
            return piece, addend + target.offset
        symbol = self.lookup(Symbol(name, 0))
        assert isinstance(symbol, Place)
        distance = target.offset - symbol.offset
        relative = relocation.formula.endswith("P")
        merged = "M" in piece.flags and (relative or addend + distance)
        if merged or not relocation.plain or "T" in piece.flags or not self.is_private(name):
            return name, addend + distance
        return piece, addend + target.offset

    def is_private(self, name: str) -> bool:
        """True if a symbol is this file's alone, and is at its place at run time."""
        unit = self.unit
        return name not in unit.globals and name not in unit.weak and unit.types.get(name) != "gnu_indirect_function"

    def is_here(self, piece: Piece, target: Place) -> bool:
        """True if a place is certain to be in this section, whatever other files there are."""
        return target.base is piece and (target.symbol is None or self.is_private(target.symbol))

    def sum_of(self, fixup: Fixup) -> tuple[Place | None, Place | None, int]:
        """Return what a hole's value consists of: a place that counts, one that is subtracted, a number."""
        try:
            value = evaluate(fixup.node, self.lookup, settled)
        except NotYet:
            added: list[Place] = []
            subtracted: list[Place] = []
            number = 0
            for sign, term in self.terms(fixup.node, 1, fixup.column):
                if isinstance(term, int):
                    number += sign * term
                else:
                    (added if sign > 0 else subtracted).append(term)
            for place in [*added]:
                for other in subtracted:
                    if place.base == other.base:
                        number += place.offset - other.offset
                        added.remove(place)
                        subtracted.remove(other)
                        break
            if len(added) > 1 or len(subtracted) > 1:
                raise SourceError("this is more than the distance of a symbol and a number", fixup.column) from None
            return next(iter(added), None), next(iter(subtracted), None), number
        return (None, None, value) if isinstance(value, int) else (value, None, 0)

    def terms(self, node: Node, sign: int, column: int | None) -> Iterator[tuple[int, Value]]:
        """Yield (sign, number or place) for each part of a sum."""
        if isinstance(node, Symbol) and isinstance(self.unit.symbols.get(node.name), Binary):
            node = self.unit.symbols[node.name]
        if isinstance(node, Binary) and node.operator in "+-":
            yield from self.terms(node.left, sign, column)
            yield from self.terms(node.right, sign if node.operator == "+" else -sign, column)
            return
        try:
            yield sign, evaluate(node, self.lookup, settled)
        except NotYet:
            raise SourceError("this is more than the distance of a symbol and a number", column) from None

    def lookup(self, symbol: Symbol) -> Value:
        """Return the value of a symbol, which is a place of its own if this file does not define it."""
        name = symbol.name
        if name in self.unit.symbols:
            value = evaluate(self.unit.symbols[name], self.lookup, settled)
            if isinstance(value, int) or isinstance(value.base, Undefined) or is_local_label(name):
                return value
            return value._replace(symbol=name)
        if is_local_label(name):
            self.unit.known(symbol)  # raises
        return Place(Undefined(name), 0, name)

    # Symbols --------------------------------------------------------------------------------------------------------

    def symbols(self) -> tuple[list[_Row], int, dict[Piece | str | None, int]]:
        """Return the symbol table, the number of its first symbol that is not local, that of each name and section."""
        unit = self.unit
        relas = [rela for relas in self.relas.values() for rela in relas]
        used = dict.fromkeys(rela.target for rela in relas)
        thread_local = {rela.target for rela in relas if "TLS" in rela.relocation.name}
        locals_, globals_ = [_Row()], []
        if unit.source_name:
            locals_.append(_Row(unit.source_name, kind=elf.STT_FILE, section=elf.SHN_ABS))
        numbers: dict[Piece | str | None, int] = {None: 0}
        for piece in self.pieces:
            if piece in used:
                numbers[piece] = len(locals_)
                locals_.append(_Row(kind=elf.STT_SECTION, section=self.numbers[piece]))
        names = dict.fromkeys((*unit.symbols, *unit.commons, *unit.globals, *(t for t in used if isinstance(t, str))))
        for name in names:
            if is_local_label(name) or (stays_in_the_file(name) and name not in used):
                continue
            row = unit.attempt(self.symbol, name, name in thread_local, position=unit.defined_at.get(name))
            if row and row.binding == elf.STB_LOCAL:
                numbers[name] = len(locals_)
                locals_.append(row)
            elif row and (name in used or row.section != elf.SHN_UNDEF or name in unit.globals):
                globals_.append(row)
        for number, group in enumerate(self.groups, 1):
            if group not in names:
                numbers[group] = len(locals_)
                locals_.append(_Row(group, section=number))
        numbers |= {row.name: number for number, row in enumerate(globals_, len(locals_))}
        return [*locals_, *globals_], len(locals_), numbers

    def symbol(self, name: str, thread_local: bool) -> _Row | None:
        """Return a symbol's entry, or None if it is but another name for one elsewhere."""
        unit = self.unit
        value = section = size = 0
        kind = elf.SYMBOL_TYPES[self.told(unit.types, name) or ("tls_object" if thread_local else "notype")]
        if name in unit.symbols:
            try:
                found = self.lookup(Symbol(name, 0))
            except NotYet:
                if name in unit.globals:
                    raise SourceError(f'"{name}" is neither a place nor a number') from None
                return None
            if isinstance(found, int):
                value, section = found, elf.SHN_ABS
            elif isinstance(found.base, Undefined):
                return None
            else:
                value, section = found.offset, self.numbers[_section(found)]
                if "T" in _section(found).flags:
                    kind = elf.STT_TLS
        elif common := unit.commons.get(name):
            value, section, size = common.boundary, elf.SHN_COMMON, common.size
            kind = kind or elf.STT_OBJECT
        if (told := self.told(unit.sizes, name)) is not None:
            size = unit.settled_value(told)
        visibility = elf.VISIBILITIES.get(unit.visibility.get(name, ""), elf.STV_DEFAULT)
        return _Row(name, self.binding(name, section), kind, visibility, section, value, size)

    def binding(self, name: str, section: int) -> int:
        """Return a symbol's binding."""
        unit = self.unit
        if unit.types.get(name) == "gnu_unique_object":
            return elf.STB_GNU_UNIQUE
        if unit.is_weak(name):
            return elf.STB_WEAK
        return elf.STB_LOCAL if name not in unit.globals and section != elf.SHN_UNDEF else elf.STB_GLOBAL

    def told(self, attribute: Mapping[str, _T], name: str) -> _T | None:
        """Return what the source tells of a symbol, or of the one that it is another name for."""
        seen: set[str] = set()
        while name not in attribute and isinstance(node := self.unit.symbols.get(name), Symbol) and name not in seen:
            seen.add(name)
            name = node.name
        return attribute.get(name)

    # The file -------------------------------------------------------------------------------------------------------

    def data(self) -> bytes:
        """Return the file."""
        strings = elf_writer.Strings()
        rows, first_global, numbers = self.symbols()
        symbols = b"".join(
            elf_writer.symbol_entry(strings.add(row.name) if row.name else 0, *row[1:])
            for row in rows
        )  # fmt: skip
        symbol_table = 1 + len(self.groups) + len(self.pieces) + sum(bool(relas) for relas in self.relas.values())
        file = elf_writer.SectionWriter()
        for group, members in self.groups.items():
            indexes = [self.numbers[piece] for piece in members]
            indexes += [self.numbers[piece] + 1 for piece in members if self.relas[piece]]
            words = b"".join(number.to_bytes(4, "big") for number in (elf.GRP_COMDAT, *sorted(indexes)))
            file.add(".group", elf.SHT_GROUP, 0, words, link=symbol_table, info=numbers[group], align=4, entry=4)
        for piece in self.pieces:
            flags = sum(elf.SECTION_FLAGS.get(letter, 0) for letter in piece.flags)
            kind = elf.SECTION_TYPES[piece.kind] if piece.kind in elf.SECTION_TYPES else int(piece.kind)
            data = piece.data + piece.filler * (-len(piece.data) % piece.alignment)
            file.add(piece.name, kind, flags, data, align=piece.alignment, entry=piece.entry_size)
            if relas := self.relas[piece]:
                table = b"".join(
                    elf_writer.relocation_entry(
                        rela.offset, numbers.get(rela.target, 0), rela.relocation.number, rela.addend
                    )
                    for rela in relas
                )
                flags = elf.SHF_INFO_LINK | flags & elf.SHF_GROUP
                file.add(".rela" + piece.name, elf.SHT_RELA, flags, table, symbol_table, self.numbers[piece], align=8)
        file.add(".symtab", elf.SHT_SYMTAB, 0, symbols, symbol_table + 1, first_global, align=8)
        file.add(".strtab", elf.SHT_STRTAB, 0, bytes(strings.data))
        return file.finish(elf.ET_REL)


def _section(place: Place) -> Piece:
    """Return the section of a place that is in one."""
    assert isinstance(place.base, Piece)
    return place.base
