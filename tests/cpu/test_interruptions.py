"""The six classes of interruption: what each stores, masks, priorities. PoP ch. 6; docs/page-hinting.md D13, 15, 20."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    BLOCK_VOLATILITY,
    EXTERNAL_CALL,
    EXTERNAL_EMERGENCY,
    EXTERNAL_INTERRUPT_KEY,
    EXTERNAL_SERVICE,
    OPERATION,
    PROTECTION,
)
from s390emu.architecture.page_states import UNUSED_ACCESS
from s390emu.cpu.interruptions import nullifies
from s390emu.machine import Machine, Reason
from tests.lab import ALL, BA_EA, CODE, HANDLER, MODE_24, MODE_31, PROBLEM_STATE, SIZE

IO, EXTERNAL, MACHINE_CHECK, WAIT = (1 << (63 - bit) for bit in (6, 7, 13, 14))
BLOCK = 0x38000
OLD = {"restart": 0x120, "external": 0x130, "supervisor call": 0x140, "program": 0x150, "machine check": 0x160,
       "I/O": 0x170}  # fmt: skip
CR0_EMERGENCY, CR0_CALL, CR0_COMPARATOR = 1 << (63 - 49), 1 << (63 - 50), 1 << (63 - 52)
CR0_TIMER, CR0_SERVICE, CR0_KEY = 1 << (63 - 53), 1 << (63 - 54), 1 << (63 - 57)
ALL_EXTERNAL = CR0_EMERGENCY | CR0_CALL | CR0_COMPARATOR | CR0_TIMER | CR0_SERVICE | CR0_KEY
PROCESSING_DAMAGE = 1 << 62


def old(lab, kind):
    return lab.word(OLD[kind]), lab.word(OLD[kind] + 8)


def nops(lab, mask=BA_EA, **psw):
    """A row of NOPRs, and enabled masks as given."""
    lab.store(CODE, b"\x07\x00" * 64)
    lab.psw(mask, **psw)


def handler(lab, new):
    """A new PSW for a handler of one NOPR; the lab's own are outside storage, and end in program interruptions."""
    lab.store(new, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.store(0x30000, b"\x07\x00")


def taken(lab):
    """Take what is pending; then the first instruction of the last handler."""
    lab.machine.run(1)


# --- program ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "length"), [("0000", 2), ("b2ff0000", 4), ("e30000000000", 6)])
@pytest.mark.parametrize("mask", [BA_EA, MODE_31, MODE_24, PROBLEM_STATE])
def test_program_interruption(lab, text, length, mask):
    lab.store(CODE, bytes.fromhex(text))
    lab.store(0x8C, b"\xff" * 4)
    lab.store(0x110, b"\xff" * 8)
    lab.store(0xA8, b"\xee" * 8)
    lab.cpu.breaking_event = 0x4444
    lab.psw(mask, cc=2, key=0)
    assert lab.go() == OPERATION
    assert old(lab, "program") == (mask | 2 << 44, CODE + length)  # suppressed: after the instruction
    assert lab.word(0x8C, 4) == length << 16 | 1
    assert lab.word(0x110) == 0x4444
    assert lab.word(0xA8) == 0xEEEEEEEEEEEEEEEE  # no translation is concerned
    assert lab.machine.psw == (BA_EA, HANDLER)


def test_only_program_interruptions_store_the_breaking_event_address(lab):
    lab.store(0x110, b"\xff" * 8)
    handler(lab, 0x1B0)
    nops(lab, BA_EA | EXTERNAL)
    lab.cr[0] = CR0_SERVICE
    lab.pend(int(EXTERNAL_SERVICE))
    taken(lab)
    assert lab.machine.last_interruption.kind == "external"
    assert lab.word(0x110) == ALL


@pytest.mark.parametrize("code", [0x10, 0x11, 0x1A, 0x38, 0x39, 0x3A, 0x3B, 0x20, 0x29, 0x2D])
def test_nullified(code):
    assert nullifies(code)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x12, 0x13, 0x1C, 0x28, 0x40])
def test_suppressed_or_completed(code):
    assert not nullifies(code)


def test_block_volatility_is_nullified_and_names_the_absolute_block(lab):
    lab.cpu.prefix = 0x40000
    for n in range(0x1A0, 0x200, 8):
        lab.store(0x40000 + n, lab.load(n, 8))
    lab.machine.set_block(0x1000, "Vz")  # real 41000 is absolute 1000
    lab.store(0x400A0, b"\xff" * 16)
    lab.psw()
    lab.gr[5] = 0x41000
    assert lab.step("lg %r1,0x328(%r5)") == BLOCK_VOLATILITY
    assert (lab.word(0x40150), lab.word(0x40158)) == (BA_EA, CODE)
    assert lab.word(0x400A8) == 0x1000
    assert (lab.word(0x400A0, 1), lab.word(0x400A2, 1)) == (0, 0)
    assert lab.word(0x4008C, 4) == 6 << 16 | BLOCK_VOLATILITY


