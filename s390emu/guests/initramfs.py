"""A folder -> an initial RAM file system: a cpio archive in the format `newc`, as Linux describes it
(Documentation/driver-api/early-userspace/buffer-format.rst).

Made without root, and the same for the same content: everything belongs to root, times are 0, names are in order.
Device nodes, which only root can make, come from a list.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from s390emu.input_files import FileError, read

MAGIC = b"070701"
TRAILER = "TRAILER!!!"
ALIGNMENT, ARCHIVE_ALIGNMENT = 4, 512  # of names and contents, of the whole
DEFAULT_DEVICES = "/dev/console c 5 1 600\n"
KINDS = {"c": stat.S_IFCHR, "b": stat.S_IFBLK}
FOLDER_MODE = stat.S_IFDIR | 0o755
MOST_MODE, MOST_NUMBER = 0o7777, 0xFFFFFFFF


class Entry(NamedTuple):
    """name: without a slash before it; device: its numbers."""

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def archive(folder: str | Path, devices: Iterable[Entry] = ()) -> bytes:
    """Return the archive of what is in a folder, and of these devices. Raises FileError and OSError."""
    entries = {entry.name: entry for entry in content(folder)}
    for device in devices:
        for parent in map(str, reversed(Path(device.name).parents[:-1])):
            entry = entries.setdefault(parent, Entry(parent, FOLDER_MODE))
            if not stat.S_ISDIR(entry.mode):
                raise FileError(f"/{device.name}: a device in /{parent}, which is no folder there")
        entries[device.name] = device
    return packed(entries.values())


def packed(entries: Iterable[Entry]) -> bytes:
    """Return the archive of these entries, no two of which have the same name."""
    # A folder is before what is in it: its name is a prefix.
    ordered = sorted(entries, key=lambda entry: entry.name)
    written = [_written(number, entry) for number, entry in enumerate(ordered, 1)]
    return _padded(b"".join([*written, _written(0, Entry(TRAILER, 0))]), ARCHIVE_ALIGNMENT)


def content(folder: str | Path) -> Iterable[Entry]:
    """Yield everything below a folder; links are not followed. Raises FileError and OSError."""
    for path, folders, files in os.walk(folder, onerror=_refuse):
        for name in (*folders, *files):
            place = Path(path, name)
            if str(place.relative_to(folder)) == TRAILER:
                raise FileError(f"{place}: a name that ends an archive; call it otherwise")
            yield _entry(place, str(place.relative_to(folder)))


def _refuse(error: OSError) -> None:
    raise error


def _entry(path: Path, name: str) -> Entry:
    """Return the entry of a folder, a file, a link, a device or a named pipe. Raises FileError and OSError."""
    status = path.lstat()
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return Entry(name, mode, read(path))
    if stat.S_ISLNK(mode):
        return Entry(name, mode, os.fsencode(os.readlink(path)))
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return Entry(name, mode, b"", (os.major(status.st_rdev), os.minor(status.st_rdev)))
    if stat.S_ISDIR(mode) or stat.S_ISFIFO(mode):
        return Entry(name, mode)
    raise FileError(f"{path}: neither file, folder, link nor device; an archive cannot have it")


def device_list(text: str, name: str = "devices") -> list[Entry]:
    """Return the devices of a list: a line for each, `NAME c|b MAJOR MINOR [MODE]`, MODE in octal, 600 by default; `#`
    begins a comment. Raises FileError."""
    devices = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            devices.append(_device(words, f"{name}:{number}"))
    return devices


def _device(words: list[str], where: str) -> Entry:
    """Return the device that the words of a line describe. Raises FileError."""
    try:
        path, kind, major, minor, mode = words if len(words) == 5 else (*words, "600")
        numbers, permissions = (int(major), int(minor)), int(mode, 8)
    except ValueError:
        raise FileError(f"{where}: write NAME c|b MAJOR MINOR [MODE], for example {DEFAULT_DEVICES.strip()}") from None
    parts = path.strip("/").split("/")
    if kind not in KINDS or {"", ".", ".."} & {*parts}:
        raise FileError(f"{where}: {'no name' if kind in KINDS else 'neither c nor b'}: {' '.join(words)}")
    if not all(0 <= number <= MOST_NUMBER for number in numbers) or not 0 <= permissions <= MOST_MODE:
        raise FileError(f"{where}: a number that no device has: {' '.join(words)}")
    return Entry("/".join(parts), KINDS[kind] | permissions, b"", numbers)


def _written(number: int, entry: Entry) -> bytes:
    """Return an entry with its header. number: stands for its inode."""
    name = os.fsencode(entry.name) + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    # inode, mode, user, group, links, time, length, device (2), its own device numbers (2), length of name, checksum
    fields = number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.device, len(name), 0
    header = MAGIC + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name, ALIGNMENT) + _padded(entry.data, ALIGNMENT)


def _padded(data: bytes, alignment: int) -> bytes:
    """Return data with zeros up to a boundary."""
    return data + bytes(-len(data) % alignment)
