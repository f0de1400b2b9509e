"""References to blocks, for whoever must know every one: all that could tell a discarded block from a resident one.

An operand, an instruction or a table entry is fetched or stored, or would be but for an exception; a key is inspected
or set; ESSA, the host or the machine itself looks at the state of the block or changes it. Every way to a block leads
through the presence check, the key (which every transition of the page-state table looks at) or the area check of
`cpu.assigned_storage`, and each of them notes it here, before anything has changed. The TLB is a way around: the record
is complete with `tlb_on` = 0.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.storage.absolute import frame_of
from s390emu.storage.events import record_event
from s390emu.storage.page_states import block_at, state_of
from s390emu.storage.state import EVENT_REFERENCE

REFERENCES = u64(1 << EVENT_REFERENCE)
BOUNDARY = u64((1 << 64) - 1)  # in place of a block: an instruction boundary has been passed


@jit
def watching_references(storage):
    return storage.event_mask & REFERENCES != u64(0)


@jit
def note_reference(storage, number):
    """Somebody is about to look at this block: record its state, key and pins as they are before."""
    if not watching_references(storage):
        return
    block = block_at(storage, number)
    key = i64(block.guest_rc) | (i64(frame_of(storage, block).key) if block.invalid == 0 else i64(block.acc_f))
    record_event(storage, EVENT_REFERENCE, number, u64(state_of(block)), u64(key), u64(block.pinned))


@jit
def note_boundary(storage):
    """Here a host can take a block: what was noted before belongs to the instruction before."""
    if watching_references(storage):
        record_event(storage, EVENT_REFERENCE, BOUNDARY, u64(0), u64(0), u64(0))
