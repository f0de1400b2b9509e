"""Multiplication and division: PoP ch. 7. Products and dividends of double length are in even-odd register pairs."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.interruptions import FIXED_POINT_DIVIDE, SPECIFICATION
from s390emu.architecture.sizes import HALFWORD_BITS, WORD_BITS
from s390emu.isa.general.arithmetic import SIGN64, magnitude, negative, overflowed, signed_cc
from s390emu.isa.operands import ri_signed, ril_signed, rr, rre, rrf_a, rx, rxy, sign_extend
from s390emu.isa.registers import low, set_low
from s390emu.storage.access import fetch_doubleword, fetch_halfword, fetch_word

ODD = u64(1)  # of a register number
GREATEST32, GREATEST64 = u64((1 << 31) - 1), u64((1 << 63) - 1)


@jit
def product128(first, second):
    """Return (high half, low half) of the product of two unsigned numbers of 64 bits."""
    first_high, first_low = first >> WORD_BITS, first & LOW32
    second_high, second_low = second >> WORD_BITS, second & LOW32
    low_product = first_low * second_low
    middle = first_high * second_low + (low_product >> WORD_BITS)  # cannot overflow, nor can the next line
    other_middle = first_low * second_high + (middle & LOW32)
    high_product = first_high * second_high + (middle >> WORD_BITS) + (other_middle >> WORD_BITS)
    return high_product, (other_middle << WORD_BITS) | (low_product & LOW32)


@jit
def signed_product128(first, second):
    """Return (high half, low half) of the product of two signed numbers of 64 bits.

    A negative factor was taken as 2**64 too much, so the other factor is subtracted from the high half."""
    high_product, low_product = product128(first, second)
    if negative(first):
        high_product -= second
    if negative(second):
        high_product -= first
    return high_product, low_product


@jit
def word_pair(cpu, r1):
    """Return bits 32-63 of r1 and r1 + 1 as one number of 64 bits."""
    return (cpu.gr[r1] << WORD_BITS) | low(cpu, r1 + ODD)


@jit
def set_word_pair(cpu, r1, value):
    """Set bits 32-63 of r1 and r1 + 1 to the two words of value; return 0."""
    set_low(cpu, r1, value >> WORD_BITS)
    set_low(cpu, r1 + ODD, value)
    return 0


@jit
def set_pair(cpu, r1, even, odd):
    """Set r1 to even and r1 + 1 to odd; return 0."""
    cpu.gr[r1] = even
    cpu.gr[r1 + ODD] = odd
    return 0


# --- MULTIPLY --------------------------------------------------------------------------------------------------------


@jit
def multiply32(cpu, r1, multiplier):
    """Multiply signed words: set r1 and r1 + 1 to r1 + 1 times the rightmost word of multiplier; return 0."""
    return set_word_pair(cpu, r1, sign_extend(cpu.gr[r1 + ODD], WORD_BITS) * sign_extend(multiplier, WORD_BITS))


@jit
def mr(cpu, storage, insn):
    """MULTIPLY (64<-32), RR. PoP ch. 7 "MULTIPLY". cc unchanged."""
    r1, r2 = rr(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return multiply32(cpu, r1, cpu.gr[r2])


@jit
def m(cpu, storage, insn):
    """MULTIPLY (64<-32), RX-a. PoP ch. 7 "MULTIPLY". cc unchanged."""
    r1, second = rx(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    multiplier, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return multiply32(cpu, r1, multiplier)


@jit
def mfy(cpu, storage, insn):
    """MULTIPLY (64<-32), RXY-a. PoP ch. 7 "MULTIPLY". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    multiplier, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return multiply32(cpu, r1, multiplier)


@jit
def mgrk(cpu, storage, insn):
    """MULTIPLY (128<-64), RRF-a. PoP ch. 7 "MULTIPLY". cc unchanged."""
    r1, r2, r3 = rrf_a(insn)
    if on(r1, ODD):
        return SPECIFICATION
    even, odd = signed_product128(cpu.gr[r2], cpu.gr[r3])
    return set_pair(cpu, r1, even, odd)


