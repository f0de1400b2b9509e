"""What a state has become since the one before: the rows of its tables that are others now, and digests of the whole.

A mirror keeps a state. So a checkpoint costs a comparison with it, and has only the rows that changed: a row of which
little did as its difference (exclusive or) from what it was, which compresses well, another one as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from s390emu.recording.state import ROW_BYTES, State, as_json
from s390emu.shapes import ShapeError

BATCH_ROWS = 256  # compared at a time: 1 MB, which stays in a processor's cache
ROW_WORDS = ROW_BYTES // 8
MUCH = ROW_WORDS // 2  # words of a row: where more have changed, the difference compresses worse than what is there now
ROW_DIGEST_BYTES = 8
DIGEST_BYTES = 16


class Change(NamedTuple):
    """Of one table: how many rows it has, which of them have changed, which of these are given as they are now (True)
    or as differences from what they were, and this; digests: of what they are now, if they are known."""

    table: str
    rows: int
    numbers: np.ndarray
    whole: np.ndarray
    content: np.ndarray
    digests: np.ndarray | None = None


class Mirror:
    """tables, rest: of the state that it has; nothing at first."""

    def __init__(self) -> None:
        self.tables: dict[str, np.ndarray] = {}
        self.rest: dict[str, Any] = {}
        self.count = 0
        self._digests: dict[str, np.ndarray] = {}

    @property
    def state(self) -> State:
        """The state that the mirror has; good until it gets another one."""
        return State(self.count, self.tables, {}, self.rest)

    def digest(self) -> bytes:
        """Return a digest of the state that the mirror has."""
        return _digest(self._digests, self.rest)

    def digests(self) -> dict[str, str]:
        """Return digests of its parts: of each table, and of the rest."""
        parts = {name: rows.tobytes() for name, rows in self._digests.items()} | {"rest": as_json(self.rest)}
        return {name: blake2b(data, digest_size=DIGEST_BYTES).hexdigest() for name, data in parts.items()}

    def digest_after(self, changes: Sequence[Change], rest: dict[str, Any]) -> bytes:
        """Return a digest of the state that it would have with these changes, whose digests are known."""
        digests = dict(self._digests)
        for change in changes:
            assert change.digests is not None
            digests[change.table] = _resized(digests.get(change.table), change.rows).copy()
            digests[change.table][change.numbers] = change.digests
        return _digest(digests, rest)

    def changes(self, state: State) -> list[Change]:
        """Return what another state has that the mirror's has not."""
        found = [self._compare(name, rows, state.unused.get(name)) for name, rows in state.tables.items()]
        return found + [_unchanged(name, 0) for name in self.tables if name not in state.tables]

    def apply(self, count: int, changes: Sequence[Change], rest: dict[str, Any]) -> None:
        """Make of the state before what it was changed to. ShapeError for rows that are not there."""
        for change in changes:
            if len(change.numbers) and int(change.numbers.max()) >= change.rows:
                raise ShapeError(f"the table {change.table!r} has no row {int(change.numbers.max())}")
            self._apply(change)
        self.rest, self.count = rest, count

    def show(self, state: State) -> list[Change]:
        """Take another state, and return what is changed in it."""
        changes = self.changes(state)
        self.apply(state.count, changes, state.rest)
        return changes

    def _apply(self, change: Change) -> None:
        name, numbers, whole = change.table, change.numbers, change.whole
        table = self.tables[name] = _resized(self.tables.get(name), change.rows, ROW_BYTES)
        digests = self._digests[name] = _resized(self._digests.get(name), change.rows)
        table[numbers[whole]] = change.content[whole]
        table[numbers[~whole]] ^= change.content[~whole]
        digests[numbers] = _row_digests(table[numbers]) if change.digests is None else change.digests

    def _compare(self, name: str, rows: np.ndarray, unused: np.ndarray | None) -> Change:
        """Return what has changed in one table; unused rows count as zeros."""
        old, digests = _resized(self.tables.get(name), len(rows), ROW_BYTES), self._digests.get(name)
        numbers, whole, content, new_digests = [], [], [], []
        for at in range(0, len(rows), BATCH_ROWS):
            here = slice(at, at + BATCH_ROWS)
            new = rows[here]
            if unused is not None and unused[here].any():
                if unused[here].all() and (digests is None or not digests[here].any()):
                    continue
                new = np.where(unused[here, None], np.uint8(0), new)
            words, before = new.view(np.uint64), old[here].view(np.uint64)
            found = np.flatnonzero((words != before).any(axis=1))
            if len(found):
                difference, now = words[found] ^ before[found], new[found]
                much = np.count_nonzero(difference, axis=1) > MUCH
                numbers.append((found + at).astype(np.uint32))
                whole.append(much)
                content.append(np.where(much[:, None], now, difference.view(np.uint8)))
                new_digests.append(_row_digests(now))
        if not numbers:
            return _unchanged(name, len(rows))
        return Change(name, len(rows), *(np.concatenate(each) for each in (numbers, whole, content, new_digests)))


def _unchanged(name: str, rows: int) -> Change:
    return Change(name, rows, np.zeros(0, np.uint32), np.zeros(0, bool), np.zeros((0, ROW_BYTES), np.uint8),
                  np.zeros(0, np.uint64))  # fmt: skip


def _resized(old: np.ndarray | None, rows: int, width: int | None = None) -> np.ndarray:
    """Return a table of so many rows: this one, if it has; else another one with its rows, and zeros after them."""
    if old is not None and len(old) == rows:
        return old
    new = np.zeros(rows, np.uint64) if width is None else np.zeros((rows, width), np.uint8)
    if old is not None:
        kept = min(rows, len(old))
        new[:kept] = old[:kept]
    return new


def _digest(digests: dict[str, np.ndarray], rest: dict[str, Any]) -> bytes:
    """Return a digest of a state, of whose rows these are digests."""
    total = blake2b(as_json(rest), digest_size=DIGEST_BYTES)
    for name in sorted(digests):
        total.update(f"{name}:{len(digests[name])}:".encode())
        total.update(digests[name].data)
    return total.digest()


def _row_digests(rows: np.ndarray) -> np.ndarray:
    """Return a digest of each row; zero for zeros, as of a row that was never written."""
    found = np.zeros(len(rows), np.uint64)
    data = np.ascontiguousarray(rows).reshape(-1).data
    for n in np.flatnonzero(rows.view(np.uint64).any(axis=1)).tolist():
        row = data[n * ROW_BYTES : (n + 1) * ROW_BYTES]
        found[n] = int.from_bytes(blake2b(row, digest_size=ROW_DIGEST_BYTES).digest(), "big")
    return found
