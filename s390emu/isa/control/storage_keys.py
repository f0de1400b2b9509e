"""Storage keys: PoP ch. 10, and spec essa.md section 6 for blocks without a frame.

None of these references the block: no page-in, no exception for a discarded or unused block (D10, D11).
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.bits import LOW8, bits
from s390emu.cpu.interruptions import ADDRESSING, PRIVILEGED_OPERATION
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import rre, rrf_c
from s390emu.storage.absolute import in_configuration
from s390emu.storage.keys import ACC_F, CHANGE, REFERENCE, guest_key, reset_reference, set_key
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.state import BLOCK_SHIFT

KEY = u64(0xFE)  # ACC F R C in bits 56-62 of a register
OLD_KEY, OLD_KEY_SHIFT = bits(48, 55), u64(8)
R_MASK, C_MASK = u64(4), u64(2)  # in SSKE's M3: do not look at R, at C


@jit
def key_operand(cpu, storage, r2):
    """The block that a register designates by real address: -> (block number, code)."""
    absolute = apply_prefix(cpu, cpu.gr[r2] & cpu.amode)
    if not in_configuration(storage, absolute):
        return u64(0), ADDRESSING
    return absolute >> BLOCK_SHIFT, 0


@jit
def iske(cpu, storage, insn):
    """INSERT STORAGE KEY EXTENDED, RRE. PoP ch. 10 "INSERT STORAGE KEY EXTENDED". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    number, code = key_operand(cpu, storage, r2)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW8) | u64(guest_key(storage, number))
    return code


@jit
def sske(cpu, storage, insn):
    """SET STORAGE KEY EXTENDED, RRF-c. PoP ch. 10 "SET STORAGE KEY EXTENDED". cc unchanged, or 0-1 where M3 makes it
    conditional: 0 key as wanted, left alone; 1 set.

    Nonquiescing (M3 bit 0) has no meaning with one CPU.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2, m3 = rrf_c(insn)
    number, code = key_operand(cpu, storage, r2)
    if code != 0:
        return code
    key = i64(cpu.gr[r1] & KEY)
    if m3 & (R_MASK | C_MASK) != u64(0):
        old = guest_key(storage, number)
        cpu.gr[r1] = (cpu.gr[r1] & ~OLD_KEY) | (u64(old) << OLD_KEY_SHIFT)
        compared = ACC_F
        if m3 & R_MASK == u64(0):
            compared |= REFERENCE
        if m3 & C_MASK == u64(0):
            compared |= CHANGE
        cpu.cc = 1 if (old ^ key) & compared != 0 else 0
        if cpu.cc == 0:
            return 0
    set_key(storage, number, key)
    return 0


@jit
def rrbe(cpu, storage, insn):
    """RESET REFERENCE BIT EXTENDED, RRE. PoP ch. 10 "RESET REFERENCE BIT EXTENDED". cc: old R and C as two bits."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    _, r2 = rre(insn)
    number, code = key_operand(cpu, storage, r2)
    if code == 0:
        cpu.cc = i64(reset_reference(storage, number))
    return code
