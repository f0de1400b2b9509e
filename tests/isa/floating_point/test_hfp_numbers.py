"""Where hexadecimal-floating-point instructions find their operands: PoP ch. 9 "Registers and Controls", ch. 18."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import CR0_AFP_REGISTER
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS
from tests.operands import FETCH, Operand, operand_checks

DATA, DXC_AFP_REGISTER, DXC = 0x07, 1, 0x93
HEXADECIMAL = [row for row in ROWS if row.chapter == 18 and implemented(row)]
SHORT_STORAGE, LONG_STORAGE = ("ae", "se", "ce", "au", "su", "mee", "mde", "de", "lde"), ("ad", "sd", "cd", "aw", "sw",
                                                                                        "md", "dd")  # fmt: skip
LINES = {
    "RR": "{} %f{},%f{}", "RRE": "{} %f{},%f{}", "RX-a": "{} %f{},0(%r5)", "RXE": "{} %f{},0(%r5)",
}  # fmt: skip


def line(row, first: int, second: int) -> str:
    if row.mnemonic in ("CEFR", "CDFR", "CEGR", "CDGR"):
        return f"{row.mnemonic} %f{first},%r{second}"
    if row.mnemonic in ("CFER", "CFDR", "CGER", "CGDR"):
        return f"{row.mnemonic} %r{second},0,%f{first}"
    return LINES[row.format.name].format(row.mnemonic, first, second)


@pytest.mark.parametrize("row", HEXADECIMAL, ids=lambda row: row.mnemonic)
def test_without_additional_registers(lab, row):
    """Others than 0, 2, 4, 6 are a data exception, before anything else; those are not."""
    lab.cr[0] = int(lab.cr[0]) & ~int(CR0_AFP_REGISTER)
    lab.fpr[2] = lab.fpr[4] = 0x41100000 << 32
    lab.store(0x38000, bytes.fromhex("4110000000000000"))
    lab.gr[5] = 1 << 40  # outside the configuration
    lab.psw()
    assert lab.step(line(row, 3, 4)) == DATA
    assert lab.word(DXC, 1) == DXC_AFP_REGISTER
    assert lab.changes() == {}
    lab.gr[5] = 0x38000
    lab.psw()
    assert lab.step(line(row, 2, 4)) == 0
    if row.format.name in ("RR", "RRE") and "%r" not in line(row, 2, 4):
        lab.psw()
        assert lab.step(line(row, 2, 7)) == DATA


def one(lab):
    lab.fpr[2] = 0x41200000 << 32


OPERANDS = [Operand(f"{name} %f2,0(%r5)", length, FETCH, setup=one, data=bytes.fromhex("4130000000000000")[:length])
            for names, length in ((SHORT_STORAGE, 4), (LONG_STORAGE, 8)) for name in names]  # fmt: skip


@operand_checks(*OPERANDS)
def test_operands(lab, check, operand):
    check(lab, operand)
