"""What is compiled, as its callers see it. Nothing here imports Numba: `frontend.py` does, when code has to be made.

With NUMBA_DISABLE_JIT=1 all runs as plain Python, and `jit` returns the function itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import update_wrapper
from typing import Any, ClassVar

import numpy as np

u64, i64 = np.uint64, np.int64
JIT = os.environ.get("NUMBA_DISABLE_JIT", "0").strip() in ("", "0")


class Kernel:
    """A function that is compiled into its compiled callers. If Python calls it (tests do), it is compiled for that.

    py_func: the plain Python function."""

    py_func: Callable

    def __init__(self, function: Callable):
        self.py_func = function
        update_wrapper(self, function)

    def __call__(self, *arguments):
        from s390emu._jit.frontend import for_python

        return for_python(self)(*arguments)

    def __reduce__(self):
        return self.__qualname__


def jit(function):
    """Return a helper or kernel that is compiled into its callers on first use. Overflow wraps, division does not
    raise."""
    return Kernel(function) if JIT else function


class Intrinsic:
    """An operation that compiled code has and Python has not: `intrinsics.NAME` emits it, given the parameters.

    Arguments are records or uint64. returns: u64, i64, a record's dtype, or None."""

    def __init__(self, name: str, *parameters: Any, returns: Any = None):
        self.name, self.parameters, self.returns = name, parameters, returns

    def __call__(self, *arguments: Any) -> Any:
        raise TypeError(f"{self.name}: only compiled code has this operation")


class Compilation:
    """announced: a context that is entered with a function's name while Numba compiles it."""

    announced: ClassVar[Callable[[str], AbstractContextManager[None]]] = nullcontext
