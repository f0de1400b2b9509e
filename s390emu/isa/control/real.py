"""Real addresses: LOAD REAL ADDRESS, LOAD and STORE USING REAL ADDRESS, STORE REAL ADDRESS. PoP ch. 10.

Translation follows the PSW's address-space control, whether DAT is on or off.
"""

from __future__ import annotations

from s390emu._jit import jit, load4, load8, on, store4, store8, u64
from s390emu.architecture.bits import LOW32, bit, bits
from s390emu.architecture.interruptions import (
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    SEGMENT_TRANSLATION,
    SPECIAL_OPERATION,
    SPECIFICATION,
)
from s390emu.architecture.psw_bits import ACCESS_REGISTER, AS, EA
from s390emu.architecture.sizes import DOUBLEWORD_BYTES, DOUBLEWORD_OFFSET, WORD_BYTES, WORD_OFFSET
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import based, based_second, r16, r32, rre, rx, rxy
from s390emu.storage.access import FETCH, REAL, STORE, probe, psw_key, store_doubleword
from s390emu.storage.access_registers import art_exception, translate_register
from s390emu.storage.alteration import note_store_real
from s390emu.storage.dat import OUTSIDE, asce_of, translate, translation_exception, walk

BEYOND_31 = bits(0, 32)
EXCEPTION_INDICATION = bit(32)
TRANSLATED, SEGMENT_INVALID, PAGE_INVALID, EXCEPTION = range(4)


@jit
def space_of_operand(cpu, storage, base):
    """Return (space, code): the address space of an operand with this base-register field."""
    space = cpu.psw_mask & AS
    return space, translate_register(cpu, storage, base) if space == ACCESS_REGISTER else 0


@jit
def no_translation(cpu, r1, code):
    """Set r1 and cc to tell why there is no translation; return 0."""
    cpu.cc = EXCEPTION
    cpu.gr[r1] = (cpu.gr[r1] & ~LOW32) | EXCEPTION_INDICATION | u64(code)
    return 0


@jit
def load_real(cpu, storage, r1, second, base, whole):
    """Load the real address of second into r1, set cc and return a code. whole: a result of 64 bits, else one that fits
    into 31."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    space, code = space_of_operand(cpu, storage, base)
    if art_exception(code):
        return no_translation(cpu, r1, code)
    if code != 0:
        return code
    found = walk(cpu, storage, asce_of(cpu, storage, space), second)
    fits = whole or not on(found.address, BEYOND_31)
    if found.code != 0 and not translation_exception(found.code):
        return found.code
    if found.code == 0:
        if not fits:
            return SPECIAL_OPERATION
        cpu.cc = TRANSLATED
    elif fits and found.flags & OUTSIDE == 0 and found.code == SEGMENT_TRANSLATION:
        cpu.cc = SEGMENT_INVALID
    elif fits and found.code == PAGE_TRANSLATION:
        cpu.cc = PAGE_INVALID
    else:
        return no_translation(cpu, r1, found.code)
    cpu.gr[r1] = found.address if whole else (cpu.gr[r1] & ~LOW32) | found.address
    return 0


@jit
def lra(cpu, storage, insn):
    """LOAD REAL ADDRESS (32), RX-a. PoP ch. 10 "LOAD REAL ADDRESS". cc 0 translated, 1 or 2 segment- or page-table
    entry invalid, 3 another exception. In the 64-bit mode the result has 64 bits."""
    r1, second = rx(cpu, insn)
    return load_real(cpu, storage, r1, second, r16(insn), on(cpu.psw_mask, EA))


@jit
def lray(cpu, storage, insn):
    """LOAD REAL ADDRESS (32), RXY-a. PoP ch. 10 "LOAD REAL ADDRESS". cc as for LRA."""
    r1, second = rxy(cpu, insn)
    return load_real(cpu, storage, r1, second, r16(insn), on(cpu.psw_mask, EA))


@jit
def lrag(cpu, storage, insn):
    """LOAD REAL ADDRESS (64), RXY-a. PoP ch. 10 "LOAD REAL ADDRESS". cc as for LRA."""
    r1, second = rxy(cpu, insn)
    return load_real(cpu, storage, r1, second, r16(insn), True)


@jit
def strag(cpu, storage, insn):
    """STORE REAL ADDRESS, SSE. PoP ch. 10 "STORE REAL ADDRESS". cc unchanged.

    Exceptions in translating the second operand are access exceptions here.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    first, second = based(cpu, insn), based_second(cpu, insn)
    if on(first, DOUBLEWORD_OFFSET):
        return SPECIFICATION
    space, code = space_of_operand(cpu, storage, r32(insn))
    if code != 0:
        return code
    real, code = translate(cpu, storage, second, FETCH, space)
    if code != 0:
        return code
    return store_doubleword(cpu, storage, first, real)


@jit
def real_operand(cpu, storage, r2, length, kind):
    """Check and touch an operand that a register designates by real address; return (Span, code)."""
    return probe(cpu, storage, cpu.gr[r2] & cpu.amode, length, kind + REAL, psw_key(cpu))


@jit
def lura(cpu, storage, insn):
    """LOAD USING REAL ADDRESS (32), RRE. PoP ch. 10 "LOAD USING REAL ADDRESS". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(cpu.gr[r2], WORD_OFFSET):
        return SPECIFICATION
    span, code = real_operand(cpu, storage, r2, WORD_BYTES, FETCH)
    if code == 0:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW32) | load4(span.first)
    return code


@jit
def lurag(cpu, storage, insn):
    """LOAD USING REAL ADDRESS (64), RRE. PoP ch. 10 "LOAD USING REAL ADDRESS". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(cpu.gr[r2], DOUBLEWORD_OFFSET):
        return SPECIFICATION
    span, code = real_operand(cpu, storage, r2, DOUBLEWORD_BYTES, FETCH)
    if code == 0:
        cpu.gr[r1] = load8(span.first)
    return code


@jit
def stura(cpu, storage, insn):
    """STORE USING REAL ADDRESS (32), RRE. PoP ch. 10 "STORE USING REAL ADDRESS". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(cpu.gr[r2], WORD_OFFSET):
        return SPECIFICATION
    span, code = real_operand(cpu, storage, r2, WORD_BYTES, STORE)
    if code == 0:
        store4(span.first, cpu.gr[r1])
        note_store_real(storage)
    return code


@jit
def sturg(cpu, storage, insn):
    """STORE USING REAL ADDRESS (64), RRE. PoP ch. 10 "STORE USING REAL ADDRESS". cc unchanged."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r2 = rre(insn)
    if on(cpu.gr[r2], DOUBLEWORD_OFFSET):
        return SPECIFICATION
    span, code = real_operand(cpu, storage, r2, DOUBLEWORD_BYTES, STORE)
    if code == 0:
        store8(span.first, cpu.gr[r1])
        note_store_real(storage)
    return code
