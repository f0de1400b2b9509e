"""Options of the execution as text, `run --trace`, and of the part of it that is shown."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.options.values import not_negative, positive, size
from s390emu.commands.usage import UsageError

KINDS = ("insn", "branches", "storage", "interruption", "page")
DEFAULT_LINES = 1_000_000


class TraceOptions(NamedTuple):
    """trace: kinds of line. trace_to: a file instead of stderr. trace_lines: at most so many.

    trace_from, trace_until: a symbol, an address (0x...) or an instruction number; what lies between is shown, each
    time that the guest comes there. trace_count: at most so many instructions of it.
    trace_range: addresses, the last one excluded; trace_cpu: CPU address.
    """

    trace: tuple[str, ...] = ()
    trace_to: Path | None = None
    trace_lines: int = DEFAULT_LINES
    trace_from: str = ""
    trace_until: str = ""
    trace_count: int | None = None
    trace_range: tuple[int, int] | None = None
    trace_cpu: int | None = None

    def check(self) -> None:
        """Reject a part of nothing."""
        for name in ("from", "until", "count", "range", "cpu"):
            if not self.trace and getattr(self, f"trace_{name}") not in ("", None):
                raise UsageError(f"--trace-{name}: of which trace? give --trace KINDS too")


def trace_arguments(parser) -> None:
    """Add the options of TraceOptions."""
    told = "of " + ",".join(KINDS) + "; -to FILE; -from, -until SYMBOL, -count N; docs/recordings.md"
    parser.add_argument("--trace", type=kinds, default=(), metavar="KINDS", help=told)
    parser.add_argument("--trace-to", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--trace-lines", type=positive, default=DEFAULT_LINES, help=argparse.SUPPRESS)
    filter_arguments(parser, "--trace-", hidden=True)


def filter_arguments(parser, prefix: str, *, hidden: bool) -> None:
    """Add the options that choose a part of a trace."""

    def add(name: str, told: str, **details) -> None:
        told = argparse.SUPPRESS if hidden else told
        parser.add_argument(f"{prefix}{name}", dest=f"trace_{name}", help=told, **details)

    add("from", "an instruction number, a symbol, or an address (0x...)", default="", metavar="PLACE")
    add("until", "likewise; what lies between is shown", default="", metavar="PLACE")
    add("count", "at most so many instructions of it", type=positive, metavar="N")
    add("range", "only what is at these addresses", type=addresses, metavar="A-B")
    add("cpu", "only what this CPU does", type=not_negative, metavar="N")


def addresses(text: str) -> tuple[int, int]:
    """Return the parts of FIRST-LAST as a range whose last address is excluded."""
    first, dash, last = text.partition("-")
    start = size(first)
    end = size(last) if dash else start
    if end < start:
        raise argparse.ArgumentTypeError(f"{text}: its end is before its start")
    return start, end + 1


def kinds(text: str) -> tuple[str, ...]:
    """Return kinds of line, which are separated by commas."""
    words = tuple(text.split(","))
    unknown = [kind for kind in words if kind not in KINDS]
    if unknown:
        raise UsageError(f"--trace {unknown[0]}: the kinds are {', '.join(KINDS)}")
    return words
