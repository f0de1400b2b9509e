"""References to blocks, for whoever must know every one: all that could tell a discarded block from a resident one.

An operand, an instruction or a table entry is fetched or stored, or would be but for an exception; a key is inspected
or set; ESSA, the host or the machine itself looks at the state of the block or changes it. Every way to a block leads
through the presence check, the key (which every transition of the page-state table looks at) or the area check of
`cpu.prefix_area`, and each of them notes it here, before anything has changed. The TLB is a way around: the record
is complete with `tlb_on` = 0.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.records.events import EVENT_REFERENCE
from s390emu.storage.absolute import block_at, frame_of, state_of
from s390emu.storage.events import record_event

REFERENCES = u64(1 << EVENT_REFERENCE)
BOUNDARY = u64((1 << 64) - 1)  # in place of a block: an instruction boundary has been passed


@jit
def watching_references(guest):
    return on(guest.event_mask, REFERENCES)


@jit
def note_reference(guest, number):
    """Somebody is about to look at this block: record its state, key and pins as they are before."""
    if not watching_references(guest):
        return
    block = block_at(guest, number)
    key = i64(block.guest_rc) | (i64(frame_of(guest, block).key) if block.invalid == 0 else i64(block.acc_f))
    record_event(guest, EVENT_REFERENCE, number, u64(state_of(block)), u64(key), u64(block.pinned))


@jit
def note_boundary(guest):
    """Here a host can take a block: what was noted before belongs to the instruction before."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, BOUNDARY, u64(0), u64(0), u64(0))
