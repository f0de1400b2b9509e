"""Assigned storage locations: where the CPU stores them, what is in the way. PoP ch. 3; docs/page-hinting.md D13."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import OPERATION
from s390emu.machine import Reason
from tests.lab import BA_EA, CODE

NEW_PSW = 0x1D0


@pytest.mark.parametrize("prefix", [0, 0x2000, 0x40000])
def test_stored_in_the_prefix_area(lab, prefix):
    lab.store(prefix + NEW_PSW, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.store(0x30000, b"\x07\x00")
    lab.cpu.prefix = prefix
    lab.store(CODE, bytes(2))
    lab.psw()
    lab.machine.run(2)
    assert lab.word(prefix + 0x158) == CODE + 2
    assert lab.machine.psw[1] == 0x30002
    if prefix:
        assert lab.load(0x150, 16) == bytes(16)


def test_no_protection_applies_but_r_and_c_are_set(lab):
    lab.cr[0] |= 1 << (63 - 35)
    lab.set_key(0, 0xF8)
    lab.set_key(CODE, 0x30)
    lab.store(CODE, bytes(2))
    lab.psw(key=3)
    assert lab.go() == OPERATION
    assert lab.key(0) == 0xFE


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("state", ["Vz", "Uz"])
def test_either_block_gone_is_a_check_stop(lab, number, state):
    lab.cpu.prefix = 0x40000
    lab.machine.set_block(0x40000 + number * 0x1000, state)
    lab.store(CODE, bytes(2))
    lab.psw()
    stop = lab.machine.run(3)
    assert stop.reason is Reason.CHECK_STOP_LOWCORE
    assert stop.psw_ia == CODE + 2


def test_a_store_into_code_of_the_prefix_area_is_seen(lab):
    """The handler is the last halfword of the program old PSW, which each interruption overwrites."""
    lab.store(NEW_PSW, BA_EA.to_bytes(8, "big") + (0x15E).to_bytes(8, "big"))
    lab.store(0x1800, bytes(2))
    lab.store(0x1A00, bytes(2))
    lab.gr[0], lab.gr[2] = 5, 7
    lab.psw(ia=0x1800)
    lab.machine.run(2)  # 1802 is LR %r0,%r2
    assert lab.gr[0] == 7
    lab.psw(ia=0x1A00)
    lab.machine.run(2)  # 1A02 is AR %r0,%r2
    assert lab.gr[0] == 14
