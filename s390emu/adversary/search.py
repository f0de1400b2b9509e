"""The search: every point by itself, then pairs; or many runs of a host that acts at random. In parallel.

The order of points is a walk through the whole run in strides near the golden ratio: however early it is stopped, what
has been tried lies evenly over the run. It depends on the seed alone, and neither on the number of processes nor on
the computer, and so does the bug that is found first.

Of a guest with several CPUs all runs with few preemptions and discards are tried, those with fewest first
(`interleavings`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import gcd
from typing import NamedTuple

import numpy as np

from s390emu.adversary.exploration import Bug, Expected, reduced, try_points
from s390emu.adversary.interleavings import Choice, Count, Explorer, Found, Level, levels
from s390emu.adversary.moves import move_at
from s390emu.adversary.random_host import random_run
from s390emu.adversary.references import points_of
from s390emu.crew import Crew
from s390emu.machine import Machine, Reason

BATCH = 64  # points in a task
WARM_UP = 8  # points tried before the processes are forked
GOLDEN = (5**0.5 - 1) / 2
UNDISTURBED_LIMIT = 200_000_000  # instructions of the run that is to be disturbed
PATIENCE = 50_000  # a quantum, in instructions: no turn is that long but of who waits for another without saying so
MODES = ("exhaustive", "literal", "random")


class CannotSearch(Exception):
    """There is no undisturbed run to compare with; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What to do. most: how many points (or random runs) at most; None: all points by themselves and as many pairs, or
    200 random runs. preemptions, discards: of several CPUs, in one run at most. ends: reasons for which an undisturbed
    run ends well, besides a disabled wait with code 0."""

    mode: str
    verbs: tuple[int, ...]
    seed: int = 0
    most: int | None = None
    jobs: int = 1
    limit: int = UNDISTURBED_LIMIT
    preemptions: int = 2
    discards: int = 1
    ends: tuple[Reason, ...] = ()


RANDOM_RUNS = 200


@dataclass
class Findings:
    """What was done and what came of it."""

    plan: Plan
    expected: Expected
    cpus: int = 1
    points: int = 0  # (instruction, block)
    classes: int = 0  # of points that are the same
    tried: int = 0  # points by themselves
    pairs_points: int = 0  # of second points, after those first ones that were looked at
    pairs_classes: int = 0
    pairs_firsts: int = 0
    pairs_tried: int = 0
    levels: dict[Level, Count] = field(default_factory=dict)  # of several CPUs
    runs: int = 0  # at random
    moves: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    complete: bool = False
    interrupted: bool = False
    bug: Bug | None = None

    @property
    def attempts(self) -> int:
        return self.tried + self.pairs_tried + self.runs + sum(count.tried for count in self.levels.values())

    @property
    def ends(self) -> int:
        """How many runs ended differently: in exit code, console, or instructions of any CPU."""
        return len(set().union(*(count.ends for count in self.levels.values())))

    @property
    def rate(self) -> float:
        return self.attempts / self.seconds if self.seconds else 0.0


class Bench:
    """One process's machine, at the beginning of the guest, and what its undisturbed run comes to."""

    def __init__(self, make: Callable[[], Machine], plan: Plan):
        self.machine, self.plan = make(), plan
        frames, blocks = self.machine.host.frames.count, len(self.machine.storage.blocks)
        if plan.mode == "exhaustive" and frames < blocks:
            raise CannotSearch(
                f"{frames} frames for {blocks} blocks: points are the same only on a host with a frame for every block;"
                " leave out --frames, or use --adversary literal"
            )
        self.several = plan.mode != "random" and len(self.machine.cpus) > 1
        self.start = self.machine.snapshot()
        begun = self.machine.count
        stop = self.machine.run(plan.limit)
        self.expected = Expected.of(self.machine, stop, begun)
        self.ended = stop
        self.ended_well = stop.exit_code == 0 or stop.reason in plan.ends
        if self.several:
            self._check_schedule()
        self.points, self.points_end = self._points()

    def _check_schedule(self) -> None:
        """CannotSearch if somebody is preempted in the undisturbed run, or not every access can be noted."""
        if self.machine.storage.record.tlb_on:
            raise CannotSearch("what one CPU does to another is seen without TLB only: --tlb off")
        if self.machine.schedule.quantum <= self.ended.count:
            raise CannotSearch(
                f"a quantum of {self.machine.schedule.quantum:,} instructions preempts by itself: the undisturbed run "
                f"has {self.ended.count:,}; give a larger --quantum, or take a smaller guest"
            )

    def _points(self):
        if self.plan.mode == "random" or not self.ended_well:
            return np.zeros(0), self.ended
        if self.several:
            self.explorer = Explorer(self.fresh(), self.plan.verbs, self.expected, self.plan.mode == "literal")
            return self.explorer.root.points, self.explorer.root.stop
        return points_of(self.fresh(), self.plan.verbs, self.plan.limit)

    def fresh(self) -> Machine:
        self.machine.restore(self.start)
        return self.machine


