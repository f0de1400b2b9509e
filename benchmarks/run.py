"""Instructions per second of s390emu and Unicorn on the same programs, interleaved in one run; and start-up costs.

    python benchmarks/run.py            # a table
    python benchmarks/run.py --json     # for machines

Both run the same bytes from the same state for the same number of instructions, which s390emu counts, and must end with
the same registers and storage. After one warm-up the two take turns; a figure is the median of the rounds, a ratio the
median of the rounds' ratios: the machine's speed may drift. Unicorn is the peer that pip installs; where
it or the s390x compiler is missing, its column or row says so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from s390emu.assembler.assemble import assemble_file
from s390emu.assembler.elf_loader import read_elf

PROGRAMS = Path(__file__).parent / "programs"
COMPILER = "s390x-linux-gnu-gcc"
ORIGIN, STORAGE = 0x10000, 4 << 20
PSW_MASK = 0x0000000180000000
ROUND_COUNTER = 8  # register
ASSEMBLED = (("a: 8-instruction loop", "loop.s", 10_000_000), ("c: MVC/CLC/TR loop", "strings.s", 1_000_000))
COMPILED = ("b: C, gcc -O2 -march=z900", "program.c", 30)
FLAGS = ("-O2", "-march=z900", "-ffreestanding", "-fno-pie", "-fno-stack-protector", "-nostdlib", "-static", "-no-pie",
         "-fno-math-errno", f"-Wl,-Ttext={ORIGIN:#x}", "-Wl,--build-id=none")  # fmt: skip


class Program(NamedTuple):
    name: str
    image: list[tuple[int, bytes]]
    entry: int
    done: int
    rounds: int  # what register 8 starts with


def programs(scale: float) -> list[Program]:
    found = [assembled(*program, scale) for program in ASSEMBLED]
    if shutil.which(COMPILER):
        found.insert(1, compiled(*COMPILED, scale))
    return found


def assembled(name: str, file: str, rounds: int, scale: float) -> Program:
    program = assemble_file(PROGRAMS / file, origin=ORIGIN)
    return Program(name, program.image(), program.entry, program.symbols["done"], max(1, int(rounds * scale)))


def compiled(name: str, file: str, rounds: int, scale: float) -> Program:
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "program.elf"
        sources = [str(PROGRAMS / source) for source in ("start.s", file)]
        subprocess.run([COMPILER, *FLAGS, "-o", str(elf), *sources], check=True)
        program = read_elf(elf.read_bytes(), name=str(elf))
    rounds = max(1, int(rounds * scale))
    return Program(name, program.image(), program.entry, program.symbols["done"], rounds)


class Ours:
    def __init__(self, program: Program, storage: int = STORAGE):
        from s390emu.machine import Machine

        self.machine, self.program = Machine(storage, translate="never"), program
        for address, data in program.image:
            self.machine.write(address, data)
        self.first = self.machine.snapshot()

    def run(self, rounds: int) -> tuple[int, float]:
        """-> instructions, seconds"""
        machine = self.machine
        machine.restore(self.first)
        machine.set_psw(PSW_MASK, self.program.entry)
        machine.gr[ROUND_COUNTER] = rounds
        started = time.perf_counter()
        stop = machine.run(until=(self.program.done,))
        seconds = time.perf_counter() - started
        if stop.psw_ia != self.program.done:
            raise RuntimeError(f"{self.program.name}: {stop}")
        return machine.count, seconds

    def state(self) -> tuple[list[int], bytes]:
        """General registers, storage."""
        return self.machine.gr.tolist(), self.machine.read(0, STORAGE)


class Peer:
    def __init__(self, program: Program):
        import unicorn
        from unicorn import s390x_const as registers

        self.program, self.registers = program, registers
        self.uc = unicorn.Uc(unicorn.UC_ARCH_S390X, unicorn.UC_MODE_BIG_ENDIAN)
        self.uc.mem_map(0, STORAGE)

    def run(self, rounds: int) -> float:
        uc, registers = self.uc, self.registers
        uc.mem_write(0, bytes(STORAGE))
        for address, data in self.program.image:
            uc.mem_write(address, data)
        for n in range(16):
            uc.reg_write(getattr(registers, f"UC_S390X_REG_R{n}"), 0)
        uc.reg_write(registers.UC_S390X_REG_PSWM, PSW_MASK)
        uc.reg_write(getattr(registers, f"UC_S390X_REG_R{ROUND_COUNTER}"), rounds)
        started = time.perf_counter()
        uc.emu_start(self.program.entry, self.program.done)
        return time.perf_counter() - started

    def state(self) -> tuple[list[int], bytes]:
        names = (f"UC_S390X_REG_R{n}" for n in range(16))
        return [self.uc.reg_read(getattr(self.registers, name)) for name in names], bytes(self.uc.mem_read(0, STORAGE))


def compare(program: Program, turns: int) -> dict:
    ours = Ours(program)
    ours.run(max(1, program.rounds // 100))
    try:
        peer = Peer(program)
    except ImportError:
        peer = None
    rates, peer_rates = [], []
    for _ in range(turns):
        count, seconds = ours.run(program.rounds)
        rates.append(count / seconds / 1e6)
        if peer:
            peer_rates.append(count / peer.run(program.rounds) / 1e6)
            if ours.state() != peer.state():
                raise RuntimeError(f"{program.name}: the two end in different states")
    result = {"program": program.name, "instructions": count, "s390emu": round(statistics.median(rates), 1)}
    if peer:
        result["unicorn"] = round(statistics.median(peer_rates), 1)
        result["ratio"] = round(statistics.median(a / b for a, b in zip(rates, peer_rates, strict=True)), 2)
    return result


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    return time.perf_counter() - started


def start_up() -> dict:
    """Whole commands: cold is with an empty cache of compiled code, warm the median of three with a full one."""
    s390emu = [sys.executable, "-m", "s390emu"]
    with tempfile.TemporaryDirectory() as cache:
        environment = {"S390EMU_CACHE": cache}
        cold = seconds_of([*s390emu, "demo"], environment)
        warm = statistics.median(seconds_of([*s390emu, "demo"], environment) for _ in range(3))
    help_time = statistics.median(seconds_of([*s390emu, "--help"], {}) for _ in range(9))
    return {
        "demo_cold_s": round(cold, 2),
        "demo_warm_s": round(warm, 2),
        "help_s": round(help_time, 3),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", type=int, default=5, help="rounds of each program (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="length of the programs (1.0)")
    parser.add_argument("--no-start-up", action="store_true", help="only the programs")
    args = parser.parse_args()
    results = {"schema": "s390emu.benchmark/1", "unit": "million instructions per second, median"}
    results["programs"] = [compare(program, args.turns) for program in programs(args.scale)]
    if not shutil.which(COMPILER):
        results["missing"] = f"program b: {COMPILER} is not installed (Debian: gcc-s390x-linux-gnu)"
    if not args.no_start_up:
        results["start_up"] = start_up()
    if args.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{'program':28}{'instructions':>14}{'s390emu':>10}{'unicorn':>10}{'ratio':>8}   M instructions/s")
    for row in results["programs"]:
        peer, ratio = row.get("unicorn", "missing"), row.get("ratio", "")
        print(f"{row['program']:28}{row['instructions']:>14,}{row['s390emu']:>10}{peer:>10}{ratio:>8}")
    for name, value in results.items():
        if name in ("missing", "start_up"):
            print(name, value)


if __name__ == "__main__":
    main()
