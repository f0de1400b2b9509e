"""What every storage operand must stand, whatever the instruction: one table line per operand, the same checks for all.

    LOADS = [
        Operand("lg %r1,0(%r5)", 8, FETCH),
        Operand("cs %r1,%r3,0(%r5)", 4, UPDATE, align=4, setup=registers),
    ]

    @operand_checks(*LOADS)
    def test_operands(lab, check, operand):
        check(lab, operand)

The checks: a page-crossing operand is as good as any other, and so is one whose page the TLB knows; its second page
protected by key, outside the configuration, or volatile and discarded: the exception, and nothing changed; address bits
beyond the addressing mode are ignored; low-address protection. An operand that cannot cross a page (one byte, or
aligned) lies wholly in that second page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PROTECTION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE
from tests.lab import BA_EA, MODE_24, MODE_31, SIZE, Lab

FETCH, STORE, UPDATE = "fetch", "store", "update"

INSIDE = 0x38100  # an operand within one page
BOUNDARY = 0x3A000  # where a page-crossing operand crosses
OWN_KEY, OTHER_KEY = 3, 5  # of the PSW; of the protected page
FETCH_PROTECTION = 0x08
LOW_ADDRESS_PROTECTION = 1 << (63 - 35)  # control register 0


class Operand(NamedTuple):
    """A storage operand of `length` bytes in an assembler line, at 0(%r<base>).

    kind   FETCH, STORE, or UPDATE: fetched and stored
    align  a boundary that the operand needs; it crosses a page only at multiples of it
    setup  called with the lab before each execution: the other operands. Pages that those store into must be resident
    data   what the operand holds before, if that matters
    """

    line: str
    length: int
    kind: str
    align: int = 1
    base: int = 5
    setup: Callable[[Lab], None] | None = None
    data: bytes | None = None

    @property
    def bytes(self) -> bytes:
        return self.data if self.data is not None else bytes((7 + 13 * n) % 256 for n in range(self.length))

    @property
    def splits(self) -> list[int]:
        """How many bytes lie before the boundary: the fewest and the most, 0 where it cannot cross."""
        crossing = range(self.align, self.length, self.align)
        return sorted({crossing[0], crossing[-1]}) if crossing else [0]


def _prepare(lab: Lab, operand: Operand, address: int, mask: int = BA_EA, key: int = 0) -> None:
    """A new machine with the operand at `address`; bytes that are not in the configuration are left out."""
    lab.reset()
    if operand.setup:
        operand.setup(lab)
    lab.gr[operand.base] = address
    lab.store(address, operand.bytes[: max(0, SIZE - address)])
    lab.psw(mask | int(lab.machine.psw[0]) & 0xF << 40, key=key, cc=1)


def _result(lab: Lab, operand: Operand, address: int) -> tuple:
    """What happened, wherever the operand was: code, the operand's bytes afterwards, other changes."""
    code = lab.step(operand.line)
    inside = range(address, address + operand.length)
    others = {name: value for name, value in lab.changes().items() if name not in inside}
    if (base := f"r{operand.base}") in others:  # an address that was advanced
        others[base] = (others[base] - address) % SIZE
    return code, lab.load(address, operand.length), others


def _expect_unchanged(lab: Lab, operand: Operand, address: int, code: int) -> None:
    """The exception is recognized; no register, no storage, no change bit is different."""
    before = [lab.key(page) & CHANGE for page in (address, BOUNDARY)]
    ia = lab.machine.psw[1]
    assert lab.step(operand.line) == code
    assert lab.changes() == ({"ia": ia} if code == BLOCK_VOLATILITY else {})
    assert [lab.key(page) & CHANGE for page in (address, BOUNDARY)] == before


def crossing(lab: Lab, operand: Operand) -> None:
    """A page-crossing operand gives what one within a page gives."""
    _prepare(lab, operand, INSIDE)
    expected = _result(lab, operand, INSIDE)
    assert expected[0] == 0
    for split in operand.splits:
        _prepare(lab, operand, BOUNDARY - split)
        assert _result(lab, operand, BOUNDARY - split) == expected


