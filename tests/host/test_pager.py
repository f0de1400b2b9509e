"""Which frame goes: policy over the tables, no machine needed."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import ACC_F, CHANGE, REFERENCE
from s390emu.engine.entries import procedure
from s390emu.host import kernels, victims
from s390emu.host.clock import next_in_order
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.host.pool import POOL_T
from s390emu.storage.guest import GuestStorage

COUNT, WRITABLE = 8, 1
oldest = procedure(victims.oldest, POOL_T, integers=4)


class Pool:
    """Eight frames with one block of a guest in each, in order."""

    def __init__(self, guests=1, **options):
        self.host = Host(COUNT, PagingDevice(slots=COUNT), **options)
        self.storages = [GuestStorage(COUNT // guests * BLOCK_SIZE) for _ in range(guests)]
        for storage in self.storages:
            number = self.host.attach(storage)
            for block in range(COUNT // guests):
                self.host.pagein(number, block)
        self.host.frames.table.key = ACC_F

    @property
    def blocks(self):
        return self.storages[0].blocks

    def reference(self, frames):
        for frame in frames:
            self.host.frames.table.key[frame] |= REFERENCE

    def referenced(self):
        return {frame for frame in range(COUNT) if self.host.frames.table.key[frame] & REFERENCE}

    def victim(self, hand, asking=0, cpus=0, writable=WRITABLE):
        return oldest(self.host.pager.pool, hand, asking, cpus, writable)


def clock(hand, referenced, candidates=range(COUNT)):
    """-> the victim, and which frames still have R."""
    pool = Pool()
    pool.reference(referenced)
    pool.blocks.pinned = [frame not in candidates for frame in range(COUNT)]
    return pool.victim(hand), pool.referenced()


def test_takes_the_first_that_was_not_referenced():
    assert clock(2, {2, 3, 5}) == (4, {5})


def test_a_second_chance_is_only_one():
    assert clock(6, range(8)) == (6, set())


def test_passes_over_what_may_not_be_taken_and_leaves_its_reference_alone():
    assert clock(0, {0, 1, 2}, candidates={1, 4}) == (4, {0, 2})


def test_goes_around():
    assert clock(7, {7}, candidates={7, 1}) == (1, set())


def test_nothing_to_take():
    assert clock(0, {1, 2}, candidates=()) == (-1, {1, 2})


def test_free_frames_are_passed_over():
    pool = Pool()
    for block in (0, 1, 3):
        pool.host.release(0, block)
    assert [pool.victim(hand) for hand in (0, 3, 7)] == [2, 4, 7]


def test_a_reference_that_the_guest_has_reset_counts_once():
    """RRBE and SSKE hide it from the guest, not from the host; and the host hides its own reset from the guest."""
    pool = Pool()
    pool.blocks.host_rc[0] = REFERENCE
    pool.reference([1])
    assert pool.victim(0) == 2
    assert pool.blocks.guest_rc[:2].tolist() == [0, REFERENCE]
    assert pool.victim(0) == 0


def test_what_the_instruction_being_retried_has_is_kept_for_the_guest_that_asks():
    pool = Pool(guests=2)
    guest = pool.host.guests[1]
    guest.forget_ended()
    guest.brought_for(0, 0)
    assert guest.retrying == 1
    assert pool.victim(4, asking=1, cpus=1) == 5
    assert pool.victim(4, asking=0, cpus=1) == 4  # of another guest's block 0
    assert pool.victim(4, asking=1, cpus=2) == 4  # of another CPU
    guest.storage.ports[0].count += np.uint64(1)
    assert guest.retrying == 0


@pytest.mark.parametrize(
    "orc, key, slot, victim", [(1, CHANGE, -1, 4), (3, CHANGE, -1, 0), (4, 0, -1, 0), (4, CHANGE, -1, 4), (1, 0, 0, 0)],
    ids=["stable", "volatile", "unchanged", "changed", "its slot has it"],
)  # fmt: skip
def test_what_needs_writing_is_no_candidate_where_nothing_can_be_written(orc, key, slot, victim):
    pool = Pool()
    kernels.transition(pool.storages[0].record, 0, orc, 0)
    kernels.transition(pool.storages[0].record, 4, 2, 0)
    pool.host.frames.table.key[0] |= key
    pool.blocks.slot[0] = slot
    assert pool.victim(0, writable=0) == victim
    assert pool.victim(0) == 0


@pytest.mark.parametrize("byte, victim", [(None, 3), (0, -1), (BLOCK_SIZE - 1, -1)])
def test_a_block_of_zeros_needs_no_writing(byte, victim):
    pool = Pool(zero_detect=True)
    pool.host.frames.memory[:] = 1
    pool.host.frames.memory[3] = 0
    if byte is not None:
        pool.host.frames.memory[3, byte] = 1
    assert pool.victim(0, writable=0) == victim
    assert Pool().victim(0, writable=0) == -1


def test_next_in_order():
    assert next_in_order([1, 5, 3, 7], hand=4, count=8) == [5, 7, 1, 3]


# --- a victim a little younger than the oldest, if it costs no write --------------------------------------------------


def ahead(volatile, look_ahead, hand=0, kept=(), referenced=()):
    """Frames of stable blocks but for the volatile ones. -> the victims of two turns, and where the hand is then."""
    pool = Pool(look_ahead=look_ahead)
    for number in volatile:
        kernels.transition(pool.storages[0].record, number, 3, 0)
    for number in kept:
        pool.host.guests[0].brought_for(0, number)
    pool.reference(referenced)
    pool.host.pager.clock.hand = hand
    taken = []
    for _ in range(2):
        frame, length = pool.host.pager.clock.choose(None, True)
        assert length == 1
        pool.host.pager.take(frame, length)
        taken.append(frame)
    return taken, pool.host.pager.clock.hand


@pytest.mark.parametrize("look_ahead, victims, hand", [(0, [0, 1], 2), (1, [0, 1], 2), (2, [0, 2], 1), (3, [2, 0], 1),
                                                       (6, [2, 5], 0), (8, [2, 5], 0), (1000, [2, 5], 0)])  # fmt: skip
def test_within_the_look_ahead_what_costs_no_write_goes_first(look_ahead, victims, hand):
    """The hand stays at the oldest: that is next when nothing near it can be had for nothing."""
    assert ahead({2, 5}, look_ahead) == (victims, hand)


def test_the_look_ahead_goes_around():
    assert ahead({0, 1}, 3, hand=6) == ([0, 6], 7)


def test_the_oldest_goes_if_it_costs_no_write_itself():
    assert ahead({0, 1}, 8) == ([0, 1], 2)


def test_ahead_of_the_hand_there_is_no_second_chance_but_the_reference_stays():
    pool = Pool(look_ahead=8)
    kernels.transition(pool.storages[0].record, 5, 3, 0)
    pool.reference([5, 6])
    assert pool.host.pager.clock.choose(None, True) == (5, 1)
    assert pool.referenced() == {5, 6}


def test_what_somebody_waits_for_is_not_taken_ahead_of_older_ones():
    """It was brought for an instruction that may not have been executed yet, and costs nothing to take again."""
    assert ahead({2, 5}, 8, kept={2}) == ([5, 0], 1)


def test_without_a_paging_device_there_is_nothing_to_save():
    pool = Pool(look_ahead=8)
    kernels.transition(pool.storages[0].record, 5, 3, 0)
    kernels.transition(pool.storages[0].record, 6, 3, 0)
    assert pool.host.pager.clock.choose(None, False) == (5, 1)
    assert pool.host.pager.clock.hand == 6
