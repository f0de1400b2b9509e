"""Storage-to-storage instructions of up to 256 bytes: PoP ch. 7.

Operands that overlap are processed as if one byte after the other, in the instruction's order. Faster ways are taken
where the result is the same: not if a result byte is fetched again, as source, within the next few. Exceptions are
recognized for all bytes of an operand, but of a translation table only for those that are needed.
"""

from __future__ import annotations

from s390emu._jit import copy_bytes, fill_bytes, i64, jit, load1, load8, on, store1, store8, u64
from s390emu.architecture.bits import LOW8
from s390emu.architecture.psw_bits import MODE64
from s390emu.architecture.sizes import DOUBLEWORD_BYTES
from s390emu.isa.operands import based, based_second, ss_a, ss_b
from s390emu.isa.registers import HIGH32
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import fetch_byte, fetch_hit, fetched_at, get_byte, probe_fetch, probe_store, put_byte
from s390emu.storage.access_registers import designate

ZERO, ONE = u64(0), u64(1)
DIGIT, ZONE, DIGIT_SHIFT = u64(0x0F), u64(0xF0), u64(4)
AND, OR, EXCLUSIVE_OR = range(3)
LAST_OF_TABLE = u64(255)
ABOVE_24 = ~u64(0xFFFFFF)


@jit
def probe_both(cpu, storage, first, first_length, second, second_length):
    """Probe the second operand for fetching and the first for storing (who may store may fetch); return (target,
    source, code)."""
    designate(storage, BASE_SECOND)
    source, code = probe_fetch(cpu, storage, second, second_length)
    if code != 0:
        return source, source, code
    designate(storage, BASE_FIRST)
    target, code = probe_store(cpu, storage, first, first_length)
    return target, source, code


@jit
def together(target, source, length):
    """True if each operand lies within one page."""
    return target.length == length and source.length == length


@jit
def by_eight(target, source, length):
    """True if eight bytes at a time may be processed, left to right: not if the target starts 1 to 7 bytes after the
    source."""
    return together(target, source, length) and target.first - source.first - ONE >= DOUBLEWORD_BYTES - ONE


# --- moves -----------------------------------------------------------------------------------------------------------


@jit
def move(target, source, length):
    """Move bytes from left to right: a target that starts within the source repeats the source's beginning."""
    if together(target, source, length):
        distance = target.first - source.first
        if distance - ONE >= length - ONE:
            copy_bytes(target.first, source.first, length)
            return
        if distance == ONE:
            fill_bytes(target.first, load1(source.first), length)
            return
    for i in range(i64(length)):
        put_byte(target, u64(i), get_byte(source, u64(i)))


