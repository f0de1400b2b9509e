"""What a guest needs, compiled before it runs: on all cores, and loaded at once so that it lies close together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s390emu._jit import JIT, Function, bitcode_of, is_loaded, load
from s390emu._jit.cache import objects
from s390emu._jit.functions import is_made
from s390emu.engine.entries import DECLARED, USUAL
from s390emu.engine.handlers import compiled, implemented
from s390emu.engine.procedures import OF_A_PORT
from s390emu.isa.opcodes import ROWS

ALWAYS = "operation_exception"  # the handler that every machine has
Progress = Callable[[int, int, str], None]


def prepare(mnemonics: Iterable[str] | None = None, progress: Progress = lambda done, total, name: None) -> None:
    """Compile and load the procedures and the handlers of these instructions; a few are left to their first use.

    mnemonics: None if what the guest executes is not known; those that earlier guests have used are loaded then, unless
    this process has loaded some.
    progress: called with how many of how many functions have been compiled, and the name of the last one."""
    if not JIT:
        return
    if mnemonics is None:
        mnemonics = () if is_loaded(compiled(ALWAYS)) else used_before()
    functions = [function for function in _needed(mnemonics) if not is_loaded(function)]
    _make(functions, progress)
    made = [function for function in functions if is_made(function)]
    _generate(made)
    load(made)


def is_first_run() -> bool:
    """True if Numba has to compile what every guest needs, and so probably much else."""
    return JIT and not all(map(is_made, _needed(())))


def used_before() -> list[str]:
    """Return the instructions of whose handlers object code is kept."""
    kept = set(objects().names())
    return [row.mnemonic for row in ROWS if implemented(row) and compiled(row.mnemonic).name in kept]


def everything() -> dict[str, bytes]:
    """Return the bitcode of all that is ever compiled, by name."""
    from s390emu._jit import parallel

    functions = list(dict.fromkeys((*_needed(row.mnemonic for row in ROWS if implemented(row)), *DECLARED)))
    print(f"s390emu: compiling {len(functions)} functions on {parallel.cores()} cores", flush=True)
    _make(functions, lambda done, total, name: None)
    return {function.name: bitcode_of(function) for function in functions}


def _needed(mnemonics: Iterable[str]) -> list[Function]:
    """Return the functions, those first that have most helpers, handlers by the page that they are in."""
    handlers = sorted(map(compiled, (ALWAYS, *mnemonics)), key=lambda function: function.name)
    return list({function.name: function for function in (*OF_A_PORT, *USUAL, *handlers)}.values())


def _make(functions: Iterable[Function], progress: Progress) -> None:
    missing = [function for function in functions if not is_made(function)]
    if not missing:
        return
    from s390emu._jit import parallel

    if parallel.pays(missing):
        progress(0, len(missing), missing[0].short_name)
        for done, function in enumerate(parallel.make(missing), 1):
            progress(done, len(missing), function.short_name)


def _generate(functions: Iterable[Function]) -> None:
    missing = [function for function in functions if not objects().has(function.name)]
    if not missing:
        return
    from s390emu._jit import parallel

    if parallel.pays(missing):
        parallel.generate(missing)
