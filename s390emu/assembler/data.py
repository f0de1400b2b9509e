"""Directives that put bytes into a section, or make room in it. Each is a function (unit, cursor)."""

from __future__ import annotations

import re
from fractions import Fraction

from s390emu.assembler.errors import SourceError, suggest
from s390emu.assembler.expressions import NotYet, Place, Reference, evaluate
from s390emu.assembler.operands import Fixup, with_suffix
from s390emu.assembler.program import check_space
from s390emu.assembler.relocations import BY_NAME

_WIDE_NUMBER = re.compile(r"-?[ \t]*(?:0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)(?=[ \t]*(?:,|$))")
_FLOATING = re.compile(r"(?:0[a-zA-Z])?[ \t]*(?P<sign>[-+]?)(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
                       r"|inf(?:inity)?|nan)(?=[ \t]*(?:,|$))", re.IGNORECASE)  # fmt: skip
_MOST_EXPONENT = 5_000  # of ten, in a floating-point number: far above what any format holds
# Bits of exponent and fraction (PoP ch. 9, "Binary-Floating-Point Formats").
_SHORT_BFP, _LONG_BFP = (8, 23), (11, 52)


def listed(cursor):
    """Yield the column of each element of a list, as long as there are any; the caller reads the element."""
    while not cursor.done:
        yield cursor.at
        if not cursor.accept(","):
            break
    cursor.end()


def numbers(width: int):
    """.byte .short .long .quad: whole numbers, or addresses, of `width` bytes. .byte takes strings too."""

    def directive(unit, cursor):
        for column in listed(cursor):
            if width == 1 and cursor.peek('"'):
                unit.emit(cursor.string())
            else:
                datum(unit, cursor.reference(), width, column)

    return directive


def datum(unit, reference: Reference, width: int, column: int | None = None):
    """Emit one number of `width` bytes, or a hole for it."""
    if not reference.suffix:
        try:
            value = evaluate(reference.node, unit.early)
        except NotYet:
            value = None
        if type(value) is int:
            unit.emit(whole(value, width, column))
            return
    hole = Fixup(
        len(unit.fragment.data), width, ((0, 8 * width),), "datum", reference.node, unit.position, column
    )  # fmt: skip
    if unit.structure is not None:
        raise SourceError(".struct holds no data, only room (.skip)", column)
    unit.fragment.fixups.append(with_suffix(hole, reference))
    unit.emit(bytes(width))


def whole(value: int, width: int, column=None) -> bytes:
    """A number of either sign in `width` bytes."""
    bits = 8 * width
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise SourceError(f"{value} does not fit in {width} byte{'s' if width > 1 else ''}", column)
    return (value & ((1 << bits) - 1)).to_bytes(width, "big")


def octa(unit, cursor):
    """.octa: whole numbers of 16 bytes, which expressions are too short for."""
    for column in listed(cursor):
        if found := cursor.match(_WIDE_NUMBER):
            text = found[0].replace(" ", "").replace("\t", "")
            digits = text.lstrip("-")
            if len(digits) > 130:
                raise SourceError(f"a number of {len(digits)} digits does not fit in 16 bytes", column)
            try:
                value = int(digits, 8) if digits[0] == "0" and digits.isdigit() else int(digits, 0)
            except ValueError:
                raise SourceError(f'"{digits}" is not a number', column) from None
            value = -value if text[0] == "-" else value
        else:
            value = unit.absolute(cursor, "value")
        unit.emit(whole(value, 16, column))


def leb128(signed: bool):
    """.uleb128 and .sleb128: numbers in as many bytes as they need (DWARF Debugging Information Format, 7.6)."""
    encode = sleb128 if signed else uleb128

    def directive(unit, cursor):
        for _ in listed(cursor):
            node = cursor.expression()
            try:
                value = evaluate(node, unit.early)
            except NotYet:
                value = None
            if type(value) is int:
                unit.emit(encode(value))
            else:
                unit.stretch(lambda at, value, node=node: encode(value(node)))

    return directive


