"""I/O instructions with a channel subsystem that has neither subchannels nor channel paths: PoP ch. 14."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, MODE_24, MODE_31, PROBLEM_STATE, SIZE
from tests.operands import LOW_ADDRESS_PROTECTION, STORE, Operand, discard, operand_checks

PRIVILEGED_OPERATION, PROTECTION, ADDRESSING, SPECIFICATION, OPERAND = 0x02, 0x04, 0x05, 0x06, 0x15
BLOCK = 0x38000
SUBCHANNEL = 0x10000  # subsystem identification of subchannel 0
WITHOUT_OPERAND = ["csch", "hsch", "rsch", "xsch"]
WITH_OPERAND = ["msch 0(%r5)", "ssch 0(%r5)", "stsch 0(%r5)", "tsch 0(%r5)"]
OF_A_SUBCHANNEL = WITHOUT_OPERAND + WITH_OPERAND
OTHERS = ["tpi 0(%r5)", "stcrw 0(%r5)", "stcps 0(%r5)", "rchp", "sal", "schm"]


@pytest.mark.parametrize("line", OF_A_SUBCHANNEL + OTHERS)
def test_privileged(lab, line):
    lab.gr[1], lab.gr[2], lab.gr[5] = ALL, ALL, ALL
    pending(lab)
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}
    assert lab.guest.io == 1


@pytest.mark.parametrize("line", OF_A_SUBCHANNEL)
@pytest.mark.parametrize("number", [0, 0x1234, 0xFFFF])
@pytest.mark.parametrize("high", [0, 0xFFFFFFFF00000000])
def test_no_subchannel_is_operational(lab, line, number, high):
    """The operand is not looked at."""
    lab.gr[1], lab.gr[5] = high | SUBCHANNEL | number, SIZE
    lab.psw(cc=0)
    assert lab.step(line) == 0
    assert lab.changes() == {"cc": 3}


@pytest.mark.parametrize("line", OF_A_SUBCHANNEL)
@pytest.mark.parametrize("identification", [0, 0x20000, 0x30000, 0x110000, 0x80010000, 0x70000])
def test_what_is_no_subsystem_identification(lab, line, identification):
    lab.gr[1], lab.gr[5] = identification, BLOCK
    assert lab.step(line) == OPERAND
    assert lab.changes() == {}


@pytest.mark.parametrize("line", [*WITH_OPERAND, "tpi 0(%r5)", "stcrw 0(%r5)"])
@pytest.mark.parametrize("odd", [1, 2, 3])
def test_word_boundary(lab, line, odd):
    """It is recognized before what is wrong with register 1."""
    lab.gr[1], lab.gr[5] = 0, SIZE + odd
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@operand_checks(Operand("stcrw 0(%r5)", 4, STORE, align=4), Operand("stcps 0(%r5)", 32, STORE, align=32))
def test_operands(lab, check, operand):
    check(lab, operand)


def test_no_channel_report_is_pending(lab):
    lab.store(BLOCK, b"\xff" * 8)
    lab.gr[5] = BLOCK
    lab.psw(cc=0)
    assert lab.step("stcrw 0(%r5)") == 0
    assert lab.changes() == {"cc": 1, BLOCK: bytes(4)}


def test_no_channel_path_is_active(lab):
    lab.store(BLOCK, b"\xff" * 64)
    lab.gr[5] = BLOCK
    lab.psw(cc=2)
    assert lab.step("stcps 0(%r5)") == 0
    assert lab.changes() == {BLOCK: bytes(32)}


@pytest.mark.parametrize("address", [4, 8, 16, 31])
def test_channel_path_status_boundary(lab, address):
    lab.gr[5] = SIZE + address
    assert lab.step("stcps 0(%r5)") == SPECIFICATION
    assert lab.changes() == {}


# --- TEST PENDING INTERRUPTION ----------------------------------------------------------------------------------------

CODE = (0x00010042, 0x89ABCDEF, 0x18000000)  # subsystem identification, parameter, identification word: subclass 3
ENABLED = 1 << 31 - 3  # control register 6


def pending(lab, mask: int = ENABLED) -> None:
    lab.guest.io, lab.guest.io_id, lab.guest.io_parameter, lab.guest.io_word = 1, *CODE
    lab.cr[6] = mask


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def test_tpi_nothing_pending(lab):
    """Nothing is stored, so it does not matter where."""
    lab.gr[5], lab.cr[6] = SIZE, 0xFF000000
    lab.psw(cc=2)
    assert lab.step("tpi 0(%r5)") == 0
    assert lab.changes() == {"cc": 0}


@pytest.mark.parametrize("mask", [0, 0xFF000000 - ENABLED])
def test_tpi_of_a_subclass_that_is_not_enabled(lab, mask):
    pending(lab, mask)
    lab.gr[5] = BLOCK
    lab.psw(cc=2)
    assert lab.step("tpi 0(%r5)") == 0
    assert lab.changes() == {"cc": 0}
    assert lab.guest.io == 1


@operand_checks(Operand("tpi 0(%r5)", 8, STORE, align=4, setup=pending))
def test_tpi_operand(lab, check, operand):
    check(lab, operand)


def test_tpi_stores_two_words(lab):
    pending(lab)
    lab.store(BLOCK, bytes(16))
    lab.gr[5] = BLOCK
    lab.psw(cc=2)
    assert lab.step("tpi 4(%r5)") == 0
    assert lab.load(BLOCK, 16) == bytes(4) + words(*CODE[:2]) + bytes(4)
    assert lab.cpu.cc == 1
    assert lab.guest.io == 0
    assert lab.step("tpi 4(%r5)") == 0
    assert lab.cpu.cc == 0


@pytest.mark.parametrize(("mask", "base"), [(BA_EA, 0), (MODE_31, 0xFFFFFFFF80000000), (MODE_24, 0xFFFFFFFFFF000000)])
def test_tpi_at_address_zero_stores_three_words_in_the_prefix_area(lab, mask, base):
    """No protection applies."""
    pending(lab)
    lab.cpu.prefix = 0x40000
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    lab.set_key(0x40000, 0x50)
    lab.set_key(0x20000, 0x30)
    lab.gr[5] = base
    lab.psw(mask, key=3)
    assert lab.step("tpi 0(%r5)") == 0
    assert lab.load(0x400B8, 12) == words(*CODE)
    assert (lab.cpu.cc, lab.guest.io) == (1, 0)


def test_tpi_leaves_pending_what_it_cannot_store(lab):
    pending(lab)
    lab.gr[5] = SIZE
    assert lab.step("tpi 0(%r5)") == ADDRESSING
    discard(lab, BLOCK)
    lab.gr[5] = BLOCK
    lab.psw()
    assert lab.step("tpi 0(%r5)") == 0x1A
    assert lab.guest.io == 1


# --- RESET CHANNEL PATH, SET ADDRESS LIMIT, SET CHANNEL MONITOR -------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "code"),
    [(0, 0), (0xFF, 0), (0xFFFFFFFF000000FF, 0), (0x100, OPERAND), (0x80000000, OPERAND), (0x10042, OPERAND)],
)
def test_no_channel_path_is_operational(lab, register, code):
    lab.gr[1] = register
    lab.psw(cc=0)
    assert lab.step("rchp") == code
    assert lab.changes() == ({} if code else {"cc": 3})


@pytest.mark.parametrize(
    ("register", "code"),
    [(0, 0), (0x7FFF0000, 0), (0xFFFFFFFF7FFF0000, 0), (0x80000000, OPERAND), (1, OPERAND), (0x8000, OPERAND)],
)
def test_address_limit(lab, register, code):
    lab.gr[1] = register
    lab.psw(cc=2)
    assert lab.step("sal") == code
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        pytest.param(0, ALL, 0, id="off"),
        pytest.param(1, ALL, 0, id="connect-time"),
        pytest.param(0xFFFFFFFFF0000003, ALL - 0x1F, 0, id="all"),
        pytest.param(2, 0x10, OPERAND, id="origin-not-on-its-boundary"),
        pytest.param(4, 0, OPERAND, id="bit-61"),
        pytest.param(0x08000000, 0, OPERAND, id="bit-36"),
    ],
)
def test_channel_monitor(lab, first, second, code):
    lab.gr[1], lab.gr[2] = first, second
    lab.psw(cc=2)
    assert lab.step("schm") == code
    assert lab.changes() == {}
