"""A program interruption that is looked at afterwards: its instruction is executed once more, with somebody who is told
of every access exception (EVENT_DENIED), and then there is the guest as it was before the instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from s390emu.architecture.interruptions import ADDRESSING, BLOCK_VOLATILITY, PROGRAM, PROGRAM_EVENT
from s390emu.architecture.page_states import ALWAYS, CONTENTS, DISCARDED, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.disassemble import disassemble
from s390emu.debugger.operands import values
from s390emu.machine import CPU, Machine
from s390emu.machine.history import Change, History
from s390emu.machine.observe import kinds_of
from s390emu.machine.view import registers
from s390emu.records.events import EVENT_DENIED, EVENT_ILC_SHIFT, EVENT_INTERRUPTION, EVENT_UNUSED
from s390emu.storage.access import REAL
from s390emu.storage.presence import INSTRUCTION

TEID_PAGE = ~(BLOCK_SIZE - 1)
ILC_BYTES = 6 << int(EVENT_ILC_SHIFT)  # where EVENT_INTERRUPTION has the length beside the identification
EXECUTES = ("ex", "exrl")
LONGEST_INSTRUCTION = 6  # bytes
AFTER = 2  # instructions within which the interruption comes again
NOT_RESULTS = ("psw.mask", "psw.ia", "cc", "fpc")  # registers that the interruption itself changes


@dataclass(frozen=True)
class Case:
    """A program interruption that was taken once more. cpu: as it is before the instruction; data: its text, and
    target, target_ia: that of what an EXECUTE executes, empty if there is none or it cannot be fetched."""

    machine: Machine
    cpu: CPU
    event: Any
    ended: Ended
    data: bytes
    target: bytes = b""
    target_ia: int = 0

    @property
    def code(self) -> int:
        """Return the interruption code without the bit of program events; 0 if there is nothing else."""
        return int(self.event.before) & ~PROGRAM_EVENT

    @property
    def ilc(self) -> int:
        """Return the instruction length in bytes."""
        return (int(self.event.detail) & ILC_BYTES) >> int(EVENT_ILC_SHIFT)

    @property
    def teid(self) -> int:
        """Return the translation-exception identification; 0 if none was stored."""
        return int(self.event.detail) & ~ILC_BYTES

    @property
    def refusing_block(self) -> int | None:
        """Return the number of the block whose state refused; None if it was something else."""
        if self.code == BLOCK_VOLATILITY:
            return (self.teid & TEID_PAGE) // BLOCK_SIZE
        if self.code != ADDRESSING or self.ended.unused is None:
            return None
        block, policy = int(self.ended.unused["block"]), int(self.machine.storage.record.unused_access)
        gone = self.machine.block(block * BLOCK_SIZE).content == CONTENTS[ZERO]
        return block if policy == ALWAYS or (policy == DISCARDED and gone) else None

    @property
    def ia(self) -> int:
        """Return the address of the instruction."""
        return int(self.event.ia)


@dataclass
class Ended:
    """What there is after the interruption. It is also who watches the instruction, until it is there."""

    event: Any
    denied: Any = None
    unused: Any = None
    taken: bool = False
    old_mask: int = 0
    asce: int = 0  # by access register
    assigned: bytes = b""  # the first half of the prefix area
    changed: tuple[str, ...] = ()
    kinds: int = kinds_of(EVENT_DENIED, EVENT_UNUSED, EVENT_INTERRUPTION)
    pauses: int = kinds_of(EVENT_INTERRUPTION)

    def receive(self, events: np.ndarray) -> None:
        """Keep the last access exception before the interruption."""
        for event in events:
            if self.taken:
                return
            if event["kind"] == EVENT_DENIED:
                self.denied = event
            elif event["kind"] == EVENT_UNUSED:
                self.unused = event
            else:
                names = ("count", "cpu", "block", "before", "after", "detail", "ia")
                self.taken = all(event[name] == self.event[name] for name in names)

    def look(self) -> bool:
        """Stop when the interruption has been taken."""
        return self.taken

    def stored(self, address: Any, length: int) -> int:
        """Return what is at an assigned storage location."""
        return int.from_bytes(self.assigned[int(address) : int(address) + length])


def last_program_interruption(history: History) -> Change | None:
    """Return the last program interruption before now; None if there was none since the history began."""

    def program(events: np.ndarray) -> np.ndarray:
        return (events["kind"] == EVENT_INTERRUPTION) & (events["block"] == PROGRAM)

    return history.last_event(program, EVENT_INTERRUPTION)


def examine(history: History, found: Change, tell: Callable[[Case], list[str]]) -> list[str]:
    """Return what `tell` says of a program interruption, which is asked at the moment before the instruction."""
    machine, event = history.machine, found.event
    cpu, before = machine.cpus[int(event.cpu)], max(history.start, found.count - 1)
    with history.visit(before):
        _come_to(history, cpu, int(event.ia))
        ended = _taken_again(machine, cpu, event)
    with history.visit(before):
        _come_to(history, cpu, int(event.ia))
        return tell(_case(machine, cpu, event, ended))


def _taken_again(machine: Machine, cpu: CPU, event: Any) -> Ended:
    """Execute the instruction, up to the interruption; return what there is then."""
    ended, old = Ended(event), registers(cpu)
    machine.observers.add(ended)
    try:
        machine.run(AFTER)
    finally:
        machine.observers.remove(ended)
    last, new = cpu.last_interruption, registers(cpu)
    ended.old_mask = last.psw_mask if last else 0
    ended.asce = int(cpu.port.art_asce)
    ended.assigned = machine.read(int(cpu.record.prefix), BLOCK_SIZE)
    ended.changed = tuple(name for name in old if old[name] != new[name] and name not in NOT_RESULTS)
    return ended


def _case(machine: Machine, cpu: CPU, event: Any, ended: Ended) -> Case:
    """Return the case, with the instruction, and what it executes if it is an EXECUTE, as far as they were fetched."""
    ia, denied = int(event.ia), ended.denied
    refused = int(denied["before"]) if denied is not None and kind_of(denied) == INSTRUCTION else None
    if refused is not None and 0 <= refused - ia < LONGEST_INSTRUCTION:
        return Case(machine, cpu, event, ended, b"")
    data = _text(machine, cpu, ia)
    if not data or disassemble(data, ia).mnemonic not in EXECUTES:
        return Case(machine, cpu, event, ended, data)
    modifier, address = values(cpu, data, ia)
    target = b"" if refused is not None else _text(machine, cpu, address.value)
    if target and modifier.number:
        target = bytes([target[0], target[1] | modifier.value & 0xFF, *target[2:]])
    return Case(machine, cpu, event, ended, data, target, address.value)


def _text(machine: Machine, cpu: CPU, address: int) -> bytes:
    """Return the instruction at an address; empty if it cannot be fetched."""
    return b"" if address & 1 else machine.view.find_instruction(cpu, address, cpu.psw[0])


def _come_to(history: History, cpu: CPU, ia: int) -> None:
    """Let the inputs of this moment happen, and the interruptions before the instruction."""
    history.attend()
    if cpu.psw[1] != ia:
        history.machine.run(1, until={ia})


def kind_of(denied: Any) -> int:
    """Return the kind of the access that was refused."""
    return int(denied["detail"]) % REAL
