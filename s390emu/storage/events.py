"""What happened, for timelines and traces: a table that compiled code fills and Python drains."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.storage.state import EVENT_T, event_record

EVENT_BYTES = u64(EVENT_T.itemsize)
MARGIN = u64(1024)  # more than one unit of operation can add: SSKE and PFMF may look at 256 keys and set them


@jit
def pause(storage):
    """Stop the loop after this unit of operation, so that observers see the guest as it then is."""
    storage.event_pause = u64(1)
    storage.deadline = u64(0)


@jit
def record_event(storage, kind, block, before, after, detail):
    """Add one event if its kind is watched; with the table nearly full the loop stops to have it drained."""
    if (storage.event_mask >> u64(kind)) & u64(1) == u64(0) or storage.event_count >= storage.event_capacity:
        return
    event = event_record(storage.events + storage.event_count * EVENT_BYTES)
    event.count, event.kind, event.block = storage.count, u64(kind), block
    event.before, event.after, event.detail = before, after, detail
    event.ia = storage.insn_ia
    storage.event_count += u64(1)
    if (storage.pause_mask >> u64(kind)) & u64(1) != u64(0):
        pause(storage)
    if storage.event_count + MARGIN >= storage.event_capacity:
        storage.deadline = u64(0)
