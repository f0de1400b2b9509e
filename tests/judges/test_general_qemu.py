"""qemu-system-s390x beside us: translation, conversion, unpacking, characters of two bytes, many cases a boot.

A guest loads the registers and the PSW of each case, executes the instruction as long as it sets condition code 3, and
stores what became of the registers and of storage. It runs in both. S390EMU_CASES says how many cases (at most 61,000),
S390EMU_SEED which.

What QEMU 7.2 cannot judge is not among the cases; the manual decides, by the clause given:

* PLO, CUSE: operation exception there
* PKA, PKU (PoP ch. 7 "PACK ASCII", "PACK UNICODE"): the leftmost character is lost there
* TROO, TROT, TRTO, TRTT with a length of zero (PoP ch. 7: condition code 0), TRTO, TRTT with an odd one
  (specification exception): never end there
* the test character of TROT has one byte there, that of TRTO two (PoP ch. 7: the size of the function characters), so
  that here the left one of two is zero
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
    ENDING,
    LOAD_CASE,
    NEW_PSWS,
    ORIGIN,
    OUTCOME,
    PROBLEM,
    RECORD,
    beginning,
    checksums,
    compare,
    fresh_pages,
)

CASES = int(os.environ.get("S390EMU_CASES", "400"))
SLOT, DATA, PRISTINE, INPUT, RESULTS = 0x30000, 0x40000, 0x80000, 0x100000, 0x1000000
PAGE, PAGES = 4096, 8
UTF8, UTF16, UTF32, FEW, ANY = (DATA + PAGE * n for n in (3, 4, 5, 6, 7))  # what the pages hold; results go before
SLOT_BYTES = 8
CR0 = 0xE0
TEXT = "a\x00\x7f\x80\xff߿ࠀ\u0fff\u1000퟿\ue000�\U00010000\U0010ffff€😀"

GUEST = (
    beginning(CASES, INPUT, RESULTS)
    + NEW_PSWS
    + "next:"
    + fresh_pages(DATA, PRISTINE, PAGES)
    + f"""\
        lgfi    %r1,{SLOT}
        mvc     0({SLOT_BYTES},%r1),0(%r14)
"""
    + LOAD_CASE
    + OUTCOME
    + """\
