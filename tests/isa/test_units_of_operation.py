"""Instructions that end before they are through: how much they process at a time, and what an interruption in between
leaves. PoP ch. 5 "Interruptible Instructions", ch. 7 and 10.

The naive twin does one byte after the other, with lengths and strings of any kind, and knows no pages. Whatever the
units are, and whatever exceptions come between them, the program that goes on must end as the twin does.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, PAGE_TRANSLATION, PROTECTION
from s390emu.assembler.assemble import assemble
from s390emu.conformance.twins.strings import ENDING, PAD, Operands, Result, twin
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS
from tests.lab import BA_EA, CODE, SIZE
from tests.operands import discard
from tests.translation import PAGE_INVALID, PAGE_TABLE, REAL_SPACE, SEGMENT, change, map_page, translated

# How it goes on: `again`, by itself, the instruction address stays; `cc 3`, by a branch of the program.
# Least: bytes that it must have processed before; the manual has a minimum for CLST and SRST (256) and for MVST (1).
# A unit ends at: the page boundary that comes first, of either operand; for CKSM with the word that reaches it.
TABLE = """
       goes on  least  ends at
MVCL   again        1  either
CLCL   again        1  either
MVCLE  cc3          1  either
CLCLE  cc3          1  either
MVST   cc3          1  either
CLST   cc3        256  either
SRST   cc3        256  second
CKSM   cc3          4  word
"""
BLOCKS = ("PFMF", "SSKE", "TB")  # by whole blocks: below
ELSEWHERE = (  # beside twins of their own: general/test_translate.py, test_convert_unicode.py, test_long_characters.py,
    # test_cipher_message.py, test_message_digest.py, test_random_number.py
    "CLCLU", "MVCLU", "SRSTU", "CUSE", "TRE", "TROO", "TROT", "TRTO", "TRTT", "CU12", "CU14", "CU21", "CU24", "CU41",
    "CU42", "KM", "KMC", "KMAC", "KMCTR", "KMF", "KMO", "KIMD", "KLMD", "PRNO",
)  # fmt: skip
ABSENT = (  # interruptible, or partial, but not implemented: whoever adds one adds its row
    "CFC", "UPT", "CMPSC", "TRTE", "TRTRE", "KMA",
)  # fmt: skip


class Unit(NamedTuple):
    goes_on: str
    least: int
    ends_at: str


UNITS = {words[0]: Unit(words[1], int(words[2]), words[3]) for words in map(str.split, TABLE.strip().splitlines()[1:])}
LINES = {
    "MVCL": "mvcl %r2,%r4",
    "CLCL": "clcl %r2,%r4",
    "MVCLE": "mvcle %r2,%r4,0x40",
    "CLCLE": "clcle %r2,%r4,0x40",
    "MVST": "mvst %r2,%r4",
    "CLST": "clst %r2,%r4",
    "SRST": "srst %r2,%r4",
    "CKSM": "cksm %r6,%r4",
}
INSTRUCTIONS = pytest.mark.parametrize("name", UNITS)

PAGE = 4096
FIRST, SECOND, REGION = 0x41000, 0x61000, 4 * PAGE  # page boundaries; the operands begin before them
DISTANCES = (0, 1, 3, 4, 127, 128, 255, 256, 257, 2048, 4092, 4095)
LENGTHS = (0, 1, 5, 250, 255, 256, 257, 600, 1500, 4100)


def test_every_instruction_of_this_kind_has_a_row():
    rows = {row.mnemonic: row for row in ROWS}
    assert [name for name in (*UNITS, *BLOCKS, *ELSEWHERE) if not implemented(rows[name])] == []
    assert [name for name in ABSENT if implemented(rows[name])] == []


def operands(name: str, before_first: int, before_second: int, seed: str) -> Operands:
    """Operands that begin so many bytes before a page boundary, equal for long where they are compared."""
    choice = random.Random(f"{name} {before_first} {before_second} {seed}")
    length, other = choice.choice(LENGTHS), choice.choice(LENGTHS)
    if choice.random() < 0.5:
        other = length
    text = bytes(choice.choices(b"abc", k=max(length, other)))
    left, right = bytearray(text[:length]), bytearray(text[:other])
    if name in ("CLCL", "CLCLE"):
        common = min(length, other)
        left[common:], right[common:] = (bytes([PAD]) * (len(data) - common) for data in (left, right))
    if choice.random() < 0.6 and right:
        right[choice.randrange(len(right))] = choice.choice(b"\x01z")
    if name in ("MVST", "CLST") or (name == "SRST" and choice.random() < 0.5):
        left.append(ENDING)
        right.append(ENDING)
    if name == "MVST":
        left = bytearray(len(right))
    return Operands(FIRST - before_first, SECOND - before_second, bytes(left), bytes(right))


class Execution:
    """The instruction and a branch back on cc 3, and then NOPR, a machine's steps through them."""

    def __init__(self, lab, name: str, given: Operands):
        self.lab, self.name, self.unit, self.given = lab, name, UNITS[name], given
        data = assemble(f"again: {LINES[name]}\n jo again\n nopr", origin=CODE).sections[0].data
        lab.store(CODE, data)
        self.end = CODE + len(data) - 2
        lab.store(FIRST - PAGE, bytes([0xEE]) * REGION)
        lab.store(SECOND - PAGE, bytes([0xEE]) * REGION)
        lab.store(given.first, given.left)
        lab.store(given.second, given.right)
        gr = lab.gr
        gr[0], gr[6] = ENDING, 0
        gr[2:6] = given.first, len(given.left), given.second, len(given.right)
        if name in ("MVCL", "CLCL"):
            gr[5] = PAD << 24 | len(given.right)
        if name == "SRST":
            gr[2] = given.second + len(given.right)

    def places(self) -> tuple[int, int]:
        """The addresses of the operands, as the registers are."""
        return int(self.lab.gr[4] if self.name in ("SRST", "CKSM") else self.lab.gr[2]), int(self.lab.gr[4])

    def complete(self) -> int:
        """Execute until it is through or a program interruption; return the interruption code, 0 for none.

        Each unit must process what it has to; one that ends in an interruption leaves registers and cc as they were.
        """
        machine, record = self.lab.machine, self.lab.machine.port
        while True:
            before, ia = self.places(), machine.psw[1]
            lengths = int(self.lab.gr[3]) & 0xFFFFFF, int(self.lab.gr[5]) & 0xFFFFFF
            registers, cc = self.lab.gr.tolist(), int(machine.cpu.cc)
            interruptions = int(record.interruption_count[0])
            assert machine.step() is None
            if int(record.interruption_count[0]) > interruptions:
                assert (self.lab.gr.tolist(), self.lab.old_psw[0] >> 44 & 3) == (registers, cc)
                return machine.last_interruption.code
            if ia == CODE and (machine.psw[1] == CODE or machine.cpu.cc == 3):
                assert (self.unit.goes_on == "again") == (machine.psw[1] == CODE)
                self.look_at_unit(before, lengths)
            elif machine.psw[1] == self.end:
                return 0
            assert ia in (CODE, self.end - 4)

    def look_at_unit(self, before: tuple[int, int], lengths: tuple[int, int]) -> None:
        """It processed what it must, and went to the end of a page."""
        after = self.places()
        processed = max(now - then for now, then in zip(after, before, strict=True))
        assert processed >= self.unit.least
        if self.unit.ends_at == "word":
            assert processed % 4 == 0
            assert after[1] % PAGE < 4
        elif self.unit.ends_at == "second":
            assert after[1] % PAGE == 0
        else:
            assert 0 in [now % PAGE for now in after] or 0 in [
                length - (now - then) for now, then, length in zip(after, before, lengths, strict=True)
            ]

    def expect(self, result: Result) -> None:
        """It ended as the twin."""
        lab, given = self.lab, self.given
        assert int(lab.cpu.cc) == result.cc
        lengths = {3: 0xFFFFFF, 5: 0xFFFFFF} if self.name in ("MVCL", "CLCL") else {}
        found = {n: int(lab.gr[n]) & lengths.get(n, ~0) for n in result.registers}
        assert found == result.registers
        self.expect_stored(result.stored)
        assert lab.load(given.second, len(given.right)) == given.right

    def expect_stored(self, stored: bytes) -> None:
        """The first operand's region holds this, and then what it held."""
        expected = bytearray([0xEE]) * REGION
        at = self.given.first - (FIRST - PAGE)
        for data in (self.given.left, stored):
            expected[at : at + len(data)] = data
        assert self.lab.load(FIRST - PAGE, REGION) == expected


