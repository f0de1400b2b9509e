"""qemu-system-s390x beside us: control instructions on address spaces and translation tables, many cases a boot.

A guest loads the registers and the PSW of each case, executes one instruction of it and stores what became of them. It
runs in both, and what it stored must be the same. S390EMU_CASES says how many cases (at most 61,000), S390EMU_SEED
which.

What QEMU 7.2 cannot judge is not among the cases; the manual decides, by the clause given:

* keys (PoP ch. 3 "Key-Controlled Protection"): not checked there, so that every block has key 9, with
  storage-protection override
* MVCP, MVCS, MVCOS in the problem state: privileged there, or addressing (PoP ch. 10: semiprivileged)
* SACF with the secondary-space control off or space-switch-event controls on (PoP ch. 10, ch. 6): ignored there
* the ranges of IPTE (facility 13): ignored there
* SAC, IAC, EPAR, ESAR, IVSK, MVCK, MVCSK, MVCDK: operation exception there
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
    FETCH_OR_STORE,
    LOAD_CASE,
    NEW_PSWS,
    ORIGIN,
    OUTCOME,
    PROBLEM,
    RECORD,
    TRANSLATION,
    beginning,
    checksums,
    compare,
    fresh_pages,
)

CASES = int(os.environ.get("S390EMU_CASES", "200"))
SLOT, DATA, PRISTINE, TABLES, INPUT, RESULTS = 0x30000, 0x40000, 0x80000, 0xA0000, 0x100000, 0x1000000
PAGES = 18  # of data: the last two only for operands that start before them
PRIMARY, SECONDARY, HOME = 0, 2, 3
REAL_SPACE = 0x20
CR0 = 0xE0 | 1 << (63 - 39)  # storage-protection override
SECONDARY_SPACE_CONTROL = 1 << (63 - 37)

GUEST = (
    beginning(CASES, INPUT, RESULTS)
    + NEW_PSWS
    + "next:"
    + fresh_pages(DATA, PRISTINE, PAGES)
    + f"""\
        xc      0xa8(8),0xa8
        lgfi    %r1,{SLOT}
        mvc     0(8,%r1),0(%r14)
"""
    + LOAD_CASE
    + OUTCOME
    + """\
3:      mvc     24(8,%r13),0xa8
        stmg    %r0,%r7,32(%r13)
