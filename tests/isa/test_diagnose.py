"""DIAGNOSE X'10': docs/page-hinting.md, section 9, D18. X'08', X'0C', X'260', X'308': docs/diagnose.md."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    EXTERNAL_CALL,
    EXTERNAL_SERVICE,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.architecture.page_states import STATES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Reason
from tests.lab import BA_EA, CODE, MODE_31, PROBLEM_STATE, Lab

FIRST, COUNT = 0x40, 8
DATA = bytes(range(256)) * 16


@pytest.fixture(scope="session")
def _balloon():
    return Lab(host=Host(256, PagingDevice(slots=64)))


@pytest.fixture
def balloon(_balloon):
    """Blocks 40 to 47 (hexadecimal) hold a block in each state; GR1 and GR2 designate the first and the last."""
    _balloon.reset()
    _balloon.psw(cc=3)
    for n, state in enumerate(STATES):
        _balloon.machine.host.set_block(0, FIRST + n, state, key=0xFE, no_dat=n & 1, data=DATA)
    _balloon.gr[1], _balloon.gr[2] = FIRST * BLOCK_SIZE, (FIRST + COUNT - 1) * BLOCK_SIZE
    return _balloon


def states(lab, first=FIRST, count=COUNT):
    return [lab.machine.storage.block(n).name for n in range(first, first + count)]


def test_diag_10_releases_the_blocks_first_to_last(balloon):
    host, storage = balloon.machine.host, balloon.machine.storage
    host.set_block(0, FIRST - 1, "Ur", data=DATA)
    host.set_block(0, FIRST + COUNT, "Vr", data=DATA)
    assert balloon.step("diag %r1,%r2,0x10") == 0
    changes = balloon.changes()
    assert not [name for name in changes if isinstance(name, str)]  # no register, no condition code, no code in R
    assert all(FIRST <= address // BLOCK_SIZE < FIRST + COUNT for address in changes)
    assert states(balloon, FIRST - 1, COUNT + 2) == ["Ur", *["Sz"] * COUNT, "Vr"]
    for n in range(COUNT):
        assert storage.key(FIRST + n) == 0
        assert storage.blocks[FIRST + n].no_dat == n & 1
        assert balloon.load((FIRST + n) * BLOCK_SIZE, BLOCK_SIZE) == bytes(BLOCK_SIZE)
    assert host.statistics(0).released == COUNT
    assert host.slots.device.used == 0


def test_released_block_reads_as_zeros_and_does_not_fault(balloon):
    assert balloon.step("diag %r1,%r2,0x10") == 0
    balloon.gr[5] = 1
    for n in range(COUNT):
        balloon.gr[3] = (FIRST + n) * BLOCK_SIZE
        assert balloon.step("lg %r5,8(%r3)", at=CODE) == 0
        assert balloon.gr[5] == 0


def test_diag_10_one_block(balloon):
    balloon.gr[2] = balloon.gr[1]
    assert balloon.step("diag %r1,%r2,0x10") == 0
    assert states(balloon) == ["Sz", *list(STATES)[1:]]


def test_diag_10_same_register_twice(balloon):
    assert balloon.step("diag %r1,%r1,0x10") == 0
    assert states(balloon) == ["Sz", *list(STATES)[1:]]


def test_diag_10_code_is_the_rightmost_halfword_of_an_address(balloon):
    balloon.gr[4] = 0x7FFF0008
    assert balloon.step("diag %r1,%r2,8(%r4)") == 0
    assert states(balloon) == ["Sz"] * COUNT


def test_diag_10_addresses_in_the_addressing_mode(balloon):
    balloon.gr[1] |= 1 << 40
    balloon.psw(MODE_31)
    assert balloon.step("diag %r1,%r2,0x10") == 0
    assert states(balloon) == ["Sz"] * COUNT


@pytest.mark.parametrize("inside", range(-2, COUNT, 2))
def test_diag_10_skips_the_prefix_area(balloon, inside):
    machine = balloon.machine
    prefix = FIRST + inside
    before = [machine.storage.block(prefix + n).name for n in (0, 1)]
    balloon.cpu.prefix = prefix * BLOCK_SIZE
    assert balloon.step("diag %r1,%r2,0x10") == 0
    after = states(balloon)
    assert [machine.storage.block(prefix + n).name for n in (0, 1)] == before
    assert after == [before[n - inside] if inside <= n < inside + 2 else "Sz" for n in range(COUNT)]


# --- exceptions ------------------------------------------------------------------------------------------------------


def test_diag_in_the_problem_state_whatever_the_code(balloon):
    balloon.psw(PROBLEM_STATE)
    assert balloon.step("diag %r1,%r2,0x777") == PRIVILEGED_OPERATION
    assert balloon.changes() == {}


@pytest.mark.parametrize("code", [0, 0x8, 0x11, 0x45, 0x204, 0x250, 0x258, 0x500])
def test_diag_unknown_code(balloon, code):
    assert balloon.step(f"diag %r1,%r2,{code:#x}") == SPECIFICATION
    assert balloon.changes() == {}


def specification(lab):
    code = lab.step("diag %r1,%r2,0x10")
    assert lab.changes() == {}
    assert states(lab) == list(STATES)
    return code


@pytest.mark.parametrize("first, last", [(1, 0), (0, 1), (0x800, 0xFFF), (8, 8)])
def test_diag_10_unaligned(balloon, first, last):
    balloon.gr[1] += first
    balloon.gr[2] += last
    assert specification(balloon) == SPECIFICATION


@pytest.mark.parametrize("first", [0, 0x1000])
def test_diag_10_below_8_kb(balloon, first):
    balloon.gr[1] = first
    assert specification(balloon) == SPECIFICATION


def test_diag_10_from_8_kb(balloon):
    balloon.gr[1] = balloon.gr[2] = 0x2000
    balloon.machine.host.set_block(0, 2, "Vr")
    assert balloon.step("diag %r1,%r2,0x10") == 0
    assert states(balloon, 2, 1) == ["Sz"]


@pytest.mark.parametrize("behind", [1, 2, 16])
def test_diag_10_last_before_first(balloon, behind):
    """A range has a block at least: one that ends before it starts is an error, and be it by one block. (Another host
    lets a range of no blocks pass; the description of the code does not.)"""
    balloon.gr[2] = balloon.gr[1] - behind * BLOCK_SIZE
    assert specification(balloon) == SPECIFICATION


@pytest.mark.parametrize("last", [0x100000, (1 << 64) - BLOCK_SIZE])
def test_diag_10_beyond_the_configuration_releases_nothing(balloon, last):
    balloon.gr[2] = last
    assert specification(balloon) == ADDRESSING


def test_diag_10_order_of_exceptions(balloon):
    balloon.gr[2] = 0x100001
    assert specification(balloon) == SPECIFICATION


def test_diag_exception_is_suppressed_with_ilc_2(balloon):
    assert balloon.step("diag %r1,%r2,0") == SPECIFICATION
    assert balloon.old_psw == (BA_EA | 3 << 44, CODE + 4)


# --- X'260' ----------------------------------------------------------------------------------------------------------

LIST = 0x8000


@pytest.fixture
def extents(lab):
    lab.gr[4], lab.gr[5], lab.gr[6] = LIST, 16, 0x10
    lab.psw(cc=3)
    return lab


@pytest.mark.parametrize("room", [16, 32, 4096])
def test_diag_260_stores_the_one_extent(extents, room):
    extents.gr[5] = room
    assert extents.step("diag %r4,%r6,0x260") == 0
    assert extents.word(LIST) == 0
    assert extents.word(LIST + 8) == 0xFFFFF
    changes = extents.changes()
    assert (changes.pop("r6"), changes.pop("cc")) == (1, 0)
    assert not [name for name in changes if isinstance(name, str)]
    assert all(LIST <= address < LIST + 16 for address in changes)


@pytest.mark.parametrize(("register", "value"), [
    pytest.param(4, LIST + 8, id="list-on-a-doubleword"), pytest.param(5, 0, id="no-room"),
    pytest.param(5, 24, id="half-an-entry"), pytest.param(6, 0, id="function-0"), pytest.param(6, 0xC, id="function-C"),
    pytest.param(6, 0x110, id="function-110"),
])  # fmt: skip
def test_diag_260_specification(extents, register, value):
    extents.gr[register] = value
    assert extents.step("diag %r4,%r6,0x260") == SPECIFICATION
    assert extents.changes() == {}


def test_diag_260_odd_register(extents):
    extents.gr[3], extents.gr[5] = LIST, LIST
    assert extents.step("diag %r5,%r6,0x260") == SPECIFICATION


def test_diag_260_outside_storage(extents):
    extents.gr[4] = 0x100000
    assert extents.step("diag %r4,%r6,0x260") == ADDRESSING
    assert extents.changes() == {}


def test_diag_260_key(extents):
    extents.set_key(LIST, 0x20)
    extents.psw(key=1, cc=3)
    assert extents.step("diag %r4,%r6,0x260") == PROTECTION
    assert extents.changes() == {}


def test_diag_260_of_a_list_that_was_hinted_away(extents):
    extents.machine.set_block(LIST, "Vz")
    assert extents.step("diag %r4,%r6,0x260") == ADDRESSING


# --- X'0C' -----------------------------------------------------------------------------------------------------------


def test_diag_0c_date_and_time(lab):
    seconds = int((datetime(2031, 12, 9, 23, 5, 7, tzinfo=UTC) - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds())
    lab.cpu.tod_epoch = (seconds * 1_000_000 + 999_000) * 4096
    lab.gr[4] = LIST + 8
    used = int(lab.machine.count) // 1000
    assert lab.step("diag %r4,%r0,0x0c") == 0
    assert lab.load(LIST + 8, 16).decode("cp037") == "12/09/3123:05:07"
    assert (lab.word(LIST + 24), lab.word(LIST + 32)) == (used, used)
    assert all(LIST + 8 <= address < LIST + 40 for address in lab.changes())


def test_diag_0c_counts_what_the_cpu_executed(lab):
    lab.gr[4] = LIST
    lab.machine.port.count, lab.machine.port.idle = 5_000_999, 1_000_000_000
    assert lab.step("diag %r4,%r0,0x0c") == 0
    assert (lab.word(LIST + 16), lab.word(LIST + 24)) == (5000, 5000)


def test_diag_0c_across_blocks(lab):
    lab.gr[4] = LIST + BLOCK_SIZE - 16
    assert lab.step("diag %r4,%r0,0x0c") == 0
    assert lab.load(LIST + BLOCK_SIZE - 14, 1) == b"\x61"  # a slash


@pytest.mark.parametrize(("address", "code"), [(LIST + 4, SPECIFICATION), (1 << 20, ADDRESSING), (0xFFFF0, ADDRESSING)])
def test_diag_0c_exceptions(lab, address, code):
    lab.gr[4] = address
    assert lab.step("diag %r4,%r0,0x0c") == code
    assert lab.changes() == {}


# --- X'308' ----------------------------------------------------------------------------------------------------------

GO_ON, GO_ON_AT = 0x0008000080000000, 0x30000  # a short PSW: 31-bit mode


@pytest.fixture
def loader(lab):
    """GR4, GR5: address and return code; GR6: function. Absolute 0 has a PSW."""
    lab.gr[4] = LIST
    lab.store(0, (GO_ON | GO_ON_AT).to_bytes(8, "big"))
    lab.psw(cc=3)
    return lab


def test_diag_308_no_block_was_set(loader):
    loader.gr[6] = 6
    assert loader.step("diag %r4,%r6,0x308") == 0
    assert loader.changes() == {"r5": 0x0102}


@pytest.mark.parametrize("length", [16, 0x38, 4096])
def test_diag_308_stores_the_block_that_was_set(loader, length):
    block = length.to_bytes(4, "big") + bytes(range(1, 13)) + b"\x77" * (length - 16)
    loader.store(LIST, block)
    loader.gr[6] = 5
    assert loader.step("diag %r4,%r6,0x308") == 0
    assert loader.changes() == {"r5": 0x0001}
    loader.gr[4], loader.gr[6] = LIST + BLOCK_SIZE, 6
    assert loader.step("diag %r4,%r6,0x308") == 0
    assert loader.load(LIST + BLOCK_SIZE, 4096) == block.ljust(4096, b"\0")
    assert loader.gr[5] == 1


@pytest.mark.parametrize("length", [0, 15, 4097, 0xFFFFFFFF])
def test_diag_308_a_block_of_no_length(loader, length):
    loader.store(LIST, length.to_bytes(4, "big"))
    loader.gr[6] = 5
    assert loader.step("diag %r4,%r6,0x308") == 0
    loader.gr[6] = 6
    assert loader.gr[5] == 0x0402
    assert loader.step("diag %r4,%r6,0x308") == 0
    assert loader.gr[5] == 0x0102


def test_diag_308_snapshot_has_the_block(loader):
    before = loader.machine.snapshot()
    loader.store(LIST, (16).to_bytes(4, "big"))
    loader.gr[6] = 5
    loader.step("diag %r4,%r6,0x308")
    loader.machine.restore(before)
    loader.gr[6] = 6
    assert loader.step("diag %r4,%r6,0x308") == 0
    assert loader.gr[5] == 0x0102


@pytest.mark.parametrize("function", [3, 4])
def test_diag_308_loading_anew_stops_the_machine(loader, function):
    loader.gr[6] = function
    loader.store(CODE, assemble("diag %r4,%r6,0x308", origin=CODE).sections[0].data)
    stop = loader.machine.step()
    assert (stop.reason, stop.psw_ia) == (Reason.RE_IPL, CODE)


@pytest.mark.parametrize("function", [0, 1])
def test_diag_308_reset_goes_on_at_the_psw_at_0(loader, function):
    loader.gr[6], loader.gr[7] = function, 7
    loader.ar[7], loader.fpr[7], loader.cpu.fpc = 8, 9, 0x10
    loader.cr[1], loader.cpu.prefix = 0x4000, 0x6000
    loader.machine.set_block(LIST, "Vr")
    loader.pend(int(EXTERNAL_SERVICE) | int(EXTERNAL_CALL))
    assert loader.step("diag %r4,%r6,0x308") == 0
    machine = loader.machine
    assert machine.psw == (0x80000000, GO_ON_AT)
    assert (loader.cr[1], loader.cpu.prefix, loader.cpu.fpc, loader.pending) == (0, 0, 0, 0)
    assert machine.block(LIST).name == "Sr"
    kept = [int(register[7]) for register in (loader.gr, loader.ar, loader.fpr)]
    assert kept == ([0, 0, 0] if function == 0 else [7, 8, 9])


def test_diag_308_reset_with_an_invalid_psw(loader):
    loader.gr[6] = 1
    loader.store(0, (GO_ON_AT | 1 << 31).to_bytes(8, "big"))
    assert loader.step("diag %r4,%r6,0x308") == SPECIFICATION
    assert loader.old_psw == (1 << 51 | 0x80000000, GO_ON_AT)


@pytest.mark.parametrize("function", [2, 7, 8, 0x105, 1 << 32])
def test_diag_308_unknown_function(loader, function):
    loader.gr[6] = function
    assert loader.step("diag %r4,%r6,0x308") == SPECIFICATION
    assert loader.changes() == {}


@pytest.mark.parametrize("function", [0, 1, 3, 4, 5, 6])
def test_diag_308_odd_register(loader, function):
    loader.gr[3], loader.gr[6] = LIST, function
    assert loader.step("diag %r3,%r6,0x308") == SPECIFICATION


@pytest.mark.parametrize("function", [5, 6])
@pytest.mark.parametrize(("address", "code"), [(LIST + 8, SPECIFICATION), (0x100000, ADDRESSING)])
def test_diag_308_where_no_block_can_be(loader, function, address, code):
    loader.gr[4], loader.gr[6] = address, function
    assert loader.step("diag %r4,%r6,0x308") == code
    assert loader.changes() == {}


@pytest.mark.parametrize(("code", "function"), [(0x0C, 0), (0x260, 0x10), (0x308, 6)])
def test_diag_of_the_host_in_the_problem_state(lab, code, function):
    lab.gr[4], lab.gr[5], lab.gr[6] = LIST, 16, function
    lab.psw(PROBLEM_STATE)
    assert lab.step(f"diag %r4,%r6,{code:#x}") == PRIVILEGED_OPERATION
    assert lab.changes() == {}


# --- X'08' -----------------------------------------------------------------------------------------------------------

COMMANDS, BUFFER, INTO_BUFFER = 0x58000, 0x68000, 0x40000000
UNKNOWN = "HCPCMD001E Unknown CP command: "


@pytest.fixture(scope="session")
def _on_zvm():
    return Lab(identity="zvm")


@pytest.fixture
def on_zvm(_on_zvm):
    """DIAG R2,R4: a command at GR2, its length in GR4; a buffer of 100 bytes at GR3, its length in GR5."""
    _on_zvm.reset()
    _on_zvm.psw(cc=3)
    _on_zvm.gr[2], _on_zvm.gr[3], _on_zvm.gr[5] = COMMANDS, BUFFER, 100
    return _on_zvm


def command(lab, text, flags=INTO_BUFFER):
    lab.store(COMMANDS, text.encode("cp037"))
    lab.gr[4] = 0xABCD00000000 | flags | len(text)
    return lab.step("diag %r2,%r4,8")


@pytest.mark.parametrize("identity", ["s390emu", "qemu", "kvm"])
def test_diag_08_is_for_guests_on_zvm(identity):
    assert command(Lab(identity=identity), "QUERY TERM") == SPECIFICATION


@pytest.mark.parametrize("text", ["QUERY TERM", "  QUERY", "\x85QUERY\x85MORE"])
def test_diag_08_answers_into_a_buffer(on_zvm, text):
    assert command(on_zvm, text) == 0
    answer = (UNKNOWN + "QUERY").encode("cp037") + b"\x15"
    assert on_zvm.load(BUFFER, len(answer) + 1) == answer + b"\0"
    assert (on_zvm.gr[4], on_zvm.gr[5], on_zvm.cpu.cc) == (1, len(answer), 0)


@pytest.mark.parametrize("missing", [0, 1, 37])
def test_diag_08_an_answer_comes_whole_or_not_at_all(on_zvm, missing):
    on_zvm.gr[5] = 37 - missing
    assert command(on_zvm, "QUERY") == 0
    assert (on_zvm.gr[4], on_zvm.gr[5], on_zvm.cpu.cc) == (1, missing or 37, 1 if missing else 0)
    assert (on_zvm.load(BUFFER, 37) != bytes(37)) is not bool(missing)


def test_diag_08_answers_on_the_console(on_zvm):
    on_zvm.gr[3], on_zvm.gr[5] = 1 << 40, 1 << 40  # not looked at
    assert command(on_zvm, "TERM CONMODE 3215", flags=0) == 0
    assert on_zvm.machine.console == UNKNOWN + "TERM\n"
    assert (on_zvm.gr[4], on_zvm.gr[5], on_zvm.cpu.cc) == (1, 1 << 40, 3)


def test_diag_08_nothing_to_do(on_zvm):
    assert command(on_zvm, "  ") == 0
    assert (on_zvm.gr[4], on_zvm.gr[5], on_zvm.cpu.cc) == (0, 0, 0)


def test_diag_08_without_a_length_and_flags_does_nothing(on_zvm):
    on_zvm.gr[4] = 0xABCD00000000
    assert on_zvm.step("diag %r2,%r4,8") == 0
    assert on_zvm.changes() == {}


def test_diag_08_across_blocks_in_31_bit_mode(on_zvm):
    on_zvm.psw(MODE_31)
    on_zvm.gr[2], on_zvm.gr[3] = 1 << 31 | 0x58FFE, 1 << 31 | 0x68FFE
    on_zvm.store(0x58FFE, "LOGOFF".encode("cp037"))
    on_zvm.gr[4] = INTO_BUFFER | 6
    assert on_zvm.step("diag %r2,%r4,8") == 0
    assert on_zvm.load(0x68FFE, 38).decode("cp037") == UNKNOWN + "LOGOFF\x85"


@pytest.mark.parametrize(("registers", "instruction"), [
    pytest.param({4: 241}, "diag %r2,%r4,8", id="length-241"),
    pytest.param({4: INTO_BUFFER | 5, 5: 8193}, "diag %r2,%r4,8", id="buffer-8193"),
    pytest.param({3: INTO_BUFFER | 5}, "diag %r2,%r3,8", id="consecutive"),
    pytest.param({2: INTO_BUFFER | 5}, "diag %r3,%r2,8", id="consecutive-the-other-way"),
    pytest.param({4: INTO_BUFFER | 5}, "diag %r15,%r4,8", id="R1-15"),
    pytest.param({15: INTO_BUFFER | 5}, "diag %r2,%r15,8", id="R3-15"),
])  # fmt: skip
def test_diag_08_specification(on_zvm, registers, instruction):
    for register, value in registers.items():
        on_zvm.gr[register] = value
    assert on_zvm.step(instruction) == SPECIFICATION


@pytest.mark.parametrize("register", [2, 3])
def test_diag_08_outside_storage(on_zvm, register):
    on_zvm.gr[register] = 1 << 20
    assert command(on_zvm, "QUERY") == ADDRESSING


def test_diag_08_key(on_zvm):
    on_zvm.set_key(BUFFER, 0x30)
    on_zvm.psw(key=7)
    assert command(on_zvm, "QUERY") == PROTECTION
