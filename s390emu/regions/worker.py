"""Translation in a process of its own: an assertion in LLVM aborts the process it happens in, and that is not ours.

One request is in the worker at a time, others wait here, the latest first. Requests and answers are pickled, through
its standard input and output. Where the worker dies over a request that one is refused, and the next one gets a new
worker.
"""

from __future__ import annotations

import atexit
import os
import pickle
import select
from collections.abc import Callable
from functools import cache

from s390emu.regions.kept import MISSING, kept
from s390emu.regions.process import Process, begun
from s390emu.regions.request import Request, Translation

DEATHS_MOST = 3  # of the worker, before nothing is translated any more
PATIENCE = 600  # seconds for one request: the computer may have much else to do
KEPT_BYTES = 64 << 20  # of translations on disk, for one version of everything

Take = Callable[[Translation | None], None]


class Worker:
    """waits: a request is waited for when it is submitted, so that it takes effect at a place that can be repeated."""

    def __init__(self, *, waits: bool = False):
        self.waits = waits
        self.deaths = 0
        self._process: Process | None = None
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
        if self._taking:
            self._answer(0)
        if self._taking is None and self._pending:
            request, self._taking = self._pending.pop()  # what is hot now comes before what was
            if self.deaths >= DEATHS_MOST:
                self._taken(None)
                return
            try:
                requests = self._started().requests
                requests.write(pickle.dumps(request))
                requests.flush()
            except OSError:
                self._died()

    def start(self) -> None:
        """Have the process started, that it may be there when something is submitted."""
        if self.deaths < DEATHS_MOST:
            self._started()

    def close(self) -> None:
        """End the worker; what it has not answered is never handed over."""
        self._taking = None
        self._pending.clear()
        self._end()

    def _answer(self, seconds: float) -> None:
        """Hand over the worker's answer if it comes within this time, or, having waited in vain, end the worker."""
        if self._taking is None or self._process is None:
            return
        output = self._process.answers
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
            process.end()

    def _started(self) -> Process:
        if self._process is None:
            self._process = begun(serve, self.waits)
        return self._process

    def __del__(self):
        self._end()


def shared(waits: bool) -> Worker:
    """Return the worker of all translators of this process that wait, or of all that do not."""
    return _shared(waits, os.getpid())


@cache
def _shared(waits: bool, process: int) -> Worker:
    """Return a worker. process: a fork must not write into its parent's pipes."""
    worker = Worker(waits=waits)
    atexit.register(worker.close)
    return worker


def serve(waited_for: bool) -> None:
    """Answer requests until standard input ends. Nothing else gets to standard output. A worker that is not waited for
    makes templates after each, of what guests have used: another program needs many of them soon."""
    from s390emu._jit.cache import regions
    from s390emu.regions.build import translate
    from s390emu.regions.library import made_one_by_one

    regions().bound(KEPT_BYTES)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(0, "rb")
    spare = iter(()) if waited_for else made_one_by_one()
    while True:
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
        while not select.select([requests], [], [], 0)[0] and next(spare, None):
            pass
