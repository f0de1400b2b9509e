"""Options of the page-state sanitizer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.usage import UsageError


class SanitizerOptions(NamedTuple):
    """sanitize: "pages" or None. sanitize_guest: the file that describes the guest, if there is one."""

    sanitize: str | None = None
    sanitize_guest: Path | None = None

    def described_by(self, path: Path) -> SanitizerOptions:
        """Return the same with this description of the guest, if the sanitizer was asked for without any."""
        return self._replace(sanitize_guest=path) if self.sanitize and not self.sanitize_guest else self

    def check(self) -> None:
        """Reject a description of the guest that nobody would read."""
        if self.sanitize_guest and self.sanitize is None:
            raise UsageError(f"--sanitize-guest {self.sanitize_guest}: give --sanitize pages too")


def sanitizer_arguments(parser) -> None:
    """Add the options of SanitizerOptions."""
    parser.add_argument("--sanitize", choices=("pages",),
                        help="tell where hinting is wrong; --sanitize-guest FILE: about it")  # fmt: skip
    parser.add_argument("--sanitize-guest", type=Path, metavar="FILE", help=argparse.SUPPRESS)


def reject_sanitize_with_adversary(options: SanitizerOptions) -> None:
    """Reject --sanitize with --adversary: the sanitizer cannot follow a run that is rewound."""
    if options.sanitize or options.sanitize_guest:
        raise UsageError("--sanitize and --adversary: one of them at a time; sanitize the replay of what it finds")
