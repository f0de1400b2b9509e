"""The Linux guest of the farm: Debian's kernel, busybox, and firmware/linux_worker.sh as /init, which works in memory.

A request is to write a file into tmpfs and to read one back, and to print the MD5 sum of a part of it. After a burst of
requests the guest removes most files and sleeps, so the storage that it needs rises and falls. `Twin` knows every sum,
by the same draws and without a kernel; so a page that the host lost or confused shows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture.tod_clock import TOD_1970, TOD_SECOND
from s390emu.guests.busybox import BUSYBOX, KERNEL
from s390emu.guests.busybox import archive as busybox_archive
from s390emu.guests.linux import Kernel, LinuxError, read_kernel
from s390emu.guests.toy_kernel import folder as firmware
from s390emu.input_files import read

SCRIPT = "linux_worker.sh"
APPLETS = ("cat", "dd", "md5sum", "mount", "poweroff", "rm", "sh", "sleep", "stty")
COMMAND_LINE = "console=ttyS0 quiet nokaslr cryptomgr.notests=1"
READY = "READY\n"
EPOCH = TOD_1970 + 1_700_000_000 * TOD_SECOND  # of the boot: 14 November 2023

DRAW_MULTIPLIER, DRAW_ADDEND, DRAW_MASK = 1103515245, 12345, 0x7FFFFFFF
TEXT = "guest {seed} file {number}: sphinx of black quartz, judge my vow. "
TEXTS, BLOCKS = 16, 32 * 16  # in a block, in a file
FILE_BYTES = TEXTS * BLOCKS * 70  # at most
WINDOWS, WINDOW_BYTES = 6, 64 << 10  # of a file, of which one is summed
KEPT = 8  # files left after a burst: fewer
SHORTEST_BURST = 2 * KEPT  # in the mean: each has a request then
LONGEST_IDLE_MS = 499  # in the mean: twice as long is less than the second that the script can sleep
NEEDED_BYTES = 44 << 20  # by kernel and busybox, beside the files
STOPPED, END = re.compile(r"STOPPED (\d+)"), "END"


class Files(NamedTuple):
    """What the guests are made of. digest: of kernel and busybox, by which results are told apart."""

    kernel: Kernel
    busybox: bytes
    digest: str


def read_files(folder: Path) -> Files:
    """Return kernel and busybox of a folder. Raises FileError for one that cannot be read, and LinuxError for a kernel
    that is none."""
    kernel, busybox = (read(folder / name) for name in (KERNEL, BUSYBOX))
    digest = hashlib.sha256(hashlib.sha256(kernel).digest() + busybox).hexdigest()[:12]
    read_into = read_kernel(kernel, str(folder / KERNEL))
    if not read_into.takes_parameters:
        raise LinuxError(f"{folder / KERNEL}: no kernel of Linux")
    return Files(read_into, busybox, digest)


def archive(busybox: bytes) -> bytes:
    """Return the initial RAM disk."""
    return busybox_archive(busybox, APPLETS, read(firmware() / SCRIPT))


def go(seed: int, burst: int, idle_ms: int) -> str:
    """Return what is typed to a guest that is ready."""
    return f"GO {seed} {burst} {idle_ms}\n"


# --- what it has to print --------------------------------------------------------------------------------------------


def said(data: bytes, name: str) -> str:
    """Return what md5sum says of a file."""
    return f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}  {name}"


class Twin:
    """A model of the guest's task. `requests` yields what it prints, a line for each request, without end."""

    def __init__(self, seed: int, burst: int, idle_ms: int):
        self.seed, self.burst, self.idle_ms = seed, burst, idle_ms
        self.random = seed
        self.first = self.last = 0  # files there are

    def draw(self, below: int) -> int:
        """Return the next number that the guest draws."""
        self.random = (self.random * DRAW_MULTIPLIER + DRAW_ADDEND) & DRAW_MASK
        return (self.random >> 8) % below

    def file(self, number: int) -> bytes:
        """Return the content of a file."""
        return (TEXT.format(seed=self.seed, number=number) * TEXTS + "\n").encode("ascii") * BLOCKS

    def requests(self) -> Iterator[str]:
        """Yield the line of each request."""
        while True:
            goal = self.burst // 2 + self.draw(self.burst)
            while self.last - self.first < goal:
                self.last += 1
                content = self.file(self.first + self.draw(self.last - self.first))
                at = self.draw(WINDOWS) * WINDOW_BYTES
                yield said(content[at : at + WINDOW_BYTES], "-")
            self.first = max(self.first, self.last - self.draw(KEPT))
            self.draw(2 * self.idle_ms + 1)

    def remaining(self) -> list[str]:
        """Return the lines of the files there are, which the guest prints at its end."""
        return [said(self.file(number), str(number)) for number in range(self.first, self.last)]


class Report(NamedTuple):
    """What a guest has printed from GO to its end. requests: a line for each; remaining: a line for each file that it
    had then; balloon: the pages that its balloon driver had given back."""

    requests: list[str]
    remaining: list[str]
    balloon: int


def reported(console: str) -> Report | None:
    """Return a guest's report; None if it has not come to its end."""
    lines = console.partition(READY)[2].splitlines()
    at = next((n for n, line in enumerate(lines) if STOPPED.fullmatch(line)), None)
    if at is None or END not in lines[at:]:
        return None
    balloon = STOPPED.fullmatch(lines[at])
    assert balloon
    return Report(lines[:at], lines[at + 1 : lines.index(END, at)], int(balloon[1]))


def right(report: Report, twin: Twin) -> bool:
    """True if the guest has printed what a fresh twin of it has to."""
    expected = list(islice(twin.requests(), len(report.requests)))
    return report.requests == expected and report.remaining == twin.remaining()
