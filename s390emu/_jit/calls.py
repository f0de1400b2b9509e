"""Calls by address, from compiled code and from Python.

What is called is the function proper, in Numba's calling convention:

    int32 status (int64 *result, exception **, record *..., uint64 ...)

A `numba.cfunc` is a C callback around it, which costs a second call and a frame each time, and a fifth of the
compilation. Nothing here raises: the status is always 0. With NUMBA_DISABLE_JIT=1 an "address" is the index of a Python
function, and a call by address is a call.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from s390emu._jit.compiler import JIT, Proper, u64
from s390emu._jit.objects import Objects, folder
from s390emu._jit.records import record_at

_addresses: dict[object, int] = {}
_compiled: list[Proper] = []  # keeps the code alive
_twins: list = [None]  # un-jitted: address -> function; 0 is no function


@cache
def _kept() -> Objects:
    """Return what earlier processes have compiled."""
    return Objects(folder())


def _compiled_address(function, record_dtypes, integers: int, returns: bool) -> int:
    """Return the address of a compiled function. Those of the package are kept, as all its sources tell them apart."""
    name = f"{function.__module__}.{function.__qualname__}"
    of_package = name.startswith(__package__.split(".")[0] + ".") and "<" not in name
    if of_package and name in _kept().addresses:
        return _kept().addresses[name]
    result = types.int64 if returns else types.none
    signature = result(*(numba.from_dtype(d) for d in record_dtypes), *(types.uint64,) * integers)
    proper = Proper(function, signature)
    _compiled.append(proper)
    if of_package:
        _kept().keep(name, proper.symbol, proper.code)
    return proper.address


def address_of(function, *record_dtypes, integers: int, returns: bool = True) -> int:
    """Return the address of `function(records..., integers...) -> int64` (or nothing), compiled on first request.

    record_dtypes: NumPy dtypes of the leading record arguments; integers: how many uint64 arguments follow.
    returns: False for a procedure without a result.
    """
    python_function = getattr(function, "py_func", function)
    if python_function not in _addresses:
        if JIT:
            _addresses[python_function] = _compiled_address(python_function, record_dtypes, integers, returns)
        else:
            _twins.append(python_function)
            _addresses[python_function] = len(_twins) - 1
    return _addresses[python_function]


_places: dict[int, tuple[object, int]] = {}
PLACES_KEPT = 64


def _where(record) -> int:
    """Return the host address of a record, remembered because asking NumPy takes longer than most calls."""
    found, address = _places.get(id(record), (None, 0))
    if found is not record:
        if len(_places) >= PLACES_KEPT:
            _places.clear()
        address = np.asarray(record).ctypes.data
        _places[id(record)] = record, address
    return address


def entry_point(function, *record_dtypes, integers: int, returns: bool = True):
    """Return `function` for Python to call, compiled and cached like a handler: entry(record..., integer...) returns an
    int, 0 from a procedure without a result.

    Records may be given as their addresses, which is much faster; then all arguments are of type int."""
    address = address_of(function, *record_dtypes, integers=integers, returns=returns)
    records = len(record_dtypes)
    if not JIT:
        at = [record_at(dtype) for dtype in record_dtypes]

        def twin(*arguments) -> int:
            own = (at[n](a) if type(a) is int else a for n, a in enumerate(arguments[:records]))
            return int(_twins[address](*own, *map(u64, arguments[records:])) or 0)

        return twin
    pointers = (ctypes.POINTER(ctypes.c_int64), ctypes.c_void_p, *(ctypes.c_void_p,) * records)
    call = ctypes.CFUNCTYPE(ctypes.c_int32, *pointers, *(ctypes.c_uint64,) * integers)(address)

    result = ctypes.c_int64()
    reference = ctypes.byref(result)

    def entry(*arguments) -> int:
        if type(arguments[0]) is not int:
            arguments = (*map(_where, arguments[:records]), *map(int, arguments[records:]))
        call(reference, None, *arguments)
        return result.value

    return entry


def _call_codegen(context, builder, signature, args):
    """Emit a call in Numba's own convention: int32 status (callee(int64 *result, exception **, arguments...))."""
    i64_t, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
    with builder.goto_entry_block():
        result = builder.alloca(i64_t)
    function = ir.FunctionType(ir.IntType(32), [result.type, pointer.as_pointer(), *(a.type for a in args[1:])])
    no_exceptions = ir.Constant(pointer.as_pointer(), None)
    builder.call(builder.inttoptr(args[0], function.as_pointer()), [result, no_exceptions, *args[1:]])
    return builder.load(result)


@intrinsic
def call1(typingctx, address, cpu, storage, a):
    """Call the function at `address` with two records and one uint64; return its int64. So for the other counts."""
    return types.int64(types.uint64, cpu, storage, types.uint64), _call_codegen


@intrinsic
def call2(typingctx, address, cpu, storage, a, b):
    return types.int64(types.uint64, cpu, storage, *(types.uint64,) * 2), _call_codegen


@intrinsic
def call4(typingctx, address, cpu, storage, a, b, c, d):
    return types.int64(types.uint64, cpu, storage, *(types.uint64,) * 4), _call_codegen


if not JIT:

    def call1(address, *arguments):
        return _twins[int(address)](*arguments)

    call2 = call4 = call1
