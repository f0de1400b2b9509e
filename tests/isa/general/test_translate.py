"""TRANSLATE EXTENDED, translations from and to characters of one and two bytes: PoP ch. 7."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PROTECTION, SPECIFICATION
from s390emu.conformance.twins.strings_of_characters import SIZES, joined, translated, translated_until
from tests.isa.general.partial import assembled, execute
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.operands import discard

FIRST, SECOND, TABLE, PAGE = 0x50000, 0x60000, 0x70000, 0x1000
MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
MASKS = {BA_EA: ALL, MODE_31: (1 << 31) - 1, MODE_24: (1 << 24) - 1}
EVERY = pytest.mark.parametrize("name", SIZES)


def setup(lab, length, *, first=FIRST, second=SECOND, table=TABLE, test=0, mode=BA_EA):
    """Registers 2 and 3 address and length, 4 and 1 the others; all other bits are ones."""
    lab.psw(mode, cc=3)
    mask, lengths = MASKS[mode], ALL if mode == BA_EA else (1 << 32) - 1
    lab.gr[2], lab.gr[4], lab.gr[1] = ((ALL & ~mask) | address for address in (first, second, table))
    lab.gr[3] = (ALL & ~lengths) | length
    lab.gr[0] = (ALL & ~0xFFFF) | test


def low(lab, r, mode=BA_EA) -> int:
    value = int(lab.gr[r])
    if mode == BA_EA:
        return value
    assert value >> 32 == 0xFFFFFFFF
    return value & 0xFFFFFFFF


# --- TRANSLATE EXTENDED ----------------------------------------------------------------------------------------------

SHIFTED = bytes((n + 1) % 256 for n in range(256))


def tre_setup(lab, data, test, *, first=FIRST, table=TABLE, mode=BA_EA):
    lab.store(table, SHIFTED)
    lab.store(first, data)
    setup(lab, len(data), first=first, second=table, test=test | 0xAB00, mode=mode)


@MODES
@pytest.mark.parametrize("length", [0, 1, 255, 256, 4096, 4097, 9000])
@pytest.mark.parametrize("test", [0x00, 0x41, 0xFF])
def test_tre_is_the_twin(lab, length, test, mode):
    """With the test byte among the others for the lengths that are even."""
    others = [byte for byte in range(256) if byte != test or length % 2 == 0]
    data = bytes(random.Random(length + test).choices(others, k=length))
    tre_setup(lab, data, test, first=FIRST - 100, mode=mode)
    lab.store(CODE, assembled("tre %r2,%r4"))
    execute(lab)
    done = data.find(bytes([test])) if test in data else length
    assert lab.load(FIRST - 100, length) == translated_until(data, SHIFTED, test)
    assert (low(lab, 2, mode), low(lab, 3, mode)) == (FIRST - 100 + done, length - done)
    assert lab.cpu.cc == (1 if test in data else 0)


def test_tre_ends_at_a_page(lab):
    tre_setup(lab, b"a" * 300, 0, first=FIRST - 100)
    assert lab.step("tre %r2,%r4") == 0
    assert lab.changes() == {"r2": FIRST, "r3": 200, FIRST - 100: b"b" * 100}
    assert lab.cpu.cc == 3


def test_tre_test_byte_is_not_stored_into(lab):
    """A page that may only be fetched is no obstacle to a test byte."""
    tre_setup(lab, b"\x41abc", 0x41)
    lab.set_key(FIRST, 5 << 4)
    lab.psw(key=3)
    for page in (CODE, TABLE):
        lab.set_key(page, 3 << 4)
    assert lab.step("tre %r2,%r4") == 0
    assert lab.cpu.cc == 1
    lab.gr[2] += 1
    lab.psw(key=3)
    assert lab.step("tre %r2,%r4") == PROTECTION
    assert lab.changes() == {}


def test_tre_only_needed_table_bytes_are_fetched(lab):
    """The byte whose function byte is not there ends the unit before it; then it is an exception."""
    tre_setup(lab, b"\x01\x02\xf0", 0, table=TABLE - 0x80)
    discard(lab, TABLE)
    lab.psw()
    assert lab.step("tre %r2,%r4") == 0
    assert lab.changes() == {"r2": FIRST + 2, "r3": 1, "cc": 3, FIRST: b"\x02\x03"}
    lab.psw()
    assert lab.step("tre %r2,%r4") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


def test_tre_table_wraps(lab):
    """In the 24-bit mode the table's second half is at 0."""
    lab.store(0x10, b"Z")
    lab.store(FIRST, b"\x90")
    lab.psw(MODE_24)
    lab.gr[2], lab.gr[3], lab.gr[4], lab.gr[0] = FIRST, 1, 0xFFFF80, 0
    assert lab.step("tre %r2,%r4") == 0
    assert lab.load(FIRST, 1) == b"Z"


def test_tre_odd_register(lab):
    for r in (3, 15):
        lab.psw()
        assert lab.step(f"tre %r{r},%r4") == SPECIFICATION
        assert lab.changes() == {}


