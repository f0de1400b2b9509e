"""A lab with the message-security assist, and what its instructions have in common."""

from __future__ import annotations

import pytest

from tests.isa.general.partial import assembled, execute
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, Lab

FACILITIES = (17, 57, 77)
PARAMETER, FIRST, SECOND, THIRD, PAGE = 0x40000, 0x50000, 0x60000, 0x70000, 0x1000
MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])
MASKS = {BA_EA: ALL, MODE_31: (1 << 31) - 1, MODE_24: (1 << 24) - 1}
MODIFIER = 0x80


def secure_lab() -> Lab:
    pytest.importorskip("cryptography")
    return Lab(extra=FACILITIES)


def setup(lab, function, length, *, first=FIRST, second=SECOND, third=THIRD, parameter=PARAMETER, mode=BA_EA):
    """Registers 2, 4 and 5, 6: first operand, second with its length, third; all other bits are ones."""
    lab.psw(mode, cc=2)
    mask, lengths = MASKS[mode], ALL if mode == BA_EA else (1 << 32) - 1
    lab.gr[0] = ALL & ~0xFF | function
    lab.gr[1], lab.gr[2], lab.gr[4], lab.gr[6] = ((ALL & ~mask) | a for a in (parameter, first, second, third))
    lab.gr[5] = (ALL & ~lengths) | length


def at(lab, r, mode=BA_EA) -> int:
    """The address or the length in a register, whose bits 0-31 only the 64-bit mode changes."""
    value = int(lab.gr[r])
    if mode == BA_EA:
        return value
    assert value >> 32 == 0xFFFFFFFF
    return value & 0xFFFFFFFF


def run(lab, line: str) -> int:
    """Execute until cc is not 3; return in how many units."""
    lab.store(CODE, assembled(line))
    units = execute(lab)
    assert lab.cpu.cc == 0
    return units
