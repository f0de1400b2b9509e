"""Compilation of many functions on all cores: what Numba makes of each of them, and the object code that LLVM makes of
that, are kept as if they had been made here."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from threading import Thread, active_count

from s390emu._jit.cache import CACHEABLE, bitcodes, objects
from s390emu._jit.functions import Function, bitcode_of, object_of

FEWEST = 8  # functions: for fewer it does not pay to start processes
MOST_WORKERS = 8  # each compiles the helpers that its functions share with those of others


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment() -> dict[str, str]:
    """Return the environment of a process with the sources of this one, and their bytecode."""
    found = {"PYTHONPATH": os.pathsep.join(os.path.abspath(folder) for folder in sys.path)}
    if sys.pycache_prefix:
        found["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    return os.environ | found


def _start() -> subprocess.Popen:
    """Start a worker, with the sources of this process."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", f"{__package__}.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip


def _ask(worker: subprocess.Popen, function: Function) -> tuple[bytes, tuple[bytes, bool]]:
    assert worker.stdin and worker.stdout
    pickle.dump(tuple(function), worker.stdin)
    worker.stdin.flush()
    return pickle.load(worker.stdout)


def pays(functions: Sequence[Function]) -> bool:
    """True if it is faster to have these functions made by several processes than to make them here."""
    return len(functions) >= FEWEST and cores() > 1


def make(functions: Sequence[Function]) -> Iterator[Function]:
    """Have functions of the package compiled; yield each when it is, in any order. Neighbours share helpers.

    Where a worker fails, what it was to do is left: whoever needs the function compiles it, and has the error."""
    waiting, done = _neighbours(functions, min(cores(), MOST_WORKERS)), SimpleQueue()
    workers: list[subprocess.Popen] = []

    def attend(own: deque[Function]) -> None:
        with contextlib.suppress(OSError, EOFError, pickle.PickleError, IndexError):
            worker = _start()
            workers.append(worker)
            while True:
                function = _next(own, waiting)
                done.put((function, *_ask(worker, function)))
        done.put(None)

    threads = [Thread(target=attend, args=(own,), daemon=True) for own in waiting]
    for thread in threads:
        thread.start()
    attended = len(threads)
    try:
        while attended:
            if answer := done.get():
                function, bitcode, (code, alone) = answer
                bitcodes().keep(function.name, bitcode)
                if alone:
                    objects().keep(function.name, code)
                yield function
            else:
                attended -= 1
    finally:
        for share in waiting:
            share.clear()
        for worker in workers:
            with worker:
                worker.kill()


def _neighbours(functions: Sequence[Function], number: int) -> list[deque[Function]]:
    """Return the functions in shares of neighbours, for each worker one: a helper of several is compiled once in it."""
    most = -(-len(functions) // number)
    return [deque(functions[n : n + most]) for n in range(0, len(functions), most)]


def _next(own: deque[Function], shares: Sequence[deque[Function]]) -> Function:
    """Return the first one of a worker's own share, then the last one of the longest. Raises IndexError at the end."""
    return own.popleft() if own else max(shares, key=len).pop()


def may_copy() -> bool:
    """True if this process may go on as two: a copy has one thread only, and what the others hold for ever."""
    return sys.platform.startswith("linux") and active_count() == 1


def generate(functions: Sequence[Function]) -> None:
    """Have object code of functions whose bitcode there is made and kept, by this process and copies of it.

    LLVM takes 20 ms for each and does not share a process among threads. What a copy fails to make, or cannot keep, is
    made by whoever loads it."""
    if not CACHEABLE or not may_copy():
        return
    own, *others = _shares(functions, min(cores(), MOST_WORKERS))
    copies = [copied(_generate, share) for share in others]
    try:
        _generate(own)
    finally:
        for copy in copies:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(copy, 0)


def _generate(functions: Sequence[Function]) -> None:
    for function in functions:
        object_of(function)


def copied(work: Callable[..., None], *arguments: object) -> int:
    """Start a copy of this process that does some work and ends; return its number."""
    copy = os.fork()
    if copy:
        return copy
    try:
        work(*arguments)
    finally:
        os._exit(0)


def _shares(functions: Sequence[Function], number: int) -> list[list[Function]]:
    """Return the functions in shares that take about equally long: what has most bitcode takes longest."""
    shares: list[list[Function]] = [[] for _ in range(number)]
    weights = [0] * number
    for weight, function in sorted(((len(bitcode_of(f)), f) for f in functions), key=lambda pair: -pair[0]):
        least = weights.index(min(weights))
        shares[least].append(function)
        weights[least] += weight
    return shares
