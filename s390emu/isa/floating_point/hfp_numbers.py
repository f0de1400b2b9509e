"""Hexadecimal-floating-point numbers, and where instructions find and put them: PoP ch. 18.

Packed, a datum is what its registers hold: two doublewords, of which a short datum takes bits 0-31, a long one the
first, an extended one both; the rest is zeros. While bit 45 of control register 0 is zero, other registers than 0, 2, 4
and 6 cause a data exception with DXC 1, before anything else; then a register that does not begin the pair of an
extended operand is a specification exception.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import (
    DXC_AFP_REGISTER,
    HFP_EXPONENT_OVERFLOW,
    HFP_EXPONENT_UNDERFLOW,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import HFP_UNDERFLOW_MASK
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.bfp_numbers import ONE, shift_left, shift_right
from s390emu.isa.floating_point.bfp_numbers import ZERO as ZERO_KIND
from s390emu.isa.floating_point.bfp_numbers import Number as BinaryNumber
from s390emu.isa.floating_point.bfp_numbers import normalized as normalized_binary
from s390emu.isa.floating_point.bfp_operands import datum, fetch_datum, pairs_of, set_datum
from s390emu.isa.floating_point.load_store import PAIR_SECOND, lacks_afp
from s390emu.isa.operands import rr, rre, rx

ZERO = u64(0)
SIGN_SHIFT, CHARACTERISTIC_SHIFT, CHARACTERISTIC = u64(63), u64(56), u64(0x7F)
FRACTION, FIRST_DIGIT, CARRY = bits(8, 63), bits(8, 11), bits(0, 7)  # of the first doubleword of a Number
LOW_SHIFT = u64(8)  # a low-order part's fraction is so far to the left in the second doubleword
DIGIT_BITS = u64(4)
DIGITS_OF_LONG, FRACTION_DIGITS = 14, 30  # ... of a Number: 28, a guard digit, and one for what is further to the right
CHARACTERISTICS, BIAS = 128, 64
# What a format has of a fraction, and the bit to its right.
KEPT_HIGH = np.array([bits(8, 31), FRACTION, FRACTION], u64)
KEPT_LOW = np.array([0, 0, bits(0, 55)], u64)
ROUNDING_HIGH = np.array([bit(32), 0, 0], u64)
ROUNDING_LOW = np.array([0, bit(0), bit(56)], u64)


class Number(NamedTuple):
    """sign: 0 or 1; characteristic: 0 to 127, of an intermediate result outside of that too; high, low: the fraction,
    whose first digit is at bits 8-11 of high, bits 0-7 being zeros; low continues it, with eight bits more than an
    extended number has."""

    sign: np.uint64
    characteristic: np.int64
    high: np.uint64
    low: np.uint64


@jit
def unpack(high, low):
    characteristic = i64((high >> CHARACTERISTIC_SHIFT) & CHARACTERISTIC)
    return Number(high >> SIGN_SHIFT, characteristic, high & FRACTION, low << LOW_SHIFT)


@jit
def pack(sign, characteristic, fraction):
    """Return a doubleword; of the characteristic the rightmost seven bits count."""
    return (sign << SIGN_SHIFT) | ((u64(characteristic) & CHARACTERISTIC) << CHARACTERISTIC_SHIFT) | fraction


@jit
def is_zero(number):
    return (number.high | number.low) == ZERO


@jit
def with_sign(number, sign):
    return Number(sign, number.characteristic, number.high, number.low)


@jit
def negated(number):
    return with_sign(number, number.sign ^ ONE)


@jit
def shifted_right(number):
    """Return the number with its fraction one digit to the right, and the characteristic that makes up for it."""
    high, low = shift_right(number.high, number.low, DIGIT_BITS)
    return Number(number.sign, number.characteristic + i64(1), high, low)


@jit
def normalized(number):
    """Return the number with a first digit that is not zero; a zero as it is."""
    if is_zero(number):
        return number
    characteristic, high, low = number.characteristic, number.high, number.low
    while not on(high, FIRST_DIGIT):
        high, low = shift_left(high, low, DIGIT_BITS)
        characteristic -= i64(1)
    return Number(number.sign, characteristic, high, low)


@jit
def rounded(form, number):
    """Return the number with a one added to the first bit that the format does not have; a carry shifts the fraction.
    Nothing else is normalized."""
    low = number.low + ROUNDING_LOW[form]
    high = number.high + ROUNDING_HIGH[form] + (ONE if low < number.low else ZERO)
    result = Number(number.sign, number.characteristic, high, low)
    return shifted_right(result) if on(high, CARRY) else result


@jit
def result_cc(number):
    """Return 0 for zero, 1 for less than zero, 2 for greater."""
    return 0 if is_zero(number) else 1 if number.sign != ZERO else 2


# --- exact arithmetic -------------------------------------------------------------------------------------------------
# Binary numbers with 128 bits, the rightmost of which stands for what is further to the right, do for every result that
# is truncated or rounded once.


@jit
def to_binary(number):
    """Return the same number as one of bfp_numbers."""
    if is_zero(number):
        return BinaryNumber(ZERO_KIND, number.sign, i64(0), ZERO, ZERO)
    exponent = i64(4) * (number.characteristic - i64(BIAS)) + i64(7)
    return normalized_binary(number.sign, exponent, number.high, number.low)


@jit
def from_binary(number):
    """Return a ZERO or FINITE number of bfp_numbers as a normalized one."""
    if number.kind == ZERO_KIND:
        return Number(number.sign, i64(0), ZERO, ZERO)
    characteristic = (number.exponent >> i64(2)) + i64(1)  # a number of 1/16 to 1 has none
    high, low = shift_right(number.high, number.low, u64(i64(7) + i64(4) * characteristic - number.exponent))
    return Number(number.sign, characteristic + i64(BIAS), high, low)


# --- operands and results ---------------------------------------------------------------------------------------------


@jit
def availability(cpu, registers, pairs):
    """Return the code for registers that are not there, or pairs that are none; else 0. Both: numbers, ORed."""
    if lacks_afp(cpu, registers):
        return data_exception(cpu, DXC_AFP_REGISTER)
    return SPECIFICATION if on(pairs, PAIR_SECOND) else 0


@jit
def number_in(cpu, form, r):
    high, low = datum(cpu, form, r)
    return unpack(high, low)


@jit
def of_registers(cpu, r1, r2, first, second):
    """Return (r1, second operand, code). first, second: formats of the operands."""
    code = availability(cpu, r1 | r2, pairs_of(first, r1) | pairs_of(second, r2))
    return r1, number_in(cpu, second, r2), code


@jit
def rr_operands(cpu, insn, first, second):
    """Return (r1, second operand, code) of RR. first, second: formats of the operands."""
    r1, r2 = rr(insn)
    return of_registers(cpu, r1, r2, first, second)


@jit
def rre_operands(cpu, insn, first, second):
    """Return (r1, second operand, code) of RRE. first, second: formats of the operands."""
    r1, r2 = rre(insn)
    return of_registers(cpu, r1, r2, first, second)


@jit
def rx_operands(cpu, storage, insn, first, second):
    """Return (r1, second operand, code) of RX and RXE. first, second: formats of the operands."""
    r1, address = rx(cpu, insn)
    code = availability(cpu, r1, pairs_of(first, r1))
    if code != 0:
        return r1, unpack(ZERO, ZERO), code
    high, code = fetch_datum(cpu, storage, second, address)
    return r1, unpack(high, ZERO), code


@jit
def set_number(cpu, form, r1, number):
    """Put a number into r1, what the format does not have being dropped; return 0. A low-order part has the same sign,
    and a characteristic that is 14 less."""
    high = pack(number.sign, number.characteristic, number.high & KEPT_HIGH[form])
    fraction = (number.low & KEPT_LOW[form]) >> LOW_SHIFT
    set_datum(cpu, form, r1, high, pack(number.sign, number.characteristic - i64(DIGITS_OF_LONG), fraction))
    return 0


@jit
def set_true_zero(cpu, form, r1):
    """Put a true zero into r1; return 0."""
    set_datum(cpu, form, r1, ZERO, ZERO)
    return 0


@jit
def finish(cpu, form, r1, number):
    """Put a normalized result, or one whose characteristic is not below 0, into r1; return a code.

    Exponent overflow and underflow complete the operation, with a characteristic that is 128 too small or too large;
    underflow that the program mask does not ask for makes a true zero, and so does a fraction that is zero."""
    underflow = number.characteristic < i64(0)
    if is_zero(number) or (underflow and not on(cpu.psw_mask, HFP_UNDERFLOW_MASK)):
        return set_true_zero(cpu, form, r1)
    set_number(cpu, form, r1, number)
    if underflow:
        return HFP_EXPONENT_UNDERFLOW
    return HFP_EXPONENT_OVERFLOW if number.characteristic >= i64(CHARACTERISTICS) else 0
