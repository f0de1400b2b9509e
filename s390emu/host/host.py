"""The host: it owns the parts, and serves guests by number. What each part does is said there:

    frames, slots      where blocks are: in storage, on the paging device
    limit              how many frames the guests may have
    pager              gives blocks their frames, and takes them; which next, `pager.clock` decides
    delays             who waits for devices, and until when
    guests             what is kept of each guest; its console and its disks among it

Here are the doors through which a guest reaches the host, and what a test, a trace or an operator makes it do.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from s390emu._jit import u64
from s390emu.architecture.page_states import (
    CLEAR_RESET,
    DISCARD,
    NONE,
    NORMAL_RESET,
    NOT_APPLICABLE,
    RECLAIM,
    STABLE,
    TOUCH,
    UNUSED_ACCESS,
)
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import block_io, kernels, outside
from s390emu.host.block_device import BlockDevice
from s390emu.host.chunks import CHUNK_POLICIES
from s390emu.host.delays import Delays
from s390emu.host.devices import NO_TIMES, ServiceTimes
from s390emu.host.frames import CHUNK_MOST, POSSIBLE_CHUNKS, Frames, FramesSnapshot
from s390emu.host.guest import Guest, GuestSnapshot
from s390emu.host.hypercalls import hypercall
from s390emu.host.limit import FEWEST_FRAMES, Limit
from s390emu.host.pager import NoFrame, Pager, Policy
from s390emu.host.paging_device import PagingDevice, PagingError, PagingLost
from s390emu.host.slots import Slots, SlotsSnapshot
from s390emu.host.statistics import Statistics
from s390emu.records.exits import COMPLETED, GIVES_WAY, HINTED_AWAY, NO_FRAME, PAGING_ERROR
from s390emu.storage.guest import GuestStorage


class HostSnapshot(NamedTuple):
    """The host's whole state; what restore() wants."""

    frames: FramesSnapshot
    slots: SlotsSnapshot
    limit: tuple
    delays: int
    clock: tuple
    guests: list[GuestSnapshot]
    reason: str


