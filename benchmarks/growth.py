"""How cost grows: with instructions, with storage, with frames too few, and with guests; and a standing start.

    python benchmarks/growth.py           # tables, some minutes
    python benchmarks/growth.py --json    # for machines

Each figure is of a whole command, its start and its processes included: CPU seconds, wall seconds, MB of its largest
process. `standing start` is a program which QEMU (Debian: qemu-system-s390x) executes in two seconds, started with no
translation kept (`first`), then with those that the first run has left (`again`): wall seconds beside QEMU's before and
after the two, the medians of some turns. Compiled handlers and their templates are there, as a wheel brings them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from linux import medians
from regions import IN_QEMU, QEMU, bootable, rounds_for
from run import Program, programs
from start import cost_of

from s390emu._jit.cache import CACHE

S390EMU = [sys.executable, "-m", "s390emu"]
SECONDS = 2  # of QEMU
LETTERS = "ab"  # of the programs that are started


class Commands:
    """Commands with a cache and a folder of their own."""

    def __init__(self, folder: Path):
        self.folder, self.cache = folder, folder / "cache"
        shutil.copytree(CACHE, self.cache / CACHE.name)

    def cost(self, *command: str) -> dict[str, float]:
        cpu, wall, memory = cost_of(list(command), self.cache)
        return {"cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "mb": round(memory)}

    def ours(self, *arguments: object) -> dict[str, float]:
        return self.cost(*S390EMU, *map(str, arguments))

    def seconds_in_qemu(self, program: Program, rounds: int) -> float:
        return self.cost(*IN_QEMU, self.image(program, rounds))["wall_s"]

    def forget_translations(self) -> None:
        for folder in (self.cache / CACHE.name).iterdir():
            if folder.name.startswith("regions-"):
                shutil.rmtree(folder)

    def image(self, program: Program, rounds: int) -> str:
        path = self.folder / "program.elf"
        path.write_bytes(bootable(program, rounds))
        return str(path)


def instructions(commands: Commands, loop: Program, scale: float) -> dict[str, dict]:
    """Return the cost of ever longer runs of a loop of eight instructions, interpreted and translated."""
    found = {}
    for count in (0, 10**7, 10**8, 10**9):
        image = commands.image(loop, max(1, int(count * scale) // 8))
        for mode in ("never", "auto"):
            found[f"{count:,} instructions, {mode}"] = commands.ours("run", image, "--translate", mode)
    return found


def storage(commands: Commands, loop: Program) -> dict[str, dict]:
    image = commands.image(loop, 1)
    return {f"{size} of storage": commands.ours("run", image, "--ram", size) for size in ("16M", "256M", "1G", "4G")}


def frames(commands: Commands) -> dict[str, dict]:
    """Return the cost of the demo, whose guest has 256 blocks, with ever fewer frames."""
    return {f"demo, {count} frames": commands.ours("demo", "--frames", count) for count in (256, 128, 96, 80, 64)}


def guests(commands: Commands, scale: float) -> dict[str, dict]:
    requests = max(10, int(100 * scale))
    asked = ("--ratio", 2, "--policy", "hinting", "--requests", requests, "--warmup", requests, "--jobs", 1)
    return {
        f"{count} guests": commands.ours("overcommit", "--guests", count, *asked, "-o", commands.folder / f"of {count}")
        for count in (1, 2, 4, 8)
    }


def standing_start(commands: Commands, started: list[Program], scale: float, turns: int) -> dict[str, dict]:
    found = {}
    for program in started:
        seconds_of = partial(commands.seconds_in_qemu, program)
        rounds = rounds_for(SECONDS * scale, seconds_of, program.rounds)
        commands.ours("run", commands.image(program, 1))  # which compiles its instructions
        image = commands.image(program, rounds)
        commands.ours("run", image)  # which makes their templates
        taken = [_turn(commands, image) for _ in range(turns)]
        found |= {f"{program.name}, {who}": medians([turn[who] for turn in taken]) for who in taken[0]}
    return found


def _turn(commands: Commands, image: str) -> dict[str, dict[str, float]]:
    """Return what QEMU costs, the mean of before and after, and what we do between."""
    before = commands.cost(*IN_QEMU, image)
    commands.forget_translations()
    ours = {run: commands.ours("run", image, "--translate", "auto") for run in ("first", "again")}
    after = commands.cost(*IN_QEMU, image)
    qemu = {name: (before[name] + after[name]) / 2 for name in before}
    return {"QEMU": qemu} | {run: cost | {"of_qemu": qemu["wall_s"] / cost["wall_s"]} for run, cost in ours.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="length of what is run (1.0)")
    parser.add_argument("--turns", type=int, default=5, help="of standing starts (5)")
    args = parser.parse_args()
    # A worker may still write what it was asked for last by a command that has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        commands = Commands(Path(folder))
        commands.ours("demo")  # whatever has to be compiled
        results = {"schema": "s390emu.growth/1", "unit": "CPU seconds, wall seconds, MB"}
        started = [program for program in programs(1.0) if program.name[0] in LETTERS]
        results["instructions"] = instructions(commands, started[0], args.scale)
        results["storage"] = storage(commands, started[0])
        results["frames"] = frames(commands)
        results["guests"] = guests(commands, args.scale)
        peer = shutil.which(QEMU)
        results["standing start"] = standing_start(commands, started, args.scale, args.turns) if peer else {}
    if args.json:
        print(json.dumps(results, indent=1))
        return
    for kind in list(results)[2:]:
        print(f"{kind:36}{'CPU s':>8}{'wall s':>8}{'MB':>8}{'x QEMU' if kind == 'standing start' else '':>8}")
        for name, row in results[kind].items():
            print(f"  {name:34}{row['cpu_s']:8.2f}{row['wall_s']:8.2f}{row['mb']:8.0f}{row.get('of_qemu', ''):>8}")


if __name__ == "__main__":
    main()
