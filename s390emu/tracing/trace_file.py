"""The text of a `*.trace` file -> `Trace`: docs/traces.md.

Every error of a file is collected before anything is raised, each with file, line, column and a caret. The assembler
reads `.text` in place, so that its complaints name the lines of the trace; its symbols may be used in every section.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from s390emu.architecture.sizes import CPUS_MOST
from s390emu.assembler import directives, reader
from s390emu.assembler.assemble import AssemblyError, Program, assemble
from s390emu.assembler.errors import Complaint, Position, SourceError, suggest
from s390emu.input_files import read_text
from s390emu.tracing import statements
from s390emu.tracing.statements import BLOCK, CLASSES, COMMENT, MOST_DATA, Line
from s390emu.tracing.trace import Cpus, Model, Statement, Trace, TraceError

SECTIONS = (".trace", ".about", ".model", ".ram", ".cpus", ".init", ".text", ".host", ".expect", ".open")
DEFAULT_RAM = 1 << 20
DEFAULT_TEXT = 0x10000

NAMING_CPUS = (".init", ".host", ".expect", ".open")  # sections
_HEADER = re.compile(r"(\.[\w.-]+)[ \t]*")
_END = ".Lend_of_text_"


def parse(text: str, filename: str = "<string>", include_paths: Iterable[str | Path] = ()) -> Trace:
    """Read a trace. Raises TraceError with every error in it."""
    return _Reader(text, filename, include_paths).trace()


def read(path: str | Path, include_paths: Iterable[str | Path] = ()) -> Trace:
    """Read a trace file. Raises TraceError, FileError, OSError."""
    return parse(read_text(path, "replace"), str(path), include_paths)


class _Reader:
    """One trace being read: first cut into sections, then `.text` assembled, then the others with its symbols."""

    def __init__(self, text: str, filename: str, include_paths: Iterable[str | Path]):
        self.filename, self.lines, self.include_paths = filename, text.splitlines(), include_paths
        self.data = 0  # bytes of `mem` so far
        self.cpus = Cpus()
        self.errors: list[Complaint] = []
        self.errors_in_text = False  # then no symbol is known, and none is complained about
        self.bodies: dict[str, list[int]] = {}  # section -> numbers of its lines, the header's first
        self.texts: list[tuple[int, int]] = []  # (line, address) of every .text header
        self._cut()

    def complain(self, error: SourceError, number: int) -> None:
        position = Position(self.filename, number, self.lines[number - 1] if number <= len(self.lines) else "")
        self.errors.append(Complaint(position, error.column, error.message))

    # Sections ---------------------------------------------------------------------------------------------------------

    def _cut(self) -> None:
        section = ""
        for number, line in enumerate(self.lines, 1):
            found = _HEADER.match(line)
            name = found[1] if found else ""
            if name and name not in SECTIONS and not (section == ".text" and _is_directive(name)):
                near = suggest(name, SECTIONS)
                if near or section != ".text":
                    hint = near or f": one of {' '.join(SECTIONS)}"
                    self.complain(SourceError(f'unknown section "{name}"{hint}', 0), number)
                    section = ""
                    continue
                name = ""
            if name in SECTIONS:
                if name in self.bodies and name not in (".text", ".about"):
                    self.complain(SourceError(f"{name} is already given at line {self.bodies[name][0]}", 0), number)
                section = name
            elif not section and line.strip() and not line.lstrip().startswith("#"):
                message = "a line outside every section; section names begin in the first column"
                self.complain(SourceError(message, len(line) - len(line.lstrip())), number)
                continue
            if section:
                self.bodies.setdefault(section, []).append(number)

    def body(self, section: str, symbols=None, header=False):
        """The lines of a section as `Line`s; `header`: what stands beside its name too."""
        for number in self.bodies.get(section, ()):
            line = Line(self.filename, number, self.lines[number - 1], symbols, self.cpus.number)
            found = _HEADER.match(line.text)
            if found and found[1] == section:
                line.at = found.end()
                if not header and not line.done:
                    self.complain(SourceError(f"{section} stands alone on its line", line.at), number)
                    continue
            if not line.done:
                yield line

    def each(self, section: str, action: Callable[[Line], object], symbols=None, header=False) -> tuple:
        """action(line) for every line of a section; what it complains about is collected."""
        results = []
        for line in self.body(section, symbols, header):
            try:
                results.append(action(line))
                line.end()
            except SourceError as error:
                self.complain(error, line.number)
            except RecursionError:
                self.complain(SourceError("this expression is too deep"), line.number)
        return tuple(results)

    def only(self, section: str, action, default):
        values = self.each(section, action, header=True)
        return values[0] if values else default

    def trace(self) -> Trace:
        ram = self.only(".ram", statements.ram_size, DEFAULT_RAM)
        self.cpus = self._cpus()
        program, image = self._assemble(ram)
        symbols = None if self.errors_in_text else program.symbols
        about = " ".join(COMMENT.sub("", line.text[line.at :]).strip() for line in self.body(".about", header=True))
        name = self.only(".trace", statements.trace_name, Path(self.filename).stem)
        trace = Trace(
            self.filename, name, about, self._model(), ram, self.cpus,
            self.each(".init", lambda line: self._bounded(statements.initial(line, ram)), symbols), program, image,
            self.each(".host", lambda line: statements.host_event(line, ram), symbols),
            self.each(".expect", lambda line: self._bounded(statements.expectation(line, ram)), symbols),
            frozenset(chain.from_iterable(self.each(".open", statements.open_names, symbols, header=True))),
            tuple(self.lines),
        )  # fmt: skip
        if ".expect" not in self.bodies:
            message = "a trace needs a section .expect; write it empty and let `s390emu test --bless` fill it"
            self.complain(SourceError(message), max(1, len(self.lines)))
        for address, data in image:
            if address + len(data) > ram:
                self.complain(SourceError(f".text reaches {address + len(data):#x}: .ram has {ram:#x} bytes"),
                              self.texts[0][0])  # fmt: skip
        self._check_twice(trace)
        if self.errors:
            raise TraceError(sorted(self.errors, key=lambda error: (error.position.line, error.column or 0)))
        return trace

    def _cpus(self) -> Cpus:
        """What `.cpus` says. Where that is wrong, the names of CPUs are not complained about too."""
        if ".cpus" not in self.bodies:
            return Cpus()
        errors = len(self.errors)
        read = self.each(".cpus", self._cpus_line, header=True)
        if not read and len(self.errors) == errors:
            self.complain(SourceError("how many? .cpus 2"), self.bodies[".cpus"][0])
        return read[0] if read else Cpus(CPUS_MOST)

    def _cpus_line(self, line: Line) -> Cpus:
        """Read the one line of `.cpus`, before any that may name a CPU."""
        named = [numbers[0] for section, numbers in self.bodies.items() if section in NAMING_CPUS]
        if any(number < line.number for number in named):
            raise SourceError(f"write .cpus above line {min(named)}: what follows may name CPUs", 0)
        if line.number != self.bodies[".cpus"][0]:
            raise SourceError(".cpus is one line; a section such as .init begins with its name", line.at)
        return statements.cpus(line)

    def _bounded(self, statement: Statement) -> Statement:
        """The statement, unless all `mem` together say more than a file of its length does."""
        if statement.subject == "mem":
            self.data += len(statement.value)
            if self.data > MOST_DATA:
                raise SourceError(f"more than {MOST_DATA} bytes of mem in one trace")
        return statement

    def _model(self) -> Model:
        model = Model()
        for words in self.each(".model", statements.model_words, header=True):
            for name, bit in words:
                if name == "cmma":
                    model = model._replace(cmma=True)
                elif name == "no-dat":
                    model = model._replace(cmma=True, no_dat=True)
                elif name == "facility":
                    model = model._replace(facilities=(*model.facilities, bit))
                elif name != "none":
                    model = model._replace(generation=name)
        return model

    def _check_twice(self, trace: Trace) -> None:
        for section in (trace.init, trace.expect):
            seen: dict[str, int] = {}
            for statement in section:
                if statement.subject in CLASSES or statement.subject in ("policy", "host"):
                    continue
                if statement.name in seen:
                    message = f"{statement.name} is already said at line {seen[statement.name]}"
                    self.complain(SourceError(message), statement.line)
                seen[statement.name] = statement.line

    # .text ------------------------------------------------------------------------------------------------------------

    def _assemble(self, ram: int) -> tuple[Program, tuple[tuple[int, bytes], ...]]:
        """All `.text` sections as one source in which every line keeps its number."""
        nothing = Program([], {}, [], 0), ()
        source = [""] * (len(self.lines) + 2)
        origin, last = 0, None
        for number in self.bodies.get(".text", ()):
            line = self.lines[number - 1]
            if not line.startswith(".text"):
                source[number - 1] = line
                continue
            address = self._text_address(number, line, ram)
            if last is None:
                origin = address // BLOCK * BLOCK
            elif address <= last:
                message = f".text {address:#x} follows .text {last:#x}: write them in the order of their addresses"
                self.complain(SourceError(message, 0), number)
                continue
            end = f"{_end(len(self.texts) - 1)}: " if self.texts else ""
            source[number - 1] = f".text; {end}.org {address - origin:#x}"
            self.texts.append((number, address))
            last = address
        if not self.texts:
            self.complain(SourceError("a trace needs a section .text: its program"), max(1, len(self.lines)))
            self.errors_in_text = True
            return nothing
        source[-1] = f".text; {_end(len(self.texts) - 1)}:"
        try:
            program = assemble(
                "\n".join(source), filename=self.filename, origin=origin, include_paths=self.include_paths
            )
        except AssemblyError as error:
            self.errors += error.errors
            self.errors_in_text = True
            return nothing
        for index, (number, _) in enumerate(self.texts):
            if _end(index) not in program.symbols:
                message = "this .text has no end: a comment, a macro, a repetition or a condition goes on behind it"
                self.complain(SourceError(message, 0), number)
                self.errors_in_text = True
        return nothing if self.errors_in_text else self._without_gaps(program)

    def _text_address(self, number: int, text: str, ram: int) -> int:
        line = Line(self.filename, number, text, {}, 1)
        line.match(_HEADER)
        try:
            address = DEFAULT_TEXT if line.done else line.unsigned()
            line.end()
            if address >= ram:
                raise SourceError(f"{address:#x} is outside storage: .ram has {ram:#x} bytes", line.at)
            if address & 1:
                raise SourceError("instructions begin at even addresses", line.at)
        except SourceError as error:
            self.complain(error, number)
            return DEFAULT_TEXT
        return address

    def _without_gaps(self, program: Program) -> tuple[Program, tuple[tuple[int, bytes], ...]]:
        """The image holds what was written, not the room between two `.text` sections."""
        image = []
        for section in program.sections:
            if section.name != ".text":
                if section.data and not section.bss:
                    image.append((section.address, section.data))
                continue
            for index, (_, address) in enumerate(self.texts):
                data = section.data[address - section.address : program.symbols[_end(index)] - section.address]
                if data:
                    image.append((address, data))
        symbols = {name: value for name, value in program.symbols.items() if not name.startswith(_END)}
        entry = symbols.get("_start", symbols.get("start", self.texts[0][1]))
        return program._replace(symbols=symbols, entry=entry), tuple(image)


def _end(index: int) -> str:
    return f"{_END}{index}"


def _is_directive(name: str) -> bool:
    return name in directives.DIRECTIVES or name in reader.DIRECTIVES or name == ".insn" or name.startswith(".cfi_")