def test_key_protection_stores_a_zero_identification(lab):
    lab.set_key(CODE, 0x30)
    lab.set_key(BLOCK, 0x58)
    lab.store(0xA8, b"\xff" * 8)
    lab.gr[5] = BLOCK
    lab.psw(key=3)
    assert lab.step("lg %r1,0(%r5)") == PROTECTION
    assert lab.word(0xA8) == 0  # bit 61 zero: not DAT protection, and so no address
    assert old(lab, "program")[1] == CODE + 6


def test_data_exception_code(lab):
    lab.cpu.pgm_code, lab.cpu.dxc, lab.cpu.ilc = 7, 0xFE, 4
    lab.store(0x90, b"\xff" * 8)
    nops(lab)
    taken(lab)
    assert lab.word(0x90) == 0xFE_FFFFFFFF


def test_monitor_event(lab):
    lab.cpu.pgm_code, lab.cpu.monitor_class, lab.cpu.monitor_code, lab.cpu.ilc = 0x40, 5, 0x123456789, 4
    lab.store(0x94, b"\xff" * 2)
    nops(lab)
    taken(lab)
    assert (lab.word(0x94, 2), lab.word(0xB0)) == (5, 0x123456789)


# --- supervisor call --------------------------------------------------------------------------------------------------


def test_supervisor_call(lab):
    lab.cpu.svc_code, lab.cpu.ilc = 0x5A, 2
    lab.store(0x88, b"\xff" * 8)
    handler(lab, 0x1C0)
    nops(lab, PROBLEM_STATE, cc=3)
    taken(lab)
    assert old(lab, "supervisor call") == (PROBLEM_STATE | 3 << 44, CODE)
    assert lab.word(0x88) == 0x0002_005A_FFFFFFFF
    assert lab.machine.last_interruption.kind == "supervisor call"


# --- external ---------------------------------------------------------------------------------------------------------

SOURCES = [
    ("interrupt key", int(EXTERNAL_INTERRUPT_KEY), CR0_KEY, 0x0040, 0, None),
    ("emergency signal", int(EXTERNAL_EMERGENCY), CR0_EMERGENCY, 0x1201, 0x77, None),
    ("external call", int(EXTERNAL_CALL), CR0_CALL, 0x1202, 0x66, None),
    ("service signal", int(EXTERNAL_SERVICE), CR0_SERVICE, 0x2401, 0, 0x12345678),
]
IDS = [source[0].replace(" ", "-") for source in SOURCES]


def pend(lab, conditions):
    cpu = lab.cpu
    lab.pend(conditions)
    cpu.emergency_from, cpu.external_call_from, lab.guest.service_parameter = 0x77, 0x66, 0x12345678
    cpu.clock_comparator, cpu.timer_zero = ALL, 1 << 62


@pytest.mark.parametrize(("name", "condition", "subclass", "code", "address", "parameter"), SOURCES, ids=IDS)
def test_external(lab, name, condition, subclass, code, address, parameter):
    pend(lab, condition)
    lab.cr[0] = subclass
    lab.store(0x80, b"\xff" * 8)
    nops(lab, BA_EA | EXTERNAL, cc=1)
    taken(lab)
    assert old(lab, "external") == (BA_EA | EXTERNAL | 1 << 44, CODE)
    assert lab.word(0x84, 4) == address << 16 | code
    assert lab.word(0x80, 4) == (0xFFFFFFFF if parameter is None else parameter)
    assert lab.pending == 0


@pytest.mark.parametrize(("name", "condition", "subclass", "code", "address", "parameter"), SOURCES, ids=IDS)
@pytest.mark.parametrize("what", ["psw", "cr0"])
def test_external_disabled_stays_pending(lab, name, condition, subclass, code, address, parameter, what):
    pend(lab, condition)
    lab.cr[0] = ALL_EXTERNAL if what == "psw" else ALL_EXTERNAL & ~subclass
    nops(lab, BA_EA if what == "psw" else BA_EA | EXTERNAL)
    lab.machine.run(3)
    assert lab.machine.psw[1] == CODE + 6
    assert lab.pending == condition


