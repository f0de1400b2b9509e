"""Access by the machine to assigned storage locations in the prefix area. PoP ch. 3 "Assigned Storage Locations"."""

from __future__ import annotations

from s390emu._jit import call4, i64, jit, load8, store1, store2, store4, store8, u64
from s390emu.architecture.page_states import ALWAYS, STABLE, UNUSED, ZEROFILL
from s390emu.architecture.sizes import BLOCK_BYTES, BLOCK_SHIFT
from s390emu.records.exits import CHECK_STOP_LOWCORE, EXIT_HOST_FAULT, EXIT_STOP
from s390emu.storage.absolute import block_at, guest_of
from s390emu.storage.access import FETCH, STORE, touch
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.references import note_reference


@jit
def block_code(storage, absolute):
    """Return whether the machine may store into this block: 0; EXIT_HOST_FAULT; or EXIT_STOP: the guest hinted it away,
    and presenting a fault for a block of the prefix area would need the very page that is gone."""
    guest, number = guest_of(storage), absolute >> BLOCK_SHIFT
    note_reference(guest, number)
    block = block_at(guest, number)
    if block.invalid == 0 and not (block.usage == UNUSED and guest.unused_access == ALWAYS):
        return 0
    if block.usage == STABLE or (block.usage == UNUSED and guest.unused_access == ZEROFILL):
        storage.fault_block = number
        storage.fault_store = u64(1)
        return EXIT_HOST_FAULT
    storage.stop_reason = CHECK_STOP_LOWCORE
    return EXIT_STOP


@jit
def area_code(storage, absolute):
    """Return whether the machine may store into both blocks of this 8 KB area, as `block_code`."""
    code = block_code(storage, absolute)
    if code != 0:
        return code
    return block_code(storage, absolute + BLOCK_BYTES)


@jit
def lowcore_code(cpu, storage):
    """Return whether the machine may store into the prefix area, as `area_code`."""
    return area_code(storage, cpu.prefix)


def touch_assigned(cpu, storage, real, length, kind, unused):
    """Return the host address of an assigned location, to which `lowcore_code` has allowed access, as
    `access.touch`."""
    return i64(touch(guest_of(storage), apply_prefix(cpu, real), length, i64(kind)))


@jit
def assigned(cpu, storage, real, length, kind):
    return u64(call4(storage.touch_assigned, cpu, storage, real, u64(length), u64(kind), u64(0)))


@jit
def put1(cpu, storage, real, value):
    store1(assigned(cpu, storage, real, 1, STORE), value)


@jit
def put2(cpu, storage, real, value):
    store2(assigned(cpu, storage, real, 2, STORE), value)


@jit
def put4(cpu, storage, real, value):
    store4(assigned(cpu, storage, real, 4, STORE), value)


@jit
def put8(cpu, storage, real, value):
    store8(assigned(cpu, storage, real, 8, STORE), value)


@jit
def get8(cpu, storage, real):
    return load8(assigned(cpu, storage, real, 8, FETCH))
