"""The bench for BFP instructions: operands that are hard, and an instruction executed by its handler alone.

Handlers are called without the machine around them, so that a test can try thousands of operands. The lines of
assembly, storage operands and interruptions are tested with the lab. S390EMU_BFP_CASES=100000 has so many random
operands for each instruction.
"""

from __future__ import annotations

import os
import random

import numpy as np

from s390emu._jit import entry_point
from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.conformance.case import AFP_CONTROL
from s390emu.conformance.twins.binary_floating_point import (
    BY_LETTER,
    MASKS,
    fpc_after,
    hard,
    put_into,
    random_datum,
    random_fpc,
)
from s390emu.conformance.twins.exact import EXTENDED, LONG, MODES, Format, Outcome
from s390emu.engine.handlers import function
from s390emu.isa.opcodes import ROWS
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T

ROW = {row.mnemonic: row for row in ROWS}
CASES = int(os.environ.get("S390EMU_BFP_CASES", "400"))  # random ones
FILL = 0x0123456789ABCDEF  # in registers before
__all__ = ["AFP_CONTROL", "BY_LETTER", "MASKS", "fpc_after", "hard", "put_into", "random_datum", "random_fpc"]
_entries: dict = {}


def put(cpu, form: Format, r: int, datum: int) -> None:
    """A datum in a register or pair."""
    if form is EXTENDED:
        cpu.fpr[r], cpu.fpr[r + 2] = datum >> 64, datum & (1 << 64) - 1
    elif form is LONG:
        cpu.fpr[r] = datum
    else:
        cpu.fpr[r] = datum << 32 | FILL & 0xFFFFFFFF


def insn_of(mnemonic: str, fields: dict[int, int]) -> int:
    """A left-aligned instruction with these fields of four bits, by their first bit."""
    row = ROW[mnemonic.upper()]
    code = int(row.opcode, 16)
    bits = code << 48 if row.format.length == 4 else (code >> 8 << 56) | (code & 0xFF) << 16
    for start, value in fields.items():
        bits |= value << 60 - start
    return bits


def handle(lab, mnemonic: str, fields: dict[int, int]) -> int:
    """Execute the instruction by its handler; return its code."""
    if mnemonic not in _entries:
        _entries[mnemonic] = entry_point(function(mnemonic), CPU_T, PORT_T, integers=1)
    with np.errstate(over="ignore"):
        return _entries[mnemonic](lab.cpu, lab.machine.port, insn_of(mnemonic, fields))


def prepare(lab, fpc: int) -> None:
    lab.cpu.fpr[:] = FILL
    lab.cpu.gr[:] = FILL
    lab.cpu.cr[0] = AFP_CONTROL
    lab.cpu.fpc, lab.cpu.cc, lab.cpu.dxc = fpc, 0, 0


def state(cpu) -> dict:
    return {
        "fpr": [int(x) for x in cpu.fpr], "gr": [int(x) for x in cpu.gr], "fpc": int(cpu.fpc), "cc": int(cpu.cc),
    }  # fmt: skip


def check(lab, mnemonic, fields, outcome: Outcome, *, put_result=None, cc=None) -> None:
    """Execute, and compare all of the state. put_result: (format, register) where the datum goes; cc: that is set, if
    the operation is not suppressed."""
    before = state(lab.cpu)
    expected = dict(before, fpc=fpc_after(before["fpc"], outcome))
    if outcome.datum is not None:
        if put_result:
            expected["fpr"] = put_into(before["fpr"], *put_result, outcome.datum)
        if cc is not None:
            expected["cc"] = cc
    code = handle(lab, mnemonic, fields)
    assert (code, state(lab.cpu)) == (DATA_EXCEPTION if outcome.dxc else 0, expected), description(mnemonic, before)


def description(mnemonic: str, before: dict) -> str:
    registers = " ".join(f"f{n}={value:016x}" for n, value in enumerate(before["fpr"]) if value != FILL)
    return f"{mnemonic} fpc={before['fpc']:08x} {registers}"


def pairs(form: Format, seed: str, each: int = 8, more: int = CASES):
    """(fpc, first, second): every hard datum with `each` others in every rounding mode, and `more` random ones."""
    rng = random.Random(seed)
    data = hard(form)
    for mode in MODES:
        for a in data:
            for b in rng.sample(data, each):
                yield rng.choice(MASKS) | mode, a, b
    for _ in range(more):
        yield random_fpc(rng), random_datum(form, rng), random_datum(form, rng)


def singles(form: Format, seed: str, more: int = CASES):
    """(fpc, datum): every hard datum in every rounding mode with every mask, and `more` random ones."""
    rng = random.Random(seed)
    for mode in MODES:
        for masks in MASKS:
            for datum in hard(form):
                yield masks | mode, datum
    for _ in range(more):
        yield random_fpc(rng), random_datum(form, rng)
