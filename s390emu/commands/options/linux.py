"""Options of `linux`: what is booted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class LinuxOptions(NamedTuple):
    """kernel: a flat image or ELF; initrd: a file of its file system; append: the command line."""

    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    json: bool = False


def linux_arguments(parser) -> None:
    """Add the options of LinuxOptions."""
    parser.add_argument("--kernel", type=Path, metavar="FILE",
                        help="flat image (vmlinuz) or ELF; --demo [FOLDER]: Debian's, short of storage")  # fmt: skip
    parser.add_argument("--initrd", type=Path, metavar="FILE", help="initial RAM disk: see `s390emu new initramfs`")
    parser.add_argument("--append", default="", metavar="TEXT", help="the kernel's command line")
    parser.add_argument("--json", action="store_true",
                        help="the result, on stdout; --record FILE: the run, for s390emu trace")  # fmt: skip
