"""Invalidation of translation-table entries, and clearing the TLBs of all CPUs: PoP ch. 10, ch. 3 "Translation Tables".

The entries are designated by real addresses, and are subject to the PSW key and to low-address protection. A CPU's own
TLB (ch. 3) and the emulator's are the same here: clearing selected entries may always clear more of them.
"""

from __future__ import annotations

from s390emu._jit import jit, load1, load4, load8, on, store1, store4, store8, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.sizes import (
    BLOCK_BYTES,
    BLOCK_SHIFT,
    DOUBLEWORD_BYTES,
    DOUBLEWORD_OFFSET,
    OFFSET,
    PAGE,
    PAGE_INDEX,
    WORD_BYTES,
    WORD_OFFSET,
)
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import LOW4, rre, rrf_a, rrf_b
from s390emu.isa.registers import low, set_low
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import CHECK, REAL, STORE, probe, probe_store, psw_key
from s390emu.storage.access_registers import designate
from s390emu.storage.dat import (
    ENTRY_SHIFT,
    PAGE_TABLE_ORIGIN,
    REGION_BITS,
    SEGMENT_SHIFT,
    TABLE_INDEX,
    TWO_BITS,
    TYPE_SHIFT,
)
from s390emu.storage.tlb import drop_page_indexes, flush, flush_all, port_of, purge_all

ZERO, ONE, ODD = u64(0), u64(1), u64(1)
IPTE_RANGE, LOCAL_CLEARING_FACILITY = bit(13), bit(51)  # in the first doubleword of the facility list
M4_SHIFT, LOCAL_CLEARING = u64(63 - 23), u64(1)
PAGE_INVALID_BYTE, PAGE_INVALID_IN_BYTE = u64(6), u64(0x04)  # bit 53 of a page-table entry
TABLE_INVALID_BYTE, TABLE_INVALID_IN_BYTE = u64(7), u64(0x20)  # bit 58 of a region- or segment-table entry
CLEARING_BY_ASCE, IDTE_ZERO, ADDITIONAL_ENTRIES = bit(52), bits(44, 51), bits(53, 63)
PURGE_TLB = bit(63)
DESIGNATED_TYPE, PAGE_TABLE, SEGMENT_TABLE = u64(7), u64(0), u64(4)  # CRDTE: bits 59-61; region tables follow


@jit
def clears_locally(storage, insn):
    """True if M4 asks for this CPU's TLB only to be cleared, and the local-TLB-clearing facility is installed."""
    return on(guest_of(storage).facilities[0], LOCAL_CLEARING_FACILITY) and on(
        (insn >> M4_SHIFT) & LOW4, LOCAL_CLEARING
    )


@jit
def clear_tlbs(storage, insn):
    """Clear the TLBs of all CPUs, or that of this one if M4 says so."""
    if clears_locally(storage, insn):
        flush(storage)
    else:
        flush_all(guest_of(storage))


@jit
def set_bits(host, entries, byte, mask):
    """Turn on the bits of `mask` in one byte of each of these doublewords."""
    for i in range(entries):
        at = host + (u64(i) << ENTRY_SHIFT) + byte
        store1(at, load1(at) | mask)


@jit
def ipte(cpu, storage, insn):
    """INVALIDATE PAGE TABLE ENTRY, RRF-a. PoP ch. 10 "INVALIDATE PAGE TABLE ENTRY". cc unchanged.

    R3, unless 0, has the number of additional entries, none of which may lie beyond the table. An entry is not checked
    for its format.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2, r3 = rrf_a(insn)
    guest = guest_of(storage)
    first = (cpu.gr[r2] >> BLOCK_SHIFT) & PAGE_INDEX
    additional = ZERO
    if r3 != ZERO and on(guest.facilities[0], IPTE_RANGE):
        additional = cpu.gr[r3] & PAGE_INDEX
    last = first + additional
    if last > PAGE_INDEX:
        return SPECIFICATION
    entries = additional + ONE
    address = (cpu.gr[r1] & PAGE_TABLE_ORIGIN) + (first << ENTRY_SHIFT)
    span, code = probe(cpu, storage, address, entries << ENTRY_SHIFT, STORE + REAL, psw_key(cpu))
    if code != 0:
        return code
    set_bits(span.first, entries, PAGE_INVALID_BYTE, PAGE_INVALID_IN_BYTE)
    if clears_locally(storage, insn):
        drop_page_indexes(storage, first, last)
    else:
        for n in range(guest.port_count):
            drop_page_indexes(port_of(guest, n), first, last)
    return 0


@jit
def invalidate_entries(cpu, storage, address, entries, only_check):
    """Check the region- or segment-table entries from a real address on, or turn on the invalid bit of each; return a
    code. They may lie in several blocks."""
    kind = STORE + REAL + CHECK if only_check else STORE + REAL
    left = entries << ENTRY_SHIFT
    while left > ZERO:
        part = min(left, BLOCK_BYTES - (address & OFFSET))
        span, code = probe(cpu, storage, address, part, kind, psw_key(cpu))
        if code != 0:
            return code
        if not only_check:
            set_bits(span.first, part >> ENTRY_SHIFT, TABLE_INVALID_BYTE, TABLE_INVALID_IN_BYTE)
        address += part
        left -= part
    return 0


@jit
def idte(cpu, storage, insn):
    """INVALIDATE DAT TABLE ENTRY, RRF-b. PoP ch. 10 "INVALIDATE DAT TABLE ENTRY". cc unchanged.

    R1 designates a table as an ASCE does, R2 an index in it, as part of a virtual address, and how many more entries
    are invalidated. If R2 asks for clearing by ASCE (that in R3), no entry is. The whole TLB is cleared.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2, _ = rrf_b(insn)
    if on(cpu.gr[r2], IDTE_ZERO):
        return SPECIFICATION
    if not on(cpu.gr[r2], CLEARING_BY_ASCE):
        level = (cpu.gr[r1] >> TYPE_SHIFT) & TWO_BITS
        index = (cpu.gr[r2] >> (SEGMENT_SHIFT + REGION_BITS * level)) & TABLE_INDEX
        address = (cpu.gr[r1] & PAGE) + (index << ENTRY_SHIFT)
        entries = (cpu.gr[r2] & ADDITIONAL_ENTRIES) + ONE
        code = invalidate_entries(cpu, storage, address, entries, True)
        if code != 0:
            return code
        invalidate_entries(cpu, storage, address, entries, False)
    clear_tlbs(storage, insn)
    return 0


