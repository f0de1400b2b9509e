"""What a processor does with 64-bit words in one instruction, and Python has no operator for. Words are uint64."""

from __future__ import annotations

from s390emu._jit.compiler import JIT, Intrinsic, jit, u64

if JIT:
    leading_zeros = Intrinsic("leading_zeros", returns=u64)
else:

    def leading_zeros(word):
        """Return the number of zeros to the left of the leftmost one; 64 if there is no one."""
        return u64(64 - int(word).bit_length())


@jit
def on(word, mask):
    """True if any bit of the mask is on in the word. word, mask: uint64."""
    return word & mask != u64(0)
