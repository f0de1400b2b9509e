"""Which mapping goes next: those of unused blocks first, then by age. The policy itself is compiled: `victims`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from s390emu.architecture.page_states import UNUSED
from s390emu.host import kernels
from s390emu.host.frames import Frames
from s390emu.host.guest import Guest
from s390emu.host.victims import NO_VICTIM, SEARCH


def next_in_order(frames: Iterable[int], hand: int, count: int) -> list[int]:
    """Return these frames in the order in which the hand will meet them."""
    return sorted(frames, key=lambda frame: (frame - hand) % count)


class Clock:
    """record: what compiled code is told (`pool`). divisible: a run in use may lose single frames. look_ahead: how many
    frames, from the oldest on, count as equally old: if the oldest must be written out and one of these need not, that
    one goes. 0: by age alone.

    hand: the frame that is looked at next.
    """

    def __init__(self, frames: Frames, guests: list[Guest], record: np.ndarray, *, divisible: bool, look_ahead: int):
        self._frames, self._guests, self._divisible = frames, guests, divisible
        self._pool: int = record.ctypes.data
        self._unused = np.zeros(frames.count, np.uint64)
        record["unused"], record["look_ahead"] = self._unused.ctypes.data, look_ahead
        self._hand, self._unused_count, self._taken_since_search, self._length = (
            record[name].data for name in ("hand", "unused_count", "taken_since_search", "length")
        )
        self._taken_since_search[0] = frames.count
        self._left = record["left"].data
        self._left[0] = NO_VICTIM

    @property
    def hand(self) -> int:
        return self._hand[0]

    @hand.setter
    def hand(self, frame: int) -> None:
        self._hand[0] = frame

    @property
    def left(self) -> int | None:
        """A victim that compiled code (`supply`) has chosen and left to be taken: it goes next."""
        return None if self._left[0] == NO_VICTIM else self._left[0]

    @left.setter
    def left(self, victim: int | None) -> None:
        self._left[0] = NO_VICTIM if victim is None else victim

    def choose(self, guest: Guest | None, writable: bool) -> tuple[int, int] | None:
        """Return which frames to take for this guest, if for one: the first, and how many. None if none may be taken.
        writable: blocks can be written out."""
        if (left := self.left) is not None:
            self.left = None
            return left, 1
        for cpus in guest.keep if guest else (0,):
            asking = guest.number if guest else 0, cpus, writable
            if (victim := kernels.choose(self._pool, *asking)) == SEARCH:
                self._search()
                victim = kernels.choose(self._pool, *asking)
            if victim != NO_VICTIM:
                return victim, self._length[0]
        return None

    def taken(self, blocks: int) -> None:
        """Note that so many blocks have lost their frames."""
        self._taken_since_search[0] += blocks

    # --- unused blocks; where a run is not broken for one of them: chunks without others -----------------------------

    def _search(self) -> None:
        """Find the frames of unused blocks, in the order in which the hand would meet them."""
        self._set_unused(next_in_order(self._unused_frames(), self.hand, self._frames.count)[::-1])
        self._taken_since_search[0] = 0

    def _set_unused(self, frames: list[int]) -> None:
        """Let these frames, the next one last, go ahead of others if they still are of unused blocks."""
        self._unused[: len(frames)] = frames
        self._unused_count[0] = len(frames)

    def _unused_frames(self) -> list[int]:
        """Return the frames of unused blocks."""
        step = 1 if self._divisible else self._frames.chunk
        found: list[int] = []
        for guest in self._guests:
            resident = (guest.invalid == 0).reshape(-1, step)
            others = resident & (guest.usage != UNUSED).reshape(-1, step)
            chunks = np.flatnonzero(resident.any(axis=1) & ~others.any(axis=1))
            frames = guest.frame[chunks * step + resident[chunks].argmax(axis=1)]
            found += (frames & -step).tolist()
        return found

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[int, list[int], int]:
        """Return what `restore` wants. Without `left`: that is only between choosing and taking, in one call of the
        pager or from `place` to the next buffer's block, and nobody takes or restores a snapshot there."""
        return self.hand, self._unused[: self._unused_count[0]].tolist(), self._taken_since_search[0]

    def restore(self, snapshot: tuple[int, list[int], int]) -> None:
        """Go back to a snapshot."""
        self.hand, unused, self._taken_since_search[0] = snapshot
        self._set_unused(unused)
