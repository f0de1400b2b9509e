"""Rows and their twins, for the two commands that use them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from s390emu.commands.usage import UsageError
from s390emu.conformance.twins.suite import recipes
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS


def chosen(rows: Iterable[str]) -> list[str]:
    """Return these rows' mnemonics, or all that have a twin. Raises UsageError for one that is unknown or has none."""
    known = recipes()
    wanted = [row.upper() for row in rows] or sorted(known)
    for name in wanted:
        if name not in known:
            if name in {row.mnemonic for row in ROWS}:
                raise UsageError(
                    f"{name} has no twin, so there are no vectors of it; vectors --list names those with one"
                )
            close = get_close_matches(name, known, 1)
            raise UsageError(f"no instruction {name}" + (f"; did you mean {close[0]}?" if close else ""))
    return list(dict.fromkeys(wanted))


def rows_without_twin() -> list[str]:
    """Return the mnemonics of rows that are executed here and have no twin."""
    return sorted({row.mnemonic for row in ROWS if implemented(row)} - recipes().keys())
