"""Whose turn it is: several CPUs of one guest, one at a time, for so many instructions each.

Any schedule is a valid interleaving: the architecture promises nothing about the speed of CPUs. The same schedule is
the same run, to the instruction, however often the machine is stopped in between.
"""

from __future__ import annotations

import random

QUANTUM = 1000


class Schedule:
    """Round robin: each CPU for `quantum` instructions. With a seed, a random CPU for 1 to 2 * quantum instructions.

    turn: address of the CPU whose turn it is; left: how many instructions are left of it.
    """

    def __init__(self, cpus: int, quantum: int = QUANTUM, seed: int | None = None):
        if quantum < 1:
            raise ValueError(f"a quantum of {quantum} instructions: it must be 1 at least")
        self.cpus, self.quantum = cpus, quantum
        self._random = None if seed is None else random.Random(seed)
        self.turn = 0
        self.left = self._length()

    def _length(self) -> int:
        return self.quantum if self._random is None else self._random.randint(1, 2 * self.quantum)

    def executed(self, cpu: int, instructions: int) -> None:
        """Count so many instructions of the turn as executed. It is now that of the CPU that did it: the one whose turn
        it was could not run, and the next one that could took what was left."""
        if instructions:
            self.turn = cpu
            self.left -= instructions

    def expire(self, chosen: int | None = None) -> None:
        """End the turn, by its length or because the CPU gave it up (to the `chosen` one, perhaps)."""
        if chosen is None:
            chosen = (self.turn + 1) % self.cpus if self._random is None else self._random.randrange(self.cpus)
        self.turn, self.left = chosen, self._length()

    def snapshot(self) -> object:
        """Return the state, for `restore`."""
        return self.turn, self.left, self._random and self._random.getstate()

    def restore(self, snapshot) -> None:
        """Go back to a snapshot."""
        self.turn, self.left, state = snapshot
        if self._random is not None:
            self._random.setstate(state)
