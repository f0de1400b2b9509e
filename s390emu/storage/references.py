"""References to blocks, for whoever must know every one: all that could tell a discarded block from a resident one.

An operand, an instruction or a table entry is fetched or stored, or would be but for an exception; a key is inspected
or set; ESSA, the host or the machine itself changes the state of the block, or does something that depends on it. Each
way to a block notes it here, before anything has changed: `presence.absence`, `keys.inspect_key` and what sets keys,
`transitions.transition` and `transitions.overlaid`, `prefix_area.block_code`, SERVICE CALL, and the host's channel and
pins. To look at a block for its own purposes (which frame to take, a debugger) is none. The TLB is a way around: the
record is complete with `tlb_on` = 0.

Where there are several CPUs it tells too what one of them can notice of another otherwise: an order of SIGNAL
PROCESSOR, what the host did for a guest's request, and at each boundary for what the CPU is enabled.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.sizes import BLOCK_SHIFT, OFFSET
from s390emu.records.events import EVENT_REFERENCE
from s390emu.storage.absolute import block_at, guest_key, state_of
from s390emu.storage.events import record_event

REFERENCES = u64(1 << EVENT_REFERENCE)
# In place of a block:
BOUNDARY = u64((1 << 64) - 1)  # an instruction boundary has been passed; before: the PSW
SIGNAL = u64((1 << 64) - 2)  # before: the CPU that is addressed; after: the order
HYPERCALL = u64((1 << 64) - 3)  # the host completes an instruction
FIRST_SPECIAL = HYPERCALL
# In the detail of a reference to a block: pins; how it is accessed, 0 if the key or the state is looked at, else 1 and
# the kind; from which byte on.
PINS, HOW_SHIFT, OFFSET_SHIFT = u64(0xFFFF), u64(16), u64(32)


@jit
def watching_references(guest):
    """True if somebody wants to know every reference."""
    return on(guest.event_mask, REFERENCES)


@jit
def note_reference(guest, number):
    """Record the block's state, key and pins as they are before it is referred to."""
    if watching_references(guest):
        record_reference(guest, number, u64(0))


@jit
def note_access(guest, absolute, kind):
    """Record a block as `note_reference` before a byte of it is accessed, or the access refused."""
    if watching_references(guest):
        how = u64(kind) + u64(1) << HOW_SHIFT | (absolute & OFFSET) << OFFSET_SHIFT
        record_reference(guest, absolute >> BLOCK_SHIFT, how)


@jit
def record_reference(guest, number, how):
    """Record the block, and how it is referred to."""
    block = block_at(guest, number)
    key = u64(guest_key(guest, number))
    record_event(guest, EVENT_REFERENCE, number, u64(state_of(block)), key, u64(block.pinned) & PINS | how)


@jit
def note_boundary(guest, psw_mask):
    """Record that a host can take a block here: what was noted before belongs to the instruction before."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, BOUNDARY, psw_mask, u64(0), u64(0))


@jit
def note_signal(guest, address, order):
    """Record an order that the running CPU gives another one."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, SIGNAL, address, order, u64(0))


@jit
def note_hypercall(guest):
    """Record that the host is about to complete an instruction of the running CPU."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, HYPERCALL, u64(0), u64(0), u64(0))
