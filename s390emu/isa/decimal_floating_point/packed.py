"""CONVERT TO and FROM SIGNED and UNSIGNED PACKED: PoP ch. 20. Digits in general registers, an extended number's in an
even-odd pair; the quantum is one, or it is not regarded."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.interruptions import DXC_DECIMAL_OPERAND, SPECIFICATION
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal.packed import all_digits
from s390emu.isa.decimal_floating_point.digits import Digits
from s390emu.isa.decimal_floating_point.numbers import BIAS, pack
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, ONE
from s390emu.isa.floating_point.bfp_operands import pairs_of, set_datum
from s390emu.isa.general.bit_counts import ODD
from s390emu.isa.general.convert import DIGIT_BITS, MINUS, PLUS, TEN, minus
from s390emu.isa.operands import LOW4, r20, rre

OTHER_PLUS = u64(0xF)
PLUS_CONTROL = u64(1)  # bit 3 of M4
FIRST_DIGIT = u64(60)  # how far it is shifted to be right-aligned
NO_DIGITS = u64(0)


@jit
def registers_code(cpu, form, floating, general):
    """Return the code for registers that are not available: an extended operand has a pair of each kind."""
    code = availability(cpu, pairs_of(form, floating))
    return SPECIFICATION if code == 0 and form == EXTENDED and on(general, ODD) else code


@jit
def set_packed(cpu, form, r1, left, right):
    """Set a general register, or a pair, to 16 or 32 codes."""
    if form == EXTENDED:
        cpu.gr[r1], cpu.gr[r1 + ODD] = left, right
    else:
        cpu.gr[r1] = right


@jit
def packed_in(cpu, form, r2):
    """Return (left, right): the codes in a general register, or a pair."""
    if form == EXTENDED:
        return cpu.gr[r2], cpu.gr[r2 + ODD]
    return NO_DIGITS, cpu.gr[r2]


@jit
def sign_code(negative, other_plus):
    """Return the code of a sign, for plus one of two."""
    if negative:
        return MINUS
    return OTHER_PLUS if other_plus else PLUS


@jit
def sign_of(codes):
    """Return 1 if the rightmost code is a minus sign, else 0."""
    return ONE if minus(codes) else u64(0)


# --- to packed --------------------------------------------------------------------------------------------------------


@jit
def convert_to_unsigned(cpu, form, insn):
    """Set r1 to the rightmost digits of r2; return a code."""
    r1, r2 = rre(insn)
    code = registers_code(cpu, form, r2, r1)
    if code == 0:
        digits = number_in(cpu, form, r2).digits
        set_packed(cpu, form, r1, digits.d, digits.e)
    return code


@jit
def convert_to_signed(cpu, form, insn):
    """Set r1 to the rightmost digits of r2 and its sign; return a code."""
    r1, r2 = rre(insn)
    code = registers_code(cpu, form, r2, r1)
    if code == 0:
        number = number_in(cpu, form, r2)
        d, e = number.digits.d, number.digits.e
        sign = sign_code(number.sign != u64(0), on(r20(insn), PLUS_CONTROL))
        set_packed(cpu, form, r1, (d << DIGIT_BITS) | (e >> FIRST_DIGIT), (e << DIGIT_BITS) | sign)
    return code


@jit
def cudtr(cpu, storage, insn):
    """CONVERT TO UNSIGNED PACKED (long DFP to 64), RRE. PoP ch. 20 "CONVERT TO UNSIGNED
    PACKED". cc unchanged."""
    return convert_to_unsigned(cpu, LONG, insn)


@jit
def cuxtr(cpu, storage, insn):
    """CONVERT TO UNSIGNED PACKED (extended DFP to 128), RRE. PoP ch. 20 "CONVERT TO UNSIGNED
    PACKED". cc unchanged."""
    return convert_to_unsigned(cpu, EXTENDED, insn)


@jit
def csdtr(cpu, storage, insn):
    """CONVERT TO SIGNED PACKED (long DFP to 64), RRF-d. PoP ch. 20 "CONVERT TO SIGNED PACKED". cc unchanged."""
    return convert_to_signed(cpu, LONG, insn)


@jit
def csxtr(cpu, storage, insn):
    """CONVERT TO SIGNED PACKED (extended DFP to 128), RRF-d. PoP ch. 20 "CONVERT TO SIGNED PACKED". cc unchanged."""
    return convert_to_signed(cpu, EXTENDED, insn)


# --- from packed ------------------------------------------------------------------------------------------------------


@jit
def set_integer(cpu, form, r1, sign, left, right):
    """Set r1 to an integer of quantum one; return a code: that of a data exception if a code is no digit."""
    if not (all_digits(left) and all_digits(right)):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    high, low = pack(form, sign, BIAS[form], Digits(NO_DIGITS, NO_DIGITS, NO_DIGITS, left, right))
    set_datum(cpu, form, r1, high, low)
    return 0


@jit
def convert_from_unsigned(cpu, form, insn):
    """Set r1 to the digits in r2; return a code."""
    r1, r2 = rre(insn)
    code = registers_code(cpu, form, r1, r2)
    if code != 0:
        return code
    left, right = packed_in(cpu, form, r2)
    return set_integer(cpu, form, r1, u64(0), left, right)


@jit
def convert_from_signed(cpu, form, insn):
    """Set r1 to the digits and sign in r2; return a code."""
    r1, r2 = rre(insn)
    code = registers_code(cpu, form, r1, r2)
    if code != 0:
        return code
    left, right = packed_in(cpu, form, r2)
    if right & LOW4 < TEN:
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    digits = (right >> DIGIT_BITS) | (left << FIRST_DIGIT)
    return set_integer(cpu, form, r1, sign_of(right), left >> DIGIT_BITS, digits)


@jit
def cdutr(cpu, storage, insn):
    """CONVERT FROM UNSIGNED PACKED (64 to long DFP), RRE. PoP ch. 20 "CONVERT FROM UNSIGNED
    PACKED". cc unchanged."""
    return convert_from_unsigned(cpu, LONG, insn)


@jit
def cxutr(cpu, storage, insn):
    """CONVERT FROM UNSIGNED PACKED (128 to extended DFP), RRE. PoP ch. 20 "CONVERT FROM UNSIGNED
    PACKED". cc unchanged."""
    return convert_from_unsigned(cpu, EXTENDED, insn)


@jit
def cdstr(cpu, storage, insn):
    """CONVERT FROM SIGNED PACKED (64 to long DFP), RRE. PoP ch. 20 "CONVERT FROM SIGNED
    PACKED". cc unchanged."""
    return convert_from_signed(cpu, LONG, insn)


@jit
def cxstr(cpu, storage, insn):
    """CONVERT FROM SIGNED PACKED (128 to extended DFP), RRE. PoP ch. 20 "CONVERT FROM SIGNED
    PACKED". cc unchanged."""
    return convert_from_signed(cpu, EXTENDED, insn)
