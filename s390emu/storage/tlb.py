"""The emulator's TLB, one for each CPU: logical page to host address, separately for fetches, stores and instructions.

A hit means: every check was passed for the whole page in the present context, R is on (fetch, instruction), C is on and
the page holds no decoded instruction (store). The tag is the logical page and, in its low 12 bits, `context`:
valid, PSW key, address space. Whatever could make an entry wrong drops it. An accelerator only: `tlb_on` = 0 must
give the same execution, and a test sees to it.

An address space has a number, which stands for the value of its ASCE; 0 is for real addresses. So a space keeps its
entries while others are attached, whichever control register attaches it. A number whose space has been out of use for
long is given to another one.

A store entry with BESIDE_CODE is for a page that does hold decoded instructions: a store that touches none of them need
not take the slow path (`store_beside_code`).
"""

from __future__ import annotations

from s390emu._jit import jit, load_native, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.sizes import BLOCK_SHIFT, PAGE, PAGE_INDEX
from s390emu.records.events import EVENT_PURGE
from s390emu.records.port import TLB_MASK, TLB_SLOTS, TLB_SPACES, port_record
from s390emu.storage.absolute import block_at, frame_address, guest_of
from s390emu.storage.events import record_event

# The low 12 bits of a tag. Bit 52 is off in every page and context: NO_TAG equals no tag, nor what `run` compares.
VALID = u64(1)
CONTEXT_KEY_SHIFT = u64(1)
SPACE_SHIFT = u64(5)
SPACE = u64(TLB_SPACES - 1) << SPACE_SHIFT
BESIDE_CODE = bit(53)
NO_TAG = bit(52)
NO_CONTEXT = NO_TAG | bit(62)  # a context in which nothing is entered, and no tag matches

REAL_ADDRESSES = u64(0)  # the number of their space


@jit
def tlb_slot(logical):
    return (logical >> BLOCK_SHIFT) & TLB_MASK


@jit
def may_fill(storage, context):
    """True if entries may be made in a context."""
    return guest_of(storage).tlb_on != u64(0) and context != NO_CONTEXT


@jit
def drop_space(storage, number):
    """Drop this CPU's entries of the address space with this number."""
    tag = number << SPACE_SHIFT
    for slot in range(TLB_SLOTS):
        if storage.tlb_fetch_tag[slot] & SPACE == tag:
            storage.tlb_fetch_tag[slot] = NO_TAG
        if storage.tlb_store_tag[slot] & SPACE == tag:
            storage.tlb_store_tag[slot] = NO_TAG
        if storage.tlb_insn_tag[slot] & SPACE == tag:
            storage.tlb_insn_tag[slot] = NO_TAG


@jit
def number_of_space(storage, asce):
    """Return the number of the address space of an ASCE. If it has none it gets one, the longest given to another; but
    not that of the instructions' space."""
    for n in range(1, TLB_SPACES):
        if storage.tlb_spaces[n] == asce:
            return u64(n)
    number = storage.tlb_next_space
    while number == REAL_ADDRESSES or number == (storage.insn_context & SPACE) >> SPACE_SHIFT:
        number = (number + u64(1)) & u64(TLB_SPACES - 1)
    storage.tlb_next_space = (number + u64(1)) & u64(TLB_SPACES - 1)
    storage.tlb_spaces[number] = asce
    drop_space(storage, number)
    return number


@jit
def context_with(key, space):
    """Return the context of accesses with this PSW key to the space with this number."""
    return VALID | (key << CONTEXT_KEY_SHIFT) | (space << SPACE_SHIFT)


@jit
def fill_fetch(storage, logical, page_address):
    slot = tlb_slot(logical)
    storage.tlb_fetch_tag[slot] = (logical & PAGE) | storage.context
    storage.tlb_fetch_addend[slot] = page_address - (logical & PAGE)


@jit
def fill_store(storage, logical, page_address):
    slot = tlb_slot(logical)
    storage.tlb_store_tag[slot] = (logical & PAGE) | storage.context
    storage.tlb_store_addend[slot] = page_address - (logical & PAGE)


@jit
def fill_store_beside_code(storage, logical, page_address, decoded_page):
    """As `fill_store`, for a page that holds decoded instructions."""
    fill_store(storage, logical, page_address)
    slot = tlb_slot(logical)
    storage.tlb_store_tag[slot] |= BESIDE_CODE
    storage.tlb_store_decoded[slot] = decoded_page


