"""The LLVM code of each `Intrinsic`: a function of its name (builder, arguments, type of the result, parameters)."""

from __future__ import annotations

from llvmlite import ir

BIT, BYTE, WORD, DOUBLEWORD = (ir.IntType(bits) for bits in (1, 8, 32, 64))
POINTER = BYTE.as_pointer()
REALS = {64: ir.DoubleType(), 32: ir.FloatType()}
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


def leading_zeros(builder, arguments, result):
    return builder.ctlz(arguments[0], BIT(0))


# --- reals: a double, or a float in the leftmost 32 bits of its word --------------------------------------------------


def _real(builder, word, bits):
    if bits < 64:
        word = builder.trunc(builder.lshr(word, DOUBLEWORD(64 - bits)), ir.IntType(bits))
    return builder.bitcast(word, REALS[bits])


def _word_of(builder, real, bits):
    word = builder.bitcast(real, ir.IntType(bits))
    return word if bits == 64 else builder.shl(builder.zext(word, DOUBLEWORD), DOUBLEWORD(64 - bits))


def real_operation(builder, arguments, result, bits, operation):
    first, second = (_real(builder, word, bits) for word in arguments)
    return _word_of(builder, getattr(builder, operation)(first, second), bits)


def real_function(builder, arguments, result, bits, name):
    function = builder.module.declare_intrinsic(
        f"{name}.f{bits}", fnty=ir.FunctionType(REALS[bits], [REALS[bits]] * len(arguments))
    )
    return _word_of(builder, builder.call(function, [_real(builder, word, bits) for word in arguments]), bits)


def real_order(builder, arguments, result, bits):
    first, second = (_real(builder, word, bits) for word in arguments)
    order = DOUBLEWORD(3)
    for condition, code in ((">", 2), ("<", 1), ("==", 0)):
        order = builder.select(builder.fcmp_ordered(condition, first, second), DOUBLEWORD(code), order)
    return order


def real_of_integer(builder, arguments, result, bits):
    return _word_of(builder, builder.sitofp(arguments[0], REALS[bits]), bits)


def integer_of_real(builder, arguments, result, bits):
    return builder.fptosi(_real(builder, arguments[0], bits), DOUBLEWORD)


def lengthened_real(builder, arguments, result):
    return _word_of(builder, builder.fpext(_real(builder, arguments[0], 32), REALS[64]), 64)


def rounded_real(builder, arguments, result):
    return _word_of(builder, builder.fptrunc(_real(builder, arguments[0], 64), REALS[32]), 32)


# --- marks ------------------------------------------------------------------------------------------------------------


def slow_way(builder, arguments, result):
    """No instruction, but LLVM keeps it where it is (regions/templates.py)."""
    builder.call(ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), "", "", side_effect=True), [])
