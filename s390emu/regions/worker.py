"""Translation in a process of its own: an assertion in LLVM aborts the process it happens in, and that is not ours.

One request is in the worker at a time, others wait here, the latest first. Requests and answers are pickled, through
its standard input and output. Where the worker dies over a request that one is refused, and the next one gets a new
worker.
"""

from __future__ import annotations

import os
import pickle
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from s390emu.regions.kept import MISSING, kept
from s390emu.regions.request import Request, Translation

if TYPE_CHECKING:
    import subprocess

DEATHS_MOST = 3  # of the worker, before nothing is translated any more
PATIENCE = 600  # seconds for one request: the computer may have much else to do
KEPT_BYTES = 64 << 20  # of translations on disk, for one version of everything
NICE = 5  # of a worker that nobody waits for; not more: a guest that is interpreted for long takes more from others
SERVE = "from s390emu.regions.worker import serve; serve({})"
PACKAGE_PARENT = Path(__file__).parents[2]

Take = Callable[[Translation | None], None]


class Worker:
    """waits: a request is waited for when it is submitted, so that it takes effect at a place that can be repeated."""

    def __init__(self, *, waits: bool = False):
        self.waits = waits
        self.deaths = 0
        self._process: subprocess.Popen | None = None
        self._pending: list[tuple[Request, Take]] = []
        self._taking: Take | None = None

    def submit(self, request: Request, take: Take) -> None:
        """Have a request translated; `take` is called with the translation, None if there is none."""
        if (found := kept(request)) is not MISSING:
            take(found)  # type: ignore[arg-type]
            return
        self._pending.append((request, take))
        self.poll()
        while self.waits and (self._taking or self._pending):
            self._answer(PATIENCE)
            self.poll()

    def poll(self) -> None:
        """Hand over what is there, and let the worker go on."""
        self._answer(0)
        if self._taking is None and self._pending:
            request, self._taking = self._pending.pop()  # what is hot now comes before what was
            if self.deaths >= DEATHS_MOST:
                self._taken(None)
                return
            try:
                requests = self._started().stdin
                requests.write(pickle.dumps(request))  # type: ignore[union-attr]
                requests.flush()  # type: ignore[union-attr]
            except OSError:
                self._died()

    def close(self) -> None:
        """End the worker; what it has not answered is never handed over."""
        self._taking = None
        self._pending.clear()
        self._end()

    def _answer(self, seconds: float) -> None:
        """Hand over the worker's answer if it comes within this time, or, having waited in vain, end the worker."""
        if self._taking is None or self._process is None:
            return
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], seconds)[0]:
            if seconds:
                self._died()
            return
        try:
            self._taken(pickle.load(output))
        except (EOFError, OSError, pickle.UnpicklingError):
            self._died()

    def _taken(self, translation: Translation | None) -> None:
        take, self._taking = self._taking, None
        if take:
            take(translation)

    def _died(self) -> None:
        self.deaths += 1
        self._end()
        self._taken(None)

    def _end(self) -> None:
        if process := self._process:
            self._process = None
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what it was not told any more
                    pipe.close()  # type: ignore[union-attr]

    def _started(self) -> subprocess.Popen:
        if self._process is None:
            import subprocess  # few guests run for so long

            # In a group of its own what is typed at the terminal does not interrupt it; in a session of its own, Linux
            # would give it as much as all of ours, whatever its niceness.
            path = os.pathsep.join([str(PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])])
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVE.format(self.waits)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                process_group=0, env=os.environ | {"PYTHONPATH": path},
            )  # fmt: skip
        return self._process

    def __del__(self):
        self._end()


def shared(waits: bool) -> Worker:
    """Return the worker of all translators of this process that wait, or of all that do not."""
    return _shared(waits, os.getpid())


@cache
def _shared(waits: bool, process: int) -> Worker:
    """Return a worker. process: a fork must not write into its parent's pipes."""
    return Worker(waits=waits)


def serve(waited_for: bool) -> None:
    """Answer requests until standard input ends. Nothing else gets to standard output. A worker that is not waited for
    makes templates meanwhile, of what guests have used: another program needs many of them soon."""
    if not waited_for:
        os.nice(NICE)
    from s390emu._jit.cache import regions
    from s390emu.regions.build import translate
    from s390emu.regions.library import made_one_by_one

    regions().bound(KEPT_BYTES)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    spare = iter(()) if waited_for else made_one_by_one()
    while True:
        while not select.select([requests], [], [], 0)[0] and next(spare, None):
            pass
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = translate(request)
        except Exception:  # LLVM refuses the module, or something is not as it was thought: the handlers do it
            answer = None
        pickle.dump(answer, answers)
        answers.flush()
