"""qemu-system-s390x beside us: vector instructions of PoP ch. 21 to 24, many cases a boot.

A guest loads the registers of each case, vector registers too, executes one instruction, and stores what became of
them, of an operand of 256 bytes, and of the interruption. S390EMU_VECTOR_CASES says how many of each instruction, 90 at
most.

What QEMU 7.2 does otherwise is named in `deviation`, with the clause. It has nothing of the vector-packed-decimal
facilities, VLRL and its like among them.
"""

from __future__ import annotations

import os
import random
import struct

from s390emu._jit import JIT
from s390emu.assembler.assemble import assemble
from s390emu.assembler.program import Program, Section
from s390emu.conformance.twins.exact import EXTENDED, LONG, SHORT
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS, VX, VXE, VXE2
from tests.isa.floating_point.bfp import random_datum
from tests.isa.vector.vectors import ENABLED, FACILITIES
from tests.judges import test_unicorn_vectors as single
from tests.judges.programs import SEED
from tests.judges.qemu_boot import BA_EA, NEW_PSWS, ORIGIN, PROBLEM, beginning, compare

CASES = min(90, int(os.environ.get("S390EMU_VECTOR_CASES", "8" if JIT else "2")))  # of each instruction
ROWS_THERE = [row for row in ROWS if row.facility in (VX, VXE, VXE2) and implemented(row)]
SLOT, OPERAND, INPUT, RESULTS = 0x30000, 0x38000, 0x80000, 0x1000000
RECORD = 1024
END = 0x600D
GUEST = (
    beginning(len(ROWS_THERE) * CASES, INPUT, RESULTS)
    + NEW_PSWS
    + f"""\
        larl    %r1,enabled
        lctlg   %c0,%c0,0(%r1)
next:   lgfi    %r1,{SLOT}
        mvc     0(8,%r1),0(%r14)
        lgfi    %r1,{OPERAND}
        mvc     0(256,%r1),768(%r14)
        xc      0x8c(8),0x8c
        mvc     0xd40(16),16(%r14)
        vlm     %v0,%v15,256(%r14)
        vlm     %v16,%v31,512(%r14)
        lfpc    8(%r14)
        stmg    %r12,%r14,0xd00
        lmg     %r0,%r15,128(%r14)
        lpswe   0xd40
failed: stmg    %r0,%r15,0xe00
        lmg     %r12,%r14,0xd00
        mvc     0(12,%r13),0x8c
        mvc     16(16,%r13),0x150
        j       3f
ended:  stmg    %r0,%r15,0xe00
        lmg     %r12,%r14,0xd00
        xc      0(12,%r13),0(%r13)
        mvc     16(16,%r13),0x140
3:      mvc     128(128,%r13),0xe00
        vstm    %v0,%v15,256(%r13)
        vstm    %v16,%v31,512(%r13)
        stfpc   12(%r13)
        lgfi    %r1,{OPERAND}
        mvc     768(256,%r13),0(%r1)
        aghi    %r14,{RECORD}
        aghi    %r13,{RECORD}
        brctg   %r12,next
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,{END}
program: .quad  {BA_EA},failed,{BA_EA},ended
enabled: .quad  {ENABLED}
"""
)
FORM_MASK = {"VRR-a": "m3", "VRR-c": "m4", "VRR-e": "m6", "VRI-e": "m4"}  # the mask that names the format


