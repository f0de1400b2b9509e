"""Invalidation of translation-table entries, and clearing the TLBs: PoP ch. 10; with one CPU and with two."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.assembler.assemble import assemble
from s390emu.machine import Schedule
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, SIZE, Lab
from tests.operands import LOW_ADDRESS_PROTECTION, UPDATE, Operand, discard, operand_checks
from tests.translation import (
    DAT,
    PAGE_INVALID,
    PAGE_TABLE,
    SEGMENT,
    TABLES,
    entry_address,
    index,
    map_page,
    put,
    translated,
)

PRIVILEGED_OPERATION, PROTECTION, ADDRESSING, SPECIFICATION = 0x02, 0x04, 0x05, 0x06
SEGMENT_TRANSLATION, PAGE_TRANSLATION, BLOCK_VOLATILITY = 0x10, 0x11, 0x1A
RANGE, LOCAL = 13, 51  # facilities
BY_ASCE = 0x800
BLOCK, OTHER = 0x38000, 0x39000
TABLE = 0x50800  # a page table, in the second half of a block
INVALIDATE = ["ipte %r1,%r2", "ipte %r1,%r2,%r3", "ipte %r1,%r2,%r3,1", "idte %r1,%r3,%r2", "idte %r1,%r3,%r2,1"]


def words(lab: Lab, address: int, count: int) -> list[int]:
    return [lab.word(address + 8 * n) for n in range(count)]


@pytest.mark.parametrize("line", [*INVALIDATE, "csp %r4,%r2", "cspg %r4,%r2", "csp %r5,%r2"])
def test_privileged(lab, line):
    lab.gr[1], lab.gr[2], lab.gr[3] = SIZE, ALL, ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


# --- INVALIDATE PAGE TABLE ENTRY --------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [0, ALL, 0x12345678, ALL - PAGE_INVALID], ids=hex)
@pytest.mark.parametrize("page", [0, 1, 0x12, 0xFF])
def test_ipte_turns_on_the_page_invalid_bit(lab, entry, page):
    put(lab, TABLE + 8 * page, entry)
    lab.gr[1], lab.gr[2] = TABLE | 0x7FF, ALL - 0xFFFFF | page << 12 | 0xABC
    lab.psw(cc=2)
    assert lab.step("ipte %r1,%r2") == 0
    byte = (entry | PAGE_INVALID) >> 8 & 0xFF
    assert lab.changes() == ({} if entry & PAGE_INVALID else {TABLE + 8 * page + 6: bytes([byte])})


@pytest.mark.parametrize("mask", [BA_EA, MODE_31, MODE_24])
def test_ipte_addresses_have_64_bits_in_every_mode(lab, mask):
    lab.gr[1], lab.gr[2] = 1 << 40, 0
    lab.psw(mask)
    assert lab.step("ipte %r1,%r2") == ADDRESSING
    assert lab.changes() == {}


def test_ipte_address_is_real(lab):
    lab.cpu.prefix = 0x40000
    lab.psw()
    put(lab, 0x40800, 0)
    lab.gr[1], lab.gr[2] = 0x800, 0
    assert lab.step("ipte %r1,%r2") == 0
    assert lab.word(0x40800) == PAGE_INVALID


@pytest.mark.parametrize(
    ("page", "count", "entries"),
    [
        pytest.param(3, 0, 1, id="no-more"),
        pytest.param(3, 4, 5, id="four-more"),
        pytest.param(3, 0xFFFFFFFFFFFFFF04, 5, id="other-bits-ignored"),
        pytest.param(0, 255, 256, id="the-whole-table"),
        pytest.param(255, 0, 1, id="the-last"),
        pytest.param(251, 4, 5, id="to-the-last"),
    ],
)
def test_ipte_range(lab, page, count, entries):
    lab.gr[1], lab.gr[2], lab.gr[3] = TABLE, page << 12, count
    put(lab, TABLE, 0)
    assert lab.step("ipte %r1,%r2,%r3") == 0
    assert words(lab, TABLE, 256) == [PAGE_INVALID if page <= n < page + entries else 0 for n in range(256)]
    assert words(lab, TABLE - 8, 1) + words(lab, TABLE + 2048, 1) == [0, 0]


def test_ipte_range_beyond_the_table(lab):
    lab.gr[1], lab.gr[2], lab.gr[3] = SIZE, 0xFC << 12, 4
    assert lab.step("ipte %r1,%r2,%r3") == SPECIFICATION
    assert lab.changes() == {}


def test_ipte_field_r3_zero_is_no_range(lab):
    lab.gr[0], lab.gr[1], lab.gr[2] = 255, TABLE, 4 << 12
    assert lab.step("ipte %r1,%r2,%r0,0") == 0
    assert words(lab, TABLE, 6) == [0, 0, 0, 0, PAGE_INVALID, 0]


def test_ipte_without_the_range_facility_ignores_r3():
    lab = Lab()
    lab.guest.facilities[0] &= np.uint64(ALL - (1 << 63 - RANGE))
    lab.gr[1], lab.gr[2], lab.gr[3] = TABLE, 0xFC << 12, 4
    assert lab.step("ipte %r1,%r2,%r3") == 0
    assert words(lab, TABLE + 8 * 0xFB, 3) == [0, PAGE_INVALID, 0]


@pytest.mark.parametrize(
    ("line", "table"),
    [pytest.param("ipte %r1,%r2", 0x7E000, id="ipte"), pytest.param("idte %r1,%r3,%r2", 0x7E000, id="idte")],
)
@pytest.mark.parametrize(("key", "code"), [(0, 0), (3, 0), (5, PROTECTION)])
def test_table_entry_is_stored_with_the_psw_key(lab, line, table, key, code):
    lab.set_key(table, 0x30)
    lab.set_key(CODE, 0)
    lab.gr[1], lab.gr[2] = table, 0
    lab.psw(key=key)
    assert lab.step(line) == code
    assert (lab.changes() == {}) == (code != 0)


@pytest.mark.parametrize("line", ["ipte %r1,%r2", "idte %r1,%r3,%r2"])
@pytest.mark.parametrize(("entry", "code"), [(0x1F8 // 8, PROTECTION), (0x200 // 8, 0)])
def test_table_entry_is_subject_to_low_address_protection(lab, line, entry, code):
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    lab.gr[1], lab.gr[2] = 0x1000, entry << (12 if line.startswith("ipte") else 20)
    lab.psw()
    assert lab.step(line) == code
    assert len(lab.changes()) == (code == 0)


@pytest.mark.parametrize("line", ["ipte %r1,%r2", "idte %r1,%r3,%r2"])
def test_table_that_was_discarded(lab, line):
    lab.gr[1], lab.gr[2] = 0x7E000, 0
    lab.psw()
    discard(lab, 0x7E000)
    assert lab.step(line) == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}
    assert lab.machine.last_interruption.teid & ~0xFFF == 0x7E000


# --- INVALIDATE DAT TABLE ENTRY ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("entry", [0, ALL, 0x12345 << 12, ALL - 0x20], ids=hex)
def test_idte_turns_on_the_invalid_bit(lab, level, entry):
    virtual = 0x0123_4567_89A0_0000 & ~0xFF000
    address = TABLES[level] + 8 * index(virtual, level)
    put(lab, address, entry)
    lab.gr[1], lab.gr[2] = TABLES[level] | level << 2 | 0xFF3, virtual
    lab.psw(cc=2)
    assert lab.step("idte %r1,%r3,%r2") == 0
    byte = (entry | 0x20) & 0xFF
    assert lab.changes() == ({} if entry & 0x20 else {address + 7: bytes([byte])})


@pytest.mark.parametrize("r2", [0x1000, 0xFF000, 0x80000 | BY_ASCE], ids=hex)
def test_idte_bits_44_to_51_must_be_zeros(lab, r2):
    lab.gr[1], lab.gr[2] = SIZE, r2
    assert lab.step("idte %r1,%r3,%r2") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("first", "more"), [(0, 0), (5, 3), (510, 4), (0, 2047)])
def test_idte_several_entries(lab, first, more):
    table = 0x60000
    lab.gr[1], lab.gr[2] = table, first << 20 | more
    assert lab.step("idte %r1,%r3,%r2") == 0
    assert words(lab, table, 2048) == [0x20 if first <= n <= first + more else 0 for n in range(2048)]


def test_idte_several_entries_are_invalidated_all_or_none(lab):
    """The second block has another key."""
    lab.set_key(CODE, 0x30)
    lab.set_key(0x60000, 0x30)
    lab.set_key(0x61000, 0x50)
    lab.gr[1], lab.gr[2] = 0x60000, 510 << 20 | 4
    lab.psw(key=3)
    assert lab.step("idte %r1,%r3,%r2") == PROTECTION
    assert lab.changes() == {}


def test_idte_clearing_by_asce_invalidates_nothing(lab):
    lab.gr[1], lab.gr[2], lab.gr[3] = SIZE, BY_ASCE, 0x60000
    lab.psw(cc=3)
    assert lab.step("idte %r1,%r3,%r2") == 0
    assert lab.changes() == {}


# --- COMPARE AND REPLACE DAT TABLE ENTRY ------------------------------------------------------------------------------

TYPES = {0: 0x00, 1: 0x10, 2: 0x14, 3: 0x18, 4: 0x1C}  # page, segment and region tables: bits 59-61 of R2
VIRTUAL = 0x0123_4567_89AB_C000


def entry_of(kind: int) -> int:
    """Return the offset of the entry for VIRTUAL in a table."""
    return 8 * (VIRTUAL >> 12 & 0xFF if kind == 0 else VIRTUAL >> 20 + 11 * (kind - 1) & 0x7FF)


def replace(lab, kind: int, old: int, new: int) -> None:
    table = TABLE if kind == 0 else 0x60000
    lab.gr[2], lab.gr[3], lab.gr[4], lab.gr[5] = old, new, table | TYPES[kind] | 3, VIRTUAL | 0xABC


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("local", ["", ",1"])
def test_crdte_replaces_an_equal_entry(lab, kind, local):
    replace(lab, kind, 0x1234, 0x5678)
    address = (int(lab.gr[4]) & ~0x7FF) + entry_of(kind)
    put(lab, address, 0x1234)
    lab.psw(cc=3)
    assert lab.step(f"crdte %r2,%r8,%r4{local}") == 0
    assert lab.changes() == {"cc": 0, address + 6: b"\x56\x78"}


@pytest.mark.parametrize("kind", TYPES)
def test_crdte_loads_an_unequal_entry(lab, kind):
    replace(lab, kind, 0x1234, 0x5678)
    put(lab, (int(lab.gr[4]) & ~0x7FF) + entry_of(kind), 0x9999)
    lab.psw(cc=3)
    assert lab.step("crdte %r2,%r8,%r4") == 0
    assert lab.changes() == {"cc": 1, "r2": 0x9999}


@pytest.mark.parametrize("line", ["crdte %r3,%r8,%r4", "crdte %r2,%r8,%r5", "crdte %r2,%r8,%r4"])
@pytest.mark.parametrize("reserved", [4, 8, 12])
def test_crdte_specification(lab, line, reserved):
    replace(lab, 0, 0, 0)
    if line == "crdte %r2,%r8,%r4":
        lab.gr[4] |= reserved
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


def test_crdte_is_privileged(lab):
    lab.psw(PROBLEM_STATE)
    assert lab.step("crdte %r3,%r8,%r5") == PRIVILEGED_OPERATION
    assert lab.changes() == {}


def test_crdte_of_a_table_outside_the_configuration(lab):
    replace(lab, 1, 0, 0)
    lab.gr[4] = SIZE | TYPES[1]
    assert lab.step("crdte %r2,%r8,%r4") == ADDRESSING
    assert lab.changes() == {}


# --- the TLB of this CPU ----------------------------------------------------------------------------------------------


def load_then(lab: Lab, line: str) -> int:
    """Load from BLOCK, execute the line, load again: -> the code of the second load."""
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, BLOCK, BLOCK, level=SEGMENT)
    for page in (PAGE_TABLE, TABLES[0]):
        map_page(lab, page, page, level=SEGMENT)
    lab.store(BLOCK, b"\x11" * 8)
    translated(lab, asce)
    lab.gr[5] = BLOCK
    assert [lab.step(f"lg %r0,0(%r5)\n {line}\n lg %r0,0(%r5)"), lab.go()] == [0, 0]
    return lab.go()


@pytest.mark.parametrize("line", ["ipte %r1,%r2", "ipte %r1,%r2,%r3,1", "ipte %r1,%r6,%r3"])
def test_ipte_takes_effect_at_once(lab, line):
    lab.gr[1], lab.gr[2], lab.gr[3] = PAGE_TABLE, BLOCK, 0
    if "r6" in line:  # a range that ends with the page
        lab.gr[6], lab.gr[3] = BLOCK - 0x3000, 3
    assert load_then(lab, line) == PAGE_TRANSLATION


@pytest.mark.parametrize("line", ["idte %r1,%r3,%r2", "idte %r1,%r3,%r2,1"])
def test_idte_takes_effect_at_once(lab, line):
    """The segment is that of the instruction, too."""
    lab.gr[1], lab.gr[2] = TABLES[0], 0
    assert load_then(lab, line) == SEGMENT_TRANSLATION
    assert lab.old_psw[1] == CODE + 10


def test_ipte_of_the_page_that_is_executed(lab):
    lab.gr[1], lab.gr[2] = PAGE_TABLE, CODE
    assert load_then(lab, "ipte %r1,%r2") == PAGE_TRANSLATION
    assert lab.word(0xA8) & ~0xFFF == CODE


# --- COMPARE AND SWAP AND PURGE ---------------------------------------------------------------------------------------


def equal(lab: Lab) -> None:
    lab.gr[2], lab.gr[3] = int.from_bytes(bytes((7 + 13 * n) % 256 for n in range(8)), "big"), ALL


def equal32(lab: Lab) -> None:
    lab.gr[2], lab.gr[3] = int.from_bytes(bytes((7 + 13 * n) % 256 for n in range(4)), "big"), ALL


@operand_checks(
    Operand("csp %r2,%r5", 4, UPDATE, align=4, setup=equal32),
    Operand("csp %r0,%r5", 4, UPDATE, align=4),
    Operand("cspg %r2,%r5", 8, UPDATE, align=8, setup=equal),
    Operand("cspg %r0,%r5", 8, UPDATE, align=8),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("line", ["csp %r1,%r2", "cspg %r15,%r2"])
def test_compare_and_swap_needs_an_even_register(lab, line):
    lab.gr[2] = SIZE
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("low", [0, 1, 2, 3])
def test_csp(lab, low):
    lab.store(BLOCK, bytes.fromhex("1122334455667788"))
    lab.gr[4], lab.gr[5], lab.gr[2] = 0xFFFFFFFF55667788, 0xEEEEEEEE99AABBCC, BLOCK + 4 + low
    lab.psw(cc=3)
    assert lab.step("csp %r4,%r2") == 0
    assert lab.changes() == {"cc": 0, BLOCK + 4: bytes.fromhex("99aabbcc")}
    lab.psw(cc=3)
    assert lab.step("csp %r4,%r2") == 0
    assert lab.changes() == {"cc": 1, "r4": 0xFFFFFFFF99AABBCC}


@pytest.mark.parametrize("low", range(8))
def test_cspg(lab, low):
    lab.store(BLOCK, bytes.fromhex("1122334455667788"))
    lab.gr[4], lab.gr[5], lab.gr[2] = 0x1122334455667788, 0x99AABBCCDDEEFF00, BLOCK + low
    lab.psw(cc=3)
    assert lab.step("cspg %r4,%r2") == 0
    assert lab.changes() == {"cc": 0, BLOCK: bytes.fromhex("99aabbccddeeff00")}
    lab.psw(cc=3)
    assert lab.step("cspg %r4,%r2") == 0
    assert lab.changes() == {"cc": 1, "r4": 0x99AABBCCDDEEFF00}


def test_compare_and_swap_unequal_is_a_store_for_the_change_bit(lab):
    lab.store(BLOCK, bytes(8))
    lab.set_key(BLOCK, 0)
    lab.gr[4], lab.gr[2] = 1, BLOCK
    assert lab.step("cspg %r4,%r2") == 0
    assert lab.changes(keys=True)[f"key {BLOCK:#x}"] == 0x06


@pytest.mark.parametrize("low", [1, 3])
def test_cspg_purges_where_asked(lab, low):
    """The page-table entry of BLOCK is swapped for an invalid one."""
    lab.gr[8], lab.gr[9], lab.gr[2] = BLOCK, PAGE_INVALID, entry_address(BLOCK, -1) + low
    assert load_then(lab, "cspg %r8,%r2") == PAGE_TRANSLATION


# --- the TLB of the other CPU -----------------------------------------------------------------------------------------

LOADING = 0x39000  # where CPU 1 executes
REPLACED = f"lgfi %r4,{PAGE_TABLE}\n lgfi %r5,{BLOCK}\n"  # the page-table entry of BLOCK, as CRDTE takes it


def code_of_the_other_cpu(line: str, r1: int, r2: int, *, missing: int | None = None) -> int:
    """CPU 1 loads from BLOCK again and again, by DAT; CPU 0 executes the line meanwhile, without a facility: -> the
    code of CPU 1's program interruption, 0 if it still has none long after that."""
    lab = Lab(cpus=2, schedule=Schedule(2, 20))
    if missing is not None:
        lab.guest.facilities[0] &= np.uint64(ALL - (1 << 63 - missing))
    asce = map_page(lab, LOADING, LOADING, level=SEGMENT)
    map_page(lab, BLOCK, BLOCK, level=SEGMENT)
    for address, source in ((CODE, f"brctg %r10,.\n {line}\n j ."), (LOADING, "lg %r1,0(%r5)\n j .-6")):
        lab.store(address, assemble(source, origin=address).sections[0].data)
    lab.store(0x1D0, (0x0002000180000000).to_bytes(8, "big"))
    first, second = lab.machine.cpus
    first.gr[10], first.gr[1], first.gr[2], first.gr[8], first.gr[9] = 100, r1, r2, BLOCK, PAGE_INVALID
    first.set_psw(BA_EA, CODE)
    second.record.stopped = 0
    second.cr[1], second.gr[5] = asce, BLOCK
    second.set_psw(BA_EA | DAT, LOADING)
    lab.machine.run(1000)
    assert second.count > 200 or second.last_interruption
    return second.last_interruption.code if second.last_interruption else 0


