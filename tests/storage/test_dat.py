"""Dynamic address translation: PoP ch. 3. The walker against a naive one by LOAD REAL ADDRESS; then accesses."""

from __future__ import annotations

import random

import numpy as np
import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    PAGE_TRANSLATION,
    PROTECTION,
    SEGMENT_TRANSLATION,
    TRANSLATION_SPECIFICATION,
)
from tests.lab import ALL, BA_EA, CODE, SIZE, Lab
from tests.translation import (
    COMMON,
    ENHANCED,
    FORMAT,
    INVALID,
    PAGE_INVALID,
    PAGE_PROTECT,
    PAGE_TABLE,
    PRIVATE,
    PROTECT,
    REAL_SPACE,
    REGION_FIRST,
    SEGMENT,
    SEGMENT_TABLE,
    change,
    entry_address,
    map_page,
    naive,
    put,
    translated,
)

VIRTUAL = 0x5A555A55A5A55000  # every index is another one
BLOCK = 0x38000
SECONDARY_SPACE, HOME_SPACE, ACCESS_REGISTERS = 2 << 46, 3 << 46, 1 << 46


def map_code(lab):
    """A primary space in which the lab's code and BLOCK are where they are, by one segment and page table."""
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, BLOCK, BLOCK, level=SEGMENT)
    map_page(lab, BLOCK + 0x1000, BLOCK + 0x1000, level=SEGMENT)
    lab.gr[5] = BLOCK
    return asce


def word_of(lab):
    return lambda real: lab.word(real) if real + 8 <= SIZE else None


@pytest.mark.parametrize("seed", range(300))
def test_walk_is_the_naive_walk(lab, seed):
    """Random tables, addresses and flaws; the expected result is that of tests/translation.py."""
    rng = random.Random(seed)
    level = rng.randrange(4)
    virtual = rng.getrandbits(31 + 11 * level)
    asce = map_page(lab, virtual, rng.randrange(0, 1 << 40) if rng.random() < 0.5 else BLOCK, level=level)
    for _ in range(rng.choice((0, 1, 1, 2))):
        place = rng.randrange(-1, level + 1)
        address = entry_address(virtual, place)
        put(lab, address, lab.word(address) ^ 1 << rng.choice((*range(12), 20, 40)))
    asce ^= rng.choice((0, 0, 0, 1, 2, 3, PRIVATE, REAL_SPACE, 1 << 40))
    if rng.random() < 0.1 and level < 3:
        virtual |= 1 << rng.randrange(31 + 11 * level, 64)
    enhanced = rng.random() < 0.5
    lab.cr[0] = ENHANCED if enhanced else 0
    lab.cr[1], lab.gr[5], lab.gr[1] = asce, virtual, 0xAAAAAAAABBBBBBBB
    lab.psw(cc=0)
    code = lab.step("lrag %r1,0(%r5)")
    what, value = naive(word_of(lab), asce, virtual, enhanced=enhanced)
    if what == "exception" and value != 0x38:
        assert code == value
        assert lab.changes() == {}
        return
    assert code == 0
    ccs = {"real": 0, "absolute": 0, "segment": 1, "page": 2, "outside": 3, "exception": 3}
    result = 0xAAAAAAAA80000000 | value if ccs[what] == 3 else value
    assert (int(lab.cpu.cc), int(lab.gr[1])) == (ccs[what], result)


def test_access_through_five_tables(lab):
    lab.store(BLOCK + 0x123, b"\x11\x22")
    space = map_page(lab, VIRTUAL, BLOCK, level=REGION_FIRST)
    map_page(lab, CODE, CODE, level=REGION_FIRST)
    lab.gr[5], lab.gr[1] = VIRTUAL + 0x123, 0x7788
    translated(lab, space)
    code = lab.step("lg %r2,0(%r5)\n stg %r1,0(%r5)")
    assert [code, lab.go()] == [0, 0]
    assert lab.gr[2] == 0x1122000000000000
    assert lab.word(BLOCK + 0x123) == 0x7788


