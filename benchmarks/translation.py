"""What dynamic address translation costs: the C programs of tests/programs/ with DAT and without it, interleaved.

    python benchmarks/translation.py            # a table
    python benchmarks/translation.py --json     # for machines

Both execute the same instructions but for the making of the tables, and must print the same. After one warm-up the two
take turns; a figure is the median of the turns, `cost` the median of the turns' ratios of CPU seconds: 1.03 is 3 %
slower with DAT. The last row adds up the programs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from s390emu.assembler.elf_loader import read_elf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.programs import build

STORAGE = 16 << 20
INSTRUCTIONS = 20_000_000  # of a program, at least: so many times it runs


class Figures(NamedTuple):
    """Of one program: instructions, CPU seconds of each turn without DAT and with it."""

    instructions: int
    without: list[float]
    with_it: list[float]

    def row(self, name: str) -> dict:
        rates = (self.instructions / statistics.median(turns) / 1e6 for turns in (self.without, self.with_it))
        cost = statistics.median(b / a for a, b in zip(self.without, self.with_it, strict=True))
        without, with_it = (round(rate, 1) for rate in rates)
        return {"program": name, "instructions": self.instructions, "without": without, "with": with_it,
                "cost": round(cost, 3)}  # fmt: skip


class Guest:
    """One image, run as often as is asked for."""

    def __init__(self, image: Path, printed: str, translate: str = "never"):
        from s390emu.machine import Machine

        self.machine, self.printed = Machine(STORAGE, translate=translate), printed
        self.machine.load(read_elf(image.read_bytes()))
        self.first = self.machine.snapshot()

    def run(self) -> tuple[int, float]:
        """Return instructions and CPU seconds."""
        self.machine.restore(self.first)
        started = time.process_time()
        stop = self.machine.run()
        seconds = time.process_time() - started
        if stop.exit_code != 0 or self.machine.console != self.printed:
            raise RuntimeError(f"{stop}: {self.machine.console}")
        return self.machine.count, seconds


def compare(objects: build.Objects, name: str, turns: int, instructions: float) -> Figures:
    once, _ = Guest(objects.image([name]), build.expected([name])).run()
    rounds = max(1, int(instructions / once))
    guests = [Guest(objects.image([name], rounds, on), build.expected([name])) for on in (False, True)]
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns + 1):
        for number in (0, 1) if turn % 2 else (1, 0):
            count, taken = guests[number].run()
            if turn:
                seconds[number].append(taken)
    return Figures(count, *seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", type=int, default=5, help="runs of each program (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="length of the programs (1.0)")
    parser.add_argument("--level", choices=build.LEVELS, default="-O2")
    parser.add_argument("--machine", choices=build.MACHINES, default="z10")
    parser.add_argument("programs", nargs="*", help=f"some of {' '.join(build.PROGRAMS)}; all if none is named")
    args = parser.parse_args()
    names = args.programs or build.PROGRAMS
    with tempfile.TemporaryDirectory() as folder:
        objects = build.for_the_bare_machine(Path(folder), build.Target(args.level, args.machine), names)
        found = {name: compare(objects, name, args.turns, args.scale * INSTRUCTIONS) for name in names}
    every = [[sum(turn) for turn in zip(*(getattr(it, side) for it in found.values()), strict=True)]
             for side in ("without", "with_it")]  # fmt: skip
    rows = [it.row(name) for name, it in found.items()]
    rows.append(Figures(sum(it.instructions for it in found.values()), *every).row("all"))
    if args.json:
        unit = "million instructions per CPU second, median"
        print(json.dumps({"schema": "s390emu.translation/1", "unit": unit, "programs": rows}, indent=1))
        return
    print(f"{'program':12}{'instructions':>14}{'DAT off':>10}{'DAT on':>10}{'cost':>8}   M instructions/s")
    for row in rows:
        print(f"{row['program']:12}{row['instructions']:>14,}{row['without']:>10}{row['with']:>10}{row['cost']:>8}")


if __name__ == "__main__":
    main()
