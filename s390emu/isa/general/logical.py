"""AND, OR, EXCLUSIVE OR and the connectives of the miscellaneous-instruction-extensions facility 3: PoP ch. 7.

The forms with two storage operands are in `storage_to_storage.py`.
"""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32, bits
from s390emu.isa.operands import ri_logical, ril_logical, rr, rre, rrf_a, rx, rxy, si, siy
from s390emu.isa.registers import set_low
from s390emu.storage.access import fetch_doubleword, fetch_word, get_byte, probe_store, put_byte

BITS_0_15, BITS_16_31, BITS_32_47, BITS_48_63 = bits(0, 15), bits(16, 31), bits(32, 47), bits(48, 63)
BITS_0_31, BITS_32_63 = bits(0, 31), bits(32, 63)


@jit
def set32(cpu, r1, result):
    """Set bits 32-63 of r1 to result, and cc; return 0."""
    set_low(cpu, r1, result)
    cpu.cc = 1 if on(result, LOW32) else 0
    return 0


@jit
def set64(cpu, r1, result):
    """Set r1 to result, and cc; return 0."""
    cpu.gr[r1] = result
    cpu.cc = 1 if result != u64(0) else 0
    return 0


@jit
def set_selected(cpu, r1, result, selected):
    """Set r1 to result, and cc by the bits of it that the immediate operand affects; return 0."""
    cpu.gr[r1] = result
    cpu.cc = 1 if on(result, selected) else 0
    return 0


# --- AND --------------------------------------------------------------------------------------------------------------


@jit
def nr(cpu, storage, insn):
    """AND (32), RR. PoP ch. 7 "AND". cc 0, 1."""
    r1, r2 = rr(insn)
    return set32(cpu, r1, cpu.gr[r1] & cpu.gr[r2])


@jit
def ngr(cpu, storage, insn):
    """AND (64), RRE. PoP ch. 7 "AND". cc 0, 1."""
    r1, r2 = rre(insn)
    return set64(cpu, r1, cpu.gr[r1] & cpu.gr[r2])


@jit
def nrk(cpu, storage, insn):
    """AND (32), RRF-a. PoP ch. 7 "AND". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, cpu.gr[r2] & cpu.gr[r3])


@jit
def ngrk(cpu, storage, insn):
    """AND (64), RRF-a. PoP ch. 7 "AND". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, cpu.gr[r2] & cpu.gr[r3])


@jit
def n(cpu, storage, insn):
    """AND (32), RX-a. PoP ch. 7 "AND". cc 0, 1."""
    r1, second = rx(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] & value)


@jit
def ny(cpu, storage, insn):
    """AND (32), RXY-a. PoP ch. 7 "AND". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] & value)


@jit
def ng(cpu, storage, insn):
    """AND (64), RXY-a. PoP ch. 7 "AND". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return set64(cpu, r1, cpu.gr[r1] & value)


@jit
def and_byte(cpu, storage, first, i2):
    """Replace the byte at first by the AND of it and i2, and set cc; return a code."""
    span, code = probe_store(cpu, storage, first, u64(1))
    if code != 0:
        return code
    result = get_byte(span, u64(0)) & i2
    put_byte(span, u64(0), result)
    cpu.cc = 1 if result != u64(0) else 0
    return 0


@jit
def ni(cpu, storage, insn):
    """AND (immediate), SI. PoP ch. 7 "AND". cc 0, 1."""
    first, i2 = si(cpu, insn)
    return and_byte(cpu, storage, first, i2)


@jit
def niy(cpu, storage, insn):
    """AND (immediate), SIY. PoP ch. 7 "AND". cc 0, 1."""
    first, i2 = siy(cpu, insn)
    return and_byte(cpu, storage, first, i2)


@jit
def nihh(cpu, storage, insn):
    """AND IMMEDIATE (high high), RI-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1.

    The other bits of r1 remain unchanged and do not affect the cc.
    """
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & ((i2 << u64(48)) | ~BITS_0_15), BITS_0_15)


@jit
def nihl(cpu, storage, insn):
    """AND IMMEDIATE (high low), RI-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & ((i2 << u64(32)) | ~BITS_16_31), BITS_16_31)


@jit
def nilh(cpu, storage, insn):
    """AND IMMEDIATE (low high), RI-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & ((i2 << u64(16)) | ~BITS_32_47), BITS_32_47)


@jit
def nill(cpu, storage, insn):
    """AND IMMEDIATE (low low), RI-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & (i2 | ~BITS_48_63), BITS_48_63)


@jit
def nihf(cpu, storage, insn):
    """AND IMMEDIATE (high), RIL-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & ((i2 << u64(32)) | ~BITS_0_31), BITS_0_31)


