"""The verbs: what can happen to a guest from outside between two instructions. docs/traces.md describes them.

    perform(machine, "discard", 0x8000)
    perform(machine, "external-call", 3, cpu=1)

A recorded run is its start state and these, each with the instruction count at which it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from s390emu._jit import u64
from s390emu.architecture.interruptions import (
    EXTERNAL_CALL,
    EXTERNAL_EMERGENCY,
    EXTERNAL_INTERRUPT_KEY,
    EXTERNAL_SERVICE,
)
from s390emu.architecture.page_states import NOT_APPLICABLE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.paging_device import PagingError
from s390emu.machine import CPU, Machine


class Refused(Exception):
    """What was to happen cannot, in the state that the guest or the host is in."""


# --- of the host, on blocks -------------------------------------------------------------------------------------------


def _on_block(name: str) -> Callable:
    def act(machine: Machine, address: int) -> None:
        if getattr(machine.host, name)(machine.guest_number, address // BLOCK_SIZE) == NOT_APPLICABLE:
            raise Refused("nothing to do in the state that the block is in")

    return act


def _diag10(machine: Machine, first: int, last: int | None = None) -> None:
    for address in range(first, (first if last is None else last) + 1, BLOCK_SIZE):
        machine.host.release(machine.guest_number, address // BLOCK_SIZE)


def _pressure(machine: Machine, frames: int) -> None:
    machine.host.pressure(frames)


def _normal_reset(machine: Machine) -> None:
    machine.host.reset(machine.guest_number, clear=False)


# --- interruptions: of the whole guest --------------------------------------------------------------------------------


def _interrupt_key(machine: Machine) -> None:
    record = machine.storage.record
    record.floating = u64(record.floating) | EXTERNAL_INTERRUPT_KEY


def _service_signal(machine: Machine, parameter: int) -> None:
    record = machine.storage.record
    record.floating = u64(record.floating) | EXTERNAL_SERVICE
    record.service_parameter = parameter


def _io(machine: Machine, identification: int, parameter: int, word: int) -> None:
    record = machine.storage.record
    record.io, record.io_id, record.io_parameter, record.io_word = 1, identification, parameter, word


# --- ... and of one CPU -----------------------------------------------------------------------------------------------


def _external_call(cpu, from_cpu: int) -> None:
    cpu.external = u64(cpu.external) | EXTERNAL_CALL
    cpu.external_call_from = from_cpu


def _emergency_signal(cpu, from_cpu: int) -> None:
    cpu.external = u64(cpu.external) | EXTERNAL_EMERGENCY
    cpu.emergency_from = from_cpu


def _restart(cpu) -> None:
    cpu.restart = 1


def _message(machine: Machine, text: str) -> None:
    machine.host.send(machine.guest_number, text)


def _type(machine: Machine, text: str) -> None:
    machine.host.type(machine.guest_number, text)


def _pass_time(machine: Machine, until: int) -> None:
    machine.pass_time(until)


OF_THE_GUEST: dict[str, Callable] = {
    "discard": _on_block("discard"),
    "reclaim": _on_block("reclaim"),
    "pagein": _on_block("pagein"),
    "swap-error": _on_block("swap_error"),
    "diag10": _diag10,
    "pressure": _pressure,
    "normal-reset": _normal_reset,
    "interrupt-key": _interrupt_key,
    "service-signal": _service_signal,
    "io": _io,
    "message": _message,
    "type": _type,
    "pass-time": _pass_time,
}
OF_A_CPU: dict[str, Callable] = {
    "external-call": _external_call,
    "emergency-signal": _emergency_signal,
    "restart": _restart,
}


def _cpu(machine: Machine, address: int) -> CPU:
    if not 0 <= address < len(machine.cpus):
        raise Refused(f"there is no CPU {address}: the guest has {len(machine.cpus)}")
    return machine.cpus[address]


def _shown(operand: int | str) -> str:
    return repr(operand) if isinstance(operand, str) else f"{operand:#x}"


def in_words(verb: str, operands: tuple[int | str, ...]) -> str:
    """Return how a person reads what happens."""
    return " ".join([verb, ", ".join(map(_shown, operands))]).strip()


def perform(machine: Machine, verb: str, *operands: int | str, cpu: int | None = None) -> None:
    """Let it happen now. cpu: address of the CPU that it happens to, if to one; the running one if left out.

    Raises Refused, with the reason in words. A machine that has a history has it there too.
    """
    act = partial(_perform, verb=verb, operands=operands, cpu=cpu)
    if machine.history:
        machine.history.do(in_words(verb, operands), act)
    else:
        act(machine)


def _perform(machine: Machine, verb: str, operands: tuple[int | str, ...], cpu: int | None) -> None:
    try:
        if verb == "run-cpu":  # the next instruction is that CPU's, if it can execute one
            machine.schedule.expire(_cpu(machine, int(operands[0])).number)
        elif verb in OF_A_CPU:
            OF_A_CPU[verb]((machine.running if cpu is None else _cpu(machine, cpu)).record, *operands)
        else:
            OF_THE_GUEST[verb](machine, *operands)
    except (ValueError, PagingError, Refused) as error:
        if isinstance(error, Refused):
            raise Refused(f"{verb} {', '.join(map(_shown, operands))}: {error}") from None
        raise Refused(str(error)) from error
    machine.port.deadline = 0
    if machine.input_seen:
        machine.input_seen(verb, operands, machine.running.number if verb in OF_A_CPU and cpu is None else cpu)
