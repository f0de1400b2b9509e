"""What an adversary can do at an instruction boundary: a Move, and arrays of the points where one is possible.

Its verbs are those of `inputs.actions`, as in traces: `discard`, `reclaim` and `pagein` of a block, and `run-cpu`: the
next instruction is that CPU's. So a schedule is a list of moves like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from s390emu import inputs
from s390emu.architecture.page_states import ACTION, DISCARD, OUT, RECLAIM
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels
from s390emu.machine import Machine

VERBS = ("discard", "reclaim", "pagein", "run-cpu")  # of the host, on one block; and whose turn it is
DISCARDING, RECLAIMING, PAGING_IN, RUNNING = range(4)
SWITCH = VERBS[RUNNING]
KINDS = {"discard": (DISCARDING,), "reclaim": (RECLAIMING,), "all": (DISCARDING, RECLAIMING)}

# By state and change bit (docs/page-hinting.md 3): the verb by which the block can be taken, -1 none.
TAKING = np.where(ACTION[:, :, RECLAIM] == DISCARD, DISCARDING, np.where(ACTION[:, :, RECLAIM] == OUT, RECLAIMING, -1))

POINT = np.dtype([("first", np.int64), ("last", np.int64), ("block", np.int64), ("verb", np.int64)])


class Move(NamedTuple):
    """After so many instructions of all CPUs have ended, and their program and supervisor-call interruptions been
    taken, this happens to the block at an absolute address, or it is the turn of the CPU with that address."""

    after: int
    verb: str
    operand: int

    def perform(self, machine: Machine) -> None:
        """Now. inputs.Refused, in words, where the rules or the host's means do not allow it.

        The TLB is purged: a snapshot may have been restored since the run began, or not, and that must not matter."""
        inputs.perform(machine, self.verb, self.operand)
        kernels.flush(machine.storage.record)

    def situation(self, machine: Machine) -> str:
        """Return in which state the move finds what it is made on."""
        if self.verb == SWITCH:
            return f"CPU {machine.running.number}"
        return machine.block(self.operand).state

    @property
    def on(self) -> str:
        """What it is made on, in words."""
        return f"{self.operand}" if self.verb == SWITCH else f"block {self.operand:#x}"


def move_at(point) -> Move:
    """The move of a class of points (POINT): as late as possible."""
    return Move(int(point["last"]), VERBS[int(point["verb"])], int(point["block"]) * BLOCK_SIZE)


def possible(machine: Machine, verbs: Iterable[int]) -> list[tuple[int, int]]:
    """What can be done to the blocks of a machine as it stands: (verb, block) in order of blocks."""
    return list(zip(*(column.tolist() for column in takeable(machine, verbs)), strict=True))


def takeable(machine: Machine, verbs: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the same as two arrays, verbs and blocks."""
    storage = machine.storage
    blocks = storage.blocks.view(np.ndarray)
    resident = np.flatnonzero((blocks["invalid"] == 0) & (blocks["pinned"] == 0))
    taking = TAKING[storage.states(resident), storage.keys(resident) >> 1 & 1]
    wanted = np.isin(taking, list(verbs))
    return taking[wanted], resident[wanted]
