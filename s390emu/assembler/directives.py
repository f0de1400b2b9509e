"""The table of all directives, and those for sections, symbols and messages. The names are GNU's.

Those that put bytes into a section are in data.py, those of unwind and line information in frame_info.py and
line_table.py, those that decide which lines are read in reader.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from s390emu.assembler import data, frame_info, line_table
from s390emu.assembler.data import Directive
from s390emu.assembler.elf import SECTION_TYPES, SYMBOL_TYPES, VISIBILITIES
from s390emu.assembler.errors import SourceError, suggest
from s390emu.assembler.expressions import Cursor, NotYet, evaluate
from s390emu.assembler.program import STANDARD, Common, Piece, check_boundary, check_space

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

_WITHOUT_LONG_DISPLACEMENTS = ("g5", "g6", "z900", "arch3", "arch5")
MOST_SUBSECTIONS = 8192
_SECTION_NAME = re.compile(r"[^\s,;\"]+")
_TYPES = {name: name for name in SYMBOL_TYPES} | {
    "func": "function", "tls": "tls_object", "gnu_ifunc": "gnu_indirect_function",
}  # fmt: skip


# Sections -------------------------------------------------------------------------------------------------------------


def _section_here(unit: Unit, cursor: Cursor) -> tuple[Piece, int]:
    """Read name,"flags",@type,entry size,group,comdat; return the section that they describe and the subsection."""
    found = None if cursor.peek('"') else cursor.match(_SECTION_NAME)
    name = found[0] if found else cursor.word("section name")
    flags, kind, group, entry_size, subsection = None, "", "", 0, 0
    if cursor.accept(","):
        if cursor.peek('"'):
            flags = cursor.string().decode("latin-1")
        else:
            subsection = _subsection(unit, cursor)
        if flags is not None and cursor.accept(","):
            if cursor.accept("@") or cursor.accept("%") or cursor.peek('"'):
                column = cursor.at
                number = cursor.text[column : column + 1].isdigit()
                kind = str(_unsigned(unit, cursor, "section type", 4)) if number else cursor.word("section type")
                if kind not in SECTION_TYPES and not number:
                    raise SourceError(f'unknown section type "{kind}"' + suggest(kind, SECTION_TYPES), column)
                cursor.accept(",")
            if "M" in flags:
                entry_size = _unsigned(unit, cursor, "entry size", 8)
                cursor.accept(",")
            if "G" in flags:
                found = cursor.match(_SECTION_NAME)
                group = found[0] if found else cursor.word("group")
                if cursor.accept(","):
                    cursor.word("linkage")  # comdat
    cursor.end()
    piece = unit.section(name, flags, kind, group)
    piece.entry_size = entry_size or piece.entry_size
    return piece, subsection


def _unsigned(unit: Unit, cursor: Cursor, what: str, width: int) -> int:
    """Read a number without a sign that fits in `width` bytes."""
    column = cursor.at
    value = unit.absolute(cursor, what)
    if not 0 <= value < 1 << 8 * width:
        raise SourceError(f"the {what} {value} does not fit in {width} bytes", column)
    return value


def _section(unit: Unit, cursor: Cursor):
    """Go on in a section: .section name,"flags",@type,..."""
    unit.switch(*_section_here(unit, cursor))


def _push_section(unit: Unit, cursor: Cursor):
    place = _section_here(unit, cursor)
    unit.section_stack.append((unit.piece, unit.subsection, unit.previous))
    unit.switch(*place)


def _pop_section(unit: Unit, cursor: Cursor):
    cursor.end()
    if not unit.section_stack:
        raise SourceError(".popsection without .pushsection")
    piece, subsection, previous = unit.section_stack.pop()
    unit.switch(piece, subsection)
    unit.previous = previous


def _previous(unit: Unit, cursor: Cursor):
    cursor.end()
    unit.switch(*unit.previous)


def _subsection(unit: Unit, cursor: Cursor) -> int:
    column = cursor.at
    number = unit.absolute(cursor, "subsection")
    if not -MOST_SUBSECTIONS <= number <= MOST_SUBSECTIONS:
        raise SourceError(f"subsection {number} is not between -{MOST_SUBSECTIONS} and {MOST_SUBSECTIONS}", column)
    return number


def _named(name: str) -> Directive:
    """Return .text, .data or .bss."""

    def directive(unit: Unit, cursor: Cursor):
        subsection = 0 if cursor.done else _subsection(unit, cursor)
        cursor.end()
        unit.switch(unit.section(name), subsection)

    return directive


def _go_to_subsection(unit: Unit, cursor: Cursor):
    unit.switch(unit.piece, _subsection(unit, cursor))
    cursor.end()


def _struct(unit: Unit, cursor: Cursor):
    """Make labels numbers from here on, up to the next section: .struct number."""
    number = unit.absolute(cursor, "offset")
    cursor.end()
    unit.switch(unit.piece, unit.subsection)
    unit.structure = number


def _version(unit: Unit, cursor: Cursor):
    """Put a text into the notes: .version "text"."""
    text = cursor.string() + b"\0"
    cursor.end()
    note = unit.section(".note")
    note.alignment = 4
    header = b"".join(number.to_bytes(4, "big") for number in (len(text), 0, 1))
    note.fragments[-1].data += header + text + bytes(-len(text) % 4)


def _ident(unit: Unit, cursor: Cursor):
    """Put a text into the comments: .ident "text"."""
    text = cursor.string()
    cursor.end()
    piece = unit.section(".comment", "MS")
    piece.entry_size = 1
    if not piece.fragments[0].data:
        piece.fragments[0].data += b"\0"
    piece.fragments[-1].data += text + b"\0"


# Symbols --------------------------------------------------------------------------------------------------------------


def _names(cursor: Cursor) -> Iterator[tuple[str, int]]:
    """Yield (name, column) for each symbol of a list."""
    while True:
        column = cursor.at
        yield cursor.word(), column
        if not cursor.accept(","):
            break
    cursor.end()


def _set(unit: Unit, cursor: Cursor, once: bool = False):
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    assign(unit, name, cursor, column, once)


def assign(unit: Unit, name: str, cursor: Cursor, column: int, once: bool = False):
    """Give a symbol the value of the expression here: .set name, expression and name = expression."""
    if name == ".":
        data.org(unit, cursor)
        return
    node = cursor.expression()
    cursor.end()
    with suppress(NotYet):  # then the symbol stands for the expression itself
        value = evaluate(node, unit.early)
        node = value if isinstance(value, int) else node
    unit.assign(name, node, column, once)


def _equiv(unit: Unit, cursor: Cursor):
    _set(unit, cursor, once=True)


def _eqv(unit: Unit, cursor: Cursor):
    """Give a symbol an expression that is worked out anew at its every use: .eqv name, expression."""
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    node = cursor.expression()
    cursor.end()
    unit.assign(name, node, column, once=True)


def _globl(unit: Unit, cursor: Cursor):
    for name, column in _names(cursor):
        unit.globals.setdefault(name, (unit.position, column))


def _weak(unit: Unit, cursor: Cursor):
    for name, _ in _names(cursor):
        unit.weak.add(name)


def _weakref(unit: Unit, cursor: Cursor):
    """Give a symbol that need not exist another name: .weakref name, target."""
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    target = cursor.word()
    cursor.end()
    unit.renamed[name] = target


def _local(unit: Unit, cursor: Cursor):
    for name, _ in _names(cursor):
        unit.private.add(name)


def _visible(how: str) -> Directive:
    """Return .hidden, .internal or .protected."""

    def directive(unit: Unit, cursor: Cursor):
        for name, _ in _names(cursor):
            unit.visibility[name] = how

    return directive


def _type(unit: Unit, cursor: Cursor):
    """Say what a symbol is: .type name,@function, or %function, "function", STT_FUNC."""
    name = cursor.word()
    cursor.accept(",")
    column = cursor.at
    _ = cursor.accept("@") or cursor.accept("%") or cursor.accept("#")
    kind = cursor.word("type").lower().removeprefix("stt_")
    cursor.end()
    if kind not in _TYPES:
        raise SourceError(f'unknown type "{kind}"' + suggest(kind, _TYPES), column)
    unit.types[name] = _TYPES[kind]


def _size(unit: Unit, cursor: Cursor):
    name = cursor.word()
    cursor.accept(",")
    unit.sizes[name] = cursor.expression()
    cursor.end()


def _common(unit: Unit, cursor: Cursor):
    """Ask for room in .bss, as other files may too unless the symbol is .local: .comm name,size,boundary."""
    name, column, size, boundary = _room(unit, cursor)
    if name in unit.private:
        unit.reserve(name, size, boundary or 1, column)
        return
    if name in unit.symbols:
        unit.assign(name, 0, column, once=True)  # raises
    # As in GNU as: the least power of two that is not less than the size, but no more than 16.
    boundary = boundary or min(1 << max(size - 1, 0).bit_length(), 16)
    if before := unit.commons.get(name):
        size, boundary = max(size, before.size), max(boundary, before.boundary)
    unit.globals.setdefault(name, (unit.position, column))
    unit.commons[name] = Common(size, boundary, column, unit.position)


def _local_common(unit: Unit, cursor: Cursor):
    """Reserve room in .bss for this file alone: .lcomm name,size."""
    name, column, size, boundary = _room(unit, cursor)
    unit.reserve(name, size, boundary or (8 if size >= 8 else 4 if size >= 4 else 2 if size >= 2 else 1), column)


def _room(unit: Unit, cursor: Cursor) -> tuple[str, int, int, int]:
    """Read name,size,boundary; return the name and its column, the size, the boundary (0 if none is given)."""
    column, name = cursor.at, cursor.word()
    cursor.expect(",", "after the symbol")
    size = unit.absolute(cursor, "size")
    check_space(size, column)
    at, boundary = cursor.at, 0
    if cursor.accept(","):
        at = cursor.at
        boundary = unit.absolute(cursor, "boundary")
    cursor.end()
    if boundary:
        check_boundary(boundary, at)
    return name, column, size, boundary


# Messages, settings ---------------------------------------------------------------------------------------------------


def _error(unit: Unit, cursor: Cursor):
    raise SourceError(cursor.string().decode("utf-8", "replace") if not cursor.done else ".err", None)


def _warning(unit: Unit, cursor: Cursor):
    text = cursor.string().decode("utf-8", "replace") if not cursor.done else ".warning"
    cursor.end()
    unit.messages.append(f"{unit.position.filename}:{unit.position.line}: warning: {text}")


def _print(unit: Unit, cursor: Cursor):
    unit.messages.append(cursor.string().decode("utf-8", "replace"))
    cursor.end()


def _machine(unit: Unit, cursor: Cursor):
    """Note whether the machine has long displacements: .machine "z900"; .machine push and pop."""
    name = (cursor.string().decode("latin-1") if cursor.peek('"') else cursor.word("machine")).partition("+")[0]
    if name == "push":
        unit.machines.append(unit.long_displacements)
    elif name == "pop":
        if not unit.machines:
            raise SourceError(".machine pop without .machine push")
        unit.long_displacements = unit.machines.pop()
    else:
        unit.long_displacements = name not in _WITHOUT_LONG_DISPLACEMENTS


def _nothing(unit: Unit, cursor: Cursor):
    """Accept a directive that changes no byte."""


DIRECTIVES: dict[str, Directive] = {
    **data.DIRECTIVES, **frame_info.DIRECTIVES, **line_table.DIRECTIVES,
    **{name: _named(name) for name in STANDARD}, ".section": _section,
    ".pushsection": _push_section, ".popsection": _pop_section, ".previous": _previous,
    ".subsection": _go_to_subsection, ".struct": _struct, ".ident": _ident, ".version": _version,
    ".set": _set, ".equ": _set, ".equiv": _equiv, ".eqv": _eqv, ".globl": _globl, ".global": _globl, ".weak": _weak,
    ".weakref": _weakref, **{f".{how}": _visible(how) for how in VISIBILITIES}, ".type": _type, ".size": _size,
    ".comm": _common, ".common": _common, ".lcomm": _local_common, ".local": _local,
    ".err": _error, ".error": _error, ".warning": _warning, ".print": _print,
    ".machine": _machine,
    **dict.fromkeys(
        (".machinemode", ".gnu_attribute", ".extern", ".title", ".sbttl", ".list",
         ".nolist", ".eject", ".psize", ".line", ".ln", ".loc_mark_labels"), _nothing),
}  # fmt: skip
