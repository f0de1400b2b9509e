"""Many snapshots of the same page frames, in the room of what changed between them."""

from __future__ import annotations

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE

ZEROS = bytes(BLOCK_SIZE)
WORDS = np.uint64  # frames are compared as words: eight times as fast as bytes


class Pages:
    """The content of the first so many frames at one moment; NumPy takes it for the array that it is.

    rows: the content of each frame. An object that several moments have in common exists once."""

    def __init__(self, rows: list[bytes]):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.frombuffer(b"".join(self.rows), np.uint8).reshape(len(self.rows), BLOCK_SIZE)


class PagePool:
    """Keeps contents, and those frames only once that are what they were when it was last asked to."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._last = np.zeros((0, BLOCK_SIZE), np.uint8)

    def keep(self, memory: np.ndarray) -> Pages:
        """Return the content of these frames, which nothing changes any more."""
        known = min(len(memory), len(self._last))
        differs = (memory[:known].view(WORDS) != self._last[:known].view(WORDS)).any(axis=1)
        rows = self._rows[:known] + [ZEROS] * (len(memory) - known)
        for number in [*np.flatnonzero(differs).tolist(), *range(known, len(memory))]:
            content = memory[number].tobytes()
            rows[number] = ZEROS if content == ZEROS else content
        if len(memory) > len(self._last):
            self._last = memory.copy()
        else:
            self._last = self._last[: len(memory)]
            self._last[differs] = memory[differs]
        self._rows = rows
        return Pages(rows)
