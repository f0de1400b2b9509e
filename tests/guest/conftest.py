"""What the toy kernel's checksum has to be: firmware/README.md "The task", written down once more, in Python."""

from __future__ import annotations

import pytest

DEFAULTS = {"PASSES": 12, "SCAN": 32, "STEPS": 16, "SEED": 1}
DEFAULTS |= {"FILE_BLOCKS": 160, "WRITABLE_BLOCKS": 32, "CACHE_BLOCKS": 96}

DOUBLEWORD = (1 << 64) - 1
WORDS = 16  # doublewords in a cell
CELLS = 32  # cells in a block
WINDOW_BLOCKS = 6
STEP = 0x2545F4914F6CDD1D
CELL_MULTIPLIER = 0xD1342543DE82EF95
DRAW_MULTIPLIER = 0x5851F42D4C957F2D
PROGRAM_ADDEND, PROGRAM_MULTIPLIER = 0x243F6A8885A308D3, 0x9E3779B97F4A7C15


class Task:
    """The task on a file that is a list of lists of doublewords: no blocks, no cache, no host."""

    def __init__(self, **tunables: int):
        self.tunables = DEFAULTS | tunables
        self.data_blocks = self.tunables["FILE_BLOCKS"] - 2
        self.writable = self.tunables["WRITABLE_BLOCKS"]
        self.file = [words((n + 1) * CELL_MULTIPLIER) for n in range(self.data_blocks * CELLS)]
        self.random = self.tunables["SEED"]
        self.sum = 0

    def draw(self, n: int) -> int:
        self.random = (self.random * DRAW_MULTIPLIER + 12345) & DOUBLEWORD
        return (self.random >> 33) % n

    def draw_cell(self, blocks: int) -> int:
        block = self.draw(blocks)
        return block * CELLS + self.draw(CELLS)

    def draw_place(self, window: int) -> int:
        return window + self.draw(2 * CELLS - 1)

    def fold(self, cell: list[int]) -> None:
        for word in cell:
            self.sum = ((self.sum << 1 | self.sum >> 63) + word) & DOUBLEWORD

    def call_program(self) -> None:
        self.sum = (self.sum + PROGRAM_ADDEND) * PROGRAM_MULTIPLIER & DOUBLEWORD

    def scan(self) -> None:
        first = self.draw_cell(self.data_blocks)
        for cell in range(first, first + self.tunables["SCAN"] * CELLS, CELLS):
            self.fold(self.file[cell % len(self.file)])

    def step(self, source: int, target: int) -> None:
        """One operation; the two windows by their first cell."""
        file = self.file
        match self.draw(8):
            case 0:
                self.fold(file[self.draw_cell(self.data_blocks)])
            case 1:
                place = self.draw_place(target)
                file[place] = file[self.draw_cell(self.data_blocks)]
            case 2:
                place = self.draw_place(source)
                file[self.draw_cell(self.writable)] = file[place]
            case 3:
                place = self.draw_place(source)
                self.fold(file[place] + file[place + 1])
            case 4:
                place = self.draw_place(target)
                self.fold(file[place] + file[place + 1])
            case 5:
                place = self.draw_place(target)
                self.draw(WINDOW_BLOCKS + self.tunables["CACHE_BLOCKS"] + self.writable + 16)  # the block to peek at
                file[place] = words(self.random)
                file[place + 1] = words(self.random + WORDS * STEP)
            case 6:
                place = self.draw_place(target)
                origin = self.draw_place(source)
                file[place : place + 2] = file[origin : origin + 2]
            case _:
                self.call_program()

    def run(self) -> int:
        for _ in range(self.tunables["PASSES"]):
            source = (self.writable + self.draw(self.data_blocks - self.writable - 1)) * CELLS
            target = self.draw(self.writable - 1) * CELLS
            self.scan()
            for _ in range(self.tunables["STEPS"]):
                self.step(source, target)
        for cell in self.file + self.file[target : target + 2 * CELLS]:
            self.fold(cell)
        self.call_program()
        return self.sum


def words(first: int) -> list[int]:
    return [(first + i * STEP) & DOUBLEWORD for i in range(WORDS)]


@pytest.fixture
def checksum():
    return lambda **tunables: Task(**tunables).run()


@pytest.fixture
def expected_end(checksum):
    """The last two lines on the console of a good run with these tunables."""

    def lines(**tunables: int) -> list[str]:
        total = f"{checksum(**tunables):016X}"
        return [f"checksum {total} expected {total}", "exit 0"]

    return lines
