"""The host: a pool of page frames shared by its guests. It brings what a guest touches and takes frames away by age.

What an event does to a block is one kernel, `storage.transitions`; here are the frames, the bytes and the slots. Policy
is in `pager`, the file in `paging_device`, what the guest asks for in `hypercalls`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from s390emu.host import kernels
from s390emu.host.console import Console
from s390emu.host.hypercalls import hypercall
from s390emu.host.outcome import Outcome
from s390emu.host.pager import clock_order, next_in_order, oldest
from s390emu.host.paging_device import PagingDevice, PagingError, PagingFull, PagingLost, Slots
from s390emu.host.statistics import Statistics
from s390emu.storage.guest import GuestStorage
from s390emu.storage.page_states import (
    CLEAR_RESET,
    DIAG10,
    DISCARD,
    IN,
    NAMES,
    NONE,
    NORMAL_RESET,
    NOT_APPLICABLE,
    OUT,
    RECLAIM,
    STABLE,
    TOUCH,
    UNUSED,
    UNUSED_ACCESS,
    ZERO_FILL,
    state_of,
)
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


POOL_STATE = ("limit", "reason", "_free", "_hand", "_unused", "_taken_since_search", "_retained", "_random")


class HostSnapshot(NamedTuple):
    """The host's whole state; what restore() wants."""

    memory: np.ndarray
    frame_table: np.ndarray
    blocks: list[np.ndarray]
    discard_random: list[int]
    slots: Slots | None
    pool: dict
    guests: list[tuple[Statistics, set[int], int]]
    consoles: list[dict]


