"""Decoded instructions: handler address and instruction text for each halfword of a block that was executed.

A page of entries is taken on the first instruction fetch from a block. A store into the block drops the entries that it
touches, wherever it comes from: that is how self-modifying code, and the target of EXECUTE, are seen. Instructions that
cross a page are never kept.
"""

from __future__ import annotations

from s390emu._jit import fill_bytes, jit, load_native, store_native, u64
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.storage.absolute import block_at, frame_address
from s390emu.storage.tlb import drop_instructions, drop_stores

ENTRY_BYTES = u64(16)
DECODED_PAGE_BYTES = u64((BLOCK_SIZE // 2 + 3) * 16)  # with three empty entries, one of which ends running off the page
BLOCK_NUMBER = DECODED_PAGE_BYTES - u64(8)  # in the last of these
LONGEST_BEFORE = u64(4)  # an instruction that starts up to 4 bytes before a store can contain it


@jit
def directory_entry(guest, number):
    return guest.decode_directory + (number << u64(3))


@jit
def forget_all(guest):
    """Give every decoded page back."""
    for number in range(guest.block_count):
        store_native(directory_entry(guest, u64(number)), u64(0))
    guest.decode_used = u64(0)
    drop_instructions(guest)


@jit
def decoded_page(guest, number):
    """Return the address of this resident block's decoded page, which it gets now if it has none."""
    page = load_native(directory_entry(guest, number))
    if page == u64(0):
        if guest.decode_used == guest.decode_pages:
            forget_all(guest)
        page = guest.decode_pool + guest.decode_used * DECODED_PAGE_BYTES
        guest.decode_used += u64(1)
        fill_bytes(page, u64(0), DECODED_PAGE_BYTES)
        store_native(page + BLOCK_NUMBER, number)
        store_native(directory_entry(guest, number), page)
        drop_stores(guest, frame_address(guest, block_at(guest, number)))
    return page


@jit
def block_of_page(page):
    """Return the number of the block that a decoded page belongs to."""
    return load_native(page + BLOCK_NUMBER)


@jit
def drop_decoded(guest, number, offset, length):
    """Drop the decoded instructions that contain any of bytes offset to offset+length-1, which are about to change."""
    page = load_native(directory_entry(guest, number))
    if page == u64(0):
        return
    first = (offset - LONGEST_BEFORE if offset > LONGEST_BEFORE else u64(0)) >> u64(1)
    last = (offset + length - u64(1)) >> u64(1)
    fill_bytes(page + first * ENTRY_BYTES, u64(0), (last - first + u64(1)) * ENTRY_BYTES)
