"""Compiled functions: where the code of each comes from.

Object code is kept on disk. What is not there is made of bitcode (`backend`), which is kept too, or came with the
package (`prebuilt`), or is made by Numba (`frontend`), which takes a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

import numpy as np

from s390emu._jit import backend
from s390emu._jit.cache import bitcodes, objects

PACKAGE_PREFIX = __package__.split(".")[0] + "."
_elsewhere: dict[Callable, str] = {}  # names of functions that are not of the package


class Function(NamedTuple):
    """A function that is called by address, and what it takes and returns.

    name: module and name if it is of the package, whose sources tell what it does; something in <> if it is not, so
    that its code is not kept. Its module need not be imported unless Numba has to compile it."""

    name: str
    record_dtypes: tuple[np.dtype, ...]
    integers: int
    returns: bool

    @property
    def of_package(self) -> bool:
        return not self.name.startswith("<")

    @property
    def short_name(self) -> str:
        """The function's name in its module."""
        return self.name.rpartition(".")[2]

    @property
    def python(self) -> Callable:
        """The plain Python function."""
        if not self.of_package:
            return next(function for function, name in _elsewhere.items() if name == self.name)
        module, _, name = self.name.rpartition(".")
        return plain(getattr(import_module(module), name))


def plain(function) -> Callable:
    """Return the plain Python function of a kernel: to call the kernel itself from Python takes Numba, and seconds."""
    return getattr(function, "py_func", function)


def function_of(function, *record_dtypes: np.dtype, integers: int, returns: bool = True) -> Function:
    """Return a function as one to be compiled; the arguments are those of `address_of`."""
    if not isinstance(function, str):
        function = plain(function)
        name = f"{function.__module__}.{function.__qualname__}"
        if not name.startswith(PACKAGE_PREFIX) or "<" in name:
            name = _elsewhere.setdefault(function, f"<{name} {len(_elsewhere)}>")
        function = name
    return Function(function, record_dtypes, integers, returns)


def is_made(function: Function) -> bool:
    """True if Numba is not needed for this function any more."""
    return function.of_package and (
        objects().has(function.name) or bitcodes().has(function.name) or _prebuilt(function.name) is not None
    )


def _prebuilt(name: str) -> bytes | None:
    from s390emu._jit import prebuilt

    return prebuilt.get(name)


def bitcode_of(function: Function) -> bytes:
    """Return the LLVM bitcode of a function, optimised, but not yet prepared for code generation.

    It is a module that defines the function under its name and has all that it calls, but for memmove and its like,
    and what is called by address."""
    if function.of_package and (data := bitcodes().get(function.name) or _prebuilt(function.name)):
        return data
    from s390emu._jit import frontend

    data = frontend.bitcode(function)
    if function.of_package:
        bitcodes().keep(function.name, data)
    return data


def object_of(function: Function) -> bytes:
    """Return the object code of a function for this processor."""
    if function.of_package and (code := objects().get(function.name)):
        return code
    code, alone = backend.object_code(bitcode_of(function))
    if not alone:
        from s390emu._jit import frontend  # noqa: F401
    elif function.of_package:
        objects().keep(function.name, code)
    return code


def load(functions: Iterable[Function]) -> dict[str, int]:
    """Load the code of functions that are not loaded yet; return their addresses, by name."""
    return backend.load({function.name: object_of(function) for function in functions})
