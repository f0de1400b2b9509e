"""Options of `linux`: what is booted."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.usage import UsageError


@dataclass(frozen=True)
class LinuxOptions:
    """kernel: a flat image or ELF; initrd: a file of its file system; append: the command line. interactive: standard
    input is the keyboard; until: what ends the run when it is written."""

    kernel: Path | None = None
    initrd: Path | None = None
    append: str = ""
    interactive: bool = False
    until: str = ""
    json: bool = False

    def check(self, trace: TraceOptions) -> None:
        """Reject what cannot be seen together."""
        if trace.trace and (self.interactive or self.until):
            raise UsageError("--trace: neither with --interactive nor with --until; give --limit")
        if self.interactive and self.json:
            raise UsageError("--interactive and --json: one of them at a time")


def linux_arguments(parser) -> None:
    """Add the options of LinuxOptions."""
    parser.add_argument("--kernel", type=Path, metavar="FILE",
                        help="flat image (vmlinuz) or ELF; --demo [FOLDER]: Debian's, short of storage")  # fmt: skip
    parser.add_argument("--initrd", type=Path, metavar="FILE", help="initial RAM disk: see `s390emu new initramfs`")
    parser.add_argument("--append", default="", metavar="TEXT", help="the kernel's command line")
    parser.add_argument("--interactive", action="store_true",
                        help="the keyboard is the guest's (Ctrl-A x leaves); --until TEXT: end when this is written")
    parser.add_argument("--until", default="", metavar="TEXT", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout, the console within it")