def stride(total: int) -> int:
    """A step that visits each of `total` places once, neighbours in time far apart."""
    step = max(1, round(total * GOLDEN))
    while gcd(step, total) != 1:
        step += 1
    return step


def spread(total: int, seed: int, first: int, last: int) -> np.ndarray:
    """Numbers first to last-1 of the order in which `total` places are visited."""
    if total == 0:
        return np.zeros(0, np.int64)
    places = [(seed * 7919 + k * stride(total)) % total for k in range(first, min(last, total))]
    return np.array(places, np.int64)


def chosen(points: np.ndarray, literal: bool, places: np.ndarray) -> np.ndarray:
    """Points by their number: classes, or literally every (instruction, block), class after class."""
    if not literal:
        return points[places]
    ends = np.cumsum(points["last"] - points["first"] + 1)
    at = np.searchsorted(ends, places, side="right")
    found = points[at].copy()
    found["first"] = found["last"] = points["last"][at] - (ends[at] - 1 - places)
    return found


def count_of(points: np.ndarray, literal: bool) -> int:
    return number_of_points(points) if literal else len(points)


def number_of_points(points: np.ndarray) -> int:
    return int((points["last"] - points["first"] + 1).sum())


# --- tasks ------------------------------------------------------------------------------------------------------------


class Singles(NamedTuple):
    """Points first to last-1 of the order."""

    first: int
    last: int


class Pairs(NamedTuple):
    """After the point `number` of the order, second points first to last-1 of that run's order."""

    number: int
    first: int
    last: int


class Below(NamedTuple):
    """All runs of a level that begin with one of these moves, at most so many."""

    level: Level
    choices: list[Choice]
    most: int | None


class Outcome(NamedTuple):
    tried: int
    bug: Bug | None
    classes: int = 0  # of second points
    points: int = 0
    moves: dict[str, int] | None = None
    level: Count | None = None


def singles(bench: Bench, task: Singles) -> Outcome:
    literal = bench.plan.mode == "literal"
    places = spread(count_of(bench.points, literal), bench.plan.seed, *task)
    return Outcome(*try_points(bench.fresh(), chosen(bench.points, literal, places), bench.expected))


def pairs(bench: Bench, task: Pairs) -> Outcome:
    literal = bench.plan.mode == "literal"
    (place,) = spread(count_of(bench.points, literal), bench.plan.seed, task.number, task.number + 1)
    first = move_at(chosen(bench.points, literal, np.array([place]))[0])
    machine = bench.fresh()
    machine.run(first.after - machine.count)
    first.perform(machine)
    saved = machine.snapshot()
    points, _ = points_of(machine, bench.plan.verbs, bench.expected.limit(1))
    machine.restore(saved)
    total = count_of(points, literal)
    places = spread(total, bench.plan.seed, task.first, task.last)
    tried, bug = try_points(machine, chosen(points, literal, places), bench.expected, (first,))
    return Outcome(tried, bug, total, number_of_points(points))


def below(bench: Bench, task: Below) -> Outcome:
    explorer = bench.explorer
    explorer.begin(task.most)
    try:
        for choice in task.choices:
            explorer.below(choice, task.level)
            if explorer.exhausted:
                break
    except Found as found:
        return Outcome(explorer.count.tried, found.bug, level=explorer.count)
    return Outcome(explorer.count.tried, None, level=explorer.count)


def at_random(bench: Bench, number: int) -> Outcome:
    bug, moves = random_run(bench.fresh(), bench.expected, bench.plan.verbs, f"{bench.plan.seed}:{number}")
    return Outcome(1, bug, moves=moves)


# --- the search -------------------------------------------------------------------------------------------------------


