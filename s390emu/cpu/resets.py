"""Resets and the store-status operation: PoP ch. 4 "Resets", "Store Status"."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.bits import bit, bits
from s390emu.cpu import assigned_storage as at
from s390emu.cpu.assigned_storage import put1, put4, put8
from s390emu.cpu.clocks import tod
from s390emu.cpu.interruptions import EXTERNAL_CALL, EXTERNAL_EMERGENCY, save_registers
from s390emu.cpu.psw import load_psw, psw_changed, psw_mask_word
from s390emu.storage.prefixing import apply_prefix
from s390emu.storage.tlb import flush

RESET_CR0 = bits(56, 58)  # interrupt-key, ... subclass masks
RESET_CR14 = bit(32) | bit(33) | bit(38)  # ..., ..., external-damage subclass mask
Z_ARCHITECTURE = u64(1)


@jit
def cpu_reset(cpu, storage):
    """PoP ch. 4 "CPU Reset": what is pending for this CPU alone is gone; the CPU ends in the stopped state."""
    cpu.pgm_code = 0
    cpu.svc_code = -1
    cpu.psw_early = u64(0)
    cpu.mck_code = u64(0)
    cpu.restart = u64(0)
    cpu.external &= ~(EXTERNAL_CALL | EXTERNAL_EMERGENCY)
    cpu.stopped = u64(1)
    flush(storage)
    psw_changed(cpu, storage)


@jit
def initial_cpu_reset(cpu, storage):
    """PoP ch. 4 "Initial CPU Reset": CPU reset, and PSW, prefix, clocks, FPC and control registers at their initial
    values."""
    cpu_reset(cpu, storage)
    cpu.prefix = u64(0)
    cpu.timer_zero = tod(cpu, storage)
    cpu.clock_comparator = u64(0)
    cpu.tod_programmable = u64(0)
    cpu.fpc = u64(0)
    cpu.breaking_event = u64(1)
    for n in range(16):
        cpu.cr[n] = u64(0)
    cpu.cr[0], cpu.cr[14] = RESET_CR0, RESET_CR14
    load_psw(cpu, storage, u64(0), u64(0))


@jit
def store_status(cpu, storage):
    """The status of this CPU into the absolute locations that are assigned to it, whose blocks have frames."""
    area = apply_prefix(cpu, u64(0))  # the real address of absolute 0
    save_registers(cpu, storage, area)
    put8(cpu, storage, area + at.PSW_SAVE, psw_mask_word(cpu))
    put8(cpu, storage, area + at.PSW_SAVE + u64(8), cpu.psw_ia)
    put4(cpu, storage, area + at.PREFIX_SAVE, cpu.prefix)
    put1(cpu, storage, area + at.STORE_STATUS_ARCHITECTURAL_MODE, Z_ARCHITECTURE)
