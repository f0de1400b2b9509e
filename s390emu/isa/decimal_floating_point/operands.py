"""Where decimal-floating-point instructions find their operands, and put their results: PoP ch. 9 "Registers and
Controls", ch. 20.

While bit 45 of control register 0 is zero, they cause a data exception with DXC 3, before anything else. Data are moved
as those of binary floating point, whose formats have the same sizes.
"""

from __future__ import annotations

from s390emu._jit import jit, on
from s390emu.architecture.interruptions import CR0_AFP_REGISTER, DXC_DFP_INSTRUCTION, SPECIFICATION
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.decimal_floating_point.numbers import datum_cc, unpack
from s390emu.isa.floating_point.bfp_operands import datum, finish
from s390emu.isa.floating_point.bfp_rounding import DXC_ZERO_DIVIDE
from s390emu.isa.floating_point.load_store import PAIR_SECOND


@jit
def availability(cpu, pairs):
    """Return the code for a DFP instruction that is not available, or for a pair that is none; else 0. pairs: the
    numbers, ORed, of registers that have to begin one."""
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_DFP_INSTRUCTION)
    return SPECIFICATION if on(pairs, PAIR_SECOND) else 0


@jit
def number_in(cpu, form, r):
    """Return the Number in a register or pair."""
    high, low = datum(cpu, form, r)
    return unpack(form, high, low)


@jit
def finish_with_cc(cpu, form, r1, result):
    """Finish, and set cc 0-3 by the result unless the operation is suppressed; return a code."""
    if result.dxc < DXC_ZERO_DIVIDE:
        cpu.cc = datum_cc(form, result.high, result.low)
    return finish(cpu, form, r1, result)
