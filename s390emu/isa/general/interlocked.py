"""Interlocked updates of storage: LOAD AND ADD and its kin, COMPARE AND SWAP, TEST AND SET. PoP ch. 7.

An operand that is updated is on its own boundary, so within one page. As far as exceptions and the change bit are
concerned, it is stored even if the comparison leaves it unchanged (PoP ch. 5 "Interlocked-Update References").
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8, bit
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, QUADWORD_BYTES, WORD_BYTES
from s390emu.isa.general.arithmetic import sum32, sum64
from s390emu.isa.general.logical_arithmetic import NO_CARRY
from s390emu.isa.general.logical_arithmetic import sum32 as logical_sum32
from s390emu.isa.general.logical_arithmetic import sum64 as logical_sum64
from s390emu.isa.general.shift import pair, set_pair
from s390emu.isa.operands import based, based_second, r8, rs, rsy
from s390emu.isa.registers import low, set_low
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import (
    CHECK,
    STORE,
    Span,
    get_byte,
    get_doubleword,
    get_word,
    probe,
    probe_fetch,
    probe_store,
    psw_key,
    put_byte,
    put_doubleword,
    put_word,
)
from s390emu.storage.access_registers import designate

ZERO, ONE = u64(0), u64(1)
ODD = u64(1)  # of a register number
COMPARE_AND_SWAP_AND_STORE_2 = bit(33)  # in the first doubleword of the facility list
COMPARE_16, STORE_16 = u64(2), u64(4)  # the highest function code and store characteristic with that facility
PARAMETER_LIST_BYTES = u64(32)
STORE_VALUE_RIGHT = QUADWORD_BYTES + DOUBLEWORD_BYTES  # offset in the list of the right half of the store value
ALL_ONES = LOW8


# --- LOAD AND ADD, AND, EXCLUSIVE OR, OR ------------------------------------------------------------------------------


@jit
def update_operand(cpu, storage, second, length):
    """Check and touch an operand that is fetched and stored, on the boundary of its length; return (Span, code)."""
    if on(second, length - ONE):
        return Span(ZERO, ZERO, ZERO), SPECIFICATION
    return probe_store(cpu, storage, second, length)


@jit
def laa(cpu, storage, insn):
    """LOAD AND ADD (32), RSY-a. PoP ch. 7 "LOAD AND ADD". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    new, code = sum32(cpu, old, cpu.gr[r3])
    put_word(span, ZERO, new)
    set_low(cpu, r1, old)
    return code


@jit
def laag(cpu, storage, insn):
    """LOAD AND ADD (64), RSY-a. PoP ch. 7 "LOAD AND ADD". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    new, code = sum64(cpu, old, cpu.gr[r3])
    put_doubleword(span, ZERO, new)
    cpu.gr[r1] = old
    return code


@jit
def laal(cpu, storage, insn):
    """LOAD AND ADD LOGICAL (32), RSY-a. PoP ch. 7 "LOAD AND ADD LOGICAL". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    new = logical_sum32(cpu, old, cpu.gr[r3], NO_CARRY)
    put_word(span, ZERO, new)
    set_low(cpu, r1, old)
    return 0


@jit
def laalg(cpu, storage, insn):
    """LOAD AND ADD LOGICAL (64), RSY-a. PoP ch. 7 "LOAD AND ADD LOGICAL". cc 0-3."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    new = logical_sum64(cpu, old, cpu.gr[r3], NO_CARRY)
    put_doubleword(span, ZERO, new)
    cpu.gr[r1] = old
    return 0


@jit
def lan(cpu, storage, insn):
    """LOAD AND AND (32), RSY-a. PoP ch. 7 "LOAD AND AND". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    new = old & low(cpu, r3)
    cpu.cc = 1 if new != u64(0) else 0
    put_word(span, ZERO, new)
    set_low(cpu, r1, old)
    return 0


@jit
def lang(cpu, storage, insn):
    """LOAD AND AND (64), RSY-a. PoP ch. 7 "LOAD AND AND". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    new = old & cpu.gr[r3]
    cpu.cc = 1 if new != u64(0) else 0
    put_doubleword(span, ZERO, new)
    cpu.gr[r1] = old
    return 0


@jit
def lax(cpu, storage, insn):
    """LOAD AND EXCLUSIVE OR (32), RSY-a. PoP ch. 7 "LOAD AND EXCLUSIVE OR". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    new = old ^ low(cpu, r3)
    cpu.cc = 1 if new != u64(0) else 0
    put_word(span, ZERO, new)
    set_low(cpu, r1, old)
    return 0


