"""Directives: data, sections and symbols. Each is a function (unit, cursor); the names are GNU's."""

from __future__ import annotations

from contextlib import suppress

from s390emu.assembler.errors import SourceError
from s390emu.assembler.expressions import NotYet, Place, evaluate
from s390emu.assembler.operands import Fixup
from s390emu.assembler.program import check_space


def _values(cursor):
    """The expressions of a list, each with its column."""
    while not cursor.done:
        column = cursor.at
        yield cursor.expression(), column
        if not cursor.accept(","):
            break
    cursor.end()


def _data(width):
    """.byte .short .long .quad: whole numbers, or addresses, of `width` bytes."""
    bits = 8 * width

    def directive(unit, cursor):
        for node, column in _values(cursor):
            data = unit.section.data
            try:
                value = evaluate(node, unit.early)
            except NotYet:
                value = node
            if type(value) is int:
                unit.emit(whole(value, width, column))
            else:
                fixup = Fixup(len(data), width, ((0, bits),), "datum", value, unit.position, column)
                unit.section.fixups.append(fixup)
                unit.emit(bytes(width))

    return directive


def whole(value: int, width: int, column=None) -> bytes:
    """A number of either sign in `width` bytes."""
    bits = 8 * width
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise SourceError(f"{value} does not fit in {width} byte{'s' if width > 1 else ''}", column)
    return (value & ((1 << bits) - 1)).to_bytes(width, "big")


def _text(encoding, end=b""):
    """.ascii .asciz .ebcdic: strings, each followed by `end`; neighbours without a comma are one string."""

    def directive(unit, cursor):
        while not cursor.done:
            text = cursor.string()
            while cursor.peek('"'):
                text += cursor.string()
            unit.emit((text.decode("latin-1").encode(encoding, "replace") if encoding else text) + end)
            if not cursor.accept(","):
                break
        cursor.end()

    return directive


def _skip(unit, cursor):
    column = cursor.at
    amount = unit.absolute(cursor, "number of bytes")
    fill = unit.absolute(cursor, "filler") if cursor.accept(",") else 0
    cursor.end()
    check_space(amount, column)
    unit.emit(bytes([fill & 0xFF]) * amount)


def _fill(unit, cursor):
    column = cursor.at
    count = unit.absolute(cursor, "count")
    width = unit.absolute(cursor, "size") if cursor.accept(",") else 1
    value = unit.absolute(cursor, "value") if cursor.accept(",") else 0
    cursor.end()
    width = min(max(width, 0), 8)
    check_space(count * width, column)
    # GNU as: the value is a number of at most four bytes, and where there is room for more zeros follow it.
    number = (value & 0xFFFFFFFF).to_bytes(4, "big")[-width:] if width else b""
    unit.emit(number.ljust(width, b"\0") * count)


def _org(unit, cursor):
    column = cursor.at
    value = evaluate(cursor.expression(), unit.early)
    fill = unit.absolute(cursor, "filler") if cursor.accept(",") else 0
    cursor.end()
    if isinstance(value, Place):
        if value.section is not unit.section:
            raise SourceError(".org cannot leave the section", column)
        value = value.offset
    if value < len(unit.section.data):
        raise SourceError(f".org goes back, from {len(unit.section.data):#x} to {value:#x}", column)
    check_space(value, column)
    unit.emit(bytes([fill & 0xFF]) * (value - len(unit.section.data)))


def _align(power):
    def directive(unit, cursor):
        column = cursor.at
        boundary = unit.absolute(cursor, "boundary") if not cursor.done else 0
        fill = most = None
        if cursor.accept(","):
            if not cursor.done and not cursor.peek(","):
                fill = unit.absolute(cursor, "filler") & 0xFF
            if cursor.accept(","):
                most = unit.absolute(cursor, "most bytes")
        cursor.end()
        if power:
            boundary = 1 << boundary if 0 <= boundary < 29 else -1
        boundary = boundary or 1
        if boundary < 0 or boundary & (boundary - 1):
            raise SourceError("the boundary is not a power of two", column)
        check_space(boundary, column)
        unit.section.align(boundary, fill, most)

    return directive


