"""Decoded instructions: handler address and instruction text for each halfword of a block that was executed.

A page of entries is taken on the first instruction fetch from a block. A store into the block drops the entries that it
touches, wherever it comes from: that is how self-modifying code, and the target of EXECUTE, are seen. Instructions that
cross a page are never kept.

Data often share a block with code (the prefix area does in Linux, literals and save areas lie between functions), so
stores beside instructions take a fast way, and drop nothing: a page of entries has the range of bytes that its
instructions lie in, and within that the few entries that could contain the bytes are looked at.
"""

from __future__ import annotations

from s390emu._jit import fill_bytes, jit, load_native, store_native, u64
from s390emu.architecture.sizes import BLOCK_SIZE, OFFSET, PAGE
from s390emu.storage.absolute import block_at, frame_address
from s390emu.storage.tlb import BESIDE_CODE, drop_instructions, drop_stores, tlb_slot

ENTRY_BYTES = u64(16)
DECODED_PAGE_BYTES = u64((BLOCK_SIZE // 2 + 4) * 16)  # with four empty entries, one of which ends running off the page
# In these: the block; the range of bytes that the decoded instructions lie in, as offsets in the block, which is empty
# if the first is not below the end; and which translated region (regions/) stands in some of the entries, 0 if none.
BLOCK_NUMBER, END_BYTE, FIRST_BYTE, TRANSLATED = (DECODED_PAGE_BYTES - u64(8 + 16 * n) for n in range(4))
HALFWORD = u64(2)
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
    return page


@jit
def instruction_length(text):
    """Return the length in bytes, from bits 0-1 of the left-aligned text: PoP ch. 5 "Instruction Length Code"."""
    return ((text >> u64(62)) + u64(3)) & ~u64(1)


@jit
def first_entry_before(offset):
    """Return the number of the first entry whose instruction can contain the byte at this offset."""
    return (offset - LONGEST_BEFORE if offset > LONGEST_BEFORE else u64(0)) >> u64(1)


@jit
def contains_instructions(page, offset, after):
    """True if a decoded instruction of this page, or one that a region has, contains any of bytes offset to after-1."""
    if after <= load_native(page + FIRST_BYTE) or offset >= load_native(page + END_BYTE):
        return False
    for number in range(first_entry_before(offset), (after + u64(1)) >> u64(1)):
        entry = page + u64(number) * ENTRY_BYTES
        handler, text = load_native(entry), load_native(entry + u64(8))
        if handler | text != u64(0) and (u64(number) << u64(1)) + instruction_length(text) > offset:
            return True
    return False


@jit
def holds_instructions(page):
    """True if there may be a decoded instruction in this decoded page."""
    return load_native(page + FIRST_BYTE) < load_native(page + END_BYTE)


@jit
def keep_decoded(guest, entry, offset, length, handler, insn):
    """Keep a decoded instruction, which lies at this offset in its block, in its entry."""
    page = entry - (offset >> u64(1)) * ENTRY_BYTES
    first, end = load_native(page + FIRST_BYTE), load_native(page + END_BYTE)
    if first >= end:
        drop_stores(guest, frame_address(guest, block_at(guest, block_of_page(page))))
        first, end = offset, offset + length
    store_native(page + FIRST_BYTE, min(first, offset))
    store_native(page + END_BYTE, max(end, offset + length))
    store_native(entry, handler)
    store_native(entry + u64(8), insn)


@jit
def store_beside_code(storage, logical, last):
    """True if the TLB has a page that holds decoded instructions, and a store from `logical` on, whose last byte is so
    many bytes further, touches none of them: it may be made there.

    The decoded page may have been given to another block since. Then this one has no decoded instruction, whatever the
    answer; its next one drops the entry (`keep_decoded`)."""
    slot = tlb_slot(logical)
    if storage.tlb_store_tag[slot] != ((logical + last) & PAGE) | storage.context | BESIDE_CODE:
        return False
    page, offset = storage.tlb_store_decoded[slot], logical & OFFSET
    if not holds_instructions(page):
        storage.tlb_store_tag[slot] &= ~BESIDE_CODE  # not any more
        return True
    return not contains_instructions(page, offset, offset + last + u64(1))


@jit
def block_of_page(page):
    """Return the number of the block that a decoded page belongs to."""
    return load_native(page + BLOCK_NUMBER)


@jit
def starts_instruction(page, offset):
    """True if a decoded instruction, or one that a region has, begins at this offset."""
    entry = page + (offset >> u64(1)) * ENTRY_BYTES
    return load_native(entry) | load_native(entry + u64(8)) != u64(0)


@jit
def narrow(page, first, end):
    """Shorten the range of bytes to the instructions that are left. Where none is, it must become empty: as long as it
    is not, stores into what was code and is data now take the slow way."""
    while first < end and not starts_instruction(page, first):
        first += HALFWORD
    if first >= end:
        store_native(page + END_BYTE, u64(0))  # no store need look
        return
    last = end
    while last > first and not starts_instruction(page, last - HALFWORD):
        last -= HALFWORD
    store_native(page + FIRST_BYTE, first)
    store_native(page + END_BYTE, min(end, last + LONGEST_BEFORE))  # another one than the last may end last


@jit
def drop_decoded(guest, number, offset, length):
    """Drop the decoded instructions that contain any of bytes offset to offset+length-1, which are about to change."""
    page = load_native(directory_entry(guest, number))
    if page == u64(0):
        return
    first, end = load_native(page + FIRST_BYTE), load_native(page + END_BYTE)
    after = offset + length
    if not contains_instructions(page, offset, after):
        return
    if load_native(page + TRANSLATED) != u64(0):  # a region may have been made of them: no instruction of it is entered
        store_native(page + TRANSLATED, u64(0))
        offset, after = first, end
    first_entry, last_entry = first_entry_before(offset), (after - u64(1)) >> u64(1)
    fill_bytes(page + first_entry * ENTRY_BYTES, u64(0), (last_entry - first_entry + u64(1)) * ENTRY_BYTES)
    narrow(page, first, end)
