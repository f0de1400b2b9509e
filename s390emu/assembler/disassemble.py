"""Disassembler: instruction bytes -> the text that objdump writes and our assembler and GNU as read back.

    disassemble(bytes.fromhex("b9ab3021")).text == "essa %r2,%r1,3"

The rows of opcodes.py give the operands, extended.py the names that objdump prefers (`jne`, `br`). Bytes that are no
instruction of the table become `.long` or `.short`, and so does an instruction with ones in a reserved field: the
machine ignores them (its `row` is given), but no source text could say them. A relative operand is the target's
address or its symbol.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from s390emu.assembler import extended
from s390emu.isa.formats import AR, BASED, CR, FR, GR, INDEXED, LENGTH, MASK, REGISTERS, RELATIVE, SIGNED, STORAGE
from s390emu.isa.opcodes import ROWS, SECOND_ROWS, Row

LENGTHS = (2, 4, 4, 6)  # by bits 0-1 of the instruction (PoP ch. 5 "Instruction Formats")
_LETTERS = {GR: "r", AR: "a", CR: "c", FR: "f"}
_FARTHEST = 0x1000  # an address this far behind a symbol is not called after it


class Instruction(NamedTuple):
    """One instruction as text; `row` is the table's, None for bytes that are no instruction."""

    length: int
    mnemonic: str
    text: str
    row: Row | None


class _Shape(NamedTuple):
    """A row and the bits that are neither its operation code nor an operand."""

    row: Row
    reserved: int


@cache
def _shapes() -> dict[int, tuple[tuple[int, int] | None, dict[int, list[_Shape]]]]:
    """First byte -> where the rest of the operation code stands, and by its value the rows to try in turn."""
    shapes: dict = {}
    for row in (*ROWS, *SECOND_ROWS):
        form = row.format
        fields = [(0, 8), *(field for operand in form.operands for field in operand.fields)]
        if form.extension:
            fields.append(form.extension)
        reserved = (1 << 8 * form.length) - 1
        for start, width in fields:
            reserved &= ~(((1 << width) - 1) << (8 * form.length - start - width))
        extension, by_code = shapes.setdefault(int(row.opcode[:2], 16), (form.extension, {}))
        assert extension == form.extension, row
        by_code.setdefault(int(row.opcode[2:] or "0", 16), []).append(_Shape(row, reserved))
    return shapes


@cache
def _preferred() -> dict[str, dict[tuple[str, int], str]]:
    """Mnemonic of a row -> {(operand, value): the extended mnemonic that says so}."""
    names: dict[str, dict[tuple[str, int], str]] = {}
    for mnemonic, base, preset in extended.EXTENDED:
        ((operand, value),) = preset.items()
        names.setdefault(base, {}).setdefault((operand, value), mnemonic.lower())
    return names


def field(insn: int, length: int, start: int, width: int) -> int:
    """The bits of a field of an instruction of `length` bytes."""
    return insn >> (8 * length - start - width) & ((1 << width) - 1)


def find_row(data: bytes) -> Row | None:
    """The row of the instruction that `data` begins with."""
    shape = _find(data)
    return shape.row if shape else None


def _find(data: bytes) -> _Shape | None:
    extension, by_code = _shapes().get(data[0], (None, {}))
    length = LENGTHS[data[0] >> 6]
    if len(data) < length:
        return None
    insn = int.from_bytes(data[:length], "big")
    candidates = by_code.get(field(insn, length, *extension) if extension else 0, ())
    for shape in candidates:
        if not insn & shape.reserved:
            return shape
    return candidates[0] if candidates else None


def disassemble(data: bytes, address: int = 0, symbols: Mapping[str, int] | None = None) -> Instruction:
    """The first instruction of `data`, which stands at `address`."""
    return _disassemble(data, address, _names(symbols))


def _disassemble(data, address, names) -> Instruction:
    if not data:
        raise ValueError("no bytes to disassemble")
    shape = _find(data) if len(data) > 1 else None
    if shape is None:
        return _no_instruction(data)
    row = shape.row
    form = row.format
    insn = int.from_bytes(data[: form.length], "big")
    if insn & shape.reserved:
        return _no_instruction(data[: form.length])._replace(length=form.length, row=row)
    values = {
        operand.name: [field(insn, form.length, *part) for part in operand.fields] for operand in form.operands
    }
    mnemonic, operands = _name(row, values)
    texts = []
    for operand in operands:
        texts.append(_operand(operand, values[operand.name], address, names))
    while operands and operands[-1].optional and operands[-1].kind in (MASK, GR) and not any(values[operands[-1].name]):
        operands, texts = operands[:-1], texts[:-1]
    return Instruction(form.length, mnemonic, f"{mnemonic} {','.join(texts)}".rstrip(), row)


