"""Runs a recorded guest again, from any checkpoint on: what the world did then is done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from s390emu import inputs
from s390emu.input_files import FileError
from s390emu.machine import Machine, Reason, Stop
from s390emu.recording.mirror import Mirror
from s390emu.recording.state import capture, put_back
from s390emu.shapes import ShapeError

if TYPE_CHECKING:
    from s390emu.recording.reader import Recording

Run = Callable[[int], Stop]  # so many instructions at most
ENDS = (Reason.DISABLED_WAIT, Reason.ENABLED_WAIT, Reason.STOPPED, Reason.CHECK_STOP, Reason.CHECK_STOP_LOWCORE)


class Diverged(Exception):
    """The guest does not do what it did when it was recorded; the message says where."""


class Replayer:
    """machine: where it is now. At an instruction count, before what the world did there if it did anything.

    next_input: which of the recording's inputs is next.
    """

    def __init__(self, recording: Recording, run: Run | None = None):
        self.recording, self.machine = recording, recording.machine()
        self.machine.shared = any(each.waiting for each in recording.inputs)  # its waits were ended by the world
        self._run = run or self.machine.run
        self.next_input = 0  # of the recording's inputs
        self._placed = False

    def run_with(self, run: Run) -> None:
        """Let this run the machine from now on: as `Machine.run` does, and looking on."""
        self._run = run

    def restore(self, index: int) -> None:
        """Go to a checkpoint, forth or back. FileError where no machine can be in its state."""
        recording = self.recording
        try:
            put_back(self.machine, recording.state_at(index))
        except (ShapeError, KeyError) as error:
            at = recording.checkpoints[index].at
            raise FileError(f"{recording.path}: damaged at byte {at}: no state: {error}") from None
        self.next_input = sum(each.after <= index for each in recording.inputs)
        self._placed = True

    def go_to(self, count: int) -> None:
        """Go to an instruction count: from the last checkpoint before it, unless it is nearer from here. ValueError
        outside of the recording."""
        index = self.recording.checkpoint_before(count)
        here = self.machine.count
        if not self._placed or not self.recording.checkpoints[index].count <= here <= count or here == count:
            self.restore(index)
        self.run_to(count)

    def run_to(self, count: int) -> None:
        """Run to an instruction count, and do on the way what the world did."""
        known = self.recording.inputs
        while self.next_input < len(known) and known[self.next_input].count < count:
            each = known[self.next_input]
            self._to(each.count)
            if each.waiting:
                self._wait(each.count)
            if each.verb:
                try:
                    inputs.perform(self.machine, each.verb, *each.operands, cpu=each.cpu)
                except (inputs.Refused, IndexError, TypeError) as error:
                    raise Diverged(f"at instruction {each.count:,} {each.verb} was recorded: {error}") from None
                self.next_input += 1
            else:
                self.restore(each.after)
        self._to(count)
        ended = self.recording.ended
        if ended and ended["reason"] in ENDS and count == ended["count"] and self.next_input == len(known):
            self._end(ended["reason"])

    def _end(self, reason: str) -> None:
        """Let the guest end as it had: its last instruction has ended, but what that led to is not done yet."""
        stop = self._run(1)
        if str(stop.reason) != reason:
            count = self.machine.count
            raise Diverged(f"after {count:,} instructions: {stop.reason}; recorded was the end: {reason}")

    def _to(self, count: int) -> None:
        """Let instructions end until it are so many."""
        machine = self.machine
        while machine.count < count:
            before = machine.count
            stop = self._run(count - before)
            if stop.reason is not Reason.LIMIT:
                told = f"recorded were {count:,} instructions and more"
                raise Diverged(f"after {machine.count:,} instructions: {stop.reason}; {told}")

    def _wait(self, count: int) -> None:
        """Let the guest come to wait, as it had."""
        stop = self._run(1)
        if stop.reason is not Reason.WAITING or self.machine.count != count:
            raise Diverged(f"after {count:,} instructions the guest waited when it was recorded: it does not")

    def digest(self) -> bytes:
        """Return the digest of the machine's state, as checkpoints have it."""
        return digest(self.machine)


def digest(machine: Machine) -> bytes:
    """Return a digest of all that a machine goes on from."""
    mirror = Mirror()
    mirror.show(capture(machine))
    return mirror.digest()
