"""Units of information, the 4 KB block of absolute storage (a page of any address space is as large), and how many CPUs
there may be. PoP ch. 3 "Information Formats", "Storage"."""

from __future__ import annotations

from s390emu.architecture.bits import bits, u64

BYTE_BITS, HALFWORD_BITS, WORD_BITS = u64(8), u64(16), u64(32)
WORD_BYTES, DOUBLEWORD_BYTES, QUADWORD_BYTES = u64(4), u64(8), u64(16)
# The bits of an address that are zeros on such a boundary.
HALFWORD_OFFSET, WORD_OFFSET, DOUBLEWORD_OFFSET, QUADWORD_OFFSET = u64(1), u64(3), u64(7), u64(15)

BLOCK_SIZE = 4096  # bytes
BLOCK_BYTES = u64(BLOCK_SIZE)
BLOCK_SHIFT = u64(12)  # address to block number
OFFSET = bits(52, 63)  # of an address: the byte within its block
PAGE = ~OFFSET  # ... and its block
PAGE_INDEX = u64(0xFF)  # of a page number: its index in a page table
PREFIX_AREA_BYTES = 8192
CPUS_MOST = 8  # that a guest can have
