"""DIAGNOSE: what a guest asks its host for. PoP ch. 10 leaves it to the model; the codes are z/VM's.

X'10', release of blocks: spec essa.md, section 9. No other code exists.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.bits import LOW16
from s390emu.cpu.interruptions import ADDRESSING, PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rs
from s390emu.storage.absolute import in_configuration
from s390emu.storage.prefixing import PREFIX_AREA
from s390emu.storage.state import BLOCK_SIZE, EXIT_HYPERCALL, OFFSET

RELEASE = u64(0x10)
BLOCK = u64(BLOCK_SIZE)


@jit
def diag(cpu, storage, insn):
    """DIAGNOSE, RS-a. PoP ch. 10 "DIAGNOSE". cc unchanged.

    The second-operand address is not an address: its rightmost 16 bits are the code.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, address = rs(cpu, insn)
    if address & LOW16 != RELEASE:
        return SPECIFICATION
    return release(cpu, storage, insn, cpu.gr[r1] & cpu.amode, cpu.gr[r3] & cpu.amode)


@jit
def release(cpu, storage, insn, first, last):
    """X'10': the blocks at real addresses first to last, inclusive, are to read as zeros. The host does it."""
    if (first | last) & OFFSET != u64(0) or first < PREFIX_AREA or (first > last and first - last > BLOCK):
        return SPECIFICATION
    if first <= last and not in_configuration(storage, last):
        return ADDRESSING
    storage.call_insn = insn
    return EXIT_HYPERCALL
