"""Directives: sections, symbols and what is told. Each is a function (unit, cursor); the names are GNU's.

Those that put bytes into a section are in data.py, those of unwind and line information in frame_info.py and
line_table.py, those that decide which lines are read in reader.py.
"""

from __future__ import annotations

import re
from contextlib import suppress

from s390emu.assembler import data, frame_info, line_table
from s390emu.assembler.errors import SourceError, suggest
from s390emu.assembler.expressions import NotYet, evaluate
from s390emu.assembler.program import Common, check_space

_WITHOUT_LONG_DISPLACEMENTS = ("g5", "g6", "z900", "arch3", "arch5")
MOST_SUBSECTIONS = 8192
_SECTION_NAME = re.compile(r"[^\s,;\"]+")
_KINDS = ("progbits", "nobits", "note", "init_array", "fini_array", "preinit_array")
_TYPES = {
    "function": "function", "func": "function", "object": "object", "tls_object": "tls_object", "notype": "notype",
    "common": "common", "gnu_indirect_function": "gnu_indirect_function", "gnu_unique_object": "gnu_unique_object",
    "tls": "tls_object", "gnu_ifunc": "gnu_indirect_function",
}  # fmt: skip


# Sections -------------------------------------------------------------------------------------------------------------


def _section_here(unit, cursor):
    """The section that name,"flags",@type,entry size,group,comdat describe, and the subsection."""
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
                kind = str(unit.absolute(cursor, "section type")) if number else cursor.word("section type")
                if kind not in _KINDS and not number:
                    raise SourceError(f'unknown section type "{kind}"' + suggest(kind, _KINDS), column)
                cursor.accept(",")
            if "M" in flags:
                entry_size = unit.absolute(cursor, "entry size")
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


def _section(unit, cursor):
    """.section name,"flags",@type,..."""
    unit.switch(*_section_here(unit, cursor))


def _push_section(unit, cursor):
    place = _section_here(unit, cursor)
    unit.section_stack.append((unit.piece, unit.subsection, unit.previous))
    unit.switch(*place)


def _pop_section(unit, cursor):
    cursor.end()
    if not unit.section_stack:
        raise SourceError(".popsection without .pushsection")
    piece, subsection, previous = unit.section_stack.pop()
    unit.switch(piece, subsection)
    unit.previous = previous


def _previous(unit, cursor):
    cursor.end()
    unit.switch(*unit.previous)


def _subsection(unit, cursor) -> int:
    column = cursor.at
    number = unit.absolute(cursor, "subsection")
    if not -MOST_SUBSECTIONS <= number <= MOST_SUBSECTIONS:
        raise SourceError(f"subsection {number} is not between -{MOST_SUBSECTIONS} and {MOST_SUBSECTIONS}", column)
    return number


def _named(name):
    def directive(unit, cursor):
        subsection = 0 if cursor.done else _subsection(unit, cursor)
        cursor.end()
        unit.switch(unit.section(name), subsection)

    return directive


def _go_to_subsection(unit, cursor):
    unit.switch(unit.piece, _subsection(unit, cursor))
    cursor.end()


def _struct(unit, cursor):
    """.struct number: labels are numbers from here on, up to the next section."""
    number = unit.absolute(cursor, "offset")
    cursor.end()
    unit.switch(unit.piece, unit.subsection)
    unit.structure = number


def _version(unit, cursor):
    """.version "text": a note."""
    text = cursor.string() + b"\0"
    cursor.end()
    note = unit.section(".note")
    note.alignment = 4
    header = b"".join(number.to_bytes(4, "big") for number in (len(text), 0, 1))
    note.fragments[-1].data += header + text + bytes(-len(text) % 4)


def _ident(unit, cursor):
    """.ident "text": a comment."""
    text = cursor.string()
    cursor.end()
    piece = unit.section(".comment", "MS")
    piece.entry_size = 1
    if not piece.fragments[0].data:
        piece.fragments[0].data += b"\0"
    piece.fragments[-1].data += text + b"\0"


# Symbols --------------------------------------------------------------------------------------------------------------


def _names(cursor):
    """Yield (name, column) for each symbol of a list."""
    while True:
        column = cursor.at
        yield cursor.word(), column
        if not cursor.accept(","):
            break
    cursor.end()


def _set(unit, cursor, once=False):
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    assign(unit, name, cursor, column, once)


def assign(unit, name, cursor, column, once=False):
    """.set name, expression and name = expression."""
    if name == ".":
        data.org(unit, cursor)
        return
    node = cursor.expression()
    cursor.end()
    with suppress(NotYet):  # then it is the expression itself, worked out at its every use
        value = evaluate(node, unit.early)
        node = value if type(value) is int else node
    unit.assign(name, node, column, once)


def _equiv(unit, cursor):
    _set(unit, cursor, once=True)


def _eqv(unit, cursor):
    """.eqv name, expression: worked out anew at its every use."""
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    node = cursor.expression()
    cursor.end()
    unit.assign(name, node, column, once=True)


def _globl(unit, cursor):
    for name, column in _names(cursor):
        unit.globals.setdefault(name, (unit.position, column))


