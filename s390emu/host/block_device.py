"""A disk of a guest: a real file. What the guest writes is in the file at once; a snapshot can bring back what was.

Whatever the file does (it is cut, the file system is full) is an error of one operation, which the guest is told.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from typing import NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.devices import Server

GRANULE = BLOCK_SIZE  # bytes that are kept at a time for going back


class DiskUnavailable(Exception):
    """The file cannot be a disk; the message says why and what to do."""


class DiskError(Exception):
    """An operation failed; what is on the disk there is unpredictable."""


class Written(NamedTuple):
    """What a snapshot keeps: the parts written since the first snapshot as they are now, and the server."""

    parts: dict[int, bytes]
    free_at: int


class BlockDevice:
    """path: the file, created with `blocks` 4 KB blocks if there is none; without `blocks` it is taken as it is.

    read_only: the guest cannot write, and the file is opened so.
    """

    def __init__(self, path: str | os.PathLike, blocks: int | None = None, read_only: bool = False):
        self.path, self.read_only = os.fspath(path), read_only
        self.server = Server()
        self.attached = False  # to a guest
        if blocks is not None and blocks <= 0:
            raise DiskUnavailable(f"{self.path}: a disk of {blocks} blocks; give it at least 1")
        flags = os.O_RDONLY if read_only else os.O_RDWR | (os.O_CREAT if blocks else 0)
        flags |= os.O_NONBLOCK  # a pipe is not waited for
        try:
            self._descriptor = os.open(self.path, flags, 0o666)
        except OSError as error:
            remedy = "name a file that can be read and written, or only read it"
            if isinstance(error, FileNotFoundError):
                remedy = f"make a file for it, for example with `truncate -s 64M {self.path}`"
            raise DiskUnavailable(f"{self.path} cannot be a disk: {error.strerror}; {remedy}") from error
        self.close = weakref.finalize(self, os.close, self._descriptor)
        try:
            self.size = self._sized(blocks)
        except OSError as error:
            self.close()
            raise DiskUnavailable(f"{self.path} cannot be a disk: {error.strerror}; name a file") from error
        except DiskUnavailable:
            self.close()
            raise
        self._before: dict[int, bytes] | None = None  # by granule, as at the first snapshot; None: there is none yet

    def _sized(self, blocks: int | None) -> int:
        """Return the bytes of the disk, a multiple of a block; the file is made so long if `blocks` are asked for."""
        length = os.lseek(self._descriptor, 0, os.SEEK_END)
        if blocks is None:
            if length < GRANULE:
                raise DiskUnavailable(f"{self.path}: {length} bytes are no disk; it needs at least one block of 4096")
            return length // GRANULE * GRANULE
        if length < blocks * GRANULE:
            if self.read_only:
                raise DiskUnavailable(f"{self.path}: {length} bytes are not the {blocks} blocks of 4096 asked for")
            os.ftruncate(self._descriptor, blocks * GRANULE)
        return blocks * GRANULE

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes of the disk, or raise DiskError."""
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise DiskError(f"{self.path} at {offset}: {error.strerror}") from error
        if len(data) != length:
            raise DiskError(f"{self.path} at {offset}: only {len(data)} bytes of {length}")
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes to the disk, or raise DiskError."""
        try:
            self._remember(offset, len(data))
            written = os.pwrite(self._descriptor, data, offset)
        except OSError as error:
            raise DiskError(f"{self.path} at {offset}: {error.strerror}") from error
        if written != len(data):
            raise DiskError(f"{self.path} at {offset}: only {written} bytes of {len(data)}")

    # --- going back --------------------------------------------------------------------------------------------------

    def _remember(self, offset: int, length: int) -> None:
        """Keep what these bytes are before they are first written to after the first snapshot."""
        if self._before is not None:
            for granule in range(offset // GRANULE, (offset + length - 1) // GRANULE + 1):
                if granule not in self._before:
                    self._before[granule] = self._granule(granule)

    def _granule(self, granule: int) -> bytes:
        """Return the bytes that the disk has there."""
        return os.pread(self._descriptor, GRANULE, granule * GRANULE)

    def _parts(self) -> Iterator[tuple[int, bytes]]:
        """Yield each granule that was written to since the first snapshot, and its bytes."""
        for granule in self._before or ():
            yield granule, self._granule(granule)

    def snapshot(self) -> Written:
        """Return what was written since the first snapshot, which is the first call."""
        if self._before is None:
            self._before = {}
        return Written(dict(self._parts()), self.server.free_at)

    def restore(self, snapshot: Written) -> None:
        """Make the file what it was at the snapshot; OSError where it cannot be written any more."""
        self.server.free_at = snapshot.free_at
        assert self._before is not None, "a snapshot of another disk"
        for granule, before in self._before.items():
            os.pwrite(self._descriptor, snapshot.parts.get(granule, before), granule * GRANULE)
