"""The one way from Python to compiled code: procedures that are compiled on their first call and kept."""

from __future__ import annotations

import numpy as np

from s390emu._jit import JIT, Function, entry_point, function_of

DECLARED: list[Function] = []  # every procedure of the modules that have been imported
USUAL: list[Function] = []  # those that most guests need, compiled ahead


def procedure(function, *records, integers: int, returns: bool = True, rare: bool = False):
    """Return `function` for Python to call with records (or their addresses) and integers; it is compiled on the first
    call, and answers with an integer: 0 where the function `returns` nothing. rare: few guests need it."""
    declared = function_of(function, *records, integers=integers, returns=returns)
    DECLARED.append(declared)
    if not rare:
        USUAL.append(declared)
    entry = None

    def call(*arguments) -> int:
        nonlocal entry
        if entry is None:
            entry = entry_point(function, *records, integers=integers, returns=returns)
        if JIT:
            return entry(*arguments)
        with np.errstate(over="ignore"):  # addresses, times and random numbers wrap
            return entry(*arguments)

    return call
