"""Builds the C programs of this folder: for the bare machine, and the same for this computer.

A program is a file NAME.c; what it prints is in NAME.txt, the same on every machine. An image has one program or
several, which run one after the other; what a program prints follows a line [NAME]. By hand:

    python -m tests.programs.build sort.elf sort                        # then: s390emu run sort.elf
    python -m tests.programs.build all.elf --level -O0 --machine z900 --translation
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
RUNTIME = FOLDER / "runtime"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.c"))
COMPILER, HOST_COMPILER = "s390x-linux-gnu-gcc", "gcc"
LEVELS = ("-O0", "-O2", "-Os")
MACHINES = ("z900", "z10", "z13", "z15")
ORIGIN = 0x20000  # not where Linux begins: there QEMU writes the kernel's parameters
# What C leaves to the compiler is the same everywhere: whether char has a sign, whether a product is rounded before the
# sum, whether the rounding mode is known when it compiles.
LANGUAGE = ("-std=gnu11", "-Wall", "-Werror", "-funsigned-char", "-ffp-contract=off", "-frounding-math",
            "-fno-math-errno", "-fno-stack-protector", f"-I{RUNTIME}")  # fmt: skip
BARE = ("-fno-pie", "-fno-asynchronous-unwind-tables")
LINK = ("-nostdlib", "-static", "-no-pie", f"-Wl,-Ttext={ORIGIN:#x}", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
        "-Wl,--no-warn-rwx-segments")  # fmt: skip
NO_CALLS_OF_ITSELF = ("-fno-builtin", "-fno-tree-loop-distribute-patterns")
EVERYWHERE = ("print.c", "decimal.c", "big.c")
ON_THE_BARE_MACHINE = (*EVERYWHERE, "start.s", "machine.c", "strings.c", "math.c")
ON_A_HOST = (*EVERYWHERE, "host.c")


class Target(NamedTuple):
    """How gcc compiles for the bare machine."""

    level: str
    machine: str
    vectors: bool = False  # from z13 on gcc uses vector registers, for whole numbers too, unless told not to

    def __str__(self) -> str:
        return f"{self.machine}{self.level}{'-vectors' * self.vectors}"


TARGETS = [Target(LEVELS[n % 3], MACHINES[n % 4]) for n in range(12)]  # any four have every level and every model
VECTOR_TARGETS = [Target(level, machine, True) for level in ("-O3", "-O2") for machine in ("z13", "z14", "z15")]


def expected(programs: Iterable[str] = PROGRAMS) -> str:
    """Return what an image of these programs prints."""
    return "".join(f"[{name}]\n" + (FOLDER / f"{name}.txt").read_text() for name in programs)


def table(programs: Sequence[str], rounds: int, translation: bool) -> str:
    """Return the C source that says what an image runs, how often (the last time it prints), and whether with DAT."""
    lines = ['#include "runtime.h"', *(f"int main_of_{name}(void);" for name in programs)]
    entries = (f'{{"{name}", main_of_{name}}},' for name in programs)
    lines += ["const struct program programs[] = {", *entries, "{0, 0}};"]
    return "\n".join([*lines, f"const int rounds = {rounds}, translation = {int(translation)};\n"])


class Objects:
    """Programs compiled into a folder, of which images are linked."""

    def __init__(self, folder: Path, compiler: Sequence[str], link: Sequence[str], runtime: Iterable[str]):
        self.folder, self.compiler, self.link, self.programs = folder, compiler, link, []
        self.runtime = [f"runtime-{Path(name).stem}.o" for name in runtime]
        for name, target in zip(runtime, self.runtime, strict=True):
            own = NO_CALLS_OF_ITSELF if name == "strings.c" else ()
            self._compile(RUNTIME / name, target, *own)

    def add(self, programs: Iterable[str]) -> Objects:
        """Compile programs, and return self."""
        for name in programs:
            self._compile(FOLDER / f"{name}.c", f"{name}.o", f"-Dmain=main_of_{name}")
            self.programs.append(name)
        return self

    def _compile(self, source: Path, target: str, *options: str) -> None:
        subprocess.run([*self.compiler, *options, "-c", "-o", target, str(source)], cwd=self.folder, check=True)

    def image(self, programs: Sequence[str] = (), rounds: int = 1, translation: bool = False) -> Path:
        """Link an image of some of the programs, or of all, and return its path."""
        chosen = list(programs) or self.programs
        name = "-".join(chosen if programs else ["all"]) + f"-{rounds}" + ("-translation" if translation else "")
        (self.folder / f"{name}.table.c").write_text(table(chosen, rounds, translation))
        self._compile(self.folder / f"{name}.table.c", f"{name}.table.o")
        objects = [*self.runtime, f"{name}.table.o", *(f"{program}.o" for program in chosen)]
        subprocess.run([*self.compiler, "-o", f"{name}.elf", *objects, *self.link], cwd=self.folder, check=True)
        return self.folder / f"{name}.elf"


def for_the_bare_machine(folder: Path, target: Target, programs: Sequence[str] = PROGRAMS) -> Objects:
    """Compile programs for the bare machine."""
    vectors = "-mvx" if target.vectors else "-mno-vx"
    compiler = (COMPILER, *LANGUAGE, *BARE, vectors, target.level, f"-march={target.machine}")
    return Objects(folder, compiler, (*LINK, "-lgcc"), ON_THE_BARE_MACHINE).add(programs)


def for_this_host(folder: Path) -> Objects:
    """Compile all programs for this computer."""
    return Objects(folder, (HOST_COMPILER, *LANGUAGE, "-O1", "-pthread"), ("-lm",), ON_A_HOST).add(PROGRAMS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path, help="the ELF file to write")
    parser.add_argument("programs", nargs="*", help=f"some of {' '.join(PROGRAMS)}; all if none is named")
    parser.add_argument("--level", default="-O2")
    parser.add_argument("--machine", default="z10", choices=(*MACHINES, "z14"))
    parser.add_argument("--vectors", action="store_true", help="with vector registers, from z13 on")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--translation", action="store_true", help="with DAT")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = Target(args.level, args.machine, args.vectors)
        objects = for_the_bare_machine(Path(folder), target, args.programs or PROGRAMS)
        args.image.write_bytes(objects.image(rounds=args.rounds, translation=args.translation).read_bytes())


if __name__ == "__main__":
    main()
