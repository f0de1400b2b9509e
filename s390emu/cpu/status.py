"""The CPU's registers in its save areas: PoP ch. 4 "Store Status", "Store Additional Status at Address", ch. 11
"Machine-Check Register-Save Areas", "Machine-Check Extended Save Area"."""

from __future__ import annotations

from s390emu._jit import jit, on, u64
from s390emu.architecture import assigned_storage as at
from s390emu.architecture.bits import bit, bits
from s390emu.cpu.clocks import cpu_timer
from s390emu.cpu.prefix_area import put1, put4, put8
from s390emu.cpu.psw import psw_mask_word
from s390emu.storage.absolute import guest_of
from s390emu.storage.prefixing import apply_prefix

Z_ARCHITECTURE = u64(1)
VECTOR_FACILITY = bit(129 - 128)  # in the third doubleword of the facility list
EXTENDED_AREA = bits(0, 53)  # of an address or designation: 1K boundary
HALF_OF_VECTORS = u64(256)  # bytes of vector registers 0-15


@jit
def save_registers(cpu, storage, area):
    """Save what both a machine check and store status save, in the 8 KB at the real address `area`."""
    for i in range(16):
        put8(cpu, storage, area + at.FP_SAVE + u64(8 * i), cpu.fpr[i])
        put8(cpu, storage, area + at.GR_SAVE + u64(8 * i), cpu.gr[i])
        put4(cpu, storage, area + at.AR_SAVE + u64(4 * i), cpu.ar[i])
        put8(cpu, storage, area + at.CR_SAVE + u64(8 * i), cpu.cr[i])
    put4(cpu, storage, area + at.FPC_SAVE, cpu.fpc)
    put4(cpu, storage, area + at.TOD_PROGRAMMABLE_SAVE, cpu.tod_programmable)
    put8(cpu, storage, area + at.CPU_TIMER_SAVE, cpu_timer(cpu, storage))
    # Bits 0-55 of the clock comparator, after a byte of zeros.
    put8(cpu, storage, area + at.CLOCK_COMPARATOR_SAVE, cpu.clock_comparator >> u64(8))


@jit
def save_status(cpu, storage, area):
    """Save what store status stores, but for the architectural mode, in the 8 KB at the real address `area`."""
    save_registers(cpu, storage, area)
    put8(cpu, storage, area + at.PSW_SAVE, psw_mask_word(cpu))
    put8(cpu, storage, area + at.PSW_SAVE + u64(8), cpu.psw_ia)
    put4(cpu, storage, area + at.PREFIX_SAVE, cpu.prefix)


@jit
def store_status(cpu, storage):
    """Store the status of a CPU into the absolute locations for it, whose blocks have frames."""
    area = apply_prefix(cpu, u64(0))  # the real address of absolute 0
    save_status(cpu, storage, area)
    put1(cpu, storage, area + at.ARCHITECTURAL_MODE, Z_ARCHITECTURE)


@jit
def store_status_at(cpu, storage, absolute):
    """Store the status of a CPU into the 512 bytes at an absolute address, whose block has a frame."""
    save_status(cpu, storage, apply_prefix(cpu, absolute) - at.FP_SAVE)


@jit
def has_vectors(storage):
    """True if the vector facility is installed."""
    return on(guest_of(storage).facilities[2], VECTOR_FACILITY)


@jit
def store_vectors_at(cpu, storage, absolute):
    """Store the vector registers into the 512 bytes at an absolute address, whose block has a frame."""
    area = apply_prefix(cpu, absolute)
    for i in range(16):
        number = u64(16 * i)
        put8(cpu, storage, area + number, cpu.fpr[i])
        put8(cpu, storage, area + number + u64(8), cpu.vr_right[i])
        put8(cpu, storage, area + HALF_OF_VECTORS + number, cpu.vr_left[i])
        put8(cpu, storage, area + HALF_OF_VECTORS + number + u64(8), cpu.vr_right[16 + i])
