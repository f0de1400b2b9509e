"""Which frames to take, and what each costs: policy over the tables, compiled. docs/page-hinting.md, section 8.

First by age, then look at the state; and where the oldest would have to be written out, perhaps a little further.
Choosing changes nothing but the clock's reference bits.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, load1, load8, load_native, u64
from s390emu.architecture.page_states import OUT, RECLAIM, UNUSED
from s390emu.architecture.sizes import BLOCK_SHIFT, BLOCK_SIZE
from s390emu.host.pool import (
    ADDRESS_BYTES,
    FREE,
    NO_SLOT,
    ONE_FRAME,
    entry_at,
    guest_of_frame,
    holds,
    mapping_length,
    mapping_start,
)
from s390emu.storage.absolute import block_at
from s390emu.storage.keys import host_changed, reset_host_reference
from s390emu.storage.transitions import action_of

# What taking a block costs.
ABSENT = 0  # it has no content in this frame
DROP = 1
ZEROS = 2  # nothing to keep: only zeros (D7)
CLEAN = 3  # its slot has the content
WRITE = 4

NO_VICTIM = -1
SEARCH = -2  # in place of a victim: frames of unused blocks have to be searched first
SWEEP = u64(64)  # blocks looked at for each frame taken, when unused blocks are searched
NO_GUEST, NO_CPU, EVERY_CPU = u64(0), u64(0), u64(0xFF)  # EVERY_CPU: bits of CPUs, as in a guest's byte map
NOT_WRITABLE, WHOLE, FIRST_FRAME, NO_SHIFT, NONE_LEFT = u64(0), u64(0), u64(0), u64(0), u64(0)
STEP_BYTES = 8


@jit
def only_zeros(pool, frame):
    """True if every byte of the frame is zero."""
    address = pool.frames + (frame << BLOCK_SHIFT)
    for offset in range(0, BLOCK_SIZE, STEP_BYTES):
        if load8(address + u64(offset)) != u64(0):
            return False
    return True


@jit
def cost(pool, frame, action):
    """Return what it costs to take the block in this frame, if RECLAIM does `action` with it."""
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
def brought_for(pool, entry, cpus):
    """True if the block in this frame was brought for the instruction that one of these CPUs of its guest retries."""
    brought = load_native(pool.brought + u64(entry.guest) * ADDRESS_BYTES)
    return load1(brought + u64(entry.block)) & cpus != NO_CPU


@jit
def may_be_taken(pool, start, length, asking, cpus, writable):
    """True if this mapping may be taken for the guest `asking`: not with a pinned block, nor with one that was brought
    for an instruction which one of its `cpus` (a bit each) retries. Not writable: only if nothing need be written, or
    part of it can be discarded and the rest left."""
    resident = False
    for offset in range(length):
        frame = start + u64(offset)
        if holds(pool, frame):
            resident = True
            entry = entry_at(pool, frame)
            if block_at(guest_of_frame(pool, entry), u64(entry.block)).pinned != 0:
                return False
            if cpus != NO_CPU and u64(entry.guest) == asking and brought_for(pool, entry, cpus):
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
def pass_over(pool, start, length):
    """Let the hand pass over a mapping: reset R for it, and return True if a block was referenced since it last did."""
    found = 0
    for offset in range(length):
        if holds(pool, start + u64(offset)):
            entry = entry_at(pool, start + u64(offset))
            found |= reset_host_reference(guest_of_frame(pool, entry), u64(entry.block))
    return found != 0


@jit
def awaited(pool, start, length):
    """True if a block of the mapping was brought for an instruction that may not have been executed since. Otherwise a
    pager that prefers free victims would take the block again before its guest had used it, forever."""
    for offset in range(length):
        if holds(pool, start + u64(offset)) and brought_for(pool, entry_at(pool, start + u64(offset)), EVERY_CPU):
            return True
    return False


@jit
def taken_alone(pool):
    """True if the frame of an unused block is taken by itself; else with the rest of its run."""
    return pool.divisible != WHOLE or pool.run_shift == NO_SHIFT


@jit
def is_unused(pool, frame):
    """True if the block in this frame is unused; where runs are taken as a whole, all resident blocks of its run."""
    entry = entry_at(pool, frame)
    if entry.guest == FREE:
        return False
    guest, first = guest_of_frame(pool, entry), u64(entry.block)
    if taken_alone(pool):
        return block_at(guest, first).usage == UNUSED
    for offset in range(ONE_FRAME << pool.run_shift):
        block = block_at(guest, first + u64(offset))
        if block.invalid == 0 and block.usage != UNUSED:
            return False
    return True


@jit
def next_unused(pool, asking, cpus, writable):
    """Return the next of the frames of unused blocks that may be taken, or NO_VICTIM: these go ahead of others."""
    while pool.unused_count != NONE_LEFT:
        pool.unused_count -= ONE_FRAME
        frame = load_native(pool.unused + pool.unused_count * ADDRESS_BYTES)
        if is_unused(pool, frame):
            start = mapping_start(pool, frame)
            if may_be_taken(pool, start, mapping_length(pool, start), asking, cpus, writable):
                return i64(frame)
    return NO_VICTIM


@jit
def oldest(pool, hand, asking, cpus, writable):
    """Return the first frame of the clock's victim, or NO_VICTIM: the first mapping, from the hand on, that may be
    taken and was not referenced since the hand last passed.

    Where all were referenced, all have had their second chance, and the first one goes.
    """
    first, frame = NO_VICTIM, hand
    for _ in range(pool.frame_count):
        if mapping_start(pool, frame) == frame:
            length = mapping_length(pool, frame)
            if may_be_taken(pool, frame, length, asking, cpus, writable):
                if not pass_over(pool, frame, length):
                    return i64(frame)
                if first == NO_VICTIM:
                    first = i64(frame)
        frame += ONE_FRAME
        if frame == pool.frame_count:
            frame = FIRST_FRAME
    return first


@jit
def cheaper(pool, victim):
    """Return a substitute for the oldest mapping, the first from there on, if not too far, for which nothing need be
    written; else the oldest. The substitute gets no second chance and its R bit is left on. What any guest may wait
    for is left alone, whoever asks."""
    frame = victim
    for _ in range(pool.look_ahead):
        if mapping_start(pool, frame) == frame:
            length = mapping_length(pool, frame)
            if not awaited(pool, frame, length) and may_be_taken(pool, frame, length, NO_GUEST, NO_CPU, NOT_WRITABLE):
                return i64(frame)
        frame += ONE_FRAME
        if frame == pool.frame_count:
            frame = FIRST_FRAME
    return i64(victim)


@jit
def pass_on(pool, victim):
    """Let the hand pass the clock's victim, and return which mapping goes: that, or a cheaper one."""
    chosen = victim
    if pool.look_ahead != NONE_LEFT:
        chosen = cheaper(pool, u64(victim))
    pool.hand = u64(victim)
    if chosen == victim:
        pool.hand = FIRST_FRAME if pool.hand + ONE_FRAME == pool.frame_count else pool.hand + ONE_FRAME
    return chosen


@jit
def choose(pool, asking, cpus, writable):
    """Return the first frame of what goes next, `pool.length` frames; NO_VICTIM if none may be taken; or SEARCH."""
    if pool.unused_count == NONE_LEFT and pool.taken_since_search * SWEEP >= pool.frame_count:
        return SEARCH
    victim = next_unused(pool, asking, cpus, writable)
    if victim != NO_VICTIM:
        pool.length = ONE_FRAME if taken_alone(pool) else ONE_FRAME << pool.run_shift
        return victim
    victim = oldest(pool, pool.hand, asking, cpus, writable)
    if victim != NO_VICTIM:
        victim = pass_on(pool, victim)
        pool.length = mapping_length(pool, u64(victim))
    return victim
