"""The page frames themselves: their bytes, their table, and which are free.

They form aligned runs of `chunk` frames. A run backs a chunk of a guest, as one mapping: block n of the chunk is in
frame n of the run, or would be, if it has no content at present: its place is kept. A broken run is so many frames on
their own, each with whatever block needed one; when the last of them is free again the run is whole again.
"""

from __future__ import annotations

import heapq

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.pager import FREE, POOL_T
from s390emu.records.blocks import FRAME_T

WHOLE, SPLIT, SUBPAGE = CHUNK_POLICIES = ("whole", "split", "subpage")
CHUNK_MOST = 512  # blocks: 2 MB
POSSIBLE_CHUNKS = tuple(1 << n for n in range(CHUNK_MOST.bit_length()))


class Frames:
    """frames: how many; chunk: how many make a run, a power of two. divisible: may a run in use be broken?"""

    def __init__(self, frames: int, chunk: int, divisible: bool, zero_detect: bool):
        if frames % chunk:
            less, more = frames // chunk * chunk, (frames // chunk + 1) * chunk
            either = f"{less} frames or {more}" if less else f"{more} frames"
            raise ValueError(f"{frames} frames and chunks of {chunk}: give the host {either}, so many chunks")
        self.frame_count, self.chunk, self.divisible = frames, chunk, divisible
        # One block more than needed: frames start on a block boundary.
        self._memory = np.zeros((frames + 1) * BLOCK_SIZE, np.uint8)
        start = -self._memory.ctypes.data % BLOCK_SIZE
        self.memory = self._memory[start : start + frames * BLOCK_SIZE].reshape(frames, BLOCK_SIZE)
        self.frame_table = np.zeros(frames, FRAME_T).view(np.recarray)
        self.frame_table.guest = FREE
        # The same columns as plain arrays: looking at one entry is ten times as fast.
        self._guests, self._blocks = (self.frame_table[name].view(np.ndarray) for name in ("guest", "block"))
        self._free = list(range(0, frames, chunk))  # runs by their first frame; a heap: the lowest first
        self._singles: list[int] = []  # free frames of broken runs, likewise
        self._shift = chunk.bit_length() - 1
        self._broken = np.zeros(frames // chunk, np.uint8)
        # What compiled code is told.
        self._how = np.zeros(2 * chunk, np.uint8).reshape(-1, 2)
        self._guest_records = self._kept = np.zeros(0, np.uint64)
        self._record = np.zeros(1, POOL_T)
        for name, array in (("frames", self.memory), ("frame_table", self.frame_table), ("broken", self._broken),
                            ("how", self._how)):  # fmt: skip
            self._record[name] = array.ctypes.data
        self._record["frame_count"], self._record["shift"] = frames, self._shift
        self._record["divisible"], self._record["zero_detect"] = divisible, zero_detect
        self._pool: int = self._record.ctypes.data

    def _tell_guests(self, addresses: list[tuple[int, int]]) -> None:
        """Where the GUEST record of each guest lies, and its bytes of what is kept for it."""
        self._guest_records, self._kept = np.array(addresses, np.uint64).T.copy()
        self._record["guests"], self._record["kept"] = self._guest_records.ctypes.data, self._kept.ctypes.data

    @property
    def frames_in_use(self) -> int:
        """Those of runs that back a chunk all count: the places of blocks without content are of no use to others."""
        return self.frame_count - len(self._free) * self.chunk - len(self._singles)

    def is_broken(self, frame: int) -> bool:
        return bool(self._broken[frame >> self._shift])

    def _first_of(self, frame: int) -> int:
        """The first frame of its run."""
        return frame & -self.chunk

    def _single_frame(self) -> int:
        """A free frame by itself; a free run is broken for it if there is no other."""
        if not self._singles:
            first = heapq.heappop(self._free)
            self._broken[first >> self._shift] = 1
            self._singles = list(range(first, first + self.chunk))
        return heapq.heappop(self._singles)

    def _break(self, frame: int) -> None:
        """The run that this frame belongs to, in use, backs no chunk any more: its frames are on their own."""
        self._broken[frame >> self._shift] = 1

    def _give_back(self, frame: int) -> None:
        """Of a broken run this frame is free, else the whole run."""
        first = self._first_of(frame)
        run = self._guests[first : first + self.chunk]
        if not self.is_broken(frame):
            run[:] = FREE
            heapq.heappush(self._free, first)
            return
        self._guests[frame] = FREE
        heapq.heappush(self._singles, frame)
        if (run == FREE).all():
            self._broken[first >> self._shift] = 0
            self._singles = [single for single in self._singles if self._first_of(single) != first]
            heapq.heapify(self._singles)
            heapq.heappush(self._free, first)
