"""What other emulators have in common here."""

from __future__ import annotations

from collections import Counter

from s390emu.conformance.case import REGISTERS, Case, Result, State

MOST_ENDED = 3  # cases of a row that end a peer, or that it does not end; then the row is left


QUADWORD = 16
VECTOR_AREA = 2 * REGISTERS * QUADWORD  # bytes of all vector registers


def vector_area(state: State) -> bytes:
    """Return the vector registers as in storage; without any, the floating-point registers and zeros."""
    vectors = state.vr or [value << 64 for value in state.fpr] + [0] * REGISTERS
    return b"".join(value.to_bytes(QUADWORD) for value in vectors)


def registers_of(area: bytes, case: Case) -> tuple[list[int], list[int]]:
    """Return the floating-point and the vector registers of a result, as the case has them."""
    vectors = [int.from_bytes(area[at : at + QUADWORD]) for at in range(0, VECTOR_AREA, QUADWORD)]
    if case.before.vr:
        return [0] * REGISTERS, vectors
    return [value >> 64 for value in vectors[:REGISTERS]], []


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
