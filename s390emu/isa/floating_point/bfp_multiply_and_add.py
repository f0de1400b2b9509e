"""MULTIPLY AND ADD, MULTIPLY AND SUBTRACT: PoP ch. 19. The product is exact, and only the sum is rounded."""

from __future__ import annotations

from s390emu._jit import jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_product_and_sum
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, SIGN, Datum, is_nan, unpack
from s390emu.isa.floating_point.bfp_operands import availability, datum, fetch_datum, finish
from s390emu.isa.floating_point.bfp_product import no_product, product
from s390emu.isa.floating_point.bfp_rounding import (
    current_method,
    either_nan,
    exact_result,
    invalid_operation,
    nan_result,
)
from s390emu.isa.floating_point.bfp_sum import negated, sum_result
from s390emu.isa.operands import r16, r24, r28, r32, rx


@jit
def multiplied_and_added(fpc, form, factor, other, addend, subtract):
    """Return the Result of adding a number to a product of numbers, or subtracting it.

    The product is a NaN if a factor is one: then the factors' NaNs go before that of the addend, but for an SNaN in the
    addend and quiet ones in the product. Infinity times zero is invalid whatever the addend is. A NaN keeps its sign.
    """
    if no_product(factor, other):
        return invalid_operation(fpc, form)
    if is_nan(factor) or is_nan(other) or is_nan(addend):
        return nan_result(fpc, form, either_nan(either_nan(factor, other), addend))
    signed = negated(addend) if subtract else addend
    return sum_result(fpc, form, product(factor, other), signed, current_method(fpc))


@jit
def multiply_and_add_result(fpc, form, factor, other, addend, subtract):
    """Return the Result of adding to a product, or subtracting from it."""
    if form != EXTENDED:
        signed = addend.high ^ SIGN if subtract else addend.high
        total, known = host_product_and_sum(fpc, form, factor.high, other.high, signed)
        if known:
            return exact_result(total, u64(0))
        slow_way()
    numbers = unpack(form, factor.high, factor.low), unpack(form, other.high, other.low)
    return multiplied_and_added(fpc, form, *numbers, unpack(form, addend.high, addend.low), subtract)


@jit
def multiply_and_add(cpu, form, r1, second, third, subtract):
    """Add to the product of the third and second operand the number in r1, or subtract it from the product, and set r1;
    return a code."""
    first = datum(cpu, form, r1)
    return finish(cpu, form, r1, multiply_and_add_result(cpu.fpc, form, third, second, first, subtract))


@jit
def of_registers(cpu, form, insn, subtract):
    """Execute the RRD instruction; return a code."""
    code = availability(cpu, u64(0))
    if code != 0:
        return code
    second, third = datum(cpu, form, r28(insn)), datum(cpu, form, r24(insn))
    return multiply_and_add(cpu, form, r16(insn), second, third, subtract)


@jit
def of_storage(cpu, storage, form, insn, subtract):
    """Execute the RXF instruction; return a code."""
    code = availability(cpu, u64(0))
    if code != 0:
        return code
    r3, address = rx(cpu, insn)
    second, code = fetch_datum(cpu, storage, form, address)
    if code != 0:
        return code
    return multiply_and_add(cpu, form, r32(insn), Datum(second, u64(0)), datum(cpu, form, r3), subtract)


@jit
def maebr(cpu, storage, insn):
    """MULTIPLY AND ADD (short BFP), RRD. PoP ch. 19 "MULTIPLY AND ADD". cc unchanged."""
    return of_registers(cpu, SHORT, insn, False)


@jit
def madbr(cpu, storage, insn):
    """MULTIPLY AND ADD (long BFP), RRD. PoP ch. 19 "MULTIPLY AND ADD". cc unchanged."""
    return of_registers(cpu, LONG, insn, False)


@jit
def msebr(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (short BFP), RRD. PoP ch. 19 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_registers(cpu, SHORT, insn, True)


@jit
def msdbr(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (long BFP), RRD. PoP ch. 19 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_registers(cpu, LONG, insn, True)


@jit
def maeb(cpu, storage, insn):
    """MULTIPLY AND ADD (short BFP), RXF. PoP ch. 19 "MULTIPLY AND ADD". cc unchanged."""
    return of_storage(cpu, storage, SHORT, insn, False)


@jit
def madb(cpu, storage, insn):
    """MULTIPLY AND ADD (long BFP), RXF. PoP ch. 19 "MULTIPLY AND ADD". cc unchanged."""
    return of_storage(cpu, storage, LONG, insn, False)


@jit
def mseb(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (short BFP), RXF. PoP ch. 19 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_storage(cpu, storage, SHORT, insn, True)


@jit
def msdb(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (long BFP), RXF. PoP ch. 19 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_storage(cpu, storage, LONG, insn, True)
