"""Logical binary arithmetic, with and without carry: PoP ch. 7.

Kernels of 32 bits take the rightmost words of their operands; of their result, only the rightmost word is meaningful.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.sizes import BYTE_BITS
from s390emu.isa.operands import (
    rie_d,
    ril_logical,
    ril_signed,
    rr,
    rre,
    rrf_a,
    rx,
    rxy,
    sign_extend,
    siy,
)
from s390emu.isa.registers import high, low, set_high, set_low
from s390emu.storage.access import (
    fetch_doubleword,
    fetch_word,
    get_doubleword,
    get_word,
    probe_store,
    put_doubleword,
    put_word,
)

NO_CARRY, CARRY = u64(0), u64(1)


@jit
def sum64(cpu, augend, addend, carry_in):
    """Return the sum, and set cc 0-3 by the carry out of bit 0 and whether the sum is zero."""
    partial = augend + addend
    total = partial + carry_in
    carry = partial < augend or total < partial
    cpu.cc = (2 if carry else 0) + (1 if total != u64(0) else 0)
    return total


@jit
def sum32(cpu, augend, addend, carry_in):
    """Return the sum, and set cc 0-3 by the carry out of bit 32 and whether the sum is zero."""
    total = (augend & LOW32) + (addend & LOW32) + carry_in
    cpu.cc = (2 if total > LOW32 else 0) + (1 if on(total, LOW32) else 0)
    return total


@jit
def carry_of(cpu):
    """Return the carry that the last operation left in the condition code (after a subtraction, one means no
    borrow)."""
    return u64(cpu.cc >> 1)


@jit
def add64(cpu, r1, augend, addend):
    """Set r1 to the sum, and cc; return 0. So for the others: a subtraction adds the one's complement and 1."""
    cpu.gr[r1] = sum64(cpu, augend, addend, NO_CARRY)
    return 0


@jit
def add32(cpu, r1, augend, addend):
    set_low(cpu, r1, sum32(cpu, augend, addend, NO_CARRY))
    return 0


@jit
def subtract64(cpu, r1, minuend, subtrahend):
    cpu.gr[r1] = sum64(cpu, minuend, ~subtrahend, CARRY)
    return 0


@jit
def subtract32(cpu, r1, minuend, subtrahend):
    set_low(cpu, r1, sum32(cpu, minuend, ~subtrahend, CARRY))
    return 0


# --- ADD LOGICAL -----------------------------------------------------------------------------------------------------


