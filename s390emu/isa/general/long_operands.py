"""Operands of any length, by address and length in registers or up to an ending character: PoP ch. 7 (MOVE PAGE: 10).

MVCL and CLCL are interruptible: a unit of operation goes to the next page boundary of either operand; the registers
then designate what is left, and the instruction is executed again. The others end after such a unit, their
CPU-determined number of bytes, with condition code 3, and the program branches back. CLST and SRST must process at
least 256 bytes before: if the boundary comes earlier, they go on to the next one.
"""

from __future__ import annotations

from s390emu._jit import copy_bytes, fill_bytes, i64, jit, load1, load8, on, store1, u64
from s390emu.architecture.bits import LOW8, LOW32, bits
from s390emu.architecture.interruptions import PAGE_TRANSLATION, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.psw_bits import MODE64
from s390emu.architecture.sizes import (
    BLOCK_BYTES,
    BYTE_BITS,
    DOUBLEWORD_BYTES,
    OFFSET,
    PAGE,
    WORD_BITS,
    WORD_BYTES,
    WORD_OFFSET,
)
from s390emu.cpu.psw import key_permitted
from s390emu.isa.general.storage_to_storage import compared
from s390emu.isa.operands import rr, rre, rs
from s390emu.isa.registers import low, set_low
from s390emu.records.exits import CODE_REPEAT
from s390emu.storage.access import FETCH, STORE, get_byte, get_word, probe, probe_fetch, probe_store, psw_key
from s390emu.storage.access_registers import designate
from s390emu.storage.protection import fetched_alike

ZERO, ONE = u64(0), u64(1)
ODD = u64(1)  # of a register number
LENGTH_24 = bits(40, 63)
PAD_SHIFT = u64(24)  # MVCL, CLCL: bits 32-39 of R2 + 1
NOT_ENDING_CHARACTER = bits(32, 55)  # of general register 0
STRING_MINIMUM = u64(256)  # bytes that CLST and SRST process at least before condition code 3
CPU_DETERMINED = 3

# MOVE PAGE, general register 0
MVPG_RESERVED = bits(48, 51)
FIRST_KEY, SECOND_KEY = bits(52, 52), bits(53, 53)
CONDITION_CODE_OPTION = bits(55, 55)
KEY_SHIFT, KEY = u64(63 - 59), u64(15)
REGISTER_FIELDS_SHIFT = u64(63 - 31)  # R1 and R2 of the instruction: the operand access identification


# --- registers that hold an operand ----------------------------------------------------------------------------------


@jit
def odd(r):
    return on(r, ODD)


@jit
def set_address(cpu, r, address):
    """Set a register to an address as long as the addressing mode's; in 24- and 31-bit mode, bits 32-63 with zeros
    before it."""
    if cpu.amode == MODE64:
        cpu.gr[r] = address
    else:
        set_low(cpu, r, address & cpu.amode)


@jit
def length_mask(cpu):
    """Return the mask of a length in the extended instructions: 64 or 32 bits of the odd register."""
    return cpu.amode if cpu.amode == MODE64 else LOW32


@jit
def set_operands(cpu, r1, r2, first, first_length, second, second_length, lengths):
    """Set address and length of two operands to what is left of them, each in an even-odd pair; the pairs may be the
    same."""
    set_address(cpu, r1, first)
    set_address(cpu, r2, second)
    cpu.gr[r1 + ODD] = (cpu.gr[r1 + ODD] & ~lengths) | first_length
    cpu.gr[r2 + ODD] = (cpu.gr[r2 + ODD] & ~lengths) | second_length


@jit
def to_page_end(address):
    return BLOCK_BYTES - (address & OFFSET)


# --- moves -----------------------------------------------------------------------------------------------------------


@jit
def move_unit(cpu, storage, r1, r2, lengths, pad):
    """Move, or fill with the padding byte, up to a page boundary; return (True if anything is left, code).

    The condition code compares the lengths. They shrink together as long as neither is zero, so it is the same for
    every unit."""
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    first_length, second_length = cpu.gr[r1 + ODD] & lengths, cpu.gr[r2 + ODD] & lengths
    cc = compared(first_length, second_length)
    count = min(first_length, to_page_end(first))
    moved = ZERO
    if count != ZERO:
        if second_length != ZERO:
            count = moved = min(min(count, second_length), fetched_alike(cpu, second))
            designate(storage, r2)
            source, code = probe_fetch(cpu, storage, second, count)
            if code != 0:
                return False, code
            designate(storage, r1)
            target, code = probe_store(cpu, storage, first, count)
            if code != 0:
                return False, code
            copy_bytes(target.first, source.first, count)
        else:
            designate(storage, r1)
            target, code = probe_store(cpu, storage, first, count)
            if code != 0:
                return False, code
            fill_bytes(target.first, pad, count)
    set_operands(cpu, r1, r2, first + count, first_length - count, second + moved, second_length - moved, lengths)
    if count != first_length:
        return True, 0
    cpu.cc = cc
    return False, 0


