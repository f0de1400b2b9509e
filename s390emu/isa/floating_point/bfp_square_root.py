"""SQUARE ROOT: PoP ch. 19."""

from __future__ import annotations

from s390emu._jit import i64, jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_root
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    INFINITY,
    LONG,
    ONE,
    PRECISION,
    SHORT,
    ZERO,
    is_nan,
    less,
    normalized,
    shift_left,
    shift_right,
    some,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import finish, register_operands, storage_operands
from s390emu.isa.floating_point.bfp_rounding import (
    current_method,
    exact_result,
    infinity_result,
    invalid_operation,
    nan_result,
    round_number,
    zero_result,
)
from s390emu.isa.floating_point.bfp_sum import difference

TWO_BITS = u64(2)
GUARD_DIGITS = i64(2)


@jit
def finite_root(form, number):
    """Return the square root of a positive FINITE number to as many bits as rounding to the format needs.

    Digit by digit, as by hand: each takes two bits of the radicand, which has two bits left of its point."""
    odd = number.exponent & i64(1)
    high, low = shift_right(number.high, number.low, ONE - u64(odd))
    rest_high, rest_low, root_high, root_low = u64(0), u64(0), u64(0), u64(0)
    digits = PRECISION[form] + GUARD_DIGITS
    for _ in range(digits):
        rest_high, rest_low = shift_left(rest_high, rest_low, TWO_BITS)
        rest_low |= high >> u64(62)
        high, low = shift_left(high, low, TWO_BITS)
        trial_high, trial_low = shift_left(root_high, root_low, TWO_BITS)
        trial_low |= ONE
        root_high, root_low = shift_left(root_high, root_low, ONE)
        if not less(rest_high, rest_low, trial_high, trial_low):
            rest_high, rest_low = difference(rest_high, rest_low, trial_high, trial_low)
            root_low |= ONE
    root_high, root_low = shift_left(root_high, root_low, u64(i64(128) - digits))
    return normalized(u64(0), (number.exponent - odd) // i64(2), root_high, root_low | some(rest_high | rest_low))


@jit
def rooted(fpc, form, number):
    """Return the Result of a number's square root; that of minus zero is minus zero."""
    if is_nan(number):
        return nan_result(fpc, form, number)
    if number.kind == ZERO:
        return zero_result(number.sign)
    if number.sign != u64(0):
        return invalid_operation(fpc, form)
    if number.kind == INFINITY:
        return infinity_result(form, number.sign)
    return round_number(fpc, form, finite_root(form, number), current_method(fpc), False)


@jit
def root_result(fpc, form, datum):
    """Return the Result of a square root."""
    if form != EXTENDED:
        root, known = host_root(fpc, form, datum.high)
        if known:
            return exact_result(root, u64(0))
        slow_way()
    return rooted(fpc, form, unpack(form, datum.high, datum.low))


@jit
def square_root(cpu, form, r1, second):
    """Set r1 to the square root of the second operand; return a code."""
    return finish(cpu, form, r1, root_result(cpu.fpc, form, second))


@jit
def sqebr(cpu, storage, insn):
    """SQUARE ROOT (short BFP), RRE. PoP ch. 19 "SQUARE ROOT". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else square_root(cpu, SHORT, r1, second)


@jit
def sqdbr(cpu, storage, insn):
    """SQUARE ROOT (long BFP), RRE. PoP ch. 19 "SQUARE ROOT". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else square_root(cpu, LONG, r1, second)


@jit
def sqxbr(cpu, storage, insn):
    """SQUARE ROOT (extended BFP), RRE. PoP ch. 19 "SQUARE ROOT". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else square_root(cpu, EXTENDED, r1, second)


@jit
def sqeb(cpu, storage, insn):
    """SQUARE ROOT (short BFP), RXE. PoP ch. 19 "SQUARE ROOT". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else square_root(cpu, SHORT, r1, second)


@jit
def sqdb(cpu, storage, insn):
    """SQUARE ROOT (long BFP), RXE. PoP ch. 19 "SQUARE ROOT". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else square_root(cpu, LONG, r1, second)
