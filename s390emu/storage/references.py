"""References to blocks, for whoever must know every one: all that could tell a discarded block from a resident one.

An operand, an instruction or a table entry is fetched or stored, or would be but for an exception; a key is inspected
or set; ESSA, the host or the machine itself looks at the state of the block or changes it. Every way to a block leads
through the presence check, the key (which every transition of the page-state table looks at) or the area check of
`cpu.prefix_area`, and each of them notes it here, before anything has changed. The TLB is a way around: the record
is complete with `tlb_on` = 0.

Where there are several CPUs it tells too what one of them can notice of another otherwise: an order of SIGNAL
PROCESSOR, what the host did for a guest's request, and at each boundary for what the CPU is enabled.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.sizes import BLOCK_SHIFT, OFFSET
from s390emu.records.events import EVENT_REFERENCE
from s390emu.storage.absolute import block_at, frame_of, state_of
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
    return on(guest.event_mask, REFERENCES)


@jit
def note_reference(guest, number):
    """Somebody is about to look at this block: record its state, key and pins as they are before."""
    if watching_references(guest):
        record_reference(guest, number, u64(0))


@jit
def note_access(guest, absolute, kind):
    """A byte of a block is about to be accessed, or the access to be refused: as `note_reference`."""
    if watching_references(guest):
        how = u64(kind) + u64(1) << HOW_SHIFT | (absolute & OFFSET) << OFFSET_SHIFT
        record_reference(guest, absolute >> BLOCK_SHIFT, how)


@jit
def record_reference(guest, number, how):
    block = block_at(guest, number)
    key = i64(block.guest_rc) | (i64(frame_of(guest, block).key) if block.invalid == 0 else i64(block.acc_f))
    record_event(guest, EVENT_REFERENCE, number, u64(state_of(block)), u64(key), u64(block.pinned) & PINS | how)


@jit
def note_boundary(guest, psw_mask):
    """Here a host can take a block: what was noted before belongs to the instruction before."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, BOUNDARY, psw_mask, u64(0), u64(0))


@jit
def note_signal(guest, address, order):
    """The running CPU gives another one an order."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, SIGNAL, address, order, u64(0))


@jit
def note_hypercall(guest):
    """The host is about to complete an instruction of the running CPU."""
    if watching_references(guest):
        record_event(guest, EVENT_REFERENCE, HYPERCALL, u64(0), u64(0), u64(0))
