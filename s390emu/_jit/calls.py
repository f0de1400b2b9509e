"""Calls by address, from compiled code and from Python.

What is called is the function proper, in Numba's calling convention:

    int32 status (int64 *result, exception **, record *..., uint64 ...)

A `numba.cfunc` is a C callback around it, which costs a second call and a frame each time, and a fifth of the
compilation. Nothing here raises: the status is always 0. With NUMBA_DISABLE_JIT=1 an "address" is the index of a Python
function, and a call by address is a call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable

import numpy as np

from s390emu._jit.compiler import JIT, Intrinsic, i64, u64
from s390emu._jit.functions import Function, function_of
from s390emu._jit.functions import load as load_code
from s390emu._jit.records import record_at

_addresses: dict[str, int] = {}
_twins: list = [None]  # un-jitted: address -> function; 0 is no function


def is_loaded(function: Function) -> bool:
    """True if this function has its address."""
    return function.name in _addresses


def load(functions: Iterable[Function]) -> None:
    """Have functions compiled and loaded, close together, before their addresses are asked for."""
    wanted = {f.name: f for f in functions if f.name not in _addresses}
    if not JIT:
        _addresses.update((name, n) for n, name in enumerate(wanted, len(_twins)))
        _twins.extend(f.python for f in wanted.values())
    elif wanted:
        _addresses.update(load_code(wanted.values()))


def address_of(function, *record_dtypes, integers: int, returns: bool = True) -> int:
    """Return the address of `function(records..., integers...) -> int64` (or nothing), compiled on first request.

    function: plain, jitted, or where in the package it is: module and name.
    record_dtypes: NumPy dtypes of the leading record arguments; integers: how many uint64 arguments follow.
    returns: False for a procedure without a result.
    """
    wanted = function_of(function, *record_dtypes, integers=integers, returns=returns)
    load([wanted])
    return _addresses[wanted.name]


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
    pointers = (ctypes.c_void_p,) * (2 + records)
    call = ctypes.CFUNCTYPE(ctypes.c_int32, *pointers, *(ctypes.c_uint64,) * integers)(address)

    result = ctypes.c_int64()
    reference = ctypes.addressof(result)

    def entry(*arguments) -> int:
        if type(arguments[0]) is not int:
            arguments = (*map(_where, arguments[:records]), *map(int, arguments[records:]))
        call(reference, None, *arguments)
        return result.value

    return entry


if JIT:  # (address, record, record, integers...): call it, and return its int64
    call1 = call2 = call4 = Intrinsic("call", returns=i64)
else:

    def call1(address, *arguments):
        return _twins[int(address)](*arguments)

    call2 = call4 = call1
