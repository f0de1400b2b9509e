"""Absolute storage as a channel and other services of the machine reach it: with an access key, and no CPU's way.

What the guest hinted away is not there (docs/page-hinting.md D14); low-address protection and the overrides are the
CPU's alone.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, load1, store1, u64
from s390emu.architecture.interruptions import ADDRESSING, PROTECTION
from s390emu.architecture.page_states import ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION, TOUCH
from s390emu.architecture.sizes import BLOCK_SHIFT, OFFSET
from s390emu.storage.absolute import block_at, guest_key
from s390emu.storage.access import STORE, touch
from s390emu.storage.protection import key_matches
from s390emu.storage.references import note_reference
from s390emu.storage.transitions import action_of

NOT_RESIDENT = 0  # in place of a host address
ONE = u64(1)


@jit
def is_there(guest, number):
    """True if the guest has this block and has not hinted it away. The question is a reference."""
    if number >= guest.block_count:
        return False
    note_reference(guest, number)
    action = action_of(guest, number, TOUCH)
    return action != ADDRESSING_EXCEPTION and action != BLOCK_VOLATILITY_EXCEPTION


@jit
def denial(guest, absolute, length, key, kind):
    """Return why the channel may not reach these bytes with this access key: ADDRESSING or PROTECTION; 0 if it may."""
    first, key, kind = absolute >> BLOCK_SHIFT, i64(key), i64(kind)
    blocks = i64(((absolute & OFFSET) + length - ONE) >> BLOCK_SHIFT) + 1
    for n in range(blocks):
        if not is_there(guest, first + u64(n)):
            return ADDRESSING
    for n in range(blocks):
        if not key_matches(key, guest_key(guest, first + u64(n)), kind == STORE):
            return PROTECTION
    return 0


@jit
def reach(guest, absolute, length, kind):
    """Access bytes of one block if it is resident, and return their host address; else NOT_RESIDENT."""
    number = absolute >> BLOCK_SHIFT
    if number >= guest.block_count:
        return NOT_RESIDENT
    note_reference(guest, number)
    if block_at(guest, number).invalid != 0:
        return NOT_RESIDENT
    return i64(touch(guest, absolute, length, i64(kind)))


def store_apart(guest, absolute, stride, count, source):
    """Store so many bytes, each `stride` after the one before, while their blocks are resident. Return how many; the
    next one has been referred to already."""
    for n in range(count):
        address = reach(guest, absolute + u64(n) * stride, ONE, u64(STORE))
        if address == NOT_RESIDENT:
            return n
        store1(u64(address), load1(source + u64(n)))
    return count
