"""The state of a whole machine at one moment, to which it can go back: CPUs, storage and its host, whose turn it is.

Not in it: the options that the machine was made with, compiled and decoded instructions, and who watches. Observers
and their wishes stay what they are; what they have noted of the run that is given up is theirs to forget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from s390emu.architecture import models
from s390emu.host.host import HostSnapshot

if TYPE_CHECKING:
    from s390emu.machine.machine import Machine


class Snapshot(NamedTuple):
    """Of one machine; of no use to another. The host is in it with all its guests."""

    cpus: np.ndarray
    storage: tuple[np.ndarray, ...]
    host: HostSnapshot
    events: list[np.ndarray]
    turns: object


def take(machine: Machine, keep: Callable[[np.ndarray], Any] = np.copy) -> Snapshot:
    """Return the machine's state, which nothing changes any more. keep: as `Frames.snapshot` has it."""
    return Snapshot(
        machine.cpu_array.copy(),
        machine.storage.snapshot(),
        machine.host.snapshot(keep),
        [chunk.copy() for chunk in machine.events],
        machine.turns.snapshot(),
    )


def restore(machine: Machine, snapshot: Snapshot) -> None:
    """Bring the machine back to a snapshot of its own. ValueError where it is one of another model."""
    model = models.NAMES[int(snapshot.storage[0]["model"][0])]
    if model != machine.model:
        raise ValueError(f"the snapshot is of a machine of the model {model}, this one is {machine.model}")
    machine.cpu_array[:] = snapshot.cpus
    machine.host.restore(snapshot.host)
    machine.storage.restore(snapshot.storage)
    machine.turns.restore(snapshot.turns)
    machine.events[:] = [chunk.copy() for chunk in snapshot.events]
    machine.observers.apply()
