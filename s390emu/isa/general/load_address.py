"""LOAD ADDRESS and its kin, LOAD COUNT TO BLOCK BOUNDARY: PoP ch. 7. No storage is referenced, so no access exception
is recognized."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.architecture.psw_bits import AS, MODE64
from s390emu.architecture.sizes import QUADWORD_BYTES
from s390emu.isa.operands import r16, r32, ril_relative, rx, rxy
from s390emu.isa.registers import set_low

ACCESS_REGISTER_MODE, SECONDARY_SPACE_MODE, HOME_SPACE_MODE = bit(17), bit(16), AS
SMALLEST_BOUNDARY, LARGEST_BOUNDARY = u64(64), u64(6)  # of LCBB: bytes; and its number, as a power of two from there


@jit
def load_address(cpu, r1, address):
    """Set r1 to a 64-bit address, or bits 32-63 of r1 to a 24-bit or 31-bit address with zeros before it."""
    if cpu.amode == MODE64:
        cpu.gr[r1] = address
    else:
        set_low(cpu, r1, address)


@jit
def la(cpu, storage, insn):
    """LOAD ADDRESS, RX-a. PoP ch. 7 "LOAD ADDRESS". cc unchanged."""
    r1, second = rx(cpu, insn)
    load_address(cpu, r1, second)
    return 0


@jit
def lay(cpu, storage, insn):
    """LOAD ADDRESS, RXY-a. PoP ch. 7 "LOAD ADDRESS". cc unchanged."""
    r1, second = rxy(cpu, insn)
    load_address(cpu, r1, second)
    return 0


@jit
def larl(cpu, storage, insn):
    """LOAD ADDRESS RELATIVE LONG, RIL-b. PoP ch. 7 "LOAD ADDRESS RELATIVE LONG". cc unchanged."""
    r1, second = ril_relative(cpu, storage, insn)
    load_address(cpu, r1, second)
    return 0


@jit
def load_address_space(cpu, r1, b2):
    """Set access register r1 to what designates the space of the operand, by the address-space control (PoP ch. 7,
    figure "Value Placed in Access Register R1")."""
    control = cpu.psw_mask & AS
    if control == ACCESS_REGISTER_MODE:
        cpu.ar[r1] = cpu.ar[b2] if b2 != u64(0) else u64(0)
    elif control == SECONDARY_SPACE_MODE:
        cpu.ar[r1] = u64(1)
    elif control == HOME_SPACE_MODE:
        cpu.ar[r1] = u64(2)
    else:
        cpu.ar[r1] = u64(0)


@jit
def lae(cpu, storage, insn):
    """LOAD ADDRESS EXTENDED, RX-a. PoP ch. 7 "LOAD ADDRESS EXTENDED". cc unchanged."""
    r1, second = rx(cpu, insn)
    load_address(cpu, r1, second)
    load_address_space(cpu, r1, r16(insn))
    return 0


@jit
def laey(cpu, storage, insn):
    """LOAD ADDRESS EXTENDED, RXY-a. PoP ch. 7 "LOAD ADDRESS EXTENDED". cc unchanged."""
    r1, second = rxy(cpu, insn)
    load_address(cpu, r1, second)
    load_address_space(cpu, r1, r16(insn))
    return 0


@jit
def lcbb(cpu, storage, insn):
    """LOAD COUNT TO BLOCK BOUNDARY, RXE. PoP ch. 7 "LOAD COUNT TO BLOCK BOUNDARY". cc 0: 16 bytes or more, 3: fewer.

    M3 from 0 to 6 is the boundary, 64 bytes to 4 KB."""
    (r1, second), m3 = rx(cpu, insn), r32(insn)
    if m3 > LARGEST_BOUNDARY:
        return SPECIFICATION
    boundary = SMALLEST_BOUNDARY << m3
    count = min(boundary - (second & (boundary - u64(1))), QUADWORD_BYTES)
    set_low(cpu, r1, count)
    cpu.cc = 0 if count == QUADWORD_BYTES else 3
    return 0
