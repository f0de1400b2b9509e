"""Vector decimal instructions: PoP ch. 25.

A register holds a number in the signed-packed-decimal format of chapter 8: 31 digits and a sign. Before anything else
come the checks of `registers.availability`; then data exceptions (invalid codes), then decimal divide; all suppress. An
overflow completes the operation: the rightmost digits of the result are kept, with its sign.

With the vector-packed-decimal-enhancement facility (152) the leftmost bit beside the number of digits or of places, or
of M4 of VECTOR CONVERT TO BINARY, says that an overflow does not interrupt. From memory of the manual alone: a sign
that a mask forces to be positive is not checked; the condition code tells the result as it is stored. Not known
exactly, hence taken as reserved: bit 1 of I4 of VECTOR PERFORM SIGN OPERATION DECIMAL.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW32, bit
from s390emu.architecture.interruptions import DECIMAL_DIVIDE, DECIMAL_OVERFLOW, DXC_DECIMAL_OPERAND
from s390emu.architecture.psw_bits import DECIMAL_OVERFLOW_MASK
from s390emu.architecture.sizes import DOUBLEWORD_BITS, WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal.numbers import (
    ALL_DIGITS,
    Number,
    difference,
    digits_in,
    is_zero,
    negated,
    number_in,
    signed_cc,
    total,
)
from s390emu.isa.decimal.packed import (
    FIRST_DIGIT,
    Packed,
    check_store,
    digits_valid,
    last_digit,
    pushed,
    sign_valid,
    without_last_digit,
    without_sign,
)
from s390emu.isa.general.arithmetic import CC_OVERFLOW, magnitude, negative
from s390emu.isa.general.convert import DIGIT_BITS, DIGITS_POWER, MINUS, PLUS, TEN, minus
from s390emu.isa.operands import LOW4, based, field, imm8, r8, r12, sign_extend
from s390emu.isa.registers import set_low
from s390emu.isa.vector.registers import (
    ALL_ONES,
    Vector,
    availability,
    enhanced,
    mask24,
    mask28,
    mask32,
    set_vector,
    v8,
    v12,
    v16,
    v32,
    vector,
)
from s390emu.storage.access import get_byte, probe_fetch, probe_store, put_byte

ENHANCEMENT = bit(152 - 128)  # in the third doubleword of the facility list
ZERO, ONE = u64(0), u64(1)
NO_INTERRUPTION, COUNT, REST_OF_COUNT = u64(0x80), u64(0x1F), u64(0x60)  # an immediate: a bit, a number, zeros
# Bits of the mask of most instructions: the second operand, the third, the result are positive; set cc.
SECOND_POSITIVE, THIRD_POSITIVE, RESULT_POSITIVE, SET_CC = u64(8), u64(4), u64(2), u64(1)
UNSIGNED = u64(0xF)  # the sign code of a result that a mask makes positive
DIGITS_OF_WORD = u64(15)  # in the doubleword that has the sign
HALF = u64(5)
UPPER_POWER = u64(10**16)  # what a Number's `high` is below, if it has no more than 31 digits


# --- fields ----------------------------------------------------------------------------------------------------------


@jit
def invalid_count(storage, immediate, none_permitted):
    """True if an immediate with a number of digits or places is invalid: bits that are no zeros, or no digits."""
    if on(immediate, REST_OF_COUNT) or (on(immediate, NO_INTERRUPTION) and not enhanced(storage, ENHANCEMENT)):
        return True
    return immediate & COUNT == ZERO and not none_permitted


@jit
def immediate_of(insn):
    """Return the immediate at bits 28-35: I4 of VRI-f, I3 of VRI-g and VRI-i."""
    return field(insn, u64(28), u64(8))


# --- operands and results --------------------------------------------------------------------------------------------


@jit
def packed_in(cpu, v):
    """Return the contents of a vector register."""
    value = vector(cpu, v)
    return Packed(value.left, value.right)


@jit
def valid(packed, forced):
    """True if all codes are; a sign that is forced to be positive is not looked at."""
    return digits_valid(packed) and (forced or sign_valid(packed))


@jit
def number_of_operand(packed, forced):
    """Return the Number that valid codes stand for, or its magnitude."""
    number = number_in(packed)
    return Number(number.high, number.low, number.negative and not forced)


@jit
def rightmost(digits, count):
    """Return so many digits of a Packed without sign, 1 to 31; zeros for the others."""
    if count <= DIGITS_OF_WORD:
        return Packed(ZERO, digits.right & (ALL_ONES >> (FIRST_DIGIT - (count << u64(2)))))
    return Packed(digits.left & (ALL_ONES >> (FIRST_DIGIT + DOUBLEWORD_BITS - (count << u64(2)))), digits.right)


@jit
def no_digits(digits):
    """True if a Packed without sign is zero."""
    return digits.left | digits.right == ZERO


@jit
def overflow_code(cpu, immediate):
    """Return the code of an overflow with this immediate: decimal overflow, or 0 where it does not interrupt."""
    return 0 if on(immediate, NO_INTERRUPTION) or not on(cpu.psw_mask, DECIMAL_OVERFLOW_MASK) else DECIMAL_OVERFLOW


@jit
def put_signed(cpu, insn, digits, sign):
    """Set V1 of most formats to digits and a sign code."""
    set_vector(cpu, v8(insn), Vector(digits.left, digits.right | sign))


@jit
def put_result(cpu, insn, digits, is_negative, lost, immediate, count, mask):
    """Set V1 to the rightmost `count` digits, and cc if the mask says so; return a code.

    lost: digits on their left are missing already. A zero is positive, but not what is left after an overflow.
    """
    kept = rightmost(digits, count)
    overflow = lost or kept.left != digits.left or kept.right != digits.right
    zero, forced = no_digits(kept), on(mask, RESULT_POSITIVE)
    is_negative = is_negative and not forced and (overflow or not zero)
    put_signed(cpu, insn, kept, UNSIGNED if forced else MINUS if is_negative else PLUS)
    if on(mask, SET_CC):
        cpu.cc = CC_OVERFLOW if overflow else 0 if zero else 1 if is_negative else 2
    return overflow_code(cpu, immediate) if overflow else 0


@jit
def operands(cpu, storage, insn, no_count_permitted):
    """Return (second operand, third operand, code) of VRI-f; both Packed."""
    second, third, mask = packed_in(cpu, v12(insn)), packed_in(cpu, v16(insn)), mask24(insn)
    code = availability(cpu, invalid_count(storage, immediate_of(insn), no_count_permitted))
    if code == 0 and not (valid(second, on(mask, SECOND_POSITIVE)) and valid(third, on(mask, THIRD_POSITIVE))):
        code = data_exception(cpu, DXC_DECIMAL_OPERAND)
    return second, third, code


@jit
def numbers(insn, second, third):
    """Return the Numbers that operands of VRI-f are with its mask."""
    mask = mask24(insn)
    first = number_of_operand(second, on(mask, SECOND_POSITIVE))
    return first, number_of_operand(third, on(mask, THIRD_POSITIVE))


# --- sums and comparison ---------------------------------------------------------------------------------------------


@jit
def put_sum(cpu, storage, insn, subtract):
    """Execute VECTOR ADD DECIMAL, or SUBTRACT; return a code."""
    second, third, code = operands(cpu, storage, insn, False)
    if code != 0:
        return code
    augend, addend = numbers(insn, second, third)
    result, immediate = total(augend, negated(addend) if subtract else addend), immediate_of(insn)
    digits, more = digits_in(result)
    return put_result(cpu, insn, digits, result.negative, more, immediate, immediate & COUNT, mask24(insn))


@jit
def vap(cpu, storage, insn):
    """VECTOR ADD DECIMAL, VRI-f. PoP ch. 25 "VECTOR ADD DECIMAL". cc unchanged, or if M5 says so 0 zero, 1 less than
    zero, 2 greater, 3 overflow."""
    return put_sum(cpu, storage, insn, False)


@jit
def vsp(cpu, storage, insn):
    """VECTOR SUBTRACT DECIMAL, VRI-f. PoP ch. 25 "VECTOR SUBTRACT DECIMAL". cc as VAP."""
    return put_sum(cpu, storage, insn, True)


@jit
def vcp(cpu, storage, insn):
    """VECTOR COMPARE DECIMAL, VRR-h. PoP ch. 25 "VECTOR COMPARE DECIMAL". cc 0 equal, 1 first low, 2 first high.

    Bits 0 and 1 of M3: the first, the second operand is positive. Zeros are equal.
    """
    mask = mask24(insn)
    code = availability(cpu, on(mask, RESULT_POSITIVE | SET_CC))
    if code != 0:
        return code
    first, second = packed_in(cpu, v12(insn)), packed_in(cpu, v16(insn))
    first_forced, second_forced = on(mask, SECOND_POSITIVE), on(mask, THIRD_POSITIVE)
    if not (valid(first, first_forced) and valid(second, second_forced)):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    less = negated(number_of_operand(second, second_forced))
    cpu.cc = signed_cc(total(number_of_operand(first, first_forced), less))
    return 0


@jit
def vtp(cpu, storage, insn):
    """VECTOR TEST DECIMAL, VRR-g. PoP ch. 25 "VECTOR TEST DECIMAL". cc 0 all codes valid, 1 sign invalid, 2 a digit, 3
    both."""
    code = availability(cpu, False)
    if code != 0:
        return code
    first = packed_in(cpu, v12(insn))
    cpu.cc = (0 if sign_valid(first) else 1) + (0 if digits_valid(first) else 2)
    return 0


# --- products and quotients ------------------------------------------------------------------------------------------


@jit
def wide_product(multiplicand, multiplier):
    """Return (upper, lower), each 31 digits as a Packed without sign, of a Number times a Packed."""
    low, high, upper_low, upper_high = ZERO, ZERO, ZERO, ZERO
    for _ in range(ALL_DIGITS):
        digit = multiplier.left >> FIRST_DIGIT
        multiplier = pushed(multiplier, ZERO)
        low = low * TEN + multiplicand.low * digit
        carry = low // DIGITS_POWER
        low -= carry * DIGITS_POWER
        high = high * TEN + multiplicand.high * digit + carry
        carry = high // UPPER_POWER
        high -= carry * UPPER_POWER
        upper_low = upper_low * TEN + carry
        carry = upper_low // DIGITS_POWER
        upper_low -= carry * DIGITS_POWER
        upper_high = upper_high * TEN + carry
    upper, _ = digits_in(Number(upper_high, upper_low, False))
    lower, _ = digits_in(Number(high, low, False))
    return upper, lower


@jit
def put_product(cpu, storage, insn, shifted):
    """Execute VECTOR MULTIPLY DECIMAL, or AND SHIFT; return a code."""
    second, third, code = operands(cpu, storage, insn, shifted)
    if code != 0:
        return code
    multiplicand, multiplier = numbers(insn, second, third)
    upper, lower = wide_product(multiplicand, third)
    immediate, count = immediate_of(insn), u64(ALL_DIGITS)
    if shifted:
        for _ in range(i64(immediate & COUNT)):
            lower = without_last_digit(lower)
            lower = Packed(lower.left | (last_digit(upper) << FIRST_DIGIT), lower.right)
            upper = without_last_digit(upper)
    else:
        count = immediate & COUNT
    minus_sign = multiplicand.negative != multiplier.negative
    return put_result(cpu, insn, lower, minus_sign, not no_digits(upper), immediate, count, mask24(insn))


@jit
def vmp(cpu, storage, insn):
    """VECTOR MULTIPLY DECIMAL, VRI-f. PoP ch. 25 "VECTOR MULTIPLY DECIMAL". cc as VAP."""
    return put_product(cpu, storage, insn, False)


@jit
def vmsp(cpu, storage, insn):
    """VECTOR MULTIPLY AND SHIFT DECIMAL, VRI-f. PoP ch. 25 "VECTOR MULTIPLY AND SHIFT DECIMAL". cc as VAP.

    All digits of the product are shifted right, by I4; 31 digits are kept.
    """
    return put_product(cpu, storage, insn, True)


@jit
def times_ten(number, digit):
    """Return the magnitude of ten times a Number, and a digit; up to 32 digits."""
    low = number.low * TEN + digit
    carry = low // DIGITS_POWER
    return Number(number.high * TEN + carry, low - carry * DIGITS_POWER, False)


@jit
def less(first, second):
    """True if the magnitude of one Number is less than that of another."""
    return first.high < second.high or (first.high == second.high and first.low < second.low)


@jit
def with_last_digit(digits, digit):
    """Return a Packed without sign, shifted left by one digit, with this one as the last."""
    shifted = pushed(digits, ZERO)
    return Packed(shifted.left, shifted.right | (digit << DIGIT_BITS))


@jit
def divided_wide(upper, lower, divisor):
    """Divide 62 digits, two Packed without sign, by a Number that is not zero; return (upper digits of the quotient,
    lower ones, remainder): Packed, Packed, Number."""
    quotient_upper, quotient, remainder = Packed(ZERO, ZERO), Packed(ZERO, ZERO), Number(ZERO, ZERO, False)
    for _ in range(ALL_DIGITS + ALL_DIGITS):
        remainder = times_ten(remainder, upper.left >> FIRST_DIGIT)
        upper = with_last_digit(upper, lower.left >> FIRST_DIGIT)
        lower = with_last_digit(lower, ZERO)
        digit = ZERO
        while not less(remainder, divisor):
            remainder = difference(remainder, divisor)
            digit += ONE
        quotient_upper = with_last_digit(quotient_upper, quotient.left >> FIRST_DIGIT)
        quotient = with_last_digit(quotient, digit)
    return quotient_upper, quotient, remainder


@jit
def put_quotient(cpu, storage, insn, shifted, only_remainder):
    """Execute VECTOR DIVIDE DECIMAL, SHIFT AND DIVIDE DECIMAL, or REMAINDER DECIMAL; return a code."""
    second, third, code = operands(cpu, storage, insn, shifted)
    if code != 0:
        return code
    dividend, divisor = numbers(insn, second, third)
    if is_zero(divisor):
        return DECIMAL_DIVIDE
    immediate, count, mask = immediate_of(insn), u64(ALL_DIGITS), mask24(insn)
    upper, lower = Packed(ZERO, ZERO), without_sign(second)
    if shifted:
        for _ in range(i64(immediate & COUNT)):
            upper = with_last_digit(upper, lower.left >> FIRST_DIGIT)
            lower = with_last_digit(lower, ZERO)
    else:
        count = immediate & COUNT
    more, quotient, remainder = divided_wide(upper, lower, Number(divisor.high, divisor.low, False))
    if only_remainder:
        digits, _ = digits_in(remainder)
        return put_result(cpu, insn, digits, dividend.negative, False, immediate, count, mask)
    minus_sign = dividend.negative != divisor.negative
    return put_result(cpu, insn, quotient, minus_sign, not no_digits(more), immediate, count, mask)


@jit
def vdp(cpu, storage, insn):
    """VECTOR DIVIDE DECIMAL, VRI-f. PoP ch. 25 "VECTOR DIVIDE DECIMAL". cc as VAP."""
    return put_quotient(cpu, storage, insn, False, False)


@jit
def vsdp(cpu, storage, insn):
    """VECTOR SHIFT AND DIVIDE DECIMAL, VRI-f. PoP ch. 25 "VECTOR SHIFT AND DIVIDE DECIMAL". cc as VAP.

    The dividend is shifted left by I4 and loses no digit; 31 digits of the quotient are kept.
    """
    return put_quotient(cpu, storage, insn, True, False)


@jit
def vrp(cpu, storage, insn):
    """VECTOR REMAINDER DECIMAL, VRI-f. PoP ch. 25 "VECTOR REMAINDER DECIMAL". cc as VAP. The dividend's sign."""
    return put_quotient(cpu, storage, insn, False, True)


