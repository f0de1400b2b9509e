"""Operands of any length: PoP ch. 7; MOVE PAGE: ch. 10."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SEGMENT_TRANSLATION,
    SPECIFICATION,
)
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, SIZE
from tests.operands import BOUNDARY, discard
from tests.translation import INVALID, PAGE_INVALID, SEGMENT, change, map_page, translated

FIRST, SECOND = 0x40F00, 0x52E00
HIGH = 0xFEDCBA98 << 32
MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
PAIR = ("r2", "r3", "r4", "r5")


def setup(lab, first, first_length, second, second_length, *, pad=0, mode=BA_EA, cc=3, extended=False):
    """Operands in registers 2, 3 and 4, 5, with ones wherever they have no part of them."""
    lab.psw(mode, cc=cc)
    mask = {BA_EA: ALL, MODE_31: (1 << 31) - 1, MODE_24: (1 << 24) - 1}[mode]
    lengths = (ALL if mode == BA_EA else (1 << 32) - 1) if extended else (1 << 24) - 1
    for r, address in ((2, first), (4, second)):
        lab.gr[r] = (ALL & ~mask) | address
    for r, length in ((3, first_length), (5, second_length)):
        lab.gr[r] = (ALL & ~lengths) | length
    if not extended:
        lab.gr[5] = int(lab.gr[5]) & ~(0xFF << 24) | pad << 24
    lab.gr[6] = pad | 0xABCD00


def operands(lab, mode=BA_EA, extended=False):
    """-> first, its length, second, its length; what is beside them in the registers must be as it was."""
    r2, r3, r4, r5 = (int(lab.gr[r]) for r in (2, 3, 4, 5))
    if mode == BA_EA:
        first, second = r2, r4
    else:
        assert r2 >> 32 == r4 >> 32 == 0xFFFFFFFF
        first, second = r2 & 0xFFFFFFFF, r4 & 0xFFFFFFFF
    if extended:
        bits = 64 if mode == BA_EA else 32
        assert (r3 | (1 << bits) - 1) == (r5 | (1 << bits) - 1) == ALL
        return first, r3 & (1 << bits) - 1, second, r5 & (1 << bits) - 1
    assert r3 >> 24 == ALL >> 24
    assert r5 >> 32 == 0xFFFFFFFF
    return first, r3 & 0xFFFFFF, second, r5 & 0xFFFFFF


def complete(lab, line, most=100):
    """Execute until it is over, as a program would: -> units of operation. No unit is more than a page."""
    ia = lab.machine.psw[1]
    for units in range(1, most):
        assert (lab.step(line) if units == 1 else lab.go()) == 0
        if lab.machine.psw[1] == ia:  # interruptible
            continue
        if lab.cpu.cc == 3 and not line.startswith("mvcl "):
            lab.psw(lab.machine.psw[0] & ~(3 << 44), ia=ia, cc=3)
            continue
        return units
    raise AssertionError("it goes on and on")


MOVES = pytest.mark.parametrize("line", ["mvcl %r2,%r4", "mvcle %r2,%r4,0(%r6)"])
COMPARES = pytest.mark.parametrize("line", ["clcl %r2,%r4", "clcle %r2,%r4,0(%r6)"])


def extended(line):
    return line.split()[0].endswith("e")


# --- MOVE LONG, MOVE LONG EXTENDED -----------------------------------------------------------------------------------

LENGTHS = [
    (0, 0, 0), (10, 10, 0), (10, 20, 1), (20, 10, 2), (0, 10, 1), (10, 0, 2), (256, 256, 0), (600, 600, 0),
    (600, 300, 2), (9000, 9000, 0), (9000, 5000, 2), (5000, 9000, 1), (9000, 0, 2),
]  # fmt: skip


@MODES
@MOVES
@pytest.mark.parametrize(("first_length", "second_length", "cc"), LENGTHS)
def test_move(lab, line, first_length, second_length, cc, mode):
    source = random.Random(first_length).randbytes(second_length)
    lab.store(SECOND, source)
    lab.store(FIRST - 1, b"<" + bytes(first_length) + b">")
    setup(lab, FIRST, first_length, SECOND, second_length, pad=0x40, mode=mode, extended=extended(line))
    complete(lab, line)
    moved = min(first_length, second_length)
    expected = source[:moved] + b"\x40" * (first_length - moved)
    assert lab.load(FIRST - 1, first_length + 2) == b"<" + expected + b">"
    assert operands(lab, mode, extended(line)) == (FIRST + first_length, 0, SECOND + moved, second_length - moved)
    assert lab.cpu.cc == cc
    assert lab.machine.psw[1] == CODE + lab.length


@MOVES
def test_move_goes_in_units_that_the_registers_tell(lab, line):
    """FIRST is 0x100, SECOND 0x200 before a page boundary."""
    lab.store(SECOND, bytes(range(256)) * 3)
    setup(lab, FIRST, 0x2000, SECOND, 0x300, extended=extended(line), cc=3)
    assert lab.step(line) == 0
    assert operands(lab, extended=extended(line)) == (FIRST + 0x100, 0x1F00, SECOND + 0x100, 0x200)
    assert lab.load(FIRST, 0x101) == bytes([*range(256), 0])
    assert lab.cpu.cc == 3
    assert lab.machine.psw[1] == (CODE + 4 if extended(line) else CODE)


def test_mvcl_is_interrupted_between_units(lab):
    """An external interruption is taken with what is left in the registers; the old PSW designates the MVCL."""
    lab.store(SECOND, b"x" * 600)
    setup(lab, FIRST, 600, SECOND, 600)
    lab.psw(BA_EA | 1 << 56)
    lab.step("mvcl %r2,%r4")
    lab.cr[0] |= 1 << (63 - 57)
    lab.pend(1)  # the interrupt key
    lab.machine.step()
    assert lab.word(0x86, 2) == 0x0040
    assert lab.word(0x138) == CODE
    assert operands(lab) == (FIRST + 0x100, 600 - 0x100, SECOND + 0x100, 600 - 0x100)


@pytest.mark.parametrize(
    ("distance", "first_length", "second_length", "destructive"),
    [
        (0, 100, 100, False), (1, 100, 100, True), (99, 100, 100, True), (100, 100, 100, False), (-1, 100, 100, False),
        (50, 50, 100, False), (49, 50, 100, True), (50, 100, 50, False), (1, 100, 1, False), (1, 1, 100, False),
        (1, 0, 100, False), (1, 100, 0, False), (5000, 6000, 6000, True), (-5000, 6000, 6000, False),
    ],
)  # fmt: skip
@MODES
def test_mvcl_overlap(lab, distance, first_length, second_length, destructive, mode):
    data = random.Random(distance).randbytes(20000)
    lab.store(SECOND - 6000, data)
    setup(lab, SECOND + distance, first_length, SECOND, second_length, pad=0x40, mode=mode, cc=0)
    complete(lab, "mvcl %r2,%r4")
    if destructive:
        assert lab.cpu.cc == 3
        assert lab.load(SECOND - 6000, 20000) == data
        assert operands(lab, mode) == (SECOND + distance, first_length, SECOND, second_length)
    else:
        moved = min(first_length, second_length)
        after = bytearray(data)
        at = 6000 + distance
        after[at : at + first_length] = data[6000 : 6000 + moved] + b"\x40" * (first_length - moved)
        assert lab.load(SECOND - 6000, 20000) == after
        assert lab.cpu.cc != 3


def test_mvcl_overlap_is_judged_where_addresses_wrap(lab):
    """The second operand wraps from the top to 0; the first begins in its wrapped part. Nothing is accessed."""
    setup(lab, 0x40, 0x100, 0xFFFFC0, 0x100, mode=MODE_24, cc=0)
    assert lab.step("mvcl %r2,%r4") == 0
    assert lab.cpu.cc == 3


@MOVES
def test_move_of_an_operand_onto_itself(lab, line):
    lab.store(FIRST, b"abc" * 100)
    setup(lab, FIRST, 300, FIRST, 300, extended=extended(line))
    complete(lab, line.replace("%r4", "%r2"))
    assert (lab.gr[2], lab.gr[3] & 0xFFFFFF, lab.cpu.cc) == (FIRST + 300, 0, 0)
    assert lab.load(FIRST, 300) == b"abc" * 100


@MOVES
@pytest.mark.parametrize("registers", [("%r3", "%r4"), ("%r2", "%r5"), ("%r3", "%r5")])
def test_move_specification(lab, line, registers):
    setup(lab, FIRST, 10, SECOND, 10)
    line = line.replace("%r2", "{0}").replace("%r4", "{1}").format(*registers)
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@MOVES
def test_move_of_nothing_accesses_nothing(lab, line):
    setup(lab, 1 << 40, 0, 1 << 41, 1000, extended=extended(line))
    assert lab.step(line) == 0
    assert operands(lab, extended=extended(line)) == (1 << 40, 0, 1 << 41, 1000)
    assert lab.cpu.cc == 1


@MOVES
def test_padding_does_not_access_the_second_operand(lab, line):
    setup(lab, FIRST, 100, 1 << 41, 0, pad=0x77, extended=extended(line))
    assert lab.step(line) == 0
    assert lab.load(FIRST, 100) == b"\x77" * 100


@MODES
@MOVES
def test_move_exception_in_a_later_unit(lab, line, mode):
    """The second unit is nullified: the registers tell what the first has done."""
    lab.store(SECOND, b"x" * 0x300)
    setup(lab, BOUNDARY - 0x100, 0x300, SECOND, 0x300, mode=mode, extended=extended(line))
    discard(lab, BOUNDARY)
    assert lab.step(line) == 0
    lab.psw(lab.machine.psw[0] & ~(3 << 44), cc=3)
    assert lab.step(line) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}
    assert operands(lab, mode, extended(line)) == (BOUNDARY, 0x200, SECOND + 0x100, 0x200)


@pytest.mark.parametrize("line", ["mvcl %r2,%r4", "mvcle %r2,%r4,0", "clcl %r2,%r4", "clcle %r2,%r4,0"])
@pytest.mark.parametrize("operand", [0, 1])
def test_access_exceptions(lab, line, operand):
    places = [0x41000, 0x53000]
    for place in places:
        lab.store(place, b"x" * 100)
    if operand == 1 or line.startswith("mv"):
        setup(lab, *[SIZE if operand == 0 else places[0], 100, SIZE if operand == 1 else places[1], 100],
              extended=extended(line[:5].strip()))  # fmt: skip
        assert lab.step(line) == ADDRESSING
        assert lab.changes() == {}
    setup(lab, places[0], 100, places[1], 100, extended=extended(line[:5].strip()))
    lab.set_key(places[operand], 5 << 4 | 8)
    lab.psw(key=4)
    lab.set_key(places[1 - operand], 4 << 4)
    assert lab.step(line) == PROTECTION
    assert lab.changes() == {}


@MODES
def test_mvcle_lengths_are_long(lab, mode):
    length = 0x1_0000_0100 if mode == BA_EA else 0x8000_0100
    setup(lab, 0x41000, length, SECOND, 10, mode=mode, extended=True)
    assert lab.step("mvcle %r2,%r4,0") == 0
    assert operands(lab, mode, True) == (0x4100A, length - 10, SECOND + 10, 0)


@pytest.mark.parametrize("displacement", [0x040, 0xF40])
def test_mvcle_pad_is_the_rightmost_byte_of_the_address(lab, displacement):
    setup(lab, FIRST, 5, SECOND, 0, extended=True)
    assert lab.step(f"mvcle %r2,%r4,{displacement}") == 0
    assert lab.load(FIRST, 5) == b"\x40" * 5


# --- COMPARE LOGICAL LONG (EXTENDED) ---------------------------------------------------------------------------------

TEXT = bytes(range(1, 200)) * 100
# first, second, condition code, equal bytes passed in each
COMPARED = [
    pytest.param(b"", b"", 0, 0, 0, id="empty"),
    pytest.param(TEXT, TEXT, 0, len(TEXT), len(TEXT), id="equal"),
    pytest.param(TEXT[:20], TEXT[:20], 0, 20, 20, id="equal-short"),
    pytest.param(b"abcd", b"abxd", 1, 2, 2, id="low"),
    pytest.param(b"ab\xffd", b"abxd", 2, 2, 2, id="high"),
    pytest.param(TEXT + b"a", TEXT + b"b", 1, len(TEXT), len(TEXT), id="low-far"),
    pytest.param(TEXT[:13] + b"\x80" + TEXT, TEXT[:13] + b"\x7f" + TEXT, 2, 13, 13, id="high-not-aligned"),
    pytest.param(b"abc", b"abc@@@@", 0, 3, 7, id="first-padded"),
    pytest.param(b"abc@@@@", b"abc", 0, 7, 3, id="second-padded"),
    pytest.param(b"abc", b"abc@@A@", 1, 3, 5, id="padding-low"),
    pytest.param(b"abc@@?@", b"abc", 1, 5, 3, id="below-padding"),
    pytest.param(b"abc@@A@", b"abc", 2, 5, 3, id="above-padding"),
    pytest.param(b"", b"@" * 5000, 0, 0, 5000, id="only-padding"),
    pytest.param(b"@" * 5000 + b"!", b"", 1, 5000, 0, id="long-padding"),
]


@MODES
@COMPARES
@pytest.mark.parametrize(("first", "second", "cc", "passed_first", "passed_second"), COMPARED)
def test_compare(lab, line, first, second, cc, passed_first, passed_second, mode):
    lab.store(FIRST, first)
    lab.store(SECOND + 0x4000, second)
    setup(lab, FIRST, len(first), SECOND + 0x4000, len(second), pad=0x40, mode=mode, extended=extended(line))
    complete(lab, line)
    left = len(first) - passed_first, len(second) - passed_second
    assert operands(lab, mode, extended(line)) == (
        FIRST + passed_first, left[0], SECOND + 0x4000 + passed_second, left[1],
    )  # fmt: skip
    assert lab.cpu.cc == cc
    assert lab.load(FIRST, len(first)) == first


@COMPARES
@pytest.mark.parametrize("registers", [("%r3", "%r4"), ("%r2", "%r5")])
def test_compare_specification(lab, line, registers):
    setup(lab, FIRST, 10, SECOND, 10)
    line = line.replace("%r2", "{0}").replace("%r4", "{1}").format(*registers)
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@COMPARES
def test_compare_of_nothing_accesses_nothing(lab, line):
    setup(lab, 1 << 40, 0, 1 << 41, 0, extended=extended(line))
    assert lab.step(line) == 0
    assert lab.changes() == {"cc": 0}


@COMPARES
def test_compare_goes_in_units(lab, line):
    setup(lab, FIRST, 0x2000, SECOND, 0x2000, extended=extended(line), cc=3)
    assert lab.step(line) == 0
    assert operands(lab, extended=extended(line)) == (FIRST + 0x100, 0x1F00, SECOND + 0x100, 0x1F00)
    assert lab.cpu.cc == 3
    assert lab.machine.psw[1] == (CODE + 4 if extended(line) else CODE)


# --- strings ---------------------------------------------------------------------------------------------------------


def strings(lab, first, second, ending=0, *, mode=BA_EA, cc=0):
    lab.psw(mode, cc=cc)
    ignored = {BA_EA: 0, MODE_31: ALL & ~0x7FFFFFFF, MODE_24: ALL & ~0xFFFFFF}[mode]
    lab.gr[0] = HIGH | ending
    lab.gr[2], lab.gr[4] = first | ignored, second | ignored


def address(lab, r, mode):
    value = int(lab.gr[r])
    if mode != BA_EA:
        assert value >> 32 == 0xFFFFFFFF
        value &= 0xFFFFFFFF if value & 0xFFFFFFFF < 1 << 31 else 0x7FFFFFFF if mode == MODE_31 else 0xFFFFFF
    return value


@MODES
@pytest.mark.parametrize("length", [0, 1, 100, 300, 9000])
def test_mvst(lab, length, mode):
    text = (b"no end here " * 800)[:length] + b"\x17"
    lab.store(SECOND, text + b"more")
    strings(lab, FIRST, SECOND, 0x17, mode=mode)
    complete(lab, "mvst %r2,%r4")
    assert lab.load(FIRST, length + 2) == text + b"\0"
    assert address(lab, 2, mode) == FIRST + length
    assert lab.cpu.cc == 1


def test_mvst_leaves_the_second_address_of_the_last_unit(lab):
    lab.store(SECOND, b"abc\0")
    strings(lab, FIRST, SECOND)
    assert lab.step("mvst %r2,%r4") == 0
    assert lab.changes() == {"r2": FIRST + 3, "cc": 1, FIRST: b"abc"}


@pytest.mark.parametrize("line", ["mvst %r2,%r4", "clst %r2,%r4", "srst %r2,%r4"])
@pytest.mark.parametrize("bit", [32, 40, 55])
def test_string_specification(lab, line, bit):
    strings(lab, FIRST, SECOND)
    lab.gr[0] |= 1 << (63 - bit)
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@MODES
@pytest.mark.parametrize(
    ("first", "second", "ending", "cc", "equal"),
    [
        pytest.param(b"abc", b"abc", 0, 0, None, id="equal"),
        pytest.param(b"", b"", 0, 0, None, id="empty"),
        pytest.param(b"x" * 9000, b"x" * 9000, 0, 0, None, id="equal-long"),
        pytest.param(b"abc", b"abd", 0, 1, 2, id="low"),
        pytest.param(b"ab\xff", b"abd", 0, 2, 2, id="high"),
        pytest.param(b"ab", b"abc", 0, 1, 2, id="first-shorter"),
        pytest.param(b"abc", b"ab", 0, 2, 2, id="second-shorter"),
        pytest.param(b"ab", b"abc", 0xFF, 1, 2, id="first-shorter-high-ending"),
        pytest.param(b"abc", b"ab", 0xFF, 2, 2, id="second-shorter-high-ending"),
        pytest.param(b"x" * 9000 + b"a", b"x" * 9000 + b"b", 0, 1, 9000, id="low-far"),
    ],
)
def test_clst(lab, first, second, ending, cc, equal, mode):
    lab.store(FIRST, first + bytes([ending]) + b"z")
    lab.store(SECOND + 0x4000, second + bytes([ending]) + b"y")
    strings(lab, FIRST, SECOND + 0x4000, ending, mode=mode, cc=3)
    complete(lab, "clst %r2,%r4")
    assert lab.cpu.cc == cc
    if equal is not None:
        assert address(lab, 2, mode) == FIRST + equal
        assert address(lab, 4, mode) == SECOND + 0x4000 + equal


def test_clst_of_equal_strings_leaves_the_registers(lab):
    lab.store(FIRST, b"abc")
    lab.store(SECOND, b"abc")
    strings(lab, FIRST, SECOND, cc=1)
    assert lab.step("clst %r2,%r4") == 0
    assert lab.changes() == {"cc": 0}


@MODES
@pytest.mark.parametrize("place", [0, 1, 255, 256, 700, 4095, 5000])
def test_srst_finds(lab, place, mode):
    lab.store(FIRST, b"a" * place + b"!" + b"!" * 10)
    strings(lab, FIRST + place + 5, FIRST, ord("!"), mode=mode, cc=3)
    complete(lab, "srst %r2,%r4")
    assert lab.cpu.cc == 1
    assert address(lab, 2, mode) == FIRST + place


@MODES
@pytest.mark.parametrize("length", [0, 1, 100, 255, 256, 4096, 5000])
def test_srst_does_not_find(lab, length, mode):
    lab.store(FIRST, b"a" * length + b"!")
    strings(lab, FIRST + length, FIRST, ord("!"), mode=mode, cc=3)
    complete(lab, "srst %r2,%r4")
    assert lab.cpu.cc == 2
    assert address(lab, 2, mode) == FIRST + length


def test_srst_found_changes_only_the_first_register(lab):
    lab.store(FIRST, b"abc!")
    strings(lab, FIRST + 100, FIRST, ord("!"))
    assert lab.step("srst %r2,%r4") == 0
    assert lab.changes() == {"r2": FIRST + 3, "cc": 1}


def test_srst_not_found_changes_no_register(lab):
    strings(lab, FIRST + 100, FIRST, ord("!"))
    assert lab.step("srst %r2,%r4") == 0
    assert lab.changes() == {"cc": 2}


def test_srst_of_nothing_accesses_nothing(lab):
    strings(lab, 1 << 40, 1 << 40)
    assert lab.step("srst %r2,%r4") == 0
    assert lab.changes() == {"cc": 2}


@pytest.mark.parametrize(("line", "first", "second"), [
    ("mvst %r2,%r4", 0x60000, BOUNDARY - 3), ("mvst %r2,%r4", BOUNDARY - 3, 0x60000),
    ("clst %r2,%r4", 0x60000, BOUNDARY - 3), ("clst %r2,%r4", BOUNDARY - 3, 0x60000),
    ("srst %r2,%r4", BOUNDARY + 10, BOUNDARY - 3),
])  # fmt: skip
@pytest.mark.parametrize("ends", [True, False], ids=["ends-before", "goes-on"])
def test_string_at_the_end_of_a_page(lab, line, first, second, ends):
    """A string that ends before the page that is not there is no exception. One that goes on is, for CLST and SRST
    before they may end: their minimum is beyond."""
    text = b"ab\0" if ends else b"abc"
    lab.store(BOUNDARY - 3, text)
    lab.store(0x60000, text)
    strings(lab, first, second)
    discard(lab, BOUNDARY)
    if ends:
        assert lab.step(line) == 0
        assert lab.cpu.cc in (0, 1)
        return
    if line.startswith("mvst"):
        assert lab.step(line) == 0
        assert (lab.cpu.cc, lab.gr[2], lab.gr[4]) == (3, first + 3, second + 3)
        lab.psw(cc=3)
    assert lab.step(line) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


# --- CHECKSUM --------------------------------------------------------------------------------------------------------


def checksum(start, data):
    for i in range(0, len(data), 4):
        start += int.from_bytes(data[i : i + 4].ljust(4, b"\0"), "big")
        start = (start & 0xFFFFFFFF) + (start >> 32)
    return start


@MODES
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 100, 1023, 1024, 1027, 5000])
def test_cksm(lab, length, mode):
    data = random.Random(length).randbytes(length)
    lab.store(SECOND, data)
    setup(lab, 0, 0, SECOND, length, mode=mode, extended=True)
    lab.gr[2], lab.gr[3] = HIGH | 0xFFFFFFF0, 7
    complete(lab, "cksm %r2,%r4")
    assert lab.gr[2] == HIGH | checksum(0xFFFFFFF0, data)
    lab.gr[2], lab.gr[3] = ALL, ALL
    assert operands(lab, mode, True)[2:] == (SECOND + length, 0)
    assert lab.cpu.cc == 0


def test_cksm_specification(lab):
    assert lab.step("cksm %r2,%r5") == SPECIFICATION
    assert lab.changes() == {}


def test_cksm_exception(lab):
    """The word that crosses into a page that is not there; nothing is added."""
    setup(lab, 0, 0, SIZE - 6, 8, extended=True)
    assert lab.step("cksm %r2,%r4") == ADDRESSING
    assert lab.changes() == {}


# --- MOVE PAGE -------------------------------------------------------------------------------------------------------

FROM, TO = 0x80000, 0x90000


def pages(lab, options=0):
    lab.store(FROM, bytes(range(256)) * 16)
    lab.store(TO, b"old" * 100)
    lab.gr[0], lab.gr[2], lab.gr[4] = options, TO | 0x123, FROM | 0xFFF


@MODES
def test_mvpg(lab, mode):
    pages(lab)
    lab.psw(mode, cc=3)
    if mode != BA_EA:
        lab.gr[2] |= HIGH
        lab.gr[4] |= HIGH
    assert lab.step("mvpg %r2,%r4") == 0
    assert lab.load(TO, 4096) == bytes(range(256)) * 16
    assert [name for name in lab.changes() if isinstance(name, str)] == ["cc"]
    assert lab.cpu.cc == 0


@pytest.mark.parametrize("options", [0x8000, 0x4000, 0x2000, 0x1000, 0x0C00])
def test_mvpg_specification(lab, options):
    pages(lab, options)
    assert lab.step("mvpg %r2,%r4") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(0, PROTECTION, id="psw-key-for-both"),
        pytest.param(0x0850, 0, id="key-for-the-first"),
        pytest.param(0x0860, PROTECTION, id="another-key-for-the-first"),
        pytest.param(0x0450, PROTECTION, id="key-for-the-second"),
    ],
)
def test_mvpg_key_of_the_first_operand(lab, options, code):
    pages(lab, options)
    lab.set_key(TO, 5 << 4)
    lab.psw(key=3)
    assert lab.step("mvpg %r2,%r4") == code
    if code:
        assert lab.changes() == {}
    else:
        assert lab.step("mvc 0(1,%r2),0(%r4)") == PROTECTION  # nothing about the other key is remembered


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(0, PROTECTION, id="psw-key-for-both"),
        pytest.param(0x0450, 0, id="key-for-the-second"),
        pytest.param(0x0850, PROTECTION, id="key-for-the-first"),
    ],
)
def test_mvpg_key_of_the_second_operand(lab, options, code):
    pages(lab, options)
    lab.set_key(FROM, 5 << 4 | 8)
    lab.set_key(TO, 3 << 4)
    lab.psw(key=3)
    assert lab.step("mvpg %r2,%r4") == code
    if code == 0:
        assert lab.step("clc 0(1,%r4),0(%r4)") == PROTECTION


@pytest.mark.parametrize(("mask", "code"), [
    (0, PRIVILEGED_OPERATION), (1 << (31 - 5), 0), (ALL ^ 1 << (31 - 5), PRIVILEGED_OPERATION),
])  # fmt: skip
def test_mvpg_key_in_the_problem_state(lab, mask, code):
    pages(lab, 0x0850)
    lab.cr[3] = mask
    lab.set_key(TO, 5 << 4)
    lab.psw(PROBLEM_STATE)
    assert lab.step("mvpg %r2,%r4") == code


@pytest.mark.parametrize("page", [FROM, TO])
def test_mvpg_discarded(lab, page):
    pages(lab)
    discard(lab, page)
    assert lab.step("mvpg %r2,%r4") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}
    assert lab.machine.last_interruption.teid & ~0xFFF == page


def virtual_pages(lab, options):
    """In one segment: the code where it is, 0x30000 the first operand, 0x31000 the second."""
    _, _, asce = (map_page(lab, *page, level=SEGMENT) for page in ((CODE, CODE), (0x30000, TO), (0x31000, FROM)))
    pages(lab, options)
    lab.gr[2], lab.gr[4] = 0x30000, 0x31000
    translated(lab, asce)
    lab.cpu.cc = 3


@pytest.mark.parametrize("options", [0, 0x100])
def test_mvpg_of_virtual_pages(lab, options):
    virtual_pages(lab, options)
    assert lab.step("mvpg %r2,%r4") == 0
    assert lab.load(TO, 4096) == bytes(range(256)) * 16
    assert lab.cpu.cc == 0


@pytest.mark.parametrize(("invalid", "cc"), [((0x30000,), 1), ((0x31000,), 2), ((0x30000, 0x31000), 2)])
def test_mvpg_invalid_page(lab, invalid, cc):
    for options in (0, 0x100):
        virtual_pages(lab, options)
        for page in invalid:
            change(lab, page, -1, on=PAGE_INVALID)
        lab.psw(lab.machine.psw[0] & ~(3 << 44), cc=3)
        if options:
            assert lab.step("mvpg %r2,%r4") == 0
            assert lab.changes() == {"cc": cc}
        else:
            assert lab.step("mvpg %r2,%r4") == PAGE_TRANSLATION
            assert lab.changes() == {"ia": CODE}


def test_mvpg_condition_code_is_for_invalid_pages_alone(lab):
    """The segment of the first operand is invalid, the entry of the second's segment is another."""
    virtual_pages(lab, 0x100)
    lab.gr[2] = 0x130000
    change(lab, 0x130000, SEGMENT, on=INVALID)
    lab.psw(lab.machine.psw[0] & ~(3 << 44))
    assert lab.step("mvpg %r2,%r4") == SEGMENT_TRANSLATION
    assert lab.changes() == {"ia": CODE}


def test_mvpg_outside(lab):
    pages(lab)
    lab.gr[4] = SIZE
    assert lab.step("mvpg %r2,%r4") == ADDRESSING
    assert lab.changes() == {}


def test_mvpg_low_address_protection(lab):
    pages(lab)
    lab.gr[2] = 0x1000
    lab.cr[0] |= 1 << (63 - 35)
    assert lab.step("mvpg %r2,%r4") == PROTECTION
    assert lab.changes() == {}


@COMPARES
@pytest.mark.parametrize("shorter", [0, 1])
def test_compare_with_padding_exception(lab, line, shorter):
    """One operand has ended, the other goes on where there is no storage."""
    lengths = (10, 0) if shorter else (0, 10)
    setup(lab, SIZE if shorter else FIRST, lengths[0], SECOND if shorter else SIZE, lengths[1], extended=extended(line))
    assert lab.step(line) == ADDRESSING
    assert lab.changes() == {}
