"""Loads and stores of the high-word facility: bits 0-31 of a general register. PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.sizes import BYTE_BITS, HALFWORD_BITS
from s390emu.isa.operands import rxy, sign_extend
from s390emu.isa.registers import high, set_high
from s390emu.storage.access import fetch_byte, fetch_halfword, fetch_word, store_byte, store_halfword, store_word


@jit
def lbh(cpu, storage, insn):
    """LOAD BYTE HIGH (32<-8), RXY-a. PoP ch. 7 "LOAD BYTE HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, sign_extend(value, BYTE_BITS))
    return code


@jit
def lhh(cpu, storage, insn):
    """LOAD HALFWORD HIGH (32<-16), RXY-a. PoP ch. 7 "LOAD HALFWORD HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, sign_extend(value, HALFWORD_BITS))
    return code


@jit
def lfh(cpu, storage, insn):
    """LOAD HIGH (32), RXY-a. PoP ch. 7 "LOAD HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, value)
    return code


@jit
def llch(cpu, storage, insn):
    """LOAD LOGICAL CHARACTER HIGH (32<-8), RXY-a. PoP ch. 7 "LOAD LOGICAL CHARACTER HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, value)
    return code


@jit
def llhh(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD HIGH (32<-16), RXY-a. PoP ch. 7 "LOAD LOGICAL HALFWORD HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_high(cpu, r1, value)
    return code


@jit
def stch(cpu, storage, insn):
    """STORE CHARACTER HIGH (8), RXY-a. PoP ch. 7 "STORE CHARACTER HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_byte(cpu, storage, second, high(cpu, r1))


@jit
def sthh(cpu, storage, insn):
    """STORE HALFWORD HIGH (16), RXY-a. PoP ch. 7 "STORE HALFWORD HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_halfword(cpu, storage, second, high(cpu, r1))


@jit
def stfh(cpu, storage, insn):
    """STORE HIGH (32), RXY-a. PoP ch. 7 "STORE HIGH". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_word(cpu, storage, second, high(cpu, r1))
