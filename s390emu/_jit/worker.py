"""A process that compiles what `parallel` asks it for: requests on standard input, answers on standard output."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys

from s390emu._jit import backend, frontend
from s390emu._jit.functions import Function

OBJECTS = 200_000  # between two collections of garbage, of which a compiler makes much that lives


def main() -> None:
    """Answer each request, the fields of a `Function`, with bitcode and object code, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it is interrupted too, and ends it
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    gc.set_threshold(OBJECTS)
    while True:
        try:
            function = Function(*pickle.load(sys.stdin.buffer))
        except EOFError:
            return
        bitcode = frontend.bitcode(function)
        pickle.dump((bitcode, backend.object_code(bitcode)), answers)
        answers.flush()


if __name__ == "__main__":
    main()
