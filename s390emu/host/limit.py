"""How many frames the guests may have together, how many they need at least, and how many are pinned."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from s390emu.host.frames import Frames
from s390emu.host.guest import Guest
from s390emu.storage.guest import GuestStorage

# What one instruction may need at once: itself and the target of EXECUTE in two blocks each, four operands in two
# blocks each, both blocks of the prefix area; and some to spare. With DAT there may be up to five tables for each of
# those blocks: a guest whose tables share so little is refused a frame in a host that has no more than these.
FEWEST_FRAMES = 16


class Limit:
    """frames: this many the guests may have, and no more. pinned: frames of chunks with I/O going on in them."""

    def __init__(self, frames: Frames, guests: list[Guest]):
        self.frames = frames.count
        self.pinned = 0
        self._frames, self._guests = frames, guests
        self._most = frames.count  # as last asked for

    def ask(self, frames: int) -> None:
        """Let the guests have this many frames, or what they need at least."""
        self._most = frames
        self._set()

    def _set(self) -> None:
        """Let the guests have what was last asked for, but no fewer frames than they need beside the pinned ones."""
        self.frames = min(self._frames.count, max(self._most, self.least_of_all() + self.pinned))

    def least(self, storage: GuestStorage) -> int:
        """Return the number of frames without which this guest could not execute every instruction."""
        chunk = self._frames.chunk
        return min(FEWEST_FRAMES, len(storage.blocks) // chunk) * chunk

    def least_of_all(self, *more: GuestStorage) -> int:
        """Return the frames for all guests, each with what its instructions need. With chunks that would be most of
        their storage: there must be enough for the one that executes, and what the others need then is taken from it
        later."""
        needs = [self.least(storage) for storage in (*(guest.storage for guest in self._guests), *more)]
        return sum(needs) if self._frames.chunk == 1 else max(needs, default=0)

    # --- pins --------------------------------------------------------------------------------------------------------

    def can_pin(self, guest: Guest, blocks: Collection[int]) -> bool:
        """True if these blocks can be pinned too without leaving the guests too few frames."""
        chunks = {self._frames.start(number) for number in blocks}
        chunk = self._frames.chunk
        more = sum(not guest.pinned[first : first + chunk].any() for first in chunks) * chunk
        return more <= self.frames - self.least_of_all() - self.pinned

    def pin(self, guest: Guest, number: int) -> None:
        """Count one more reason not to take this block's frame."""
        guest.pinned[number] += 1
        if guest.pinned[number] == 1 and self._pins_of_chunk(guest, number) == 1:
            self._count(1)

    def unpin(self, guest: Guest, number: int) -> None:
        """Count one less."""
        guest.pinned[number] -= 1
        if self._pins_of_chunk(guest, number) == 0:
            self._count(-1)

    def _pins_of_chunk(self, guest: Guest, number: int) -> int:
        """Return how many blocks of this one's chunk are pinned."""
        first = self._frames.start(number)
        return int(np.count_nonzero(guest.pinned[first : first + self._frames.chunk]))

    def _count(self, chunks: int) -> None:
        """Count so many more chunks as pinned."""
        self.pinned += chunks * self._frames.chunk
        self._set()

    def snapshot(self) -> tuple[int, int, int]:
        """Return what `restore` wants."""
        return self.frames, self.pinned, self._most

    def restore(self, snapshot: tuple[int, int, int]) -> None:
        """Go back to a snapshot."""
        self.frames, self.pinned, self._most = snapshot
