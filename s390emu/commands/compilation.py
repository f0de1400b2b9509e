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

from s390emu.engine.handlers import READY, implemented

if TYPE_CHECKING:
    from s390emu.assembler.assemble import Program

FIRST_RUN = "s390emu: compiling what this guest uses (first run only)"
FORM = "{desc} {n_fmt} of {total_fmt} |{bar:30}| {unit}"
LONGEST = 6  # bytes of an instruction
TO_LINE_START, ERASE_LINE = "\r", "\r\033[K"


def announce_compilation(guest: Program | None) -> None:
    """Show from now on what is compiled in this process, for a machine that is to run `guest`."""
    from s390emu._jit.compiler import Compilation

    Compilation.announced = _Announcement(guest).of


def show(text: str) -> None:
    """Print what a guest writes on its console."""
    global _line_begun
    print(text, end="", flush=True)
    _line_begun = not text.endswith("\n")


_line_begun = False  # the console's last line is not complete, so the cursor of a terminal stands in it


class _Announcement:
    def __init__(self, guest: Program | None):
        self.guest = guest
        self.process = os.getpid()
        self.expected: set[str] = set()  # instructions in the guest's text
        self.compiled = 0
        self.bar = sys.stderr.isatty()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Show that the function of this name is compiled, while it is."""
        if not self.compiled:
            self._begin()
        self.compiled += 1
        shown = self.bar and not _line_begun and os.getpid() == self.process
        if shown:
            print(TO_LINE_START + self._line(name), end="", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            if shown:
                print(ERASE_LINE, end="", file=sys.stderr, flush=True)

    def _begin(self) -> None:
        if not self.bar:
            print(FIRST_RUN, file=sys.stderr, flush=True)
        elif self.guest:
            self.expected = instructions_of(self.guest)

    def _line(self, name: str) -> str:
        """Return the bar: each instruction has a function; what else is compiled is counted as it comes."""
        from tqdm import tqdm

        total = self.compiled + max(1, len(self.expected - READY)) - 1
        columns = shutil.get_terminal_size().columns - 1  # a terminal goes to the next line after its last column
        what = "s390emu: compiling (first run only) "
        return tqdm.format_meter(self.compiled - 1, total, 0, ncols=columns, prefix=what, unit=name, bar_format=FORM)


def instructions_of(guest: Program) -> set[str]:
    """Return the implemented mnemonics in a program: of what its source lines begin with, if they are known."""
    from s390emu.assembler.disassemble import find_row

    starts = [address for address, _, _ in guest.lines]
    found = set()
    for address, data in guest.image():
        for at in (start - address for start in starts) if starts else _one_after_the_other(data):
            row = find_row(data[at : at + LONGEST]) if 0 <= at < len(data) else None
            if row and implemented(row):
                found.add(row.mnemonic)
    return found


def _one_after_the_other(data: bytes) -> Iterator[int]:
    """Yield the offset of each instruction."""
    from s390emu.isa.lookup import LENGTHS

    at = 0
    while at < len(data):
        yield at
        at += LENGTHS[data[at] >> 6]