@jit
def mvcl(cpu, storage, insn):
    """MOVE LONG, RR. PoP ch. 7 "MOVE LONG". cc 0, 1, 2: first length equal, low, high; 3: destructive overlap, nothing
    is moved. Interruptible.

    Destructive: the first byte of the target is a byte of the source that is to be moved, other than its first.
    """
    r1, r2 = rr(insn)
    if odd(r1) or odd(r2):
        return SPECIFICATION
    shorter = min(cpu.gr[r1 + ODD] & LENGTH_24, cpu.gr[r2 + ODD] & LENGTH_24)
    distance = (cpu.gr[r1] - cpu.gr[r2]) & cpu.amode
    if distance != ZERO and distance < shorter:
        set_address(cpu, r1, cpu.gr[r1])
        set_address(cpu, r2, cpu.gr[r2])
        cpu.cc = 3
        return 0
    left, code = move_unit(cpu, storage, r1, r2, LENGTH_24, (cpu.gr[r2 + ODD] >> PAD_SHIFT) & LOW8)
    return CODE_REPEAT if left else code


@jit
def mvcle(cpu, storage, insn):
    """MOVE LONG EXTENDED, RS-a. PoP ch. 7 "MOVE LONG EXTENDED". cc 0, 1, 2: first length equal, low, high; 3: not yet
    at the end. The second-operand address is the padding byte; overlap is not checked for."""
    r1, r3, pad = rs(cpu, insn)
    if odd(r1) or odd(r3):
        return SPECIFICATION
    left, code = move_unit(cpu, storage, r1, r3, length_mask(cpu), pad & LOW8)
    if left:
        cpu.cc = CPU_DETERMINED
    return code


# --- comparisons -----------------------------------------------------------------------------------------------------


@jit
def equal_bytes(first, second, length):
    """Return how many bytes at two host addresses are equal before the first unequal ones."""
    done = ZERO
    while done + DOUBLEWORD_BYTES <= length and load8(first + done) == load8(second + done):
        done += DOUBLEWORD_BYTES
    while done < length and load1(first + done) == load1(second + done):
        done += ONE
    return done


@jit
def padding_bytes(first, pad, length):
    """Return how many bytes at a host address are the padding byte before the first that is not."""
    done = ZERO
    while done < length and load1(first + done) == pad:
        done += ONE
    return done


@jit
def compare_unit(cpu, storage, r1, r2, lengths, pad):
    """Compare up to a page boundary of either operand, the shorter one padded; return (True if anything is left, code).

    The registers pass over the bytes found equal; the padding is no part of an operand."""
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    first_length, second_length = cpu.gr[r1 + ODD] & lengths, cpu.gr[r2 + ODD] & lengths
    from_first = min(first_length, fetched_alike(cpu, first))
    from_second = min(second_length, fetched_alike(cpu, second))
    equal, cc = ZERO, 0
    if first_length == ZERO and second_length == ZERO:
        wanted = ZERO
    elif second_length == ZERO:
        wanted = from_first
        designate(storage, r1)
        left, code = probe_fetch(cpu, storage, first, wanted)
        if code != 0:
            return False, code
        equal = padding_bytes(left.first, pad, wanted)
        if equal < wanted:
            cc = compared(load1(left.first + equal), pad)
    elif first_length == ZERO:
        wanted = from_second
        designate(storage, r2)
        right, code = probe_fetch(cpu, storage, second, wanted)
        if code != 0:
            return False, code
        equal = padding_bytes(right.first, pad, wanted)
        if equal < wanted:
            cc = compared(pad, load1(right.first + equal))
    else:
        wanted = min(from_first, from_second)
        designate(storage, r1)
        left, code = probe_fetch(cpu, storage, first, wanted)
        if code != 0:
            return False, code
        designate(storage, r2)
        right, code = probe_fetch(cpu, storage, second, wanted)
        if code != 0:
            return False, code
        equal = equal_bytes(left.first, right.first, wanted)
        if equal < wanted:
            cc = compared(load1(left.first + equal), load1(right.first + equal))
    passed_first, passed_second = min(equal, first_length), min(equal, second_length)
    set_operands(cpu, r1, r2, first + passed_first, first_length - passed_first,
                 second + passed_second, second_length - passed_second, lengths)  # fmt: skip
    if cc == 0 and (passed_first != first_length or passed_second != second_length):
        return True, 0
    cpu.cc = cc
    return False, 0


