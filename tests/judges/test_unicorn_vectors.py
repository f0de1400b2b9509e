"""Vector instructions in lockstep with Unicorn, one at a time: PoP ch. 21 to 24.

Unicorn has no vector registers to set or to read: a program loads them, executes the instruction and stores them. What
its QEMU gets wrong is named below, with the manual's rule; so is what it has not.
"""

from __future__ import annotations

import random

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.assembler.disassemble import disassemble
from s390emu.conformance.twins.exact import LONG, SHORT
from s390emu.engine.handlers import implemented
from s390emu.isa.formats import BASED, ELEMENT, GR, INDEXED, MASK, VR, Operand
from s390emu.isa.opcodes import ROWS, VX, Row
from s390emu.machine import Machine
from tests.isa.floating_point.bfp import random_datum
from tests.isa.rows import build
from tests.isa.vector.vectors import EDGES, ENABLED
from tests.judges.programs import CODE, DATA, PROGRAMS, SEED
from tests.judges.test_unicorn import STORAGE

unicorn = pytest.importorskip("unicorn")
registers = pytest.importorskip("unicorn.s390x_const")

CASES = max(10, PROGRAMS // 50)  # of each instruction
BASE, GENERAL, LOADED = 6, 7, 5  # general registers: the operand's base; an operand; where the registers are
OPERAND, RESULT, END = DATA + 0x400, DATA + 0x800, DATA + 0xA10
HANDLER = 0x700  # of program interruptions, where nothing is
UNJUDGED = {
    "VSTL": "ends with an exception, or loses the registers",
    "VCKSM": "another sum; the manual adds a carry out of a word at its right end",
}
SAME_AMOUNTS = ("VSL", "VSRL", "VSRA")  # by V3; it has no vector enhancements 2: bytes have to agree
ONLY_BYTES = ("VPOPCT", "VISTR")  # no vector enhancements 1; and it ends a string at a byte of zeros, whatever M3 says
# Nor has it enhancements 1 to floating point: only long numbers, and comparisons that do not signal.
# It ignores the IEEE-inexact-exception control, which is not asked for; and knows nothing of rounding method 3.
ROUNDING = ("VFI", "VFLR", "VCSFP", "VCLFP", "VCFPS", "VCFPL")
ALL_ELEMENTS = ("VFTCI", "VFPSO")  # the others, unpredictable, stay there and become zeros here
CONTROLS = {"VRR-a": "m4", "VRR-c": "m5", "VRR-e": "m5", "VRI-e": "m5"}  # the mask with the single-element control
JUDGED = [row for row in ROWS if 21 <= row.chapter <= 24 and row.facility == VX and implemented(row)]


TO_INTEGER = ("VCSFP", "VCLFP")  # what does not fit is inexact too (PoP ch. 19 "CONVERT TO FIXED"), not so there


def without_inexact(data: bytes) -> bytes:
    """What was stored, without the inexact flag if the flag of an invalid operation is there."""
    at = RESULT + 512 - DATA + 1
    flags = data[at] & ~0x08 if data[at] & 0x80 else data[at]
    return data[:at] + bytes([flags]) + data[at + 1 :]


class Case:
    """An instruction, the registers before, and the operand in storage."""

    def __init__(self, row: Row, rng: random.Random):
        self.row, self.fpc = row, 0
        self.vectors = [rng.choice(EDGES) if rng.random() < 0.3 else rng.getrandbits(128) for _ in range(32)]
        if row.chapter == 24:
            self.vectors = [self._doublewords(rng) for _ in range(32)]
            self.fpc = rng.randrange(4)
        self.general = [rng.getrandbits(64) if rng.random() < 0.5 else rng.randrange(20) for _ in range(16)]
        self.general[0] = 0
        self.general[BASE], self.general[LOADED] = OPERAND, DATA
        self.operand = rng.randbytes(256)
        values: list[int] = []
        for operand in row.format.operands:
            values += self._fields(operand, rng)
        if row.mnemonic in SAME_AMOUNTS:
            values[4:6] = 9, 0
            self.vectors[9] = rng.randrange(8) * int("01" * 16, 16)
        if row.mnemonic in ONLY_BYTES:
            values[4] = 0  # M3
        self.code = build(row, values)

    def _fields(self, operand: Operand, rng: random.Random) -> list[int]:
        if operand.kind == VR:
            number = rng.choice((rng.randrange(4), 17, rng.randrange(32)))
            return [number % 16, number // 16]
        if operand.kind == GR:
            return [rng.choice((1, 2, GENERAL, 8))]
        if operand.kind == MASK:
            return [self._mask(operand.name, rng)]
        if operand.kind == BASED:
            return [rng.randrange(64), BASE]
        if operand.kind == INDEXED:
            return [rng.randrange(64), BASE, 0]
        if operand.kind == ELEMENT:
            self.vectors[3] &= int("000000000000003f" * 2, 16) | int("0000003f" * 4, 16)
            return [rng.randrange(64), BASE, 3, 0]
        return [rng.getrandbits(width) if rng.random() < 0.6 else rng.randrange(4) for _, width in operand.fields]

    @staticmethod
    def _doublewords(rng: random.Random) -> int:
        """Two numbers, edges among them; or what two short ones are."""
        short = rng.random() < 0.3
        form = SHORT if short else LONG
        value = 0
        for _ in range(4 if short else 2):
            value = value << form.bits | random_datum(form, rng)
        return value

    def _mask(self, name: str, rng: random.Random) -> int:
        if self.row.mnemonic == "VLLEZ":
            return rng.randrange(4)  # a word in bits 0-31 is of vector enhancements 1
        if self.row.chapter != 24:
            return rng.choice((rng.randrange(2), rng.randrange(5), rng.randrange(4, 5), rng.randrange(16)))
        form = "m6" if self.row.format.name == "VRR-e" else "m3" if self.row.format.name == "VRR-a" else "m4"
        if name == form:
            return 2 if self.row.mnemonic == "VFLL" else 3
        if self.row.mnemonic in ROUNDING:
            return rng.choice((0, 8) if name == "m4" else (0, 1, 4, 5, 6, 7))
        if name != CONTROLS[self.row.format.name]:
            return rng.randrange(2 + (name == "m5"))
        return 0 if self.row.mnemonic in ALL_ELEMENTS else rng.choice((0, 8))

    @property
    def text(self) -> bytes:
        head = f"lfpc 512(%r{LOADED})\n vlm %v0,%v15,0(%r{LOADED})\n vlm %v16,%v31,256(%r{LOADED})\n"
        tail = "vstm %v0,%v15,0(%r15)\n vstm %v16,%v31,256(%r15)\n stfpc 512(%r15)\n"
        begin = assemble(head, origin=CODE).sections[0].data + self.code
        larl = assemble(f"larl %r15,.+{RESULT - CODE - len(begin)}", origin=CODE).sections[0].data
        return begin + larl + assemble(tail, origin=CODE).sections[0].data

    @property
    def data(self) -> bytes:
        block = b"".join(value.to_bytes(16) for value in self.vectors) + self.fpc.to_bytes(4)
        return block.ljust(OPERAND - DATA, b"\0") + self.operand.ljust(END - OPERAND, b"\0")

    def __repr__(self):
        given = {f"v{n}": f"{value:032x}" for n, value in enumerate(self.vectors)}
        return f"{disassemble(self.code).text} {given} fpc={self.fpc:x} {[hex(g) for g in self.general]}"


class Ours:
    """This emulator."""

    def __init__(self):
        self.machine = Machine(STORAGE)
        self.machine.write(0x1D0, (0x180000000).to_bytes(8) + HANDLER.to_bytes(8))

    def execute(self, case: Case) -> dict:
        """-> what it left, or the program interruption."""
        machine, text = self.machine, case.text
        machine.port.lost_steps = 0
        machine.write(CODE, text + bytes(8))
        machine.write(DATA, case.data)
        machine.cr[0] |= ENABLED
        machine.set_psw(0x180000000, CODE)
        machine.cpu.gr[:] = case.general
        stop = machine.run(20, until=(CODE + len(text), HANDLER))
        if stop.psw_ia == HANDLER:
            return {"program": machine.last_interruption.code}
        assert stop.psw_ia == CODE + len(text), stop
        found = {f"r{n}": int(value) for n, value in enumerate(machine.cpu.gr[:15])}
        return found | {"data": machine.read(DATA, END - DATA), "cc": machine.psw[0] >> 44 & 3}


class Theirs:
    """Unicorn."""

    def __init__(self):
        self.uc = uc = unicorn.Uc(unicorn.UC_ARCH_S390X, unicorn.UC_MODE_BIG_ENDIAN)
        uc.ctl_set_cpu_model(registers.UC_CPU_S390X_MAX)
        uc.mem_map(0, STORAGE)
        uc.reg_write(registers.UC_S390X_REG_CR0, ENABLED)
        self.first = uc.context_save()

    def execute(self, case: Case) -> dict:
        uc, text = self.uc, case.text
        uc.context_restore(self.first)
        uc.mem_write(CODE, text + bytes(8))
        uc.ctl_flush_tb()
        uc.mem_write(DATA, case.data)
        uc.reg_write(registers.UC_S390X_REG_PSWM, 0x180000000)
        for n in range(16):
            uc.reg_write(getattr(registers, f"UC_S390X_REG_R{n}"), case.general[n])
        try:
            uc.emu_start(CODE, CODE + len(text))
        except unicorn.UcError as error:
            return {"error": str(error)}
        found = {f"r{n}": uc.reg_read(getattr(registers, f"UC_S390X_REG_R{n}")) for n in range(15)}
        cc = uc.reg_read(registers.UC_S390X_REG_PSWM) >> 44 & 3
        return found | {"data": bytes(uc.mem_read(DATA, END - DATA)), "cc": cc}


@pytest.fixture(scope="module")
def pair():
    return Ours(), Theirs()


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: row.mnemonic)
def test_lockstep(pair, row):
    ours, theirs = pair
    if row.mnemonic in UNJUDGED:
        pytest.skip(f"Unicorn 2.1.4: {UNJUDGED[row.mnemonic]}")
    rng = random.Random(f"{row.mnemonic} {SEED}")
    compared = 0
    for _ in range(50 * CASES):  # many have masks that are none
        if compared == CASES:
            break
        case = Case(row, rng)
        found = ours.execute(case)
        if "program" not in found:
            compared += 1
            expected = theirs.execute(case)
            if row.mnemonic in TO_INTEGER and "data" in expected:
                found["data"], expected["data"] = (without_inexact(side["data"]) for side in (found, expected))
            assert found == expected, case
    assert compared == CASES
