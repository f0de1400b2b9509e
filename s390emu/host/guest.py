"""What the host keeps of one guest, beside the guest's own records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from s390emu._jit import u64
from s390emu.architecture.interruptions import EXTERNAL_SERVICE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.block_io_state import BlockIO
from s390emu.host.console import EVENT_PENDING, Console
from s390emu.host.statistics import Statistics
from s390emu.storage.guest import GuestStorage, overwrite

OFFERS_MOST = 2  # by each CPU: it may come to its turn once before the one that it waits for


@dataclass
class Waiting:
    """What one CPU waits for, or has just waited for: paging, or a disk; and what it claims meanwhile.

    until     nanoseconds of the guest's TOD clock; it may be long past
    brought   blocks brought for the instruction that it retries: taking one of them again would never end
    progress  of the CPU when that instruction first asked for one
    order     of that, among the guest's CPUs: the lowest is the oldest claim
    offered   how often others have given up their turn for this CPU since it last asked for a block
    """

    until: int = 0
    brought: set[int] = field(default_factory=set)
    progress: int = -1
    order: int = 0
    offered: int = 0

    def copy(self) -> Waiting:
        return replace(self, brought=self.brought.copy())


class GuestSnapshot(NamedTuple):
    """The state of `Guest`."""

    blocks: np.ndarray
    statistics: Statistics
    waiting: list[Waiting]
    claims: int
    moved: dict[int, int]
    console: dict
    block_io: tuple
    ipl_block: bytes


class Guest:
    """number: by which the host serves it. storage: its records.

    statistics  what the host did for it
    waiting     what each of its CPUs waits for, by CPU address
    moved       how many blocks were moved when a chunk was last written out as a whole, by its first block
    console, block_io: the state of the services it asks for
    ipl_block   the IPL parameter block that it has set; empty: none
    cpu: for which the host is at work, or was last. failing_block: whose content was needed last
    drain_events: called when an event is about to be recorded for it, so that its table has room
    usage, invalid, zero, frame, slot, pinned: columns of its BLOCK records, as plain arrays
    """

    def __init__(self, number: int, storage: GuestStorage):
        self.number, self.storage, self.address = number, storage, storage.address
        self.statistics = Statistics()
        self.waiting = [Waiting() for _ in storage.ports]
        self.moved: dict[int, int] = {}
        self.console, self.block_io = Console(), BlockIO()
        self.ipl_block = b""
        self.cpu = self.failing_block = 0
        self._claims = 0  # made so far
        self.drain_events: Callable[[], None] | None = None
        self.usage, self.invalid, self.zero, self.frame, self.slot, self.pinned = map(
            storage.block_column, ("usage", "invalid", "zero", "frame", "slot", "pinned")
        )
        # As memory views: one element of an array takes three times as long.
        self._event_mask = storage.column("event_mask").data
        self._count, self._idle, self._stolen = (
            storage.port_column(name).data for name in ("count", "idle", "stolen")
        )
        self._interruptions = [row.data for row in storage.port_column("interruption_count")]
        self._brought = np.zeros(len(storage.blocks), np.uint8)  # for compiled code: the CPUs, a bit each
        self.brought_address: int = self._brought.ctypes.data

    # --- its CPUs: progress, time ------------------------------------------------------------------------------------

    def progress_of(self, cpu: int) -> int:
        """Return a number that grows with each instruction and each interruption of this CPU."""
        return self._count[cpu] + sum(self._interruptions[cpu])

    @property
    def progress(self) -> int:
        """Return a number that grows with each instruction and each interruption."""
        return sum(map(self.progress_of, range(len(self.waiting))))

    @property
    def now(self) -> int:
        """Return the time of the guest's TOD clock, in nanoseconds: that of the CPU which is furthest."""
        return max(map(sum, zip(self._count, self._idle, self._stolen, strict=True)))

    def now_for(self, cpu: int) -> int:
        """Return the time; if this CPU waits for the host, the time at which it will go on."""
        return max(self.now, self.waiting[cpu].until)

    def blocked_until(self, cpu: int | None = None) -> int:
        """Return the time until which this CPU, or every CPU, waits for the host; it may be long past."""
        return min([waiting.until for waiting in self.waiting]) if cpu is None else self.waiting[cpu].until

    # --- blocks brought for instructions being retried ---------------------------------------------------------------

    def forget_ended(self) -> None:
        """Forget what was brought for instructions that have ended: of each CPU, another one is next."""
        for cpu, waiting in enumerate(self.waiting):
            if waiting.progress != (progress := self.progress_of(cpu)):
                self._forget(cpu)
                waiting.progress = progress

    def _forget(self, cpu: int) -> None:
        """Let this CPU claim no block."""
        waiting = self.waiting[cpu]
        for number in waiting.brought:
            self._brought[number] &= 0xFF ^ 1 << cpu
        waiting.brought.clear()
        waiting.offered = 0

    def brought_for(self, cpu: int, number: int) -> None:
        """Note that the block was brought for the instruction that is next on this CPU."""
        waiting = self.waiting[cpu]
        if not waiting.brought:
            self._claims += 1
            waiting.order = self._claims
        waiting.brought.add(number)
        waiting.offered = 0
        self._brought[number] |= 1 << cpu

    @property
    def retrying(self) -> int:
        """Return the CPUs, a bit each, that may still be at the instruction for which blocks were brought."""
        cpus = 0
        for cpu, waiting in enumerate(self.waiting):
            if waiting.progress == self.progress_of(cpu):
                cpus |= 1 << cpu
        return cpus

    @property
    def keep(self) -> tuple[int, ...]:
        """Return the CPUs, a bit each, whose blocks are to be kept from the one that asks: if possible those of all;
        else its own, and those of CPUs whose instruction has waited longer. So the oldest instruction gets all it
        needs, and then another one is the oldest."""
        if len(self.waiting) == 1:
            return (self.retrying,)
        older = sum(1 << cpu for cpu in self._older())
        return self.retrying, self.retrying & (1 << self.cpu | older)

    def _older(self) -> list[int]:
        """Return the CPUs, the oldest claim first, that claim blocks for longer than the CPU that asks now."""
        mine = self.waiting[self.cpu]
        order = mine.order if mine.brought else self._claims + 1
        retrying = self.retrying
        older = [cpu for cpu, waiting in enumerate(self.waiting) if waiting.brought and waiting.order < order]
        return sorted((cpu for cpu in older if retrying >> cpu & 1), key=lambda cpu: self.waiting[cpu].order)

    def give_way(self) -> bool:
        """Let the CPU that asks now try again when the one with the oldest claim has executed. False if there is none.

        A CPU that is stopped does not: having been offered the turn often enough, it loses its claim."""
        older = self._older()
        if not older:
            return False
        oldest = self.waiting[older[0]]
        oldest.offered += 1
        if oldest.offered > OFFERS_MOST * len(self.waiting):
            self._forget(older[0])
        mine = self.waiting[self.cpu]
        mine.until = max(mine.until, oldest.until)
        self.storage.record.gave_up, self.storage.record.yield_to = 1, older[0]
        return True

    # --- blocks, events ----------------------------------------------------------------------------------------------

    def check(self, number: int) -> None:
        """ValueError for a block beyond the guest's storage."""
        if not 0 <= number < len(self.invalid):
            raise ValueError(f"block {number * BLOCK_SIZE:#x}: guest {self.number} has {self.storage.size:#x} bytes")

    @property
    def watched(self) -> bool:
        """True if somebody wants events of this guest."""
        return self._event_mask[0] != 0

    def about_to_record(self) -> None:
        """Let the event table be drained, as the host is about to record an event or a few."""
        if self.watched and self.drain_events:
            self.drain_events()

    def arm(self) -> None:
        """Make the guest's CPUs look: there is something new for them (`Host.deliver`)."""
        self.storage.record.host_event = u64(0)
        self.storage.port_column("deadline")[:] = 0

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def announce_messages(self) -> None:
        """Let the service signal become pending for messages on the console that the guest has not been told of."""
        console, record = self.console, self.storage.record
        if console.announce and console.wanted:
            pending = bool(int(record.floating) & int(EXTERNAL_SERVICE))
            record.service_parameter = (int(record.service_parameter) if pending else 0) | EVENT_PENDING
            record.floating |= EXTERNAL_SERVICE
            console.announce = False

    def snapshot(self) -> GuestSnapshot:
        """Return what `restore` wants."""
        return GuestSnapshot(
            self.storage.blocks.copy(), self.statistics.copy(), [waiting.copy() for waiting in self.waiting],
            self._claims, self.moved.copy(), self.console.snapshot(), self.block_io.snapshot(),
            self.ipl_block,
        )  # fmt: skip

    def restore(self, snapshot: GuestSnapshot) -> None:
        """Go back to a snapshot."""
        overwrite(self.storage.blocks, snapshot.blocks)
        self.statistics, self.moved = snapshot.statistics.copy(), snapshot.moved.copy()
        self.waiting, self._claims = [waiting.copy() for waiting in snapshot.waiting], snapshot.claims
        self.ipl_block = snapshot.ipl_block
        self._brought[:] = 0
        for cpu, waiting in enumerate(self.waiting):
            self._brought[list(waiting.brought)] |= 1 << cpu
        self.console.restore(snapshot.console)
        self.block_io.restore(snapshot.block_io)
