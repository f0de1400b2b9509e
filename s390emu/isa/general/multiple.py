"""LOAD MULTIPLE, STORE MULTIPLE, and pairs: PoP ch. 7.

The whole operand is probed before the first register or byte is changed: all or nothing. A base register may be among
those loaded.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import (
    DOUBLEWORD_BYTES,
    DOUBLEWORD_OFFSET,
    QUADWORD_BYTES,
    QUADWORD_OFFSET,
    WORD_BITS,
    WORD_BYTES,
    WORD_OFFSET,
)
from s390emu.isa.operands import LOW4, based, based_second, r8, r12, rs, rsy, rxy
from s390emu.isa.registers import high, set_high, set_low
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import (
    fetch_doubleword,
    fetch_word,
    get_doubleword,
    get_word,
    probe_fetch,
    probe_store,
    put_doubleword,
    put_word,
)
from s390emu.storage.access_registers import designate

ODD = u64(1)  # of a register number


@jit
def register_count(r1, r3):
    """Return the number of registers from r1 to r3, 0 following 15."""
    return ((r3 - r1) & LOW4) + u64(1)


@jit
def load_multiple_low(cpu, storage, r1, r3, second):
    """Load bits 32-63 of r1 to r3 with the words from second on; return a code."""
    count = register_count(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            set_low(cpu, (r1 + u64(i)) & LOW4, get_word(span, u64(i) * WORD_BYTES))
    return code


@jit
def lm(cpu, storage, insn):
    """LOAD MULTIPLE (32), RS-a. PoP ch. 7 "LOAD MULTIPLE". cc unchanged."""
    r1, r3, second = rs(cpu, insn)
    return load_multiple_low(cpu, storage, r1, r3, second)


@jit
def lmy(cpu, storage, insn):
    """LOAD MULTIPLE (32), RSY-a. PoP ch. 7 "LOAD MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    return load_multiple_low(cpu, storage, r1, r3, second)


