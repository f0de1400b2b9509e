"""The linkage stack: PoP ch. 5 "Linkage-Stack Operations"; BAKR, EREG, EREGG, ESTA, MSTA: ch. 10."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM, PROBLEM_STATE, SIZE
from tests.linkage import (
    BRANCH,
    CALL,
    EMPTY,
    FULL,
    HEADER,
    NEXT_SECTION,
    SECTION,
    SIZE_OF_ENTRY,
    SPECIFICATION,
    SUPPRESSED,
    TRAILER,
    TYPE,
    descriptor,
    entry,
    stack,
)
from tests.translation import DAT, PAGE_PROTECT, PRIVATE, REAL_SPACE, change, map_page, put

PROTECTION, ADDRESSING, SPECIFICATION_EXCEPTION, PAGE_TRANSLATION, SPECIAL_OPERATION = 0x04, 0x05, 0x06, 0x11, 0x13
ACCESS_REGISTERS, SECONDARY, HOME = (n << 46 for n in (1, 2, 3))
NEW = SECTION + SIZE_OF_ENTRY
START = SECTION + 8
LOW_ADDRESS_PROTECTION = 1 << (63 - 35)


def state_entry(lab, *, mask: int, address: int, called: int, section: int = 0x51, free: int, kind: int) -> bytes:
    """The bytes of a state entry that keeps the state which `stack` has made."""
    registers = b"".join(int(value).to_bytes(8, "big") for value in lab.gr)
    access = b"".join(int(value).to_bytes(4, "big") for value in lab.ar)
    words = (0x8421_0042_0B0B_0041, mask, called, 0, 0, address, *[0] * 6)
    ends = (descriptor(kind, free, section=section),)
    return registers + b"".join(n.to_bytes(8, "big") for n in words) + access + ends[0].to_bytes(8, "big")


# --- BRANCH AND STACK -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "back", "saved", "address"), [
    pytest.param(BA_EA, 0x123456789ABCDEF1, BA_EA, 0x123456789ABCDEF0, id="64"),
    pytest.param(BA_EA, 0x1234567892345678, MODE_31, 0x12345678, id="31"),
    pytest.param(MODE_31, 0x1234567812345678, MODE_24, 0x345678, id="24"),
    pytest.param(PROBLEM_STATE | ACCESS_REGISTERS, 0x1, PROBLEM_STATE | ACCESS_REGISTERS, 0, id="problem"),
])  # fmt: skip
def test_bakr_keeps_the_return_address(lab, mask, back, saved, address):
    stack(lab, mask, cc=2)
    lab.gr[1] = back
    lab.gr[2] = 0xFFFFFFFF_87654320
    target = lab.gr[2] & (ALL if mask & 1 << 32 else 0x7FFFFFFF)
    called = target | 1 if mask & 1 << 32 else 0x80000000 | target
    expected = state_entry(lab, mask=saved | DAT | 2 << 44, address=address, called=int(called), kind=BRANCH,
                           free=3 * SIZE_OF_ENTRY)  # fmt: skip
    assert lab.step("bakr %r1,%r2") == 0
    assert lab.load(START, SIZE_OF_ENTRY) == expected
    assert lab.word(SECTION) == descriptor(HEADER, 4 * SIZE_OF_ENTRY, SIZE_OF_ENTRY)
    found = {name: value for name, value in lab.changes().items() if isinstance(name, str)}
    assert found == {"c15": NEW, "ia": target}
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize("mask", [BA_EA, MODE_24])
def test_bakr_without_registers(lab, mask):
    """Neither another return address nor a branch."""
    stack(lab, mask)
    lab.cpu.breaking_event = 0x1234
    called = CODE + 4 | (1 if mask else 0)
    expected = state_entry(lab, mask=mask | DAT, address=CODE + 4, called=called, kind=BRANCH, free=3 * SIZE_OF_ENTRY)
    assert lab.step("bakr %r0,%r0") == 0
    assert lab.load(START, SIZE_OF_ENTRY) == expected
    assert {name for name in lab.changes() if isinstance(name, str)} == {"c15"}
    assert lab.cpu.breaking_event == 0x1234


def test_bakr_in_the_next_section(lab):
    """The header of the next section gets the address of the current entry, and is what the new one comes after."""
    stack(lab, free=SIZE_OF_ENTRY - 8)
    put(lab, SECTION + SIZE_OF_ENTRY, NEXT_SECTION | 7)  # bits 61-62 are ignored
    put(lab, NEXT_SECTION, descriptor(HEADER, SIZE_OF_ENTRY, section=0x52))
    expected = state_entry(lab, mask=BA_EA | DAT, address=CODE + 4, called=CODE + 5, section=0x52, free=0, kind=BRANCH)
    assert lab.step("bakr %r0,%r0") == 0
    assert lab.load(NEXT_SECTION + 8, SIZE_OF_ENTRY) == expected
    assert lab.word(NEXT_SECTION - 8) == SECTION | 1
    assert lab.word(NEXT_SECTION) == descriptor(HEADER, SIZE_OF_ENTRY, SIZE_OF_ENTRY, section=0x52)
    assert lab.word(SECTION) == descriptor(HEADER, SIZE_OF_ENTRY - 8)
    assert lab.cr[15] == NEXT_SECTION + SIZE_OF_ENTRY


@pytest.mark.parametrize(("free", "forward", "next_free", "code"), [
    pytest.param(2 * SIZE_OF_ENTRY + 4, 0, 0, SPECIFICATION, id="free-space-no-multiple-of-8"),
    pytest.param(SIZE_OF_ENTRY - 8, NEXT_SECTION, 999 * 8, FULL, id="no-next-section"),
    pytest.param(0, NEXT_SECTION | 1, SIZE_OF_ENTRY - 8, SPECIFICATION, id="next-section-too-small"),
    pytest.param(0, NEXT_SECTION | 1, SIZE_OF_ENTRY + 4, SPECIFICATION, id="of-the-next-no-multiple-of-8"),
    pytest.param(0, SIZE | 1, 0, ADDRESSING, id="next-section-outside"),
])  # fmt: skip
def test_stacking_exceptions(lab, free, forward, next_free, code):
    stack(lab, free=free)
    put(lab, SECTION + 8 + (free & ~7), forward)
    put(lab, NEXT_SECTION, descriptor(HEADER, next_free))
    assert lab.step("bakr %r0,%r3") == code
    assert lab.changes() == ({} if code == ADDRESSING else {"ia": CODE})


@pytest.mark.parametrize("mask", [BA_EA, BA_EA | DAT | SECONDARY, BA_EA | DAT | HOME])
def test_bakr_needs_dat_and_a_mode(lab, mask):
    stack(lab, free=4)
    lab.psw(mask)
    assert lab.step("bakr %r0,%r3") == SPECIAL_OPERATION
    assert lab.changes() == {}


def test_the_stack_is_in_the_home_space_at_64_bit_addresses_without_keys(lab):
    """Nothing of it is where the program is, its addresses are beyond its mode, and its key may be any."""
    beyond = 1 << 33
    stack(lab, MODE_31 | PROBLEM)
    lab.cr[13] = map_page(lab, beyond + SECTION, SECTION)
    lab.cr[15] = beyond + SECTION
    lab.set_key(SECTION, 0xF8)
    lab.psw(MODE_31 | PROBLEM | DAT, key=3)
    assert lab.step("bakr %r0,%r0") == 0
    assert lab.cr[15] == beyond + NEW
    assert lab.word(NEW) == descriptor(BRANCH, 3 * SIZE_OF_ENTRY)


def test_stack_of_two_pages_is_checked_before_anything_is_stored(lab):
    """The state entry crosses into a page that is DAT-protected."""
    stack(lab)
    address = 0x49000 - 16
    put(lab, address, descriptor(HEADER, SIZE_OF_ENTRY))
    lab.cr[13] = map_page(lab, 0x48000, 0x48000)
    put(lab, 0x70000 + 0x49 * 8, 0x49000 | PAGE_PROTECT)
    lab.cr[15] = address
    assert lab.step("bakr %r0,%r3") == PROTECTION
    assert lab.changes() == {}
    assert lab.word(0xA8) & ~0xFFF == 0x49000 and lab.word(0xA8) & 7 == 7  # DAT protection, in the home space
    put(lab, 0x70000 + 0x49 * 8, 0x400)
    lab.psw(BA_EA | DAT)
    assert lab.step("bakr %r0,%r3") == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}


@pytest.mark.parametrize(("private", "code"), [(0, PROTECTION), (PRIVATE, 0)])
def test_low_address_protection_of_the_stack(lab, private, code):
    stack(lab)
    put(lab, 0x1008, descriptor(HEADER, SIZE_OF_ENTRY))
    lab.cr[15], lab.cr[13] = 0x1008, REAL_SPACE | private
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    assert lab.step("bakr %r0,%r0") == code


# --- what is in the last state entry ----------------------------------------------------------------------------------

EXTRACT = ["ereg %r2,%r4", "eregg %r2,%r4", "esta %r2,%r4", "msta %r2"]
KEPT = BA_EA | DAT | PROBLEM | 3 << 44


@pytest.mark.parametrize("mode", [0, ACCESS_REGISTERS, HOME])
@pytest.mark.parametrize(("line", "numbers", "kept"), [
    ("ereg %r14,%r1", (14, 15, 0, 1), 0x11111111_00000000), ("eregg %r5,%r5", (5,), 0),
])  # fmt: skip
def test_extract_registers(lab, mode, line, numbers, kept):
    stack(lab, PROBLEM_STATE | mode, cc=1)
    entry(lab, BRANCH | SUPPRESSED, mask=KEPT, address=0x5000)
    lab.gr[:] = 0x1111111122222222
    assert lab.step(line) == 0
    high = kept or 0xF0F0F0F0_00000000
    assert lab.changes() == {f"r{n}": high + n for n in numbers} | {f"a{n}": 0xA0000000 + n for n in numbers}


@pytest.mark.parametrize(("code", "high", "low"), [
    pytest.param(0, 0x43210042, 0x0C0C0041, id="authorities"),
    pytest.param(1, KEPT >> 32 ^ 1 << 19, 0x80005001, id="short-psw-that-does-not-fit"),
    pytest.param(2, 0x12345678, 0x9ABCDEF1, id="called"), pytest.param(3, 0x11223344, 0x55667788, id="modifiable"),
    pytest.param(4, KEPT, 1 << 40 | 0x5000, id="psw"),
])  # fmt: skip
@pytest.mark.parametrize("kind", [BRANCH, CALL])
def test_extract_state(lab, code, high, low, kind):
    stack(lab, PROBLEM_STATE, cc=3)
    entry(lab, kind, mask=KEPT, address=1 << 40 | 0x5000, called=0x123456789ABCDEF1)
    lab.gr[4], lab.gr[6], lab.gr[7] = ALL - 0xFF + code, 0x1111111122222222, 0x3333333344444444
    assert lab.step("esta %r6,%r4") == 0
    others = (0, 0) if code == 4 else (0x11111111 << 32, 0x33333333 << 32)
    assert lab.changes() == {"r6": others[0] + high, "r7": others[1] + low, "cc": int(kind == CALL)}


def test_short_psw_that_fits(lab):
    stack(lab)
    entry(lab, BRANCH, mask=MODE_24 | DAT, address=0x123456)
    lab.gr[4] = 1
    assert lab.step("esta %r6,%r4") == 0
    assert (lab.gr[6] & 0xFFFFFFFF, lab.gr[7] & 0xFFFFFFFF) == (0x04080000, 0x123456)


def test_modify_state(lab):
    stack(lab, PROBLEM_STATE | HOME, cc=1)
    entry(lab, CALL, mask=KEPT, address=0x5000)
    lab.gr[4], lab.gr[5] = 0x99999999ABABABAB, 0x99999999CDCDCDCD
    assert lab.step("msta %r4") == 0
    assert lab.changes() == {START + 152: bytes.fromhex("ababababcdcdcdcd")}


@pytest.mark.parametrize("line", EXTRACT)
def test_found_from_the_header_of_the_next_section(lab, line):
    stack(lab)
    entry(lab, CALL, mask=KEPT, address=0x5000)
    put(lab, NEXT_SECTION - 8, NEW | 1)
    put(lab, NEXT_SECTION, descriptor(HEADER | SUPPRESSED, 0))
    lab.cr[15], lab.gr[4] = NEXT_SECTION | 6, 3
    assert lab.step(line) == 0
    assert lab.cr[15] == NEXT_SECTION | 6
    assert lab.changes() != {}


@pytest.mark.parametrize("line", EXTRACT)
@pytest.mark.parametrize(("kind", "back", "before", "code"), [
    pytest.param(HEADER, 0, 0, EMPTY, id="empty"),
    pytest.param(HEADER, NEXT_SECTION | 1, HEADER, SPECIFICATION, id="header-before-header"),
    pytest.param(HEADER, NEXT_SECTION | 1, TRAILER, TYPE, id="trailer-before-header"),
    pytest.param(TRAILER, 0, 0, TYPE, id="trailer"), pytest.param(0x05, 0, 0, TYPE, id="type-of-ESA-390"),
    pytest.param(HEADER, SIZE | 1, 0, ADDRESSING, id="outside"),
])  # fmt: skip
def test_unstacking_exceptions(lab, line, kind, back, before, code):
    stack(lab, back=back)
    put(lab, SECTION, descriptor(kind, 0))
    put(lab, NEXT_SECTION, descriptor(before, 0))
    lab.gr[4] = 0
    assert lab.step(line) == code
    assert lab.changes() == ({} if code == ADDRESSING else {"ia": CODE})


@pytest.mark.parametrize("mask", [BA_EA, BA_EA | DAT | SECONDARY])
def test_extraction_needs_dat_and_a_mode(lab, mask):
    """Before odd registers and invalid codes, which come before what is wrong with the stack."""
    stack(lab)
    lab.gr[4] = 5
    for line in ("ereg %r2,%r4", "eregg %r2,%r4", "esta %r3,%r4", "msta %r3"):
        lab.psw(mask)
        assert lab.step(line) == SPECIAL_OPERATION
        assert lab.changes() == {}
    for line in ("esta %r3,%r0", "esta %r2,%r4", "msta %r3"):
        lab.psw(BA_EA | DAT)
        assert lab.step(line) == SPECIFICATION_EXCEPTION
        assert lab.changes() == {}


def test_msta_stores_nothing_into_a_protected_page(lab):
    stack(lab)
    entry(lab, CALL, mask=KEPT, address=0x5000)
    lab.cr[13] = map_page(lab, SECTION, SECTION)
    change(lab, SECTION, -1, on=PAGE_PROTECT)
    assert lab.step("msta %r4") == PROTECTION
    assert lab.changes() == {}
