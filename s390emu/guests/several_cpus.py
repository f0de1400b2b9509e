"""The guest for several CPUs: how it is built, and what its checksum has to be (firmware/README.md "Several CPUs")."""

from __future__ import annotations

from pathlib import Path

from s390emu.assembler.assemble import Program, assemble_files
from s390emu.guests.toy_kernel import ORIGIN, folder

DEFAULTS = {
    "CPUS": 8, "JOBS": 48, "STEPS": 32, "FILE_BLOCKS": 24, "WRITABLE_BLOCKS": 8, "CACHE_BLOCKS": 16, "WORDS": 32,
    "SEED": 1, "HINTS": 1, "PLANT": 0, "TELL": 1, "SPIN_LIMIT": 20_000_000,
}  # fmt: skip
CELL_MULTIPLIER, STEP = 0xD1342543DE82EF95, 0x2545F4914F6CDD1D
DRAW_MULTIPLIER, DRAW_ADDEND = 0x5851F42D4C957F2D, 12345
DOUBLEWORD_MASK = (1 << 64) - 1
TAG = 0xFFFF  # bits of each doubleword that never change


def sources() -> list[Path]:
    """Return the guest's files in the order in which they are linked."""
    return [folder() / name for name in (folder() / "smp.list").read_text().split()]


def description() -> Path:
    """Return the file that tells the page-state sanitizer what it has to know of the guest (docs/sanitizer.md)."""
    return folder() / "smp.toml"


def build(**tunables: int) -> Program:
    """Assemble the guest; tunables as in its README, for example `build(JOBS=2)`."""
    return assemble_files(sources(), origin=ORIGIN, defines=tunables | {"SMP": 1})


def fold(total: int, words: list[int]) -> int:
    """Add each of the doublewords in turn to the total rotated left by one."""
    for word in words:
        total = ((total << 1 | total >> 63) + word) & DOUBLEWORD_MASK
    return total


class Twin:
    """A model of the tasks' work without CPUs, page cache or host: job after job on a file that is a list of lists."""

    def __init__(self, **tunables: int):
        self.tunables = DEFAULTS | tunables
        words, blocks = self.tunables["WORDS"], self.tunables["FILE_BLOCKS"]
        self.file = [[((n + 1) * CELL_MULTIPLIER + w * STEP) & DOUBLEWORD_MASK for w in range(words)]
                     for n in range(blocks)]  # fmt: skip
        self.writable = self.tunables["WRITABLE_BLOCKS"]
        self.random = 0

    def draw(self, n: int) -> int:
        """Return the next random number, from 0 to n - 1."""
        self.random = (self.random * DRAW_MULTIPLIER + DRAW_ADDEND) & DOUBLEWORD_MASK
        return (self.random >> 33) % n

    def draw_place(self, first: int, blocks: int) -> tuple[int, int]:
        """Return a block and a doubleword in it."""
        block = first + self.draw(blocks)
        return block, self.draw(self.tunables["WORDS"])

    def job(self, number: int) -> int:
        """Do a job, and return its sum."""
        self.random = ((self.tunables["SEED"] << 16) + number + 1) * CELL_MULTIPLIER & DOUBLEWORD_MASK
        total, blocks = 0, self.tunables["FILE_BLOCKS"]
        for _ in range(self.tunables["STEPS"]):
            match self.draw(8):
                case 0:
                    block, word = self.draw_place(self.writable, blocks - self.writable)
                    total = fold(total, [self.file[block][word]])
                case 1:
                    if (block := self.draw(blocks)) >= self.writable:
                        total = fold(total, [fold(0, self.file[block])])
                case 3 | 4 | 5:
                    block, word = self.draw_place(0, self.writable)
                    self.file[block][word] = (self.file[block][word] + (self.random & ~TAG)) & DOUBLEWORD_MASK
                case 2 | 6:  # a look, or a block written to the disk: neither leaves a trace
                    self.draw_place(0, self.writable)
                case 7:
                    self.draw(blocks)
        return total

    def checksum(self) -> int:
        """Do all jobs, and sum up what they have read and what the file is then."""
        total = sum(self.job(number) for number in range(self.tunables["JOBS"])) & DOUBLEWORD_MASK
        for block in self.file:
            total = fold(total, block)
        return total


def expected(**tunables: int) -> int:
    """Return the checksum that the guest has to find, whatever its host, its CPUs and their speed."""
    return Twin(**tunables).checksum()
