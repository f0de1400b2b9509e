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
from s390emu.engine.handlers import function
from s390emu.isa.opcodes import ROWS
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from tests.isa.floating_point.exact import EXTENDED, FLAG, LONG, MASK, MODES, SHORT, Format, Outcome

AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0
MASKS = (0, *MASK.values(), 0xF8000000)  # of the FPC register: none, each, all
ROW = {row.mnemonic: row for row in ROWS}
CASES = int(os.environ.get("S390EMU_BFP_CASES", "400"))  # random ones
FILL = 0x0123456789ABCDEF  # in registers before
LETTER = {SHORT: "e", LONG: "d", EXTENDED: "x"}
BY_LETTER = {letter: form for form, letter in LETTER.items()}
_entries: dict = {}


def hard(form: Format) -> list[int]:
    """Data where something may go wrong: both signs of zeros, subnormals, powers of two and their neighbours, the
    greatest, infinity, NaNs."""
    f, one = form.fraction_bits, form.top << form.fraction_bits
    magnitudes = [
        0, 1, 2, 3, (1 << f) - 1, 1 << f, (1 << f) + 1, 1 << f - 1, 3 << f - 2, 2 << f,  # around the least normal
        one, one - 1, one + 1, one + (1 << f), one + (1 << f) + 1, one + (1 << f - 1), one + (3 << f - 2),
        one - (1 << f), one + (f << f), one + (f << f) + 1, one + (form.precision << f),
        one + ((form.precision + 1) << f) + 1,
        one - (form.precision << f), one - ((form.precision + 1) << f), one - (form.precision << f) + 1,
        form.greatest, form.greatest - 1, form.greatest - (1 << f) + 1, form.infinity, form.default,
        form.infinity + 1, form.default + 5, form.infinity + (1 << f - 2) + 3,
    ]  # fmt: skip
    return [form.signed(m, minus) for m in magnitudes for minus in (False, True)]


def random_datum(form: Format, rng: random.Random) -> int:
    """Anything; more often of middling exponents, and with long runs of equal bits."""
    fraction = rng.getrandbits(form.fraction_bits)
    if rng.random() < 0.5:
        fraction = ((1 << rng.randrange(form.fraction_bits + 1)) - 1) ^ (1 << rng.randrange(form.fraction_bits))
        fraction &= (1 << form.fraction_bits) - 1
    choice = rng.random()
    if choice < 0.6:
        exponent = form.top + rng.randint(-form.precision - 3, form.precision + 3)
    elif choice < 0.8:
        exponent = rng.choice((0, 1, 2, 2 * form.top, 2 * form.top - 1))
    else:
        exponent = rng.getrandbits(form.exponent_bits)
    exponent = min(max(exponent, 0), 2 * form.top + 1)
    return form.signed(exponent << form.fraction_bits | fraction, rng.getrandbits(1))


def random_fpc(rng: random.Random) -> int:
    """A rounding mode, some masks more often than not all zero, some flags."""
    masks = rng.choice((0, 0, rng.getrandbits(5) << 27))
    return masks | rng.choice((0, rng.getrandbits(5) << 19)) | rng.choice(tuple(MODES))


def fpc_after(fpc: int, outcome: Outcome) -> int:
    for flag in outcome.flags:
        fpc |= FLAG[flag]
    return fpc & ~0xFF00 | outcome.dxc << 8 if outcome.dxc else fpc


def put(cpu, form: Format, r: int, datum: int) -> None:
    """A datum in a register or pair."""
    if form is EXTENDED:
        cpu.fpr[r], cpu.fpr[r + 2] = datum >> 64, datum & (1 << 64) - 1
    elif form is LONG:
        cpu.fpr[r] = datum
    else:
        cpu.fpr[r] = datum << 32 | FILL & 0xFFFFFFFF


def put_into(registers: list[int], form: Format, r: int, datum: int) -> list[int]:
    """Register contents after a datum was put there."""
    registers = list(registers)
    if form is EXTENDED:
        registers[r], registers[r + 2] = datum >> 64, datum & (1 << 64) - 1
    elif form is LONG:
        registers[r] = datum
    else:
        registers[r] = datum << 32 | registers[r] & 0xFFFFFFFF
    return registers


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
