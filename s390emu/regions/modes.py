"""Whether hot code is translated: the modes, and the one that is meant where nobody says."""

from __future__ import annotations

import os

NEVER, AUTO, ALWAYS, SYNC = MODES = ("never", "auto", "always", "sync")
FROM_THE_START = ALWAYS, SYNC
BEGINNING = 5_000_000  # instructions before anything is translated with `auto`: most guests end sooner
AHEAD = 2_500_000  # instructions by which the worker is started sooner: it takes as long as the guest takes for them
VARIABLE = "S390EMU_TRANSLATE"
DEFAULT = os.environ.get(VARIABLE) or AUTO


def usable(mode: str) -> str:
    """Return the mode, if it can be had: un-jitted `auto` is NEVER. Raises ValueError for another one then, and for
    what is no mode."""
    if mode not in MODES:
        raise ValueError(f"translate={mode!r} (--translate, {VARIABLE}): one of {', '.join(MODES)}")
    from s390emu._jit import JIT  # which imports NumPy: commands without a guest do without

    if JIT or mode == NEVER:
        return mode
    if mode == AUTO:
        return NEVER
    raise ValueError(f"--translate {mode}: needs compiled code, so NUMBA_DISABLE_JIT must not be set")