def test_external_priority(lab):
    """One after the other, each by the new PSW of the one before: in the order of the manual."""
    pend(lab, 0b1111)
    lab.cpu.clock_comparator, lab.cpu.timer_zero, lab.cpu.tod_epoch = 0, 0, 5
    lab.cr[0] = ALL_EXTERNAL
    lab.store(0x1B0, (BA_EA).to_bytes(8, "big") + CODE.to_bytes(8, "big"))
    codes = []
    for _ in range(4):
        nops(lab, BA_EA | EXTERNAL)
        lab.machine.run(1)
        codes.append(lab.word(0x86, 2))
    assert codes == [0x0040, 0x1201, 0x1202, 0x1004]
    lab.cpu.clock_comparator = ALL
    nops(lab, BA_EA | EXTERNAL)
    lab.machine.run(1)
    assert lab.word(0x86, 2) == 0x1005
    lab.cpu.timer_zero = 1 << 62
    nops(lab, BA_EA | EXTERNAL)
    lab.machine.run(1)
    assert lab.word(0x86, 2) == 0x2401


# --- I/O --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subclass", range(8))
def test_io(lab, subclass):
    guest = lab.guest
    guest.io, guest.io_id, guest.io_parameter, guest.io_word = 1, 0x00010042, 0xABCD1234, subclass << 27
    lab.cr[6] = 0xFF000000 ^ 1 << 31 - subclass
    nops(lab, BA_EA | IO)
    lab.machine.run(2)
    assert (lab.machine.psw[1], guest.io) == (CODE + 4, 1)  # the subclass mask is zero
    lab.cr[6] = 1 << 31 - subclass
    nops(lab, BA_EA)
    lab.machine.run(2)
    assert guest.io == 1  # the PSW mask is zero
    nops(lab, BA_EA | IO)
    lab.machine.run(1)
    assert guest.io == 0
    assert old(lab, "I/O") == (BA_EA | IO, CODE)
    assert [lab.word(n, 4) for n in (0xB8, 0xBC, 0xC0)] == [0x00010042, 0xABCD1234, subclass << 27]


# --- machine check ----------------------------------------------------------------------------------------------------


def test_machine_check(lab):
    cpu = lab.cpu
    cpu.mck_code, cpu.failing_storage = PROCESSING_DAMAGE | 0x2 << 32, 0x5000
    cpu.fpc, cpu.clock_comparator, cpu.tod_programmable = 0x00880000, 0x1122334455667788, 0x99
    for n in range(16):
        lab.gr[n], lab.ar[n], lab.fpr[n] = 0x100 + n, 0x200 + n, 0x300 + n
    nops(lab, BA_EA | MACHINE_CHECK)
    lab.store(0x1330, b"\xff" * 8)
    taken(lab)
    assert old(lab, "machine check") == (BA_EA | MACHINE_CHECK, CODE)
    assert lab.word(0xE8) == PROCESSING_DAMAGE | 0x2 << 32
    assert lab.word(0xF8) == 0x5000
    assert [lab.word(0x1280 + 8 * n) for n in range(16)] == [0x100 + n for n in range(16)]
    assert [lab.word(0x1200 + 8 * n) for n in range(16)] == [0x300 + n for n in range(16)]
    assert [lab.word(0x1340 + 4 * n, 4) for n in range(16)] == [0x200 + n for n in range(16)]
    assert [lab.word(0x1380 + 8 * n) for n in range(16)] == [int(c) for c in lab.cr]
    assert (lab.word(0x131C, 4), lab.word(0x1324, 4), lab.word(0x1330)) == (0x00880000, 0x99, 0x0011223344556677)
    assert cpu.mck_code == 0


def test_machine_check_with_the_mask_off_is_a_check_stop(lab):
    lab.cpu.mck_code = PROCESSING_DAMAGE
    nops(lab)
    assert lab.machine.run(5).reason is Reason.CHECK_STOP
    assert lab.machine.run(5).reason is Reason.CHECK_STOP
    assert lab.machine.psw == (BA_EA, CODE)


# --- priority, restart, states ----------------------------------------------------------------------------------------


