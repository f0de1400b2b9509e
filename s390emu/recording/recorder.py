"""Records a run as it goes on: checkpoints and marks on the way, and what the world does.

A recorder stands between the machine and whoever runs it. Between two of them the machine runs as it always does. A
mark, the registers, takes next to no time; the distance of checkpoints grows with what they take of the computer's time
and of the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from s390emu._jit import JIT
from s390emu.machine import Machine, Reason, Stop

if TYPE_CHECKING:
    from s390emu.recording.writer import Writer

EVERY = 200_000_000 if JIT else 50_000  # instructions between two checkpoints, at least
INSTRUCTIONS_PER_BYTE = 200  # ... for each byte of the last one: 1 MB/s at 200 million a second
INSTRUCTIONS_PER_FRAME = 5_000  # ... and for each page frame, which is to be compared
FARTHEST = 5_000_000_000 if JIT else 1_000_000  # instructions between them, at most: executed again in half a minute
MARK_EVERY = 10_000_000 if JIT else 5_000
SMALL = 4 << 20  # bytes: where more has changed at the end, its digest is written only
Run = Callable[[int | None, float | None], Stop]


class RunRecorder:
    """every: instructions between two checkpoints, at least; None: as the guest's size has it. per_byte: and so many
    for each byte of the last one.

    run: what runs the machine, as `Machine.run`; `through` changes it.
    failed: why nothing more is recorded, if the file could not be written; the guest goes on. Used with `with`: the
    file is complete when it ends.
    """

    def __init__(self, machine: Machine, writer: Writer, every: int | None = None, *,
                 per_byte: int = INSTRUCTIONS_PER_BYTE, run: Run | None = None):  # fmt: skip
        self.machine, self.writer, self.per_byte = machine, writer, per_byte
        self.every = max(EVERY, machine.host.frames.count * INSTRUCTIONS_PER_FRAME) if every is None else every
        self.failed: OSError | None = None
        self._run = run or machine.run
        self._waited = -1  # instruction count at which the guest last came to wait
        self._checkpoint_at = self._mark_at = 0
        self._stop: Stop | None = None

    def __enter__(self) -> RunRecorder:
        self.machine.input_seen = self._input
        self._checkpoint_and_plan()
        return self

    def __exit__(self, kind, *_) -> None:
        self.machine.input_seen = None
        if kind is None:
            self._checkpoint(most=SMALL)
            if stop := self._stop:
                self._try(lambda: self.writer.end(stop))
        self._try(self.writer.close)

    def through(self, run: Run) -> Run:
        """Let the machine be run by `run` from now on, and return what runs it and records that."""
        self._run = run
        return self.run

    def run(self, limit: int | None = None, timeout: float | None = None) -> Stop:
        """Run the machine as `Machine.run` does."""
        machine = self.machine
        last = None if limit is None else machine.count + limit
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            room = min(self._checkpoint_at, self._mark_at) - machine.count
            stop = self._run(room if last is None else min(room, last - machine.count),
                             None if deadline is None else max(0.0, deadline - time.monotonic()))  # fmt: skip
            self.note(stop)
            if stop.reason is not Reason.LIMIT or machine.count == last:
                return stop

    def note(self, stop: Stop) -> None:
        """Look at how a run has stopped: make a checkpoint or a mark if it is time to."""
        self._stop = stop
        if stop.reason is Reason.WAITING:
            self._waited = stop.count
        if self.machine.count >= self._checkpoint_at:
            self._checkpoint_and_plan()
        elif self.machine.count >= self._mark_at:
            self._try(lambda: self.writer.mark(self.machine))
            self._mark_at = self.machine.count + MARK_EVERY

    def put(self) -> None:
        """Record that the world has put the guest into the state that it is in."""
        self._checkpoint(given=True)

    def _checkpoint_and_plan(self) -> None:
        """Make a checkpoint, and know when it is time for the next one, and for a mark."""
        taken, count = self._checkpoint(), self.machine.count
        self._checkpoint_at = count + max(self.every, min(taken * self.per_byte, FARTHEST))
        self._mark_at = count + MARK_EVERY

    def _checkpoint(self, *, given: bool = False, most: int | None = None) -> int:
        return self._try(lambda: self.writer.checkpoint(self.machine, given=given, most=most)) or 0

    def _input(self, verb: str, operands: tuple[int | str, ...], cpu: int | None) -> None:
        count = self.machine.count
        self._try(lambda: self.writer.input(count, verb, operands, cpu, waiting=self._waited == count))
        self._waited = -1  # what the world does next it does without the guest's having run meanwhile

    def _try(self, write: Callable[[], int | None]) -> int | None:
        """Write something, unless the file could not be written before."""
        if self.failed is None:
            try:
                return write()
            except OSError as error:
                self.failed = error
        return None