@pytest.mark.parametrize(
    ("line", "r1", "r2", "code"),
    [
        pytest.param("ipte %r1,%r2", PAGE_TABLE, BLOCK, PAGE_TRANSLATION, id="ipte"),
        pytest.param("ipte %r1,%r2,%r3", PAGE_TABLE, BLOCK, PAGE_TRANSLATION, id="ipte-range"),
        pytest.param("ipte %r1,%r2", PAGE_TABLE, BLOCK - 0x1000, 0, id="ipte-of-another-page"),
        pytest.param("idte %r1,%r3,%r2", TABLES[0], 0, SEGMENT_TRANSLATION, id="idte"),
        pytest.param("mvi 7(%r1),0x20", TABLES[0], 0, 0, id="only-stored"),
        pytest.param("mvi 7(%r1),0x20\n idte %r1,%r3,%r2", TABLES[0], BY_ASCE, SEGMENT_TRANSLATION, id="idte-by-asce"),
        pytest.param("cspg %r8,%r2", 0, entry_address(BLOCK, -1) + 1, PAGE_TRANSLATION, id="cspg"),
        pytest.param("cspg %r8,%r2", 0, entry_address(BLOCK, -1), 0, id="cspg-without-purge"),
        pytest.param("cspg %r8,%r2", 0, entry_address(BLOCK, -1) + 2, 0, id="cspg-purges-the-ALB"),
        pytest.param("lghi %r8,0\n lghi %r9,32\n csp %r8,%r2", 0, TABLES[0] + 4 + 1, 0, id="csp-unequal"),
        pytest.param("lgfi %r8,0x70000\n lgfi %r9,0x70020\n csp %r8,%r2", 0, TABLES[0] + 4 + 1, SEGMENT_TRANSLATION,
                     id="csp"),
        pytest.param(f"{REPLACED} crdte %r8,%r0,%r4", 0, 0, PAGE_TRANSLATION, id="crdte"),
        pytest.param(f"{REPLACED} lghi %r8,0\n crdte %r8,%r0,%r4", 0, 0, 0, id="crdte-unequal"),
    ],
)  # fmt: skip
def test_what_the_other_cpu_looks_at_again(line, r1, r2, code):
    assert code_of_the_other_cpu(line, r1, r2) == code


@pytest.mark.parametrize(
    ("line", "r1", "r2", "code"),
    [("ipte %r1,%r2,%r3,1", PAGE_TABLE, BLOCK, PAGE_TRANSLATION),
     ("idte %r1,%r3,%r2,1", TABLES[0], 0, SEGMENT_TRANSLATION),
     (f"{REPLACED} crdte %r8,%r0,%r4,1", 0, 0, PAGE_TRANSLATION)],
    ids=["ipte", "idte", "crdte"],
)  # fmt: skip
def test_local_clearing_leaves_the_other_cpus_tlb(line, r1, r2, code):
    assert code_of_the_other_cpu(line, r1, r2) == 0
    assert code_of_the_other_cpu(line, r1, r2, missing=LOCAL) == code