def test_priority_of_classes(lab):
    """All pending at once, new PSWs that stay enabled: old PSWs tell the order, the first has the lowest address."""
    cpu = lab.cpu
    enabled = BA_EA | IO | EXTERNAL | MACHINE_CHECK
    addresses = {0x1A0: 0x30010, 0x1B0: 0x30020, 0x1C0: 0x30030, 0x1D0: 0x30040, 0x1E0: 0x30050, 0x1F0: 0x30060}
    for new, address in addresses.items():
        lab.store(new, enabled.to_bytes(8, "big") + address.to_bytes(8, "big"))
    pend(lab, int(EXTERNAL_SERVICE))
    lab.guest.io, cpu.restart, cpu.mck_code, cpu.pgm_code = 1, 1, PROCESSING_DAMAGE, 1
    lab.cr[0], lab.cr[6] = CR0_SERVICE, 0xFF000000
    nops(lab, enabled)
    lab.store(0x30010, b"\x07\x00")
    lab.machine.run(1)
    assert [old(lab, kind)[1] for kind in ("program", "machine check", "external", "I/O", "restart")] == [
        CODE, 0x30040, 0x30050, 0x30020, 0x30060]  # fmt: skip
    assert lab.machine.psw[1] == 0x30012


def test_restart_leaves_the_stopped_state_before_anything_else(lab):
    pend(lab, int(EXTERNAL_SERVICE))
    lab.cr[0] = CR0_SERVICE
    lab.store(0x1A0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.store(0x30000, b"\x07\x00")
    nops(lab, BA_EA | EXTERNAL)
    lab.cpu.stopped = 3
    assert lab.machine.run(5).reason is Reason.STOPPED
    assert lab.pending == int(EXTERNAL_SERVICE)  # in the stopped state nothing is taken
    lab.cpu.restart = 1
    lab.machine.run(1)
    assert old(lab, "restart") == (BA_EA | EXTERNAL, CODE)
    assert lab.cpu.stopped == 0
    assert lab.machine.psw[1] == 0x30002


def test_stopping_takes_first_what_is_pending(lab):
    pend(lab, int(EXTERNAL_SERVICE))
    lab.cr[0] = CR0_SERVICE
    nops(lab, BA_EA | EXTERNAL)
    lab.cpu.stopped = 1
    stop = lab.machine.run(5)
    assert (stop.reason, stop.psw_ia) == (Reason.STOPPED, HANDLER)
    assert old(lab, "external") == (BA_EA | EXTERNAL, CODE)


def test_invalid_new_psw_is_an_early_exception(lab):
    lab.store(0x1B0, (BA_EA | 1).to_bytes(8, "big") + (0x1234).to_bytes(8, "big"))
    handler(lab, 0x1D0)
    pend(lab, int(EXTERNAL_SERVICE))
    lab.cr[0] = CR0_SERVICE
    nops(lab, BA_EA | EXTERNAL)
    taken(lab)
    assert old(lab, "external") == (BA_EA | EXTERNAL, CODE)
    assert old(lab, "program") == (BA_EA | 1, 0x1234)
    assert lab.word(0x8C, 4) == 6  # ILC 0


def test_invalid_program_new_psw_is_an_interruption_loop(lab):
    lab.store(0x1D0, (BA_EA | 1).to_bytes(8, "big"))
    lab.store(CODE, bytes(2))
    lab.psw()
    stop = lab.machine.run(1000)
    assert stop.reason is Reason.INTERRUPTION_LOOP
    assert lab.word(0x8C, 4) == 6  # specification, ILC 0


def test_program_handler_that_cannot_run_is_an_interruption_loop(lab):
    lab.store(CODE, bytes(2))
    lab.psw()
    stop = lab.machine.run(1000)  # the lab's handlers are outside storage: addressing exceptions for ever
    assert stop.reason is Reason.INTERRUPTION_LOOP
    assert stop.count < 100


def test_external_loop(lab):
    """The CPU timer stays negative, and the new PSW enabled: no instruction is ever executed."""
    lab.store(0x1B0, (BA_EA | EXTERNAL).to_bytes(8, "big") + CODE.to_bytes(8, "big"))
    lab.cpu.timer_zero, lab.cpu.tod_epoch = 0, 5
    lab.cr[0] = CR0_TIMER
    nops(lab, BA_EA | EXTERNAL)
    stop = lab.machine.run(1000)
    assert stop.reason is Reason.INTERRUPTION_LOOP


# --- wait -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (0, Reason.DISABLED_WAIT),
        (EXTERNAL, Reason.ENABLED_WAIT),
        (IO, Reason.ENABLED_WAIT),
        (MACHINE_CHECK, Reason.ENABLED_WAIT),
    ],
    ids=["disabled", "external", "io", "machine-check"],
)
def test_wait(lab, mask, reason):
    lab.cr[0] = 0
    lab.psw(BA_EA | WAIT | mask, ia=0x777)  # an odd address matters only when the wait ends
    stop = lab.machine.run(5)
    assert (stop.reason, stop.psw_ia, stop.count) == (reason, 0x777, lab.machine.count)