@pytest.mark.parametrize(
    ("on", "level", "code"),
    [
        pytest.param(INVALID, SEGMENT, SEGMENT_TRANSLATION, id="segment"),
        pytest.param(PAGE_INVALID, -1, PAGE_TRANSLATION, id="page"),
    ],
)
@pytest.mark.parametrize("line", ["lg %r1,0x228(%r5)", "stg %r1,0x228(%r5)"])
def test_translation_exception_is_nullified_and_identified(lab, on, level, code, line):
    asce = map_code(lab)
    if level < 0:
        change(lab, BLOCK, level, on=on)
    else:
        lab.gr[5] = 0x100000 + BLOCK  # the next segment
        put(lab, SEGMENT_TABLE + 8, PAGE_TABLE | on)
    translated(lab, asce)
    lab.store(0xA0, b"\xff" * 3)
    assert lab.step(line) == code
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0xA8) == int(lab.gr[5])
    assert (lab.word(0xA0, 1), lab.word(0xA2, 1)) == (0, 0)


@pytest.mark.parametrize(("space", "number"), [(SECONDARY_SPACE, 2), (HOME_SPACE, 3), (0, 0)])
def test_address_space_identification(lab, space, number):
    asce = map_code(lab)
    other = 0x74000  # an empty space
    put(lab, other, INVALID)
    primary, secondary, home = (asce, other, other) if space == SECONDARY_SPACE else (asce, asce, asce)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    translated(lab, primary, secondary=secondary, home=home, mask=BA_EA | space)
    assert lab.step("lg %r1,0(%r5)") == (SEGMENT_TRANSLATION if space == SECONDARY_SPACE else PAGE_TRANSLATION)
    assert lab.word(0xA8) == BLOCK | number


def test_fetch_and_store_indication_of_facility_75(lab):
    asce = map_code(lab)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    record = lab.machine.storage.record
    record.facilities[1] |= 1 << (63 - 11)
    for line, indication in (("lg %r1,0(%r5)", 0x800), ("stg %r1,0(%r5)", 0x400)):
        translated(lab, asce)
        assert lab.step(line) == PAGE_TRANSLATION
        assert lab.word(0xA8) == BLOCK | indication


@pytest.mark.parametrize("level", [-1, SEGMENT])
def test_dat_protection(lab, level):
    asce = map_code(lab)
    change(lab, BLOCK, level, on=PAGE_PROTECT if level < 0 else PROTECT)
    translated(lab, asce)
    assert lab.step("lg %r1,0(%r5)\n stg %r1,0(%r5)") == 0
    assert lab.go() == PROTECTION
    assert lab.changes() == {}
    assert lab.word(0xA8) == BLOCK | 4  # bit 61: DAT protection, and the address


@pytest.mark.parametrize("enhanced", [0, ENHANCED])
def test_region_protection_and_segment_frames_need_enhanced_dat(lab, enhanced):
    lab.cr[0] = enhanced
    asce = map_page(lab, CODE, CODE, level=1)
    map_page(lab, BLOCK, BLOCK, level=1)
    change(lab, BLOCK, 1, on=PROTECT)
    lab.gr[5] = BLOCK
    translated(lab, asce)
    assert lab.step("stg %r1,0(%r5)") == (PROTECTION if enhanced else 0)


NO_EXECUTE, EXECUTION = 0x100, 1 << (63 - 20)  # in an entry that designates a frame; control register 0