@jit
def mvc(cpu, storage, insn):
    """MOVE (character), SS-a. PoP ch. 7 "MOVE". cc unchanged."""
    length, first, second = ss_a(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code == 0:
        move(target, source, length)
    return code


@jit
def mvcin(cpu, storage, insn):
    """MOVE INVERSE, SS-a. PoP ch. 7 "MOVE INVERSE". cc unchanged. The second address is that of its rightmost byte."""
    length, first, second = ss_a(cpu, insn)
    leftmost = (second - (length - ONE)) & cpu.amode
    target, source, code = probe_both(cpu, storage, first, length, leftmost, length)
    if code != 0:
        return code
    for i in range(i64(length)):
        put_byte(target, u64(i), get_byte(source, length - ONE - u64(i)))
    return 0


@jit
def mvcrl(cpu, storage, insn):
    """MOVE RIGHT TO LEFT, SSE. PoP ch. 7 "MOVE RIGHT TO LEFT". cc unchanged.

    Bits 56-63 of general register 0 are the length code.
    """
    first, second, length = based(cpu, insn), based_second(cpu, insn), (cpu.gr[0] & LOW8) + ONE
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code != 0:
        return code
    for i in range(i64(length) - 1, -1, -1):
        put_byte(target, u64(i), get_byte(source, u64(i)))
    return 0


@jit
def move_part(cpu, storage, insn, part):
    """Move the bits of `part` in each byte of the second operand to the first; return a code."""
    length, first, second = ss_a(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code != 0:
        return code
    for n in range(i64(length)):
        i = u64(n)
        put_byte(target, i, (get_byte(target, i) & ~part) | (get_byte(source, i) & part))
    return 0


@jit
def mvn(cpu, storage, insn):
    """MOVE NUMERICS, SS-a. PoP ch. 7 "MOVE NUMERICS". cc unchanged."""
    return move_part(cpu, storage, insn, DIGIT)


@jit
def mvz(cpu, storage, insn):
    """MOVE ZONES, SS-a. PoP ch. 7 "MOVE ZONES". cc unchanged."""
    return move_part(cpu, storage, insn, ZONE)


# --- AND, OR, EXCLUSIVE OR, COMPARE LOGICAL --------------------------------------------------------------------------


@jit
def combined(first, second, operation):
    if operation == AND:
        return first & second
    return first | second if operation == OR else first ^ second


@jit
def combine(target, source, length, operation):
    """Combine target and source by the operation into target, left to right; return the condition code, 1 if any bit is
    one."""
    done, ones = ZERO, ZERO
    if by_eight(target, source, length):
        while done + DOUBLEWORD_BYTES <= length:
            result = combined(load8(target.first + done), load8(source.first + done), operation)
            store8(target.first + done, result)
            ones |= result
            done += DOUBLEWORD_BYTES
    while done < length:
        result = combined(get_byte(target, done), get_byte(source, done), operation)
        put_byte(target, done, result)
        ones |= result
        done += ONE
    return 1 if ones != ZERO else 0


@jit
def nc(cpu, storage, insn):
    """AND (character), SS-a. PoP ch. 7 "AND". cc 0, 1."""
    length, first, second = ss_a(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code == 0:
        cpu.cc = combine(target, source, length, AND)
    return code


@jit
def oc(cpu, storage, insn):
    """OR (character), SS-a. PoP ch. 7 "OR". cc 0, 1."""
    length, first, second = ss_a(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code == 0:
        cpu.cc = combine(target, source, length, OR)
    return code


@jit
def xc(cpu, storage, insn):
    """EXCLUSIVE OR (character), SS-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1. An operand with itself is cleared."""
    length, first, second = ss_a(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, length, second, length)
    if code != 0:
        return code
    if together(target, source, length) and target.first == source.first:
        fill_bytes(target.first, ZERO, length)
        cpu.cc = 0
    else:
        cpu.cc = combine(target, source, length, EXCLUSIVE_OR)
    return 0


@jit
def compared(first, second):
    """Return the condition code of a logical comparison."""
    if first == second:
        return 0
    return 1 if first < second else 2


@jit
def clc(cpu, storage, insn):
    """COMPARE LOGICAL (character), SS-a. PoP ch. 7 "COMPARE LOGICAL". cc 0 equal, 1 first low, 2 first high."""
    length, first, second = ss_a(cpu, insn)
    designate(storage, BASE_FIRST)
    left, code = probe_fetch(cpu, storage, first, length)
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    right, code = probe_fetch(cpu, storage, second, length)
    if code != 0:
        return code
    done, cc = ZERO, 0
    if together(left, right, length):
        while cc == 0 and done + DOUBLEWORD_BYTES <= length:
            cc = compared(load8(left.first + done), load8(right.first + done))
            done += DOUBLEWORD_BYTES
    while cc == 0 and done < length:
        cc = compared(get_byte(left, done), get_byte(right, done))
        done += ONE
    cpu.cc = cc
    return 0


# --- translation -----------------------------------------------------------------------------------------------------


@jit
def function_byte(cpu, storage, table, argument):
    """Fetch the table's byte for an argument byte, and no other; return (value, code)."""
    designate(storage, BASE_SECOND)
    return fetch_byte(cpu, storage, (table + argument) & cpu.amode)


@jit
def tr(cpu, storage, insn):
    """TRANSLATE, SS-a. PoP ch. 7 "TRANSLATE". cc unchanged.

    Every table byte that will be needed is fetched before the first byte is translated. Which ones these are does not
    depend on results, even if the operands overlap.
    """
    length, first, table = ss_a(cpu, insn)
    designate(storage, BASE_FIRST)
    target, code = probe_store(cpu, storage, first, length)
    if code != 0:
        return code
    if target.length == length and fetch_hit(storage, table, LAST_OF_TABLE):
        functions = fetched_at(storage, table)
        for i in range(i64(length)):
            at = target.first + u64(i)
            store1(at, load1(functions + load1(at)))
        return 0
    for i in range(i64(length)):
        _, code = function_byte(cpu, storage, table, get_byte(target, u64(i)))
        if code != 0:
            return code
    for i in range(i64(length)):
        value, code = function_byte(cpu, storage, table, get_byte(target, u64(i)))
        put_byte(target, u64(i), value)
    return 0


@jit
def mark_address(cpu, address):
    """Put an address, as long as the addressing mode's, into register 1: in the 24-bit mode, unlike elsewhere, bits
    32-39 are left unchanged."""
    if cpu.amode == MODE64:
        cpu.gr[1] = address
    elif on(cpu.amode, ABOVE_24):
        cpu.gr[1] = (cpu.gr[1] & HIGH32) | address
    else:
        cpu.gr[1] = (cpu.gr[1] & ABOVE_24) | address


@jit
def report_found(cpu, address, value):
    """Put the address into register 1 and the function byte into bits 56-63 of register 2."""
    mark_address(cpu, address)
    cpu.gr[2] = (cpu.gr[2] & ~LOW8) | value


@jit
def translate_and_test(cpu, storage, insn, step):
    """Look for the first argument byte, from the first address on by step, whose function byte is not zero, and set cc;
    return a code. Nothing is fetched beyond it."""
    length, argument_address, table = ss_a(cpu, insn)
    for i in range(i64(length)):
        designate(storage, BASE_FIRST)
        argument, code = fetch_byte(cpu, storage, argument_address)
        if code != 0:
            return code
        value, code = function_byte(cpu, storage, table, argument)
        if code != 0:
            return code
        if value != ZERO:
            report_found(cpu, argument_address, value)
            cpu.cc = 2 if u64(i) == length - ONE else 1
            return 0
        argument_address = (argument_address + step) & cpu.amode
    cpu.cc = 0
    return 0


@jit
def trt(cpu, storage, insn):
    """TRANSLATE AND TEST, SS-a. PoP ch. 7 "TRANSLATE AND TEST". cc 0 all zero, 1 not at the last byte, 2 there."""
    return translate_and_test(cpu, storage, insn, ONE)


@jit
def trtr(cpu, storage, insn):
    """TRANSLATE AND TEST REVERSE, SS-a. PoP ch. 7 "TRANSLATE AND TEST REVERSE". cc as TRT. From right to left."""
    return translate_and_test(cpu, storage, insn, ~ZERO)


# --- packed and zoned numbers: right to left, each result byte stored once its source is fetched ---------------------


@jit
def exchanged(byte):
    """Return a byte with its two digits exchanged."""
    return (byte << DIGIT_SHIFT) & ZONE | byte >> DIGIT_SHIFT


@jit
def mvo(cpu, storage, insn):
    """MOVE WITH OFFSET, SS-b. PoP ch. 7 "MOVE WITH OFFSET". cc unchanged.

    The source is moved one digit to the left, next to the target's rightmost digit, which remains unchanged.
    """
    first_length, second_length, first, second = ss_b(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, first_length, second, second_length)
    if code != 0:
        return code
    right = get_byte(target, first_length - ONE) & DIGIT
    left = i64(second_length)
    for i in range(i64(first_length) - 1, -1, -1):
        left -= 1
        byte = get_byte(source, u64(left)) if left >= 0 else ZERO
        put_byte(target, u64(i), (byte << DIGIT_SHIFT) | right)
        right = byte >> DIGIT_SHIFT
    return 0


@jit
def pack(cpu, storage, insn):
    """PACK, SS-b. PoP ch. 7 "PACK". cc unchanged. Neither digits nor sign are checked."""
    first_length, second_length, first, second = ss_b(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, first_length, second, second_length)
    if code != 0:
        return code
    left = i64(second_length) - 1
    put_byte(target, first_length - ONE, exchanged(get_byte(source, u64(left))))
    for i in range(i64(first_length) - 2, -1, -1):
        left -= 2
        low = get_byte(source, u64(left + 1)) & DIGIT if left >= -1 else ZERO
        high = get_byte(source, u64(left)) if left >= 0 else ZERO
        put_byte(target, u64(i), (high << DIGIT_SHIFT) | low)
    return 0


@jit
def unpk(cpu, storage, insn):
    """UNPACK, SS-b. PoP ch. 7 "UNPACK". cc unchanged. Neither digits nor sign are checked."""
    first_length, second_length, first, second = ss_b(cpu, insn)
    target, source, code = probe_both(cpu, storage, first, first_length, second, second_length)
    if code != 0:
        return code
    left = i64(second_length) - 1
    put_byte(target, first_length - ONE, exchanged(get_byte(source, u64(left))))
    for i in range(i64(first_length) - 2, -1, -2):
        left -= 1
        byte = get_byte(source, u64(left)) if left >= 0 else ZERO
        put_byte(target, u64(i), ZONE | (byte & DIGIT))
        if i > 0:
            put_byte(target, u64(i - 1), ZONE | (byte >> DIGIT_SHIFT))
    return 0
