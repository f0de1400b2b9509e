"""From instruction text to handler: the table of lookup.py as arrays, and the slow decode of the run loop."""

from __future__ import annotations

import numpy as np

from s390emu._jit import jit, load2, load_native, u64
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.isa import lookup
from s390emu.isa.opcodes import ROWS
from s390emu.records.exits import EXIT_BREAKPOINT, EXIT_COMPILE
from s390emu.storage.absolute import block_at, frame_address, guest_of
from s390emu.storage.access import fetch_instruction
from s390emu.storage.decode_cache import ENTRY_BYTES, block_of_page, instruction_length, keep_decoded
from s390emu.storage.tlb import tlb_slot

BLOCK_BYTES, BYTE_INDEX = u64(BLOCK_SIZE), u64(BLOCK_SIZE - 1)


SHIFT, MASK, BASE = (np.array(by_first_byte, u64) for by_first_byte in (lookup.SHIFT, lookup.MASK, lookup.BASE))
TABLE_SIZE = lookup.SIZE
INDEX = {row.mnemonic: lookup.place_of_row(row) for row in ROWS}


@jit
def table_index(insn):
    """Return where in the handler table a left-aligned instruction is looked up."""
    first = insn >> u64(56)
    return BASE[first] + ((insn >> SHIFT[first]) & MASK[first])


@jit
def handler_of(storage, insn):
    """Return (handler address, code). If it is not compiled yet, the code is EXIT_COMPILE and storage.wanted the
    index."""
    index = table_index(insn)
    handler = load_native(guest_of(storage).handlers + (index << u64(3)))
    if handler == u64(0):
        storage.wanted = index
        return handler, EXIT_COMPILE
    return handler, 0


@jit
def regarded(storage, insn):
    """Return a left-aligned instruction without the bits that mean something only on a later model."""
    return insn & load_native(guest_of(storage).regarded + (table_index(insn) << u64(3)))


@jit
def at_breakpoint(guest, ia):
    """True if there is a breakpoint at this address. Instructions there are never kept decoded, so they always come by
    here, and others run at full speed."""
    for i in range(guest.breakpoint_count):
        if load_native(guest.breakpoints + (u64(i) << u64(3))) == ia:
            return True
    return False


@jit
def text_address(guest, page, offset):
    """Return the host address of the instruction text at this offset in the block that a decoded page belongs to.

    Translation tables are not looked at, as the guest may have changed them since the TLB got the page: the text of one
    block must not stay in the page of another, nor may it matter whether an instruction was decoded before."""
    return frame_address(guest, block_at(guest, block_of_page(page))) + offset


@jit
def text_of(first, here, second):
    """Return the left-aligned text of an instruction that has so many bytes at one host address, others at another."""
    text = load2(first) << u64(48)
    length = instruction_length(text)
    if length > u64(2):
        text |= load2(first + u64(2) if here > u64(2) else second) << u64(32)
    if length > u64(4):
        text |= load2(first + u64(4) if here > u64(4) else second + u64(4) - here) << u64(16)
    return text


@jit
def crossing_text(cpu, storage, ia, first, here):
    """Return (left-aligned text, code) of an instruction that has so many bytes at a host address, others in the next
    page: that is checked anew, unless the TLB has it."""
    next_page = (ia + here) & cpu.amode
    slot = tlb_slot(next_page)
    if storage.tlb_insn_tag[slot] != next_page | storage.insn_context:
        return fetch_instruction(cpu, storage, ia)
    return text_of(first, here, text_address(guest_of(storage), storage.tlb_insn_decoded[slot], u64(0))), 0


def decode_instruction(cpu, storage, ia, entry):
    """Decode an instruction whose decode-cache entry is empty, into storage.decoded_handler and decoded_insn, and into
    the entry if it can be kept there; return a code.

    The block is resident and was checked when its page was looked up."""
    stops_here = at_breakpoint(guest_of(storage), ia)
    if stops_here and ia == storage.insn_ia and storage.passing != storage.count + u64(1):  # not a target of EXECUTE
        return EXIT_BREAKPOINT
    guest, offset = guest_of(storage), ia & BYTE_INDEX
    first, here = text_address(guest, entry - (offset >> u64(1)) * ENTRY_BYTES, offset), BLOCK_BYTES - offset
    insn, code = text_of(first, here, first), 0
    whole = instruction_length(insn) <= here
    if not whole:
        insn, code = crossing_text(cpu, storage, ia, first, here)
        if code != 0:
            return code
    handler, code = handler_of(storage, insn)
    if code != 0:
        return code
    insn = regarded(storage, insn)
    storage.decoded_handler, storage.decoded_insn = handler, insn
    if whole and not stops_here:
        keep_decoded(guest, entry, offset, instruction_length(insn), handler, insn)
    return 0
