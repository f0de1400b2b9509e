"""Trying points: from a run that stands somewhere, take a block, run to the end, judge, go back, take the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from s390emu import inputs
from s390emu.adversary.moves import Move, move_at
from s390emu.machine import Machine, Reason, Stop
from s390emu.machine.snapshot import Snapshot

LINES = 2  # at the end of the console, that no host may change: what was computed, and "exit 0"
LIMIT_FACTOR, LIMIT_EACH = 4, 100_000  # instructions that a disturbed run may take: of the undisturbed one; each taking
NEAR = 3_000  # instructions that are executed again sooner than a snapshot is taken


@dataclass(frozen=True)
class Expected:
    """What every run must come to: the undisturbed one's end, with its exit code, and last lines. count: instructions
    that have ended then; start: that had ended where the adversary begins."""

    exit_code: int | None
    lines: tuple[str, ...]
    count: int
    reason: str = Reason.DISABLED_WAIT
    start: int = 0

    @classmethod
    def of(cls, machine: Machine, stop: Stop, start: int = 0) -> Expected:
        return cls(stop.exit_code, last_lines(machine.console), stop.count, stop.reason, start)

    @property
    def length(self) -> int:
        """Instructions of the undisturbed run."""
        return self.count - self.start

    def limit(self, moves: int) -> int:
        return self.start + LIMIT_FACTOR * self.length + LIMIT_EACH * (moves + 1)

    def fault_of(self, machine: Machine, stop: Stop) -> str:
        """What is wrong with a disturbed run; empty: nothing."""
        if stop.reason is Reason.LIMIT:
            return f"it did not end within {stop.count - self.start:,} instructions (undisturbed: {self.length:,})"
        if stop.reason != self.reason:
            return str(stop.reason)
        lines = last_lines(machine.console)
        said = f", {lines[0]!r}" if lines else ""
        if stop.exit_code != self.exit_code:
            return f"exit code {stop.exit_code} instead of {self.exit_code}{said}"
        if lines != self.lines:
            return f"the last lines are {' / '.join(lines)!r} instead of {' / '.join(self.lines)!r}"
        return ""


def last_lines(console: str) -> tuple[str, ...]:
    return tuple(console.splitlines()[-LINES:])


@dataclass(frozen=True)
class Bug:
    """A run that went wrong: what was done, the instruction that came next at the last move, and what was wrong."""

    moves: tuple[Move, ...]
    address: int
    state: str  # of the last move's block, or which CPU was running, before it
    fault: str
    stop: Stop
    console: str


def attempts(machine: Machine, moves: Iterable[Move], limit: int) -> Iterator[tuple[Move, int, str, Stop]]:
    """Each move by itself, made in the run that goes on from here, in order of time: -> the move, where it was made, in
    which state the block was, how the run ended. The machine stands at that end, and afterwards anywhere."""
    saved, at = machine.snapshot(), machine.count
    for move in moves:
        machine.restore(saved)
        machine.run(move.after - at)
        if move.after - at > NEAR:
            saved, at = machine.snapshot(), move.after
        address, state = machine.psw[1], move.situation(machine)
        move.perform(machine)
        yield move, address, state, machine.run(limit - machine.count)


def try_points(
    machine: Machine, points: np.ndarray, expected: Expected, before: tuple[Move, ...] = ()
) -> tuple[int, Bug | None]:
    """Points (POINT) of the run that goes on from here, `before` having been done already, until one goes wrong:
    -> how many were tried, and the bug."""
    moves = sorted(move_at(point) for point in points)
    limit = expected.limit(len(before) + 1)
    tried = 0
    for move, address, state, stop in attempts(machine, moves, limit):
        tried += 1
        if fault := expected.fault_of(machine, stop):
            return tried, Bug((*before, move), address, state, fault, stop, machine.console)
    return tried, None


def repeat(machine: Machine, moves: Iterable[Move], limit: int, run: Callable[[int], Stop]) -> Stop:
    """A fresh machine's run in which the host makes these moves. run: for so many instructions, `machine.run` or what
    else looks on."""
    for move in moves:
        if move.after > machine.count:
            stop = run(move.after - machine.count)
            if stop.reason is not Reason.LIMIT:
                return stop
        move.perform(machine)
    return run(limit - machine.count)


def reduced(machine: Machine, start: Snapshot, bug: Bug, expected: Expected) -> Bug:
    """Return the run that goes wrong with as few of the moves as can be: without any one of them it does not.

    start: the snapshot at which the run begins."""
    size = len(bug.moves)
    while size:
        at, shorter = 0, False
        while at < len(bug.moves):
            fewer = _still_wrong(machine, start, bug.moves[:at] + bug.moves[at + size :], expected)
            bug, at, shorter = (fewer, at, True) if fewer else (bug, at + size, shorter)
        if size > 1 or not shorter:
            size //= 2
    return bug


def _still_wrong(machine: Machine, start: Snapshot, moves: tuple[Move, ...], expected: Expected) -> Bug | None:
    machine.restore(start)
    seen = (0, "")
    for move in moves:
        if move.after > machine.count and machine.run(move.after - machine.count).reason is not Reason.LIMIT:
            return None  # it ended before
        seen = (machine.psw[1], move.situation(machine))
        try:
            move.perform(machine)
        except inputs.Refused:
            return None
    stop = machine.run(expected.limit(len(moves)) - machine.count)
    fault = expected.fault_of(machine, stop)
    return Bug(moves, *seen, fault, stop, machine.console) if fault else None