class Host:
    """frames: how many 4 KB frames there are, for all guests together. paging: where stable blocks go; None: nowhere.

    unused_access: what touching an unused block does (D8). discard_keys: "zero" or "random", ACC and F after a discard
    (D19). zero_detect: blocks full of zeros are not written out (D7).
    """

    # What one instruction may need at once: itself and the target of EXECUTE in two blocks each, four operands in two
    # blocks each, both blocks of the prefix area; and some to spare.
    FEWEST_FRAMES = 16

    def __init__(
        self,
        frames: int,
        paging: PagingDevice | None = None,
        *,
        seed: int = 0,
        unused_access: str = UNUSED_ACCESS[0],
        discard_keys: str = "zero",
        zero_detect: bool = False,
    ):
        if frames <= 0:
            raise ValueError(f"a host of {frames} frames: give it at least {self.FEWEST_FRAMES} for each guest")
        if unused_access not in UNUSED_ACCESS:
            raise ValueError(f"unused_access is {unused_access!r}: it must be one of {', '.join(UNUSED_ACCESS)}")
        if discard_keys not in ("zero", "random"):
            raise ValueError(f"discard_keys is {discard_keys!r}: it must be zero or random")
        self.frame_count = self.limit = frames
        self.paging = paging
        self.unused_access = UNUSED_ACCESS.index(unused_access)
        self.discard_keys = discard_keys
        self.zero_detect = zero_detect
        self.reason = ""  # of the last outcome below zero
        self.guests: list[Guest] = []
        self.consoles: list[Console] = []
        self.before_event: list[Callable[[], None] | None] = []  # of each guest: lets the machine drain the event table
        self.no_room = ""  # why frames could not be taken, when last tried
        self._random = random.Random(seed)
        # One block more than needed: frames start on a block boundary.
        self._memory = np.zeros((frames + 1) * BLOCK_SIZE, np.uint8)
        start = -self._memory.ctypes.data % BLOCK_SIZE
        self.memory = self._memory[start : start + frames * BLOCK_SIZE].reshape(frames, BLOCK_SIZE)
        self.frame_table = np.zeros(frames, FRAME_T).view(np.recarray)
        self.frame_table.guest = FREE
        self._free = list(range(frames))  # a heap: the lowest first
        self._hand = 0
        self._unused: list[int] = []  # frames of unused blocks, found when last searched
        self._taken_since_search = frames
        self._retained: dict[int, tuple[int, int]] = {}  # slots whose block is resident too, oldest first: its owner

    # --- guests ------------------------------------------------------------------------------------------------------

    def attach(self, storage: GuestStorage) -> int:
        """Serve this guest from now on: -> its number."""
        least = sum(self.least(g.storage) for g in self.guests) + self.least(storage)
        if self.frame_count < least:
            raise ValueError(
                f"{self.frame_count} frames are too few for {len(self.guests) + 1} guests: an instruction may need "
                f"{self.FEWEST_FRAMES} blocks at once, so give the host at least {least} frames"
            )
        record = storage.record
        record.frames, record.frame_table = self.memory.ctypes.data, self.frame_table.ctypes.data
        record.unused_access = self.unused_access
        record.discard_random = self._random.getrandbits(64) | 1 if self.discard_keys == "random" else 0
        self.guests.append(Guest(len(self.guests), storage))
        self.consoles.append(Console())
        self.before_event.append(None)
        return len(self.guests) - 1

    def least(self, storage: GuestStorage) -> int:
        """Frames without which this guest could not execute every instruction."""
        return min(self.FEWEST_FRAMES, len(storage.blocks))

    def statistics(self, guest_number: int) -> Statistics:
        return self.guests[guest_number].statistics

    @property
    def frames_in_use(self) -> int:
        return self.frame_count - len(self._free)

    # --- what the machine asks ---------------------------------------------------------------------------------------

    def resolve(self, guest_number: int, number: int, store: bool = False) -> Outcome:
        """The guest touched a block that has no frame. Afterwards the instruction is executed again."""
        guest = self.guests[guest_number]
        try:
            if self.bring(guest, number) is not None:
                guest.statistics.faults_resolved += 1
        except PagingError as error:
            return self.failed(guest, error)
        return Outcome.RESOLVED

    def hypercall(self, guest_number: int, cpu, insn: int) -> int:
        """Complete an instruction that came to the host: -> its code, or an Outcome below zero (retry, stop)."""
        return hypercall(self, self.guests[guest_number], cpu, insn)

    def failed(self, guest: Guest, error: PagingError) -> Outcome:
        """The guest cannot have the block that it needs now: note why."""
        self.reason = str(error)
        if isinstance(error, PagingLost):
            guest.statistics.paging_errors += 1
            return Outcome.PAGING_ERROR
        return Outcome.NO_FRAME

    # --- host actions, by the pager or by a trace --------------------------------------------------------------------

    def reclaim(self, guest_number: int, number: int) -> int:
        """Take the frame of this block now: -> the action of the table's RECLAIM column; NOT_APPLICABLE without a frame
        or with I/O going on in it. PagingFull where it cannot be written out."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        if block.invalid or block.pinned:
            return NOT_APPLICABLE
        return self._take(guest, number)

    def discard(self, guest_number: int, number: int) -> int:
        """Throw the content away; ValueError for a block that has to keep it."""
        block = self._block(self.guests[guest_number], number)
        action = kernels.action_of(self.guests[guest_number].storage.record, number, RECLAIM)
        if action != DISCARD or block.pinned:
            raise ValueError(
                f"block {number * BLOCK_SIZE:#x} is {NAMES[state_of(block)]}: only resident blocks that are unused, "
                "volatile, or potentially volatile and unchanged can be discarded"
            )
        return self.reclaim(guest_number, number)

    def pagein(self, guest_number: int, number: int) -> int:
        """Bring the block as if it were touched: -> the action, NOT_APPLICABLE where a touch would not."""
        action = self.bring(self.guests[guest_number], number)
        return NOT_APPLICABLE if action is None else action

    def release(self, guest_number: int, number: int) -> None:
        """DIAGNOSE X'10' on one block: it reads as zeros from now on."""
        guest = self.guests[guest_number]
        self.empty(guest, number, DIAG10)
        guest.statistics.released += 1

    def pressure(self, frames: int) -> int:
        """Take the oldest until at most `frames` are in use, or no more can be taken: -> how many were. Later the
        guests may have more again, but no more than `frames` or what they need at least."""
        self.limit = min(self.frame_count, max(frames, sum(self.least(g.storage) for g in self.guests)))
        before = self.frames_in_use
        self._make_room(None, max(frames, 0))
        return before - self.frames_in_use

    def reset(self, guest_number: int, clear: bool) -> None:
        """Subsystem reset (usage and no-DAT), or with `clear` clear reset (content and key too)."""
        guest = self.guests[guest_number]
        blocks = guest.storage.blocks
        changed = (blocks.usage != STABLE) | (blocks.no_dat != 0)
        if clear:
            changed |= (blocks.zero == 0) | (blocks.acc_f != 0) | (blocks.guest_rc != 0)
        for number in np.flatnonzero(changed):
            self.empty(guest, int(number), CLEAR_RESET if clear else NORMAL_RESET)

    def pin(self, guest_number: int, number: int) -> Outcome:
        """Bring the block and keep its frame until unpin(), for I/O; calls nest. ABSENT: the guest hinted it away."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        try:
            self.bring(guest, number)
        except PagingError as error:
            return self.failed(guest, error)
        if kernels.action_of(guest.storage.record, number, TOUCH) != NONE:
            self.reason = f"block {number * BLOCK_SIZE:#x} is {NAMES[state_of(block)]}: the guest hinted it away"
            return Outcome.ABSENT
        block.pinned += 1
        return Outcome.RESOLVED

    def unpin(self, guest_number: int, number: int) -> None:
        block = self._block(self.guests[guest_number], number)
        if not block.pinned:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not pinned")
        block.pinned -= 1

    def swap_error(self, guest_number: int, number: int) -> None:
        """The block's slot becomes unreadable: for tests and traces."""
        block = self._block(self.guests[guest_number], number)
        if self.paging is None or block.slot == NO_SLOT:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not on the paging device")
        self.paging.damage(int(block.slot))

    # --- storage as the host sees it ---------------------------------------------------------------------------------

    def peek(self, guest_number: int, number: int) -> bytes:
        """The block's content, for a debugger or a dump: nothing changes, and what is logically zero reads as zeros."""
        block = self._block(self.guests[guest_number], number)
        if not block.invalid:
            return self.memory[block.frame].tobytes()
        return bytes(BLOCK_SIZE) if block.zero else self.paging.read(int(block.slot))

    def poke(self, guest_number: int, number: int, offset: int, data: bytes) -> None:
        """Bytes into a block, by a loader or a debugger: it becomes resident, the guest's key and usage stay."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        self.bring(guest, number)
        if block.invalid:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is {NAMES[state_of(block)]}: set it stable first")
        kernels.overlaid(guest.storage.record, number, offset, len(data))
        self.memory[block.frame, offset : offset + len(data)] = np.frombuffer(data, np.uint8)

    # --- frames ------------------------------------------------------------------------------------------------------

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
        if guest.brought_at != record.count:
            guest.brought, guest.brought_at = set(), int(record.count)
        record.fault_block = number
        data = self.paging.read(int(block.slot)) if action == IN else None
        frame = self._obtain(guest)
        self.memory[frame] = 0 if data is None else np.frombuffer(data, np.uint8)
        self.frame_table[frame].guest, self.frame_table[frame].block = guest.number, number
        self._about_to_record(guest)
        if commit:
            commit(frame)
        else:
            kernels.transition(record, number, event, frame)
        guest.brought.add(number)
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
        before, frame = NAMES[state_of(block)], int(block.frame)
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
            statistics.discarded[before] += 1
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
            owner, number = self._owner(frame)
            if owner is None or owner.storage.blocks[number].pinned or (owner is guest and number in brought):
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
        frame = oldest(clock_order(self._hand, self.frame_count), candidate, referenced)
        if frame is None:
            return None
        self._hand = (frame + 1) % self.frame_count
        return self._owner(frame)

    def _unused_frames(self):
        """Frames of unused blocks, which may go ahead of others; searched for when enough others were taken."""
        if not self._unused and self._taken_since_search * SWEEP >= self.frame_count:
            self._taken_since_search = 0
            frames = [g.storage.blocks.frame[(g.storage.blocks.usage == UNUSED) & (g.storage.blocks.invalid == 0)]
                      for g in self.guests]  # fmt: skip
            self._unused = next_in_order(np.concatenate(frames).tolist(), self._hand, self.frame_count)
        while self._unused:
            frame = self._unused.pop(0)
            owner, number = self._owner(frame)
            if owner and owner.storage.blocks[number].usage == UNUSED:
                yield frame

    def _owner(self, frame: int) -> tuple[Guest | None, int]:
        entry = self.frame_table[frame]
        return (None if entry.guest == FREE else self.guests[entry.guest]), int(entry.block)

    def _give_back(self, frame: int) -> None:
        self.frame_table[frame].guest = FREE
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

    def _free_slot(self, block) -> None:
        if block.slot != NO_SLOT:
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

    def snapshot(self) -> HostSnapshot:
        pool = {name: deepcopy(getattr(self, name)) for name in POOL_STATE}
        return HostSnapshot(
            self.memory.copy(),
            self.frame_table.copy(),
            [guest.storage.blocks.copy() for guest in self.guests],
            [int(guest.storage.record.discard_random) for guest in self.guests],
            self.paging.snapshot() if self.paging else None,
            pool,
            [deepcopy((guest.statistics, guest.brought, guest.brought_at)) for guest in self.guests],
            [console.snapshot() for console in self.consoles],
        )

    def restore(self, snapshot: HostSnapshot) -> None:
        """Everything as it was at the snapshot of this host with these guests. What the CPUs hold of it is void."""
        self.memory[:] = snapshot.memory
        self.frame_table[:] = snapshot.frame_table
        if self.paging and snapshot.slots:
            self.paging.restore(snapshot.slots)
        for name, value in deepcopy(snapshot.pool).items():
            setattr(self, name, value)
        for guest, blocks, discard_random, kept, console, written in zip(
            self.guests, snapshot.blocks, snapshot.discard_random, snapshot.guests, self.consoles, snapshot.consoles,
            strict=True,
        ):  # fmt: skip
            guest.storage.blocks[:] = blocks
            guest.storage.record.discard_random = discard_random
            guest.statistics, guest.brought, guest.brought_at = deepcopy(kept)
            console.restore(written)
            kernels.forget_accelerators(guest.storage.record)