@jit
def mg(cpu, storage, insn):
    """MULTIPLY (128<-64), RXY-a. PoP ch. 7 "MULTIPLY". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    multiplier, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    even, odd = signed_product128(cpu.gr[r1 + ODD], multiplier)
    return set_pair(cpu, r1, even, odd)


@jit
def mh(cpu, storage, insn):
    """MULTIPLY HALFWORD (32<-16), RX-a. PoP ch. 7 "MULTIPLY HALFWORD". cc unchanged."""
    r1, second = rx(cpu, insn)
    multiplier, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, cpu.gr[r1] * sign_extend(multiplier, HALFWORD_BITS))
    return code


@jit
def mhy(cpu, storage, insn):
    """MULTIPLY HALFWORD (32<-16), RXY-a. PoP ch. 7 "MULTIPLY HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, cpu.gr[r1] * sign_extend(multiplier, HALFWORD_BITS))
    return code


@jit
def mgh(cpu, storage, insn):
    """MULTIPLY HALFWORD (64<-16), RXY-a. PoP ch. 7 "MULTIPLY HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] *= sign_extend(multiplier, HALFWORD_BITS)
    return code


@jit
def mhi(cpu, storage, insn):
    """MULTIPLY HALFWORD IMMEDIATE (32<-16), RI-a. PoP ch. 7 "MULTIPLY HALFWORD IMMEDIATE". cc unchanged."""
    r1, i2 = ri_signed(insn)
    set_low(cpu, r1, cpu.gr[r1] * i2)
    return 0


@jit
def mghi(cpu, storage, insn):
    """MULTIPLY HALFWORD IMMEDIATE (64<-16), RI-a. PoP ch. 7 "MULTIPLY HALFWORD IMMEDIATE". cc unchanged."""
    r1, i2 = ri_signed(insn)
    cpu.gr[r1] *= i2
    return 0


# --- MULTIPLY LOGICAL ------------------------------------------------------------------------------------------------


@jit
def mlr(cpu, storage, insn):
    """MULTIPLY LOGICAL (64<-32), RRE. PoP ch. 7 "MULTIPLY LOGICAL". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return set_word_pair(cpu, r1, low(cpu, r1 + ODD) * low(cpu, r2))


@jit
def mlgr(cpu, storage, insn):
    """MULTIPLY LOGICAL (128<-64), RRE. PoP ch. 7 "MULTIPLY LOGICAL". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    even, odd = product128(cpu.gr[r1 + ODD], cpu.gr[r2])
    return set_pair(cpu, r1, even, odd)


@jit
def ml(cpu, storage, insn):
    """MULTIPLY LOGICAL (64<-32), RXY-a. PoP ch. 7 "MULTIPLY LOGICAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    multiplier, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set_word_pair(cpu, r1, low(cpu, r1 + ODD) * multiplier)


@jit
def mlg(cpu, storage, insn):
    """MULTIPLY LOGICAL (128<-64), RXY-a. PoP ch. 7 "MULTIPLY LOGICAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    multiplier, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    even, odd = product128(cpu.gr[r1 + ODD], multiplier)
    return set_pair(cpu, r1, even, odd)


# --- MULTIPLY SINGLE -------------------------------------------------------------------------------------------------


@jit
def multiply_single32(cpu, r1, multiplicand, multiplier):
    """Set bits 32-63 of r1 to the rightmost word of the product of two words, and cc 0-3; return a code. For the forms
    that set cc."""
    product = sign_extend(multiplicand, WORD_BITS) * sign_extend(multiplier, WORD_BITS)
    set_low(cpu, r1, product)
    if sign_extend(product, WORD_BITS) != product:
        return overflowed(cpu)
    cpu.cc = signed_cc(product)
    return 0


@jit
def multiply_single64(cpu, r1, multiplicand, multiplier):
    """Set r1 to the rightmost 64 bits of the product, and cc 0-3; return a code. For the forms that set cc."""
    high_product, product = signed_product128(multiplicand, multiplier)
    cpu.gr[r1] = product
    if high_product != (~u64(0) if negative(product) else u64(0)):
        return overflowed(cpu)
    cpu.cc = signed_cc(product)
    return 0


@jit
def msr(cpu, storage, insn):
    """MULTIPLY SINGLE (32), RRE. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, cpu.gr[r1] * cpu.gr[r2])
    return 0


