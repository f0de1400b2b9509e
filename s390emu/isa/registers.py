"""The halves of a general register: 32-bit operands are bits 32-63 (or, of the high-word facility, bits 0-31) and leave
the others unchanged. PoP ch. 2 "General Registers"."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.bits import LOW32, bits
from s390emu.architecture.sizes import WORD_BITS

HIGH32 = bits(0, 31)


@jit
def low(cpu, r):
    """Return bits 32-63 of a general register, zero-extended."""
    return cpu.gr[r] & LOW32


@jit
def high(cpu, r):
    """Return bits 0-31 of a general register, right-aligned."""
    return cpu.gr[r] >> WORD_BITS


@jit
def set_low(cpu, r, value):
    """Replace bits 32-63 of a general register by the rightmost word of value."""
    cpu.gr[r] = (cpu.gr[r] & HIGH32) | (value & LOW32)


@jit
def set_high(cpu, r, value):
    """Replace bits 0-31 of a general register by the rightmost word of value."""
    cpu.gr[r] = (value << WORD_BITS) | (cpu.gr[r] & LOW32)
