"""SIGNAL PROCESSOR: PoP ch. 4 "CPU Signaling and Response", ch. 10 "SIGNAL PROCESSOR".

CPUs execute one at a time, so an order is carried out between two instructions of the addressed CPU. Those that it has
to take part in (stop, stop and store status, restart) are accepted at once and completed when it next comes to run;
until then it is busy to most other orders.
"""

from __future__ import annotations

from s390emu._jit import i64, jit, on, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bit, bits
from s390emu.architecture.interruptions import EXTERNAL_CALL, EXTERNAL_EMERGENCY, PRIVILEGED_OPERATION
from s390emu.architecture.psw_bits import EXTERNAL, IO, WAIT
from s390emu.cpu.clocks import elapsed, let_time_pass
from s390emu.cpu.prefix_area import area_code, block_code
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.cpu.resets import cpu_reset, initial_cpu_reset
from s390emu.cpu.status import EXTENDED_AREA, has_vectors, store_status, store_status_at, store_vectors_at
from s390emu.isa.control.registers import PREFIX, prefix_available
from s390emu.isa.operands import rs
from s390emu.records.cpu import OPERATING, STOPPED_STATE, STOPPING, STOPPING_TO_STORE_STATUS, cpu_record
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.references import note_signal
from s390emu.storage.tlb import port_of, purge

SENSE, CALL, EMERGENCY, START, STOP, RESTART = (u64(n) for n in range(1, 7))
STOP_AND_STORE_STATUS = u64(0x09)
INITIAL_CPU_RESET, CPU_RESET, SET_PREFIX, STORE_STATUS = u64(0x0B), u64(0x0C), u64(0x0D), u64(0x0E)
SENSE_RUNNING_STATUS_FACILITY = bit(9)  # in the first doubleword of the facility list
SET_ARCHITECTURE, CONDITIONAL_EMERGENCY, SENSE_RUNNING_STATUS = u64(0x12), u64(0x13), u64(0x15)
SET_MULTITHREADING = u64(0x16)  # there is one thread in each core
STORE_ADDITIONAL_STATUS = u64(0x17)
NOT_RUNNING, INCORRECT_STATE, INVALID_PARAMETER = u64(0x400), u64(0x200), u64(0x100)
EXTERNAL_CALL_PENDING, STOPPED_STATUS, INVALID_ORDER = u64(0x80), u64(0x40), u64(0x02)
ACCEPTED, STATUS_STORED, BUSY, NOT_OPERATIONAL = 0, 1, 2, 3
STATUS_AREA = bits(33, 54)
ASN = LOW16
ZERO, ODD = u64(0), u64(1)
PENDING = u64(1)
FIRST_CPU = u64(1)  # bit of CPU 0 in GUEST.signalled


@jit
def busy(target):
    """True if the CPU has accepted an order that it has yet to complete."""
    return target.restart != ZERO or target.stopped == STOPPING or target.stopped == STOPPING_TO_STORE_STATUS


@jit
def sense(target):
    """Return the status bits that SENSE reports of a CPU."""
    status = STOPPED_STATUS if target.stopped == STOPPED_STATE else ZERO
    return status | EXTERNAL_CALL_PENDING if target.external & EXTERNAL_CALL != ZERO else status


@jit
def external_call(target, sender):
    """Make an external call pending, or return the status that one is pending already."""
    if target.external & EXTERNAL_CALL != ZERO:
        return EXTERNAL_CALL_PENDING
    target.external |= EXTERNAL_CALL
    target.external_call_from = sender
    return ZERO


@jit
def emergency_signal(target, sender):
    """Make an emergency signal pending; it replaces one that is pending already, perhaps from another CPU."""
    target.external |= EXTERNAL_EMERGENCY
    target.emergency_from = sender
    return ZERO


@jit
def conditional_emergency_signal(target, sender, parameter):
    """Make an emergency signal pending if the CPU is disabled for I/O or external interruptions, waits with an
    instruction address that is not zero, or does not wait and has the ASN of the parameter as primary or secondary."""
    enabled, asn = EXTERNAL | IO, parameter & ASN
    waits = target.psw_mask & WAIT != ZERO
    concerned = asn == target.cr[4] & ASN or asn == target.cr[3] & ASN
    if target.psw_mask & enabled != enabled or (waits and target.psw_ia != ZERO) or (not waits and concerned):
        return emergency_signal(target, sender)
    return INCORRECT_STATE


@jit
def set_prefix(storage, target, port, parameter):
    """Give a stopped CPU another prefix; return the status."""
    prefix = parameter & PREFIX
    status = ZERO if target.stopped == STOPPED_STATE else INCORRECT_STATE
    if not prefix_available(storage, prefix):
        status |= INVALID_PARAMETER
    if status == ZERO:
        target.prefix = prefix
        purge(port)
    return status


