"""Stores that are PER events: PoP ch. 4 "Storage Alteration" and "Store Using Real Address".

While PER is on, no access takes the fast path (`tlb.NO_CONTEXT`), so that all come by here.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.program_events import ALTERATION, ALTERATION_SPACE, STORE_REAL
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS_SHIFT, DAT
from s390emu.storage.dat import ASCE_ALTERATION, asce_of

AR_SPECIFIED = ACCESS_REGISTER >> AS_SHIFT


@jit
def in_area(storage, first, last):
    """True if any byte from first to last lies in the area of control registers 10 and 11, which may wrap around."""
    if storage.per_first <= storage.per_last:
        return first <= storage.per_last and last >= storage.per_first
    return last >= storage.per_first or first <= storage.per_last


@jit
def note_alteration(cpu, storage, logical, length):
    """Note a store by logical address, within a page, if it is an event that is asked for."""
    if storage.per == u64(0) or not on(storage.per_control, ALTERATION):
        return
    if not in_area(storage, logical, logical + length - u64(1)):
        return
    identification = u64(0)
    if on(cpu.psw_mask, DAT):
        space = storage.operand_space
        if on(storage.per_control, ALTERATION_SPACE) and not on(asce_of(cpu, storage, space), ASCE_ALTERATION):
            return
        identification = space >> AS_SHIFT
    storage.per_seen |= ALTERATION
    storage.per_space = identification
    storage.per_register = storage.art_register if identification == AR_SPECIFIED else u64(0)


@jit
def note_store_real(storage):
    """Note a store by STORE USING REAL ADDRESS, wherever it is."""
    if storage.per != u64(0) and storage.per_control & STORE_REAL == STORE_REAL:
        storage.per_seen |= STORE_REAL
