"""Work shared out among processes, its results in the order of the tasks whatever their number."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

WINDOW = 4  # tasks handed out ahead, for each process
PR_SET_PDEATHSIG = 1  # prctl(2)

_state: Any = None  # of this process: what `prepare` made


class Crew:
    """`jobs` processes, forked when what they need has been compiled. prepare: makes the state of each of them; work is
    a function (state, task) -> result. With one job everything is done in this process."""

    def __init__(self, jobs: int, prepare: Callable[[], Any]):
        self.jobs, self.prepare = jobs, prepare
        self._others = set(multiprocessing.active_children())
        self._pool = None
        if jobs > 1:
            context = multiprocessing.get_context("fork")
            self._pool = ProcessPoolExecutor(jobs, context, _begin, (prepare, os.getpid()))
        else:
            self._own = prepare()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_) -> None:
        """No task is waited for: after the first bug, or Ctrl-C, nobody wants the others' results."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
                process.join()

    def results(self, work: Callable[[Any, Any], Any], tasks: Iterable) -> Iterator:
        """Of each task, in their order."""
        if not self._pool:
            yield from (work(self._own, task) for task in tasks)
            return
        pending: deque = deque()
        for task in tasks:
            pending.append(self._pool.submit(_do, work, task))
            if len(pending) >= WINDOW * self.jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _begin(prepare: Callable[[], Any], parent: int) -> None:
    global _state
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):  # ... even if it is killed
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
    _state = prepare()


def _do(work, task):
    return work(_state, task)
