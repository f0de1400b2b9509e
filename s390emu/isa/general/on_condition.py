"""LOAD, STORE ON CONDITION and SELECT: PoP ch. 7.

If the condition does not hold, it depends on the model whether access exceptions are recognized for the storage
operand; this model then makes no reference.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.isa.general.branch import selected
from s390emu.isa.operands import LOW4, rie_g, rrf_a, rrf_c, rsy
from s390emu.isa.registers import high, set_high, set_low
from s390emu.storage.access import fetch_doubleword, fetch_word, store_doubleword, store_word

M4_SHIFT = u64(40)  # RRF-a: M4 in bits 20-23


# --- LOAD ON CONDITION, LOAD HALFWORD IMMEDIATE ON CONDITION ----------------------------------------------------------


@jit
def locr(cpu, storage, insn):
    """LOAD ON CONDITION (32), RRF-c. PoP ch. 7 "LOAD ON CONDITION". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    if selected(cpu, m3):
        set_low(cpu, r1, cpu.gr[r2])
    return 0


@jit
def locgr(cpu, storage, insn):
    """LOAD ON CONDITION (64), RRF-c. PoP ch. 7 "LOAD ON CONDITION". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    if selected(cpu, m3):
        cpu.gr[r1] = cpu.gr[r2]
    return 0


@jit
def locfhr(cpu, storage, insn):
    """LOAD HIGH ON CONDITION (32), RRF-c. PoP ch. 7 "LOAD HIGH ON CONDITION". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    if selected(cpu, m3):
        set_high(cpu, r1, high(cpu, r2))
    return 0


@jit
def lochi(cpu, storage, insn):
    """LOAD HALFWORD IMMEDIATE ON CONDITION (32<-16), RIE-g. PoP ch. 7. cc unchanged."""
    r1, i2, m3 = rie_g(insn)
    if selected(cpu, m3):
        set_low(cpu, r1, i2)
    return 0


@jit
def locghi(cpu, storage, insn):
    """LOAD HALFWORD IMMEDIATE ON CONDITION (64<-16), RIE-g. PoP ch. 7. cc unchanged."""
    r1, i2, m3 = rie_g(insn)
    if selected(cpu, m3):
        cpu.gr[r1] = i2
    return 0


@jit
def lochhi(cpu, storage, insn):
    """LOAD HALFWORD HIGH IMMEDIATE ON CONDITION (32<-16), RIE-g. PoP ch. 7. cc unchanged."""
    r1, i2, m3 = rie_g(insn)
    if selected(cpu, m3):
        set_high(cpu, r1, i2)
    return 0


@jit
def loc(cpu, storage, insn):
    """LOAD ON CONDITION (32), RSY-b. PoP ch. 7 "LOAD ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    if not selected(cpu, m3):
        return 0
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, value)
    return code


@jit
def locg(cpu, storage, insn):
    """LOAD ON CONDITION (64), RSY-b. PoP ch. 7 "LOAD ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    if not selected(cpu, m3):
        return 0
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def locfh(cpu, storage, insn):
    """LOAD HIGH ON CONDITION (32), RSY-b. PoP ch. 7 "LOAD HIGH ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    if not selected(cpu, m3):
        return 0
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, value)
    return code


# --- STORE ON CONDITION -----------------------------------------------------------------------------------------------


@jit
def stoc(cpu, storage, insn):
    """STORE ON CONDITION (32), RSY-b. PoP ch. 7 "STORE ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    return store_word(cpu, storage, second, cpu.gr[r1]) if selected(cpu, m3) else 0


@jit
def stocg(cpu, storage, insn):
    """STORE ON CONDITION (64), RSY-b. PoP ch. 7 "STORE ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    return store_doubleword(cpu, storage, second, cpu.gr[r1]) if selected(cpu, m3) else 0


@jit
def stocfh(cpu, storage, insn):
    """STORE HIGH ON CONDITION (32), RSY-b. PoP ch. 7 "STORE HIGH ON CONDITION". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    return store_word(cpu, storage, second, high(cpu, r1)) if selected(cpu, m3) else 0


# --- SELECT -----------------------------------------------------------------------------------------------------------


@jit
def selected_register(cpu, insn):
    """Return (r1, the register that the condition selects: r2 if it holds, else r3)."""
    r1, r2, r3 = rrf_a(insn)
    return r1, r2 if selected(cpu, (insn >> M4_SHIFT) & LOW4) else r3


@jit
def selr(cpu, storage, insn):
    """SELECT (32), RRF-a. PoP ch. 7 "SELECT". cc unchanged."""
    r1, chosen = selected_register(cpu, insn)
    set_low(cpu, r1, cpu.gr[chosen])
    return 0


@jit
def selgr(cpu, storage, insn):
    """SELECT (64), RRF-a. PoP ch. 7 "SELECT". cc unchanged."""
    r1, chosen = selected_register(cpu, insn)
    cpu.gr[r1] = cpu.gr[chosen]
    return 0


@jit
def selfhr(cpu, storage, insn):
    """SELECT HIGH (32), RRF-a. PoP ch. 7 "SELECT HIGH". cc unchanged."""
    r1, chosen = selected_register(cpu, insn)
    set_high(cpu, r1, high(cpu, chosen))
    return 0
