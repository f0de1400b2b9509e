"""How long commands take to start: with everything compiled, with bitcode alone, and with nothing kept.

    python benchmarks/start.py            # warm and from bitcode, about a minute
    python benchmarks/start.py --cold     # and what Numba takes on all cores, the first time

Each figure is the CPU time of the whole command and its processes beside its wall time and the memory of its largest
process, all of them the least of some turns, which the commands take one after the other: the machine's speed may
drift, and so a ratio tells more, here to `python -c "import numpy, llvmlite.binding"`, which every command has in it.
`first fault` boots the demo's kernel up to its first discard fault. The last line is what it takes to load the code of
that many instructions (350, if as many are compiled), without the start of Python.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from s390emu._jit.cache import CACHE

ROOT = Path(__file__).parents[1]
HELLO = """start: lghi %r2,6
 aghi %r2,1
 larl %r1,end
 lpswe 0(%r1)
 .balign 8
end: .quad 0x0002000180000000,0
"""
HANDLERS = 350
LOAD = f"""
import time, s390emu.machine
from s390emu._jit import load
from s390emu.engine.handlers import compiled, implemented
from s390emu.isa.opcodes import ROWS
functions = [compiled(row.mnemonic) for row in ROWS if implemented(row)]
from s390emu._jit.functions import is_made
functions = [function for function in functions if is_made(function)][:{HANDLERS}]
started = time.perf_counter(), time.process_time()
load(functions)
print(len(functions), time.perf_counter() - started[0], time.process_time() - started[1])
"""


FIRST_FAULT = """
from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.commands.demo import FRAMES
from s390emu.guests.story import HANDLER
from s390emu.guests.toy_kernel import build
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
kernel = build()
machine = Machine(1 << 20, host=Host(FRAMES, PagingDevice()))
machine.load(kernel)
machine.run(until=(kernel.symbols[HANDLER],))
while machine.last_interruption.code != BLOCK_VOLATILITY:
    machine.run(until=(kernel.symbols[HANDLER],))
"""
BASE = "import numpy, llvmlite.binding"


def commands(folder: Path) -> dict[str, list[str]]:
    (folder / "hello.s").write_text(HELLO)
    s390emu = [sys.executable, "-m", "s390emu"]
    trace = min((ROOT / "traces").rglob("*.trace"))
    return {
        BASE: [sys.executable, "-c", BASE],
        "run hello.s": [*s390emu, "run", str(folder / "hello.s")],
        "test one trace": [*s390emu, "test", str(trace)],
        "demo": [*s390emu, "demo"],
        "first fault": [sys.executable, "-c", FIRST_FAULT],
        "test traces/": [*s390emu, "test", "-q", str(ROOT / "traces")],
    }


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of a command with this cache. Python may keep its own code, as it does where it is
    installed."""
    return {**os.environ, "S390EMU_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": ""}


def cost_of(command: list[str], cache: Path) -> tuple[float, float, float]:
    """Return the CPU seconds, wall seconds and MB of a command with this cache."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment(cache))
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{output.read().decode()}")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def without_objects(cache: Path) -> None:
    """Remove the object code from a cache, so that it is made of bitcode."""
    for file in cache.rglob("*.o"):
        file.unlink()


def measured(wanted: dict[str, list[str]], cache: Path, turns: int, before=lambda cache: None) -> dict[str, tuple]:
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in wanted}
    for _ in range(turns):
        for name, command in wanted.items():
            before(cache)
            found[name].append(cost_of(command, cache))
    return {name: tuple(round(min(column), 3) for column in zip(*costs, strict=True)) for name, costs in found.items()}


def handlers(cache: Path) -> dict[str, float]:
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment(cache))
    count, wall, cpu = done.stdout.split()
    return {"count": int(count), "cpu_s": round(float(cpu), 3), "wall_s": round(float(wall), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="with nothing kept, too")
    parser.add_argument("--turns", type=int, default=3, help="of which the best counts (3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results: dict = {"schema": "s390emu.start/2", "unit": "CPU seconds, wall seconds, MB, least"}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wanted, cache = commands(folder), folder / "cache"
        shutil.copytree(CACHE, cache / CACHE.name)  # so that only what is not in there is compiled
        if args.cold:
            first = {name: wanted[name] for name in ("run hello.s", "demo")}
            results["cold"] = {
                name: measured({name: command}, folder / f"cold {name}", 1)[name] for name, command in first.items()
            }
        for command in wanted.values():
            cost_of(command, cache)
        results["warm"] = measured(wanted, cache, args.turns)
        few = {name: wanted[name] for name in ("run hello.s", "demo")}
        results["from bitcode"] = measured(few, cache, args.turns, without_objects)
        handlers(cache)
        results["handlers"] = handlers(cache)
    if args.json:
        print(json.dumps(results, indent=1))
        return
    base = results["warm"][BASE][0]
    print(f"{'':14}{'command':32}{'CPU s':>8}{'wall s':>8}{'MB':>6}{'x import':>10}")
    for kind in ("cold", "from bitcode", "warm"):
        for name, (cpu, wall, memory) in results.get(kind, {}).items():
            print(f"{kind:14}{name:32}{cpu:8.2f}{wall:8.2f}{memory:6.0f}{cpu / base:10.1f}")
    print("code of {count} instructions loaded in {cpu_s} CPU s, {wall_s} s".format(**results["handlers"]))


if __name__ == "__main__":
    main()
