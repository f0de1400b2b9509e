"""A census of a guest's blocks: how many are in which state, counted again and again while the guest runs.

The guest is stopped after certain numbers of instructions and looked at, which changes nothing of its execution; the
same run gives the same counts. How long it will take is not known: whenever there are too many counts, every second one
is dropped, and from then on half as many are taken.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from s390emu.architecture.page_states import NAMES
from s390emu.machine import Machine, Reason, Stop

MOST_COUNTS = 240
FIRST_STEP = 10_000  # instructions between two counts, at first
STATE = 0x0F  # usage and content, of R1 of ESSA


class Count(NamedTuple):
    """instructions: that had ended; blocks: how many are in each state, by `page_states.NAMES`."""

    instructions: int
    blocks: dict[int, int]


class Mark(NamedTuple):
    """Something to remember at this number of instructions."""

    instructions: int
    text: str


def counted(states: np.ndarray, events: Iterable[np.record], last: int, most: int = MOST_COUNTS) -> list[Count]:
    """Return the counts of a run of so many instructions that has ended, at equal distances. states: of each block at
    its start; events: of the kinds ESSA and HOST, oldest first."""
    blocks = {state: int((states == state).sum()) for state in NAMES}
    changes = [(int(event.count), int(event.before) & STATE, int(event.after) & STATE) for event in events]
    counts, next_change = [], 0
    for number in range(most):
        moment = last * number // (most - 1)
        while next_change < len(changes) and changes[next_change][0] < moment:
            _, before, after = changes[next_change]
            blocks[before] -= 1
            blocks[after] += 1
            next_change += 1
        counts.append(Count(moment, dict(blocks)))
    return counts


class Census:
    """Runs a machine, and counts: `counts`, oldest first. marks: what somebody noted meanwhile (`note`)."""

    def __init__(self, machine: Machine, most: int = MOST_COUNTS, step: int = FIRST_STEP):
        self.machine, self.most, self.step = machine, most, step
        self.marks: list[Mark] = []
        self._regular = [self._count()]  # taken at multiples of `step`
        self._next = machine.count + step
        self._last: list[Count] = []  # the one at the end

    @property
    def counts(self) -> list[Count]:
        """What was counted; the last one is how it ended."""
        return self._regular + self._last

    def note(self, text: str) -> None:
        """Mark this moment."""
        self.marks.append(Mark(self.machine.count, text))

    def run(self, limit: int | None, timeout: float | None) -> Stop:
        """Run as `Machine.run` does."""
        machine = self.machine
        last = None if limit is None else machine.count + limit
        deadline = None if timeout is None else time.monotonic() + timeout
        self._last = []
        while True:
            end = self._next if last is None else min(self._next, last)
            stop = machine.run(end - machine.count, None if deadline is None else max(0, deadline - time.monotonic()))
            if machine.count == self._next:
                self._take()
            if stop.reason is not Reason.LIMIT or machine.count == last:
                self._last = [self._count()] if self._regular[-1].instructions < machine.count else []
                return stop

    def _take(self) -> None:
        """Add a count, and say when the next one is due."""
        self._regular.append(self._count())
        if len(self._regular) > self.most:
            self._regular = self._regular[::2]
            self.step *= 2
        self._next = self._regular[-1].instructions + self.step

    def _count(self) -> Count:
        found = np.bincount(self.machine.storage.states(), minlength=max(NAMES) + 1).tolist()
        return Count(self.machine.count, {state: found[state] for state in NAMES})
