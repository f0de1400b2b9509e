"""The user's cache folder: compiled code is kept there, and bytecode where it cannot lie beside the sources."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BYTECODE = "bytecode"


def cache_root() -> Path:
    """Return the user's cache folder: $S390EMU_CACHE, $XDG_CACHE_HOME/s390emu or ~/.cache/s390emu."""
    if folder := os.environ.get("S390EMU_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s390emu"


def keep_bytecode() -> None:
    """Have what is imported from here on kept in the user's cache, if this module's own bytecode is not beside it: then
    it may not be written there, and a start would take twice as long.

    So it is after `pip install --no-compile` by another user, and with PYTHONDONTWRITEBYTECODE."""
    own = __spec__.cached
    if own and not os.path.exists(own):
        sys.pycache_prefix = os.path.abspath(cache_root() / BYTECODE)
        sys.dont_write_bytecode = False
