"""One source file being assembled: its sections and symbols, statement by statement."""

from __future__ import annotations

import re
from collections import Counter

from s390emu.assembler import directives, insn, operands, reader
from s390emu.assembler.errors import MOST_ERRORS, Complaint, Position, SourceError, suggest
from s390emu.assembler.expressions import MOST_DIGITS, Cursor, NotYet, Place, Symbol, evaluate
from s390emu.assembler.files import Files
from s390emu.assembler.program import Piece, check_space

_LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*|\d+)\s*:(?!=)")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_.$][\w.$]*)\s*(==?)(?!=)")
_WORD = re.compile(r"\s*([A-Za-z_.$][\w.$]*)")


RECURSION = "a symbol is defined in terms of itself, or the expression is too deep"


class TooManyErrors(Exception):
    """MOST_ERRORS are enough."""


class Unit:
    """The state between two statements."""

    def __init__(self, complaints: list[Complaint], files: Files | None = None, defines=None):
        self.files = files or Files()
        self.complaints = complaints
        self.pieces: dict[str, Piece] = {}
        self.symbols: dict[str, object] = dict(defines or {})  # name -> node
        self.constants = set(self.symbols)  # those that may be set again
        self.globals: dict[str, tuple] = {}
        self.defined_at: dict[str, Position] = {}
        self.local_counts: Counter[int] = Counter()
        self.private: set[str] = set()
        self.commons: list[tuple[str, int, int, int]] = []  # name, size, boundary, column
        self.section_stack: list[str] = []
        self.position = Position("", 0, "")
        self.previous = ".text"
        self.reader = reader.Reader(self)
        self.section = self.pieces[".text"] = Piece(".text")

    # Statements -----------------------------------------------------------------------------------------------------

    def run(self, text: str, filename: str):
        """Assemble a source, to the last place that needs an address of another section or file."""
        self.position = Position(filename, 1, "")
        self.attempt(self.reader.push, reader.statements(text, filename))
        for line in self.reader:
            self.attempt(self.statement, line.text)
        for common in self.commons:
            self.attempt(self.reserve, *common)

    def attempt(self, action, *arguments):
        try:
            action(*arguments)
        except SourceError as error:
            self.complain(error)
        except NotYet:
            self.complain(SourceError("a value here depends on a symbol that is not known yet"))
        except RecursionError:
            self.complain(SourceError(RECURSION))

    def complain(self, error: SourceError, position=None):
        self.complaints.append(Complaint(position or self.position, error.column, error.message))
        if len(self.complaints) >= MOST_ERRORS:
            raise TooManyErrors

    def statement(self, text: str):
        at = 0
        while label := _LABEL.match(text, at):
            self.define(label[1], label.start(1))
            at = label.end()
        word = _WORD.match(text, at)
        if not word:
            if text[at:].strip():
                raise SourceError("label, directive or instruction expected", len(text) - len(text[at:].lstrip()))
            return
        name, cursor = word[1], Cursor(self, text, word.end())
        assignment = _ASSIGNMENT.match(text, at)
        if assignment:
            cursor = Cursor(self, text, assignment.end())
            directives.assign(self, name, cursor, word.start(1), once=assignment[2] == "==")
            return
        lower = name.lower()
        if macro := self.reader.macros.get(lower):
            self.reader.expand(macro, cursor)
        elif name[0] == ".":
            self.directive(lower, cursor, word.start(1))
        else:
            self.instruction(name, cursor, word.start(1))

    def directive(self, name: str, cursor, column: int):
        if found := directives.DIRECTIVES.get(name):
            found(self, cursor)
        elif found := reader.DIRECTIVES.get(name):
            found(self.reader, cursor)
        elif name == ".insn":
            self.encode(insn.template(self, cursor), cursor)
        elif not name.startswith(".cfi_"):
            raise SourceError(
                f'unknown directive "{name}"' + suggest(name, (*directives.DIRECTIVES, *reader.DIRECTIVES)), column
            )

    def instruction(self, name: str, cursor, column: int):
        try:
            template = operands.find(name)
        except SourceError as error:
            if near := suggest(name.lower(), self.reader.macros):
                error.message = f'unknown instruction "{name}"{near}'
            error.column = column
            raise
        self.encode(template, cursor)

    def encode(self, template, cursor):
        section = self.section
        if len(section.data) & 1:
            raise SourceError("the instruction is at an odd address; put .balign 2 before it")
        code, fixups = operands.assemble_instruction(self, template, cursor)
        section.lines.append((len(section.data), self.position.filename, self.position.line))
        section.fixups += fixups
        self.emit(code)

    # Sections -------------------------------------------------------------------------------------------------------

    def switch(self, name: str):
        self.previous = self.section.name
        if name not in self.pieces:
            self.pieces[name] = Piece(name)
        self.section = self.pieces[name]

    def go_back(self):
        self.switch(self.previous)

    def emit(self, data: bytes):
        if self.section.no_data and data.strip(b"\0"):
            raise SourceError(f"{self.section.name} holds no data, only room (.skip)")
        check_space(len(self.section.data) + len(data))
        self.section.data += data

    def reserve(self, name: str, size: int, boundary: int, column: int):
        """A symbol with room in .bss."""
        here, previous = self.section.name, self.previous
        self.switch(".bss")
        self.section.align(boundary)
        self.define(name, column)
        self.emit(bytes(size))
        self.switch(here)
        self.previous = previous

    # Symbols --------------------------------------------------------------------------------------------------------

    def here(self) -> Place:
        return Place(self.section, len(self.section.data))

    def define(self, name: str, column: int):
        """A label."""
        if name.isdigit():
            if len(name) > MOST_DIGITS:
                raise SourceError(f"a label of {len(name)} digits", column)
            number = int(name)
            self.local_counts[number] += 1
            name = f"{number}\x01{self.local_counts[number]}"
        self.assign(name, self.here(), column, once=True)

    def assign(self, name: str, node, column: int, once=False):
        if name in self.symbols and (once or name not in self.constants):
            first = self.defined_at.get(name)
            where = f" at {first.filename}:{first.line}" if first else ""
            raise SourceError(f'"{name}" is already defined{where}', column)
        self.symbols[name] = node
        self.defined_at[name] = self.position
        if not once:
            self.constants.add(name)

    def local_label(self, number: int, direction: str, column: int):
        count = self.local_counts[number]
        if direction == "b" and not count:
            raise SourceError(f'no label "{number}:" before this', column)
        name = f"{number}\x01{count + (direction == 'f')}"
        return self.symbols[name] if direction == "b" else Symbol(name, column)

    def early(self, symbol: Symbol):
        """What a symbol stands for so far."""
        try:
            return self.symbols[symbol.name]
        except KeyError:
            raise NotYet from None

    def absolute(self, cursor, what: str) -> int:
        """The value of an expression that must be a number, and now."""
        column = cursor.at
        node = cursor.expression()
        try:
            value = evaluate(node, self.early)
        except NotYet:
            value = None
        if type(value) is not int:
            raise SourceError(f"the {what} must be a number that is known here", column)
        return value
