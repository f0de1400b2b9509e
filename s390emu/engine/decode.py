"""From instruction text to handler: the table of lookup.py as arrays, and the slow decode of the run loop."""

from __future__ import annotations

import numpy as np

from s390emu._jit import jit, load2, load_native, store_native, u64
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.isa import lookup
from s390emu.isa.opcodes import ROWS
from s390emu.records.exits import EXIT_BREAKPOINT, EXIT_COMPILE
from s390emu.storage.absolute import block_at, frame_address, guest_of
from s390emu.storage.access import fetch_instruction, instruction_length
from s390emu.storage.decode_cache import ENTRY_BYTES, block_of_page

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
def at_breakpoint(guest, ia):
    """True if there is a breakpoint at this address. Instructions there are never kept decoded, so they always come by
    here, and others run at full speed."""
    for i in range(guest.breakpoint_count):
        if guest.breakpoints[i] == ia:
            return True
    return False


@jit
def text_in_page(guest, ia, entry):
    """Return (left-aligned text, True if all of it is in the block) of the instruction at this address, from the block
    whose decoded page has this entry.

    Translation tables are not looked at, as the guest may have changed them since the TLB got the page: the text of one
    block must not stay in the page of another, nor may it matter whether an instruction was decoded before."""
    offset = ia & BYTE_INDEX
    number = block_of_page(entry - (offset >> u64(1)) * ENTRY_BYTES)
    address = frame_address(guest, block_at(guest, number)) + offset
    text = load2(address) << u64(48)
    length = instruction_length(text)
    if offset + length > BLOCK_BYTES:
        return text, False
    if length > u64(2):
        text |= load2(address + u64(2)) << u64(32)
    if length > u64(4):
        text |= load2(address + u64(4)) << u64(16)
    return text, True


def decode_instruction(cpu, storage, ia, entry):
    """Decode an instruction whose decode-cache entry is empty, into storage.decoded_handler and decoded_insn, and into
    the entry if it can be kept there; return a code.

    The block is resident and was checked when its page was looked up."""
    stops_here = at_breakpoint(guest_of(storage), ia)
    if stops_here and ia == storage.insn_ia and storage.passing != storage.count + u64(1):  # not a target of EXECUTE
        return EXIT_BREAKPOINT
    insn, whole = text_in_page(guest_of(storage), ia, entry)
    if not whole:
        insn, code = fetch_instruction(cpu, storage, ia)
        if code != 0:
            return code
    handler, code = handler_of(storage, insn)
    if code != 0:
        return code
    storage.decoded_handler, storage.decoded_insn = handler, insn
    if whole and not stops_here:
        store_native(entry, handler)
        store_native(entry + u64(8), insn)
    return 0
