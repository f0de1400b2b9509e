"""The balloon's other half: a monitor outside the guests that guesses what each needs and tells the others to shrink.

After VMRM's cooperative memory management (docs/page-hinting.md 9): samples of every guest at fixed intervals, a target
for each, sent as `CMM SHRINK n`. Policy without a machine: numbers in, targets out. It is meant to be a fair opponent
of page hinting, so it is what one would tune such a monitor to be:

* it stays quiet until the guests together could claim more than there is, and the frames are nearly all in use;
* then it shares the frames out by an estimate of each guest's working set, smoothed over some samples, never less than
  a floor, and all of them (a guest is not shrunk further than the others need);
* it shrinks in bounded steps, and lets a guest grow only by what the others have already been told to give up;
* it does not bother a guest about a difference smaller than `hysteresis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 10**10  # of a parameter that is no fraction
ROUNDS = 60  # halvings in the search for the share: to less than a block
NEGLIGIBLE = 1e-9  # blocks: less is the estimate of a guest that ended long ago


@dataclass(frozen=True)
class Parameters:
    """What can be tuned. Fractions are of the host's frames (reserve, full) or of a guest's blocks (floor, step,
    hysteresis)."""

    interval_us: float = 1000  # between two samples
    reserve: float = 0.02  # frames that the targets leave over: what guests take meanwhile
    full: float = 0.90  # the monitor is quiet while fewer frames are in use
    floor: float = 0.20  # a guest always keeps so much
    step: float = 0.02  # a target moves at most so far in one interval
    hysteresis: float = 0.05  # smaller differences are not sent
    smoothing: float = 0.1  # weight of the newest sample in the estimate of a working set
    fault_weight: float = 2.0  # what a block read back counts, beside one referenced
    sample_ns: float = 10_000  # processor time of the monitor for one sample of one guest
    message_ns: float = 5_000  # ... for one message

    def __post_init__(self):
        for name in ("reserve", "full", "floor", "step", "hysteresis", "smoothing"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"balloon parameter {name} is {getattr(self, name)}: it is a fraction, 0 to 1")
        for name in ("interval_us", "sample_ns", "message_ns", "fault_weight"):
            least = 1 if name == "interval_us" else 0
            if not least <= getattr(self, name) <= MOST:
                raise ValueError(
                    f"balloon parameter {name} is {getattr(self, name)}: give a number from {least} to {MOST}"
                )


@dataclass(frozen=True)
class Sample:
    """One guest since the last sample, in blocks: its storage, what of its resident blocks was referenced, and what was
    read back from the paging device."""

    blocks: int
    referenced: int
    read_back: int


def shares(estimates: Sequence[float], floors: Sequence[int], sizes: Sequence[int], capacity: float) -> list[float]:
    """Return blocks for each guest: in proportion to its estimate, at least its floor, at most its size, `capacity` in
    all (or all the floors, or all the sizes, where those are more or less than it)."""

    guests = list(zip(estimates, floors, sizes, strict=True))

    # Comparisons, as `min` and `max` take three times as long and a sweep with many guests is here most of a look.
    def at(factor: float) -> list[float]:
        return [size if (share := factor * estimate) >= size else floor if share <= floor else share
                for estimate, floor, size in guests]  # fmt: skip

    low, high = 0.0, max(sizes) / min((e for e in estimates if e > NEGLIGIBLE), default=1.0)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(at(middle)) <= capacity else (low, middle)
    return at(low)


@dataclass
class BalloonMonitor:
    """The monitor of one host with `frames` frames. `look` is called every interval."""

    frames: int
    parameters: Parameters
    targets: list[int] = field(default_factory=list)  # blocks that each guest was last told to give up
    estimates: list[float] = field(default_factory=list)  # of each guest's working set, in blocks

    def look(self, samples: Sequence[Sample], frames_in_use: int) -> dict[int, int]:
        """Return what to tell whom: by guest number, the new size of its balloon, in blocks."""
        given = self.parameters
        while len(self.targets) < len(samples):
            self.targets.append(0)
            self.estimates.append(float(samples[len(self.estimates)].blocks))
        for number, sample in enumerate(samples):
            seen = sample.referenced + given.fault_weight * sample.read_back
            self.estimates[number] += given.smoothing * (seen - self.estimates[number])
        sizes = [sample.blocks for sample in samples]
        capacity = self.frames * (1 - given.reserve)
        if sum(sizes) <= self.frames or (frames_in_use < given.full * self.frames and not any(self.targets)):
            return {}
        floors = [int(given.floor * size) for size in sizes]
        wanted = [size - int(share) for size, share in
                  zip(sizes, shares(self.estimates, floors, sizes, capacity), strict=True)]  # fmt: skip
        return self._move(sizes, wanted, capacity)

    def _move(self, sizes: Sequence[int], wanted: Sequence[int], capacity: float) -> dict[int, int]:
        """Move the targets a step towards those wanted, and return the new ones; who grows waits for who shrinks."""
        given = self.parameters
        moves: dict[int, int] = {}
        for number, (size, target) in enumerate(zip(sizes, wanted, strict=True)):
            step = max(1, int(given.step * size))
            change = max(-step, min(step, target - self.targets[number]))
            if abs(target - self.targets[number]) >= max(1, int(given.hysteresis * size)):
                moves[number] = self.targets[number] + change
        room = capacity - sum(size - target for size, target in zip(sizes, self.targets, strict=True))
        for number in sorted(moves, key=lambda n: moves[n] - self.targets[n]):
            growth = self.targets[number] - moves[number]
            if growth > 0:
                growth = max(0, min(growth, int(room)))
                room -= growth
                moves[number] = self.targets[number] - growth
        moves = {number: target for number, target in moves.items() if target != self.targets[number]}
        for number, target in moves.items():
            self.targets[number] = target
        return moves
