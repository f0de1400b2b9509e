"""LOAD AND TEST, LOAD COMPLEMENT, LOAD NEGATIVE, LOAD POSITIVE, LOAD LENGTHENED: PoP ch. 19."""

from __future__ import annotations

from s390emu._jit import jit, slow_way, u64
from s390emu.isa.floating_point.bfp_host import lengthened
from s390emu.isa.floating_point.bfp_numbers import (
    EXTENDED,
    FINITE,
    INFINITY,
    LONG,
    SHORT,
    SIGN,
    datum_cc,
    is_nan,
    unpack,
)
from s390emu.isa.floating_point.bfp_operands import (
    availability,
    datum,
    finish,
    finish_with_cc,
    pairs_of,
    register_operands,
    set_datum,
    storage_operands,
)
from s390emu.isa.floating_point.bfp_rounding import (
    TOWARD_ZERO,
    exact_result,
    infinity_result,
    nan_result,
    round_number,
    zero_result,
)
from s390emu.isa.operands import rre

NAN_CC = 3

# --- LOAD AND TEST ----------------------------------------------------------------------------------------------------


@jit
def load_and_test(cpu, form, insn):
    """Load r2 into r1 and set cc 0-3; an SNaN is invalid. Return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code != 0:
        return code
    high, low = datum(cpu, form, r2)
    if datum_cc(form, high, low) == NAN_CC:
        slow_way()
        return finish_with_cc(cpu, form, r1, nan_result(cpu.fpc, form, unpack(form, high, low)))
    return finish_with_cc(cpu, form, r1, exact_result(high, low))


@jit
def ltebr(cpu, storage, insn):
    """LOAD AND TEST (short BFP), RRE. PoP ch. 19 "LOAD AND TEST". cc 0-3."""
    return load_and_test(cpu, SHORT, insn)


@jit
def ltdbr(cpu, storage, insn):
    """LOAD AND TEST (long BFP), RRE. PoP ch. 19 "LOAD AND TEST". cc 0-3."""
    return load_and_test(cpu, LONG, insn)


@jit
def ltxbr(cpu, storage, insn):
    """LOAD AND TEST (extended BFP), RRE. PoP ch. 19 "LOAD AND TEST". cc 0-3."""
    return load_and_test(cpu, EXTENDED, insn)


# --- LOAD COMPLEMENT, LOAD NEGATIVE, LOAD POSITIVE --------------------------------------------------------------------


@jit
def load_signed(cpu, form, insn, keep, change):
    """Load r2 into r1 with the sign ANDed with `keep`, then exclusive-ORed with `change`, and set the condition code.
    No NaN is invalid. Return a code."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(form, r1 | r2))
    if code != 0:
        return code
    high, low = datum(cpu, form, r2)
    high = (high & (keep | ~SIGN)) ^ change
    set_datum(cpu, form, r1, high, low)
    cpu.cc = datum_cc(form, high, low)
    return 0


@jit
def lcebr(cpu, storage, insn):
    """LOAD COMPLEMENT (short BFP), RRE. PoP ch. 19 "LOAD COMPLEMENT". cc 0-3."""
    return load_signed(cpu, SHORT, insn, SIGN, SIGN)


@jit
def lcdbr(cpu, storage, insn):
    """LOAD COMPLEMENT (long BFP), RRE. PoP ch. 19 "LOAD COMPLEMENT". cc 0-3."""
    return load_signed(cpu, LONG, insn, SIGN, SIGN)


@jit
def lcxbr(cpu, storage, insn):
    """LOAD COMPLEMENT (extended BFP), RRE. PoP ch. 19 "LOAD COMPLEMENT". cc 0-3."""
    return load_signed(cpu, EXTENDED, insn, SIGN, SIGN)


@jit
def lnebr(cpu, storage, insn):
    """LOAD NEGATIVE (short BFP), RRE. PoP ch. 19 "LOAD NEGATIVE". cc 0, 1, 3."""
    return load_signed(cpu, SHORT, insn, u64(0), SIGN)


