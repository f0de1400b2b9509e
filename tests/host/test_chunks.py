"""Frames in runs: whatever the chunk and the policy, a guest cannot tell but by its discard faults and by its time.

docs/page-hinting.md, sections 3, 8 and 11.
"""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.architecture.page_states import DISCARD, NOT_APPLICABLE, OUT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host.chunks import CHUNK_POLICIES
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull
from s390emu.records.exits import COMPLETED, NO_FRAME, PAGING_ERROR
from s390emu.storage.guest import GuestStorage
from tests.blocks import reset_host_reference

ZEROS = bytes(BLOCK_SIZE)
VARIANTS = [(1, "whole"), *((chunk, policy) for chunk in (4, 16) for policy in CHUNK_POLICIES)]


def content(n: int) -> bytes:
    return random.Random(n).randbytes(64) * (BLOCK_SIZE // 64)


def watch_transfers(host):
    """Return a list that gets each paging operation, in or out, and how many blocks it moves."""
    moves, note, written = [], host.delays.transferred, {}

    def transferred(guest, blocks):
        now = guest.statistics.written_out
        moves.append(("out" if now > written.get(guest.number, 0) else "in", blocks))
        written[guest.number] = now
        note(guest, blocks)

    host.delays.transferred = transferred
    return moves


class World:
    """A host and guests; chunks of four blocks unless said otherwise. limit: how many frames may be in use."""

    def __init__(
        self, policy="whole", *, chunk=4, blocks=32, frames=32, limit=16, guests=1, slots=512, **options
    ):
        self.paging = PagingDevice(slots=slots) if slots else None
        self.host = Host(frames, self.paging, chunk=chunk, chunk_policy=policy, **options)
        self._moves = watch_transfers(self.host)
        self.storages = [GuestStorage(blocks * BLOCK_SIZE) for _ in range(guests)]
        for storage in self.storages:
            self.host.attach(storage)
        self.host.limit.frames = limit

    def touch(self, number, data=None, guest=0):
        """The guest refers to the block, stores there if data is given: -> its content."""
        assert self.host.resolve(guest, number) == COMPLETED
        frame = self.storages[guest].blocks[number].frame
        self.host.frames.table[frame].key |= REFERENCE
        if data is not None:
            self.host.frames.table[frame].key |= CHANGE
            self.host.frames.memory[frame] = np.frombuffer(data, np.uint8)
        self.storages[guest].ports[0].count += np.uint64(1)
        return self.host.frames.memory[frame].tobytes()

    def fill(self, numbers, guest=0):
        for number in numbers:
            self.touch(number, content(number), guest)

    def forget_references(self):
        for guest in self.host.guests:
            for number in np.flatnonzero(guest.invalid == 0).tolist():
                reset_host_reference(guest.address, number)

    def hint(self, orc, *numbers, guest=0):
        for number in numbers:
            self.host.pager.empty(self.host.guests[guest], number, orc)

    def state(self, number, guest=0):
        return self.storages[guest].block(number).name

    def states(self, first, length=4, guest=0):
        return " ".join(self.state(number, guest) for number in range(first, first + length))

    @property
    def statistics(self):
        return self.host.statistics(0)

    def moves(self):
        """The paging operations so far."""
        return self._moves


STABLE, UNUSED, VOLATILE, POTENTIALLY_VOLATILE = 1, 2, 3, 4  # by operation-request code


@pytest.fixture(params=CHUNK_POLICIES)
def world(request):
    return World(request.param)


# --- a chunk comes and goes ------------------------------------------------------------------------------------------


def test_one_touch_makes_the_whole_chunk_resident(world):
    assert world.touch(5) == ZEROS
    assert world.states(4) == "Sr Sr Sr Sr"
    assert world.states(0) == world.states(8) == "Sz Sz Sz Sz"
    assert world.statistics.faults_resolved == 1
    assert world.statistics.zero_filled == world.host.frames.in_use == 4
    assert world.host.reach(0) == (4, 4)


def test_a_chunk_is_in_an_aligned_run(world):
    world.fill([9, 1])
    frames = world.storages[0].blocks.frame
    assert frames[8:12].tolist() == [0, 1, 2, 3]
    assert frames[:4].tolist() == [4, 5, 6, 7]


def test_a_chunk_that_must_be_kept_goes_and_comes_in_one_operation(world):
    world.fill(range(16))
    world.touch(16)
    assert world.states(0) == "Sp Sp Sp Sp"
    assert world.moves() == [("out", 4)]
    assert world.touch(2) == content(2)
    assert world.states(0) == "Sr Sr Sr Sr"
    assert world.moves() == [("out", 4), ("out", 4), ("in", 4)]
    assert [world.host.peek(0, n) for n in range(8)] == [content(n) for n in range(8)]
    assert (world.statistics.paging_operations, world.statistics.blocks_moved) == (3, 12)


def test_age_is_the_chunks(world):
    """One block that is in use keeps its chunk."""
    world.fill(range(16))
    world.forget_references()
    world.touch(3)
    world.touch(16)
    assert (world.states(0), world.states(4)) == ("Sr Sr Sr Sr", "Sp Sp Sp Sp")


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_a_pinned_block_pins_its_chunk(policy):
    world = World(policy, blocks=256, frames=80, limit=80)
    world.fill(range(0, 80, 4))
    assert world.host.limit.can_pin(world.host.guests[0], [2, 5, 7, 8, 13])
    assert not world.host.limit.can_pin(world.host.guests[0], [2, 5, 8, 12, 16])
    world.host.pin(0, 2)
    world.host.pin(0, 3)
    assert world.host.limit.pinned == 4
    assert not world.host.limit.can_pin(world.host.guests[0], [5, 8, 12, 16])
    world.fill(range(80, 160, 4))
    assert world.states(0) == "Sr Sr Sr Sr"
    world.host.unpin(0, 2)
    world.host.unpin(0, 3)
    assert world.host.limit.pinned == 0
    world.fill(range(4, 100, 4))
    assert world.states(0) == "Sp Sp Sp Sp"


def test_what_the_instruction_being_retried_has_keeps_its_chunk(world):
    """It may need as many chunks as blocks: `least` counts so."""
    assert world.host.limit.least(world.storages[0]) == 32
    world = World(world.host.pager.policy.chunk_policy, blocks=256, frames=64, limit=64)
    assert world.host.limit.least(world.storages[0]) == 64
    world.fill(range(64))
    for chunk in range(16, 32):
        assert world.host.resolve(0, 4 * chunk) == COMPLETED  # the instruction count stands still
    assert [n for n in range(64) if world.state(4 * n) == "Sr"] == list(range(16, 32))
    assert world.host.resolve(0, 0) == NO_FRAME


# --- blocks hinted away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orc, state", [(UNUSED, "Uz"), (VOLATILE, "Vz")])
def test_hinted_away_they_stay_so_in_a_resident_chunk_and_get_their_place_back(world, orc, state):
    world.hint(orc, 1, 2)
    world.touch(0, content(0))
    assert world.states(0) == f"Sr {state} {state} Sr"
    assert world.host.frames.in_use == 4
    world.hint(STABLE, 2)
    assert world.touch(2) == ZEROS
    assert world.states(0) == f"Sr {state} Sr Sr"
    frame = world.storages[0].blocks.frame
    assert frame[2] == frame[0] + 2 and world.host.frames.in_use == 4


def test_unused_blocks_are_not_filled_with_the_others_even_where_a_touch_would(world):
    """D8, policy zerofill."""
    world = World(world.host.pager.policy.chunk_policy, unused_access="zerofill")
    world.hint(UNUSED, 1, 2)
    world.touch(0)
    assert world.states(0) == "Sr Uz Uz Sr"
    assert world.statistics.zero_filled == 2
    world.touch(1)
    assert world.states(0) == "Sr Ur Uz Sr"
    assert world.host.frames.in_use == 4


def test_a_volatile_block_of_a_chunk_that_is_written_reads_as_lost(world):
    world.fill(range(16))
    world.hint(VOLATILE, 1)
    world.hint(UNUSED, 2)
    world.hint(POTENTIALLY_VOLATILE, 3)  # changed
    world.forget_references()
    world.host.pressure(world.host.frames.in_use - 4)
    if world.host.pager.policy.chunk_policy != "split":
        assert world.states(0) == "Sp Vz Uz Sp"
    world.host.pressure(0)
    assert world.states(0) == "Sp Vz Uz Sp"
    assert world.touch(3) == content(3)
    assert world.states(0) == "Sr Vz Uz Sr"
    assert world.storages[0].blocks.invalid[1] == 1


# --- the policies ----------------------------------------------------------------------------------------------------


def mixed(policy):
    """Chunk 0 has two volatile blocks and two to keep, and goes first."""
    world = World(policy)
    world.fill(range(16))
    world.hint(VOLATILE, 0, 3)
    world.forget_references()
    world.host.frames.table.key[4:] |= REFERENCE
    return world


def test_whole_moves_all_of_it_if_any_must_be_kept():
    world = mixed("whole")
    world.touch(16)
    assert world.states(0) == "Vz Sp Sp Vz"
    assert world.moves() == [("out", 4)]
    assert world.statistics.written_out == 2
    world.touch(1)
    assert world.moves()[-1] == ("in", 4)


def test_subpage_moves_what_must_be_kept():
    world = mixed("subpage")
    world.touch(16)
    assert world.states(0) == "Vz Sp Sp Vz"
    assert world.moves() == [("out", 2)]
    world.touch(1)
    assert world.states(0) == "Vz Sr Sr Vz"
    assert world.moves()[-1] == ("in", 2)
    assert world.host.reach(0)[0] == world.host.reach(0)[1]


def test_split_discards_and_leaves_the_rest_in_frames_of_its_own():
    world = mixed("split")
    world.touch(16)
    assert world.states(0) == "Vz Sr Sr Vz"
    assert world.moves() == []
    assert world.states(16) == "Sr Sz Sz Sz", "no run is free, so block 16 has one of the frames that were"
    assert world.storages[0].blocks.frame[16] == 0
    assert world.host.reach(0) == (12, 15)
    assert world.statistics.splits == 1
    world.hint(STABLE, 0)
    world.touch(0)
    assert world.host.frames.in_use == 16


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_a_chunk_of_which_nothing_need_be_kept_goes_without_io(policy):
    world = World(policy, slots=None)
    world.fill(range(16))
    assert world.host.resolve(0, 16) == NO_FRAME
    world.hint(VOLATILE, *range(4, 8))
    assert world.touch(16) == ZEROS
    assert world.states(4) == "Vz Vz Vz Vz"
    assert world.states(16) == "Sr Sr Sr Sr"
    assert world.statistics.splits == 0


@pytest.mark.parametrize("policy, outcome", [("whole", NO_FRAME), ("subpage", NO_FRAME),
                                             ("split", COMPLETED)])  # fmt: skip
def test_without_a_paging_device_only_split_can_take_some_of_a_chunk(policy, outcome):
    world = World(policy, slots=None)
    world.fill(range(16))
    world.hint(VOLATILE, 5)
    assert world.host.resolve(0, 16) == outcome
    assert world.state(5) == ("Vz" if policy == "split" else "Vr")
    assert {world.state(n) for n in range(16) if n != 5} == {"Sr"}


@pytest.mark.parametrize("policy, taken", [("whole", [8, 9, 10, 11]), ("subpage", [8, 9, 10, 11]), ("split", [6])])
def test_unused_goes_ahead(policy, taken):
    """One of a chunk only where a chunk can be split."""
    world = World(policy)
    world.fill(range(16))
    world.hint(UNUSED, 6, *range(8, 12))
    world.touch(16)
    assert [n for n in range(16) if world.state(n) != "Sr" and world.state(n) != "Ur"] == taken
    assert world.moves() == []


def test_a_run_is_whole_again_when_its_last_frame_is_free():
    world = mixed("split")
    world.touch(16)
    world.host.release(0, 16)
    for number in (1, 2):
        world.host.reclaim(0, number)
    assert world.host.frames.free >= {0, 1, 2, 3} and not world.host.frames.has_free_single
    world.touch(1)
    assert world.states(0) == "Vz Sr Sr Vz"
    assert world.host.reach(0) == (14, 14)


def test_blocks_of_split_chunks_use_the_frames_of_others():
    world = World("split", limit=32)
    world.fill(range(16))
    for number in (0, 5, 10):
        world.hint(VOLATILE, number)
        world.host.discard(0, number)
    assert world.host.frames.in_use == 13
    world.hint(STABLE, 0, 5, 10)
    for number in (10, 5, 0):
        world.touch(number)
    assert world.storages[0].blocks.frame[[10, 5, 0]].tolist() == [0, 5, 10]
    assert world.host.frames.in_use == 16
    check_consistency(world)


# --- one block, by a test or an adversary; and by the guest ----------------------------------------------------------


@pytest.mark.parametrize("act, state", [
    (lambda world: (world.hint(VOLATILE, 1), world.host.discard(0, 1)), "Vz"),
    (lambda world: world.host.release(0, 1), "Sz"), (lambda world: world.host.reclaim(0, 1), "Sp"),
], ids=["discard", "DIAG10", "reclaim"])  # fmt: skip
def test_one_block_leaves_a_chunk(world, act, state):
    world.fill(range(4))
    act(world)
    assert world.states(0) == f"Sr {state} Sr Sr"
    split = world.host.pager.policy.chunk_policy == "split"
    assert world.host.frames.in_use == (3 if split else 4)
    assert world.host.reach(0) == ((0, 3) if split else (3, 3))
    assert world.statistics.splits == split
    for number in (0, 2, 3):
        world.host.reclaim(0, number)
    assert world.host.frames.in_use == 0
    check_consistency(world)


def test_reclaim_says_what_it_did(world):
    world.fill(range(4))
    world.hint(VOLATILE, 2)
    world.host.pin(0, 3)
    answers = [world.host.reclaim(0, number) for number in (1, 2, 3, 2)]
    assert answers == [OUT, DISCARD, NOT_APPLICABLE, NOT_APPLICABLE]


@pytest.mark.parametrize("clear", [False, True])
def test_reset(world, clear):
    world.fill(range(16))
    world.hint(VOLATILE, 1, 2)
    world.host.reset(0, clear)
    assert world.states(0) == ("Sz Sz Sz Sz" if clear else "Sr Sr Sr Sr")
    assert world.host.frames.in_use == (0 if clear else 16)


def test_a_block_that_cannot_be_read_is_told_when_it_is_touched(world):
    world.fill(range(16))
    world.touch(16)
    world.host.swap_error(0, 1)
    assert world.touch(0) == content(0)
    assert world.states(0) == "Sr Sp Sr Sr"
    assert world.host.resolve(0, 1) == PAGING_ERROR
    assert world.touch(3) == content(3)


def test_a_full_device_leaves_the_chunk_as_it_was(world):
    world = World(world.host.pager.policy.chunk_policy, slots=6)
    world.fill(range(20))
    assert world.paging.used == 4
    assert world.host.resolve(0, 20) == NO_FRAME
    assert "all 6 slots" in world.host.reason
    assert world.paging.used == 4
    check_consistency(world)
    with pytest.raises(PagingFull):
        for number in range(4, 8):
            world.host.reclaim(0, number)


# --- what is not possible --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        ({"chunk": 3}, "chunks of 3 blocks: it must be a power of two, 512 at most"),
        ({"chunk": 1024}, "chunks of 1024 blocks: it must be a power of two, 512 at most"),
        ({"policy": "half"}, "chunk_policy is 'half': it must be one of whole, split, subpage"),
        ({"frames": 30}, "30 frames and chunks of 4: give the host 28 frames or 32, so many chunks"),
        ({"blocks": 30}, "guest storage of 30 blocks and chunks of 4: the last one would not be whole"),
        ({"blocks": 256, "frames": 60}, "60 frames are too few for 1 guests: an instruction may need 16 blocks in as "
         "many chunks of 4 at once, so give the host at least 64 frames"),
    ],
)  # fmt: skip
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        World(**options)


