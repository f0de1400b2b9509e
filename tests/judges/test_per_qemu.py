"""qemu-system-s390x beside us: program-event recording, many cases a boot.

A guest sets control registers 9 to 11 and general registers, loads a PSW with recording on, executes a few instructions
up to the first interruption and stores what became of them. It runs in both, and what it stored must be the same, or a
named deviation. Each case executes at a place of its own: QEMU does not always see that code has changed.
S390EMU_PER_CASES says how many cases (at most 57,000), S390EMU_SEED which.
"""

from __future__ import annotations

import os
import random
import struct
from typing import NamedTuple

from s390emu.assembler.assemble import assemble
from s390emu.assembler.program import Program, Section
from tests.judges.programs import SEED
from tests.judges.qemu_boot import (
    BA,
    BA_EA,
    DAT,
    ENDING,
    NEW_PSWS,
    ORIGIN,
    OUTCOME,
    RECORD,
    beginning,
    compare,
)

CASES = int(os.environ.get("S390EMU_PER_CASES", "200"))
DATA, INPUT, RESULTS = 0x40000, 0x400000, 0x1200000
TARGET, AWAY = 16, 144  # bytes; where the target of an EXECUTE is, and where branches go
PER = 1 << 62
REAL_SPACE, ALTERATION_EVENT = 0x20, 0x80  # bits of an ASCE
BRANCHING, FETCHING, ALTERATION, STORE_REAL, NULLIFICATION = (1 << (63 - bit) for bit in (32, 33, 34, 36, 39))
BRANCH_ADDRESS, ALTERATION_SPACE = 1 << (63 - 40), 1 << (63 - 42)
EVENT, ALL = 0x80, (1 << 64) - 1

GUEST = (
    beginning(CASES, INPUT, RESULTS)
    + NEW_PSWS
    + f"""\
next:   lgfi    %r1,{DATA}
        mvi     0(%r1),1
        mvc     1(255,%r1),0(%r1)
        mvc     256(256,%r1),0(%r1)
        xc      0x94(16),0x94
        lctlg   %c1,%c1,128(%r14)
        lctlg   %c9,%c11,24(%r14)
        lmg     %r0,%r7,64(%r14)
        lpswe   48(%r14)
"""
    + OUTCOME
    + f"""\
3:      mvc     4(2,%r13),0x96
        mvc     6(1,%r13),0xa1
        mvc     24(8,%r13),0x98
        stmg    %r0,%r7,32(%r13)
        lghi    %r4,0
        lgfi    %r8,{DATA}
        lghi    %r9,512
5:      cksm    %r4,%r8
        brc     1,5b
        st      %r4,96(%r13)
"""
    + ENDING
)

STORES = ["st %r1,{n}(%r5)", "stg %r1,{n}(%r5)", "mvi {n}(%r5),7", "mvc {n}(9,%r5),64(%r6)", "xc {n}(4,%r5),{n}(%r5)",
          "stmg %r1,%r3,{n}(%r5)", "stc %r1,{n}(%r5)", "asi {n}(%r5),3", "mvhi {n}(%r5),9", "stura %r1,%r5",
          "sturg %r1,%r5", "oi {n}(%r5),0", "cs %r1,%r2,{n}(%r5)"]  # fmt: skip
BRANCHES = ["br %r4", "j {away}", "jne {away}", "je {away}", "basr %r1,%r4", "bras %r1,{away}", "brasl %r1,{away}",
            "brctg %r3,{away}", "cgrj %r1,%r1,8,{away}", "cgrj %r1,%r2,8,{away}", "bcr 0,%r4", "balr %r1,0",
            "bct %r3,0(%r4)", "jg {away}", "brxhg %r1,%r2,{away}"]  # fmt: skip
OTHERS = ["agr %r1,%r2", "lg %r1,8(%r6)", "lghi %r1,4", "nopr", "ltgr %r1,%r2", "lg %r1,0(%r7)"]
TARGETS = ["agr %r1,%r2", "mvc 8(9,%r5),64(%r6)", "br %r4", "stg %r1,8(%r5)", "lpswe 1(%r6)"]
ENDING = ["lpswe 1(%r6)", ".short 0", "mvi 0(%r7),1", "svc 3"]


def code_of(lines) -> bytes:
    return assemble("\n".join(["slot:", *lines]), origin=INPUT).sections[0].data


class Case(NamedTuple):
    """Instructions, the target of an EXECUTE among them, and the state before."""

    slot: int
    lines: tuple[str, ...]
    target: str
    psw: int
    asce: int
    controls: tuple[int, int, int]
    gr: tuple[int, ...]

    def record(self) -> bytes:
        text = code_of(self.lines)
        target = assemble(self.target, origin=INPUT).sections[0].data
        words = struct.pack(">13Q", *self.controls, self.psw, self.slot, *self.gr)
        text = (text + bytes.fromhex("0a000a00")).ljust(16, b"\0") + target.ljust(8, b"\0")
        return (text + words + self.asce.to_bytes(8, "big") + bytes(8) + bytes.fromhex("0a00") * 8).ljust(RECORD, b"\0")


def line_of(rng: random.Random) -> str:
    lines = rng.choice([STORES, STORES, BRANCHES, BRANCHES, OTHERS, ENDING])
    return rng.choice(lines).format(n=8 * rng.randrange(4), away=f"slot+{AWAY + 2 * rng.randrange(4)}")


