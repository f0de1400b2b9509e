"""The TOD clock's units: PoP ch. 4 "Time-of-Day Clock"."""

from __future__ import annotations

MICROSECOND = 1 << 12  # bit 51
TOD_SECOND = 1_000_000 * MICROSECOND
TOD_1970 = 0x7D91048BCA000000  # on January 1, 1970, 0h UTC
