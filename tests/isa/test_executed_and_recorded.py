"""Instructions with storage operands as targets of EXECUTE, and under program-event recording: PoP ch. 7 "EXECUTE",
ch. 4 "Storage Alteration"."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from tests.lab import ALL, BA_EA, CODE
from tests.storage.test_access_registers import OPERANDS, prepare

TARGET = CODE + 0x800  # where `prepare` lets register 9 point
PER, STORAGE_ALTERATION, PER_EVENT = 1 << 62, 1 << (63 - 34), 0x80  # of the PSW; of control register 9; a code
PER_CODE, ALTERED, PER_ADDRESS = 0x96, 0x20, 0x98  # where a byte tells the kind of the event; this one; whose it is
# Not those that end the program, have relative operands, need DAT, store by a real address, or do a byte at a time.
WITHOUT = ("ex", "lpsw", "mvcos", "ivsk", "lasp", "stura", "mvst")
LINES = [line for line, _ in OPERANDS if not line.startswith(WITHOUT) and ".+" not in line]
FETCH_ONLY = (  # PERFORM LOCKED OPERATION by its function: here it is compare and load
    "lg", "l", "cli", "lmg", "ic", "lam", "clc", "trt", "trtr", "lmd", "lpd", "lpdg", "ectg", "clcl", "clcle", "clst",
    "srst", "cksm", "lura", "iske", "lgr", "la", "ld", "cp", "tp", "plo", "clclu", "srstu", "cuse",
)  # fmt: skip
EVERY = pytest.mark.parametrize("line", LINES)


def executed(lab, line: str, *, by_execute: bool) -> tuple[int, dict]:
    prepare(lab, line)
    lab.store(TARGET, assemble(line, origin=TARGET).sections[0].data)
    lab.psw(cc=3)
    return lab.step("ex 0,0(%r9)" if by_execute else line), lab.changes()


@EVERY
def test_execute_of_it_is_the_same(lab, line):
    expected = executed(lab, line, by_execute=False)
    assert expected[0] == 0
    assert executed(lab, line, by_execute=True) == expected


@EVERY
@pytest.mark.parametrize("by_execute", [False, True], ids=["itself", "execute"])
def test_an_alteration_is_recorded(lab, line, by_execute):
    """And nothing is recorded of an instruction that only fetches."""
    expected = executed(lab, line, by_execute=False)
    prepare(lab, line)
    lab.cr[9], lab.cr[10], lab.cr[11] = STORAGE_ALTERATION, 0, ALL
    lab.store(TARGET, assemble(line, origin=TARGET).sections[0].data)
    lab.psw(BA_EA | PER, cc=3)
    code = lab.step("ex 0,0(%r9)" if by_execute else line)
    assert (code, lab.changes()) == (0 if line.split()[0] in FETCH_ONLY else PER_EVENT, expected[1])
    if code:
        assert lab.word(PER_CODE, 1) == ALTERED
        assert lab.word(PER_ADDRESS) == CODE