def _weak(unit, cursor):
    for name, _ in _names(cursor):
        unit.weak.add(name)


def _weakref(unit, cursor):
    """.weakref name, target: another name for a symbol that need not exist."""
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    target = cursor.word()
    cursor.end()
    unit.renamed[name] = target


def _local(unit, cursor):
    for name, _ in _names(cursor):
        unit.private.add(name)


def _visible(how):
    def directive(unit, cursor):
        for name, _ in _names(cursor):
            unit.visibility[name] = how

    return directive


def _type(unit, cursor):
    """.type name,@function, or %function, "function", STT_FUNC."""
    name = cursor.word()
    cursor.accept(",")
    column = cursor.at
    _ = cursor.accept("@") or cursor.accept("%") or cursor.accept("#")
    kind = cursor.word("type").lower().removeprefix("stt_")
    cursor.end()
    if kind not in _TYPES:
        raise SourceError(f'unknown type "{kind}"' + suggest(kind, _TYPES), column)
    unit.types[name] = _TYPES[kind]


def _size(unit, cursor):
    name = cursor.word()
    cursor.accept(",")
    unit.sizes[name] = cursor.expression()
    cursor.end()


def _common(unit, cursor):
    """.comm name,size,boundary: room in .bss that several files may ask for, unless the symbol is .local."""
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    size, boundary = _room(unit, cursor, column)
    if name in unit.private:
        unit.reserve(name, size, boundary or 1, column)
        return
    if name in unit.symbols:
        unit.assign(name, 0, column, once=True)  # an error
    # GNU as: the least power of two that is not less than the size, but no more than 16.
    boundary = boundary or min(1 << max(size - 1, 0).bit_length(), 16)
    if before := unit.commons.get(name):
        size, boundary = max(size, before.size), max(boundary, before.boundary)
    unit.globals.setdefault(name, (unit.position, column))
    unit.commons[name] = Common(size, boundary, column, unit.position)


def _local_common(unit, cursor):
    """.lcomm name,size: room in .bss for this file alone."""
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    size, boundary = _room(unit, cursor, column)
    unit.reserve(name, size, boundary or (8 if size >= 8 else 4 if size >= 4 else 2 if size >= 2 else 1), column)


def _room(unit, cursor, column) -> tuple[int, int]:
    """The size and the boundary (0 if none is given) of a common symbol."""
    size = unit.absolute(cursor, "size")
    check_space(size, column)
    at, boundary = cursor.at, 0
    if cursor.accept(","):
        at = cursor.at
        boundary = unit.absolute(cursor, "boundary")
    cursor.end()
    if boundary < 0 or boundary & (boundary - 1):
        raise SourceError("the boundary is not a power of two", at)
    check_space(boundary, at)
    return size, boundary


# What is told ---------------------------------------------------------------------------------------------------------


def _error(unit, cursor):
    raise SourceError(cursor.string().decode("utf-8", "replace") if not cursor.done else ".err", None)


def _warning(unit, cursor):
    text = cursor.string().decode("utf-8", "replace") if not cursor.done else ".warning"
    cursor.end()
    unit.messages.append(f"{unit.position.filename}:{unit.position.line}: warning: {text}")


def _print(unit, cursor):
    unit.messages.append(cursor.string().decode("utf-8", "replace"))
    cursor.end()


def _machine(unit, cursor):
    """.machine "z900": of the machine only whether it has long displacements; .machine push and pop."""
    name = (cursor.string().decode("latin-1") if cursor.peek('"') else cursor.word("machine")).partition("+")[0]
    if name == "push":
        unit.machines.append(unit.long_displacements)
    elif name == "pop":
        if not unit.machines:
            raise SourceError(".machine pop without .machine push")
        unit.long_displacements = unit.machines.pop()
    else:
        unit.long_displacements = name not in _WITHOUT_LONG_DISPLACEMENTS


def _nothing(unit, cursor):
    """Accepted: it changes no byte."""


DIRECTIVES = {
    **data.DIRECTIVES, **frame_info.DIRECTIVES, **line_table.DIRECTIVES,
    ".text": _named(".text"), ".data": _named(".data"), ".bss": _named(".bss"), ".section": _section,
    ".pushsection": _push_section, ".popsection": _pop_section, ".previous": _previous,
    ".subsection": _go_to_subsection, ".struct": _struct, ".ident": _ident, ".version": _version,
    ".set": _set, ".equ": _set, ".equiv": _equiv, ".eqv": _eqv, ".globl": _globl, ".global": _globl, ".weak": _weak,
    ".weakref": _weakref, ".hidden": _visible("hidden"), ".internal": _visible("internal"),
    ".protected": _visible("protected"), ".type": _type, ".size": _size,
    ".comm": _common, ".common": _common, ".lcomm": _local_common, ".local": _local,
    ".err": _error, ".error": _error, ".warning": _warning, ".print": _print,
    ".machine": _machine,
    **dict.fromkeys(
        (".machinemode", ".gnu_attribute", ".extern", ".title", ".sbttl", ".list",
         ".nolist", ".eject", ".psize", ".line", ".ln", ".loc_mark_labels"), _nothing),
}  # fmt: skip
