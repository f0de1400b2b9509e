"""The manual's bit numbers: bit 0 is the leftmost of 64."""

from __future__ import annotations

from s390emu._jit import jit, u64


def bit(number: int):
    """A word with that one bit on."""
    return u64(1 << (63 - number))


def bits(first: int, last: int):
    """A word with bits first..last on."""
    return u64(((1 << (last - first + 1)) - 1) << (63 - last))


LOW8, LOW16, LOW32 = bits(56, 63), bits(48, 63), bits(32, 63)


@jit
def field(word, start, width):
    """Bits start..start+width-1, right-aligned. start, width: uint64, so that there is one compilation."""
    return (word >> (u64(64) - start - width)) & ((u64(1) << width) - u64(1))
