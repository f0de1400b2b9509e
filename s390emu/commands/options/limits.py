"""Options that end a run."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from s390emu.commands.options.values import positive, seconds


class LimitOptions(NamedTuple):
    """limit: instructions; timeout: seconds. None: no limit."""

    limit: int | None = None
    timeout: float | None = None


def limit_arguments(parser) -> None:
    """Add the options of LimitOptions."""
    parser.add_argument("--limit", type=positive, metavar="N",
                        help="stop after N instructions; --timeout SECONDS: after so long")  # fmt: skip
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help=argparse.SUPPRESS)