3:      stmg    %r0,%r7,32(%r13)
"""
    + checksums(DATA, PAGES)
    + ENDING
)
# Behind the slot: again, if it is not through, and then SVC 0, which ends the case.
AGAIN = assemble(f"        jo      .-{SLOT_BYTES}\n        svc     0", origin=SLOT + SLOT_BYTES).sections[0].data


def pages() -> bytes:
    """Text in three forms with a wrong byte here and there, bytes of few kinds, any bytes."""
    rng = random.Random("pages")
    made = [bytes(rng.randbytes(3 * PAGE))]
    for codec in ("utf-8", "utf-16-be", "utf-32-be"):
        text = bytearray("".join(rng.choices(TEXT, k=PAGE)).encode(codec)[:PAGE])
        for _ in range(PAGE // 40):
            text[rng.randrange(PAGE)] = rng.choice((0xD8, 0xDC, 0xE0, 0x80, 0xC1, 0xF4, rng.randrange(256)))
        made.append(bytes(text))
    made += [bytes(rng.choices(b"ab\0", k=PAGE)), rng.randbytes(PAGE)]
    return b"".join(made)


BYTES = pages()


class Case(NamedTuple):
    """One instruction, and the state before it."""

    line: str
    psw: int
    gr: list[int]

    def record(self) -> bytes:
        text = assemble(self.line, origin=SLOT).sections[0].data
        text += {4: bytes.fromhex("47000000"), 6: bytes.fromhex("0700")}[len(text)]  # NOP, NOPR
        words = struct.pack(">4Q", CR0, 0, 0, 0) + struct.pack(">2Q", self.psw, SLOT)
        return (text + words + struct.pack(">8Q", *self.gr)).ljust(RECORD, b"\0")


def operands(rng: random.Random, gr: list[int], source: int, step: int = 1) -> None:
    """The first operand, in the first three pages, by registers 2 and 3; the second, in the page of this source."""
    gr[2], gr[4] = DATA + rng.randrange(2 * PAGE), source + rng.randrange(PAGE // 2) // step * step
    gr[3], gr[5] = (rng.choice((0, 1, 2, 4, 16, rng.randrange(60), rng.randrange(900))) for _ in "12")


def conversion(rng: random.Random, gr: list[int]) -> str:
    name = rng.choice(("cu12", "cu14", "cu21", "cu24", "cu41", "cu42"))
    source, step = {"1": (UTF8, 1), "2": (UTF16, 2), "4": (UTF32, 4)}[name[2]]
    operands(rng, gr, source, rng.choice((step, step, step, 1)))
    return f"{name} %r2,%r4" + ("" if name[2] == "4" else f",{rng.randrange(16)}")


def translation(rng: random.Random, gr: list[int]) -> str:
    """The table is in the data pages; of two-byte arguments, all storage from there on."""
    operands(rng, gr, rng.choice((FEW, ANY)))
    gr[3] = gr[3] & ~1 | 2
    gr[1] = DATA + rng.randrange(PAGE if (two := rng.random() < 0.5) else 6 * PAGE)
    gr[0] = rng.getrandbits(48) << 16 | rng.randrange(256)
    return f"{rng.choice(('trto', 'trtt') if two else ('troo', 'trot'))} %r2,%r4,{rng.choice((0, 0, 1, 14))}"


def characters(rng: random.Random, gr: list[int]) -> str:
    operands(rng, gr, FEW)
    gr[3], gr[5] = gr[3] & ~1, gr[5] & ~1
    kind = rng.choice(("mvclu", "clclu", "srstu"))
    if kind == "srstu":
        gr[2], gr[0] = gr[4] + 2 * rng.randrange(0x380), rng.choice((0x6162, 0x0061, 0x7A7A))
        return "srstu %r2,%r4"
    if kind == "clclu":
        gr[2] = FEW + PAGE // 2 + rng.randrange(0x400)
        if rng.random() < 0.5:
            gr[2] = gr[4]
    return f"{kind} %r2,%r4,{rng.choice((0, 0x61, 0x6161))}"


def unpacking(rng: random.Random, gr: list[int]) -> str:
    """Where there is a sign: condition code 3 says that there is none."""
    operands(rng, gr, ANY)
    while BYTES[gr[4] - DATA + 15] & 15 < 10:
        gr[4] += 1
    if rng.random() < 0.5:
        return f"unpka 0({rng.choice((1, 2, 15, 16, 31, 32, 33, rng.randint(1, 40)))},%r2),0(%r4)"
    return f"unpku 0({2 * rng.choice((1, 2, 15, 31, 32, 33, rng.randint(1, 40)))},%r2),0(%r4)"


def case(rng: random.Random) -> Case:
    gr = [rng.getrandbits(64) for _ in range(8)]
    line = rng.choice((conversion, conversion, translation, characters, unpacking))(rng, gr)
    if rng.random() < 0.03 and line.startswith(("cu", "mvclu", "clclu")):
        line = line.replace("%r2", "%r3", 1)
    mode = rng.choice((BA_EA, BA_EA, BA, 0))
    if mode != BA_EA:
        gr[2:6] = (rng.getrandbits(32) << 32 | register for register in gr[2:6])
    return Case(line, mode | rng.choice((0, PROBLEM)) | rng.randrange(4) << 44, gr)


def guest(cases: list[Case]) -> Program:
    code = assemble(GUEST, origin=ORIGIN)
    data = {SLOT + SLOT_BYTES: AGAIN, PRISTINE: BYTES, INPUT: b"".join(map(Case.record, cases))}
    return code._replace(sections=[*code.sections, *(Section(f".at.{at:x}", at, it) for at, it in data.items())])


def outcome(record: bytes) -> dict:
    """What became of a case, by name."""
    found = {"code": int.from_bytes(record[2:4], "big"), "ilc": int.from_bytes(record[:2], "big")}
    found["psw"], found["ia"], _, *registers = struct.unpack(">11Q", record[8:96])
    found |= {f"r{n}": value for n, value in enumerate(registers)}
    return found | {f"page {n}": record[96 + 4 * n : 100 + 4 * n] for n in range(PAGES)}


def deviation(case: Case, different: dict, there: dict, here: dict) -> str:
    """PoP ch. 7 "CONVERT UTF-8 TO UTF-16", "CONVERT UTF-8 TO UTF-32": after E0 the second byte is A0 to BF."""
    at = (there["r4"] & 0xFFFFFF) - DATA
    if case.line.startswith(("cu12", "cu14")) and BYTES[at] == 0xE0 and 0xA0 <= BYTES[at + 1] <= 0xBF:
        return "0800 to 0FFF are ill-formed UTF-8 there"
    return ""


def test_general_instructions_as_in_qemu(tmp_path):
    rng = random.Random(SEED)
    cases = [case(rng) for _ in range(CASES)]
    found = compare(cases, guest(cases), RESULTS, outcome, tmp_path, deviation)
    assert {here["code"] for here in found} >= {0, 0x06}
