"""Storage by host address: big-endian, as the guest has it, and native, as the emulator's own tables are."""

from __future__ import annotations

import ctypes
import mmap

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from s390emu._jit.compiler import JIT, u64


def _loader(bits):
    @intrinsic
    def load(typingctx, address):
        def codegen(context, builder, signature, args):
            value = builder.load(builder.inttoptr(args[0], ir.IntType(bits).as_pointer()))
            value.align = 1
            if bits > 8:
                value = builder.bswap(value)
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return types.uint64(types.uint64), codegen

    return load


def _storer(bits):
    @intrinsic
    def store(typingctx, address, value):
        def codegen(context, builder, signature, args):
            value = args[1] if bits == 64 else builder.trunc(args[1], ir.IntType(bits))
            if bits > 8:
                value = builder.bswap(value)
            builder.store(value, builder.inttoptr(args[0], ir.IntType(bits).as_pointer())).align = 1
            return context.get_dummy_value()

        return types.void(types.uint64, types.uint64), codegen

    return store


@intrinsic
def load_native(typingctx, address):
    """Load a uint64 of the emulator's own tables."""

    def codegen(context, builder, signature, args):
        return builder.load(builder.inttoptr(args[0], ir.IntType(64).as_pointer()))

    return types.uint64(types.uint64), codegen


@intrinsic
def store_native(typingctx, address, value):
    def codegen(context, builder, signature, args):
        builder.store(args[1], builder.inttoptr(args[0], ir.IntType(64).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), codegen


@intrinsic
def copy_bytes(typingctx, target, source, length):
    """Copy bytes as memmove does: where the operands overlap, the target gets the source's old bytes."""

    def codegen(context, builder, signature, args):
        pointer = ir.IntType(8).as_pointer()
        memmove = builder.module.declare_intrinsic("llvm.memmove", [pointer, pointer, ir.IntType(64)])
        target, source = (builder.inttoptr(a, pointer) for a in args[:2])
        builder.call(memmove, [target, source, args[2], ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, types.uint64), codegen


@intrinsic
def fill_bytes(typingctx, target, value, length):
    def codegen(context, builder, signature, args):
        pointer = ir.IntType(8).as_pointer()
        memset = builder.module.declare_intrinsic("llvm.memset", [pointer, ir.IntType(64)])
        byte = builder.trunc(args[1], ir.IntType(8))
        builder.call(memset, [builder.inttoptr(args[0], pointer), byte, args[2], ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, types.uint64), codegen


if JIT:
    load1, load2, load4, load8 = (_loader(bits) for bits in (8, 16, 32, 64))
    store1, store2, store4, store8 = (_storer(bits) for bits in (8, 16, 32, 64))
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
