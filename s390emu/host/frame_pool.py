"""The page frames: who has which, what is brought into them, and which goes next. Spec essa.md, section 8.

What an event does to a block is one kernel, `storage.transitions`; here are the frames, the bytes and the slots. Policy
is in `pager`, the file in `paging_device`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from s390emu.host import kernels
from s390emu.host.pager import clock_order, next_in_order, oldest
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull
from s390emu.host.statistics import Statistics
from s390emu.storage.guest import GuestStorage
from s390emu.storage.page_states import DISCARD, IN, NAMES, OUT, RECLAIM, TOUCH, UNUSED, ZERO_FILL, state_of
from s390emu.storage.state import BLOCK_SIZE, FRAME_T

FREE, NO_SLOT = -1, -1
SWEEP = 64  # blocks looked at for each frame taken, when unused blocks are searched


class NoFrame(PagingError):
    """No frame is free and none can be taken."""


@dataclass
class Guest:
    """What the host keeps of one guest."""

    number: int
    storage: GuestStorage
    statistics: Statistics = field(default_factory=Statistics)
    # Blocks brought for the instruction now being retried: taking one of them again would never end.
    brought: set[int] = field(default_factory=set)
    brought_at: int = -1

    def __post_init__(self):
        self.pinned, self.usage = (self.storage.blocks[name].view(np.ndarray) for name in ("pinned", "usage"))


class FramePool:
    """frames: how many 4 KB frames there are, for all guests together. paging: where stable blocks go; None: nowhere.

    zero_detect: blocks full of zeros are not written out (D7).
    """

    # What a snapshot keeps beside the arrays.
    STATE: tuple[str, ...] = ("limit", "_free", "_hand", "_unused", "_taken_since_search", "_retained")

    def __init__(self, frames: int, paging: PagingDevice | None, zero_detect: bool):
        self.frame_count = self.limit = frames
        self.paging = paging
        self.zero_detect = zero_detect
        self.guests: list[Guest] = []
        self.before_event: list[Callable[[], None] | None] = []  # of each guest: lets the machine drain the event table
        self.no_room = ""  # why frames could not be taken, when last tried
        # One block more than needed: frames start on a block boundary.
        self._memory = np.zeros((frames + 1) * BLOCK_SIZE, np.uint8)
        start = -self._memory.ctypes.data % BLOCK_SIZE
        self.memory = self._memory[start : start + frames * BLOCK_SIZE].reshape(frames, BLOCK_SIZE)
        self.frame_table = np.zeros(frames, FRAME_T).view(np.recarray)
        self.frame_table.guest = FREE
        # The same columns as plain arrays: looking at one entry is ten times as fast.
        self._guests, self._blocks = (self.frame_table[name].view(np.ndarray) for name in ("guest", "block"))
        self._free = list(range(frames))  # a heap: the lowest first
        self._hand = 0
        self._unused: list[int] = []  # frames of unused blocks, found when last searched
        self._taken_since_search = frames
        self._retained: dict[int, tuple[int, int]] = {}  # slots whose block is resident too, oldest first: its owner

    @property
    def frames_in_use(self) -> int:
        return self.frame_count - len(self._free)

    # --- blocks ------------------------------------------------------------------------------------------------------

    def bring(
        self, guest: Guest, number: int, event: int = TOUCH, commit: Callable[[int], int] | None = None
    ) -> int | None:
        """Give the block a frame with its content, if the event asks for it: -> the action, or None.

        commit: what makes the transition once the frame is there; PagingError, and nothing has changed.
        """
        record, block = guest.storage.record, self._block(guest, number)
        action = kernels.action_of(record, number, event)
        if action not in (IN, ZERO_FILL):
            return None
        record.fault_block = number
        data = self._read(block) if action == IN else None
        frame = self._obtain(guest)
        self.memory[frame] = 0 if data is None else np.frombuffer(data, np.uint8)
        self._guests[frame], self._blocks[frame] = guest.number, number
        self._about_to_record(guest)
        if commit:
            commit(frame)
        else:
            kernels.transition(record, number, event, frame)
        if action == IN:
            self._retained[int(block.slot)] = (guest.number, number)
            guest.statistics.read_back += 1
        else:
            guest.statistics.zero_filled += 1
        return action

    def empty(self, guest: Guest, number: int, event: int, commit: Callable[[], int] | None = None) -> None:
        """The event (ORC 2 to 4, DIAG10, a reset) happens; a frame or a slot that it leaves without content is free."""
        block = self._block(guest, number)
        before, frame = NAMES[state_of(block)], int(block.frame)
        resident = not block.invalid
        self._about_to_record(guest)
        action = commit() if commit else kernels.transition(guest.storage.record, number, event, 0)
        if action == DISCARD:
            guest.statistics.discarded[before] += 1
        if resident and block.invalid:
            self._give_back(frame)
        if block.zero:
            self._free_slot(block)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _how(self, guest: Guest, number: int, action: int) -> str:
        """What taking the block's frame costs: "drop"; "zeros", nothing to keep; "clean", its slot has it; "write"."""
        block = guest.storage.blocks[number]
        if action != OUT:
            return "drop"
        if self.zero_detect and not self.memory[block.frame].any():
            return "zeros"
        clean = block.slot != NO_SLOT and not kernels.host_changed(guest.storage.record, number)
        return "clean" if clean else "write"

    def _take(self, guest: Guest, number: int) -> int:
        """Reclaim, in the order of spec essa.md 8: invalidate, decide, drop or write, publish."""
        record, block, statistics = guest.storage.record, guest.storage.blocks[number], guest.statistics
        before, frame = state_of(block), int(block.frame)
        action = kernels.withdraw(record, number)
        how = self._how(guest, number, action)
        if how == "write":
            slot = self._write(self.memory[frame].tobytes())
            self._free_slot(block)
            block.slot = slot
            statistics.written_out += 1
        elif how == "clean":
            del self._retained[int(block.slot)]
            statistics.still_clean += 1
        self._about_to_record(guest)
        kernels.transition(record, number, RECLAIM, 0)
        if how == "zeros":
            kernels.mark_zero(record, number)
            statistics.found_zero += 1
        elif how == "drop":
            statistics.discarded[NAMES[before]] += 1
        if block.zero:
            self._free_slot(block)
        self._give_back(frame)
        self._taken_since_search += 1
        return action

    def _obtain(self, guest: Guest) -> int:
        """A free frame, made free if need be."""
        self._make_room(guest, self.limit - 1)
        if self.frames_in_use >= self.limit:
            raise NoFrame(
                f"no page frame for guest {guest.number}: of {self.limit} none is free and none can be taken; "
                f"{self.no_room}. Give the host more frames or a paging device"
            )
        return heapq.heappop(self._free)

    def _make_room(self, guest: Guest | None, most: int) -> None:
        """Take frames, for this guest if for one, until at most so many are in use or no more can be taken."""
        writable = self.paging is not None
        self.no_room = "the rest is stable, and without a paging device it cannot be taken"
        while self.frames_in_use > most:
            victim = self._choose(guest, writable)
            if victim is None:
                return
            try:
                self._take(*victim)
            except PagingFull as error:
                writable, self.no_room = False, str(error)

    def _choose(self, guest: Guest | None, writable: bool) -> tuple[Guest, int] | None:
        """Whose block to take, an unused one or the oldest that can be taken."""
        brought = guest.brought if guest and guest.brought_at == guest.storage.record.count else ()

        def candidate(frame):
            if self._guests[frame] == FREE:
                return False
            owner, number = self._owner(frame)
            if owner.pinned[number] or (owner is guest and number in brought):
                return False
            if writable:
                return True
            return self._how(owner, number, kernels.action_of(owner.storage.record, number, RECLAIM)) != "write"

        def referenced(frame):
            owner, number = self._owner(frame)
            return kernels.host_referenced(owner.storage.record, number)

        for frame in self._unused_frames():
            if candidate(frame):
                return self._owner(frame)
        victim = oldest(clock_order(self._hand, self.frame_count), candidate, referenced)
        if victim is None:
            return None
        self._hand = (victim + 1) % self.frame_count
        return self._owner(victim)

    def _unused_frames(self) -> Iterator[int]:
        """Frames of unused blocks, which may go ahead of others; searched for when enough others were taken."""
        if not self._unused and self._taken_since_search * SWEEP >= self.frame_count:
            self._taken_since_search = 0
            frames = [g.storage.blocks.frame[(g.storage.blocks.usage == UNUSED) & (g.storage.blocks.invalid == 0)]
                      for g in self.guests]  # fmt: skip
            self._unused = next_in_order(np.concatenate(frames).tolist(), self._hand, self.frame_count)
        while self._unused:
            frame = self._unused.pop(0)
            owner, number = self._owner(frame)
            if owner.usage[number] == UNUSED:
                yield frame

    def _owner(self, frame: int) -> tuple[Guest, int]:
        """Whose block is in the frame; of a free one, whose was."""
        return self.guests[self._guests[frame]], int(self._blocks[frame])

    def _give_back(self, frame: int) -> None:
        self._guests[frame] = FREE
        heapq.heappush(self._free, frame)

    # --- slots -------------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> int:
        """-> the slot; at the cost of a slot whose block is resident too, if there is no other."""
        if self.paging is None:
            raise PagingFull("a block with content to keep cannot be taken: there is no paging device")
        while True:
            try:
                return self.paging.write(data)
            except PagingFull:
                if not self._retained:
                    raise
                guest_number, number = next(iter(self._retained.values()))
                self._free_slot(self.guests[guest_number].storage.blocks[number])

    def _read(self, block) -> bytes:
        """The content of a preserved block."""
        assert self.paging is not None, "a block is preserved, and there is no paging device"
        return self.paging.read(int(block.slot))

    def _free_slot(self, block) -> None:
        if self.paging and block.slot != NO_SLOT:
            slot = int(block.slot)
            self._retained.pop(slot, None)
            self.paging.free(slot)
            block.slot = NO_SLOT

    # --- bookkeeping -------------------------------------------------------------------------------------------------

    def _block(self, guest: Guest, number: int):
        """The BLOCK record; ValueError beyond the guest's storage."""
        if not 0 <= number < len(guest.storage.blocks):
            raise ValueError(f"block {number * BLOCK_SIZE:#x}: guest {guest.number} has {guest.storage.size:#x} bytes")
        return guest.storage.blocks[number]

    def _about_to_record(self, guest: Guest) -> None:
        """The machine gets its chance to drain the event table."""
        if drain := self.before_event[guest.number]:
            drain()
