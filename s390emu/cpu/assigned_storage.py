"""Assigned storage locations: PoP ch. 3 "Assigned Storage Locations". Real addresses in the 8 KB prefix area."""

from __future__ import annotations

from s390emu._jit import call4, i64, jit, load8, store1, store2, store4, store8, u64
from s390emu.storage.access import FETCH, STORE, touch
from s390emu.storage.page_states import ALWAYS, STABLE, UNUSED, ZEROFILL, block_at
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.references import note_reference
from s390emu.storage.state import BLOCK_SHIFT, CHECK_STOP_LOWCORE, EXIT_HOST_FAULT, EXIT_STOP

EXTERNAL_PARAMETER = u64(0x80)
CPU_ADDRESS = u64(0x84)
EXTERNAL_CODE = u64(0x86)
SVC_ILC, SVC_CODE = u64(0x88), u64(0x8A)
PGM_ILC, PGM_CODE = u64(0x8C), u64(0x8E)
DATA_EXCEPTION_CODE = u64(0x90)
MONITOR_CLASS = u64(0x94)
PER_CODE, PER_ADDRESS = u64(0x96), u64(0x98)
EXCEPTION_ACCESS_ID, PER_ACCESS_ID, OPERAND_ACCESS_ID = u64(0xA0), u64(0xA1), u64(0xA2)
ARCHITECTURAL_MODE = u64(0xA3)
TEID = u64(0xA8)
MONITOR_CODE = u64(0xB0)
IO_SUBSYSTEM_ID, IO_PARAMETER, IO_WORD = u64(0xB8), u64(0xBC), u64(0xC0)
FACILITY_LIST = u64(0xC8)
MCK_CODE = u64(0xE8)
EXTERNAL_DAMAGE_CODE = u64(0xF4)
FAILING_STORAGE_ADDRESS = u64(0xF8)
BREAKING_EVENT_ADDRESS = u64(0x110)

RESTART_OLD, RESTART_NEW = u64(0x120), u64(0x1A0)
EXTERNAL_OLD, EXTERNAL_NEW = u64(0x130), u64(0x1B0)
SVC_OLD, SVC_NEW = u64(0x140), u64(0x1C0)
PGM_OLD, PGM_NEW = u64(0x150), u64(0x1D0)
MCK_OLD, MCK_NEW = u64(0x160), u64(0x1E0)
IO_OLD, IO_NEW = u64(0x170), u64(0x1F0)

EXTERNAL_PARAMETER_64 = u64(0x11B8)

FP_SAVE, GR_SAVE = u64(0x1200), u64(0x1280)
PSW_SAVE, PREFIX_SAVE = u64(0x1300), u64(0x1318)
FPC_SAVE, TOD_PROGRAMMABLE_SAVE = u64(0x131C), u64(0x1324)
CPU_TIMER_SAVE, CLOCK_COMPARATOR_SAVE = u64(0x1328), u64(0x1330)
AR_SAVE, CR_SAVE = u64(0x1340), u64(0x1380)


@jit
def area_code(storage, absolute):
    """May the machine store into both pages of this 8 KB area? 0; EXIT_HOST_FAULT; or EXIT_STOP: the guest hinted the
    area away, and for its prefix area presenting a fault would need the very page that is gone (D13)."""
    for page in range(2):
        number = (absolute >> BLOCK_SHIFT) + u64(page)
        note_reference(storage, number)
        block = block_at(storage, number)
        if block.invalid == 0 and not (block.usage == UNUSED and storage.unused_access == ALWAYS):
            continue
        if block.usage == STABLE or (block.usage == UNUSED and storage.unused_access == ZEROFILL):
            storage.fault_block = number
            storage.fault_store = u64(1)
            return EXIT_HOST_FAULT
        storage.stop_reason = CHECK_STOP_LOWCORE
        return EXIT_STOP
    return 0


@jit
def lowcore_code(cpu, storage):
    """May the machine store into the prefix area? As `area_code`."""
    return area_code(storage, cpu.prefix)


def slow_assigned(cpu, storage, real, length, kind, unused):
    """Host address of an assigned location, whose pages `lowcore_code` has passed."""
    return i64(touch(storage, apply_prefix(cpu, real), length, i64(kind)))


@jit
def assigned(cpu, storage, real, length, kind):
    return u64(call4(storage.slow_assigned, cpu, storage, real, u64(length), u64(kind), u64(0)))


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
