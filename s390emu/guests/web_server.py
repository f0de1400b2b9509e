"""The web-server guest: how it is built, what is on its disk, and what its checksums have to be (firmware/README.md).

    program = build(RAM_BLOCKS=512, FILE_BLOCKS=720)
    disk_image("files.disk", FILE_BLOCKS=720)
    expected(300, FILE_BLOCKS=720)  # Expected(checksum=..., log=..., heap=...)
"""

from __future__ import annotations

import os
import re
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import Program, assemble_files
from s390emu.guests.toy_kernel import ORIGIN, folder

if TYPE_CHECKING:
    from s390emu.machine import Machine

LIMITS = {  # tunable: default, least, most
    "RAM_BLOCKS": (4096, 1, 32767),
    "FILE_BLOCKS": (6144, 36, 32000),
    "LOG_BLOCKS": (64, 8, 512),
    "HEAP_BLOCKS": (256, 1, 1024),
    "BURST": (40, 1, 10_000),
    "IDLE_US": (2000, 0, 100_000_000),
    "DRIFT": (1, 0, 7103),
    "PRELOAD": (0, 0, 32000),
    "NEWEST_FIRST": (1, 0, 1),
    "REQUESTS": (0, 0, 0x7FFFFFFF),
    "SEED": (1, 0, 0x7FFFFFFF),
    "HINTS": (1, 0, 2),
}
DEFAULTS = {name: default for name, (default, *_) in LIMITS.items()}
DISK = 0x0100  # device number
TABLES = 0x20000  # where they begin
WORDS = BLOCK_SIZE // 8  # doublewords in a block
CELLS, CELL_WORDS = 32, 16  # in a block, in a cell
CELL_MULTIPLIER, STEP = 0xD1342543DE82EF95, 0x2545F4914F6CDD1D
DRAW_MULTIPLIER, DRAW_ADDEND = 0x5851F42D4C957F2D, 12345
DOUBLEWORD_MASK = (1 << 64) - 1

GROUP_FILES, GROUP_BLOCKS, FILE_MOST = 8, 36, 8
LENGTHS, PLACES = (3, 1, 6, 2, 8, 4, 7, 5), (0, 3, 4, 10, 12, 20, 24, 31)
FILE_STRIDE, SESSION_STRIDE = 7919, 32771
RECORD_WORDS, SESSION_WORDS, BUFFERS_DRAWN = 32, 32, 3
RECORDS, SESSIONS = WORDS // RECORD_WORDS, WORDS // SESSION_WORDS  # in a block
AT_ONCE = 1024  # how many blocks of a disk are generated at a time


class Expected(NamedTuple):
    """The sums of so many requests, of the log and of the heap after them."""

    checksum: int
    log: int
    heap: int


class WebGuestError(ValueError):
    """A tunable that the guest cannot be built with."""


# --- Building --------------------------------------------------------------------------------------------------------


def sources() -> list[Path]:
    """Return the guest's files in the order in which they are linked."""
    return [folder() / name for name in (folder() / "web.list").read_text().split()]


def description() -> Path:
    """Return the file that tells the page-state sanitizer what it has to know of the guest (docs/sanitizer.md)."""
    return folder() / "web.toml"


def tunables(**given: int) -> dict[str, int]:
    """Return all tunables, the default where none is given. WebGuestError names one that is out of its limits; the
    assembly checks the same limits, for those who build the guest without this module."""
    unknown = ", ".join(given.keys() - DEFAULTS.keys())
    if unknown:
        raise WebGuestError(f"the web server has no tunable {unknown}: it has {', '.join(DEFAULTS)}")
    values = DEFAULTS | given
    for name, (_, least, most) in LIMITS.items():
        if not least <= values[name] <= most:
            raise WebGuestError(f"{name}={values[name]}: it must be at least {least}, at most {most}")
    if values["LOG_BLOCKS"] % FILE_MOST:
        raise WebGuestError(f"LOG_BLOCKS={values['LOG_BLOCKS']}: it must be a multiple of {FILE_MOST}")
    if values["DRIFT"] >= files(values):
        raise WebGuestError(f"DRIFT={values['DRIFT']}: it must be less than the number of files, {files(values)}")
    if values["PRELOAD"] > values["FILE_BLOCKS"]:
        raise WebGuestError(f"PRELOAD={values['PRELOAD']}: it must be at most FILE_BLOCKS, {values['FILE_BLOCKS']}")
    least = fewest_blocks(values)
    if values["RAM_BLOCKS"] < least:
        raise WebGuestError(
            f"RAM_BLOCKS={values['RAM_BLOCKS']}: with this FILE_BLOCKS, LOG_BLOCKS and HEAP_BLOCKS it must be at "
            f"least {least}"
        )
    return values


