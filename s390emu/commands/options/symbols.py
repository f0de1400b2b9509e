"""Options that name addresses. They are told in the help of --trace-to: the help fits on a screen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.usage import UsageError


class SymbolOptions(NamedTuple):
    """symbols: a file of names. kallsyms: those that a Linux kernel in the guest has of itself."""

    symbols: Path | None = None
    kallsyms: bool = False

    @property
    def given(self) -> str:
        """The option that is given; empty if none is."""
        return "--symbols" if self.symbols else "--kallsyms" if self.kallsyms else ""

    def check(self, trace: TraceOptions) -> None:
        """Reject names that are known when the run has ended for what is written before."""
        if self.kallsyms and trace.trace:
            raise UsageError("--kallsyms: read when the guest has ended; with --trace give --symbols FILE")


def symbol_arguments(parser) -> None:
    """Add the options of SymbolOptions."""
    parser.add_argument("--symbols", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--kallsyms", action="store_true", help=argparse.SUPPRESS)
