"""Who wrote what: the run again, step by step, watching what came out differently; and which rule says otherwise.

What was written first comes first of what the program left behind, and what nobody wrote last: that is an effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from s390emu.assembler.disassemble import disassemble
from s390emu.isa.opcodes import Row
from s390emu.machine import Machine
from s390emu.tracing.expectations import Difference, End
from s390emu.tracing.trace import NOWHERE, Trace
from s390emu.tracing.wording import Symbols

if TYPE_CHECKING:
    from s390emu.tracing.execution import Execution

PROGRAM_RULES = {
    0x01: 'PoP ch. 6 "Operation Exception"',
    0x02: 'PoP ch. 6 "Privileged-Operation Exception"',
    0x03: 'PoP ch. 6 "Execute Exception"',
    0x04: 'PoP ch. 6 "Protection Exception"',
    0x05: 'PoP ch. 6 "Addressing Exception"; of an unused block: docs/page-hinting.md 4, D8',
    0x06: 'PoP ch. 6 "Specification Exception"',
    0x07: 'PoP ch. 6 "Data Exception"',
    0x08: 'PoP ch. 6 "Fixed-Point-Overflow Exception"',
    0x09: 'PoP ch. 6 "Fixed-Point-Divide Exception"',
    0x13: 'PoP ch. 6 "Special-Operation Exception"',
    0x1A: "docs/page-hinting.md 5, D9, D15, D16",
    0x40: 'PoP ch. 6 "Monitor Event"',
}
CLASS_RULES = {
    "svc": 'PoP ch. 6 "Supervisor-Call Interruption"',
    "ext": 'PoP ch. 6 "External Interruption"',
    "mck": "PoP ch. 11; of a paging error: docs/page-hinting.md 8, D20",
    "io": 'PoP ch. 6 "I/O Interruption"',
    "restart": 'PoP ch. 6 "Restart Interruption"',
}
SUBJECT_RULES = {
    "page": "docs/page-hinting.md 2 and 3 (the transition table); by a touch: 4; by the host: 8, 9",
    "key": 'docs/page-hinting.md 6; PoP ch. 3 "Storage Key"',
    "stop": 'PoP ch. 4 "CPU States"; of the prefix area: docs/page-hinting.md D13',
    "host": "docs/page-hinting.md 8",
    "host event": 'docs/traces.md ".host": every event has to happen',
    "console": 'docs/traces.md ".expect"',
    "psw": 'PoP ch. 4 "Program-Status Word"',
}
NEVER = 1 << 64  # a step that no run reaches
BLOCK_MANAGEMENT = ("ESSA", "ISKE", "SSKE", "RRBE", "IVSK", "PFMF", "TPROT")


class _Watch:
    """One difference's value from step to step, and the last step that changed it."""

    def __init__(self, sample: Callable[[Machine], object], machine: Machine):
        self.sample, self.machine = sample, machine
        self.value = sample(machine)
        self.writer = ""
        self.row: Row | None = None
        self.step = NEVER

    def changed(self) -> bool:
        """True if the value is another one than when it was last asked."""
        before, self.value = self.value, self.sample(self.machine)
        return self.value != before


def blame(
    trace: Trace, found: list[Difference], execution_of: Callable[[Callable[[str], None]], Execution], end: End
) -> list[Difference]:
    """Return the differences with `writer` and `rule` filled in, in the order of cause and effect."""
    watches: dict[int, _Watch] = {}
    step, count = 0, 0

    def observe(event: str) -> None:
        nonlocal step, count
        step, before, count = step + 1, count, execution.machine.count
        changed = [watch for watch in watches.values() if watch.changed()]
        if not changed:
            return
        if event:
            writer, row = event, None
        elif count == before:
            writer, row = f"what came after instruction {count}: an interruption, a CPU that was stopped", None
        else:
            writer, row = _instruction(trace, execution.machine)
        for watch in changed:
            watch.step, watch.writer, watch.row = step, writer, row

    execution = execution_of(observe)
    watches |= {n: _Watch(d.sample, execution.machine) for n, d in enumerate(found) if d.sample}
    execution.run()
    execution.close()
    order = sorted(range(len(found)), key=lambda n: watches[n].step if n in watches else NOWHERE)
    return [_explained(trace, found[n], watches.get(n), end) for n in order]


def _explained(trace: Trace, difference: Difference, watch: _Watch | None, end: End) -> Difference:
    writer, row = "", None
    if watch:
        writer, row = watch.writer or "nothing: it is as it was at the start", watch.row
    elif difference.subject.startswith("interruption") and difference.address != NOWHERE:
        writer = _place(trace, difference.address)
    return difference._replace(writer=writer, rule=_rule(trace, difference, row, end))


def _instruction(trace: Trace, machine: Machine) -> tuple[str, Row | None]:
    """The instruction that was executed: its text and place, and of several CPUs which one it was."""
    ia = int(machine.port.insn_ia)
    number = f"instruction {machine.count}" + (f", cpu{machine.running.number}" if len(machine.cpus) > 1 else "")
    try:
        found = disassemble(machine.read(ia, min(6, machine.storage.size - ia)), ia, trace.program.symbols)
    except (IndexError, ValueError):
        return f"{number} at {ia:#x}", None
    return f"{found.text}, {number}, {_place(trace, ia)}", found.row


def _place(trace: Trace, address: int) -> str:
    symbol = Symbols(trace.program.symbols).text(address)
    where = next((f" ({filename}:{line})" for at, filename, line in trace.program.lines if at == address), "")
    return f"at {symbol}{where}"


def _rule(trace: Trace, difference: Difference, row: Row | None, end: End) -> str:
    subject = difference.subject
    if subject.startswith("interruption"):
        index = int(subject.split()[1]) - 1
        expected = [s for s in trace.expect if s.subject in ("pgm", *CLASS_RULES)]
        kind, code = (
            (expected[index].subject, expected[index].value.get("code", 0))
            if index < len(expected)
            else (end.taken[index].kind, end.taken[index].code)
        )
        return CLASS_RULES.get(kind) or PROGRAM_RULES.get(code, 'PoP ch. 6 "Program Interruption"')
    kind = difference.kind
    if kind in ("page", "key") and row and row.mnemonic not in BLOCK_MANAGEMENT:
        return SUBJECT_RULES[kind]
    if row:
        named = "docs/page-hinting.md 1-3" if row.mnemonic == "ESSA" else f'PoP ch. {row.chapter} "{row.name}"'
        return f"{named}; {SUBJECT_RULES[kind]}" if kind in SUBJECT_RULES else named
    unnamed = 'docs/traces.md "Closed": what .expect does not name stays as it was'
    return SUBJECT_RULES.get(kind, 'docs/traces.md ".expect"' if difference.line else unnamed)
