"""Options of how a guest is run: who is at its keyboard, and what ends the run."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from s390emu.commands.usage import UsageError

STOP, RESTART = ON_REBOOT = ("stop", "restart")


class SessionOptions(NamedTuple):
    """interactive: standard input is the keyboard; until: what ends the run when it is written; on_reboot: what becomes
    of a guest that asks for initial program loading."""

    interactive: bool = False
    until: str = ""
    on_reboot: str = STOP

    def check(self, *, json: bool) -> None:
        """Reject what cannot be seen together."""
        if self.interactive and json:
            raise UsageError("--interactive and --json: one of them at a time")


def session_arguments(parser) -> None:
    """Add the options of SessionOptions."""
    parser.add_argument("--interactive", action="store_true",
                        help="the keyboard is the guest's, its time the wall clock's; Ctrl-A h: the keys")
    parser.add_argument("--until", default="", metavar="TEXT",
                        help="end when this is written (never: exit code 1); --on-reboot " + ", ".join(ON_REBOOT))
    parser.add_argument("--on-reboot", choices=ON_REBOOT, default=STOP, help=argparse.SUPPRESS)
