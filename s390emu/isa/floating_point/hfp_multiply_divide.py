"""MULTIPLY, DIVIDE, HALVE and SQUARE ROOT of HFP numbers: PoP ch. 18. cc unchanged.

The result is the exact one, normalized, whose digits beyond the format's are dropped; only a square root is rounded.
"""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.interruptions import HFP_DIVIDE, HFP_SQUARE_ROOT
from s390emu.isa.floating_point.bfp_divide import finite_quotient
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, shift_right
from s390emu.isa.floating_point.bfp_product import finite_product
from s390emu.isa.floating_point.bfp_square_root import finite_root
from s390emu.isa.floating_point.hfp_numbers import (
    ONE,
    ZERO,
    Number,
    finish,
    from_binary,
    is_zero,
    normalized,
    number_in,
    rounded,
    rr_operands,
    rre_operands,
    rx_operands,
    set_true_zero,
    to_binary,
)


@jit
def multiply(cpu, form, result_form, r1, second):
    """Multiply r1, of a format, into a result of another; return a code."""
    first = number_in(cpu, form, r1)
    if is_zero(first) or is_zero(second):
        return set_true_zero(cpu, result_form, r1)
    product = finite_product(to_binary(first), to_binary(second), first.sign ^ second.sign)
    return finish(cpu, result_form, r1, from_binary(product))


@jit
def divide(cpu, form, r1, second):
    """Divide r1; return a code. The binary quotient has as many bits as any format needs."""
    first = number_in(cpu, form, r1)
    if is_zero(second):
        return HFP_DIVIDE
    if is_zero(first):
        return set_true_zero(cpu, form, r1)
    return finish(cpu, form, r1, from_binary(finite_quotient(EXTENDED, to_binary(first), to_binary(second))))


@jit
def halve(cpu, form, r1, second):
    """Put half of the second operand into r1; return a code."""
    high, low = shift_right(second.high, second.low, ONE)
    return finish(cpu, form, r1, normalized(Number(second.sign, second.characteristic, high, low)))


@jit
def square_root(cpu, form, r1, second):
    """Put the square root, rounded, of the second operand into r1; return a code. Of zero, of either sign, it is a true
    zero."""
    if is_zero(second):
        return set_true_zero(cpu, form, r1)
    if second.sign != ZERO:
        return HFP_SQUARE_ROOT
    return finish(cpu, form, r1, rounded(form, from_binary(finite_root(EXTENDED, to_binary(second)))))


# --- instructions ----------------------------------------------------------------------------------------------------


@jit
def meer(cpu, storage, insn):
    """MULTIPLY (short HFP), RRE. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, SHORT, r1, second)


@jit
def mee(cpu, storage, insn):
    """MULTIPLY (short HFP), RXE. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, SHORT, r1, second)


@jit
def mder(cpu, storage, insn):
    """MULTIPLY (short to long HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, LONG, r1, second)


@jit
def mde(cpu, storage, insn):
    """MULTIPLY (short to long HFP), RX-a. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG, SHORT)
    return code if code != 0 else multiply(cpu, SHORT, LONG, r1, second)


@jit
def mdr(cpu, storage, insn):
    """MULTIPLY (long HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else multiply(cpu, LONG, LONG, r1, second)


@jit
def md(cpu, storage, insn):
    """MULTIPLY (long HFP), RX-a. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else multiply(cpu, LONG, LONG, r1, second)


@jit
def mxdr(cpu, storage, insn):
    """MULTIPLY (long to extended HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, EXTENDED, LONG)
    return code if code != 0 else multiply(cpu, LONG, EXTENDED, r1, second)


@jit
def mxd(cpu, storage, insn):
    """MULTIPLY (long to extended HFP), RX-a. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, EXTENDED, LONG)
    return code if code != 0 else multiply(cpu, LONG, EXTENDED, r1, second)


@jit
def mxr(cpu, storage, insn):
    """MULTIPLY (extended HFP), RR. PoP ch. 18 "MULTIPLY". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else multiply(cpu, EXTENDED, EXTENDED, r1, second)


@jit
def der(cpu, storage, insn):
    """DIVIDE (short HFP), RR. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def de(cpu, storage, insn):
    """DIVIDE (short HFP), RX-a. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else divide(cpu, SHORT, r1, second)


@jit
def ddr(cpu, storage, insn):
    """DIVIDE (long HFP), RR. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)


@jit
def dd(cpu, storage, insn):
    """DIVIDE (long HFP), RX-a. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else divide(cpu, LONG, r1, second)


@jit
def dxr(cpu, storage, insn):
    """DIVIDE (extended HFP), RRE. PoP ch. 18 "DIVIDE". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else divide(cpu, EXTENDED, r1, second)


@jit
def her(cpu, storage, insn):
    """HALVE (short HFP), RR. PoP ch. 18 "HALVE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else halve(cpu, SHORT, r1, second)


@jit
def hdr(cpu, storage, insn):
    """HALVE (long HFP), RR. PoP ch. 18 "HALVE". cc unchanged."""
    r1, second, code = rr_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else halve(cpu, LONG, r1, second)


@jit
def sqer(cpu, storage, insn):
    """SQUARE ROOT (short HFP), RRE. PoP ch. 18 "SQUARE ROOT". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else square_root(cpu, SHORT, r1, second)


@jit
def sqe(cpu, storage, insn):
    """SQUARE ROOT (short HFP), RXE. PoP ch. 18 "SQUARE ROOT". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else square_root(cpu, SHORT, r1, second)


@jit
def sqdr(cpu, storage, insn):
    """SQUARE ROOT (long HFP), RRE. PoP ch. 18 "SQUARE ROOT". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else square_root(cpu, LONG, r1, second)


@jit
def sqd(cpu, storage, insn):
    """SQUARE ROOT (long HFP), RXE. PoP ch. 18 "SQUARE ROOT". cc unchanged."""
    r1, second, code = rx_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else square_root(cpu, LONG, r1, second)


@jit
def sqxr(cpu, storage, insn):
    """SQUARE ROOT (extended HFP), RRE. PoP ch. 18 "SQUARE ROOT". cc unchanged."""
    r1, second, code = rre_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else square_root(cpu, EXTENDED, r1, second)
