"""The page frames: who has which, what is brought into them, and which goes next. docs/page-hinting.md, section 8.

What an event does to a block is one kernel, `storage.transitions`; here are the frames, the bytes and the slots. Policy
is in `pager`, the file in `paging_device`, the frames by themselves in `frames`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from s390emu.architecture.page_states import DISCARD, IN, NAMES, OUT, STABLE, TOUCH, UNUSED, ZERO_FILL
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.host.frames import SPLIT, WHOLE, Frames
from s390emu.host.pager import ABSENT, CLEAN, DROP, NO_SLOT, NO_VICTIM, WRITE, ZEROS, next_in_order
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull, PagingLost
from s390emu.host.statistics import Statistics
from s390emu.storage.absolute import state_of
from s390emu.storage.events import MARGIN
from s390emu.storage.guest import GuestStorage

SWEEP = 64  # blocks looked at for each frame taken, when unused blocks are searched
EVENTS_AT_ONCE = int(MARGIN) // 2  # and there was room for MARGIN in the event table
NOBODY = 0, 0  # as the guest that asks, with nothing to keep


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
    # How many blocks were moved when a chunk was last written out as a whole, by its first block.
    moved: dict[int, int] = field(default_factory=dict)

    def __post_init__(self):
        storage = self.storage
        self.address = storage.address
        self.usage, self.invalid, self.zero, self.frame, self.slot, self.pinned = map(
            storage.block_column, ("usage", "invalid", "zero", "frame", "slot", "pinned")
        )
        self.event_mask = storage.column("event_mask")
        self.count, self.idle, self.stolen, self.interruption_count = map(
            storage.port_column, ("count", "idle", "stolen", "interruption_count")
        )
        self.failing_block = 0  # whose content was needed last: a paging error names it
        self.kept = np.zeros(len(storage.blocks), np.uint8)  # `brought` again, for compiled code
        self.kept_address = self.kept.ctypes.data

    @property
    def progress(self) -> int:
        """Grows with each instruction and each interruption."""
        return sum(self.count.tolist()) + sum(self.interruption_count.ravel().tolist())

    @property
    def now(self) -> int:
        """Nanoseconds of the guest's TOD clock: that of the CPU which is furthest."""
        return max(map(sum, zip(self.count.tolist(), self.idle.tolist(), self.stolen.tolist(), strict=True)))

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
        return self.number, self.kept_address if self.brought_at == self.progress else 0


