"""What DIAGNOSE and the host that completes it both know of its codes: docs/diagnose.md."""

from __future__ import annotations

from s390emu.architecture.bits import bit, bits, u64

# X'308': functions
RESET_CLEAR, RESET_NORMAL, LOAD_CLEAR, LOAD_NORMAL, SET_BLOCK, STORE_BLOCK = (u64(n) for n in (0, 1, 3, 4, 5, 6))
# X'08': in the register of the length
COMMAND_LENGTH, INTO_BUFFER = bits(40, 63), bit(33)