def known(lab: Lab, operand: Operand) -> None:
    """The page is in the TLB, for fetches and stores, from an instruction before."""
    _prepare(lab, operand, INSIDE)
    expected = _result(lab, operand, INSIDE)
    _prepare(lab, operand, INSIDE)
    cpu, record = lab.cpu, lab.machine.port
    before, count = (int(cpu.psw_ia), int(cpu.cc)), int(record.count)
    assert lab.step(f"oc 0(1,%r{operand.base}),0(%r{operand.base})") == 0
    (cpu.psw_ia, cpu.cc), record.count = before, count  # set_psw would empty the TLB; and no time shall have passed
    assert _result(lab, operand, INSIDE) == expected


def key_protected(lab: Lab, operand: Operand) -> None:
    """The second page has another key (and fetch-protection): protection exception. Without fetch-protection it can be
    fetched."""
    for split in operand.splits:
        for fetch_protection in (FETCH_PROTECTION, 0):
            _prepare(lab, operand, BOUNDARY - split, key=OWN_KEY)
            for number, block in enumerate(lab.machine.storage.blocks):
                if not block.invalid:
                    lab.set_key(number * BLOCK_SIZE, OWN_KEY << 4)
            lab.set_key(BOUNDARY, OTHER_KEY << 4 | fetch_protection)
            if operand.kind == FETCH and not fetch_protection:
                assert lab.step(operand.line) == 0
            else:
                _expect_unchanged(lab, operand, BOUNDARY - split, PROTECTION)


def outside(lab: Lab, operand: Operand) -> None:
    """The second page is not in the configuration: addressing exception."""
    for split in operand.splits:
        _prepare(lab, operand, SIZE - split)
        assert lab.step(operand.line) == ADDRESSING
        assert lab.changes() == {}


def discard(lab: Lab, address: int) -> None:
    """Make the block volatile and discarded."""
    lab.machine.set_block(address, "Vz")


def discarded(lab: Lab, operand: Operand) -> None:
    """The second page is volatile and was discarded: block-volatility exception, nullified, naming the block."""
    for split in operand.splits:
        _prepare(lab, operand, BOUNDARY - split)
        discard(lab, BOUNDARY)
        _expect_unchanged(lab, operand, BOUNDARY - split, BLOCK_VOLATILITY)
        assert lab.machine.last_interruption.teid & ~0xFFF == BOUNDARY


def addressing_mode(lab: Lab, operand: Operand) -> None:
    """Bits of the base register beyond the addressing mode are ignored."""
    _prepare(lab, operand, INSIDE)
    expected = _result(lab, operand, INSIDE)
    for mask, ignored in ((MODE_31, 0xFFFFFFFF80000000), (MODE_24, 0xFFFFFFFFFF000000)):
        _prepare(lab, operand, INSIDE, mask)
        lab.gr[operand.base] |= ignored
        assert _result(lab, operand, INSIDE) == expected


def low_address(lab: Lab, operand: Operand) -> None:
    """Low-address protection of 4096-4607 (and 0-511), for stores even with key 0; fetches are free."""
    for address in [0x1000 - split for split in operand.splits] + [512 - operand.align]:
        _prepare(lab, operand, address)
        lab.cr[0] |= LOW_ADDRESS_PROTECTION
        before = lab.load(address, operand.length)
        code = lab.step(operand.line)
        if operand.kind == FETCH:
            assert code == 0
        else:
            assert code == PROTECTION
            assert lab.changes() == {}
            assert lab.load(address, operand.length) == before


CHECKS = (crossing, known, key_protected, outside, discarded, addressing_mode, low_address)


def operand_checks(*operands: Operand):
    """Parametrize a test over (check, operand): every check for every operand."""
    return pytest.mark.parametrize(
        ("check", "operand"),
        [
            pytest.param(check, operand, id=f"{operand.line.replace(' ', '_')}-{check.__name__}")
            for operand in operands
            for check in CHECKS
        ],
    )