class Host:
    """frames: how many 4 KB frames there are, for all guests together. paging: where stable blocks go; None: nowhere.

    unused_access: what touching an unused block does (D8). discard_keys: "zero" or "random", ACC and F after a discard
    (D19). service: how long paging and disks take. chunk: how many blocks are brought and taken together. zero_detect,
    chunk_policy, look_ahead: see `Policy`.
    """

    def __init__(
        self,
        frames: int,
        paging: PagingDevice | None = None,
        *,
        seed: int = 0,
        unused_access: str = UNUSED_ACCESS[0],
        discard_keys: str = "zero",
        zero_detect: bool = False,
        service: ServiceTimes = NO_TIMES,
        chunk: int = 1,
        chunk_policy: str = CHUNK_POLICIES[0],
        look_ahead: int = 0,
    ):
        if frames <= 0:
            raise ValueError(f"a host of {frames} frames: give it at least {FEWEST_FRAMES} for each guest")
        if unused_access not in UNUSED_ACCESS:
            raise ValueError(f"unused_access is {unused_access!r}: it must be one of {', '.join(UNUSED_ACCESS)}")
        if discard_keys not in ("zero", "random"):
            raise ValueError(f"discard_keys is {discard_keys!r}: it must be zero or random")
        if chunk not in POSSIBLE_CHUNKS:
            raise ValueError(f"chunks of {chunk} blocks: it must be a power of two, {CHUNK_MOST} at most")
        if chunk_policy not in CHUNK_POLICIES:
            raise ValueError(f"chunk_policy is {chunk_policy!r}: it must be one of {', '.join(CHUNK_POLICIES)}")
        if look_ahead < 0:
            raise ValueError(f"look_ahead is {look_ahead}: frames, not below 0")
        self.unused_access = UNUSED_ACCESS.index(unused_access)
        self.discard_keys = discard_keys
        self.guests: list[Guest] = []
        self.frames = Frames(frames, chunk)
        self.slots = Slots(paging)
        self.limit = Limit(self.frames, self.guests)
        self.delays = Delays(service)
        policy = Policy(zero_detect, chunk_policy, look_ahead)
        self.pager = Pager(self.frames, self.slots, self.limit, self.delays, self.guests, policy)
        self.reason = ""  # of the last outcome below zero
        self.seed = seed  # of the guests' random numbers, too
        self._random = random.Random(seed)  # drawn from when a guest is attached

    # --- guests ------------------------------------------------------------------------------------------------------

    def attach(self, storage: GuestStorage) -> int:
        """Serve this guest from now on, and return its number."""
        chunk = self.frames.chunk
        if len(storage.blocks) % chunk:
            raise ValueError(
                f"guest storage of {len(storage.blocks)} blocks and chunks of {chunk}: the last one would not be "
                "whole; choose another size"
            )
        least = self.limit.least_of_all(storage)
        if self.frames.count < least:
            places = "blocks at once" if chunk == 1 else f"blocks in as many chunks of {chunk} at once"
            raise ValueError(
                f"{self.frames.count} frames are too few for {len(self.guests) + 1} guests: an instruction may need "
                f"{FEWEST_FRAMES} {places}, so give the host at least {least} frames"
            )
        record = storage.record
        record.unused_access = self.unused_access
        record.discard_seed = self._random.getrandbits(64) | 1 if self.discard_keys == "random" else 0
        guest = Guest(len(self.guests), storage)
        self.guests.append(guest)
        self.pager.serve(guest)
        return guest.number

    def attach_disk(self, guest_number: int, device_number: int, disk: BlockDevice) -> None:
        """Give the guest this disk for block I/O (DIAGNOSE X'250')."""
        disks = self.guests[guest_number].block_io.disks
        if not 0 <= device_number <= 0xFFFF:
            raise ValueError(f"device number {device_number:#x}: it has four hexadecimal digits")
        if device_number in disks:
            raise ValueError(f"guest {guest_number} has a device {device_number:04X} already")
        if disk.attached:
            raise ValueError(f"{disk.path} is attached already; give every guest its own disk")
        disk.attached = True
        disks[device_number] = disk

    def send(self, guest_number: int, text: str) -> bool:
        """Queue a message to the guest. Return True if it is told now; otherwise it is when it says that it receives
        messages."""
        guest = self.guests[guest_number]
        guest.console.send(text)
        guest.arm()
        return guest.console.wanted

    def type(self, guest_number: int, text: str) -> None:
        """Type on the guest's console. ValueError for what no key writes."""
        guest = self.guests[guest_number]
        guest.console.type(text)
        guest.arm()

    def statistics(self, guest_number: int) -> Statistics:
        """Return what the host did for the guest."""
        return self.guests[guest_number].statistics

    def reach(self, guest_number: int) -> tuple[int, int]:
        """Return (blocks backed by an unbroken run, resident blocks): what a host TLB could reach with large entries.
        """
        guest = self.guests[guest_number]
        frames = guest.frame[guest.invalid == 0]
        return self.frames.unbroken(frames), len(frames)

    # --- the guests' doors -------------------------------------------------------------------------------------------

    def resolve(self, guest_number: int, number: int, cpu: int = 0) -> int:
        """Bring a block without a frame that this CPU touched, and return COMPLETED, upon which it executes the
        instruction again; or a code below zero."""
        guest = self.guests[guest_number]
        guest.cpu = cpu
        guest.forget_ended()
        self.delays.forget()
        try:
            if self.pager.bring(guest, number) is not None:
                guest.brought_for(cpu, number)
                guest.statistics.faults_resolved += 1
        except PagingError as error:
            return self.failed(guest, error)
        finally:
            self.delays.charge(guest, cpu)
        return COMPLETED

    def hypercall(self, guest_number: int, cpu, port) -> int:
        """Complete the instruction with which this CPU came to the host: return its code, or a code below zero."""
        guest = self.guests[guest_number]
        guest.cpu = int(port.cpu_address)
        self.delays.forget()
        if guest.watched:
            guest.about_to_record()
            kernels.note_hypercall(guest.storage.record)
        try:
            return hypercall(self, guest, cpu, port)
        finally:
            self.delays.charge(guest, guest.cpu)

    def deliver(self, guest_number: int) -> None:
        """Let I/O that has ended and messages reach the guest: the time of its `host_event` has come."""
        guest = self.guests[guest_number]
        block_io.deliver(self, guest)
        guest.announce_messages()
        guest.storage.record.host_event = u64(guest.block_io.next_end())

    def failed(self, guest: Guest, error: PagingError) -> int:
        """Note why the guest cannot have the block that it needs now, and return the code that says so. Where other
        CPUs claim the frames that are left, this one tries again after them."""
        if isinstance(error, NoFrame) and guest.give_way():
            return GIVES_WAY
        self.reason = str(error)
        if isinstance(error, PagingLost):
            guest.statistics.paging_errors += 1
            return PAGING_ERROR
        return NO_FRAME

    def blocked_until(self, guest_number: int, cpu: int | None = None) -> int:
        """Return the time until which this CPU, or every CPU of the guest, waits for the host, in nanoseconds of the
        guest's TOD clock; it may be long past."""
        return self.guests[guest_number].blocked_until(cpu)

    # --- host actions, by a trace, a test or an operator -------------------------------------------------------------

    def reclaim(self, guest_number: int, number: int) -> int:
        """Take the frame of this block now. Return the action of the table's RECLAIM column; NOT_APPLICABLE without a
        frame or with I/O going on in it. PagingFull where it cannot be written out."""
        guest = self.guests[guest_number]
        guest.check(number)
        if guest.invalid[number] or guest.pinned[number]:
            return NOT_APPLICABLE
        return self.pager.take(int(guest.frame[number]), 1)

    def discard(self, guest_number: int, number: int) -> int:
        """Throw the content away; ValueError for a block that has to keep it."""
        guest = self.guests[guest_number]
        guest.check(number)
        if kernels.action_of(guest.address, number, RECLAIM) != DISCARD or guest.pinned[number]:
            state = guest.storage.block(number).name
            raise ValueError(
                f"block {number * BLOCK_SIZE:#x} is {state}: only resident blocks that are unused, "
                "volatile, or potentially volatile and unchanged can be discarded"
            )
        return self.reclaim(guest_number, number)

    def pagein(self, guest_number: int, number: int) -> int:
        """Bring the block as if it were touched; return the action, NOT_APPLICABLE where a touch would not."""
        action = self.pager.bring(self.guests[guest_number], number)
        return NOT_APPLICABLE if action is None else action

    def release(self, guest_number: int, number: int) -> None:
        """Do DIAGNOSE X'10' on one block: it reads as zeros from now on."""
        guest = self.guests[guest_number]
        guest.check(number)
        self.pager.release(guest, number, number + 1)

    def pressure(self, frames: int) -> int:
        """Take the oldest until at most `frames` are in use, or no more can be taken; return how many were. Later the
        guests may have more again, but no more than `frames` or what they need at least."""
        self.limit.ask(frames)
        return self.pager.shrink(frames)

    def reset(self, guest_number: int, clear: bool) -> None:
        """Do a subsystem reset (usage and no-DAT, and I/O), or with `clear` a clear reset (content and key too)."""
        guest = self.guests[guest_number]
        block_io.reset(self, guest)
        guest.console.reset()
        blocks = guest.storage.blocks
        changed = (blocks.usage != STABLE) | (blocks.no_dat != 0)
        if clear:
            changed |= (blocks.zero == 0) | (blocks.acc_f != 0) | (blocks.guest_rc != 0)
        for number in np.flatnonzero(changed):
            self.pager.empty(guest, int(number), CLEAR_RESET if clear else NORMAL_RESET)

    def pin(self, guest_number: int, number: int) -> int:
        """Bring the block and keep its frame until unpin(), for I/O; calls nest. Return COMPLETED, or a code below
        zero: HINTED_AWAY if the guest hinted it away."""
        guest = self.guests[guest_number]
        try:
            self.pager.bring(guest, number)
        except PagingError as error:
            return self.failed(guest, error)
        guest.about_to_record()
        kernels.note_reference(guest.address, number)
        if kernels.action_of(guest.address, number, TOUCH) != NONE:
            state = guest.storage.block(number).name
            self.reason = f"block {number * BLOCK_SIZE:#x} is {state}: the guest hinted it away"
            return HINTED_AWAY
        self.limit.pin(guest, number)
        return COMPLETED

    def unpin(self, guest_number: int, number: int) -> None:
        """Undo one pin()."""
        guest = self.guests[guest_number]
        guest.check(number)
        if not guest.pinned[number]:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not pinned")
        guest.about_to_record()
        kernels.note_reference(guest.address, number)
        self.limit.unpin(guest, number)

    def swap_error(self, guest_number: int, number: int) -> None:
        """Make the block's slot unreadable: for tests and traces."""
        guest = self.guests[guest_number]
        guest.check(number)
        self.slots.damage(guest, number)

    # --- blocks from outside (host/outside.py) -----------------------------------------------------------------------

    def peek(self, guest_number: int, number: int, offset: int = 0, length: int = BLOCK_SIZE) -> bytes:
        """Return bytes of the block, for a debugger or a dump: nothing changes, and what is logically zero reads as
        zeros."""
        return outside.peek(self.pager, self.guests[guest_number], number, offset, length)

    def poke(self, guest_number: int, number: int, offset: int, data: bytes | memoryview) -> None:
        """Put bytes into a block, as a loader or a debugger does: it becomes resident, the guest's key and usage stay.
        """
        outside.poke(self.pager, self.guests[guest_number], number, offset, data)

    def set_block(self, guest_number: int, number: int, state: str | None = None, **details) -> None:
        """Put a block into a state ("Vz"), with this guest's `key`, `no_dat` attribute and content (`data`; zeros
        follow), as a trace or a test has it at its start; what is left out stays as it is."""
        outside.set_block(self.pager, self.guests[guest_number], number, state, **details)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self, keep: Callable[[np.ndarray], Any] = np.copy) -> HostSnapshot:
        """Return the state of every part, and what is kept of every guest. keep: as `Frames.snapshot` has it."""
        return HostSnapshot(
            self.frames.snapshot(keep), self.slots.snapshot(), self.limit.snapshot(), self.delays.snapshot(),
            self.pager.clock.snapshot(), [guest.snapshot() for guest in self.guests], self.reason,
        )  # fmt: skip

    def restore(self, snapshot: HostSnapshot) -> None:
        """Go back to a snapshot of this host with these guests. What the CPUs hold of it is void, but for decoded
        instructions whose block has its content still."""
        decoded = [{n: self._resident(guest, n) for n in guest.storage.decoded_blocks()} for guest in self.guests]
        self.frames.restore(snapshot.frames)
        self.slots.restore(snapshot.slots)
        self.limit.restore(snapshot.limit)
        self.delays.restore(snapshot.delays)
        self.pager.clock.restore(snapshot.clock)
        self.reason = snapshot.reason
        for guest, kept, contents in zip(self.guests, snapshot.guests, decoded, strict=True):
            guest.restore(kept)
            guest.arm()
            for number, content in contents.items():
                if content is None or content != self._resident(guest, number):
                    kernels.drop_decoded(guest.address, number, 0, BLOCK_SIZE)
            kernels.flush(guest.address)

    def _resident(self, guest: Guest, number: int) -> bytes | None:
        """Return the content of a block that has a frame."""
        return None if guest.invalid[number] else self.frames.memory[guest.frame[number]].tobytes()