# --- shift and sign --------------------------------------------------------------------------------------------------

SHIFT_BITS = u64(7)
ROUNDING = u64(0x80)  # of I4 of VECTOR SHIFT AND ROUND DECIMAL


@jit
def moved_left(digits, places):
    """Return (Packed without sign shifted left, True if digits that are not zero were shifted out)."""
    lost = ZERO
    for _ in range(places):
        lost |= digits.left >> FIRST_DIGIT
        digits = pushed(digits, ZERO)
    return digits, lost != ZERO


@jit
def moved_right(digits, places, rounding):
    """Return a Packed without sign shifted right; `rounding` is added to the last digit shifted out."""
    last = ZERO
    for _ in range(places):
        last = last_digit(digits)
        digits = without_last_digit(digits)
    carry = Number(ZERO, ONE if last + rounding >= TEN else ZERO, False)
    digits, _ = digits_in(total(number_in(digits), carry))  # no more than 31: one has been shifted out
    return digits


@jit
def vsrp(cpu, storage, insn):
    """VECTOR SHIFT AND ROUND DECIMAL, VRI-g. PoP ch. 25 "VECTOR SHIFT AND ROUND DECIMAL". cc as VAP.

    Bits 1-7 of I4 are the shift, a signed number; negative is to the right, and rounded if bit 0 is one.
    """
    immediate, control, mask = immediate_of(insn), field(insn, u64(16), u64(8)), mask24(insn)
    code = availability(cpu, invalid_count(storage, immediate, False) or on(mask, THIRD_POSITIVE))
    if code != 0:
        return code
    second, forced = packed_in(cpu, v12(insn)), on(mask, SECOND_POSITIVE)
    if not valid(second, forced):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    places, digits, lost = i64(sign_extend(control, SHIFT_BITS)), without_sign(second), False
    if places < 0:
        digits = moved_right(digits, -places, HALF if on(control, ROUNDING) else ZERO)
    else:
        digits, lost = moved_left(digits, places)
    minus_sign = minus(second.right) and not forced
    return put_result(cpu, insn, digits, minus_sign, lost, immediate, immediate & COUNT, mask)