def test_wait_ends_with_an_interruption(lab):
    pend(lab, 0)
    lab.cr[0] = CR0_SERVICE
    lab.psw(BA_EA | WAIT | EXTERNAL, ia=0x30000)
    assert lab.machine.run(5).reason is Reason.ENABLED_WAIT
    lab.pend(int(EXTERNAL_SERVICE))
    lab.machine.run(1)
    assert old(lab, "external") == (BA_EA | WAIT | EXTERNAL, 0x30000)


def test_invalid_psw_with_the_wait_bit(lab):
    handler(lab, 0x1D0)
    lab.psw(BA_EA | WAIT | 1)
    taken(lab)
    assert old(lab, "program") == (BA_EA | WAIT | 1, CODE)


# --- the prefix area is away ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Vz", "Uz"])
def test_interruption_with_its_second_page_discarded_is_a_check_stop(lab, state):
    lab.machine.set_block(0x1000, state)
    lab.store(CODE, bytes(2))
    lab.store(0x140, b"\xee" * 0x40)
    lab.psw()
    stop = lab.machine.run(5)
    assert (stop.reason, stop.psw_ia) == (Reason.CHECK_STOP_LOWCORE, CODE + 2)
    assert lab.load(0x140, 0x40) == b"\xee" * 0x40  # both pages are tested before anything is stored


def test_interruption_brings_its_pages(lab):
    assert lab.machine.storage.blocks[1].invalid
    lab.store(CODE, bytes(2))
    lab.psw()
    assert lab.go() == OPERATION
    assert not lab.machine.storage.blocks[1].invalid


@pytest.mark.parametrize(("policy", "stops"), [("discarded", False), ("always", True), ("zerofill", False)])
def test_unused_resident_prefix_area(lab, policy, stops):
    record = lab.machine.storage.record
    before = int(record.unused_access)
    record.unused_access = UNUSED_ACCESS.index(policy)
    lab.machine.set_block(0, "Ur")
    lab.store(CODE, bytes(2))
    lab.psw()
    stop = lab.machine.run(1)
    record.unused_access = before
    assert (stop.reason is Reason.CHECK_STOP_LOWCORE) == stops


def test_many_interruptions_are_no_loop():
    """The detector looks at interruptions in a row: a handler that completes instructions is no loop."""
    machine = Machine.from_source(
        """
        .org 0x1d0
        .quad 0x0000000180000000, handler
        .org 0x400
start:  lghi %r3,200
handler: nopr
        nopr
        brctg %r3,again
        lpswe end
again:  .short 0
        .balign 8
end:    .quad 0x0002000180000000, 0x77
        """,
        origin=0,
    )
    machine.set_psw(BA_EA, 0x400)
    stop = machine.run(10000)
    assert (stop.reason, stop.exit_code) == (Reason.DISABLED_WAIT, 0x77)


# --- machine check, with the vector facility: PoP ch. 11 "Machine-Check Extended Save Area" ---------------------------

EXTENDED_AREA_DESIGNATION, VECTORS_VALID, SAVED_AT = 0x11B0, 1 << (63 - 25), 0x60400


@pytest.mark.parametrize(
    ("designation", "saved"), [(SAVED_AT, True), (SAVED_AT + 0x3FF, True), (0, False), (SIZE, False)]
)
def test_machine_check_saves_vector_registers_where_it_is_told_to(lab, designation, saved):
    for n in range(16):
        lab.fpr[n], lab.cpu.vr_left[n] = n, 16 + n
    for n in range(32):
        lab.cpu.vr_right[n] = 0xFF00 + n
    lab.cpu.mck_code = PROCESSING_DAMAGE
    lab.store(SAVED_AT, bytes(0x400))
    lab.store(EXTENDED_AREA_DESIGNATION, designation.to_bytes(8))
    nops(lab, BA_EA | MACHINE_CHECK)
    taken(lab)
    assert lab.word(0xE8) == PROCESSING_DAMAGE | (VECTORS_VALID if saved else 0)
    expected = b"".join(n.to_bytes(8) + (0xFF00 + n).to_bytes(8) for n in range(32))
    assert lab.load(SAVED_AT, 0x400) == (expected if saved else bytes(0x200)) + bytes(0x200)


def test_machine_check_brings_the_block_of_its_extended_save_area(lab):
    lab.cpu.mck_code = PROCESSING_DAMAGE
    lab.cpu.vr_right[31] = 7
    lab.store(EXTENDED_AREA_DESIGNATION, (0x70000).to_bytes(8))
    nops(lab, BA_EA | MACHINE_CHECK)
    taken(lab)
    assert lab.word(0xE8) & VECTORS_VALID
    assert lab.word(0x701F8) == 7
