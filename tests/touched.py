"""Which tests execute which rows of the table: what `s390emu explain --coverage --tests FILE` reads.

With the environment variable S390EMU_ROWS naming a file, every instruction that a test executes by `Machine.step` is
noted; the file has a line for each mnemonic, with the files of its tests, tab-separated. What runs at full speed is not
noted: a test of an instruction steps it. Nor is what one test does with every row of the table, operation codes with
zeros behind them: it tests no instruction.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from s390emu.assembler.disassemble import find_row
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine

by_mnemonic: dict[str, set[str]] = defaultdict(set)
OF_OPCODE = {row.opcode: row.mnemonic for row in ROWS}  # LDXBRA is LDXBR with other operands
OF_EVERY_ROW = "tests/reports/test_coverage.py"
current = ""  # the file of the test that is executed
_step = Machine.step


def _noting_step(machine: Machine):
    if current == OF_EVERY_ROW:
        return _step(machine)
    mask, address = machine.psw
    text = machine.view.find_instruction(machine.running, address, mask)
    if text and (row := find_row(text)):
        by_mnemonic[OF_OPCODE[row.opcode]].add(current)
    return _step(machine)


def start() -> None:
    """Note from now on."""
    Machine.step = _noting_step


def write(path: Path) -> None:
    """Write what has been noted."""
    lines = ("\t".join((mnemonic, *sorted(files))) for mnemonic, files in sorted(by_mnemonic.items()))
    path.write_text("".join(f"{line}\n" for line in lines))