# I4 of VECTOR PERFORM SIGN OPERATION DECIMAL: no check of digits; zeros; a positive result is unsigned; check the sign.
NO_VALIDATION, REST_OF_OPERATION, OPERATION_UNSIGNED, CHECK_SIGN = u64(0x80), u64(0x70), u64(2), u64(1)
COMPLEMENT, FORCE_POSITIVE, FORCE_NEGATIVE = u64(1), u64(2), u64(3)  # operations: bits 4 and 5. 0: keep the sign


@jit
def sign_after(operation, is_negative):
    """True if a sign operation leaves or makes a number negative."""
    if operation == COMPLEMENT:
        return not is_negative
    return operation == FORCE_NEGATIVE or (is_negative and operation != FORCE_POSITIVE)


@jit
def vpsop(cpu, storage, insn):
    """VECTOR PERFORM SIGN OPERATION DECIMAL, VRI-g. PoP ch. 25 "VECTOR PERFORM SIGN OPERATION DECIMAL". cc as VAP.

    A sign that is not to be checked is negative if its code is B or D. With the enhancement facility bit 0 of I4 says
    that digits are not checked.
    """
    immediate, control, mask = immediate_of(insn), field(insn, u64(16), u64(8)), mask24(insn)
    unchecked = on(control, NO_VALIDATION)
    invalid = invalid_count(storage, immediate, False) or on(control, REST_OF_OPERATION) or mask > SET_CC
    code = availability(cpu, invalid or (unchecked and not enhanced(storage, ENHANCEMENT)))
    if code != 0:
        return code
    second = packed_in(cpu, v12(insn))
    if not (unchecked or digits_valid(second)) or (on(control, CHECK_SIGN) and not sign_valid(second)):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    digits = without_sign(second)
    minus_sign = sign_after((control >> u64(2)) & u64(3), minus(second.right)) and not no_digits(digits)
    if on(control, OPERATION_UNSIGNED) and not minus_sign:
        mask |= RESULT_POSITIVE
    return put_result(cpu, insn, digits, minus_sign, False, immediate, immediate & COUNT, mask)


