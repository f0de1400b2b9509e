"""Storage by host address: big-endian, as the guest has it, and native, as the emulator's own tables are."""

from __future__ import annotations

import ctypes
import mmap

from s390emu._jit.compiler import JIT, Intrinsic, u64

if JIT:
    load1, load2, load4, load8 = (Intrinsic("load", bits, returns=u64) for bits in (8, 16, 32, 64))
    store1, store2, store4, store8 = (Intrinsic("store", bits) for bits in (8, 16, 32, 64))
    load_native, store_native = Intrinsic("load_native", returns=u64), Intrinsic("store_native")
    copy_bytes, fill_bytes = Intrinsic("copy_bytes"), Intrinsic("fill_bytes")
else:

    def _load_twin(length):
        return lambda address: u64(int.from_bytes(ctypes.string_at(int(address), length), "big"))

    def _store_twin(length):
        mask = (1 << 8 * length) - 1
        return lambda address, value: ctypes.memmove(int(address), (int(value) & mask).to_bytes(length, "big"), length)

    load1, load2, load4, load8 = (_load_twin(n) for n in (1, 2, 4, 8))
    store1, store2, store4, store8 = (_store_twin(n) for n in (1, 2, 4, 8))

    def load_native(address):
        return u64(ctypes.c_uint64.from_address(int(address)).value)

    def store_native(address, value):
        ctypes.c_uint64.from_address(int(address)).value = int(value)

    def copy_bytes(target, source, length):
        ctypes.memmove(int(target), int(source), int(length))

    def fill_bytes(target, value, length):
        ctypes.memset(int(target), int(value), int(length))


def bytes_at(address: int, length: int) -> bytes:
    """Return the bytes at a host address, for Python."""
    return ctypes.string_at(address, length) if length > 0 else b""


def put_bytes_at(address: int, data: bytes) -> None:
    """Store bytes at a host address."""
    if data:
        ctypes.memmove(address, data, len(data))


def prefer_large_pages(array) -> None:
    """Ask this computer to back an array with large pages, for which its own TLB suffices longer. It may refuse."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux
    if advice is not None:
        start = -(-array.ctypes.data // mmap.PAGESIZE) * mmap.PAGESIZE
        length = array.ctypes.data + array.nbytes - start
        ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(max(length, 0)), advice)
