"""Absolute storage by a channel's access key: what is denied, and in which order. PoP ch. 3 "Key-Controlled
Protection", docs/page-hinting.md D14."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, PROTECTION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host import channel
from s390emu.host.host import Host
from s390emu.machine import Machine
from s390emu.storage.access import FETCH, STORE

BLOCKS = 16
END = BLOCKS * BLOCK_SIZE


@pytest.fixture(scope="module")
def machine():
    """Block 1 has key 1, block 2 key 2 and fetch protection; 3 is unused, 4 volatile and discarded, all without a frame
    but 5, which has key 1."""
    machine = Machine(END, host=Host(BLOCKS))
    for number, (state, key) in enumerate([("Sz", 0x10), ("Sz", 0x28), ("Uz", 0x10), ("Vz", 0x10), ("Sr", 0x10)], 1):
        machine.set_block(number * BLOCK_SIZE, state, key=key)
    return machine


def denial(machine, first, length, key, kind):
    return channel.denial(machine.host.guests[0], first, length, key, kind)


@pytest.mark.parametrize(
    ("first", "length", "key", "kind", "code"),
    [
        pytest.param(0, BLOCK_SIZE, 0x10, FETCH, 0, id="another-key-fetches-what-is-not-fetch-protected"),
        pytest.param(0, BLOCK_SIZE, 0x10, STORE, PROTECTION, id="another-key-does-not-store"),
        pytest.param(BLOCK_SIZE, BLOCK_SIZE, 0x10, STORE, 0, id="its-own-key"),
        pytest.param(2 * BLOCK_SIZE - 1, 1, 0x10, STORE, 0, id="last-byte-of-a-block"),
        pytest.param(2 * BLOCK_SIZE - 1, 2, 0x10, FETCH, PROTECTION, id="second-block-is-fetch-protected"),
        pytest.param(BLOCK_SIZE, 2 * BLOCK_SIZE, 0, STORE, 0, id="key-zero-matches-any"),
        pytest.param(2 * BLOCK_SIZE, BLOCK_SIZE + 1, 0x10, STORE, ADDRESSING, id="addressing-before-protection"),
        pytest.param(4 * BLOCK_SIZE, 1, 0, FETCH, ADDRESSING, id="volatile-and-discarded"),
        pytest.param(END - 1, 1, 0, STORE, 0, id="last-byte"),
        pytest.param(END - 1, 2, 0, STORE, ADDRESSING, id="beyond-the-end"),
        pytest.param((1 << 64) - 1, BLOCK_SIZE, 0, FETCH, ADDRESSING, id="no-wrap-to-zero"),
    ],
)
def test_denial(machine, first, length, key, kind, code):
    assert denial(machine, first, length, key, kind) == code


def test_a_store_brings_blocks_and_is_a_reference_and_change(machine):
    guest, pager, data = machine.host.guests[0], machine.host.pager, bytes(range(1, 201))
    assert channel.store(pager, guest, 6 * BLOCK_SIZE - 100, data)  # block 5 is there, 6 is not
    assert machine.read(6 * BLOCK_SIZE - 101, 202) == b"\0" + data + b"\0"
    assert channel.fetch(pager, guest, 6 * BLOCK_SIZE - 100, 200) == data
    assert [machine.block(n * BLOCK_SIZE).key & (REFERENCE | CHANGE) for n in (5, 6)] == [REFERENCE | CHANGE] * 2


def test_what_is_hinted_away_is_not_there(machine):
    guest, pager = machine.host.guests[0], machine.host.pager
    assert channel.fetch(pager, guest, 4 * BLOCK_SIZE, 8) is None
    assert not channel.store(pager, guest, 4 * BLOCK_SIZE - 8, bytes(16))
    assert machine.block(4 * BLOCK_SIZE).name == "Vz"