# --- conversions -----------------------------------------------------------------------------------------------------

LOGICAL_RESULT, LOGICAL_OPERAND = u64(2), u64(8)  # bits of the masks: the binary number has no sign
REST_OF_TO_BINARY, REST_OF_FROM_BINARY, REST_OF_M4 = u64(4), u64(4), u64(7)
TO_BINARY_NO_INTERRUPTION = u64(8)
GREATEST32, GREATEST64 = u64((1 << 31) - 1), u64((1 << 63) - 1)


@jit
def binary_of(number):
    """Return (magnitude modulo 2**64, True if it is less than 2**64)."""
    fits = number.high < ALL_ONES // DIGITS_POWER or (
        number.high == ALL_ONES // DIGITS_POWER and number.low <= ALL_ONES % DIGITS_POWER
    )
    return number.high * DIGITS_POWER + number.low, fits


@jit
def to_binary(cpu, storage, insn, signed_greatest, logical_greatest):
    """Return (rightmost 64 bits of the result of VRR-i, True if it overflows, code)."""
    mask, controls = mask24(insn), mask28(insn)
    invalid = on(mask, REST_OF_TO_BINARY) or on(controls, REST_OF_M4)
    ignores = on(controls, TO_BINARY_NO_INTERRUPTION)
    code = availability(cpu, invalid or (ignores and not enhanced(storage, ENHANCEMENT)))
    if code != 0:
        return ZERO, False, code
    second, forced = packed_in(cpu, v12(insn)), on(mask, SECOND_POSITIVE)
    if not valid(second, forced):
        return ZERO, False, data_exception(cpu, DXC_DECIMAL_OPERAND)
    number = number_of_operand(second, forced)
    size, fits = binary_of(number)
    greatest = logical_greatest if on(mask, LOGICAL_RESULT) else signed_greatest
    if number.negative:
        greatest = ZERO if on(mask, LOGICAL_RESULT) else greatest + ONE
    return ZERO - size if number.negative else size, not fits or size > greatest, 0