def test_guests_need_what_one_needs():
    """Not the sum, as with single blocks: sixteen chunks may be all the storage a guest has."""
    assert World(chunk=16, blocks=512, frames=256, guests=4).host.frames.in_use == 0


# --- anything at all -------------------------------------------------------------------------------------------------

# What may happen to a block that the guest did not name, and what of its content is left.
BY_ITSELF = {
    "Sr": {"Sp": True}, "Sp": {"Sr": True}, "Sz": {"Sr": True}, "Ur": {"Uz": False}, "Vr": {"Vz": False},
    "Pr": {"Vz": False}, "Pr C": {"Sp": True}, "Uz": {}, "Vz": {},
}  # fmt: skip
VALID = {"Sr", "Sp", "Sz", "Ur", "Uz", "Pr", "Vr", "Vz"}


class Twin:
    """What each block must hold, as the guest and the table of states have it; the frames do not matter."""

    def __init__(self, world):
        self.world = world
        self.keys = [(g, n) for g, storage in enumerate(world.storages) for n in range(len(storage.blocks))]
        self.held = dict.fromkeys(self.keys, ZEROS)
        self.seen = {(g, n): state for g in range(len(world.storages)) for n, state in enumerate(self.look(g))}

    def look(self, guest):
        """The states of all its blocks, with C where it matters."""
        blocks, keys = self.world.storages[guest].blocks, self.world.host.frames.table["key"]
        invalid = blocks["invalid"] != 0
        contents = np.where(~invalid, "r", np.where(blocks["zero"] != 0, "z", "p"))
        changed = (np.where(invalid, 0, keys[blocks["frame"]]) | blocks["guest_rc"]) & CHANGE != 0
        states = ["SUPV"[usage] + kind for usage, kind in zip(blocks["usage"].tolist(), contents, strict=True)]
        return [state + " C" * c if state == "Pr" else state for state, c in zip(states, changed.tolist(), strict=True)]

    def check(self, *named, contents=False):
        """After one step, which named these blocks: the others changed only by themselves; what is said of contents is
        looked up for blocks that changed or are named, or for all."""
        for guest in range(len(self.world.storages)):
            for n, now in enumerate(self.look(guest)):
                key = guest, n
                before, self.seen[key] = self.seen[key], now
                if now == before and key not in named and not contents:
                    continue
                assert now[:2] in VALID
                if now != before and key not in named:
                    assert now in BY_ITSELF[before], (key, before, now)
                    if not BY_ITSELF[before][now]:
                        self.held[key] = ZEROS
                if key in named and now[1] == "z":
                    self.held[key] = ZEROS
                assert self.world.host.peek(*key) == self.held[key], (key, before, now)


