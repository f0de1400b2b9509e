"""The floating-point-control register: PoP ch. 9. While bit 45 of control register 0 is zero, its instructions cause a
data exception with DXC 2, as BFP instructions do; SET DFP ROUNDING MODE one with DXC 3."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import LOW8, bit, bits
from s390emu.architecture.interruptions import (
    CR0_AFP_REGISTER,
    DXC_BFP_INSTRUCTION,
    DXC_DFP_INSTRUCTION,
    SPECIFICATION,
)
from s390emu.cpu.interruptions import data_exception
from s390emu.isa.operands import based, rre
from s390emu.isa.registers import low, set_low
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import fetch_word, store_word

# The register is bits 32-63 of its doubleword: bit n of the manual is bit 32 + n here.
MASKS, FLAGS, DXC = bits(32, 36), bits(40, 44), bits(48, 55)
ROUNDING_MODE, ROUNDING_MODE_2_BITS = bits(61, 63), bits(62, 63)
DECIMAL_ROUNDING_MODE = bits(57, 59)
QUANTUM_MASK, QUANTUM_FLAG = bit(37), bit(45)
BASIC = MASKS | FLAGS | DXC | ROUNDING_MODE_2_BITS
EXTENSION_BITS = QUANTUM_MASK | QUANTUM_FLAG | ROUNDING_MODE
DECIMAL_ROUNDING_MODE_SHIFT = u64(4)
EXTENSION, DECIMAL = bit(37), bit(41) | bit(42)  # facilities; SET DFP ROUNDING MODE is of 41
TOWARD_MINUS, PREPARE_SHORTER = u64(3), u64(7)  # rounding modes
INVALID_MASK, ZERO_DIVIDE_MASK, OVERFLOW_MASK, UNDERFLOW_MASK, INEXACT_MASK = (bit(32 + n) for n in range(5))
INVALID_FLAG, ZERO_DIVIDE_FLAG, OVERFLOW_FLAG, UNDERFLOW_FLAG, INEXACT_FLAG = (bit(40 + n) for n in range(5))
FLAGS_TO_MASKS = u64(8)  # distance
# Data-exception codes of simulated exceptions: PoP ch. 9 "LOAD FPC AND SIGNAL".
SIMULATED_INVALID, SIMULATED_ZERO_DIVIDE, SIMULATED_OVERFLOW, SIMULATED_UNDERFLOW = (
    u64(n) for n in (0x83, 0x43, 0x23, 0x13)
)
SIMULATED_INEXACT, SIMULATED_QUANTUM = u64(0x0B), u64(0x07)
AND_INEXACT = u64(0x08)  # in the code of overflow and underflow


@jit
def valid_rounding_mode(mode):
    """True if the rounding mode is 0 to 3, or 7 (prepare for shorter precision)."""
    return mode <= TOWARD_MINUS or mode == PREPARE_SHORTER


@jit
def valid_fpc(storage, fpc):
    """True if only bits of installed facilities are ones and the rounding mode is valid."""
    supported = BASIC
    if on(guest_of(storage).facilities[0], EXTENSION):
        supported |= EXTENSION_BITS
    if on(guest_of(storage).facilities[0], DECIMAL):
        supported |= DECIMAL_ROUNDING_MODE
    return not on(fpc, ~supported) and valid_rounding_mode(fpc & ROUNDING_MODE)


@jit
def efpc(cpu, storage, insn):
    """EXTRACT FPC, RRE. PoP ch. 9 "EXTRACT FPC". cc unchanged."""
    r1, _ = rre(insn)
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    set_low(cpu, r1, cpu.fpc)
    return 0


@jit
def sfpc(cpu, storage, insn):
    """SET FPC, RRE. PoP ch. 9 "SET FPC". cc unchanged."""
    r1, _ = rre(insn)
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    if not valid_fpc(storage, low(cpu, r1)):
        return SPECIFICATION
    cpu.fpc = low(cpu, r1)
    return 0


@jit
def lfpc(cpu, storage, insn):
    """LOAD FPC, S. PoP ch. 9 "LOAD FPC". cc unchanged."""
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    value, code = fetch_word(cpu, storage, based(cpu, insn))
    if code != 0:
        return code
    if not valid_fpc(storage, value):
        return SPECIFICATION
    cpu.fpc = value
    return 0


@jit
def stfpc(cpu, storage, insn):
    """STORE FPC, S. PoP ch. 9 "STORE FPC". cc unchanged."""
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    return store_word(cpu, storage, based(cpu, insn), cpu.fpc)


@jit
def srnm(cpu, storage, insn):
    """SET BFP ROUNDING MODE (2 BIT), S. PoP ch. 9 "SET BFP ROUNDING MODE". cc unchanged.

    The mode is bits 62-63 of the second-operand address; bit 29 of the FPC register becomes zero.
    """
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    cpu.fpc = (cpu.fpc & ~ROUNDING_MODE) | (based(cpu, insn) & ROUNDING_MODE_2_BITS)
    return 0


@jit
def srnmb(cpu, storage, insn):
    """SET BFP ROUNDING MODE (3 BIT), S. PoP ch. 9 "SET BFP ROUNDING MODE". cc unchanged.

    The mode is bits 56-63 of the second-operand address.
    """
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    mode = based(cpu, insn) & LOW8
    if not valid_rounding_mode(mode):
        return SPECIFICATION
    cpu.fpc = (cpu.fpc & ~ROUNDING_MODE) | mode
    return 0


@jit
def srnmt(cpu, storage, insn):
    """SET DFP ROUNDING MODE, S. PoP ch. 9 "SET DFP ROUNDING MODE". cc unchanged.

    The mode is bits 61-63 of the second-operand address.
    """
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_DFP_INSTRUCTION)
    mode = based(cpu, insn) & ROUNDING_MODE
    cpu.fpc = (cpu.fpc & ~DECIMAL_ROUNDING_MODE) | (mode << DECIMAL_ROUNDING_MODE_SHIFT)
    return 0


# --- and signal -------------------------------------------------------------------------------------------------------


@jit
def simulated_exception(flags, masks):
    """Return the code of the exception that these flags simulate, the first of those that the masks (at the places of
    the flags) enable; 0 if none is."""
    enabled = flags & masks
    inexact = AND_INEXACT if on(flags, INEXACT_FLAG) else u64(0)
    if on(enabled, INVALID_FLAG):
        return SIMULATED_INVALID
    if on(enabled, ZERO_DIVIDE_FLAG):
        return SIMULATED_ZERO_DIVIDE
    if on(enabled, OVERFLOW_FLAG):
        return SIMULATED_OVERFLOW | inexact
    if on(enabled, UNDERFLOW_FLAG):
        return SIMULATED_UNDERFLOW | inexact
    if on(enabled, INEXACT_FLAG):
        return SIMULATED_INEXACT
    return SIMULATED_QUANTUM if on(enabled, QUANTUM_FLAG) else u64(0)


@jit
def load_and_signal(cpu, storage, source):
    """Load the FPC register, its flags remaining on; then its old flags signal by the new masks. Return a code."""
    if not valid_fpc(storage, source):
        return SPECIFICATION
    signaling = cpu.fpc & (FLAGS | QUANTUM_FLAG)
    cpu.fpc = source | signaling
    dxc = simulated_exception(signaling, source >> FLAGS_TO_MASKS)
    return data_exception(cpu, dxc) if dxc != u64(0) else 0


@jit
def sfasr(cpu, storage, insn):
    """SET FPC AND SIGNAL, RRE. PoP ch. 9 "SET FPC AND SIGNAL". cc unchanged."""
    r1, _ = rre(insn)
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    return load_and_signal(cpu, storage, low(cpu, r1))


@jit
def lfas(cpu, storage, insn):
    """LOAD FPC AND SIGNAL, S. PoP ch. 9 "LOAD FPC AND SIGNAL". cc unchanged."""
    if not on(cpu.cr[0], CR0_AFP_REGISTER):
        return data_exception(cpu, DXC_BFP_INSTRUCTION)
    value, code = fetch_word(cpu, storage, based(cpu, insn))
    return code if code != 0 else load_and_signal(cpu, storage, value)
