"""Storage keys: PoP ch. 10; blocks without a frame: spec essa.md, sections 4 and 6."""

from __future__ import annotations

import pytest

from s390emu.storage.page_states import STATES
from tests.lab import ALL, MODE_24, MODE_31, PROBLEM_STATE, SIZE

PRIVILEGED_OPERATION, ADDRESSING = 0x02, 0x05
BLOCK = 0x38000
LINES = ["iske %r1,%r2", "sske %r1,%r2", "rrbe %r1,%r2", "sske %r1,%r2,6"]


def absent(lab, name, key=0):
    """Take the block's frame away and give it a state and a key (ACC F in the record, R C of the guest)."""
    block = lab.machine.storage.blocks[BLOCK >> 12]
    block.usage, content = STATES[name] >> 2, STATES[name] & 3
    block.zero = content == 3
    block.acc_f, block.guest_rc = key & 0xF8, key & 6
    assert block.invalid


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
    assert [code, lab.go(), lab.go(), lab.go()] == [0, 0, 0, 4]


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
