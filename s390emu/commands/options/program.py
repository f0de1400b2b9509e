"""Options of what is assembled or loaded: the program's files, their origin, symbols."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.options.values import definition, size

ORIGIN = 0x10000


class ProgramOptions(NamedTuple):
    """files: assembly sources, or one ELF file. include: folders where .include may read too."""

    files: tuple[Path, ...] = ()
    origin: int = ORIGIN
    define: tuple[tuple[str, int], ...] = ()
    include: tuple[Path, ...] = ()


def program_arguments(parser, *, number_of_files="+", told="assembly sources (.s), or one ELF file") -> None:
    """Add the options of ProgramOptions; number_of_files as argparse says it."""
    parser.add_argument("files", nargs=number_of_files, type=Path, metavar="FILE", help=told)
    parser.add_argument("--origin", type=size, default=ORIGIN, metavar="ADDRESS", help="of assembled code (0x10000)")
    define_argument(parser, "define an assembly symbol; -I DIR: where .include may read too")
    include_argument(parser)


def define_argument(parser, told: str) -> None:
    """Add -D NAME=N."""
    parser.add_argument("-D", "--define", type=definition, action="append", default=[], metavar="NAME=N", help=told)


def include_argument(parser, told: str = argparse.SUPPRESS) -> None:
    """Add -I DIR."""
    parser.add_argument("-I", "--include", type=Path, action="append", default=[], metavar="DIR", help=told)
