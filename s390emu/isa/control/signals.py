"""SIGNAL PROCESSOR in a configuration of one CPU: PoP ch. 4 "CPU Signaling and Response", ch. 10.

A CPU that executes the instruction is in the operating state, so what wants a stopped CPU finds an incorrect state.
Not implemented: conditional emergency signal, store additional status, set multithreading: invalid orders here.
"""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bits
from s390emu.cpu.interruptions import EXTERNAL_CALL, EXTERNAL_EMERGENCY, PRIVILEGED_OPERATION
from s390emu.cpu.psw import problem_state, psw_changed
from s390emu.cpu.resets import cpu_reset, initial_cpu_reset
from s390emu.isa.control.registers import PREFIX, prefix_available
from s390emu.isa.operands import rs
from s390emu.records.cpu import STOPPING, STOPPING_TO_STORE_STATUS
from s390emu.storage.absolute import in_configuration

SENSE, CALL, EMERGENCY, START, STOP, RESTART = (u64(n) for n in range(1, 7))
STOP_AND_STORE_STATUS = u64(0x09)
INITIAL_CPU_RESET, CPU_RESET, SET_PREFIX, STORE_STATUS = u64(0x0B), u64(0x0C), u64(0x0D), u64(0x0E)
SET_ARCHITECTURE, SENSE_RUNNING_STATUS = u64(0x12), u64(0x15)
INCORRECT_STATE, INVALID_PARAMETER = u64(0x200), u64(0x100)
EXTERNAL_CALL_PENDING, INVALID_ORDER = u64(0x80), u64(0x02)
ACCEPTED, STATUS_STORED, NOT_OPERATIONAL = 0, 1, 3
STATUS_AREA = bits(33, 54)
ONE = u64(1)


@jit
def status_of(cpu, storage, order, parameter):
    """Carry out an order of the CPU to itself: -> the status bits that make it rejected, 0 accepted."""
    if order in (SENSE, CALL):
        if cpu.external & EXTERNAL_CALL != u64(0):
            return EXTERNAL_CALL_PENDING
        if order == CALL:
            cpu.external |= EXTERNAL_CALL
            cpu.external_call_from = storage.cpu_address
    elif order == EMERGENCY:
        cpu.external |= EXTERNAL_EMERGENCY
        cpu.emergency_from = storage.cpu_address
    elif order == STOP:
        cpu.stopped = STOPPING
    elif order == STOP_AND_STORE_STATUS:
        cpu.stopped = STOPPING_TO_STORE_STATUS
    elif order == RESTART:
        cpu.restart = ONE
    elif order == SET_PREFIX:
        available = prefix_available(storage, parameter & PREFIX)
        return INCORRECT_STATE if available else INCORRECT_STATE | INVALID_PARAMETER
    elif order == STORE_STATUS:
        available = in_configuration(storage, parameter & STATUS_AREA)
        return INCORRECT_STATE if available else INCORRECT_STATE | INVALID_PARAMETER
    elif order == SET_ARCHITECTURE:
        return INVALID_PARAMETER  # another architecture there is not, and this one is set already
    elif order != START and order != SENSE_RUNNING_STATUS:
        return INVALID_ORDER
    return u64(0)


@jit
def sigp(cpu, storage, insn):
    """SIGNAL PROCESSOR, RS-a. PoP ch. 10 "SIGNAL PROCESSOR". cc 0 accepted, 1 status stored, 3 not operational."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, r3, second = rs(cpu, insn)
    if cpu.gr[r3] & LOW16 != storage.cpu_address:
        cpu.cc = NOT_OPERATIONAL
        return 0
    order = second & LOW8
    cpu.cc = ACCEPTED
    if order == INITIAL_CPU_RESET:
        initial_cpu_reset(cpu, storage)
        return 0
    if order == CPU_RESET:
        cpu_reset(cpu, storage)
        return 0
    status = status_of(cpu, storage, order, cpu.gr[r1 | ONE])
    if status != u64(0):
        cpu.gr[r1] = (cpu.gr[r1] & ~LOW32) | status
        cpu.cc = STATUS_STORED
    psw_changed(cpu, storage)
    return 0
