"""Compare and branch, compare and trap: PoP ch. 7.

Bits 8, 4 and 2 of the mask M3 select the outcomes equal, first operand low and first operand high; bit 1 is ignored.
The condition code is neither used nor set. A trap is a data exception, and the instruction is completed.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.interruptions import DXC_COMPARE_AND_TRAP
from s390emu.architecture.sizes import BYTE_BITS, HALFWORD_BITS, WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.general.branch import branch_to
from s390emu.isa.operands import rie_a, rie_b, rie_c, ris, rrf_c, rrs, rsy, sign_extend
from s390emu.isa.registers import low
from s390emu.storage.access import fetch_doubleword, fetch_word

EQUAL, LOW, HIGH = u64(8), u64(4), u64(2)


@jit
def signed_selected(mask, first, second):
    """True if the mask selects the outcome of comparing two signed numbers of 64 bits."""
    if first == second:
        return on(mask, EQUAL)
    return on(mask, LOW if i64(first) < i64(second) else HIGH)


@jit
def logical_selected(mask, first, second):
    """True if the mask selects the outcome of comparing two unsigned numbers of 64 bits."""
    if first == second:
        return on(mask, EQUAL)
    return on(mask, LOW if first < second else HIGH)


@jit
def word(cpu, r):
    """Return bits 32-63 of a general register as a signed number of 64 bits."""
    return sign_extend(cpu.gr[r], WORD_BITS)


@jit
def branch_if(cpu, storage, condition, target):
    if condition:
        branch_to(cpu, storage, target)
    return 0


@jit
def trap_if(cpu, condition):
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if condition else 0


# --- compare and branch -----------------------------------------------------------------------------------------------


@jit
def crb(cpu, storage, insn):
    """COMPARE AND BRANCH (32), RRS. PoP ch. 7 "COMPARE AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rrs(cpu, insn)
    return branch_if(cpu, storage, signed_selected(m3, word(cpu, r1), word(cpu, r2)), target)


@jit
def crj(cpu, storage, insn):
    """COMPARE AND BRANCH RELATIVE (32), RIE-b. PoP ch. 7 "COMPARE AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rie_b(cpu, storage, insn)
    return branch_if(cpu, storage, signed_selected(m3, word(cpu, r1), word(cpu, r2)), target)


@jit
def cib(cpu, storage, insn):
    """COMPARE IMMEDIATE AND BRANCH (32<-8), RIS. PoP ch. 7 "COMPARE IMMEDIATE AND BRANCH". cc unchanged."""
    r1, i2, m3, target = ris(cpu, insn)
    return branch_if(cpu, storage, signed_selected(m3, word(cpu, r1), sign_extend(i2, BYTE_BITS)), target)


@jit
def cij(cpu, storage, insn):
    """COMPARE IMMEDIATE AND BRANCH RELATIVE (32<-8), RIE-c. PoP ch. 7 "COMPARE IMMEDIATE AND BRANCH". cc unchanged."""
    r1, i2, m3, target = rie_c(cpu, storage, insn)
    return branch_if(cpu, storage, signed_selected(m3, word(cpu, r1), sign_extend(i2, BYTE_BITS)), target)


@jit
def cgrb(cpu, storage, insn):
    """COMPARE AND BRANCH (64), RRS. PoP ch. 7 "COMPARE AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rrs(cpu, insn)
    return branch_if(cpu, storage, signed_selected(m3, cpu.gr[r1], cpu.gr[r2]), target)


@jit
def cgrj(cpu, storage, insn):
    """COMPARE AND BRANCH RELATIVE (64), RIE-b. PoP ch. 7 "COMPARE AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rie_b(cpu, storage, insn)
    return branch_if(cpu, storage, signed_selected(m3, cpu.gr[r1], cpu.gr[r2]), target)


@jit
def cgib(cpu, storage, insn):
    """COMPARE IMMEDIATE AND BRANCH (64<-8), RIS. PoP ch. 7 "COMPARE IMMEDIATE AND BRANCH". cc unchanged."""
    r1, i2, m3, target = ris(cpu, insn)
    return branch_if(cpu, storage, signed_selected(m3, cpu.gr[r1], sign_extend(i2, BYTE_BITS)), target)


@jit
def cgij(cpu, storage, insn):
    """COMPARE IMMEDIATE AND BRANCH RELATIVE (64<-8), RIE-c. PoP ch. 7 "COMPARE IMMEDIATE AND BRANCH". cc unchanged."""
    r1, i2, m3, target = rie_c(cpu, storage, insn)
    return branch_if(cpu, storage, signed_selected(m3, cpu.gr[r1], sign_extend(i2, BYTE_BITS)), target)


# --- compare logical and branch ---------------------------------------------------------------------------------------


@jit
def clrb(cpu, storage, insn):
    """COMPARE LOGICAL AND BRANCH (32), RRS. PoP ch. 7 "COMPARE LOGICAL AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rrs(cpu, insn)
    return branch_if(cpu, storage, logical_selected(m3, low(cpu, r1), low(cpu, r2)), target)


