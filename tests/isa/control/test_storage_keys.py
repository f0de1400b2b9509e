"""Storage keys: PoP ch. 10; blocks without a frame: docs/page-hinting.md, sections 4 and 6."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.lab import ALL, BA_EA, MODE_24, MODE_31, PROBLEM_STATE, SIZE

BLOCK = 0x38000
LINES = ["iske %r1,%r2", "sske %r1,%r2", "rrbe %r1,%r2", "sske %r1,%r2,6"]


def absent(lab, name, key=0):
    """Put the block into a state without a frame, with this key."""
    lab.machine.set_block(BLOCK, name, key=key)
    assert lab.machine.block(BLOCK).content != "resident"


@pytest.mark.parametrize("line", LINES)
def test_privileged(lab, line):
    lab.gr[2] = ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes(keys=True) == {"key 0x20000": 4}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("address", [SIZE, ALL])
def test_outside_the_configuration(lab, line, address):
    lab.gr[2] = address
    assert lab.step(line) == ADDRESSING
    assert lab.changes() == {}


@pytest.mark.parametrize("key", [0x00, 0xFE, 0xA4, 0x0A])
def test_iske(lab, key):
    lab.set_key(BLOCK, key)
    lab.gr[1], lab.gr[2] = ALL, BLOCK + 0xFFF
    lab.psw(cc=2)
    assert lab.step("iske %r1,%r2") == 0
    assert lab.changes() == {"r1": ALL - 0xFF + key}


@pytest.mark.parametrize(("mask", "ignored"), [(MODE_31, 0xFFFFFFFF80000000), (MODE_24, 0xFFFFFFFFFF000000)])
def test_address_of_the_addressing_mode(lab, mask, ignored):
    lab.set_key(BLOCK, 0x56)
    lab.gr[2] = BLOCK | ignored
    lab.psw(mask)
    assert lab.step("iske %r1,%r2") == 0
    assert lab.gr[1] == 0x56


@pytest.mark.parametrize("line", ["iske %r1,%r2", "sske %r1,%r2", "rrbe %r1,%r2"])
def test_the_address_is_real(lab, line):
    lab.cpu.prefix = 0x40000
    lab.psw()
    for address, key in ((0x1000, 0x16), (0x41000, 0x26)):
        lab.set_key(address, key)
    lab.gr[1], lab.gr[2] = 0x90, 0x1000
    assert lab.step(line) == 0
    assert lab.key(0x1000) == 0x16  # the real address 1000 is the absolute address 41000
    assert (lab.gr[1], lab.key(0x41000)) == {"i": (0x26, 0x26), "s": (0x90, 0x90), "r": (0x90, 0x22)}[line[0]]


@pytest.mark.parametrize("old", [0x00, 0xFE])
@pytest.mark.parametrize("new", [0x00, 0x01, 0xFF, 0xA4])
@pytest.mark.parametrize("m3", [0, 8])
def test_sske(lab, old, new, m3):
    lab.set_key(BLOCK, old)
    lab.gr[1], lab.gr[2] = ALL - 0xFF + new, BLOCK + 5
    lab.psw(cc=2)
    assert lab.step(f"sske %r1,%r2,{m3}") == 0
    assert lab.changes() == {}
    assert lab.key(BLOCK) == new & 0xFE


MR, MC = 4, 2
CONDITIONAL = [  # M3, old, new, cc
    (MR, 0xA8, 0xA8, 0), (MR, 0xA8, 0xAC, 0), (MR, 0xA8, 0xAA, 1), (MR, 0xA8, 0xB8, 1), (MR, 0xA8, 0xA0, 1),
    (MC, 0xA8, 0xA8, 0), (MC, 0xA8, 0xAC, 1), (MC, 0xA8, 0xAA, 0), (MC, 0xAC, 0xBC, 1), (MC, 0xA4, 0xAC, 1),
    (MR | MC, 0xA8, 0xA8, 0), (MR | MC, 0xA8, 0xAE, 0), (MR | MC, 0xAE, 0xA8, 0), (MR | MC, 0xA8, 0xBE, 1),
    (MR | MC | 8, 0xAE, 0xA6, 1),
]  # fmt: skip


@pytest.mark.parametrize(("m3", "old", "new", "cc"), CONDITIONAL)
def test_sske_conditional(lab, m3, old, new, cc):
    lab.set_key(BLOCK, old)
    lab.gr[1], lab.gr[2] = ALL - 0xFF + new, BLOCK
    lab.psw(cc=3)
    assert lab.step(f"sske %r1,%r2,{m3}") == 0
    assert lab.changes() == {"r1": ALL - 0xFFFF + (old << 8) + new, "cc": cc}
    assert lab.key(BLOCK) == (new if cc else old)


def test_sske_takes_effect_at_once(lab):
    lab.gr[5], lab.gr[2], lab.gr[1] = BLOCK, BLOCK, 0x18
    lab.store(BLOCK, bytes(8))
    lab.psw(key=2)
    lab.set_key(BLOCK, 0x20)
    lab.set_key(0x20000, 0x20)
    code = lab.step("stg %r0,0(%r5)\n lg %r0,0(%r5)\n sske %r1,%r2\n lg %r0,0(%r5)")
    assert [code, lab.go(), lab.go(), lab.go()] == [0, 0, 0, PROTECTION]


@pytest.mark.parametrize(("old", "new", "cc"), [(0xF8, 0xF8, 0), (0xFA, 0xFA, 1), (0xFC, 0xF8, 2), (0xFE, 0xFA, 3)])
def test_rrbe(lab, old, new, cc):
    lab.set_key(BLOCK, old)
    lab.gr[2] = BLOCK + 0x123
    lab.psw(cc=cc ^ 1)
    assert lab.step("rrbe %r1,%r2") == 0
    assert lab.changes(keys=True) == {"cc": cc, "key 0x20000": 4} | ({f"key {BLOCK:#x}": new} if new != old else {})


def test_rrbe_lets_the_next_reference_be_seen(lab):
    lab.store(BLOCK, bytes(8))
    lab.gr[2] = lab.gr[5] = BLOCK
    lab.psw()
    code = lab.step("lg %r0,0(%r5)\n rrbe %r1,%r2\n rrbe %r1,%r2\n lg %r0,0(%r5)\n rrbe %r1,%r2")
    ccs = []
    for _ in range(4):
        code |= lab.go()
        ccs.append(int(lab.cpu.cc))
    assert code == 0
    assert ccs == [2, 0, 0, 2]


@pytest.mark.parametrize("state", ["Sp", "Sz", "Uz", "Vz"])
def test_a_block_without_frame_has_its_key_and_stays_out(lab, state):
    absent(lab, state, 0x5C)
    lab.gr[2] = BLOCK
    lab.psw()
    assert lab.step("iske %r1,%r2") == 0
    assert lab.changes() == {"r1": 0x5C}
    lab.psw(cc=0)
    assert lab.step("rrbe %r1,%r2") == 0
    assert lab.changes(keys=True) == {"cc": 2, f"key {BLOCK:#x}": 0x58}
    lab.gr[1] = 0xA7
    lab.psw()
    assert lab.step("sske %r1,%r2") == 0
    assert lab.changes(keys=True) == {f"key {BLOCK:#x}": 0xA6}
    assert lab.machine.storage.blocks[BLOCK >> 12].invalid


# --- several blocks ---------------------------------------------------------------------------------------------------

MB = 1
LAST = SIZE - 3 * 4096  # the last three blocks of the lab's only megabyte


@pytest.mark.parametrize(
    ("mask", "before", "after"),
    [
        pytest.param(BA_EA, LAST + 0x123, SIZE + 0x123, id="64"),
        pytest.param(MODE_31, 0x55555555_80000000 + LAST + 0x123, 0x55555555_00000000 + SIZE + 0x123, id="31"),
        pytest.param(MODE_24, 0x55555555_FF000000 + LAST, 0x55555555_00000000 + SIZE, id="24"),
    ],
)
def test_sske_several_blocks(lab, mask, before, after):
    lab.gr[1], lab.gr[2] = 0x76, before
    lab.psw(mask, cc=2)
    assert lab.step("sske %r1,%r2,1") == 0
    keys = {f"key {n:#x}": 0x76 for n in range(LAST, SIZE, 4096)}
    assert lab.changes(keys=True) == {"r2": after, "key 0x20000": 4, **keys}


def test_sske_several_blocks_conditionally(lab):
    lab.set_key(LAST, 0x78)
    lab.set_key(LAST + 4096, 0x74)
    lab.gr[1], lab.gr[2] = 0x7C, LAST
    lab.psw(cc=0)
    assert lab.step(f"sske %r1,%r2,{MB | MR}") == 0
    assert lab.cpu.cc == 3
    assert [lab.key(LAST + n) for n in (0, 4096, 8192)] == [0x78, 0x7C, 0x7C]


def test_sske_several_blocks_are_absolute(lab):
    lab.cpu.prefix = 0xFE000
    lab.gr[1], lab.gr[2] = 0x76, SIZE - 4096
    lab.psw()
    assert lab.step("sske %r1,%r2,1") == 0
    assert (lab.key(SIZE - 4096), lab.key(0x1000)) == (0x76, 0)


def test_sske_several_blocks_outside(lab):
    lab.gr[1], lab.gr[2] = 0x76, SIZE
    assert lab.step("sske %r1,%r2,1") == ADDRESSING
    assert lab.changes() == {}


# --- TEST BLOCK -------------------------------------------------------------------------------------------------------


def test_tb_clears_the_block_and_keeps_its_key(lab):
    lab.store(BLOCK, b"\xff" * 4096)
    lab.set_key(BLOCK, 0x38)
    lab.gr[0], lab.gr[2] = 0x99, BLOCK + 0x321
    lab.psw(key=7, cc=3)
    lab.set_key(0x20000, 0x70)
    assert lab.step("tb %r1,%r2") == 0
    assert lab.changes(keys=True) == {
        "r0": 0, "cc": 0, BLOCK: bytes(4096), f"key {BLOCK:#x}": 0x3E, "key 0x20000": 0x74}  # fmt: skip


@pytest.mark.parametrize(("line", "setup"), [("tb %r1,%r2", 0), ("pfmf %r1,%r2", 0x10000)])
@pytest.mark.parametrize(("address", "code"), [(0, PROTECTION), (0x1FFF, PROTECTION), (0x2000, 0), (SIZE, ADDRESSING)])
def test_clearing_and_low_address_protection(lab, line, setup, address, code):
    lab.cr[0] |= 1 << (63 - 35)
    lab.gr[1], lab.gr[2] = setup, address
    assert lab.step(line) == code
    assert lab.changes() == {}


@pytest.mark.parametrize("line", ["tb %r1,%r2", "pfmf %r1,%r2"])
def test_block_operations_are_privileged(lab, line):
    lab.gr[1], lab.gr[2] = ALL, ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("line", "setup"), [("tb %r1,%r2", 0), ("pfmf %r1,%r2", 0x10000), ("pfmf %r1,%r2", 0x11000)])
@pytest.mark.parametrize(("state", "code"), [("Sz", 0), ("Uz", ADDRESSING), ("Vz", BLOCK_VOLATILITY)])
def test_clearing_is_a_reference(lab, line, setup, state, code):
    block = SIZE - 4096
    lab.machine.set_block(block, state)
    lab.gr[1], lab.gr[2] = setup, block
    ia = lab.machine.psw[1]
    assert lab.step(line) == code
    if code:
        assert lab.changes() == ({"ia": ia} if code == BLOCK_VOLATILITY else {})
    else:
        assert lab.key(block) == 6


# --- PERFORM FRAME MANAGEMENT FUNCTION --------------------------------------------------------------------------------

SET_KEY, CLEAR, USAGE, FRAME_1M, FRAME_2G, NONQUIESCING = 0x20000, 0x10000, 0x8000, 0x1000, 0x2000, 0x800


@pytest.mark.parametrize("control", [1 << 18, 1 << 31, 0x100, 1, 0x3000, 0x4000, 0x7000])
def test_pfmf_specification(lab, control):
    lab.gr[1], lab.gr[2] = SET_KEY | control, SIZE
    assert lab.step("pfmf %r1,%r2") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("other", [0, USAGE, NONQUIESCING, 0xFFFFFFFF00000000])
def test_pfmf_sets_the_key_of_one_block(lab, other):
    lab.gr[1], lab.gr[2] = SET_KEY | other | 0x9A, BLOCK + 0xABC
    lab.psw(cc=3)
    assert lab.step("pfmf %r1,%r2") == 0
    assert lab.changes(keys=True) == {f"key {BLOCK:#x}": 0x9A, "key 0x20000": 4}
    assert lab.machine.storage.blocks[BLOCK >> 12].invalid  # D10


def test_pfmf_clears_and_sets_the_key(lab):
    lab.store(BLOCK, b"\xff" * 4096)
    lab.set_key(BLOCK, 0x38)
    lab.set_key(0x20000, 0x70)
    lab.gr[1], lab.gr[2] = SET_KEY | CLEAR | 0x9A, BLOCK
    lab.psw(key=7)
    assert lab.step("pfmf %r1,%r2") == 0
    assert lab.changes(keys=True) == {BLOCK: bytes(4096), f"key {BLOCK:#x}": 0x9A, "key 0x20000": 0x74}


@pytest.mark.parametrize(("ignored", "old", "set_"), [(0x400, 0x9E, False), (0x400, 0x98, True), (0x200, 0x9A, True),
                                                      (0x200, 0x9C, False), (0x600, 0x98, False)])  # fmt: skip
def test_pfmf_conditional(lab, ignored, old, set_):
    lab.set_key(BLOCK, old)
    lab.gr[1], lab.gr[2] = SET_KEY | ignored | 0x9E, BLOCK
    lab.psw(cc=3)
    assert lab.step("pfmf %r1,%r2") == 0
    assert lab.key(BLOCK) == (0x9E if set_ else old)
    assert lab.cpu.cc == 3


def test_pfmf_4k_is_real_and_1m_absolute(lab):
    lab.cpu.prefix = 0xFE000
    lab.gr[1], lab.gr[2] = SET_KEY | 0x90, 0x1000
    lab.psw()
    assert lab.step("pfmf %r1,%r2") == 0
    assert (lab.key(0x1000), lab.key(SIZE - 4096)) == (0, 0x90)
    lab.gr[1], lab.gr[2] = SET_KEY | FRAME_1M | 0xA0, SIZE - 4096
    lab.psw()
    assert lab.step("pfmf %r1,%r2") == 0
    assert (lab.key(0x1000), lab.key(SIZE - 4096)) == (0, 0xA0)
    assert lab.gr[2] == SIZE


@pytest.mark.parametrize("mask", [BA_EA, MODE_31])
def test_pfmf_2g_goes_beyond_the_next_megabyte(lab, mask):
    """So far that storage ends first."""
    lab.gr[1], lab.gr[2] = SET_KEY | FRAME_2G | 0xA0, LAST
    lab.psw(mask)
    assert lab.step("pfmf %r1,%r2") == ADDRESSING
    assert (lab.key(LAST), lab.key(SIZE - 4096), lab.key(LAST - 4096)) == (0xA0, 0xA0, 0)
    assert lab.gr[2] == SIZE


def test_pfmf_2g_is_not_for_the_24_bit_mode(lab):
    lab.gr[1], lab.gr[2] = SET_KEY | FRAME_2G, LAST
    lab.psw(MODE_24)
    assert lab.step("pfmf %r1,%r2") == SPECIFICATION


def test_pfmf_clears_up_to_the_next_megabyte(lab):
    for n in range(LAST, SIZE, 4096):
        lab.store(n, b"\xff" * 4096)
    lab.gr[1], lab.gr[2] = CLEAR | FRAME_1M, LAST + 4096
    lab.psw()
    assert lab.step("pfmf %r1,%r2") == 0  # a unit of operation
    assert lab.changes() == {"r2": LAST + 8192, LAST + 4096: bytes(4096), "ia": 0x20000}
    assert lab.go() == 0
    assert lab.changes() == {"r2": SIZE, LAST + 8192: bytes(4096)}


def test_pfmf_stops_at_the_block_that_is_gone(lab):
    """An interruptible instruction: what is done stays done, and R2 designates the block that is still to be."""
    lab.machine.set_block(LAST + 4096, "Vz")
    lab.store(LAST, b"\xff" * 4096)
    lab.gr[1], lab.gr[2] = CLEAR | FRAME_1M, LAST
    lab.psw()
    assert lab.step("pfmf %r1,%r2") == 0
    assert lab.changes() == {"r2": LAST + 4096, LAST: bytes(4096), "ia": 0x20000}
    assert lab.go() == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": 0x20000}
    assert lab.machine.last_interruption.teid == LAST + 4096


def test_pfmf_clears_more_blocks_than_the_host_has_frames():
    machine = Machine.from_source(
        "start: llilf %r1,0x11000\n lghi %r2,0x1000\n pfmf %r1,%r2\n lghi %r3,7\n", 1 << 20, origin=0x800,
        host=Host(FEWEST_FRAMES, PagingDevice()),
    )  # fmt: skip
    machine.run(limit=3 + 255)
    assert (machine.gr[2], machine.gr[3]) == (1 << 20, 7)


# --- reference bits of 64 blocks --------------------------------------------------------------------------------------

AREA = 0x40000  # 256K bytes
REFERENCED = (0, 5, 31, 32, 63)  # blocks of it
FOUND = sum(1 << 63 - n for n in REFERENCED)


def referenced(lab):
    for n in range(64):
        lab.machine.storage.blocks[(AREA >> 12) + n].guest_rc = (4 if n in REFERENCED else 0) | (2 if n % 2 else 0)
    lab.set_key(AREA + 0x5000, 0xAE)  # a resident one


@pytest.mark.parametrize("line", ["rrbm %r1,%r2", "irbm %r1,%r2"])
@pytest.mark.parametrize("address", [AREA, AREA + 0x3FFFF])
def test_reference_bits_multiple(lab, line, address):
    referenced(lab)
    keys = [lab.key(AREA + n * 0x1000) for n in range(64)]
    lab.gr[2] = address
    lab.psw(cc=2)
    assert lab.step(line) == 0
    assert lab.changes() == {"r1": FOUND}
    kept = 0xFE if line.startswith("irbm") else 0xFA
    assert [lab.key(AREA + n * 0x1000) for n in range(64)] == [key & kept for key in keys]


@pytest.mark.parametrize("line", ["rrbm %r1,%r2", "irbm %r1,%r2"])
def test_reference_bits_multiple_by_absolute_address(lab, line):
    referenced(lab)
    lab.cpu.prefix = AREA
    lab.gr[2] = AREA
    lab.psw()
    assert lab.step(line) == 0
    assert lab.gr[1] == FOUND


@pytest.mark.parametrize(("mask", "ignored"), [(MODE_31, 0xFFFFFFFF80000000), (MODE_24, 0xFFFFFFFFFF000000)])
def test_reference_bits_multiple_address_of_the_addressing_mode(lab, mask, ignored):
    referenced(lab)
    lab.gr[2] = AREA | ignored
    lab.psw(mask)
    assert lab.step("irbm %r1,%r2") == 0
    assert lab.gr[1] == FOUND


@pytest.mark.parametrize("line", ["rrbm %r1,%r2", "irbm %r1,%r2"])
@pytest.mark.parametrize(("mask", "code"), [(BA_EA, ADDRESSING), (PROBLEM_STATE, PRIVILEGED_OPERATION)])
@pytest.mark.parametrize("address", [SIZE, ALL])
def test_reference_bits_multiple_exceptions(lab, line, mask, code, address):
    lab.gr[2] = address
    lab.psw(mask)
    assert lab.step(line) == code
    assert lab.changes() == {}


def test_rrbm_takes_effect_at_once(lab):
    lab.gr[5], lab.gr[2] = AREA + 0x3F000, AREA
    lab.store(AREA + 0x3F000, bytes(8))
    code = lab.step("lg %r0,0(%r5)\n rrbm %r1,%r2\n irbm %r3,%r2\n lg %r0,0(%r5)\n irbm %r4,%r2")
    assert [code] + [lab.go() for _ in range(4)] == [0] * 5
    assert (lab.gr[1], lab.gr[3], lab.gr[4]) == (1, 0, 1)
