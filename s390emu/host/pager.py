"""Which frames to take, and what each costs: policy over the tables, without CPU and file. docs/page-hinting.md 8.

First by age, then look at the state; and where the oldest would have to be written out, perhaps a little further. The
frames form aligned runs of `chunk`, 1 where the host backs every block by itself. A run backs one chunk of a guest as a
whole, one mapping with one age, unless it is broken: then each of its frames is a mapping of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from s390emu._jit import fill_bytes, i64, jit, load1, load8, load_native, store1, u64
from s390emu.architecture.page_states import OUT, RECLAIM, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_SHIFT, BLOCK_SIZE
from s390emu.records.blocks import frame_record
from s390emu.records.guest import guest_record
from s390emu.storage.absolute import FRAME_BYTES, block_at, state_of
from s390emu.storage.keys import host_changed, host_referenced
from s390emu.storage.transitions import action_of, mark_zero, transition, withdraw

# What compiled code is told of the pool. Plain names are addresses.
POOL_T = np.dtype(
    [
        ("frame_count", u64),
        ("shift", u64),  # a run is 1 << shift frames
        ("frames", u64),
        ("frame_table", u64),
        ("broken", u64),  # a byte for each run: 1, its frames are mappings of their own
        ("guests", u64),  # addresses of their GUEST records
        ("kept", u64),  # of each guest where its bytes are that tell what was brought for the instruction being retried
        ("how", u64),  # two bytes for each frame of a run being taken: what taking it costs, its state before
        ("zero_detect", u64),
        ("divisible", u64),  # a run may lose some of its blocks: then it is broken
        ("look_ahead", u64),  # so many frames, from the oldest on, count as equally old
    ],
    align=True,
)
# What taking a block costs.
ABSENT = 0  # it has no content in this frame
DROP = 1
ZEROS = 2  # nothing to keep: only zeros (D7)
CLEAN = 3  # its slot has the content
WRITE = 4

NO_VICTIM, FREE, NO_SLOT = -1, -1, -1
NOBODY, NONE_KEPT, NOT_WRITABLE, WHOLE, FIRST_FRAME = u64(0), u64(0), u64(0), u64(0), u64(0)
ONE, ADDRESS_BYTES, STEP = u64(1), u64(8), 8

@jit
def entry_at(pool, frame):
    return frame_record(pool.frame_table + frame * FRAME_BYTES)


@jit
def guest_of_frame(pool, entry):
    """Return the GUEST record of the guest that has the frame."""
    return guest_record(load_native(pool.guests + u64(entry.guest) * ADDRESS_BYTES))


@jit
def holds(pool, frame):
    """Has the frame the content of a block? Not if it is free, nor if it is the place of a block without content."""
    entry = entry_at(pool, frame)
    if entry.guest == FREE:
        return False
    block = block_at(guest_of_frame(pool, entry), u64(entry.block))
    return block.invalid == 0 and u64(block.frame) == frame


@jit
def mapping_start(pool, frame):
    """The first frame of the mapping that this one belongs to."""
    if load1(pool.broken + (frame >> pool.shift)) != u64(0):
        return frame
    return frame >> pool.shift << pool.shift


@jit
def mapping_length(pool, start):
    return ONE if load1(pool.broken + (start >> pool.shift)) != u64(0) else ONE << pool.shift


@jit
def only_zeros(pool, frame):
    address = pool.frames + (frame << BLOCK_SHIFT)
    for offset in range(0, BLOCK_SIZE, STEP):
        if load8(address + u64(offset)) != u64(0):
            return False
    return True


@jit
def cost(pool, frame, action):
    """What it costs to take the block in this frame, if RECLAIM does this with it."""
    if action != OUT:
        return DROP
    if pool.zero_detect != u64(0) and only_zeros(pool, frame):
        return ZEROS
    entry = entry_at(pool, frame)
    guest, number = guest_of_frame(pool, entry), u64(entry.block)
    if block_at(guest, number).slot != NO_SLOT and host_changed(guest, number) == 0:
        return CLEAN
    return WRITE


@jit
def may_be_taken(pool, start, length, asking, kept, writable):
    """May this mapping be taken? Not with a pinned block, nor with one brought for the instruction being retried (of
    the guest `asking`; a byte for each of its blocks at `kept`, 0 none). Not writable: if nothing need be written, or
    part of it can be discarded and the rest left."""
    resident = False
    for offset in range(length):
        frame = start + u64(offset)
        if holds(pool, frame):
            resident = True
            entry = entry_at(pool, frame)
            number = u64(entry.block)
            if block_at(guest_of_frame(pool, entry), number).pinned != 0:
                return False
            if kept != NONE_KEPT and u64(entry.guest) == asking and load1(kept + number) != NONE_KEPT:
                return False
    if writable != NOT_WRITABLE or not resident:
        return resident
    writes, drops = 0, 0
    for offset in range(length):
        frame = start + u64(offset)
        if holds(pool, frame):
            entry = entry_at(pool, frame)
            how = cost(pool, frame, action_of(guest_of_frame(pool, entry), u64(entry.block), RECLAIM))
            writes += how == WRITE
            drops += how == DROP or how == ZEROS
    return writes == 0 or (pool.divisible != WHOLE and drops > 0)


@jit
def referenced(pool, start, length):
    """Was any block of the mapping referenced since the hand last passed? Now none is any more."""
    found = 0
    for offset in range(length):
        if holds(pool, start + u64(offset)):
            entry = entry_at(pool, start + u64(offset))
            found |= host_referenced(guest_of_frame(pool, entry), u64(entry.block))
    return found != 0


@jit
def awaited(pool, start, length):
    """Was a block of the mapping brought for an instruction that may not have been executed since? Whoever takes what
    costs nothing would take it before its guest has looked at it, and again, without end."""
    for offset in range(length):
        if holds(pool, start + u64(offset)):
            entry = entry_at(pool, start + u64(offset))
            kept = load_native(pool.kept + u64(entry.guest) * ADDRESS_BYTES)
            if load1(kept + u64(entry.block)) != NONE_KEPT:
                return True
    return False


# --- for Python ------------------------------------------------------------------------------------------------------


def candidate(pool, frame, asking, kept, writable):
    """1 if the mapping that this frame belongs to may be taken."""
    start = mapping_start(pool, frame)
    return 1 if may_be_taken(pool, start, mapping_length(pool, start), asking, kept, writable) else 0


def oldest(pool, hand, asking, kept, writable):
    """The clock: the first mapping, from the hand on, that may be taken and was not referenced since the hand last
    passed; asking turns its R off. -> its first frame, or NO_VICTIM.

    Where all were referenced, all have had their second chance, and the first one goes.
    """
    first, frame = NO_VICTIM, hand
    for _ in range(pool.frame_count):
        if mapping_start(pool, frame) == frame:
            length = mapping_length(pool, frame)
            if may_be_taken(pool, frame, length, asking, kept, writable):
                if not referenced(pool, frame, length):
                    return i64(frame)
                if first == NO_VICTIM:
                    first = i64(frame)
        frame += ONE
        if frame == pool.frame_count:
            frame = FIRST_FRAME
    return first


def cheaper(pool, victim):
    """The first mapping from the oldest one on, if not too far, for which nothing need be written; else the oldest.
    That one has had its second chance; this one does not get any, and keeps its R. Whoever asks: what any guest may
    wait for is left alone."""
    frame = victim
    for _ in range(pool.look_ahead):
        if mapping_start(pool, frame) == frame:
            length = mapping_length(pool, frame)
            if not awaited(pool, frame, length) and may_be_taken(
                pool, frame, length, NOBODY, NONE_KEPT, NOT_WRITABLE
            ):
                return i64(frame)
        frame += ONE
        if frame == pool.frame_count:
            frame = FIRST_FRAME
    return i64(victim)


def weigh(pool, start, length):
    """These frames are to be taken: close every way to them, and only then see each cost (docs/page-hinting.md 8):
    -> how many blocks have to be written; the rest is at `pool.how`."""
    writes = 0
    for offset in range(length):
        how, before, frame = ABSENT, 0, start + u64(offset)
        if holds(pool, frame):
            entry = entry_at(pool, frame)
            guest, number = guest_of_frame(pool, entry), u64(entry.block)
            before = state_of(block_at(guest, number))
            how = cost(pool, frame, withdraw(guest, number))
            writes += how == WRITE
        store1(pool.how + (u64(offset) << ONE), u64(how))
        store1(pool.how + (u64(offset) << ONE) + ONE, u64(before))
    return writes


def publish(pool, start, first, beyond):
    """Blocks `first` to before `beyond` of those weighed lose their frames: what had to be written has been. The frames
    still count as theirs."""
    for offset in range(first, beyond):
        how = i64(load1(pool.how + (u64(offset) << ONE)))
        if how != ABSENT:
            entry = entry_at(pool, start + u64(offset))
            guest, number = guest_of_frame(pool, entry), u64(entry.block)
            transition(guest, number, RECLAIM, FIRST_FRAME)
            if how == ZEROS:
                mark_zero(guest, number)
    return 0


def arrive(pool, guest, number, frame, event):
    """The block has this frame from now on; zeros are put there if the event asks for them, else the content is."""
    entry = entry_at(pool, frame)
    entry.guest, entry.block = i64(guest), i64(number)
    action = transition(guest_of_frame(pool, entry), number, i64(event), frame)
    if action == ZERO_FILL:
        fill_bytes(pool.frames + (frame << BLOCK_SHIFT), u64(0), u64(BLOCK_SIZE))
    return action


# --- unused blocks, which may go ahead of others ---------------------------------------------------------------------


def next_in_order(frames: Iterable[int], hand: int, count: int) -> list[int]:
    """These frames as the hand will meet them."""
    return sorted(frames, key=lambda frame: (frame - hand) % count)
