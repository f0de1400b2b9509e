"""What a guest needs, compiled before it runs: on all cores, and loaded at once so that it lies close together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s390emu._jit import JIT, is_loaded, load, parallel
from s390emu._jit.functions import is_made
from s390emu.engine.entries import DECLARED
from s390emu.engine.handlers import compiled
from s390emu.engine.procedures import OF_A_PORT

Progress = Callable[[int, int, str], None]


def prepare(mnemonics: Iterable[str] = (), progress: Progress = lambda done, total, name: None) -> None:
    """Compile and load the procedures and the handlers of these instructions; a few are left to their first use.

    progress: called with how many of how many functions have been compiled, and the name of the last one."""
    if not JIT:
        return
    wanted = (*OF_A_PORT, *DECLARED, *map(compiled, ("operation_exception", *mnemonics)))
    functions = [function for function in dict.fromkeys(wanted) if not is_loaded(function)]
    missing = [function for function in functions if not is_made(function)]
    if parallel.pays(missing):
        progress(0, len(missing), missing[0].short_name)
        for done, function in enumerate(parallel.make(missing), 1):
            progress(done, len(missing), function.short_name)
    load(function for function in functions if is_made(function))
