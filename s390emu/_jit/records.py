"""Records: C structures that Python and compiled code share, fields by name."""

from __future__ import annotations

import ctypes

import numpy as np

from s390emu._jit.compiler import JIT, Intrinsic


class Record(np.void):
    """A record whose fields are attributes, as in compiled code; np.record takes three times as long."""

    __setattr__ = np.void.__setitem__

    def __getattr__(self, name):
        try:
            return _field(self, name)
        except ValueError:
            raise AttributeError(f"a record without a field {name}") from None


_field = np.void.__getitem__


def record_in(array):
    """Return the first record of an array, sharing its bytes."""
    return array.view(np.dtype((Record, array.dtype)))[0]


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
