"""Conversions between UTF-8, UTF-16 and UTF-32, beside Python's codecs: PoP ch. 7."""

from __future__ import annotations

import os
import random

import pytest

from s390emu._jit import JIT
from s390emu.architecture.interruptions import ADDRESSING, PROTECTION, SPECIFICATION
from s390emu.conformance.twins.strings_of_characters import CODECS, Ended
from s390emu.conformance.twins.strings_of_characters import CONVERSIONS as NAMES
from s390emu.conformance.twins.strings_of_characters import converted as twin
from tests.isa.general.partial import assembled, execute
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.operands import discard

FIRST, SECOND, PAGE = 0x50000, 0x60000, 0x1000
STRINGS = int(os.environ.get("S390EMU_UNICODE_CASES", "150"))  # of each instruction, with a check and without
EVERY = pytest.mark.parametrize("name", NAMES)
MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
TEXT = "a\x00\x7f\x80\xff߿ࠀ퟿�￿\U00010000\U0010ffff€😀"


def setup(lab, source: bytes, room: int, *, first=FIRST, second=SECOND, mode=BA_EA):
    lab.store(second, source)
    lab.psw(mode, cc=3)
    mask = {BA_EA: ALL, MODE_31: (1 << 31) - 1, MODE_24: (1 << 24) - 1}[mode]
    lengths = ALL if mode == BA_EA else (1 << 32) - 1
    lab.gr[2], lab.gr[4] = (ALL & ~mask) | first, (ALL & ~mask) | second
    lab.gr[3], lab.gr[5] = (ALL & ~lengths) | room, (ALL & ~lengths) | len(source)


def complete(lab, line: str) -> int:
    """Execute until the condition code is not 3, as a program would; return in how many units."""
    lab.store(CODE, assembled(line))
    return execute(lab)


def ended(lab, source: bytes, room: int, *, first=FIRST, second=SECOND, mode=BA_EA) -> Ended:
    """What the registers tell; their parts that are no part of the operands are as they were."""
    low = ALL if mode == BA_EA else (1 << 32) - 1
    for r in (2, 3, 4, 5):
        assert int(lab.gr[r]) | low == ALL
    made, taken = int(lab.gr[2]) & low, int(lab.gr[4]) & low
    made, taken = made - first, taken - second
    assert (int(lab.gr[3]) & low, int(lab.gr[5]) & low) == (room - made, len(source) - taken)
    return Ended(int(lab.cpu.cc), lab.load(first, made), taken)


def check(lab, name: str, source: bytes, room: int, checked: bool, **where) -> None:
    expected = twin(name, source, room, checked)
    setup(lab, source, room, **where)
    complete(lab, f"{name} %r2,%r4{',1' if checked else ''}")
    assert ended(lab, source, room, **where) == expected


# --- the codecs ------------------------------------------------------------------------------------------------------


@EVERY
@MODES
def test_text_is_what_the_codec_makes_of_it(lab, name, mode):
    source, expected = TEXT.encode(CODECS[name[2]]), TEXT.encode(CODECS[name[3]])
    setup(lab, source, 0x1000, mode=mode)
    complete(lab, f"{name} %r2,%r4")
    assert ended(lab, source, 0x1000, mode=mode) == Ended(0, expected, len(source))


@EVERY
@pytest.mark.parametrize("mode", [MODE_31, MODE_24], ids=["31", "24"])
def test_a_length_has_32_bits_where_an_address_has_fewer(lab, name, mode):
    source = "abc".encode(CODECS[name[2]])
    size = len("a".encode(CODECS[name[3]]))
    setup(lab, source, 2 * size, mode=mode)
    lab.gr[3] |= 1 << 31
    assert complete(lab, f"{name} %r2,%r4") == 1
    assert lab.cpu.cc == 0
    assert int(lab.gr[3]) & 0xFFFFFFFF == (1 << 31) - size


