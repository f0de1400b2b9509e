"""A unit as an ELF64 relocatable object, as GNU as writes it: sections, symbols, and a relocation for every value that
only the linker knows."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.assembler import elf
from s390emu.assembler.data import whole
from s390emu.assembler.errors import SourceError
from s390emu.assembler.expressions import Binary, NotYet, Place, Symbol, Undefined, evaluate
from s390emu.assembler.operands import LENGTH, RELATIVE, Fixup, encode
from s390emu.assembler.program import Piece
from s390emu.assembler.relocations import BY_NAME, OFFSET_TABLE, NotReached, Relocation, relocation_of
from s390emu.assembler.unit import RECURSION, Unit, settled

_FLAGS = {"w": 1, "a": 2, "x": 4, "M": 0x10, "S": 0x20, "G": 0x200, "T": 0x400, "e": 0x80000000}  # SHF
_KINDS = {"progbits": 1, "note": 7, "nobits": 8, "init_array": 14, "fini_array": 15, "preinit_array": 16}  # SHT
_TYPES = {"notype": 0, "object": 1, "function": 2, "common": 1, "tls_object": 6, "gnu_indirect_function": 10,
          "gnu_unique_object": 1}  # fmt: skip
_VISIBILITY = {"internal": 1, "hidden": 2, "protected": 3}  # STV
STB_WEAK, STB_GNU_UNIQUE = 2, 10
SHT_GROUP, GRP_COMDAT, SHF_INFO_LINK = 17, 1, 0x40
TO_OFFSET_TABLE = {"R_390_PC32DBL": "R_390_GOTPCDBL", "R_390_PC64": "R_390_GOTPC"}


class _Rela(NamedTuple):
    """A relocation; `target` is a section, the name of a symbol, or None for a plain number."""

    offset: int
    relocation: Relocation
    target: Piece | str | None
    addend: int


class _Row(NamedTuple):
    """An entry of the symbol table."""

    name: str
    binding: int
    kind: int
    visibility: int
    section: int
    value: int
    size: int


def write_object(unit: Unit) -> bytes:
    """The object file of a unit that is settled; what cannot be said in one is among the unit's complaints."""
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
        relas = []
        for fragment in piece.fragments:
            for fixup in fragment.fixups:
                try:
                    if found := self.relocation(piece, fragment.start, fixup):
                        found.relocation.check(piece.data, found.offset)
                        relas.append(found)
                except NotReached as error:
                    self.unit.complain(SourceError(f"{found.relocation.name} {error}", fixup.column), fixup.position)
                except SourceError as error:
                    self.unit.complain(error, fixup.position)
                except RecursionError:
                    self.unit.complain(SourceError(RECURSION), fixup.position)
        return relas

    def relocation(self, piece: Piece, start: int, fixup: Fixup) -> _Rela | None:
        """The relocation of a hole, or None after filling it."""
        target, origin, number = self.sum_of(fixup)
        at, place = start + fixup.offset, start + fixup.place
        relocation, addend = fixup.relocation, fixup.addend
        if relocation is None and origin is None:
            if fixup.kind == RELATIVE and target is not None and self.is_here(piece, target):
                self.put(piece, at, fixup, target.offset + number - at)
                return None
            if target is None and fixup.kind != RELATIVE:
                self.put(piece, at, fixup, number)
                return None
        if relocation is None:
            form = fixup.form
            if origin is not None:
                if origin.base is not piece or fixup.kind != "datum":
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
        """By which symbol a place is named in a relocation, and the addend: as GNU as does, by its section if nothing
        depends on the symbol itself."""
        if isinstance(target.base, Undefined):
            return target.base.name, addend + target.offset
        name, piece = target.symbol, target.base
        if name is None:
            return piece, addend + target.offset
        distance = target.offset - self.lookup(Symbol(name, 0)).offset
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
        return target.base is piece and (target.symbol is None or self.is_private(target.symbol))

    def put(self, piece: Piece, at: int, fixup: Fixup, value: int):
        if fixup.kind == "datum":
            bits = int.from_bytes(whole(value, fixup.length, fixup.column), "big")
        else:
            bits = encode(value, fixup.kind, fixup.field, fixup.length, fixup.column)
        bits |= int.from_bytes(piece.data[at : at + fixup.length], "big")
        piece.data[at : at + fixup.length] = bits.to_bytes(fixup.length, "big")

    def sum_of(self, fixup: Fixup) -> tuple[Place | None, Place | None, int]:
        """What a hole's value consists of: a place that counts, one that is subtracted, a number."""
        try:
            value = evaluate(fixup.node, self.lookup, settled)
        except NotYet:
            added, subtracted, number = [], [], 0
            for sign, term in self.terms(fixup.node, 1, fixup.column):
                if type(term) is int:
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
        return (None, None, value) if type(value) is int else (value, None, 0)

    def terms(self, node, sign: int, column):
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

    def lookup(self, symbol: Symbol):
        name = symbol.name
        if name in self.unit.symbols:
            value = evaluate(self.unit.symbols[name], self.lookup, settled)
            if type(value) is int or isinstance(value.base, Undefined) or "\x01" in name:
                return value
            return value._replace(symbol=name)
        if "\x01" in name:
            return self.unit.known(symbol)  # an error
        return Place(Undefined(name), 0, name)

    # Symbols --------------------------------------------------------------------------------------------------------

    def symbols(self) -> tuple[list[_Row], int, dict]:
        """The symbol table, the number of its first symbol that is not local, the number of each name or section."""
        unit = self.unit
        used = {rela.target: rela.relocation for relas in self.relas.values() for rela in relas}
        thread_local = {
            rela.target for relas in self.relas.values() for rela in relas if "TLS" in rela.relocation.name
        }  # fmt: skip
        locals_, globals_ = [_Row("", 0, 0, 0, 0, 0, 0)], []
        if unit.source_name:
            locals_.append(_Row(unit.source_name, elf.STB_LOCAL, elf.STT_FILE, 0, elf.SHN_ABS, 0, 0))
        numbers: dict = {}
        for piece in self.pieces:
            if piece in used:
                numbers[piece] = len(locals_)
                locals_.append(_Row("", elf.STB_LOCAL, elf.STT_SECTION, 0, self.numbers[piece], 0, 0))
        names = dict.fromkeys((*unit.symbols, *unit.commons, *unit.globals, *(t for t in used if isinstance(t, str))))
        for name in names:
            if "\x01" in name or (name.startswith(".L") and name not in used):
                continue
            row = self.symbol(name, name in thread_local)
            if row and row.binding == elf.STB_LOCAL:
                numbers[name] = len(locals_)
                locals_.append(row)
            elif row and (name in used or row.section != elf.SHN_UNDEF or name in unit.globals):
                globals_.append(row)
        for number, group in enumerate(self.groups, 1):
            if group not in names:
                numbers[group] = len(locals_)
                locals_.append(_Row(group, elf.STB_LOCAL, 0, 0, number, 0, 0))
        numbers |= {row.name: number for number, row in enumerate(globals_, len(locals_))}
        return [*locals_, *globals_], len(locals_), numbers

    def symbol(self, name: str, thread_local: bool) -> _Row | None:
        """A symbol's entry, or None if it is but another name for one elsewhere."""
        unit = self.unit
        value = section = size = 0
        kind = _TYPES[self.told(unit.types, name) or ("tls_object" if thread_local else "notype")]
        try:
            if name in unit.symbols:
                found = self.lookup(Symbol(name, 0))
                if type(found) is int:
                    value, section = found % (1 << 64), elf.SHN_ABS
                elif isinstance(found.base, Undefined):
                    return None
                else:
                    value, section = found.offset % (1 << 64), self.numbers[found.base]
                    if "T" in found.base.flags:
                        kind = _TYPES["tls_object"]
            elif common := unit.commons.get(name):
                value, section, size = common.boundary, elf.SHN_COMMON, common.size
                kind = kind or _TYPES["object"]
            if (told := self.told(unit.sizes, name)) is not None:
                size = unit.settled_value(told)
        except NotYet:
            if name in unit.globals:
                unit.complain(SourceError(f'"{name}" is neither a place nor a number'), unit.defined_at.get(name))
            return None
        except SourceError as error:
            unit.complain(error, unit.defined_at.get(name))
            return None
        except RecursionError:
            unit.complain(SourceError(RECURSION), unit.defined_at.get(name))
            return None
        if unit.types.get(name) == "gnu_unique_object":
            binding = STB_GNU_UNIQUE
        elif unit.is_weak(name):
            binding = STB_WEAK
        else:
            local = name not in unit.globals and section != elf.SHN_UNDEF
            binding = elf.STB_LOCAL if local else elf.STB_GLOBAL
        visibility = _VISIBILITY.get(unit.visibility.get(name, ""), 0)
        return _Row(name, binding, kind, visibility, section, value, size % (1 << 64))

    def told(self, attribute: dict, name: str):
        """What the source tells of a symbol, or of the one that it is another name for."""
        seen: set[str] = set()
        while name not in attribute and isinstance(node := self.unit.symbols.get(name), Symbol) and name not in seen:
            seen.add(name)
            name = node.name
        return attribute.get(name)

    # The file -------------------------------------------------------------------------------------------------------

    def data(self) -> bytes:
        strings = elf.Strings()
        rows, first_global, numbers = self.symbols()
        symbols = b"".join(
            elf.symbol_entry(
                strings.add(row.name) if row.name else 0, row.binding << 4 | row.kind, row.visibility, row.section,
                row.value, row.size,
            )
            for row in rows
        )  # fmt: skip
        symbol_table = 1 + len(self.groups) + len(self.pieces) + sum(bool(relas) for relas in self.relas.values())
        file = elf.SectionWriter(elf.EHDR_BYTES)
        for group, members in self.groups.items():
            indexes = [self.numbers[piece] for piece in members]
            indexes += [self.numbers[piece] + 1 for piece in members if self.relas[piece]]
            words = b"".join(number.to_bytes(4, "big") for number in (GRP_COMDAT, *sorted(indexes)))
            file.add(".group", SHT_GROUP, 0, words, link=symbol_table, info=numbers[group], align=4, entry=4)
        for piece in self.pieces:
            flags = sum(_FLAGS.get(letter, 0) for letter in piece.flags)
            kind = _KINDS[piece.kind] if piece.kind in _KINDS else int(piece.kind)
            data = piece.data + piece.filler * (-len(piece.data) % piece.alignment)
            file.add(piece.name, kind, flags, data, align=piece.alignment, entry=piece.entry_size)
            if relas := self.relas[piece]:
                table = b"".join(
                    elf.relocation_entry(
                        rela.offset, numbers.get(rela.target, 0), rela.relocation.number, rela.addend
                    )
                    for rela in relas
                )
                flags = SHF_INFO_LINK | flags & _FLAGS["G"]
                info = self.numbers[piece]
                file.add(".rela" + piece.name, elf.SHT_RELA, flags, table, symbol_table, info, align=8, entry=24)
        file.add(".symtab", elf.SHT_SYMTAB, 0, symbols, symbol_table + 1, first_global, align=8, entry=24)
        file.add(".strtab", elf.SHT_STRTAB, 0, bytes(strings.data))
        return file.finish(elf.ET_REL)
