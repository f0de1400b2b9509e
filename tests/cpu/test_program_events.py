"""Program-event recording: PoP ch. 4 "Program-Event Recording"."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import EXECUTE as EXECUTE_EXCEPTION
from s390emu.architecture.interruptions import (
    FIXED_POINT_OVERFLOW,
    MONITOR_EVENT,
    OPERATION,
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.lab import ALL, BA_EA, CODE, HANDLER, MODE_24, MODE_31, PROBLEM_STATE, SIZE
from tests.translation import PAGE_INVALID, REAL_SPACE, change, map_page, translated

PER, DAT = 1 << 62, 1 << 58
EVENT = 0x80
BRANCHING, FETCHING, ALTERATION, REAL, NULLIFICATION = (1 << (63 - bit) for bit in (32, 33, 34, 36, 39))
BRANCH_ADDRESS, SUPPRESSION, SPACE = 1 << (63 - 40), 1 << (63 - 41), 1 << (63 - 42)
SECONDARY, HOME = 2 << 46, 3 << 46
ASCE_EVENT = 0x80  # bit 56
CODE_BRANCH, CODE_FETCH, CODE_STORE, CODE_REAL, CODE_NULLIFIED = 0x80, 0x40, 0x20, 0x28, 0x41
ATMID_64, ATMID_31, ATMID_24, ATMID_DAT = 0xE0, 0x60, 0x40, 0x10
BLOCK = 0x38000
EVERYWHERE = (0, ALL)


def record(lab, events, area=EVERYWHERE, mask=BA_EA, **psw):
    """Ask for these events (the masks and controls of control register 9) in this area."""
    lab.cr[9], lab.cr[10], lab.cr[11] = events, *area
    lab.store(0x96, b"\xee" * 12)
    lab.psw(mask | PER, **psw)


def recorded(lab):
    """-> (PER code, ATMID and ASCE identification, PER address), as stored."""
    return lab.word(0x96, 1), lab.word(0x97, 1), lab.word(0x98)


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_fetching_is_recorded_after_the_instruction(lab):
    lab.gr[1], lab.gr[2] = 5, 7
    record(lab, FETCHING)
    assert lab.step("agr %r1,%r2") == EVENT
    assert lab.changes() == {"r1": 12, "cc": 2}
    assert lab.old_psw == (BA_EA | PER | 2 << 44, CODE + 4)
    assert lab.word(0x8C, 4) == 4 << 16 | EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)
    assert lab.word(0xA1, 1) == 0xEE  # not an event of an operand


@pytest.mark.parametrize(("psw", "events"), [(0, FETCHING), (PER, 0), (PER, BRANCHING | ALTERATION), (PER, 1 << 63),
                                              (PER, NULLIFICATION), (PER, BRANCH_ADDRESS | SPACE)])  # fmt: skip
def test_masks_in_psw_and_control_register(lab, psw, events):
    record(lab, events)
    lab.psw(BA_EA | psw)
    assert lab.step("agr %r1,%r2") == 0


AREAS = [
    pytest.param((0x1000, 0x1000), True, id="one-byte"), pytest.param((0x1001, 0x1FFF), False, id="above"),
    pytest.param((0, 0xFFF), False, id="below"), pytest.param((0xFFF, 0x1001), True, id="within"),
    pytest.param((0x1001, 0xFFF), False, id="wraps-around-it"), pytest.param((0x2000, 0x1000), True, id="wraps-last"),
    pytest.param((0x1000, 0x10), True, id="wraps-first"), pytest.param((1 << 63, 0x1000), True, id="wraps-unsigned"),
    pytest.param((0x1000, 1 << 63), True, id="to-upper-half"),
]  # fmt: skip


@pytest.mark.parametrize(("area", "within"), AREAS)
def test_area_of_fetching(lab, area, within):
    record(lab, FETCHING, [(address + CODE - 0x1000) & ALL for address in area], ia=CODE)
    assert lab.step("agr %r1,%r2") == (EVENT if within else 0)


def test_only_the_first_byte_counts_for_fetching(lab):
    record(lab, FETCHING, (CODE + 1, CODE + 5))
    assert lab.step("lg %r1,0(%r5)") == 0


@pytest.mark.parametrize(("line", "ends"), [("j .+0x100", 0x20100), ("brctg %r1,.+0x100", 0x20100),
                                            ("basr %r1,%r6", 0x20200), ("bassm %r1,%r6", 0x20200),
                                            ("cgrj %r1,%r1,8,.+0x100", 0x20100), ("bsm 0,%r6", 0x20200)])  # fmt: skip
def test_successful_branching(lab, line, ends):
    lab.gr[1], lab.gr[6] = 7, 0x20200 + ("sm" in line)  # 1: in the 64-bit mode
    record(lab, BRANCHING)
    assert lab.step(line) == EVENT
    assert lab.old_psw[1] == ends
    assert recorded(lab) == (CODE_BRANCH, ATMID_64, CODE)
    assert lab.word(0x8C, 2) == lab.length


@pytest.mark.parametrize("line", ["jne .+0x100", "bcr 15,0", "balr %r1,0", "brctg %r1,.+0x100", "agr %r1,%r2"])
def test_no_branching_without_a_branch(lab, line):
    lab.gr[1] = 1
    record(lab, BRANCHING)
    assert lab.step(line) == 0


def test_lpswe_is_no_branch(lab):
    lab.store(BLOCK, (BA_EA | PER).to_bytes(8, "big") + (0x20100).to_bytes(8, "big"))
    lab.gr[5] = BLOCK
    record(lab, BRANCHING)
    assert lab.step("lpswe 0(%r5)") == 0


@pytest.mark.parametrize(("area", "within"), AREAS)
def test_branch_address_control(lab, area, within):
    lab.gr[6] = 0x1000
    record(lab, BRANCHING | BRANCH_ADDRESS, area)
    assert lab.step("br %r6") == (EVENT if within else 0)


def test_without_branch_address_control_the_area_does_not_matter(lab):
    lab.gr[6] = 0x1000
    record(lab, BRANCHING, (0x5000, 0x5001))
    assert lab.step("br %r6") == EVENT


@pytest.mark.parametrize(("area", "within"), AREAS)
def test_area_of_storage_alteration(lab, area, within):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION, [(address + BLOCK - 0x1000) & ALL for address in area])
    assert lab.step("mvi 0(%r5),7") == (EVENT if within else 0)
    assert lab.changes() == {BLOCK: b"\7"}


@pytest.mark.parametrize(("offset", "length", "within"), [(0, 8, True), (-8, 8, False), (8, 8, False), (7, 1, True),
                                                          (-7, 8, True), (-8, 32, True)])  # fmt: skip
def test_any_byte_of_the_operand_counts(lab, offset, length, within):
    lab.gr[5], lab.gr[6] = BLOCK + 0x100 + offset, BLOCK + 0x800
    record(lab, ALTERATION, (BLOCK + 0x100, BLOCK + 0x107))
    assert lab.step(f"mvc 0({length},%r5),0(%r6)") == (EVENT if within else 0)


@pytest.mark.parametrize("area", [(BLOCK + 0xFFF, BLOCK + 0xFFF), (BLOCK + 0x1000, BLOCK + 0x1000)])
def test_either_page_of_the_operand_counts(lab, area):
    lab.gr[5] = BLOCK + 0xFFC
    record(lab, ALTERATION, area)
    assert lab.step("stg %r5,0(%r5)") == EVENT
    assert recorded(lab) == (CODE_STORE, ATMID_64, CODE)
    assert lab.word(0xA1, 1) == 0


def test_storing_what_was_there_is_an_alteration(lab):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION, (BLOCK, BLOCK))
    assert lab.step("mvi 0(%r5),0") == EVENT
    assert lab.changes() == {}


def test_fetching_an_operand_is_no_alteration(lab):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION)
    assert lab.step("clc 0(8,%r5),8(%r5)") == 0


@pytest.mark.parametrize("line", ["stura %r1,%r5", "sturg %r1,%r5"])
@pytest.mark.parametrize(("events", "code"), [(ALTERATION, 0), (REAL, 0), (REAL | ALTERATION, EVENT)])
def test_store_using_real_address(lab, line, events, code):
    lab.gr[5], lab.cr[1] = BLOCK, REAL_SPACE | ASCE_EVENT
    record(lab, events, (0, 0), BA_EA | DAT)  # wherever it is
    assert lab.step(line) == code
    if code:
        assert recorded(lab) == (CODE_REAL, ATMID_64 | ATMID_DAT, CODE)


@pytest.mark.parametrize("line", ["st %r1,0(%r5)", "ipte %r6,%r7"])
def test_other_stores_are_not_by_real_address(lab, line):
    lab.gr[5] = BLOCK
    record(lab, REAL | ALTERATION, (BLOCK, BLOCK))
    assert lab.step(line) == (EVENT if line.startswith("st") else 0)
    if line.startswith("st"):
        assert recorded(lab)[0] == CODE_STORE


def test_what_the_machine_stores_at_assigned_locations_is_no_alteration(lab):
    lab.store(0x1C0, BA_EA.to_bytes(8, "big") + CODE.to_bytes(8, "big"))
    record(lab, ALTERATION)
    assert lab.step("svc 7") == 0


@pytest.mark.parametrize("line", ["tb %r5,%r5", "stfl 0"])
def test_operands_with_real_addresses_are_not_altered(lab, line):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION)
    assert lab.step(line) == 0


def test_events_of_one_instruction_are_recorded_together(lab):
    lab.gr[5] = BLOCK
    record(lab, BRANCHING | FETCHING | ALTERATION)
    assert lab.step("stg %r5,0(%r5)") == EVENT
    assert recorded(lab)[0] == CODE_FETCH | CODE_STORE


# --- address spaces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("space", "number"), [(0, 0), (SECONDARY, 2), (HOME, 3)])
@pytest.mark.parametrize("control", [0, SPACE])
@pytest.mark.parametrize("asce", [0, ASCE_EVENT])
def test_space_of_an_alteration(lab, space, number, control, asce):
    lab.gr[5] = BLOCK
    lab.cr[1] = lab.cr[7] = lab.cr[13] = REAL_SPACE | (ASCE_EVENT ^ asce)
    lab.cr[{0: 1, 2: 7, 3: 13}[number]] = REAL_SPACE | asce
    record(lab, ALTERATION | control, EVERYWHERE, BA_EA | DAT | space)
    expected = EVENT if asce or not control else 0
    assert lab.step("stg %r5,0(%r5)") == expected
    if expected:
        assert recorded(lab) == (CODE_STORE, ATMID_64 | ATMID_DAT | number << 2 | number, CODE)


def test_space_control_without_dat(lab):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION | SPACE, EVERYWHERE, BA_EA | SECONDARY)
    assert lab.step("stg %r5,0(%r5)") == EVENT
    assert recorded(lab)[1] == ATMID_64 | 2 << 2  # no ASCE is identified


def test_mvcs_alters_the_secondary_space(lab):
    lab.gr[1], lab.gr[5], lab.gr[6] = 8, BLOCK, BLOCK + 0x100
    lab.cr[1], lab.cr[7] = REAL_SPACE, REAL_SPACE | ASCE_EVENT
    lab.cr[0] |= 1 << (63 - 37)
    record(lab, ALTERATION | SPACE, (BLOCK, BLOCK), BA_EA | DAT)
    assert lab.step("mvcs 0(%r1,%r5),0(%r6),%r2") == EVENT
    assert recorded(lab)[1] == ATMID_64 | ATMID_DAT | 2


def test_event_suppression_control_without_transactions(lab):
    record(lab, FETCHING | SUPPRESSION)
    assert lab.step("agr %r1,%r2") == EVENT


# --- at the start of the instruction ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "atmid"), [(MODE_24, ATMID_24), (MODE_31, ATMID_31), (BA_EA, ATMID_64)])
def test_atmid_is_that_before_the_instruction(lab, mask, atmid):
    record(lab, FETCHING, mask=mask)
    assert lab.step("sam31" if mask == BA_EA else "sam64") == EVENT
    assert recorded(lab) == (CODE_FETCH, atmid, CODE)


@pytest.mark.parametrize("line", ["stnsm 0x800(%r5),0", "ssm 0(%r5)", "lpswe 8(%r5)", "lctlg %c9,%c9,24(%r5)"])
def test_turning_it_off_takes_effect_after_the_instruction(lab, line):
    lab.store(BLOCK, bytes(8) + BA_EA.to_bytes(8, "big") + (CODE + 4).to_bytes(8, "big") + bytes(8))
    lab.gr[5] = BLOCK
    record(lab, FETCHING)
    assert lab.step(line) == EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)


@pytest.mark.parametrize("line", ["stosm 0x800(%r5),0x40", "ssm 0(%r5)", "lpswe 8(%r5)"])
def test_turning_it_on_takes_effect_after_the_instruction(lab, line):
    lab.store(BLOCK, b"\x40" + bytes(7) + (BA_EA | PER).to_bytes(8, "big") + (CODE + 4).to_bytes(8, "big"))
    lab.gr[5] = BLOCK
    record(lab, FETCHING)
    lab.psw(BA_EA)
    assert lab.step(f"{line}\n nopr") == 0
    assert lab.go() == EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE + 4)


# --- EXECUTE ----------------------------------------------------------------------------------------------------------


def executes(lab, target, source):
    """EXECUTE of a target at that address."""
    lab.step(source, at=target)
    lab.gr[7] = target


@pytest.mark.parametrize("area", [(CODE, CODE), (0x21000, 0x21000)])
def test_fetching_an_execute_or_its_target(lab, area):
    executes(lab, 0x21000, "agr %r1,%r2")
    record(lab, FETCHING, area)
    assert lab.step("ex 0,0(%r7)") == EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)
    assert lab.word(0x8C, 2) == 4
    assert lab.old_psw[1] == CODE + 4


def test_the_target_of_the_last_execute_is_not_fetched_again(lab):
    executes(lab, 0x21000, "agr %r1,%r2")
    record(lab, FETCHING, (0x21000, 0x21000))
    lab.step("ex 0,0(%r7)")
    lab.psw(BA_EA | PER)
    assert lab.step("agr %r1,%r2") == 0


@pytest.mark.parametrize("source", ["j .+0x100", "stg %r5,0(%r5)"])
def test_events_of_the_target_belong_to_the_execute(lab, source):
    lab.gr[5] = BLOCK
    executes(lab, 0x21000, source)
    record(lab, BRANCHING | ALTERATION)
    assert lab.step("exrl 0,.+0x1000") == EVENT
    assert recorded(lab)[1:] == (ATMID_64, CODE)
    assert lab.word(0x8C, 2) == 6


# --- with other conditions --------------------------------------------------------------------------------------------


def test_supervisor_call_is_taken_first(lab):
    lab.store(0x1C0, MODE_31.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    record(lab, FETCHING)
    assert lab.step("svc 7") == EVENT
    assert (lab.word(0x140), lab.word(0x148)) == (BA_EA | PER, CODE + 2)
    assert lab.old_psw == (MODE_31, 0x30000)
    assert lab.word(0x8C, 4) == 2 << 16 | EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)


def test_supervisor_call_with_an_invalid_new_psw(lab):
    lab.store(0x1C0, (BA_EA | 1).to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    record(lab, FETCHING)
    assert lab.step("svc 7") == EVENT | SPECIFICATION
    assert lab.word(0x8C, 4) == EVENT | SPECIFICATION  # ILC 0
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)


def test_lpswe_of_an_invalid_psw(lab):
    lab.store(BLOCK, (BA_EA | 1).to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.gr[5] = BLOCK
    record(lab, FETCHING)
    assert lab.step("lpswe 0(%r5)") == EVENT | SPECIFICATION
    assert lab.word(0x8C, 4) == EVENT | SPECIFICATION  # ILC 0


def test_stosm_of_an_invalid_mask_has_stored(lab):
    lab.gr[5] = BLOCK
    record(lab, ALTERATION)
    assert lab.step("stosm 0(%r5),0x80") == EVENT | SPECIFICATION
    assert recorded(lab)[0] == CODE_STORE
    assert lab.word(0x8C, 2) == 4


@pytest.mark.parametrize(("line", "code", "mask"), [
    ("lpswe 1(%r5)", SPECIFICATION, BA_EA), ("iske %r1,%r2", PRIVILEGED_OPERATION, PROBLEM_STATE),
    (".short 0", OPERATION, BA_EA), ("mc 0,0", MONITOR_EVENT, BA_EA), ("stg %r5,0(%r8)", PROTECTION, BA_EA),
])  # fmt: skip
def test_fetching_is_recorded_with_an_exception(lab, line, code, mask):
    lab.cr[8], lab.gr[5], lab.gr[8] = 0xFFFF, BLOCK, BLOCK + 0x1000
    lab.set_key(BLOCK + 0x1000, 0x30)
    record(lab, FETCHING | ALTERATION, mask=mask, key=4)
    assert lab.step(line) == EVENT | code
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)
    assert lab.changes() == {}


def test_fetching_is_recorded_with_a_nullified_instruction(lab):
    lab.gr[5] = BLOCK
    asce = map_page(lab, CODE, CODE)
    map_page(lab, BLOCK, BLOCK)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    translated(lab, asce)
    record(lab, FETCHING | ALTERATION, mask=BA_EA | DAT)
    assert lab.step("stg %r5,0(%r5)") == EVENT | PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert recorded(lab) == (CODE_FETCH, ATMID_64 | ATMID_DAT, CODE)
    assert lab.word(0xA8) == BLOCK


def test_nothing_is_recorded_without_the_fetch(lab):
    asce = map_page(lab, CODE, CODE)
    change(lab, CODE, -1, on=PAGE_INVALID)
    lab.store(CODE, b"\x07\x00")
    translated(lab, asce)
    record(lab, FETCHING, mask=BA_EA | DAT)
    assert lab.go() == PAGE_TRANSLATION


def test_nothing_is_recorded_at_an_odd_address(lab):
    record(lab, FETCHING | NULLIFICATION, ia=CODE + 1)
    assert lab.go() == SPECIFICATION


def test_alteration_is_recorded_with_an_overflow(lab):
    lab.gr[5] = BLOCK
    lab.store(BLOCK, b"\x7f\xff\xff\xff")
    record(lab, ALTERATION, mask=BA_EA | 8 << 40)
    assert lab.step("asi 0(%r5),1") == EVENT | FIXED_POINT_OVERFLOW
    assert recorded(lab)[0] == CODE_STORE


def test_alteration_is_not_recorded_where_the_table_of_tr_is_missing(lab):
    lab.gr[5], lab.gr[6] = BLOCK, BLOCK + 0x1000
    asce = map_page(lab, CODE, CODE)
    for page in (BLOCK, BLOCK + 0x1000):
        map_page(lab, page, page)
    change(lab, BLOCK + 0x1000, -1, on=PAGE_INVALID)
    translated(lab, asce)
    record(lab, ALTERATION, mask=BA_EA | DAT)
    assert lab.step("tr 0(8,%r5),0(%r6)") == PAGE_TRANSLATION


def test_execute_of_an_execute(lab):
    executes(lab, 0x21000, "ex 0,0(%r7)")
    record(lab, FETCHING)
    assert lab.step("ex 0,0(%r7)") == EVENT | EXECUTE_EXCEPTION


def test_block_without_a_frame_is_recorded_once(lab):
    lab.gr[5] = 0x90000
    record(lab, ALTERATION | FETCHING)
    assert lab.step("stg %r5,0(%r5)") == EVENT
    assert recorded(lab) == (CODE_FETCH | CODE_STORE, ATMID_64, CODE)


def test_what_the_host_completes_is_recorded_too(lab):
    lab.gr[1] = lab.gr[2] = BLOCK
    record(lab, FETCHING)
    assert lab.step("diag %r1,%r2,0x10") == EVENT
    assert lab.word(0x8C, 4) == 4 << 16 | EVENT
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)


# --- nullification ----------------------------------------------------------------------------------------------------


def test_fetching_that_nullifies(lab):
    record(lab, FETCHING | NULLIFICATION | ALTERATION, (CODE, CODE))
    lab.gr[5] = BLOCK
    assert lab.step("stg %r5,0(%r5)") == EVENT
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0x8C, 4) == 6 << 16 | EVENT
    assert recorded(lab) == (CODE_NULLIFIED, ATMID_64, CODE)


def test_fetching_elsewhere_does_not_nullify(lab):
    record(lab, FETCHING | NULLIFICATION, (CODE + 2, CODE + 4))
    assert lab.step("agr %r1,%r2") == 0


def test_nullification_comes_before_an_exception_of_the_instruction(lab):
    record(lab, FETCHING | NULLIFICATION)
    assert lab.step(".short 0") == EVENT
    assert lab.old_psw[1] == CODE


def test_nullification_by_the_target_of_execute(lab):
    lab.gr[5] = BLOCK
    executes(lab, 0x21000, "stg %r5,0(%r5)")
    record(lab, FETCHING | NULLIFICATION, (0x21000, 0x21000))
    assert lab.step("ex 0,0(%r7)") == EVENT
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0x8C, 2) == 4
    assert recorded(lab) == (CODE_NULLIFIED, ATMID_64, CODE)


# --- units of operation -----------------------------------------------------------------------------------------------


def test_each_unit_of_operation_of_mvcl_is_recorded(lab):
    lab.gr[2], lab.gr[3], lab.gr[4], lab.gr[5] = BLOCK + 0xFFF, 2, BLOCK + 0x4000, 2
    record(lab, ALTERATION | FETCHING, (CODE, BLOCK + 0xFFF))
    assert lab.step("mvcl %r2,%r4") == EVENT
    assert lab.old_psw[1] == CODE
    assert recorded(lab) == (CODE_FETCH | CODE_STORE, ATMID_64, CODE)
    assert lab.word(0x8C, 2) == 2
    assert lab.gr[3] == 1
    lab.psw(BA_EA | PER)
    assert lab.go() == EVENT
    assert lab.old_psw[1] == CODE + 2
    assert recorded(lab) == (CODE_FETCH, ATMID_64, CODE)


def test_mvst_alters_no_more_than_it_stores(lab):
    lab.gr[1], lab.gr[2] = BLOCK, BLOCK + 0x1000
    lab.store(BLOCK + 0x1000, b"a\0")
    record(lab, ALTERATION, (BLOCK + 2, BLOCK + 0xFFF))
    assert lab.step("mvst %r1,%r2\n mvst %r1,%r2") == 0
    assert lab.go() == 0
    assert lab.load(BLOCK, 3) == b"a\0\0"
    record(lab, ALTERATION, (BLOCK + 1, BLOCK + 1))
    lab.gr[1], lab.gr[2] = BLOCK, BLOCK + 0x1000
    assert lab.step("mvst %r1,%r2\n mvst %r1,%r2") == 0
    assert lab.go() == EVENT


# --- accelerators -----------------------------------------------------------------------------------------------------

LOOP = """
    llilf %r5,0x38000
    lghi %r1,3
