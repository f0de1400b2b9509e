"""An instruction's operands as text -> its bytes, for the rows of opcodes.py, their extended mnemonics and .insn.

The fields come from formats.py; this file knows how each kind of operand is written (`%r1` or 1; `8(%r2)`,
`8(%r3,%r2)`, `0(4,%r2)`) and which values fit. A value that is not known yet leaves a hole (`Fixup`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler import extended
from s390emu.assembler.errors import Position, SourceError, suggest
from s390emu.assembler.expressions import Cursor, Node, NotYet, Place, Reference, Symbol, evaluate
from s390emu.assembler.number_encoding import signed_64, whole
from s390emu.assembler.relocations import MARKS, SUFFIXES, Relocation, relocation_of
from s390emu.isa.formats import (
    BASED,
    ELEMENT,
    FR,
    GR,
    INDEXED,
    KEYED,
    LENGTH,
    MASK,
    REGISTER_LETTERS,
    REGISTERS,
    RELATIVE,
    RRE,
    SIGNED,
    STORAGE,
    UNSIGNED,
    VR,
    Format,
    Operand,
)  # fmt: skip
from s390emu.isa.opcodes import ROWS, SECOND_ROWS, Row

if TYPE_CHECKING:
    from s390emu.assembler.unit import Unit

DATUM = "datum"  # the kind of a hole that is a number in a section, not an operand
Fields = tuple[tuple[int, int], ...]  # (start bit, width), as in Operand.fields
_REGISTER = re.compile(r"%([A-Za-z]+)([0-9]*)")
_KINDS = {letter: kind for kind, letter in REGISTER_LETTERS.items()}
_OVERLAID = 16  # vector registers below are floating-point registers too


class Template(NamedTuple):
    """What a mnemonic stands for: the bits that are always there and the operands that the source gives.

    preset   bits or-ed into an operand's value: {operand name: bits}
    """

    mnemonic: str
    format: Format
    bits: int
    operands: tuple[Operand, ...]
    preset: dict[str, int]
    checked: bool = True  # registers must be of the right kind; .insn cannot know which that is


class Fixup(NamedTuple):
    """A hole in a fragment's bytes: `node` will be known when every section has its address.

    relocation: the one that the source asks for by a suffix or .reloc; without it the hole takes the value itself.
    """

    offset: int  # of the instruction or datum in its fragment
    length: int
    field: Fields  # of the value alone
    kind: str
    node: Node
    position: Position
    column: int | None
    relocation: Relocation | None = None
    addend: int = 0

    @property
    def place(self) -> int:
        """The byte in the fragment that a relocation names."""
        return self.offset + (self.field[0][0] // 8 if self.field else 0)

    @property
    def form(self) -> str:
        """The hole's form, as `relocations.relocation_of` names it."""
        width = sum(width for _, width in self.field)
        return f"PC{width}DBL" if self.kind == RELATIVE else str(width)


def place(bits: int, length: int, field: tuple[int, int]) -> int:
    """Return a field's value at its place in an instruction of `length` bytes; PoP bit numbers."""
    start, width = field
    return (bits & ((1 << width) - 1)) << (8 * length - start - width)


def opcode_bits(row: Row) -> int:
    """Return the operation code of a row at its place."""
    code, form = row.opcode, row.format
    bits = place(int(code[:2], 16), form.length, (0, 8))
    return bits | place(int(code[2:], 16), form.length, form.extension) if form.extension else bits


@cache
def mnemonics() -> dict[str, Callable[[], Template]]:
    """Return, by each mnemonic in lower case, what makes its template: most sources use few of the 2,000."""
    made: dict[str, Callable[[], Template]]
    made = {row.mnemonic.lower(): partial(_of_row, row) for row in (*ROWS, *SECOND_ROWS)}
    for mnemonic, base, given in extended.EXTENDED:
        made[mnemonic.lower()] = partial(_extended, mnemonic, base, given)
    for mnemonic, base, given, partly in extended.PARTLY:
        preset = {operand: bits for operand, (_, bits) in partly.items()}
        made[mnemonic.lower()] = partial(_extended, mnemonic, base, given, preset)
    for mnemonic, base in extended.ALIASES.items():
        made[mnemonic.lower()] = partial(_extended, mnemonic, base, {})
    return made


def _of_row(row: Row) -> Template:
    operands = row.format.operands
    if row.mnemonic in extended.IGNORING:
        operands = (*operands, RRE.operands[1]._replace(optional=True))
    return Template(row.mnemonic, row.format, opcode_bits(row), operands, {})


def _extended(mnemonic: str, base: str, given: dict[str, int], preset: dict[str, int] | None = None) -> Template:
    template = _with(find(base), mnemonic, given)
    return template if preset is None else template._replace(preset=preset)


def _with(template: Template, mnemonic: str, preset: dict[str, int]) -> Template:
    """Return the template with some operands given."""
    bits, left = template.bits, []
    for operand in template.operands:
        if operand.name in preset:
            bits |= place(preset[operand.name], template.format.length, operand.fields[0])
        else:
            left.append(operand)
    if mnemonic in ("NOP", "NOPR"):  # GNU: the address may be left out too
        left = [operand._replace(optional=True) for operand in left]
    return template._replace(mnemonic=mnemonic, bits=bits, operands=tuple(left))


