"""COMPARE and TEST: PoP ch. 8."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.interruptions import DXC_DECIMAL_OPERAND
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal.numbers import negated, number_in, signed_cc, total
from s390emu.isa.decimal.packed import codes_valid, digits_valid, fetch_packed, sign_valid
from s390emu.isa.operands import rsl_a, ss_b
from s390emu.records.port import BASE_FIRST, BASE_SECOND

CC_SIGN_INVALID, CC_DIGIT_INVALID = 1, 2  # added up


@jit
def cp(cpu, storage, insn):
    """COMPARE DECIMAL, SS-b. PoP ch. 8 "COMPARE DECIMAL". cc 0 equal, 1 first low, 2 first high. Zeros are equal."""
    first_length, second_length, first_address, second_address = ss_b(cpu, insn)
    second, code = fetch_packed(cpu, storage, BASE_SECOND, second_address, second_length)
    if code != 0:
        return code
    first, code = fetch_packed(cpu, storage, BASE_FIRST, first_address, first_length)
    if code != 0:
        return code
    if not (codes_valid(first) and codes_valid(second)):
        return data_exception(cpu, DXC_DECIMAL_OPERAND)
    cpu.cc = signed_cc(total(number_in(first), negated(number_in(second))))
    return 0


@jit
def tp(cpu, storage, insn):
    """TEST DECIMAL, RSL-a. PoP ch. 8 "TEST DECIMAL". cc 0 all codes valid, 1 sign invalid, 2 a digit, 3 both."""
    length, address = rsl_a(cpu, insn)
    packed, code = fetch_packed(cpu, storage, BASE_FIRST, address, length)
    if code == 0:
        sign, digits = sign_valid(packed), digits_valid(packed)
        cpu.cc = (0 if sign else CC_SIGN_INVALID) + (0 if digits else CC_DIGIT_INVALID)
    return code