@jit
def msgr(cpu, storage, insn):
    """MULTIPLY SINGLE (64), RRE. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] *= cpu.gr[r2]
    return 0


@jit
def msgfr(cpu, storage, insn):
    """MULTIPLY SINGLE (64<-32), RRE. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] *= sign_extend(cpu.gr[r2], WORD_BITS)
    return 0


@jit
def msrkc(cpu, storage, insn):
    """MULTIPLY SINGLE (32), RRF-a. PoP ch. 7 "MULTIPLY SINGLE". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return multiply_single32(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def msgrkc(cpu, storage, insn):
    """MULTIPLY SINGLE (64), RRF-a. PoP ch. 7 "MULTIPLY SINGLE". cc 0-3."""
    r1, r2, r3 = rrf_a(insn)
    return multiply_single64(cpu, r1, cpu.gr[r2], cpu.gr[r3])


@jit
def ms(cpu, storage, insn):
    """MULTIPLY SINGLE (32), RX-a. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, second = rx(cpu, insn)
    multiplier, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, cpu.gr[r1] * multiplier)
    return code


@jit
def msy(cpu, storage, insn):
    """MULTIPLY SINGLE (32), RXY-a. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, cpu.gr[r1] * multiplier)
    return code


@jit
def msg(cpu, storage, insn):
    """MULTIPLY SINGLE (64), RXY-a. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] *= multiplier
    return code


@jit
def msgf(cpu, storage, insn):
    """MULTIPLY SINGLE (64<-32), RXY-a. PoP ch. 7 "MULTIPLY SINGLE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_word(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] *= sign_extend(multiplier, WORD_BITS)
    return code


@jit
def msc(cpu, storage, insn):
    """MULTIPLY SINGLE (32), RXY-a. PoP ch. 7 "MULTIPLY SINGLE". cc 0-3."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return multiply_single32(cpu, r1, cpu.gr[r1], multiplier)


@jit
def msgc(cpu, storage, insn):
    """MULTIPLY SINGLE (64), RXY-a. PoP ch. 7 "MULTIPLY SINGLE". cc 0-3."""
    r1, second = rxy(cpu, insn)
    multiplier, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return multiply_single64(cpu, r1, cpu.gr[r1], multiplier)


@jit
def msfi(cpu, storage, insn):
    """MULTIPLY SINGLE IMMEDIATE (32), RIL-a. PoP ch. 7 "MULTIPLY SINGLE IMMEDIATE". cc unchanged."""
    r1, i2 = ril_signed(insn)
    set_low(cpu, r1, cpu.gr[r1] * i2)
    return 0


@jit
def msgfi(cpu, storage, insn):
    """MULTIPLY SINGLE IMMEDIATE (64<-32), RIL-a. PoP ch. 7 "MULTIPLY SINGLE IMMEDIATE". cc unchanged."""
    r1, i2 = ril_signed(insn)
    cpu.gr[r1] *= i2
    return 0


# --- DIVIDE ----------------------------------------------------------------------------------------------------------


@jit
def divide_signed(dividend, divisor, greatest):
    """Divide signed numbers of 64 bits; return (quotient, remainder with the dividend's sign, code). The quotient must
    not be above `greatest`, nor below its one's complement."""
    if divisor == u64(0):
        return u64(0), u64(0), FIXED_POINT_DIVIDE
    quotient = magnitude(dividend) // magnitude(divisor)
    remainder = magnitude(dividend) - quotient * magnitude(divisor)
    if negative(dividend ^ divisor):
        greatest += u64(1)
    if quotient > greatest:
        return u64(0), u64(0), FIXED_POINT_DIVIDE
    if negative(dividend ^ divisor):
        quotient = u64(0) - quotient
    if negative(dividend):
        remainder = u64(0) - remainder
    return quotient, remainder, 0


@jit
def divide32(cpu, r1, divisor):
    """Divide the words in r1 and r1 + 1 by the rightmost word of divisor; set r1 + 1 to the quotient and r1 to the
    remainder; return a code."""
    quotient, remainder, code = divide_signed(word_pair(cpu, r1), sign_extend(divisor, WORD_BITS), GREATEST32)
    if code != 0:
        return code
    return set_word_pair(cpu, r1, (remainder << WORD_BITS) | (quotient & LOW32))