@jit
def lmg(cpu, storage, insn):
    """LOAD MULTIPLE (64), RSY-a. PoP ch. 7 "LOAD MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    count = register_count(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count * DOUBLEWORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            cpu.gr[(r1 + u64(i)) & LOW4] = get_doubleword(span, u64(i) * DOUBLEWORD_BYTES)
    return code


@jit
def lmh(cpu, storage, insn):
    """LOAD MULTIPLE HIGH (32), RSY-a. PoP ch. 7 "LOAD MULTIPLE HIGH". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    count = register_count(r1, r3)
    span, code = probe_fetch(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            set_high(cpu, (r1 + u64(i)) & LOW4, get_word(span, u64(i) * WORD_BYTES))
    return code


@jit
def lmd(cpu, storage, insn):
    """LOAD MULTIPLE DISJOINT (64<-32&32), SS-e. PoP ch. 7 "LOAD MULTIPLE DISJOINT". cc unchanged.

    Bits 0-31 come from the second operand, bits 32-63 from the fourth; a base register may be loaded.
    """
    r1, r3, second, fourth = r8(insn), r12(insn), based(cpu, insn), based_second(cpu, insn)
    count = register_count(r1, r3)
    designate(storage, BASE_FIRST)
    high, code = probe_fetch(cpu, storage, second, count * WORD_BYTES)
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    low, code = probe_fetch(cpu, storage, fourth, count * WORD_BYTES)
    if code != 0:
        return code
    for i in range(i64(count)):
        word = u64(i) * WORD_BYTES
        cpu.gr[(r1 + u64(i)) & LOW4] = (get_word(high, word) << WORD_BITS) | get_word(low, word)
    return 0


# --- STORE MULTIPLE ---------------------------------------------------------------------------------------------------


@jit
def store_multiple_low(cpu, storage, r1, r3, second):
    """Store bits 32-63 of r1 to r3 as words from second on; return a code."""
    count = register_count(r1, r3)
    span, code = probe_store(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            put_word(span, u64(i) * WORD_BYTES, cpu.gr[(r1 + u64(i)) & LOW4])
    return code


@jit
def stm(cpu, storage, insn):
    """STORE MULTIPLE (32), RS-a. PoP ch. 7 "STORE MULTIPLE". cc unchanged."""
    r1, r3, second = rs(cpu, insn)
    return store_multiple_low(cpu, storage, r1, r3, second)


@jit
def stmy(cpu, storage, insn):
    """STORE MULTIPLE (32), RSY-a. PoP ch. 7 "STORE MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    return store_multiple_low(cpu, storage, r1, r3, second)


@jit
def stmg(cpu, storage, insn):
    """STORE MULTIPLE (64), RSY-a. PoP ch. 7 "STORE MULTIPLE". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    count = register_count(r1, r3)
    span, code = probe_store(cpu, storage, second, count * DOUBLEWORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            put_doubleword(span, u64(i) * DOUBLEWORD_BYTES, cpu.gr[(r1 + u64(i)) & LOW4])
    return code


@jit
def stmh(cpu, storage, insn):
    """STORE MULTIPLE HIGH (32), RSY-a. PoP ch. 7 "STORE MULTIPLE HIGH". cc unchanged."""
    r1, r3, second = rsy(cpu, insn)
    count = register_count(r1, r3)
    span, code = probe_store(cpu, storage, second, count * WORD_BYTES)
    if code == 0:
        for i in range(i64(count)):
            put_word(span, u64(i) * WORD_BYTES, high(cpu, (r1 + u64(i)) & LOW4))
    return code


# --- pairs ------------------------------------------------------------------------------------------------------------


@jit
def lpq(cpu, storage, insn):
    """LOAD PAIR FROM QUADWORD (64&64<-128), RXY-a. PoP ch. 7 "LOAD PAIR FROM QUADWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD) or on(second, QUADWORD_OFFSET):
        return SPECIFICATION
    span, code = probe_fetch(cpu, storage, second, QUADWORD_BYTES)
    if code == 0:
        cpu.gr[r1], cpu.gr[r1 + ODD] = get_doubleword(span, u64(0)), get_doubleword(span, DOUBLEWORD_BYTES)
    return code


@jit
def stpq(cpu, storage, insn):
    """STORE PAIR TO QUADWORD, RXY-a. PoP ch. 7 "STORE PAIR TO QUADWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD) or on(second, QUADWORD_OFFSET):
        return SPECIFICATION
    span, code = probe_store(cpu, storage, second, QUADWORD_BYTES)
    if code == 0:
        put_doubleword(span, u64(0), cpu.gr[r1])
        put_doubleword(span, DOUBLEWORD_BYTES, cpu.gr[r1 + ODD])
    return code


@jit
def lpd(cpu, storage, insn):
    """LOAD PAIR DISJOINT (32), SSF. PoP ch. 7 "LOAD PAIR DISJOINT". cc 0.

    cc 3, which says that another CPU stored between the two fetches, does not occur: CPUs execute one at a time.
    """
    r3, first, second = r8(insn), based(cpu, insn), based_second(cpu, insn)
    if on(r3, ODD) or on(first | second, WORD_OFFSET):
        return SPECIFICATION
    designate(storage, BASE_FIRST)
    value, code = fetch_word(cpu, storage, first)
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    other, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    set_low(cpu, r3, value)
    set_low(cpu, r3 + ODD, other)
    cpu.cc = 0
    return 0


@jit
def lpdg(cpu, storage, insn):
    """LOAD PAIR DISJOINT (64), SSF. PoP ch. 7 "LOAD PAIR DISJOINT". cc 0.

    cc 3, which says that another CPU stored between the two fetches, does not occur: CPUs execute one at a time.
    """
    r3, first, second = r8(insn), based(cpu, insn), based_second(cpu, insn)
    if on(r3, ODD) or on(first | second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    designate(storage, BASE_FIRST)
    value, code = fetch_doubleword(cpu, storage, first)
    if code != 0:
        return code
    designate(storage, BASE_SECOND)
    other, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r3], cpu.gr[r3 + ODD] = value, other
    cpu.cc = 0
    return 0
