"""The pager: gives blocks their frames and content, and takes them. docs/page-hinting.md, section 8.

What an event does to a block is one kernel, `storage.transitions`; here frames, bytes and slots follow. Which frames go
next is decided in `clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from s390emu.architecture.page_states import DIAG10, DISCARD, IN, NAMES, OUT, STABLE, TOUCH, ZERO_FILL
from s390emu.host import kernels
from s390emu.host.chunks import SPLIT, WHOLE
from s390emu.host.clock import Clock
from s390emu.host.delays import Delays
from s390emu.host.frames import Frames
from s390emu.host.guest import Guest
from s390emu.host.limit import Limit
from s390emu.host.paging_device import PagingError, PagingFull, PagingLost
from s390emu.host.pool import ADDRESS_BYTES, DROPPED_MOST
from s390emu.host.slots import Slots
from s390emu.host.supply import GIVEN, GUEST_SHIFT, STATE_SHIFT
from s390emu.host.victims import ABSENT, CLEAN, DROP, WRITE, ZEROS
from s390emu.storage.events import MARGIN

EVENTS_AT_ONCE = int(MARGIN) // 2  # and there was room for MARGIN in the event table


class NoFrame(PagingError):
    """No frame is free and none can be taken."""


class Policy(NamedTuple):
    """zero_detect: blocks full of zeros are not written out (D7). look_ahead: see `Clock`. chunk_policy: what is done
    with a chunk that is to be taken when some of its blocks may be discarded:

    whole     all of it is moved if anything must be kept
    split     what may be discarded is, and the rest has frames of its own from then on
    subpage   only what must be kept is moved
    """

    zero_detect: bool
    chunk_policy: str
    look_ahead: int


class Pager:
    """frames, slots: where blocks are. limit: how many frames may be in use. delays: who waits for transfers.

    clock: which frames go next.
    """

    def __init__(self, frames: Frames, slots: Slots, limit: Limit, delays: Delays, guests: list[Guest], policy: Policy):
        self.frames, self.slots, self.limit, self.delays, self.policy = frames, slots, limit, delays, policy
        self.divisible = frames.chunk > 1 and policy.chunk_policy == SPLIT
        self._guests = guests
        self._no_room = ""  # why frames could not be taken, when last tried
        self._costs = np.zeros((frames.chunk, 2), np.uint8)  # of a mapping being taken: each block's cost, state before
        self._addresses = np.zeros((2, 0), np.uint64)  # of each guest: its record, what was brought for it
        self._dropped = np.zeros(DROPPED_MOST, np.uint64)
        look_ahead = min(policy.look_ahead, frames.count)
        self._record = frames.record
        self._tell(
            costs=self._costs.ctypes.data, dropped=self._dropped.ctypes.data, writable=slots.device is not None,
            zero_detect=policy.zero_detect, divisible=self.divisible,
        )  # fmt: skip
        self.pool: int = self._record.ctypes.data  # address of what compiled code is told
        self._asking, self._kept, self._limit, self._given, self._dropped_count = (
            self._record[name].data for name in ("asking", "kept", "limit", "given", "dropped_count")
        )
        self.clock = Clock(frames, guests, self._record, divisible=self.divisible, look_ahead=look_ahead)

    def _tell(self, **values) -> None:
        """Put values into the record that compiled code is given."""
        for name, value in values.items():
            self._record[name] = value

    def serve(self, guest: Guest) -> None:
        """Give this guest frames from now on; the list of guests has it already."""
        guest.storage.back(self.frames.memory, self.frames.table)
        self._addresses = np.array([(g.address, g.brought_address) for g in self._guests], np.uint64).T.copy()
        self._tell(guests=self._addresses[0].ctypes.data, brought=self._addresses[1].ctypes.data)

    # --- giving ------------------------------------------------------------------------------------------------------

    def bring(
        self, guest: Guest, number: int, event: int = TOUCH, commit: Callable[[int], int] | None = None
    ) -> int | None:
        """Give the block a frame with its content, if the event asks for it; return the action, or None.

        commit: what makes the transition once the frame is there. PagingError, and nothing has changed."""
        guest.check(number)
        if event == TOUCH and not commit and self._supplied(guest, number):
            return ZERO_FILL
        action = kernels.action_of(guest.address, number, event)
        if action not in (IN, ZERO_FILL):
            return None
        guest.failing_block = number
        data = self.slots.read(guest, number) if action == IN else None
        frame, whole_chunk = self._place(guest, number)
        if data:
            self.frames.memory[frame] = np.frombuffer(data, np.uint8)
        guest.about_to_record()
        if commit:
            self.frames.assign(frame, 1, guest.number, number)
            if not data:
                self.frames.memory[frame] = 0
            commit(frame)
        else:
            kernels.arrive(self.pool, guest.number, number, frame, event)
        came_back = self._note_arrival(guest, number, action)
        if whole_chunk:
            came_back += self._bring_rest(guest, number, frame)
        if came_back:
            if whole_chunk and self.policy.chunk_policy == WHOLE:
                came_back = max(came_back, guest.moved.get(self.frames.start(number), 0))
            self.delays.transferred(guest, came_back)
        return action

    # --- giving at once: what compiled code (`supply`) can do alone ---------------------------------------------------

    def _supplied(self, guest: Guest, number: int) -> bool:
        """Try to bring a block as if it were touched; False if it is left to `bring`."""
        if not guest.zero[number] or self.frames.chunk > 1 or self.clock.left is not None:
            return False
        self._ask(guest)
        given = kernels.supply(self.pool, number) == GIVEN or (
            self._take_left() and kernels.supply(self.pool, number) == GIVEN
        )
        self._account_for_supply()
        return given

    def place(self, guest: Guest, addresses: int, count: int, source: int, length: int, key: int) -> int:
        """Store buffers of a channel, as `supply.place` does with these arguments; return how many of them. If the
        next one is not denied, its block has to be brought next."""
        if guest.watched:
            return 0
        self._ask(guest)
        stored = kernels.place(self.pool, addresses, count, source, length, key)
        while stored < count and self._take_left():
            more = addresses + stored * int(ADDRESS_BYTES)
            stored += kernels.place(self.pool, more, count - stored, source + stored * length, length, key)
        self._account_for_supply()
        return stored

    def _take_left(self) -> bool:
        """Take the victim that compiled code has left, if it has. False if there is none, or it cannot be written out:
        then it is left to `bring`."""
        if (victim := self.clock.left) is None:
            return False
        self.clock.left = None
        try:
            self.take(victim, 1)
        except PagingFull:
            self.clock.left = victim
            return False
        return True

    def _ask(self, guest: Guest) -> None:
        """Let compiled code give frames to this guest."""
        self._asking[0], self._kept[0], self._limit[0] = guest.number, guest.retrying, self.limit.frames

    def _account_for_supply(self) -> None:
        """Count what compiled code has done for the guest that asked."""
        self._guests[self._asking[0]].statistics.zero_filled += self._given[0]
        if taken := self._dropped_count[0]:
            for what in self._dropped[:taken].tolist():
                _count_dropped(self._guests[what >> int(GUEST_SHIFT)], what & 0xFF, what >> int(STATE_SHIFT) & 0xFF)
        self._given[0] = self._dropped_count[0] = 0

    def _note_arrival(self, guest: Guest, number: int, action: int) -> int:
        """Count the block, and return how many blocks were read for it."""
        if action != IN:
            guest.statistics.zero_filled += 1
            return 0
        self.slots.retain(guest, number)
        guest.statistics.read_back += 1
        return 1

    def _bring_rest(self, guest: Guest, number: int, frame: int) -> int:
        """Bring the rest of the chunk into a new run, except blocks hinted away or unreadable (reported when touched).
        Return how many were read."""
        first = self.frames.start(number)
        here = slice(first, first + self.frames.chunk)
        came_back = 0
        for other in (np.flatnonzero(guest.invalid[here] & (guest.usage[here] == STABLE)) + first).tolist():
            place = frame + other - number
            action = ZERO_FILL if guest.zero[other] else IN
            if action == IN:
                try:
                    self.frames.memory[place] = np.frombuffer(self.slots.read(guest, other), np.uint8)
                except PagingLost:
                    continue
            guest.about_to_record()
            kernels.arrive(self.pool, guest.number, other, place, TOUCH)
            came_back += self._note_arrival(guest, other, action)
        return came_back

    def _place(self, guest: Guest, number: int) -> tuple[int, bool]:
        """Obtain a frame for the block, reclaiming if necessary; return it, and True if all the block's chunk is to
        come with it."""
        first = self.frames.start(number)
        if self.frames.chunk > 1:
            resident = np.flatnonzero(guest.invalid[first : first + self.frames.chunk] == 0)
            if len(resident):
                frame = int(guest.frame[first + resident[0]])
                if self.frames.is_broken(frame):
                    return self._obtain(guest, 1)[0], False
                return self.frames.start(frame) + number - first, False
        frame, length = self._obtain(guest, self.frames.chunk)
        if length == 1:
            return frame, False
        self.frames.assign(frame, length, guest.number, first)
        return frame + number - first, True

    def _obtain(self, guest: Guest, length: int) -> tuple[int, int]:
        """Obtain `length` frames, reclaiming if necessary; return the first one, and how many. A free single frame is
        preferred to a run in use."""
        frames, limit = self.frames, self.limit

        def enough() -> str:
            room = limit.frames - frames.in_use
            if length == frames.chunk and room >= length and frames.has_free_run:
                return "run"
            return "single" if self.divisible and room > 0 and (length == 1 or frames.has_free_single) else ""

        found = self._make_room(guest, enough)
        if not found:
            wanted = "page frame" if length == 1 else f"run of {length} page frames"
            raise NoFrame(
                f"no {wanted} for guest {guest.number}: of {limit.frames} none is free and none can be taken; "
                f"{self._no_room}. Give the host more frames" + ("" if self.slots.device else " or a paging device")
            )
        return (frames.pop_run(), length) if found == "run" else (frames.pop_single(), 1)

    # --- taking ------------------------------------------------------------------------------------------------------

    def shrink(self, frames: int) -> int:
        """Take the oldest until at most so many frames are in use, or no more can be taken; return how many were."""
        before = self.frames.in_use
        self._make_room(None, lambda: "enough" if self.frames.in_use <= max(frames, 0) else "")
        return before - self.frames.in_use

    def _make_room(self, guest: Guest | None, enough: Callable[[], str]) -> str:
        """Take frames, for this guest if for one, until `enough` says what is enough, and return that; return nothing
        if no more can be taken."""
        writable = self.slots.device is not None
        self._no_room = "the rest is pinned for I/O, or was brought for the instruction that needs one more"
        if not writable:
            self._no_room = "the rest is stable, and without a paging device it cannot be taken"
        while not (found := enough()):
            victim = self.clock.choose(guest, writable)
            if victim is None:
                return ""
            try:
                self.take(*victim)
            except PagingFull as error:
                writable, self._no_room = False, str(error)
        return found

    def take(self, start: int, length: int) -> int:
        """Reclaim the blocks in these frames, one mapping or a block of one, in the order of docs/page-hinting.md
        section 8; return the action, of the last one. PagingFull, and nothing is taken."""
        guest, first = self._guests[self.frames.guests[start]], int(self.frames.blocks[start])
        costs = self._invalidate_and_decide(start, length)
        self._write(guest, first, start, costs)
        self._publish(guest, start, length)
        action = self._account_for(guest, first, costs)
        self._left(guest, first, start)
        return action

    def _invalidate_and_decide(self, start: int, length: int) -> list[list[int]]:
        """Return cost and state of each block, now that no CPU can reach it."""
        kernels.invalidate_and_decide(self.pool, start, length)
        if length > 1 and self.divisible and (drops := np.isin(self._costs[:length, 0], (DROP, ZEROS))).any():
            self._costs[:length, 0] *= drops  # the others stay
        return self._costs[:length].tolist()

    def _write(self, guest: Guest, first: int, start: int, costs: list[list[int]]) -> None:
        """Let the paging device have what must be kept."""
        clean = [first + n for n, (cost, _) in enumerate(costs) if cost == CLEAN]
        changed = [(first + n, self.frames.memory[start + n]) for n, (cost, _) in enumerate(costs) if cost == WRITE]
        if clean or changed:
            self.slots.keep(guest, clean, changed)
        if changed:
            moved = len(changed)
            if len(costs) > 1 and self.policy.chunk_policy == WHOLE:
                moved = guest.moved[first] = sum(cost != ABSENT for cost, _ in costs)
            self.delays.transferred(guest, moved)

    def _publish(self, guest: Guest, start: int, length: int) -> None:
        """Let the blocks be in their new states."""
        for at in range(0, length, EVENTS_AT_ONCE):
            guest.about_to_record()
            kernels.publish(self.pool, start, at, min(length, at + EVENTS_AT_ONCE))

    def _account_for(self, guest: Guest, first: int, costs: list[list[int]]) -> int:
        """Count what was taken, and free the slots of content that is not kept; return the action of the last block."""
        action, taken = OUT, 0
        for number, (cost, before) in enumerate(costs, first):
            if cost == ABSENT:
                continue
            action = OUT
            taken += 1
            if cost == CLEAN:
                guest.statistics.still_clean += 1
            elif cost != WRITE:
                self.slots.free(guest, number)
                action = _count_dropped(guest, cost, before)
        self.clock.taken(taken)
        return action

    def _left(self, guest: Guest, number: int, frame: int) -> None:
        """Free the frame of a block that has lost its content, and perhaps others of its chunk."""
        frames = self.frames
        if frames.chunk > 1 and not frames.is_broken(frame):
            chunk = frames.start(number)
            absent = guest.invalid[chunk : chunk + frames.chunk]
            if not absent.all():
                if not self.divisible:
                    return
                guest.statistics.splits += 1
                frames.break_run(frame)
                for offset in np.flatnonzero(absent).tolist():
                    frames.give_back(frames.start(frame) + offset)
                return
        frames.give_back(frame)

    # --- what the guest throws away ----------------------------------------------------------------------------------

    def empty(self, guest: Guest, number: int, event: int, commit: Callable[[], int] | None = None) -> None:
        """Let the event (ORC 2 to 4, DIAG10, a reset) happen, and free the frame or the slot that it leaves without
        content. commit: what makes the transition."""
        guest.check(number)
        before, frame = guest.storage.state(number), int(guest.frame[number])
        resident = not guest.invalid[number]
        guest.about_to_record()
        action = commit() if commit else kernels.transition(guest.address, number, event, 0)
        if action == DISCARD:
            guest.statistics.discarded[NAMES[before]] += 1
        if resident and guest.invalid[number]:
            self._left(guest, number, frame)
        if guest.zero[number]:
            self.slots.free(guest, number)

    def release(self, guest: Guest, first: int, beyond: int) -> None:
        """Do DIAGNOSE X'10' on blocks `first` to before `beyond`, if any: they read as zeros from now on."""
        number = first
        while number < beyond:
            number = kernels.release(self.pool, guest.number, number, beyond)
            if number < beyond:
                self._release_left(guest, number)
                number += 1
        guest.statistics.released += max(0, beyond - first)

    def _release_left(self, guest: Guest, number: int) -> None:
        """Release a block that compiled code has left."""
        if guest.pinned[number]:
            self._clear_pinned(guest, number)
        else:
            self.empty(guest, number, DIAG10)

    def _clear_pinned(self, guest: Guest, number: int) -> None:
        """Clear a block that keeps its frame, as a device is about to store there."""
        frame = int(guest.frame[number])
        guest.about_to_record()
        kernels.transition(guest.address, number, DIAG10, 0)
        self.slots.free(guest, number)
        self.frames.memory[frame] = 0
        guest.about_to_record()
        kernels.transition(guest.address, number, TOUCH, frame)


def _count_dropped(guest: Guest, cost: int, before: int) -> int:
    """Count a block that was taken, in this state before, without keeping its content; return the action."""
    if cost == ZEROS:
        guest.statistics.found_zero += 1
        return OUT
    guest.statistics.discarded[NAMES[before]] += 1
    return DISCARD
