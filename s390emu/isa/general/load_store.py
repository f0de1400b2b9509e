"""LOAD and STORE of general registers, with sign extension: PoP ch. 7. With zero extension: `load_logical.py`.

The operand of a relative-long instruction must lie on its own boundary; a halfword there always does.
"""

from __future__ import annotations

from s390emu._jit import jit, on
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.sizes import BYTE_BITS, DOUBLEWORD_OFFSET, HALFWORD_BITS, WORD_BITS, WORD_OFFSET
from s390emu.isa.operands import ril_relative, rr, rre, rx, rxy, sign_extend
from s390emu.isa.registers import set_low
from s390emu.storage.access import (
    fetch_byte,
    fetch_doubleword,
    fetch_halfword,
    fetch_word,
    store_byte,
    store_doubleword,
    store_halfword,
    store_word,
)


@jit
def load_word(cpu, storage, r1, second):
    """Load bits 32-63 of r1 with the word at second; return a code."""
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, value)
    return code


@jit
def l(cpu, storage, insn):  # noqa: E743
    """LOAD (32), RX-a. PoP ch. 7 "LOAD". cc unchanged."""
    r1, second = rx(cpu, insn)
    return load_word(cpu, storage, r1, second)


@jit
def ly(cpu, storage, insn):
    """LOAD (32), RXY-a. PoP ch. 7 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_word(cpu, storage, r1, second)


@jit
def lrl(cpu, storage, insn):
    """LOAD RELATIVE LONG (32), RIL-b. PoP ch. 7 "LOAD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    return load_word(cpu, storage, r1, second)


@jit
def lr(cpu, storage, insn):
    """LOAD (32), RR. PoP ch. 7 "LOAD". cc unchanged."""
    r1, r2 = rr(insn)
    set_low(cpu, r1, cpu.gr[r2])
    return 0


@jit
def load_doubleword(cpu, storage, r1, second):
    """Load r1 with the doubleword at second; return a code."""
    value, code = fetch_doubleword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = value
    return code


@jit
def lg(cpu, storage, insn):
    """LOAD (64), RXY-a. PoP ch. 7 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_doubleword(cpu, storage, r1, second)


@jit
def lgrl(cpu, storage, insn):
    """LOAD RELATIVE LONG (64), RIL-b. PoP ch. 7 "LOAD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    return load_doubleword(cpu, storage, r1, second)


@jit
def lgr(cpu, storage, insn):
    """LOAD (64), RRE. PoP ch. 7 "LOAD". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = cpu.gr[r2]
    return 0


@jit
def load_word_signed(cpu, storage, r1, second):
    """Load r1 with the word at second, sign-extended; return a code."""
    value, code = fetch_word(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = sign_extend(value, WORD_BITS)
    return code


@jit
def lgf(cpu, storage, insn):
    """LOAD (64<-32), RXY-a. PoP ch. 7 "LOAD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_word_signed(cpu, storage, r1, second)


@jit
def lgfrl(cpu, storage, insn):
    """LOAD RELATIVE LONG (64<-32), RIL-b. PoP ch. 7 "LOAD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    return load_word_signed(cpu, storage, r1, second)


@jit
def lgfr(cpu, storage, insn):
    """LOAD (64<-32), RRE. PoP ch. 7 "LOAD". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = sign_extend(cpu.gr[r2], WORD_BITS)
    return 0


@jit
def load_halfword32(cpu, storage, r1, second):
    """Load bits 32-63 of r1 with the halfword at second, sign-extended; return a code."""
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, sign_extend(value, HALFWORD_BITS))
    return code


@jit
def lh(cpu, storage, insn):
    """LOAD HALFWORD (32<-16), RX-a. PoP ch. 7 "LOAD HALFWORD". cc unchanged."""
    r1, second = rx(cpu, insn)
    return load_halfword32(cpu, storage, r1, second)


@jit
def lhy(cpu, storage, insn):
    """LOAD HALFWORD (32<-16), RXY-a. PoP ch. 7 "LOAD HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_halfword32(cpu, storage, r1, second)


@jit
def lhrl(cpu, storage, insn):
    """LOAD HALFWORD RELATIVE LONG (32<-16), RIL-b. PoP ch. 7 "LOAD HALFWORD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    return load_halfword32(cpu, storage, r1, second)


@jit
def lhr(cpu, storage, insn):
    """LOAD HALFWORD (32<-16), RRE. PoP ch. 7 "LOAD HALFWORD". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, sign_extend(cpu.gr[r2], HALFWORD_BITS))
    return 0


@jit
def load_halfword64(cpu, storage, r1, second):
    """Load r1 with the halfword at second, sign-extended; return a code."""
    value, code = fetch_halfword(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = sign_extend(value, HALFWORD_BITS)
    return code


@jit
def lgh(cpu, storage, insn):
    """LOAD HALFWORD (64<-16), RXY-a. PoP ch. 7 "LOAD HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return load_halfword64(cpu, storage, r1, second)


