"""Debian's kernel with a small initial RAM file system whose /init takes the name of a script from the keyboard: one
snapshot, taken while it waits, is the beginning of them all. What each script must write is computed here.

The files are those of `tools/fetch-linux DIR SUITE`, in folders of $S390EMU_LINUX named by the suite.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from hashlib import md5, sha256
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.architecture.identities import NAMES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.tod_clock import TOD_1970, TOD_SECOND
from s390emu.guests.initramfs import archive, device_list
from s390emu.guests.linux import image, read_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Stop
from s390emu.regions.modes import DEFAULT
from tests.required import lacking

FILES = "S390EMU_LINUX"
MB = 1 << 20
RAM = 128 * MB
EPOCH = TOD_1970 + 1_700_000_000 * TOD_SECOND
APPEND = "console=ttysclp0 cryptomgr.notests=1 nokaslr"
LIMIT = 6_000_000_000  # instructions: nothing here takes more than half of them
LOOK = 1_000_000  # instructions between two looks at the console
READY = "ready\n"
DEVICES = "/dev/console c 5 1\n/dev/null c 1 3 666\n/dev/zero c 1 5 666\n"
APPLETS = "sh cat cut dd echo md5sum mount poweroff printf rm seq sha256sum sort sleep tr wc"

INIT = """\
#!/bin/busybox sh
mount -t proc proc /proc
mount -t tmpfs -o size=90m tmpfs /tmp
cd /tmp
echo ready
read -r script
sh /scripts/$script
poweroff -f
"""


# --- scripts, and what they write -------------------------------------------------------------------------------------


def numbers(last: int) -> bytes:
    """Return what `seq 1 last` writes."""
    return b"".join(b"%d\n" % n for n in range(1, last + 1))


def said(data: bytes, name: str = "-") -> str:
    """Return what md5sum says of a file."""
    return f"{md5(data).hexdigest()}  {name}"


SHORT = """\
seq 1 2000 > s; md5sum s
cat s s s s s s s s > t; rm s; md5sum t
for i in 1 2 3 4 5 6; do seq 1 $i | tr 1-6 a-f | md5sum; done | md5sum
sort -r t > u; rm t; md5sum u
dd if=/dev/zero bs=512k count=1 2>/dev/null | sha256sum
md5sum u | cut -c 1-32
"""


def short_lines() -> list[str]:
    """Return what the script `short` writes."""
    eight = numbers(2000) * 8
    each = "".join(said(bytes(b"\n".join(b"%c" % (0x60 + n) for n in range(1, last + 1)) + b"\n")) + "\n"
                   for last in range(1, 7))  # fmt: skip
    down = b"".join(sorted(eight.splitlines(keepends=True), reverse=True))
    zeros = sha256(bytes(512 << 10)).hexdigest() + "  -"
    return [said(numbers(2000), "s"), said(eight, "t"), said(each.encode()), said(down, "u"), zeros,
            md5(down).hexdigest()]  # fmt: skip


# Writes files, frees every second one, allocates, forks, writes others where the freed ones were, checks all of them.
MANY = """\
seq 1 20000 > one
cat one one one one one one one one > base
for i in $(seq 1 $1); do { echo file $i; cat base base; } > f$i; done
for i in $(seq 1 $1); do md5sum f$i; done
for i in $(seq 1 2 $1); do rm f$i; done
sort -r one | md5sum
dd if=/dev/zero bs=6M count=1 2>/dev/null | md5sum
for i in 1 2 3 4 5 6 7 8; do { echo child $i; cat one; } | md5sum > c$i & done
wait
cat c1 c2 c3 c4 c5 c6 c7 c8
for i in $(seq 1 2 $1); do { echo other $i; cat base one; } > f$i; done
for i in $(seq 1 $1); do md5sum f$i; done
echo end of many
"""


def many_lines(files: int) -> list[str]:
    """Return what the script `many` writes of so many files."""
    one = numbers(20000)
    base = one * 8
    first = {i: b"file %d\n" % i + base * 2 for i in range(1, files + 1)}
    later = first | {i: b"other %d\n" % i + base + one for i in range(1, files + 1, 2)}
    down = b"".join(sorted(one.splitlines(keepends=True), reverse=True))
    return [
        *(said(first[i], f"f{i}") for i in first),
        said(down),
        said(bytes(6 * MB)),
        *(said(b"child %d\n" % i + one) for i in range(1, 9)),
        *(said(later[i], f"f{i}") for i in later),
        "end of many",
    ]


SCRIPTS = {"short": SHORT, "many": MANY}


# --- machines ---------------------------------------------------------------------------------------------------------


def folder(suite: str) -> Path:
    """Return where a suite's files are; without them the test is skipped, or fails where the judges are required. It is
    skipped where nothing is compiled, too."""
    if not JIT:
        pytest.skip("billions of instructions")
    root = os.environ.get(FILES, "")
    place = Path(root, suite)
    if root and (place / "vmlinuz").is_file() and (place / "busybox").is_file():
        return place
    told = f"no kernel of {suite}: tools/fetch-linux DIR/{suite} {suite}, and {FILES}=DIR"
    lacking(told)


@cache
def initramfs(suite: str) -> bytes:
    """Return the archive with this suite's busybox."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for each in ("bin", "dev", "proc", "scripts", "tmp"):
            (root / each).mkdir()
        (root / "bin" / "busybox").write_bytes((folder(suite) / "busybox").read_bytes())
        (root / "bin" / "busybox").chmod(0o755)
        for applet in APPLETS.split():
            (root / "bin" / applet).symlink_to("busybox")
        (root / "init").write_text(INIT)
        (root / "init").chmod(0o755)
        for script, text in SCRIPTS.items():
            (root / "scripts" / script).write_text(text)
        return archive(root, device_list(DEVICES))


def machine(
    suite: str = "trixie", *, cpus: int = 1, host: int = RAM, essa: bool = True, tlb: bool = True, append: str = APPEND,
    identity: str = NAMES[0], files: bytes | None = None, translate: str = DEFAULT,
) -> Machine:  # fmt: skip
    """Return a machine about to start the kernel. host: bytes of its storage; files: another initial file system."""
    kernel = read_kernel((folder(suite) / "vmlinuz").read_bytes(), suite)
    own = Host(host // BLOCK_SIZE, PagingDevice())
    made = Machine(RAM, cpus=cpus, host=own, identity=identity, essa=essa, tlb=tlb, tod_epoch=EPOCH,
                   translate=translate)  # fmt: skip
    for address, data in image(kernel, RAM, initramfs(suite) if files is None else files, append):
        made.write(address, data)
    made.set_psw(*kernel.psw)
    return made


def until(guest: Machine, text: str) -> None:
    """Run until the guest has written the text, or a little longer: it must."""
    while text not in guest.console:
        stop = guest.run(LOOK)
        assert stop.reason is Reason.LIMIT, f"{stop}\n{guest.console[-2000:]}"


def run(guest: Machine, script: str) -> Stop:
    """Type the name of a script, where /init waits for one, and run to the end."""
    guest.host.type(guest.guest_number, script + "\n")
    return guest.run(LIMIT)


def written(guest: Machine) -> list[str]:
    """Return the lines that the script wrote: those after the one on which its name was typed."""
    return guest.console.partition(READY)[2].splitlines()[1:]