@jit
def laxg(cpu, storage, insn):
    """LOAD AND EXCLUSIVE OR (64), RSY-a. PoP ch. 7 "LOAD AND EXCLUSIVE OR". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    new = old ^ cpu.gr[r3]
    cpu.cc = 1 if new != u64(0) else 0
    put_doubleword(span, ZERO, new)
    cpu.gr[r1] = old
    return 0


@jit
def lao(cpu, storage, insn):
    """LOAD AND OR (32), RSY-a. PoP ch. 7 "LOAD AND OR". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    new = old | low(cpu, r3)
    cpu.cc = 1 if new != u64(0) else 0
    put_word(span, ZERO, new)
    set_low(cpu, r1, old)
    return 0


@jit
def laog(cpu, storage, insn):
    """LOAD AND OR (64), RSY-a. PoP ch. 7 "LOAD AND OR". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    new = old | cpu.gr[r3]
    cpu.cc = 1 if new != u64(0) else 0
    put_doubleword(span, ZERO, new)
    cpu.gr[r1] = old
    return 0


# --- COMPARE AND SWAP, COMPARE DOUBLE AND SWAP ------------------------------------------------------------------------


@jit
def compare_and_swap32(cpu, storage, r1, r3, second):
    """Replace the word at second by bits 32-63 of r3 if it equals those of r1, else these by the word; set cc and
    return a code."""
    span, code = update_operand(cpu, storage, second, WORD_BYTES)
    if code != 0:
        return code
    old = get_word(span, ZERO)
    if old == low(cpu, r1):
        put_word(span, ZERO, cpu.gr[r3])
        cpu.cc = 0
    else:
        set_low(cpu, r1, old)
        cpu.cc = 1
    return 0


@jit
def cs(cpu, storage, insn):
    """COMPARE AND SWAP (32), RS-a. PoP ch. 7 "COMPARE AND SWAP". cc 0, 1."""
    r1, r3, second = rs(cpu, insn)
    return compare_and_swap32(cpu, storage, r1, r3, second)


@jit
def csy(cpu, storage, insn):
    """COMPARE AND SWAP (32), RSY-a. PoP ch. 7 "COMPARE AND SWAP". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    return compare_and_swap32(cpu, storage, r1, r3, second)


@jit
def csg(cpu, storage, insn):
    """COMPARE AND SWAP (64), RSY-a. PoP ch. 7 "COMPARE AND SWAP". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    if old == cpu.gr[r1]:
        put_doubleword(span, ZERO, cpu.gr[r3])
        cpu.cc = 0
    else:
        cpu.gr[r1] = old
        cpu.cc = 1
    return 0


@jit
def compare_double_and_swap32(cpu, storage, r1, r3, second):
    """Compare and swap the doubleword of the even-odd pairs' bits 32-63; set cc and return a code."""
    if on(r1 | r3, ODD):
        return SPECIFICATION
    span, code = update_operand(cpu, storage, second, DOUBLEWORD_BYTES)
    if code != 0:
        return code
    old = get_doubleword(span, ZERO)
    if old == pair(cpu, r1):
        put_doubleword(span, ZERO, pair(cpu, r3))
        cpu.cc = 0
    else:
        set_pair(cpu, r1, old)
        cpu.cc = 1
    return 0


@jit
def cds(cpu, storage, insn):
    """COMPARE DOUBLE AND SWAP (32), RS-a. PoP ch. 7 "COMPARE DOUBLE AND SWAP". cc 0, 1."""
    r1, r3, second = rs(cpu, insn)
    return compare_double_and_swap32(cpu, storage, r1, r3, second)


