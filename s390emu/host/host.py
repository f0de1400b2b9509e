"""The host: a pool of page frames shared by its guests. It brings what a guest touches and takes frames away by age."""

from __future__ import annotations

from enum import Enum

import numpy as np

from s390emu.storage.guest import GuestStorage
from s390emu.storage.state import BLOCK_SIZE, FRAME_T


class Outcome(Enum):
    RESOLVED, PAGING_ERROR, NO_FRAME = range(3)


class Console:
    text = ""
    flooded = False


class Host:
    FEWEST_FRAMES = 16
    """frames: how many 4 KB frames there are, for all guests together."""

    def __init__(self, frames: int):
        self.frame_count = frames
        # One block more than needed: frames start on a block boundary.
        self._memory = np.zeros((frames + 1) * BLOCK_SIZE, np.uint8)
        start = -self._memory.ctypes.data % BLOCK_SIZE
        self.memory = self._memory[start : start + frames * BLOCK_SIZE]
        self.frame_table = np.zeros(frames, FRAME_T).view(np.recarray)
        self.frame_table.guest = -1
        self.guests: list[GuestStorage] = []
        self._next = 0
        self.consoles = []

    def attach(self, guest: GuestStorage) -> int:
        """Serve this guest from now on: -> its number."""
        record = guest.record
        record.frames, record.frame_table = self.memory.ctypes.data, self.frame_table.ctypes.data
        self.guests.append(guest)
        self.consoles.append(Console())
        return len(self.guests) - 1

    def resolve(self, guest_number: int, number: int, store: bool) -> Outcome:
        """The guest touched a block that has no frame."""
        guest = self.guests[guest_number]
        block = guest.blocks[number]
        frame = self._next
        self._next += 1
        self.frame_table[frame].guest, self.frame_table[frame].block = guest_number, number
        self.frame_table[frame].key = block.acc_f
        self.memory[frame * BLOCK_SIZE : (frame + 1) * BLOCK_SIZE] = 0
        block.frame, block.invalid, block.zero = frame, 0, 0
        return Outcome.RESOLVED

    def peek(self, guest_number: int, number: int) -> bytes:
        block = self.guests[guest_number].blocks[number]
        if block.invalid:
            return bytes(BLOCK_SIZE)
        return self.memory[block.frame * BLOCK_SIZE : (block.frame + 1) * BLOCK_SIZE].tobytes()

    def poke(self, guest_number: int, number: int, offset: int, data: bytes) -> None:
        block = self.guests[guest_number].blocks[number]
        if block.invalid:
            self.resolve(guest_number, number, True)
        start = int(block.frame) * BLOCK_SIZE + offset
        self.memory[start : start + len(data)] = np.frombuffer(data, np.uint8)

    def hypercall(self, guest_number: int, cpu, insn: int) -> int:
        return 6

    def snapshot(self):
        return self.memory.copy(), self.frame_table.copy(), self._next

    def restore(self, snapshot):
        self.memory[:], self.frame_table[:], self._next = snapshot