@jit
def end_of_conversion(cpu, overflow, ignores, mask):
    """Set cc if the mask says so; return the code: decimal overflow, or 0."""
    if on(mask, SET_CC):
        cpu.cc = CC_OVERFLOW if overflow else 0
    return overflow_code(cpu, NO_INTERRUPTION if ignores else ZERO) if overflow else 0


@jit
def vcvb(cpu, storage, insn):
    """VECTOR CONVERT TO BINARY (32), VRR-i. PoP ch. 25 "VECTOR CONVERT TO BINARY". cc unchanged, or if M3 says so 0, 3
    overflow. Bits 0-31 of R1 stay."""
    result, overflow, code = to_binary(cpu, storage, insn, GREATEST32, LOW32)
    if code != 0:
        return code
    set_low(cpu, r8(insn), result)
    return end_of_conversion(cpu, overflow, on(mask28(insn), TO_BINARY_NO_INTERRUPTION), mask24(insn))


@jit
def vcvbg(cpu, storage, insn):
    """VECTOR CONVERT TO BINARY (64), VRR-i. PoP ch. 25 "VECTOR CONVERT TO BINARY". cc as VCVB."""
    result, overflow, code = to_binary(cpu, storage, insn, GREATEST64, ALL_ONES)
    if code != 0:
        return code
    cpu.gr[r8(insn)] = result
    return end_of_conversion(cpu, overflow, on(mask28(insn), TO_BINARY_NO_INTERRUPTION), mask24(insn))


