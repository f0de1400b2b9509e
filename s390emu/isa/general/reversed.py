"""LOAD REVERSED, STORE REVERSED: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import LOW16, bits
from s390emu.isa.operands import rre, rxy
from s390emu.isa.registers import set_low
from s390emu.storage.access import (
    fetch_doubleword,
    fetch_halfword,
    fetch_word,
    store_doubleword,
    store_halfword,
    store_word,
)

EVEN_HALFWORDS = bits(0, 15) | bits(32, 47)
EVEN_BYTES = bits(0, 7) | bits(16, 23) | bits(32, 39) | bits(48, 55)


@jit
def reverse(value):
    """Return the eight bytes in reverse order."""
    value = ((value & EVEN_BYTES) >> u64(8)) | ((value << u64(8)) & EVEN_BYTES)
    value = ((value & EVEN_HALFWORDS) >> u64(16)) | ((value << u64(16)) & EVEN_HALFWORDS)
    return (value >> u64(32)) | (value << u64(32))


@jit
def reverse_word(value):
    """Return the rightmost four bytes in reverse order."""
    return reverse(value) >> u64(32)


@jit
def lrvr(cpu, storage, insn):
    """LOAD REVERSED (32), RRE. PoP ch. 7 "LOAD REVERSED". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, reverse_word(cpu.gr[r2]))
    return 0


@jit
def lrvgr(cpu, storage, insn):
    """LOAD REVERSED (64), RRE. PoP ch. 7 "LOAD REVERSED". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = reverse(cpu.gr[r2])
    return 0


@jit
def lrvh(cpu, storage, insn):
    """LOAD REVERSED (16), RXY-a. PoP ch. 7 "LOAD REVERSED". cc unchanged.

    Bits 0-47 remain unchanged.
    """
    r1, second = rxy(cpu, insn)
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW16) | (reverse(value) >> u64(48))
    return code


@jit
def lrv(cpu, storage, insn):
    """LOAD REVERSED (32), RXY-a. PoP ch. 7 "LOAD REVERSED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, reverse_word(value))
    return code


@jit
def lrvg(cpu, storage, insn):
    """LOAD REVERSED (64), RXY-a. PoP ch. 7 "LOAD REVERSED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = reverse(value)
    return code


@jit
def strvh(cpu, storage, insn):
    """STORE REVERSED (16), RXY-a. PoP ch. 7 "STORE REVERSED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_halfword(cpu, storage, second, reverse(cpu.gr[r1]) >> u64(48))


@jit
def strv(cpu, storage, insn):
    """STORE REVERSED (32), RXY-a. PoP ch. 7 "STORE REVERSED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_word(cpu, storage, second, reverse_word(cpu.gr[r1]))


@jit
def strvg(cpu, storage, insn):
    """STORE REVERSED (64), RXY-a. PoP ch. 7 "STORE REVERSED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_doubleword(cpu, storage, second, reverse(cpu.gr[r1]))
