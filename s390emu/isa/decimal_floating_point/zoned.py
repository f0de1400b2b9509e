"""CONVERT FROM ZONED, CONVERT TO ZONED: PoP ch. 20. The zones of an operand in storage are not regarded, but for the
sign where M3 says that there is one; the quantum is one, or it is not regarded."""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import DECIMAL_OVERFLOW, DXC_DECIMAL_OPERAND, SPECIFICATION
from s390emu.architecture.psw_bits import DECIMAL_OVERFLOW_MASK
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal_floating_point.digits import Digits, is_none, none, right_by_one, shift_left
from s390emu.isa.decimal_floating_point.numbers import BIAS, PRECISION, pack
from s390emu.isa.decimal_floating_point.operands import availability, number_in
from s390emu.isa.decimal_floating_point.packed import sign_code, sign_of
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, FINITE, LONG
from s390emu.isa.floating_point.bfp_operands import pairs_of, set_datum
from s390emu.isa.general.convert import DIGIT_BITS, TEN
from s390emu.isa.operands import LOW4, based, field, imm8, r32
from s390emu.storage.access import get_byte, probe_fetch, probe_store, put_byte

ONE = u64(1)
SIGN_CONTROL, ZONE_CONTROL, PLUS_CONTROL, FORCE_PLUS_ZERO = u64(8), u64(4), u64(2), u64(1)  # bits of M3
ZONE, OTHER_ZONE = u64(0xF), u64(0x3)
PARTIAL = 3  # condition code


@jit
def m3_of(insn):
    return field(insn, u64(36), u64(4))


@jit
def operands(cpu, form, insn):
    """Return (r1, length of the operand in storage, its address, code): no more bytes than the format has digits."""
    r1, length = r32(insn), imm8(insn) + ONE
    code = availability(cpu, pairs_of(form, r1))
    if code == 0 and i64(length) > PRECISION[form]:
        code = SPECIFICATION
    return r1, length, based(cpu, insn), code


# --- from zoned ------------------------------------------------------------------------------------------------------


@jit
def zoned_digits(span, length):
    """Return (digits, the zone of the rightmost byte, True if all digits are valid)."""
    digits, zone, valid = none(), u64(0), True
    for i in range(i64(length)):
        byte = get_byte(span, u64(i))
        zone, digit = byte >> DIGIT_BITS, byte & LOW4
        valid = valid and digit < TEN
        digits = shift_left(digits, i64(1))
        digits = Digits(digits.a, digits.b, digits.c, digits.d, digits.e | digit)
    return digits, zone, valid


@jit
def convert_from_zoned(cpu, storage, form, insn):
    """Set r1 to the digits in storage; return a code."""
    r1, length, address, code = operands(cpu, form, insn)
    if code != 0:
        return code
    span, code = probe_fetch(cpu, storage, address, length)
    if code != 0:
        return code
    digits, zone, valid = zoned_digits(span, length)
    signed = on(m3_of(insn), SIGN_CONTROL)
    if not valid or (signed and zone < TEN):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    high, low = pack(form, sign_of(zone) if signed else u64(0), BIAS[form], digits)
    set_datum(cpu, form, r1, high, low)
    return 0


@jit
def cdzt(cpu, storage, insn):
    """CONVERT FROM ZONED (to long DFP), RSL-b. PoP ch. 20 "CONVERT FROM ZONED". cc unchanged."""
    return convert_from_zoned(cpu, storage, LONG, insn)


@jit
def cxzt(cpu, storage, insn):
    """CONVERT FROM ZONED (to extended DFP), RSL-b. PoP ch. 20 "CONVERT FROM ZONED". cc unchanged."""
    return convert_from_zoned(cpu, storage, EXTENDED, insn)


# --- to zoned --------------------------------------------------------------------------------------------------------


@jit
def put_zoned(span, length, digits, zone):
    """Store the rightmost digits with this zone; return (True if any is not zero, those that are left)."""
    some = False
    for i in range(i64(length)):
        digits, digit = right_by_one(digits)
        some = some or digit != u64(0)
        put_byte(span, length - ONE - u64(i), (zone << DIGIT_BITS) | digit)
    return some, digits


@jit
def convert_to_zoned(cpu, storage, form, insn):
    """Store the rightmost digits of r1, and set cc: 0 zero, 1 less than zero, 2 greater; 3 an infinity or NaN, or
    digits other than zero are lost. That is a decimal overflow. Return a code."""
    r1, length, address, code = operands(cpu, form, insn)
    if code != 0:
        return code
    span, code = probe_store(cpu, storage, address, length)
    if code != 0:
        return code
    number, m3 = number_in(cpu, form, r1), m3_of(insn)
    some, lost = put_zoned(span, length, number.digits, OTHER_ZONE if on(m3, ZONE_CONTROL) else ZONE)
    if on(m3, SIGN_CONTROL):
        negative = number.sign != u64(0) and (some or not on(m3, FORCE_PLUS_ZERO))
        last = number.digits.e & LOW4
        put_byte(span, length - ONE, (sign_code(negative, on(m3, PLUS_CONTROL)) << DIGIT_BITS) | last)
    overflow = not is_none(lost)
    if number.kind > FINITE or overflow:
        cpu.cc = PARTIAL
    else:
        cpu.cc = 0 if not some else 1 if number.sign != u64(0) else 2
    return DECIMAL_OVERFLOW if overflow and on(cpu.psw_mask, DECIMAL_OVERFLOW_MASK) else 0


@jit
def czdt(cpu, storage, insn):
    """CONVERT TO ZONED (from long DFP), RSL-b. PoP ch. 20 "CONVERT TO ZONED". cc 0-3."""
    return convert_to_zoned(cpu, storage, LONG, insn)


@jit
def czxt(cpu, storage, insn):
    """CONVERT TO ZONED (from extended DFP), RSL-b. PoP ch. 20 "CONVERT TO ZONED". cc 0-3."""
    return convert_to_zoned(cpu, storage, EXTENDED, insn)
