"""The process of a worker: a copy of this one, in which everything is loaded, or where that may not be a new one."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from s390emu._jit.parallel import copied, environment, may_copy

LARGEST_COPY = 256 << 10  # KB: what this process changes of its storage, a copy keeps as it was


class Process(NamedTuple):
    """number: of the process, in a group of its own, so that what is typed at the terminal does not interrupt it; and
    our ends of its standard input and output. Its standard error is nobody's."""

    number: int
    requests: BinaryIO
    answers: BinaryIO

    def end(self) -> None:
        with suppress(ProcessLookupError, ChildProcessError):  # somebody waited for all children
            os.kill(self.number, signal.SIGKILL)
            os.waitpid(self.number, 0)
        for pipe in (self.requests, self.answers):
            with suppress(OSError):  # what it was not told any more
                pipe.close()


def begun(serve, *arguments: object) -> Process:
    """Return a process that calls a function of a module, and ends with it."""
    (their_input, requests), (answers, their_output) = os.pipe(), os.pipe()
    small = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss <= LARGEST_COPY
    begin = _copied if may_copy() and small else _spawned
    number = begin(their_input, their_output, serve, arguments)
    os.close(their_input)
    os.close(their_output)
    return Process(number, os.fdopen(requests, "wb"), os.fdopen(answers, "rb"))


def close_others() -> None:
    """Close all files but the first three."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _copied(their_input: int, their_output: int, serve, arguments: tuple[object, ...]) -> int:
    return copied(_serve, their_input, their_output, serve, arguments)


def _serve(their_input: int, their_output: int, serve, arguments: tuple[object, ...]) -> None:
    gc.freeze()  # what has been collected would close files, whose numbers others have by then
    os.setpgid(0, 0)
    os.dup2(their_input, 0)
    os.dup2(their_output, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    close_others()
    serve(*arguments)


def _spawned(their_input: int, their_output: int, serve, arguments: tuple[object, ...]) -> int:
    script = (
        f"from {__name__} import close_others; close_others()\n"
        f"from {serve.__module__} import {serve.__name__} as serve; serve{arguments}"
    )
    files = [
        (os.POSIX_SPAWN_DUP2, their_input, 0),
        (os.POSIX_SPAWN_DUP2, their_output, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    return os.posix_spawn(
        sys.executable, [sys.executable, "-P", "-c", script], environment(), file_actions=files, setpgroup=0
    )
