"""LOAD LOGICAL: zero extension; and the loads that zero the rightmost byte or trap on zero: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, bits
from s390emu.architecture.interruptions import DXC_COMPARE_AND_TRAP, SPECIFICATION
from s390emu.architecture.sizes import WORD_OFFSET
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.operands import ril_relative, rre, rxy
from s390emu.isa.registers import low, set_high, set_low
from s390emu.storage.access import fetch_byte, fetch_doubleword, fetch_halfword, fetch_word

LOW31 = bits(33, 63)


@jit
def llc(cpu, storage, insn):
    """LOAD LOGICAL CHARACTER (32<-8), RXY-a. PoP ch. 7 "LOAD LOGICAL CHARACTER". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, value)
    return code


@jit
def llcr(cpu, storage, insn):
    """LOAD LOGICAL CHARACTER (32<-8), RRE. PoP ch. 7 "LOAD LOGICAL CHARACTER". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, cpu.gr[r2] & LOW8)
    return 0


@jit
def llgc(cpu, storage, insn):
    """LOAD LOGICAL CHARACTER (64<-8), RXY-a. PoP ch. 7 "LOAD LOGICAL CHARACTER". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def llgcr(cpu, storage, insn):
    """LOAD LOGICAL CHARACTER (64<-8), RRE. PoP ch. 7 "LOAD LOGICAL CHARACTER". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = cpu.gr[r2] & LOW8
    return 0


@jit
def load_logical_halfword32(cpu, storage, r1, second):
    """Load bits 32-63 of r1 with the halfword at second, zero-extended; return a code."""
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, value)
    return code


@jit
def llh(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD (32<-16), RXY-a. PoP ch. 7 "LOAD LOGICAL HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_logical_halfword32(cpu, storage, r1, second)


@jit
def llhrl(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD RELATIVE LONG (32<-16), RIL-b. PoP ch. 7. cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    return load_logical_halfword32(cpu, storage, r1, second)


@jit
def llhr(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD (32<-16), RRE. PoP ch. 7 "LOAD LOGICAL HALFWORD". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, cpu.gr[r2] & LOW16)
    return 0


@jit
def load_logical_halfword64(cpu, storage, r1, second):
    """Load r1 with the halfword at second, zero-extended; return a code."""
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def llgh(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD (64<-16), RXY-a. PoP ch. 7 "LOAD LOGICAL HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_logical_halfword64(cpu, storage, r1, second)


@jit
def llghrl(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD RELATIVE LONG (64<-16), RIL-b. PoP ch. 7. cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    return load_logical_halfword64(cpu, storage, r1, second)


@jit
def llghr(cpu, storage, insn):
    """LOAD LOGICAL HALFWORD (64<-16), RRE. PoP ch. 7 "LOAD LOGICAL HALFWORD". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = cpu.gr[r2] & LOW16
    return 0


@jit
def load_logical_word(cpu, storage, r1, second):
    """Load r1 with the word at second, zero-extended; return a code."""
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def llgf(cpu, storage, insn):
    """LOAD LOGICAL (64<-32), RXY-a. PoP ch. 7 "LOAD LOGICAL". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_logical_word(cpu, storage, r1, second)


@jit
def llgfrl(cpu, storage, insn):
    """LOAD LOGICAL RELATIVE LONG (64<-32), RIL-b. PoP ch. 7 "LOAD LOGICAL RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    return load_logical_word(cpu, storage, r1, second)


@jit
def llgfr(cpu, storage, insn):
    """LOAD LOGICAL (64<-32), RRE. PoP ch. 7 "LOAD LOGICAL". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = low(cpu, r2)
    return 0


@jit
def llgt(cpu, storage, insn):
    """LOAD LOGICAL THIRTY ONE BITS (64<-31), RXY-a. PoP ch. 7 "LOAD LOGICAL THIRTY ONE BITS". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value & LOW31
    return code


@jit
def llgtr(cpu, storage, insn):
    """LOAD LOGICAL THIRTY ONE BITS (64<-31), RRE. PoP ch. 7 "LOAD LOGICAL THIRTY ONE BITS". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = cpu.gr[r2] & LOW31
    return 0


# --- LOAD (LOGICAL) AND ZERO RIGHTMOST BYTE ---------------------------------------------------------------------------


@jit
def lzrf(cpu, storage, insn):
    """LOAD AND ZERO RIGHTMOST BYTE (32), RXY-a. PoP ch. 7 "LOAD AND ZERO RIGHTMOST BYTE". cc unchanged.

    The whole word is fetched.
    """
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, value & ~LOW8)
    return code


@jit
def lzrg(cpu, storage, insn):
    """LOAD AND ZERO RIGHTMOST BYTE (64), RXY-a. PoP ch. 7 "LOAD AND ZERO RIGHTMOST BYTE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value & ~LOW8
    return code


@jit
def llzrgf(cpu, storage, insn):
    """LOAD LOGICAL AND ZERO RIGHTMOST BYTE (64<-32), RXY-a. PoP ch. 7. cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value & ~LOW8
    return code


# --- LOAD (LOGICAL) AND TRAP: a loaded zero is an exception, and the load is completed --------------------------------


@jit
def lat(cpu, storage, insn):
    """LOAD AND TRAP (32L<-32), RXY-a. PoP ch. 7 "LOAD AND TRAP". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    set_low(cpu, r1, value)
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if value == u64(0) else 0


@jit
def lgat(cpu, storage, insn):
    """LOAD AND TRAP (64), RXY-a. PoP ch. 7 "LOAD AND TRAP". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r1] = value
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if value == u64(0) else 0


@jit
def lfhat(cpu, storage, insn):
    """LOAD HIGH AND TRAP (32H<-32), RXY-a. PoP ch. 7 "LOAD HIGH AND TRAP". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    set_high(cpu, r1, value)
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if value == u64(0) else 0


@jit
def llgfat(cpu, storage, insn):
    """LOAD LOGICAL AND TRAP (64<-32), RXY-a. PoP ch. 7 "LOAD LOGICAL AND TRAP". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r1] = value
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if value == u64(0) else 0


@jit
def llgtat(cpu, storage, insn):
    """LOAD LOGICAL THIRTY ONE BITS AND TRAP (64<-31), RXY-a. PoP ch. 7. cc unchanged.

    Bit 0 of the word is ignored: X'80000000' traps.
    """
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    cpu.gr[r1] = value & LOW31
    return data_exception(cpu, DXC_COMPARE_AND_TRAP) if cpu.gr[r1] == u64(0) else 0
