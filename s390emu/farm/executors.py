"""Where the cells of a sweep run: in this process, in a pool of processes on this computer, or on a Dask cluster.

Each executor is a generator of results in the order in which they come; closing it early (as an interruption does)
leaves nothing running. A cell that raises, or that takes its process down with it, is a result with an error: the other
cells go on. A cell has its process for itself: the emulator's tables belong to the process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path

from s390emu.farm.cell import Cell
from s390emu.farm.store import Result, code_version

Runner = Callable[[Cell], list[dict]]
Results = Generator[Result, None, None]
PATIENCE = 30  # seconds for a Dask scheduler and its first worker to answer

_alone = threading.Lock()  # a Dask worker may have several threads


class ClusterError(Exception):
    """The cluster cannot be used; the message says why and what to do."""


def run_one(runner: Runner, cell: Cell) -> Result:
    """Run a cell wherever this is; an exception becomes a result."""
    with _alone:
        started = time.perf_counter()
        try:
            rows, error = tuple(runner(cell)), ""
        except Exception as exception:
            rows, error = (), _told(exception)
        return Result(cell, rows, error, time.perf_counter() - started, code_version())


def _told(exception: BaseException) -> str:
    """Return in one line what was raised, and where in the code."""
    frames = traceback.extract_tb(exception.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(exception).__name__}: {' '.join(str(exception).split())}{place}"


def in_this_process(cells: Iterable[Cell], runner: Runner) -> Results:
    """Run one after the other."""
    for cell in cells:
        yield run_one(runner, cell)


# --- a pool of processes ---------------------------------------------------------------------------------------------


def in_processes(cells: Sequence[Cell], runner: Runner, jobs: int) -> Results:
    """Run `jobs` at once. They are spawned: a fork of a process with Numba's or a user's threads may hang."""
    waiting = deque(cells)
    while waiting:
        suspects = yield from _pool(waiting, runner, jobs)
        for cell in suspects:  # a process died: each cell that was running has another try, with a pool of its own
            again = deque([cell])
            if (yield from _pool(again, runner, 1)):
                yield Result(cell, error="the process that ran it ended without an answer (out of memory, or a crash)")


def _pool(waiting: deque[Cell], runner: Runner, jobs: int) -> Generator[Result, None, list[Cell]]:
    """Run what waits until a process dies, and return the cells that were running then.

    Temporary files of the processes, disks and paging files, are all in one folder: one that is terminated, or dies,
    cannot remove its own."""
    with tempfile.TemporaryDirectory(prefix="s390emu-sweep-", ignore_cleanup_errors=True) as folder:
        return (yield from _pool_in(folder, waiting, runner, jobs))


def _pool_in(folder: str, waiting: deque[Cell], runner: Runner, jobs: int) -> Generator[Result, None, list[Cell]]:
    others = set(active_children())
    pool = ProcessPoolExecutor(min(jobs, len(waiting)), get_context("spawn"), _in_child, (folder,))
    running: dict[Future[Result], Cell] = {}
    try:
        while waiting or running:
            try:
                while waiting and len(running) < jobs:
                    with _no_interruption():
                        running[pool.submit(run_one, runner, waiting[0])] = waiting[0]
                    waiting.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    del running[future]
                    yield result
            except BrokenProcessPool:
                return list(running.values())
        return []
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - others if running else ():
            child.terminate()
            child.join()


@contextlib.contextmanager
def _no_interruption():
    """Start with SIGINT blocked whatever is started here: Ctrl-C is for this process alone, which ends the others."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_child(folder: str) -> None:
    """Give a worker its folder for temporary files, and end it with its parent, however that ends."""
    tempfile.tempdir = folder
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# --- Dask ------------------------------------------------------------------------------------------------------------


def on_dask(cells: Sequence[Cell], runner: Runner, address: str) -> Results:
    """Run on the workers of the scheduler at `address`. They must have this version of s390emu installed."""
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise ClusterError("--scheduler needs Dask, which is not installed: pip install 's390emu[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error or type(error).__name__}") from None
    try:
        _same_code(client, address)
        futures = {client.submit(run_one, runner, cell, pure=False): cell for cell in cells}
        for future in as_completed(futures, loop=client.loop):
            if future.status != "finished":
                yield Result(futures[future], error=_told(future.exception()))
                continue
            result = future.result()
            if result.version != code_version():
                result = Result(result.cell, error=f"run by another version of s390emu ({result.version}) on a worker")
            yield result
            future.release()
    finally:
        client.close()  # also cancels what nobody else waits for


def _same_code(client, address: str) -> None:
    """Reject workers of another version: it would give other numbers under this one's name."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterError(f"the Dask scheduler at {address} has no worker: dask worker {address}") from None
    try:
        versions = client.run(code_version)
    except Exception as error:
        raise ClusterError(f"a worker at {address} cannot use s390emu, install it there: {_told(error)}") from None
    for worker, version in versions.items():
        if version != code_version():
            raise ClusterError(
                f"the worker {worker} has another version of s390emu ({version}, here {code_version()}): "
                "install the same on every worker and start them again"
            )
