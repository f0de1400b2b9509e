"""Storage keys in two views, with and without a frame: docs/page-hinting.md, section 6, and test obligation 7."""

from __future__ import annotations

import itertools

import pytest

from s390emu._jit import entry_point
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import ACC_F, CHANGE, RC, REFERENCE
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.records.guest import GUEST_T
from s390emu.storage import keys
from s390emu.storage.guest import GuestStorage
from tests.blocks import host_changed, reset_host_reference

N = 5
KEYS = [0x00, 0x06, 0xA4, 0x5A, 0xFE]


def set_key_entry(storage, number, key):
    keys.set_key(storage, number, int(key))
    return 0


guest_key = entry_point(keys.guest_key, GUEST_T, integers=1)
reset_reference = entry_point(keys.reset_reference, GUEST_T, integers=1)


class World:
    def __init__(self, **options):
        self.storage = GuestStorage(16 * BLOCK_SIZE)
        self.host = Host(16, PagingDevice(slots=16), **options)
        self.host.attach(self.storage)
        self.record, self.block = self.storage.record, self.storage.blocks[N]

    def put(self, state, key):
        self.host.set_block(0, N, state, key=key, data=b"data")

    def key(self):
        return guest_key(self.record, N)

    def touch(self, bits):
        """The guest refers to the resident block."""
        self.host.frames.table[self.block.frame].key |= bits


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state", ["Sr", "Sp", "Sz", "Ur", "Uz", "Pr", "Vr", "Vz"])
def test_guest_key_in_every_state(world, state, key):
    world.put(state, key)
    assert world.key() == key


@pytest.mark.parametrize("state, back", [("Sr", 2), ("Sp", 1)])
@pytest.mark.parametrize("key", range(0, 256, 2))
def test_paging_keeps_seven_bits(world, key, state, back):
    """Test obligation 7: out and in again, as often as you like."""
    world.put(state, key)
    for _ in range(2):
        world.host.pagein(0, N)
        assert world.key() == key
        world.host.reclaim(0, N)
        assert (world.block.invalid, world.block.zero, world.key()) == (1, 0, key)


def test_page_in_leaves_the_real_key_without_reference_and_change(world):
    """The guest still sees them; the host, and the TLB, start anew."""
    world.put("Sp", 0x5E)
    world.host.pagein(0, N)
    assert world.host.frames.table[world.block.frame].key == 0x58
    assert world.key() == 0x5E
    assert host_changed(world.record, N) == 0


@pytest.mark.parametrize("state", ["Ur", "Vr", "Pr"])
def test_discard_by_the_host(world, state):
    world.put(state, 0xA8 | REFERENCE)
    world.host.discard(0, N)
    assert world.key() == 0  # D19


@pytest.mark.parametrize("orc", [2, 3, 4])
def test_discard_by_the_guest(world, orc):
    world.put("Sp", 0xA8 | REFERENCE)
    assert kernels.transition(world.record, N, orc, 0) == 1
    assert world.key() == 0


def test_unpredictable_keys_after_a_discard_depend_on_seed_block_and_old_key_alone():
    """D19: ACC and F anything, R and C zero. What was discarded before makes no difference."""

    def after_discard(seed, key, *others):
        world = World(discard_keys="random", seed=seed)
        for number in others:
            world.host.release(0, number)
        world.put("Vr", key)
        world.host.discard(0, N)
        return world.key()

    found = [after_discard(1, key) for key in range(0, 256, 8)]
    assert found == [after_discard(1, key, N + 1, N + 2) for key in range(0, 256, 8)]
    assert found != [after_discard(2, key) for key in range(0, 256, 8)]
    assert len(set(found)) > 8
    assert not any(key & ~ACC_F for key in found)

    world = World(discard_keys="random", seed=1)
    for number in range(16):
        world.host.release(0, number)
    assert len(set(world.storage.blocks["acc_f"].tolist())) > 4


@pytest.mark.parametrize("state", ["Sr", "Sp", "Sz", "Uz", "Vz", "Pr"])
@pytest.mark.parametrize("key", KEYS)
def test_reset_reference_tells_both_and_resets_one(world, state, key):
    """RRBE, on a block that is out too."""
    world.put(state, key)
    assert reset_reference(world.record, N) == (key & RC) >> 1
    assert world.key() == key & ~REFERENCE
    assert reset_reference(world.record, N) == (key & CHANGE) >> 1


@pytest.mark.parametrize("state", ["Sr", "Sp", "Sz", "Uz", "Vz", "Pr"])
@pytest.mark.parametrize("key, new", list(itertools.product(KEYS, KEYS)))
def test_set_key(world, state, key, new):
    world.put(state, key)
    entry_point(set_key_entry, GUEST_T, integers=2)(world.record, N, new)
    assert world.key() == new
    if state == "Sp":
        world.host.pagein(0, N)
        assert world.key() == new


# --- two views of R and C --------------------------------------------------------------------------------------------


def test_host_clock_hand_is_not_seen_by_the_guest(world):
    world.put("Sr", 0x50)
    world.touch(REFERENCE | CHANGE)
    assert reset_host_reference(world.record, N) == 1
    assert reset_host_reference(world.record, N) == 0
    assert world.key() == 0x56
    assert reset_reference(world.record, N) == 3
    assert world.key() == 0x52
    assert reset_host_reference(world.record, N) == 0


def test_monitors_look_is_seen_by_nobody_else(world):
    world.put("Sr", 0x50)
    world.touch(REFERENCE | CHANGE)
    assert kernels.sample_references(world.record, N, 64) == 1
    assert kernels.sample_references(world.record, N, 64) == 0, "not referenced since"
    assert world.key() == 0x56, "the guest's R stays"
    assert reset_host_reference(world.record, N) == 1, "the clock hand's too"
    world.touch(REFERENCE)
    assert kernels.sample_references(world.record, N, 64) == 1


def test_monitor_looks_only_at_every_so_many_th_block(world):
    world.put("Sr", 0)
    world.touch(REFERENCE)
    assert kernels.sample_references(world.record, N + 1, 1) == 0
    assert kernels.sample_references(world.record, 0, 1) == 1


@pytest.mark.parametrize("reset", ["rrbe", "sske"])
def test_guest_reset_of_reference_is_not_seen_by_the_host(world, reset):
    world.put("Sr", 0x50)
    world.touch(REFERENCE)
    if reset == "rrbe":
        assert reset_reference(world.record, N) == 2
    else:
        entry_point(set_key_entry, GUEST_T, integers=2)(world.record, N, 0x50)
    assert world.key() == 0x50
    assert reset_host_reference(world.record, N) == 1
    assert reset_host_reference(world.record, N) == 0


def test_guest_reset_of_change_is_not_seen_by_the_host(world):
    world.put("Sr", 0)
    world.touch(RC)
    entry_point(set_key_entry, GUEST_T, integers=2)(world.record, N, 0)
    assert world.key() == 0
    assert host_changed(world.record, N) == 1


def test_guest_may_set_reference_and_change_of_what_was_never_touched(world):
    world.host.pagein(0, N)
    entry_point(set_key_entry, GUEST_T, integers=2)(world.record, N, 0x36)
    assert world.key() == 0x36
    assert reset_host_reference(world.record, N) == 0
    assert host_changed(world.record, N) == 0


def test_store_by_a_loader_is_the_hosts_change_only(world):
    world.put("Sr", 0x30)
    world.host.poke(0, N, 7, b"x")
    assert world.key() == 0x30
    assert host_changed(world.record, N) == 1
