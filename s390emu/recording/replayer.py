"""Runs a recorded guest again, from any checkpoint on: what the world did then is done again.

A recording is a past that is known already: the machine's `history` is made of it, and all that a history can do
(`machine.history`) it can do over a recording.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from s390emu.input_files import FileError
from s390emu.inputs.actions import in_words, perform
from s390emu.machine import Machine, Reason, Stop
from s390emu.machine.history import INTERVAL, Checkpoint, Diverged, History, Input
from s390emu.recording.mirror import Mirror
from s390emu.recording.state import capture, put_back
from s390emu.shapes import ShapeError

if TYPE_CHECKING:
    from s390emu.recording import reader

Run = Callable[[int], Stop]  # so many instructions at most
ENDS = (Reason.DISABLED_WAIT, Reason.ENABLED_WAIT, Reason.STOPPED, Reason.CHECK_STOP, Reason.CHECK_STOP_LOWCORE)
NO_CHECKPOINTS = 1 << 62  # instructions: as far apart

__all__ = ["Diverged", "Replayer", "digest", "past"]


def past(recording: reader.Recording, interval: int = INTERVAL) -> History:
    """Return the history of a new machine that did what was recorded; it is at the beginning. interval: instructions
    between two checkpoints that are kept beside those of the recording. FileError where no machine can be made of it.
    """
    machine = recording.machine()
    inputs = []
    for each in recording.inputs:
        act = partial(_do_again, each) if each.verb else partial(_put_back, recording, each.after)
        inputs.append(Input(each.count, in_words(each.verb, each.operands) or "a new start", act, waiting=each.waiting))
    after = [each.after for each in recording.inputs]
    checkpoints = [
        Checkpoint(each.count, bisect_right(after, n), n == 0, partial(_put_back, recording, n))
        for n, each in enumerate(recording.checkpoints)
    ]
    machine.history = History(machine, interval, inputs=inputs, checkpoints=checkpoints, end=recording.last)
    return machine.history


def _do_again(each: reader.Input, machine: Machine) -> None:
    perform(machine, each.verb, *each.operands, cpu=each.cpu)


def _put_back(recording: reader.Recording, index: int, machine: Machine) -> None:
    try:
        put_back(machine, recording.state_at(index))
    except (ShapeError, KeyError) as error:
        at = recording.checkpoints[index].at
        raise FileError(f"{recording.path}: damaged at byte {at}: no state: {error}") from None


class Replayer:
    """machine: where it is now, at the beginning first. At an instruction count, before what the world did there if it
    did anything."""

    def __init__(self, recording: reader.Recording, run: Run | None = None):
        self.recording, self.history = recording, past(recording, NO_CHECKPOINTS)
        self.machine = self.history.machine
        self._run = run or self.machine.run

    def run_with(self, run: Run) -> None:
        """Let this run the machine from now on: as `Machine.run` does, and looking on."""
        self._run = run

    def restore(self, index: int) -> None:
        """Go to a checkpoint, forth or back. FileError where no machine can be in its state."""
        self.history.return_to(self.history.checkpoints[index])

    def go_to(self, count: int) -> None:
        """Go to an instruction count: from the last checkpoint before it, unless it is nearer from here. ValueError
        outside of the recording."""
        index = self.recording.checkpoint_before(count)
        if not self.recording.checkpoints[index].count <= self.machine.count < count:
            self.restore(index)
        self.run_to(count)

    def run_to(self, count: int) -> None:
        """Run to an instruction count, and do on the way what the world did."""
        machine = self.machine
        while machine.count < count:
            stop = self._run(count - machine.count)
            if stop.reason is not Reason.LIMIT and machine.count < count:
                told = f"recorded were {count:,} instructions and more"
                raise Diverged(f"after {machine.count:,} instructions: {stop.reason}; {told}")
        ended = self.recording.ended
        if ended and ended["reason"] in ENDS and count == ended["count"]:
            self._end(ended["reason"])

    def _end(self, reason: str) -> None:
        """Let the guest end as it had: its last instruction has ended, but what that led to is not done yet."""
        if self.history.done < len(self.history.inputs):
            return
        stop = self._run(1)
        if str(stop.reason) != reason:
            count = self.machine.count
            raise Diverged(f"after {count:,} instructions: {stop.reason}; recorded was the end: {reason}")

    def mark(self) -> Checkpoint:
        """Return a checkpoint of here, for the history's `return_to`."""
        return self.history.here(exact=False)

    def digest(self) -> bytes:
        """Return the digest of the machine's state, as checkpoints have it."""
        return digest(self.machine)


def digest(machine: Machine) -> bytes:
    """Return a digest of all that a machine goes on from."""
    mirror = Mirror()
    mirror.show(capture(machine))
    return mirror.digest()
