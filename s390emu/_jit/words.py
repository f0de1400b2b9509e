"""Tests of the bits of a 64-bit word."""

from __future__ import annotations

from s390emu._jit.compiler import jit, u64


@jit
def on(word, mask):
    """True if any bit of the mask is on in the word. word, mask: uint64."""
    return word & mask != u64(0)
