"""The command line: picks the sub-command, and ends every failure in one line and a documented exit code."""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import io
import os
import sys
from pathlib import Path
from typing import NoReturn, TextIO

from s390emu.cache_folder import keep_bytecode
from s390emu.commands.registry import COMMANDS, execute, parsed
from s390emu.commands.usage import ENDED, INTERNAL, INTERRUPTED, USAGE, Parser, UsageError, say
from s390emu.input_files import recording

# What an open file that cannot be written says: full, over quota, too large, broken, open for reading only
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)

OBJECTS = 100_000  # between two collections of garbage: a start makes 70,000, and they live

EPILOG = """exit codes: 0 ended as expected, 1 an expectation failed, 2 usage or input error, 3 the guest stopped
abnormally, 4 a limit was reached, 70 internal error (a replay file is written), 130 Ctrl-C

example: s390emu demo"""


def _parser() -> Parser:
    """Return the parser of the command's name; what follows is its own."""
    parser = Parser(
        prog="s390emu",
        usage="s390emu COMMAND ...",
        description="A z/Architecture emulator in which guest page hinting (CMMA, ESSA) really happens.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    commands = "\n".join(f"  {name:11}{summary}" for name, summary in COMMANDS.items())
    parser.description = f"{parser.description}\n\ncommands:\n{commands}\n\n  s390emu COMMAND --help tells more"
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def run(arguments: list[str]) -> int:
    """Execute a command line and return its exit code."""
    parser = _parser()
    top = parser.parse_args(arguments)
    if top.version:
        from importlib.metadata import version

        print(f"s390emu {version('s390emu')}")
        return ENDED
    if top.command is None:
        parser.print_help()
        return USAGE
    return execute(top.command, parsed(top.command, top.rest))


def main(arguments: list[str] | None = None) -> NoReturn:
    """Execute a command line and end the process with its exit code.

    Everything is written out here, where a failure still has a documented exit code: what the interpreter cannot write
    when it ends is a second message, and exit code 120.
    """
    keep_bytecode()
    gc.set_threshold(OBJECTS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy starts threads, for matrices: there are none here
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")  # closed by who started us
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to stop
    try:
        try:
            with recording() as read:
                code = run(arguments)
        except SystemExit as end:  # the parser's: help, or wrong usage
            code = int(end.code or ENDED)
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # `| head`: nobody reads any more
        code = ENDED
    except Exception as error:
        code = _complain(error, arguments, read)
    _drop_unwritten(sys.stdout)
    _drop_unwritten(sys.stderr)
    raise SystemExit(code)


def command() -> NoReturn:
    """Be the process that executes its command line. It ends without taking apart, object by object, what it has:
    that is a twentieth of a short run."""
    code = INTERNAL

    def leave() -> NoReturn:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # a profiler may have written, and found nobody who reads
            _drop_unwritten(stream)
        os._exit(code)

    atexit.register(leave)  # called last, since it is the first
    try:
        main()
    except SystemExit as end:
        code = int(end.code or ENDED)
        raise


def _drop_unwritten(stream: TextIO) -> None:
    """Empty a stream that cannot be written, so that the interpreter does not try again."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(error: Exception, arguments: list[str], read: list[Path]) -> int:
    """Tell bad input in its own words; anything else is a defect of the emulator, and leaves a replay file with the
    files that were read."""
    from s390emu.commands.programs import INPUT_ERRORS

    if isinstance(error, (UsageError, *INPUT_ERRORS)):
        say(f"s390emu: {error}" if isinstance(error, UsageError) else error)
        return USAGE
    if isinstance(error, OSError) and error.filename is not None:
        say(f"s390emu: {error.filename}: {error.strerror}")
        return USAGE
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        say(f"s390emu: the output cannot be written: {error.strerror}")
        return USAGE
    from s390emu.commands.replay import write_replay

    path = write_replay(error, arguments, read)
    say(f"s390emu: internal error: {type(error).__name__}: {error}")
    if path is None:  # this was a replay, or there is nowhere to write
        import traceback

        say("".join(traceback.format_exception(error)))
    else:
        say(f"a replay file was written: {path}\nplease report it; it repeats the run: s390emu run --replay {path}")
    return INTERNAL
