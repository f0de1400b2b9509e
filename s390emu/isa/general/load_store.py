"""Loads and stores of registers: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.isa.operands import rxy
from s390emu.storage.access import fetch_doubleword, store_doubleword


@jit
def lg(cpu, storage, insn):
    """LOAD (64), RXY-a. PoP ch. 7 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def stg(cpu, storage, insn):
    """STORE (64), RXY-a. PoP ch. 7 "STORE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_doubleword(cpu, storage, second, cpu.gr[r1])
