"""What compiled code is told of the page frames, and what it finds out about one: whose it is, and its mapping.

The frames form aligned runs. A run backs one chunk of a guest as one mapping, unless it is broken: then each of its
frames is a mapping of its own (`frames`). Plain names in the record are addresses.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import i64, jit, load1, load_native, store1, u64
from s390emu.records.blocks import frame_record
from s390emu.records.guest import guest_record
from s390emu.storage.absolute import FRAME_BYTES, block_at

FREE, NO_SLOT = -1, -1  # in a FRAME and in a BLOCK record

POOL_T = np.dtype(
    [
        ("frame_count", u64),
        ("run_shift", u64),  # a run is 1 << run_shift frames
        ("frames", u64),
        ("frame_table", u64),
        ("free", u64),  # a byte for each run: 1, it is free
        ("free_runs", u64),  # how many are
        ("lowest_free", u64),  # no run below this one is free
        ("limit", u64),  # so many frames may be in use
        ("broken", u64),  # a byte for each run: 1, its frames are mappings of their own
        ("guests", u64),  # addresses of the GUEST records, by guest number
        ("brought", u64),  # per guest: address of its byte map of blocks brought for instructions being retried
        ("costs", u64),  # two bytes for each frame of a run being taken: its cost (`victims`), the block's state before
        ("zero_detect", u64),  # 1: a block full of zeros need not be written (D7)
        ("divisible", u64),  # 1: a run may lose some of its blocks, and is broken thereby
        ("look_ahead", u64),  # so many frames, from the oldest on, count as equally old
        # the clock
        ("hand", u64),  # the frame that is looked at next
        ("unused", u64),  # frames of unused blocks, found when last searched; the next one last
        ("unused_count", u64),
        ("taken_since_search", u64),  # blocks
        ("length", u64),  # how many frames the victim chosen last has
        # for whom `supply` gives frames, and what it has done for that
        ("asking", u64),  # the guest, by number
        ("kept", u64),  # its CPUs, a bit each, whose blocks to keep
        ("writable", u64),  # 1: there is a paging device
        ("left", i64),  # a victim that it has chosen and `Pager.take` has to take; -1: none
        ("given", u64),  # blocks that got a frame
        ("dropped", u64),  # of each block that it has taken, its guest, state before and cost
        ("dropped_count", u64),
    ],
    align=True,
)
ADDRESS_BYTES = u64(8)
DROPPED_MOST = 256
ONE_FRAME, NOT_BROKEN = u64(1), u64(0)
NOT_FREE, IS_FREE = u64(0), u64(1)


@jit
def entry_at(pool, frame):
    """Return the FRAME record of this frame."""
    return frame_record(pool.frame_table + frame * FRAME_BYTES)


@jit
def guest_at(pool, number):
    """Return the GUEST record of the guest with this number."""
    return guest_record(load_native(pool.guests + number * ADDRESS_BYTES))


@jit
def guest_of_frame(pool, entry):
    """Return the GUEST record of the guest that has the frame."""
    return guest_at(pool, u64(entry.guest))


@jit
def holds(pool, frame):
    """True if a block's content is in this frame (not free, and not merely reserved)."""
    entry = entry_at(pool, frame)
    if entry.guest == FREE:
        return False
    block = block_at(guest_of_frame(pool, entry), u64(entry.block))
    return block.invalid == 0 and u64(block.frame) == frame


@jit
def mapping_start(pool, frame):
    """Return the first frame of the mapping that this one belongs to."""
    if load1(pool.broken + (frame >> pool.run_shift)) != NOT_BROKEN:
        return frame
    return frame >> pool.run_shift << pool.run_shift


@jit
def mapping_length(pool, start):
    """Return how many frames the mapping that starts here has."""
    return ONE_FRAME if load1(pool.broken + (start >> pool.run_shift)) != NOT_BROKEN else ONE_FRAME << pool.run_shift


@jit
def pop_free(pool):
    """Take the lowest free frame, where there are single frames and one is free; return it."""
    frame = pool.lowest_free
    while load1(pool.free + frame) == NOT_FREE:
        frame += ONE_FRAME
    store1(pool.free + frame, NOT_FREE)
    pool.free_runs -= ONE_FRAME
    pool.lowest_free = frame + ONE_FRAME
    return frame


@jit
def push_free(pool, frame):
    """Let this frame, a run by itself, be free."""
    entry_at(pool, frame).guest = FREE
    store1(pool.free + frame, IS_FREE)
    pool.free_runs += ONE_FRAME
    if frame < pool.lowest_free:
        pool.lowest_free = frame
