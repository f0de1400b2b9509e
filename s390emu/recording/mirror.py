"""What a state has become since the one before: the rows of its tables that are others now, and digests of the whole.

A mirror keeps the last state that it was shown. So a checkpoint costs a comparison with it, and has only the rows that
changed, each as its difference (exclusive or) from what it was, which compresses well.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from s390emu.recording.state import ROW_BYTES, State, as_json
from s390emu.shapes import ShapeError

BATCH_ROWS = 256  # compared at a time: 1 MB, which stays in a processor's cache
ROW_DIGEST_BYTES = 8
DIGEST_BYTES = 16


class Change(NamedTuple):
    """Of one table: how many rows it has, which of them have changed, and the differences from what they were."""

    table: str
    rows: int
    numbers: np.ndarray
    differences: np.ndarray


class Mirror:
    """tables, rest: of the last state; nothing at first."""

    def __init__(self) -> None:
        self.tables: dict[str, np.ndarray] = {}
        self.rest: dict[str, Any] = {}
        self.count = 0
        self._digests: dict[str, np.ndarray] = {}

    @property
    def state(self) -> State:
        """The state that the mirror has; good until it is shown another one."""
        return State(self.count, self.tables, {}, self.rest)

    def digest(self) -> bytes:
        """Return a digest of the state that the mirror has."""
        total = blake2b(as_json(self.rest), digest_size=DIGEST_BYTES)
        for name in sorted(self.tables):
            total.update(f"{name}:{len(self.tables[name])}:".encode())
            total.update(self._digests[name].data)
        return total.digest()

    def show(self, state: State) -> list[Change]:
        """Take another state, and return what is changed in it."""
        changes = [self._compare(name, rows, state.unused.get(name)) for name, rows in state.tables.items()]
        changes += [Change(name, 0, np.zeros(0, np.uint32), np.zeros((0, ROW_BYTES), np.uint8))
                    for name in self.tables if name not in state.tables]  # fmt: skip
        for change in changes:
            self._apply(change)
        self.rest, self.count = state.rest, state.count
        return changes

    def apply(self, count: int, changes: list[Change], rest: dict[str, Any]) -> None:
        """Make of the state before what it was changed to. ShapeError for rows that are not there."""
        for change in changes:
            if len(change.numbers) and int(change.numbers.max()) >= change.rows:
                raise ShapeError(f"the table {change.table!r} has no row {int(change.numbers.max())}")
            self._apply(change)
        self.rest, self.count = rest, count

    def _apply(self, change: Change) -> None:
        table = self._resized(change.table, change.rows)
        table[change.numbers] ^= change.differences
        digests = self._digests[change.table]
        for number in change.numbers.tolist():
            digests[number] = _row_digest(table[number])

    def _resized(self, name: str, rows: int) -> np.ndarray:
        """Return the table with so many rows; new ones are zeros."""
        old = self.tables.get(name)
        if old is None or len(old) != rows:
            table, digests = np.zeros((rows, ROW_BYTES), np.uint8), np.zeros(rows, np.uint64)
            if old is not None:
                kept = min(rows, len(old))
                table[:kept], digests[:kept] = old[:kept], self._digests[name][:kept]
            self.tables[name], self._digests[name] = table, digests
        return self.tables[name]

    def _compare(self, name: str, rows: np.ndarray, unused: np.ndarray | None) -> Change:
        """Return what has changed in one table; unused rows count as zeros."""
        old = self._resized(name, len(rows))
        numbers, differences = [], []
        for at in range(0, len(rows), BATCH_ROWS):
            here = slice(at, at + BATCH_ROWS)
            new = rows[here]
            if unused is not None and unused[here].any():
                new = np.where(unused[here, None], np.uint8(0), new)
            difference = new.view(np.uint64) ^ old[here].view(np.uint64)
            found = np.flatnonzero(difference.any(axis=1))
            if len(found):
                numbers.append(found + at)
                differences.append(difference[found].view(np.uint8))
        if not numbers:
            return Change(name, len(rows), np.zeros(0, np.uint32), np.zeros((0, ROW_BYTES), np.uint8))
        return Change(name, len(rows), np.concatenate(numbers).astype(np.uint32), np.concatenate(differences))


def _row_digest(row: np.ndarray) -> int:
    """Return a digest of one row; zero for zeros, as of a row that was never written."""
    return int.from_bytes(blake2b(row.data, digest_size=ROW_DIGEST_BYTES).digest(), "big") if row.any() else 0
