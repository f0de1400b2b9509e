"""Which mapping goes next: those of unused blocks first, then by age. The policy itself is compiled: `victims`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from s390emu.architecture.page_states import UNUSED
from s390emu.host import kernels
from s390emu.host.frames import Frames
from s390emu.host.guest import Guest
from s390emu.host.victims import NO_VICTIM

SWEEP = 64  # blocks looked at for each frame taken, when unused blocks are searched


def next_in_order(frames: Iterable[int], hand: int, count: int) -> list[int]:
    """Return these frames in the order in which the hand will meet them."""
    return sorted(frames, key=lambda frame: (frame - hand) % count)


class Clock:
    """divisible: a run in use may lose single frames. look_ahead: how many frames, from the oldest on, count as equally
    old: if the oldest must be written out and one of these need not, that one goes. 0: by age alone.

    hand: the frame that is looked at next.
    """

    def __init__(self, frames: Frames, guests: list[Guest], pool: int, *, divisible: bool, look_ahead: int):
        self.hand = 0
        self._frames, self._guests, self._pool = frames, guests, pool
        self._divisible, self._look_ahead = divisible, look_ahead
        self._unused: list[int] = []  # frames of unused blocks, found when last searched; the next one last
        self._taken_since_search = frames.count

    def choose(self, guest: Guest | None, writable: bool) -> tuple[int, int] | None:
        """Return which frames to take for this guest, if for one: the first, and how many. None if none may be taken.
        writable: blocks can be written out."""
        for cpus in guest.keep if guest else (0,):
            victim = self._choose(guest.number if guest else 0, cpus, writable)
            if victim:
                return victim
        return None

    def _choose(self, *asking: int) -> tuple[int, int] | None:
        """Choose for a guest, of which the blocks of some CPUs are to be kept."""
        if not self._unused and self._taken_since_search * SWEEP >= self._frames.count:
            self._taken_since_search = 0
            self._unused = next_in_order(self._unused_frames(), self.hand, self._frames.count)
            self._unused.reverse()
        while self._unused:  # these go ahead of others
            frame = self._unused.pop()
            if self._is_unused(frame) and kernels.candidate(self._pool, frame, *asking):
                return frame, 1 if self._divisible else self._frames.chunk
        victim = kernels.oldest(self._pool, self.hand, *asking)
        if victim == NO_VICTIM:
            return None
        if self._look_ahead and (other := kernels.cheaper(self._pool, victim)) != victim:
            self.hand, victim = victim, other
        else:
            self.hand = (victim + 1) % self._frames.count
        return victim, 1 if self._frames.is_broken(victim) else self._frames.chunk

    def taken(self, blocks: int) -> None:
        """Note that so many blocks have lost their frames."""
        self._taken_since_search += blocks

    # --- unused blocks; where a run is not broken for one of them: chunks without others -----------------------------

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

    def _is_unused(self, frame: int) -> bool:
        """True if the frame still is such a one."""
        guest, number = self._guests[self._frames.guests[frame]], int(self._frames.blocks[frame])
        if self._divisible or self._frames.chunk == 1:
            return guest.usage[number] == UNUSED
        here = slice(number, number + self._frames.chunk)
        return not (guest.usage[here][guest.invalid[here] == 0] != UNUSED).any()

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[int, list[int], int]:
        """Return what `restore` wants."""
        return self.hand, self._unused.copy(), self._taken_since_search

    def restore(self, snapshot: tuple[int, list[int], int]) -> None:
        """Go back to a snapshot."""
        self.hand, unused, self._taken_since_search = snapshot
        self._unused = unused.copy()
