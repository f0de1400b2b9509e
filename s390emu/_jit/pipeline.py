"""What of Numba's compiler a kernel needs, in less time; the code that comes of it does the same.

Of Numba's two dozen passes, plain kernels need ten (no closures, comprehensions, array expressions, literals or with
statements). A helper is optimised once, within its caller. What Numba works out again for each operator of each
function is remembered (`remembering`): the type of a call, the text of a record type of a hundred fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from llvmlite.binding import ffi
from numba.core import base, ir
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager
from numba.core.postproc import PostProcessor, VariableLifetime
from numba.core.registry import cpu_target
from numba.core.transforms import canonicalize_cfg
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.types import Record
from numba.core.types.functions import BaseFunction
from numba.core.untyped_passes import FixupArgs, GenericRewrites, IRProcessing, ReconstructSSA, TranslateByteCode

PASSES = tuple(
    make_pass()
    for make_pass in (
        TranslateByteCode, FixupArgs, IRProcessing, GenericRewrites, ReconstructSSA,
        NopythonTypeInference, PreLowerStripPhis, IRLegalization, NativeLowering, NoPythonBackend,
    )
)  # fmt: skip
WITHOUT_VARIABLES = frozenset((str, int, bool, type(None), ir.Loc))


class _Passes(PassManager):
    """The passes alone: without the events, times and checks that Numba has around each."""

    def run(self, state):
        for each in PASSES:
            each.run_pass(state)


class KernelCompiler(CompilerBase):
    def define_pipelines(self):
        return [_Passes("kernel")]


class Unlinked(JITCodeLibrary):
    """Code that is never generated: helpers are compiled into their callers, and those by `backend`."""

    def _optimize_final_module(self):
        pass

    def optimize(self) -> None:
        """Optimise a function and all that was linked into it."""
        super()._optimize_final_module()

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name):
        return 0


@contextmanager
def _replaced(owner: Any, **attributes: Any) -> Iterator[None]:
    before = {name: value for name, value in vars(owner).items() if name in attributes}
    for name, value in attributes.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name in attributes:
            if name in before:
                setattr(owner, name, before[name])
            else:
                delattr(owner, name)


@contextmanager
def unlinked() -> Iterator[None]:
    """Generate no code for what Numba compiles meanwhile."""
    codegen = cpu_target.target_context.codegen()
    with _replaced(codegen, _library_class=Unlinked, set_env=lambda name, env: None, _check_llvm_bugs=lambda: None):
        yield


_text = cache(Record.__repr__)
_takes_location = cache(base._has_loc)
_resolve = BaseFunction.get_call_type
_list_variables = ir.Inst._rec_list_vars
_resolved: dict[tuple, Any] = {}


def _call_type(function, context, arguments, keywords):
    if keywords:
        return _resolve(function, context, arguments, keywords)
    question = function, tuple(arguments)
    answer = _resolved.get(question)
    if answer is None:
        answer = _resolved[question] = _resolve(function, context, arguments, keywords)
    return answer


def _variables(instruction, value):
    if type(value) in WITHOUT_VARIABLES:
        return []
    return _list_variables(instruction, value)


_refresh_once = cache(base.BaseContext.refresh)


def _postprocess(processor, emit_dels=False, extend_lifetimes=False):
    """Of a function nothing is counted, so that nothing has to be known of when its variables end."""
    processor.func_ir.blocks = canonicalize_cfg(processor.func_ir.blocks)
    processor.func_ir.variable_lifetime = VariableLifetime(processor.func_ir.blocks)


@contextmanager
def remembering() -> Iterator[None]:
    """Have Numba remember what it is asked meanwhile, look for nothing new in its own modules, and not tell anybody
    of each call of LLVM."""
    _refresh_once(cpu_target.target_context)
    with ExitStack() as stack:
        for owner, attributes in (
            (Record, {"__repr__": lambda record: _text(record)}),
            (base, {"_has_loc": _takes_location}),
            (BaseFunction, {"get_call_type": _call_type}),
            (ir.Inst, {"_rec_list_vars": _variables}),
            (ffi.lib._lock, {"_cblist": []}),
            (type(cpu_target.typing_context), {"load_additional_registries": lambda context: None}),
            (PostProcessor, {"run": _postprocess}),
        ):
            stack.enter_context(_replaced(owner, **attributes))
        yield