@cache
def find(mnemonic: str) -> Template:
    """Return what a mnemonic stands for."""
    make = mnemonics().get(mnemonic.lower())
    if make is None:
        raise SourceError(f'unknown instruction "{mnemonic}"' + suggest(mnemonic.lower(), mnemonics()))
    return make()


def assemble_instruction(unit: Unit, template: Template, cursor: Cursor) -> tuple[bytes, list[Fixup]]:
    """Return the instruction whose operands are at the cursor, and the holes in it."""
    length, bits = template.format.length, template.bits
    fixups: list[Fixup] = []
    writer = _Writer(unit, template, cursor, fixups)
    for number, operand in enumerate(template.operands):
        if operand.optional and cursor.done:
            break
        if number:
            if not cursor.accept(","):
                raise cursor.error(_missing(template, number) if cursor.done else '"," expected between operands')
        elif cursor.done:
            raise cursor.error(_missing(template, 0))
        bits |= writer.operand(operand)
    for word, name in MARKS.items() if cursor.peek(":") else ():
        if cursor.accept(word):
            mark = Fixup(len(unit.fragment.data), 0, (), "", cursor.expression(), unit.position, cursor.at)
            fixups.append(mark._replace(relocation=relocation_of(name)))
    cursor.end()
    for name, given in template.preset.items():
        field = next(operand.fields[0] for operand in template.operands if operand.name == name)
        bits |= place(given, length, field)
    return bits.to_bytes(length, "big"), fixups


def _missing(template: Template, number: int) -> str:
    wanted = ",".join(written(operand) for operand in template.operands)
    return f"{template.mnemonic} has more operands than {number}: {wanted}"


def written(operand: Operand) -> str:
    """Return an operand as the manual writes it: R1, M3, D2(X2,B2)."""
    name = operand.name.upper()
    if operand.kind in STORAGE:
        number = name[1:]
        inner = {BASED: "B{0}", INDEXED: "X{0},B{0}", LENGTH: "L{0},B{0}", KEYED: "R{0},B{0}", ELEMENT: "V{0},B{0}"}[
            operand.kind
        ]
        name = f"{name}({inner.format(number)})"
    return f"[{name}]" if operand.optional else name


class _Writer:
    """Parses one operand after the other and returns their bits."""

    def __init__(self, unit: Unit, template: Template, cursor: Cursor, fixups: list[Fixup]):
        self.unit, self.template, self.cursor, self.fixups = unit, template, cursor, fixups
        self.length = template.format.length

    def operand(self, operand: Operand) -> int:
        """Read an operand; return its bits."""
        kind = operand.kind
        if kind in REGISTERS:
            return self.numbered(self.register(kind), operand.fields)
        if kind in STORAGE:
            return self.storage(operand)
        return self.value(kind, (operand.fields[0],))

    def numbered(self, number: int, fields: Fields) -> int:
        """Return the bits of a register number; the second field, if there is one, has the leftmost bit."""
        bits = place(number, self.length, fields[0])
        return bits | place(number >> fields[0][1], self.length, fields[1]) if len(fields) > 1 else bits

    def register(self, kind: str) -> int:
        """Read a register, %r1 or an expression as the manual's examples write it; return its number."""
        cursor = self.cursor
        column = cursor.at
        last = 31 if kind == VR else 15
        found = cursor.match(_REGISTER)
        if found:
            named = _KINDS.get(found[1].lower())
            number = int(found[2]) if found[2] and len(found[2]) < 3 else 32
            if not named or number > (31 if named == VR else 15):
                raise SourceError(f'"{found[0]}" is not a register', column)
            same = named == kind or ({named, kind} == {FR, VR} and number < _OVERLAID)
            if (not same and self.template.checked) or number > last:
                raise SourceError(f"{found[0]} is a {named}, {self.template.mnemonic} wants a {kind}", column)
            return number
        value = self.constant("register number")
        if not 0 <= value <= last:
            raise SourceError(f"register number {value} is not between 0 and {last}", column)
        return value

    def constant(self, what: str) -> int:
        """Read an expression whose value must be known."""
        column = self.cursor.at
        node = self.cursor.expression()
        value = self.unit.number(node)
        if value is None:
            name = node.name if isinstance(node, Symbol) else ""
            hint = f'; a register is written "%{name}"' if _REGISTER.fullmatch("%" + name) else ""
            raise SourceError(f"the {what} must be known here{hint}", column)
        return value

    def value(self, kind: str, fields: Fields) -> int:
        """Read an expression of `kind` for `fields`; return its bits, or 0 and leave a hole."""
        cursor = self.cursor
        column = cursor.at
        if cursor.peek("%") and _REGISTER.match(cursor.text, cursor.at):
            raise cursor.error(f"{self.template.mnemonic} wants a value here, not a register")
        reference = cursor.reference()
        node, unit = reference.node, self.unit
        if not reference.suffix:
            try:
                value = evaluate(node, unit.early)
                if not isinstance(value, Place):
                    # GNU as takes a number for a relative operand as the distance in bytes, not as an address.
                    return encode(value, kind, fields, self.length, column)
                if kind == RELATIVE and value.base is unit.fragment and unit.stays(node):
                    return encode(value.offset - len(unit.fragment.data), kind, fields, self.length, column)
            except NotYet:
                pass
        hole = Fixup(len(unit.fragment.data), self.length, fields, kind, node, unit.position, column)
        self.fixups.append(with_suffix(hole, reference))
        return 0

    def storage(self, operand: Operand) -> int:
        """Read D, D(B), D(X,B), D(,B), D(L,B), D(L) or D(R,B); return its bits."""
        cursor, kind = self.cursor, operand.kind
        if cursor.peek("(%"):
            raise cursor.error("a displacement is missing: 0(%r1)")
        displacement, base, *rest = operand.fields
        inner = rest.pop(0) if kind != BASED else base
        number = (inner, *rest) if kind == ELEMENT else (inner,)
        if kind == ELEMENT:
            rest.clear()
        if not self.unit.long_displacements:
            rest.clear()
        bits = self.value("displacement", (displacement, *rest))
        if kind in (LENGTH, KEYED) and not cursor.peek("("):
            raise cursor.error("a length in parentheses expected" if kind == LENGTH else '"(R,B)" expected')
        if not cursor.accept("("):
            return bits
        if kind == LENGTH:
            bits |= self.value(LENGTH, (inner,))
            if cursor.accept(")"):
                return bits
            cursor.expect(",", "after the length")
        elif kind in (KEYED, ELEMENT):
            bits |= self.numbered(self.register(VR if kind == ELEMENT else GR), number)
            if cursor.accept(")"):
                return bits
            cursor.expect(",", "after the first register")
        elif kind == INDEXED and not cursor.accept(","):
            first = self.register(GR)
            if not cursor.accept(","):
                cursor.expect(")", "after the base register")
                return bits | place(first, self.length, base)
            bits |= place(first, self.length, inner)
            if cursor.accept(")"):
                return bits
        bits |= place(self.register(GR), self.length, base)
        if cursor.peek(","):
            raise cursor.error("no index register or length here: D(B) expected")
        cursor.expect(")", "after the base register")
        return bits


