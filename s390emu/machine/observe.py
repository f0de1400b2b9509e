"""Who watches a guest from outside, each with wishes of its own: kinds of event, accesses to blocks, ranges.

The guest has one mask of events, one byte of watched accesses for each block and one range; what is in them is what all
observers together want. Each observer is given what it asked for itself, so that it need not know of the others, and
when it leaves only its own wishes end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_RANGE, WATCH_STORE, WATCH_TABLE
from s390emu.records.events import EVENT_REFUSED, EVENT_TOUCH
from s390emu.storage.events import MARGIN
from s390emu.storage.guest import GuestStorage
from s390emu.storage.presence import STORE


class Observer(Protocol):
    """Who watches a guest from outside, and changes nothing of its execution.

    kinds, pauses: bit sets of the events (EVENT_* of records.events) that it wants, and of those among them upon which
    the machine is to stop after the instruction and call `look`.
    """

    kinds: int
    pauses: int

    def receive(self, events: np.ndarray) -> None:
        """Take events that happened, oldest first; perhaps in the middle of an instruction, so nothing to look at yet.
        They are shared with other observers: not to be changed."""

    def look(self) -> bool | None:
        """Look at the guest, between two instructions; all events so far were received. Return True to end the run."""


def kinds_of(*kinds: int) -> int:
    """Return the bit set of these kinds of event."""
    return sum(1 << kind for kind in kinds)


class Recorder:
    """An observer that keeps what it is given: `chunks`, a list of EVENT recarrays, oldest first."""

    pauses = 0

    def __init__(self, *kinds: int):
        self.kinds = kinds_of(*kinds)
        self.chunks: list[np.ndarray] = []

    def receive(self, events: np.ndarray) -> None:
        """Keep them."""
        self.chunks.append(events)

    def look(self) -> None:
        """Do nothing: a recorder does not look at the guest."""

    def taken(self) -> list[np.ndarray]:
        """Return what has been kept so far, and keep it no longer."""
        chunks, self.chunks = self.chunks, []
        return chunks


@dataclass(eq=False)
class Wishes:
    """What one observer wants beside kinds of event.

    accesses   by block, WATCH_FETCH, WATCH_STORE and WATCH_PAUSE
    ranges     absolute addresses, the last one excluded: stores there are told and pause the guest
    no_tlb     every access is to take the slow path, which alone records EVENT_FETCH, EVENT_STORE and references
    """

    observer: Observer
    accesses: dict[int, int] = field(default_factory=dict)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    no_tlb: bool = False

    def has_range_in(self, block: int) -> bool:
        """True if part of a range lies in the block."""
        start = block * BLOCK_SIZE
        return any(first < start + BLOCK_SIZE and start < end for first, end in self.ranges)

    def wants(self, block: int, address: int, length: int, kind: int) -> bool:
        """True if this access was asked for."""
        accesses = self.accesses.get(block, 0)
        if kind != STORE:
            return accesses & WATCH_FETCH != 0
        return accesses & WATCH_STORE != 0 or any(address < end and first < address + length
                                                  for first, end in self.ranges)  # fmt: skip

    @property
    def watches(self) -> bool:
        """True if there is any access that this observer wants to be told of."""
        return bool(self.accesses or self.ranges)


class Observers:
    """The observers of one guest."""

    def __init__(self, storage: GuestStorage, tlb: bool):
        self.storage, self._tlb = storage, tlb
        self._wishes: list[Wishes] = []
        self._watched, self._invalid = storage.block_column("watched"), storage.block_column("invalid")
        column = storage.column
        self._count, self._event_mask, self._pause_mask = map(column, ("event_count", "event_mask", "pause_mask"))
        self._pause_first, self._pause_last, self._tlb_on = map(column, ("pause_first", "pause_last", "tlb_on"))

    def __len__(self) -> int:
        return len(self._wishes)

    # --- who wants what ----------------------------------------------------------------------------------------------

    def add(self, observer: Observer) -> None:
        """Let it watch the guest from now on."""
        self.deliver()
        self._wishes.append(Wishes(observer))
        self._apply_kinds()

    def remove(self, observer: Observer) -> None:
        """Give it what has happened, and end its wishes; those of the others stay."""
        self.deliver()
        gone = self._of(observer)
        self._wishes.remove(gone)
        self._apply_kinds()
        self._apply_ranges()
        for block in [*gone.accesses, *_blocks_of(gone.ranges)]:
            self._apply_to(block)
        if gone.no_tlb:
            self._apply_tlb()

    @contextmanager
    def only(self, *observers: Observer) -> Iterator[None]:
        """Let nobody but these watch meanwhile, and who is added, who has to be removed in time."""
        self.deliver()
        all_of_them = self._wishes
        self._wishes = [wishes for wishes in all_of_them if wishes.observer in observers]
        self.apply()
        try:
            yield
        finally:
            self.deliver()
            self._wishes = all_of_them
            self.apply()

    def want(self, observer: Observer, kinds: int, pauses: int = 0) -> None:
        """Change the kinds of event that an observer wants, from now on."""
        self.deliver()
        observer.kinds, observer.pauses = kinds, pauses
        self._apply_kinds()

    def watch(self, observer: Observer, block: int, accesses: int) -> None:
        """Let an observer be told (EVENT_TOUCH, EVENT_REFUSED) of these accesses to a block, and of no others to it."""
        wanted = self._of(observer).accesses
        if wanted.get(block, 0) == accesses:
            return
        self.deliver()
        if accesses:
            wanted[block] = accesses
        else:
            del wanted[block]
        self._apply_to(block)

    def watch_range(self, observer: Observer, first: int, end: int) -> None:
        """Let an observer be told (EVENT_TOUCH) of stores into this range too, after each of which the guest pauses."""
        self.deliver()
        self._of(observer).ranges.append((first, end))
        self._apply_ranges()
        for block in _blocks_of([(first, end)]):
            self._apply_to(block)

    def without_tlb(self, observer: Observer) -> None:
        """Let every access take the slow path for as long as this observer watches."""
        self._of(observer).no_tlb = True
        self._apply_tlb()

    def forget_table(self, block: int) -> None:
        """Let EVENT_TABLE be recorded again when the block is next used as a translation table."""
        self._watched[block] = int(self._watched[block]) & ~WATCH_TABLE

    def _of(self, observer: Observer) -> Wishes:
        return next(wishes for wishes in self._wishes if wishes.observer is observer)

    # --- what all of them together want, in the guest's records ------------------------------------------------------

    def apply(self) -> None:
        """Write everything that is wanted into the guest's records, which are those of a snapshot now, and flush TLBs,
        whose addresses may be others' now."""
        self._apply_kinds()
        self._apply_ranges()
        self._apply_tlb()
        for block in np.flatnonzero(self._watched).tolist():
            self._watched[block] = int(self._watched[block]) & WATCH_TABLE
        for wishes in self._wishes:
            for block in [*wishes.accesses, *_blocks_of(wishes.ranges)]:
                self._apply_to(block)

    def _apply_kinds(self) -> None:
        """Write the kinds of event that anybody wants."""
        kinds = pauses = 0
        for wishes in self._wishes:
            kinds |= wishes.observer.kinds
            pauses |= wishes.observer.pauses
        self._event_mask[0], self._pause_mask[0] = kinds, pauses

    def _apply_ranges(self) -> None:
        """Write one range that holds those of all observers; they are given only what lies within their own."""
        ranges = [each for wishes in self._wishes for each in wishes.ranges]
        self._pause_first[0] = min((first for first, _ in ranges), default=0)
        self._pause_last[0] = max((end for _, end in ranges), default=0)

    def _apply_tlb(self) -> None:
        """Turn the TLB off while somebody must see every access."""
        self._tlb_on[0] = self._tlb and not any(wishes.no_tlb for wishes in self._wishes)
        kernels.flush(self.storage.record)

    def _apply_to(self, block: int) -> None:
        """Write what all want of one block, and drop translations that would hide it."""
        wanted = 0
        for wishes in self._wishes:
            wanted |= wishes.accesses.get(block, 0)
        if any(wishes.has_range_in(block) for wishes in self._wishes):
            # WATCH_RANGE hides what is outside the range, so it cannot be where somebody watches the whole block.
            wanted |= WATCH_STORE | (WATCH_PAUSE if wanted else WATCH_RANGE)
        has = int(self._watched[block])
        if wanted & ~has and not self._invalid[block]:
            kernels.drop_block(self.storage.record, block)
        self._watched[block] = wanted | has & WATCH_TABLE

    # --- events ------------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Give each observer the events that it wants of those that were recorded since the last call."""
        count = int(self._count[0])
        if not count:
            return
        events = self.storage.events[:count].copy()
        self._count[0] = 0
        kinds = events["kind"].astype(np.int64)
        for wishes in list(self._wishes):
            own = self._wanted(wishes, kinds, events)
            if len(own):
                wishes.observer.receive(own)

    def _wanted(self, wishes: Wishes, kinds: np.ndarray, events: np.ndarray) -> np.ndarray:
        """Return those of the events that one observer asked for."""
        wanted = wishes.observer.kinds >> kinds & 1 != 0
        if any(others.watches for others in self._wishes if others is not wishes):
            for n in np.flatnonzero(wanted & ((kinds == EVENT_TOUCH) | (kinds == EVENT_REFUSED))).tolist():
                event = events[n]
                wanted[n] = wishes.wants(int(event.block), int(event.before), int(event.after), int(event.detail))
        return events if wanted.all() else events[wanted]

    def look(self) -> bool:
        """Give the observers what they have not seen yet, and let them look at the guest as it is; return True if one
        of them wants the run to end."""
        self.deliver()
        return any([wishes.observer.look() for wishes in list(self._wishes)])

    def make_room(self) -> None:
        """Deliver the events if their table is nearly full: the host is about to record one, and may do so often
        between two exits of the run loop."""
        if self._count[0] + MARGIN >= self.storage.record.event_capacity:
            self.deliver()


def _blocks_of(ranges: list[tuple[int, int]]) -> list[int]:
    """Return the blocks in which these ranges lie."""
    return [block for first, end in ranges for block in range(first // BLOCK_SIZE, (end - 1) // BLOCK_SIZE + 1)]