class Case(single.Case):
    """One instruction, and the state before it; with all masks that there are, and now and then none."""

    def __init__(self, row, rng):
        super().__init__(row, rng)
        self.psw = BA_EA | rng.choice((0, PROBLEM)) | rng.randrange(4) << 44
        self.general[single.BASE] = OPERAND
        if row.chapter == 24 and rng.random() < 0.3:  # masks, and a rounding mode
            self.fpc |= rng.choice((0x80, 0x40, 0x20, 0x10, 0x08, 0xF8)) << 24

    def _mask(self, name: str, rng: random.Random) -> int:
        if rng.random() < 0.04:
            return rng.randrange(16)
        if self.row.chapter != 24:
            return rng.randrange(rng.choice((2, 3, 4, 5, 16)))
        if name == FORM_MASK[self.row.format.name]:
            self.form = rng.choice((2, 3, 4))
            if rng.random() < 0.9:
                form = (SHORT, LONG, EXTENDED)[self.form - 2]
                count = 128 // form.bits
                self.vectors = [sum(random_datum(form, rng) << form.bits * n for n in range(count)) for _ in range(32)]
            return self.form
        if name in ("m4", "m5") and self.row.format.name in ("VRR-a", "VRR-c", "VRR-e", "VRI-e"):
            return rng.choice((0, 8, rng.randrange(16)))
        return rng.randrange(8)

    @property
    def target(self) -> int:
        """The number of V1."""
        return self.code[1] >> 4 | (self.code[4] & 8) << 1

    @property
    def single(self) -> bool:
        """True if only the first element is operated on, in most formats."""
        return bool(self.code[3] & 8)

    def record(self) -> bytes:
        text = self.code + bytes.fromhex("0a00")
        head = text.ljust(8, b"\0") + struct.pack(">I4x2Q", self.fpc, self.psw, SLOT)
        general = struct.pack(">16Q", *self.general)
        vectors = b"".join(value.to_bytes(16) for value in self.vectors)
        return head.ljust(128, b"\0") + general + vectors + self.operand


def guest(cases: list[Case]) -> Program:
    code = assemble(GUEST, origin=ORIGIN)
    data = Section(f".at.{INPUT:x}", INPUT, b"".join(map(Case.record, cases)))
    return code._replace(sections=[*code.sections, data])


def outcome(record: bytes) -> dict:
    """What became of a case, by name."""
    ilc, code = struct.unpack(">HH", record[:4])
    found = {"ilc": ilc, "code": code, "dxc": int.from_bytes(record[4:8]) if code in (7, 0x1B) else 0}
    found["fpc"] = int.from_bytes(record[12:16])
    psw, ia = struct.unpack(">2Q", record[16:32])
    found |= {"cc": psw >> 44 & 3, "ia": ia}
    found |= {f"r{n}": value for n, value in enumerate(struct.unpack(">16Q", record[128:256]))}
    found |= {f"v{n}": record[256 + 16 * n : 272 + 16 * n].hex() for n in range(32)}
    return found | {"operand": record[768:].hex()}


SINGLE = ("VFPSO", "VFTCI")
NEGATIVE = ("VFNMA", "VFNMS")
INEXACT_FLAG = 0x080000


def deviation(case: Case, different: dict, there: dict, here: dict) -> str:
    """Name what is known.

    * vector-processing exceptions: PoP ch. 6 "Vector-Processing Exception": the operation is suppressed, so that the
      old PSW has the address of the next instruction
    * VCKSM: PoP ch. 22 "VECTOR CHECKSUM": a carry out of bit 0 of a sum is added at its right end
    * VFLR, and VFPSO and VFTCI of a single element: PoP ch. 24: the other elements are unpredictable; zeros here
    * VSLDB: PoP ch. 22: bits 4-7 of I4 count; from memory of the manual alone
    * VFNMA, VFNMS: PoP ch. 24: the sign is changed after rounding, which matters where that has a direction
    * conversions and VFI: PoP ch. 19 "IEEE-inexact-exception control": where it is one there is no inexact exception,
      neither a flag nor a trap
    """
    name, names = case.row.mnemonic, set(different)
    target = f"v{case.target}"
    if here["code"] == there["code"] == 0x1B and names == {"ia"}:
        return "vector-processing exceptions nullify there"
    if name == "VCKSM" and names <= {target}:
        return "VCKSM: another sum"
    if (name == "VFLR" or (name in SINGLE and case.single)) and names <= {target}:
        return "elements that are unpredictable"
    if name == "VSLDB" and there["code"] == 6 and case.code[3] > 0xF:
        return "VSLDB: I4 above 15 is a specification exception"
    if name in single.ROUNDING and case.code[3] & 4 and names == {"fpc"} and there["fpc"] ^ here["fpc"] == INEXACT_FLAG:
        return "an inexact flag that is not asked for"
    if name in NEGATIVE and names <= {target} and case.fpc & 3 > 1:
        return "VFNMA, VFNMS: rounded with the other sign"
    return ""


def test_vector_instructions_as_in_qemu(tmp_path):
    rng = random.Random(SEED)
    cases = [Case(row, rng) for row in ROWS_THERE for _ in range(CASES)]
    found = compare(cases, guest(cases), RESULTS, outcome, tmp_path, deviation, record=RECORD, facilities=FACILITIES)
    assert {here["code"] for here in found} >= {0, 0x06}