def _no_instruction(data) -> Instruction:
    """As objdump: four bytes at once while there are so many."""
    parts, rest = [], data[:6]
    while rest:
        size = 4 if len(rest) >= 4 else 2 if len(rest) >= 2 else 1
        name = {4: ".long", 2: ".short", 1: ".byte"}[size]
        parts.append((size, name, f"{name} 0x{rest[:size].hex()}"))
        rest = rest[size:]
    return Instruction(*parts[0], None)


def _name(row, values):
    """The mnemonic, and the operands that it does not say already."""
    operands = row.format.operands
    mnemonic = row.mnemonic
    for name, (bits, *_) in values.items():
        found = _preferred().get(mnemonic, {}).get((name, bits))
        if found:
            operands = tuple(operand for operand in operands if operand.name != name)
            if found == "nopr" and not any(values["r2"]):
                operands = ()
            return found, operands
    for zeroing, base in extended.ZEROING.items():
        if base == mnemonic and values["i4"][0] & 0xC0 == extended.ZERO_REMAINING_BITS:  # bit 1 is reserved
            values["i4"][0] &= ~extended.ZERO_REMAINING_BITS
            return zeroing.lower(), operands
    return mnemonic.lower(), operands


def _operand(operand, values, address, names) -> str:
    kind, value = operand.kind, values[0]
    width = operand.fields[0][1]
    if kind in REGISTERS:
        return f"%{_LETTERS[kind]}{value}"
    if kind in STORAGE:
        return _storage(kind, values)
    if kind in (SIGNED, RELATIVE) and value >> (width - 1):
        value -= 1 << width
    if kind == RELATIVE:
        return _address((address + 2 * value) % (1 << 64), names)
    return str(value)


def _storage(kind, values) -> str:
    displacement, base, *rest = values
    base_text = f"%r{base}"
    if len(rest) == (1 if kind == BASED else 2):  # DH
        displacement |= rest[-1] << 12
        displacement -= (displacement & 0x80000) << 1
    if kind == BASED:
        return f"{displacement}({base_text})" if base else str(displacement)
    if kind == INDEXED:
        if not rest[0]:
            return f"{displacement}({base_text})" if base else str(displacement)
        return f"{displacement}(%r{rest[0]},{base_text})"
    return f"{displacement}({rest[0] + 1 if kind == LENGTH else f'%r{rest[0]}'},{base_text})"


def _names(symbols):
    """Symbols by address, for `_address`."""
    ordered = sorted((value, name) for name, value in (symbols or {}).items())
    return [value for value, _ in ordered], [name for _, name in ordered]


def _address(address, names) -> str:
    """An address as its symbol, symbol and distance, or number."""
    values, texts = names
    at = bisect_right(values, address) - 1
    if at < 0 or address - values[at] >= _FARTHEST:
        return hex(address)
    while at and values[at - 1] == values[at]:
        at -= 1
    return texts[at] + (f"+{address - values[at]:#x}" if address > values[at] else "")


def instructions(
    data: bytes, base: int = 0, symbols: Mapping[str, int] | None = None
) -> Iterator[tuple[int, bytes, Instruction]]:
    """All of `data`, which stands at `base`, one after the other: address, bytes, instruction."""
    names = _names(symbols)
    at = 0
    while at < len(data):
        instruction = _disassemble(data[at : at + 6], base + at, names)
        yield base + at, data[at : at + instruction.length], instruction
        at += instruction.length


def listing(data: bytes, base: int = 0, symbols: Mapping[str, int] | None = None) -> str:
    """All of `data`, which stands at `base`, a line each: address, bytes, text; labels between them."""
    labels: dict[int, list[str]] = {}
    for name, value in sorted((symbols or {}).items()):
        labels.setdefault(value, []).append(name)
    lines = []
    for address, code, instruction in instructions(data, base, symbols):
        lines += [f"{address:016x} <{name}>:" for name in labels.get(address, ())]
        lines.append(f"{address:8x}:\t{code.hex(' '):<18}\t{instruction.text}")
    return "\n".join(lines)