@EVERY
@pytest.mark.parametrize("before_first", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("before_second", [0, 1, 2, 3, 7])
def test_characters_cross_page_boundaries(lab, name, before_first, before_second):
    text = TEXT * 3
    source = text.encode(CODECS[name[2]])
    first, second = FIRST - before_first, SECOND - before_second
    setup(lab, source, 0x1000, first=first, second=second)
    complete(lab, f"{name} %r2,%r4")
    expected = Ended(0, text.encode(CODECS[name[3]]), len(source))
    assert ended(lab, source, 0x1000, first=first, second=second) == expected


@EVERY
def test_a_long_text_goes_in_units_of_a_page_at_most(lab, name):
    text = (TEXT * 400)[:4500]
    source = text.encode(CODECS[name[2]])
    setup(lab, source, 0x8000)
    assert complete(lab, f"{name} %r2,%r4") > 2
    assert ended(lab, source, 0x8000) == Ended(0, text.encode(CODECS[name[3]]), len(source))


@pytest.mark.parametrize(("name", "checked"), [*((n, False) for n in NAMES), *((n, True) for n in NAMES[:4])])
def test_any_bytes_in_any_room_beside_the_twin(lab, name, checked):
    choice = random.Random(name)
    for _ in range(STRINGS):
        pieces = [choice.choice(TEXT).encode(CODECS[name[2]]) for _ in range(choice.randrange(8))]
        if choice.random() < 0.8:
            pieces.insert(choice.randrange(len(pieces) + 1), choice.randbytes(choice.randrange(4)))
        source = b"".join(pieces)
        source = source[: choice.randrange(len(source) + 1)] if choice.random() < 0.5 else source
        check(lab, name, source, choice.choice((0, 1, 2, 3, 4, 7, 100)), checked)


# Where one kind of first byte of UTF-8 ends and another begins.
LIMITS = bytes.fromhex("00417f8081bfc0c1c2c3dfe0e1ecedeeeff0f1f3f4f5f7f8ff")


@pytest.mark.parametrize("name", ["cu12", "cu14"])
@pytest.mark.parametrize("checked", [False, True])
def test_every_first_and_second_byte(lab, name, checked):
    """Of UTF-8, with what goes on well."""
    for lead in range(256) if JIT else LIMITS:
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            check(lab, name, bytes([lead, second, 0x80, 0xBF]), 4, checked)


@pytest.mark.parametrize("name", ["cu21", "cu24"])
@pytest.mark.parametrize("checked", [False, True])
def test_every_kind_of_pair_of_utf_16(lab, name, checked):
    halves = (0x0000, 0x0041, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF)
    for high in halves:
        for low in halves:
            check(lab, name, high.to_bytes(2, "big") + low.to_bytes(2, "big"), 8, checked)


@pytest.mark.parametrize("name", ["cu41", "cu42"])
def test_limits_of_utf_32(lab, name):
    for number in (0, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, 0x110000, 0xFFFFFFFF):
        check(lab, name, number.to_bytes(4, "big"), 8, False)


def test_m3_has_one_bit(lab):
    """The other three are ignored: E0 80 80 is no well-formed character, but one that is converted."""
    setup(lab, b"\xe0\x80\x80", 8)
    complete(lab, "cu12 %r2,%r4,14")
    assert ended(lab, b"\xe0\x80\x80", 8) == Ended(0, b"\0\0", 3)


# --- how it ends -----------------------------------------------------------------------------------------------------


@EVERY
def test_of_two_reasons_the_end_of_the_source_counts(lab, name):
    setup(lab, b"", 0)
    complete(lab, f"{name} %r2,%r4")
    assert ended(lab, b"", 0) == Ended(0, b"", 0)


@EVERY
@pytest.mark.parametrize(("r1", "r2"), [(3, 4), (2, 5), (15, 4), (2, 15)])
def test_odd_registers(lab, name, r1, r2):
    setup(lab, b"abcd", 100)
    assert lab.step(f"{name} %r{r1},%r{r2}") == SPECIFICATION
    assert lab.changes() == {}


@EVERY
@pytest.mark.parametrize("operand", ["first", "second"])
def test_exception_at_the_first_character(lab, name, operand):
    source = "x".encode(CODECS[name[2]])
    where = {"first": SIZE} if operand == "first" else {}
    setup(lab, source, 8, **where)
    if operand == "second":
        lab.gr[4] = SIZE
    assert lab.step(f"{name} %r2,%r4") == ADDRESSING
    assert lab.changes() == {}


@EVERY
def test_before_a_page_that_is_not_there_it_ends_with_cc_3(lab, name):
    """And then the character is the first one: nothing of it is stored, the exception is recognized."""
    source = "ab\U0001f600".encode(CODECS[name[2]])
    second = SECOND - len(source) + 1
    setup(lab, source, 100, second=second)
    discard(lab, SECOND)
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.cpu.cc == 3
    assert lab.load(FIRST, 20) == "ab".encode(CODECS[name[3]]).ljust(20, b"\0")
    registers = [int(r) for r in lab.gr]
    lab.psw(cc=3)
    assert lab.step(f"{name} %r2,%r4") == 0x1A
    assert lab.changes() == {"ia": CODE}
    assert [int(r) for r in lab.gr] == registers


@EVERY
def test_protected_first_operand(lab, name):
    """The character that does not fit into the page is not stored in part."""
    source = "a\U0001f600".encode(CODECS[name[2]])
    first = FIRST - len("a".encode(CODECS[name[3]])) - 3
    setup(lab, source, 100, first=first)
    lab.set_key(FIRST, 5 << 4)
    lab.set_key(FIRST - PAGE, 3 << 4)
    lab.set_key(SECOND, 3 << 4)
    lab.set_key(CODE, 3 << 4)
    lab.psw(key=3, cc=0)
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.cpu.cc == 3
    lab.psw(key=3)
    assert lab.step(f"{name} %r2,%r4") == PROTECTION
    assert lab.changes() == {}
