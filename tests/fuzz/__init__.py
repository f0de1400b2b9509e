"""Mutated files for every reader of the emulator: each ends with a documented exit code, quickly and in little storage.

    python -m tests.fuzz                                 # every reader, 1,000 files each
    python -m tests.fuzz --count 5000 --seed 7 elf trace # some of them, more, others
    python -m tests.fuzz --again elf:7:123               # one file again, with its traceback; --keep DIR keeps it

`mutations` makes the files, `readers` says what is done with them, `worker` does it in a process of its own, as plain
Python, with a gigabyte and 20 seconds for each. tests/test_fuzzed_inputs.py is a short run with a fixed seed. Where the
compiler for s390x is installed the long run spoils its output too, so that --again needs it as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from tests import plainly

PATIENCE = 120  # seconds for a worker to say the next line; then it hangs where no alarm reaches it


def fuzz(reader: str, seed: int, count: int) -> Iterator[dict]:
    """What came of each file, from a worker; one that dies or hangs is a finding, and the next goes on behind it."""
    done = 0
    while done < count:
        words = [sys.executable, "-m", "tests.fuzz.worker", reader, str(seed), str(done), str(count - done)]
        environment = plainly.environment(OPENBLAS_NUM_THREADS="1")
        with subprocess.Popen(
            words, env=environment, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as process, DefaultSelector() as ready:
            assert process.stdout
            ready.register(process.stdout, EVENT_READ)
            try:
                while done < count:
                    line = process.stdout.readline() if ready.select(PATIENCE) else b""
                    if not line.endswith(b"\n"):
                        break
                    done += 1
                    yield json.loads(line)
                else:
                    break
                process.kill()
                trouble = f"the worker ended with {process.wait()}"
            finally:
                process.kill()
        yield {"case": f"{reader}:{seed}:{done}", "codes": [], "seconds": float(PATIENCE),
               "found": [{"words": [], "trouble": trouble}]}  # fmt: skip
        done += 1