@jit
def alr(cpu, storage, insn):
    """ADD LOGICAL (32), RR. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, r2 = rr(insn)
    return add32(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def algr(cpu, storage, insn):
    """ADD LOGICAL (64), RRE. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, r2 = rre(insn)
    return add64(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def algfr(cpu, storage, insn):
    """ADD LOGICAL (64<-32), RRE. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, r2 = rre(insn)
    return add64(cpu, r1, cpu.gr[r1], low(cpu, r2))


@jit
def alrk(cpu, storage, insn):
    """ADD LOGICAL (32), RRF-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return add32(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def algrk(cpu, storage, insn):
    """ADD LOGICAL (64), RRF-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return add64(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def al(cpu, storage, insn):
    """ADD LOGICAL (32), RX-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, second = rx(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], addend)


@jit
def aly(cpu, storage, insn):
    """ADD LOGICAL (32), RXY-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add32(cpu, r1, cpu.gr[r1], addend)


@jit
def alg(cpu, storage, insn):
    """ADD LOGICAL (64), RXY-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return add64(cpu, r1, cpu.gr[r1], addend)


@jit
def algf(cpu, storage, insn):
    """ADD LOGICAL (64<-32), RXY-a. PoP ch. 7 "ADD LOGICAL". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return add64(cpu, r1, cpu.gr[r1], addend)


@jit
def alfi(cpu, storage, insn):
    """ADD LOGICAL IMMEDIATE (32), RIL-a. PoP ch. 7 "ADD LOGICAL IMMEDIATE". cc 0-3."""
    r1, i2 = ril_logical(insn)
    return add32(cpu, r1, cpu.gr[r1], i2)


@jit
def algfi(cpu, storage, insn):
    """ADD LOGICAL IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "ADD LOGICAL IMMEDIATE". cc 0-3."""
    r1, i2 = ril_logical(insn)
    return add64(cpu, r1, cpu.gr[r1], i2)


@jit
def alhhhr(cpu, storage, insn):
    """ADD LOGICAL HIGH (32), RRF-a. PoP ch. 7 "ADD LOGICAL HIGH". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    set_high(cpu, r1, sum32(cpu, high(cpu, r2), high(cpu, r3), NO_CARRY))
    return 0


@jit
def alhhlr(cpu, storage, insn):
    """ADD LOGICAL HIGH (32), RRF-a. PoP ch. 7 "ADD LOGICAL HIGH". cc 0-3. The third operand is a low word."""
    r1, r2, r3 = rrf_a(insn)
    set_high(cpu, r1, sum32(cpu, high(cpu, r2), cpu.gr[r3], NO_CARRY))
    return 0


@jit
def alhsik(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE (32<-16), RIE-d. PoP ch. 7 "ADD LOGICAL WITH SIGNED IMMEDIATE". cc 0-3."""
    r1, r3, i2 = rie_d(insn)
    return add32(cpu, r1, cpu.gr[r3], i2)


@jit
def alghsik(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE (64<-16), RIE-d. PoP ch. 7 "ADD LOGICAL WITH SIGNED IMMEDIATE". cc 0-3."""
    r1, r3, i2 = rie_d(insn)
    return add64(cpu, r1, cpu.gr[r3], i2)


@jit
def alsi(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE (32<-8), SIY. PoP ch. 7 "ADD LOGICAL WITH SIGNED IMMEDIATE". cc 0-3."""
    first, i2 = siy(cpu, insn)
    target, code = probe_store(cpu, storage, first, u64(4))
    if code != 0:
        return code
    total = sum32(cpu, get_word(target, u64(0)), sign_extend(i2, BYTE_BITS), NO_CARRY)
    put_word(target, u64(0), total)
    return 0


@jit
def algsi(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE (64<-8), SIY. PoP ch. 7 "ADD LOGICAL WITH SIGNED IMMEDIATE". cc 0-3."""
    first, i2 = siy(cpu, insn)
    target, code = probe_store(cpu, storage, first, u64(8))
    if code != 0:
        return code
    total = sum64(cpu, get_doubleword(target, u64(0)), sign_extend(i2, BYTE_BITS), NO_CARRY)
    put_doubleword(target, u64(0), total)
    return 0


@jit
def alsih(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE HIGH (32), RIL-a. PoP ch. 7
    "ADD LOGICAL WITH SIGNED IMMEDIATE HIGH". cc 0-3."""
    r1, i2 = ril_signed(insn)
    set_high(cpu, r1, sum32(cpu, high(cpu, r1), i2, NO_CARRY))
    return 0


@jit
def alsihn(cpu, storage, insn):
    """ADD LOGICAL WITH SIGNED IMMEDIATE HIGH (32), RIL-a. PoP ch. 7
    "ADD LOGICAL WITH SIGNED IMMEDIATE HIGH". cc unchanged."""
    r1, i2 = ril_signed(insn)
    set_high(cpu, r1, high(cpu, r1) + i2)
    return 0


# --- ADD LOGICAL WITH CARRY ------------------------------------------------------------------------------------------


@jit
def alcr(cpu, storage, insn):
    """ADD LOGICAL WITH CARRY (32), RRE. PoP ch. 7 "ADD LOGICAL WITH CARRY". cc 0-3."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, sum32(cpu, cpu.gr[r1], cpu.gr[r2], carry_of(cpu)))
    return 0


@jit
def alcgr(cpu, storage, insn):
    """ADD LOGICAL WITH CARRY (64), RRE. PoP ch. 7 "ADD LOGICAL WITH CARRY". cc 0-3."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = sum64(cpu, cpu.gr[r1], cpu.gr[r2], carry_of(cpu))
    return 0


@jit
def alc(cpu, storage, insn):
    """ADD LOGICAL WITH CARRY (32), RXY-a. PoP ch. 7 "ADD LOGICAL WITH CARRY". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    set_low(cpu, r1, sum32(cpu, cpu.gr[r1], addend, carry_of(cpu)))
    return 0


@jit
def alcg(cpu, storage, insn):
    """ADD LOGICAL WITH CARRY (64), RXY-a. PoP ch. 7 "ADD LOGICAL WITH CARRY". cc 0-3."""
    r1, second = rxy(cpu, insn)
    addend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r1] = sum64(cpu, cpu.gr[r1], addend, carry_of(cpu))
    return 0


# --- SUBTRACT LOGICAL ------------------------------------------------------------------------------------------------


@jit
def slr(cpu, storage, insn):
    """SUBTRACT LOGICAL (32), RR. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, r2 = rr(insn)
    return subtract32(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def slgr(cpu, storage, insn):
    """SUBTRACT LOGICAL (64), RRE. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, cpu.gr[r1], cpu.gr[r2])


@jit
def slgfr(cpu, storage, insn):
    """SUBTRACT LOGICAL (64<-32), RRE. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, r2 = rre(insn)
    return subtract64(cpu, r1, cpu.gr[r1], low(cpu, r2))


@jit
def slrk(cpu, storage, insn):
    """SUBTRACT LOGICAL (32), RRF-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, r2, r3 = rrf_a(insn)
    return subtract32(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def slgrk(cpu, storage, insn):
    """SUBTRACT LOGICAL (64), RRF-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, r2, r3 = rrf_a(insn)
    return subtract64(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def sl(cpu, storage, insn):
    """SUBTRACT LOGICAL (32), RX-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, second = rx(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def sly(cpu, storage, insn):
    """SUBTRACT LOGICAL (32), RXY-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract32(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def slg(cpu, storage, insn):
    """SUBTRACT LOGICAL (64), RXY-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return subtract64(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def slgf(cpu, storage, insn):
    """SUBTRACT LOGICAL (64<-32), RXY-a. PoP ch. 7 "SUBTRACT LOGICAL". cc 1-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return subtract64(cpu, r1, cpu.gr[r1], subtrahend)


@jit
def slfi(cpu, storage, insn):
    """SUBTRACT LOGICAL IMMEDIATE (32), RIL-a. PoP ch. 7 "SUBTRACT LOGICAL IMMEDIATE". cc 1-3."""
    r1, i2 = ril_logical(insn)
    return subtract32(cpu, r1, cpu.gr[r1], i2)


@jit
def slgfi(cpu, storage, insn):
    """SUBTRACT LOGICAL IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "SUBTRACT LOGICAL IMMEDIATE". cc 1-3."""
    r1, i2 = ril_logical(insn)
    return subtract64(cpu, r1, cpu.gr[r1], i2)


@jit
def slhhhr(cpu, storage, insn):
    """SUBTRACT LOGICAL HIGH (32), RRF-a. PoP ch. 7 "SUBTRACT LOGICAL HIGH". cc 1-3."""
    r1, r2, r3 = rrf_a(insn)
    set_high(cpu, r1, sum32(cpu, high(cpu, r2), ~high(cpu, r3), CARRY))
    return 0


@jit
def slhhlr(cpu, storage, insn):
    """SUBTRACT LOGICAL HIGH (32), RRF-a. PoP ch. 7 "SUBTRACT LOGICAL HIGH". cc 1-3. The third operand is a low word."""
    r1, r2, r3 = rrf_a(insn)
    set_high(cpu, r1, sum32(cpu, high(cpu, r2), ~cpu.gr[r3], CARRY))
    return 0


# --- SUBTRACT LOGICAL WITH BORROW ------------------------------------------------------------------------------------


@jit
def slbr(cpu, storage, insn):
    """SUBTRACT LOGICAL WITH BORROW (32), RRE. PoP ch. 7 "SUBTRACT LOGICAL WITH BORROW". cc 0-3."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, sum32(cpu, cpu.gr[r1], ~cpu.gr[r2], carry_of(cpu)))
    return 0


@jit
def slbgr(cpu, storage, insn):
    """SUBTRACT LOGICAL WITH BORROW (64), RRE. PoP ch. 7 "SUBTRACT LOGICAL WITH BORROW". cc 0-3."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = sum64(cpu, cpu.gr[r1], ~cpu.gr[r2], carry_of(cpu))
    return 0


@jit
def slb(cpu, storage, insn):
    """SUBTRACT LOGICAL WITH BORROW (32), RXY-a. PoP ch. 7 "SUBTRACT LOGICAL WITH BORROW". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    set_low(cpu, r1, sum32(cpu, cpu.gr[r1], ~subtrahend, carry_of(cpu)))
    return 0


@jit
def slbg(cpu, storage, insn):
    """SUBTRACT LOGICAL WITH BORROW (64), RXY-a. PoP ch. 7 "SUBTRACT LOGICAL WITH BORROW". cc 0-3."""
    r1, second = rxy(cpu, insn)
    subtrahend, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r1] = sum64(cpu, cpu.gr[r1], ~subtrahend, carry_of(cpu))
    return 0
