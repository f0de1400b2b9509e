"""Is the block there? What a reference to one outside the configuration or without a frame comes to: spec essa.md 4."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.bits import bit
from s390emu.storage.absolute import in_configuration
from s390emu.storage.events import record_event
from s390emu.storage.page_states import (
    ADDRESSING_EXCEPTION,
    ALWAYS,
    BLOCK_VOLATILITY_EXCEPTION,
    TOUCH,
    UNUSED,
    block_at,
)
from s390emu.storage.references import note_reference
from s390emu.storage.state import BLOCK_SHIFT, EVENT_UNUSED, EXIT_HOST_FAULT, PAGE
from s390emu.storage.transitions import action_of

ADDRESSING, BLOCK_VOLATILITY = 0x05, 0x1A

# kind of access
FETCH, STORE, INSTRUCTION = 0, 1, 2

TEID_FETCH, TEID_STORE = bit(52), bit(53)
FETCH_STORE_INDICATION = bit(75 - 64)  # facility 75, in the second doubleword of the list


@jit
def access_teid(storage, address, kind):
    """Translation-exception identification: the page, and with facility 75 whether it was a store."""
    teid = address & PAGE
    if storage.facilities[1] & FETCH_STORE_INDICATION != u64(0):
        teid |= TEID_STORE if kind == STORE else TEID_FETCH
    return teid


@jit
def absence(cpu, storage, absolute, kind):
    """May the block be referenced? 0; an exception; or EXIT_HOST_FAULT, upon which the host brings it.

    A block-volatility exception is identified by the absolute block (D15)."""
    if not in_configuration(storage, absolute):
        return ADDRESSING
    number = absolute >> BLOCK_SHIFT
    note_reference(storage, number)
    block = block_at(storage, number)
    if block.usage == UNUSED:
        record_event(storage, EVENT_UNUSED, number, absolute, u64(0), u64(kind))
    if block.invalid == 0:
        return ADDRESSING if block.usage == UNUSED and storage.unused_access == ALWAYS else 0
    action = action_of(storage, number, TOUCH)
    if action == BLOCK_VOLATILITY_EXCEPTION:
        cpu.teid = access_teid(storage, absolute, kind)
        cpu.operand_access = u64(0)
        return BLOCK_VOLATILITY
    if action == ADDRESSING_EXCEPTION:
        return ADDRESSING
    storage.fault_block = number
    storage.fault_store = u64(1) if kind == STORE else u64(0)
    return EXIT_HOST_FAULT
