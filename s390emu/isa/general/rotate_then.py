"""ROTATE THEN AND, OR, EXCLUSIVE OR, INSERT SELECTED BITS: PoP ch. 7."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW32, bit, bits
from s390emu.isa.general.arithmetic import signed_cc
from s390emu.isa.operands import r8, rie_f
from s390emu.isa.registers import HIGH32

LOW5, LOW6 = bits(59, 63), bits(58, 63)
ALL_ONES = bits(0, 63)
HIGH_HALF, LOW_HALF = HIGH32, LOW32
TEST_RESULTS, ZERO_REMAINING = bit(16), bit(24)  # of the instruction: T, bit 0 of I3; Z, bit 0 of I4


@jit
def rotate_left(value, amount):
    """Return a doubleword rotated left by 0 to 63 bits."""
    return (value << amount) | (value >> ((u64(64) - amount) & LOW6))


@jit
def bits_between(first, last):
    """Return ones in bits first to last; if last is less than first, the range continues from bit 63 to bit 0."""
    from_first, to_last = ALL_ONES >> first, ALL_ONES << (u64(63) - last)
    return from_first & to_last if first <= last else from_first | to_last


@jit
def rotate_operands(cpu, insn):
    """Return (r1, the second operand rotated, the selected bits). Bits 0 of I3 and I4 are flags."""
    r1, r2, i3, i4, i5 = rie_f(insn)
    return r1, rotate_left(cpu.gr[r2], i5 & LOW6), bits_between(i3 & LOW6, i4 & LOW6)


@jit
def insert_selected(cpu, insn):
    """Perform ROTATE THEN INSERT SELECTED BITS except for the condition code; return r1."""
    r1, rotated, selected = rotate_operands(cpu, insn)
    remaining = u64(0) if on(insn, ZERO_REMAINING) else cpu.gr[r1] & ~selected
    cpu.gr[r1] = (rotated & selected) | remaining
    return r1


@jit
def risbg(cpu, storage, insn):
    """ROTATE THEN INSERT SELECTED BITS (64), RIE-f. PoP ch. 7 "ROTATE THEN INSERT SELECTED BITS". cc 0-2."""
    r1 = insert_selected(cpu, insn)
    cpu.cc = signed_cc(cpu.gr[r1])
    return 0


@jit
def risbgn(cpu, storage, insn):
    """ROTATE THEN INSERT SELECTED BITS (64), RIE-f. PoP ch. 7 "ROTATE THEN INSERT SELECTED BITS". cc unchanged."""
    insert_selected(cpu, insn)
    return 0


@jit
def insert_in_half(cpu, insn, half, from_bit):
    """Insert into the high or low half of r1 the bits of the rotated operand's same half that the rightmost five bits
    of I3 and I4 select; the other half remains unchanged. A range that wraps continues from the half's last bit to its
    first. Return 0."""
    r1, r2, i3, i4, i5 = rie_f(insn)
    first, last = i3 & LOW5, i4 & LOW5
    selected = bits_between(first + from_bit, last + from_bit) & half
    rotated = rotate_left(cpu.gr[r2], i5 & LOW6)
    kept = ~half if on(insn, ZERO_REMAINING) else ~selected
    cpu.gr[r1] = (rotated & selected) | (cpu.gr[r1] & kept)
    return 0


@jit
def risbhg(cpu, storage, insn):
    """ROTATE THEN INSERT SELECTED BITS HIGH (64), RIE-f. PoP ch. 7. cc unchanged."""
    return insert_in_half(cpu, insn, HIGH_HALF, u64(0))


@jit
def risblg(cpu, storage, insn):
    """ROTATE THEN INSERT SELECTED BITS LOW (64), RIE-f. PoP ch. 7. cc unchanged."""
    return insert_in_half(cpu, insn, LOW_HALF, u64(32))


@jit
def combine_selected(cpu, insn, result, selected):
    """Replace the selected bits of r1 by those of result, unless the results are only tested, and set cc; return 0."""
    r1 = r8(insn)
    if not on(insn, TEST_RESULTS):
        cpu.gr[r1] = (cpu.gr[r1] & ~selected) | (result & selected)
    cpu.cc = 1 if on(result, selected) else 0
    return 0


@jit
def rnsbg(cpu, storage, insn):
    """ROTATE THEN AND SELECTED BITS (64), RIE-f. PoP ch. 7 "ROTATE THEN AND SELECTED BITS". cc 0, 1."""
    r1, rotated, selected = rotate_operands(cpu, insn)
    return combine_selected(cpu, insn, cpu.gr[r1] & rotated, selected)


@jit
def rosbg(cpu, storage, insn):
    """ROTATE THEN OR SELECTED BITS (64), RIE-f. PoP ch. 7 "ROTATE THEN OR SELECTED BITS". cc 0, 1."""
    r1, rotated, selected = rotate_operands(cpu, insn)
    return combine_selected(cpu, insn, cpu.gr[r1] | rotated, selected)


@jit
def rxsbg(cpu, storage, insn):
    """ROTATE THEN EXCLUSIVE OR SELECTED BITS (64), RIE-f. PoP ch. 7. cc 0, 1."""
    r1, rotated, selected = rotate_operands(cpu, insn)
    return combine_selected(cpu, insn, cpu.gr[r1] ^ rotated, selected)
