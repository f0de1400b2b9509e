"""The 4 KB block of absolute storage, and a page of any address space, which is as large (PoP ch. 3 "Storage"); and how
many CPUs there may be."""

from __future__ import annotations

from s390emu.architecture.bits import bits, u64

BLOCK_SIZE = 4096  # bytes
BLOCK_BYTES = u64(BLOCK_SIZE)
BLOCK_SHIFT = u64(12)  # address to block number
OFFSET = bits(52, 63)  # of an address: the byte within its block
PAGE = ~OFFSET  # ... and its block
PREFIX_AREA_BYTES = 8192
CPUS_MOST = 8  # that a guest can have
