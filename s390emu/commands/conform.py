"""s390emu conform: drive another emulator through the vectors, and report how it differs (docs/conformance.md)."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.values import positive
from s390emu.commands.suites import chosen
from s390emu.commands.usage import ENDED, FAILED, UsageError

EXAMPLE = "s390emu conform --on qemu --rows AR MVC --count 200 --seed 1"
PEERS = ("qemu", "unicorn")


class Options(NamedTuple):
    """On what, which rows, how many cases of each, from which seed."""

    on: str
    rows: tuple[str, ...]
    count: int  # type: ignore[assignment]  # a tuple has a method of that name
    seed: str
    json: bool


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("--on", required=True, choices=PEERS, help="qemu-system-s390x, or Unicorn from PyPI")
    parser.add_argument("--rows", nargs="+", default=[], metavar="ROW", help="mnemonics (all that have a twin)")
    parser.add_argument("--count", type=positive, default=100, metavar="N", help="cases of each row (100)")
    parser.add_argument("--seed", default="1", metavar="S", help="as of vectors: the same cases (1)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def execute(args: argparse.Namespace) -> int:
    """Print how the other one differs; fail if it does."""
    from s390emu.conformance.deviations import report
    from s390emu.conformance.peers import PeerMissing
    from s390emu.conformance.vectors import cases
    from s390emu.reports import conformance

    options = taken(Options, args)
    rows = chosen(options.rows)
    try:
        peer = _peer(options.on)
    except PeerMissing as error:
        raise UsageError(str(error)) from None
    try:
        found = report(peer, {row: list(cases(row, options.count, options.seed)) for row in rows})
    finally:
        peer.close()
    said = conformance.as_json(found, options.seed, options.count)
    print(json_text(said) if options.json else conformance.text(found))
    return FAILED if found.deviating else ENDED


def _peer(name: str):
    """Return the other emulator. Raises PeerMissing with what to install."""
    if name == "qemu":
        from s390emu.conformance.qemu_peer import Qemu

        return Qemu()
    from s390emu.conformance.unicorn_peer import Unicorn

    return Unicorn()
