"""Giving blocks zero-filled frames in one call, compiled, and releasing them: what most faults, most buffers of block
I/O and most releases need.

The steps are those of `reclaim`. Whatever asks for more is left to `Pager`: content on the paging device, old or new;
events to be recorded; chunks.
"""

from __future__ import annotations

from s390emu._jit import copy_bytes, i64, jit, load1, load_native, store_native, u64
from s390emu.architecture.page_states import DIAG10, TOUCH, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_BYTES, BLOCK_SHIFT, OFFSET
from s390emu.host.pool import (
    ADDRESS_BYTES,
    DROPPED_MOST,
    NO_SLOT,
    ONE_FRAME,
    entry_at,
    guest_at,
    guest_of_frame,
    pop_free,
    push_free,
)
from s390emu.host.reclaim import NO_FRAME, STATE_OFFSET, arrive, invalidate_and_decide, publish
from s390emu.host.victims import NO_SHIFT, NO_VICTIM, choose
from s390emu.storage.absolute import block_at
from s390emu.storage.access import STORE, touch
from s390emu.storage.channel import denial
from s390emu.storage.transitions import action_of, transition

GIVEN, LEFT = 1, 0
NOT_WATCHED = u64(0)
STATE_SHIFT, GUEST_SHIFT = u64(8), u64(16)  # in what is noted of a block taken: guest, state, cost


@jit
def drop(pool, frame):
    """Take a frame, a mapping by itself, if nothing is to be written, freed on the paging device, or recorded. Return
    whether it was."""
    entry = entry_at(pool, frame)
    guest = guest_of_frame(pool, entry)
    if guest.event_mask != NOT_WATCHED or block_at(guest, u64(entry.block)).slot != NO_SLOT:
        return False
    if pool.dropped_count == u64(DROPPED_MOST):
        return False
    if invalidate_and_decide(pool, frame, ONE_FRAME) != 0:
        return False
    publish(pool, frame, 0, 1)
    pool.taken_since_search += ONE_FRAME
    what = u64(entry.guest) << GUEST_SHIFT | load1(pool.costs + STATE_OFFSET) << STATE_SHIFT | load1(pool.costs)
    store_native(pool.dropped + pool.dropped_count * ADDRESS_BYTES, what)
    pool.dropped_count += ONE_FRAME
    return True


@jit
def obtain(pool):
    """Return a frame, a free one or that of a victim; NO_VICTIM if only the pager can find one. As there, what is in
    use is within the limit then, and of free frames the lowest goes."""
    if pool.run_shift != NO_SHIFT:
        return NO_VICTIM
    while pool.frame_count - pool.free_runs >= pool.limit:
        victim = choose(pool, pool.asking, pool.kept, pool.writable)
        if victim < 0:
            return NO_VICTIM
        if not drop(pool, u64(victim)):
            pool.left = victim
            return NO_VICTIM
        push_free(pool, u64(victim))
    return i64(pop_free(pool))


@jit
def supply(pool, number):
    """Bring this block of `pool.asking` as if it were touched: return GIVEN, or LEFT to be brought by the pager."""
    guest = guest_at(pool, pool.asking)
    if guest.event_mask != NOT_WATCHED or action_of(guest, number, TOUCH) != ZERO_FILL:
        return LEFT
    frame = obtain(pool)
    if frame == NO_VICTIM:
        return LEFT
    arrive(pool, pool.asking, number, u64(frame), TOUCH)
    pool.given += ONE_FRAME
    return GIVEN


# --- for Python ------------------------------------------------------------------------------------------------------


def place(pool, addresses, count, source, length, key):
    """Store so many buffers of `length` bytes each as a channel with this access key does, the n-th at the n-th of
    `addresses` from the n-th at `source`: return how many, up to one that is denied, lies in two blocks, or is left
    to the pager. Nobody watches the guest."""
    guest = guest_at(pool, pool.asking)
    for n in range(count):
        absolute = load_native(addresses + u64(n) * ADDRESS_BYTES)
        if (absolute & OFFSET) + length > BLOCK_BYTES or denial(guest, absolute, length, key, u64(STORE)) != 0:
            return n
        number = absolute >> BLOCK_SHIFT
        if block_at(guest, number).invalid != 0 and supply(pool, number) != GIVEN:
            return n
        copy_bytes(touch(guest, absolute, length, STORE), source + u64(n) * length, length)
    return count


def release(pool, asking, first, beyond):
    """Do DIAGNOSE X'10' on blocks `first` to before `beyond` of the guest `asking`: return the first that is left to
    the pager, as it is pinned or has a slot, or the guest is watched, or frames form chunks."""
    guest = guest_at(pool, asking)
    if pool.run_shift != NO_SHIFT or guest.event_mask != NOT_WATCHED:
        return first
    for n in range(i64(first), i64(beyond)):
        number = u64(n)
        block = block_at(guest, number)
        if block.pinned != 0 or block.slot != NO_SLOT:
            return number
        resident, frame = block.invalid == 0, u64(block.frame)
        transition(guest, number, i64(DIAG10), NO_FRAME)
        if resident:
            push_free(pool, frame)
    return beyond