@jit
def cdsy(cpu, storage, insn):
    """COMPARE DOUBLE AND SWAP (32), RSY-a. PoP ch. 7 "COMPARE DOUBLE AND SWAP". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    return compare_double_and_swap32(cpu, storage, r1, r3, second)


@jit
def cdsg(cpu, storage, insn):
    """COMPARE DOUBLE AND SWAP (64), RSY-a. PoP ch. 7 "COMPARE DOUBLE AND SWAP". cc 0, 1."""
    r1, r3, second = rsy(cpu, insn)
    if on(r1 | r3, ODD):
        return SPECIFICATION
    span, code = update_operand(cpu, storage, second, QUADWORD_BYTES)
    if code != 0:
        return code
    old, old_right = get_doubleword(span, ZERO), get_doubleword(span, DOUBLEWORD_BYTES)
    if old == cpu.gr[r1] and old_right == cpu.gr[r1 + ODD]:
        put_doubleword(span, ZERO, cpu.gr[r3])
        put_doubleword(span, DOUBLEWORD_BYTES, cpu.gr[r3 + ODD])
        cpu.cc = 0
    else:
        cpu.gr[r1], cpu.gr[r1 + ODD] = old, old_right
        cpu.cc = 1
    return 0


# --- COMPARE AND SWAP AND STORE ---------------------------------------------------------------------------------------


@jit
def swap_third_operand(cpu, span, r3, function):
    """Compare the 4, 8 or 16 bytes at span with the third operand, which they replace if unequal; set cc."""
    if function == u64(0):
        old, comparand = get_word(span, ZERO), low(cpu, r3)
    else:
        old, comparand = get_doubleword(span, ZERO), cpu.gr[r3]
    equal = old == comparand
    if function == COMPARE_16:
        old_right = get_doubleword(span, DOUBLEWORD_BYTES)
        equal = equal and old_right == cpu.gr[r3 + ODD]
        if not equal:
            cpu.gr[r3 + ODD] = old_right
    cpu.cc = 0 if equal else 1
    if not equal:
        if function == u64(0):
            set_low(cpu, r3, old)
        else:
            cpu.gr[r3] = old


@jit
def put_leftmost(span, length, left, right):
    """Store the leftmost `length` bytes of a quadword, given as two halves, at span."""
    for i in range(i64(length)):
        half = left if i < 8 else right
        put_byte(span, u64(i), half >> u64(56 - 8 * (i % 8)))


@jit
def csst(cpu, storage, insn):
    """COMPARE AND SWAP AND STORE, SSF. PoP ch. 7 "COMPARE AND SWAP AND STORE". cc 0, 1.

    Bits 56-63 of general register 0, the function code, give the length of the first and third operands; bits 48-55,
    the store characteristic, that of the second. The parameter list at the address in general register 1 holds the
    replacement value in bytes 0-15 and the store value in bytes 16-31, left-aligned. All 32 bytes are fetched, and the
    exceptions of the second operand recognized, whatever the comparison gives.
    """
    r3, first, second = r8(insn), based(cpu, insn), based_second(cpu, insn)
    function, characteristic = cpu.gr[0] & LOW8, (cpu.gr[0] >> u64(8)) & LOW8
    if function > COMPARE_16 or characteristic > STORE_16 or (function == COMPARE_16 and on(r3, ODD)):
        return SPECIFICATION
    if (function == COMPARE_16 or characteristic == STORE_16) and not on(
        guest_of(storage).facilities[0], COMPARE_AND_SWAP_AND_STORE_2
    ):
        return SPECIFICATION
    list_address, length, stored = cpu.gr[1] & cpu.amode, WORD_BYTES << function, ONE << characteristic
    if (list_address & (QUADWORD_BYTES - ONE)) | (first & (length - ONE)) | (second & (stored - ONE)) != u64(0):
        return SPECIFICATION
    designate(storage, ONE)
    parameters, code = probe_fetch(cpu, storage, list_address, PARAMETER_LIST_BYTES)
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    _, code = probe(cpu, storage, second, stored, STORE + CHECK, psw_key(cpu))
    if code != 0:
        return code
    designate(storage, BASE_FIRST)
    span, code = probe_store(cpu, storage, first, length)
    if code != 0:
        return code
    replacement, replacement_right = get_doubleword(parameters, ZERO), get_doubleword(parameters, DOUBLEWORD_BYTES)
    value, value_right = get_doubleword(parameters, QUADWORD_BYTES), get_doubleword(parameters, STORE_VALUE_RIGHT)
    swap_third_operand(cpu, span, r3, function)
    if cpu.cc == 0:
        put_leftmost(span, length, replacement, replacement_right)
        designate(storage, BASE_SECOND)
        target, code = probe_store(cpu, storage, second, stored)
        put_leftmost(target, stored, value, value_right)
    return 0


# --- TEST AND SET -----------------------------------------------------------------------------------------------------


@jit
def ts(cpu, storage, insn):
    """TEST AND SET, SI. PoP ch. 7 "TEST AND SET". cc 0, 1: the leftmost bit that the byte had."""
    span, code = probe_store(cpu, storage, based(cpu, insn), ONE)
    if code == 0:
        cpu.cc = i64(get_byte(span, ZERO) >> u64(7))
        put_byte(span, ZERO, ALL_ONES)
    return code
