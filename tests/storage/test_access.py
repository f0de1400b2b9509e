"""What instructions use: fetches and stores of every length at every place; R and C; events. PoP ch. 3, ch. 5."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PROTECTION
from s390emu.records.events import EVENT_FETCH, EVENT_STORE
from tests.lab import CODE

BLOCK = 0x38000
LOADS = {"llgc": 1, "llgh": 2, "llgf": 4, "lg": 8}
STORES = {"stcy": 1, "sthy": 2, "sty": 4, "stg": 8}
VALUE = 0x1122334455667788


def pattern(address: int, length: int) -> bytes:
    return bytes((n * 7 + (n >> 12) * 3) % 256 for n in range(address, address + length))


@pytest.mark.parametrize(("mnemonic", "length"), LOADS.items())
@pytest.mark.parametrize("offset", [0, 1, 5, *range(0xFF9, 0x1001)])
def test_fetch(lab, mnemonic, length, offset):
    lab.store(BLOCK, pattern(BLOCK, 0x2000))
    lab.gr[5] = BLOCK + offset
    lab.psw()
    code = lab.step(f"{mnemonic} %r1,0(%r5)\n {mnemonic} %r2,0(%r5)")  # the second by the TLB, where it has the page
    assert [code, lab.go()] == [0, 0]
    assert lab.gr[1] == lab.gr[2] == int.from_bytes(pattern(BLOCK + offset, length), "big")
    crossed = offset + length > 0x1000
    assert (lab.key(BLOCK), lab.key(BLOCK + 0x1000)) == (4 if offset < 0x1000 else 0, 4 if crossed else 0)


@pytest.mark.parametrize(("mnemonic", "length"), STORES.items())
@pytest.mark.parametrize("offset", [0, 1, 5, *range(0xFF9, 0x1001)])
def test_store(lab, mnemonic, length, offset):
    lab.store(BLOCK, pattern(BLOCK, 0x2000))
    lab.gr[5], lab.gr[1] = BLOCK + offset, VALUE
    lab.psw()
    assert lab.step(f"{mnemonic} %r1,0(%r5)") == 0
    stored = VALUE.to_bytes(8, "big")[8 - length :]
    expected = bytearray(pattern(BLOCK, 0x2000))
    expected[offset : offset + length] = stored
    assert lab.load(BLOCK, 0x2000) == bytes(expected)
    crossed = offset + length > 0x1000
    assert (lab.key(BLOCK), lab.key(BLOCK + 0x1000)) == (6 if offset < 0x1000 else 0, 6 if crossed else 0)


def test_a_store_after_a_fetch_sets_c(lab):
    """The fetch's TLB entry does not serve the store."""
    lab.store(BLOCK, bytes(8))
    lab.gr[5] = BLOCK
    lab.psw()
    assert lab.step("lg %r1,0(%r5)\n stg %r1,0(%r5)") == 0
    assert lab.key(BLOCK) == 4
    assert lab.go() == 0
    assert lab.key(BLOCK) == 6


def test_r_and_c_come_back_after_they_are_reset(lab):
    """Whoever resets a bit drops the TLB entries that skip setting it."""
    lab.store(BLOCK, bytes(8))
    lab.gr[5] = lab.gr[2] = BLOCK
    lab.psw()
    line = "stg %r1,0(%r5)\n lg %r1,0(%r5)\n sske %r3,%r2\n lg %r1,0(%r5)\n sske %r3,%r2\n stg %r1,0(%r5)"
    assert lab.step(line) == 0
    keys = [lab.key(BLOCK)]
    for _ in range(5):
        assert lab.go() == 0
        keys.append(lab.key(BLOCK))
    assert keys == [6, 6, 0, 4, 0, 6]


def test_an_access_that_is_not_completed_sets_nothing(lab):
    """Both operands of MVC: the second page of the target is protected."""
    lab.store(BLOCK, bytes(8))
    lab.set_key(BLOCK, 0x30)
    lab.set_key(0x3A000, 0x30)
    lab.set_key(0x3B000, 0x50)
    lab.set_key(CODE, 0x30)
    lab.gr[5], lab.gr[6] = 0x3AFF0, BLOCK
    lab.psw(key=3)
    assert lab.step("mvc 0(32,%r5),0(%r6)") == PROTECTION
    assert lab.changes() == {}
    assert (lab.key(0x3A000), lab.key(0x3B000)) == (0x30, 0x50)


def test_events_when_they_are_watched(lab):
    machine = lab.machine
    machine.watch(EVENT_FETCH, EVENT_STORE)
    machine.storage.record.tlb_on = 0  # every access is seen only without the TLB
    lab.gr[5] = BLOCK + 0xFFC
    lab.psw()
    assert lab.step("stg %r1,0(%r5)\n lg %r1,0(%r5)") == 0
    assert lab.go() == 0
    events = [event for chunk in machine.drain_events() for event in chunk]
    assert [(int(e.kind), int(e.before), int(e.after)) for e in events] == [
        (EVENT_STORE, BLOCK + 0xFFC, 4), (EVENT_STORE, BLOCK + 0x1000, 4),
        (EVENT_FETCH, BLOCK + 0xFFC, 4), (EVENT_FETCH, BLOCK + 0x1000, 4)]  # fmt: skip