def _section(unit, cursor):
    """.section name,"flags",@type: of the flags a (loaded) and x (code) count, of the types nobits."""
    name, flags, kind = cursor.word("section name"), None, ""
    if cursor.accept(","):
        flags = cursor.string().decode()
        if cursor.accept(","):
            kind = cursor.text[cursor.at :]
    unit.switch(name)
    if flags is not None:
        unit.section.code |= "x" in flags
        unit.section.loaded = "a" in flags
    unit.section.no_data |= kind.startswith("@nobits")


def _push_section(unit, cursor):
    unit.section_stack.append(unit.section.name)
    _section(unit, cursor)


def _pop_section(unit, cursor):
    if not unit.section_stack:
        raise SourceError(".popsection without .pushsection")
    unit.switch(unit.section_stack.pop())


def _named(name):
    def directive(unit, cursor):
        if not cursor.done and unit.absolute(cursor, "subsection") != 0:
            raise SourceError("no subsections here", None)
        unit.switch(name)

    return directive


def _set(unit, cursor):
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    assign(unit, name, cursor, column)


def assign(unit, name, cursor, column, once=False):
    """.set name, expression and name = expression."""
    node = cursor.expression()
    cursor.end()
    with suppress(NotYet):  # then it is the expression itself, worked out at its every use
        node = evaluate(node, unit.early)
    unit.assign(name, node, column, once)


def _equiv(unit, cursor):
    column = cursor.at
    name = cursor.word()
    cursor.expect(",", "after the symbol")
    assign(unit, name, cursor, column, once=True)


def _globl(unit, cursor):
    while True:
        column = cursor.at
        unit.globals.setdefault(cursor.word(), (unit.position, column))
        if not cursor.accept(","):
            break
    cursor.end()


def _common(later):
    """.comm and .lcomm: a symbol with room in .bss, of the first kind global (unless .local) and after all others."""

    def directive(unit, cursor):
        column = cursor.at
        name = cursor.word()
        cursor.expect(",", "after the symbol")
        size = unit.absolute(cursor, "size")
        boundary = unit.absolute(cursor, "alignment") if cursor.accept(",") else 8
        cursor.end()
        check_space(size, column)
        if later:
            unit.globals.setdefault(name, (unit.position, column))
            unit.commons.append((name, size, boundary, column))
        else:
            unit.reserve(name, size, boundary, column)

    return directive


def _local(unit, cursor):
    unit.private.add(cursor.word())


def _error(unit, cursor):
    raise SourceError(cursor.string().decode() if not cursor.done else ".err", None)


def _nothing(unit, cursor):
    """Accepted: it changes no byte."""


DIRECTIVES = {
    ".byte": _data(1), ".short": _data(2), ".hword": _data(2), ".half": _data(2), ".word": _data(2), ".2byte": _data(2),
    ".long": _data(4), ".int": _data(4), ".4byte": _data(4), ".quad": _data(8), ".8byte": _data(8),
    ".ascii": _text(None), ".asciz": _text(None, b"\0"), ".string": _text(None, b"\0"), ".ebcdic": _text("cp037"),
    ".skip": _skip, ".space": _skip, ".zero": _skip, ".fill": _fill,
    ".org": _org, ".balign": _align(False), ".align": _align(False), ".p2align": _align(True),
    ".text": _named(".text"), ".data": _named(".data"), ".bss": _named(".bss"), ".section": _section,
    ".pushsection": _push_section, ".popsection": _pop_section, ".previous": lambda unit, _: unit.go_back(),
    ".set": _set, ".equ": _set, ".equiv": _equiv, ".globl": _globl, ".global": _globl,
    ".comm": _common(later=True), ".lcomm": _common(later=False), ".local": _local, ".err": _error, ".error": _error,
    **dict.fromkeys(
        (".type", ".size", ".machine", ".machinemode", ".file", ".ident", ".loc", ".weak", ".hidden",
         ".internal", ".protected", ".gnu_attribute", ".version", ".extern"), _nothing),
}  # fmt: skip
