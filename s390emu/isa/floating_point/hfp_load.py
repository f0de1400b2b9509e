"""LOAD AND TEST, COMPLEMENT, NEGATIVE, POSITIVE, LENGTHENED, ROUNDED, FP INTEGER of short and long HFP numbers: PoP ch.
18."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import HFP_EXPONENT_OVERFLOW
from s390emu.isa.floating_point.hfp_numbers import (
    BIAS,
    CHARACTERISTICS,
    DIGIT_BITS,
    LONG,
    ONE,
    SHORT,
    ZERO,
    finish,
    in_form,
    normalize,
    pack,
    result_cc,
    rr_operands,
    rre_operands,
    rx_operands,
    set_datum,
)

ROUNDING = bit(32)  # of a long fraction: the first bit that a short one does not have
CARRY = bit(7)  # out of a fraction
LONG_DIGITS = 14


@jit
def load_signed(cpu, form, r1, number, sign):
    """Put the number with this sign into r1, and set cc; return 0. The fraction may be zero, or not normalized."""
    set_datum(cpu, form, r1, pack(sign, number.characteristic, number.fraction))
    cpu.cc = result_cc(sign, number.fraction)
    return 0


@jit
def load_integer(cpu, form, r1, number):
    """Put the number without the digits of its fraction part, normalized, into r1; return 0."""
    digits = number.characteristic - BIAS  # before the point
    fraction = number.fraction
    if digits <= 0:
        fraction = ZERO
    elif digits < LONG_DIGITS:
        dropped = u64(LONG_DIGITS - digits) * DIGIT_BITS
        fraction = fraction >> dropped << dropped
    characteristic = number.characteristic
    if fraction != ZERO:
        characteristic, fraction = normalize(characteristic, fraction)
    return finish(cpu, form, r1, number.sign, characteristic, fraction)


@jit
def lter(cpu, storage, insn):
    """LOAD AND TEST (short HFP), RR. PoP ch. 18 "LOAD AND TEST". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, second.sign)


@jit
def lcer(cpu, storage, insn):
    """LOAD COMPLEMENT (short HFP), RR. PoP ch. 18 "LOAD COMPLEMENT". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, second.sign ^ ONE)


@jit
def lner(cpu, storage, insn):
    """LOAD NEGATIVE (short HFP), RR. PoP ch. 18 "LOAD NEGATIVE". cc 0 zero, 1 less."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, ONE)


@jit
def lper(cpu, storage, insn):
    """LOAD POSITIVE (short HFP), RR. PoP ch. 18 "LOAD POSITIVE". cc 0 zero, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else load_signed(cpu, SHORT, r1, second, ZERO)


@jit
def ltdr(cpu, storage, insn):
    """LOAD AND TEST (long HFP), RR. PoP ch. 18 "LOAD AND TEST". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, second.sign)


@jit
def lcdr(cpu, storage, insn):
    """LOAD COMPLEMENT (long HFP), RR. PoP ch. 18 "LOAD COMPLEMENT". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, second.sign ^ ONE)


@jit
def lndr(cpu, storage, insn):
    """LOAD NEGATIVE (long HFP), RR. PoP ch. 18 "LOAD NEGATIVE". cc 0 zero, 1 less."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, ONE)


@jit
def lpdr(cpu, storage, insn):
    """LOAD POSITIVE (long HFP), RR. PoP ch. 18 "LOAD POSITIVE". cc 0 zero, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else load_signed(cpu, LONG, r1, second, ZERO)


@jit
def fier(cpu, storage, insn):
    """LOAD FP INTEGER (short HFP), RRE. PoP ch. 18 "LOAD FP INTEGER". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, SHORT)
    return code if code != 0 else load_integer(cpu, SHORT, r1, second)


@jit
def fidr(cpu, storage, insn):
    """LOAD FP INTEGER (long HFP), RRE. PoP ch. 18 "LOAD FP INTEGER". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, LONG)
    return code if code != 0 else load_integer(cpu, LONG, r1, second)


@jit
def load_lengthened(cpu, r1, number):
    """Put a short number, with more digits that are zeros, into r1; return 0."""
    set_datum(cpu, LONG, r1, pack(number.sign, number.characteristic, number.fraction))
    return 0


@jit
def lder(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RRE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged. Nothing is normalized."""
    r1, second, code = rre_operands(cpu, insn, SHORT)
    return code if code != 0 else load_lengthened(cpu, r1, second)


@jit
def lde(cpu, storage, insn):
    """LOAD LENGTHENED (short to long HFP), RXE. PoP ch. 18 "LOAD LENGTHENED". cc unchanged. Nothing is normalized."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else load_lengthened(cpu, r1, second)


@jit
def ledr(cpu, storage, insn):
    """LOAD ROUNDED (long to short HFP), RR. PoP ch. 18 "LOAD ROUNDED". cc unchanged.

    A one is added at the first bit that is dropped. Nothing is normalized; only a carry shifts the fraction."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    if code != 0:
        return code
    fraction, characteristic = second.fraction + ROUNDING, second.characteristic
    if on(fraction, CARRY):
        fraction, characteristic = fraction >> DIGIT_BITS, characteristic + 1
    set_datum(cpu, SHORT, r1, pack(second.sign, characteristic, in_form(SHORT, fraction)))
    return HFP_EXPONENT_OVERFLOW if characteristic >= CHARACTERISTICS else 0