@pytest.mark.parametrize("level", [2, 1])
@pytest.mark.parametrize("enhanced", [0, ENHANCED])
def test_dat_protection_by_a_region(lab, level, enhanced):
    lab.cr[0] = enhanced
    asce = map_page(lab, CODE, CODE)
    map_page(lab, BLOCK, BLOCK)
    change(lab, BLOCK, level, on=PROTECT)
    lab.gr[5] = BLOCK
    translated(lab, asce)
    assert lab.step("lg %r1,0(%r5)\n stg %r1,0(%r5)") == 0
    assert lab.go() == (PROTECTION if enhanced else 0)
    if enhanced:
        assert lab.word(0xA8) == BLOCK | 4


def map_by_frame(lab, level):
    """A space in which a frame of 1M or 2G bytes, which begins at absolute 0, is where it is."""
    asce = map_page(lab, CODE, CODE)
    change(lab, CODE, level, on=FORMAT)
    put(lab, entry_address(CODE, level), lab.word(entry_address(CODE, level)) & 0xFFF)
    lab.gr[5] = BLOCK
    return asce


@pytest.mark.parametrize("level", [SEGMENT, 1])
@pytest.mark.parametrize(("flag", "code"), [(0, 0), (PROTECT, PROTECTION), (COMMON, 0)])
def test_frame_of_a_segment_or_region(lab, level, flag, code):
    lab.cr[0], lab.cpu.prefix = ENHANCED, 0x40000
    asce = map_by_frame(lab, level)
    change(lab, CODE, level, on=flag)
    lab.gr[1], lab.gr[5] = 0x1234, 0x800
    translated(lab, asce)
    assert lab.step("lrag %r2,0(%r5)\n stg %r1,0(%r5)") == 0
    assert lab.gr[2] == 0x800  # absolute
    assert lab.go() == code
    assert lab.machine.read(0x800, 8) == (bytes(8) if code else (0x1234).to_bytes(8, "big"))


@pytest.mark.parametrize("level", [SEGMENT, 1])
def test_common_frame_in_a_private_space(lab, level):
    lab.cr[0] = ENHANCED
    asce = map_by_frame(lab, level)
    change(lab, CODE, level, on=COMMON)
    lab.cr[7] = asce | PRIVATE
    lab.cr[13] = REAL_SPACE
    translated(lab, REAL_SPACE, secondary=asce | PRIVATE, mask=BA_EA | SECONDARY_SPACE)
    assert lab.step("lg %r1,0(%r5)") == TRANSLATION_SPECIFICATION
    assert lab.changes() == {}


def test_common_region_without_a_frame(lab):
    """The bit is looked at too where the entry designates a segment table."""
    lab.cr[0] = ENHANCED
    asce = map_page(lab, BLOCK, BLOCK)
    change(lab, BLOCK, 1, on=COMMON)
    lab.gr[5] = BLOCK
    translated(lab, REAL_SPACE, secondary=asce | PRIVATE, mask=BA_EA | SECONDARY_SPACE)
    assert lab.step("lg %r1,0(%r5)") == TRANSLATION_SPECIFICATION


def test_region_frames_need_enhanced_dat_2():
    """Without the facility the bits of a frame mean nothing in a region-table entry."""
    lab = Lab()
    lab.guest.facilities[1] &= np.uint64(ALL - (1 << 63 - 78 + 64))
    lab.cr[0], lab.gr[5] = ENHANCED, BLOCK
    asce = map_page(lab, CODE, CODE)
    map_page(lab, BLOCK, BLOCK)
    change(lab, CODE, 1, on=FORMAT | COMMON)
    translated(lab, asce | PRIVATE)
    assert lab.step("lrag %r2,0(%r5)") == 0
    assert lab.gr[2] == BLOCK


def test_region_frame_beyond_storage(lab):
    lab.cr[0] = ENHANCED
    asce = map_by_frame(lab, 1)
    lab.gr[5] = SIZE
    translated(lab, asce)
    assert lab.step("lg %r1,0(%r5)") == ADDRESSING