def uleb128(value: int) -> bytes:
    """A number in groups of seven bits, the low ones first; a negative one as 64 bits hold it."""
    value %= 1 << 64
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def sleb128(value: int) -> bytes:
    """The same with a sign, which is the leftmost bit of the last group."""
    data = bytearray()
    while not -0x40 <= value < 0x40:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value & 0x7F])


def floating(form: tuple[int, int]):
    """.float .double: binary floating-point numbers, rounded to nearest."""

    def directive(unit, cursor):
        for column in listed(cursor):
            found = cursor.match(_FLOATING)
            if not found:
                raise SourceError("floating-point number expected", column)
            unit.emit(bfp(found["sign"] == "-", found["number"].lower(), form, column))

    return directive


def bfp(negative: bool, text: str, form: tuple[int, int], column=None) -> bytes:
    """A decimal number, inf or nan in a format of so many bits of exponent and fraction."""
    exponent_bits, fraction_bits = form
    bias, unit_bit = (1 << exponent_bits - 1) - 1, 1 << fraction_bits
    infinity = ((1 << exponent_bits) - 1) * unit_bit
    if text[0] in "in":
        bits = infinity if text[0] == "i" else infinity + unit_bit - 1
    else:
        mantissa, _, power = text.partition("e")
        if len(mantissa) > 1000 or abs(int(power[:10] or 0)) > _MOST_EXPONENT:
            raise SourceError(f"{text[:20]} has too many digits", column)
        value = Fraction(mantissa + ("0" if mantissa[-1] == "." else "")) * Fraction(10) ** int(power or 0)
        # value = significand * 2**(exponent - fraction_bits): normal with 1 <= value / 2**exponent < 2, else subnormal
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        exponent = exponent - (value < Fraction(2) ** exponent) if value else 1 - bias
        exponent = max(exponent, 1 - bias)
        bits = round(value / Fraction(2) ** (exponent - fraction_bits)) + (exponent + bias - 1) * unit_bit
        if exponent > bias:
            raise SourceError(f"{text} does not fit in {(1 + exponent_bits + fraction_bits) // 8} bytes", column)
    width = 1 + exponent_bits + fraction_bits
    return (bits | negative << width - 1).to_bytes(width // 8, "big")


def strings(encoding: str | None = None, end=b"", width: int = 1):
    """.ascii .asciz .ebcdic: strings, each followed by `end`; neighbours without a comma are one string."""

    def directive(unit, cursor):
        for _ in listed(cursor):
            text = cursor.string()
            while cursor.peek('"'):
                text += cursor.string()
            text = text.decode("latin-1").encode(encoding, "replace") if encoding else text
            unit.emit(b"".join(bytes([byte]).rjust(width, b"\0") for byte in text + end) if width > 1 else text + end)

    return directive


def incbin(unit, cursor):
    """.incbin "file",skip,count: the bytes of a file."""
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


def _stretch(unit, node, column: int, amount: int, pattern: bytes):
    """Room for `node` times `amount` bytes, at once if the number is known."""

    def filler(count):
        check_space(count, column)
        check_space(count * amount, column)
        return pattern * count

    try:
        count = evaluate(node, unit.early)
    except NotYet:
        count = None
    if type(count) is int:
        unit.emit(filler(count))
    else:
        unit.stretch(lambda at, value: filler(value(node)))


def skip(unit, cursor):
    """.skip number,filler."""
    column = cursor.at
    node = cursor.expression()
    fill = unit.absolute(cursor, "filler") if cursor.accept(",") else 0
    cursor.end()
    _stretch(unit, node, column, 1, bytes([fill & 0xFF]))


def fill(unit, cursor):
    """.fill number,size,value."""
    column = cursor.at
    node = cursor.expression()
    width = unit.absolute(cursor, "size") if cursor.accept(",") else 1
    value = unit.absolute(cursor, "value") if cursor.accept(",") else 0
    cursor.end()
    width = min(max(width, 0), 8)
    # GNU as: the value is a number of at most four bytes, and where there is room for more zeros follow it.
    number = (value & 0xFFFFFFFF).to_bytes(4, "big")[-width:] if width else b""
    _stretch(unit, node, column, width, number.ljust(width, b"\0"))


def org(unit, cursor):
    """.org place,filler: on to a place of the section."""
    column = cursor.at
    node = cursor.expression()
    filler = bytes([(unit.absolute(cursor, "filler") if cursor.accept(",") else 0) & 0xFF])
    cursor.end()
    piece, fragment = unit.piece, unit.fragment
    target = evaluate(node, unit.early)
    if unit.structure is not None and type(target) is int:
        unit.emit(_gap(unit.structure, target, b"\0", column))
    elif type(target) is int and fragment.start is not None:
        unit.emit(_gap(len(fragment.data), target, filler, column))
    elif type(target) is int:
        unit.stretch(lambda at, value: _gap(at, target, filler, column))
    elif not isinstance(target, Place) or getattr(target.base, "piece", None) is not piece:
        raise SourceError(".org cannot leave the section", column)
    elif target.base is fragment:
        unit.emit(_gap(len(fragment.data), target.offset, filler, column))
    else:
        unit.stretch(lambda at, value: _gap(at, target.base.start + target.offset, filler, column))


def _gap(here: int, target: int, filler: bytes, column: int) -> bytes:
    if target < here:
        raise SourceError(f".org goes back, from {here:#x} to {target:#x}", column)
    check_space(target, column)
    return filler * (target - here)


def align(power: bool, width: int = 1):
    """.balign boundary,filler,most bytes and .p2align, whose boundary is a power of two."""

    def directive(unit, cursor):
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
        if boundary < 0 or boundary & (boundary - 1):
            raise SourceError("the boundary is not a power of two", column)
        check_space(boundary, column)
        unit.align(boundary, fill, most)

    return directive


def reloc(unit, cursor):
    """.reloc place, R_390_name, value: a relocation without an operand to need it."""
    place = evaluate(cursor.expression(), unit.early)
    cursor.expect(",", "after the place")
    column = cursor.at
    name = cursor.word("name of a relocation")
    if name not in BY_NAME:
        raise SourceError(f'unknown relocation "{name}"' + suggest(name, BY_NAME), column)
    reference = cursor.reference() if cursor.accept(",") else Reference(0, "", 0)
    cursor.end()
    offset = place if type(place) is int else place.offset
    fragment = unit.piece.subsections[0][0] if type(place) is int else place.base
    if getattr(fragment, "piece", None) is not unit.piece:
        raise SourceError(".reloc is for a place in this section", column)
    hole = Fixup(offset, 0, (), "", reference.node, unit.position, column, BY_NAME[name], reference.addend)
    fragment.fixups.append(hole)


DIRECTIVES = {
    ".byte": numbers(1), ".short": numbers(2), ".hword": numbers(2), ".half": numbers(2), ".word": numbers(2),
    ".2byte": numbers(2), ".long": numbers(4), ".int": numbers(4), ".4byte": numbers(4), ".quad": numbers(8),
    ".8byte": numbers(8), ".octa": octa, ".uleb128": leb128(False), ".sleb128": leb128(True),
    ".float": floating(_SHORT_BFP), ".single": floating(_SHORT_BFP), ".double": floating(_LONG_BFP),
    ".ascii": strings(), ".asciz": strings(end=b"\0"), ".string": strings(end=b"\0"), ".string8": strings(end=b"\0"),
    ".string16": strings(end=b"\0", width=2), ".string32": strings(end=b"\0", width=4),
    ".string64": strings(end=b"\0", width=8), ".ebcdic": strings("cp037"), ".incbin": incbin,
    ".skip": skip, ".space": skip, ".zero": skip, ".fill": fill, ".org": org, ".reloc": reloc,
    ".balign": align(False), ".balignw": align(False, 2), ".balignl": align(False, 4), ".align": align(False),
    ".p2align": align(True), ".p2alignw": align(True, 2), ".p2alignl": align(True, 4),
}  # fmt: skip
