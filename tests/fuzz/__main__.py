"""The long run, and one file again: see the package's docstring."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import chdir
from pathlib import Path

from s390emu import cli
from tests.fuzz import fuzz
from tests.fuzz.readers import READERS, set_up
from tests.fuzz.worker import case


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("readers", nargs="*", choices=[*READERS, []], metavar="READER")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", metavar="READER:SEED:NUMBER")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="with --again: where to put the file")
    args = parser.parse_args()
    if shutil.which("s390x-linux-gnu-gcc"):
        os.environ["S390EMU_FUZZ_FOREIGN"] = "1"
    if args.again:
        return again(args.again, args.keep)
    failed = 0
    for name in args.readers or READERS:
        codes: Counter = Counter()
        kinds: Counter = Counter()
        slowest = (0.0, "")
        for told in fuzz(name, args.seed, args.count):
            codes.update(map(str, told["codes"]))
            slowest = max(slowest, (told["seconds"], told["case"]))
            for found in told["found"]:
                kind = found["trouble"].strip().splitlines()[-1][:160]
                kinds[kind] += 1
                if kinds[kind] <= 3:
                    print(f"  {told['case']}  {' '.join(found['words'])[:100]!r}\n      {kind}", flush=True)
        failed += kinds.total()
        shown = ", ".join(f"{code} {times}" for code, times in sorted(codes.items()) if len(code) < 4)
        print(f"{name}: {args.count} files, {kinds.total()} wrong; exit codes {shown}; slowest {slowest[0]:.1f} s "
              f"({slowest[1]})", flush=True)  # fmt: skip
        for kind, times in kinds.most_common():
            print(f"  {times:5} {kind}", flush=True)
    return 1 if failed else 0


def again(text: str, keep: Path | None) -> int:
    reader, seed, number = text.split(":")
    folder = Path(tempfile.mkdtemp())
    set_up()
    with chdir(folder):
        lines, _ = case(reader, int(seed), int(number), Path())
    if keep:
        shutil.copytree(folder, keep, dirs_exist_ok=True)
    with chdir(folder):
        for words in lines:
            print("$ s390emu", *map(ascii, words), flush=True)
            try:
                print("exit code", cli.run(words), flush=True)
            except (Exception, SystemExit):
                traceback.print_exc()
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