@jit
def fill_insn(storage, logical, decoded_page):
    slot = tlb_slot(logical)
    storage.tlb_insn_tag[slot] = (logical & PAGE) | storage.insn_context
    storage.tlb_insn_decoded[slot] = decoded_page


@jit
def port_of(guest, n):
    """Return the PORT record of the guest's n-th CPU."""
    return port_record(guest.ports[n])


@jit
def drop_stores(guest, page_address):
    """Drop every CPU's store entries for the page at this host address."""
    for n in range(guest.port_count):
        port = port_of(guest, n)
        for slot in range(TLB_SLOTS):
            if (port.tlb_store_tag[slot] & PAGE) + port.tlb_store_addend[slot] == page_address:
                port.tlb_store_tag[slot] = NO_TAG


@jit
def drop_fetches(guest, page_address):
    """Drop every CPU's fetch entries for the page at this host address."""
    for n in range(guest.port_count):
        port = port_of(guest, n)
        for slot in range(TLB_SLOTS):
            if (port.tlb_fetch_tag[slot] & PAGE) + port.tlb_fetch_addend[slot] == page_address:
                port.tlb_fetch_tag[slot] = NO_TAG


@jit
def drop_decoded_page(guest, decoded_page):
    """Drop every CPU's instruction entries for these decoded instructions."""
    for n in range(guest.port_count):
        port = port_of(guest, n)
        for slot in range(TLB_SLOTS):
            if port.tlb_insn_decoded[slot] == decoded_page:
                port.tlb_insn_tag[slot] = NO_TAG
        port.deadline = u64(0)  # the run loop may be on its way through the page


@jit
def drop_instructions(guest):
    """Drop every CPU's instruction entries."""
    for n in range(guest.port_count):
        port = port_of(guest, n)
        port.tlb_insn_tag[:] = NO_TAG
        port.deadline = u64(0)  # the run loop may be on its way through a page


@jit
def drop_block(guest, number):
    """Drop every CPU's entries for this resident block: its key, state or frame is about to change."""
    page_address = frame_address(guest, block_at(guest, number))
    drop_stores(guest, page_address)
    drop_fetches(guest, page_address)
    decoded_page = load_native(guest.decode_directory + (number << u64(3)))
    if decoded_page != u64(0):
        drop_decoded_page(guest, decoded_page)


@jit
def drop_page_indexes(port, first, last):
    """Drop one CPU's entries for pages with a page index (bits 44-51 of the address) from first to last: all that a
    range of page-table entries can have made, whatever the table is part of."""
    for slot in range(TLB_SLOTS):
        if first <= (port.tlb_fetch_tag[slot] >> BLOCK_SHIFT) & PAGE_INDEX <= last:
            port.tlb_fetch_tag[slot] = NO_TAG
        if first <= (port.tlb_store_tag[slot] >> BLOCK_SHIFT) & PAGE_INDEX <= last:
            port.tlb_store_tag[slot] = NO_TAG
        if first <= (port.tlb_insn_tag[slot] >> BLOCK_SHIFT) & PAGE_INDEX <= last:
            port.tlb_insn_tag[slot] = NO_TAG
    port.deadline = u64(0)  # the run loop may be on its way through such a page


@jit
def flush(storage):
    """Drop every entry of this CPU: its prefix, its protection or a translation table changed."""
    storage.tlb_fetch_tag[:] = NO_TAG
    storage.tlb_store_tag[:] = NO_TAG
    storage.tlb_insn_tag[:] = NO_TAG
    storage.deadline = u64(0)


@jit
def purge(storage):
    """Drop every entry of this CPU because the architecture says so, and tell observers."""
    flush(storage)
    record_event(guest_of(storage), EVENT_PURGE, storage.cpu_address, u64(0), u64(0), u64(0))


@jit
def flush_all(guest):
    """Drop every entry of every CPU."""
    for n in range(guest.port_count):
        flush(port_of(guest, n))


@jit
def purge_all(guest):
    """Drop every entry of every CPU because the architecture says so, and tell observers."""
    for n in range(guest.port_count):
        purge(port_of(guest, n))