@jit
def nilf(cpu, storage, insn):
    """AND IMMEDIATE (low), RIL-a. PoP ch. 7 "AND IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] & (i2 | ~BITS_32_63), BITS_32_63)


# --- OR ---------------------------------------------------------------------------------------------------------------


@jit
def or_(cpu, storage, insn):
    """OR (32), RR. PoP ch. 7 "OR". cc 0, 1."""
    r1, r2 = rr(insn)
    return set32(cpu, r1, cpu.gr[r1] | cpu.gr[r2])


@jit
def ogr(cpu, storage, insn):
    """OR (64), RRE. PoP ch. 7 "OR". cc 0, 1."""
    r1, r2 = rre(insn)
    return set64(cpu, r1, cpu.gr[r1] | cpu.gr[r2])


@jit
def ork(cpu, storage, insn):
    """OR (32), RRF-a. PoP ch. 7 "OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, cpu.gr[r2] | cpu.gr[r3])


@jit
def ogrk(cpu, storage, insn):
    """OR (64), RRF-a. PoP ch. 7 "OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, cpu.gr[r2] | cpu.gr[r3])


@jit
def o(cpu, storage, insn):
    """OR (32), RX-a. PoP ch. 7 "OR". cc 0, 1."""
    r1, second = rx(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] | value)


@jit
def oy(cpu, storage, insn):
    """OR (32), RXY-a. PoP ch. 7 "OR". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] | value)


@jit
def og(cpu, storage, insn):
    """OR (64), RXY-a. PoP ch. 7 "OR". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return set64(cpu, r1, cpu.gr[r1] | value)


@jit
def or_byte(cpu, storage, first, i2):
    """Replace the byte at first by the OR of it and i2, and set cc; return a code."""
    span, code = probe_store(cpu, storage, first, u64(1))
    if code != 0:
        return code
    result = get_byte(span, u64(0)) | i2
    put_byte(span, u64(0), result)
    cpu.cc = 1 if result != u64(0) else 0
    return 0


@jit
def oi(cpu, storage, insn):
    """OR (immediate), SI. PoP ch. 7 "OR". cc 0, 1."""
    first, i2 = si(cpu, insn)
    return or_byte(cpu, storage, first, i2)


@jit
def oiy(cpu, storage, insn):
    """OR (immediate), SIY. PoP ch. 7 "OR". cc 0, 1."""
    first, i2 = siy(cpu, insn)
    return or_byte(cpu, storage, first, i2)


@jit
def oihh(cpu, storage, insn):
    """OR IMMEDIATE (high high), RI-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | (i2 << u64(48)), BITS_0_15)


@jit
def oihl(cpu, storage, insn):
    """OR IMMEDIATE (high low), RI-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | (i2 << u64(32)), BITS_16_31)


@jit
def oilh(cpu, storage, insn):
    """OR IMMEDIATE (low high), RI-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | (i2 << u64(16)), BITS_32_47)


@jit
def oill(cpu, storage, insn):
    """OR IMMEDIATE (low low), RI-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ri_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | i2, BITS_48_63)


@jit
def oihf(cpu, storage, insn):
    """OR IMMEDIATE (high), RIL-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | (i2 << u64(32)), BITS_0_31)


@jit
def oilf(cpu, storage, insn):
    """OR IMMEDIATE (low), RIL-a. PoP ch. 7 "OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] | i2, BITS_32_63)


# --- EXCLUSIVE OR -----------------------------------------------------------------------------------------------------


@jit
def xr(cpu, storage, insn):
    """EXCLUSIVE OR (32), RR. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, r2 = rr(insn)
    return set32(cpu, r1, cpu.gr[r1] ^ cpu.gr[r2])


@jit
def xgr(cpu, storage, insn):
    """EXCLUSIVE OR (64), RRE. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, r2 = rre(insn)
    return set64(cpu, r1, cpu.gr[r1] ^ cpu.gr[r2])


@jit
def xrk(cpu, storage, insn):
    """EXCLUSIVE OR (32), RRF-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, cpu.gr[r2] ^ cpu.gr[r3])


@jit
def xgrk(cpu, storage, insn):
    """EXCLUSIVE OR (64), RRF-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, cpu.gr[r2] ^ cpu.gr[r3])


@jit
def x(cpu, storage, insn):
    """EXCLUSIVE OR (32), RX-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, second = rx(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] ^ value)