@jit
def clrj(cpu, storage, insn):
    """COMPARE LOGICAL AND BRANCH RELATIVE (32), RIE-b. PoP ch. 7 "COMPARE LOGICAL AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rie_b(cpu, storage, insn)
    return branch_if(cpu, storage, logical_selected(m3, low(cpu, r1), low(cpu, r2)), target)


@jit
def clib(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND BRANCH (32<-8), RIS. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3, target = ris(cpu, insn)
    return branch_if(cpu, storage, logical_selected(m3, low(cpu, r1), i2), target)


@jit
def clij(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND BRANCH RELATIVE (32<-8), RIE-c. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3, target = rie_c(cpu, storage, insn)
    return branch_if(cpu, storage, logical_selected(m3, low(cpu, r1), i2), target)


@jit
def clgrb(cpu, storage, insn):
    """COMPARE LOGICAL AND BRANCH (64), RRS. PoP ch. 7 "COMPARE LOGICAL AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rrs(cpu, insn)
    return branch_if(cpu, storage, logical_selected(m3, cpu.gr[r1], cpu.gr[r2]), target)


@jit
def clgrj(cpu, storage, insn):
    """COMPARE LOGICAL AND BRANCH RELATIVE (64), RIE-b. PoP ch. 7 "COMPARE LOGICAL AND BRANCH". cc unchanged."""
    r1, r2, m3, target = rie_b(cpu, storage, insn)
    return branch_if(cpu, storage, logical_selected(m3, cpu.gr[r1], cpu.gr[r2]), target)


@jit
def clgib(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND BRANCH (64<-8), RIS. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3, target = ris(cpu, insn)
    return branch_if(cpu, storage, logical_selected(m3, cpu.gr[r1], i2), target)


@jit
def clgij(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND BRANCH RELATIVE (64<-8), RIE-c. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3, target = rie_c(cpu, storage, insn)
    return branch_if(cpu, storage, logical_selected(m3, cpu.gr[r1], i2), target)


# --- compare and trap -------------------------------------------------------------------------------------------------


@jit
def crt(cpu, storage, insn):
    """COMPARE AND TRAP (32), RRF-c. PoP ch. 7 "COMPARE AND TRAP". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    return trap_if(cpu, signed_selected(m3, word(cpu, r1), word(cpu, r2)))


@jit
def cit(cpu, storage, insn):
    """COMPARE IMMEDIATE AND TRAP (32<-16), RIE-a. PoP ch. 7 "COMPARE IMMEDIATE AND TRAP". cc unchanged."""
    r1, i2, m3 = rie_a(insn)
    return trap_if(cpu, signed_selected(m3, word(cpu, r1), sign_extend(i2, HALFWORD_BITS)))


@jit
def cgrt(cpu, storage, insn):
    """COMPARE AND TRAP (64), RRF-c. PoP ch. 7 "COMPARE AND TRAP". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    return trap_if(cpu, signed_selected(m3, cpu.gr[r1], cpu.gr[r2]))


@jit
def cgit(cpu, storage, insn):
    """COMPARE IMMEDIATE AND TRAP (64<-16), RIE-a. PoP ch. 7 "COMPARE IMMEDIATE AND TRAP". cc unchanged."""
    r1, i2, m3 = rie_a(insn)
    return trap_if(cpu, signed_selected(m3, cpu.gr[r1], sign_extend(i2, HALFWORD_BITS)))


# --- compare logical and trap -----------------------------------------------------------------------------------------


@jit
def clrt(cpu, storage, insn):
    """COMPARE LOGICAL AND TRAP (32), RRF-c. PoP ch. 7 "COMPARE LOGICAL AND TRAP". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    return trap_if(cpu, logical_selected(m3, low(cpu, r1), low(cpu, r2)))


@jit
def clfit(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND TRAP (32<-16), RIE-a. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3 = rie_a(insn)
    return trap_if(cpu, logical_selected(m3, low(cpu, r1), i2))


@jit
def clt(cpu, storage, insn):
    """COMPARE LOGICAL AND TRAP (32), RSY-b. PoP ch. 7 "COMPARE LOGICAL AND TRAP". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return trap_if(cpu, logical_selected(m3, low(cpu, r1), value))


@jit
def clgrt(cpu, storage, insn):
    """COMPARE LOGICAL AND TRAP (64), RRF-c. PoP ch. 7 "COMPARE LOGICAL AND TRAP". cc unchanged."""
    r1, r2, m3 = rrf_c(insn)
    return trap_if(cpu, logical_selected(m3, cpu.gr[r1], cpu.gr[r2]))


@jit
def clgit(cpu, storage, insn):
    """COMPARE LOGICAL IMMEDIATE AND TRAP (64<-16), RIE-a. PoP ch. 7, by that name. cc unchanged."""
    r1, i2, m3 = rie_a(insn)
    return trap_if(cpu, logical_selected(m3, cpu.gr[r1], i2))


@jit
def clgt(cpu, storage, insn):
    """COMPARE LOGICAL AND TRAP (64), RSY-b. PoP ch. 7 "COMPARE LOGICAL AND TRAP". cc unchanged."""
    r1, m3, second = rsy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return trap_if(cpu, logical_selected(m3, cpu.gr[r1], value))
