"""Running a guest that somebody talks to: the keyboard is the guest's, its time is the wall clock's, and what it writes
may end the run.

The guest's time is its instruction count. It is never let run ahead of the wall clock, so an idle guest waits for its
next timer interruption as long as it says, and burns no core. Where it falls behind, as no computer executes an
instruction in a nanosecond here, nothing is made up for later.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s390emu.machine import Machine, Reason, Stop

ESCAPE, LEAVE = "\x01", "x"  # Ctrl-A; after it x ends the run, and another key goes to the guest
READ_BYTES = 4096
STEP = 1_000_000  # instructions between two looks at keyboard, clock and console
NANOSECONDS = 1e-9


class Session:
    """until: ends the run once the guest has written it; looked for every STEP instructions. keyboard: a descriptor
    to read, or None."""

    def __init__(self, machine: Machine, until: str = "", keyboard: int | None = None):
        self.machine, self.until, self.keyboard = machine, until, keyboard
        self.left = False  # by the escape key
        self._escaped = False
        self._looked = 0  # characters of the console that cannot begin `until`

    def run(self, limit: int | None, timeout: float | None) -> Stop:
        """Run as `Machine.run` does, until the guest has written the text, or whoever is at the keyboard leaves."""
        from s390emu.machine import Reason

        machine = self.machine
        last = None if limit is None else machine.count + limit
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            began, guest_began = time.monotonic(), machine.now
            room = STEP if last is None else min(STEP, last - machine.count)
            stop = machine.run(room)
            if stop.reason is not Reason.LIMIT:
                return stop
            if self.written():
                return self._stop(Reason.CONSOLE_TEXT)
            if machine.count == last:
                return stop
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)
            if self.keyboard is not None:
                ahead = (machine.now - guest_began) * NANOSECONDS - (time.monotonic() - began)
                self.listen(max(0.0, ahead))
                if self.left:
                    return self._stop(Reason.LEFT)

    def _stop(self, reason: Reason) -> Stop:
        from s390emu.machine import Stop

        return Stop(reason, *self.machine.psw, self.machine.count, self.machine.running.number)

    def written(self) -> bool:
        """True if the guest has written the text that ends the run."""
        text = self.machine.console
        found = bool(self.until) and text.find(self.until, self._looked) >= 0
        self._looked = max(0, len(text) - len(self.until))
        return found

    def listen(self, seconds: float) -> None:
        """Wait so long for keys, and type them; from an end of file on there are none."""
        if self.keyboard is None:
            return
        if not select.select([self.keyboard], [], [], seconds)[0]:
            return
        data = os.read(self.keyboard, READ_BYTES)
        if not data:
            self.keyboard = None
        if keys := self.keys(data.decode("ascii", "ignore")):
            self.machine.host.type(self.machine.guest_number, keys)

    def keys(self, pressed: str) -> str:
        """Return the keys that go to the guest, and note if those after the escape key end the run."""
        typed = ""
        for key in pressed:
            if self._escaped:
                self._escaped = False
                self.left = self.left or key == LEAVE
                typed += "" if key == LEAVE else key
            elif key == ESCAPE:
                self._escaped = True
            else:
                typed += key
        return typed


@contextmanager
def keyboard() -> Iterator[int]:
    """Yield the descriptor of standard input; a terminal gives every key as it is pressed meanwhile, Ctrl-C too, and
    shows none: the guest does."""
    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        yield descriptor
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        mode = termios.tcgetattr(descriptor)
        mode[3] &= ~termios.ISIG
        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def talking(machine: Machine, until: str, *, interactive: bool) -> Iterator[Callable[[int | None, float | None], Stop]]:
    """Yield a run(limit, timeout) function for a guest that somebody talks to, or whose console ends the run."""
    if interactive:
        with keyboard() as descriptor:
            yield Session(machine, until, descriptor).run
    else:
        yield Session(machine, until).run if until else machine.run
