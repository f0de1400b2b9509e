"""Rounding, and what becomes of it: PoP ch. 9 "Rounding Methods" and "IEEE Exceptions", ch. 20 "Quantum" and
"IEEE Exceptions".

An operation makes a Result of its operands and of a Rounding, and changes nothing; `bfp_operands.finish` has the flags,
the register and the data exception follow from it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.isa.decimal_floating_point.digits import (
    EXACT,
    HALF,
    Digits,
    digit_count,
    is_none,
    none,
    one,
    right_by_one,
    shift_left,
    shift_right,
    total,
)
from s390emu.isa.decimal_floating_point.numbers import (
    BIAS,
    GREATEST_EXPONENT,
    PRECISION,
    greatest_digits,
    pack,
    pack_infinity,
    pack_special,
)
from s390emu.isa.floating_point.bfp_numbers import QNAN, SNAN
from s390emu.isa.floating_point.bfp_rounding import (
    DXC_OVERFLOW,
    DXC_UNDERFLOW,
    DXC_ZERO_DIVIDE,
    INCREMENTED,
    TRUNCATED,
    Result,
    exact_result,
    inexact_result,
    invalid_result,
    is_quiet,
    kind_of_rounding,
)
from s390emu.isa.floating_point.fpc import (
    DECIMAL_ROUNDING_MODE,
    DECIMAL_ROUNDING_MODE_SHIFT,
    EXTENSION,
    OVERFLOW_FLAG,
    OVERFLOW_MASK,
    QUANTUM_FLAG,
    QUANTUM_MASK,
    UNDERFLOW_FLAG,
    UNDERFLOW_MASK,
    ZERO_DIVIDE_FLAG,
    ZERO_DIVIDE_MASK,
)
from s390emu.storage.absolute import guest_of

DXC_QUANTUM = u64(0x04)
# Rounding methods: 8 more than the DFP rounding mode, as in an M3 or M4 field whose leftmost bit is on.
NEAREST_EVEN, TOWARD_ZERO, TOWARD_PLUS, TOWARD_MINUS, NEAREST_AWAY, NEAREST_ZERO, AWAY, SHORTER = (
    u64(n) for n in range(8, 16)
)
EXPLICIT = u64(8)  # from here on a field is a method
CURRENT = u64(0)
# What 0 to 7 in the field mean with the floating-point extension facility: as far as they can, what they do in BFP.
METHODS = np.array([0, 12, 0, 15, 8, 9, 10, 11], u64)
FIVE, DIGIT = u64(5), u64(0xF)
# The power of ten of a trapped overflow or underflow, by the format of the result; in LOAD ROUNDED, that of the source.
SCALE = np.array([0, 576, 9216], i64)
ROUNDED_SCALE = np.array([0, 192, 3072], i64)


class Rounding(NamedTuple):
    """How to round, and what to tell of it.

    method    one of the eight
    quiet     True if the inexact exception is not to be recognized
    extended  True if there are quantum exceptions: with the floating-point extension facility
    """

    fpc: np.uint64
    method: np.uint64
    quiet: bool
    extended: bool


class Rounded(NamedTuple):
    digits: Digits
    inexact: bool
    incremented: bool


@jit
def method_of(fpc, field, extended):
    """Return the rounding method that an M3 or M4 field designates. Without the extension facility 1 to 7 are as 0."""
    if field >= EXPLICIT:
        return field
    method = METHODS[i64(field)] if extended else CURRENT
    if method != CURRENT:
        return method
    return ((fpc & DECIMAL_ROUNDING_MODE) >> DECIMAL_ROUNDING_MODE_SHIFT) + EXPLICIT


@jit
def rounding_by(cpu, storage, field, m4):
    """Return the Rounding of an instruction: field has the method, m4 the IEEE-inexact-exception control."""
    extended = on(guest_of(storage).facilities[0], EXTENSION)
    return Rounding(cpu.fpc, method_of(cpu.fpc, field, extended), is_quiet(m4), extended)


# --- significands ----------------------------------------------------------------------------------------------------


@jit
def rounds_up(rest, last, sign, method):
    """True if a significand is to be incremented. rest: what was dropped, from digits.shift_right; last: its last
    digit."""
    if rest == EXACT:
        return False
    if method == NEAREST_EVEN:
        return rest > HALF or (rest == HALF and on(last, u64(1)))
    if method == NEAREST_AWAY:
        return rest >= HALF
    if method == NEAREST_ZERO:
        return rest > HALF
    if method == SHORTER:
        return last == u64(0) or last == FIVE
    return method == AWAY or method == (TOWARD_PLUS if sign == u64(0) else TOWARD_MINUS)


@jit
def without_last(digits, count, sign, method):
    """Return the significand without its last digits, Rounded. count: int64, none if not above 0."""
    kept, rest = shift_right(digits, max(count, i64(0)))
    incremented = rounds_up(rest, kept.e & DIGIT, sign, method)
    if incremented:
        kept = total(kept, one())
    return Rounded(kept, rest != EXACT, incremented)


@jit
def toward(form, digits, exponent, preferred):
    """Return (digits, exponent) of the same number, the exponent as near to the preferred one as the digits and the
    precision permit. The number is not zero."""
    room = min(exponent - preferred, PRECISION[form] - digit_count(digits))
    if room > 0:
        return shift_left(digits, room), exponent - room
    while exponent < preferred and digits.e & DIGIT == u64(0):
        digits, _ = right_by_one(digits)
        exponent += i64(1)
    return digits, exponent


# --- results ---------------------------------------------------------------------------------------------------------


@jit
def with_quantum(rounding, result, exponent, preferred):
    """Return the Result, and a quantum exception if none is reported yet and the quantum is not the preferred one."""
    if exponent == preferred or result.dxc != u64(0) or not rounding.extended:
        return result
    if on(rounding.fpc, QUANTUM_MASK):
        return Result(result.high, result.low, result.flags, DXC_QUANTUM)
    return Result(result.high, result.low, result.flags | QUANTUM_FLAG, u64(0))


@jit
def zero_result(rounding, form, sign, preferred):
    """Return the Result zero, of the quantum nearest to the preferred one."""
    exponent = min(max(preferred, i64(0)), GREATEST_EXPONENT[form])
    high, low = pack(form, sign, exponent, none())
    return with_quantum(rounding, exact_result(high, low), exponent, preferred)


@jit
def overflow_result(rounding, form, sign):
    """Return the Result of an overflow that does not trap: infinity, or the greatest number where rounding is not
    away from zero."""
    method = rounding.method
    nearest = method == NEAREST_EVEN or method == NEAREST_AWAY or method == NEAREST_ZERO
    if nearest or method == AWAY or method == (TOWARD_PLUS if sign == u64(0) else TOWARD_MINUS):
        high, low = pack_infinity(form, sign)
        return inexact_result(rounding.fpc, high, low, OVERFLOW_FLAG, INCREMENTED, rounding.quiet)
    high, low = pack(form, sign, GREATEST_EXPONENT[form], greatest_digits(form))
    return inexact_result(rounding.fpc, high, low, OVERFLOW_FLAG, TRUNCATED, rounding.quiet)


@jit
def trapped_result(form, source, sign, exponent, digits, scaling, dxc):
    """Return the Result of a trapped overflow or underflow: scaled, in the format of the source.

    source: the format of the operand, of all operations but LOAD ROUNDED that of the result; scaling: +1 or -1."""
    scale = SCALE[form] if source == form else ROUNDED_SCALE[source]
    high, low = pack(source, sign, exponent - BIAS[form] + BIAS[source] + scaling * scale, digits)
    return Result(high, low, u64(0), dxc)


@jit
def round_from(rounding, form, source, sign, digits, exponent, preferred):
    """Return the Result of rounding digits * 10**exponent to a format. exponent, preferred: as if biased, any int64;
    source: as of trapped_result."""
    if is_none(digits):
        return zero_result(rounding, form, sign, preferred)
    digits, exponent = toward(form, digits, exponent, preferred)
    precision, greatest, count = PRECISION[form], GREATEST_EXPONENT[form], digit_count(digits)
    tiny = count + exponent < precision  # detected before rounding
    trapped = tiny and on(rounding.fpc, UNDERFLOW_MASK)
    drop = max(count - precision, i64(0))
    if not trapped:
        drop = max(drop, i64(0) - exponent)
    rounded = without_last(digits, drop, sign, rounding.method)
    digits, exponent, kind = rounded.digits, exponent + drop, kind_of_rounding(rounded)
    if digit_count(digits) > precision:
        digits, _ = right_by_one(digits)
        exponent += i64(1)
    if trapped:
        return trapped_result(form, source, sign, exponent, digits, i64(1), DXC_UNDERFLOW + kind)
    if digit_count(digits) + exponent > greatest + precision:
        if on(rounding.fpc, OVERFLOW_MASK):
            return trapped_result(form, source, sign, exponent, digits, i64(-1), DXC_OVERFLOW + kind)
        return overflow_result(rounding, form, sign)
    if exponent > greatest:
        digits, exponent = shift_left(digits, exponent - greatest), greatest
    high, low = pack(form, sign, exponent, digits)
    flags = UNDERFLOW_FLAG if tiny and kind != u64(0) else u64(0)
    result = inexact_result(rounding.fpc, high, low, flags, kind, rounding.quiet)
    return with_quantum(rounding, result, exponent, preferred)


@jit
def round_number(rounding, form, sign, digits, exponent, preferred):
    """Return the Result of rounding digits * 10**exponent to the format of the operands."""
    return round_from(rounding, form, form, sign, digits, exponent, preferred)


@jit
def infinity_result(form, sign):
    high, low = pack_infinity(form, sign)
    return exact_result(high, low)


@jit
def invalid_operation(fpc, form):
    """Return the Result of an operation on numbers that has none: the default QNaN."""
    high, low = pack_special(form, QNAN, u64(0), none())
    return invalid_result(fpc, high, low)


@jit
def zero_divide(fpc, form, sign):
    """Return the Result of the division of a number by zero: infinity."""
    if on(fpc, ZERO_DIVIDE_MASK):
        return Result(u64(0), u64(0), u64(0), DXC_ZERO_DIVIDE)
    high, low = pack_infinity(form, sign)
    return Result(high, low, ZERO_DIVIDE_FLAG, u64(0))


@jit
def nan_result(fpc, form, nan):
    """Return the Result of an operation that propagates this NaN: an SNaN is an invalid operation, and made quiet."""
    high, low = pack_special(form, QNAN, nan.sign, nan.digits)
    if nan.kind == SNAN:
        return invalid_result(fpc, high, low)
    return exact_result(high, low)