@INSTRUCTIONS
@pytest.mark.parametrize("before_first", DISTANCES)
def test_units_end_where_they_may_and_come_to_the_twins_result(lab, name, before_first):
    for before_second in DISTANCES:
        lab.reset()
        given = operands(name, before_first, before_second, "whole")
        execution = Execution(lab, name, given)
        lab.psw()
        assert execution.complete() == 0
        execution.expect(twin(name, given))


@pytest.mark.parametrize("name", ["CLST", "SRST"])
@pytest.mark.parametrize("distance", DISTANCES)
def test_string_within_the_minimum_is_done_at_once(lab, name, distance):
    """Programs rely on it: for a string that ends within 256 bytes there is no condition code 3."""
    for other in DISTANCES:
        text = b"a" * 255
        lab.reset()
        Execution(lab, name, Operands(FIRST - distance, SECOND - other, text, text))
        for place in (FIRST - distance, SECOND - other):
            lab.store(place + 255, bytes([ENDING]))
        lab.gr[2] += 1 if name == "SRST" else 0
        lab.psw(cc=3)
        assert lab.machine.step() is None
        assert lab.cpu.cc == (0 if name == "CLST" else 1)


# --- interrupted ------------------------------------------------------------------------------------------------------


def spaces(lab) -> None:
    """The operands in the secondary space, each page where it is; code in the primary, which is real."""
    asce = map_page(lab, 0, 0, level=SEGMENT)
    lab.store(PAGE_TABLE, b"".join(page.to_bytes(8, "big") for page in range(0, SIZE, PAGE)))
    translated(lab, REAL_SPACE, secondary=asce, mask=BA_EA | 2 << 46)


