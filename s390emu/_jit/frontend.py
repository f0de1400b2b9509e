"""From Python functions to bitcode: this page and `pipeline.py`, which has what is private in Numba's compiler, are the
only ones that import Numba.

Bitcode is what Numba makes of a function and all that it calls, optimised but not yet compiled for a processor. From
there on LLVM suffices (`backend.py`), so that a process which finds all bitcode made never imports this page.
"""

from __future__ import annotations

from functools import cache

import numba
from llvmlite import binding as llvm
from numba import types
from numba.core.ccallback import _CFuncCompiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, signature
from numba.extending import lower_builtin, typeof_impl

from s390emu._jit import intrinsics
from s390emu._jit.compiler import Compilation, Intrinsic, Kernel, i64, u64
from s390emu._jit.functions import Function
from s390emu._jit.pipeline import KernelCompiler, remembering, unlinked

OPTIONS = {"error_model": "numpy", "_nrt": False}
SCALARS = {None: types.void, u64: types.uint64, i64: types.int64}


class _BitcodeCompiler(_CFuncCompiler):
    def _customize_flags(self, flags):
        flags = super()._customize_flags(flags)
        flags.no_cfunc_wrapper = True
        return flags


def bitcode(function: Function) -> bytes:
    """Return a function's bitcode: a module that has it under its name."""
    result = types.int64 if function.returns else types.void
    arguments = *map(numba.from_dtype, function.record_dtypes), *(types.uint64,) * function.integers
    python = function.python
    compiler = _BitcodeCompiler(python, cpu_target, OPTIONS, {}, KernelCompiler)
    with Compilation.announced(python.__name__), global_compiler_lock, remembering(), unlinked():
        made = compiler.compile(arguments, result)
        made.library.finalize()
        made.library.optimize()
        return _tidy(made.library._final_module.clone(), made.fndesc.llvm_func_name, function.name).as_bitcode()


def _tidy(module, symbol: str, name: str):
    """Give the function its name, remove everything that it does not use, and the names of values."""
    for value in (*module.functions, *module.global_variables):
        if value.name == symbol:
            value.name = name
        elif not value.is_declaration:
            value.linkage = "internal"
    module.name = name
    if hasattr(llvm, "create_module_pass_manager"):  # llvmlite before 0.45
        manager = llvm.create_module_pass_manager()
        manager.add_global_dce_pass()
        manager.add_strip_symbols_pass()
        manager.run(module)
    else:
        manager = llvm.create_new_module_pass_manager()
        manager.add_global_dead_code_eliminate_pass()
        manager.add_strip_symbols_pass()
        machine = cpu_target.target_context.codegen()._tm
        manager.run(module, llvm.create_pass_builder(machine, llvm.PipelineTuningOptions()))
    return module


@cache
def _dispatcher(kernel: Kernel):
    """Return what compiles a kernel that another one calls: once, not for each constant that is given to it. LLVM sees
    the constants."""
    without = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made = numba.njit(pipeline_class=KernelCompiler, **without, **OPTIONS)(kernel.py_func)
    typed = made.get_call_template
    made.get_call_template = lambda arguments, keywords: typed(tuple(map(types.unliteral, arguments)), keywords)
    return made


@cache
def for_python(kernel: Kernel):
    """Return a kernel compiled for Python to call."""
    return numba.njit(**OPTIONS)(kernel.py_func)


@typeof_impl.register(Kernel)
def _type_of_kernel(kernel, context):
    return types.Dispatcher(_dispatcher(kernel))


@typeof_impl.register(Intrinsic)
@cache
def _type_of_intrinsic(intrinsic, context):
    """Tell Numba the types of an intrinsic and how it is emitted."""
    result = SCALARS[intrinsic.returns] if intrinsic.returns in SCALARS else numba.from_dtype(intrinsic.returns)
    emit = getattr(intrinsics, intrinsic.name)

    class Template(AbstractTemplate):
        key = intrinsic

        def generic(self, arguments, keywords):
            return signature(result, *(a if isinstance(a, types.Record) else types.uint64 for a in arguments))

    @lower_builtin(intrinsic, types.VarArg(types.Any))
    def lower(context, builder, signature, arguments):
        value = emit(builder, arguments, context.get_value_type(result), *intrinsic.parameters)
        return context.get_dummy_value() if intrinsic.returns is None else value

    cpu_target.target_context.refresh()
    return types.Function(Template)