def step(world, twin, rng, n):
    """One thing that a guest or the host does: -> the blocks it names."""
    guest, number = named = rng.choice(twin.keys)
    host, doing = world.host, rng.randrange(12)
    if doing < 5:
        if twin.seen[named] in ("Uz", "Vz"):
            assert host.pagein(*named) == NOT_APPLICABLE
        elif host.resolve(*named) == COMPLETED:
            data = content(n) if rng.random() < 0.6 else None
            got = world.touch(number, data, guest)
            if data is None:
                assert got == twin.held[named]
            twin.held[named] = got
    elif doing < 9:
        orc = rng.choice([1, 2, 2, 3, 3, 4, 4, 6])
        near = range(number, min(number + rng.randrange(1, 5), len(world.storages[guest].blocks)))
        for other in near:
            host.pager.empty(host.guests[guest], other, orc)
        return [(guest, other) for other in near]
    elif doing == 9:
        with suppress(PagingFull):
            host.reclaim(*named)
    elif doing == 10 and rng.random() < 0.5:
        host.release(*named)
    elif doing == 11:
        if rng.random() < 0.3:
            host.pressure(rng.randrange(host.frames.count))
            host.pressure(host.frames.count)
            return []
        elif twin.seen[named] in ("Sp", "Sz", "Uz", "Vz"):
            with suppress(PagingError):
                host.pager.bring(host.guests[guest], number, 5)
    return [named]


