"""Storage keys: PoP ch. 3 "Storage Key", and who keeps them when there is no frame: docs/page-hinting.md, section 6.

A key is 7 bits in bits 0-6 of a byte: access control (4), fetch protection, reference, change. The guest's R and C are
the real key's OR the record's `guest_rc`; the host's are the real key's OR `host_rc`: either side may reset a bit of
the real key without the other noticing. Whoever resets a bit drops the block's TLB entries.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.storage_key import ACC_F, CHANGE, RC, REFERENCE
from s390emu.records.events import EVENT_KEY
from s390emu.storage.absolute import block_at, frame_of, guest_key
from s390emu.storage.events import record_event
from s390emu.storage.references import note_reference
from s390emu.storage.tlb import drop_block

GOLDEN_RATIO = u64(0x9E3779B97F4A7C15)  # a multiplier that spreads bits


@jit
def inspect_key(guest, number):
    """Return the key to an instruction that inspects it (ISKE), which is a reference."""
    note_reference(guest, number)
    return guest_key(guest, number)


@jit
def set_key(guest, number, key):
    """Set all seven bits (SSKE); the host keeps its own view of R and C."""
    note_reference(guest, number)
    block = block_at(guest, number)
    record_event(guest, EVENT_KEY, number, u64(guest_key(guest, number)), u64(key), u64(0))
    block.guest_rc = key & RC
    if block.invalid != 0:
        block.acc_f = key & ACC_F
        return
    frame = frame_of(guest, block)
    block.host_rc = i64(block.host_rc) | (i64(frame.key) & RC)
    frame.key = key & ACC_F
    drop_block(guest, number)


@jit
def reset_reference(guest, number):
    """Reset R for the guest (RRBE), and return the condition code: old R and C as two bits."""
    note_reference(guest, number)
    block = block_at(guest, number)
    old = guest_key(guest, number)
    if old & REFERENCE:
        block.guest_rc = i64(block.guest_rc) & CHANGE
        if block.invalid == 0:
            frame = frame_of(guest, block)
            block.host_rc = i64(block.host_rc) | (i64(frame.key) & REFERENCE)
            frame.key = i64(frame.key) & (ACC_F | CHANGE)
            drop_block(guest, number)
    return (old & RC) >> 1


@jit
def reset_host_reference(guest, number):
    """Reset R for the clock hand, and return 1 if the block was referenced since the hand last passed, else 0. The R
    that the guest sees stays."""
    block = block_at(guest, number)
    frame = frame_of(guest, block)
    referenced = (i64(frame.key) | i64(block.host_rc)) & REFERENCE
    if referenced:
        block.guest_rc = i64(block.guest_rc) | (i64(frame.key) & REFERENCE)
        block.host_rc = i64(block.host_rc) & CHANGE
        frame.key = i64(frame.key) & (ACC_F | CHANGE)
        drop_block(guest, number)
    return 1 if referenced else 0


@jit
def sample_references(guest, first, stride):
    """Return how many of every `stride`-th block from `first` on are resident and were referenced since a monitor last
    looked. Neither the guest nor the clock hand notices."""
    referenced = 0
    number = first
    while number < guest.block_count:
        block = block_at(guest, number)
        if block.invalid == 0:
            frame = frame_of(guest, block)
            if i64(frame.key) & REFERENCE:
                referenced += 1
                block.guest_rc = i64(block.guest_rc) | REFERENCE
                block.host_rc = i64(block.host_rc) | REFERENCE
                frame.key = i64(frame.key) & (ACC_F | CHANGE)
                drop_block(guest, number)
        number += stride
    return referenced


@jit
def host_changed(guest, number):
    """Return 1 if the resident block has been stored into since it got its frame, whatever the guest did to C, else 0.
    """
    block = block_at(guest, number)
    return 1 if (i64(frame_of(guest, block).key) | i64(block.host_rc)) & CHANGE else 0


@jit
def save_key(guest, number):
    """Let the block's record keep ACC, F and the guest's R and C: the frame is about to be taken."""
    block = block_at(guest, number)
    key = i64(frame_of(guest, block).key)
    block.acc_f = key & ACC_F
    block.guest_rc = i64(block.guest_rc) | (key & RC)
    block.host_rc = 0


@jit
def restore_key(guest, number):
    """Make the key of a frame just mapped the saved one; R and C stay with the block's record."""
    block = block_at(guest, number)
    frame_of(guest, block).key = i64(block.acc_f)
    block.host_rc = 0


@jit
def unpredictable(guest, number, acc_f):
    """Return some ACC and F (D19) that depend on the guest's seed, the block and its key until now, and on nothing else
    that was discarded before."""
    x = (guest.discard_seed ^ (u64(number) << u64(8) | u64(acc_f))) * GOLDEN_RATIO
    x = (x ^ x >> u64(32)) * GOLDEN_RATIO
    return i64(x >> u64(56)) & ACC_F


@jit
def discard_key(guest, number):
    """Make R = C = 0 as content was thrown away; ACC and F zero, or unpredictable with a seed (D19)."""
    block = block_at(guest, number)
    block.guest_rc = 0
    block.host_rc = 0
    block.acc_f = 0 if guest.discard_seed == u64(0) else unpredictable(guest, number, i64(block.acc_f))
