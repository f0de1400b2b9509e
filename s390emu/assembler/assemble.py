"""Assembler for the subset of GNU syntax in spec formats.md section 2: source text -> `Program`.

    program = assemble("start: lghi %r2,1\n essa %r2,%r1,3\n", origin=0x10000)
    program.sections, program.symbols["start"], program.entry

It knows the mnemonics of opcodes.py and extended.py, nothing else. Bytes are those of GNU as and ld wherever both
accept the source. The parts are in the package `assembler`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from s390emu.assembler.directives import whole
from s390emu.assembler.errors import AssemblyError, Complaint, SourceError, suggest
from s390emu.assembler.expressions import Symbol, evaluate
from s390emu.assembler.files import Files
from s390emu.assembler.operands import resolve
from s390emu.assembler.program import Program, Section, entry_of, join, lay_out
from s390emu.assembler.unit import RECURSION, TooManyErrors, Unit
from s390emu.input_files import read_text

__all__ = ["AssemblyError", "Program", "Section", "assemble", "assemble_file", "assemble_files"]


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
    sources = [(read_text(path, "replace"), str(path)) for path in paths]
    return _link(sources, origin, include_paths, defines)


def assemble_texts(
    sources: Iterable[tuple[str, str]],
    *,
    origin: int = 0,
    include_paths: Iterable[str | Path] = (),
    defines: Mapping[str, int] | None = None,
) -> Program:
    """As `assemble_files`, of files that have been read: (text, file name) of each."""
    return _link(list(sources), origin, include_paths, defines)


def _link(sources, origin, include_paths, defines) -> Program:
    complaints: list[Complaint] = []
    files = Files(include_paths, (filename for _, filename in sources))
    units: list[Unit] = []
    values: dict[Unit, dict[str, int]] = {}
    try:
        for text, filename in sources:
            units.append(Unit(complaints, files, defines))
            units[-1].run(text, filename)
        shared = _shared_symbols(units)
        sections = lay_out((piece for unit in units for piece in unit.pieces.values()), origin)
        for unit in units:
            resolver = _Resolver(unit, shared)
            values[unit] = resolver.symbols()
            resolver.run()
    except TooManyErrors:
        pass
    if complaints:
        order = {filename: number for number, (_, filename) in enumerate(sources)}
        complaints.sort(key=lambda complaint: (order.get((at := complaint.position.origin).filename, 0), at.line))
        raise AssemblyError(complaints)
    symbols: dict[str, int] = {}
    for unit in reversed(units):  # of two private symbols with one name the first file's is listed
        symbols |= values[unit]
    symbols |= {name: values[unit][name] for name, unit in shared.items()}
    joined = [join(section) for section in sections]
    joined = [section for section in joined if section.data or section.name == ".text"]
    lines = sorted(
        (piece.address + offset, filename, line)
        for unit in units
        for piece in unit.pieces.values()
        for offset, filename, line in piece.lines
    )
    return Program(joined, symbols, lines, entry_of(symbols, joined), frozenset(shared))


def _shared_symbols(units: list[Unit]) -> dict[str, Unit]:
    """The symbols that are .globl, each with the unit that defines it."""
    shared: dict[str, Unit] = {}
    for unit in units:
        for name, (position, column) in unit.globals.items():
            if name not in unit.symbols or name in unit.private:
                continue  # another unit's perhaps; if it is nobody's, its use says so
            if name in shared:
                first = shared[name].defined_at[name]
                message = f'"{name}" is already defined at {first.filename}:{first.line}'
                unit.complain(SourceError(message, column), position)
            else:
                shared[name] = unit
    return shared


class _Resolver:
    """The second half of a unit's work: every section has its address, the holes are filled."""

    def __init__(self, unit: Unit, shared: dict[str, Unit]):
        self.unit, self.shared = unit, shared

    def run(self):
        for piece in self.unit.pieces.values():
            for fixup in piece.fixups:
                try:
                    value = evaluate(fixup.node, self.lookup, final=True)
                    if fixup.kind == "datum":
                        bits = int.from_bytes(whole(value, fixup.length, fixup.column), "big")
                    else:
                        bits = resolve(fixup, piece.address, value)
                except SourceError as error:
                    self.unit.complain(error, fixup.position)
                except RecursionError:
                    self.unit.complain(SourceError(RECURSION), fixup.position)
                else:
                    end = fixup.offset + fixup.length
                    bits |= int.from_bytes(piece.data[fixup.offset : end], "big")
                    piece.data[fixup.offset : end] = bits.to_bytes(fixup.length, "big")

    def lookup(self, symbol: Symbol):
        name = symbol.name
        if name in self.unit.symbols:
            return self.unit.symbols[name]
        if name in self.shared:
            return _Resolver(self.shared[name], self.shared).value(name)
        if "\x01" in name:
            raise SourceError(f'no label "{name.partition(chr(1))[0]}:" after this', symbol.column)
        known = (*(known for known in self.unit.symbols if "\x01" not in known), *self.shared)
        raise SourceError(f'undefined symbol "{name}"' + suggest(name, known), symbol.column)

    def value(self, name: str) -> int:
        return evaluate(self.unit.symbols[name], self.lookup, final=True)

    def symbols(self) -> dict[str, int]:
        """The final value of every symbol but the local labels."""
        values = {}
        for name, node in self.unit.symbols.items():
            if "\x01" in name:
                continue
            try:
                values[name] = evaluate(node, self.lookup, final=True)
            except SourceError as error:
                self.unit.complain(error, self.unit.defined_at.get(name))
            except RecursionError:
                self.unit.complain(SourceError(RECURSION), self.unit.defined_at.get(name))
        return values
