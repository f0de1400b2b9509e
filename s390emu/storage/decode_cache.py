"""Decoded instructions: for each halfword of a block that was executed, handler address and text.

A page of entries is taken on the first instruction fetch from a block. A store into the block drops the entries that it
touches, wherever it comes from: that is how self-modifying code, and the target of EXECUTE, are seen. Instructions that
cross a page are never kept.
"""

from __future__ import annotations

from s390emu._jit import fill_bytes, jit, load_native, store_native, u64
from s390emu.storage.absolute import frame_address
from s390emu.storage.page_states import block_at
from s390emu.storage.state import TLB_SLOTS
from s390emu.storage.tlb import NO_TAG, drop_stores

ENTRY_BYTES = u64(16)
DECODED_PAGE_BYTES = u64((4096 // 2 + 3) * 16)  # and empty entries that end the straight way through the page
BLOCK_NUMBER = DECODED_PAGE_BYTES - u64(8)  # in the last of them: whose page it is
LONGEST_BEFORE = u64(4)  # an instruction that starts up to 4 bytes before a store can contain it


@jit
def directory_entry(storage, number):
    return storage.decode_directory + (number << u64(3))


@jit
def forget_all(storage):
    """Give every page back."""
    for number in range(storage.block_count):
        store_native(directory_entry(storage, u64(number)), u64(0))
    storage.decode_used = u64(0)
    for slot in range(TLB_SLOTS):
        storage.tlb_insn_tag[slot] = NO_TAG
    storage.deadline = u64(0)  # the run loop may be on its way through a page


@jit
def decoded_page(storage, number):
    """Address of the entries of this resident block, taken now if it has none."""
    page = load_native(directory_entry(storage, number))
    if page == u64(0):
        if storage.decode_used == storage.decode_pages:
            forget_all(storage)
        page = storage.decode_pool + storage.decode_used * DECODED_PAGE_BYTES
        storage.decode_used += u64(1)
        fill_bytes(page, u64(0), DECODED_PAGE_BYTES)
        store_native(page + BLOCK_NUMBER, number)
        store_native(directory_entry(storage, number), page)
        drop_stores(storage, frame_address(storage, block_at(storage, number)))
    return page


@jit
def block_of_page(page):
    """Number of the block whose decoded instructions these are."""
    return load_native(page + BLOCK_NUMBER)


@jit
def drop_decoded(storage, number, offset, length):
    """Bytes offset..offset+length-1 of the block are about to change."""
    page = load_native(directory_entry(storage, number))
    if page == u64(0):
        return
    first = (offset - LONGEST_BEFORE if offset > LONGEST_BEFORE else u64(0)) >> u64(1)
    last = (offset + length - u64(1)) >> u64(1)
    fill_bytes(page + first * ENTRY_BYTES, u64(0), (last - first + u64(1)) * ENTRY_BYTES)
