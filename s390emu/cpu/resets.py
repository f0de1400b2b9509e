"""Resets: PoP ch. 4 "Resets"."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import EXTERNAL_CALL, EXTERNAL_EMERGENCY
from s390emu.cpu.clocks import set_cpu_timer
from s390emu.cpu.psw import load_psw, psw_changed
from s390emu.records.cpu import STOPPED_STATE
from s390emu.storage.tlb import purge

RESET_CR0 = bits(56, 58)  # the interrupt-key subclass mask among them
RESET_CR14 = bit(32) | bit(33) | bit(38)  # the external-damage subclass mask among them
NO_BREAKING_EVENT = u64(1)


@jit
def cpu_reset(cpu, storage):
    """Clear what is pending for this CPU alone, and leave it in the stopped state: PoP ch. 4 "CPU Reset"."""
    cpu.pgm_code = 0
    cpu.svc_code = -1
    cpu.psw_early = u64(0)
    cpu.per_code = u64(0)
    storage.per = u64(0)
    cpu.mck_code = u64(0)
    cpu.restart = u64(0)
    cpu.external &= ~(EXTERNAL_CALL | EXTERNAL_EMERGENCY)
    cpu.stopped = STOPPED_STATE
    purge(storage)
    psw_changed(cpu, storage)


@jit
def initial_cpu_reset(cpu, storage):
    """Perform a CPU reset and set PSW, prefix, clocks, FPC and control registers to their initial values: PoP ch. 4
    "Initial CPU Reset"."""
    cpu_reset(cpu, storage)
    cpu.prefix = u64(0)
    set_cpu_timer(cpu, storage, u64(0))
    cpu.clock_comparator = u64(0)
    cpu.tod_programmable = u64(0)
    cpu.fpc = u64(0)
    cpu.breaking_event = NO_BREAKING_EVENT
    for n in range(16):
        cpu.cr[n] = u64(0)
    cpu.cr[0], cpu.cr[14] = RESET_CR0, RESET_CR14
    load_psw(cpu, storage, u64(0), u64(0))
