"""Moving floating-point registers as they are: PoP ch. 9.

While bit 45 of control register 0 is zero, floating-point registers other than 0, 2, 4 and 6 cause a data exception
with DXC 1. A short operand is the left half of a register, whose right half remains unchanged.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32, bit
from s390emu.architecture.interruptions import CR0_AFP_REGISTER, DXC_AFP_REGISTER, SPECIFICATION
from s390emu.architecture.sizes import WORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.operands import rr, rre, rrf_b, rx, rxy
from s390emu.isa.registers import HIGH32
from s390emu.storage.access import fetch_doubleword, fetch_word, store_doubleword, store_word

SIGN = bit(0)
ADDITIONAL = u64(9)  # on in a register number: 1, 3, 5, 7 to 15
PAIR_SECOND = u64(2)  # on in the number of a pair's second register, and its distance from the first


@jit
def lacks_afp(cpu, registers):
    """True if one of these registers (their numbers ORed) is not 0, 2, 4 or 6, while the program has only those
    four."""
    return on(registers, ADDITIONAL) and not on(cpu.cr[0], CR0_AFP_REGISTER)


@jit
def set_short(cpu, r, value):
    """Replace bits 0-31 of a floating-point register by the leftmost word of value; bits 32-63 remain unchanged."""
    cpu.fpr[r] = (value & HIGH32) | (cpu.fpr[r] & LOW32)


# --- LOAD -------------------------------------------------------------------------------------------------------------


@jit
def ldr(cpu, storage, insn):
    """LOAD (long), RR. PoP ch. 9 "LOAD". cc unchanged."""
    r1, r2 = rr(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.fpr[r2]
    return 0


@jit
def ler(cpu, storage, insn):
    """LOAD (short), RR. PoP ch. 9 "LOAD". cc unchanged."""
    r1, r2 = rr(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    set_short(cpu, r1, cpu.fpr[r2])
    return 0


@jit
def lxr(cpu, storage, insn):
    """LOAD (extended), RRE. PoP ch. 9 "LOAD". cc unchanged.

    A pair is a register and the second one after it; 2, 3, 6, 7, 10, 11, 14 and 15 do not begin one.
    """
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    if on(r1 | r2, PAIR_SECOND):
        return SPECIFICATION
    cpu.fpr[r1], cpu.fpr[r1 + PAIR_SECOND] = cpu.fpr[r2], cpu.fpr[r2 + PAIR_SECOND]
    return 0


@jit
def load_long(cpu, storage, r1, second):
    """Load floating-point register r1 with the doubleword at second; return a code."""
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.fpr[r1] = value
    return code


@jit
def ld(cpu, storage, insn):
    """LOAD (long), RX-a. PoP ch. 9 "LOAD". cc unchanged."""
    r1, second = rx(cpu, insn)
    return load_long(cpu, storage, r1, second)


@jit
def ldy(cpu, storage, insn):
    """LOAD (long), RXY-a. PoP ch. 9 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_long(cpu, storage, r1, second)


@jit
def load_short(cpu, storage, r1, second):
    """Load bits 0-31 of floating-point register r1 with the word at second; return a code."""
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_short(cpu, r1, value << WORD_BITS)
    return code


@jit
def le(cpu, storage, insn):
    """LOAD (short), RX-a. PoP ch. 9 "LOAD". cc unchanged."""
    r1, second = rx(cpu, insn)
    return load_short(cpu, storage, r1, second)


@jit
def ley(cpu, storage, insn):
    """LOAD (short), RXY-a. PoP ch. 9 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_short(cpu, storage, r1, second)


# --- STORE ------------------------------------------------------------------------------------------------------------


@jit
def store_long(cpu, storage, r1, second):
    """Store floating-point register r1 as the doubleword at second; return a code."""
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    return store_doubleword(cpu, storage, second, cpu.fpr[r1])


@jit
def std(cpu, storage, insn):
    """STORE (long), RX-a. PoP ch. 9 "STORE". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_long(cpu, storage, r1, second)


@jit
def stdy(cpu, storage, insn):
    """STORE (long), RXY-a. PoP ch. 9 "STORE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_long(cpu, storage, r1, second)


@jit
def store_short(cpu, storage, r1, second):
    """Store bits 0-31 of floating-point register r1 as the word at second; return a code."""
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    return store_word(cpu, storage, second, cpu.fpr[r1] >> WORD_BITS)


@jit
def ste(cpu, storage, insn):
    """STORE (short), RX-a. PoP ch. 9 "STORE". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_short(cpu, storage, r1, second)


@jit
def stey(cpu, storage, insn):
    """STORE (short), RXY-a. PoP ch. 9 "STORE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_short(cpu, storage, r1, second)


# --- LOAD ZERO --------------------------------------------------------------------------------------------------------


@jit
def lzdr(cpu, storage, insn):
    """LOAD ZERO (long), RRE. PoP ch. 9 "LOAD ZERO". cc unchanged."""
    r1, _ = rre(insn)
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = u64(0)
    return 0


@jit
def lzer(cpu, storage, insn):
    """LOAD ZERO (short), RRE. PoP ch. 9 "LOAD ZERO". cc unchanged."""
    r1, _ = rre(insn)
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    set_short(cpu, r1, u64(0))
    return 0


@jit
def lzxr(cpu, storage, insn):
    """LOAD ZERO (extended), RRE. PoP ch. 9 "LOAD ZERO". cc unchanged."""
    r1, _ = rre(insn)
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    if on(r1, PAIR_SECOND):
        return SPECIFICATION
    cpu.fpr[r1] = cpu.fpr[r1 + PAIR_SECOND] = u64(0)
    return 0


# --- between general and floating-point registers ---------------------------------------------------------------------


@jit
def ldgr(cpu, storage, insn):
    """LOAD FPR FROM GR (64 to long), RRE. PoP ch. 9 "LOAD FPR FROM GR". cc unchanged."""
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.gr[r2]
    return 0


@jit
def lgdr(cpu, storage, insn):
    """LOAD GR FROM FPR (long to 64), RRE. PoP ch. 9 "LOAD GR FROM FPR". cc unchanged."""
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.gr[r1] = cpu.fpr[r2]
    return 0


# --- signs ------------------------------------------------------------------------------------------------------------


@jit
def lpdfr(cpu, storage, insn):
    """LOAD POSITIVE (long), RRE. PoP ch. 9 "LOAD POSITIVE". cc unchanged.

    Only the sign is changed: no operand is invalid, and no flag is set.
    """
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.fpr[r2] & ~SIGN
    return 0


@jit
def lndfr(cpu, storage, insn):
    """LOAD NEGATIVE (long), RRE. PoP ch. 9 "LOAD NEGATIVE". cc unchanged."""
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.fpr[r2] | SIGN
    return 0


@jit
def lcdfr(cpu, storage, insn):
    """LOAD COMPLEMENT (long), RRE. PoP ch. 9 "LOAD COMPLEMENT". cc unchanged."""
    r1, r2 = rre(insn)
    if lacks_afp(cpu, r1 | r2):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = cpu.fpr[r2] ^ SIGN
    return 0


@jit
def cpsdr(cpu, storage, insn):
    """COPY SIGN (long), RRF-b. PoP ch. 9 "COPY SIGN". cc unchanged.

    The result is the second operand with the sign of the third.
    """
    r1, r2, r3 = rrf_b(insn)
    if lacks_afp(cpu, r1 | r2 | r3):
        return data_exception(cpu, DXC_AFP_REGISTER)
    cpu.fpr[r1] = (cpu.fpr[r2] & ~SIGN) | (cpu.fpr[r3] & SIGN)
    return 0
