"""ADD, SUBTRACT, ZERO AND ADD, MULTIPLY, DIVIDE, SHIFT AND ROUND: PoP ch. 8.

Access exceptions come first (which, or data exceptions, is not defined: ch. 6 "Priority of Program-Interruption
Conditions"), then data exceptions, which all suppress here, then decimal divide. Operands that overlap otherwise than
with coincident rightmost bytes need no check of their own, except in ZERO AND ADD, which does not look at the codes of
its first operand: the sign of one operand is a digit of the other, and no code is valid as both.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import (
    DECIMAL_DIVIDE,
    DECIMAL_OVERFLOW,
    DXC_DECIMAL_OPERAND,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import DECIMAL_OVERFLOW_MASK
from s390emu.architecture.sizes import OFFSET
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal.numbers import (
    Number,
    digits_in,
    divided,
    is_zero,
    negated,
    number_in,
    product,
    signed_cc,
    total,
)
from s390emu.isa.decimal.packed import (
    DOUBLEWORD_BYTES,
    FIRST_DIGIT,
    ONE,
    ZERO,
    check_store,
    codes_valid,
    exceeds,
    fetch_packed,
    last_digit,
    pushed,
    put_packed,
    store_packed,
    with_sign,
    without_last_digit,
    without_sign,
)
from s390emu.isa.general.arithmetic import CC_OVERFLOW
from s390emu.isa.general.convert import TEN, minus
from s390emu.isa.operands import sign_extend, ss_b, ss_c
from s390emu.records.port import BASE_FIRST, BASE_SECOND
from s390emu.storage.access import probe_fetch, probe_store, span_address
from s390emu.storage.access_registers import designate

SHIFT_BITS = u64(6)

# --- operands and results --------------------------------------------------------------------------------------------


@jit
def operands(cpu, storage, first_address, first_length, second_address, second_length):
    """Fetch both operands, of which the first is to be replaced; return (first, second, code)."""
    second, code = fetch_packed(cpu, storage, BASE_SECOND, second_address, second_length)
    if code != 0:
        return second, second, code
    first, code = fetch_packed(cpu, storage, BASE_FIRST, first_address, first_length)
    if code == 0:
        code = check_store(cpu, storage, first_address, first_length)
    if code == 0 and not (codes_valid(first) and codes_valid(second)):
        code = data_exception(cpu, DXC_DECIMAL_OPERAND)
    return first, second, code


@jit
def store_result(cpu, storage, address, length, number, lost):
    """Store a number as the first operand, and set cc; return a code. lost: digits on its left are missing already.

    A zero is positive, but not what is left of a number after an overflow.
    """
    digits, more = digits_in(number)
    overflow = lost or more or exceeds(digits, length)
    negative = number.negative and (overflow or not is_zero(number))
    code = store_packed(cpu, storage, address, length, with_sign(digits, negative))
    if code != 0:
        return code
    if not overflow:
        cpu.cc = signed_cc(number)
        return 0
    cpu.cc = CC_OVERFLOW
    return DECIMAL_OVERFLOW if on(cpu.psw_mask, DECIMAL_OVERFLOW_MASK) else 0


# --- sums ------------------------------------------------------------------------------------------------------------


@jit
def ap(cpu, storage, insn):
    """ADD DECIMAL, SS-b. PoP ch. 8 "ADD DECIMAL". cc 0 zero, 1 less than zero, 2 greater, 3 overflow."""
    length, second_length, address, second_address = ss_b(cpu, insn)
    first, second, code = operands(cpu, storage, address, length, second_address, second_length)
    if code != 0:
        return code
    return store_result(cpu, storage, address, length, total(number_in(first), number_in(second)), False)


@jit
def sp(cpu, storage, insn):
    """SUBTRACT DECIMAL, SS-b. PoP ch. 8 "SUBTRACT DECIMAL". cc as AP."""
    length, second_length, address, second_address = ss_b(cpu, insn)
    first, second, code = operands(cpu, storage, address, length, second_address, second_length)
    if code != 0:
        return code
    return store_result(cpu, storage, address, length, total(number_in(first), negated(number_in(second))), False)


@jit
def sign_overwritten(cpu, storage, first, first_length, second, second_length):
    """True if the first operand's rightmost byte, processed first, is one of the second's that is still needed."""
    distance = (second + second_length - first - first_length) & OFFSET
    if distance == ZERO or distance >= second_length:
        return False
    designate(storage, BASE_SECOND)
    source, _ = probe_fetch(cpu, storage, second, second_length)
    designate(storage, BASE_FIRST)
    target, _ = probe_fetch(cpu, storage, first, first_length)
    return span_address(source, second_length - ONE - distance) == span_address(target, first_length - ONE)


@jit
def zap(cpu, storage, insn):
    """ZERO AND ADD, SS-b. PoP ch. 8 "ZERO AND ADD". cc as AP. The first operand's codes do not matter."""
    length, second_length, address, second_address = ss_b(cpu, insn)
    second, code = fetch_packed(cpu, storage, BASE_SECOND, second_address, second_length)
    if code == 0:
        code = check_store(cpu, storage, address, length)
    if code != 0:
        return code
    if not codes_valid(second) or sign_overwritten(cpu, storage, address, length, second_address, second_length):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    return store_result(cpu, storage, address, length, number_in(second), False)