def area(rng: random.Random, slot: int) -> tuple[int, int]:
    at = rng.choice([slot, slot, slot + 4, slot + AWAY, slot + AWAY + 2, slot + TARGET, DATA, DATA + 8, DATA + 16])
    first, last = at + rng.randrange(-4, 5), at + rng.randrange(-2, 9)
    return rng.choice([(first, last), (first, last), (0, ALL), (at, at), (last, first), (slot + 1, DATA)])


def case(rng: random.Random, slot: int) -> Case:
    while True:
        target, lines = rng.choice(TARGETS), []
        for _ in range(rng.choice([1, 1, 2])):
            execute = rng.choice(["ex %r0,0(%r2)", f"exrl %r0,slot+{TARGET}"])
            lines.append(execute if rng.random() < 0.1 else line_of(rng))
        if len(code_of(lines)) <= 12:
            break
    controls = sum(event for event in (BRANCHING, FETCHING, ALTERATION) if rng.random() < 0.5)
    controls |= sum(control for control in (STORE_REAL, NULLIFICATION, BRANCH_ADDRESS) if rng.random() < 0.3)
    controls |= ALTERATION_SPACE if rng.random() < 0.2 else 0
    psw = rng.choice([BA_EA, BA_EA, BA]) | PER | rng.randrange(4) << 44 | rng.choice([0, DAT])
    gr = [rng.getrandbits(64) for _ in range(8)]
    gr[0], gr[2], gr[3], gr[4] = 0, slot + TARGET, rng.choice([1, 5]), slot + AWAY + 2
    gr[5], gr[6], gr[7] = DATA + 8 * rng.randrange(4), DATA + 0x80, 1 << 26
    asce = REAL_SPACE | rng.choice([0, ALTERATION_EVENT])
    return Case(slot, tuple(lines), target, psw, asce, (controls, *area(rng, slot)), tuple(gr))


def guest(cases: list[Case]) -> Program:
    code = assemble(GUEST, origin=ORIGIN)
    return code._replace(sections=[*code.sections, Section(".cases", INPUT, b"".join(map(Case.record, cases)))])


def outcome(record: bytes) -> dict:
    """What became of a case, by name."""
    code = int.from_bytes(record[2:4], "big")
    found = {"code": code, "ilc": int.from_bytes(record[:2], "big")}
    found["psw"], found["ia"], address, *registers = struct.unpack(">11Q", record[8:96])
    if code & EVENT:
        found |= {"event": record[4], "mode": record[5], "address": address}
    return found | {f"r{n}": value for n, value in enumerate(registers)} | {"data": record[96:100]}


# --- what QEMU 7.2 does otherwise -------------------------------------------------------------------------------------


EXCEPTIONS = (".short 0", "lpswe")


def deviation(case: Case, differences: dict, there: dict, here: dict) -> str:
    """Return the name of the known deviation of QEMU 7.2 that explains the differences, with the clause; "" if none."""
    named, lines = set(differences), " ".join(case.lines)
    if "ex" in lines:
        return "EXECUTE (PoP ch. 4 Instruction Fetching): an event with its target: lost"
    if here["code"] & EVENT and named <= {"ia", "event", "psw"} and 0 <= here["ia"] - case.slot - AWAY < 16:
        return "a branch (PoP ch. 4 Successful Branching): all events, after it: alone, before"
    if named == {"ia"} and here["ia"] < INPUT and there["ia"] == here["ia"] + 2:
        return "SUPERVISOR CALL (PoP ch. 6 Priority of Interruptions): the event is after it: PSW advanced"
    if ("stura" in lines or "sturg" in lines) and there.get("event") == 0x08:
        return "STURA, STURG (PoP ch. 4 Store Using Real Address): bits 2 and 4 of the PER code: bit 4 alone"
    if case.controls[0] & ALTERATION_SPACE and (there.get("event", 0) ^ here.get("event", 0)) & 0x20:
        return "alteration-space control (PoP ch. 4 Storage Alteration): by the ASCE, not without DAT: otherwise"
    if any(line in lines for line in EXCEPTIONS) and here["code"] & EVENT and there["code"] in (0x01, 0x06):
        return "an exception (PoP ch. 6 Program Interruptions): the fetching event goes with it, or nullifies: lost"
    if ("stura" in lines or "sturg" in lines) and there.get("event") == 0x20:
        return "STURA, STURG (PoP ch. 4 Storage Alteration): stores by logical address are meant: these too"
    _, first, last = case.controls
    if here.get("event", 0) & 0x20 and not there.get("event", 0) & 0x20 and (first > last or last - first == ALL):
        return "the area (PoP ch. 4 Storage-Area Designation): all, or wraps: no store in it is found"
    if named == {"psw"} and not (there["psw"] ^ here["psw"]) & ~(3 << 44):
        return "PoP ch. 6 Program Interruptions: cc of the instruction in the old PSW: of before"
    return ""


def test_program_events_as_in_qemu(tmp_path):
    rng = random.Random(SEED)
    cases = [case(rng, INPUT + RECORD * n) for n in range(CASES)]
    found = compare(cases, guest(cases), RESULTS, outcome, tmp_path, deviation)
    assert {here.get("event", 0) for here in found} >= {0, 0x20, 0x40, 0x80}