@jit
def xy(cpu, storage, insn):
    """EXCLUSIVE OR (32), RXY-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_word(cpu, storage, second)
    if code != 0:
        return code
    return set32(cpu, r1, cpu.gr[r1] ^ value)


@jit
def xg(cpu, storage, insn):
    """EXCLUSIVE OR (64), RXY-a. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    r1, second = rxy(cpu, insn)
    value, code = fetch_doubleword(cpu, storage, second)
    if code != 0:
        return code
    return set64(cpu, r1, cpu.gr[r1] ^ value)


@jit
def exclusive_or_byte(cpu, storage, first, i2):
    """Replace the byte at first by the EXCLUSIVE OR of it and i2, and set cc; return a code."""
    span, code = probe_store(cpu, storage, first, u64(1))
    if code != 0:
        return code
    result = get_byte(span, u64(0)) ^ i2
    put_byte(span, u64(0), result)
    cpu.cc = 1 if result != u64(0) else 0
    return 0


@jit
def xi(cpu, storage, insn):
    """EXCLUSIVE OR (immediate), SI. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    first, i2 = si(cpu, insn)
    return exclusive_or_byte(cpu, storage, first, i2)


@jit
def xiy(cpu, storage, insn):
    """EXCLUSIVE OR (immediate), SIY. PoP ch. 7 "EXCLUSIVE OR". cc 0, 1."""
    first, i2 = siy(cpu, insn)
    return exclusive_or_byte(cpu, storage, first, i2)


@jit
def xihf(cpu, storage, insn):
    """EXCLUSIVE OR IMMEDIATE (high), RIL-a. PoP ch. 7 "EXCLUSIVE OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] ^ (i2 << u64(32)), BITS_0_31)


@jit
def xilf(cpu, storage, insn):
    """EXCLUSIVE OR IMMEDIATE (low), RIL-a. PoP ch. 7 "EXCLUSIVE OR IMMEDIATE". cc 0, 1."""
    r1, i2 = ril_logical(insn)
    return set_selected(cpu, r1, cpu.gr[r1] ^ i2, BITS_32_63)


# --- with complement, NAND, NOR, NOT EXCLUSIVE OR ---------------------------------------------------------------------


@jit
def ncrk(cpu, storage, insn):
    """AND WITH COMPLEMENT (32), RRF-a. PoP ch. 7 "AND WITH COMPLEMENT". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, cpu.gr[r2] & ~cpu.gr[r3])


@jit
def ncgrk(cpu, storage, insn):
    """AND WITH COMPLEMENT (64), RRF-a. PoP ch. 7 "AND WITH COMPLEMENT". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, cpu.gr[r2] & ~cpu.gr[r3])


@jit
def ocrk(cpu, storage, insn):
    """OR WITH COMPLEMENT (32), RRF-a. PoP ch. 7 "OR WITH COMPLEMENT". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, cpu.gr[r2] | ~cpu.gr[r3])


@jit
def ocgrk(cpu, storage, insn):
    """OR WITH COMPLEMENT (64), RRF-a. PoP ch. 7 "OR WITH COMPLEMENT". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, cpu.gr[r2] | ~cpu.gr[r3])


@jit
def nnrk(cpu, storage, insn):
    """NAND (32), RRF-a. PoP ch. 7 "NAND". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, ~(cpu.gr[r2] & cpu.gr[r3]))


@jit
def nngrk(cpu, storage, insn):
    """NAND (64), RRF-a. PoP ch. 7 "NAND". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, ~(cpu.gr[r2] & cpu.gr[r3]))


@jit
def nork(cpu, storage, insn):
    """NOR (32), RRF-a. PoP ch. 7 "NOR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, ~(cpu.gr[r2] | cpu.gr[r3]))


@jit
def nogrk(cpu, storage, insn):
    """NOR (64), RRF-a. PoP ch. 7 "NOR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, ~(cpu.gr[r2] | cpu.gr[r3]))


@jit
def nxrk(cpu, storage, insn):
    """NOT EXCLUSIVE OR (32), RRF-a. PoP ch. 7 "NOT EXCLUSIVE OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set32(cpu, r1, ~(cpu.gr[r2] ^ cpu.gr[r3]))


@jit
def nxgrk(cpu, storage, insn):
    """NOT EXCLUSIVE OR (64), RRF-a. PoP ch. 7 "NOT EXCLUSIVE OR". cc 0, 1."""
    r1, r2, r3 = rrf_a(insn)
    return set64(cpu, r1, ~(cpu.gr[r2] ^ cpu.gr[r3]))