@jit
def clcl(cpu, storage, insn):
    """COMPARE LOGICAL LONG, RR. PoP ch. 7 "COMPARE LOGICAL LONG". cc 0 equal, 1 first low, 2 high. Interruptible."""
    r1, r2 = rr(insn)
    if odd(r1) or odd(r2):
        return SPECIFICATION
    left, code = compare_unit(cpu, storage, r1, r2, LENGTH_24, (cpu.gr[r2 + ODD] >> PAD_SHIFT) & LOW8)
    return CODE_REPEAT if left else code


@jit
def clcle(cpu, storage, insn):
    """COMPARE LOGICAL LONG EXTENDED, RS-a. PoP ch. 7 "COMPARE LOGICAL LONG EXTENDED". cc 0 equal, 1 first low, 2 first
    high, 3: not yet at the end. The second-operand address is the padding byte."""
    r1, r3, pad = rs(cpu, insn)
    if odd(r1) or odd(r3):
        return SPECIFICATION
    left, code = compare_unit(cpu, storage, r1, r3, length_mask(cpu), pad & LOW8)
    if left:
        cpu.cc = CPU_DETERMINED
    return code


# --- strings ---------------------------------------------------------------------------------------------------------


@jit
def ending_character(cpu):
    """Return (ending character, code), from general register 0."""
    if on(cpu.gr[0], NOT_ENDING_CHARACTER):
        return ZERO, SPECIFICATION
    return cpu.gr[0] & LOW8, 0


@jit
def mvst(cpu, storage, insn):
    """MOVE STRING, RRE. PoP ch. 7 "MOVE STRING". cc 1: moved, R1 designates the ending character; 3: not yet,
    after one byte at least."""
    r1, r2 = rre(insn)
    ending, code = ending_character(cpu)
    if code != 0:
        return code
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    length = min(to_page_end(first), fetched_alike(cpu, second))
    if storage.per != ZERO:
        length = ONE  # so that no more is probed than is stored
    designate(storage, r2)
    source, code = probe_fetch(cpu, storage, second, length)
    if code != 0:
        return code
    designate(storage, r1)
    target, code = probe_store(cpu, storage, first, length)
    if code != 0:
        return code
    for n in range(i64(length)):
        character = load1(source.first + u64(n))
        store1(target.first + u64(n), character)
        if character == ending:
            set_address(cpu, r1, first + u64(n))
            cpu.cc = 1
            return 0
    set_address(cpu, r1, first + length)
    set_address(cpu, r2, second + length)
    cpu.cc = CPU_DETERMINED
    return 0


@jit
def clst(cpu, storage, insn):
    """COMPARE LOGICAL STRING, RRE. PoP ch. 7 "COMPARE LOGICAL STRING". cc 0 equal, 1 first low, 2 high, 3: not yet at
    the end.

    The string that ends first is the lower one, whatever the ending character's value. The registers then designate the
    unequal bytes; where the strings are equal they stay.
    """
    r1, r2 = rre(insn)
    ending, code = ending_character(cpu)
    if code != 0:
        return code
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    done = ZERO
    while done < STRING_MINIMUM:
        length = min(fetched_alike(cpu, first), fetched_alike(cpu, second))
        designate(storage, r1)
        left, code = probe_fetch(cpu, storage, first, length)
        if code != 0:
            return code
        designate(storage, r2)
        right, code = probe_fetch(cpu, storage, second, length)
        if code != 0:
            return code
        for n in range(i64(length)):
            one, other = load1(left.first + u64(n)), load1(right.first + u64(n))
            if one != other:
                set_address(cpu, r1, first + u64(n))
                set_address(cpu, r2, second + u64(n))
                cpu.cc = 1 if one == ending or (other != ending and one < other) else 2
                return 0
            if one == ending:
                cpu.cc = 0
                return 0
        done += length
        first, second = (first + length) & cpu.amode, (second + length) & cpu.amode
    set_address(cpu, r1, first)
    set_address(cpu, r2, second)
    cpu.cc = CPU_DETERMINED
    return 0


