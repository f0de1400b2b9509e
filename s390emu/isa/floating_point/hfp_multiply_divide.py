"""MULTIPLY, DIVIDE and HALVE of short and long HFP numbers: PoP ch. 18. cc unchanged.

Operands are normalized first, whatever becomes of their characteristics. The result is normalized, and its digits
beyond the format's are dropped.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import HFP_DIVIDE
from s390emu.architecture.sizes import DOUBLEWORD_BITS
from s390emu.isa.floating_point.hfp_numbers import (
    BIAS,
    DIGIT_BITS,
    LONG,
    ONE,
    SHORT,
    ZERO,
    finish,
    normalize,
    number_in,
    rr_operands,
    rre_operands,
    rx_operands,
)
from s390emu.isa.general.multiply_divide import product128

FRACTION_BITS = u64(56)
FIRST_DIGIT_GUARDED = bits(4, 7)  # of a fraction with a guard digit
SHORT_DIGITS, LONG_DIGITS = 6, 14


@jit
def multiply(cpu, form, result_form, r1, second):
    """Multiply r1, of a format, into a result of another; return a code."""
    first = number_in(cpu, form, r1)
    if first.fraction == ZERO or second.fraction == ZERO:
        return finish(cpu, result_form, r1, ZERO, 0, ZERO)
    characteristic, multiplicand = normalize(first.characteristic, first.fraction)
    other, multiplier = normalize(second.characteristic, second.fraction)
    high, low = product128(multiplicand, multiplier)  # of 112 bits, from which 60 are taken: the last is a guard digit
    product = high << (DOUBLEWORD_BITS - FRACTION_BITS + DIGIT_BITS) | low >> (FRACTION_BITS - DIGIT_BITS)
    characteristic += other - BIAS
    if not on(product, FIRST_DIGIT_GUARDED):
        product, characteristic = product << DIGIT_BITS, characteristic - 1
    return finish(cpu, result_form, r1, first.sign ^ second.sign, characteristic, product >> DIGIT_BITS)


@jit
def divide(cpu, form, r1, second):
    """Divide r1, digit by digit; return a code."""
    first = number_in(cpu, form, r1)
    if second.fraction == ZERO:
        return HFP_DIVIDE
    if first.fraction == ZERO:
        return finish(cpu, form, r1, ZERO, 0, ZERO)
    characteristic, rest = normalize(first.characteristic, first.fraction)
    other, divisor = normalize(second.characteristic, second.fraction)
    characteristic += BIAS - other
    quotient, digits = ZERO, SHORT_DIGITS if form == SHORT else LONG_DIGITS
    if rest >= divisor:
        quotient, rest = rest // divisor, rest % divisor
        characteristic, digits = characteristic + 1, digits - 1
    for _ in range(digits):
        rest = rest << DIGIT_BITS
        quotient = quotient << DIGIT_BITS | rest // divisor
        rest = rest % divisor
    if form == SHORT:
        quotient = quotient << (DIGIT_BITS * u64(LONG_DIGITS - SHORT_DIGITS))
    return finish(cpu, form, r1, first.sign ^ second.sign, characteristic, quotient)


@jit
def halve(cpu, form, r1, second):
    """Put half of the second operand into r1; return a code."""
    characteristic, fraction = second.characteristic, second.fraction << DIGIT_BITS >> ONE
    while fraction != ZERO and not on(fraction, FIRST_DIGIT_GUARDED):
        fraction, characteristic = fraction << DIGIT_BITS, characteristic - 1
    return finish(cpu, form, r1, second.sign, characteristic, fraction >> DIGIT_BITS)


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def meer(cpu, storage, insn):
    """MULTIPLY (short HFP), RRE. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, SHORT, r1, second)


@jit
def mee(cpu, storage, insn):
    """MULTIPLY (short HFP), RXE. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, SHORT, r1, second)


@jit
def mder(cpu, storage, insn):
    """MULTIPLY (short to long HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, LONG, r1, second)


@jit
def mde(cpu, storage, insn):
    """MULTIPLY (short to long HFP), RX-a. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, LONG, r1, second)


@jit
def mdr(cpu, storage, insn):
    """MULTIPLY (long HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else multiply(cpu, LONG, LONG, r1, second)


@jit
def md(cpu, storage, insn):
    """MULTIPLY (long HFP), RX-a. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else multiply(cpu, LONG, LONG, r1, second)


@jit
def der(cpu, storage, insn):
    """DIVIDE (short HFP), RR. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def de(cpu, storage, insn):
    """DIVIDE (short HFP), RX-a. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def ddr(cpu, storage, insn):
    """DIVIDE (long HFP), RR. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)


@jit
def dd(cpu, storage, insn):
    """DIVIDE (long HFP), RX-a. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)


@jit
def her(cpu, storage, insn):
    """HALVE (short HFP), RR. PoP ch. 18 "HALVE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else halve(cpu, SHORT, r1, second)


@jit
def hdr(cpu, storage, insn):
    """HALVE (long HFP), RR. PoP ch. 18 "HALVE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else halve(cpu, LONG, r1, second)
