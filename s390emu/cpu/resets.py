"""Resets: PoP ch. 4 "Resets"."""

from __future__ import annotations

from s390emu._jit import i64, jit, u64
from s390emu.architecture.bits import bit, bits
from s390emu.architecture.interruptions import EXTERNAL_CALL, EXTERNAL_EMERGENCY
from s390emu.cpu.clocks import set_cpu_timer
from s390emu.cpu.psw import load_psw, load_short_psw, psw_changed
from s390emu.records.cpu import OPERATING, STOPPED_STATE, cpu_record
from s390emu.storage.absolute import guest_of
from s390emu.storage.tlb import port_of, purge

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


@jit
def clear_registers(cpu):
    """Set general, access, floating-point and vector registers to zeros, as a clear reset does: PoP ch. 4 "Clear
    Reset"."""
    for n in range(16):
        cpu.gr[n] = cpu.ar[n] = cpu.fpr[n] = u64(0)
        cpu.vr_left[n] = cpu.vr_right[n] = cpu.vr_right[n + 16] = u64(0)


def load_reset(cpu, storage, clear, psw):
    """Reset all CPUs as initial program loading does, but for the storage, and load a PSW of 8 bytes on this one: PoP
    ch. 17 "Initial Program Loading", DIAGNOSE X'308'.

    A normal reset is an initial CPU reset here and a CPU reset on the others; with `clear` it is an initial CPU reset
    everywhere, which clears the registers too."""
    guest = guest_of(storage)
    for n in range(i64(guest.port_count)):
        other, port = cpu_record(guest.cpus[n]), port_of(guest, n)
        if u64(n) == storage.cpu_address or clear != 0:
            initial_cpu_reset(other, port)
        else:
            cpu_reset(other, port)
        if clear != 0:
            clear_registers(other)
        guest.signalled |= u64(1) << u64(n)
    guest.floating = u64(0)
    cpu.stopped = OPERATING
    load_short_psw(cpu, storage, u64(psw))
