"""The host: a pool of page frames shared by its guests, the two doors through which a guest reaches it, and what a test
or a trace makes it do. The pool itself is in `frame_pool`, what the guest asks for in `hypercalls`.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from copy import deepcopy
from typing import NamedTuple

import numpy as np

from s390emu._jit import u64
from s390emu.architecture.page_states import (
    CLEAR_RESET,
    DIAG10,
    DISCARD,
    NAMES,
    NONE,
    NORMAL_RESET,
    NOT_APPLICABLE,
    RECLAIM,
    STABLE,
    TOUCH,
    UNUSED_ACCESS,
)
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import block_io, kernels
from s390emu.host.block_device import BlockDevice
from s390emu.host.block_io import BlockIO
from s390emu.host.console import Console
from s390emu.host.devices import NO_TIMES, Server, ServiceTimes
from s390emu.host.frame_pool import FramePool, Guest
from s390emu.host.frames import CHUNK_MOST, CHUNK_POLICIES, POSSIBLE_CHUNKS
from s390emu.host.hypercalls import hypercall
from s390emu.host.pager import FREE, NO_SLOT
from s390emu.host.paging_device import PagingDevice, PagingError, PagingLost, Slots
from s390emu.host.service_call import announce
from s390emu.host.statistics import Statistics
from s390emu.records.exits import COMPLETED, HINTED_AWAY, NO_FRAME, PAGING_ERROR
from s390emu.storage.absolute import state_of
from s390emu.storage.guest import GuestStorage, overwrite


class HostSnapshot(NamedTuple):
    """The host's whole state; what restore() wants."""

    memory: np.ndarray
    frame_table: np.ndarray
    blocks: list[np.ndarray]
    slots: Slots | None
    pool: dict
    broken: np.ndarray
    guests: list[tuple[Statistics, set[int], int, dict[int, int]]]
    consoles: list[dict]
    block_io: list[tuple]


