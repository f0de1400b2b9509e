"""Which block's content lies in which slot of the paging device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.guest import Guest
from s390emu.host.paging_device import DeviceSnapshot, PagingDevice, PagingFull
from s390emu.host.pool import NO_SLOT


class SlotsSnapshot(NamedTuple):
    """The state of `Slots`."""

    device: DeviceSnapshot | None
    retained: dict[int, tuple[Guest, int]]


class Slots:
    """device: where preserved blocks go; None: nowhere.

    A block that is brought back retains its slot, so that it need not be written again if it is not changed; where
    there is no other room, that slot is given up.
    """

    def __init__(self, device: PagingDevice | None):
        self.device = device
        self._retained: dict[int, tuple[Guest, int]] = {}  # by slot, oldest first: whose resident block it has too

    def read(self, guest: Guest, number: int) -> bytes:
        """Return the content of a preserved block; PagingLost if its slot does not give it back."""
        assert self.device is not None, "a block is preserved, and there is no paging device"
        return self.device.read(int(guest.slot[number]))

    def retain(self, guest: Guest, number: int) -> None:
        """Keep the slot of a block that has been read back."""
        self._retained[int(guest.slot[number])] = guest, number

    def keep(self, guest: Guest, clean: Collection[int], changed: Sequence[tuple[int, np.ndarray]]) -> None:
        """Let slots have the content of these blocks, which are to lose their frames: the clean ones' have it already,
        the changed ones are written. PagingFull, and nothing has changed."""
        for number in clean:
            del self._retained[int(guest.slot[number])]
        slots: list[int] = []
        try:
            for _, data in changed:
                slots.append(self._write(data))
        except PagingFull:
            if self.device:
                for slot in slots:
                    self.device.free(slot)
            for number in clean:
                self.retain(guest, number)
            raise
        for (number, _), slot in zip(changed, slots, strict=True):
            self.free(guest, number)
            guest.slot[number] = slot
        guest.statistics.written_out += len(slots)

    def _write(self, data: np.ndarray) -> int:
        """Write one block and return its slot; if there is no other, one whose block is resident too."""
        if self.device is None:
            raise PagingFull("a block with content to keep cannot be taken: there is no paging device")
        while True:
            try:
                return self.device.write(data.data)
            except PagingFull:
                if not self._retained:
                    raise
                self.free(*next(iter(self._retained.values())))

    def free(self, guest: Guest, number: int) -> None:
        """Free the slot of this block, if it has one."""
        slot = int(guest.slot[number])
        if self.device and slot != NO_SLOT:
            self._retained.pop(slot, None)
            self.device.free(slot)
            guest.slot[number] = NO_SLOT

    def damage(self, guest: Guest, number: int) -> None:
        """Make the slot of this block unreadable; ValueError if it has none."""
        slot = int(guest.slot[number])
        if self.device is None or slot == NO_SLOT:
            raise ValueError(f"block {number * BLOCK_SIZE:#x} is not on the paging device")
        self.device.damage(slot)

    def snapshot(self) -> SlotsSnapshot:
        """Return what `restore` wants."""
        return SlotsSnapshot(self.device.snapshot() if self.device else None, self._retained.copy())

    def restore(self, snapshot: SlotsSnapshot) -> None:
        """Go back to a snapshot."""
        if self.device and snapshot.device:
            self.device.restore(snapshot.device)
        self._retained = snapshot.retained.copy()
