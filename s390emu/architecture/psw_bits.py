"""The program-status word: PoP ch. 4 "Program-Status-Word Format"."""

from __future__ import annotations

from s390emu.architecture.bits import bit, bits, u64

PER, DAT, IO, EXTERNAL = bit(1), bit(5), bit(6), bit(7)
KEY = bits(8, 11)
MACHINE_CHECK, WAIT, PROBLEM = bit(13), bit(14), bit(15)
AS = bits(16, 17)
CC = bits(18, 19)
PROGRAM_MASK = bits(20, 23)
FIXED_POINT_OVERFLOW_MASK, DECIMAL_OVERFLOW_MASK = bit(20), bit(21)
HFP_UNDERFLOW_MASK, HFP_SIGNIFICANCE_MASK = bit(22), bit(23)
EA, BA = bit(31), bit(32)
UNASSIGNED = bit(0) | bits(2, 4) | bit(12) | bits(24, 30) | bits(33, 63)

KEY_SHIFT, CC_SHIFT = u64(63 - 11), u64(63 - 19)
MODE24, MODE31, MODE64 = bits(40, 63), bits(33, 63), bits(0, 63)
LOW2 = u64(3)

# a PSW of 8 bytes, of ESA/390: what PSW bits 0-63 have of it, the bit that is inverted, the address
SHORT_MASK, SHORT_INVERTED, SHORT_ADDRESS = bits(0, 32), bit(12), bits(33, 63)

# address-space control: values of AS
AS_SHIFT = u64(63 - 17)
PRIMARY, ACCESS_REGISTER, SECONDARY, HOME = (u64(n << 46) for n in range(4))