def take_away(lab, page: int, way: str) -> None:
    if way == "invalid":
        change(lab, page, -1, on=PAGE_INVALID)
        return
    for region in (FIRST - PAGE, SECOND - PAGE):
        for other in range(region, region + REGION, PAGE):
            lab.set_key(other, 4 << 4)
    lab.set_key(page, 5 << 4 | 8)


def give_back(lab, page: int, way: str) -> None:
    if way == "invalid":
        change(lab, page, -1, off=PAGE_INVALID)
    else:
        lab.set_key(page, 4 << 4)


@INSTRUCTIONS
@pytest.mark.parametrize(("way", "code"), [("invalid", PAGE_TRANSLATION), ("key", PROTECTION)])
@pytest.mark.parametrize("operand", ["first", "second"])
def test_interrupted_midway_it_goes_on_to_the_twins_result(lab, name, way, code, operand):
    """A page of an operand is not there: an exception exactly if a byte of it is needed. The unit before it has left
    its place in the registers, the unit that met it nothing. When the page is back the program goes on."""
    interrupted = 0
    for before_first in DISTANCES:
        for before_second in DISTANCES[::3]:
            lab.reset()
            given = operands(name, before_first, before_second, operand)
            execution, result = Execution(lab, name, given), twin(name, given)
            page = (FIRST if operand == "first" else SECOND) + PAGE * (before_first % 2)
            place, needed = (
                (given.first, result.first_bytes) if operand == "first" else (given.second, result.second_bytes)
            )
            spaces(lab)
            if way == "key":
                lab.psw(lab.machine.psw[0], key=4)
            take_away(lab, page, way)
            lab.machine.set_psw(*lab.machine.psw)  # drops the TLB
            mask = lab.machine.psw[0]
            if place < page + PAGE and place + needed > page:
                assert execution.complete() == code
                interrupted += 1
                _, ia = lab.old_psw
                length = lab.machine.last_interruption.ilc
                assert ia == (CODE if way == "invalid" else CODE + length)
                if name.startswith("MV"):
                    moved = (int(lab.gr[2]) - given.first, len(result.stored))
                    execution.expect_stored(result.stored[: min(moved)])
                give_back(lab, page, way)
                lab.machine.set_psw(mask, CODE)
            assert execution.complete() == 0
            execution.expect(result)
    assert interrupted > 0 or (name in ("SRST", "CKSM") and operand == "first")