@jit
def lndbr(cpu, storage, insn):
    """LOAD NEGATIVE (long BFP), RRE. PoP ch. 19 "LOAD NEGATIVE". cc 0, 1, 3."""
    return load_signed(cpu, LONG, insn, u64(0), SIGN)


@jit
def lnxbr(cpu, storage, insn):
    """LOAD NEGATIVE (extended BFP), RRE. PoP ch. 19 "LOAD NEGATIVE". cc 0, 1, 3."""
    return load_signed(cpu, EXTENDED, insn, u64(0), SIGN)


@jit
def lpebr(cpu, storage, insn):
    """LOAD POSITIVE (short BFP), RRE. PoP ch. 19 "LOAD POSITIVE". cc 0, 2, 3."""
    return load_signed(cpu, SHORT, insn, u64(0), u64(0))


@jit
def lpdbr(cpu, storage, insn):
    """LOAD POSITIVE (long BFP), RRE. PoP ch. 19 "LOAD POSITIVE". cc 0, 2, 3."""
    return load_signed(cpu, LONG, insn, u64(0), u64(0))


@jit
def lpxbr(cpu, storage, insn):
    """LOAD POSITIVE (extended BFP), RRE. PoP ch. 19 "LOAD POSITIVE". cc 0, 2, 3."""
    return load_signed(cpu, EXTENDED, insn, u64(0), u64(0))


# --- LOAD LENGTHENED --------------------------------------------------------------------------------------------------


@jit
def converted_result(fpc, form, number, method, quiet):
    """Return the Result of converting a number to a format."""
    if is_nan(number):
        return nan_result(fpc, form, number)
    if number.kind == INFINITY:
        return infinity_result(form, number.sign)
    if number.kind == FINITE:
        return round_number(fpc, form, number, method, quiet)
    return zero_result(number.sign)


@jit
def load_lengthened(cpu, form, source, r1, second):
    """Set r1 to the datum of the format `source` in a longer format, which has it; return a code."""
    if form == LONG:
        long, known = lengthened(second.high)
        if known:
            return finish(cpu, LONG, r1, exact_result(long, u64(0)))
        slow_way()
    number = unpack(source, second.high, second.low)
    return finish(cpu, form, r1, converted_result(cpu.fpc, form, number, TOWARD_ZERO, False))


@jit
def ldebr(cpu, storage, insn):
    """LOAD LENGTHENED (short to long BFP), RRE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, LONG, SHORT)
    return code if code != 0 else load_lengthened(cpu, LONG, SHORT, r1, second)


@jit
def lxdbr(cpu, storage, insn):
    """LOAD LENGTHENED (long to extended BFP), RRE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, LONG)
    return code if code != 0 else load_lengthened(cpu, EXTENDED, LONG, r1, second)


@jit
def lxebr(cpu, storage, insn):
    """LOAD LENGTHENED (short to extended BFP), RRE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = register_operands(cpu, insn, EXTENDED, SHORT)
    return code if code != 0 else load_lengthened(cpu, EXTENDED, SHORT, r1, second)


@jit
def ldeb(cpu, storage, insn):
    """LOAD LENGTHENED (short to long BFP), RXE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, LONG, SHORT)
    return code if code != 0 else load_lengthened(cpu, LONG, SHORT, r1, second)


@jit
def lxdb(cpu, storage, insn):
    """LOAD LENGTHENED (long to extended BFP), RXE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, EXTENDED, LONG)
    return code if code != 0 else load_lengthened(cpu, EXTENDED, LONG, r1, second)


@jit
def lxeb(cpu, storage, insn):
    """LOAD LENGTHENED (short to extended BFP), RXE. PoP ch. 19 "LOAD LENGTHENED". cc unchanged."""
    r1, second, code = storage_operands(cpu, storage, insn, EXTENDED, SHORT)
    return code if code != 0 else load_lengthened(cpu, EXTENDED, SHORT, r1, second)
