"""The initial RAM disk of guests that work with busybox, and the files of which they are made: as tools/fetch-linux
leaves them in a folder."""

from __future__ import annotations

import stat
from collections.abc import Iterable

from s390emu.guests.initramfs import FOLDER_MODE, Entry, device_list, packed

KERNEL, BUSYBOX = "vmlinuz", "busybox"  # in that folder
FOLDER = "linux"  # where kernel and busybox are, unless another one is named
FOLDERS = ("bin", "dev", "proc", "tmp")
DEVICES = device_list("/dev/console c 5 1\n/dev/null c 1 3\n/dev/zero c 1 5\n")
PROGRAM_MODE, LINK_MODE = stat.S_IFREG | 0o755, stat.S_IFLNK | 0o777


def archive(busybox: bytes, applets: Iterable[str], script: bytes, more: Iterable[Entry] = ()) -> bytes:
    """Return an initial RAM disk whose first process executes a script with these applets of busybox."""
    return packed([
        *(Entry(name, FOLDER_MODE) for name in FOLDERS),
        *DEVICES,
        *(Entry(f"bin/{name}", LINK_MODE, b"busybox") for name in applets),
        Entry("bin/busybox", PROGRAM_MODE, busybox),
        Entry("init", PROGRAM_MODE, script),
        *more,
    ])  # fmt: skip
