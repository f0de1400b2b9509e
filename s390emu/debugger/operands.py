"""What an instruction's operands are at a moment: which registers, with what in them, and which addresses."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.assembler.disassemble import disassemble, displacement_of, field
from s390emu.isa.formats import AR, CR, ELEMENT, FR, GR, INDEXED, REGISTER_LETTERS, RELATIVE, STORAGE, VR
from s390emu.machine import CPU

FIELDS = {GR: "gr", AR: "ar", CR: "cr", FR: "fpr"}  # of the CPU record


class Value(NamedTuple):
    """An operand. text: what the assembler calls it; number: of the register, None for an address."""

    text: str
    value: int
    number: int | None = None


def values(cpu: CPU, data: bytes, ia: int) -> list[Value]:
    """Return the registers and the addresses that the instruction `data` at the address `ia` has as operands now."""
    row = disassemble(data, ia).row
    if row is None:
        return []
    length = row.format.length
    insn = int.from_bytes(data[:length])

    def register(number: int) -> int:
        return int(cpu.gr[number]) if number else 0

    found = []
    for operand in row.format.operands:
        numbers = [field(insn, length, *place) for place in operand.fields]
        if operand.kind in FIELDS:
            name = f"%{REGISTER_LETTERS[operand.kind]}{numbers[0]}"
            found.append(Value(name, int(cpu.record[FIELDS[operand.kind]][numbers[0]]), numbers[0]))
        elif operand.kind == VR:
            number = numbers[0] | numbers[1] << 4
            left = cpu.record.fpr[number] if number < 16 else cpu.record.vr_left[number - 16]
            found.append(Value(f"%v{number}", int(left) << 64 | int(cpu.record.vr_right[number]), number))
        elif operand.kind == ELEMENT:
            continue  # which element is the index depends on the instruction
        elif operand.kind == RELATIVE:
            width = operand.fields[0][1]
            halfwords = numbers[0] - (numbers[0] >> width - 1 << width)
            found.append(Value(operand.name, ia + 2 * halfwords & int(cpu.record.amode)))
        elif operand.kind in STORAGE:
            index = register(numbers[2]) if operand.kind == INDEXED else 0
            address = displacement_of(operand.kind, numbers) + register(numbers[1]) + index
            found.append(Value(operand.name, address & int(cpu.record.amode)))
    return found
