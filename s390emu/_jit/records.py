"""Records: C structures that Python and compiled code share, fields by name."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

from s390emu._jit.compiler import JIT, Intrinsic


class Views(dict):
    """Views of a record's fields by name, each an array of one, made when it is first asked for."""

    def __init__(self, array):
        self.array = array

    def __missing__(self, name: str):
        self[name] = view = self.array[name]
        return view


class Record(np.void):
    """A record whose fields are attributes, as in compiled code: np.record takes ten times as long."""

    __slots__ = ("views",)


def _field(name: str) -> property:
    """Return a field as a property. By the record itself it would be found by its name each time, in NumPy."""

    def get(record):
        return record.views[name][0]

    def put(record, value):
        record.views[name][0] = value

    return property(get, put)


@cache
def _record_type(dtype):
    """Return the type of records of this dtype."""
    fields = {name: _field(name) for name in dtype.names}
    return np.dtype((type("Record", (Record,), fields | {"__slots__": ()}), dtype))


def record_in(array):
    """Return the first record of an array, sharing its bytes."""
    array = array.view(_record_type(array.dtype))
    record = array[0]
    record.views = Views(array)
    return record


def record_at(dtype):
    """Return a function(address) that returns the record of this dtype at a host address, for reading and writing."""
    if JIT:
        return Intrinsic("record_at", returns=dtype)
    views: dict[int, np.record] = {}

    def twin(address):
        # A view is only a pointer and a dtype, so it stays right if the address is reused for the same dtype.
        address = int(address)
        if address not in views:
            window = (ctypes.c_char * dtype.itemsize).from_address(address)
            views[address] = record_in(np.frombuffer(window, dtype))
        return views[address]

    return twin
