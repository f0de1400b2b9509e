"""The paging device: a sparse file of 4 KB slots, each with a checksum. Never wrong data (docs/page-hinting.md D20)."""

from __future__ import annotations

import ctypes
import heapq
import os
import tempfile
import weakref
from collections.abc import Iterator
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE

DEFAULT_SLOTS = 1 << 20  # 4 GB
DIGEST_BYTES = 16
PUNCH_HOLE_KEEP_SIZE = 0x03  # fallocate(2): FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE


class PagingError(Exception):
    """Something is wrong with the paging device; the message says what, where, and what to do."""


class PagingUnavailable(PagingError):
    """The device cannot be set up: no such directory, no permission."""


class PagingFull(PagingError):
    """A block cannot be written out: no slot, or no room in the file system. Its content is still in its frame."""


class PagingLost(PagingError):
    """A slot does not give back what was written to it. Its content is gone."""


class DeviceSnapshot(NamedTuple):
    """What a snapshot keeps: the bytes as they are on the file (of a damaged slot, the damaged ones) and checksums."""

    contents: dict[int, bytes]
    digests: dict[int, bytes]
    free: list[int]
    fresh: int


def _digest(data: bytes | memoryview) -> bytes:
    """Return the checksum of a slot's content."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def _remove(file: BinaryIO, path: str) -> None:
    """Close and delete the file."""
    file.close()
    if os.path.exists(path):
        os.unlink(path)


class PagingDevice:
    """directory: where the file lies, the system's for temporary files if not given; removed by close() or at exit.

    slots: how many blocks it holds. path: the file, for whoever wants to see or damage it.
    """

    def __init__(self, directory: str | os.PathLike | None = None, slots: int = DEFAULT_SLOTS):
        if slots <= 0:
            raise ValueError(f"a paging device of {slots} slots: give at least 1, or no paging device at all")
        self.slots = slots
        try:
            descriptor, self.path = tempfile.mkstemp(prefix="s390emu-", suffix=".paging", dir=directory)
        except OSError as error:
            folder = tempfile.gettempdir() if directory is None else os.fspath(directory)
            raise PagingUnavailable(
                f"no paging file can be made in {folder}: {error.strerror}; name a directory that can be written to, "
                "or run without a paging device"
            ) from error
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._digests: dict[int, bytes] = {}
        self._free: list[int] = []  # a heap: slots given back below `_fresh`
        self._stale: set[int] = set()  # free slots whose old content still takes room
        self._fresh = 0  # this slot and those above were never used since the file was last cut there
        self.close = weakref.finalize(self, _remove, self._file, self.path)

    @property
    def used(self) -> int:
        """Return how many slots are in use."""
        return len(self._digests)

    def write(self, data: bytes | memoryview) -> int:
        """Keep one block, and return the slot it lies in."""
        if self.used == self.slots:
            raise PagingFull(f"all {self.slots} slots of {self.path} are in use; give the paging device more slots")
        slot = self._free_slot()
        try:
            written = os.pwrite(self._file.fileno(), data, slot * BLOCK_SIZE)
            if written != BLOCK_SIZE:
                raise OSError(0, f"only {written} of {BLOCK_SIZE} bytes written")
        except OSError as error:
            heapq.heappush(self._free, slot)
            self._fresh = max(self._fresh, slot + 1)
            raise PagingFull(
                f"{self.path} cannot be written: {error.strerror}; free some room there or name another directory"
            ) from error
        self._fresh = max(self._fresh, slot + 1)
        self._digests[slot] = _digest(data)
        return slot

    def read(self, slot: int) -> bytes:
        """Return what was written to the slot; the slot stays in use."""
        try:
            data = os.pread(self._file.fileno(), BLOCK_SIZE, slot * BLOCK_SIZE)
        except OSError as error:
            raise PagingLost(f"slot {slot} of {self.path} cannot be read: {error.strerror}") from error
        if _digest(data) != self._digests[slot]:
            raise PagingLost(f"slot {slot} of {self.path} is not what was written to it: the file was cut or changed")
        return data

    def free(self, slot: int) -> None:
        """Free a slot whose content is not needed any more; its room goes back to the file system."""
        del self._digests[slot]
        if slot != self._fresh - 1:
            heapq.heappush(self._free, slot)
            self._stale.add(slot)
            if len(self._stale) > self.used:
                self._give_room_back()
            return
        while self._fresh and self._fresh - 1 not in self._digests:
            self._fresh -= 1
            self._stale.discard(self._fresh)
        self._file.truncate(self._fresh * BLOCK_SIZE)

    def _give_room_back(self) -> None:
        """Punch holes where free slots are: all at once, as a hole takes a file system a millisecond, and most slots
        are soon written to again."""
        slots = sorted(self._stale)
        for first, last in _runs(slots):
            _punch_hole(self._file.fileno(), first * BLOCK_SIZE, (last - first + 1) * BLOCK_SIZE)
        self._stale.clear()

    def _free_slot(self) -> int:
        """Return a slot that is free."""
        while self._free:
            slot = heapq.heappop(self._free)
            self._stale.discard(slot)
            if slot < self._fresh:  # else the file has been cut below it meanwhile
                return slot
        return self._fresh

    def damage(self, slot: int) -> None:
        """Make the slot unreadable, as a failing disk would: for tests and traces."""
        first = os.pread(self._file.fileno(), 1, slot * BLOCK_SIZE) or b"\0"
        os.pwrite(self._file.fileno(), bytes([first[0] ^ 0xFF]), slot * BLOCK_SIZE)

    def snapshot(self) -> DeviceSnapshot:
        """Return the content of every slot in use, and which are free."""
        contents = {slot: os.pread(self._file.fileno(), BLOCK_SIZE, slot * BLOCK_SIZE) for slot in self._digests}
        return DeviceSnapshot(contents, dict(self._digests), list(self._free), self._fresh)

    def restore(self, snapshot: DeviceSnapshot) -> None:
        """Go back to a snapshot."""
        self._file.truncate(0)
        for slot, data in snapshot.contents.items():
            os.pwrite(self._file.fileno(), data, slot * BLOCK_SIZE)
        self._digests, self._free = dict(snapshot.digests), list(snapshot.free)
        self._fresh = snapshot.fresh
        self._stale.clear()


def _runs(slots: list[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of neighbours in a sorted list."""
    first = 0
    for at in range(1, len(slots) + 1):
        if at == len(slots) or slots[at] != slots[at - 1] + 1:
            yield slots[first], slots[at - 1]
            first = at


_libc = ctypes.CDLL(None, use_errno=True)


def _punch_hole(descriptor: int, offset: int, length: int) -> None:
    """Give room back to the file system, if it has holes; else the old bytes stay, which nobody reads."""
    if hasattr(_libc, "fallocate"):
        _libc.fallocate(descriptor, PUNCH_HOLE_KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length))
