"""Which instruction belongs to which line of the program's own source: .file, .loc, and the table .debug_line.

Format: DWARF Debugging Information Format, "Line Number Information"; version 5 where the source numbers a file 0 or
gives digests, else 3. Only objects have it; a program that is loaded does not need it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.data import Directive
from s390emu.assembler.errors import Position, SourceError
from s390emu.assembler.expressions import Binary, Cursor, Node, NotYet, Place, Unary, evaluate
from s390emu.assembler.number_encoding import sleb128, uleb128
from s390emu.assembler.program import Piece
from s390emu.assembler.table import Table

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

LINE_BASE, LINE_RANGE, OPCODE_BASE = -5, 14, 13
OPERANDS = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1))  # of the opcodes below OPCODE_BASE
COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, SET_COLUMN, NEGATE_STMT = 1, 2, 3, 4, 5, 6
BASIC_BLOCK, CONST_ADD_PC, PROLOGUE_END, EPILOGUE_BEGIN, SET_ISA = 7, 8, 10, 11, 12
END_SEQUENCE, SET_ADDRESS, SET_DISCRIMINATOR = b"\0\x01\x01", b"\0\x09\x02", 4
MOST_SPECIAL = (255 - OPCODE_BASE) // LINE_RANGE  # bytes that a special opcode can advance, and CONST_ADD_PC does
PATH, DIRECTORY, MD5 = 1, 2, 5  # DW_LNCT
STRING_OFFSET, UDATA, DATA16 = 0x1F, 0x0F, 0x1E  # DW_FORM
MOST_FILES = 1 << 20
_MARKS = {"basic_block": BASIC_BLOCK, "prologue_end": PROLOGUE_END, "epilogue_begin": EPILOGUE_BEGIN}
_NUMBERS = ("is_stmt", "isa", "discriminator")
_DIGEST = re.compile(r"0[xX]([0-9a-fA-F]{1,32})")


class _File(NamedTuple):
    directory: int
    name: str
    digest: int | None = None


class _Loc(NamedTuple):
    """What .loc says of the instruction that follows. `fresh`: its view is 0, wherever the row before it is."""

    file: int = 1
    line: int = 1
    column: int = 0
    is_stmt: bool = True
    isa: int = 0
    discriminator: int = 0
    marks: tuple[int, ...] = ()
    fresh: bool = False


class _Row(NamedTuple):
    """An instruction's place in the source.

    GNU as sets the address anew for a fresh row unless it knows that there is code between it and the row before: code
    that follows that row before the section is aligned, or precedes this one since the last alignment.
    """

    loc: _Loc
    place: Place
    view: Node = 0  # how many rows before it are of the same instruction
    last: bool = False  # nothing follows it before the section is aligned
    first: bool = False  # nothing is between it and the last alignment of the section


class LineTable:
    """The .file and .loc directives of one file."""

    def __init__(self, unit: Unit):
        self.unit = unit
        self.position = Position("", 0, "")
        self.directories: dict[str, int] = {"": 0}
        self.files: dict[int, _File] = {}
        self.rows: dict[Piece, list[_Row]] = {}
        self.alignments: dict[Piece, Place] = {}  # where each section was filled up last
        self.waiting: _Loc | None = None  # for the next instruction
        self.last = _Loc()
        self.root: str | None = None  # the directory of file 0

    def flush(self):
        """Add the row of the last .loc, if it still waits for its instruction."""
        if self.waiting:
            self.row(self.waiting)

    def row(self, loc: _Loc) -> _Row:
        """Add a row for what comes next, and return it."""
        unit, place = self.unit, self.unit.place_here()
        rows = self.rows.setdefault(unit.piece, [])
        view: Node = 0
        if rows and not loc.fresh:
            before = rows[-1]
            view = Binary("*", Unary("-", Binary("==", place, before.place)), Binary("+", before.view, 1))
            with suppress(NotYet):
                view = evaluate(view, unit.early)
        first = place == self.alignments.get(unit.piece)
        rows.append(_Row(loc, place, view, first=first))
        self.waiting = None
        return rows[-1]

    def aligned(self, start: Place):
        """Note that the section is filled up from `start` to here."""
        rows = self.rows.get(self.unit.piece)
        if rows and start == rows[-1].place:
            rows[-1] = rows[-1]._replace(last=True)
        self.alignments[self.unit.piece] = self.unit.place_here()

    def write(self):
        """Write .debug_line; every place in the code is known by now."""
        rows = {piece: rows for piece, rows in self.rows.items() if rows}
        described = self.unit.pieces.get((".debug_info", ""))
        if not rows and not (self.files and described and described.data):
            return
        table = Table(self.unit.section(".debug_line", "", "progbits"))
        five = self.root is not None or any(file.digest is not None for file in self.files.values())
        table.number(0, 4)
        table.number(5 if five else 3, 2)
        if five:
            table.data += bytes((8, 0))  # of an address, of a segment selector
        header_at = len(table.data)
        table.number(0, 4)
        # The shortest instruction has one byte and (version 5) one operation; rows begin as statements.
        table.data += bytes((1, 1, 1)[: 3 if five else 2])
        table.data += bytes((LINE_BASE & 0xFF, LINE_RANGE, OPCODE_BASE)) + OPERANDS
        if five:
            self._names(table)
        else:
            table.data += b"".join(name.encode() + b"\0" for name in [*self.directories][1:]) + b"\0"
            for number in range(1, max(self.files, default=0) + 1):
                file = self.files.get(number, _File(0, ""))
                table.data += file.name.encode() + b"\0" + uleb128(file.directory) + b"\0\0"
            table.data += b"\0"
        table.put_length(header_at)
        for piece, sequence in rows.items():
            start = Place(piece, 0)
            self._sequence(table, piece, sorted(sequence, key=lambda row: self.unit.distance(start, row.place)))
        table.put_length(0)
        table.finish()

    def _names(self, table: Table):
        """Write the directories and files as version 5 has them: their names are in .debug_line_str."""
        piece = self.unit.section(".debug_line_str", "MS", "progbits")
        piece.entry_size = 1
        strings = Table(piece)

        def string(text: str):
            table.reference(strings.place(len(strings.data)), 4, self.position)
            strings.data += text.encode() + b"\0"

        directories = [self.root or "", *[*self.directories][1:]]
        table.data += bytes((1, PATH, STRING_OFFSET)) + uleb128(len(directories))
        for name in directories:
            string(name)
        digests = any(file.digest is not None for file in self.files.values())
        formats = [(PATH, STRING_OFFSET), (DIRECTORY, UDATA)] + [(MD5, DATA16)] * digests
        table.data += bytes((len(formats), *(number for pair in formats for number in pair)))
        count = max(self.files, default=0) + 1
        table.data += uleb128(count)
        for number in range(count):
            file = self.files.get(number) or self.files.get(1, _File(0, ""))
            string(file.name)
            table.data += uleb128(file.directory)
            if digests:
                table.number(file.digest or 0, 16)
        strings.finish()

    def _sequence(self, table: Table, piece: Piece, rows: list[_Row]):
        """Write the rows of one section, of which there is at least one."""
        state, before = _Loc(), None
        for row in rows:
            loc = row.loc
            table.data += _changes(state, loc)
            distance = self.unit.distance(before.place, row.place) if before else 0
            if before is None or (loc.fresh and ((before.last and row.first) or not distance)):
                table.data += SET_ADDRESS
                table.reference(row.place, 8, self.position)
                distance = 0
            table.data += advance(loc.line - state.line, distance)
            state, before = loc, row
        distance = self.unit.distance(rows[-1].place, Place(piece, len(piece.data)))
        if distance == MOST_SPECIAL:
            table.data.append(CONST_ADD_PC)
        elif distance:
            table.data += bytes((ADVANCE_PC,)) + uleb128(distance)
        table.data += END_SEQUENCE


def _changes(state: _Loc, loc: _Loc) -> bytes:
    """Return the opcodes for what is new in a row, apart from its place and line."""
    data = b""
    if loc.file != state.file:
        data += bytes((SET_FILE,)) + uleb128(loc.file)
    if loc.column != state.column:
        data += bytes((SET_COLUMN,)) + uleb128(loc.column)
    if loc.discriminator:
        number = uleb128(loc.discriminator)
        data += b"\0" + uleb128(1 + len(number)) + bytes((SET_DISCRIMINATOR,)) + number
    if loc.isa != state.isa:
        data += bytes((SET_ISA,)) + uleb128(loc.isa)
    if loc.is_stmt != state.is_stmt:
        data += bytes((NEGATE_STMT,))
    return data + bytes(loc.marks)


def advance(lines: int, distance: int) -> bytes:
    """Return the opcodes for a row that is so many lines and bytes further on."""
    data = b""
    far = not 0 <= lines - LINE_BASE < LINE_RANGE
    if far:
        data, lines = bytes((ADVANCE_LINE,)) + sleb128(lines), 0
    if not lines and not distance:
        return data + bytes((COPY,))
    special = lines - LINE_BASE + OPCODE_BASE
    if special + distance * LINE_RANGE <= 255:
        return data + bytes((special + distance * LINE_RANGE,))
    if special + (distance - MOST_SPECIAL) * LINE_RANGE <= 255:
        return data + bytes((CONST_ADD_PC, special + (distance - MOST_SPECIAL) * LINE_RANGE))
    return data + bytes((ADVANCE_PC,)) + uleb128(distance) + bytes((COPY if far else special,))


# Directives -----------------------------------------------------------------------------------------------------------


def _file(unit: Unit, cursor: Cursor):
    """Name a file, in the symbol table: .file "name"; in the line table: .file number,"directory" "name" md5 digest."""
    table = unit.line_table
    if cursor.peek('"'):
        unit.source_name = cursor.string().decode("utf-8", "replace")
        cursor.end()
        return
    column = cursor.at
    number = unit.absolute(cursor, "number of the file")
    if not 0 <= number <= MOST_FILES:
        raise SourceError(f"file {number} is not between 0 and {MOST_FILES}", column)
    cursor.accept(",")
    directory, name, digest = "", cursor.string().decode("utf-8", "replace"), None
    if cursor.peek('"'):
        directory, name = name, cursor.string().decode("utf-8", "replace")
    elif "/" in name.lstrip("/"):
        directory, _, name = name.rpartition("/")
    if cursor.accept("md5"):
        found = cursor.match(_DIGEST)
        if not found:
            raise cursor.error("digest expected: 0x and up to 32 hexadecimal digits")
        digest = int(found[1], 16)
    cursor.end()
    if number in table.files and number:
        raise SourceError(f"file {number} has a name already", column)
    if number == 0:
        table.root = directory
        table.directories = {directory: 0} | {name: at for name, at in table.directories.items() if name}
    at = table.directories.setdefault(directory, len(table.directories)) if directory else 0
    table.files[number] = _File(at, name, digest)


def _loc(unit: Unit, cursor: Cursor):
    """Say where what follows comes from: .loc file line column options."""
    table = unit.line_table
    table.position = unit.position
    table.flush()
    column_at = cursor.at
    file = unit.absolute(cursor, "number of the file")
    if file not in table.files:
        raise SourceError(f"file {file} has no .file", column_at)
    line = unit.absolute(cursor, "line")
    column = table.last.column
    if not cursor.done and cursor.text[cursor.at].isdigit():
        column = unit.absolute(cursor, "column")
    numbers = {"is_stmt": int(table.last.is_stmt), "isa": table.last.isa, "discriminator": 0}
    marks: list[int] = []
    viewed, view, fresh = False, "", False
    while not cursor.done:
        at = cursor.at
        word = cursor.word("option")
        if word in _MARKS:
            marks.append(_MARKS[word])
        elif word in _NUMBERS:
            numbers[word] = unit.absolute(cursor, word)
        elif word == "view":
            viewed = True
            if cursor.accept("-0"):
                fresh = True
            elif not cursor.accept("0"):
                view = cursor.word("name of a view")
        else:
            raise SourceError(f'unknown option "{word}"', at)
    for what, number in {"line": line, "column": column, **numbers}.items():
        if not 0 <= number < 1 << 32:
            raise SourceError(f"{what} {number} is not between 0 and {(1 << 32) - 1}", column_at)
    table.last = table.waiting = loc = _Loc(
        file, line, column, bool(numbers["is_stmt"]), numbers["isa"], numbers["discriminator"], tuple(sorted(marks)),
        fresh,
    )  # fmt: skip
    if viewed:
        row = table.row(loc)
        if view:
            unit.assign(view, row.view, column_at, once=True)


DIRECTIVES: dict[str, Directive] = {".file": _file, ".loc": _loc}
