"""FIND LEFTMOST ONE, POPULATION COUNT: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, leading_zeros, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.isa.operands import rre, rrf_c
from s390emu.storage.absolute import guest_of

ODD = u64(1)  # of a register number
LEFTMOST = bit(0)
WHOLE_REGISTER = u64(8)  # bit 0 of M3
EXTENSIONS_3 = bit(61)  # facility 61
EVERY_SECOND, EVERY_PAIR, EVERY_NIBBLE = u64(0x5555555555555555), u64(0x3333333333333333), u64(0x0F0F0F0F0F0F0F0F)
EVERY_BYTE = u64(0x0101010101010101)


@jit
def flogr(cpu, storage, insn):
    """FIND LEFTMOST ONE, RRE. PoP ch. 7 "FIND LEFTMOST ONE". cc 0, 2."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    value = cpu.gr[r2]
    zeros = leading_zeros(value)
    cpu.gr[r1] = zeros
    if value == u64(0):
        cpu.gr[r1 + ODD] = u64(0)
        cpu.cc = 0
    else:
        cpu.gr[r1 + ODD] = value & ~(LEFTMOST >> zeros)
        cpu.cc = 2
    return 0


@jit
def ones_in_bytes(value):
    """Return, in each byte, the number of ones in that byte of value."""
    value -= (value >> u64(1)) & EVERY_SECOND
    value = (value & EVERY_PAIR) + ((value >> u64(2)) & EVERY_PAIR)
    return (value + (value >> u64(4))) & EVERY_NIBBLE


@jit
def popcnt(cpu, storage, insn):
    """POPULATION COUNT, RRF-c. PoP ch. 7 "POPULATION COUNT". cc 0, 1.

    With the miscellaneous-instruction-extensions facility 3, bit 0 of M3 asks for one count of the whole register.
    """
    r1, r2, m3 = rrf_c(insn)
    count = ones_in_bytes(cpu.gr[r2])
    if on(m3, WHOLE_REGISTER) and on(guest_of(storage).facilities[0], EXTENSIONS_3):
        count = (count * EVERY_BYTE) >> u64(56)
    cpu.gr[r1] = count
    cpu.cc = 1 if count != u64(0) else 0
    return 0
