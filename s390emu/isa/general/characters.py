"""INSERT CHARACTER(S UNDER MASK), STORE CHARACTERS UNDER MASK: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, bit
from s390emu.isa.operands import rs, rsy, rx, rxy
from s390emu.isa.registers import high, low, set_high, set_low
from s390emu.storage.access import fetch_byte, get_byte, probe_fetch, probe_store, put_byte

ONE = u64(1)
LEFTMOST = bit(56)


@jit
def ic(cpu, storage, insn):
    """INSERT CHARACTER, RX-a. PoP ch. 7 "INSERT CHARACTER". cc unchanged."""
    r1, second = rx(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW8) | value
    return code


@jit
def icy(cpu, storage, insn):
    """INSERT CHARACTER, RXY-a. PoP ch. 7 "INSERT CHARACTER". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW8) | value
    return code


@jit
def bytes_of_mask(m3):
    """Return the number of bytes that a four-bit mask selects."""
    return (m3 >> u64(3)) + ((m3 >> u64(2)) & ONE) + ((m3 >> ONE) & ONE) + (m3 & ONE)


@jit
def insert_characters(cpu, storage, word, m3, second):
    """Return (word, code): the word with the bytes that m3 selects replaced by those from second on. Set cc.

    With a zero mask nothing is inserted, but the exceptions of one byte are recognized."""
    count = bytes_of_mask(m3)
    span, code = probe_fetch(cpu, storage, second, count if count != u64(0) else ONE)
    if code != 0:
        return word, code
    cc, taken = 0, u64(0)
    for i in range(4):
        if on(m3 >> u64(3 - i), ONE):
            byte, shift = get_byte(span, taken), u64(24 - 8 * i)
            word = (word & ~(LOW8 << shift)) | (byte << shift)
            if taken == u64(0) and on(byte, LEFTMOST):
                cc = 1
            elif cc == 0 and byte != u64(0):
                cc = 2
            taken += ONE
    cpu.cc = cc
    return word, 0


@jit
def icm(cpu, storage, insn):
    """INSERT CHARACTERS UNDER MASK (low), RS-b. PoP ch. 7 "INSERT CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rs(cpu, insn)
    word, code = insert_characters(cpu, storage, low(cpu, r1), m3, second)
    if code == 0:
        set_low(cpu, r1, word)
    return code


@jit
def icmy(cpu, storage, insn):
    """INSERT CHARACTERS UNDER MASK (low), RSY-b. PoP ch. 7 "INSERT CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rsy(cpu, insn)
    word, code = insert_characters(cpu, storage, low(cpu, r1), m3, second)
    if code == 0:
        set_low(cpu, r1, word)
    return code


@jit
def icmh(cpu, storage, insn):
    """INSERT CHARACTERS UNDER MASK (high), RSY-b. PoP ch. 7 "INSERT CHARACTERS UNDER MASK". cc 0-2."""
    r1, m3, second = rsy(cpu, insn)
    word, code = insert_characters(cpu, storage, high(cpu, r1), m3, second)
    if code == 0:
        set_high(cpu, r1, word)
    return code


@jit
def store_characters(cpu, storage, word, m3, second):
    """Store the bytes of word that m3 selects from second on; return a code.

    With a zero mask nothing is stored or referenced."""
    count = bytes_of_mask(m3)
    if count == u64(0):
        return 0
    span, code = probe_store(cpu, storage, second, count)
    if code != 0:
        return code
    stored = u64(0)
    for i in range(4):
        if on(m3 >> u64(3 - i), ONE):
            put_byte(span, stored, word >> u64(24 - 8 * i))
            stored += ONE
    return 0


@jit
def stcm(cpu, storage, insn):
    """STORE CHARACTERS UNDER MASK (low), RS-b. PoP ch. 7 "STORE CHARACTERS UNDER MASK". cc unchanged."""
    r1, m3, second = rs(cpu, insn)
    return store_characters(cpu, storage, low(cpu, r1), m3, second)


@jit
def stcmy(cpu, storage, insn):
    """STORE CHARACTERS UNDER MASK (low), RSY-b. PoP ch. 7 "STORE CHARACTERS UNDER MASK". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    return store_characters(cpu, storage, low(cpu, r1), m3, second)


@jit
def stcmh(cpu, storage, insn):
    """STORE CHARACTERS UNDER MASK (high), RSY-b. PoP ch. 7 "STORE CHARACTERS UNDER MASK". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    return store_characters(cpu, storage, high(cpu, r1), m3, second)