@jit
def set_architecture(guest, own_address):
    """Return the status that rejects the order: z/Architecture, the only mode, is set already; other CPUs not stopped
    are an incorrect state."""
    for n in range(guest.port_count):
        if u64(n) != own_address and cpu_record(guest.cpus[n]).stopped != STOPPED_STATE:
            return INCORRECT_STATE
    return INVALID_PARAMETER


@jit
def status_of(storage, target, port, order, parameter):
    """Carry out an order that neither resets nor stores status; return the status bits that reject it, or 0 if it is
    accepted."""
    guest, sender = guest_of(storage), storage.cpu_address
    to_itself = port.cpu_address == sender
    if order == SENSE:
        return sense(target)
    if order == CALL:
        return external_call(target, sender)
    if order == EMERGENCY:
        return emergency_signal(target, sender)
    if order == CONDITIONAL_EMERGENCY:
        return conditional_emergency_signal(target, sender, parameter)
    if order == START:
        target.stopped = OPERATING
    elif order == STOP or order == STOP_AND_STORE_STATUS:
        if target.stopped == OPERATING:
            target.stopped = STOPPING if order == STOP else STOPPING_TO_STORE_STATUS
    elif order == RESTART:
        target.restart = PENDING
    elif order == SET_PREFIX:
        return set_prefix(storage, target, port, parameter)
    elif order == SET_ARCHITECTURE:
        return set_architecture(guest, sender)
    elif order == SENSE_RUNNING_STATUS and on(guest.facilities[0], SENSE_RUNNING_STATUS_FACILITY):
        return ZERO if to_itself else NOT_RUNNING  # one CPU runs at a time, and that is the one that asks
    else:
        return INVALID_ORDER
    return ZERO


@jit
def store_status_order(cpu, storage, target, port, parameter):
    """Store the status of a stopped CPU at the absolute address in the parameter; return (status, code)."""
    area = parameter & STATUS_AREA
    status = ZERO if target.stopped == STOPPED_STATE else INCORRECT_STATE
    if not in_configuration(guest_of(storage), area):
        status |= INVALID_PARAMETER
    if status == ZERO:
        code = block_code(storage, area)
        if code != 0:
            return ZERO, code
        store_status_at(target, port, area)
    return status, 0


@jit
def store_additional_status_order(storage, target, port, parameter):
    """Store the vector registers of a stopped CPU at the absolute address in the parameter; return (status, code)."""
    if not has_vectors(storage):
        return INVALID_ORDER, 0
    area = parameter & EXTENDED_AREA
    status = ZERO if target.stopped == STOPPED_STATE else INCORRECT_STATE
    if not in_configuration(guest_of(storage), area):
        status |= INVALID_PARAMETER
    if status == ZERO:
        code = block_code(storage, area)
        if code != 0:
            return ZERO, code
        store_vectors_at(target, port, area)
    return status, 0


@jit
def sigp(cpu, storage, insn):
    """SIGNAL PROCESSOR, RS-a. PoP ch. 10 "SIGNAL PROCESSOR". cc 0 accepted, 1 status stored, 2 busy, 3 not operational.
    """
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rs(cpu, insn)
    guest, address, order, parameter = guest_of(storage), cpu.gr[r3] & LOW16, second & LOW8, cpu.gr[r1 | ODD]
    if address >= guest.port_count or order == SET_MULTITHREADING:
        cpu.cc = NOT_OPERATIONAL
        return 0
    note_signal(guest, address, order)
    target, port = cpu_record(guest.cpus[address]), port_of(guest, i64(address))
    cpu.cc = ACCEPTED
    if address != storage.cpu_address:
        let_time_pass(target, port, elapsed(storage))  # before the order changes what it does
    if order == INITIAL_CPU_RESET or order == CPU_RESET:
        if order == INITIAL_CPU_RESET:
            initial_cpu_reset(target, port)
        else:
            cpu_reset(target, port)
        guest.signalled |= FIRST_CPU << address
        return 0
    if address != storage.cpu_address and busy(target):
        cpu.cc = BUSY
        return 0
    if order == STOP_AND_STORE_STATUS and target.stopped == STOPPED_STATE:
        code = area_code(storage, ZERO)  # the CPU is not going to run, so the status is stored now
        if code != 0:
            return code
        store_status(target, port)
    if order == STORE_STATUS:
        status, code = store_status_order(cpu, storage, target, port, parameter)
        if code != 0:
            return code
    elif order == STORE_ADDITIONAL_STATUS:
        status, code = store_additional_status_order(storage, target, port, parameter)
        if code != 0:
            return code
    else:
        status = status_of(storage, target, port, order, parameter)
    if status != ZERO:
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW32) | status
        cpu.cc = STATUS_STORED
    guest.signalled |= FIRST_CPU << address
    psw_changed(cpu, storage)
    return 0
