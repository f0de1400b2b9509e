"""Where binary-floating-point instructions find their operands, and put their results: PoP ch. 9 "Registers and
Controls", ch. 19 "BFP Number Representation".

While bit 45 of control register 0 is zero, they cause a data exception with DXC 2, before anything else.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.interruptions import CR0_AFP_REGISTER, DXC_BFP_INSTRUCTION, SPECIFICATION
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.floating_point.bfp_numbers import EXTENDED, LONG, SHORT, Datum, datum_cc, unpack
from s390emu.isa.floating_point.bfp_rounding import DXC_ZERO_DIVIDE, SHORTER, valid_method
from s390emu.isa.floating_point.fpc import EXTENSION
from s390emu.isa.floating_point.load_store import PAIR_SECOND, set_short
from s390emu.isa.operands import rre, rx
from s390emu.isa.registers import HIGH32
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import fetch_doubleword, fetch_word

LAST_REGISTER = u64(15)


@jit
def availability(cpu, pairs):
    """Return the code for a BFP instruction that is not available, or for a pair that is none; else 0. pairs: the
    numbers, ORed, of registers that have to begin one."""
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    return SPECIFICATION if on(pairs, PAIR_SECOND) else 0


@jit
def pairs_of(form, registers):
    """Return the register numbers that have to begin a pair: those of an extended operand."""
    return registers if form == EXTENDED else u64(0)


@jit
def datum(cpu, form, r):
    """Return the packed datum in a register or pair."""
    if form == EXTENDED:
        return Datum(cpu.fpr[r], cpu.fpr[(r + PAIR_SECOND) & LAST_REGISTER])
    return Datum(cpu.fpr[r] if form == LONG else cpu.fpr[r] & HIGH32, u64(0))


@jit
def number_in(cpu, form, r):
    high, low = datum(cpu, form, r)
    return unpack(form, high, low)


@jit
def set_datum(cpu, form, r, high, low):
    """Put a packed datum into a register or pair; a short one leaves bits 32-63 unchanged."""
    if form == SHORT:
        set_short(cpu, r, high)
        return
    cpu.fpr[r] = high
    if form == EXTENDED:
        cpu.fpr[r + PAIR_SECOND] = low


@jit
def register_operands(cpu, insn, first, second):
    """Return (r1, second operand, code) of RRE. first, second: formats of the operands."""
    r1, r2 = rre(insn)
    code = availability(cpu, pairs_of(first, r1) | pairs_of(second, r2))
    return r1, datum(cpu, second, r2), code


@jit
def fetch_datum(cpu, storage, form, address):
    """Return (packed datum, code) of a short or long operand in storage."""
    if form == SHORT:
        word, code = fetch_word(cpu, storage, address)
        return (word & LOW32) << WORD_BITS, code
    return fetch_doubleword(cpu, storage, address)


@jit
def storage_operands(cpu, storage, insn, first, second):
    """Return (r1, second operand, code) of RXE. first, second: formats of the operands."""
    r1, address = rx(cpu, insn)
    code = availability(cpu, pairs_of(first, r1))
    if code != 0:
        return r1, Datum(u64(0), u64(0)), code
    packed, code = fetch_datum(cpu, storage, second, address)
    return r1, Datum(packed, u64(0)), code


@jit
def method_code(storage, m3):
    """Return the code for an M3 or M4 field that is to designate a rounding method: preparing for shorter precision
    comes with the floating-point extension facility."""
    if m3 == SHORTER and not on(guest_of(storage).facilities[0], EXTENSION):
        return SPECIFICATION
    return 0 if valid_method(m3) else SPECIFICATION


@jit
def finish(cpu, form, r1, result):
    """Have flags, r1 and the data exception follow from a Result; return a code."""
    if result.dxc >= DXC_ZERO_DIVIDE:
        return data_exception(cpu, result.dxc)
    cpu.fpc |= result.flags
    set_datum(cpu, form, r1, result.high, result.low)
    return data_exception(cpu, result.dxc) if result.dxc != u64(0) else 0


@jit
def finish_with_cc(cpu, form, r1, result):
    """Finish, and set cc 0-3 by the result unless the operation is suppressed; return a code."""
    if result.dxc < DXC_ZERO_DIVIDE:
        cpu.cc = datum_cc(form, result.high, result.low)
    return finish(cpu, form, r1, result)
