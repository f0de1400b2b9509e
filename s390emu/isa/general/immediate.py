"""LOAD (LOGICAL) IMMEDIATE, INSERT IMMEDIATE and MOVE (immediate): PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import bits
from s390emu.isa.operands import ri_logical, ri_signed, ril_logical, ril_signed, si, sil_signed, siy
from s390emu.isa.registers import set_high, set_low
from s390emu.storage.access import store_byte, store_doubleword, store_halfword, store_word

BITS_0_15, BITS_16_31, BITS_32_47, BITS_48_63 = bits(0, 15), bits(16, 31), bits(32, 47), bits(48, 63)


@jit
def lhi(cpu, storage, insn):
    """LOAD HALFWORD IMMEDIATE (32<-16), RI-a. PoP ch. 7 "LOAD HALFWORD IMMEDIATE". cc unchanged."""
    r1, i2 = ri_signed(insn)
    set_low(cpu, r1, i2)
    return 0


@jit
def lghi(cpu, storage, insn):
    """LOAD HALFWORD IMMEDIATE (64<-16), RI-a. PoP ch. 7 "LOAD HALFWORD IMMEDIATE". cc unchanged."""
    r1, i2 = ri_signed(insn)
    cpu.gr[r1] = i2
    return 0


@jit
def lgfi(cpu, storage, insn):
    """LOAD IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "LOAD IMMEDIATE". cc unchanged."""
    r1, i2 = ril_signed(insn)
    cpu.gr[r1] = i2
    return 0


# --- LOAD LOGICAL IMMEDIATE, INSERT IMMEDIATE -------------------------------------------------------------------------


@jit
def llihh(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (high high), RI-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = i2 << u64(48)
    return 0


@jit
def llihl(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (high low), RI-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = i2 << u64(32)
    return 0


@jit
def llilh(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (low high), RI-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = i2 << u64(16)
    return 0


@jit
def llill(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (low low), RI-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = i2
    return 0


@jit
def llihf(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (high), RIL-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ril_logical(insn)
    cpu.gr[r1] = i2 << u64(32)
    return 0


@jit
def llilf(cpu, storage, insn):
    """LOAD LOGICAL IMMEDIATE (low), RIL-a. PoP ch. 7 "LOAD LOGICAL IMMEDIATE". cc unchanged."""
    r1, i2 = ril_logical(insn)
    cpu.gr[r1] = i2
    return 0


@jit
def iihh(cpu, storage, insn):
    """INSERT IMMEDIATE (high high), RI-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = (cpu.gr[r1] & ~BITS_0_15) | (i2 << u64(48))
    return 0


@jit
def iihl(cpu, storage, insn):
    """INSERT IMMEDIATE (high low), RI-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = (cpu.gr[r1] & ~BITS_16_31) | (i2 << u64(32))
    return 0


@jit
def iilh(cpu, storage, insn):
    """INSERT IMMEDIATE (low high), RI-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = (cpu.gr[r1] & ~BITS_32_47) | (i2 << u64(16))
    return 0


@jit
def iill(cpu, storage, insn):
    """INSERT IMMEDIATE (low low), RI-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ri_logical(insn)
    cpu.gr[r1] = (cpu.gr[r1] & ~BITS_48_63) | i2
    return 0


@jit
def iihf(cpu, storage, insn):
    """INSERT IMMEDIATE (high), RIL-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ril_logical(insn)
    set_high(cpu, r1, i2)
    return 0


@jit
def iilf(cpu, storage, insn):
    """INSERT IMMEDIATE (low), RIL-a. PoP ch. 7 "INSERT IMMEDIATE". cc unchanged."""
    r1, i2 = ril_logical(insn)
    set_low(cpu, r1, i2)
    return 0


# --- MOVE (immediate) -------------------------------------------------------------------------------------------------


@jit
def mvi(cpu, storage, insn):
    """MOVE (immediate), SI. PoP ch. 7 "MOVE". cc unchanged."""
    first, i2 = si(cpu, insn)
    return store_byte(cpu, storage, first, i2)


@jit
def mviy(cpu, storage, insn):
    """MOVE (immediate), SIY. PoP ch. 7 "MOVE". cc unchanged."""
    first, i2 = siy(cpu, insn)
    return store_byte(cpu, storage, first, i2)


@jit
def mvhhi(cpu, storage, insn):
    """MOVE (16<-16), SIL. PoP ch. 7 "MOVE". cc unchanged."""
    first, i2 = sil_signed(cpu, insn)
    return store_halfword(cpu, storage, first, i2)


@jit
def mvhi(cpu, storage, insn):
    """MOVE (32<-16), SIL. PoP ch. 7 "MOVE". cc unchanged."""
    first, i2 = sil_signed(cpu, insn)
    return store_word(cpu, storage, first, i2)


@jit
def mvghi(cpu, storage, insn):
    """MOVE (64<-16), SIL. PoP ch. 7 "MOVE". cc unchanged."""
    first, i2 = sil_signed(cpu, insn)
    return store_doubleword(cpu, storage, first, i2)
