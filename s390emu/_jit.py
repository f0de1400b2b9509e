"""The one file that knows Numba: integer types, compilation, the cache, and storage access by address.

Everything above is plain Python that also runs with NUMBA_DISABLE_JIT=1: `jit` then returns the function itself, an
"address" is the index of a Python function, and the intrinsics are their ctypes twins.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.ccallback import CFunc, _CFuncCompiler
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic

PACKAGE = Path(__file__).parent
CACHES_KEPT = 4


def source_digest() -> str:
    """Return a digest of every source of the package: Numba's cache watches a function's own file, not its callees'."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        digest.update(source.relative_to(PACKAGE).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """The user's cache folder: $S390EMU_CACHE, $XDG_CACHE_HOME/s390emu or ~/.cache/s390emu."""
    if folder := os.environ.get("S390EMU_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "s390emu"


def _claim_cache() -> Path:
    """This digest's folder, marked as just used; the folders of long-gone versions are removed."""
    folder = cache_root() / source_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        newest_first = sorted((f for f in folder.parent.iterdir() if f.is_dir()), key=lambda f: -f.stat().st_mtime)
        for old in newest_first[CACHES_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:  # read-only home: Numba falls back to compiling every time
        pass
    return folder


CACHE = _claim_cache()
numba.config.CACHE_DIR = str(CACHE)
u64, i64 = np.uint64, np.int64
JIT = not numba.config.DISABLE_JIT
CACHEABLE = os.access(CACHE, os.W_OK)


class Kernel(CPUDispatcher):
    """A compiled function that is only ever called by compiled functions: without the two wrappers that Numba makes for
    Python, which are a third of a cold start. Python may call it all the same (tests do): then it gets them."""

    def __call__(self, *arguments):
        if not hasattr(self, "for_python"):
            self.for_python = numba.njit(error_model="numpy")(self.py_func)
        return self.for_python(*arguments)


def jit(function):
    """A helper or kernel: compiled into its callers, on first use. Overflow wraps, division does not raise."""
    if not JIT:
        return function
    kernel = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    kernel.__class__ = Kernel
    return kernel


# --- addresses of functions ------------------------------------------------------------------------------------------
# What is called by address is the function proper, in Numba's calling convention:
#
#     int32 status (int64 *result, exception **, record *..., uint64 ...)
#
# A `numba.cfunc` is a C callback around it, which costs a second call and a frame each time, and a fifth of the
# compilation; so we use its compiler and its cache, but not the callback. Nothing here raises: the status is always 0.


class _ProperCompiler(_CFuncCompiler):
    def _customize_flags(self, flags):
        flags = super()._customize_flags(flags)
        flags.no_cfunc_wrapper = True
        return flags


class Proper(CFunc):
    """A function compiled for calls by address, cached on disk like a `cfunc`."""

    # Entered with a function's name while it is compiled, but not where it is cached.
    announced: ClassVar[Callable[[str], AbstractContextManager[None]]] = nullcontext

    def __init__(self, function, signature):
        super().__init__(function, (signature.args, signature.return_type), {}, {"error_model": "numpy"})
        self._compiler = _ProperCompiler(function, self._targetdescr, {"error_model": "numpy"}, {}, Compiler)
        if CACHEABLE:
            self.enable_caching()
        context = self._targetdescr.target_context
        with global_compiler_lock:
            result = self._cache.load_overload(self._sig, context)
            if result is None:
                with Proper.announced(function.__name__):
                    result = self._compile_uncached()
                self._cache.save_overload(self._sig, result)
            self._library = result.library
            # Under the lock too: what no cache has made final is so now.
            self._wrapper_address = self._library.get_pointer_to_function(result.fndesc.llvm_func_name)


_addresses: dict[object, int] = {}
_compiled: list[Proper] = []  # keeps the code alive
_twins: list = [None]  # un-jitted: address -> function; 0 is no function


def address_of(function, *record_dtypes, integers: int, returns: bool = True) -> int:
    """Return the address of `function(records..., integers...) -> int64` (or nothing), compiled on first request.

    record_dtypes: NumPy dtypes of the leading record arguments; integers: how many uint64 arguments follow.
    returns: False for a procedure without a result.
    """
    python_function = getattr(function, "py_func", function)
    if python_function not in _addresses:
        if JIT:
            result = types.int64 if returns else types.none
            signature = result(*(numba.from_dtype(d) for d in record_dtypes), *(types.uint64,) * integers)
            _compiled.append(Proper(python_function, signature))
            _addresses[python_function] = _compiled[-1].address
        else:
            _twins.append(python_function)
            _addresses[python_function] = len(_twins) - 1
    return _addresses[python_function]


_places: dict[int, tuple[object, int]] = {}
PLACES_KEPT = 64


def _where(record) -> int:
    """The host address of a record. It is remembered: to ask NumPy takes longer than most calls."""
    found, address = _places.get(id(record), (None, 0))
    if found is not record:
        if len(_places) >= PLACES_KEPT:
            _places.clear()
        address = np.asarray(record).ctypes.data
        _places[id(record)] = record, address
    return address


def entry_point(function, *record_dtypes, integers: int, returns: bool = True):
    """Return `function` for Python to call: entry(record..., integer...) -> int, compiled and cached like a handler; 0
    from a procedure without a result.

    Records may be given as their addresses, which is much faster; then all arguments are of type int.
    """
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


# --- storage by host address -----------------------------------------------------------------------------------------


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
    """A uint64 of the emulator's own tables."""

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
    """memmove: the operands may overlap, and the target gets the source's old bytes."""

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


def _call_codegen(context, builder, signature, args):
    """Numba's own calling convention: int32 status (callee(int64 *result, exception **, arguments...))."""
    i64_t, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
    with builder.goto_entry_block():
        result = builder.alloca(i64_t)
    function = ir.FunctionType(ir.IntType(32), [result.type, pointer.as_pointer(), *(a.type for a in args[1:])])
    no_exceptions = ir.Constant(pointer.as_pointer(), None)
    builder.call(builder.inttoptr(args[0], function.as_pointer()), [result, no_exceptions, *args[1:]])
    return builder.load(result)


@intrinsic
def call1(typingctx, address, cpu, storage, a):
    """Call the function at `address` with two records and one uint64: -> int64; so for the other counts."""
    return types.int64(types.uint64, cpu, storage, types.uint64), _call_codegen


@intrinsic
def call2(typingctx, address, cpu, storage, a, b):
    return types.int64(types.uint64, cpu, storage, *(types.uint64,) * 2), _call_codegen


@intrinsic
def call4(typingctx, address, cpu, storage, a, b, c, d):
    return types.int64(types.uint64, cpu, storage, *(types.uint64,) * 4), _call_codegen


class Record(np.void):
    """A record whose fields are attributes, as compiled code sees it; np.record takes three times as long."""

    __setattr__ = np.void.__setitem__

    def __getattr__(self, name):
        try:
            return _field(self, name)
        except ValueError:
            raise AttributeError(f"a record without a field {name}") from None


_field = np.void.__getitem__


def record_in(array):
    """The first record of an array: it shares its bytes."""
    return array.view(np.dtype((Record, array.dtype)))[0]


def record_at(dtype):
    """-> function(address) giving the record of this dtype that lies there, for reading and writing."""
    record = numba.from_dtype(dtype)

    @intrinsic
    def at(typingctx, address):
        def codegen(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(record))

        return record(types.uint64), codegen

    views: dict[int, np.record] = {}

    def twin(address):
        # A view is a pointer and a dtype: it stays right when the host reuses the address for the same table.
        address = int(address)
        if address not in views:
            window = (ctypes.c_char * dtype.itemsize).from_address(address)
            views[address] = record_in(np.frombuffer(window, dtype))
        return views[address]

    return at if JIT else twin


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

    def call1(address, *arguments):
        return _twins[int(address)](*arguments)

    call2 = call4 = call1
