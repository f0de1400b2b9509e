"""A function's LLVM IR as Numba has optimised it, before code is generated: what `regions/` makes its templates of.

It is taken from the library just before that goes to LLVM's code generator, which rewrites the module (addresses are
sunk into their users, and field offsets are not to be seen any more).
"""

from __future__ import annotations

import numba
from numba import types
from numba.core import codegen
from numba.core.compiler_lock import global_compiler_lock

from s390emu._jit.compiler import Proper


def intermediate_of(function, *record_dtypes, integers: int) -> tuple[str, str]:
    """Return (symbol, IR text) of `function(records..., integers...) -> int64`, with all that it calls."""
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