@pytest.mark.parametrize("slots", [512, 20, None], ids=["paging", "small", "none"])
@pytest.mark.parametrize("chunk, policy", VARIANTS)
def test_random_walk(chunk, policy, slots):
    world = World(policy, chunk=chunk, blocks=64, frames=64, limit=64, guests=2, slots=slots)
    rng, twin = random.Random(7), Twin(world)
    for n in range(1000 if JIT else 60):
        twin.check(*step(world, twin, rng, n), contents=n % 25 == 0)
        if n % 25 == 0:
            check_consistency(world)
    twin.check(contents=True)
    check_consistency(world)
    statistics = [world.host.statistics(guest) for guest in range(2)]
    if JIT:
        assert any(s.discarded for s in statistics)
        assert any(s.splits for s in statistics) == (policy == "split" and chunk > 1)


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_random_walk_in_chunks_of_two_megabytes(policy):
    world = World(policy, chunk=512, blocks=1024, frames=1024, limit=1024, guests=2, slots=4096)
    rng, twin = random.Random(8), Twin(world)
    for n in range(40 if JIT else 4):
        twin.check(*step(world, twin, rng, n))
    twin.check(contents=True)
    check_consistency(world)


def check_consistency(world):
    """Frames, blocks and slots agree: no frame used twice, none lost."""
    host, chunk = world.host, world.host.frames.chunk
    guests, numbers = host.frames.table["guest"], host.frames.table["block"]
    free = host.frames.free
    assert len(free) == host.frames.count - host.frames.in_use
    assert free == set(np.flatnonzero(guests < 0).tolist())
    holders = {}
    slots = []
    for g, storage in enumerate(world.storages):
        for n in np.flatnonzero(storage.blocks.invalid == 0).tolist():
            frame = int(storage.blocks.frame[n])
            assert (guests[frame], numbers[frame]) == (g, n)
            assert frame not in holders
            holders[frame] = (g, n)
        slots += storage.blocks.slot[storage.blocks.slot >= 0].tolist()
    assert len(set(slots)) == len(slots) == (world.paging.used if world.paging else 0)
    where = {}
    for run in range(0, host.frames.count, chunk):
        used = [frame for frame in range(run, run + chunk) if frame not in free]
        held = [frame for frame in used if frame in holders]
        if host.frames.is_broken(run):
            assert host.pager.divisible and used == held != []
            kinds = {(*owner_chunk(holders[frame], chunk), "split") for frame in held}
        else:
            assert used == [] or len(used) == chunk
            assert bool(used) == bool(held)
            kinds = {(*owner_chunk(holders[frame], chunk), run) for frame in held}
            assert len(kinds) <= 1
            assert all(holders[frame][1] % chunk == frame - run for frame in held)
        for g, c, place in kinds:
            assert where.setdefault((g, c), place) == place


def owner_chunk(owner, chunk):
    return owner[0], owner[1] // chunk


def drive(world, seed, steps=60):
    rng, twin, trail = random.Random(seed), Twin(world), []
    for key in twin.keys:
        twin.held[key] = world.host.peek(*key)
    for n in range(steps):
        twin.check(*step(world, twin, rng, n))
        trail.append([*twin.seen.values()])
    return trail, world.statistics.as_dict(), world.host.frames.table.tolist(), world.host.frames.broken.tolist()


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_restore_goes_on_exactly_as_before(policy):
    world = World(policy, blocks=64, frames=64, limit=64)
    drive(world, seed=1)
    snapshot = world.host.snapshot()
    first = drive(world, seed=2)
    for _ in range(2):
        world.host.restore(snapshot)
        check_consistency(world)
        assert drive(world, seed=2) == first