# --- products and quotients ------------------------------------------------------------------------------------------


@jit
def lengths_permitted(length, second_length):
    """True if there may be so long a multiplier or divisor."""
    return second_length <= DOUBLEWORD_BYTES and second_length < length


@jit
def mp(cpu, storage, insn):
    """MULTIPLY DECIMAL, SS-b. PoP ch. 8 "MULTIPLY DECIMAL". cc unchanged.

    The multiplicand begins with as many bytes of zeros as the multiplier has. A zero product may be negative.
    """
    length, second_length, address, second_address = ss_b(cpu, insn)
    if not lengths_permitted(length, second_length):
        return SPECIFICATION
    multiplicand, multiplier, code = operands(cpu, storage, address, length, second_address, second_length)
    if code != 0:
        return code
    if exceeds(multiplicand, length - second_length):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    result = product(number_in(multiplicand), number_in(multiplier))
    digits, _ = digits_in(result)
    return store_packed(cpu, storage, address, length, with_sign(digits, result.negative))


@jit
def dp(cpu, storage, insn):
    """DIVIDE DECIMAL, SS-b. PoP ch. 8 "DIVIDE DECIMAL". cc unchanged.

    The quotient, and on its right the remainder, as long as the divisor, with the dividend's sign. Zeros keep the signs
    that algebra gives.
    """
    length, second_length, address, second_address = ss_b(cpu, insn)
    if not lengths_permitted(length, second_length):
        return SPECIFICATION
    dividend, divisor, code = operands(cpu, storage, address, length, second_address, second_length)
    if code != 0:
        return code
    number, quotient_length = number_in(divisor), length - second_length
    if is_zero(number):
        return DECIMAL_DIVIDE
    quotient, remainder = divided(dividend, number.low)
    if exceeds(quotient, quotient_length):
        return DECIMAL_DIVIDE
    designate(storage, BASE_FIRST)
    target, code = probe_store(cpu, storage, address, length)
    if code == 0:
        negative = minus(dividend.right)
        put_packed(target, ZERO, quotient_length, with_sign(quotient, negative != number.negative))
        put_packed(target, quotient_length, second_length, with_sign(remainder, negative))
    return code


# --- SHIFT AND ROUND -------------------------------------------------------------------------------------------------


@jit
def shifted_left(packed, places):
    """Return (number, True if digits that are not zero were shifted out of the 31)."""
    digits, lost = without_sign(packed), ZERO
    for _ in range(places):
        lost |= digits.left >> FIRST_DIGIT
        digits = pushed(digits, ZERO)
    number = number_in(digits)
    return Number(number.high, number.low, minus(packed.right)), lost != ZERO


@jit
def shifted_right(packed, places, rounding):
    """Return the number, rounded: `rounding` is added to the last digit shifted out, and a carry to the number."""
    digits, last = without_sign(packed), ZERO
    for _ in range(places):
        last = last_digit(digits)
        digits = without_last_digit(digits)
    number, negative = number_in(digits), minus(packed.right)
    carry = ONE if last + rounding >= TEN else ZERO
    return total(Number(number.high, number.low, negative), Number(ZERO, carry, negative))


@jit
def srp(cpu, storage, insn):
    """SHIFT AND ROUND DECIMAL, SS-c. PoP ch. 8 "SHIFT AND ROUND DECIMAL". cc as AP.

    Bits 58-63 of the second address are the shift, a signed number; negative is to the right.
    """
    length, rounding, address, shift = ss_c(cpu, insn)
    packed, code = fetch_packed(cpu, storage, BASE_FIRST, address, length)
    if code == 0:
        code = check_store(cpu, storage, address, length)
    if code != 0:
        return code
    if not codes_valid(packed) or rounding >= TEN:
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    places = i64(sign_extend(shift, SHIFT_BITS))
    if places < 0:
        return store_result(cpu, storage, address, length, shifted_right(packed, -places, rounding), False)
    number, lost = shifted_left(packed, places)
    return store_result(cpu, storage, address, length, number, lost)
