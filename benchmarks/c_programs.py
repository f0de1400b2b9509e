"""The C programs of tests/programs/ with DAT on: interpreted, translated, and in QEMU, interleaved in one run.

    python benchmarks/c_programs.py            # a table, some minutes
    python benchmarks/c_programs.py --json     # for machines

A figure is million instructions per second of CPU time, the median of the turns; a ratio is the median of the turns'
ratios, and the last row has their geometric mean. Each program runs so often that QEMU takes a second (`--seconds`);
interpreted it runs a part of that. QEMU's time is that of the child, without that of a run of one round. Translated
(`sync`) is hot: after two runs. `first` tells how many times as fast as the interpreter a first run is, of that part,
by the emulator's CPU time: the worker's translations, which it waits for, are not in it. All must print what the
program's text file says, and interpreted and translated end after the same number of instructions.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from regions import QEMU, children, medians, rounds_for
from translation import STORAGE, Guest, build

FOUND = ("interpreted", "translated", "qemu")
PART = 5  # the interpreter and the first run execute this part of the rounds
QEMU_OPTIONS = ("-machine", "s390-ccw-virtio", "-accel", "tcg", "-cpu", "max", "-m", f"{STORAGE >> 20}M", "-display",
                "none", "-nodefaults", "-chardev", "stdio,id=c", "-device", "sclpconsole,chardev=c")  # fmt: skip


def in_qemu(image: Path, printed: str) -> float:
    """Return the CPU seconds of a run in QEMU."""
    before = children()
    command = [QEMU, *QEMU_OPTIONS, "-kernel", str(image)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=True)
    if done.stdout != printed:
        raise RuntimeError(f"QEMU prints {done.stdout!r} {done.stderr}")
    return children() - before


class Case:
    """A program, and its images by number of rounds."""

    def __init__(self, objects: build.Objects, name: str):
        self.objects, self.name, self.printed = objects, name, build.expected([name])

    def guest(self, rounds: int, mode: str) -> Guest:
        return Guest(self.image(rounds), self.printed, mode)

    def image(self, rounds: int) -> Path:
        return self.objects.image([self.name], rounds, True)

    def in_qemu(self, rounds: int) -> float:
        return in_qemu(self.image(rounds), self.printed)

    def rounds(self, seconds: float) -> int:
        """Return how many take QEMU so long."""
        return rounds_for(seconds, self.in_qemu)


def compare(case: Case, turns: int, seconds: float) -> dict:
    many = case.rounds(seconds) if shutil.which(QEMU) else 100
    few = max(1, many // PART)
    plain, first = case.guest(few, "never"), case.guest(few, "sync")
    plain.run()  # what is not compiled yet is now
    counts = plain.run(), first.run()
    long = case.guest(many, "sync")
    for _ in range(2):
        long.run()
    found: dict[str, list[float]] = {name: [] for name in FOUND}
    for _ in range(turns):
        for name, guest in (("interpreted", plain), ("translated", long)):
            count, taken = guest.run()
            found[name].append(count / taken / 1e6)
        if shutil.which(QEMU):
            found["qemu"].append(count / (case.in_qemu(many) - case.in_qemu(1)) / 1e6)
    if counts[0][0] != counts[1][0]:
        raise RuntimeError(f"{case.name}: {counts} instructions")
    row = {"program": case.name, "instructions": count, "first": round(counts[0][1] / counts[1][1], 2)}
    return row | medians(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", type=int, default=3, help="of each program (3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each program in QEMU (1.0)")
    parser.add_argument("--level", choices=build.LEVELS, default="-O2")
    parser.add_argument("--machine", choices=build.MACHINES, default="z10")
    parser.add_argument("programs", nargs="*", help=f"some of {' '.join(build.PROGRAMS)}; all if none is named")
    args = parser.parse_args()
    names, rows = args.programs or build.PROGRAMS, []
    if not args.json:
        columns = ("interpreted", "translated", "QEMU", "to interp.", "to QEMU", "first")
        print(f"{'program':16}" + "".join(f"{column:>12}" for column in columns))
    with tempfile.TemporaryDirectory() as folder:
        objects = build.for_the_bare_machine(Path(folder), build.Target(args.level, args.machine), names)
        for name in names:
            rows.append(row := compare(Case(objects, name), args.turns, args.seconds))
            if not args.json:
                figures = [str(row.get(name, "")) for name in (*FOUND, "to_interpreted", "to_qemu", "first")]
                print(f"{row['program']:16}" + "".join(f"{figure:>12}" for figure in figures), flush=True)
    results = {"schema": "s390emu.benchmark-c-programs/1", "programs": rows}
    for name in ("to_interpreted", "to_qemu"):
        if all(name in row for row in rows):
            results[name] = round(statistics.geometric_mean(row[name] for row in rows), 2)
    if args.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{'geometric mean':52}{results['to_interpreted']:>12}{results.get('to_qemu', ''):>12}")


if __name__ == "__main__":
    main()
