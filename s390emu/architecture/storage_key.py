"""The storage key: PoP ch. 3 "Storage Key". Seven bits, as bits 0-6 of a byte."""

from __future__ import annotations

ACC, FETCH_PROTECTION, REFERENCE, CHANGE = 0xF0, 0x08, 0x04, 0x02
ACC_F, RC = ACC | FETCH_PROTECTION, REFERENCE | CHANGE
