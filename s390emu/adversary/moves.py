"""What an adversary can do at an instruction boundary: a Move, and arrays of the points where one is possible.

A verb is a line in `VERBS`. A machine with several CPUs would have one more, "the next instruction is that CPU's": a
schedule is a list of moves like any other, and `exploration` and replay files take it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from s390emu.architecture.page_states import ACTION, DISCARD, OUT, RECLAIM
from s390emu.host import kernels
from s390emu.machine import Machine

VERBS = ("discard", "reclaim", "pagein")  # of the host, on one block
DISCARDING, RECLAIMING, PAGING_IN = range(3)
KINDS = {"discard": (DISCARDING,), "reclaim": (RECLAIMING,), "all": (DISCARDING, RECLAIMING)}

# By state and change bit (docs/page-hinting.md 3): the verb by which the block can be taken, -1 none.
TAKING = np.where(ACTION[:, :, RECLAIM] == DISCARD, DISCARDING, np.where(ACTION[:, :, RECLAIM] == OUT, RECLAIMING, -1))

POINT = np.dtype([("first", np.int64), ("last", np.int64), ("block", np.int64), ("verb", np.int64)])


class Move(NamedTuple):
    """After so many instructions have ended, and their program and supervisor-call interruptions been taken, the host
    does this to the block."""

    after: int
    verb: str
    block: int

    def perform(self, machine: Machine) -> None:
        """Now. ValueError or PagingError where the rules or the host's means do not allow it.

        The TLB is purged: a snapshot may have been restored since the run began, or not, and that must not matter."""
        getattr(machine.host, self.verb)(machine.guest_number, self.block)
        kernels.flush(machine.storage.record)


def move_at(point) -> Move:
    """The move of a class of points (POINT): as late as possible."""
    return Move(int(point["last"]), VERBS[int(point["verb"])], int(point["block"]))


def possible(machine: Machine, verbs: Iterable[int]) -> list[tuple[int, int]]:
    """What can be done to the blocks of a machine as it stands: (verb, block) in order of blocks."""
    storage = machine.storage
    blocks = storage.blocks.view(np.ndarray)
    resident = np.flatnonzero((blocks["invalid"] == 0) & (blocks["pinned"] == 0))
    taking = TAKING[storage.states(resident), storage.keys(resident) >> 1 & 1]
    return [(int(v), int(b)) for v, b in zip(taking, resident, strict=True) if v in verbs]
