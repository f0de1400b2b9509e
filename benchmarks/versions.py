"""Two checkouts of s390emu on the same programs, interleaved: is a change slower, or slower to start?

    git worktree add --detach /tmp/before v1.2 && python benchmarks/versions.py /tmp/before

Each checkout runs in a process of its own, with a cache of its own; the two take turns. A figure is the median over the
turns of CPU seconds, so that other work on the computer counts little; `change` is the median of the turns' ratios,
this checkout to the other: 1.03 is 3 % slower. Registers and the number of instructions must agree.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from run import PSW_MASK, ROUND_COUNTER, STORAGE, Program, programs

HERE = Path(__file__).resolve().parents[1]
# What a process does with either checkout: only what both have had from the beginning.
SERVER = """
import json, sys, time
from s390emu.machine import Machine
program = json.loads(sys.stdin.readline())
machine = Machine(program["storage"])
for address, data in program["image"]:
    machine.write(address, bytes.fromhex(data))
first = machine.snapshot()
for line in sys.stdin:
    machine.restore(first)
    machine.set_psw(program["mask"], program["entry"])
    machine.gr[program["counter"]] = int(line)
    started = time.process_time()
    machine.run(until=(program["done"],))
    print(json.dumps([time.process_time() - started, machine.count, machine.gr.tolist()]), flush=True)
"""


class Checkout:
    """One of the two, with the process that runs a program for it."""

    def __init__(self, path: Path, cache: str):
        self.environment = os.environ | {"PYTHONPATH": str(path), "S390EMU_CACHE": cache, "PYTHONSAFEPATH": "1"}
        self.environment["S390EMU_TRANSLATE"] = "never"  # when a translation comes is no property of a version

    def start(self, program: Program) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVER], env=self.environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        image = [(address, data.hex()) for address, data in program.image]
        self._send(json.dumps({"storage": STORAGE, "image": image, "mask": PSW_MASK, "entry": program.entry,
                               "counter": ROUND_COUNTER, "done": program.done}))  # fmt: skip

    def _send(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def run(self, rounds: int) -> tuple[float, list]:
        """Return the CPU seconds of so many rounds of the program, and what must agree."""
        self._send(str(rounds))
        seconds, *told = json.loads(self.process.stdout.readline())
        return seconds, told

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def demo(self, cold: bool) -> float:
        """Return the CPU seconds of `s390emu demo`, with an empty cache or the one that it has."""
        with tempfile.TemporaryDirectory() as empty:
            environment = self.environment | ({"S390EMU_CACHE": empty} if cold else {})
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-m", "s390emu", "demo"], env=environment, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, pairs: list[tuple[float, float]]) -> dict:
    """Return medians and the change of what was measured: (this checkout, the other) for each turn."""
    mine, others = zip(*pairs, strict=True)
    return {"what": name, "this": statistics.median(mine), "other": statistics.median(others),
            "change": round(statistics.median(a / b for a, b in pairs), 3)}  # fmt: skip


def compare(this: Checkout, other: Checkout, program: Program, turns: int) -> dict:
    for checkout in (this, other):
        checkout.start(program)
        checkout.run(max(1, program.rounds // 100))
    pairs = []
    for _ in range(turns):
        (mine, told), (its, its_told) = this.run(program.rounds), other.run(program.rounds)
        if told != its_told:
            raise RuntimeError(f"{program.name}: the two end in different states")
        pairs.append((mine, its))
    for checkout in (this, other):
        checkout.end()
    return row(program.name, pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="the other one: a folder with s390emu/ in it")
    parser.add_argument("--turns", type=int, default=7, help="rounds of each program (7)")
    parser.add_argument("--scale", type=float, default=1.0, help="length of the programs (1.0)")
    parser.add_argument("--cold", type=int, default=3, metavar="N", help="turns of a cold start (3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not (args.checkout / "s390emu" / "__init__.py").exists():
        parser.error(f"{args.checkout}: no s390emu/ in it")
    with tempfile.TemporaryDirectory() as folder:
        this = Checkout(HERE, f"{folder}/this")
        other = Checkout(args.checkout.resolve(), f"{folder}/other")
        rows = [compare(this, other, program, args.turns) for program in programs(args.scale)]
        rows.append(row("demo, cold", [(this.demo(True), other.demo(True)) for _ in range(args.cold)]))
        this.demo(False), other.demo(False)
        rows.append(row("demo, warm", [(this.demo(False), other.demo(False)) for _ in range(args.turns)]))
    if args.json:
        print(json.dumps({"schema": "s390emu.versions/1", "unit": "CPU seconds, median", "rows": rows}, indent=1))
        return
    print(f"{'':28}{'this':>10}{'other':>10}{'change':>10}   CPU seconds, median")
    for found in rows:
        print(f"{found['what']:28}{found['this']:>10.3f}{found['other']:>10.3f}{found['change']:>10.3f}")


if __name__ == "__main__":
    main()