# --- instruction-execution protection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [-1, SEGMENT, 1])
@pytest.mark.parametrize("control", [0, EXECUTION])
@pytest.mark.parametrize("space", [0, HOME_SPACE])
def test_no_instruction_comes_from_a_protected_frame(lab, level, control, space):
    lab.cr[0] = ENHANCED | control
    asce = map_by_frame(lab, level) if level >= 0 else map_page(lab, CODE, CODE)
    change(lab, CODE, level, on=NO_EXECUTE)
    translated(lab, asce, home=asce, mask=BA_EA | space)
    assert lab.step("lghi %r1,7") == (PROTECTION if control else 0)
    if control:
        assert lab.old_psw[1] - lab.word(0x8C, 2) == CODE  # suppressed
        assert lab.word(0xA8) == CODE | 0x84 | (3 if space else 0)  # bits 56 and 61
        assert lab.gr[1] == 0


def test_operands_may_be_in_a_frame_that_is_not_for_execution(lab):
    lab.cr[0] = ENHANCED | EXECUTION
    asce = map_code(lab)
    change(lab, BLOCK, -1, on=NO_EXECUTE)
    translated(lab, asce)
    assert lab.step("stg %r1,0(%r5)\n lg %r2,0(%r5)") == 0
    assert lab.go() == 0


def test_target_of_execute_in_a_frame_that_is_not_for_execution(lab):
    lab.cr[0] = ENHANCED | EXECUTION
    asce = map_code(lab)
    change(lab, BLOCK, -1, on=NO_EXECUTE)
    lab.store(BLOCK, b"\x18\x12")
    translated(lab, asce)
    assert lab.step("ex 0,0(%r5)") == PROTECTION
    assert lab.word(0xA8) == BLOCK | 0x84


def test_instruction_that_begins_before_a_frame_that_is_not_for_execution(lab):
    lab.cr[0] = ENHANCED | EXECUTION
    asce = map_code(lab)
    change(lab, BLOCK + 0x1000, -1, on=NO_EXECUTE)
    translated(lab, asce)
    lab.psw(BA_EA | 1 << 58, ia=BLOCK + 0xFFE)
    assert lab.step("lghi %r1,7") == PROTECTION
    assert lab.word(0xA8) == BLOCK + 0x1000 | 0x84


def test_execution_protection_that_is_turned_on_later(lab):
    """The page has been executed before."""
    lab.cr[0] = ENHANCED
    asce = map_code(lab)
    change(lab, CODE, -1, on=NO_EXECUTE)
    lab.store(BLOCK, (ENHANCED | EXECUTION).to_bytes(8, "big"))
    translated(lab, asce)
    assert lab.step("lctlg %c0,%c0,0(%r5)\n lghi %r1,7") == 0
    assert lab.go() == PROTECTION


def test_execution_protection_needs_its_facility():
    lab = Lab()
    lab.guest.facilities[2] &= np.uint64(ALL - (1 << 63 - 130 + 128))
    lab.cr[0] = ENHANCED | EXECUTION
    asce = map_code(lab)
    change(lab, CODE, -1, on=NO_EXECUTE)
    translated(lab, asce)
    assert lab.step("lghi %r1,7") == 0


def test_segment_frame_is_absolute(lab):
    lab.cr[0] = ENHANCED
    lab.cpu.prefix = 0x40000
    asce = map_code(lab)
    put(lab, SEGMENT_TABLE + 8, FORMAT)  # the second megabyte is the first of absolute storage
    lab.gr[5] = 0x100000
    translated(lab, asce)
    lab.gr[1] = 0x1234
    assert lab.step("stg %r1,0x800(%r5)\n lrag %r2,0x800(%r5)") == 0
    assert lab.go() == 0
    assert lab.word(0x800) == 0x1234
    assert lab.gr[2] == 0x800