@jit
def designated_entry(origin, kind, virtual):
    """Return the real address of the entry for a virtual address in a table that CRDTE designates, of this type."""
    if kind == PAGE_TABLE:
        return (origin & PAGE_TABLE_ORIGIN) + (((virtual >> BLOCK_SHIFT) & PAGE_INDEX) << ENTRY_SHIFT)
    shift = SEGMENT_SHIFT + REGION_BITS * (kind - SEGMENT_TABLE)
    return (origin & PAGE) + (((virtual >> shift) & TABLE_INDEX) << ENTRY_SHIFT)


@jit
def crdte(cpu, storage, insn):
    """COMPARE AND REPLACE DAT TABLE ENTRY, RRF-b. PoP ch. 10 "COMPARE AND REPLACE DAT TABLE ENTRY". cc 0 equal,
    replaced; 1 unequal, loaded into R1.

    R1 and the register after it have the old and the new entry; R2 designates a table and its type, the register after
    it has a virtual address with the index. The whole TLB is cleared, whatever ASCE R3 names.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2, _ = rrf_b(insn)
    kind = (cpu.gr[r2] >> TYPE_SHIFT) & DESIGNATED_TYPE
    if on(r1 | r2, ODD) or PAGE_TABLE < kind < SEGMENT_TABLE:
        return SPECIFICATION
    address = designated_entry(cpu.gr[r2], kind, cpu.gr[r2 + ONE])
    span, code = probe(cpu, storage, address, DOUBLEWORD_BYTES, STORE + REAL, psw_key(cpu))
    if code != 0:
        return code
    old = load8(span.first)
    if old != cpu.gr[r1]:
        cpu.gr[r1] = old
        cpu.cc = 1
        return 0
    store8(span.first, cpu.gr[r1 + ONE])
    clear_tlbs(storage, insn)
    cpu.cc = 0
    return 0


@jit
def purge_if_asked(cpu, storage, r2):
    """Clear the TLBs of all CPUs if bit 63 of R2 says so. Bit 62 is for the ALBs, which are as if empty."""
    if on(cpu.gr[r2], PURGE_TLB):
        purge_all(guest_of(storage))


@jit
def csp(cpu, storage, insn):
    """COMPARE AND SWAP AND PURGE (32), RRE. PoP ch. 10 "COMPARE AND SWAP AND PURGE". cc 0 equal, swapped; 1 unequal."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    designate(storage, r2)
    span, code = probe_store(cpu, storage, cpu.gr[r2] & ~WORD_OFFSET & cpu.amode, WORD_BYTES)
    if code != 0:
        return code
    old = load4(span.first)
    if old == low(cpu, r1):
        store4(span.first, cpu.gr[r1 + ONE])
        cpu.cc = 0
        purge_if_asked(cpu, storage, r2)
    else:
        set_low(cpu, r1, old)
        cpu.cc = 1
    return 0


@jit
def cspg(cpu, storage, insn):
    """COMPARE AND SWAP AND PURGE (64), RRE. PoP ch. 10 "COMPARE AND SWAP AND PURGE". cc 0 equal, swapped; 1 unequal."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    designate(storage, r2)
    span, code = probe_store(cpu, storage, cpu.gr[r2] & ~DOUBLEWORD_OFFSET & cpu.amode, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = load8(span.first)
    if old == cpu.gr[r1]:
        store8(span.first, cpu.gr[r1 + ONE])
        cpu.cc = 0
        purge_if_asked(cpu, storage, r2)
    else:
        cpu.gr[r1] = old
        cpu.cc = 1
    return 0