class Search:
    """make: a machine with the guest where the adversary begins, a new one at each call. tell: called with how many
    more were tried, and how many there will be."""

    def __init__(self, make: Callable[[], Machine], plan: Plan, tell: Callable[[int, int], None] | None = None):
        self.make, self.plan, self.tell = make, plan, tell or (lambda tried, planned: None)
        self.bench = bench = Bench(make, plan)
        if not bench.ended_well:
            how = f"exit code {bench.ended.exit_code}" if bench.ended.exit_code is not None else bench.ended.reason
            raise CannotSearch(
                f"the undisturbed run ends with {how} after {bench.ended.count:,} instructions: the adversary needs a "
                "guest that ends with exit code 0 if it is left alone"
            )
        if bench.points_end != bench.ended:
            raise CannotSearch(
                f"without the TLB the undisturbed run ends after {bench.points_end.count:,} instructions instead of "
                f"{bench.ended.count:,}: the guest changes translation tables and does not purge the TLB of them; "
                "correct that, or use --adversary random:SEED"
            )
        self.literal = plan.mode == "literal"
        self.count = count_of(bench.points, self.literal) if plan.mode != "random" else 0
        self.found = Findings(plan, bench.expected, len(bench.machine.cpus))
        if plan.mode != "random":
            self.found.points, self.found.classes = number_of_points(bench.points), len(bench.points)

    def run(self) -> Findings:
        """Until everything planned has been done, or the first bug, or Ctrl-C."""
        found, started = self.found, time.perf_counter()
        try:
            self._warm_up()
            with Crew(self.plan.jobs, self._state) as crew:
                if self.bench.several:
                    found.complete = self._interleavings(crew)
                elif self.plan.mode == "random":
                    found.complete = self._random(crew)
                else:
                    found.complete = self._exhaustive(crew)
            if found.bug:
                found.bug = reduced(self.bench.machine, self.bench.start, found.bug, self.bench.expected)
        except KeyboardInterrupt:
            found.interrupted = True
        found.seconds = time.perf_counter() - started
        return found

    def _state(self) -> Bench:
        """Of a process: each has a machine, and above all a paging file, of its own."""
        return self.bench if self.plan.jobs == 1 else Bench(self._nameless, self.plan)

    def _nameless(self) -> Machine:
        """Make a machine whose paging file has no name: it is gone when this process ends, however and whenever."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            machine = self.make()
            if machine.host.slots.device:
                os.unlink(machine.host.slots.device.path)
            return machine
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _warm_up(self) -> None:
        """What a disturbed run alone executes is compiled once, not in each process."""
        if self.plan.jobs == 1:
            return
        if self.bench.several:
            below(self.bench, Below(Level(0, 1), self.bench.explorer.first_discards()[:WARM_UP], None))
            return
        if self.plan.mode == "random":
            at_random(self.bench, 0)
        else:
            singles(self.bench, Singles(0, WARM_UP))

    def _random(self, crew: Crew) -> bool:
        most = RANDOM_RUNS if self.plan.most is None else self.plan.most
        for outcome in crew.results(at_random, range(most)):
            self.found.runs += 1
            for verb, count in (outcome.moves or {}).items():
                self.found.moves[verb] = self.found.moves.get(verb, 0) + count
            if self._stop(outcome, most):
                return False
        return True

    def _interleavings(self, crew: Crew) -> bool:
        """Level by level. What one preemption comes to is seen here: its classes are first moves of later levels."""
        plan, explorer, most = self.plan, self.bench.explorer, self.plan.most
        discards = explorer.first_discards() if plan.discards else []
        switches: list[Choice] = []
        if plan.preemptions:
            explorer.begin(most)
            bug = None
            try:
                switches = explorer.first_preemptions(plan.discards > 0)
            except Found as found:
                bug = found.bug
            self.found.levels[Level(1, 0)] = explorer.count
            if self._stop(Outcome(explorer.count.tried, bug), explorer.count.tried) or explorer.exhausted:
                return False
        for level in levels(plan.preemptions, plan.discards):
            if level == (1, 0):
                continue
            count = self.found.levels[level] = Count()
            choices = (switches if level.preemptions else []) + (discards if level.discards else [])
            choices = [choices[place] for place in spread(len(choices), plan.seed, 0, len(choices))]
            size = BATCH if sum(level) == 1 else 1
            left = None if most is None else most - self.found.attempts
            tasks = (Below(level, choices[n : n + size], left) for n in range(0, len(choices), size))
            for outcome in crew.results(below, tasks):
                count.add(outcome.level)
                if self._stop(outcome, self.found.attempts):
                    return False
                if most is not None and self.found.attempts >= most:
                    return False
        return True

    def _exhaustive(self, crew: Crew) -> bool:
        most = 2 * self.count if self.plan.most is None else self.plan.most
        alone = min(most, self.count)
        tasks = (Singles(first, min(first + BATCH, alone)) for first in range(0, alone, BATCH))
        for outcome in crew.results(singles, tasks):
            self.found.tried += outcome.tried
            if self._stop(outcome, most):
                return False
        return alone == self.count and self._pairs(crew, most - alone, most)

    def _pairs(self, crew: Crew, budget: int, most: int) -> bool:
        """Some second points of every first one, then twice as many more of each, and so on."""
        seconds: dict[int, int] = {}  # how many there are
        begin, size, left = 0, BATCH, list(range(self.count))
        while left:
            if budget <= 0:
                return False
            # How many there are after each first point shows when it is looked at: there may be some budget left then.
            tasks = list(self._pair_tasks(left, begin, size, budget))
            left = left[len(tasks) :]
            for task, outcome in zip(tasks, crew.results(pairs, tasks), strict=True):
                budget -= outcome.tried
                if task.number not in seconds:
                    self.found.pairs_firsts += 1
                    self.found.pairs_classes += outcome.classes
                    self.found.pairs_points += outcome.points
                seconds[task.number] = outcome.classes
                self.found.pairs_tried += outcome.tried
                if self._stop(outcome, most):
                    return False
            if not left:
                begin, size = begin + size, 2 * size
                left = [number for number in range(self.count) if seconds[number] > begin]
        return True

    @staticmethod
    def _pair_tasks(numbers: list[int], begin: int, size: int, budget: int) -> Iterator[Pairs]:
        for number in numbers:
            if budget <= 0:
                return
            last = begin + min(size, budget)
            budget -= last - begin
            yield Pairs(number, begin, last)

    def _stop(self, outcome: Outcome, planned: int) -> bool:
        self.tell(outcome.tried, planned)
        self.found.bug = outcome.bug
        return outcome.bug is not None