"""
    + checksums(DATA, PAGES)
    + ENDING
)
BYTES = bytes(n * 7 + (n >> 8) * 13 & 0xFF for n in range(PAGES * 4096))


def translation_tables() -> bytes:
    """A segment table, and a page table in which the data pages are exchanged, 47000 is invalid, 45000 is protected."""
    segments = [TABLES + 0x4000] + [0x20] * 2047
    pages = [n << 12 for n in range(256)]
    pages[0x40:0x50] = [(n ^ 8) << 12 for n in range(0x40, 0x50)]
    pages[0x47] |= 0x400
    pages[0x45] |= 0x200
    return struct.pack(">2304Q", *segments, *pages)


class Case(NamedTuple):
    """One instruction, and the state before it."""

    line: str
    psw: int
    cr0: int
    spaces: tuple[int, int, int]  # control registers 1, 7, 13
    gr: list[int]

    def record(self) -> bytes:
        text = assemble(self.line, origin=SLOT).sections[0].data + bytes.fromhex("0a00")  # and SVC 0
        words = struct.pack(">4Q", self.cr0, *self.spaces) + struct.pack(">2Q", self.psw, SLOT)
        return (text.ljust(8, b"\0") + words + struct.pack(">8Q", *self.gr)).ljust(RECORD, b"\0")


def address(rng: random.Random) -> int:
    return DATA + 0x1000 * rng.randrange(16) + rng.choice([0, 1, 8, 0x100, 0xFF0, 0xFFF, rng.randrange(4096)])


def moves(rng: random.Random, gr: list[int]) -> str:
    while True:  # until the operands cannot overlap: what a destructive overlap gives is unpredictable
        gr[5], gr[6] = address(rng), address(rng)
        if 4096 < (gr[5] - gr[6]) % 0x8000 < 0x7000:
            break
    gr[2] = rng.choice([0, 1, 16, 255, 256, 257, 4095, 4096, 4097, 1 << 31, (1 << 32) + 3, rng.randrange(9000)])
    controls = [rng.randrange(16) << 12 | rng.choice([PRIMARY, SECONDARY, HOME]) << 6 | rng.randrange(4) for _ in "12"]
    gr[0] = rng.getrandbits(32) << 32 | controls[0] << 16 | controls[1]
    return rng.choice(["mvcp 0(%r2,%r5),0(%r6),%r3", "mvcs 0(%r2,%r5),0(%r6),%r3", *["mvcos 0(%r5),0(%r6),%r2"] * 3])


def compare_and_swap(rng: random.Random, gr: list[int]) -> str:
    gr[5] = DATA + 0x1000 * rng.randrange(16) + rng.randrange(4096)
    line, size = rng.choice([("csp %r2,%r5", 4), ("cspg %r2,%r5", 8), ("cspg %r3,%r5", 8)])
    if rng.random() < 0.6:  # equal, but where the page is another one
        at = (gr[5] - DATA) & -size
        gr[2] = rng.getrandbits(64 - 8 * size) << 8 * size if size < 8 else 0
        gr[2] |= int.from_bytes(BYTES[at : at + size], "big")
    return line


def invalidation(rng: random.Random, gr: list[int]) -> str:
    gr[6] = rng.getrandbits(64)
    if rng.random() < 0.4:
        gr[4] = rng.choice([0x48000, 0x48800, 0x4F800, 0x487FF])
        return "ipte %r4,%r6"
    level = rng.randrange(4)
    gr[4] = rng.choice([0x44000, 0x48000]) | level << 2 | rng.randrange(4)
    gr[6] &= ~0xFFFFF
    gr[6] = rng.choice([0, 0x1000, 0x80800, gr[6], gr[6] | 0x800]) | rng.choice([0, 3, rng.randrange(600)])
    if (gr[6] >> 20 + 11 * level & 0x7FF) + (gr[6] & 0x7FF) > 0x7FF:  # beyond the table
        gr[6] &= ~0x7FF
    return rng.choice(["idte %r4,%r3,%r6", "idte %r4,%r3,%r6,1"])


def set_space(rng: random.Random, gr: list[int]) -> str:
    return f"sacf {rng.choice([0, 0x100, 0x300, 0x300, 0x400, 0x800, 0xF00, 1, 0x1FF]):#x}"


def case(rng: random.Random) -> Case:
    """Return any case that QEMU can judge."""
    gr = [rng.getrandbits(64) for _ in range(8)]
    make = rng.choice([moves, moves, compare_and_swap, invalidation, set_space])
    line = make(rng, gr)
    psw = rng.choice([BA_EA, BA_EA, BA]) | rng.choice([PRIMARY, SECONDARY, HOME]) << 46 | rng.randrange(4) << 44
    psw |= (DAT if rng.random() < 0.85 else 0) | rng.choice([0, 4, 7]) << 52
    if make is not moves and rng.random() < 0.3:
        psw |= PROBLEM
    control = make is set_space or rng.random() < 0.85
    spaces = tuple(rng.choice([REAL_SPACE, TABLES | 3]) for _ in "123")
    return Case(line, psw, CR0 | (SECONDARY_SPACE_CONTROL if control else 0), spaces, gr)


def guest(cases: list[Case]) -> Program:
    code = assemble(GUEST, origin=ORIGIN)
    data = {PRISTINE: BYTES, TABLES: translation_tables(), INPUT: b"".join(map(Case.record, cases))}
    return code._replace(sections=[*code.sections, *(Section(f".at.{at:x}", at, it) for at, it in data.items())])


def outcome(record: bytes) -> dict:
    """What became of a case, by name."""
    code = int.from_bytes(record[2:4], "big")
    found = {"code": code, "ilc": int.from_bytes(record[:2], "big")}
    found["psw"], found["ia"], teid, *registers = struct.unpack(">11Q", record[8:96])
    if code in TRANSLATION:
        found["teid"] = teid & ~FETCH_OR_STORE
    found |= {f"r{n}": value for n, value in enumerate(registers)}
    return found | {f"page {n}": record[96 + 4 * n : 100 + 4 * n] for n in range(PAGES)}


def test_control_instructions_as_in_qemu(tmp_path):
    rng = random.Random(SEED)
    cases = [case(rng) for _ in range(CASES)]
    found = compare(cases, guest(cases), RESULTS, outcome, tmp_path)
    assert {here["code"] for here in found} >= {0, 0x02, 0x04, 0x06, 0x11, 0x13}
