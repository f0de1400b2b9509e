"""Runs command lines over spoilt files, in a process of its own with little address space; a line of JSON for each.

    python -m tests.fuzz.worker READER SEED FIRST COUNT
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from contextlib import chdir
from pathlib import Path
from random import Random

ROOM = 1 << 30  # bytes of address space beyond what the modules take
SECONDS = 20  # for one file
DOCUMENTED = (0, 1, 2, 3, 4)
UNSPOILT = 0  # the seed with which files are as they should be


class TooLong(BaseException):
    """Not an Exception: nobody is to take it for one of theirs."""


def _too_long(*_):
    raise TooLong


def run(words: list[str]) -> tuple[int | str, str, str]:
    """A command line in this process: -> exit code or what came out instead, stdout, stderr."""
    from s390emu import cli

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    code: int | str
    try:
        cli.main(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except TooLong:
        code = f"more than {SECONDS} s"
    except BaseException:
        code = traceback.format_exc()
    finally:
        sys.stdout, sys.stderr = before
    texts = []
    for stream in (out, err):
        try:
            stream.flush()
            texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))
        except ValueError as error:
            texts.append(f"Traceback: {error}")
    return code, *texts


def wrong(words: list[str], code: int | str, out: str, err: str) -> str:
    """What should not have been; empty: nothing."""
    if code not in DOCUMENTED:
        last = next((line for line in err.splitlines() if "internal error" in line), err[-300:])
        return f"exit code {code}: {last}" if isinstance(code, int) else str(code)
    if "Traceback" in err or "Exception ignored" in err:
        return err
    options = words[: words.index("--")] if "--" in words else words
    if "--json" in options and code == 0:
        try:
            json.dumps(json.loads(out, parse_constant=int), ensure_ascii=False).encode()  # no NaN, no half characters
        except ValueError as error:
            return f"not JSON that others read: {error}"
    return ""


def case(reader: str, seed: int, number: int, folder: Path) -> tuple[list[list[str]], bytes]:
    """Puts file `number` into the folder: -> the command lines for it, and what is in it."""
    from tests.fuzz.readers import READERS

    chance = Random(f"{reader}:{seed}:{number}")
    content = READERS[reader].seeds()[number] if seed == UNSPOILT else READERS[reader].spoilt(chance)
    return READERS[reader].read(folder, content, chance), content


def main(reader: str, seed: int, first: int, count: int) -> None:
    import s390emu.commands.overcommit
    import s390emu.farm.run
    import s390emu.sanitizer.pages
    import s390emu.tracing.runner  # noqa: F401
    from tests.fuzz.readers import set_up

    set_up()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        case(reader, seed, first, Path(folder))  # caches are filled
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    signal.signal(signal.SIGALRM, _too_long)
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, chdir(folder):
            started = time.perf_counter()
            lines, _ = case(reader, seed, number, Path())
            found, codes = [], []
            for words in lines:
                signal.alarm(SECONDS)
                code, out, err = run(words)
                signal.alarm(0)
                codes.append(code)
                if trouble := wrong(words, code, out, err):
                    found.append({"words": words, "trouble": trouble})
        told = {"case": f"{reader}:{seed}:{number}", "codes": codes, "seconds": time.perf_counter() - started,
                "found": found}  # fmt: skip
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