class FramePool(Frames):
    """frames: how many 4 KB frames there are, for all guests together. paging: where stable blocks go; None: nowhere.

    zero_detect: blocks full of zeros are not written out (D7). chunk: how many blocks are brought and taken together;
    chunk_policy: what becomes of a chunk that is to be taken when some of its blocks may be discarded:

    whole     all of it is moved if anything must be kept
    split     what may be discarded is, and the rest has frames of its own from then on
    subpage   only what must be kept is moved

    look_ahead: how many frames, from the oldest on, count as equally old: if the oldest must be written out and one of
    these need not, that one goes. 0: by age alone.
    """

    # What a snapshot keeps beside the arrays.
    STATE: tuple[str, ...] = ("limit", "_free", "_singles", "_hand", "_unused", "_taken_since_search", "_retained")

    def __init__(self, frames: int, paging: PagingDevice | None, zero_detect: bool, chunk: int, chunk_policy: str,
                 look_ahead: int):  # fmt: skip
        super().__init__(frames, chunk, chunk > 1 and chunk_policy == SPLIT, zero_detect)
        self.limit = frames
        self.chunk_policy = chunk_policy
        self.look_ahead = self._record["look_ahead"] = min(look_ahead, frames)
        self.paging = paging
        self.guests: list[Guest] = []
        self.before_event: list[Callable[[], None] | None] = []  # of each guest: lets the machine drain the event table
        self.transfers: list[tuple[str, int]] = []  # with the paging device, not yet charged: "in" or "out", blocks
        self.no_room = ""  # why frames could not be taken, when last tried
        self._hand = 0
        self._unused: list[int] = []  # frames of unused blocks, found when last searched; the next one last
        self._taken_since_search = frames
        self._retained: dict[int, tuple[int, int]] = {}  # slots whose block is resident too, oldest first: its owner

    def _add_guest(self, storage: GuestStorage) -> Guest:
        guest = Guest(len(self.guests), storage)
        self.guests.append(guest)
        self.before_event.append(None)
        self._tell_guests([(g.address, g.kept_address) for g in self.guests])
        return guest

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
        guest.failing_block = number
        data = self._read(guest, number) if action == IN else None
        frame, whole_chunk = self._place(guest, number)
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
        came_back = self._note_arrival(guest, number, action)
        if whole_chunk:
            came_back += self._bring_rest(guest, number, frame)
        if came_back:
            if whole_chunk and self.chunk_policy == WHOLE:
                came_back = max(came_back, guest.moved.get(self._chunk_of(number), 0))
            self._transferred(guest, "in", came_back)
        return action

    def _note_arrival(self, guest: Guest, number: int, action: int) -> int:
        """-> how many blocks were read for it."""
        if action != IN:
            guest.statistics.zero_filled += 1
            return 0
        self._retained[int(guest.slot[number])] = (guest.number, number)
        guest.statistics.read_back += 1
        return 1

    def _bring_rest(self, guest: Guest, number: int, frame: int) -> int:
        """The block is in its place of a run that is new to its chunk: the other blocks too, but for those that the
        guest hinted away, and those that cannot be read: that is told when they are touched. -> how many were read."""
        first = self._chunk_of(number)
        here = slice(first, first + self.chunk)
        came_back = 0
        for other in (np.flatnonzero(guest.invalid[here] & (guest.usage[here] == STABLE)) + first).tolist():
            place = frame + other - number
            action = ZERO_FILL if guest.zero[other] else IN
            if action == IN:
                try:
                    self.memory[place] = np.frombuffer(self._read(guest, other), np.uint8)
                except PagingLost:
                    continue
            self._about_to_record(guest)
            kernels.arrive(self._pool, guest.number, other, place, TOUCH)
            came_back += self._note_arrival(guest, other, action)
        return came_back

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
            self._left(guest, number, frame)
        if guest.zero[number]:
            self._free_slot(guest, number)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _place(self, guest: Guest, number: int) -> tuple[int, bool]:
        """A frame for the block, made free if need be: -> the frame, and whether all its chunk is to come with it."""
        first = self._chunk_of(number)
        if self.chunk > 1:
            resident = np.flatnonzero(guest.invalid[first : first + self.chunk] == 0)
            if len(resident):
                frame = int(guest.frame[first + resident[0]])
                if self.is_broken(frame):
                    return self._obtain(guest, 1)[0], False
                return self._first_of(frame) + number - first, False
        frame, length = self._obtain(guest, self.chunk)
        if length == 1:
            return frame, False
        here = slice(frame, frame + length)
        self._guests[here], self._blocks[here] = guest.number, np.arange(first, first + length)
        return frame + number - first, True

    def _take(self, start: int, length: int) -> int:
        """Reclaim the blocks of these frames, one mapping or a block of one, in the order of docs/page-hinting.md 8:
        invalidate, decide, drop or write, publish. -> the action, of the last one."""
        guest, first = self._owner(start)
        writes = kernels.weigh(self._pool, start, length)
        if length > 1 and self.divisible and (drops := np.isin(self._how[:length, 0], (DROP, ZEROS))).any():
            self._how[:length, 0] *= drops  # the others stay
            writes = 0
        costs = self._how[:length].tolist()
        clean = [first + n for n, (how, _) in enumerate(costs) if how == CLEAN]
        for number in clean:
            del self._retained[int(guest.slot[number])]
        if writes:
            try:
                self._write_out(guest, first, start, [n for n, (how, _) in enumerate(costs) if how == WRITE])
            except PagingFull:
                self._retained |= {int(guest.slot[number]): (guest.number, number) for number in clean}
                raise
            if length > 1 and self.chunk_policy == WHOLE:
                writes = guest.moved[first] = sum(how != ABSENT for how, _ in costs)
            self._transferred(guest, "out", writes)
        for at in range(0, length, EVENTS_AT_ONCE):
            self._about_to_record(guest)
            kernels.publish(self._pool, start, at, min(length, at + EVENTS_AT_ONCE))
        action = OUT
        for number, (how, before) in enumerate(costs, first):
            if how == ABSENT:
                continue
            action = OUT
            self._taken_since_search += 1
            if how == CLEAN:
                guest.statistics.still_clean += 1
            elif how != WRITE:
                self._free_slot(guest, number)
                if how == ZEROS:
                    guest.statistics.found_zero += 1
                else:
                    guest.statistics.discarded[NAMES[before]] += 1
                    action = DISCARD
        self._left(guest, first, start)
        return action

    def _left(self, guest: Guest, number: int, frame: int) -> None:
        """The block that had this frame has none any more, and perhaps others of its chunk."""
        if self.chunk > 1 and not self.is_broken(frame):
            chunk = self._chunk_of(number)
            absent = guest.invalid[chunk : chunk + self.chunk]
            if not absent.all():
                if not self.divisible:
                    return
                guest.statistics.splits += 1
                self._break(frame)
                for offset in np.flatnonzero(absent).tolist():
                    self._give_back(self._first_of(frame) + offset)
                return
        self._give_back(frame)

    def _obtain(self, guest: Guest, length: int) -> tuple[int, int]:
        """That many frames, made free if need be: -> the first one, and how many. Where a run can be broken, a single
        frame that is free now is rather taken than a run that is in use."""

        def enough() -> bool:
            room = self.limit - self.frames_in_use
            if length == self.chunk and self._free and room >= length:
                return True
            return self.divisible and room > 0 and (length == 1 or bool(self._singles))

        self._make_room(guest, enough)
        if not enough():
            wanted = "page frame" if length == 1 else f"run of {length} page frames"
            raise NoFrame(
                f"no {wanted} for guest {guest.number}: of {self.limit} none is free and none can be taken; "
                f"{self.no_room}. Give the host more frames" + ("" if self.paging else " or a paging device")
            )
        if length == self.chunk and self._free and self.limit - self.frames_in_use >= length:
            return heapq.heappop(self._free), length
        return self._single_frame(), 1

    def _make_room(self, guest: Guest | None, enough: Callable[[], bool]) -> None:
        """Take frames, for this guest if for one, until it is enough or no more can be taken."""
        writable = self.paging is not None
        self.no_room = "the rest is pinned for I/O, or was brought for the instruction that needs one more"
        if not writable:
            self.no_room = "the rest is stable, and without a paging device it cannot be taken"
        while not enough():
            victim = self._choose(guest, writable)
            if victim is None:
                return
            try:
                self._take(*victim)
            except PagingFull as error:
                writable, self.no_room = False, str(error)

    def _choose(self, guest: Guest | None, writable: bool) -> tuple[int, int] | None:
        """Which frame to take, and how many from there: an unused block's, or the oldest that can be taken."""
        asking = (*(guest.keeps if guest else NOBODY), writable)
        if not self._unused and self._taken_since_search * SWEEP >= self.frame_count:
            self._taken_since_search = 0
            self._unused = next_in_order(self._unused_frames(), self._hand, self.frame_count)
            self._unused.reverse()
        while self._unused:  # these go ahead of others
            frame = self._unused.pop()
            if self._is_unused(frame) and kernels.candidate(self._pool, frame, *asking):
                return frame, 1 if self.divisible else self.chunk
        victim = kernels.oldest(self._pool, self._hand, *asking)
        if victim == NO_VICTIM:
            return None
        if self.look_ahead and (other := kernels.cheaper(self._pool, victim)) != victim:
            self._hand, victim = victim, other
        else:
            self._hand = (victim + 1) % self.frame_count
        return victim, 1 if self.is_broken(victim) else self.chunk

    # --- unused blocks; where a run is not broken for one of them: chunks without others -----------------------------

    def _unused_frames(self) -> list[int]:
        step = 1 if self.divisible else self.chunk
        found: list[int] = []
        for guest in self.guests:
            resident = (guest.invalid == 0).reshape(-1, step)
            others = resident & (guest.usage != UNUSED).reshape(-1, step)
            chunks = np.flatnonzero(resident.any(axis=1) & ~others.any(axis=1))
            frames = guest.frame[chunks * step + resident[chunks].argmax(axis=1)]
            found += (frames & -step).tolist()
        return found

    def _is_unused(self, frame: int) -> bool:
        guest, number = self._owner(frame)
        if self.divisible or self.chunk == 1:
            return guest.usage[number] == UNUSED
        here = slice(number, number + self.chunk)
        return not (guest.usage[here][guest.invalid[here] == 0] != UNUSED).any()

    def _owner(self, frame: int) -> tuple[Guest, int]:
        """Whose block is in the frame; of a free one, whose was."""
        return self.guests[self._guests[frame]], int(self._blocks[frame])

    # --- slots -------------------------------------------------------------------------------------------------------

    def _write_out(self, guest: Guest, first: int, start: int, offsets: list[int]) -> None:
        """These blocks get a slot with their content; PagingFull, and none does."""
        slots: list[int] = []
        try:
            for offset in offsets:
                slots.append(self._write(self.memory[start + offset]))
        except PagingFull:
            if self.paging:
                for slot in slots:
                    self.paging.free(slot)
            raise
        for offset, slot in zip(offsets, slots, strict=True):
            self._free_slot(guest, first + offset)
            guest.slot[first + offset] = slot
        guest.statistics.written_out += len(slots)

    def _write(self, data) -> int:
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
                self._free_slot(self.guests[guest_number], number)

    def _read(self, guest: Guest, number: int) -> bytes:
        """The content of a preserved block."""
        assert self.paging is not None, "a block is preserved, and there is no paging device"
        return self.paging.read(int(guest.slot[number]))

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

    def _chunk_of(self, number: int) -> int:
        """The first block of its chunk."""
        return number & -self.chunk

    def _transferred(self, guest: Guest, way: str, blocks: int) -> None:
        """One operation of the paging device moved so many blocks for this guest: "in" or "out"."""
        self.transfers.append((way, blocks))
        guest.statistics.paging_operations += 1
        guest.statistics.blocks_moved += blocks

    def _about_to_record(self, guest: Guest) -> None:
        """The machine gets its chance to drain the event table."""
        if guest.event_mask[0] and (drain := self.before_event[guest.number]):
            drain()