again: stg %r1,0(%r5)
    lg %r2,0(%r5)
    brctg %r1,again
"""


@pytest.mark.parametrize("tlb", [True, False])
@pytest.mark.parametrize("stepping", [True, False])
def test_events_do_not_depend_on_the_tlb_nor_on_what_was_executed_before(tlb, stepping):
    """A handler counts the events, and goes on; the loop has run without recording before."""
    from s390emu.assembler.assemble import assemble

    machine = Machine(SIZE, host=Host(SIZE // 4096, PagingDevice()), tlb=tlb)
    machine.write(CODE, assemble(LOOP + "    .long 0\n", origin=CODE).sections[0].data)
    machine.write(0x30000, assemble("agsi 0x300,1\n lpswe 0x150", origin=0x30000).sections[0].data)
    machine.write(0x1D0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    machine.set_psw(BA_EA, CODE)
    machine.run(11)
    machine.cpu.cr[9], machine.cpu.cr[10], machine.cpu.cr[11] = FETCHING | BRANCHING | ALTERATION, 0x38000, 0x38007
    machine.set_psw(BA_EA | PER, CODE)
    if stepping:
        for _ in range(11 + 5 * 2):
            machine.step()
    else:
        machine.run(11 + 5 * 2)
    assert int.from_bytes(machine.read(0x300, 8), "big") == 5  # three stores, two branches


def test_handler(lab):
    """The lab's own handler is what recording does not go on in."""
    record(lab, FETCHING)
    lab.step("agr %r1,%r2")
    assert lab.machine.psw == (BA_EA, HANDLER)
