"""Processes of plain Python that tests start, however they run themselves."""

from __future__ import annotations

import os

from s390emu.regions.modes import VARIABLE

NOT_COMPILED = {"NUMBA_DISABLE_JIT": "1"}


def environment(**more: str) -> dict[str, str]:
    """Return this one's environment with more in it, for a process that compiles nothing, and so cannot translate."""
    return {name: value for name, value in os.environ.items() if name != VARIABLE} | NOT_COMPILED | more