def files(values: dict[str, int]) -> int:
    """Return the number of files."""
    return values["FILE_BLOCKS"] // GROUP_BLOCKS * GROUP_FILES


def fewest_blocks(values: dict[str, int]) -> int:
    """Return the least RAM_BLOCKS: image and tables (web.inc, "Memory map"), heap, log, and room to work in."""
    pool = values["HEAP_BLOCKS"] + 2 * values["LOG_BLOCKS"] + 128
    blocks = pool
    while blocks - -(-(TABLES + blocks * 32 + 8 * (values["FILE_BLOCKS"] + values["LOG_BLOCKS"])) // BLOCK_SIZE) < pool:
        blocks += 1
    return blocks


def build(**given: int) -> Program:
    """Assemble the guest. WebGuestError if a tunable is out of its limits."""
    return assemble_files(sources(), origin=ORIGIN, defines=tunables(**given) | {"WEB": 1})


# --- The disk --------------------------------------------------------------------------------------------------------


def words(first: int, count: int) -> np.ndarray:
    """Return the original content of so many blocks, before anybody writes: uint64[count, 512]."""
    with np.errstate(over="ignore"):
        cells = np.arange(first * CELLS + 1, (first + count) * CELLS + 1, dtype=np.uint64) * np.uint64(CELL_MULTIPLIER)
        steps = np.arange(CELL_WORDS, dtype=np.uint64) * np.uint64(STEP)
        return (cells[:, None] + steps).reshape(count, WORDS)


def content(block: int) -> bytes:
    """Return the original content of a block of the disk, before anybody writes."""
    return words(block, 1).astype(">u8").tobytes()


def disk_blocks(**given: int) -> int:
    """Return the length of the guest's disk in blocks: files, then the log."""
    values = tunables(**given)
    return values["FILE_BLOCKS"] + values["LOG_BLOCKS"]


def disk_image(path: str | os.PathLike, **given: int) -> int:
    """Make the file that is the guest's disk, and return its length in blocks."""
    blocks = disk_blocks(**given)
    with open(path, "wb") as file:
        for first in range(0, blocks, AT_ONCE):
            file.write(words(first, min(AT_ONCE, blocks - first)).astype(">u8").tobytes())
    return blocks


# --- What the checksums have to be -----------------------------------------------------------------------------------


def fold(total: int, values) -> int:
    """Add each of the doublewords in turn to the total rotated left by one."""
    for value in values:
        total = ((total << 1 | total >> 63) + value) & DOUBLEWORD_MASK
    return total


def turned(total: int, places: int) -> int:
    """Rotate left: what `fold` makes of so many zeros, fewer than 64."""
    return (total << places | total >> 64 - places) & DOUBLEWORD_MASK


@lru_cache(maxsize=4)
def _block_sums(blocks: int) -> tuple[int, ...]:
    content_words = words(0, blocks)
    totals = np.zeros(blocks, np.uint64)
    with np.errstate(over="ignore"):
        for column in range(WORDS):
            totals = (totals << np.uint64(1) | totals >> np.uint64(63)) + content_words[:, column]
    return tuple(map(int, totals))


class Twin:
    """A model of the guest's task without page cache, disk or host: `serve` is one request."""

    def __init__(self, **given: int):
        self.tunables = tunables(**given)
        self.files = files(self.tunables)
        self.sums = _block_sums(self.tunables["FILE_BLOCKS"])
        self.sessions = self.tunables["HEAP_BLOCKS"] * SESSIONS
        self.slots = self.tunables["LOG_BLOCKS"] * RECORDS
        self.heap: dict[int, tuple[int, int]] = {}  # session: visits, sum
        self.log: deque[int] = deque(maxlen=self.slots)  # checksums, oldest first
        self.random = self.tunables["SEED"]
        self.checksum = self.requests = self.drift = self.left = 0

    def draw(self, n: int) -> int:
        self.random = (self.random * DRAW_MULTIPLIER + DRAW_ADDEND) & DOUBLEWORD_MASK
        return (self.random >> 33) % n

    def draw_rank(self, n: int) -> int:
        while True:
            power = 1 << self.draw(n.bit_length())
            rank = power + self.draw(power) - 1
            if rank < n:
                return rank

    def serve(self) -> None:
        if not self.left:
            self.left = 1 + self.draw(2 * self.tunables["BURST"] - 1)
        file = (self.draw_rank(self.files) + self.files - self.drift) * FILE_STRIDE % self.files
        session = self.draw_rank(self.sessions) * SESSION_STRIDE % self.sessions
        group, place = divmod(file, GROUP_FILES)
        first = group * GROUP_BLOCKS + PLACES[place]
        visits, total = self.heap.get(session, (0, 0))
        request = (file << 16) + session
        checksum = fold(self.checksum, (request, *self.sums[first : first + LENGTHS[place]], total))
        self.heap[session] = visits + 1, fold(total, (checksum,))
        self.log.append(checksum)
        self.checksum = checksum
        self.requests += 1
        self.draw(BUFFERS_DRAWN)
        self.left -= 1
        if not self.left:
            self.drift = (self.drift + self.tunables["DRIFT"]) % self.files
            self.draw(2 * self.tunables["IDLE_US"] + 1)

    def log_sum(self) -> int:
        """Return the sum of the log's blocks: records, then zeros to the end of the block in use; blocks never used
        still have their original content."""
        slots: list[int | None] = [None] * self.slots
        for number in range(max(0, self.requests - self.slots), self.requests):
            slots[number % self.slots] = self.log[number - self.requests]
        open_slots = -self.requests % RECORDS
        empty = {(self.requests + i) % self.slots for i in range(open_slots)}
        pages = words(self.tunables["FILE_BLOCKS"], self.tunables["LOG_BLOCKS"]).tolist()
        total = 0
        for block, page in enumerate(pages):
            for record in range(RECORDS):
                slot = block * RECORDS + record
                checksum = slots[slot]
                if slot in empty:
                    total = turned(total, RECORD_WORDS)
                elif checksum is None:
                    total = fold(total, page[record * RECORD_WORDS : (record + 1) * RECORD_WORDS])
                else:
                    total = fold(total, range(checksum, checksum + RECORD_WORDS * STEP, STEP))
        return total

    def heap_sum(self) -> int:
        total = 0
        for session in range(self.sessions):
            total = turned(fold(total, self.heap.get(session, (0, 0))), SESSION_WORDS - 2)
        return total

    def expected(self) -> Expected:
        return Expected(self.checksum, self.log_sum(), self.heap_sum())


def expected(requests: int, **given: int) -> Expected:
    """Return what the guest has to find after so many requests, whatever its host did."""
    twin = Twin(**given)
    for _ in range(requests):
        twin.serve()
    return twin.expected()


# --- A guest that runs, or has run -----------------------------------------------------------------------------------

COUNTS = ("FAULTS", "AROUND", "LOST", "FIXUPS", "READS", "WRITES", "DIRTY", "HITS", "MISSES", "BYTES", "BURSTS",
          "BUFFERS", "BUFFERS_REFUSED", "INFLATED", "DEFLATED", "BALLOON_REFUSED", "MESSAGES")  # fmt: skip
ACCOUNTS = ("TASK", "KERNEL", "DISCARD", "BALLOON", "WRITE_BACK", "IDLE")
LAST_LINE = re.compile(r"^requests (\d+) checksum ([0-9A-F]{16}) log ([0-9A-F]{16}) heap ([0-9A-F]{16})$", re.M)


def number_at(machine: Machine, address: int) -> int:
    """Return a doubleword of the guest's absolute storage."""
    return int.from_bytes(machine.host.peek(machine.guest_number, *divmod(address, BLOCK_SIZE), 8), "big")


@lru_cache(maxsize=1)
def symbols() -> dict[str, int]:
    """Return the addresses of the guest's variables; web.inc fixes them, whatever the tunables."""
    return build().symbols


def counts(machine: Machine, where: dict[str, int] | None = None) -> dict[str, int]:
    """Return the guest's counters now, by their names in lower case: requests, balloon (blocks), those of COUNTS,
    `rereads` (blocks read again because they had been discarded), and for each of ACCOUNTS nanoseconds of its CPU, as
    in `cpu_task`. `where`: the guest's symbols, if they are at hand."""
    where = where or symbols()
    found = {"requests": number_at(machine, where["REQUESTS_DONE"])}
    found["balloon"] = number_at(machine, where["BALLOON_SIZE"])
    found |= {name.lower(): number_at(machine, where[f"COUNT_{name}"]) for name in COUNTS}
    found["rereads"] = found["faults"] + found["around"] + found["lost"]
    units = {name.lower(): number_at(machine, where[f"ACCOUNT_{name}"]) for name in ACCOUNTS}
    return found | {f"cpu_{name}": value * 1000 >> 12 for name, value in units.items()}


def reported(console: str) -> tuple[int, Expected] | None:
    """Return the requests and sums that the guest wrote at its end; None if it has not come to that."""
    if not (line := LAST_LINE.search(console)):
        return None
    return int(line[1]), Expected(*(int(part, 16) for part in line.groups()[1:]))
