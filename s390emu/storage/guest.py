"""One guest's storage: the arrays behind the STORAGE record."""

from __future__ import annotations

import numpy as np

from s390emu._jit import record_in, u64
from s390emu.storage.decode_cache import DECODED_PAGE_BYTES
from s390emu.storage.prefixing import PREFIX_AREA
from s390emu.storage.state import BLOCK_SIZE, BLOCK_T, EVENT_T, NO_TIME, STORAGE_T

ADDRESSES = (
    "handlers", "slow_fetch", "slow_store", "slow_probe", "slow_assigned", "slow_instruction", "slow_decode",
    "find_target",     "slow_end", "slow_boundary", "frames", "frame_table", "blocks", "decode_directory", "decode_pool", "events",
)  # fmt: skip
OWN = [STORAGE_T.fields[name][1] // 8 for name in (*ADDRESSES, "decode_used")]  # doublewords of the record
DECODED_PAGES_MOST = 2048  # 64 MB of decoded instructions; more code than that is decoded again


def overwrite(array: np.ndarray, saved: np.ndarray) -> None:
    """All of a table: as bytes, since field by field takes ten times as long."""
    array.view(np.ndarray).view(np.uint8)[:] = saved.view(np.ndarray).view(np.uint8)


class GuestStorage:
    """Absolute storage of `size` bytes, all blocks stable and logically zero.

    record   the STORAGE record that compiled code is given; address: where it lies
    blocks   recarray of BLOCK, one per 4 KB
    events   recarray of EVENT, `record.event_count` of them filled
    """

    def __init__(self, size: int, *, event_capacity: int = 4096):
        if size < PREFIX_AREA or size % BLOCK_SIZE:
            least = f"at least the {PREFIX_AREA} of the prefix area"
            raise ValueError(f"storage of {size} bytes: it must be a positive multiple of {BLOCK_SIZE}, {least}")
        count = size // BLOCK_SIZE
        self.size = size
        self._record = np.zeros(1, STORAGE_T)
        self.record = record_in(self._record)
        self.blocks = np.zeros(count, BLOCK_T).view(np.recarray)
        self.blocks.invalid = self.blocks.zero = 1
        self.blocks.slot = self.blocks.frame = -1
        self.events = np.zeros(event_capacity, EVENT_T).view(np.recarray)
        self._directory = np.zeros(count, u64)
        pages = min(count, DECODED_PAGES_MOST)
        self._decoded = np.zeros(pages * int(DECODED_PAGE_BYTES), np.uint8)
        self.address: int = self._record.ctypes.data
        record = self.record
        record.blocks, record.block_count = self.blocks.ctypes.data, count
        record.decode_directory = self._directory.ctypes.data
        record.decode_pool, record.decode_pages = self._decoded.ctypes.data, pages
        record.events, record.event_capacity = self.events.ctypes.data, event_capacity
        record.tlb_on = 1
        record.last_class = -1
        record.host_event = NO_TIME

    def column(self, name: str) -> np.ndarray:
        """A field of the record as an array of one: for Python that looks often, since asking the record takes long."""
        return self._record[name]

    def block_column(self, name: str) -> np.ndarray:
        """A field of all blocks, likewise."""
        return self.blocks[name].view(np.ndarray)

    def snapshot(self) -> tuple[np.ndarray, ...]:
        """Record, blocks and events."""
        return self._record.copy(), self.blocks.copy(), self.events[: int(self.record.event_count)].copy()

    def restore(self, snapshot: tuple[np.ndarray, ...]) -> None:
        """The record's addresses stay: they are this guest's own. So does the decode cache: what does not fit the
        content that blocks have now, the host forgets when it restores that."""
        record, blocks, events = snapshot
        words = self._record.view(u64)
        own = words[OWN]
        overwrite(self._record, record)
        words[OWN] = own
        overwrite(self.blocks, blocks)
        self.events[: len(events)] = events

    def decoded_blocks(self) -> list[int]:
        """Numbers of the blocks that have decoded instructions, or room for them."""
        return np.flatnonzero(self._directory).tolist()
