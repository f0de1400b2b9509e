"""The command line: sub-commands, errors in one line, documented exit codes (docs/architecture.md).

Each sub-command is a module of `commands` with `arguments(parser)` and `execute(args) -> exit code`; only the one asked
for is imported, and it imports Numba only when a guest is about to run.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import sys
import traceback
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TextIO

from s390emu.input_files import recording

COMMANDS = {
    "run": "run a guest: assembly source or ELF",
    "test": "run assembly traces (*.trace) and compare with what they expect",
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

# Exit codes
ENDED, FAILED, USAGE, ABNORMAL, LIMIT, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130

# What an open file that cannot be written says: full, over quota, too large, broken, open for reading only
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)

EPILOG = """exit codes: 0 ended as expected, 1 an expectation failed, 2 usage or input error, 3 the guest stopped
abnormally, 4 a limit was reached, 70 internal error (a replay file is written), 130 Ctrl-C

example: s390emu demo"""


class UsageError(Exception):
    """Input that cannot be used; the message names it and says what to do. Exit code 2."""


def _value(action: argparse.Action) -> str:
    """What stands for an argument's value in the help."""
    if action.nargs == 0:
        return ""
    if action.choices and not action.metavar:
        return "|".join(action.choices)
    name = str(action.metavar or action.dest)
    return f"[{name}]" if action.nargs in ("*", "?") else name


class Parser(argparse.ArgumentParser):
    """One-line errors with a suggestion instead of the usage text."""

    def format_help(self) -> str:
        """Of a sub-command: one line for each argument, so that it fits on a screen."""
        if self.prog == "s390emu":
            return super().format_help()
        wanted = [_value(action) for action in self._actions if not action.option_strings]
        lines = [f"usage: {' '.join([self.prog, '[OPTION]...', *wanted])}", self.description or "", ""]
        for action in (action for action in self._actions[1:] if action.help is not argparse.SUPPRESS):  # without -h
            lines.append(f"  {' '.join([', '.join(action.option_strings), _value(action)]).strip():32} {action.help}")
        return "\n".join([*lines, "", self.epilog or "", ""])

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse would keep an error to itself."""
        print(self.format_help(), end="", file=file)

    def check_options(self, arguments: list[str]) -> None:
        """A misspelt option is the first thing to tell, before what else is missing."""
        for word in arguments:
            if word == "--":
                return
            if word.startswith("--") and word.partition("=")[0] not in self._option_string_actions:
                self.error(f"unknown option {word.partition('=')[0]}")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]):
        """As argparse has it, but that `--option=--` is no option without a value (Python 3.11)."""
        if action.option_strings and arg_strings == ["--"]:
            self.error(f"{action.option_strings[0]}: -- is no value")
        return super()._get_values(action, arg_strings)  # type: ignore[misc]

    def error(self, message: str) -> NoReturn:
        for word in message.replace("'", " ").replace(":", " ").replace(",", " ").split():
            known = [*self._option_string_actions, *(COMMANDS if self.prog == "s390emu" else ())]
            if (word.startswith("-") or "invalid choice" in message) and word not in known:
                close = get_close_matches(word, known, 1)
                if close:
                    message += f"; did you mean {close[0]}?"
                    break
        _say(f"{self.prog}: error: {message}\ntry: {self.prog} --help")
        raise SystemExit(USAGE)


def _parser() -> Parser:
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


def _command(name: str):
    return importlib.import_module(f"s390emu.commands.{name}")


def run(arguments: list[str]) -> int:
    """Execute a command line: -> exit code."""
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


def command_parser(name: str) -> Parser:
    """Return the parser of a sub-command's options."""
    module = _command(name)
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
    """Execute a sub-command: -> exit code."""
    return _command(name).execute(args)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Execute a command line and end the process with its exit code.

    Everything is written out here, where a failure still has a documented exit code: what the interpreter cannot write
    when it ends is a second message, and exit code 120.
    """
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


def _drop_unwritten(stream: TextIO) -> None:
    """Empty a stream that cannot be written, so that the interpreter does not try again."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(message: object) -> None:
    """Print a line on stderr, if that can be written: there is nowhere else to say that it cannot."""
    with suppress(OSError):
        print(message, file=sys.stderr)


def _complain(error: Exception, arguments: list[str], read: list[Path]) -> int:
    """Tell bad input in its own words; anything else is a defect of the emulator, and leaves a replay file with the
    files that were read."""
    from s390emu.commands.inputs import INPUT_ERRORS

    if isinstance(error, (UsageError, *INPUT_ERRORS)):
        _say(f"s390emu: {error}" if isinstance(error, UsageError) else error)
        return USAGE
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"s390emu: {error.filename}: {error.strerror}")
        return USAGE
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        _say(f"s390emu: the output cannot be written: {error.strerror}")
        return USAGE
    from s390emu.commands.replay import write_replay

    path = write_replay(error, arguments, read)
    _say(f"s390emu: internal error: {type(error).__name__}: {error}")
    if path is None:  # this was a replay, or there is nowhere to write
        _say("".join(traceback.format_exception(error)))
    else:
        _say(f"a replay file was written: {path}\nplease report it; it repeats the run: s390emu run --replay {path}")
    return INTERNAL
