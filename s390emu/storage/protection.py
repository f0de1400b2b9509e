"""Protection: PoP ch. 3 "Protection". Low-address protection and key-controlled protection with its two overrides."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture.bits import bit
from s390emu.architecture.sizes import BLOCK_BYTES, OFFSET, PAGE
from s390emu.architecture.storage_key import ACC, FETCH_PROTECTION

LOW_ADDRESS_PROTECTION = bit(35)  # control register 0
FETCH_PROTECTION_OVERRIDE = bit(38)
STORAGE_PROTECTION_OVERRIDE = bit(39)
OVERRIDE_KEY = 9 << 4
SECOND_PAGE = u64(0x1000)
PROTECTED_BYTES = u64(512)  # effective addresses 0-511 and 4096-4607
OVERRIDE_BYTES = u64(2048)  # effective addresses 0-2047


@jit
def low_address_protected(cpu, effective):
    """True if a store at this effective address is prohibited, whatever the key: PoP ch. 3 "Low-Address Protection"."""
    if not on(cpu.cr[0], LOW_ADDRESS_PROTECTION):
        return False
    return (effective & PAGE) <= SECOND_PAGE and (effective & OFFSET) < PROTECTED_BYTES


@jit
def key_matches(access_key, storage_key, is_store):
    """True if key-controlled protection permits the access, the overrides aside. access_key: in the place of ACC."""
    return access_key == 0 or access_key == storage_key & ACC or (not is_store and storage_key & FETCH_PROTECTION == 0)


@jit
def key_permits(cpu, access_key, storage_key, is_store):
    """True if key-controlled protection permits the access, fetch-protection override aside. Keys as in the PSW and in
    a storage key."""
    if key_matches(access_key << 4, storage_key, is_store):
        return True
    return storage_key & ACC == OVERRIDE_KEY and on(cpu.cr[0], STORAGE_PROTECTION_OVERRIDE)


@jit
def fetch_protection_overridden(cpu, effective, length):
    """True if fetch-protection override permits this fetch: PoP ch. 3 "Fetch-Protection-Override Control"."""
    if not on(cpu.cr[0], FETCH_PROTECTION_OVERRIDE):
        return False
    # The page is tested too: at the end of the last page the sum would be zero.
    return not on(effective, PAGE) and effective + u64(length) <= OVERRIDE_BYTES


@jit
def fetched_alike(cpu, effective):
    """Return how many bytes from this effective address on can be fetched if the first can: those to the end of the
    page, or to where fetch-protection override ends."""
    if effective < OVERRIDE_BYTES and on(cpu.cr[0], FETCH_PROTECTION_OVERRIDE):
        return OVERRIDE_BYTES - effective
    return BLOCK_BYTES - (effective & OFFSET)
