"""Disassembler: instruction bytes -> the text that objdump writes, and the source that assembles to them again.

    disassemble(bytes.fromhex("b9ab3021")).text == "essa %r2,%r1,3"

What an instruction is comes from lookup.py, the table that the CPU decodes from; the rows of opcodes.py give its
operands, extended.py the names that objdump prefers (`jne`, `br`). Bytes that are no instruction become `.short` or
`.long`, as many as bits 0-1 of the first byte say, and what follows them is decoded next.

`text` is for people: a relative operand is the target's address or its symbol. Bits that are one although the CPU
ignores them, which no operand can express, are reported beside it (`ignored`). `source` is for an assembler: a relative
operand is a distance, and an instruction with such bits is data, with the instruction in a comment. The assembler turns
it into the same bytes, wherever they stood.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import NamedTuple

from s390emu.assembler import extended
from s390emu.assembler.operands import place
from s390emu.isa import lookup
from s390emu.isa.formats import (
    BASED,
    ELEMENT,
    GR,
    INDEXED,
    LENGTH,
    MASK,
    REGISTER_LETTERS,
    REGISTERS,
    RELATIVE,
    SIGNED,
    STORAGE,
    Operand,
)
from s390emu.isa.opcodes import Row

LONGEST = max(lookup.LENGTHS)  # bytes of an instruction
FARTHEST = 0x1000  # bytes behind a symbol, from where on an address is no longer named after it
_DATA = {1: ".byte", 2: ".short", 4: ".long"}


class Instruction(NamedTuple):
    """One instruction as text.

    row      of the table; None for bytes that are no instruction
    ignored  the bits that are one although the CPU ignores them; the text does not show them
    """

    length: int
    mnemonic: str
    text: str
    row: Row | None
    ignored: int = 0


class _Shape(NamedTuple):
    """A row and the bits that are neither its operation code nor an operand."""

    row: Row
    ignored: int


@cache
def _shapes(place: int) -> list[_Shape]:
    """Return the shapes to try in turn at a place of the table."""
    return [_shape(row) for row in lookup.rows_by_place().get(place, ())]


def _shape(row: Row) -> _Shape:
    """Return a row and the bits that no operand of it covers."""
    form = row.format
    fields = [(0, 8), *(field for operand in form.operands for field in operand.fields)]
    if form.extension:
        fields.append(form.extension)
    ignored = (1 << 8 * form.length) - 1
    for start, width in fields:
        ignored &= ~place((1 << width) - 1, form.length, (start, width))
    return _Shape(row, ignored)


@cache
def _preferred() -> dict[str, list[tuple[str, dict[str, int]]]]:
    """Return by mnemonic of a row its extended mnemonics, each with the operands that it gives."""
    names: dict[str, list[tuple[str, dict[str, int]]]] = {}
    for mnemonic, base, preset in extended.EXTENDED:
        names.setdefault(base, []).append((mnemonic.lower(), preset))
    return names


@cache
def _preferred_partly() -> dict[str, list[tuple[str, dict[str, int], dict[str, tuple[int, int]]]]]:
    """Return the same of those that give only some bits of an operand."""
    names: dict[str, list[tuple[str, dict[str, int], dict[str, tuple[int, int]]]]] = {}
    for mnemonic, base, given, partly in extended.PARTLY:
        names.setdefault(base, []).append((mnemonic.lower(), given, partly))
    return names


def field(insn: int, length: int, start: int, width: int) -> int:
    """Return the bits of a field of an instruction of `length` bytes."""
    return insn >> (8 * length - start - width) & ((1 << width) - 1)


def displacement_of(kind: str, values: list[int]) -> int:
    """Return the displacement of a storage operand whose fields have these values: signed if there is a DH field."""
    if kind != ELEMENT and len(values) == (3 if kind == BASED else 4):  # DH is the last
        displacement = values[0] | values[-1] << 12
        return displacement - ((displacement & 0x80000) << 1)
    return values[0]


def find_row(data: bytes) -> Row | None:
    """Return the row of the instruction that `data` begins with."""
    shape = _find(data)
    return shape.row if shape else None


def _find(data: bytes) -> _Shape | None:
    """Return the shape whose operands cover every bit that is one, or else the first at its place."""
    length = lookup.LENGTHS[data[0] >> 6]
    if len(data) < length:
        return None
    insn = int.from_bytes(data[:length], "big")
    candidates = _shapes(lookup.place_of(insn << lookup.WORD_BITS - 8 * length))
    for shape in candidates:
        if not insn & shape.ignored:
            return shape
    return candidates[0] if candidates else None


def disassemble(data: bytes, address: int = 0, symbols: Mapping[str, int] | Labels | None = None) -> Instruction:
    """Return the first instruction of `data`, which stands at `address`."""
    return _disassemble(data, _targets(address, _labels(symbols)))


def source(data: bytes) -> str:
    """Return a statement that assembles to the first instruction of `data`, by itself and at any address."""
    instruction = _disassemble(data, lambda distance: f".{distance:+#x}" if distance else ".")
    if not instruction.ignored:
        return instruction.text
    return f"{_data(data[: instruction.length]).text}  # {instruction.text}"


def ignored_bits(instruction: Instruction) -> str:
    """Return the numbers of the ignored bits that are ones: "8-11, 15"; empty if there is none."""
    last = 8 * instruction.length - 1
    ones = [bit for bit in range(last + 1) if instruction.ignored >> last - bit & 1]
    runs = [[bit for _, bit in run] for _, run in groupby(enumerate(ones), lambda item: item[1] - item[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _disassemble(data: bytes, target: Callable[[int], str]) -> Instruction:
    """Return the first instruction of `data`; `target` gives the text of a relative operand from its distance."""
    if not data:
        raise ValueError("no bytes to disassemble")
    shape = _find(data)
    if shape is None:
        return _data(data[: lookup.LENGTHS[data[0] >> 6]])
    row, form = shape.row, shape.row.format
    insn = int.from_bytes(data[: form.length], "big")
    values = {operand.name: [field(insn, form.length, *part) for part in operand.fields] for operand in form.operands}
    mnemonic, operands = _name(row, values)
    while operands and operands[-1].optional and operands[-1].kind in (MASK, GR) and not any(values[operands[-1].name]):
        operands = operands[:-1]
    texts = [_operand(operand, values[operand.name], target) for operand in operands]
    text = f"{mnemonic} {','.join(texts)}" if texts else mnemonic
    return Instruction(form.length, mnemonic, text, row, insn & shape.ignored)


def _data(code: bytes) -> Instruction:
    """Return bytes that are no instruction, as one statement."""
    size = len(code) if len(code) in _DATA else 1 if len(code) % 2 else 2
    items = ",".join(f"0x{code[at : at + size].hex()}" for at in range(0, len(code), size))
    return Instruction(len(code), _DATA[size], f"{_DATA[size]} {items}", None)


def _name(row: Row, values: dict[str, list[int]]) -> tuple[str, tuple[Operand, ...]]:
    """Return the preferred mnemonic, and the operands that it does not imply."""
    operands = row.format.operands
    mnemonic = row.mnemonic
    for found, preset in _preferred().get(mnemonic, ()):
        if all(values[name][0] == bits for name, bits in preset.items()):
            operands = tuple(operand for operand in operands if operand.name not in preset)
            if found == "nopr" and not any(values["r2"]):
                operands = ()
            return found, operands
    for found, given, partly in _preferred_partly().get(mnemonic, ()):
        if all(values[name][0] == bits for name, bits in given.items()) and all(
            values[name][0] & mask == bits for name, (mask, bits) in partly.items()
        ):
            for name, (_, bits) in partly.items():
                values[name][0] &= ~bits
            return found, tuple(operand for operand in operands if operand.name not in given)
    return mnemonic.lower(), operands


def _operand(operand: Operand, values: list[int], target: Callable[[int], str]) -> str:
    """Return an operand as text."""
    kind, value = operand.kind, values[0]
    width = operand.fields[0][1]
    if kind in REGISTERS:
        return f"%{REGISTER_LETTERS[kind]}{_number(values, width)}"
    if kind in STORAGE:
        return _storage(kind, values)
    if kind in (SIGNED, RELATIVE) and value >> (width - 1):
        value -= 1 << width
    if kind == RELATIVE:
        return target(2 * value)
    return str(value)


def _number(values: list[int], width: int) -> int:
    """Return a register number; the second field, if there is one, has the leftmost bit."""
    return values[0] | values[1] << width if len(values) > 1 else values[0]


def _storage(kind: str, values: list[int]) -> str:
    """Return a storage operand as text."""
    base, *rest = values[1:]
    displacement, base_text = displacement_of(kind, values), f"%r{base}"
    if kind == BASED:
        return f"{displacement}({base_text})" if base else str(displacement)
    if kind == INDEXED:
        if not rest[0]:
            return f"{displacement}({base_text})" if base else str(displacement)
        return f"{displacement}(%r{rest[0]},{base_text})"
    if kind == ELEMENT and not base and not any(rest):
        return str(displacement)
    inner = {LENGTH: f"{rest[0] + 1}", ELEMENT: f"%v{_number(rest, 4)}"}.get(kind, f"%r{rest[0]}")
    return f"{displacement}({inner},{base_text})"


# Names ----------------------------------------------------------------------------------------------------------------


class Labels:
    """Names of places, by address for the lines between instructions, and by the nearest one for a target.

    Made from (address, end of what is called after it, name); of those at one address, the preferred one first.
    """

    def __init__(self, places: Iterable[tuple[int, int, str]] = ()):
        self.at: dict[int, list[str]] = {}
        self._ends: dict[int, int] = {}
        for address, end, name in places:
            self.at.setdefault(address, []).append(name)
            self._ends.setdefault(address, end)
        self.addresses = sorted(self.at)

    def text(self, address: int) -> str:
        """Return an address as its symbol, symbol and distance, or number."""
        return self.name(address) or hex(address)

    def name(self, address: int) -> str:
        """Return an address as its symbol, or symbol and distance; empty where it has none."""
        number = bisect_right(self.addresses, address) - 1
        if number < 0:
            return ""
        nearest = self.addresses[number]
        if address >= self._ends[nearest]:
            return ""
        return self.at[nearest][0] + (f"+{address - nearest:#x}" if address > nearest else "")

    def headings(self, address: int) -> list[str]:
        """Return the lines that say the names of an address."""
        return [f"{address:016x} <{name}>:" for name in self.at.get(address, ())]


def _labels(symbols: Mapping[str, int] | Labels | None) -> Labels:
    """Return symbols as labels."""
    if isinstance(symbols, Labels):
        return symbols
    return Labels((value, value + FARTHEST, name) for name, value in sorted((symbols or {}).items()))


def _targets(address: int, labels: Labels) -> Callable[[int], str]:
    """Return a function that names the target at a distance from an address."""
    return lambda distance: labels.text((address + distance) % (1 << 64))


# Listings -------------------------------------------------------------------------------------------------------------


def instructions(
    data: bytes | memoryview, base: int = 0, symbols: Mapping[str, int] | Labels | None = None
) -> Iterator[tuple[int, bytes, Instruction]]:
    """Yield all of `data`, which stands at `base`, one after the other: address, bytes, instruction.

    As with objdump, an instruction does not run over a label: what is before it is data.
    """
    labels = _labels(symbols)
    first, last = bisect_right(labels.addresses, base), bisect_right(labels.addresses, base + len(data) - 1)
    at = 0
    for end in (*(address - base for address in labels.addresses[first:last]), len(data)):
        while at < end:
            part = bytes(data[at : min(at + LONGEST, end)])
            instruction = _disassemble(part, _targets(base + at, labels))
            yield base + at, part[: instruction.length], instruction
            at += instruction.length


def line(address: int, code: bytes, instruction: Instruction) -> str:
    """Return a line of a listing: address, bytes, text, and the ignored bits that the text does not show."""
    ignored = f"\t# ones in ignored bits {ignored_bits(instruction)}" if instruction.ignored else ""
    return f"{address:8x}:\t{code.hex(' '):<18}\t{instruction.text}{ignored}"


def listing(data: bytes, base: int = 0, symbols: Mapping[str, int] | None = None) -> str:
    """Return a line for each label and instruction of `data`, which stands at `base`."""
    labels = _labels(symbols)
    lines = []
    for address, code, instruction in instructions(data, base, labels):
        lines += [*labels.headings(address), line(address, code, instruction)]
    return "\n".join(lines)
