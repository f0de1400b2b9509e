"""The one place where a block's state changes: usage, content, no-DAT, key together. docs/page-hinting.md 3, 6, 8, 9.

ESSA sets the usage, the host moves content, DIAGNOSE X'10' and the resets do both; each is an event, a column of the
table of `page_states`. What lies outside the records (the bytes in the frame, the slot on the paging device, the list
of free frames) is the host's affair, before or after.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.page_states import (
    ACTION,
    ADDRESSING_EXCEPTION,
    AFTER,
    ALWAYS,
    CLEAR_RESET,
    DIAG10,
    NO_DAT,
    NORMAL_RESET,
    ORCS,
    OUT,
    RECLAIM,
    RESIDENT,
    TOUCH,
    UNUSED,
    ZERO,
    ZERO_FILL,
    ZEROFILL,
)
from s390emu.architecture.sizes import BLOCK_BYTES
from s390emu.architecture.storage_key import ACC_F, CHANGE, RC
from s390emu.records.events import EVENT_ESSA, EVENT_HOST
from s390emu.storage.absolute import block_at, frame_of, guest_key, state_of
from s390emu.storage.decode_cache import drop_decoded
from s390emu.storage.events import record_event
from s390emu.storage.keys import discard_key, restore_key, save_key
from s390emu.storage.references import note_reference
from s390emu.storage.tlb import drop_block

SET_STABLE, SET_STABLE_NO_DAT = 1, 7
CONTENT = 3  # the content part of a state
UNUSED_RESIDENT = UNUSED * 4 + RESIDENT
BLOCK_START = u64(0)
CAUSE_SHIFT = 8  # in the detail of a host event: the action, and the event that caused it


@jit
def attributes(block):
    """Return no-DAT, usage and content state as ESSA extracts them."""
    word = u64(state_of(block))
    return word | NO_DAT if block.no_dat != 0 else word


@jit
def outcome(guest, number, event):
    """Return (state after, action): what the event would do to the block. Nothing is changed."""
    state = state_of(block_at(guest, number))
    change = 1 if guest_key(guest, number) & CHANGE else 0
    after, action = AFTER[state, change, event], ACTION[state, change, event]
    if event == TOUCH and state >> 2 == UNUSED:
        if guest.unused_access == ALWAYS:
            return state, i64(ADDRESSING_EXCEPTION)
        if guest.unused_access == ZEROFILL and state != UNUSED_RESIDENT:
            return i64(UNUSED_RESIDENT), i64(ZERO_FILL)
    return after, action


@jit
def transition(guest, number, event, frame):
    """Let the event happen, and return its action. frame: where the content will be if it becomes resident.

    Content that was resident and is not any more leaves the frame as it is: the host has written it out, or forgets it.
    """
    event = i64(event)
    note_reference(guest, number)
    block = block_at(guest, number)
    before = attributes(block)
    after, action = outcome(guest, number, event)
    was, content = state_of(block) & CONTENT, after & CONTENT
    if was == RESIDENT and after != state_of(block):
        drop_block(guest, number)
    if was == RESIDENT and content != RESIDENT:
        drop_decoded(guest, number, BLOCK_START, BLOCK_BYTES)
        save_key(guest, number)
        block.invalid, block.frame = 1, -1
    elif was != RESIDENT and content == RESIDENT:
        block.invalid, block.frame = 0, i64(frame)
        restore_key(guest, number)
    block.zero = 1 if content == ZERO else 0
    if content == ZERO and (was != ZERO or event in (DIAG10, CLEAR_RESET)):
        discard_key(guest, number)
    if event == CLEAR_RESET:
        block.acc_f = 0
    block.usage = after >> 2
    if event in (SET_STABLE, NORMAL_RESET, CLEAR_RESET):
        block.no_dat = 0
    elif event == SET_STABLE_NO_DAT:
        block.no_dat = 1
    if event < ORCS:
        record_event(guest, EVENT_ESSA, number, before, attributes(block), u64(event))
    elif attributes(block) != before:
        record_event(guest, EVENT_HOST, number, before, attributes(block), u64(action | event << CAUSE_SHIFT))
    return action


@jit
def action_of(guest, number, event):
    """Return the action of `outcome` alone: what somebody needs to know before a frame is obtained."""
    return outcome(guest, number, i64(event))[1]


@jit
def set_attributes(guest, number, usage, no_dat, key):
    """Give a block this usage, no-DAT attribute and guest's key, as a start state has them. Its content stays, and
    nothing is recorded."""
    block = block_at(guest, number)
    block.usage, block.no_dat, block.guest_rc = usage, no_dat, key & RC
    if block.invalid != 0:
        block.acc_f = key & ACC_F
        return
    frame_of(guest, block).key = key & ACC_F
    drop_block(guest, number)


@jit
def mark_zero(guest, number):
    """Keep nothing but the key of a block just taken as preserved, in which the host has found only zeros (D7)."""
    block = block_at(guest, number)
    before = attributes(block)
    block.zero = 1
    record_event(guest, EVENT_HOST, number, before, attributes(block), u64(OUT | RECLAIM << CAUSE_SHIFT))


@jit
def overlaid(guest, number, offset, length):
    """Note a store into a resident block by somebody beside the guest (a loader, a debugger): the guest's key stays.
    """
    note_reference(guest, number)
    drop_decoded(guest, number, offset, length)
    block = block_at(guest, number)
    block.host_rc = i64(block.host_rc) | CHANGE
