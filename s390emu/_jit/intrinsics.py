"""The LLVM code of each `Intrinsic`: a function of its name (builder, arguments, type of the result, parameters)."""

from __future__ import annotations

from llvmlite import ir

BIT, BYTE, WORD, DOUBLEWORD = (ir.IntType(bits) for bits in (1, 8, 32, 64))
POINTER = BYTE.as_pointer()
NO_EXCEPTIONS = ir.Constant(POINTER.as_pointer(), None)


def _at(builder, address, integer):
    return builder.inttoptr(address, integer.as_pointer())


def load(builder, arguments, result, bits):
    """Load a big-endian integer, as the guest has it."""
    value = builder.load(_at(builder, arguments[0], ir.IntType(bits)))
    value.align = 1
    if bits > 8:
        value = builder.bswap(value)
    return value if bits == 64 else builder.zext(value, DOUBLEWORD)


def store(builder, arguments, result, bits):
    address, value = arguments
    value = value if bits == 64 else builder.trunc(value, ir.IntType(bits))
    if bits > 8:
        value = builder.bswap(value)
    builder.store(value, _at(builder, address, ir.IntType(bits))).align = 1


def load_native(builder, arguments, result):
    """Load a uint64 of the emulator's own tables."""
    return builder.load(_at(builder, arguments[0], DOUBLEWORD))


def store_native(builder, arguments, result):
    address, value = arguments
    builder.store(value, _at(builder, address, DOUBLEWORD))


def copy_bytes(builder, arguments, result):
    target, source, length = arguments
    memmove = builder.module.declare_intrinsic("llvm.memmove", [POINTER, POINTER, DOUBLEWORD])
    builder.call(memmove, [_at(builder, target, BYTE), _at(builder, source, BYTE), length, BIT(0)])


def fill_bytes(builder, arguments, result):
    target, value, length = arguments
    memset = builder.module.declare_intrinsic("llvm.memset", [POINTER, DOUBLEWORD])
    builder.call(memset, [_at(builder, target, BYTE), builder.trunc(value, BYTE), length, BIT(0)])


def call(builder, arguments, result):
    """Call in Numba's own convention: int32 status (callee(int64 *result, exception **, arguments...))."""
    address, *rest = arguments
    with builder.goto_entry_block():
        answer = builder.alloca(DOUBLEWORD)
    function = ir.FunctionType(WORD, [answer.type, POINTER.as_pointer(), *(a.type for a in rest)])
    builder.call(builder.inttoptr(address, function.as_pointer()), [answer, NO_EXCEPTIONS, *rest])
    return builder.load(answer)


def record_at(builder, arguments, result):
    return builder.inttoptr(arguments[0], result)
