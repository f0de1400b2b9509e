"""Directives that put bytes into a section, or make room in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from s390emu.assembler.errors import SourceError, suggest
from s390emu.assembler.expressions import Cursor, Node, Reference, evaluate, number_of
from s390emu.assembler.number_encoding import LONG_BFP, SHORT_BFP, bfp, sleb128, uleb128, whole
from s390emu.assembler.operands import DATUM, Fixup, with_suffix
from s390emu.assembler.program import Fragment, Render, check_boundary, check_space
from s390emu.assembler.relocations import BY_NAME

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

# What does a directive's work; the cursor is at its operands.
Directive = Callable[["Unit", Cursor], None]
_WIDE_NUMBER = re.compile(r"-?[ \t]*(?:0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)(?=[ \t]*(?:,|$))")
_FLOATING = re.compile(r"(?:0[a-zA-Z])?[ \t]*(?P<sign>[-+]?)(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
                       r"|inf(?:inity)?|nan)(?=[ \t]*(?:,|$))", re.IGNORECASE)  # fmt: skip


def listed(cursor: Cursor) -> Iterator[int]:
    """Yield the column of each element of a list, as long as there are any; the caller reads the element."""
    while not cursor.done:
        yield cursor.at
        if not cursor.accept(","):
            break
    cursor.end()


def numbers(width: int) -> Directive:
    """Return .byte, .short, .long or .quad: whole numbers, or addresses, of `width` bytes. .byte takes strings too."""

    def directive(unit: Unit, cursor: Cursor):
        for column in listed(cursor):
            if width == 1 and cursor.peek('"'):
                unit.emit(cursor.string())
            else:
                datum(unit, cursor.reference(), width, column)

    return directive


def datum(unit: Unit, reference: Reference, width: int, column: int | None = None):
    """Emit one number of `width` bytes, or a hole for it."""
    if not reference.suffix:
        value = unit.number(reference.node)
        if value is not None:
            unit.emit(whole(value, width, column))
            return
    hole = Fixup(
        len(unit.fragment.data), width, ((0, 8 * width),), DATUM, reference.node, unit.position, column
    )  # fmt: skip
    if unit.structure is not None:
        raise SourceError(".struct holds no data, only room (.skip)", column)
    unit.fragment.fixups.append(with_suffix(hole, reference))
    unit.emit(bytes(width))


def octa(unit: Unit, cursor: Cursor):
    """Emit whole numbers of 16 bytes, which expressions are too short for: .octa."""
    for column in listed(cursor):
        if found := cursor.match(_WIDE_NUMBER):
            text = found[0].replace(" ", "").replace("\t", "")
            digits = text.lstrip("-")
            if len(digits) > 130:
                raise SourceError(f"a number of {len(digits)} digits does not fit in 16 bytes", column)
            value = number_of(digits, column)
            value = -value if text[0] == "-" else value
        else:
            value = unit.absolute(cursor, "value")
        unit.emit(whole(value, 16, column))


def leb128(signed: bool) -> Directive:
    """Return .uleb128 or .sleb128: numbers in as many bytes as they need (DWARF Debugging Information Format, 7.6)."""
    encode = sleb128 if signed else uleb128

    def later(node: Node) -> Render:
        return lambda at, value: encode(value(node))

    def directive(unit: Unit, cursor: Cursor):
        for _ in listed(cursor):
            node = cursor.expression()
            known = unit.number(node)
            if known is not None:
                unit.emit(encode(known))
            else:
                unit.stretch(later(node))

    return directive


def floating(form: tuple[int, int]) -> Directive:
    """Return .float or .double: binary floating-point numbers."""

    def directive(unit: Unit, cursor: Cursor):
        for column in listed(cursor):
            found = cursor.match(_FLOATING)
            if not found:
                raise SourceError("floating-point number expected", column)
            unit.emit(bfp(found["sign"] == "-", found["number"].lower(), form, column))

    return directive


def strings(encoding: str | None = None, end: bytes = b"", width: int = 1) -> Directive:
    """Return .ascii, .asciz, .ebcdic or a wider one: strings, each followed by `end`.

    Neighbours without a comma are one string.
    """

    def directive(unit: Unit, cursor: Cursor):
        for _ in listed(cursor):
            text = cursor.string()
            while cursor.peek('"'):
                text += cursor.string()
            text = text.decode("latin-1").encode(encoding, "replace") if encoding else text
            unit.emit(b"".join(bytes([byte]).rjust(width, b"\0") for byte in text + end) if width > 1 else text + end)

    return directive


def incbin(unit: Unit, cursor: Cursor):
    """Emit the bytes of a file: .incbin "file",skip,count."""
    column = cursor.at
    name = cursor.string().decode("utf-8", "replace")
    skip, count = 0, None
    if cursor.accept(","):
        skip = 0 if cursor.peek(",") else unit.absolute(cursor, "number of bytes to skip")
        if cursor.accept(","):
            count = unit.absolute(cursor, "number of bytes")
    cursor.end()
    _, data = unit.files.read(name, unit.position.filename, column)
    end = len(data) if count is None else skip + count
    if not 0 <= skip <= end <= len(data):
        raise SourceError(f'"{name}" has {len(data)} bytes: none from {skip} to {end}', column)
    unit.emit(data[skip:end])


# Room -----------------------------------------------------------------------------------------------------------------


def _make_room(unit: Unit, node: Node, column: int, pattern: bytes):
    """Emit `pattern` as many times as `node` says: now if the number is known, else once the file is read."""

    def filler(count: int) -> bytes:
        check_space(count, column)
        check_space(count * len(pattern), column)
        return pattern * count

    count = unit.number(node)
    if count is not None:
        unit.emit(filler(count))
    else:
        unit.stretch(lambda at, value: filler(value(node)))


def skip(unit: Unit, cursor: Cursor):
    """Make room: .skip number,filler."""
    column = cursor.at
    node = cursor.expression()
    fill = unit.absolute(cursor, "filler") if cursor.accept(",") else 0
    cursor.end()
    _make_room(unit, node, column, bytes([fill & 0xFF]))


def fill(unit: Unit, cursor: Cursor):
    """Emit a value again and again: .fill number,size,value."""
    column = cursor.at
    node = cursor.expression()
    width = unit.absolute(cursor, "size") if cursor.accept(",") else 1
    value = unit.absolute(cursor, "value") if cursor.accept(",") else 0
    cursor.end()
    width = min(max(width, 0), 8)
    # As in GNU as, the value has at most four bytes; where the size is larger, zeros follow it.
    number = (value & 0xFFFFFFFF).to_bytes(4, "big")[-width:] if width else b""
    _make_room(unit, node, column, number.ljust(width, b"\0"))


def org(unit: Unit, cursor: Cursor):
    """Go on to a place of the section: .org place,filler."""
    column = cursor.at
    node = cursor.expression()
    filler = bytes([(unit.absolute(cursor, "filler") if cursor.accept(",") else 0) & 0xFF])
    cursor.end()
    fragment, target = unit.fragment, evaluate(node, unit.early)
    if isinstance(target, int):
        if unit.structure is not None:
            unit.emit(_gap(unit.structure, target, b"\0", column))
        elif fragment.placed:
            unit.emit(_gap(len(fragment.data), target, filler, column))
        else:
            unit.stretch(lambda at, value: _gap(at, target, filler, column))
        return
    base, offset = target.base, target.offset
    if not isinstance(base, Fragment) or base.piece is not unit.piece:
        raise SourceError(".org cannot leave the section", column)
    if base is fragment:
        unit.emit(_gap(len(fragment.data), offset, filler, column))
    else:
        unit.stretch(lambda at, value: _gap(at, base.start + offset, filler, column))


def _gap(here: int, target: int, filler: bytes, column: int) -> bytes:
    """Return the filler between two places of a section."""
    if target < here:
        raise SourceError(f".org goes back, from {here:#x} to {target:#x}", column)
    check_space(target, column)
    return filler * (target - here)


def align(power: bool, width: int = 1) -> Directive:
    """Return .balign boundary,filler,most bytes, or .p2align, whose boundary is a power of two."""

    def directive(unit: Unit, cursor: Cursor):
        column = cursor.at
        boundary = unit.absolute(cursor, "boundary") if not cursor.done else 0
        fill = most = None
        if cursor.accept(","):
            if not cursor.done and not cursor.peek(","):
                value = unit.absolute(cursor, "filler")
                fill = (value & ((1 << 8 * width) - 1)).to_bytes(width, "big")
            if cursor.accept(","):
                most = unit.absolute(cursor, "most bytes")
        cursor.end()
        if power:
            boundary = 1 << boundary if 0 <= boundary < 29 else -1
        boundary = boundary or 1
        check_boundary(boundary, column)
        unit.align(boundary, fill, most)

    return directive


def reloc(unit: Unit, cursor: Cursor):
    """Leave a relocation without an operand to need it: .reloc place, R_390_name, value."""
    place = evaluate(cursor.expression(), unit.early)
    cursor.expect(",", "after the place")
    column = cursor.at
    name = cursor.word("name of a relocation")
    if name not in BY_NAME:
        raise SourceError(f'unknown relocation "{name}"' + suggest(name, BY_NAME), column)
    reference = cursor.reference() if cursor.accept(",") else Reference(0, "", 0)
    cursor.end()
    if isinstance(place, int):
        fragment, offset = unit.piece.subsections[0][0], place
    elif isinstance(place.base, Fragment) and place.base.piece is unit.piece:
        fragment, offset = place.base, place.offset
    else:
        raise SourceError(".reloc is for a place in this section", column)
    hole = Fixup(offset, 0, (), "", reference.node, unit.position, column, BY_NAME[name], reference.addend)
    fragment.fixups.append(hole)


DIRECTIVES: dict[str, Directive] = {
    ".byte": numbers(1), ".short": numbers(2), ".hword": numbers(2), ".half": numbers(2), ".word": numbers(2),
    ".2byte": numbers(2), ".long": numbers(4), ".int": numbers(4), ".4byte": numbers(4), ".quad": numbers(8),
    ".8byte": numbers(8), ".octa": octa, ".uleb128": leb128(False), ".sleb128": leb128(True),
    ".float": floating(SHORT_BFP), ".single": floating(SHORT_BFP), ".double": floating(LONG_BFP),
    ".ascii": strings(), ".asciz": strings(end=b"\0"), ".string": strings(end=b"\0"), ".string8": strings(end=b"\0"),
    ".string16": strings(end=b"\0", width=2), ".string32": strings(end=b"\0", width=4),
    ".string64": strings(end=b"\0", width=8), ".ebcdic": strings("cp037"), ".incbin": incbin,
    ".skip": skip, ".space": skip, ".zero": skip, ".fill": fill, ".org": org, ".reloc": reloc,
    ".balign": align(False), ".balignw": align(False, 2), ".balignl": align(False, 4), ".align": align(False),
    ".p2align": align(True), ".p2alignw": align(True, 2), ".p2alignl": align(True, 4),
}  # fmt: skip