@jit
def from_binary(cpu, storage, insn, signed_operand, logical_operand):
    """Execute VRI-i on a general register's content, sign-extended and zero-extended; return a code."""
    immediate, mask = immediate_of(insn), mask24(insn)
    code = availability(cpu, invalid_count(storage, immediate, False) or on(mask, REST_OF_FROM_BINARY))
    if code != 0:
        return code
    minus_sign = negative(signed_operand) and not on(mask, LOGICAL_OPERAND)
    size = magnitude(signed_operand) if minus_sign else logical_operand
    digits, _ = digits_in(Number(size // DIGITS_POWER, size % DIGITS_POWER, False))
    code = put_result(cpu, insn, digits, minus_sign, False, immediate, immediate & COUNT, mask)
    if on(mask, SET_CC) and cpu.cc != CC_OVERFLOW:
        cpu.cc = 0
    return code


@jit
def vcvd(cpu, storage, insn):
    """VECTOR CONVERT TO DECIMAL (32), VRI-i. PoP ch. 25 "VECTOR CONVERT TO DECIMAL". cc unchanged, or if M4 says so 0,
    3 overflow. Bit 0 of M4: bits 32-63 of R2 are a number without sign."""
    operand = cpu.gr[r12(insn)] & LOW32
    return from_binary(cpu, storage, insn, sign_extend(operand, WORD_BITS), operand)


@jit
def vcvdg(cpu, storage, insn):
    """VECTOR CONVERT TO DECIMAL (64), VRI-i. PoP ch. 25 "VECTOR CONVERT TO DECIMAL". cc as VCVD."""
    operand = cpu.gr[r12(insn)]
    return from_binary(cpu, storage, insn, operand, operand)


# --- immediate digits, and the zoned format --------------------------------------------------------------------------

IMMEDIATE_NEGATIVE, PLACES = u64(8), u64(7)  # I3 of VECTOR LOAD IMMEDIATE DECIMAL
REST_OF_LENGTH, LONGEST = u64(0xE0), u64(30)  # I3 of VECTOR PACK ZONED and UNPACK ZONED; one less than the bytes
ZONE = u64(0xF0)


@jit
def vlip(cpu, storage, insn):
    """VECTOR LOAD IMMEDIATE DECIMAL, VRI-h. PoP ch. 25 "VECTOR LOAD IMMEDIATE DECIMAL". cc unchanged.

    I2 is four digits; bit 0 of I3 is one for a negative number, bits 1-3 are how many zeros follow.
    """
    code = availability(cpu, False)
    if code != 0:
        return code
    digits, control = Packed(ZERO, field(insn, u64(16), u64(16)) << DIGIT_BITS), mask32(insn)
    if not digits_valid(digits):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    digits, _ = moved_left(digits, i64(control & PLACES))
    put_signed(cpu, insn, digits, MINUS if on(control, IMMEDIATE_NEGATIVE) else PLUS)
    return 0


@jit
def invalid_length(immediate):
    """True if I3 is no length of the zoned format."""
    return on(immediate, REST_OF_LENGTH) or immediate > LONGEST


@jit
def vpkz(cpu, storage, insn):
    """VECTOR PACK ZONED, VSI. PoP ch. 25 "VECTOR PACK ZONED". cc unchanged.

    The sign code, on the left in the last byte, stays what it is. Digits and sign are checked, not the zones.
    """
    last = imm8(insn)
    code = availability(cpu, invalid_length(last))
    if code != 0:
        return code
    span, code = probe_fetch(cpu, storage, based(cpu, insn), last + ONE)
    if code != 0:
        return code
    packed = Packed(ZERO, ZERO)
    for n in range(i64(last) + 1):
        packed = pushed(packed, get_byte(span, u64(n)) & LOW4)
    packed = pushed(packed, get_byte(span, last) >> DIGIT_BITS)
    if not valid(packed, False):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    return set_vector(cpu, v32(insn), Vector(packed.left, packed.right))


@jit
def vupkz(cpu, storage, insn):
    """VECTOR UNPACK ZONED, VSI. PoP ch. 25 "VECTOR UNPACK ZONED". cc unchanged.

    The sign code becomes the zone of the last byte. The digits that are stored and the sign are checked.
    """
    last = imm8(insn)
    code = availability(cpu, invalid_length(last))
    if code != 0:
        return code
    packed, address = packed_in(cpu, v32(insn)), based(cpu, insn)
    code = check_store(cpu, storage, address, last + ONE)
    if code != 0:
        return code
    digits = rightmost(without_sign(packed), last + ONE)
    if not (digits_valid(digits) and sign_valid(packed)):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    span, code = probe_store(cpu, storage, address, last + ONE)
    if code != 0:
        return code
    zone = packed.right << DIGIT_BITS & ZONE
    for n in range(i64(last), -1, -1):
        put_byte(span, u64(n), zone | last_digit(digits))
        digits, zone = without_last_digit(digits), ZONE
    return 0
