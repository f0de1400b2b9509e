"""The manual's bit numbers: bit 0 is the leftmost of 64."""

from __future__ import annotations

import numpy as np

u64 = np.uint64


def bit(number: int):
    """Return a word with that one bit on."""
    return u64(1 << (63 - number))


def bits(first: int, last: int):
    """Return a word with bits first to last on."""
    return u64(((1 << (last - first + 1)) - 1) << (63 - last))


LOW8, LOW16, LOW32 = bits(56, 63), bits(48, 63), bits(32, 63)