@jit
def divide_single(cpu, r1, divisor):
    """Divide r1 + 1 by divisor; set r1 + 1 to the quotient and r1 to the remainder; return a code."""
    quotient, remainder, code = divide_signed(cpu.gr[r1 + ODD], divisor, GREATEST64)
    if code != 0:
        return code
    return set_pair(cpu, r1, remainder, quotient)


@jit
def dr(cpu, storage, insn):
    """DIVIDE (32<-64), RR. PoP ch. 7 "DIVIDE". cc unchanged."""
    r1, r2 = rr(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return divide32(cpu, r1, cpu.gr[r2])


@jit
def d(cpu, storage, insn):
    """DIVIDE (32<-64), RX-a. PoP ch. 7 "DIVIDE". cc unchanged."""
    r1, second = rx(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    divisor, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return divide32(cpu, r1, divisor)


@jit
def dsgr(cpu, storage, insn):
    """DIVIDE SINGLE (64), RRE. PoP ch. 7 "DIVIDE SINGLE". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return divide_single(cpu, r1, cpu.gr[r2])


@jit
def dsgfr(cpu, storage, insn):
    """DIVIDE SINGLE (64<-32), RRE. PoP ch. 7 "DIVIDE SINGLE". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return divide_single(cpu, r1, sign_extend(cpu.gr[r2], WORD_BITS))


@jit
def dsg(cpu, storage, insn):
    """DIVIDE SINGLE (64), RXY-a. PoP ch. 7 "DIVIDE SINGLE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    divisor, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return divide_single(cpu, r1, divisor)


@jit
def dsgf(cpu, storage, insn):
    """DIVIDE SINGLE (64<-32), RXY-a. PoP ch. 7 "DIVIDE SINGLE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    divisor, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return divide_single(cpu, r1, sign_extend(divisor, WORD_BITS))


# --- DIVIDE LOGICAL --------------------------------------------------------------------------------------------------


@jit
def divide_logical32(cpu, r1, divisor):
    """Divide the unsigned words in r1 and r1 + 1 by divisor; set r1 + 1 to the quotient and r1 to the remainder; return
    a code."""
    if low(cpu, r1) >= divisor:
        return FIXED_POINT_DIVIDE
    dividend = word_pair(cpu, r1)
    quotient = dividend // divisor
    return set_word_pair(cpu, r1, ((dividend - quotient * divisor) << WORD_BITS) | quotient)


@jit
def divide_logical64(cpu, r1, divisor):
    """Divide the unsigned number in r1 and r1 + 1 by divisor, one bit at a time; set r1 + 1 to the quotient and r1 to
    the remainder; return a code."""
    remainder, quotient = cpu.gr[r1], cpu.gr[r1 + ODD]
    if remainder >= divisor:
        return FIXED_POINT_DIVIDE
    if remainder == u64(0):
        return set_pair(cpu, r1, quotient % divisor, quotient // divisor)
    for _ in range(64):
        bit_out = remainder & SIGN64
        remainder = (remainder << u64(1)) | (quotient >> u64(63))
        quotient <<= u64(1)
        if bit_out != u64(0) or remainder >= divisor:
            remainder -= divisor
            quotient |= u64(1)
    return set_pair(cpu, r1, remainder, quotient)


@jit
def dlr(cpu, storage, insn):
    """DIVIDE LOGICAL (32<-64), RRE. PoP ch. 7 "DIVIDE LOGICAL". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return divide_logical32(cpu, r1, low(cpu, r2))


@jit
def dlgr(cpu, storage, insn):
    """DIVIDE LOGICAL (64<-128), RRE. PoP ch. 7 "DIVIDE LOGICAL". cc unchanged."""
    r1, r2 = rre(insn)
    if on(r1, ODD):
        return SPECIFICATION
    return divide_logical64(cpu, r1, cpu.gr[r2])


@jit
def dl(cpu, storage, insn):
    """DIVIDE LOGICAL (32<-64), RXY-a. PoP ch. 7 "DIVIDE LOGICAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    divisor, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return divide_logical32(cpu, r1, divisor)


@jit
def dlg(cpu, storage, insn):
    """DIVIDE LOGICAL (64<-128), RXY-a. PoP ch. 7 "DIVIDE LOGICAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    if on(r1, ODD):
        return SPECIFICATION
    divisor, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return divide_logical64(cpu, r1, divisor)
