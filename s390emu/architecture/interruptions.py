"""Interruption classes and codes: PoP ch. 6 "Interruptions", and what masks them: ch. 4 "Control Registers"."""

from __future__ import annotations

from s390emu.architecture.bits import bit, bits, u64
from s390emu.architecture.program_exceptions import PER_EVENT

# classes
PROGRAM, SUPERVISOR_CALL, MACHINE_CHECK_CLASS, EXTERNAL_CLASS, IO_CLASS, RESTART = range(6)
CLASSES = ("program", "supervisor call", "machine check", "external", "I/O", "restart")

# program-interruption codes, PoP ch. 6 "Program-Interruption Conditions"
OPERATION, PRIVILEGED_OPERATION, EXECUTE, PROTECTION, ADDRESSING, SPECIFICATION, DATA = range(1, 8)
FIXED_POINT_OVERFLOW, FIXED_POINT_DIVIDE, DECIMAL_OVERFLOW, DECIMAL_DIVIDE = 0x08, 0x09, 0x0A, 0x0B
HFP_EXPONENT_OVERFLOW, HFP_EXPONENT_UNDERFLOW, HFP_SIGNIFICANCE, HFP_DIVIDE = 0x0C, 0x0D, 0x0E, 0x0F
HFP_SQUARE_ROOT = 0x1D
SEGMENT_TRANSLATION, PAGE_TRANSLATION, TRANSLATION_SPECIFICATION, SPECIAL_OPERATION = 0x10, 0x11, 0x12, 0x13
OPERAND = 0x15
BLOCK_VOLATILITY, VECTOR_PROCESSING, SPACE_SWITCH_EVENT = 0x1A, 0x1B, 0x1C
AFX_TRANSLATION, ASX_TRANSLATION, SECONDARY_AUTHORITY = 0x20, 0x21, 0x25
FIRST_ASN_EXCEPTION, LAST_ASN_EXCEPTION = AFX_TRANSLATION, 0x27
ALET_SPECIFICATION, ALEN_TRANSLATION, ALE_SEQUENCE = 0x28, 0x29, 0x2A
ASTE_VALIDITY, ASTE_SEQUENCE, EXTENDED_AUTHORITY = 0x2B, 0x2C, 0x2D
ASCE_TYPE, REGION_FIRST, REGION_SECOND, REGION_THIRD = 0x38, 0x39, 0x3A, 0x3B
MONITOR_EVENT = 0x40
PROGRAM_EVENT = PER_EVENT  # alone, or added to another code

# external interruptions that are kept pending, in order of priority; those of the clocks follow from the time
EXTERNAL_INTERRUPT_KEY, EXTERNAL_EMERGENCY, EXTERNAL_CALL, EXTERNAL_SERVICE, EXTERNAL_BLOCK_IO = (
    u64(1 << n) for n in range(5)
)
FLOATING = EXTERNAL_INTERRUPT_KEY | EXTERNAL_SERVICE | EXTERNAL_BLOCK_IO  # any CPU may take these
CODE_INTERRUPT_KEY, CODE_EMERGENCY, CODE_EXTERNAL_CALL = u64(0x0040), u64(0x1201), u64(0x1202)
CODE_CLOCK_COMPARATOR, CODE_CPU_TIMER, CODE_SERVICE = u64(0x1004), u64(0x1005), u64(0x2401)
CODE_BLOCK_IO = u64(0x2603)  # z/VM's; subject to the subclass mask of the service signal
BLOCK_IO_64 = u64(0x0700)  # subcode of the 64-bit format
CR0_EMERGENCY, CR0_EXTERNAL_CALL, CR0_CLOCK_COMPARATOR, CR0_CPU_TIMER = bit(49), bit(50), bit(52), bit(53)
CR0_SERVICE, CR0_INTERRUPT_KEY = bit(54), bit(57)

# machine-check interruption code, PoP ch. 11
MCIC_PROCESSING_DAMAGE, MCIC_BACKUP, MCIC_STORAGE_ERROR = bit(1), bit(14), bit(16)
MCIC_VALIDITY = bits(20, 24) | bits(27, 29) | bit(31) | bit(33) | bits(42, 43) | bits(46, 47)
MCIC_VECTORS = bit(25)  # vector registers are valid
MCIC_DAMAGE = bits(0, 1)  # exigent conditions: only PSW bit 13 masks them

IO_SUBCLASS_SHIFT, IO_SUBCLASS = u64(27), u64(7)  # I/O-interruption subclass in the identification word

# data-exception codes, PoP ch. 6 "Data-Exception Code (DXC)"
DXC_DECIMAL_OPERAND, DXC_AFP_REGISTER, DXC_BFP_INSTRUCTION, DXC_DFP_INSTRUCTION = u64(0), u64(1), u64(2), u64(3)
DXC_VECTOR_INSTRUCTION, DXC_COMPARE_AND_TRAP = u64(0xFE), u64(0xFF)
CR0_AFP_REGISTER, CR0_VECTOR = bit(45), bit(46)
FPC_DXC, FPC_DXC_SHIFT = bits(48, 55), u64(8)  # bits 16-23 of the FPC register
