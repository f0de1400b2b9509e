"""Execution as rows, for `trace export`: what `trace_log` writes as lines is given to an exporter."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from s390emu.commands.trace_log import TraceLog, Window
from s390emu.machine import Machine
from s390emu.machine.view import registers
from s390emu.records.events import EVENT_FETCH, EVENT_STORE
from s390emu.reports.exports import Exporter, Instruction
from s390emu.reports.stop import code_at


class RowLog(TraceLog):
    """Runs the machine and gives an exporter what happens, `rows` rows at most."""

    def __init__(self, machine: Machine, exporter: Exporter, kinds: tuple[str, ...], rows: int,
                 symbols: Mapping[str, int], window: Window):  # fmt: skip
        kinds = exporter.kinds(kinds)
        super().__init__(machine, kinds, sys.stderr, rows, symbols, window)
        self.exporter = exporter
        self._before: dict[int, dict[str, int]] = {}
        self._pending: tuple[int, int, int, int] | None = None  # count, CPU, address, mask of an instruction that ended

    def _pass(self, end, deadline):
        stop = super()._pass(end, deadline)
        if stop is None:
            self.exporter.begins(self.machine)
        return stop

    def _show(self, end, deadline):
        self._before = {cpu.number: registers(cpu) for cpu in self.machine.cpus}
        return super()._show(end, deadline)

    def _instruction(self, count: int, before: tuple[int, int], branches: int) -> None:
        cpu = self.machine.running
        mask, next_ia = before
        ia = int(cpu.port.insn_ia)
        if not self.window.has(cpu.number, ia):
            return
        if "branches" in self.kinds and self._branches(cpu) > branches:
            start, to = cpu.branches()[-1]
            self._row(lambda row: self.exporter.branch(*row), (count, cpu.number, start, to))
        if "insn" in self.kinds:
            self._pending = count, cpu.number, ia, mask if ia == next_ia else cpu.psw[0]

    def _events(self) -> None:
        self.machine.observers.deliver()
        stores = []
        for chunk in self._recorder.taken():
            for event in chunk:
                if event.kind in (EVENT_FETCH, EVENT_STORE) and "insn" in self.kinds:
                    if event.kind == EVENT_STORE:
                        stores.append((int(event.before), int(event.after)))
                elif self.window.has_event(event):
                    self._row(self.exporter.event, event)
        if self._pending:
            self._row(self.exporter.instruction, self._executed(*self._pending, stores))
            self._pending = None

    def _executed(self, count: int, number: int, ia: int, mask: int, stores: list[tuple[int, int]]) -> Instruction:
        machine = self.machine
        cpu = machine.cpus[number]
        before, after = self._before[number], registers(cpu)
        self._before[number] = after
        text = machine.view.find_instruction(cpu, ia, mask)
        changes = {name: value for name, value in after.items() if value != before[name] and name != "psw.ia"}
        kept = [(address, machine.read(address, length)) for address, length in stores]
        return Instruction(count, number, ia, mask, text, code_at(machine, ia, mask), before, changes, kept)

    def _row(self, give, row) -> None:
        if self.left > 0:
            give(row)
        self.left -= 1