@jit
def srst(cpu, storage, insn):
    """SEARCH STRING, RRE. PoP ch. 7 "SEARCH STRING". cc 1: found, R1 is its address; 2: reached the end, which
    R1 is; 3: not yet, R2 is the next address."""
    r1, r2 = rre(insn)
    wanted, code = ending_character(cpu)
    if code != 0:
        return code
    end, address = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    done = ZERO
    while done < STRING_MINIMUM and address != end:
        length = min((end - address) & cpu.amode, fetched_alike(cpu, address))
        designate(storage, r2)
        source, code = probe_fetch(cpu, storage, address, length)
        if code != 0:
            return code
        for n in range(i64(length)):
            if load1(source.first + u64(n)) == wanted:
                set_address(cpu, r1, address + u64(n))
                cpu.cc = 1
                return 0
        done += length
        address = (address + length) & cpu.amode
    if address == end:
        cpu.cc = 2
        return 0
    set_address(cpu, r2, address)
    cpu.cc = CPU_DETERMINED
    return 0


# --- others ----------------------------------------------------------------------------------------------------------


@jit
def cksm(cpu, storage, insn):
    """CHECKSUM, RRE. PoP ch. 7 "CHECKSUM". cc 0: all of the second operand added to R1, 3: not yet.

    Words are added with the carry out of the leftmost bit added to the rightmost; the last one is extended with zeros.
    A unit ends with the word that reaches the page boundary.
    """
    r1, r2 = rre(insn)
    if odd(r2):
        return SPECIFICATION
    lengths = length_mask(cpu)
    address, length = cpu.gr[r2] & cpu.amode, cpu.gr[r2 + ODD] & lengths
    count = min(length, (fetched_alike(cpu, address) + WORD_OFFSET) & ~WORD_OFFSET)
    if count != ZERO:
        designate(storage, r2)
        source, code = probe_fetch(cpu, storage, address, count)
        if code != 0:
            return code
        total, done = low(cpu, r1), ZERO
        while done + WORD_BYTES <= count:
            total += get_word(source, done)
            done += WORD_BYTES
        shift = u64(24)
        while done < count:
            total += get_byte(source, done) << shift
            shift -= BYTE_BITS
            done += ONE
        total = (total & LOW32) + (total >> WORD_BITS)
        set_low(cpu, r1, (total & LOW32) + (total >> WORD_BITS))
    set_address(cpu, r2, address + count)
    cpu.gr[r2 + ODD] = (cpu.gr[r2 + ODD] & ~lengths) | (length - count)
    cpu.cc = 0 if count == length else CPU_DETERMINED
    return 0


@jit
def page_invalid(cpu, insn, code, cc):
    """Return what MOVE PAGE makes of an access exception: an invalid page becomes condition code cc, or the exception
    with the R1 and R2 fields as operand access identification; other exceptions are returned as they are."""
    if code != PAGE_TRANSLATION:
        return code
    if not on(cpu.gr[0], CONDITION_CODE_OPTION):
        cpu.operand_access = (insn >> REGISTER_FIELDS_SHIFT) & LOW8
        return code
    cpu.cc = cc
    return 0


@jit
def mvpg(cpu, storage, insn):
    """MOVE PAGE, RRE. PoP ch. 10 "MOVE PAGE". cc 0: moved.

    With bit 55 of general register 0 on, cc 1 or 2, instead of a page-translation exception, says that the page-table
    entry for the first or second operand is invalid. With bit 52 or 53 on, the key in bits 56-59 applies to the first
    or second operand, and the PSW key to the other. In the problem state the PSW-key mask must permit it.
    """
    r1, r2 = rre(insn)
    options = cpu.gr[0]
    if on(options, MVPG_RESERVED) or (on(options, FIRST_KEY) and on(options, SECOND_KEY)):
        return SPECIFICATION
    first_key = second_key = psw_key(cpu)
    if on(options, FIRST_KEY | SECOND_KEY):
        key = (options >> KEY_SHIFT) & KEY
        if not key_permitted(cpu, key):
            return PRIVILEGED_OPERATION
        if on(options, FIRST_KEY):
            first_key = i64(key)
        else:
            second_key = i64(key)
    second, first = cpu.gr[r2] & cpu.amode & PAGE, cpu.gr[r1] & cpu.amode & PAGE
    designate(storage, r2)
    source, code = probe(cpu, storage, second, BLOCK_BYTES, FETCH, second_key)
    if code != 0:
        return page_invalid(cpu, insn, code, 2)
    designate(storage, r1)
    target, code = probe(cpu, storage, first, BLOCK_BYTES, STORE, first_key)
    if code != 0:
        return page_invalid(cpu, insn, code, 1)
    copy_bytes(target.first, source.first, BLOCK_BYTES)
    cpu.cc = 0
    return 0
