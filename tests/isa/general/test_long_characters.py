"""MOVE LONG UNICODE, COMPARE LOGICAL LONG UNICODE, SEARCH STRING UNICODE, COMPARE UNTIL SUBSTRING EQUAL: PoP ch. 7."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, SPECIFICATION
from s390emu.conformance.twins.strings import cuse
from tests.isa.general.partial import assembled, execute
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.operands import discard

FIRST, SECOND, PAGE = 0x50000, 0x60000, 0x1000
MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
MASKS = {BA_EA: ALL, MODE_31: (1 << 31) - 1, MODE_24: (1 << 24) - 1}
LINES = {"mvclu": "mvclu %r2,%r4,0(%r6)", "clclu": "clclu %r2,%r4,0(%r6)", "cuse": "cuse %r2,%r4"}
PAD = "\u3000"
DISTANCES = [(0, 0), (1, 0), (0, 1), (3, 1), (100, 7), (101, 200)]


def setup(lab, first_length, second_length, *, first=FIRST, second=SECOND, mode=BA_EA):
    """Registers 2, 3 and 4, 5; ones where they have no part of the operands."""
    lab.psw(mode, cc=3)
    mask, lengths = MASKS[mode], ALL if mode == BA_EA else (1 << 32) - 1
    lab.gr[2], lab.gr[4] = (ALL & ~mask) | first, (ALL & ~mask) | second
    lab.gr[3] = (ALL & ~lengths) | first_length & lengths
    lab.gr[5] = (ALL & ~lengths) | second_length & lengths
    lab.gr[6] = 0xAB0000 | ord(PAD)


def pairs(lab, mode=BA_EA) -> list[int]:
    values = [int(lab.gr[r]) for r in (2, 3, 4, 5)]
    if mode != BA_EA:
        assert all(value >> 32 == 0xFFFFFFFF for value in values)
        values = [value & 0xFFFFFFFF for value in values]
    return values


def utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


# --- MOVE LONG UNICODE -----------------------------------------------------------------------------------------------


@MODES
@pytest.mark.parametrize(("before_first", "before_second"), DISTANCES)
def test_mvclu_is_the_twin(lab, mode, before_first, before_second):
    lab.store(CODE, assembled(LINES["mvclu"]))
    first, second = FIRST - before_first, SECOND - before_second
    for count, other in ((0, 0), (5, 5), (5, 3), (3, 5), (0, 4), (4, 0), (2049, 100), (3000, 3000), (2500, 2600)):
        text = "".join(map(chr, random.Random(count).choices(range(0x100, 0x9000), k=other)))
        lab.store(FIRST - PAGE, bytes(4 * PAGE))
        lab.store(second, utf16(text))
        setup(lab, 2 * count, 2 * other, first=first, second=second, mode=mode)
        execute(lab)
        moved, stored = min(count, other), utf16(text[:count].ljust(count, PAD))
        assert lab.load(FIRST - PAGE, 4 * PAGE) == (bytes(PAGE - before_first) + stored).ljust(4 * PAGE, b"\0")
        assert pairs(lab, mode) == [first + 2 * count, 0, second + 2 * moved, 2 * (other - moved)]
        assert lab.cpu.cc == (0 if count == other else 1 if count < other else 2)


@pytest.mark.parametrize("name", ["mvclu", "clclu"])
def test_lengths_stay_even_between_units(lab, name):
    """A character that crosses a page boundary is a unit by itself, if it is the first of one."""
    text = utf16("x" * 100)
    lab.store(FIRST - 1, text)
    lab.store(SECOND, text)
    setup(lab, 200, 200, first=FIRST - 1)
    assert lab.step(LINES[name]) == 0
    assert lab.cpu.cc == 3
    assert pairs(lab) == [FIRST + 1, 198, SECOND + 2, 198]
    lab.psw()
    assert lab.step(LINES[name]) == 0
    assert (lab.cpu.cc, int(lab.gr[3])) == (0, 0)


@pytest.mark.parametrize("name", ["mvclu", "clclu"])
@pytest.mark.parametrize("lengths", [(1, 2), (2, 1), (3, 3)])
def test_odd_lengths(lab, name, lengths):
    setup(lab, *lengths, first=SIZE, second=SIZE)
    assert lab.step(LINES[name]) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", ["mvclu %r{},%r{},0", "clclu %r{},%r{},0", "cuse %r{},%r{}"])
@pytest.mark.parametrize("registers", [(3, 4), (2, 5), (15, 2), (2, 15)])
def test_odd_registers(lab, line, registers):
    setup(lab, 2, 2)
    lab.gr[15] = 2
    assert lab.step(line.format(*registers)) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("operand", ["first", "second"])
def test_exception_in_the_first_unit(lab, name, operand):
    lab.gr[0] = 8
    setup(lab, 8, 8, **{operand: SIZE - 4})
    assert lab.step(LINES[name]) == (0 if name != "cuse" else ADDRESSING)
    if name == "cuse":
        assert lab.changes() == {}
        return
    # Four bytes are there, a unit of their own.
    assert (lab.cpu.cc, int(lab.gr[3]), int(lab.gr[5])) == (3, 4, 4)
    lab.psw()
    assert lab.step(LINES[name]) == ADDRESSING
    assert lab.changes() == {}


# --- COMPARE LOGICAL LONG UNICODE ------------------------------------------------------------------------------------


@MODES
@pytest.mark.parametrize(("before_first", "before_second"), DISTANCES)
def test_clclu_is_the_twin(lab, mode, before_first, before_second):
    lab.store(CODE, assembled(LINES["clclu"]))
    first, second = FIRST - before_first, SECOND - before_second
    choice = random.Random(before_first)
    for count, other in ((0, 0), (5, 5), (5, 3), (3, 5), (0, 4), (4, 0), (2049, 100), (3000, 3000)):
        for change in (None, 0, 1, other - 1, 2047, 2048):
            left = list((chr(0x4142) * min(count, other)).ljust(count, PAD))
            right = list((chr(0x4142) * min(count, other)).ljust(other, PAD))
            if change is not None and 0 <= change < other:
                right[change] = choice.choice("\x00\x01\uffff\u4143\u4242")
            lab.store(first, utf16("".join(left)))
            lab.store(second, utf16("".join(right)))
            setup(lab, 2 * count, 2 * other, first=first, second=second, mode=mode)
            execute(lab)
            n, longer = 0, max(count, other)
            left, right = ("".join(text).ljust(longer, PAD) for text in (left, right))
            while n < longer and left[n] == right[n]:
                n += 1
            cc = 0 if n == longer else 1 if left[n] < right[n] else 2
            passed = min(n, count), min(n, other)
            expected = [first + 2 * passed[0], 2 * (count - passed[0]), second + 2 * passed[1], 2 * (other - passed[1])]
            assert (int(lab.cpu.cc), pairs(lab, mode)) == (cc, expected)


# --- SEARCH STRING UNICODE -------------------------------------------------------------------------------------------


def search(lab, text: bytes, wanted: str, *, second=SECOND, mode=BA_EA, length=None):
    lab.store(CODE, assembled("srstu %r2,%r4"))
    lab.store(second, text)
    lab.psw(mode, cc=3)
    others = ALL & ~MASKS[mode]
    length = len(text) if length is None else length
    lab.gr[0] = 0xFFFFFFFF_00000000 | ord(wanted)
    lab.gr[2], lab.gr[4] = others | second + length, others | second


@MODES
@pytest.mark.parametrize("before", [0, 1, 2, 511, 512])
def test_srstu_finds(lab, mode, before):
    """Only on the boundaries of characters: not across two of them."""
    second = SECOND - before
    for place in (0, 1, 255, 256, 2047, 2048, 3000):
        search(lab, utf16("\u4100\u4241" * 1600)[: 2 * place] + utf16("\u0042rest"), "B", second=second, mode=mode)
        execute(lab)
        assert lab.cpu.cc == 1
        assert int(lab.gr[2]) & MASKS[mode] == second + 2 * place


@MODES
def test_srstu_finding_leaves_the_address(lab, mode):
    search(lab, utf16("xxA"), "A", mode=mode)
    before = int(lab.gr[4])
    assert lab.step("srstu %r2,%r4") == 0
    assert lab.cpu.cc == 1
    assert int(lab.gr[4]) == before
    assert int(lab.gr[2]) == (SECOND + 4 if mode == BA_EA else 0xFFFFFFFF_00000000 | SECOND + 4)


@pytest.mark.parametrize("count", [0, 1, 300, 3000])
def test_srstu_does_not_find(lab, count):
    search(lab, utf16("x" * count) + utf16("A"), "A", length=2 * count)
    execute(lab)
    assert lab.cpu.cc == 2
    assert lab.gr[2] == SECOND + 2 * count


def test_srstu_end_in_the_middle_of_a_character(lab):
    """That character is looked at; nothing beyond it."""
    search(lab, utf16("xyAB"), "A", length=5)
    assert lab.step("srstu %r2,%r4") == 0
    assert lab.changes() == {"r2": SECOND + 4, "cc": 1}
    search(lab, utf16("xyAB"), "B", length=5)
    assert lab.step("srstu %r2,%r4") == 0
    assert lab.changes() == {"cc": 2}


def test_srstu_units(lab):
    search(lab, utf16("x" * 3000), "A", second=SECOND - 600)
    assert lab.step("srstu %r2,%r4") == 0
    assert lab.changes() == {"r4": SECOND}
    assert lab.cpu.cc == 3


def test_srstu_reserved_bits(lab):
    for place in range(16, 32):
        search(lab, b"", "A", second=SIZE)
        lab.gr[0] |= 1 << place
        assert lab.step("srstu %r2,%r4") == SPECIFICATION
        assert lab.changes() == {}


# --- COMPARE UNTIL SUBSTRING EQUAL -----------------------------------------------------------------------------------


@MODES
@pytest.mark.parametrize(("before_first", "before_second"), DISTANCES)
def test_cuse_is_the_twin(lab, mode, before_first, before_second):
    lab.store(CODE, assembled(LINES["cuse"]))
    first, second = FIRST - before_first, SECOND - before_second
    choice = random.Random(f"{before_first} {before_second}")
    for _ in range(60):
        left, right = (bytes(choice.choices(b"abP", k=choice.choice((0, 1, 5, 20, 300, 600)))) for _ in range(2))
        wanted = choice.choice((0, 1, 2, 3, 5, 8, 255))
        lab.store(first, left)
        lab.store(second, right)
        lab.gr[0], lab.gr[1] = ALL & ~0xFF | wanted, ALL & ~0xFF | ord("P")
        setup(lab, len(left), len(right), first=first, second=second, mode=mode)
        execute(lab)
        cc, passed = cuse(left, right, wanted, ord("P"))
        one, other = min(passed, len(left)), min(passed, len(right))
        expected = [first + one, len(left) - one, second + other, len(right) - other]
        assert (int(lab.cpu.cc), pairs(lab, mode)) == (cc, expected)


@MODES
def test_cuse_negative_lengths_are_zero(lab, mode):
    lab.gr[0], lab.gr[1] = 2, ord("P")
    lab.store(SECOND, b"abPP")
    setup(lab, -5, 4, mode=mode)
    before = pairs(lab, mode)
    assert lab.step(LINES["cuse"]) == 0
    assert lab.cpu.cc == 0
    assert pairs(lab, mode) == [FIRST, before[1], SECOND + 2, 2]


@pytest.mark.parametrize(("length", "wanted", "cc"), [(10, 10, 0), (10, 11, 1), (0, 1, 2), (0, 0, 0)])
def test_cuse_of_an_operand_with_itself(lab, length, wanted, cc):
    lab.gr[0] = wanted
    setup(lab, length, 0)
    assert lab.step("cuse %r2,%r2") == 0
    assert lab.changes() == {"cc": cc}


def test_cuse_ends_before_what_is_not_there(lab):
    """Past the unequal bytes before; then it is an exception, as the equal ones may go on there."""
    lab.gr[0] = 5
    lab.store(SECOND - 4, b"abcd")
    lab.store(FIRST, b"axcd")
    setup(lab, 8, 8, second=SECOND - 4)
    discard(lab, SECOND)
    lab.psw(cc=0)
    assert lab.step(LINES["cuse"]) == 0
    assert lab.changes() == {"r2": FIRST + 2, "r3": 6, "r4": SECOND - 2, "r5": 6, "cc": 3}
    lab.psw()
    assert lab.step(LINES["cuse"]) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


def test_cuse_unequal_bytes_go_in_units(lab):
    lab.gr[0] = 2
    lab.store(SECOND, b"ab" * 4000)
    lab.store(FIRST, b"ba" * 4000)
    setup(lab, 8000, 8000)
    assert lab.step(LINES["cuse"]) == 0
    assert lab.cpu.cc == 3
    assert pairs(lab) == [FIRST + PAGE, 8000 - PAGE, SECOND + PAGE, 8000 - PAGE]