class Host(FramePool):
    """frames: how many 4 KB frames there are, for all guests together. paging: where stable blocks go; None: nowhere.

    unused_access: what touching an unused block does (D8). discard_keys: "zero" or "random", ACC and F after a discard
    (D19). zero_detect: blocks full of zeros are not written out (D7). service: how long paging and disks take. chunk:
    how many blocks are backed together, and chunk_policy: what is done where the guest hints at some of them;
    look_ahead: by how many frames a victim may be younger than the oldest, if it costs no write; see `FramePool`.
    """

    # What one instruction may need at once: itself and the target of EXECUTE in two blocks each, four operands in two
    # blocks each, both blocks of the prefix area; and some to spare. With DAT there may be up to five tables for each
    # of those blocks: a guest whose tables share so little is refused a frame in a host that has no more than these.
    FEWEST_FRAMES = 16
    # The random numbers are drawn when a guest is attached.
    STATE = (*FramePool.STATE, "reason", "pinned", "_most", "_blocked", "_paging_server")

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
            raise ValueError(f"a host of {frames} frames: give it at least {self.FEWEST_FRAMES} for each guest")
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
        super().__init__(frames, paging, zero_detect, chunk, chunk_policy, look_ahead)
        self.unused_access = UNUSED_ACCESS.index(unused_access)
        self.discard_keys = discard_keys
        self.reason = ""  # of the last outcome below zero
        self.service = service
        self.pinned = 0  # frames of chunks with I/O going on in them
        self.consoles: list[Console] = []
        self.block_io: list[BlockIO] = []
        self._most = frames  # that the guests may have, as last asked for
        self._blocked: list[int] = []  # of each guest: until when
        self._paging_server = Server()
        self._random = random.Random(seed)

    # --- guests ------------------------------------------------------------------------------------------------------

    def attach(self, storage: GuestStorage) -> int:
        """Serve this guest from now on: -> its number."""
        if len(storage.blocks) % self.chunk:
            raise ValueError(
                f"guest storage of {len(storage.blocks)} blocks and chunks of {self.chunk}: the last one would not be "
                "whole; choose another size"
            )
        least = self._least_of_all(storage)
        if self.frame_count < least:
            places = "blocks at once" if self.chunk == 1 else f"blocks in as many chunks of {self.chunk} at once"
            raise ValueError(
                f"{self.frame_count} frames are too few for {len(self.guests) + 1} guests: an instruction may need "
                f"{self.FEWEST_FRAMES} {places}, so give the host at least {least} frames"
            )
        record = storage.record
        record.frames, record.frame_table = self.memory.ctypes.data, self.frame_table.ctypes.data
        record.unused_access = self.unused_access
        record.discard_seed = self._random.getrandbits(64) | 1 if self.discard_keys == "random" else 0
        self.consoles.append(Console())
        self.block_io.append(BlockIO())
        self._blocked.append(0)
        return self._add_guest(storage).number

    def least(self, storage: GuestStorage) -> int:
        """Frames without which this guest could not execute every instruction."""
        return min(self.FEWEST_FRAMES, len(storage.blocks) // self.chunk) * self.chunk

    def reach(self, guest_number: int) -> tuple[int, int]:
        """TLB reach: how many blocks of the guest have their place in a run for their chunk, and how many a frame."""
        guest = self.guests[guest_number]
        frames = guest.frame[guest.invalid == 0]
        return int((self._broken[frames >> self._shift] == 0).sum()), len(frames)

    def attach_disk(self, guest_number: int, device_number: int, disk: BlockDevice) -> None:
        """Give the guest this disk for block I/O (DIAGNOSE X'250')."""
        disks = self.block_io[guest_number].disks
        if not 0 <= device_number <= 0xFFFF:
            raise ValueError(f"device number {device_number:#x}: it has four hexadecimal digits")
        if device_number in disks:
            raise ValueError(f"guest {guest_number} has a device {device_number:04X} already")
        if disk.attached:
            raise ValueError(f"{disk.path} is attached already; give every guest its own disk")
        disk.attached = True
        disks[device_number] = disk

    def send(self, guest_number: int, text: str) -> bool:
        """Queue a message to the guest: -> whether it is told now; otherwise when it says that it receives messages."""
        console = self.consoles[guest_number]
        console.send(text)
        self.arm(self.guests[guest_number])
        return console.wanted

    def statistics(self, guest_number: int) -> Statistics:
        return self.guests[guest_number].statistics

    # --- what the machine asks ---------------------------------------------------------------------------------------

    def resolve(self, guest_number: int, number: int, store: bool = False) -> int:
        """The guest touched a block that has no frame. Afterwards the instruction is executed again."""
        guest = self.guests[guest_number]
        if guest.brought_at != guest.progress:
            guest.forget_brought()
        self.transfers.clear()  # those that no guest waits for
        try:
            if self.bring(guest, number) is not None:
                guest.bring_for(number)
                guest.statistics.faults_resolved += 1
        except PagingError as error:
            return self.failed(guest, error)
        finally:
            self.charge(guest)
        return COMPLETED

    def hypercall(self, guest_number: int, cpu, port) -> int:
        """Complete the instruction with which this CPU came to the host: -> its code, or a code below zero."""
        guest = self.guests[guest_number]
        self.transfers.clear()
        try:
            return hypercall(self, guest, cpu, port)
        finally:
            self.charge(guest)

    def deliver(self, guest_number: int) -> None:
        """The time of the guest's `host_event` has come: what has ended, and messages."""
        guest = self.guests[guest_number]
        block_io.deliver(self, guest)
        announce(guest.storage.record, self.consoles[guest_number])
        guest.storage.record.host_event = u64(self.block_io[guest_number].next_end())

    def failed(self, guest: Guest, error: PagingError) -> int:
        """The guest cannot have the block that it needs now: note why."""
        self.reason = str(error)
        if isinstance(error, PagingLost):
            guest.statistics.paging_errors += 1
            return PAGING_ERROR
        return NO_FRAME

    # --- time --------------------------------------------------------------------------------------------------------

    def now(self, guest_number: int) -> int:
        """Nanoseconds of the guest's TOD clock; while it is blocked, when it will go on."""
        guest = self.guests[guest_number]
        return max(guest.now, self._blocked[guest_number])

    def blocked_until(self, guest_number: int) -> int:
        """Until when the guest cannot run, in nanoseconds of its TOD clock; it may be long past."""
        return self._blocked[guest_number]

    def charge(self, guest: Guest) -> int:
        """The guest waits for the paging done since it was last charged: -> when it will go on."""
        now = until = self.now(guest.number)
        for _, blocks in self.transfers:
            until = max(until, self._paging_server.finish(now, self.service.paging(blocks)))
        self.transfers.clear()
        guest.statistics.paging_wait += until - now
        self._blocked[guest.number] = until
        return until

    def wait_for_disk(self, guest: Guest, until: int) -> None:
        guest.statistics.disk_wait += until - self.now(guest.number)
        self._blocked[guest.number] = until

    def arm(self, guest: Guest) -> None:
        """There is something new for the guest: `deliver` is to look."""
        guest.storage.record.host_event = u64(0)
        guest.storage.port_column("deadline")[:] = 0

    # --- host actions, by the pager or by a trace --------------------------------------------------------------------

    def reclaim(self, guest_number: int, number: int) -> int:
        """Take the frame of this block now: -> the action of the table's RECLAIM column; NOT_APPLICABLE without a frame
        or with I/O going on in it. PagingFull where it cannot be written out."""
        guest = self.guests[guest_number]
        self._check(guest, number)
        if guest.invalid[number] or guest.pinned[number]:
            return NOT_APPLICABLE
        return self._take(int(guest.frame[number]), 1)

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
        block = self._block(guest, number)
        if block.pinned:
            self._clear_pinned(guest, number, block)
        else:
            self.empty(guest, number, DIAG10)
        guest.statistics.released += 1

    def _clear_pinned(self, guest: Guest, number: int, block) -> None:
        """It reads as zeros and keeps its frame, as a device is about to store there."""
        frame = int(block.frame)
        self._about_to_record(guest)
        kernels.transition(guest.storage.record, number, DIAG10, 0)
        self._free_slot(guest, number)
        self.memory[frame] = 0
        self._about_to_record(guest)
        kernels.transition(guest.storage.record, number, TOUCH, frame)

    def pressure(self, frames: int) -> int:
        """Take the oldest until at most `frames` are in use, or no more can be taken: -> how many were. Later the
        guests may have more again, but no more than `frames` or what they need at least."""
        self._most = frames
        self._set_limit()
        before = self.frames_in_use
        self._make_room(None, lambda: self.frames_in_use <= max(frames, 0))
        return before - self.frames_in_use

    def reset(self, guest_number: int, clear: bool) -> None:
        """Subsystem reset (usage and no-DAT, and I/O), or with `clear` clear reset (content and key too)."""
        guest = self.guests[guest_number]
        block_io.reset(self, guest)
        self.consoles[guest_number].receives = 0
        blocks = guest.storage.blocks
        changed = (blocks.usage != STABLE) | (blocks.no_dat != 0)
        if clear:
            changed |= (blocks.zero == 0) | (blocks.acc_f != 0) | (blocks.guest_rc != 0)
        for number in np.flatnonzero(changed):
            self.empty(guest, int(number), CLEAR_RESET if clear else NORMAL_RESET)

    def pin(self, guest_number: int, number: int) -> int:
        """Bring the block and keep its frame until unpin(), for I/O; calls nest. ABSENT: the guest hinted it away."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        try:
            self.bring(guest, number)
        except PagingError as error:
            return self.failed(guest, error)
        if kernels.action_of(guest.storage.record, number, TOUCH) != NONE:
            self.reason = f"block {number * BLOCK_SIZE:#x} is {NAMES[state_of(block)]}: the guest hinted it away"
            return HINTED_AWAY
        block.pinned += 1
        if block.pinned == 1:
            self._count_pinned(guest, number, 1)
        return COMPLETED

    def unpin(self, guest_number: int, number: int) -> None:
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        if not block.pinned:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not pinned")
        kernels.action_of(self.guests[guest_number].storage.record, number, TOUCH)  # who watches references is told
        block.pinned -= 1
        if not block.pinned:
            self._count_pinned(guest, number, -1)

    def _count_pinned(self, guest: Guest, number: int, more: int) -> None:
        """The block is pinned now, or is not any more; perhaps others of its chunk are."""
        first = self._chunk_of(number)
        if np.count_nonzero(guest.pinned[first : first + self.chunk]) == max(more, 0):
            self.pinned += more * self.chunk
            self._set_limit()

    def _set_limit(self) -> None:
        """No fewer frames than the guests need beside the pinned ones."""
        self.limit = min(self.frame_count, max(self._most, self._least_of_all() + self.pinned))

    def _least_of_all(self, *more: GuestStorage) -> int:
        """Frames for all guests, each with what an instruction needs. With chunks that would be most of their storage:
        there must be enough for the one that executes, and what the others need then is taken from it later."""
        needs = [self.least(storage) for storage in (*(guest.storage for guest in self.guests), *more)]
        return sum(needs) if self.chunk == 1 else max(needs, default=0)

    def can_pin(self, guest: Guest, blocks: Collection[int]) -> bool:
        """Can these blocks be pinned too without leaving the guests too few frames?"""
        chunks = {self._chunk_of(number) for number in blocks}
        more = sum(not guest.pinned[first : first + self.chunk].any() for first in chunks) * self.chunk
        return more <= self.limit - self._least_of_all() - self.pinned

    def swap_error(self, guest_number: int, number: int) -> None:
        """The block's slot becomes unreadable: for tests and traces."""
        block = self._block(self.guests[guest_number], number)
        if self.paging is None or block.slot == NO_SLOT:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not on the paging device")
        self.paging.damage(int(block.slot))

    # --- storage as the host sees it ---------------------------------------------------------------------------------

    def peek(self, guest_number: int, number: int) -> bytes:
        """The block's content, for a debugger or a dump: nothing changes, and what is logically zero reads as zeros."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        if not guest.invalid[number]:
            return self.memory[guest.frame[number]].tobytes()
        return bytes(BLOCK_SIZE) if block.zero else self._read(guest, number)

    def poke(self, guest_number: int, number: int, offset: int, data: bytes | memoryview) -> None:
        """Bytes into a block, by a loader or a debugger: it becomes resident, the guest's key and usage stay."""
        guest = self.guests[guest_number]
        block = self._block(guest, number)
        self.bring(guest, number)
        if block.invalid:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is {NAMES[state_of(block)]}: set it stable first")
        kernels.overlaid(guest.storage.record, number, offset, len(data))
        self.memory[block.frame, offset : offset + len(data)] = np.frombuffer(data, np.uint8)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> HostSnapshot:
        pool = {name: duplicate(getattr(self, name)) for name in self.STATE}
        in_use = np.flatnonzero(self._guests != FREE)
        return HostSnapshot(
            self.memory[: in_use[-1] + 1 if len(in_use) else 0].copy(),
            self.frame_table.copy(),
            [guest.storage.blocks.copy() for guest in self.guests],
            self.paging.snapshot() if self.paging else None,
            pool,
            self._broken.copy(),
            [(g.statistics.copy(), set(g.brought), g.brought_at, dict(g.moved)) for g in self.guests],
            [console.snapshot() for console in self.consoles],
            [io.snapshot() for io in self.block_io],
        )

    def restore(self, snapshot: HostSnapshot) -> None:
        """Everything as it was at the snapshot of this host with these guests. What the CPUs hold of it is void, but
        for decoded instructions whose block has its content still."""
        decoded = [{n: self._resident(g, n) for n in g.storage.decoded_blocks()} for g in self.guests]
        self.memory[: len(snapshot.memory)] = snapshot.memory
        overwrite(self.frame_table, snapshot.frame_table)
        if self.paging and snapshot.slots:
            self.paging.restore(snapshot.slots)
        self._broken[:] = snapshot.broken
        for name, value in snapshot.pool.items():
            setattr(self, name, duplicate(value))
        for guest, blocks, kept, console, written, io, disks, contents in zip(
            self.guests, snapshot.blocks, snapshot.guests, self.consoles, snapshot.consoles, self.block_io,
            snapshot.block_io, decoded, strict=True,
        ):  # fmt: skip
            overwrite(guest.storage.blocks, blocks)
            statistics, brought, brought_at, moved = kept
            guest.statistics, guest.moved = statistics.copy(), dict(moved)
            guest.restore_brought(brought, brought_at)
            console.restore(written)
            io.restore(disks)
            self.arm(guest)
            for number, content in contents.items():
                if content is None or content != self._resident(guest, number):
                    kernels.drop_decoded(guest.storage.record, number, 0, BLOCK_SIZE)
            kernels.flush(guest.storage.record)

    def _resident(self, guest: Guest, number: int) -> bytes | None:
        """The content of a block that has a frame."""
        return None if guest.invalid[number] else self.memory[guest.frame[number]].tobytes()


def duplicate(value):
    """A copy that shares nothing that can change; the usual kinds of value at a fraction of what deepcopy takes."""
    if isinstance(value, int | str | bytes | None):
        return value
    if isinstance(value, list | set | dict) and set(map(type, value)) <= {int, str}:
        if not isinstance(value, dict) or set(map(type, value.values())) <= {int, str, tuple}:
            return value.copy()
    return deepcopy(value)
