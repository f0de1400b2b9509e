"""Instructions per second of CPU time, hot: interpreted, translated, and in QEMU, interleaved in one run.

    python benchmarks/regions.py            # a table
    python benchmarks/regions.py --json     # for machines

All execute the same bytes: those of run.py, and programs of calls between pages, of floating point, and of stores into
the page that the code is in. Time is that of the process (QEMU's: of the child, without that of a run of one round), so
translation itself is not in it: `first` is the wall time of the first hundred million instructions, translation
included, kept ones read from disk.
After a warm-up they take turns; a figure is the median of the turns, a ratio the median of the turns' ratios.
Interpreted and translated must end with the same registers and storage. Where QEMU (Debian: qemu-system-s390x) is
missing its column says so.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from run import COMPILER, PSW_MASK, ROUND_COUNTER, Ours, Program, assembled, compiled, programs

from s390emu.assembler.assemble import assemble

QEMU = "qemu-system-s390x"
IN_QEMU = [QEMU, "-machine", "s390-ccw-virtio", "-accel", "tcg", "-display", "none", "-nodefaults", "-no-reboot",
           "-kernel"]  # fmt: skip
STUB = 0x8000  # where QEMU begins
LONGER = 20  # times as many rounds where execution is faster
WARM = 100_000_000  # instructions
BESIDE_CODE = ("f: stores beside code", "beside.s", 500_000)
SLOW = "cf"  # letters of the programs that QEMU is slow at
MORE = (("d: C, calls between pages", "calls.c", 40), ("e: C, binary floating point", "floats.c", 30))


class Translated(Ours):
    """Ours with --translate sync; seconds: of a run that makes it warm."""

    def __init__(self, program: Program):
        from s390emu.machine import Machine

        super().__init__(program)
        self.machine = Machine(self.machine.storage.size, translate="sync")
        for address, data in program.image:
            self.machine.write(address, data)
        self.first = self.machine.snapshot()
        started = time.perf_counter()
        self._begin(1 << 30)
        self.machine.run(WARM)
        self.seconds = time.perf_counter() - started

    def _begin(self, rounds: int) -> None:
        self.machine.restore(self.first)
        self.machine.set_psw(PSW_MASK, self.program.entry)
        self.machine.gr[ROUND_COUNTER] = rounds


def rate(ours: Ours, rounds: int) -> float:
    """Return million instructions per second of CPU time. A breakpoint would have every page decoded anew, so the end
    is left: the program spins there, and the count at which it came there is known from a run that stopped."""
    machine = ours.machine
    machine.restore(ours.first)
    machine.set_psw(PSW_MASK, ours.program.entry)
    machine.gr[ROUND_COUNTER] = rounds
    started = time.process_time()
    stop = machine.run(ours.count_of(rounds))
    seconds = time.process_time() - started
    if stop.psw_ia != ours.program.done:
        raise RuntimeError(f"{ours.program.name}: {stop}")
    return machine.count / seconds / 1e6


def bootable(program: Program, rounds: int) -> bytes:
    """Return an ELF file for QEMU: a stub that sets the number of rounds, the program, a disabled wait at its end."""
    lines = [f"start: llilf %r{ROUND_COUNTER},{rounds}", f"brcl 15,start+{program.entry - STUB}",
             "finish: larl %r1,end", "lpswe 0(%r1)", ".balign 8", "end: .quad 0x0002000180000000,0"]  # fmt: skip
    for address, data in sorted(program.image):
        patched = bytearray(data)
        if address <= program.done < address + len(data):
            at = program.done - address
            patched[at : at + 6] = b"\xc0\xf4" + ((STUB + 12 - program.done) // 2 & 0xFFFFFFFF).to_bytes(4, "big")
        lines.append(f".org {address - STUB}")
        lines += [f".byte {','.join(map(str, patched[n : n + 64]))}" for n in range(0, len(patched), 64)]
    return assemble("\n".join(lines), origin=STUB).to_elf()


def children() -> float:
    """Return the CPU seconds of processes that have ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def in_qemu(program: Program, rounds: int) -> float:
    """Return the seconds of CPU time of a run in QEMU."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = Path(folder) / "program.elf"
        kernel.write_bytes(bootable(program, rounds))
        before = children()
        subprocess.run([*IN_QEMU, str(kernel)], check=True, capture_output=True, timeout=300)
        return children() - before


def rounds_for(seconds: float, seconds_of: Callable[[int], float], rounds: int = 4) -> int:
    """Return how many rounds take so long. seconds_of: how long some take; rounds: a few to begin with."""
    once = seconds_of(1)
    while (taken := seconds_of(rounds) - once) < seconds / 8:
        rounds *= 4
    return math.ceil(rounds * seconds / taken)


def medians(rates: dict[str, list[float]]) -> dict[str, float]:
    """Return the median of each one's turns, and of what `translated` is to each other in a turn. An empty list is of
    what there is not here."""
    found = {name: round(statistics.median(turns), 1) for name, turns in rates.items() if turns}
    for name in [name for name in found if name != "translated"]:
        pairs = zip(rates["translated"], rates[name], strict=True)
        found[f"to_{name}"] = round(statistics.median(a / b for a, b in pairs), 2)
    return found


def compare(program: Program, turns: int) -> dict:
    plain, translated = Ours(program), Translated(program)
    few, many = program.rounds, program.rounds * LONGER
    counts = {}
    for rounds in (1, few):
        counts[rounds], _ = plain.run(rounds)
    each = (counts[few] - counts[1]) / max(few - 1, 1)
    counts[many] = round(counts[1] + each * (many - 1))
    for ours in (plain, translated):
        ours.machine.run(0, until=())  # no breakpoint any more
        ours.count_of = lambda rounds: counts[rounds]
    rates = {"interpreted": [], "translated": [], "qemu": []}
    for _ in range(turns):
        rates["interpreted"].append(rate(plain, few))
        rates["translated"].append(rate(translated, few))
        if plain.state() != translated.state():
            raise RuntimeError(f"{program.name}: interpreted and translated end in different states")
        rates["translated"][-1] = rate(translated, many)
        if shutil.which(QEMU):
            slow = program.name[0] in SLOW
            seconds = in_qemu(program, few if slow else many) - in_qemu(program, 1)
            rates["qemu"].append(counts[few if slow else many] / max(seconds, 1e-3) / 1e6)
    return {"program": program.name, "first": round(translated.seconds, 2)} | medians(rates)


def chosen(scale: float, letters: str) -> list[Program]:
    """Return the programs whose names begin with these letters, in order; all for none."""
    found = [*programs(scale), assembled(*BESIDE_CODE, scale)]
    if shutil.which(COMPILER):
        found += [compiled(*more, scale) for more in MORE]
    return sorted(program for program in found if not letters or program.name[0] in letters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", type=int, default=5, help="of each program (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="length of the programs (1.0)")
    parser.add_argument("letters", nargs="?", default="", help="of the programs, such as ad (all)")
    args = parser.parse_args()
    results = {"schema": "s390emu.benchmark-regions/1", "unit": "million instructions per second of CPU time, median"}
    results["programs"] = [compare(program, args.turns) for program in chosen(args.scale, args.letters)]
    if args.json:
        print(json.dumps(results, indent=1))
        return
    print(
        f"{'program':28}{'interpreted':>12}{'translated':>12}{'QEMU':>10}{'to interp.':>12}{'to QEMU':>9}{'first s':>9}"
    )
    for row in results["programs"]:
        print(f"{row['program']:28}{row['interpreted']:>12}{row['translated']:>12}{row.get('qemu', 'missing'):>10}"
              f"{row['to_interpreted']:>12}{row.get('to_qemu', ''):>9}{row['first']:>9}")  # fmt: skip


if __name__ == "__main__":
    main()
