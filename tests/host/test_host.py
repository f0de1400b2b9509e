"""The host: contents survive what they must, frames go in the right order, and what cannot be done is said.

docs/page-hinting.md, sections 3, 8 and 9, decisions D7, D8, D18, D20, and test obligations 2, 3, 4, 11 (pinning), 12.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.architecture.page_states import DISCARD, IN, NOT_APPLICABLE, OUT, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull, PagingLost
from s390emu.records.events import EVENT_HOST, EVENT_REFERENCE, EVENT_T
from s390emu.records.exits import COMPLETED, HINTED_AWAY, NO_FRAME, PAGING_ERROR
from s390emu.storage.blocks import Block
from s390emu.storage.guest import GuestStorage
from tests import page_state_table as spec

ZEROS = bytes(BLOCK_SIZE)


def content(n: int) -> bytes:
    return random.Random(n).randbytes(BLOCK_SIZE)


class World:
    """A host and guests of 32 blocks."""

    def __init__(self, frames=32, guests=1, paging="default", **options):
        self.paging = PagingDevice(slots=64) if paging == "default" else paging
        self.host = Host(frames, self.paging, **options)
        self.storages = [GuestStorage(32 * BLOCK_SIZE) for _ in range(guests)]
        assert [self.host.attach(storage) for storage in self.storages] == list(range(guests))

    def put(self, number, state, guest=0, **details):
        self.host.set_block(guest, number, state, **details)

    def state(self, number, guest=0):
        return self.storages[guest].block(number).name

    def key(self, number, guest=0):
        return self.storages[guest].key(number)

    def touch(self, number, data=None, guest=0):
        """The guest refers to the block, stores there if data is given: -> its content."""
        outcome = self.host.resolve(guest, number)
        assert outcome == COMPLETED
        frame = self.storages[guest].blocks[number].frame
        self.host.frames.table[frame].key |= REFERENCE
        if data is not None:
            self.host.frames.table[frame].key |= CHANGE
            self.host.frames.memory[frame] = np.frombuffer(data, np.uint8)
        self.storages[guest].ports[0].count += np.uint64(1)
        return self.host.frames.memory[frame].tobytes()

    def resident(self, guest=0):
        return [n for n, block in enumerate(self.storages[guest].blocks) if not block.invalid]

    @property
    def statistics(self):
        return self.host.statistics(0)


@pytest.fixture
def world():
    return World()


# --- the columns that are the host's ---------------------------------------------------------------------------------

HOST_EVENTS = {
    "RECLAIM": lambda host, n: host.reclaim(0, n),
    "TOUCH": lambda host, n: host.resolve(0, n),
    "DIAG10": lambda host, n: host.release(0, n),
    "NRESET": lambda host, n: host.reset(0, clear=False),
    "CRESET": lambda host, n: host.reset(0, clear=True),
}


@pytest.mark.parametrize("no_dat", [0, 1], ids=["", "no-dat"])
@pytest.mark.parametrize(
    "cell",
    [cell for cell in spec.CELLS if cell.event in HOST_EVENTS],
    ids=lambda cell: f"{cell.before}-C{cell.change}-{cell.event}",
)
def test_host_does_what_the_table_says(world, cell, no_dat):
    key = 0x38 | (CHANGE if cell.change else 0)
    world.put(7, cell.before, key=key, no_dat=no_dat, data=content(1))
    before = world.storages[0].blocks.copy()
    HOST_EVENTS[cell.event](world.host, 7)
    assert world.state(7) == cell.after
    gone = cell.action == "D" or cell.event in ("DIAG10", "CRESET")
    assert world.key(7) == (0 if gone else key)
    assert world.storages[0].blocks[7].no_dat == (0 if "RESET" in cell.event else no_dat)
    kept = cell.before[1] != "z" and cell.after[1] != "z"
    assert world.host.peek(0, 7) == (content(1) if kept else ZEROS)
    assert (np.delete(world.storages[0].blocks, 7) == np.delete(before, 7)).all()
    assert world.paging.used == (cell.after[1] == "p" or (cell.before[1] == "p" and cell.after[1] != "z"))
    assert world.host.frames.in_use == (cell.after[1] == "r")


# --- contents --------------------------------------------------------------------------------------------------------


def test_stable_survives_any_number_of_journeys(world):
    """Test obligation 3."""
    world.touch(3, content(3))
    for n in range(20):
        assert world.host.reclaim(0, 3) == OUT
        assert world.host.pagein(0, 3) == IN
        assert world.touch(3, content(n) if n % 3 == 0 else None) == content(n // 3 * 3)


def test_zero_fill_reads_zeros_in_a_frame_that_had_data(world):
    world.touch(1, content(1))
    world.host.release(0, 1)
    assert world.host.pagein(0, 1) == ZERO_FILL
    assert world.touch(1) == ZEROS


@pytest.mark.parametrize("retained", [True, False])
def test_unchanged_since_page_in_is_not_written_again(world, retained):
    world.touch(3, content(3))
    world.host.reclaim(0, 3)
    assert world.touch(3, None if retained else content(4)) == content(3 if retained else 4)
    assert world.host.reclaim(0, 3) == OUT
    assert world.touch(3) == content(3 if retained else 4)
    assert (world.statistics.written_out, world.statistics.still_clean) == ((1, 1) if retained else (2, 0))
    assert world.paging.used == 1


def test_change_that_the_guest_reset_is_still_written(world):
    """SSKE hides a store from the guest, not from the host."""
    world.touch(3, content(3))
    world.host.reclaim(0, 3)
    world.touch(3, content(4))
    frame = world.storages[0].blocks[3].frame
    world.storages[0].blocks[3].host_rc, world.host.frames.table[frame].key = CHANGE, 0  # as set_key leaves it
    world.storages[0].blocks[3].guest_rc = 0
    world.host.reclaim(0, 3)
    assert world.touch(3) == content(4)


def test_random_walk_of_contents():
    """Everything the host can do, at random, against a model of what each block must hold."""
    rng = random.Random(11)
    world = World(frames=32, guests=2, paging=PagingDevice(slots=24))
    world.host.limit.frames = 16
    held = {(g, n): ZEROS for g in range(2) for n in range(32)}
    for step in range(6000 if JIT else 800):
        guest, n = rng.randrange(2), rng.randrange(32)
        record, block = world.storages[guest].record, world.storages[guest].blocks[n]
        state, doing = world.state(n, guest), rng.randrange(10)
        if doing < 4 and state not in ("Uz", "Vz"):
            data = content(step) if rng.random() < 0.5 else None
            if world.host.resolve(guest, n) == NO_FRAME:
                continue
            got = world.touch(n, data, guest)
            assert got == (data or held[guest, n]), (step, state)
            held[guest, n] = got
        elif doing < 7:
            orc = rng.choice([1, 2, 3, 4, 5, 6])
            if orc == 5:
                try:
                    if world.host.pager.bring(world.host.guests[guest], n, 5) is None:
                        kernels.transition(record, n, 5, 0)
                except PagingError:
                    continue
            else:
                world.host.pager.empty(world.host.guests[guest], n, orc)
        elif doing == 7:
            try:
                world.host.reclaim(guest, n)
            except PagingFull:
                assert world.paging.used == 24
        elif doing == 8 and rng.random() < 0.3:
            world.host.release(guest, n)
        elif doing == 9 and rng.random() < 0.05:
            world.host.reset(guest, clear=rng.random() < 0.5)
        for g, storage in enumerate(world.storages):  # who lost its content reads zeros from now on
            for number in np.flatnonzero(storage.blocks.invalid & storage.blocks.zero):
                held[g, int(number)] = ZEROS
        assert block.invalid or not block.zero
        if step % 25 == 0:
            check_consistency(world)
    assert world.statistics.discarded and world.statistics.written_out and world.statistics.still_clean


def check_consistency(world):
    """Frames, blocks and slots agree."""
    owned, slots = {}, []
    for g, storage in enumerate(world.storages):
        blocks = storage.blocks
        there, has_slot = blocks.invalid == 0, blocks.slot >= 0
        owned |= {int(blocks.frame[n]): (g, int(n)) for n in np.flatnonzero(there)}
        slots += blocks.slot[has_slot].tolist()
        assert not (there & (blocks.zero != 0)).any()
        assert (has_slot | there | (blocks.zero != 0)).all()  # preserved is on the device
        assert not (has_slot & (blocks.zero != 0)).any()
    table = world.host.frames.table
    assert owned == {f: (int(e.guest), int(e.block)) for f, e in enumerate(table) if e.guest >= 0}
    assert sorted([*owned, *world.host.frames.free]) == list(range(len(table)))
    assert len(set(slots)) == len(slots) == world.paging.used


# --- which frame goes ------------------------------------------------------------------------------------------------


def test_the_oldest_goes_first():
    world = World(frames=16)
    for n in range(16):
        world.touch(n, content(n))
    world.touch(16)  # everyone had R: all lose it, block 0 goes
    assert world.state(0) == "Sp"
    for n in (1, 2, 4):
        world.touch(n)
    world.touch(17)
    assert [n for n in range(16) if world.state(n) == "Sp"] == [0, 3]


def test_age_first_then_the_state():
    """A volatile block that is in use stays, an old stable one is written out."""
    world = World(frames=16)
    for n in range(16):
        world.touch(n, content(n))
    world.put(20, "Sz")
    world.touch(20)
    world.host.pager.empty(world.host.guests[0], 1, 3)
    world.touch(1)
    world.touch(21)
    assert (world.state(1), world.state(2)) == ("Vr", "Sp")


def test_unused_goes_ahead_of_the_oldest():
    world = World(frames=16)
    for n in range(16):
        world.touch(n, content(n))
    world.host.pager.empty(world.host.guests[0], 9, 2)
    world.host.pager.empty(world.host.guests[0], 5, 2)
    for n in (20, 21):
        world.touch(n, content(n))
    assert (world.state(5), world.state(9), world.statistics.written_out) == ("Uz", "Uz", 0)
    assert world.statistics.discarded == {"Ur": 2}


def test_unused_that_became_stable_again_is_not_taken_for_unused():
    world = World(frames=16)
    for n in range(16):
        world.touch(n, content(n))
    for n in (5, 9):
        world.host.pager.empty(world.host.guests[0], n, 2)
    world.touch(20)
    world.host.pager.empty(world.host.guests[0], 9, 1)
    world.touch(21)
    assert (world.state(5), world.state(9), world.state(0)) == ("Uz", "Sr", "Sp")


@pytest.mark.parametrize(
    "before, change, after", [("Vr", 1, "Vz"), ("Pr", 0, "Vz"), ("Pr", 1, "Sp"), ("Sr", 0, "Sp"), ("Ur", 1, "Uz")]
)
def test_what_becomes_of_a_victim(before, change, after):
    world = World(frames=16)
    world.put(0, before, key=CHANGE if change else 0, data=content(0))
    for n in range(1, 17):
        world.touch(n)
    assert world.state(0) == after


def test_the_instruction_being_retried_keeps_what_was_brought_for_it():
    """Sixteen blocks for one instruction in sixteen frames: no fault may undo another."""
    world = World(frames=16)
    for n in range(16):
        world.touch(n, content(n))
    for n in range(16, 32):
        assert world.host.resolve(0, n) == COMPLETED  # the instruction count stands still
    assert world.resident() == list(range(16, 32))
    assert world.host.resolve(0, 0) == NO_FRAME
    assert world.host.reason == (
        "no page frame for guest 0: of 16 none is free and none can be taken; the rest is pinned for I/O, or was "
        "brought for the instruction that needs one more. Give the host more frames"
    )


def test_a_loader_may_write_more_than_there_are_frames():
    world = World(frames=16)
    for n in range(32):
        world.host.poke(0, n, 0, content(n))
    assert [world.host.peek(0, n) for n in range(32)] == [content(n) for n in range(32)]


def test_guests_share_the_pool_by_age():
    world = World(frames=32, guests=2)
    for n in range(20):
        world.touch(n, content(n), guest=0)
    for n in range(20):
        world.touch(n, content(100 + n), guest=1)
    assert len(world.resident(0)) == 12 and len(world.resident(1)) == 20
    for n in range(20):
        assert world.touch(n, guest=0) == content(n)
        assert world.touch(n, guest=1) == content(100 + n)
    assert world.host.statistics(0).read_back >= 8


def test_pinned_blocks_stay():
    """Test obligation 11."""
    world = World(frames=16)
    world.touch(0, content(0))
    assert world.host.pin(0, 0) == world.host.pin(0, 0) == COMPLETED
    assert world.host.reclaim(0, 0) == NOT_APPLICABLE
    for n in range(1, 32):
        world.touch(n)
    assert world.state(0) == "Sr"
    world.host.unpin(0, 0)
    assert world.host.reclaim(0, 0) == NOT_APPLICABLE
    world.host.unpin(0, 0)
    assert world.host.reclaim(0, 0) == OUT
    with pytest.raises(ValueError, match="0x0 is not pinned"):
        world.host.unpin(0, 0)


def test_pin_brings_the_block(world):
    world.put(4, "Sp", data=content(4))
    assert world.host.pin(0, 4) == COMPLETED
    assert (world.state(4), world.storages[0].blocks[4].pinned) == ("Sr", 1)


def test_pin_of_what_is_lost(world):
    world.put(4, "Sp", data=content(4))
    world.host.swap_error(0, 4)
    assert world.host.pin(0, 4) == PAGING_ERROR
    assert world.storages[0].blocks[4].pinned == 0


@pytest.mark.parametrize("state", ["Uz", "Vz"])
def test_pin_of_what_the_guest_hinted_away(world, state):
    """D14: the device tells the guest."""
    world.put(4, state)
    assert world.host.pin(0, 4) == HINTED_AWAY
    assert world.storages[0].blocks[4].pinned == 0


# --- pressure --------------------------------------------------------------------------------------------------------


def test_pressure_takes_the_oldest_now_and_limits_the_pool():
    world = World(frames=32)
    for n in range(32):
        world.touch(n, content(n))
    assert world.host.pressure(20) == 12
    assert world.resident() == list(range(12, 32))
    for n in range(12):
        assert world.touch(n) == content(n)
    assert world.host.frames.in_use == 20
    assert world.host.pressure(32) == 0
    for n in range(32):
        assert world.touch(n) == content(n)
    assert world.host.frames.in_use == 32


def test_pressure_below_what_the_guest_needs_lets_it_have_that_later():
    world = World(frames=32)
    for n in range(32):
        world.touch(n, content(n))
    assert world.host.pressure(0) == 32
    assert (world.resident(), world.host.limit.frames) == ([], 16)
    for n in range(32):
        assert world.touch(n) == content(n)
    assert world.host.frames.in_use == 16


def test_pressure_takes_what_it_can():
    world = World(frames=32, paging=None)
    for n in range(8):
        world.touch(n, content(n))
    for n, orc in ((1, 2), (2, 3), (3, 3)):
        world.host.pager.empty(world.host.guests[0], n, orc)
    assert world.host.pressure(0) == 3
    assert [world.state(n) for n in range(5)] == ["Sr", "Uz", "Vz", "Vz", "Sr"]


# --- without a paging device, or with a small or a broken one --------------------------------------------------------


def test_without_a_paging_device_what_is_stable_cannot_be_taken():
    """Test obligation 12."""
    world = World(frames=16, paging=None)
    for n in range(16):
        world.touch(n, content(n))
    assert world.host.resolve(0, 16) == NO_FRAME
    assert world.host.reason == (
        "no page frame for guest 0: of 16 none is free and none can be taken; the rest is stable, and without a paging "
        "device it cannot be taken. Give the host more frames or a paging device"
    )
    assert [world.host.peek(0, n) for n in range(16)] == [content(n) for n in range(16)]
    with pytest.raises(PagingFull, match="there is no paging device"):
        world.host.reclaim(0, 3)
    assert world.state(3) == "Sr"
    world.host.pager.empty(world.host.guests[0], 3, 3)
    assert world.touch(16) == ZEROS
    assert world.state(3) == "Vz"


def test_preserved_is_never_seen_without_a_paging_device():
    rng = random.Random(3)
    world = World(frames=16, paging=None)
    for _ in range(1500 if JIT else 400):
        n = rng.randrange(32)
        if rng.random() < 0.5 and world.state(n) not in ("Uz", "Vz"):
            world.host.resolve(0, n)
            world.storages[0].ports[0].count += np.uint64(1)
        else:
            world.host.pager.empty(world.host.guests[0], n, rng.choice([1, 2, 3, 4, 6]))
        assert {world.state(n)[1] for n in range(32)} <= {"r", "z"}


def test_when_the_device_is_full_only_what_needs_no_writing_is_taken():
    world = World(frames=16, paging=PagingDevice(slots=2))
    for n in range(16):
        world.touch(n, content(n))
    for n in (16, 17):
        world.touch(n, content(n))
    assert world.paging.used == 2
    assert world.host.resolve(0, 18) == NO_FRAME
    assert "all 2 slots of" in world.host.reason
    world.host.pager.empty(world.host.guests[0], 9, 3)
    assert world.touch(18) == ZEROS
    assert world.state(9) == "Vz"


def test_a_full_device_gives_up_slots_of_resident_blocks():
    world = World(frames=16, paging=PagingDevice(slots=2))
    for n in range(2):
        world.touch(n, content(n))
        world.host.reclaim(0, n)
        world.touch(n)
    assert world.paging.used == 2  # retained
    world.touch(5, content(5))
    assert world.host.reclaim(0, 5) == OUT
    assert world.storages[0].blocks[0].slot == -1
    assert world.host.reclaim(0, 0) == OUT  # at the cost of block 1's
    assert [world.touch(n) for n in (0, 1, 5)] == [content(0), content(1), content(5)]
    check_consistency(world)


@pytest.mark.parametrize("damage", ["swap_error", "truncate", "overwrite"])
def test_lost_content_is_reported_each_time_and_never_wrong(world, damage):
    """D20."""
    world.put(4, "Sp", data=content(4), key=0x36)
    if damage == "swap_error":
        world.host.swap_error(0, 4)
    else:
        with open(world.paging.path, "r+b") as file:
            file.write(b"?" * 100) if damage == "overwrite" else file.truncate(10)
    for times in (1, 2):
        assert world.host.resolve(0, 4) == PAGING_ERROR
        assert "slot 0 of" in world.host.reason
        assert (world.state(4), world.key(4)) == ("Sp", 0x36)
        assert world.host.guests[0].failing_block == 4
        assert world.statistics.paging_errors == times
    assert world.host.frames.in_use == 0
    with pytest.raises(PagingLost):
        world.host.peek(0, 4)
    world.host.release(0, 4)  # the guest gives it up, and can have it again
    assert world.touch(4) == ZEROS


def test_swap_error_needs_a_slot(world):
    with pytest.raises(ValueError, match="block 0x4000 is not on the paging device"):
        world.host.swap_error(0, 4)


# --- D7, D8 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [False, True])
def test_zero_detect(on):
    """D7: off by default; only CS tells."""
    world = World(zero_detect=on)
    world.put(4, "Sr", key=0x3E)
    world.put(5, "Pr", key=0x3E)
    for n in (4, 5):
        assert world.host.reclaim(0, n) == OUT
        assert (world.state(n), world.key(n)) == ("Sz" if on else "Sp", 0x3E)
        assert world.touch(n) == ZEROS
    assert (world.statistics.found_zero, world.statistics.written_out) == ((2, 0) if on else (0, 2))


def test_zero_detect_forgets_an_older_slot():
    world = World(zero_detect=True)
    world.touch(4, content(4))
    world.host.reclaim(0, 4)
    world.touch(4, ZEROS)
    world.host.reclaim(0, 4)
    assert (world.state(4), world.paging.used) == ("Sz", 0)
    assert world.touch(4) == ZEROS


def test_zero_fill_of_unused_keeps_it_unused():
    """D8, policy zerofill."""
    world = World(unused_access="zerofill")
    world.put(4, "Uz")
    assert world.host.pagein(0, 4) == ZERO_FILL
    assert world.state(4) == "Ur"


@pytest.mark.parametrize("policy", ["discarded", "always"])
def test_unused_is_not_brought(policy):
    world = World(unused_access=policy)
    world.put(4, "Uz")
    assert world.host.pagein(0, 4) == NOT_APPLICABLE
    assert world.state(4) == "Uz"


# --- actions by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state, change", [("Ur", 1), ("Vr", 1), ("Pr", 0)])
def test_discard(world, state, change):
    world.put(4, state, key=CHANGE if change else 0, data=content(4))
    assert world.host.discard(0, 4) == DISCARD
    assert world.state(4) == {"Ur": "Uz"}.get(state, "Vz")
    assert world.statistics.discarded == {state: 1}


@pytest.mark.parametrize("state, change", [("Sr", 0), ("Sp", 0), ("Sz", 0), ("Uz", 0), ("Vz", 0), ("Pr", 1)])
def test_discard_of_what_must_be_kept(world, state, change):
    world.put(4, state, key=CHANGE if change else 0, data=content(4))
    with pytest.raises(ValueError, match=f"block 0x4000 is {state}: only resident blocks that are unused"):
        world.host.discard(0, 4)
    assert world.state(4) == state


def test_discard_of_a_pinned_block(world):
    world.put(4, "Vr")
    world.storages[0].blocks[4].pinned = 1
    with pytest.raises(ValueError, match="only resident"):
        world.host.discard(0, 4)


@pytest.mark.parametrize("action", ["reclaim", "discard", "pagein", "release", "pin", "unpin", "swap_error", "peek"])
@pytest.mark.parametrize("number", [-1, 32])
def test_block_outside_the_guest(world, action, number):
    with pytest.raises(ValueError, match="guest 0 has 0x20000 bytes"):
        getattr(world.host, action)(0, number)


@pytest.mark.parametrize("state", ["Uz", "Vz"])
def test_poke_needs_a_block_that_can_hold_it(world, state):
    world.put(4, state)
    with pytest.raises(ValueError, match=f"block 0x4000 is {state}: set it stable first"):
        world.host.poke(0, 4, 0, b"x")


def test_peek_changes_nothing(world):
    world.put(4, "Sp", data=content(4))
    before = world.storages[0].blocks.copy(), world.statistics.as_dict()
    assert [world.host.peek(0, n) for n in (3, 4)] == [ZEROS, content(4)]
    assert (world.storages[0].blocks == before[0]).all() and world.statistics.as_dict() == before[1]


# --- statistics, events ----------------------------------------------------------------------------------------------


def test_statistics(world):
    for n in range(4):
        world.touch(n, content(n))
    world.host.reclaim(0, 0)
    world.touch(0)
    world.host.reclaim(0, 0)
    world.host.pager.empty(world.host.guests[0], 0, 3)
    world.host.pager.empty(world.host.guests[0], 1, 3)
    world.host.reclaim(0, 1)
    world.host.release(0, 2)
    assert world.statistics.as_dict() == {
        "faults_resolved": 5, "zero_filled": 4, "read_back": 1, "written_out": 1, "still_clean": 1, "found_zero": 0,
        "paging_operations": 2, "blocks_moved": 2, "splits": 0, "released": 1, "paging_errors": 0, "disk_reads": 0,
        "disk_writes": 0, "disk_operations": 0, "disk_errors": 0, "paging_wait": 0, "disk_wait": 0,
        "discarded": {"Sp": 1, "Vr": 1},
    }  # fmt: skip


def events(storage):
    kept = storage.events[: int(storage.record.event_count)]
    return [tuple(int(event[name]) for name in EVENT_T.names[1:6]) for event in kept]


def test_events(world):
    """before, after, and action | cause << 8."""
    world.put(4, "Sr", data=content(4))
    storage = world.storages[0]
    storage.record.event_mask = 1 << EVENT_HOST
    world.host.reclaim(0, 4)
    world.host.reclaim(0, 4)  # nothing happens, nothing is told
    world.touch(4)
    world.host.release(0, 4)
    world.host.release(0, 4)
    world.touch(4)
    assert events(storage) == [
        (EVENT_HOST, 4, 0, 2, 2 | 8 << 8),
        (EVENT_HOST, 4, 2, 0, 3 | 9 << 8),
        (EVENT_HOST, 4, 0, 3, 0 | 10 << 8),
        (EVENT_HOST, 4, 3, 0, 4 | 9 << 8),
    ]


def test_the_machine_may_drain_the_events_before_each(world):
    seen, storage = [], world.storages[0]
    storage.record.event_mask = 1 << EVENT_HOST

    def drain():
        seen.extend(events(storage))
        storage.record.event_count = 0

    world.host.guests[0].drain_events = drain
    for n in range(6):
        world.touch(n)
    assert len(seen) == 5


# --- a start state ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", spec.STATES)
@pytest.mark.parametrize("state", spec.STATES)
def test_a_block_can_be_put_from_any_state_into_any(world, before, state):
    world.put(4, before, key=0x36, data=content(4))
    world.put(4, state, key=0xFE, no_dat=True, data=content(5))
    assert world.storages[0].block(4) == Block(4, *words(state), True, 0xFE)
    assert world.storages[0].all_blocks()[4] == world.storages[0].block(4)
    assert world.host.peek(0, 4) == (ZEROS if state[1] == "z" else content(5))
    retained = (before, state[1]) == ("Sp", "r")
    assert world.paging.used == (state[1] == "p" or retained)
    assert world.host.frames.in_use == (state[1] == "r")


@pytest.mark.parametrize("state", spec.STATES)
def test_what_is_not_named_of_a_block_stays(world, state):
    world.put(4, state, key=0x36, no_dat=True, data=content(4))
    before = world.storages[0].block(4), world.host.peek(0, 4)
    world.host.set_block(0, 4)
    assert (world.storages[0].block(4), world.host.peek(0, 4)) == before
    world.host.set_block(0, 4, key=0x82)
    assert world.storages[0].block(4).key == 0x82
    assert (world.state(4), world.host.peek(0, 4)) == (state, before[1])


def test_a_state_that_this_host_cannot_give_is_refused():
    with pytest.raises(PagingFull, match="there is no paging device"):
        World(paging=None).put(4, "Sp", data=content(4))
    with pytest.raises(ValueError, match="block 0x4000 cannot be Sp on this host"):
        World(zero_detect=True).put(4, "Sp")


def words(state):
    """Usage and content, as a Block has them."""
    usage = {"S": "stable", "U": "unused", "P": "potentially volatile", "V": "volatile"}[state[0]]
    return usage, {"r": "resident", "p": "preserved", "z": "zero"}[state[1]]


# --- questions --------------------------------------------------------------------------------------------------------

EVERY_KIND = (1 << 64) - 1
QUESTIONS = {
    "what an event would do": lambda world: [
        kernels.action_of(world.storages[0].record, n, event) for n in range(8) for event in range(len(spec.EVENTS))
    ],
    "which frame goes next": lambda world: world.host.pager.clock.choose(world.host.guests[0], False),
    "content": lambda world: [world.host.peek(0, n) for n in range(8)],
    "reach": lambda world: world.host.reach(0),
    "no frame to take": lambda world: world.host.reclaim(0, 20),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_records_nothing(world, question):
    for number, state in enumerate(["Sr", "Sp", "Sz", "Ur", "Uz", "Vr", "Vz", "Pr"]):
        world.put(number, state)
    storage = world.storages[0]
    storage.record.event_mask = EVERY_KIND
    QUESTIONS[question](world)
    assert storage.record.event_count == 0


REFERENCES = {
    "pin": lambda host: host.pin(0, 4),
    "unpin": lambda host: host.unpin(0, 3),
    "reclaim": lambda host: host.reclaim(0, 4),
    "poke": lambda host: host.poke(0, 4, 0, b"x"),
}


@pytest.mark.parametrize("act", REFERENCES)
def test_what_depends_on_a_block_is_a_reference_to_it(world, act):
    world.touch(3)
    world.touch(4)
    world.host.pin(0, 3)
    storage = world.storages[0]
    storage.record.event_mask = 1 << EVENT_REFERENCE
    REFERENCES[act](world.host)
    assert {event[1] for event in events(storage)} in ({3}, {4})


# --- setting up ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [0, -1])
def test_no_frames(frames):
    with pytest.raises(ValueError, match="give it at least 16 for each guest"):
        Host(frames)


def test_too_few_frames_for_the_guests():
    with pytest.raises(ValueError, match=r"31 frames are too few for 2 guests: .* give the host at least 32 frames"):
        World(frames=31, guests=2)


def test_a_guest_smaller_than_that_needs_no_more_than_it_has():
    host = Host(3)
    assert host.attach(GuestStorage(3 * BLOCK_SIZE)) == 0


@pytest.mark.parametrize(
    "options, message",
    [({"unused_access": "never"}, "unused_access is 'never': it must be one of discarded, always, zerofill"),
     ({"discard_keys": "some"}, "discard_keys is 'some': it must be zero or random")],
)  # fmt: skip
def test_policies_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        Host(16, **options)


# --- snapshots -------------------------------------------------------------------------------------------------------


def drive(world, seed, steps=150):
    """A run that depends on every part of the host's state."""
    rng, trail = random.Random(seed), []
    for step in range(steps):
        n = rng.randrange(32)
        if rng.random() < 0.7 and world.state(n) not in ("Uz", "Vz"):
            trail.append(world.touch(n, content(step) if rng.random() < 0.4 else None)[:8])
        else:
            world.host.pager.empty(world.host.guests[0], n, rng.choice([1, 2, 3, 4]))
        trail.append("".join(world.state(n) for n in range(32)))
        trail.append([world.key(n) for n in range(32)])
    return trail, world.statistics.as_dict()


@pytest.mark.parametrize("options", [{}, {"discard_keys": "random", "seed": 9}], ids=["", "random-keys"])
def test_restore_goes_on_exactly_as_before(options):
    world = World(frames=16, **options)
    drive(world, seed=1)
    world.host.guests[0].console.characters("before")
    snapshot = world.host.snapshot()
    first = drive(world, seed=2)
    world.host.guests[0].console.characters(" after")
    world.host.pressure(0)
    for _ in range(2):
        world.host.restore(snapshot)
        check_consistency(world)
        assert world.host.guests[0].console.text == "before"
        assert drive(world, seed=2) == first


def test_restore_without_a_paging_device():
    world = World(frames=32, paging=None)
    world.touch(1, content(1))
    snapshot = world.host.snapshot()
    world.touch(1, content(2))
    world.host.restore(snapshot)
    assert world.host.peek(0, 1) == content(1)


def test_same_seed_same_run():
    assert drive(World(frames=16), seed=5) == drive(World(frames=16), seed=5)
