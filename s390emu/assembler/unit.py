"""One source file being assembled: its sections and symbols, statement by statement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from s390emu.assembler import directives, insn, operands, reader
from s390emu.assembler.errors import MOST_ERRORS, Complaint, Position, SourceError, suggest
from s390emu.assembler.expressions import (
    LOCAL_MARK,
    MOST_DIGITS,
    NAME,
    Binary,
    Cursor,
    Node,
    NotYet,
    Place,
    Symbol,
    Unary,
    Value,
    evaluate,
    is_local_label,
    number,
    stays_in_the_file,
)
from s390emu.assembler.files import Files
from s390emu.assembler.frame_info import FrameInfo
from s390emu.assembler.line_table import LineTable
from s390emu.assembler.operands import Template
from s390emu.assembler.program import STANDARD, Common, Fragment, Piece, Render, Tail, check_space, settle

_LABEL = re.compile(rf"\s*({NAME}|\d+)\s*:(?!=)")
_ASSIGNMENT = re.compile(rf"\s*({NAME})\s*(==?)(?!=)")
_WORD = re.compile(rf"\s*({NAME})")
_T = TypeVar("_T")

ODD = "the instruction is at an odd address; put .balign 2 before it"
RECURSION = "a symbol is defined in terms of itself, or the expression is too deep"


class TooManyErrors(Exception):
    """Raised after MOST_ERRORS complaints."""


class Unit:
    """The state between two statements."""

    def __init__(
        self, complaints: list[Complaint], files: Files | None = None, defines: Mapping[str, int] | None = None
    ):
        self.complaints = complaints
        self.messages: list[str] = []  # of .warning and .print
        self.files = files or Files()
        self.pieces: dict[tuple[str, str], Piece] = {}  # by name and group
        self.symbols: dict[str, Node] = dict(defines or {})
        self.constants = set(self.symbols)  # those that may be set again
        self.globals: dict[str, tuple[Position, int]] = {}  # where and in which column a name is made global
        self.weak: set[str] = set()
        self.private: set[str] = set()
        self.visibility: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.sizes: dict[str, Node] = {}
        self.renamed: dict[str, str] = {}  # .weakref: the name in this file -> the name elsewhere
        self.source_name = ""  # .file
        self.mentioned: set[str] = set()  # names in expressions
        self.defined_at: dict[str, Position] = {}
        self.local_counts: Counter[int] = Counter()
        self.commons: dict[str, Common] = {}
        self.section_stack: list[tuple[Piece, int, tuple[Piece, int]]] = []  # of .pushsection
        self.position = Position("", 0, "")
        self.long_displacements = True  # not on the first machines with 64 bits
        self.machines: list[bool] = []  # of .machine push
        self.structure: int | None = None  # the offset in a .struct, which is no section
        self.room = 0  # bytes so far
        self.frames = FrameInfo(self)
        self.line_table = LineTable(self)
        self.reader = reader.Reader(self)
        for name in STANDARD:
            self.pieces[name, ""] = Piece(name)
        self.piece, self.subsection = self.pieces[".text", ""], 0
        self.fragment = self.piece.subsections[0][0]
        self.previous = (self.piece, 0)

    # Statements -----------------------------------------------------------------------------------------------------

    def run(self, text: str, filename: str):
        """Assemble a source, except for what depends on addresses of other sections or files."""
        self.position = Position(filename, 1, "")
        self.attempt(lambda: self.reader.push(reader.statements(text, filename)))
        for line in self.reader:
            self.attempt(self.statement, line.text)
        self.attempt(self.frames.end)

    def settle(self):
        """Find the lengths that had to wait for the end of the file, and with them the places within each section."""
        settle(self.pieces.values(), self.room, self.settled_value, self.complain)
        for fragment in (fragment for piece in self.pieces.values() for fragment in piece.fragments):
            for offset, filename, line in fragment.lines:
                if fragment.start + offset & 1:
                    self.complain(SourceError(ODD), Position(filename, line, ""))
                    break
        self.attempt(self.frames.write)
        self.attempt(self.line_table.write)

    def attempt(self, action: Callable[..., _T], *arguments, position: Position | None = None) -> _T | None:
        """Return what an action returns; if it fails, complain of `position`, or the present one, and return None."""
        try:
            return action(*arguments)
        except SourceError as error:
            self.complain(error, position)
        except NotYet:
            self.complain(SourceError("a value here depends on a symbol that is not known yet"), position)
        except RecursionError:
            self.complain(SourceError(RECURSION), position)
        return None

    def complain(self, error: SourceError, position: Position | None = None):
        """Add an error to the complaints, at `position` or the present one."""
        self.complaints.append(Complaint(position or self.position, error.column, error.message))
        if len(self.complaints) >= MOST_ERRORS:
            raise TooManyErrors

    def statement(self, text: str):
        """Assemble one statement."""
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

    def directive(self, name: str, cursor: Cursor, column: int):
        """Do what a directive says."""
        if directive := directives.DIRECTIVES.get(name):
            directive(self, cursor)
        elif of_reader := reader.DIRECTIVES.get(name):
            of_reader(self.reader, cursor)
        elif name == ".insn":
            self.encode(insn.template(self, cursor), cursor)
        else:
            known = (*directives.DIRECTIVES, *reader.DIRECTIVES)
            raise SourceError(f'unknown directive "{name}"' + suggest(name, known), column)

    def instruction(self, name: str, cursor: Cursor, column: int):
        """Assemble an instruction."""
        try:
            template = operands.find(name)
        except SourceError as error:
            if near := suggest(name.lower(), self.reader.macros):
                error.message = f'unknown instruction "{name}"{near}'
            error.column = column
            raise
        self.encode(template, cursor)

    def encode(self, template: Template, cursor: Cursor):
        """Emit an instruction, whose operands are at the cursor."""
        if self.structure is not None:
            raise SourceError("no instruction in a .struct")
        fragment = self.fragment
        if len(fragment.data) & 1 and fragment.placed:
            raise SourceError(ODD)
        code, fixups = operands.assemble_instruction(self, template, cursor)
        fragment.lines.append((len(fragment.data), self.position.filename, self.position.line))
        fragment.fixups += fixups
        self.line_table.flush()
        self.emit(code)

    # Sections -------------------------------------------------------------------------------------------------------

    def section(self, name: str, flags: str | None = None, kind: str = "", group: str = "") -> Piece:
        """Return the section of this name, which is made if it is new."""
        key = name, group
        if key not in self.pieces:
            self.pieces[key] = Piece(name, flags, kind, group)
        return self.pieces[key]

    def switch(self, piece: Piece, subsection: int = 0):
        """Go on at the end of a subsection."""
        self.previous = self.piece, self.subsection
        self.piece, self.subsection, self.structure = piece, subsection, None
        row = piece.subsections.setdefault(subsection, [])
        if not row:
            row.append(Fragment(piece))
        self.fragment = row[-1]

    def emit(self, data: bytes):
        """Add bytes to the section."""
        if self.structure is not None:
            if data.strip(b"\0"):
                raise SourceError(".struct holds no data, only room (.skip)")
            self.structure += len(data)
            return
        if self.piece.no_data and data.strip(b"\0"):
            raise SourceError(f"{self.piece.name} holds no data, only room (.skip)")
        self.room += len(data)
        check_space(self.room)
        self.fragment.data += data

    def stretch(self, render: Render):
        """Go on behind bytes whose number depends on what is not known yet."""
        if self.structure is not None:
            raise SourceError("a length in a .struct must be known")
        self.fragment.tail = Tail(render, self.position)
        self.fragment = Fragment(self.piece)
        self.piece.subsections[self.subsection].append(self.fragment)

    def align(self, boundary: int, fill: bytes | None = None, most: int | None = None):
        """Go to a multiple of `boundary`; between instructions the filler is NOPR, as GNU as has it."""
        piece = self.piece
        fill = piece.filler if fill is None else fill

        def padding(at: int) -> bytes:
            gap = -at % boundary
            if most is not None and gap > most:
                return b""
            if gap % len(fill):
                raise SourceError(f"a gap of {gap} bytes cannot be filled {len(fill)} bytes at a time")
            return fill * (gap // len(fill))

        if self.structure is not None:
            self.structure += len(padding(self.structure))
            return
        piece.alignment = max(piece.alignment, boundary)
        start = self.place_here()
        if self.fragment.placed:
            self.emit(padding(len(self.fragment.data)))
        else:
            self.stretch(lambda at, value: padding(at))
        self.line_table.aligned(start)

    def reserve(self, name: str, size: int, boundary: int, column: int, subsection: int = 1):
        """Define a symbol with room in .bss, behind what the source itself puts there."""
        here = self.piece, self.subsection, self.structure
        previous = self.previous
        self.switch(self.section(".bss"), subsection)
        self.align(boundary)
        self.define(name, column)
        self.emit(bytes(size))
        self.types.setdefault(name, "object")
        self.sizes.setdefault(name, size)
        self.switch(*here[:2])
        self.structure, self.previous = here[2], previous

    # Symbols --------------------------------------------------------------------------------------------------------

    def here(self) -> Value:
        """Return what `.` stands for."""
        return self.place_here() if self.structure is None else self.structure

    def place_here(self) -> Place:
        """Return the place in the section, or reject it in a .struct, where there is none."""
        if self.structure is not None:
            raise SourceError("there is no code in a .struct to be described")
        return Place(self.fragment, len(self.fragment.data))

    def define(self, name: str, column: int):
        """Define a label."""
        if name.isdigit():
            if len(name) > MOST_DIGITS:
                raise SourceError(f"a label of {len(name)} digits", column)
            number = int(name)
            self.local_counts[number] += 1
            name = f"{number}{LOCAL_MARK}{self.local_counts[number]}"
        self.assign(name, self.here(), column, once=True)

    def assign(self, name: str, node: Node, column: int, once: bool = False):
        """Let a symbol stand for a node; `once`: it must not be defined again."""
        if name in self.commons or (name in self.symbols and (once or name not in self.constants)):
            first = self.defined_at.get(name)
            where = f" at {first.filename}:{first.line}" if first else ""
            raise SourceError(f'"{name}" is already defined{where}', column)
        self.symbols[name] = node
        self.defined_at[name] = self.position
        if not once:
            self.constants.add(name)

    def named(self, name: str, column: int) -> Node:
        """Return what a name stands for in an expression; one that may be set again has its present value."""
        if name in self.constants and name not in self.globals and name not in self.weak:
            node = self.symbols[name]
            if isinstance(node, Value):
                return node
        if name in self.renamed:
            return Symbol(self.renamed[name], column)
        self.mentioned.add(name)
        return Symbol(name, column)

    def is_weak(self, name: str) -> bool:
        """True if the symbol gives way to another file's, or need not exist."""
        return name in self.weak or (name in self.renamed.values() and name not in self.mentioned)

    def stays(self, node: Node) -> bool:
        """True if the node can only refer to this file, whatever the file says further on."""
        if isinstance(node, Symbol):
            return stays_in_the_file(node.name)
        if isinstance(node, Binary):
            return self.stays(node.left) and self.stays(node.right)
        return not isinstance(node, Unary) or self.stays(node.operand)

    def local_label(self, number: int, direction: str, column: int) -> Node:
        """Return what 1b or 1f stands for."""
        count = self.local_counts[number]
        if direction == "b" and not count:
            raise SourceError(f'no label "{number}:" before this', column)
        name = f"{number}{LOCAL_MARK}{count + (direction == 'f')}"
        return self.symbols[name] if direction == "b" else Symbol(name, column)

    def early(self, symbol: Symbol) -> Node:
        """Return what a symbol stands for so far."""
        try:
            return self.symbols[symbol.name]
        except KeyError:
            raise NotYet from None

    def known(self, symbol: Symbol, others: Iterable[str] = ()) -> Node:
        """Return what a symbol of this file stands for, once the file is read.

        others: more symbols to suggest if it is misspelt.
        """
        name = symbol.name
        if name in self.symbols:
            return self.symbols[name]
        if is_local_label(name):
            raise SourceError(f'no label "{name.partition(LOCAL_MARK)[0]}:" after this', symbol.column)
        known = [*(known for known in self.symbols if not is_local_label(known)), *others]
        raise SourceError(f'undefined symbol "{name}"' + suggest(name, known), symbol.column)

    def settled_value(self, node: Node) -> int:
        """Return the value of a node that must be a number once the file is read and its sections are put together."""
        value: Value | None
        try:
            value = evaluate(node, self.known, settled)
        except NotYet:
            value = None
        except RecursionError:
            raise SourceError(RECURSION) from None
        if not isinstance(value, int):
            column = node.column if isinstance(node, Symbol | Binary) else None
            raise SourceError("this must be a number, or the distance of two places in one section", column)
        return value

    def distance(self, start: Place, end: Place) -> int:
        """Return the number of bytes from one place to another, of a file that is settled."""
        return self.settled_value(Binary("-", end, start))

    def number(self, node: Node) -> int | None:
        """Return the value of a node if it is a number that is known here, else None."""
        return number(node, self.early)

    def absolute(self, cursor: Cursor, what: str) -> int:
        """Read an expression whose value must be a number, and known here."""
        column = cursor.at
        value = self.number(cursor.expression())
        if value is None:
            raise SourceError(f"the {what} must be a number that is known here", column)
        return value


def settled(place: Place) -> Place:
    """Return a place of a file that is settled by its offset in the section."""
    if isinstance(place.base, Fragment):
        return place._replace(base=place.base.piece, offset=place.base.start + place.offset)
    return place
