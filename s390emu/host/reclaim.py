"""Taking frames and giving them, compiled: the steps of docs/page-hinting.md section 8 but for the writing.

    invalidate  close every CPU's way to the blocks
    decide      see, now that no CPU can change it, what becomes of each
    (write      `Pager.take`, by `Slots.keep`)
    publish     the new states
"""

from __future__ import annotations

from s390emu._jit import fill_bytes, i64, jit, load1, store1, u64
from s390emu.architecture.page_states import RECLAIM, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_SHIFT, BLOCK_SIZE
from s390emu.host.pool import entry_at, guest_of_frame, holds
from s390emu.host.victims import ABSENT, WRITE, ZEROS, cost
from s390emu.storage.absolute import block_at, state_of
from s390emu.storage.tlb import drop_block
from s390emu.storage.transitions import action_of, mark_zero, transition

NO_FRAME = u64(0)  # as the frame of a block that has none afterwards
COST_SHIFT, STATE_OFFSET = u64(1), u64(1)  # of the two bytes for each frame at `pool.costs`


@jit
def invalidate(pool, start, length):
    """Close every CPU's way to the blocks in these frames."""
    for offset in range(length):
        frame = start + u64(offset)
        if holds(pool, frame):
            entry = entry_at(pool, frame)
            drop_block(guest_of_frame(pool, entry), u64(entry.block))


@jit
def decide(pool, start, length):
    """Put at `pool.costs` what taking each of these frames costs, by usage and C, and the block's state before; return
    how many blocks have to be written. To look at C before every way is closed loses a store."""
    writes = 0
    for offset in range(length):
        how, before, frame = ABSENT, 0, start + u64(offset)
        if holds(pool, frame):
            entry = entry_at(pool, frame)
            guest, number = guest_of_frame(pool, entry), u64(entry.block)
            before = state_of(block_at(guest, number))
            how = cost(pool, frame, action_of(guest, number, RECLAIM))
            writes += how == WRITE
        at = pool.costs + (u64(offset) << COST_SHIFT)
        store1(at, u64(how))
        store1(at + STATE_OFFSET, u64(before))
    return writes


@jit
def invalidate_and_decide(pool, start, length):
    """Do both for frames that are about to be taken: return how many blocks have to be written."""
    invalidate(pool, start, length)
    return decide(pool, start, length)


@jit
def publish(pool, start, first, beyond):
    """Take the frames of blocks `first` to before `beyond` of those decided upon; what had to be written has been. The
    frames still count as theirs."""
    for offset in range(first, beyond):
        how = i64(load1(pool.costs + (u64(offset) << COST_SHIFT)))
        if how != ABSENT:
            entry = entry_at(pool, start + u64(offset))
            guest, number = guest_of_frame(pool, entry), u64(entry.block)
            transition(guest, number, RECLAIM, NO_FRAME)
            if how == ZEROS:
                mark_zero(guest, number)
    return 0


@jit
def arrive(pool, guest, number, frame, event):
    """Give the block this frame, which is filled with zeros if the event asks for them and else has the content
    already; return the action."""
    entry = entry_at(pool, frame)
    entry.guest, entry.block = i64(guest), i64(number)
    action = transition(guest_of_frame(pool, entry), number, i64(event), frame)
    if action == ZERO_FILL:
        fill_bytes(pool.frames + (frame << BLOCK_SHIFT), u64(0), u64(BLOCK_SIZE))
    return action
