"""ADD, SUBTRACT and COMPARE of HFP numbers: PoP ch. 18.

The fraction with the smaller characteristic is shifted to the right, and keeps one digit more than the format has: the
guard digit. A sum whose digits are all zero is a significance exception, if the program mask asks for it, and
keeps its characteristic; else it is a true zero. Unnormalized, the guard digit is dropped first.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bits
from s390emu.architecture.interruptions import HFP_SIGNIFICANCE
from s390emu.architecture.psw_bits import HFP_SIGNIFICANCE_MASK
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, less, shift_right
from s390emu.isa.floating_point.bfp_sum import difference
from s390emu.isa.floating_point.hfp_numbers import (
    CARRY,
    DIGIT_BITS,
    KEPT_HIGH,
    KEPT_LOW,
    ONE,
    ZERO,
    Number,
    finish,
    is_zero,
    negated,
    normalized,
    number_in,
    result_cc,
    rr_operands,
    rre_operands,
    rx_operands,
    set_number,
    set_true_zero,
    shifted_right,
)

# What a format has of a fraction, with the guard digit.
GUARDED_HIGH = np.array([bits(8, 35), bits(8, 63), bits(8, 63)], u64)
GUARDED_LOW = np.array([0, bits(0, 3), bits(0, 59)], u64)
PLUS, MINUS = u64(0), u64(1)  # the sign that a second operand is given
NORMALIZED, UNNORMALIZED = u64(0), u64(1)


@jit
def aligned(form, number, characteristic):
    """Return (high, low) of a fraction with its guard digit, shifted to the right until it has this characteristic."""
    high, low = shift_right(number.high, number.low, u64(characteristic - number.characteristic) * DIGIT_BITS)
    return high & GUARDED_HIGH[form], low & GUARDED_LOW[form]


@jit
def summed(form, first, second):
    """Return the intermediate sum; a carry has been shifted in. Zero is positive."""
    characteristic = max(first.characteristic, second.characteristic)
    high, low = aligned(form, first, characteristic)
    other_high, other_low = aligned(form, second, characteristic)
    sign = first.sign
    if first.sign == second.sign:
        low += other_low
        high += other_high + (ONE if low < other_low else ZERO)
    elif less(high, low, other_high, other_low):
        sign = second.sign
        high, low = difference(other_high, other_low, high, low)
    else:
        high, low = difference(high, low, other_high, other_low)
    total = Number(sign if (high | low) != ZERO else ZERO, characteristic, high, low)
    return shifted_right(total) if on(high, CARRY) else total


@jit
def insignificant(cpu, form, r1, total):
    """Put a result without significance into r1, and set cc 0; return a code."""
    cpu.cc = 0
    if on(cpu.psw_mask, HFP_SIGNIFICANCE_MASK):
        set_number(cpu, form, r1, Number(ZERO, total.characteristic, ZERO, ZERO))
        return HFP_SIGNIFICANCE
    return set_true_zero(cpu, form, r1)


@jit
def add_normalized(cpu, form, r1, second):
    """Add to r1, and set cc; return a code."""
    total = summed(form, number_in(cpu, form, r1), second)
    if is_zero(total):
        return insignificant(cpu, form, r1, total)
    code = finish(cpu, form, r1, normalized(total))
    cpu.cc = result_cc(number_in(cpu, form, r1))
    return code


@jit
def add_unnormalized(cpu, form, r1, second):
    """Add to r1, and set cc; return a code. There is no underflow."""
    total = summed(form, number_in(cpu, form, r1), second)
    kept = Number(total.sign, total.characteristic, total.high & KEPT_HIGH[form], total.low & KEPT_LOW[form])
    if is_zero(kept):
        return insignificant(cpu, form, r1, kept)
    cpu.cc = result_cc(kept)
    return finish(cpu, form, r1, kept)


@jit
def add(cpu, form, r1, second, sign, normalization):
    """Add to r1, or subtract from it, and set cc; return a code."""
    addend = negated(second) if sign == MINUS else second
    if normalization == NORMALIZED:
        return add_normalized(cpu, form, r1, addend)
    return add_unnormalized(cpu, form, r1, addend)


@jit
def add_register(cpu, insn, form, sign, normalization):
    """Execute the RR instruction; return a code."""
    r1, second, code = rr_operands(cpu, insn, form, form)
    return code if code != 0 else add(cpu, form, r1, second, sign, normalization)


@jit
def add_storage(cpu, storage, insn, form, sign, normalization):
    """Execute the RX instruction; return a code."""
    r1, second, code = rx_operands(cpu, storage, insn, form, form)
    return code if code != 0 else add(cpu, form, r1, second, sign, normalization)


@jit
def compare(cpu, form, r1, second):
    """Compare r1, as if the second operand were subtracted from it, and set cc; return 0."""
    cpu.cc = result_cc(summed(form, number_in(cpu, form, r1), negated(second)))
    return 0


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def aer(cpu, storage, insn):
    """ADD NORMALIZED (short HFP), RR. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, SHORT, PLUS, NORMALIZED)


