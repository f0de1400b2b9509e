"""MULTIPLY AND ADD, MULTIPLY AND SUBTRACT of HFP numbers: PoP ch. 18. cc unchanged.

Product and sum are exact; the result is normalized, and its digits beyond the format's are dropped. Only the result can
overflow or underflow, and there is no significance exception.
"""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.isa.floating_point.bfp_numbers import FINITE, LONG, SHORT
from s390emu.isa.floating_point.bfp_operands import fetch_datum
from s390emu.isa.floating_point.bfp_product import product
from s390emu.isa.floating_point.bfp_sum import finite_sum
from s390emu.isa.floating_point.hfp_numbers import (
    ZERO,
    availability,
    finish,
    from_binary,
    negated,
    number_in,
    to_binary,
    unpack,
)
from s390emu.isa.operands import r16, r24, r28, r32, rx


@jit
def sum_of(first, second):
    """Return the sum of two binary numbers, each ZERO or FINITE."""
    if first.kind != FINITE:
        return second
    return finite_sum(first, second) if second.kind == FINITE else first


@jit
def multiply_and_add(cpu, form, r1, second, third, subtract):
    """Add to the product of the third and second operand the number in r1, or subtract it from the product, and set r1;
    return a code."""
    first = number_in(cpu, form, r1)
    addend = negated(first) if subtract else first
    return finish(cpu, form, r1, from_binary(sum_of(product(to_binary(third), to_binary(second)), to_binary(addend))))


@jit
def of_registers(cpu, insn, form, subtract):
    """Execute the RRD instruction; return a code."""
    r1, r3, r2 = r16(insn), r24(insn), r28(insn)
    code = availability(cpu, r1 | r2 | r3, ZERO)
    if code != 0:
        return code
    return multiply_and_add(cpu, form, r1, number_in(cpu, form, r2), number_in(cpu, form, r3), subtract)


@jit
def of_storage(cpu, storage, insn, form, subtract):
    """Execute the RXF instruction; return a code."""
    r3, address = rx(cpu, insn)
    r1 = r32(insn)
    code = availability(cpu, r1 | r3, ZERO)
    if code != 0:
        return code
    packed, code = fetch_datum(cpu, storage, form, address)
    if code != 0:
        return code
    return multiply_and_add(cpu, form, r1, unpack(packed, ZERO), number_in(cpu, form, r3), subtract)


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def maer(cpu, storage, insn):
    """MULTIPLY AND ADD (short HFP), RRD. PoP ch. 18 "MULTIPLY AND ADD". cc unchanged."""
    return of_registers(cpu, insn, SHORT, False)


@jit
def mae(cpu, storage, insn):
    """MULTIPLY AND ADD (short HFP), RXF. PoP ch. 18 "MULTIPLY AND ADD". cc unchanged."""
    return of_storage(cpu, storage, insn, SHORT, False)


@jit
def mser(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (short HFP), RRD. PoP ch. 18 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_registers(cpu, insn, SHORT, True)


@jit
def mse(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (short HFP), RXF. PoP ch. 18 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_storage(cpu, storage, insn, SHORT, True)


@jit
def madr(cpu, storage, insn):
    """MULTIPLY AND ADD (long HFP), RRD. PoP ch. 18 "MULTIPLY AND ADD". cc unchanged."""
    return of_registers(cpu, insn, LONG, False)


@jit
def mad(cpu, storage, insn):
    """MULTIPLY AND ADD (long HFP), RXF. PoP ch. 18 "MULTIPLY AND ADD". cc unchanged."""
    return of_storage(cpu, storage, insn, LONG, False)


@jit
def msdr(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (long HFP), RRD. PoP ch. 18 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_registers(cpu, insn, LONG, True)


@jit
def msd(cpu, storage, insn):
    """MULTIPLY AND SUBTRACT (long HFP), RXF. PoP ch. 18 "MULTIPLY AND SUBTRACT". cc unchanged."""
    return of_storage(cpu, storage, insn, LONG, True)
