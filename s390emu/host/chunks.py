"""How large the frames of a host are, and what it does with larger ones than a block. Imports nothing."""

from __future__ import annotations

CHUNK_BLOCKS = {"4K": 1, "64K": 16, "2M": 512}  # blocks in what the host backs as one
CHUNKS = tuple(CHUNK_BLOCKS)
WHOLE, SPLIT, SUBPAGE = CHUNK_POLICIES = ("whole", "split", "subpage")  # host/pager.py says what they are
