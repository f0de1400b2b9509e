"""The assembler's entrance: source text in a subset of GNU syntax (docs/assembler.md) -> `Program`, or an object.

    program = assemble("start: lghi %r2,1\n essa %r2,%r1,3\n", origin=0x10000)
    program.sections, program.symbols["start"], program.entry
    Path("start.o").write_bytes(assemble_object("start: brasl %r14,main\n"))

It knows the mnemonics of opcodes.py and extended.py, nothing else. Bytes are those of GNU as and ld wherever both
accept the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from s390emu.assembler.errors import AssemblyError, Complaint, SourceError
from s390emu.assembler.expressions import Node, Place, Symbol, evaluate, is_local_label
from s390emu.assembler.files import Files
from s390emu.assembler.operands import RELATIVE, Fixup, fill_hole
from s390emu.assembler.program import (
    Common,
    Piece,
    Program,
    Section,
    beyond_the_last_address,
    entry_of,
    join,
    lay_out,
    thread_pointer_of,
)
from s390emu.assembler.relocations import ENTRY_BYTES, OFFSET_TABLE, NotReached, OffsetTable
from s390emu.assembler.unit import TooManyErrors, Unit, settled
from s390emu.input_files import read_text

__all__ = [
    "AssemblyError", "Program", "Section", "assemble", "assemble_file", "assemble_files", "assemble_object",
]  # fmt: skip


def assemble(
    source: str,
    *,
    filename: str = "<string>",
    origin: int = 0,
    include_paths: Iterable[str | Path] = (),
    defines: Mapping[str, int] | None = None,
) -> Program:
    """Assemble a source text; its first section begins at `origin`. Raises AssemblyError with every error in it."""
    return _link([(source, filename)], origin, include_paths, defines)


def assemble_file(path: str | Path, **options) -> Program:
    """Assemble a file; options as for `assemble`."""
    return assemble_files([path], **options)


def assemble_files(
    paths: Iterable[str | Path],
    *,
    origin: int = 0,
    include_paths: Iterable[str | Path] = (),
    defines: Mapping[str, int] | None = None,
) -> Program:
    """Assemble files into one program: `.globl` symbols are common to all, others private to their file."""
    return _link([_source(path) for path in paths], origin, include_paths, defines)


def assemble_texts(
    sources: Iterable[tuple[str, str]],
    *,
    origin: int = 0,
    include_paths: Iterable[str | Path] = (),
    defines: Mapping[str, int] | None = None,
) -> Program:
    """Assemble files that have been read already, each given as (text, file name), as `assemble_files` does."""
    return _link(list(sources), origin, include_paths, defines)


def assemble_object(
    source: str,
    *,
    filename: str = "<string>",
    include_paths: Iterable[str | Path] = (),
    defines: Mapping[str, int] | None = None,
    messages: list[str] | None = None,
) -> bytes:
    """Assemble a source text into an ELF64 relocatable object for s390x, as GNU as does.

    messages: a list to which those of .warning and .print are added.
    """
    from s390emu.assembler.relocatable import write_object

    with _Complaints() as complaints:
        (unit,) = _read([(source, filename)], complaints, include_paths, defines)
        unit.settle()
        data = write_object(unit)
    if messages is not None:
        messages += unit.messages
    return data


def _source(path: str | Path) -> tuple[str, str]:
    return read_text(path, "replace"), str(path)


class _Complaints:
    """Collects the complaints about sources, and raises them together at the end."""

    def __init__(self) -> None:
        self.list: list[Complaint] = []
        self.order: dict[str, int] = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self.list and kind in (None, TooManyErrors):
            self.list.sort(key=self._place)
            raise AssemblyError(self.list) from None

    def _place(self, complaint: Complaint) -> tuple[int, int]:
        """Return the number of the file and the line that led to a complaint."""
        origin = complaint.position.origin
        return self.order.get(origin.filename, 0), origin.line


def _read(
    sources: list[tuple[str, str]],
    complaints: _Complaints,
    include_paths: Iterable[str | Path],
    defines: Mapping[str, int] | None,
) -> list[Unit]:
    """Read each source to its end; return a unit for each."""
    complaints.order = {filename: number for number, (_, filename) in enumerate(sources)}
    files = Files(include_paths, (filename for _, filename in sources))
    units = []
    for text, filename in sources:
        units.append(Unit(complaints.list, files, defines))
        units[-1].run(text, filename)
    return units


def _link(
    sources: list[tuple[str, str]], origin: int, include_paths: Iterable[str | Path], defines: Mapping[str, int] | None
) -> Program:
    """Return the program that all sources make together."""
    with _Complaints() as complaints:
        program = link(_read(sources, complaints, include_paths, defines), origin)
    return program


def link(units: list[Unit], origin: int) -> Program:
    """Return the program that units make, all read to their end; what is wrong is among their complaints."""
    _keep_one_of_each_group(units)
    _allocate_commons(units)
    for unit in units:
        unit.settle()
    shared = _shared_symbols(units)
    sections = lay_out((piece for unit in units for piece in unit.pieces.values()), origin)
    end = max((piece.address + len(piece.data) for section in sections for piece in section), default=origin)
    table = OffsetTable(end + -end % ENTRY_BYTES)
    thread_pointer = thread_pointer_of(sections)
    values: dict[Unit, dict[str, int]] = {}
    for unit in units:
        resolver = _Resolver(unit, shared, table, thread_pointer)
        values[unit] = resolver.symbols()
        resolver.run()
    symbols: dict[str, int] = {}
    for unit in reversed(units):  # of two private symbols with one name the first file's is listed
        symbols |= values[unit]
    symbols |= {name: values[unit][name] for name, unit in shared.items() if name in values[unit]}
    joined = [join(section) for section in sections]
    joined = [section for section in joined if section.data or section.name == ".text"]
    if table.entries:
        joined.append(Section(".got", table.address, table.data))
    if beyond_the_last_address(joined):
        units[0].complain(SourceError("the program goes beyond the last address; let it begin at a lower one"))
    lines = sorted(
        (piece.address + fragment.start + offset, filename, line)
        for unit in units
        for piece in unit.pieces.values()
        if piece.loaded
        for fragment in piece.fragments
        for offset, filename, line in fragment.lines
    )
    messages = tuple(message for unit in units for message in unit.messages)
    return Program(joined, symbols, lines, entry_of(symbols, joined), frozenset(shared), messages)


def _keep_one_of_each_group(units: list[Unit]):
    """Drop the sections of a group that an earlier file has too, and their symbols."""
    owners: dict[str, Unit] = {}
    for unit in units:
        members = [piece for piece in unit.pieces.values() if piece.group]
        dropped = {piece for piece in members if owners.setdefault(piece.group, unit) is not unit}
        if dropped:
            unit.pieces = {key: piece for key, piece in unit.pieces.items() if piece not in dropped}
            bases = {fragment for piece in dropped for fragment in piece.fragments}
            for name, node in [*unit.symbols.items()]:
                if isinstance(node, Place) and node.base in bases:
                    del unit.symbols[name]


def _allocate_commons(units: list[Unit]):
    """Give each .comm symbol room in the first file that has it, unless some file defines the symbol itself."""
    defined = {name for unit in units for name in unit.globals if name in unit.symbols and name not in unit.weak}
    wanted: dict[str, list[tuple[Unit, Common]]] = {}
    for unit in units:
        for name, common in unit.commons.items():
            wanted.setdefault(name, []).append((unit, common))
        unit.commons = {}
    for name, places in wanted.items():
        if name not in defined:
            unit, first = places[0]
            size = max(common.size for _, common in places)
            boundary = max(common.boundary for _, common in places)
            unit.position = first.position
            unit.attempt(unit.reserve, name, size, boundary, first.column, 2)


def _shared_symbols(units: list[Unit]) -> dict[str, Unit]:
    """Return the symbols that are .globl or .weak, each with the unit that defines it: not as weak, if one does."""
    shared: dict[str, Unit] = {}
    for unit in units:
        for name in dict.fromkeys((*unit.globals, *unit.weak)):
            if name not in unit.symbols or name in unit.private:
                continue  # perhaps another unit defines it; if none does, its use is an error
            first = shared.get(name)
            if first is None or (name in first.weak and name not in unit.weak):
                shared[name] = unit
            elif name not in unit.weak:
                place = first.defined_at[name]
                position, column = unit.globals[name]
                message = f'"{name}" is already defined at {place.filename}:{place.line}'
                unit.complain(SourceError(message, column), position)
    return shared


class _Resolver:
    """Fills the holes of a unit, once every section has its address."""

    def __init__(self, unit: Unit, shared: dict[str, Unit], table: OffsetTable, thread_pointer: int):
        self.unit, self.shared, self.table, self.thread_pointer = unit, shared, table, thread_pointer

    def run(self):
        """Fill all holes."""
        for piece in self.unit.pieces.values():
            if piece.loaded:
                for fragment in piece.fragments:
                    for fixup in fragment.fixups:
                        self.unit.attempt(self.fill, piece, fragment.start, fixup, position=fixup.position)

    def fill(self, piece: Piece, start: int, fixup: Fixup):
        """Put the value of a hole into it."""
        value = self.final(fixup.node)
        if fixup.relocation:
            place = start + fixup.place
            try:
                value = fixup.relocation.value(
                    value, fixup.addend, piece.address + place, self.table, self.thread_pointer
                )
                fixup.relocation.put(piece.data, place, value)
            except NotReached as error:
                raise SourceError(f"{fixup.relocation.name} {error}", fixup.column) from None
            return
        at = start + fixup.offset
        fill_hole(piece.data, at, fixup, value - (piece.address + at) * (fixup.kind == RELATIVE))

    def final(self, node: Node) -> int:
        """Return the value of a node."""
        value = evaluate(node, self.lookup, _address)
        assert isinstance(value, int)
        return value

    def lookup(self, symbol: Symbol) -> Node:
        """Return what a symbol stands for, in whichever file defines it."""
        name, unit = symbol.name, self.unit
        owner = self.shared.get(name)
        if owner is not None and owner is not unit and (name not in unit.symbols or name in unit.weak):
            return _Resolver(owner, self.shared, self.table, self.thread_pointer).final(owner.symbols[name])
        if name in unit.symbols:
            return unit.symbols[name]
        if name == OFFSET_TABLE:
            return self.table.address
        if unit.is_weak(name):
            return 0
        return unit.known(symbol, self.shared)

    def symbols(self) -> dict[str, int]:
        """Return the final value of every symbol but the local labels."""
        values = {}
        for name, node in self.unit.symbols.items():
            if not is_local_label(name):
                value = self.unit.attempt(self.final, node, position=self.unit.defined_at.get(name))
                if value is not None:
                    values[name] = value
        return values


def _address(place: Place) -> int:
    """Return the address of a place, the sections having theirs."""
    place = settled(place)
    assert isinstance(place.base, Piece)  # `lookup` rejects undefined symbols
    return place.base.address + place.offset
