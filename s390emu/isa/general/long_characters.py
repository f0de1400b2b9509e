"""Operands of any length in two-byte characters, and a search for equal substrings: PoP ch. 7.

The units are as in `long_operands.py`, but a two-byte character that crosses a page boundary belongs to the unit that
it ends, or is a unit by itself.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, bit, bits
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.psw_bits import MODE64
from s390emu.architecture.sizes import BYTE_BITS
from s390emu.isa.general.long_operands import (
    CPU_DETERMINED,
    ODD,
    length_mask,
    odd,
    set_address,
    set_operands,
    to_page_end,
)
from s390emu.isa.general.storage_to_storage import compared, move
from s390emu.isa.operands import rre, rsy
from s390emu.storage.access import fetch_byte, get_byte, probe_fetch, probe_store, put_byte
from s390emu.storage.access_registers import designate
from s390emu.storage.protection import fetched_alike

ZERO, ONE, TWO = u64(0), u64(1), u64(2)
NOT_CHARACTER = bits(32, 47)  # of general register 0
SEARCH_MINIMUM = u64(512)  # bytes that SRSTU processes at least before condition code 3
COMPARE_MINIMUM = u64(256)  # bytes that CUSE compares at least before condition code 3
SIGN_64, SIGN_32 = bit(0), bit(32)  # of a length, in the 64-bit addressing mode and in the others


@jit
def whole_characters(length):
    """Return the bytes of the characters that lie wholly within so many bytes; of one, if none does."""
    return max(length & ~ONE, TWO)


@jit
def get_character(span, i):
    """Return bytes i and i+1 of an operand."""
    return (get_byte(span, i) << BYTE_BITS) | get_byte(span, i + ONE)


@jit
def mvclu(cpu, storage, insn):
    """MOVE LONG UNICODE, RSY-a. PoP ch. 7 "MOVE LONG UNICODE". cc 0, 1, 2: first length equal, low, high; 3: not yet at
    the end. Bits 48-63 of the second-operand address are the padding character. Lengths must be even."""
    r1, r3, pad = rsy(cpu, insn)
    if odd(r1) or odd(r3):
        return SPECIFICATION
    lengths = length_mask(cpu)
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r3] & cpu.amode
    first_length, second_length = cpu.gr[r1 + ODD] & lengths, cpu.gr[r3 + ODD] & lengths
    if on(first_length | second_length, ONE):
        return SPECIFICATION
    cc, moved = compared(first_length, second_length), ZERO
    count = min(first_length, whole_characters(to_page_end(first)))
    if count != ZERO and second_length != ZERO:
        count = moved = min(min(count, second_length), whole_characters(fetched_alike(cpu, second)))
        designate(storage, r3)
        source, code = probe_fetch(cpu, storage, second, count)
        if code != 0:
            return code
        designate(storage, r1)
        target, code = probe_store(cpu, storage, first, count)
        if code != 0:
            return code
        move(target, source, count)
    elif count != ZERO:
        designate(storage, r1)
        target, code = probe_store(cpu, storage, first, count)
        if code != 0:
            return code
        for n in range(0, i64(count), 2):
            put_byte(target, u64(n), (pad >> BYTE_BITS) & LOW8)
            put_byte(target, u64(n + 1), pad & LOW8)
    set_operands(cpu, r1, r3, first + count, first_length - count, second + moved, second_length - moved, lengths)
    cpu.cc = cc if count == first_length else CPU_DETERMINED
    return 0


@jit
def clclu(cpu, storage, insn):
    """COMPARE LOGICAL LONG UNICODE, RSY-a. PoP ch. 7 "COMPARE LOGICAL LONG UNICODE". cc 0 equal, 1 first low, 2 first
    high, 3: not yet at the end. Bits 48-63 of the second-operand address are the padding character. Lengths must be
    even."""
    r1, r3, pad = rsy(cpu, insn)
    if odd(r1) or odd(r3):
        return SPECIFICATION
    lengths = length_mask(cpu)
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r3] & cpu.amode
    first_length, second_length = cpu.gr[r1 + ODD] & lengths, cpu.gr[r3 + ODD] & lengths
    if on(first_length | second_length, ONE):
        return SPECIFICATION
    from_first = min(first_length, whole_characters(fetched_alike(cpu, first)))
    from_second = min(second_length, whole_characters(fetched_alike(cpu, second)))
    wanted = min(from_first, from_second) if from_first != ZERO and from_second != ZERO else from_first + from_second
    equal, cc = ZERO, 0
    if wanted != ZERO:
        # An operand without bytes left is all padding; the other one's span then stands for both.
        designate(storage, r1 if from_first != ZERO else r3)
        left, code = probe_fetch(cpu, storage, first if from_first != ZERO else second, wanted)
        if code != 0:
            return code
        designate(storage, r3 if from_second != ZERO else r1)
        right, code = probe_fetch(cpu, storage, second if from_second != ZERO else first, wanted)
        if code != 0:
            return code
        while cc == 0 and equal < wanted:
            one = get_character(left, equal) if from_first != ZERO else pad & LOW16
            other = get_character(right, equal) if from_second != ZERO else pad & LOW16
            cc = compared(one, other)
            if cc == 0:
                equal += TWO
    passed_first, passed_second = min(equal, first_length), min(equal, second_length)
    set_operands(cpu, r1, r3, first + passed_first, first_length - passed_first,
                 second + passed_second, second_length - passed_second, lengths)  # fmt: skip
    left_over = passed_first != first_length or passed_second != second_length
    cpu.cc = CPU_DETERMINED if cc == 0 and left_over else cc
    return 0


@jit
def srstu(cpu, storage, insn):
    """SEARCH STRING UNICODE, RRE. PoP ch. 7 "SEARCH STRING UNICODE". cc 1: found, R1 is its address; 2: reached the
    end; 3: not yet, R2 is the next address.

    If the rightmost bits of the two addresses differ the last character ends one byte after the end."""
    r1, r2 = rre(insn)
    if on(cpu.gr[0], NOT_CHARACTER):
        return SPECIFICATION
    wanted, address = cpu.gr[0] & LOW16, cpu.gr[r2] & cpu.amode
    end = cpu.gr[r1] & cpu.amode
    end = (end + ((end ^ address) & ONE)) & cpu.amode
    done = ZERO
    while done < SEARCH_MINIMUM and address != end:
        length = min((end - address) & cpu.amode, whole_characters(fetched_alike(cpu, address)))
        designate(storage, r2)
        source, code = probe_fetch(cpu, storage, address, length)
        if code != 0:
            return code
        for n in range(0, i64(length), 2):
            if get_character(source, u64(n)) == wanted:
                set_address(cpu, r1, (address + u64(n)) & cpu.amode)
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


# --- COMPARE UNTIL SUBSTRING EQUAL -----------------------------------------------------------------------------------


@jit
def signed_length(cpu, r):
    """Return a length in an odd register; a negative one is zero."""
    lengths = length_mask(cpu)
    negative = on(cpu.gr[r], SIGN_64 if cpu.amode == MODE64 else SIGN_32)
    return ZERO if negative else cpu.gr[r] & lengths


@jit
def byte_or_padding(cpu, storage, r, address, length, n, padding):
    """Fetch byte n of an operand, which is followed by padding; return (byte, code)."""
    if n >= length:
        return padding, 0
    designate(storage, r)
    return fetch_byte(cpu, storage, (address + n) & cpu.amode)


@jit
def cuse(cpu, storage, insn):
    """COMPARE UNTIL SUBSTRING EQUAL, RRE. PoP ch. 7 "COMPARE UNTIL SUBSTRING EQUAL". cc 0: an equal substring was
    found; 1, 2: the end was reached, and the last bytes were equal or unequal; 3: not yet, R1 and R2 are past unequal
    bytes.

    General registers 0 and 1 have the length of the substring and the padding byte in bits 56-63. The registers then
    designate the beginning of the equal bytes, be there enough of them or not. A unit ends early where a byte cannot be
    accessed; if all bytes before were equal that is an exception."""
    r1, r2 = rre(insn)
    if odd(r1) or odd(r2):
        return SPECIFICATION
    wanted, padding = cpu.gr[0] & LOW8, cpu.gr[1] & LOW8
    first, second = cpu.gr[r1] & cpu.amode, cpu.gr[r2] & cpu.amode
    first_length, second_length = signed_length(cpu, r1 + ODD), signed_length(cpu, r2 + ODD)
    longer = max(first_length, second_length)
    unit = max(COMPARE_MINIMUM, min(to_page_end(first), to_page_end(second)))
    start, n, cc = ZERO, ZERO, 0
    while n - start < wanted:
        if n == longer:
            cc = 1 if start < n else 2
            break
        if n >= unit and start != ZERO:
            cc = CPU_DETERMINED
            break
        one, code = byte_or_padding(cpu, storage, r1, first, first_length, n, padding)
        other = ZERO
        if code == 0:
            other, code = byte_or_padding(cpu, storage, r2, second, second_length, n, padding)
        if code != 0 and start == ZERO:
            return code
        if code != 0:
            cc = CPU_DETERMINED
            break
        n += ONE
        if one != other:
            start = n
    lengths = length_mask(cpu)
    passed_first, passed_second = min(start, first_length), min(start, second_length)
    set_operands(cpu, r1, r2, first + passed_first, ((cpu.gr[r1 + ODD] & lengths) - passed_first) & lengths,
                 second + passed_second, ((cpu.gr[r2 + ODD] & lengths) - passed_second) & lengths, lengths)  # fmt: skip
    cpu.cc = cc
    return 0
