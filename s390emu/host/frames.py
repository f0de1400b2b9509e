"""The page frames themselves: their bytes, their table, and which are free.

They form aligned runs of `chunk` frames. A run backs a chunk of a guest, as one mapping: block n of the chunk is in
frame n of the run, or would be, if it has no content at present: its place is kept. A broken run is so many frames on
their own, each with whatever block needed one; when the last of them is free again the run is whole again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from s390emu._jit import prefer_large_pages
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.pool import FREE, POOL_T
from s390emu.records.blocks import FRAME_T
from s390emu.storage.guest import overwrite

CHUNK_MOST = 512  # blocks: 2 MB
POSSIBLE_CHUNKS = tuple(1 << n for n in range(CHUNK_MOST.bit_length()))


class FramesSnapshot(NamedTuple):
    """The state of `Frames`: bytes up to the last frame in use."""

    memory: Any  # an array, or what NumPy takes for one
    table: np.ndarray
    broken: np.ndarray
    free_runs: list[int]
    free_singles: list[int]


class Frames:
    """`count` frames in runs of `chunk`, a power of two.

    memory   their bytes, a row for each frame
    table    their FRAME records; guests, blocks: its columns
    broken   a byte for each run: 1, its frames are on their own
    record   what compiled code is told of them (`pool`)
    """

    def __init__(self, count: int, chunk: int):
        if count % chunk:
            less, more = count // chunk * chunk, (count // chunk + 1) * chunk
            either = f"{less} frames or {more}" if less else f"{more} frames"
            raise ValueError(f"{count} frames and chunks of {chunk}: give the host {either}, so many chunks")
        self.count, self.chunk = count, chunk
        self.run_shift = chunk.bit_length() - 1
        # One block more than needed: frames start on a block boundary.
        self._memory = np.zeros((count + 1) * BLOCK_SIZE, np.uint8)
        prefer_large_pages(self._memory)
        start = -self._memory.ctypes.data % BLOCK_SIZE
        self.memory = self._memory[start : start + count * BLOCK_SIZE].reshape(count, BLOCK_SIZE)
        self.table = np.zeros(count, FRAME_T).view(np.recarray)
        self.table.guest = FREE
        # As plain arrays: looking at one entry is ten times as fast.
        self.guests, self.blocks = (self.table[name].view(np.ndarray) for name in ("guest", "block"))
        self.broken = np.zeros(count // chunk, np.uint8)
        self._free = bytearray(b"\1" * (count // chunk))  # a byte for each run: 1, it is free
        self._free_singles: list[int] = []  # free frames of broken runs; a heap: the lowest first
        self._free_view = np.frombuffer(self._free, np.uint8)
        self.record = np.zeros(1, POOL_T)
        for name, array in (("frames", self.memory), ("frame_table", self.table), ("broken", self.broken),
                            ("free", self._free_view)):  # fmt: skip
            self.record[name] = array.ctypes.data
        self.record["frame_count"], self.record["run_shift"] = count, self.run_shift
        self._free_runs, self._lowest_free = (self.record[name].data for name in ("free_runs", "lowest_free"))
        self._free_runs[0] = count // chunk

    @property
    def in_use(self) -> int:
        """Return how many frames nobody else can have. Those of runs that back a chunk all count: the places of blocks
        without content are of no use to others."""
        return self.count - self._free_runs[0] * self.chunk - len(self._free_singles)

    @property
    def free(self) -> set[int]:
        """Return the free frames."""
        return {first + n for first in self._all_free_runs() for n in range(self.chunk)} | set(self._free_singles)

    def _all_free_runs(self) -> list[int]:
        """Return the free runs, by their first frame, the lowest first."""
        return (np.flatnonzero(self._free_view) * self.chunk).tolist()

    @property
    def has_free_run(self) -> bool:
        """True if a whole run is free."""
        return self._free_runs[0] != 0

    @property
    def has_free_single(self) -> bool:
        """True if a broken run has a free frame."""
        return bool(self._free_singles)

    def is_broken(self, frame: int) -> bool:
        """True if the run of this frame is broken."""
        return bool(self.broken[frame >> self.run_shift])

    def start(self, number: int) -> int:
        """Return the first frame of the run that this one belongs to; likewise of blocks, the first of the chunk."""
        return number & -self.chunk

    def unbroken(self, frames: np.ndarray) -> int:
        """Return how many of these frames belong to runs that are not broken."""
        return int((self.broken[frames >> self.run_shift] == 0).sum())

    # --- taking and giving back --------------------------------------------------------------------------------------

    def pop_run(self) -> int:
        """Take a free run, the lowest: return its first frame."""
        run = self._free.index(1, self._lowest_free[0])
        self._free[run] = 0
        self._free_runs[0] -= 1
        self._lowest_free[0] = run + 1
        return run << self.run_shift

    def _push_run(self, first: int) -> None:
        """Let a run be free."""
        run = first >> self.run_shift
        self._free[run] = 1
        self._free_runs[0] += 1
        self._lowest_free[0] = min(self._lowest_free[0], run)

    def pop_single(self) -> int:
        """Take a free frame by itself; a free run is broken for it if there is no other."""
        if not self._free_singles:
            first = self.pop_run()
            self.break_run(first)
            self._free_singles = list(range(first, first + self.chunk))
        return heapq.heappop(self._free_singles)

    def assign(self, first: int, length: int, guest_number: int, block: int) -> None:
        """Note that these frames are the places of so many blocks of a guest from `block` on."""
        here = slice(first, first + length)
        self.guests[here], self.blocks[here] = guest_number, np.arange(block, block + length)

    def break_run(self, frame: int) -> None:
        """Let the run of this frame back no chunk any more: its frames are on their own."""
        self.broken[frame >> self.run_shift] = 1

    def give_back(self, frame: int) -> None:
        """Free this frame of a broken run, or else the whole run."""
        first = self.start(frame)
        if not self.is_broken(frame):
            self.guests[first : first + self.chunk] = FREE
            self._push_run(first)
            return
        self.guests[frame] = FREE
        heapq.heappush(self._free_singles, frame)
        if (self.guests[first : first + self.chunk] == FREE).all():
            self.broken[first >> self.run_shift] = 0
            self._free_singles = [single for single in self._free_singles if self.start(single) != first]
            heapq.heapify(self._free_singles)
            self._push_run(first)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self, keep: Callable[[np.ndarray], Any] = np.copy) -> FramesSnapshot:
        """Return what `restore` wants. keep: makes of the frames' content what does not change any more."""
        in_use = np.flatnonzero(self.guests != FREE)
        memory = keep(self.memory[: in_use[-1] + 1 if len(in_use) else 0])
        return FramesSnapshot(
            memory, self.table.copy(), self.broken.copy(), self._all_free_runs(), self._free_singles.copy()
        )

    def restore(self, snapshot: FramesSnapshot) -> None:
        """Go back to a snapshot."""
        self.memory[: len(snapshot.memory)] = snapshot.memory
        overwrite(self.table, snapshot.table)
        self.broken[:] = snapshot.broken
        self._free_singles = snapshot.free_singles.copy()
        self._free_view[:] = 0
        self._free_view[np.array(snapshot.free_runs, np.int64) >> self.run_shift] = 1
        self._free_runs[0], self._lowest_free[0] = len(snapshot.free_runs), 0
