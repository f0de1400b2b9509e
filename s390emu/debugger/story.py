"""The stories behind a fault: the last program interruption explained, and who brought a page into its state."""

from __future__ import annotations

import numpy as np

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    PAGE_TRANSLATION,
    PROGRAM,
    PROTECTION,
    SEGMENT_TRANSLATION,
)
from s390emu.architecture.program_exceptions import exception_name
from s390emu.architecture.psw_bits import DAT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.disassemble import disassemble
from s390emu.cpu.interruptions import nullifies
from s390emu.debugger.target import Target
from s390emu.machine import CPU, NotTranslated
from s390emu.records.events import EVENT_ILC_SHIFT, EVENT_INTERRUPTION
from s390emu.reports.stop import place
from s390emu.reports.timeline import attributes_text, who

CODE = 0xFF  # of an interruption code without the bit of a program event
TEID_PAGE = ~(BLOCK_SIZE - 1)
COMPLETES = (0x80, 0x40, 0x1C)  # program event, monitor event, space-switch event
TRANSLATION = (PAGE_TRANSLATION, SEGMENT_TRANSLATION, 0x38, 0x39, 0x3A, 0x3B, 0x12)


def who_changed(target: Target, block: int) -> str:
    """Return who changed the state of a block last, and when."""
    change = target.history.last_state_change(block)
    where = f"block {block * BLOCK_SIZE:#x}"
    if change is None:
        return f"{where}: nobody has changed its state since instruction {target.history.start:,}"
    if change.input:
        return f"{where}: {change.input.text}, from outside, at instruction {change.count:,}"
    event = change.event
    states = f"{attributes_text(int(event.before))} -> {attributes_text(int(event.after))}"
    return (f"{where}: {states} by {who(event)}, instruction {change.count:,} on CPU {int(event.cpu)}, at "
            f"{place(int(event.ia), target.symbols)}; goto {change.count} is before it")  # fmt: skip


def why(target: Target) -> str:
    """Return the last program interruption before now, explained: what, where, whether the instruction was nullified or
    suppressed, and what refused it."""

    def program(events: np.ndarray) -> np.ndarray:
        return (events["kind"] == EVENT_INTERRUPTION) & (events["block"] == PROGRAM)

    found = target.history.last_event(program, EVENT_INTERRUPTION)
    if found is None:
        return f"no program interruption since instruction {target.history.start:,}"
    event = found.event
    whole, detail = int(event.before), int(event.detail)
    code, ilc = whole & CODE, detail >> int(EVENT_ILC_SHIFT) & 6
    teid, old = detail & ~(6 << int(EVENT_ILC_SHIFT)), int(event.after)
    nullified = bool(nullifies(code))
    ended = "nullified" if nullified else "completed" if code in COMPLETES or not code else "suppressed or terminated"
    start = old if nullified or code == 0x80 else old - ilc
    lines = [f"program interruption {whole:04X} ({exception_name(whole)}) on CPU {int(event.cpu)}, at instruction "
             f"{found.count:,}: ILC {ilc // 2}, {ended}; old PSW address {place(old, target.symbols)}"]  # fmt: skip
    if teid:
        lines.append(f"translation-exception identification {teid:#x}: address {teid & TEID_PAGE:#x}")
    with target.history.visit(max(target.history.start, found.count - 1)):
        cpu = target.machine.cpus[int(event.cpu)]
        lines += _instruction(target, cpu, start)
        lines += _refused(target, cpu, code, teid & TEID_PAGE)
    if code == BLOCK_VOLATILITY:
        lines.append(who_changed(target, (teid & TEID_PAGE) // BLOCK_SIZE))
    return "\n".join(lines)


def _instruction(target: Target, cpu: CPU, address: int) -> list[str]:
    """Return the instruction that was interrupted."""
    try:
        data = target.machine.view.read_instruction(cpu, address, cpu.psw[0])
    except (IndexError, NotTranslated):
        return []
    text = disassemble(data, address, target.symbols).text
    return [f"interrupted: {place(address, target.symbols)}  {text}"]


def _refused(target: Target, cpu: CPU, code: int, address: int) -> list[str]:
    """Return what refused the access, as things stood before the instruction."""
    machine = target.machine
    if code in TRANSLATION:
        try:
            machine.view.to_absolute(cpu, address)
        except NotTranslated as error:
            return [f"refused by a translation table: {error}"]
        return []
    if code == BLOCK_VOLATILITY:
        block = machine.block(address)
        return [f"refused by the state of absolute block {address:#x}: {block.name} ({block.usage}, {block.content})"]
    if code == PROTECTION:
        key = cpu.psw[0] >> 52 & 0xF
        lines = [f"refused by protection: PSW key {key:X}"]
        if address and cpu.psw[0] & int(DAT):
            return [*lines, f"page {address:#x}: a translation-table entry or an access-list entry protects it"]
        return lines
    if code == ADDRESSING:
        return [f"an address beyond {machine.storage.size:#x}, or a block that is unused"]
    return []
