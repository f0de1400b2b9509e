"""Options of the execution as text, `run --trace`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from s390emu.commands.options.values import positive
from s390emu.commands.usage import UsageError

KINDS = ("insn", "storage", "interruption", "page")
DEFAULT_LINES = 1_000_000


@dataclass(frozen=True)
class TraceOptions:
    """trace: kinds of line. trace_to: a file instead of stderr. trace_lines: at most so many."""

    trace: tuple[str, ...] = ()
    trace_to: Path | None = None
    trace_lines: int = DEFAULT_LINES


def trace_arguments(parser) -> None:
    """Add the options of TraceOptions."""
    told = "of " + ",".join(KINDS) + "; --trace-to FILE; --trace-lines N; --symbols FILE, --kallsyms: names"
    parser.add_argument("--trace", type=_kinds, default=(), metavar="KINDS", help=told)
    parser.add_argument("--trace-to", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--trace-lines", type=positive, default=DEFAULT_LINES, help=argparse.SUPPRESS)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise UsageError(f"--trace {unknown[0]}: the kinds are {', '.join(KINDS)}")
    return kinds
