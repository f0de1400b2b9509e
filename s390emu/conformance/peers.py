"""What other emulators have in common here."""

from __future__ import annotations

from collections import Counter

from s390emu.conformance.case import Case, Result

MOST_ENDED = 3  # cases of a row that end a peer, or that it does not end; then the row is left


class PeerMissing(Exception):
    """Raised for an emulator that is not installed; the message says how it would be."""


class Left:
    """Rows that are not asked any more."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()

    def note(self, case: Case) -> None:
        """Count a case that ended the peer."""
        self.ended[case.line.split()[0]] += 1

    def instead(self, case: Case) -> Result | None:
        """Return the result of a case that is not asked, None if it is."""
        if self.ended[case.line.split()[0]] < MOST_ENDED:
            return None
        return Result(case.before, ended=f"not asked, after {MOST_ENDED} that it came to no end of")
