"""Compilation: every private name of Numba's is used on this page, and in no other file.

With NUMBA_DISABLE_JIT=1 all runs as plain Python, and `jit` returns the function itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import numba
import numpy as np
from numba import types
from numba.core import codegen
from numba.core.ccallback import CFunc, _CFuncCompiler
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

u64, i64 = np.uint64, np.int64
JIT = not numba.config.DISABLE_JIT


class Kernel(CPUDispatcher):
    """A compiled function without the two wrappers for Python, which take a third of a cold start: only compiled
    functions call it as it is. If Python calls it (tests do), it is compiled again with them."""

    def __call__(self, *arguments):
        if not hasattr(self, "for_python"):
            self.for_python = numba.njit(error_model="numpy")(self.py_func)
        return self.for_python(*arguments)


def jit(function):
    """Return a helper or kernel that is compiled into its callers on first use. Overflow wraps, division does not
    raise."""
    if not JIT:
        return function
    kernel = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    kernel.__class__ = Kernel
    return kernel


class _ProperCompiler(_CFuncCompiler):
    def _customize_flags(self, flags):
        flags = super()._customize_flags(flags)
        flags.no_cfunc_wrapper = True
        return flags


class Proper(CFunc):
    """A function compiled to be called by its address. symbol, code: its name in its object code, and that."""

    # A context that is entered with the function's name while it is compiled.
    announced: ClassVar[Callable[[str], AbstractContextManager[None]]] = nullcontext

    def __init__(self, function, signature):
        super().__init__(function, (signature.args, signature.return_type), {}, {"error_model": "numpy"})
        self._compiler = _ProperCompiler(function, self._targetdescr, {"error_model": "numpy"}, {}, Compiler)
        with Proper.announced(function.__name__), global_compiler_lock:
            result = self._compile_uncached()
            self._library = result.library
            self.symbol = result.fndesc.llvm_func_name
            self._wrapper_address = self._library.get_pointer_to_function(self.symbol)  # compiles it
            self.code = self._library._get_compiled_object()


def intermediate_of(function, *record_dtypes, integers: int) -> tuple[str, str]:
    """Return (symbol, LLVM IR) of `function(records..., integers...) -> int64` and all that it calls, as Numba has
    optimised it: what `regions/` makes its templates of.

    It is taken just before LLVM's code generator, which rewrites the module: addresses are sunk into their users, and
    field offsets are not to be seen any more."""
    function = getattr(function, "py_func", function)
    signature = types.int64(*(numba.from_dtype(d) for d in record_dtypes), *(types.uint64,) * integers)
    finalize, texts = codegen.JITCodeLibrary._finalize_specific, []

    def take(library):
        if library.name == function.__qualname__:
            texts.append(str(library._final_module))
        finalize(library)

    with global_compiler_lock:
        codegen.JITCodeLibrary._finalize_specific = take
        try:
            symbol = Proper(function, signature).symbol
        finally:
            codegen.JITCodeLibrary._finalize_specific = finalize
    return symbol, texts[-1]
