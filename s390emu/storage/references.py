"""References to blocks, for whoever must know every one: all that could tell a discarded block from a resident one.

An operand, an instruction or a table entry is fetched or stored, or would be but for an exception; a key is inspected
or set; ESSA, the host or the machine itself changes the state of the block, or does something that depends on it. Each
way to a block notes it here, before anything has changed: `presence.absence`, `keys.inspect_key` and what sets keys,
`transitions.transition` and `transitions.overlaid`, `prefix_area.block_code`, SERVICE CALL, and the host's channel and
pins. To look at a block for its own purposes (which frame to take, a debugger) is none. The TLB is a way around: the
record is complete with `tlb_on` = 0.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.records.events import EVENT_REFERENCE
from s390emu.storage.absolute import block_at, guest_key, state_of
from s390emu.storage.events import record_event

REFERENCES = u64(1 << EVENT_REFERENCE)
BOUNDARY = u64((1 << 64) - 1)  # in place of a block: an instruction boundary has been passed


@jit
def watching_references(guest):
    """True if somebody wants to know every reference."""
    return on(guest.event_mask, REFERENCES)


@jit
def note_reference(guest, number):
    """Record the block's state, key and pins as they are before it is referred to."""
    if not watching_references(guest):
        return
    block = block_at(guest, number)
    record_event(
        guest, EVENT_REFERENCE, number, u64(state_of(block)), u64(guest_key(guest, number)), u64(block.pinned)
    )


@jit
def note_boundary(guest):
    """Record that a host can take a block here: what was noted before belongs to the instruction before."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, BOUNDARY, u64(0), u64(0), u64(0))
