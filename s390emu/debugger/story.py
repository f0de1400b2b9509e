"""The stories behind a fault: the last program interruption explained, and who brought a page into its state."""

from __future__ import annotations

from s390emu.architecture.program_exceptions import exception_name
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.disassemble import disassemble
from s390emu.debugger.case import Case, examine, last_program_interruption
from s390emu.debugger.refusal import ending, identified, reasons
from s390emu.debugger.target import Target
from s390emu.reports.stop import place
from s390emu.reports.timeline import attributes_text, who


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
    found = last_program_interruption(target.history)
    if found is None:
        return f"no program interruption since instruction {target.history.start:,}"
    return "\n".join(examine(target.history, found, lambda case: _told(target, case)))


def _told(target: Target, case: Case) -> list[str]:
    """Return a program interruption in lines, at the moment before its instruction."""
    whole, old = int(case.event.before), int(case.event.after)

    def text(data: bytes, ia: int) -> str:
        what = disassemble(data, ia, target.symbols).text if data else "which cannot be fetched"
        return f"{place(ia, target.symbols)}  {what}"

    lines = [
        f"program interruption {whole:04X} ({exception_name(whole)}) on CPU {case.cpu.number}, at instruction "
        f"{int(case.event.count):,}: ILC {case.ilc // 2}, {ending(case)}; old PSW address {place(old, target.symbols)}",
        f"interrupted: {text(case.data, case.ia)}",
    ]
    if not case.ended.taken:
        return [*lines, "what refused is not known: the history begins after the instruction"]
    if case.target_ia:
        lines.append(f"it executes: {text(case.target, case.target_ia)}")
    lines += [*identified(case), *reasons(case)]
    if case.refusing_block is not None:
        lines.append(who_changed(target, case.refusing_block))
    return lines
