"""A linkage stack in a lab's storage: PoP ch. 5 "Linkage-Stack Entry Descriptors". Every space is real storage."""

from __future__ import annotations

from tests.lab import BA_EA, Lab
from tests.translation import DAT, REAL_SPACE, put

HEADER, TRAILER, BRANCH, CALL = 0x09, 0x0A, 0x0C, 0x0D  # entry types
SUPPRESSED = 0x80  # in the byte of the type
SIZE_OF_ENTRY = 296
SECTION = 0x48010  # address of the header entry's descriptor, after 8 bytes with the backward stack-entry address
NEXT_SECTION = 0x4A010
FULL, EMPTY, SPECIFICATION, TYPE, OPERATION = range(0x30, 0x35)  # stack exceptions


def descriptor(kind: int, free: int, next_size: int = 0, section: int = 0x51) -> int:
    return kind << 56 | section << 48 | free << 32 | next_size << 16


def stack(lab: Lab, mask: int = BA_EA, *, free: int = 4 * SIZE_OF_ENTRY, back: int = 0, cc: int = 0) -> None:
    """An empty section, its header being the current entry; back: its backward stack-entry address and validity."""
    lab.cr[1] = lab.cr[7] = lab.cr[13] = REAL_SPACE
    put(lab, SECTION - 8, back)
    put(lab, SECTION, descriptor(HEADER, free))
    lab.store(SECTION + 8, bytes([0xEE] * (free & ~7)))
    put(lab, SECTION + 8 + (free & ~7), 0)  # trailer entry without a forward-section-header address
    put(lab, SECTION + 16 + (free & ~7), descriptor(TRAILER, 0))
    lab.cr[15] = SECTION
    for n in range(16):
        lab.gr[n], lab.ar[n] = 0x0101010111111111 * n, 0x01020304 * n
    lab.cr[3], lab.cr[4], lab.cr[8] = 0xABCDEF01_8421_0042, 0xFEDCBA98_0007_0041, 0xA5A5A5A5_0B0B_1111
    lab.psw(mask | DAT, cc=cc)


def entry(lab: Lab, kind: int, at: int = SECTION + SIZE_OF_ENTRY, *, mask: int, address: int, called: int = 0) -> None:
    """Put a state entry there, its descriptor at `at`, and make it the current one."""
    start = at - SIZE_OF_ENTRY + 8
    lab.store(start, bytes(SIZE_OF_ENTRY))
    for n in range(16):
        put(lab, start + 8 * n, 0xF0F0F0F0_00000000 + n)
        lab.store(start + 224 + 4 * n, (0xA0000000 + n).to_bytes(4, "big"))
    put(lab, start + 128, 0x4321_0042_0C0C_0041)  # PSW-key mask, secondary ASN, EAX, primary ASN
    put(lab, start + 136, mask)
    put(lab, start + 144, called)
    put(lab, start + 152, 0x1122334455667788)
    put(lab, start + 168, address)
    put(lab, at, descriptor(kind, 3 * SIZE_OF_ENTRY))
    put(lab, at - SIZE_OF_ENTRY, lab.word(at - SIZE_OF_ENTRY) | SIZE_OF_ENTRY << 16)
    lab.cr[15] = at
