"""The page frames: who has which, what is brought into them, and which goes next. Spec essa.md, section 8.

What an event does to a block is one kernel, `storage.transitions`; here are the frames, the bytes and the slots. Policy
is in `pager`, the file in `paging_device`, chunks of more than one block in `chunks`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from s390emu.host import kernels
from s390emu.host.pager import (
    CLEAN,
    DROP,
    FREE,
    NO_SLOT,
    NO_VICTIM,
    POOL_T,
    WRITE,
    ZEROS,
    next_in_order,
)
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull
from s390emu.host.statistics import Statistics
from s390emu.storage.guest import GuestStorage
from s390emu.storage.page_states import DISCARD, IN, NAMES, OUT, TOUCH, UNUSED, ZERO_FILL, state_of
from s390emu.storage.state import BLOCK_SIZE, FRAME_T

SWEEP = 64  # blocks looked at for each frame taken, when unused blocks are searched
NOBODY = 0  # as the guest that asks, with nothing to keep


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
        storage = self.storage
        self.address = storage.address
        self.usage, self.invalid, self.zero, self.frame, self.slot, self.pinned = map(
            storage.block_column, ("usage", "invalid", "zero", "frame", "slot", "pinned")
        )
        self.count, self.fault_block, self.event_mask = map(storage.column, ("count", "fault_block", "event_mask"))
        self.idle, self.stolen = map(storage.column, ("idle", "stolen"))
        self.interruption_count = storage.column("interruption_count")
        self.kept = np.zeros(len(storage.blocks), np.uint8)  # `brought` again, for compiled code
        self._kept_address = self.kept.ctypes.data

    @property
    def progress(self) -> int:
        """Grows with each instruction and each interruption."""
        return int(self.count[0]) + int(self.interruption_count.sum())

    def bring_for(self, number: int) -> None:
        """The block was brought for the instruction that is next."""
        self.brought.add(number)
        self.kept[number] = 1

    def forget_brought(self) -> None:
        """Another instruction is next."""
        for number in self.brought:
            self.kept[number] = 0
        self.brought.clear()
        self.brought_at = self.progress

    def restore_brought(self, brought: set[int], brought_at: int) -> None:
        self.forget_brought()
        for number in brought:
            self.bring_for(number)
        self.brought_at = brought_at

    @property
    def keeps(self) -> tuple[int, int]:
        """What compiled code is told of the guest that asks: its number and the address of `kept`, 0 none."""
        return self.number, self._kept_address if self.brought_at == self.progress else 0


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
        self.transfers: list[tuple[str, int]] = []  # with the paging device, not yet charged: "in" or "out", blocks
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
        self._unused: list[int] = []  # frames of unused blocks, found when last searched; the next one last
        self._taken_since_search = frames
        self._retained: dict[int, tuple[int, int]] = {}  # slots whose block is resident too, oldest first: its owner
        self._tell_compiled_code()

    def _tell_compiled_code(self) -> None:
        """POOL, and the tables that it names."""
        self._broken = np.zeros(self.frame_count, np.uint8)
        self._how = np.zeros(2, np.uint8).reshape(-1, 2)
        self._storages = np.zeros(0, np.uint64)
        self._record = np.zeros(1, POOL_T)
        self._record["frame_count"] = self.frame_count
        self._record["frames"], self._record["frame_table"] = self.memory.ctypes.data, self.frame_table.ctypes.data
        self._record["broken"], self._record["how"] = self._broken.ctypes.data, self._how.ctypes.data
        self._record["zero_detect"] = self.zero_detect
        self._pool: int = self._record.ctypes.data

    def _add_guest(self, storage: GuestStorage) -> Guest:
        guest = Guest(len(self.guests), storage)
        self.guests.append(guest)
        self.before_event.append(None)
        self._storages = np.array([g.address for g in self.guests], np.uint64)
        self._record["storages"] = self._storages.ctypes.data
        return guest

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
        self._check(guest, number)
        action = kernels.action_of(guest.address, number, event)
        if action not in (IN, ZERO_FILL):
            return None
        guest.fault_block[0] = number
        data = self._read(guest, number) if action == IN else None
        frame = self._obtain(guest)
        if data:
            self.memory[frame] = np.frombuffer(data, np.uint8)
        self._about_to_record(guest)
        if commit:
            self._guests[frame], self._blocks[frame] = guest.number, number
            if not data:
                self.memory[frame] = 0
            commit(frame)
        else:
            kernels.arrive(self._pool, guest.number, number, frame, event)
        if action == IN:
            self._retained[int(guest.slot[number])] = (guest.number, number)
            guest.statistics.read_back += 1
        else:
            guest.statistics.zero_filled += 1
        return action

    def empty(self, guest: Guest, number: int, event: int, commit: Callable[[], int] | None = None) -> None:
        """The event (ORC 2 to 4, DIAG10, a reset) happens; a frame or a slot that it leaves without content is free."""
        block = self._block(guest, number)
        before, frame = NAMES[state_of(block)], int(guest.frame[number])
        resident = not guest.invalid[number]
        self._about_to_record(guest)
        action = commit() if commit else kernels.transition(guest.address, number, event, 0)
        if action == DISCARD:
            guest.statistics.discarded[before] += 1
        if resident and guest.invalid[number]:
            self._give_back(frame)
        if guest.zero[number]:
            self._free_slot(guest, number)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: int) -> int:
        """Reclaim, in the order of spec essa.md 8: invalidate, decide, drop or write, publish. -> the action."""
        guest, number = self._owner(frame)
        statistics = guest.statistics
        kernels.weigh(self._pool, frame, 1)
        how, before = self._how[0].tolist()
        if how == WRITE:
            slot = self._write(self.memory[frame])
            self._free_slot(guest, number)
            guest.slot[number] = slot
            statistics.written_out += 1
        elif how == CLEAN:
            del self._retained[int(guest.slot[number])]
            statistics.still_clean += 1
        self._about_to_record(guest)
        kernels.publish(self._pool, frame, 1)
        if how == ZEROS:
            statistics.found_zero += 1
        elif how == DROP:
            statistics.discarded[NAMES[before]] += 1
        if how in (ZEROS, DROP):
            self._free_slot(guest, number)
        self._give_back(frame)
        self._taken_since_search += 1
        return DISCARD if how == DROP else OUT

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
            if victim == NO_VICTIM:
                return
            try:
                self._take(victim)
            except PagingFull as error:
                writable, self.no_room = False, str(error)

    def _choose(self, guest: Guest | None, writable: bool) -> int:
        """Whose frame to take: an unused block's, or the oldest that can be taken."""
        asking = (*(guest.keeps if guest else (NOBODY, 0)), writable)
        if not self._unused and self._taken_since_search * SWEEP >= self.frame_count:
            self._find_unused()
        while self._unused:  # these go ahead of others
            frame = self._unused.pop()
            owner, number = self._owner(frame)
            if owner.usage[number] == UNUSED and kernels.candidate(self._pool, frame, *asking):
                return frame
        victim = kernels.oldest(self._pool, self._hand, *asking)
        if victim != NO_VICTIM:
            self._hand = (victim + 1) % self.frame_count
        return victim

    def _find_unused(self) -> None:
        self._taken_since_search = 0
        frames = [guest.frame[(guest.usage == UNUSED) & (guest.invalid == 0)] for guest in self.guests]
        self._unused = next_in_order(np.concatenate(frames).tolist(), self._hand, self.frame_count)
        self._unused.reverse()

    def _owner(self, frame: int) -> tuple[Guest, int]:
        """Whose block is in the frame; of a free one, whose was."""
        return self.guests[self._guests[frame]], int(self._blocks[frame])

    def _give_back(self, frame: int) -> None:
        self._guests[frame] = FREE
        heapq.heappush(self._free, frame)

    # --- slots -------------------------------------------------------------------------------------------------------

    def _write(self, data) -> int:
        """-> the slot; at the cost of a slot whose block is resident too, if there is no other."""
        if self.paging is None:
            raise PagingFull("a block with content to keep cannot be taken: there is no paging device")
        while True:
            try:
                slot = self.paging.write(data)
                self.transfers.append(("out", 1))
                return slot
            except PagingFull:
                if not self._retained:
                    raise
                guest_number, number = next(iter(self._retained.values()))
                self._free_slot(self.guests[guest_number], number)

    def _read(self, guest: Guest, number: int) -> bytes:
        """The content of a preserved block."""
        assert self.paging is not None, "a block is preserved, and there is no paging device"
        data = self.paging.read(int(guest.slot[number]))
        self.transfers.append(("in", 1))
        return data

    def _free_slot(self, guest: Guest, number: int) -> None:
        slot = int(guest.slot[number])
        if self.paging and slot != NO_SLOT:
            self._retained.pop(slot, None)
            self.paging.free(slot)
            guest.slot[number] = NO_SLOT

    # --- bookkeeping -------------------------------------------------------------------------------------------------

    def _check(self, guest: Guest, number: int) -> None:
        if not 0 <= number < len(guest.invalid):
            raise ValueError(f"block {number * BLOCK_SIZE:#x}: guest {guest.number} has {guest.storage.size:#x} bytes")

    def _block(self, guest: Guest, number: int):
        """The BLOCK record; ValueError beyond the guest's storage."""
        self._check(guest, number)
        return guest.storage.blocks[number]

    def _about_to_record(self, guest: Guest) -> None:
        """The machine gets its chance to drain the event table."""
        if guest.event_mask[0] and (drain := self.before_event[guest.number]):
            drain()
