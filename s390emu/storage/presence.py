"""Presence: what a reference to a block outside storage or without a frame leads to. docs/page-hinting.md 4."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY
from s390emu.architecture.page_states import ADDRESSING_EXCEPTION, ALWAYS, BLOCK_VOLATILITY_EXCEPTION, TOUCH, UNUSED
from s390emu.architecture.sizes import BLOCK_SHIFT, PAGE
from s390emu.records.events import EVENT_UNUSED
from s390emu.records.exits import EXIT_HOST_FAULT
from s390emu.storage.absolute import block_at, guest_of, in_configuration
from s390emu.storage.events import record_event
from s390emu.storage.references import note_access
from s390emu.storage.transitions import action_of

# kinds of access
FETCH, STORE, INSTRUCTION = 0, 1, 2

TEID_FETCH, TEID_STORE = bit(52), bit(53)
FETCH_STORE_INDICATION = bit(75 - 64)  # facility 75, in the second doubleword of the list


@jit
def access_teid(guest, address, kind):
    """Return the translation-exception identification: the page, and with facility 75 whether it was a store."""
    teid = address & PAGE
    if on(guest.facilities[1], FETCH_STORE_INDICATION):
        teid |= TEID_STORE if kind == STORE else TEID_FETCH
    return teid


@jit
def absence(cpu, storage, absolute, kind):
    """Return 0 if the block may be referenced; an exception; or EXIT_HOST_FAULT, upon which the host brings it.

    A block-volatility exception is identified by the absolute block (D15)."""
    guest = guest_of(storage)
    if not in_configuration(guest, absolute):
        return ADDRESSING
    number = absolute >> BLOCK_SHIFT
    note_access(guest, absolute, kind)
    block = block_at(guest, number)
    if block.usage == UNUSED:
        record_event(guest, EVENT_UNUSED, number, absolute, u64(0), u64(kind))
    if block.invalid == 0:
        return ADDRESSING if block.usage == UNUSED and guest.unused_access == ALWAYS else 0
    action = action_of(guest, number, TOUCH)
    if action == BLOCK_VOLATILITY_EXCEPTION:
        cpu.teid = access_teid(guest, absolute, kind)
        cpu.exception_access = cpu.operand_access = u64(0)
        return BLOCK_VOLATILITY
    if action == ADDRESSING_EXCEPTION:
        return ADDRESSING
    storage.fault_block = number
    storage.fault_store = u64(1) if kind == STORE else u64(0)
    return EXIT_HOST_FAULT
