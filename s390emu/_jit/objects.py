"""What is compiled, on disk: a file for each function, whole or not there.

It is all right for several processes to keep the same function at once, for the disk to be full and for the folder to
be read-only: what cannot be kept there is kept for this process, and made again by the next one.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path

CHECKSUM_BYTES = 8  # hexadecimal


def checksum_of(data: bytes) -> bytes:
    return b"%08x" % zlib.crc32(data)


def write_whole(path: Path, data: bytes) -> bool:
    """Write a file that nobody ever sees a part of; return False if it cannot be written."""
    from tempfile import NamedTemporaryFile  # nothing is kept in most processes

    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=path.stem, delete=False) as file:
            temporary = file.name
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return False
    return True


class Kept:
    """Bytes by name, in a folder."""

    def __init__(self, folder: Path, suffix: str):
        self.folder, self.suffix = folder, suffix
        self.here: dict[str, bytes] = {}  # what could not be written

    def get(self, name: str) -> bytes | None:
        """Return what was kept under this name, or None if there is nothing, or it is damaged."""
        if name in self.here:
            return self.here[name]
        try:
            with open(f"{self.folder}/{name}{self.suffix}", "rb") as file:
                data = file.read()
        except OSError:
            return None
        checksum, data = data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:]
        return data if checksum == checksum_of(data) else None

    def has(self, name: str) -> bool:
        """True if something was kept under this name, damaged or not."""
        return name in self.here or (self.folder / (name + self.suffix)).exists()

    def names(self) -> list[str]:
        """Return the names under which something is kept on disk."""
        return [path.name.removesuffix(self.suffix) for path in self.folder.glob("*" + self.suffix)]

    def keep(self, name: str, data: bytes) -> None:
        """Keep it, for later processes too if that is possible."""
        if not write_whole(self.folder / (name + self.suffix), checksum_of(data) + data):
            self.here[name] = data

    def bound(self, most: int) -> None:
        """Remove the oldest files until what is left is less than half of `most` bytes, if there are more than that."""
        with contextlib.suppress(OSError):
            found = sorted((status.st_mtime, status.st_size, path)
                           for path in self.folder.glob("*" + self.suffix) if (status := path.stat()))  # fmt: skip
            left = sum(size for _, size, _ in found)
            excess = left - most // 2 if left > most else 0
            for _, size, path in found:
                if excess <= 0:
                    break
                path.unlink(missing_ok=True)
                excess -= size
