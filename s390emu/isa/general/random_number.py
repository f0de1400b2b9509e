"""PERFORM RANDOM NUMBER OPERATION: PoP ch. 7. The true-random-number generator; the deterministic one is not there.

A machine that is the same in every run has no true random numbers: the host's seed and the time give them.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.isa.general.long_operands import CPU_DETERMINED, ODD, length_mask, to_page_end
from s390emu.isa.general.message_security import (
    ONE,
    QUERY,
    ZERO,
    advance,
    check_operand,
    function_of,
    installed,
    locate,
    no_operand,
    query,
    status_word,
    unit_of,
)
from s390emu.isa.operands import rre
from s390emu.records.exits import EXIT_HYPERCALL
from s390emu.storage.access import STORE

TRNG = 114  # function code
STATUS = status_word(TRNG)


@jit
def operand_register(cpu, r1, r2):
    """Return the register of the operand that is filled next: the first, as long as its length is not zero."""
    return r1 if cpu.gr[r1 + ODD] & length_mask(cpu) != ZERO else r2


@jit
def prno(cpu, storage, insn):
    """PERFORM RANDOM NUMBER OPERATION, RRE. PoP ch. 7 "PERFORM RANDOM NUMBER OPERATION". cc 0 all, 3 not yet.

    R1 and R1 + 1 have address and length of what raw numbers fill, R2 and R2 + 1 of what conditioned ones fill: the
    first operand, and then the second. The modifier bit is ignored. Decided here: the two pairs may be the same."""
    r1, r2 = rre(insn)
    function = function_of(cpu)
    if not installed(STATUS, function) or no_operand(r1) or no_operand(r2):
        return SPECIFICATION
    if function == QUERY:
        return query(cpu, storage, STATUS)
    r = operand_register(cpu, r1, r2)
    length = cpu.gr[r + ODD] & length_mask(cpu)
    if length == ZERO:
        cpu.cc = 0
        return 0
    unit = unit_of(length, to_page_end(cpu.gr[r]), ONE)
    code = check_operand(cpu, storage, r, unit, STORE)
    if code != 0:
        return code
    storage.value, storage.call_insn = unit, insn
    return EXIT_HYPERCALL


def fill(cpu, storage, r1, r2, unit):
    """Access the unit of the operand that is filled next, which has been checked, and leave its Span in storage. Set
    address, length and condition code to what is left after it. Return 0."""
    r = operand_register(cpu, r1, r2)
    code = locate(cpu, storage, r, unit, u64(STORE))
    advance(cpu, r, unit)
    if cpu.gr[r2 + ODD] & length_mask(cpu) != ZERO:
        cpu.cc = CPU_DETERMINED
    return code
