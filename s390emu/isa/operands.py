"""Decoding of operands from the left-aligned instruction word, one kernel a format: PoP ch. 5 "Instruction Formats".

The positions are those of `formats.py`; a test compares the two. Register fields and lengths are uint64 (true lengths,
one more than encoded); immediates are sign- or zero-extended to 64 bits as the format says; addresses are effective
addresses in the current addressing mode, those of relative operands included.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.bits import LOW16, LOW32, bits

LOW4, LOW8, LOW12 = bits(60, 63), bits(56, 63), bits(52, 63)
ONE = u64(1)


@jit
def field(word, start, width):
    """Return bits start to start+width-1, right-aligned. start, width: uint64, so that there is one compilation."""
    return (word >> (u64(64) - start - width)) & ((u64(1) << width) - u64(1))


@jit
def sign_extend(value, width):
    """Return the rightmost `width` (uint64) bits as a signed number of 64 bits."""
    shift = u64(64) - width
    return u64(i64(value << shift) >> i64(shift))


@jit
def at(cpu, number):
    """Return the contents of a base or index register; field 0 means none."""
    return cpu.gr[number] if number != u64(0) else u64(0)


@jit
def r8(insn):
    return (insn >> u64(52)) & LOW4


@jit
def r12(insn):
    return (insn >> u64(48)) & LOW4


@jit
def r16(insn):
    return (insn >> u64(44)) & LOW4


@jit
def r20(insn):
    return (insn >> u64(40)) & LOW4


@jit
def r24(insn):
    return (insn >> u64(36)) & LOW4


@jit
def r28(insn):
    return (insn >> u64(32)) & LOW4


@jit
def r32(insn):
    return (insn >> u64(28)) & LOW4


@jit
def based(cpu, insn):
    """Return the address by B at 16-19, D at 20-31: the (first) storage operand of RS, S, SI, SIL, SS."""
    return (at(cpu, r16(insn)) + ((insn >> u64(32)) & LOW12)) & cpu.amode


@jit
def based_second(cpu, insn):
    """Return the address by B at 32-35, D at 36-47: the second storage operand of SS, SSE, SSF."""
    return (at(cpu, r32(insn)) + ((insn >> u64(16)) & LOW12)) & cpu.amode


@jit
def long_displacement(insn):
    """Return the displacement with DL at 20-31, DH at 32-39, a signed number of 20 bits."""
    high, low = (insn >> u64(24)) & LOW8, (insn >> u64(32)) & LOW12
    return sign_extend((high << u64(12)) | low, u64(20))


@jit
def based_long(cpu, insn):
    return (at(cpu, r16(insn)) + long_displacement(insn)) & cpu.amode


@jit
def imm8(insn):
    """Return I2 at 8-15, zero-extended: SI and SIY."""
    return (insn >> u64(48)) & LOW8


@jit
def imm16(insn):
    """Return the halfword at 16-31, zero-extended: RI."""
    return (insn >> u64(32)) & LOW16


@jit
def imm32(insn):
    """Return the word at 16-47, zero-extended: RIL."""
    return (insn >> u64(16)) & LOW32


@jit
def relative_address(cpu, storage, offset):
    """Return the address `offset` halfwords (64-bit signed) from the instruction itself."""
    return (storage.insn_ia + (offset << ONE)) & cpu.amode


# --- by format -------------------------------------------------------------------------------------------------------


@jit
def rr(insn):
    """Return (r1, r2)."""
    return r8(insn), r12(insn)


@jit
def rre(insn):
    """Return (r1, r2)."""
    return r24(insn), r28(insn)


@jit
def rrf_a(insn):
    """Return (r1, r2, the field at 16-19, which is r3 or m3): RRF-a, RRF-c and RRF-b."""
    return r24(insn), r28(insn), r16(insn)


rrf_b = rrf_a
rrf_c = rrf_a


@jit
def ri_signed(insn):
    """Return (r1, i2 sign-extended): RI-a."""
    return r8(insn), sign_extend(imm16(insn), u64(16))


@jit
def ri_logical(insn):
    """Return (r1, i2 zero-extended): RI-a."""
    return r8(insn), imm16(insn)


@jit
def ri_relative(cpu, storage, insn):
    """Return (r1 or m1, address): RI-b and RI-c."""
    return r8(insn), relative_address(cpu, storage, sign_extend(imm16(insn), u64(16)))


@jit
def ril_signed(insn):
    """Return (r1, i2 sign-extended): RIL-a."""
    return r8(insn), sign_extend(imm32(insn), u64(32))


@jit
def ril_logical(insn):
    """Return (r1, i2 zero-extended): RIL-a."""
    return r8(insn), imm32(insn)


@jit
def ril_relative(cpu, storage, insn):
    """Return (r1 or m1, address): RIL-b and RIL-c."""
    return r8(insn), relative_address(cpu, storage, sign_extend(imm32(insn), u64(32)))


@jit
def rx(cpu, insn):
    """Return (r1 or m1, address): RX-a and RX-b."""
    return r8(insn), (at(cpu, r12(insn)) + at(cpu, r16(insn)) + ((insn >> u64(32)) & LOW12)) & cpu.amode


@jit
def rxy(cpu, insn):
    """Return (r1 or m1, address): RXY-a and RXY-b."""
    return r8(insn), (at(cpu, r12(insn)) + at(cpu, r16(insn)) + long_displacement(insn)) & cpu.amode


@jit
def rs(cpu, insn):
    """Return (r1, r3 or m3, address): RS-a and RS-b."""
    return r8(insn), r12(insn), based(cpu, insn)


@jit
def rsy(cpu, insn):
    """Return (r1, r3 or m3, address): RSY-a and RSY-b."""
    return r8(insn), r12(insn), based_long(cpu, insn)


@jit
def si(cpu, insn):
    """Return (address, i2)."""
    return based(cpu, insn), imm8(insn)


@jit
def siy(cpu, insn):
    """Return (address, i2)."""
    return based_long(cpu, insn), imm8(insn)


@jit
def sil_signed(cpu, insn):
    """Return (address, i2 sign-extended)."""
    return based(cpu, insn), sign_extend((insn >> u64(16)) & LOW16, u64(16))


@jit
def sil_logical(cpu, insn):
    """Return (address, i2 zero-extended)."""
    return based(cpu, insn), (insn >> u64(16)) & LOW16


@jit
def ss_a(cpu, insn):
    """Return (length, first, second)."""
    return imm8(insn) + ONE, based(cpu, insn), based_second(cpu, insn)


@jit
def ss_b(cpu, insn):
    """Return (length 1, length 2, first, second)."""
    return r8(insn) + ONE, r12(insn) + ONE, based(cpu, insn), based_second(cpu, insn)


@jit
def ss_c(cpu, insn):
    """Return (length, i3, first, second, which is no address of storage)."""
    return r8(insn) + ONE, r12(insn), based(cpu, insn), based_second(cpu, insn)


@jit
def rsl_a(cpu, insn):
    """Return (length, address)."""
    return r8(insn) + ONE, based(cpu, insn)


@jit
def rie_a(insn):
    """Return (r1, i2 (16 bits, zero-extended), m3): RIE-a (compare immediate and trap)."""
    return r8(insn), imm16(insn), r32(insn)


@jit
def rie_b(cpu, storage, insn):
    """Return (r1, r2, m3, address): RIE-b (compare and branch relative)."""
    return r8(insn), r12(insn), r32(insn), relative_address(cpu, storage, sign_extend(imm16(insn), u64(16)))


@jit
def rie_c(cpu, storage, insn):
    """Return (r1, i2 (8 bits, zero-extended), m3, address): RIE-c (compare immediate and branch relative)."""
    i2 = (insn >> u64(24)) & LOW8
    return r8(insn), i2, r12(insn), relative_address(cpu, storage, sign_extend(imm16(insn), u64(16)))


@jit
def rie_d(insn):
    """Return (r1, r3, i2 sign-extended): RIE-d."""
    return r8(insn), r12(insn), sign_extend(imm16(insn), u64(16))


@jit
def rie_e(cpu, storage, insn):
    """Return (r1, r3, address): RIE-e (branch relative on index)."""
    return r8(insn), r12(insn), relative_address(cpu, storage, sign_extend(imm16(insn), u64(16)))


@jit
def rie_f(insn):
    """Return (r1, r2, i3, i4, i5 (8 bits each)): RIE-f (rotate then ... selected bits)."""
    return r8(insn), r12(insn), field(insn, u64(16), u64(8)), field(insn, u64(24), u64(8)), field(insn, u64(32), u64(8))


@jit
def rie_g(insn):
    """Return (r1, i2 sign-extended, m3): RIE-g."""
    return r8(insn), sign_extend(imm16(insn), u64(16)), r12(insn)


@jit
def rrs(cpu, insn):
    """Return (r1, r2, m3, address): RRS (compare and branch). B4 and D4 lie where other formats have B2 and D2."""
    return r8(insn), r12(insn), r32(insn), based(cpu, insn)


@jit
def ris(cpu, insn):
    """Return (r1, i2 (8 bits, zero-extended), m3, address): RIS (compare immediate and branch)."""
    return r8(insn), field(insn, u64(32), u64(8)), r12(insn), based(cpu, insn)
