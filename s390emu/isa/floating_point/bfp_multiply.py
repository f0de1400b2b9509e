"""MULTIPLY: PoP ch. 19. The product of two numbers is of their format or of the next longer one."""

from __future__ import annotations

from s390emu._jit import jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_product, lengthened
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, FINITE, INFINITY, LONG, SHORT, is_nan, unpack
from s390emu.isa.floating_point.bfp_operands import datum, finish, register_operands, storage_operands
from s390emu.isa.floating_point.bfp_product import no_product, product
from s390emu.isa.floating_point.bfp_rounding import (
    current_method,
    either_nan,
    exact_result,
    infinity_result,
    invalid_operation,
    nan_result,
    round_number,
    zero_result,
)


@jit
def multiplied(fpc, form, source, first, second):
    """Return the Result, in a format, of multiplying data of the format `source`."""
    first, second = unpack(source, first.high, first.low), unpack(source, second.high, second.low)
    if is_nan(first) or is_nan(second):
        return nan_result(fpc, form, either_nan(first, second))
    if no_product(first, second):
        return invalid_operation(fpc, form)
    number = product(first, second)
    if number.kind == FINITE:
        return round_number(fpc, form, number, current_method(fpc), False)
    return infinity_result(form, number.sign) if number.kind == INFINITY else zero_result(number.sign)


@jit
def product_result(fpc, form, first, second):
    """Return the Result of multiplying in a format."""
    if form != EXTENDED:
        product, known = host_product(fpc, form, first.high, second.high)
        if known:
            return exact_result(product, u64(0))
        slow_way()
    return multiplied(fpc, form, form, first, second)


@jit
def long_product_result(fpc, first, second):
    """Return the Result, long, of multiplying short data."""
    first_factor, first_known = lengthened(first.high)
    second_factor, second_known = lengthened(second.high)
    product, known = host_product(fpc, LONG, first_factor, second_factor)
    if first_known and second_known and known:
        return exact_result(product, u64(0))
    slow_way()
    return multiplied(fpc, LONG, SHORT, first, second)


@jit
def multiply(cpu, form, r1, second):
    """Multiply r1; return a code."""
    return finish(cpu, form, r1, product_result(cpu.fpc, form, datum(cpu, form, r1), second))


@jit
def multiply_to_long(cpu, r1, second):
    """Multiply the short number in r1; return a code."""
    return finish(cpu, LONG, r1, long_product_result(cpu.fpc, datum(cpu, SHORT, r1), second))


@jit
def multiply_to_extended(cpu, r1, second):
    """Multiply the long number in r1; return a code."""
    return finish(cpu, EXTENDED, r1, multiplied(cpu.fpc, EXTENDED, LONG, datum(cpu, LONG, r1), second))


@jit
def meebr(cpu, storage, insn):
    """MULTIPLY (short BFP), RRE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, r1, second)


@jit
def mdbr(cpu, storage, insn):
    """MULTIPLY (long BFP), RRE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else multiply(cpu, LONG, r1, second)


@jit
def mxbr(cpu, storage, insn):
    """MULTIPLY (extended BFP), RRE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else multiply(cpu, EXTENDED, r1, second)


@jit
def meeb(cpu, storage, insn):
    """MULTIPLY (short BFP), RXE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, r1, second)


@jit
def mdb(cpu, storage, insn):
    """MULTIPLY (long BFP), RXE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else multiply(cpu, LONG, r1, second)


@jit
def mdebr(cpu, storage, insn):
    """MULTIPLY (short to long BFP), RRE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, LONG, SHORT)
    return code if code != 0 else multiply_to_long(cpu, r1, second)


@jit
def mxdbr(cpu, storage, insn):
    """MULTIPLY (long to extended BFP), RRE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, LONG)
    return code if code != 0 else multiply_to_extended(cpu, r1, second)


@jit
def mdeb(cpu, storage, insn):
    """MULTIPLY (short to long BFP), RXE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, SHORT)
    return code if code != 0 else multiply_to_long(cpu, r1, second)


@jit
def mxdb(cpu, storage, insn):
    """MULTIPLY (long to extended BFP), RXE. PoP ch. 19 "MULTIPLY". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, EXTENDED, LONG)
    return code if code != 0 else multiply_to_extended(cpu, r1, second)
