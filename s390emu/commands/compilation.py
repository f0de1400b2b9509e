"""What a first run shows on stderr while it compiles: one line; on a terminal also how many functions of how many.

    s390emu: compiling (first run only)  23 of 91 |███████▌                      | mvc

The bar stands there only while something is compiled, and never in a line that the guest has begun on its console.
Nothing of this is done where all is compiled already.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from s390emu.engine.handlers import implemented

if TYPE_CHECKING:
    from s390emu.assembler.assemble import Program

FIRST_RUN = "s390emu: compiling what this guest uses (first run only)"
FORM = "{desc} {n_fmt} of {total_fmt} |{bar:30}| {unit}"
LONGEST = 6  # bytes of an instruction
TO_LINE_START, ERASE_LINE = "\r", "\r\033[K"


def compile_for(*guests: Program) -> None:
    """Compile what a machine that is to run these guests needs, or whatever was used before if there are none, on all
    cores; show that, and what is compiled later on in this process."""
    import s390emu.machine  # noqa: F401 (declares the procedures that a machine uses)
    from s390emu._jit.compiler import Compilation
    from s390emu.engine.ahead import prepare

    announcement = _Announcement()
    Compilation.announced = announcement.of
    try:
        prepare(set().union(*map(instructions_of, guests)) if guests else None, announcement.progress)
    finally:
        announcement.erase()


def show(text: str) -> None:
    """Print what a guest writes on its console."""
    global _line_begun
    print(text, end="", flush=True)
    _line_begun = not text.endswith("\n")


_line_begun = False  # the console's last line is not complete, so the cursor of a terminal stands in it


class _Announcement:
    def __init__(self) -> None:
        self.process = os.getpid()
        self.begun = self.drawn = False
        self.compiled = 0
        self.bar = sys.stderr.isatty()

    def progress(self, done: int, total: int, name: str) -> None:
        """Show that the function of this name is being compiled, when `done` of `total` are."""
        if not self.begun and not self.bar:
            print(FIRST_RUN, file=sys.stderr, flush=True)
        self.begun, self.compiled = True, done
        if self.bar and not _line_begun and os.getpid() == self.process:
            print(TO_LINE_START + _line(done, total, name), end="", file=sys.stderr, flush=True)
            self.drawn = True

    def erase(self) -> None:
        """Remove the bar, if it stands there."""
        if self.drawn:
            print(ERASE_LINE, end="", file=sys.stderr, flush=True)
        self.drawn = False

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Show that one more function is compiled, while it is."""
        self.progress(self.compiled, self.compiled + 1, name)
        try:
            yield
        finally:
            self.compiled += 1
            self.erase()


def _line(done: int, total: int, name: str) -> str:
    from tqdm import tqdm

    columns = shutil.get_terminal_size().columns - 1  # a terminal goes to the next line after its last column
    what = "s390emu: compiling (first run only) "
    return tqdm.format_meter(done, total, 0, ncols=columns, prefix=what, unit=name, bar_format=FORM)


def instructions_of(guest: Program) -> set[str]:
    """Return the implemented mnemonics in a program: of what its source lines begin with, if they are known."""
    from s390emu.assembler.disassemble import find_row

    starts = [address for address, _, _ in guest.lines]
    codes = set()  # a large program has the same ones again and again
    for address, data in guest.image():
        offsets = (start - address for start in starts) if starts else _one_after_the_other(data)
        codes |= {data[at : at + LONGEST] for at in offsets if 0 <= at < len(data)}
    return {row.mnemonic for row in map(find_row, codes) if row and implemented(row)}


def _one_after_the_other(data: bytes) -> Iterator[int]:
    """Yield the offset of each instruction."""
    from s390emu.isa.lookup import LENGTHS

    at = 0
    while at < len(data):
        yield at
        at += LENGTHS[data[at] >> 6]