def test_private_space(lab):
    """Low-address protection and fetch-protection override do not apply; a common segment is an exception."""
    lab.cr[0] = 1 << (63 - 35)
    asce = map_code(lab)
    map_page(lab, 0, BLOCK, level=SEGMENT)
    translated(lab, asce)
    assert lab.step("stg %r1,0x10(%r0)") == PROTECTION
    translated(lab, asce | PRIVATE)
    assert lab.step("stg %r1,0x10(%r0)") == 0
    change(lab, BLOCK, SEGMENT, on=COMMON)
    translated(lab, asce)
    assert lab.step("stg %r1,0x100(%r5)") == 0
    translated(lab, asce | PRIVATE)
    assert lab.step("stg %r1,0x100(%r5)") == TRANSLATION_SPECIFICATION


def test_instruction_fetch_is_translated(lab):
    asce = map_code(lab)
    change(lab, CODE, -1, on=PAGE_INVALID)
    translated(lab, asce)
    lab.store(CODE, b"\x07\x00")
    assert lab.go() == PAGE_TRANSLATION
    assert lab.old_psw[1] == CODE
    assert lab.word(0xA8) == CODE


def test_secondary_space_mode_fetches_instructions_from_the_primary_space(lab):
    asce = map_code(lab)
    lab.store(0x39000, b"\x77" * 8)
    put(lab, 0x75000, 0x76000)  # the secondary space has one page
    put(lab, 0x76000 + (BLOCK >> 12) * 8, 0x39000)
    translated(lab, asce, secondary=0x75000, mask=BA_EA | SECONDARY_SPACE)
    assert lab.step("lg %r1,0(%r5)") == 0
    assert lab.gr[1] == 0x7777777777777777


def test_page_crossing_operand_needs_both_pages(lab):
    asce = map_code(lab)
    change(lab, BLOCK + 0x1000, -1, on=PAGE_INVALID)
    translated(lab, asce)
    lab.gr[5] = BLOCK + 0xFFC
    lab.gr[1] = (1 << 64) - 1
    assert lab.step("stg %r1,0(%r5)") == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0xA8) == BLOCK + 0x1000


def test_table_outside_the_configuration(lab):
    asce = map_code(lab)
    put(lab, SEGMENT_TABLE, SIZE)
    translated(lab, asce)
    lab.store(CODE, b"\x07\x00")
    assert lab.go() == ADDRESSING


def discard(lab, address):
    """Make a block Vz."""
    lab.machine.set_block(address, "Vz")


@pytest.mark.parametrize("line", ["lg %r1,0(%r5)", "lrag %r1,0(%r5)", "tprot 0(%r5),0(%r5)", "ivsk %r1,%r5"])
def test_discarded_table_is_a_block_volatility_exception_for_the_table(lab, line):
    asce = map_code(lab)
    lab.gr[5] = 0x100000 + BLOCK
    put(lab, SEGMENT_TABLE + 8, 0x7A000)
    discard(lab, 0x7A000)
    translated(lab, asce)
    assert lab.step(line) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}
    assert lab.machine.last_interruption.teid == 0x7A000


def test_table_without_a_frame_is_brought(lab):
    asce = map_code(lab)
    lab.gr[5] = 0x100000 + BLOCK
    put(lab, SEGMENT_TABLE + 8, 0x7A000)  # a page table of zeros: each page is real page 0
    translated(lab, asce)
    assert lab.step("lg %r1,0x1f0(%r5)") == 0
    assert lab.gr[1] == lab.word(0x1F0)


def test_translation_survives_in_the_tlb_until_it_is_purged(lab):
    asce = map_code(lab)
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(0x39000, b"\x22" * 8)
    translated(lab, asce)
    lab.gr[6], lab.gr[7] = entry_address(BLOCK, -1), 0x39000
    code = lab.step("lg %r1,0(%r5)\n sturg %r7,%r6\n ptlb\n lg %r2,0(%r5)")
    assert [code, lab.go(), lab.go(), lab.go()] == [0, 0, 0, 0]
    assert (lab.gr[1], lab.gr[2]) == (0x1111111111111111, 0x2222222222222222)
