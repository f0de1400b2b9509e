"""Vector registers, their elements, and the fields that name them: PoP ch. 21.

Bits 0-63 of vector registers 0-15 are the floating-point registers. Element sizes are numbers: 0 byte, 1 halfword,
2 word, 3 doubleword, 4 quadword. While bits 45 and 46 of control register 0 are not both ones, all these instructions
cause a data exception with DXC FE, before anything else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import CR0_AFP_REGISTER, CR0_VECTOR, DXC_VECTOR_INSTRUCTION, SPECIFICATION
from s390emu.architecture.sizes import BYTE_BITS, DOUBLEWORD_BITS
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.operands import LOW4, at, r20, r24, r28, r32
from s390emu.storage.absolute import guest_of

BYTE, HALFWORD, WORD, DOUBLEWORD, QUADWORD = (u64(n) for n in range(5))  # element sizes
VECTOR_BYTES = 16
LEFTMOST_OF_NUMBER = u64(16)  # the bit that the RXB field adds to a register number
OVERLAID = u64(16)  # registers below it are floating-point registers too
ALL_ONES = ~u64(0)
ENHANCEMENTS_1, ENHANCEMENTS_2 = bit(135 - 128), bit(148 - 128)  # in the third doubleword of the facility list
ONE = u64(1)
LAST_BYTE = u64(7)  # of a doubleword


class Vector(NamedTuple):
    """The contents of a vector register: bits 0-63, bits 64-127."""

    left: np.uint64
    right: np.uint64


# --- fields ----------------------------------------------------------------------------------------------------------


@jit
def v8(insn):
    """Return the vector-register number of the field at bits 8-11, with its RXB bit. So for the others."""
    return ((insn >> u64(52)) & LOW4) | ((insn >> u64(23)) & LEFTMOST_OF_NUMBER)


@jit
def v12(insn):
    return ((insn >> u64(48)) & LOW4) | ((insn >> u64(22)) & LEFTMOST_OF_NUMBER)


@jit
def v16(insn):
    return ((insn >> u64(44)) & LOW4) | ((insn >> u64(21)) & LEFTMOST_OF_NUMBER)


@jit
def v32(insn):
    return ((insn >> u64(28)) & LOW4) | ((insn >> u64(20)) & LEFTMOST_OF_NUMBER)


# The masks: those of most formats are, from the right, M3 or M4, then M4 or M5, then M5 or M6.
mask32, mask28, mask24, mask20 = r32, r28, r24, r20


@jit
def vrv_address(cpu, insn, index):
    """Return the address by B at 16-19, D at 20-31 and an element as the index: VRV."""
    base = at(cpu, (insn >> u64(44)) & LOW4)
    return (base + index + ((insn >> u64(32)) & u64(0xFFF))) & cpu.amode


# --- availability ----------------------------------------------------------------------------------------------------


@jit
def availability(cpu, invalid):
    """Return the code for a vector instruction that is not available, or, if `invalid`, whose fields are not valid; or
    0."""
    if not (on(cpu.cr[0], CR0_AFP_REGISTER) and on(cpu.cr[0], CR0_VECTOR)):
        return data_exception(cpu, DXC_VECTOR_INSTRUCTION)
    return SPECIFICATION if invalid else 0


@jit
def enhanced(storage, facility):
    """True if this one of ENHANCEMENTS_1, ENHANCEMENTS_2 is installed."""
    return on(guest_of(storage).facilities[2], facility)


# --- registers -------------------------------------------------------------------------------------------------------


@jit
def left_of(cpu, v):
    """Return bits 0-63 of a vector register."""
    return cpu.fpr[v] if v < OVERLAID else cpu.vr_left[v - OVERLAID]


@jit
def vector(cpu, v):
    """Return the contents of a vector register."""
    return Vector(left_of(cpu, v), cpu.vr_right[v])


@jit
def set_vector(cpu, v, value):
    """Set a vector register; return 0."""
    if v < OVERLAID:
        cpu.fpr[v] = value.left
    else:
        cpu.vr_left[v - OVERLAID] = value.left
    cpu.vr_right[v] = value.right
    return 0


# --- elements --------------------------------------------------------------------------------------------------------


@jit
def width_of(size):
    """Return the bits of an element up to a doubleword."""
    return BYTE_BITS << size


@jit
def ones_of(size):
    """Return an element of ones, right-aligned."""
    return ALL_ONES >> (DOUBLEWORD_BITS - width_of(size))


@jit
def elements_of(size):
    """Return the number of elements in a register."""
    return VECTOR_BYTES >> i64(size)


@jit
def signed(size, value):
    """Return an element's value as a signed number, sign-extended to 64 bits."""
    shift = DOUBLEWORD_BITS - width_of(size)
    return i64(value << shift) >> i64(shift)


@jit
def position(size, number):
    """Return how far an element of a register is from the right end of its doubleword."""
    from_right = LAST_BYTE >> size
    return (from_right - (u64(number) & from_right)) * width_of(size)


@jit
def is_left(size, number):
    """True if an element is in bits 0-63."""
    return (u64(number) << size) <= LAST_BYTE


@jit
def element(value, size, number):
    """Return an element of a Vector, zero-extended. number: from the left, less than there are."""
    word = value.left if is_left(size, number) else value.right
    return (word >> position(size, number)) & ones_of(size)


@jit
def with_element(value, size, number, content):
    """Return the Vector with another element."""
    shift = position(size, number)
    keep, new = ~(ones_of(size) << shift), (content & ones_of(size)) << shift
    if is_left(size, number):
        return Vector((value.left & keep) | new, value.right)
    return Vector(value.left, (value.right & keep) | new)


@jit
def zero_vector():
    return Vector(u64(0), u64(0))


@jit
def replicated(size, content):
    """Return the Vector all of whose elements are the same."""
    word = content & ones_of(size)
    width = width_of(size)
    while width < DOUBLEWORD_BITS:
        word |= word << width
        width += width
    return Vector(word, word)
