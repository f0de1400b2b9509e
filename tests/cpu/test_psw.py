"""The PSW: validity, addressing modes. PoP ch. 4; early and late exceptions: ch. 6."""

from __future__ import annotations

import pytest

from s390emu._jit import u64
from s390emu.architecture.interruptions import ADDRESSING, PROTECTION, SPECIFICATION
from s390emu.cpu.psw import mode_of, psw_valid
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE

UNASSIGNED = [0, 2, 3, 4, 12, *range(24, 31), *range(33, 64)]


@pytest.mark.parametrize(("mask", "mode"), [(BA_EA, ALL), (MODE_31, (1 << 31) - 1), (MODE_24, (1 << 24) - 1)])
def test_addressing_mode(mask, mode):
    assert int(mode_of(u64(mask))) == mode


@pytest.mark.parametrize("bit", range(64))
def test_each_bit(bit):
    mask = BA_EA | 1 << (63 - bit) if bit not in (31, 32) else BA_EA ^ 1 << (63 - bit)
    assert bool(psw_valid(u64(mask), u64(0))) == (bit not in UNASSIGNED and bit != 32)


@pytest.mark.parametrize(("mask", "bits"), [(BA_EA, 64), (MODE_31, 31), (MODE_24, 24)])
def test_address(mask, bits):
    assert psw_valid(u64(mask), u64((1 << bits) - 1))
    if bits < 64:
        assert not psw_valid(u64(mask), u64(1 << bits))
        assert not psw_valid(u64(mask), u64(1 << 63))


def test_early_exception_comes_before_the_instruction(lab):
    lab.store(CODE, b"\x07\x00")
    lab.store(0x1D0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.store(0x30000, b"\x07\x00")
    count = lab.machine.count
    lab.psw(BA_EA | 1 << 51)
    lab.machine.run(1)
    assert (lab.word(0x8C, 4), lab.word(0x150), lab.word(0x158)) == (6, BA_EA | 1 << 51, CODE)
    assert lab.machine.count == count + 1  # only the handler's first instruction


def fetched(lab):
    """Execute what the PSW designates, if it can be fetched: -> program-interruption code."""
    before = lab.machine.count
    lab.machine.run(1)
    last = lab.machine.last_interruption
    return last.code if last and last.count > before else 0


def test_odd_address(lab):
    lab.psw(ia=CODE + 1)
    assert fetched(lab) == SPECIFICATION
    assert lab.old_psw[1] - (CODE + 1) == lab.machine.last_interruption.ilc == 2


def test_odd_address_before_the_fetch(lab):
    lab.psw(ia=SIZE + 1)
    assert fetched(lab) == SPECIFICATION


def test_fetch_outside_the_configuration(lab):
    lab.psw(ia=SIZE)
    assert fetched(lab) == ADDRESSING
    assert lab.old_psw[1] - SIZE == lab.machine.last_interruption.ilc


def test_fetch_with_the_wrong_key(lab):
    lab.set_key(CODE, 0x58)
    lab.psw(key=3)
    assert fetched(lab) == PROTECTION


@pytest.mark.parametrize(("text", "code"), [("0700", 0), ("a70a0001", ADDRESSING), ("e31000000004", ADDRESSING)])
def test_only_the_bytes_of_the_instruction_are_fetched(lab, text, code):
    """At the end of storage: a halfword instruction fits."""
    lab.store(SIZE - 2, bytes.fromhex(text)[:2])
    lab.psw(ia=SIZE - 2)
    assert fetched(lab) == code


@pytest.mark.parametrize(("mask", "last"), [(MODE_24, 0xFFFFFE), (MODE_31, 0x7FFFFFFE)])
def test_instruction_address_wraps(lab, mask, last):
    """The last halfword of the addressing mode cannot be fetched: the updated address in the old PSW is 0."""
    lab.psw(mask, ia=last)
    assert fetched(lab) == ADDRESSING
    assert lab.old_psw[1] == 0
