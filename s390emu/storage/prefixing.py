"""Prefixing: real to absolute. PoP ch. 3 "Prefixing": the first 8 KB and the 8 KB at the prefix change places."""

from __future__ import annotations

from s390emu._jit import jit, u64

PREFIX_AREA = u64(0x2000)
WITHIN_PREFIX_AREA = u64(0x1FFF)


@jit
def apply_prefix(cpu, real):
    """Return the absolute address of a real address. The mapping is its own inverse."""
    area = real & ~WITHIN_PREFIX_AREA
    if area == u64(0):
        return cpu.prefix | real
    if area == cpu.prefix:
        return real & WITHIN_PREFIX_AREA
    return real
