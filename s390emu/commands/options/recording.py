"""Options of a run that is recorded."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.options.adversary import AdversaryOptions
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.values import positive
from s390emu.commands.usage import UsageError


class RecordOptions(NamedTuple):
    """record: the file to write. record_last: how many instructions, the last ones, it is to have; None: all."""

    record: Path | None = None
    record_last: int | None = None

    def check(self, on: MachineOptions, adversary: AdversaryOptions) -> None:
        """Reject what a recording cannot have."""
        if self.record is None:
            if self.record_last is not None:
                raise UsageError("--record-last: of which file? give --record FILE too")
            return
        if on.disk:
            raise UsageError("--record and --disk: what is on a disk is not in a recording; leave one of them out")
        if adversary.adversary:
            raise UsageError("--record and --adversary: one of them at a time; record the replay of what it finds")


TOLD = "for `s390emu trace`; --record-last N: the last N instructions"


def record_arguments(parser, told: str = argparse.SUPPRESS) -> None:
    """Add the options of RecordOptions. told: the help, where there is room for it; else that of --json says it."""
    parser.add_argument("--record", type=Path, metavar="FILE", help=told)
    parser.add_argument("--record-last", type=positive, metavar="N", help=argparse.SUPPRESS)