@INSTRUCTIONS
def test_discarded_midway(lab, name):
    """Block volatility is nullifying too. Both operands of three pages, the second page of the second is away."""
    text = b"a" * (2 * PAGE + 100)
    ending = bytes([ENDING]) if name in ("MVST", "CLST") else b""
    execution = Execution(lab, name, Operands(FIRST - 100, SECOND - 200, text + ending, text + ending))
    discard(lab, SECOND + PAGE)
    lab.psw()
    assert execution.complete() == BLOCK_VOLATILITY
    assert lab.old_psw[1] == CODE
    # The page of the first operand ends 100 bytes before, too few for CLST to end there.
    assert int(lab.gr[4]) == SECOND + PAGE - (100 if name == "CLST" else 0)


# --- fetch-protection override: the first 2048 bytes ------------------------------------------------------------------

OVERRIDE = 1 << (63 - 38)  # control register 0


def overridden(lab, name: str, second: int, right: bytes) -> Execution:
    execution = Execution(lab, name, Operands(FIRST, SECOND, right, b""))
    lab.store(second, right)
    lab.gr[4], lab.gr[5] = second, len(right)
    if name == "SRST":
        lab.gr[2] = second + len(right)
    lab.cr[0] |= OVERRIDE
    lab.set_key(FIRST, 4 << 4)
    lab.set_key(FIRST - PAGE, 4 << 4)
    lab.set_key(0, 5 << 4 | 8)
    lab.psw(key=4)
    return execution


@INSTRUCTIONS
@pytest.mark.parametrize("distance", [1, 4, 100, 256, 300])
def test_override_reaches_to_2048(lab, name, distance):
    """Nothing beyond is looked at by an operand that ends there."""
    right = b"a" * (distance - 1) + (b"a" if name in ("CKSM", "MVCL", "MVCLE", "CLCL", "CLCLE") else bytes([ENDING]))
    execution = overridden(lab, name, 2048 - distance, right)
    assert execution.complete() == 0


@INSTRUCTIONS
@pytest.mark.parametrize("distance", [300, 1000])
def test_override_ends_a_unit(lab, name, distance):
    """The unit that ends at byte 2048 is over before the next one is the protection exception."""
    execution = overridden(lab, name, 2048 - distance, b"a" * 1500)
    execution.look_at_unit = lambda *_: None
    assert execution.complete() == PROTECTION
    assert int(lab.gr[4]) == 2048


# --- whole blocks -----------------------------------------------------------------------------------------------------

MEGABYTE_CLEAR, MEGABYTE_KEY = 0x11000, 0x21000  # PERFORM FRAME MANAGEMENT FUNCTION: clear; set the key


def test_pfmf_is_interrupted_at_the_block_that_is_away(lab):
    """Cleared up to it, which R2 then designates; nullified; it goes on when the block is stable."""
    start, away = 0xFB000, 0xFE000
    lab.store(start, b"x" * 5 * PAGE)
    discard(lab, away)
    lab.gr[2], lab.gr[3] = MEGABYTE_CLEAR, start
    lab.store(CODE, assemble("pfmf %r2,%r3", origin=CODE).sections[0].data)
    lab.psw()
    for block in range(start, away, PAGE):
        assert lab.gr[3] == block
        assert lab.go() == 0
        assert lab.machine.psw[1] == CODE
    assert lab.go() == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}
    assert lab.load(start, 3 * PAGE) == bytes(3 * PAGE)
    assert lab.load(away + PAGE, PAGE) == b"x" * PAGE
    lab.machine.set_block(away, "Sz")
    lab.psw()
    assert lab.go() == 0
    assert lab.go() == 0
    assert (lab.machine.psw[1], lab.gr[3]) == (CODE + 4, 0x100000)
    assert lab.load(start, 5 * PAGE) == bytes(5 * PAGE)
