"""EXTRACT AND SET STORAGE ATTRIBUTES: docs/page-hinting.md 1 to 3, and test obligations 1, 3, 4, 7, 8, 10, 12."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    OPERATION,
    PRIVILEGED_OPERATION,
    SPECIFICATION,
)
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Reason
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_T
from tests import page_state_table as spec
from tests.lab import ALL, BA_EA, CODE, HANDLER, MODE_24, MODE_31, PROBLEM_STATE, Lab

BLOCK = 0x40
ADDRESS = BLOCK * BLOCK_SIZE
DATA = bytes(range(256)) * 16
NO_DAT = 0x20
ACC_F = 0x58
MACHINE_CHECKS = 1 << 50  # PSW bit 13


@pytest.fixture(scope="session")
def _cmm():
    return Lab(host=Host(256, PagingDevice(slots=64)), no_dat=True)


@pytest.fixture
def cmm(_cmm):
    """A guest with ESSA, facility 147 and a paging device; GR1 designates the block under test."""
    _cmm.reset()
    _cmm.psw()
    _cmm.gr[1] = ADDRESS
    return _cmm


def put(lab, state, **details):
    lab.machine.host.set_block(lab.machine.guest_number, BLOCK, state, **details)


def state(lab):
    return lab.machine.storage.block(BLOCK).name


def key(lab):
    return lab.machine.storage.key(BLOCK)


def elsewhere(changes):
    """Without the bytes of the block under test."""
    return {name: value for name, value in changes.items() if name not in range(ADDRESS, ADDRESS + BLOCK_SIZE)}


@pytest.mark.parametrize("no_dat", [0, 1], ids=["", "no-dat"])
@pytest.mark.parametrize(
    "cell",
    [cell for cell in spec.CELLS if cell.event.startswith("ORC")],
    ids=lambda cell: f"{cell.before}-C{cell.change}-{cell.event}",
)
def test_essa_does_what_the_table_says(cmm, cell, no_dat):
    orc = int(cell.event[3:])
    before_key = ACC_F | REFERENCE | (CHANGE if cell.change else 0)
    put(cmm, cell.before, key=before_key, no_dat=no_dat, data=DATA)
    cmm.gr[2] = ALL
    cmm.psw(cc=2)
    assert cmm.step(f"essa %r2,%r1,{orc}") == 0
    before = spec.code(cell.before) | (NO_DAT if no_dat else 0)
    content = DATA if cell.before[1] != "z" and cell.after[1] != "z" else bytes(BLOCK_SIZE)
    assert elsewhere(cmm.changes()) == {"r2": before}  # and neither the condition code, nor the PSW, nor anything else
    assert state(cmm) == cell.after
    assert cmm.machine.storage.blocks[BLOCK].no_dat == {1: 0, 7: 1}.get(orc, no_dat)
    assert key(cmm) == (0 if cell.action == "D" else before_key)
    assert cmm.machine.read(ADDRESS, BLOCK_SIZE) == content
    assert list(cmm.machine.port.essa_count) == [int(n == orc) for n in range(16)]


# --- section 1: operands ---------------------------------------------------------------------------------------------


def test_essa_ignores_the_offset_in_the_block(cmm):
    cmm.gr[1] = ADDRESS + 0xFFF
    assert cmm.step("essa %r2,%r1,2") == 0
    assert (state(cmm), cmm.gr[2]) == ("Uz", 3)


def test_essa_same_register_for_both_operands(cmm):
    assert cmm.step("essa %r1,%r1,2") == 0
    assert (state(cmm), cmm.gr[1]) == ("Uz", 3)


@pytest.mark.parametrize("mode, mask", [(MODE_24, 0xFFFFFF), (MODE_31, 0x7FFFFFFF)], ids=["24", "31"])
def test_essa_truncates_the_address_to_the_addressing_mode(cmm, mode, mask):
    cmm.gr[1] = (ALL & ~mask) | ADDRESS
    cmm.psw(mode)
    assert cmm.step("essa %r2,%r1,2") == 0
    assert (state(cmm), cmm.gr[2]) == ("Uz", 3)


def test_essa_takes_an_absolute_address(cmm):
    """D1: no prefixing."""
    cmm.cpu.prefix = ADDRESS & ~0x1FFF
    assert cmm.step("essa %r2,%r1,2") == 0
    assert state(cmm) == "Uz"


def test_essa_is_no_storage_reference(cmm):
    """D2: neither protection nor R and C."""
    put(cmm, "Sr", key=0x38)
    cmm.cpu.cr[0] |= 1 << 28  # low-address protection
    cmm.psw(key=7)
    assert cmm.step("essa %r2,%r1,3") == 0
    assert key(cmm) == 0x38
    cmm.gr[1] = 0
    assert cmm.step("essa %r2,%r1,0") == 0


def test_essa_never_faults_on_its_operand(cmm):
    """D4."""
    put(cmm, "Vz")
    assert cmm.step("essa %r2,%r1,0") == 0
    assert cmm.gr[2] == 0x0F


# --- section 1.1: exceptions in the order of priority ----------------------------------------------------------------


def test_essa_absent_is_an_operation_exception_even_in_the_problem_state(cmm):
    cmm.machine.storage.record.essa = 0
    cmm.psw(PROBLEM_STATE)
    assert cmm.step("essa %r2,%r1,8") == OPERATION
    assert (state(cmm), cmm.changes()) == ("Sz", {})


def test_essa_in_the_problem_state_comes_before_a_reserved_request(cmm):
    cmm.psw(PROBLEM_STATE)
    assert cmm.step("essa %r2,%r1,8") == PRIVILEGED_OPERATION
    assert (state(cmm), cmm.changes()) == ("Sz", {})


@pytest.mark.parametrize("orc", range(8, 16))
def test_essa_reserved_request_comes_before_addressing(cmm, orc):
    cmm.gr[1] = cmm.machine.storage.size
    assert cmm.step(f"essa %r2,%r1,{orc}") == SPECIFICATION
    assert cmm.changes() == {}


def test_essa_7_needs_facility_147(lab):
    lab.gr[1] = ADDRESS
    assert lab.step("essa %r2,%r1,7") == SPECIFICATION
    assert lab.changes() == {}


def test_essa_7_with_facility_147(cmm):
    assert cmm.step("essa %r2,%r1,7") == 0
    assert cmm.step("essa %r2,%r1,0", at=CODE) == 0
    assert cmm.gr[2] == 0x23


@pytest.mark.parametrize("address", [1 << 20, 1 << 40, ALL])
def test_essa_beyond_the_configuration(cmm, address):
    cmm.gr[1] = address
    assert cmm.step("essa %r2,%r1,0") == ADDRESSING
    assert cmm.changes() == {}


def test_essa_exception_is_suppressed_with_ilc_2(cmm):
    assert cmm.step("essa %r2,%r1,9") == SPECIFICATION
    assert cmm.old_psw == (BA_EA, CODE + 4)
    assert cmm.word(0x8C, 2) == 4
    assert list(cmm.machine.port.essa_count) == [0] * 16


# --- what the guest sees of the host ---------------------------------------------------------------------------------


def test_discarded_block_faults_at_the_next_reference_in_spite_of_the_tlb(cmm):
    """Test obligation 10, and section 5: the whole fault."""
    put(cmm, "Vr", data=DATA)
    assert cmm.step("lg %r3,8(%r1)") == 0
    assert cmm.gr[3] == 0x08090A0B0C0D0E0F
    cmm.machine.host.discard(0, BLOCK)
    cmm.psw(cc=1)
    assert cmm.step("lg %r3,8(%r1)") == BLOCK_VOLATILITY
    assert cmm.changes() == {"ia": CODE}  # nullified
    assert cmm.old_psw == (BA_EA | 1 << 44, CODE)
    assert cmm.word(0x8C, 2) == 6
    assert cmm.word(0xA8) == ADDRESS  # absolute block; bits 52-63 zero without facility 75
    assert (cmm.word(0xA0, 1), cmm.word(0xA2, 1)) == (0, 0)
    assert state(cmm) == "Vz"


def test_fault_repeats_until_the_block_is_made_stable(cmm):
    put(cmm, "Vz")
    for _ in range(2):
        cmm.psw()
        assert cmm.step("stg %r3,0(%r1)") == BLOCK_VOLATILITY
    cmm.psw()
    assert cmm.step("essa %r2,%r1,1") == 0
    assert cmm.step("lg %r3,0(%r1)", at=CODE) == 0
    assert (state(cmm), cmm.gr[2], cmm.gr[3]) == ("Sr", 0x0F, 0)


def test_fault_identifies_the_absolute_block(cmm):
    """Real block 65, absolute block 1: reverse prefixing."""
    cmm.machine.host.set_block(0, 1, "Vz")
    cmm.machine.write(ADDRESS + 0x1D0, BA_EA.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
    cmm.cpu.prefix = ADDRESS
    cmm.gr[1] = ADDRESS + BLOCK_SIZE
    assert cmm.step("lg %r3,0(%r1)") == BLOCK_VOLATILITY
    assert cmm.word(ADDRESS + 0xA8) == BLOCK_SIZE


def test_fault_in_the_own_prefix_area_is_a_check_stop(cmm):
    put(cmm, "Vz")
    cmm.cpu.prefix = ADDRESS & ~0x1FFF  # real block 0 is absolute block 64: its own prefix area
    cmm.gr[1] = 0
    assert cmm.machine.run(2).reason is Reason.CHECK_STOP_LOWCORE
@pytest.mark.parametrize("source, indication", [("lg %r3,0(%r1)", 0x800), ("stg %r3,0(%r1)", 0x400)])
def test_fault_tells_fetch_from_store_with_facility_75(cmm, source, indication):
    """D15."""
    cmm.machine.storage.record.facilities[1] |= 1 << (127 - 75)
    put(cmm, "Vz")
    assert cmm.step(source) == BLOCK_VOLATILITY
    assert cmm.word(0xA8) == ADDRESS | indication


def test_fault_comes_before_key_controlled_protection(cmm):
    """D16."""
    put(cmm, "Vz", key=0x38)
    cmm.psw(key=7)
    assert cmm.step("lg %r3,0(%r1)") == BLOCK_VOLATILITY


@pytest.mark.parametrize("source", ["lg %r3,0(%r4)", "stg %r3,0(%r4)"])
@pytest.mark.parametrize("first_there", [True, False])
def test_operand_across_a_discarded_block_changes_nothing(cmm, source, first_there):
    put(cmm, "Vz")
    other = BLOCK - 1 if first_there else BLOCK + 1
    cmm.machine.host.set_block(0, other, "Sr", data=DATA)
    cmm.gr[4] = ADDRESS - 4 if first_there else ADDRESS + BLOCK_SIZE - 4
    assert cmm.step(source) == BLOCK_VOLATILITY
    assert cmm.changes(keys=True) == {"ia": CODE, f"key {CODE:#x}": REFERENCE}
    assert cmm.word(0xA8) == ADDRESS


def test_dirty_potentially_volatile_block_is_never_lost(cmm):
    """Test obligation 4."""
    put(cmm, "Sr")
    assert cmm.step("essa %r2,%r1,4") == 0
    cmm.gr[3] = 0x1122334455667788
    assert cmm.step("stg %r3,0(%r1)", at=CODE) == 0
    cmm.machine.host.reclaim(0, BLOCK)
    assert state(cmm) == "Sp"
    cmm.gr[3] = 0
    assert cmm.step("lg %r3,0(%r1)", at=CODE) == 0
    assert cmm.gr[3] == 0x1122334455667788


def test_clean_potentially_volatile_block_is_discarded(cmm):
    put(cmm, "Pr", key=REFERENCE, data=DATA)
    cmm.machine.host.reclaim(0, BLOCK)
    assert (state(cmm), key(cmm)) == ("Vz", 0)


def test_essa_5_faults_no_more_than_it_needs(cmm):
    """D5: ORC 5 brings the content; a second one finds it there."""
    put(cmm, "Sp", data=DATA)
    assert cmm.step("essa %r2,%r1,5") == 0
    assert cmm.step("essa %r3,%r1,5", at=CODE) == 0
    assert (cmm.gr[2], cmm.gr[3], state(cmm)) == (2, 0, "Sr")
    assert cmm.machine.host.statistics(0).faults_resolved == 0


def test_essa_5_whose_content_is_lost_is_a_machine_check(cmm):
    """D20: nothing has happened to the block, and it stays that way."""
    put(cmm, "Sp", data=DATA)
    cmm.machine.host.swap_error(0, BLOCK)
    for checks in (1, 2):
        cmm.machine.set_psw(BA_EA | MACHINE_CHECKS, CODE)
        cmm.machine.write(CODE, bytes.fromhex("b9ab5021"))
        cmm.machine.run(1)
        assert cmm.machine.port.interruption_count[2] == checks
        assert (cmm.word(0x160), cmm.word(0x168)) == (BA_EA | MACHINE_CHECKS, CODE)
        assert cmm.word(0xE8) >> 62 == 1 and cmm.word(0xE8) >> 47 & 1  # processing damage, storage error uncorrected
        assert cmm.word(0xF8) == ADDRESS
        assert (state(cmm), cmm.gr[2]) == ("Sp", 0)
    assert cmm.machine.host.statistics(0).paging_errors == 2


def test_essa_events_tell_before_and_after(cmm):
    """The timeline: guest ORC, host reclaim, in order."""
    put(cmm, "Sr", data=DATA)
    cmm.machine.watch(EVENT_ESSA, EVENT_HOST)
    cmm.step("essa %r2,%r1,3")
    cmm.machine.host.reclaim(0, BLOCK)
    events = [tuple(int(e[name]) for name in EVENT_T.names[1:]) for chunk in cmm.machine.drain_events() for e in chunk]
    cpu = 0
    assert events == [
        (EVENT_ESSA, BLOCK, 0x00, 0x0C, 3, CODE, cpu), (EVENT_HOST, BLOCK, 0x0C, 0x0F, 1 | 8 << 8, CODE, cpu)
    ]  # fmt: skip


# --- section 4: references -------------------------------------------------------------------------------------------

REFERENCES = {"fetch": "lg %r3,0(%r1)", "store": "stg %r3,0(%r1)", "instruction fetch": ""}


def refer(lab, kind):
    """A reference to the block under test; for an instruction fetch there is X'0000', an operation exception."""
    lab.machine.write(CODE, bytes(16))
    if kind == "instruction fetch":
        lab.psw(ia=ADDRESS)
        return lab.go() - OPERATION  # 0: fetched and decoded
    return lab.step(REFERENCES[kind])


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize(
    "before, after, code",
    [("Sr", "Sr", 0), ("Pr", "Pr", 0), ("Vr", "Vr", 0), ("Sp", "Sr", 0), ("Sz", "Sr", 0), ("Ur", "Ur", 0),
     ("Uz", "Uz", ADDRESSING), ("Vz", "Vz", BLOCK_VOLATILITY)],
)  # fmt: skip
def test_reference_brings_or_faults(cmm, kind, before, after, code):
    put(cmm, before, key=0x10)
    found = refer(cmm, kind)
    assert found == (code - OPERATION if kind == "instruction fetch" and code else code)
    assert state(cmm) == after
    assert key(cmm) == 0x10 | (0 if code else REFERENCE | CHANGE if kind == "store" else REFERENCE)


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("before", ["Ur", "Uz"])
@pytest.mark.parametrize("policy", [0, 1, 2], ids=["discarded", "always", "zerofill"])
def test_reference_to_an_unused_block_by_policy(cmm, kind, before, policy):
    """D8."""
    cmm.machine.storage.record.unused_access = policy
    put(cmm, before)
    faults = policy == 1 or (policy == 0 and before == "Uz")
    found = refer(cmm, kind)
    assert found == (0 if not faults else ADDRESSING - OPERATION if kind == "instruction fetch" else ADDRESSING)
    assert state(cmm) == (before if faults else "Ur")


@pytest.mark.parametrize("policy", [0, 1, 2], ids=["discarded", "always", "zerofill"])
def test_unused_access_does_not_touch_the_volatile(cmm, policy):
    cmm.machine.storage.record.unused_access = policy
    put(cmm, "Vz")
    assert refer(cmm, "fetch") == BLOCK_VOLATILITY


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("hint", ["Uz", "Vz"])
def test_prefix_area_hinted_away_is_a_check_stop(cmm, number, hint):
    """D13, test obligation 11: no loop; and nothing is stored in the other page."""
    host, storage = cmm.machine.host, cmm.machine.storage
    cmm.cpu.prefix = ADDRESS
    host.set_block(0, BLOCK + number, hint)
    host.set_block(0, BLOCK + 1 - number, "Sr", data=DATA)
    cmm.machine.write(CODE, bytes(2))  # an operation exception
    stop = cmm.machine.run(10)
    assert stop.reason is Reason.CHECK_STOP_LOWCORE
    assert cmm.machine.read(ADDRESS + (1 - number) * BLOCK_SIZE, BLOCK_SIZE) == DATA
    assert storage.block(BLOCK + number).name == hint


@pytest.mark.parametrize("before", ["Sp", "Sz"])
def test_prefix_area_that_is_out_is_brought_for_an_interruption(cmm, before):
    cmm.machine.host.set_block(0, BLOCK + 1, before)
    cmm.machine.host.set_block(0, BLOCK, before)
    cmm.cpu.prefix = ADDRESS
    cmm.machine.write(CODE, bytes(2))
    cmm.machine.run(1)
    assert cmm.word(ADDRESS + 0x8C, 4) == 0x0002_0001
    assert cmm.machine.host.statistics(0).faults_resolved == 2


@pytest.mark.parametrize("gone", ["first", "second"])
@pytest.mark.parametrize("before, code", [("Vz", BLOCK_VOLATILITY), ("Uz", ADDRESSING)])
@pytest.mark.parametrize("end", [0, BLOCK_SIZE], ids=["in-its-first-block", "in-its-second-block"])
def test_storage_to_storage_operand_that_is_gone_stores_nothing(cmm, gone, before, code, end):
    """Test obligation 5: each operand, in each of two blocks."""
    put(cmm, before)
    other = BLOCK + 1 if end == 0 else BLOCK - 1
    for number in (other, BLOCK + 4):
        cmm.machine.host.set_block(0, number, "Sr", data=DATA)
    crossing = ADDRESS + BLOCK_SIZE - 10 if end == 0 else ADDRESS - 10
    there = ADDRESS + 4 * BLOCK_SIZE
    cmm.gr[3], cmm.gr[4] = (crossing, there) if gone == "first" else (there, crossing)
    assert cmm.step("mvc 0(64,%r3),0(%r4)") == code
    assert cmm.changes() == ({"ia": CODE} if code == BLOCK_VOLATILITY else {})
    assert key_of(cmm, BLOCK + 4) & CHANGE == key_of(cmm, other) & CHANGE == 0
    if code == BLOCK_VOLATILITY:
        assert cmm.word(0xA8) == ADDRESS


def key_of(lab, number):
    return lab.machine.storage.key(number)


@pytest.mark.parametrize("source", ["ex %r0,0(%r1)", "exrl %r0,.+{distance}"])
def test_target_of_execute_that_is_gone(cmm, source):
    put(cmm, "Vz")
    assert cmm.step(source.format(distance=ADDRESS - CODE)) == BLOCK_VOLATILITY
    assert cmm.changes() == {"ia": CODE}
    assert cmm.word(0xA8) == ADDRESS


@pytest.mark.parametrize("before", ["Sr", "Sp", "Sz", "Ur", "Uz", "Pr", "Vr", "Vz"])
def test_key_instructions_neither_fault_nor_bring_the_block(cmm, before):
    """D10, test obligation 7: the saved key, and of a discarded block C is zero."""
    put(cmm, before, key=0x36, data=DATA)
    cmm.gr[3] = 0
    assert cmm.step("iske %r3,%r1") == 0
    assert cmm.changes() == {"r3": 0x36}
    assert cmm.step("rrbe %r0,%r1", at=CODE) == 0
    assert cmm.changes(keys=True) == {"cc": 3, f"key {ADDRESS:#x}": 0x32}
    cmm.gr[3] = 0xA4
    assert cmm.step("sske %r3,%r1", at=CODE) == 0
    assert cmm.changes(keys=True) == {f"key {ADDRESS:#x}": 0xA4}
    assert state(cmm) == before
    assert cmm.machine.host.statistics(0).faults_resolved == 0


def test_key_of_a_block_that_was_just_discarded(cmm):
    put(cmm, "Vr", key=0x3E)
    cmm.machine.host.discard(0, BLOCK)
    cmm.gr[3] = 0xFF
    assert cmm.step("iske %r3,%r1") == 0
    assert cmm.gr[3] == 0


def test_change_bit_that_the_guest_sets_decides(cmm):
    """ORC 4 and reclaim look at the guest's C, whoever set it."""
    put(cmm, "Sp", key=CHANGE, data=DATA)
    cmm.gr[3] = 0
    assert cmm.step("sske %r3,%r1") == 0
    assert cmm.step("essa %r2,%r1,4", at=CODE) == 0
    assert state(cmm) == "Vz"


