"""Where taking a block can make a difference: the points of a run, and which of them are the same.

A point is (n, b): after n instructions have ended, the host takes block b, which the rules allow it to. There are
about as many as instructions times hinted blocks. But between two references to b, in the sense of
`storage.references`, it does not matter when b is taken:

    Let no instruction from n to m-1 refer to b, and run A take b at n, run B at m. Up to n they are the same run. From
    n to m every instruction of B reads and writes only what is not b: neither its content, nor its key, nor its state,
    nor whether it has a frame. In A all of that is as in B, so A executes the same instructions to the same effect, up
    to m. There B takes b. What that does depends on the state and the key of b alone, which are at m as they were at n,
    and so A and B are in the same state then, and stay so. What may differ is which frames are free, and in which order
    they will be given out: no guest sees that, as long as no frame is ever lacking.

So the points (n, b) with r < n <= s, where s is the first instruction after r that refers to b, are one class, and
(s, b) stands for it: the block is gone just before it is needed. Where nothing refers to b any more, the run is the
undisturbed one; that class is tried too.

The same holds for a second taking in a run that a first one has disturbed, with that run's own references. It is enough
to look at second points from the first one's on: let the first be (n, b), standing for m < n too, and c be taken
between m and n. Then c before b is the same, since b is not referred to meanwhile: that pair is found from c's side.

"As long as no frame is lacking" means: a host with a frame for every block. With fewer it takes blocks on its own, and
when depends on how many are free: there only the literal enumeration is right.
"""

from __future__ import annotations

import numpy as np

from s390emu.adversary.moves import POINT, TAKING, possible
from s390emu.machine import Machine, Reason, Recorder, Stop
from s390emu.records.events import EVENT_REFERENCE
from s390emu.storage.references import BOUNDARY, FIRST_SPECIAL, PINS

PART = 50_000  # instructions whose references are held at once
LATER = 40  # bits for a block in a key of block and instruction
NO_POINTS = np.zeros(0, POINT)


class ReferenceLog:
    """Turns the events of a run, as they come, into classes of points."""

    def __init__(self, machine: Machine, verbs: tuple[int, ...]):
        self.start = self.instruction = machine.count
        self.verbs = verbs
        self.taking = np.where(np.isin(TAKING, verbs), TAKING, -1)
        self.last = np.full(len(machine.storage.blocks), machine.count - 1, np.int64)  # reference to each block
        self.classes: list[np.ndarray] = []

    def add(self, events: np.ndarray) -> None:
        """The next events, in the order in which they happened."""
        word = events["block"]
        at_boundary = word == BOUNDARY
        # A reference belongs to the instruction that follows the last boundary: so do those of its interruption.
        latest = np.maximum.accumulate(np.where(at_boundary, np.arange(len(events)), -1))
        instruction = np.where(latest >= 0, events["count"][latest].astype(np.int64), self.instruction)
        if len(events):
            self.instruction = int(instruction[-1])
        at = np.flatnonzero(word < FIRST_SPECIAL)
        block, instruction = word[at].astype(np.int64), instruction[at]
        taking = self.taking[events["before"][at].astype(np.int64), events["after"][at].astype(np.int64) >> 1 & 1]
        last = self.last.copy()
        self.last[block] = instruction  # of several for one block the last one stays
        # Most blocks can never be taken: they need no more.
        takeable = np.zeros(len(last), bool)
        takeable[block[taking >= 0]] = True
        kept = np.flatnonzero(takeable[block])
        # The first reference of each instruction to each block, by block and time: it tells the state before.
        _, first = np.unique(block[kept] << LATER | instruction[kept], return_index=True)
        kept = kept[first]
        block, instruction, taking = block[kept], instruction[kept], taking[kept]
        pinned = events["detail"][at[kept]] & PINS
        before = np.empty(len(block), np.int64)
        before[1:] = instruction[:-1]
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        before[starts] = last[block[starts]]
        free = (pinned == 0) & (before < instruction) & (taking >= 0)
        self._append(before[free] + 1, instruction[free], block[free], taking[free])

    def finish(self, machine: Machine) -> np.ndarray:
        """The run has ended: all its classes of points, in order of time."""
        end = machine.count - 1
        rest = [(verb, block) for verb, block in possible(machine, self.verbs) if self.last[block] < end]
        if rest:
            verb, block = np.array(rest, np.int64).T
            self._append(self.last[block] + 1, np.full(len(rest), end), block, verb)
        points = np.concatenate(self.classes) if self.classes else NO_POINTS
        return points[np.lexsort((points["verb"], points["block"], points["last"]))]

    def _append(self, first, last, block, verb) -> None:
        points = np.zeros(len(block), POINT)
        points["first"], points["last"], points["block"], points["verb"] = first, last, block, verb
        self.classes.append(points)


def points_of(machine: Machine, verbs: tuple[int, ...], limit: int) -> tuple[np.ndarray, Stop]:
    """Run to the end, at most to instruction `limit`: -> the classes of points of the run, and how it ended."""
    recorder = Recorder(EVENT_REFERENCE)
    machine.observe(recorder)
    machine.observers.without_tlb(recorder)
    log = ReferenceLog(machine, verbs)
    while True:
        stop = machine.run(min(PART, limit - machine.count))
        machine.observers.deliver()
        for chunk in recorder.taken():
            log.add(chunk.view(np.ndarray))
        if stop.reason is not Reason.LIMIT or machine.count >= limit:
            break
    machine.observers.remove(recorder)
    return log.finish(machine), stop
