"""What every command keeps to: exit codes, errors in one line, help on one screen (docs/architecture.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn

# Exit codes
ENDED, FAILED, USAGE, ABNORMAL, LIMIT, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130


class UsageError(Exception):
    """Input that cannot be used; the message names it and says what to do. Exit code 2."""


def say(message: object) -> None:
    """Print a line on stderr, if that can be written: there is nowhere else to say that it cannot."""
    with suppress(OSError):
        print(message, file=sys.stderr)


def _value(action: argparse.Action) -> str:
    """Return what stands for an argument's value in the help."""
    if action.nargs == 0:
        return ""
    if action.choices and not action.metavar:
        return "|".join(action.choices)
    name = str(action.metavar or action.dest)
    return f"[{name}]" if action.nargs in ("*", "?") else name


class Parser(argparse.ArgumentParser):
    """One-line errors with a suggestion instead of the usage text."""

    def format_help(self) -> str:
        """Return the help; of a sub-command with one line for each argument, so that it fits on a screen."""
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
        """Report a misspelt option before complaining about missing arguments."""
        for word in arguments:
            if word == "--":
                return
            if word.startswith("--") and word.partition("=")[0] not in self._option_string_actions:
                self.error(f"unknown option {word.partition('=')[0]}")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]):
        """Return the values as argparse does, but do not take `--option=--` for an option without one (Python 3.11)."""
        if action.option_strings and arg_strings == ["--"]:
            self.error(f"{action.option_strings[0]}: -- is no value")
        return super()._get_values(action, arg_strings)  # type: ignore[misc]

    def _choices(self) -> Iterable[str]:
        """Return the commands, of the parser that has them."""
        return next((action.choices for action in self._actions if action.dest == "command" and action.choices), ())

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and end: exit code 2."""
        from difflib import get_close_matches

        for word in message.replace("'", " ").replace(":", " ").replace(",", " ").split():
            known = [*self._option_string_actions, *self._choices()]
            if (word.startswith("-") or "invalid choice" in message) and word not in known:
                close = get_close_matches(word, known, 1)
                if close:
                    message += f"; did you mean {close[0]}?"
                    break
        say(f"{self.prog}: error: {message}\ntry: {self.prog} --help")
        raise SystemExit(USAGE)
