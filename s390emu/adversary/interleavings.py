"""Schedules of several CPUs and discards together, all with few preemptions: which are the same, and trying them.

The undisturbed run has no preemption: a CPU goes on until it waits, stops, or gives up its turn (DIAGNOSE X'44',
X'9C'), and then the next one does. (It loses its turn after a quantum too, which is longer than the whole undisturbed
run: a disturbed one may come to a loop in which a CPU waits for another and does not say so.) A *preemption* (n, c) is:
after n instructions CPU c goes on, although the CPU whose turn it was could. Context bounding looks at all runs with
few preemptions, each of which may be anywhere (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing
of Multithreaded Programs", PLDI 2007): most of the bugs that are known need but one or two.

Nearly all of them are the same as others. Let CPU A be preempted after n instructions, and let the others do S until A
goes on. If A's next instruction commutes with S (see `accesses`), it may as well come before S: the preemption at n + 1
comes to the same. So, as with discards, a preemption is tried as late as possible. From the end of A's turn backwards:

    try p, which tells S; the latest instruction before p of A's turn that does not commute with S is p', and the points
    p' < n <= p are one class; then try p'.

Where a discard is still to come it is a reference too: one that S and A's instruction make to the same block does not
commute, if the host could take it between them.

Of a second preemption, back to A in the middle of S, only those are tried that come after something that does not
commute with the instruction before which A was preempted: else A could have executed that too.

A discard is as late as possible in the run disturbed so far, as `references` says, whatever is done after it: a
preemption between the discard and the reference is the same before the discard.

All runs are without TLB: what one CPU makes invalid is invalid for all at once, so that each access is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from s390emu.adversary.accesses import WANTED, Accesses, Executed, Footprint, Places, executed, meanwhile
from s390emu.adversary.exploration import Bug, Expected
from s390emu.adversary.moves import SWITCH, Move, move_at
from s390emu.adversary.references import ReferenceLog
from s390emu.machine import Machine, Reason, Stop
from s390emu.machine.snapshot import Snapshot
from s390emu.records.events import EVENT_REFERENCE

RUNG = 1_000  # instructions between two snapshots of a run that is recorded
SHORTEST = 64  # instructions of a stretch that are recorded before it is looked whether it has ended


class Level(NamedTuple):
    """Exactly so many preemptions and discards, in any order."""

    preemptions: int
    discards: int


def levels(preemptions: int, discards: int) -> list[Level]:
    """Return all levels up to these, those with few moves first, and among them those with few preemptions."""
    found = [Level(p, d) for p in range(preemptions + 1) for d in range(discards + 1) if p or d]
    return sorted(found, key=lambda level: (level.preemptions + level.discards, level.preemptions))


class Undone(NamedTuple):
    """A CPU that was preempted, and what its next instruction accesses."""

    cpu: int
    accesses: Accesses


class Recorded(NamedTuple):
    """A run from somewhere to its end."""

    stop: Stop
    executed: Executed
    points: np.ndarray  # classes of discards
    rungs: list[tuple[int, Snapshot]]  # snapshots, by instructions


class Choice(NamedTuple):
    """A first move: it stands for so many; and for a preemption what it undoes."""

    move: Move
    size: int
    undone: Undone | None = None


@dataclass
class Count:
    """What has been tried of a level."""

    tried: int = 0
    same: int = 0  # interleavings that the tried ones stand for, those included
    ends: set[int] = field(default_factory=set)  # that are different

    def add(self, other: Count) -> None:
        self.tried += other.tried
        self.same += other.same
        self.ends |= other.ends


class Found(Exception):
    """A run went wrong: there is no need to go on."""

    def __init__(self, bug: Bug):
        super().__init__(bug.fault)
        self.bug = bug


class Explorer:
    """One process's search of a machine, which stands at the beginning of the guest.

    literal: no two points are the same. most: runs at most."""

    def __init__(self, machine: Machine, verbs: tuple[int, ...], expected: Expected, literal: bool = False):
        self.machine, self.verbs, self.expected, self.literal = machine, verbs, expected, literal
        self.places = Places(machine, verbs)
        self.root = self.record(self.limit(()))
        self.begin()

    def begin(self, most: int | None = None) -> None:
        """Count from here on. most: runs that may be tried."""
        self.count, self.most = Count(), most

    @property
    def exhausted(self) -> bool:
        return self.most is not None and self.count.tried >= self.most

    # --- runs ---------------------------------------------------------------------------------------------------------

    def record(self, limit: int) -> Recorded:
        """Run from here to the end, and note everything."""
        machine = self.machine
        first, log, chunks = machine.count, ReferenceLog(machine, self.verbs), []
        rungs: list[tuple[int, Snapshot]] = []
        machine.watch(*WANTED)
        while True:
            if not rungs or machine.count > rungs[-1][0]:
                rungs.append((machine.count, machine.snapshot()))
            stop = machine.run(min(RUNG, limit - machine.count))
            new = self._drained()
            log.add(new[new["kind"] == EVENT_REFERENCE])
            chunks.append(new)
            if stop.reason is not Reason.LIMIT or machine.count >= limit:
                break
        machine.watch()
        found = executed(np.concatenate(chunks), self.places, first, machine.count)
        return Recorded(stop, found, log.finish(machine), rungs)

    def stretch(self, cpu: int, limit: int) -> tuple[int, Accesses, Stop | None]:
        """Run until the CPU goes on: -> which other one executes the first instruction, what the others do, and the
        Stop if there is an end."""
        machine, chunks, step = self.machine, [], SHORTEST
        before = machine.cpus[cpu].count
        machine.watch(*WANTED)
        while True:
            stop = machine.run(min(step, limit - machine.count))
            chunks.append(self._drained())
            ended = stop.reason is not Reason.LIMIT or machine.count >= limit
            if ended or machine.cpus[cpu].count > before:
                break
            step *= 2
        machine.watch()
        return *meanwhile(np.concatenate(chunks), self.places, cpu), stop if ended else None

    def _drained(self) -> np.ndarray:
        chunks = self.machine.drain_events()
        events = [chunk.view(np.ndarray) for chunk in chunks]
        chunks.clear()
        return np.concatenate(events) if events else self.machine.storage.events[:0].view(np.ndarray)

    def reach(self, run: Recorded, count: int) -> None:
        """Go to an instruction boundary of a recorded run."""
        at, snapshot = next(rung for rung in reversed(run.rungs) if rung[0] <= count)
        self.machine.restore(snapshot)
        self.machine.watch()
        self.machine.run(count - at)

    def make(self, run: Recorded, move: Move) -> tuple[int, str]:
        """Go to a boundary of a recorded run and make the move there: -> which instruction comes next, and in which
        state that is on which the move is made."""
        self.reach(run, move.after)
        place = self.machine.psw[1], move.situation(self.machine)
        move.perform(self.machine)
        return place

    def limit(self, moves: tuple[Move, ...], *more: Move) -> int:
        return self.expected.limit(len(moves) + len(more))

    def judge(self, moves: tuple[Move, ...], place: tuple[int, str], stop: Stop | None, size: int) -> None:
        """A run with these moves has been tried, which stands for so many. stop: how it ended, if it has already."""
        machine, count = self.machine, self.count
        stop = stop or machine.run(self.limit(moves) - machine.count)
        count.tried += 1
        count.same += size
        count.ends.add(hash((stop, machine.console, *(cpu.count for cpu in machine.cpus))))
        if fault := self.expected.fault_of(machine, stop):
            raise Found(Bug(moves, *place, fault, stop, machine.console))

    # --- the tree -----------------------------------------------------------------------------------------------------

    def first_discards(self) -> list[Choice]:
        return [Choice(move, size) for move, size in self.discards(self.root, 0)]

    def first_preemptions(self, hints: bool) -> list[Choice]:
        """Try all runs with one preemption, for nothing but what they tell."""
        found = []
        for move, size, undone, _ in self.preemptions(self.root, (), 1, hints):
            found.append(Choice(move, size, undone))
            if self.exhausted:
                break
        return found

    def below(self, choice: Choice, level: Level) -> None:
        """Try all runs of a level that begin with a first move, as far as there may be more of them."""
        move = choice.move
        switches = move.verb == SWITCH
        left = Level(level.preemptions - switches, level.discards - (not switches))
        place = self.make(self.root, move)
        if left == (0, 0):
            self.judge((move,), place, None, choice.size)
        else:
            self.descend(self.record(self.limit((move,))), (move,), left, choice.undone, choice.size)

    def descend(self, run: Recorded, moves: tuple[Move, ...], left: Level, undone: Undone | None, size: int) -> None:
        """Try what is left to be done after these moves, in the run that they have led to."""
        if left.discards:
            for move, many in self.discards(run, moves[-1].after):
                if self.exhausted:
                    return
                place = self.make(run, move)
                now, rest = (*moves, move), left._replace(discards=left.discards - 1)
                if rest == (0, 0):
                    self.judge(now, place, None, size * many)
                else:
                    still = self.still_undone(undone, run, move)
                    self.descend(self.record(self.limit(now)), now, rest, still, size * many)
        if left.preemptions:
            first = self.first_useful(undone, run, moves)
            rest = left._replace(preemptions=left.preemptions - 1)
            hints = left.discards > 0
            for move, many, new, child in self.preemptions(run, moves, first, hints, rest == (0, 0), size):
                if child:
                    self.descend(child, (*moves, move), rest, new, size * many)
                if self.exhausted:
                    return

    def discards(self, run: Recorded, first: int) -> Iterator[tuple[Move, int]]:
        """The moves of the host from a boundary on, and how many each stands for."""
        for point in run.points:
            if self.literal:
                for after in range(max(first, int(point["first"])), int(point["last"]) + 1):
                    yield move_at(point)._replace(after=after), 1
            elif point["last"] >= first:
                yield move_at(point), int(point["last"] - max(first, point["first"]) + 1)

    def preemptions(
        self, run: Recorded, moves: tuple[Move, ...], first: int, hints: bool, leaf: bool = True, size: int = 1
    ) -> Iterator[tuple[Move, int, Undone, Recorded | None]]:
        """Try all preemptions from instruction `first` on: -> move, how many it stands for, what it undoes, and the run
        that it leads to unless that is a leaf: then it has been judged.

        hints: a discard is still to come. size: how many runs the one before it stands for."""
        accesses = run.executed.accesses
        for owner, begin, end in self.turns(run.executed, first):
            mine = (accesses.cpu == owner) & (accesses.instruction >= begin) & (accesses.instruction < end)
            turn = accesses.rows(mine)
            for cpu in range(self.places.cpus):
                at = end - 1
                while cpu != owner and at >= begin:
                    move = Move(at, SWITCH, cpu)
                    place = self.make(run, move)
                    child, stop = None, None
                    if leaf:
                        runner, others, stop = self.stretch(owner, self.limit(moves, move))
                    else:
                        child = self.record(self.limit(moves, move))
                        runner, others = int(child.executed.cpus[0]), child.executed.before(owner)
                    earlier = turn.rows(turn.instruction < at)
                    conflicts = earlier.instruction[Footprint(self.places, others, hints).conflicts(earlier)]
                    before = at - 1 if self.literal else int(conflicts.max(initial=begin - 1))
                    if runner == cpu:  # else it could not run
                        if leaf:
                            self.judge((*moves, move), place, stop, size * (at - before))
                        yield move, at - before, Undone(owner, turn.rows(turn.instruction == at)), child
                    at = before

    @staticmethod
    def turns(executed: Executed, first: int) -> Iterator[tuple[int, int, int]]:
        """Whose turn it was in a run from instruction `first` on: CPU, first instruction, the one after the last."""
        cpus, start = executed.cpus, executed.first
        ends = np.flatnonzero(np.diff(cpus, append=-2)) + 1
        for begin, end in pairwise([0, *ends.tolist()]):
            if max(begin + start, first) < end + start:
                yield int(cpus[begin]), max(begin + start, first), end + start

    def first_useful(self, undone: Undone | None, run: Recorded, moves: tuple[Move, ...]) -> int:
        """Return the first instruction before which another preemption is not the same as one that is tried without
        this: after the last move, or where it does not commute with what that has undone."""
        after = max(moves[-1].after, *(move.after + 1 for move in moves if move.verb == SWITCH), 0)
        if undone is None or self.literal or self.places.cpus > 2:
            return after
        others = run.executed.before(undone.cpu)
        mine = Footprint(self.places, undone.accesses, True)
        conflicts = others.instruction[mine.conflicts(others)]
        back = np.flatnonzero(run.executed.cpus == undone.cpu)
        end = run.executed.first + int(back[0]) if len(back) else run.executed.first + len(run.executed.cpus)
        return max(after, int(conflicts.min(initial=end - 1)) + 1)

    def still_undone(self, undone: Undone | None, run: Recorded, move: Move) -> Undone | None:
        """After another move of the host: it may be that which does not commute with what was undone, or something
        that was executed before it."""
        if undone is None:
            return None
        if (undone.accesses.place == self.places.key + (move.operand >> 12)).any():
            return None
        if self.first_useful(undone, run, (move,)) <= move.after:
            return None
        return undone
