"""What instructions use: fetch_*, store_*, probe_fetch, probe_store, fetch_instruction.

The fast path is one TLB comparison and one unaligned load or store; all else is one slow path, called by address.

The ladder, in the manual's order of priority (PoP ch. 6 "Access Exceptions", docs/page-hinting.md D16):

    low-address protection -> translation -> prefixing -> addressing -> page state (001A, unused, no frame)
    -> key-controlled protection -> the bytes; and only when every page of the operand has passed: R and C.

Codes: 0; a program-interruption code; or EXIT_HOST_FAULT, upon which the host brings the block and the instruction is
executed again. An operand touches at most two pages.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu._jit import (
    call2,
    call4,
    i64,
    jit,
    load1,
    load2,
    load4,
    load8,
    load_native,
    on,
    store1,
    store2,
    store4,
    store8,
    u64,
)
from s390emu.architecture.interruptions import PROTECTION, SPECIFICATION
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS_SHIFT, DAT, KEY_SHIFT
from s390emu.architecture.sizes import BLOCK_BYTES, BLOCK_SHIFT, OFFSET, PAGE
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_RANGE, WATCH_STORE
from s390emu.records.events import EVENT_DENIED, EVENT_FETCH, EVENT_KEY_SHIFT, EVENT_REFUSED, EVENT_STORE, EVENT_TOUCH
from s390emu.storage import dat
from s390emu.storage.absolute import block_at, frame_address, frame_of, guest_of
from s390emu.storage.access_registers import access_space
from s390emu.storage.alteration import note_alteration
from s390emu.storage.decode_cache import (
    decoded_page,
    directory_entry,
    drop_decoded,
    holds_instructions,
    instruction_length,
    store_beside_code,
)
from s390emu.storage.events import pause, record_event
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.presence import FETCH, INSTRUCTION, STORE, absence
from s390emu.storage.protection import fetch_protection_overridden, key_permits, low_address_protected
from s390emu.storage.tlb import fill_fetch, fill_insn, fill_store, fill_store_beside_code, may_fill, tlb_slot

REAL = 4  # added to a kind of access: the address is real
CHECK = 8  # added to a kind of access: only check whether it is permitted, and do not set R and C

PSW_KEY_MASK = u64(15)
LAST1, LAST2, LAST4, LAST8 = u64(0), u64(1), u64(3), u64(7)  # offset of the last byte of so many


class Span(NamedTuple):
    """An operand that has passed every check: host address and byte count in its first page, host address in its
    second page (meaningful where the operand is longer than `length`)."""

    first: u64
    length: u64
    second: u64


# --- the slow path ---------------------------------------------------------------------------------------------------


@jit
def psw_key(cpu):
    return i64((cpu.psw_mask >> KEY_SHIFT) & PSW_KEY_MASK)


@jit
def watches(block, kind):
    """True if an observer wants to know of accesses of this kind to the block."""
    return block.watched & (WATCH_STORE if kind == STORE else WATCH_FETCH) != 0


@jit
def check_real(cpu, storage, real, length, kind, access_key, effective, private):
    """Check an access within one page from its real address on; return (absolute address, code).

    effective: the address before translation, to which fetch-protection override applies, but not in a private space.
    """
    absolute = apply_prefix(cpu, real)
    code = absence(cpu, storage, absolute, kind)
    if code != 0:
        return u64(0), code
    guest = guest_of(storage)
    block = block_at(guest, absolute >> BLOCK_SHIFT)
    key = i64(frame_of(guest, block).key)
    if not key_permits(cpu, access_key, key, kind == STORE) and (
        kind == STORE or private or not fetch_protection_overridden(cpu, effective, length)
    ):
        cpu.teid = cpu.exception_access = u64(0)
        if watches(block, kind):
            record_event(guest, EVENT_REFUSED, absolute >> BLOCK_SHIFT, absolute, length, u64(kind))
        return u64(0), PROTECTION
    return absolute, 0


@jit
def check(cpu, storage, logical, length, kind, access_key, is_real):
    """Check one part of an operand, within one page; return (absolute address, code). is_real: do not translate."""
    is_virtual = not is_real and on(cpu.psw_mask, DAT)
    private = False
    if is_virtual:
        storage.operand_space, code = access_space(cpu, storage, kind)
        if code != 0:
            return u64(0), code
        private = on(dat.asce_of(cpu, storage, storage.operand_space), dat.ASCE_PRIVATE)
    if kind == STORE and not private and low_address_protected(cpu, logical):
        cpu.teid = cpu.exception_access = u64(0)
        return u64(0), PROTECTION
    real = logical
    if is_virtual:
        if kind == STORE and storage.operand_space == ACCESS_REGISTER and storage.art_fetch_only != u64(0):
            reason = dat.TEID_ACCESS_LIST
            return u64(0), dat.protected(cpu, storage, logical, kind, storage.operand_space, reason)
        real, code = dat.translate(cpu, storage, logical, kind, storage.operand_space)
        if code != 0:
            return u64(0), code
    return check_real(cpu, storage, real, length, kind, access_key, logical, private)


@jit
def tell(guest, block, absolute, length, kind):
    """Record an access to a watched block, and stop the loop if the observers ask for it."""
    if block.watched & WATCH_RANGE:
        if absolute >= guest.pause_last or absolute + length <= guest.pause_first:
            return
    record_event(guest, EVENT_TOUCH, absolute >> BLOCK_SHIFT, absolute, length, u64(kind))
    if block.watched & (WATCH_PAUSE | WATCH_RANGE):
        pause(guest)


@jit
def touch(guest, absolute, length, kind):
    """Note an access that takes place (R, C, decoded instructions, events); return its host address."""
    number = absolute >> BLOCK_SHIFT
    block = block_at(guest, number)
    frame = frame_of(guest, block)
    if kind == STORE:
        frame.key = i64(frame.key) | REFERENCE | CHANGE
        drop_decoded(guest, number, absolute & OFFSET, length)
        record_event(guest, EVENT_STORE, number, absolute, length, u64(0))
    else:
        frame.key = i64(frame.key) | REFERENCE
        if kind == FETCH:
            record_event(guest, EVENT_FETCH, number, absolute, length, u64(0))
    if watches(block, kind):
        tell(guest, block, absolute, length, kind)
    return frame_address(guest, block) + (absolute & OFFSET)


@jit
def fill(cpu, storage, logical, absolute, host, kind, access_key):
    """Enter the page into the TLB if every access of this kind to it would pass in this context, which has the PSW
    key."""
    guest = guest_of(storage)
    if not may_fill(storage, storage.context) or access_key != psw_key(cpu):
        return
    number = absolute >> BLOCK_SHIFT
    is_store = kind == STORE
    block = block_at(guest, number)
    if watches(block, kind):
        return
    key = i64(frame_of(guest, block).key)
    if not key_permits(cpu, access_key, key, is_store):
        return  # only fetch-protection override let it pass
    page_address = host - (host & OFFSET)
    if is_store:
        private = on(cpu.psw_mask, DAT) and on(dat.asce_of(cpu, storage, storage.operand_space), dat.ASCE_PRIVATE)
        protected = low_address_protected(cpu, logical & PAGE) and not private
        if protected:
            return
        page = load_native(directory_entry(guest, number))
        if page == u64(0) or not holds_instructions(page):
            fill_store(storage, logical, page_address)
        else:
            fill_store_beside_code(storage, logical, page_address, page)
    elif kind == FETCH:
        fill_fetch(storage, logical, page_address)


@jit
def tell_denied(storage, address, length, kind, access_key, is_real):
    """Record that an access exception is recognized, for whoever explains it afterwards."""
    detail = u64(access_key) << EVENT_KEY_SHIFT | u64(kind + REAL if is_real else kind)
    record_event(guest_of(storage), EVENT_DENIED, storage.operand_space >> AS_SHIFT, address, length, detail)


def check_and_touch(cpu, storage, logical, length, kind, access_key):
    """Check both pages of an operand, then touch both; return a code, with the Span in storage. length: 1 to 4096
    bytes."""
    if i64(kind) == STORE and i64(access_key) == psw_key(cpu) and store_beside_code(storage, logical, length - u64(1)):
        storage.span_first, storage.span_length = stored_at(storage, logical), length
        return 0
    is_real, only_check = i64(kind) & REAL != 0, i64(kind) & CHECK != 0
    kind, access_key = i64(kind) % REAL, i64(access_key)
    storage.span_length = min(length, BLOCK_BYTES - (logical & OFFSET))
    second = (logical + storage.span_length) & cpu.amode
    parts = 1 if length == storage.span_length else 2
    # Until the operand is touched, the span holds absolute addresses.
    for part in range(parts):
        address = logical if part == 0 else second
        part_length = storage.span_length if part == 0 else length - storage.span_length
        absolute, code = check(cpu, storage, address, part_length, kind, access_key, is_real)
        if code != 0:
            if code > 0:
                tell_denied(storage, address, part_length, kind, access_key, is_real)
            return code
        if part == 0:
            storage.span_first = absolute
        else:
            storage.span_second = absolute
    if only_check:
        return 0
    for part in range(parts):
        address = logical if part == 0 else second
        part_length = storage.span_length if part == 0 else length - storage.span_length
        absolute = storage.span_first if part == 0 else storage.span_second
        host = touch(guest_of(storage), absolute, part_length, kind)
        if not is_real:
            fill(cpu, storage, address, absolute, host, kind, access_key)
            if kind == STORE:
                note_alteration(cpu, storage, address, part_length)
        if part == 0:
            storage.span_first = host
        else:
            storage.span_second = host
    return 0


@jit
def probe(cpu, storage, logical, length, kind, access_key):
    """Check and touch an operand without a look at the TLB; return (Span, code)."""
    code = call4(storage.check_and_touch, cpu, storage, logical, length, u64(kind), u64(access_key))
    return Span(storage.span_first, storage.span_length, storage.span_second), code


@jit
def span_address(span, i):
    """Return the host address of byte i of the operand."""
    return span.first + i if i < span.length else span.second + (i - span.length)


def fetch_by_bytes(cpu, storage, logical, length):
    """Fetch 1 to 8 bytes, right-aligned, into storage.value; return a code."""
    span, code = probe(cpu, storage, logical, length, FETCH, psw_key(cpu))
    if code != 0:
        return code
    value = u64(0)
    for i in range(i64(length)):
        value = (value << u64(8)) | load1(span_address(span, u64(i)))
    storage.value = value
    return 0


@jit
def put_bytes(host, value, length):
    """Store the 1 to 8 rightmost bytes of a value at a host address."""
    if length == u64(8):
        store8(host, value)
    elif length == u64(4):
        store4(host, value)
    elif length == u64(2):
        store2(host, value)
    else:
        for i in range(i64(length)):
            store1(host + u64(i), value >> ((length - u64(1) - u64(i)) << u64(3)))


def store_by_bytes(cpu, storage, logical, length):
    """Store the 1 to 8 rightmost bytes of storage.value; return a code."""
    if store_beside_code(storage, logical, length - u64(1)):
        put_bytes(stored_at(storage, logical), storage.value, length)
        return 0
    span, code = probe(cpu, storage, logical, length, STORE, psw_key(cpu))
    if code != 0:
        return code
    for i in range(i64(length)):
        store1(span_address(span, u64(i)), storage.value >> ((length - u64(1) - u64(i)) << u64(3)))
    return 0


# --- the fast path ---------------------------------------------------------------------------------------------------
# The tag is compared with the page of the operand's last byte in the slot of its first: a page-crossing operand misses.


@jit
def fetch_hit(storage, logical, last):
    return storage.tlb_fetch_tag[tlb_slot(logical)] == ((logical + last) & PAGE) | storage.context


@jit
def store_hit(storage, logical, last):
    return storage.tlb_store_tag[tlb_slot(logical)] == ((logical + last) & PAGE) | storage.context


@jit
def fetched_at(storage, logical):
    return logical + storage.tlb_fetch_addend[tlb_slot(logical)]


@jit
def stored_at(storage, logical):
    return logical + storage.tlb_store_addend[tlb_slot(logical)]


@jit
def fetch_slowly(cpu, storage, logical, length):
    code = call2(storage.fetch_by_bytes, cpu, storage, logical, length)
    return storage.value, code


@jit
def store_slowly(cpu, storage, logical, value, length):
    storage.value = value
    return call2(storage.store_by_bytes, cpu, storage, logical, length)


@jit
def fetch_byte(cpu, storage, logical):
    """Fetch a byte; return (value, code), the value zero-extended. So for the other lengths."""
    if fetch_hit(storage, logical, LAST1):
        return load1(fetched_at(storage, logical)), 0
    return fetch_slowly(cpu, storage, logical, u64(1))


@jit
def fetch_halfword(cpu, storage, logical):
    if fetch_hit(storage, logical, LAST2):
        return load2(fetched_at(storage, logical)), 0
    return fetch_slowly(cpu, storage, logical, u64(2))


@jit
def fetch_word(cpu, storage, logical):
    if fetch_hit(storage, logical, LAST4):
        return load4(fetched_at(storage, logical)), 0
    return fetch_slowly(cpu, storage, logical, u64(4))


@jit
def fetch_doubleword(cpu, storage, logical):
    if fetch_hit(storage, logical, LAST8):
        return load8(fetched_at(storage, logical)), 0
    return fetch_slowly(cpu, storage, logical, u64(8))


@jit
def store_byte(cpu, storage, logical, value):
    """Store the rightmost byte of value; return a code. So for the other lengths."""
    if store_hit(storage, logical, LAST1):
        store1(stored_at(storage, logical), value)
        return 0
    return store_slowly(cpu, storage, logical, value, u64(1))


@jit
def store_halfword(cpu, storage, logical, value):
    if store_hit(storage, logical, LAST2):
        store2(stored_at(storage, logical), value)
        return 0
    return store_slowly(cpu, storage, logical, value, u64(2))


@jit
def store_word(cpu, storage, logical, value):
    if store_hit(storage, logical, LAST4):
        store4(stored_at(storage, logical), value)
        return 0
    return store_slowly(cpu, storage, logical, value, u64(4))


@jit
def store_doubleword(cpu, storage, logical, value):
    if store_hit(storage, logical, LAST8):
        store8(stored_at(storage, logical), value)
        return 0
    return store_slowly(cpu, storage, logical, value, u64(8))


@jit
def probe_fetch(cpu, storage, logical, length):
    """Make every check of a fetch of 1 to 4096 bytes, and set R; return (Span, code)."""
    if fetch_hit(storage, logical, length - u64(1)):
        return Span(fetched_at(storage, logical), length, u64(0)), 0
    return probe(cpu, storage, logical, length, FETCH, psw_key(cpu))


@jit
def probe_store(cpu, storage, logical, length):
    """Make every check of a store of 1 to 4096 bytes, and set R and C; return (Span, code). Probe fetched operands
    first."""
    if store_hit(storage, logical, length - u64(1)):
        return Span(stored_at(storage, logical), length, u64(0)), 0
    return probe(cpu, storage, logical, length, STORE, psw_key(cpu))


@jit
def get_byte(span, i):
    return load1(span_address(span, i))


@jit
def put_byte(span, i, value):
    store1(span_address(span, i), value)


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def fetch_instruction(cpu, storage, ia):
    """Fetch the bytes of the instruction at an even address, and no others; return (left-aligned text, code)."""
    access_key = psw_key(cpu)
    span, code = probe(cpu, storage, ia, u64(2), INSTRUCTION, access_key)
    if code != 0:
        return u64(0), code
    text = load2(span.first) << u64(48)
    length = instruction_length(text)
    if length > u64(2):
        span, code = probe(cpu, storage, (ia + u64(2)) & cpu.amode, length - u64(2), INSTRUCTION, access_key)
        if code != 0:
            return u64(0), code
        for i in range(i64(length) - 2):
            text |= get_byte(span, u64(i)) << u64(40 - 8 * i)
    return text, 0


def find_decoded_page(cpu, storage, ia, unused):
    """Put the decoded page of an instruction address that misses the TLB into storage.value, after all checks; return a
    code."""
    if on(ia, u64(1)):
        return SPECIFICATION
    access_key = psw_key(cpu)
    _, code = fetch_instruction(cpu, storage, ia)
    if code != 0:
        return code
    real = ia
    if on(cpu.psw_mask, DAT):
        real, _ = dat.translate(cpu, storage, ia, INSTRUCTION, dat.space_of(cpu, INSTRUCTION))
    guest, number = guest_of(storage), apply_prefix(cpu, real) >> BLOCK_SHIFT
    storage.value = decoded_page(guest, number)
    key = i64(frame_of(guest, block_at(guest, number)).key)
    if not key_permits(cpu, access_key, key, False):
        storage.deadline = u64(0)  # only fetch-protection override permits it: the next instruction may be beyond that
    elif may_fill(storage, storage.insn_context):
        fill_insn(storage, ia, storage.value)
    return 0


@jit
def get_doubleword(span, i):
    """Return bytes i to i+7 of an operand, big-endian."""
    if i + u64(8) <= span.length or i >= span.length:
        return load8(span_address(span, i))
    value = u64(0)
    for k in range(8):
        value = (value << u64(8)) | get_byte(span, i + u64(k))
    return value


@jit
def get_word(span, i):
    """Return bytes i to i+3 of an operand, big-endian and zero-extended."""
    if i + u64(4) <= span.length or i >= span.length:
        return load4(span_address(span, i))
    value = u64(0)
    for k in range(4):
        value = (value << u64(8)) | get_byte(span, i + u64(k))
    return value


@jit
def put_doubleword(span, i, value):
    """Store value as bytes i to i+7 of an operand, big-endian."""
    if i + u64(8) <= span.length or i >= span.length:
        store8(span_address(span, i), value)
    else:
        for k in range(8):
            put_byte(span, i + u64(k), value >> u64(56 - 8 * k))


@jit
def put_word(span, i, value):
    """Store the rightmost word of value as bytes i to i+3 of an operand, big-endian."""
    if i + u64(4) <= span.length or i >= span.length:
        store4(span_address(span, i), value)
    else:
        for k in range(4):
            put_byte(span, i + u64(k), value >> u64(24 - 8 * k))