def _limits(kind: str, width: int) -> tuple[int, int]:
    """Return the least and the greatest value of an operand."""
    if kind == SIGNED:
        return -(1 << (width - 1)), (1 << (width - 1)) - 1
    if kind == LENGTH:
        return 1, 1 << width
    return 0, (1 << width) - 1


def encode(value: int, kind: str, fields: Fields, length: int, column: int | None = None) -> int:
    """Return the bits of a value; reject it if it does not fit."""
    field = fields[0]
    width = field[1]
    if kind == RELATIVE:
        value = signed_64(value)
        if value & 1:
            raise SourceError(f"the target is at an odd distance ({value})", column)
        value >>= 1
        if not -(1 << (width - 1)) <= value < 1 << (width - 1):
            raise SourceError(f"the target is too far away ({2 * value} bytes)", column)
        return place(value, length, field)
    if kind == "displacement" and len(fields) == 2:  # long: DL in the first field, DH in the second
        if not -0x80000 <= value <= 0x7FFFF:
            raise SourceError(f"displacement {value} is not between -524288 and 524287", column)
        return place(value, length, field) | place(value >> 12, length, fields[1])
    lowest, highest = _limits(kind, width)
    if not lowest <= value <= highest:
        what = {LENGTH: "length", MASK: "mask", SIGNED: "value", UNSIGNED: "value"}.get(kind, kind)
        raise SourceError(f"{what} {value} is not between {lowest} and {highest}", column)
    return place(value - 1 if kind == LENGTH else value, length, field)


def with_suffix(hole: Fixup, reference: Reference) -> Fixup:
    """Return the hole with the relocation that the suffix of its operand asks for."""
    suffix = reference.suffix
    if not suffix:
        return hole
    if suffix not in SUFFIXES:
        raise SourceError(f'unknown suffix "@{suffix}": one of {", ".join(SUFFIXES)}', hole.column)
    relocation = relocation_of(hole.form, suffix)
    if not relocation:
        width = hole.form.removeprefix("PC").removesuffix("DBL")
        what = f"a distance of {width} bits" if hole.kind == RELATIVE else f"a value of {width} bits"
        raise SourceError(f"there is no @{suffix} as {what}", hole.column)
    to_field = hole.place - hole.offset if hole.kind == RELATIVE else 0  # the distance counts from the instruction
    return hole._replace(relocation=relocation, addend=reference.addend + to_field)


def fill_hole(data: bytearray, at: int, fixup: Fixup, value: int):
    """Put a value (for a relative operand, the distance) into the hole of the instruction or datum at `at`."""
    if fixup.kind == DATUM:
        bits = int.from_bytes(whole(value, fixup.length, fixup.column), "big")
    else:
        bits = encode(value, fixup.kind, fixup.field, fixup.length, fixup.column)
    end = at + fixup.length
    data[at:end] = (bits | int.from_bytes(data[at:end], "big")).to_bytes(fixup.length, "big")