@jit
def ae(cpu, storage, insn):
    """ADD NORMALIZED (short HFP), RX-a. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, SHORT, PLUS, NORMALIZED)


@jit
def adr(cpu, storage, insn):
    """ADD NORMALIZED (long HFP), RR. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, LONG, PLUS, NORMALIZED)


@jit
def ad(cpu, storage, insn):
    """ADD NORMALIZED (long HFP), RX-a. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, LONG, PLUS, NORMALIZED)


@jit
def axr(cpu, storage, insn):
    """ADD NORMALIZED (extended HFP), RR. PoP ch. 18 "ADD NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, EXTENDED, PLUS, NORMALIZED)


@jit
def ser(cpu, storage, insn):
    """SUBTRACT NORMALIZED (short HFP), RR. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, SHORT, MINUS, NORMALIZED)


@jit
def se(cpu, storage, insn):
    """SUBTRACT NORMALIZED (short HFP), RX-a. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, SHORT, MINUS, NORMALIZED)


@jit
def sdr(cpu, storage, insn):
    """SUBTRACT NORMALIZED (long HFP), RR. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, LONG, MINUS, NORMALIZED)


@jit
def sd(cpu, storage, insn):
    """SUBTRACT NORMALIZED (long HFP), RX-a. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, LONG, MINUS, NORMALIZED)


@jit
def sxr(cpu, storage, insn):
    """SUBTRACT NORMALIZED (extended HFP), RR. PoP ch. 18 "SUBTRACT NORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, EXTENDED, MINUS, NORMALIZED)


@jit
def aur(cpu, storage, insn):
    """ADD UNNORMALIZED (short HFP), RR. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, SHORT, PLUS, UNNORMALIZED)


@jit
def au(cpu, storage, insn):
    """ADD UNNORMALIZED (short HFP), RX-a. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, SHORT, PLUS, UNNORMALIZED)


@jit
def awr(cpu, storage, insn):
    """ADD UNNORMALIZED (long HFP), RR. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, LONG, PLUS, UNNORMALIZED)


@jit
def aw(cpu, storage, insn):
    """ADD UNNORMALIZED (long HFP), RX-a. PoP ch. 18 "ADD UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, LONG, PLUS, UNNORMALIZED)


@jit
def sur(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (short HFP), RR. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, SHORT, MINUS, UNNORMALIZED)


@jit
def su(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (short HFP), RX-a. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, SHORT, MINUS, UNNORMALIZED)


@jit
def swr(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (long HFP), RR. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_register(cpu, insn, LONG, MINUS, UNNORMALIZED)


@jit
def sw(cpu, storage, insn):
    """SUBTRACT UNNORMALIZED (long HFP), RX-a. PoP ch. 18 "SUBTRACT UNNORMALIZED". cc 0 zero, 1 less, 2 greater."""
    return add_storage(cpu, storage, insn, LONG, MINUS, UNNORMALIZED)


@jit
def cer(cpu, storage, insn):
    """COMPARE (short HFP), RR. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def ce(cpu, storage, insn):
    """COMPARE (short HFP), RX-a. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else compare(cpu, SHORT, r1, second)


@jit
def cdr(cpu, storage, insn):
    """COMPARE (long HFP), RR. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)


@jit
def cd(cpu, storage, insn):
    """COMPARE (long HFP), RX-a. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else compare(cpu, LONG, r1, second)


@jit
def cxr(cpu, storage, insn):
    """COMPARE (extended HFP), RRE. PoP ch. 18 "COMPARE". cc 0 equal, 1 low, 2 high."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else compare(cpu, EXTENDED, r1, second)
