"""ADD, SUBTRACT and COMPARE of short and long HFP numbers: PoP ch. 18.

The fraction with the smaller characteristic is shifted to the right, and keeps one digit more than the format has: the
guard digit. A sum whose digits are all zero is a significance exception, if the program mask asks for it, and
keeps its characteristic; else it is a true zero. Unnormalized, the guard digit is dropped first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import HFP_SIGNIFICANCE
from s390emu.architecture.psw_bits import HFP_SIGNIFICANCE_MASK
from s390emu.isa.floating_point.hfp_numbers import (
    DIGIT_BITS,
    LONG,
    ONE,
    SHORT,
    ZERO,
    Number,
    finish,
    in_form,
    number_in,
    pack,
    result_cc,
    rr_operands,
    rx_operands,
    set_datum,
)

GUARDED_DIGITS = 15  # of a long fraction, with the guard digit
SHORT_GUARDED = bits(4, 31)  # a short fraction with its guard digit, where a long one has its first digits
CARRY, FIRST_DIGIT_GUARDED = bits(0, 3), bits(4, 7)


class Sum(NamedTuple):
    """An intermediate sum: 56 bits of fraction and four of guard digit."""

    sign: np.uint64
    characteristic: np.int64
    fraction: np.uint64


@jit
def aligned(form, fraction, difference):
    """Return a fraction with its guard digit, shifted to the right by so many digits."""
    if difference >= GUARDED_DIGITS:
        return ZERO
    shifted = fraction << DIGIT_BITS >> (u64(difference) * DIGIT_BITS)
    return shifted & SHORT_GUARDED if form == SHORT else shifted


@jit
def summed(form, first, second):
    """Return the intermediate sum; a carry has been shifted in. Zero is positive."""
    characteristic = max(first.characteristic, second.characteristic)
    augend = aligned(form, first.fraction, characteristic - first.characteristic)
    addend = aligned(form, second.fraction, characteristic - second.characteristic)
    sign = first.sign
    if first.sign == second.sign:
        total = augend + addend
    elif augend >= addend:
        total = augend - addend
    else:
        total, sign = addend - augend, second.sign
    if on(total, CARRY):
        total, characteristic = total >> DIGIT_BITS, characteristic + 1
    return Sum(sign if total != ZERO else ZERO, characteristic, total)


@jit
def negated(number):
    return Number(number.sign ^ ONE, number.characteristic, number.fraction)


@jit
def insignificant(cpu, form, r1, characteristic):
    """Put a result without significance into r1, and set cc 0; return a code."""
    cpu.cc = 0
    significance = on(cpu.psw_mask, HFP_SIGNIFICANCE_MASK)
    set_datum(cpu, form, r1, pack(ZERO, characteristic, ZERO) if significance else ZERO)
    return HFP_SIGNIFICANCE if significance else 0


@jit
def add_normalized(cpu, form, r1, second):
    """Add to r1, and set cc; return a code."""
    total = summed(form, number_in(cpu, form, r1), second)
    characteristic, fraction = total.characteristic, total.fraction
    if fraction == ZERO:
        return insignificant(cpu, form, r1, characteristic)
    while not on(fraction, FIRST_DIGIT_GUARDED):
        fraction = fraction << DIGIT_BITS
        characteristic -= 1
    code = finish(cpu, form, r1, total.sign, characteristic, fraction >> DIGIT_BITS)
    cpu.cc = result_cc(total.sign, number_in(cpu, form, r1).fraction)
    return code


@jit
def add_unnormalized(cpu, form, r1, second):
    """Add to r1, and set cc; return a code. There is no underflow."""
    total = summed(form, number_in(cpu, form, r1), second)
    fraction = in_form(form, total.fraction >> DIGIT_BITS)
    if fraction == ZERO:
        return insignificant(cpu, form, r1, total.characteristic)
    cpu.cc = result_cc(total.sign, fraction)
    return finish(cpu, form, r1, total.sign, total.characteristic, fraction)


@jit
def compare(cpu, form, r1, second):
    """Compare r1, as if the second operand were subtracted from it, and set cc; return 0."""
    difference = summed(form, number_in(cpu, form, r1), negated(second))
    cpu.cc = result_cc(difference.sign, difference.fraction)
    return 0


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def aer(cpu, storage, insn):
    """ADD NORMALIZED (short HFP), RR. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else add_normalized(cpu, SHORT, r1, second)


@jit
def ae(cpu, storage, insn):
    """ADD NORMALIZED (short HFP), RX-a. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else add_normalized(cpu, SHORT, r1, second)


@jit
def adr(cpu, storage, insn):
    """ADD NORMALIZED (long HFP), RR. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else add_normalized(cpu, LONG, r1, second)


@jit
def ad(cpu, storage, insn):
    """ADD NORMALIZED (long HFP), RX-a. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else add_normalized(cpu, LONG, r1, second)


@jit
def ser(cpu, storage, insn):
    """SUBTRACT NORMALIZED (short HFP), RR. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else add_normalized(cpu, SHORT, r1, negated(second))


@jit
def se(cpu, storage, insn):
    """SUBTRACT NORMALIZED (short HFP), RX-a. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else add_normalized(cpu, SHORT, r1, negated(second))


@jit
def sdr(cpu, storage, insn):
    """SUBTRACT NORMALIZED (long HFP), RR. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else add_normalized(cpu, LONG, r1, negated(second))


@jit
def sd(cpu, storage, insn):
    """SUBTRACT NORMALIZED (long HFP), RX-a. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else add_normalized(cpu, LONG, r1, negated(second))


@jit
def aur(cpu, storage, insn):
    """ADD UNNORMALIZED (short HFP), RR. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else add_unnormalized(cpu, SHORT, r1, second)


@jit
def au(cpu, storage, insn):
    """ADD UNNORMALIZED (short HFP), RX-a. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else add_unnormalized(cpu, SHORT, r1, second)


@jit
def awr(cpu, storage, insn):
    """ADD UNNORMALIZED (long HFP), RR. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else add_unnormalized(cpu, LONG, r1, second)


@jit
def aw(cpu, storage, insn):
    """ADD UNNORMALIZED (long HFP), RX-a. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else add_unnormalized(cpu, LONG, r1, second)


@jit
def sur(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (short HFP), RR. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else add_unnormalized(cpu, SHORT, r1, negated(second))


@jit
def su(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (short HFP), RX-a. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else add_unnormalized(cpu, SHORT, r1, negated(second))


@jit
def swr(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (long HFP), RR. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else add_unnormalized(cpu, LONG, r1, negated(second))


@jit
def sw(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (long HFP), RX-a. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else add_unnormalized(cpu, LONG, r1, negated(second))


@jit
def cer(cpu, storage, insn):
    """COMPARE (short HFP), RR. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rr_operands(cpu, insn, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def ce(cpu, storage, insn):
    """COMPARE (short HFP), RX-a. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def cdr(cpu, storage, insn):
    """COMPARE (long HFP), RR. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rr_operands(cpu, insn, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)


@jit
def cd(cpu, storage, insn):
    """COMPARE (long HFP), RX-a. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)
