"""Records: C structures that Python and compiled code share, fields by name."""

from __future__ import annotations

import ctypes
from functools import cache
from operator import itemgetter

import numpy as np

from s390emu._jit.compiler import JIT, Intrinsic


class Record(np.void):
    """A record whose fields are attributes, as in compiled code; np.record takes six times as long."""

    __setattr__ = np.void.__setitem__


@cache
def _record_type(dtype):
    """Return the type of records of this dtype: each field is a property, found without a call of Python's."""
    fields = {name: property(itemgetter(name)) for name in dtype.names}
    return np.dtype((type("Record", (Record,), fields), dtype))


def record_in(array):
    """Return the first record of an array, sharing its bytes."""
    return array.view(_record_type(array.dtype))[0]


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
