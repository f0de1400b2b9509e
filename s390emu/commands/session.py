"""A run of a guest from the command line: who is at its keyboard, what it writes, and what follows a reboot.

A guest's time is its instruction count. With --interactive it is the wall clock's too: a guest that waits is let wait
as long as it says, so an idle one burns no core, and keys wake it. Where it falls behind, as no computer executes an
instruction in a nanosecond here, nothing is made up for later. Without, a wait takes no time.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from s390emu.commands.options.limits import LimitOptions
from s390emu.commands.options.session import RESTART, SessionOptions
from s390emu.commands.options.trace import TraceOptions

if TYPE_CHECKING:
    from s390emu.machine import Machine, Reason, Stop
    from s390emu.recording import RunRecorder

ESCAPE, LEAVE, HELP = "\x01", "x", "h?"  # Ctrl-A, and what follows it; Ctrl-A itself goes to the guest
KEYS = "\ns390emu: Ctrl-A x ends the run, Ctrl-A Ctrl-A types Ctrl-A, Ctrl-A h tells this; other keys are the guest's"
READ_BYTES = 4096
STEP = 1_000_000  # instructions between two looks at the keyboard: a hundredth of a second
NANOSECONDS = 1e-9
LONGEST_WAIT = 3600.0  # seconds; select and sleep do not take any number of them
JITTER = 0.05  # seconds that the guest may be behind and make up for: its clock is the wall clock's while it is idle
TERMINATED = 128 + signal.SIGTERM  # exit code


def run_guest(
    machine: Machine, options: SessionOptions, traced: TraceOptions, limits: LimitOptions,
    symbols: Mapping[str, int], restart: Callable[[], None], recorder: RunRecorder | None = None,
) -> Stop:  # fmt: skip
    """Run what is in the machine to its end. restart: puts it there anew after a reboot, into cleared storage."""
    from s390emu.commands.trace_log import tracing
    from s390emu.machine import Reason

    console = machine.host.guests[machine.guest_number].console
    console.await_text(options.until)
    last = None if limits.limit is None else machine.count + limits.limit
    deadline = None if limits.timeout is None else time.monotonic() + limits.timeout
    with tracing(traced, machine, symbols) as run, keyboard(options.interactive) as descriptor:
        if recorder:
            run = recorder.through(run)
        if options.interactive:
            run = Session(machine, descriptor, run).run
        while True:
            stop = run(None if last is None else last - machine.count, _seconds_to(deadline))
            if stop.reason is not Reason.RE_IPL or options.on_reboot != RESTART:
                break
            machine.clear_reset()
            restart()
            if recorder:
                recorder.put()
        console.show_all()
    return stop


def _seconds_to(deadline: float | None) -> float | None:
    """Return the seconds that are left until then; None if there is no deadline."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


class Session:
    """A guest at a keyboard. keyboard: a descriptor to read, or None. run: what runs the machine, as `Machine.run`."""

    def __init__(
        self, machine: Machine, keyboard: int | None = None,
        run: Callable[[int | None, float | None], Stop] | None = None,
    ):  # fmt: skip
        self.machine, self.keyboard = machine, keyboard
        self.left = False  # by the escape key
        self._run = run or machine.run
        self._escaped = False
        self._began = time.monotonic() - machine.now * NANOSECONDS  # the guest's start, if it had never fallen behind
        machine.shared = True  # a wait comes back here

    def run(self, limit: int | None = None, timeout: float | None = None) -> Stop:
        """Run as `Machine.run` does, but until whoever is at the keyboard leaves, and at the pace of the wall clock."""
        from s390emu.machine import Reason
        from s390emu.records.port import NO_TIME

        machine = self.machine
        last = None if limit is None else machine.count + limit
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.left:
            stop = self._run(STEP if last is None else min(STEP, last - machine.count), _seconds_to(deadline))
            if stop.reason is Reason.WAITING:
                if machine.ready_at >= NO_TIME and self.keyboard is None:
                    return self._stop(Reason.ENABLED_WAIT)
                self._wait(machine.ready_at, deadline)
            elif stop.reason is Reason.LIMIT and machine.count != last:
                self.listen(0)
            else:
                return stop
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)
        return self._stop(Reason.LEFT)

    def _stop(self, reason: Reason) -> Stop:
        from s390emu.machine import Stop

        return Stop(reason, *self.machine.psw, self.machine.count, self.machine.running.number)

    def _wait(self, ready_at: int, deadline: float | None) -> None:
        """Let the guest wait for its time, or for a key, by the wall clock."""
        from s390emu.inputs import perform

        now = time.monotonic()
        behind = now - self._began - self.machine.now * NANOSECONDS
        if behind > JITTER:
            self._began += behind
        ready = self._began + ready_at * NANOSECONDS
        until = ready if deadline is None else min(ready, deadline)
        self.listen(max(0.0, until - now))
        passed = (time.monotonic() - self._began) / NANOSECONDS
        perform(self.machine, "pass-time", min(ready_at, int(passed)))

    def listen(self, seconds: float) -> None:
        """Wait at most so long for keys, and type them; from an end of file on there are none."""
        from s390emu.inputs import perform

        seconds = min(seconds, LONGEST_WAIT)
        if self.keyboard is None:
            time.sleep(seconds)
            return
        if not select.select([self.keyboard], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.keyboard, READ_BYTES)
        except OSError:  # the terminal is gone
            data = b""
        if not data:
            self.keyboard = None
        if keys := self.keys(data.decode("ascii", "ignore")):
            perform(self.machine, "type", keys)

    def keys(self, pressed: str) -> str:
        """Return the keys that go to the guest, and do what those after the escape key say."""
        typed = ""
        for key in pressed:
            if not self._escaped:
                self._escaped = key == ESCAPE
                typed += "" if self._escaped else key
                continue
            self._escaped = False
            if key == ESCAPE:
                typed += key
            elif key == LEAVE:
                self.left = True
            elif key in HELP:
                print(KEYS, file=sys.stderr, flush=True)
        return typed


@contextmanager
def keyboard(wanted: bool) -> Iterator[int | None]:
    """Yield the descriptor of standard input, None if there is none or it is not wanted. A terminal gives every key as
    it is pressed meanwhile, Ctrl-C too, and shows none: the guest does."""
    try:
        descriptor = sys.stdin.fileno() if wanted else None
    except (AttributeError, OSError, ValueError):  # closed by who started us, or not a file
        descriptor = None
    if descriptor is None or not os.isatty(descriptor):
        yield descriptor
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    terminated = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)  # what was typed ahead stays
        mode = termios.tcgetattr(descriptor)
        mode[tty.OFLAG] |= termios.OPOST
        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, terminated)
