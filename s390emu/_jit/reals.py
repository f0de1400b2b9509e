"""The arithmetic of this computer's processor, IEEE's, to nearest even: of words, so that no compiled function has a
value of another kind.

A word is a double, or a float in its leftmost 32 bits, as in a floating-point register. That nobody has changed the
process's rounding mode, nor has subnormal numbers be taken for zero, is assumed, as Numba and LLVM do; LLVM has no
leave to change the arithmetic: a product and a sum are never contracted.
"""

from __future__ import annotations

import operator

import numpy as np

from s390emu._jit import backend
from s390emu._jit.compiler import JIT, Intrinsic, u64

FUSED = JIT and backend.has_fused_multiply_add()
REALS = {64: (np.uint64, np.float64), 32: (np.uint32, np.float32)}

if JIT:

    def _both(name, *parameters):
        return tuple(Intrinsic(name, bits, *parameters, returns=u64) for bits in (64, 32))

    double_sum, float_sum = _both("real_operation", "fadd")
    double_product, float_product = _both("real_operation", "fmul")
    double_quotient, float_quotient = _both("real_operation", "fdiv")
    double_root, float_root = _both("real_function", "llvm.sqrt")
    # (factor, factor, addend), rounded once. Not without FUSED: it would be a call.
    double_fused, float_fused = _both("real_function", "llvm.fma")
    # 0 equal, 1 the first is less, 2 it is greater, 3 unordered.
    double_order, float_order = _both("real_order")
    double_of_integer, float_of_integer = _both("real_of_integer")  # from -2**63
    integer_of_double, _ = _both("integer_of_real")  # truncated; one that has 64 bits with its sign
    double_of_float, float_of_double = Intrinsic("lengthened_real", returns=u64), Intrinsic("rounded_real", returns=u64)
else:

    def _real(word, bits):
        integer, real = REALS[bits]
        return integer(word >> u64(64 - bits)).view(real)

    def _word(real):
        bits = 8 * real.itemsize
        return u64(real.view(REALS[bits][0])) << u64(64 - bits)

    def _both(operation):
        def twin_of(bits):
            def twin(*words):
                with np.errstate(all="ignore"):
                    return _word(operation(*(_real(word, bits) for word in words)))

            return twin

        return twin_of(64), twin_of(32)

    def _order(bits):
        def order(first, second):
            first, second = _real(first, bits), _real(second, bits)
            return u64(0 if first == second else 1 if first < second else 2 if first > second else 3)

        return order

    double_sum, float_sum = _both(operator.add)
    double_product, float_product = _both(operator.mul)
    double_quotient, float_quotient = _both(operator.truediv)
    double_root, float_root = _both(np.sqrt)
    double_order, float_order = _order(64), _order(32)

    def double_fused(factor, other, addend):
        raise NotImplementedError("NumPy has no fused multiply-add")

    float_fused = double_fused

    def double_of_integer(value):
        return _word(np.float64(np.int64(value)))

    def float_of_integer(value):
        return _word(np.int64(value).astype(np.float32))

    def integer_of_double(word):
        return u64(int(_real(word, 64)) & (1 << 64) - 1)

    def double_of_float(word):
        return _word(np.float64(_real(word, 32)))

    def float_of_double(word):
        with np.errstate(all="ignore"):
            return _word(np.float32(_real(word, 64)))
