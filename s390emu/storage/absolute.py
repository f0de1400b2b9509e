"""Absolute storage: 4 KB blocks, each in a page frame of the host, on its paging device, or logically zero.

The lowest rung: block number and frame to host address; and what a block is at present, looked at without a trace.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.page_states import PRESERVED, RESIDENT, ZERO
from s390emu.architecture.sizes import BLOCK_SHIFT, OFFSET
from s390emu.records.blocks import BLOCK_T, FRAME_T, block_record, frame_record
from s390emu.records.guest import guest_record

FRAME_BYTES = u64(FRAME_T.itemsize)
BLOCK_RECORD_BYTES = u64(BLOCK_T.itemsize)


@jit
def guest_of(storage):
    """Return the GUEST record that a CPU's port belongs to."""
    return guest_record(storage.guest)


@jit
def block_at(guest, number):
    """Return the BLOCK record of this absolute block number, which must be in the configuration."""
    return block_record(guest.blocks + number * BLOCK_RECORD_BYTES)


@jit
def state_of(block):
    """Return usage and content as in R1 bits 60-63; content is derived."""
    content = RESIDENT
    if block.invalid != 0:
        content = ZERO if block.zero != 0 else PRESERVED
    return i64(block.usage) * 4 + content


@jit
def in_configuration(guest, absolute):
    """True if the guest has storage at this absolute address."""
    return (absolute >> BLOCK_SHIFT) < guest.block_count


@jit
def frame_of(guest, block):
    """Return the FRAME record that holds a resident block."""
    return frame_record(guest.frame_table + u64(block.frame) * FRAME_BYTES)


@jit
def guest_key(guest, number):
    """Return a block's storage key as the guest sees it, whether the block has a frame or not."""
    block = block_at(guest, number)
    if block.invalid != 0:
        return i64(block.acc_f) | i64(block.guest_rc)
    return i64(frame_of(guest, block).key) | i64(block.guest_rc)


@jit
def frame_address(guest, block):
    """Return the host address of the first byte of a resident block."""
    return guest.frames + (u64(block.frame) << BLOCK_SHIFT)


@jit
def host_address(guest, absolute):
    """Return the host address of a byte of a resident block."""
    return frame_address(guest, block_at(guest, absolute >> BLOCK_SHIFT)) + (absolute & OFFSET)
