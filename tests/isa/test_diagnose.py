"""DIAGNOSE X'10': docs/page-hinting.md, section 9, D18."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.page_states import STATES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
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


@pytest.mark.parametrize("code", [0, 0x8, 0x11, 0x45, 0x250, 0x500])
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
