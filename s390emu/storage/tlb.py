"""The emulator's TLB: logical page to host address, for fetches, stores and instructions apart.

A hit means: every check was passed for the whole page in the present context, R is on (fetch, instruction), C is on and
the page holds no decoded instruction (store). The tag is the logical page and, in its low 12 bits, `storage.context`:
valid, PSW key, translation mode. Whatever could make an entry wrong drops it. An accelerator only: `tlb_on` = 0 must
give the same execution, and a test sees to it.
"""

from __future__ import annotations

from s390emu._jit import jit, load_native, u64
from s390emu.storage.absolute import frame_address
from s390emu.storage.page_states import block_at
from s390emu.storage.state import BLOCK_SHIFT, PAGE, TLB_MASK, TLB_SLOTS

NO_TAG = u64(0x100)  # neither a page nor a context, nor one beside the other with the valid bit flipped: see `run`
VALID = u64(1)


@jit
def tlb_slot(logical):
    return (logical >> BLOCK_SHIFT) & TLB_MASK


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
def fill_insn(storage, logical, decoded_page):
    slot = tlb_slot(logical)
    storage.tlb_insn_tag[slot] = (logical & PAGE) | storage.context
    storage.tlb_insn_decoded[slot] = decoded_page


@jit
def drop_stores(storage, page_address):
    for slot in range(TLB_SLOTS):
        if (storage.tlb_store_tag[slot] & PAGE) + storage.tlb_store_addend[slot] == page_address:
            storage.tlb_store_tag[slot] = NO_TAG


@jit
def drop_block(storage, number):
    """No entry for this resident block survives: its key, state or frame is about to change."""
    page_address = frame_address(storage, block_at(storage, number))
    drop_stores(storage, page_address)
    for slot in range(TLB_SLOTS):
        if (storage.tlb_fetch_tag[slot] & PAGE) + storage.tlb_fetch_addend[slot] == page_address:
            storage.tlb_fetch_tag[slot] = NO_TAG
    decoded_page = load_native(storage.decode_directory + (number << u64(3)))
    if decoded_page != u64(0):
        for slot in range(TLB_SLOTS):
            if storage.tlb_insn_decoded[slot] == decoded_page:
                storage.tlb_insn_tag[slot] = NO_TAG
        storage.deadline = u64(0)  # the run loop may be on its way through the page


@jit
def flush(storage):
    """Every entry: prefix, CR0 or a translation table changed."""
    storage.tlb_fetch_tag[:] = NO_TAG
    storage.tlb_store_tag[:] = NO_TAG
    storage.tlb_insn_tag[:] = NO_TAG
    storage.deadline = u64(0)
