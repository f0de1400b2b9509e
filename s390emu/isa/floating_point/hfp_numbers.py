"""Short and long hexadecimal-floating-point numbers, and where instructions find and put them: PoP ch. 18.

A datum is a doubleword here, of which a short one takes bits 0-31, the rest being zeros. Its fraction has 56 bits, of a
short one the rightmost 32 of them zeros; an intermediate one has a guard digit more. While bit 45 of control register
0 is zero, other registers than 0, 2, 4 and 6 cause a data exception with DXC 1, before anything else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import DXC_AFP_REGISTER, HFP_EXPONENT_OVERFLOW, HFP_EXPONENT_UNDERFLOW
from s390emu.architecture.psw_bits import HFP_UNDERFLOW_MASK
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.load_store import lacks_afp, set_short
from s390emu.isa.operands import rr, rre, rx
from s390emu.isa.registers import HIGH32
from s390emu.storage.access import fetch_doubleword, fetch_word

SHORT, LONG = u64(0), u64(1)
ZERO, ONE = u64(0), u64(1)
SIGN = bit(0)
SIGN_SHIFT, CHARACTERISTIC_SHIFT, CHARACTERISTIC = u64(63), u64(56), u64(0x7F)
FRACTION = bits(8, 63)
FIRST_DIGIT = bits(8, 11)  # of a fraction
DIGIT_BITS = u64(4)
CHARACTERISTICS, BIAS = 128, 64


class Number(NamedTuple):
    """sign: 0 or 1; characteristic: 0 to 127, of an intermediate result outside of that too; fraction: 56 bits."""

    sign: np.uint64
    characteristic: np.int64
    fraction: np.uint64


@jit
def unpack(datum):
    return Number(datum >> SIGN_SHIFT, i64((datum >> CHARACTERISTIC_SHIFT) & CHARACTERISTIC), datum & FRACTION)


@jit
def pack(sign, characteristic, fraction):
    """Return a datum; of the characteristic the rightmost seven bits count."""
    return (sign << SIGN_SHIFT) | ((u64(characteristic) & CHARACTERISTIC) << CHARACTERISTIC_SHIFT) | fraction


@jit
def in_form(form, fraction):
    """Return the fraction with the digits that the format has; the others are dropped."""
    return fraction & HIGH32 if form == SHORT else fraction


@jit
def normalize(characteristic, fraction):
    """Return (characteristic, fraction) with a first digit that is not zero. The fraction is not zero."""
    while not on(fraction, FIRST_DIGIT):
        fraction = fraction << DIGIT_BITS
        characteristic -= 1
    return characteristic, fraction


@jit
def result_cc(sign, fraction):
    """Return 0 for zero, 1 for less than zero, 2 for greater."""
    return 0 if fraction == ZERO else 1 if sign != ZERO else 2


# --- operands and results --------------------------------------------------------------------------------------------


@jit
def datum_in(cpu, form, r):
    return cpu.fpr[r] if form == LONG else cpu.fpr[r] & HIGH32


@jit
def set_datum(cpu, form, r, datum):
    """Put a datum into a register; a short one leaves bits 32-63 unchanged."""
    if form == LONG:
        cpu.fpr[r] = datum
    else:
        set_short(cpu, r, datum)


@jit
def of_registers(cpu, form, r1, r2):
    """Return (second operand, code)."""
    if lacks_afp(cpu, r1 | r2):
        return unpack(ZERO), data_exception(cpu, DXC_AFP_REGISTER)
    return unpack(datum_in(cpu, form, r2)), 0


@jit
def rr_operands(cpu, insn, form):
    """Return (r1, second operand, code) of RR. form: of the second operand."""
    r1, r2 = rr(insn)
    second, code = of_registers(cpu, form, r1, r2)
    return r1, second, code


@jit
def rre_operands(cpu, insn, form):
    """Return (r1, second operand, code) of RRE. form: of the second operand."""
    r1, r2 = rre(insn)
    second, code = of_registers(cpu, form, r1, r2)
    return r1, second, code


@jit
def rx_operands(cpu, storage, insn, form):
    """Return (r1, second operand, code) of RX and RXE. form: of the second operand."""
    r1, address = rx(cpu, insn)
    if lacks_afp(cpu, r1):
        return r1, unpack(ZERO), data_exception(cpu, DXC_AFP_REGISTER)
    if form == LONG:
        datum, code = fetch_doubleword(cpu, storage, address)
        return r1, unpack(datum), code
    word, code = fetch_word(cpu, storage, address)
    return r1, unpack(word << WORD_BITS), code


@jit
def number_in(cpu, form, r):
    return unpack(datum_in(cpu, form, r))


@jit
def finish(cpu, form, r1, sign, characteristic, fraction):
    """Put a normalized result, or one whose characteristic is not below 0, into r1; return a code.

    Exponent overflow and underflow complete the operation, with a characteristic that is 128 too small or too large;
    underflow that the program mask does not ask for makes a true zero."""
    code = 0
    if fraction == ZERO or (characteristic < 0 and not on(cpu.psw_mask, HFP_UNDERFLOW_MASK)):
        sign, characteristic, fraction = ZERO, 0, ZERO
    elif characteristic < 0:
        code = HFP_EXPONENT_UNDERFLOW
    elif characteristic >= CHARACTERISTICS:
        code = HFP_EXPONENT_OVERFLOW
    set_datum(cpu, form, r1, pack(sign, characteristic, in_form(form, fraction)))
    return code
