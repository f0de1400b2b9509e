"""What `s390emu linux --demo` boots: Debian's kernel, and an initial RAM file system whose script works on files under
memory pressure and checks what it reads.

The files are busybox itself, file N with N blanks before it, so that no page of one is a page of another. Their sums
are known here, before the guest has written them.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from s390emu.guests.busybox import BUSYBOX, KERNEL, archive
from s390emu.guests.initramfs import Entry
from s390emu.input_files import read

COMMAND_LINE = "console=ttysclp0 cryptomgr.notests=1 nokaslr"
FILES_PART = 2  # the files are together 1/2 of the guest's storage
FEWEST_FILES = 2
NUMBERS = 60_000  # that are kept in a table and added up
MARK = "demo: "  # begins each line in which the script tells what it does next, or what it has found
APPLETS = ("awk", "cat", "grep", "md5sum", "mount", "poweroff", "rm", "seq", "sh")
SCRIPT = """\
#!/bin/sh
export PATH=/bin
say() { echo "demo: $*"; }
right() { grep -c ': OK$'; }
mount -t proc proc /proc
mount -t tmpfs -o size=90% tmpfs /tmp
cd /tmp
say write @FILES@ files
for n in $(seq @FILES@); do { printf "%${n}s" ""; cat /bin/busybox; } >$n; done
say check them
say sums $(md5sum -c /sums 2>&1 | right) of @FILES@
say remove every other
for n in $(seq 1 2 @FILES@); do rm $n; done
say add up @NUMBERS@ numbers
say total $(awk 'BEGIN { for (n = 0; n < @NUMBERS@; n++) a[n] = n; for (n in a) s += a[n]; print s }')
say check the rest, all at once
say sums $(for n in $(seq 2 2 @FILES@); do grep " $n\\$" /sums | md5sum -c 2>&1 & done | right) of @REST@
say power off
poweroff -f
"""


@dataclass(frozen=True)
class LinuxDemo:
    """kernel, busybox: the content of the files."""

    kernel: bytes
    busybox: bytes
    ram: int

    @property
    def files(self) -> int:
        """How many files the script writes."""
        return max(FEWEST_FILES, self.ram // FILES_PART // max(1, len(self.busybox)))

    @property
    def script(self) -> str:
        """What the guest's first process executes."""
        values = {"FILES": self.files, "REST": self.files // 2, "NUMBERS": NUMBERS}
        return re.sub("@([A-Z]+)@", lambda found: str(values[found[1]]), SCRIPT)

    @property
    def sums(self) -> str:
        """The sum of each file, as `md5sum -c` reads it."""
        numbers = range(1, self.files + 1)
        return "".join(f"{md5(b' ' * n + self.busybox, usedforsecurity=False).hexdigest()}  {n}\n" for n in numbers)

    @property
    def said(self) -> list[str]:
        """The lines in which the script says that everything it read was right, in order."""
        return [f"sums {self.files} of {self.files}", f"total {sum(range(NUMBERS))}",
                f"sums {self.files // 2} of {self.files // 2}"]  # fmt: skip

    @property
    def initrd(self) -> bytes:
        """The initial RAM file system."""
        sums = Entry("sums", stat.S_IFREG | 0o644, self.sums.encode())
        return archive(self.busybox, APPLETS, self.script.encode(), [sums])


def findings(console: str) -> list[str]:
    """Return what the script has found, as it says so on the console."""
    lines = (line.removeprefix(MARK) for line in console.splitlines() if line.startswith(MARK))
    return [line for line in lines if line.startswith(("sums ", "total "))]


def read_demo(folder: str | Path, ram: int) -> LinuxDemo:
    """Return the demonstration for a guest with `ram` bytes. Raises FileError and OSError."""
    return LinuxDemo(read(Path(folder, KERNEL)), read(Path(folder, BUSYBOX)), ram)
