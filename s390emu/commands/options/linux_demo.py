"""Options of `linux --demo`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.commands.options.linux import LinuxOptions
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.session import STOP, SessionOptions
from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.usage import UsageError
from s390emu.guests.busybox import FOLDER

SVG = "linux-demo.svg"


class LinuxDemoOptions(NamedTuple):
    """demo: the folder with kernel and busybox. svg: where the plot goes, if not to SVG."""

    demo: Path | None = None
    svg: Path | None = None

    def check(self, options: LinuxOptions, session: SessionOptions, trace: TraceOptions) -> None:
        """Reject what the demonstration brings itself, and ways to look on that are not its own."""
        if not self.demo:
            if self.svg:
                raise UsageError(f"--svg {self.svg}: the plot of --demo; give that too")
            return
        given = {"--kernel": options.kernel, "--initrd": options.initrd, "--append": options.append,
                 "--interactive": session.interactive, "--until": session.until,
                 "--on-reboot": session.on_reboot != STOP, "--trace": trace.trace}  # fmt: skip
        for option, value in given.items():
            if value:
                raise UsageError(f"--demo and {option}: one of them at a time; the demonstration has its own")

    @staticmethod
    def pressed(on: MachineOptions) -> MachineOptions:
        """Return the same with 3/8 of the guest's storage as the host's frames, if there is no --frames."""
        return on._replace(frames=on.frames or on.ram // BLOCK_SIZE * 3 // 8)


def linux_demo_arguments(parser) -> None:
    """Add the options of LinuxDemoOptions. They are told in the help of --kernel: the help fits on a screen."""
    parser.add_argument("--demo", type=Path, nargs="?", const=Path(FOLDER), metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--svg", type=Path, metavar="FILE", help=argparse.SUPPRESS)
