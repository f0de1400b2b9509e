"""The sub-commands: each a module of this package with `EXAMPLE`, `arguments(parser)` and `execute(args)`, which
returns an exit code.

Only the one asked for is imported, and it imports Numba only when a guest is about to run.
"""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType

from s390emu.commands.usage import Parser

COMMANDS = {
    "run": "run a guest: assembly source or ELF",
    "linux": "boot a Linux kernel as it is delivered: image, initial RAM disk, command line",
    "export": "traces as a bare-metal image that checks itself, for QEMU, KVM, Hercules, a real machine",
    "test": "run assembly traces (*.trace) and compare with what they expect",
    "trace": "look at a recording (run --record FILE): show, diff, export, stats",
    "timeline": "a recording as a page: blocks against time, CPUs, faults and their story",
    "debug": "debug a guest, forwards and backwards in time: gdb, or a prompt",
    "vectors": "test vectors of single instructions: write them, or run them here",
    "conform": "how QEMU or Unicorn differ from the vectors, by instruction",
    "asm": "assemble to a listing, ELF or flat binary",
    "disasm": "disassemble ELF files, ar archives, binary or hex",
    "explain": "explain an instruction, an interruption code or a page state; coverage",
    "overcommit": "many guests in too little storage: page hinting against the balloon, as a sweep",
    "chunks": "what 4 KB hints free where the host's frames are larger: a study of scattered blocks",
    "demo": "boot the toy kernel under memory pressure and show what happened",
    "new": "start a new trace or guest from a template",
    "doctor": "check this installation",
    "pages": "show the page-state table, or a guest's blocks after a run",
}


def module_of(name: str) -> ModuleType:
    """Return the module of a sub-command."""
    return importlib.import_module(f"s390emu.commands.{name}")


def command_parser(name: str) -> Parser:
    """Return the parser of a sub-command's options."""
    module = module_of(name)
    parser = Parser(
        prog=f"s390emu {name}",
        description=COMMANDS[name],
        epilog=f"example: {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    return parser


def parsed(name: str, words: list[str]) -> argparse.Namespace:
    """Return the options of a sub-command that these words give."""
    parser = command_parser(name)
    parser.check_options(words)
    return parser.parse_args(words)


def execute(name: str, args: argparse.Namespace) -> int:
    """Execute a sub-command and return its exit code."""
    return module_of(name).execute(args)