# Instruction, registers beside GR1 = the block, and whether it refers to the block or only to its key: section 4.
ACCESS_ROWS = {
    "tprot 0(%r1),0(%r0)": False,
    "pfmf %r4,%r1": True,  # clear
    "pfmf %r5,%r1": False,  # key only
    "tb %r0,%r1": True,
    "lura %r3,%r1": True,
    "lurag %r3,%r1": True,
    "stura %r3,%r1": True,
    "sturg %r3,%r1": True,
    "mvpg %r1,%r6": True,
    "mvpg %r6,%r1": True,
    "cs %r3,%r8,0(%r1)": True,
    "lmg %r9,%r10,0(%r1)": True,
    "stmg %r9,%r10,0(%r1)": True,
    "tm 0(%r1),1": True,
    "mvi 0(%r1),1": True,
}
CLEAR, SET_KEY = 0x10000, 0x20000  # PFMF, in R1


@pytest.mark.parametrize("before, code", [
    ("Vz", BLOCK_VOLATILITY), ("Uz", ADDRESSING), ("Sp", 0), ("Sz", 0), ("Vr", 0),
])  # fmt: skip
@pytest.mark.parametrize("source", ACCESS_ROWS)
def test_access_by_instruction(cmm, source, before, code):
    put(cmm, before, data=DATA)
    cmm.gr[4], cmm.gr[5] = CLEAR, SET_KEY | 0x30
    cmm.gr[6] = ADDRESS + 4 * BLOCK_SIZE
    assert cmm.step(source) == (code if ACCESS_ROWS[source] else 0)
    refers = ACCESS_ROWS[source] and not code
    assert state(cmm) == (before[0] + "r" if refers else before)
    if code and ACCESS_ROWS[source]:
        assert cmm.changes() == ({"ia": CODE} if code == BLOCK_VOLATILITY else {})
        assert code != BLOCK_VOLATILITY or cmm.word(0xA8) == ADDRESS
    assert cmm.machine.host.statistics(0).faults_resolved <= 2


@pytest.mark.parametrize("before", ["Sr", "Sp", "Sz", "Ur", "Uz", "Pr", "Vr", "Vz"])
@pytest.mark.parametrize("storage_key, cc", [(0x50, 0), (0x30, 1), (0x38, 2)])
def test_tprot_tells_the_key_and_nothing_of_the_host(cmm, before, storage_key, cc):
    """D11."""
    put(cmm, before, key=storage_key)
    cmm.gr[3] = 0x50
    assert cmm.step("tprot 0(%r1),0(%r3)") == 0
    assert cmm.changes() == ({"cc": cc} if cc else {})
    assert (state(cmm), key(cmm)) == (before, storage_key)
