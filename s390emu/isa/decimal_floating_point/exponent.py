"""EXTRACT BIASED EXPONENT, EXTRACT SIGNIFICANCE, INSERT BIASED EXPONENT, SHIFT SIGNIFICAND: PoP ch. 20. They make and
take apart data of any class, and recognize no IEEE exception."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.isa.decimal_floating_point.digits import digit_count, shift_left, shift_right
from s390emu.isa.decimal_floating_point.numbers import GREATEST_EXPONENT, pack, pack_special
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, FINITE, INFINITY, LONG, QNAN, SNAN
from s390emu.isa.floating_point.bfp_operands import pairs_of, set_datum
from s390emu.isa.operands import r32, rre, rrf_b, rx

# What stands for the exponent, or significance, of other data than numbers.
OF_INFINITY, OF_QNAN, OF_SNAN = i64(-1), i64(-2), i64(-3)
SHIFT_BITS = u64(0x3F)  # of the second-operand address


@jit
def special_exponent(kind):
    """Return what stands for the exponent of an infinity or NaN."""
    if kind == INFINITY:
        return OF_INFINITY
    return OF_QNAN if kind == QNAN else OF_SNAN


@jit
def special_kind(exponent):
    """Return the kind of datum that an exponent stands for which no number has."""
    if exponent == OF_INFINITY:
        return INFINITY
    return SNAN if exponent == OF_SNAN else QNAN


@jit
def put(cpu, form, r1, kind, sign, exponent, digits):
    """Set r1 to a datum of this kind with the rightmost of these digits."""
    if kind > FINITE:
        high, low = pack_special(form, kind, sign, digits)
    else:
        high, low = pack(form, sign, exponent, digits)
    set_datum(cpu, form, r1, high, low)


# --- EXTRACT ----------------------------------------------------------------------------------------------------------


@jit
def extract_exponent(cpu, form, insn):
    """Set general register r1 to the biased exponent of r2; return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r2))
    if code == 0:
        number = number_in(cpu, form, r2)
        cpu.gr[r1] = u64(special_exponent(number.kind) if number.kind > FINITE else number.exponent)
    return code


@jit
def extract_significance(cpu, form, insn):
    """Set general register r1 to the number of significant digits of r2; return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r2))
    if code == 0:
        number = number_in(cpu, form, r2)
        cpu.gr[r1] = u64(special_exponent(number.kind) if number.kind > FINITE else digit_count(number.digits))
    return code


@jit
def eedtr(cpu, storage, insn):
    """EXTRACT BIASED EXPONENT (long DFP to 64), RRE. PoP ch. 20 "EXTRACT BIASED EXPONENT". cc unchanged."""
    return extract_exponent(cpu, LONG, insn)


@jit
def eextr(cpu, storage, insn):
    """EXTRACT BIASED EXPONENT (extended DFP to 64), RRE. PoP ch. 20 "EXTRACT BIASED EXPONENT". cc unchanged."""
    return extract_exponent(cpu, EXTENDED, insn)


@jit
def esdtr(cpu, storage, insn):
    """EXTRACT SIGNIFICANCE (long DFP to 64), RRE. PoP ch. 20 "EXTRACT SIGNIFICANCE". cc unchanged."""
    return extract_significance(cpu, LONG, insn)


@jit
def esxtr(cpu, storage, insn):
    """EXTRACT SIGNIFICANCE (extended DFP to 64), RRE. PoP ch. 20 "EXTRACT SIGNIFICANCE". cc unchanged."""
    return extract_significance(cpu, EXTENDED, insn)


# --- INSERT BIASED EXPONENT -------------------------------------------------------------------------------------------


@jit
def insert_exponent(cpu, form, insn):
    """Set r1 to the datum in r3 with the biased exponent in general register r2; return a code."""
    r1, r2, r3 = rrf_b(insn)
    code = availability(cpu, pairs_of(form, r1 | r3))
    if code == 0:
        number, exponent = number_in(cpu, form, r3), i64(cpu.gr[r2])
        within = exponent >= 0 and exponent <= GREATEST_EXPONENT[form]
        kind = FINITE if within else special_kind(exponent)
        put(cpu, form, r1, kind, number.sign, exponent, number.digits)
    return code


@jit
def iedtr(cpu, storage, insn):
    """INSERT BIASED EXPONENT (64 to long DFP), RRF-b. PoP ch. 20 "INSERT BIASED EXPONENT". cc unchanged."""
    return insert_exponent(cpu, LONG, insn)


@jit
def iextr(cpu, storage, insn):
    """INSERT BIASED EXPONENT (64 to extended DFP), RRF-b. PoP ch. 20 "INSERT BIASED EXPONENT". cc unchanged."""
    return insert_exponent(cpu, EXTENDED, insn)


# --- SHIFT SIGNIFICAND ------------------------------------------------------------------------------------------------


@jit
def shift_significand(cpu, form, insn, left):
    """Set r1 to the datum in r3 with its digits shifted by the rightmost six bits of the second-operand address; return
    a code."""
    r3, address = rx(cpu, insn)
    r1, count = r32(insn), i64(address & SHIFT_BITS)
    code = availability(cpu, pairs_of(form, r1 | r3))
    if code == 0:
        number = number_in(cpu, form, r3)
        if left:
            digits = shift_left(number.digits, count)
        else:
            digits, _ = shift_right(number.digits, count)
        put(cpu, form, r1, number.kind, number.sign, number.exponent, digits)
    return code


@jit
def sldt(cpu, storage, insn):
    """SHIFT SIGNIFICAND LEFT (long DFP), RXF. PoP ch. 20 "SHIFT SIGNIFICAND LEFT". cc unchanged."""
    return shift_significand(cpu, LONG, insn, True)


@jit
def slxt(cpu, storage, insn):
    """SHIFT SIGNIFICAND LEFT (extended DFP), RXF. PoP ch. 20 "SHIFT SIGNIFICAND LEFT". cc unchanged."""
    return shift_significand(cpu, EXTENDED, insn, True)


@jit
def srdt(cpu, storage, insn):
    """SHIFT SIGNIFICAND RIGHT (long DFP), RXF. PoP ch. 20 "SHIFT SIGNIFICAND RIGHT". cc unchanged."""
    return shift_significand(cpu, LONG, insn, False)


@jit
def srxt(cpu, storage, insn):
    """SHIFT SIGNIFICAND RIGHT (extended DFP), RXF. PoP ch. 20 "SHIFT SIGNIFICAND RIGHT". cc unchanged."""
    return shift_significand(cpu, EXTENDED, insn, False)
