"""ADD, SUBTRACT: PoP ch. 19."""

from __future__ import annotations

from s390emu._jit import jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import host_sum
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, SIGN, is_nan, unpack
from s390emu.isa.floating_point.bfp_operands import datum, finish_with_cc, register_operands, storage_operands
from s390emu.isa.floating_point.bfp_rounding import current_method, either_nan, exact_result, nan_result
from s390emu.isa.floating_point.bfp_sum import negated, sum_result


@jit
def added(fpc, form, first, second, subtract):
    """Return the Result of adding two data, or of subtracting the second. A NaN keeps its sign."""
    first, second = unpack(form, first.high, first.low), unpack(form, second.high, second.low)
    if is_nan(first) or is_nan(second):
        return nan_result(fpc, form, either_nan(first, second))
    return sum_result(fpc, form, first, negated(second) if subtract else second, current_method(fpc))


@jit
def add_result(fpc, form, first, second):
    """Return the Result of an addition."""
    if form != EXTENDED:
        total, known = host_sum(fpc, form, first.high, second.high)
        if known:
            return exact_result(total, u64(0))
        slow_way()
    return added(fpc, form, first, second, False)


@jit
def subtract_result(fpc, form, first, second):
    """Return the Result of a subtraction."""
    if form != EXTENDED:
        difference, known = host_sum(fpc, form, first.high, second.high ^ SIGN)
        if known:
            return exact_result(difference, u64(0))
        slow_way()
    return added(fpc, form, first, second, True)


@jit
def add(cpu, form, r1, second):
    """Add to r1; return a code."""
    return finish_with_cc(cpu, form, r1, add_result(cpu.fpc, form, datum(cpu, form, r1), second))


@jit
def subtract(cpu, form, r1, second):
    """Subtract from r1; return a code."""
    return finish_with_cc(cpu, form, r1, subtract_result(cpu.fpc, form, datum(cpu, form, r1), second))


@jit
def aebr(cpu, storage, insn):
    """ADD (short BFP), RRE. PoP ch. 19 "ADD". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else add(cpu, SHORT, r1, second)


@jit
def adbr(cpu, storage, insn):
    """ADD (long BFP), RRE. PoP ch. 19 "ADD". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else add(cpu, LONG, r1, second)


@jit
def axbr(cpu, storage, insn):
    """ADD (extended BFP), RRE. PoP ch. 19 "ADD". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else add(cpu, EXTENDED, r1, second)


@jit
def aeb(cpu, storage, insn):
    """ADD (short BFP), RXE. PoP ch. 19 "ADD". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else add(cpu, SHORT, r1, second)


@jit
def adb(cpu, storage, insn):
    """ADD (long BFP), RXE. PoP ch. 19 "ADD". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else add(cpu, LONG, r1, second)


@jit
def sebr(cpu, storage, insn):
    """SUBTRACT (short BFP), RRE. PoP ch. 19 "SUBTRACT". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, SHORT, SHORT)
    return code if code != 0 else subtract(cpu, SHORT, r1, second)


@jit
def sdbr(cpu, storage, insn):
    """SUBTRACT (long BFP), RRE. PoP ch. 19 "SUBTRACT". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, LONG, LONG)
    return code if code != 0 else subtract(cpu, LONG, r1, second)


@jit
def sxbr(cpu, storage, insn):
    """SUBTRACT (extended BFP), RRE. PoP ch. 19 "SUBTRACT". cc 0-3."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, EXTENDED)
    return code if code != 0 else subtract(cpu, EXTENDED, r1, second)


@jit
def seb(cpu, storage, insn):
    """SUBTRACT (short BFP), RXE. PoP ch. 19 "SUBTRACT". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, SHORT, SHORT)
    return code if code != 0 else subtract(cpu, SHORT, r1, second)


@jit
def sdb(cpu, storage, insn):
    """SUBTRACT (long BFP), RXE. PoP ch. 19 "SUBTRACT". cc 0-3."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, LONG)
    return code if code != 0 else subtract(cpu, LONG, r1, second)
