"""Dynamic address translation: PoP ch. 3 "Dynamic Address Translation", with both enhanced-DAT facilities and
instruction-execution protection.

From an address-space-control element (ASCE) through region, segment and page tables to a real address. LOAD REAL
ADDRESS uses `walk`; `translate` is the rung of the ladder that every access takes.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu._jit import i64, jit, load8, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import (
    ASCE_TYPE,
    PAGE_TRANSLATION,
    PROTECTION,
    REGION_THIRD,
    SEGMENT_TRANSLATION,
    TRANSLATION_SPECIFICATION,
)
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS, AS_SHIFT, HOME, PRIMARY, SECONDARY
from s390emu.architecture.sizes import BLOCK_SHIFT, OFFSET, PAGE, PAGE_INDEX
from s390emu.architecture.storage_key import REFERENCE
from s390emu.records.blocks import WATCH_TABLE
from s390emu.records.events import EVENT_TABLE
from s390emu.storage.absolute import block_at, frame_of, guest_of, host_address
from s390emu.storage.events import record_event
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.presence import FETCH, INSTRUCTION, STORE, absence, access_teid

INSTRUCTION_EXECUTION_PROTECTION, ENHANCED_DAT = bit(20), bit(40)  # control register 0
ENHANCED_DAT_1, ENHANCED_DAT_2 = bit(8), bit(78 - 64)  # facilities: of the first three doublewords of the list
INSTRUCTION_EXECUTION_PROTECTION_FACILITY = bit(130 - 128)
# What the identification of a protection exception tells beside the address: the last bit alone means DAT protection.
TEID_NO_EXECUTE, TEID_ACCESS_LIST, TEID_DAT_PROTECTION = bit(56), bit(60), bit(61)

# address-space-control element
ASCE_PRIVATE, ASCE_ALTERATION, ASCE_SPACE_SWITCH, ASCE_REAL_SPACE = bit(55), bit(56), bit(57), bit(58)
REGION_FIRST_TABLE = u64(3)
# region- and segment-table entries
TABLE_PROTECTION, TABLE_INVALID = bit(54), bit(58)
TABLE_OFFSET_SHIFT, TYPE_SHIFT, TWO_BITS = u64(6), u64(2), u64(3)
FRAME, COMMON = bit(53), bit(59)  # of a segment, or of a third region: it designates a frame; it is common
PAGE_TABLE_ORIGIN = bits(0, 52)
# page-table entry; the last one in every entry that designates a frame
PAGE_ZERO, PAGE_INVALID, PAGE_PROTECTION, EXECUTION_PROTECTED = bit(52), bit(53), bit(54), bit(55)

SEGMENT, REGION_THIRD_TABLE = u64(0), u64(1)  # levels
SEGMENT_SHIFT, REGION_BITS = u64(20), u64(11)
TABLE_INDEX = u64(0x7FF)
ENTRY_SHIFT, LENGTH_SHIFT = u64(3), u64(9)  # table index to bytes; to the two bits that a table length is compared with

TABLES_WANTED = u64(1 << EVENT_TABLE)

# flags of a Walk
OUTSIDE = 1  # the entry lies outside its table
PROTECTED = 2  # DAT protection: no stores
ABSOLUTE = 4  # the address is an absolute one
NO_EXECUTE = 8  # instruction-execution protection: no instruction fetches


class Walk(NamedTuple):
    """The result of a translation: with code 0, the real (or absolute) address; with a translation exception for an
    invalid entry, the real address of that entry."""

    address: u64
    code: i64
    flags: i64


@jit
def asce_of(cpu, storage, space):
    """Return the ASCE of an address space, which is named as in the PSW's address-space control. By access register: of
    that which was translated last."""
    if space == ACCESS_REGISTER:
        return storage.art_asce
    if space == HOME:
        return cpu.cr[13]
    return cpu.cr[7] if space == SECONDARY else cpu.cr[1]


@jit
def space_of(cpu, kind):
    """Return the address space of an access: instructions come from the primary space, except in home-space mode."""
    space = cpu.psw_mask & AS
    return PRIMARY if kind == INSTRUCTION and space != HOME else space


@jit
def table_entry(cpu, storage, real):
    """Fetch an entry of a translation table; return (entry, code). No key applies; the block is referenced."""
    absolute = apply_prefix(cpu, real)
    code = absence(cpu, storage, absolute, FETCH)
    if code != 0:
        return u64(0), code
    guest, number = guest_of(storage), absolute >> BLOCK_SHIFT
    block = block_at(guest, number)
    frame = frame_of(guest, block)
    frame.key = i64(frame.key) | REFERENCE
    if on(guest.event_mask, TABLES_WANTED) and block.watched & WATCH_TABLE == 0:
        block.watched = i64(block.watched) | WATCH_TABLE
        record_event(guest, EVENT_TABLE, number, absolute, u64(0), u64(0))
    return load8(host_address(guest, absolute)), 0


@jit
def designates_frames(storage, level, enhanced):
    """True if a valid entry of this level may designate a frame, and may be common to all address spaces."""
    if level == SEGMENT:
        return True
    return level == REGION_THIRD_TABLE and enhanced and on(guest_of(storage).facilities[1], ENHANCED_DAT_2)


@jit
def execution_protection(cpu, storage, entry):
    """Return NO_EXECUTE if no instruction may be fetched from the frame that the entry designates, else 0."""
    if not on(entry, EXECUTION_PROTECTED) or not on(cpu.cr[0], INSTRUCTION_EXECUTION_PROTECTION):
        return 0
    return NO_EXECUTE if on(guest_of(storage).facilities[2], INSTRUCTION_EXECUTION_PROTECTION_FACILITY) else 0


@jit
def walk(cpu, storage, asce, logical):
    """Translate by the tables that the ASCE designates; return a Walk. PoP ch. 3 "Translation Process"."""
    if on(asce, ASCE_REAL_SPACE):
        return Walk(logical, 0, 0)
    enhanced = on(cpu.cr[0], ENHANCED_DAT) and on(guest_of(storage).facilities[0], ENHANCED_DAT_1)
    level = (asce >> TYPE_SHIFT) & TWO_BITS  # of the table: 3 region-first ... 0 segment
    shift = SEGMENT_SHIFT + REGION_BITS * level
    if level < REGION_FIRST_TABLE and logical >> (shift + REGION_BITS) != u64(0):
        return Walk(u64(0), ASCE_TYPE, 0)
    entry, first, flags = asce, u64(0), 0
    while True:
        invalid = SEGMENT_TRANSLATION if level == u64(0) else REGION_THIRD + 1 - i64(level)
        index = (logical >> shift) & TABLE_INDEX
        if index >> LENGTH_SHIFT < first or index >> LENGTH_SHIFT > entry & TWO_BITS:
            return Walk(u64(0), invalid, OUTSIDE)
        address = (entry & PAGE) + (index << ENTRY_SHIFT)
        entry, code = table_entry(cpu, storage, address)
        if code != 0:
            return Walk(u64(0), code, 0)
        if on(entry, TABLE_INVALID):
            return Walk(address, invalid, 0)
        if (entry >> TYPE_SHIFT) & TWO_BITS != level:
            return Walk(u64(0), TRANSLATION_SPECIFICATION, 0)
        # A region-table entry has this control only with enhanced DAT.
        if on(entry, TABLE_PROTECTION) and (enhanced or level == u64(0)):
            flags |= PROTECTED
        if designates_frames(storage, level, enhanced):
            if on(entry, COMMON) and on(asce, ASCE_PRIVATE):
                return Walk(u64(0), TRANSLATION_SPECIFICATION, 0)
            if enhanced and on(entry, FRAME):
                within = (u64(1) << shift) - u64(1)
                flags |= ABSOLUTE | execution_protection(cpu, storage, entry)
                return Walk((entry & ~within) | (logical & within), 0, flags)
        if level == SEGMENT:
            break
        first = (entry >> TABLE_OFFSET_SHIFT) & TWO_BITS
        level -= u64(1)
        shift -= REGION_BITS
    address = (entry & PAGE_TABLE_ORIGIN) + (((logical >> BLOCK_SHIFT) & PAGE_INDEX) << ENTRY_SHIFT)
    entry, code = table_entry(cpu, storage, address)
    if code != 0:
        return Walk(u64(0), code, 0)
    if on(entry, PAGE_INVALID):
        return Walk(address, PAGE_TRANSLATION, 0)
    if on(entry, PAGE_ZERO) or (not enhanced and on(entry, EXECUTION_PROTECTED)):
        return Walk(u64(0), TRANSLATION_SPECIFICATION, 0)
    if on(entry, PAGE_PROTECTION):
        flags |= PROTECTED
    return Walk((entry & PAGE) | (logical & OFFSET), 0, flags | execution_protection(cpu, storage, entry))


@jit
def translation_exception(code):
    """True if the code is one that says that there is no translation."""
    return code in (SEGMENT_TRANSLATION, PAGE_TRANSLATION) or ASCE_TYPE <= code <= REGION_THIRD


@jit
def identify(cpu, storage, logical, kind, space):
    """Identify an access that cannot be translated: page, fetch or store, ASCE, access register."""
    cpu.teid = access_teid(guest_of(storage), logical, kind) | (space >> AS_SHIFT)
    cpu.exception_access = storage.art_register if space == ACCESS_REGISTER else u64(0)


@jit
def protected(cpu, storage, logical, kind, space, reason):
    """Return PROTECTION, identified, for a reason that has to do with the page or the address space: that DAT alone
    protects it, or with it the access-list entry, or that it is not for instructions."""
    identify(cpu, storage, logical, kind, space)
    cpu.teid |= TEID_DAT_PROTECTION | reason
    return PROTECTION


@jit
def translate(cpu, storage, logical, kind, space):
    """Translate an access to an address space; return (real address, code), and identify the exception if there is
    one."""
    found = walk(cpu, storage, asce_of(cpu, storage, space), logical)
    if found.code == 0:
        if found.flags & PROTECTED != 0 and kind == STORE:
            return u64(0), protected(cpu, storage, logical, kind, space, u64(0))
        if found.flags & NO_EXECUTE != 0 and kind == INSTRUCTION:
            return u64(0), protected(cpu, storage, logical, kind, space, TEID_NO_EXECUTE)
        # A frame larger than a page is designated by its absolute address; prefixing is its own inverse.
        return (apply_prefix(cpu, found.address) if found.flags & ABSOLUTE != 0 else found.address), 0
    if translation_exception(found.code):
        identify(cpu, storage, logical, kind, space)
        cpu.operand_access = u64(0)  # only MOVE PAGE names its operands
    return u64(0), found.code
