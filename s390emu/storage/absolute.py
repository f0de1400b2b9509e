"""Absolute storage: 4 KB blocks, each in a page frame of the host, on its paging device, or logically zero.

The lowest rung: block number and frame to host address, and the bytes by host address.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.storage.page_states import block_at
from s390emu.storage.state import BLOCK_SHIFT, FRAME_T, OFFSET, frame_record

FRAME_BYTES = u64(FRAME_T.itemsize)


@jit
def in_configuration(storage, absolute):
    return (absolute >> BLOCK_SHIFT) < storage.block_count


@jit
def frame_of(storage, block):
    """The FRAME record that holds a resident block."""
    return frame_record(storage.frame_table + u64(block.frame) * FRAME_BYTES)


@jit
def frame_address(storage, block):
    """Host address of the first byte of a resident block."""
    return storage.frames + (u64(block.frame) << BLOCK_SHIFT)


@jit
def host_address(storage, absolute):
    """Host address of a byte of a resident block."""
    return frame_address(storage, block_at(storage, absolute >> BLOCK_SHIFT)) + (absolute & OFFSET)
