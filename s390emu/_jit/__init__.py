"""What lies under the emulator: compilation, what is kept of it, storage by host address, and records.

Everything above is plain Python that also runs with NUMBA_DISABLE_JIT=1.
"""

from s390emu._jit.calls import address_of, call1, call2, call4, entry_point, is_loaded, load
from s390emu._jit.compiler import JIT, i64, jit, u64
from s390emu._jit.functions import Function, bitcode_of, function_of, plain
from s390emu._jit.marks import slow_way
from s390emu._jit.memory import (
    bytes_at,
    copy_bytes,
    fill_bytes,
    load1,
    load2,
    load4,
    load8,
    load_native,
    prefer_large_pages,
    put_bytes_at,
    store1,
    store2,
    store4,
    store8,
    store_native,
)
from s390emu._jit.records import record_at, record_in
from s390emu._jit.words import leading_zeros, on

__all__ = [
    "JIT", "Function", "address_of", "bitcode_of", "bytes_at", "call1", "call2", "call4", "copy_bytes", "entry_point",
    "fill_bytes", "function_of", "i64", "is_loaded", "jit", "leading_zeros", "load", "load1", "load2", "load4", "load8",
    "load_native", "on", "plain", "prefer_large_pages", "put_bytes_at", "record_at", "record_in", "slow_way", "store1",
    "store2", "store4", "store8", "store_native", "u64",
]  # fmt: skip