def test_tre_of_nothing_clears_what_is_no_part_of_the_address(lab):
    lab.psw(MODE_31, cc=3)
    lab.gr[2], lab.gr[3], lab.gr[4] = 0xFFFFFFFF_80000000 | SIZE, 0, SIZE
    assert lab.step("tre %r2,%r4") == 0
    assert lab.changes() == {"r2": 0xFFFFFFFF_00000000 | SIZE, "cc": 0}


# --- TROO, TROT, TRTO, TRTT ------------------------------------------------------------------------------------------


def table_of(name: str) -> list[int]:
    """A function character for each argument."""
    arguments, functions = SIZES[name]
    return [(n * 7 + 3) % 256**functions for n in range(256**arguments)]


@EVERY
@MODES
@pytest.mark.parametrize("m3", ["", ",1", ",14"])
def test_it_is_the_twin(lab, name, mode, m3):
    lab.store(TABLE, joined(table_of(name), SIZES[name][1]))
    lab.store(CODE, assembled(f"{name} %r2,%r4{m3}"))
    choice = random.Random(name)
    for length in (0, 2, 100, 1500, 4098):
        for before_first, before_second in ((0, 0), (1, 0), (0, 1), (3, 1), (200, 77)):
            data = choice.randbytes(length)
            test = choice.choice(table_of(name)) if length < 2000 else 3
            first, second = FIRST - before_first, SECOND - before_second
            lab.store(FIRST - PAGE, bytes(4 * PAGE))
            lab.store(second, data)
            setup(lab, length, first=first, second=second, test=test, mode=mode)
            execute(lab)
            cc, stored, taken = translated(data, table_of(name), SIZES[name], None if m3 == ",1" else test)
            assert lab.load(FIRST - PAGE, 4 * PAGE) == (bytes(PAGE - before_first) + stored).ljust(4 * PAGE, b"\0")
            assert [low(lab, r, mode) for r in (2, 3, 4)] == [first + len(stored), length - taken, second + taken]
            assert lab.cpu.cc == cc


@EVERY
def test_the_table_is_on_a_doubleword_boundary(lab, name):
    """The rightmost three bits of general register 1 are ignored; no 4 KB boundary is needed."""
    arguments, functions = SIZES[name]
    lab.store(TABLE + 8, joined(table_of(name), functions))
    lab.store(SECOND, bytes(arguments))
    setup(lab, arguments, table=TABLE + 15, test=0xFFFF)
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.load(FIRST, functions) == (3).to_bytes(functions, "big")


@EVERY
def test_test_character_has_the_size_of_the_result(lab, name):
    """Of general register 0, what is left of it is ignored."""
    arguments, functions = SIZES[name]
    lab.store(TABLE, joined(table_of(name), functions))
    lab.store(SECOND, bytes(arguments))
    setup(lab, arguments, test=3 | (0xFF00 if functions == 1 else 0))
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.changes() == {"cc": 1}
    setup(lab, arguments, test=0xFF03 if functions == 2 else 0xFF04)
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.cpu.cc == 0


@pytest.mark.parametrize("name", ["trto", "trtt"])
def test_odd_length(lab, name):
    setup(lab, 3)
    assert lab.step(f"{name} %r2,%r4") == SPECIFICATION
    assert lab.changes() == {}


@EVERY
def test_odd_register(lab, name):
    for r in (3, 15):
        setup(lab, 2)
        assert lab.step(f"{name} %r{r},%r4") == SPECIFICATION
        assert lab.changes() == {}


@EVERY
@pytest.mark.parametrize("operand", ["first", "second", "table"])
def test_exception_at_the_first_character(lab, name, operand):
    setup(lab, 2, test=0xFFFF, **{operand: SIZE})
    assert lab.step(f"{name} %r2,%r4") == ADDRESSING
    assert lab.changes() == {}


@EVERY
@pytest.mark.parametrize("operand", ["first", "second", "table"])
def test_exception_later(lab, name, operand):
    """The unit ends before the character that needs the page that is away; that is an exception in the next."""
    arguments, functions = SIZES[name]
    where = {"first": FIRST - functions, "second": SECOND - arguments, "table": TABLE - 2 * functions * 4}
    lab.store(where["table"], joined([1, 2, 3, 4, 5, 6, 7, 8, 9], functions))
    lab.store(where["second"], joined([1, 8], arguments))
    setup(lab, 2 * arguments, **where)
    discard(lab, {"first": FIRST, "second": SECOND, "table": TABLE}[operand])
    lab.psw()
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.changes() == {
        "r2": where["first"] + functions, "r3": arguments, "r4": where["second"] + arguments, "cc": 3,
        where["first"] + functions - 1: b"\x02",
    }  # fmt: skip
    lab.psw()
    assert lab.step(f"{name} %r2,%r4") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


@EVERY
def test_the_test_character_is_not_stored(lab, name):
    """So the first operand is not looked at."""
    arguments, functions = SIZES[name]
    lab.store(TABLE, joined(table_of(name), functions))
    lab.store(SECOND, bytes(arguments))
    setup(lab, arguments, first=SIZE, test=3)
    assert lab.step(f"{name} %r2,%r4") == 0
    assert lab.changes() == {"cc": 1}