@jit
def lghrl(cpu, storage, insn):
    """LOAD HALFWORD RELATIVE LONG (64<-16), RIL-b. PoP ch. 7 "LOAD HALFWORD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    return load_halfword64(cpu, storage, r1, second)


@jit
def lghr(cpu, storage, insn):
    """LOAD HALFWORD (64<-16), RRE. PoP ch. 7 "LOAD HALFWORD". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = sign_extend(cpu.gr[r2], HALFWORD_BITS)
    return 0


@jit
def lb(cpu, storage, insn):
    """LOAD BYTE (32<-8), RXY-a. PoP ch. 7 "LOAD BYTE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        set_low(cpu, r1, sign_extend(value, BYTE_BITS))
    return code


@jit
def lbr(cpu, storage, insn):
    """LOAD BYTE (32<-8), RRE. PoP ch. 7 "LOAD BYTE". cc unchanged."""
    r1, r2 = rre(insn)
    set_low(cpu, r1, sign_extend(cpu.gr[r2], BYTE_BITS))
    return 0


@jit
def lgb(cpu, storage, insn):
    """LOAD BYTE (64<-8), RXY-a. PoP ch. 7 "LOAD BYTE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_byte(cpu, storage, second)
    if code == 0:
        cpu.gr[r1] = sign_extend(value, BYTE_BITS)
    return code


@jit
def lgbr(cpu, storage, insn):
    """LOAD BYTE (64<-8), RRE. PoP ch. 7 "LOAD BYTE". cc unchanged."""
    r1, r2 = rre(insn)
    cpu.gr[r1] = sign_extend(cpu.gr[r2], BYTE_BITS)
    return 0


# --- STORE ------------------------------------------------------------------------------------------------------------


@jit
def st(cpu, storage, insn):
    """STORE (32), RX-a. PoP ch. 7 "STORE". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_word(cpu, storage, second, cpu.gr[r1])


@jit
def sty(cpu, storage, insn):
    """STORE (32), RXY-a. PoP ch. 7 "STORE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_word(cpu, storage, second, cpu.gr[r1])


@jit
def strl(cpu, storage, insn):
    """STORE RELATIVE LONG (32), RIL-b. PoP ch. 7 "STORE RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, WORD_OFFSET):
        return SPECIFICATION
    return store_word(cpu, storage, second, cpu.gr[r1])


@jit
def stg(cpu, storage, insn):
    """STORE (64), RXY-a. PoP ch. 7 "STORE". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_doubleword(cpu, storage, second, cpu.gr[r1])


@jit
def stgrl(cpu, storage, insn):
    """STORE RELATIVE LONG (64), RIL-b. PoP ch. 7 "STORE RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    if on(second, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    return store_doubleword(cpu, storage, second, cpu.gr[r1])


@jit
def sth(cpu, storage, insn):
    """STORE HALFWORD (16), RX-a. PoP ch. 7 "STORE HALFWORD". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_halfword(cpu, storage, second, cpu.gr[r1])


@jit
def sthy(cpu, storage, insn):
    """STORE HALFWORD (16), RXY-a. PoP ch. 7 "STORE HALFWORD". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_halfword(cpu, storage, second, cpu.gr[r1])


@jit
def sthrl(cpu, storage, insn):
    """STORE HALFWORD RELATIVE LONG (16), RIL-b. PoP ch. 7 "STORE HALFWORD RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    return store_halfword(cpu, storage, second, cpu.gr[r1])


@jit
def stc(cpu, storage, insn):
    """STORE CHARACTER, RX-a. PoP ch. 7 "STORE CHARACTER". cc unchanged."""
    r1, second = rx(cpu, insn)
    return store_byte(cpu, storage, second, cpu.gr[r1])


@jit
def stcy(cpu, storage, insn):
    """STORE CHARACTER, RXY-a. PoP ch. 7 "STORE CHARACTER". cc unchanged."""
    r1, second = rxy(cpu, insn)
    return store_byte(cpu, storage, second, cpu.gr[r1])


# --- PREFETCH DATA ----------------------------------------------------------------------------------------------------


@jit
def pfd(cpu, storage, insn):
    """PREFETCH DATA, RXY-b. PoP ch. 7 "PREFETCH DATA". cc unchanged.

    No access exception is recognized, whatever the code in M1: there are no caches to prefetch into.
    """
    return 0


@jit
def pfdrl(cpu, storage, insn):
    """PREFETCH DATA RELATIVE LONG, RIL-c. PoP ch. 7 "PREFETCH DATA RELATIVE LONG". cc unchanged.

    As PREFETCH DATA. The second operand may begin on any halfword.
    """
    return 0
