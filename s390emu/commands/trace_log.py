"""Execution as text lines, for `run --trace`: instructions, storage accesses, interruptions, page events.

    insn          COUNT IA TEXT
    fetch, store  COUNT absolute ADDRESS LENGTH
    interruption  COUNT CLASS CODE old-ia ADDRESS
    page          COUNT block ADDRESS BEFORE -> AFTER, by whom

One event a line. COUNT is the number of instructions that had ended, of all CPUs; where there are several, cpuN
follows. Fetches and stores are what the slow path sees, so the TLB is off.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from s390emu.commands.options.trace import TraceOptions
from s390emu.machine import Machine, Reason, Recorder, Stop
from s390emu.records.events import EVENT_ESSA, EVENT_FETCH, EVENT_HOST, EVENT_INTERRUPTION, EVENT_STORE
from s390emu.reports.stop import code_at, place
from s390emu.reports.timeline import cpu_mark, event_text

EVENTS = {
    "storage": (EVENT_FETCH, EVENT_STORE),
    "interruption": (EVENT_INTERRUPTION,),
    "page": (EVENT_ESSA, EVENT_HOST),
}
Run = Callable[[int | None, float | None], Stop]
STEPPED = {"insn", "storage"}  # what is told in the order in which it happened, instruction by instruction


@contextmanager
def tracing(options: TraceOptions, machine: Machine, symbols: Mapping[str, int]) -> Iterator[Run]:
    """Yield a run(limit, timeout) function that also writes the requested trace."""
    if not options.trace:
        yield machine.run
        return
    to = options.trace_to
    out = to.open("w", encoding="utf-8", errors="backslashreplace") if to else sys.stderr
    try:
        yield TraceLog(machine, options.trace, out, options.trace_lines, symbols).run
    finally:
        if to:
            out.close()


class TraceLog:
    """Runs the machine and writes what happens to `out`, `lines` lines at most; the run itself goes on."""

    def __init__(self, machine: Machine, kinds: Collection[str], out: TextIO, lines: int, symbols: Mapping[str, int]):
        self.machine, self.kinds, self.out, self.left, self.symbols = machine, kinds, out, lines, symbols
        self._recorder = Recorder(*(event for kind in kinds for event in EVENTS.get(kind, ())))
        machine.observe(self._recorder)
        if "storage" in kinds:
            machine.observers.without_tlb(self._recorder)

    def run(self, limit: int | None = None, timeout: float | None = None) -> Stop:
        """Run the machine as `Machine.run` does."""
        if STEPPED.isdisjoint(self.kinds):
            stop = self.machine.run(limit, timeout)
            self._events()
            return stop
        return self._step(limit, timeout)

    def _step(self, limit: int | None, timeout: float | None) -> Stop:
        machine = self.machine
        end = None if limit is None else machine.count + limit
        started = time.monotonic()
        while end is None or machine.count < end:
            if timeout is not None and time.monotonic() - started > timeout:
                return Stop(Reason.TIMEOUT, *machine.psw, machine.count, machine.running.number)
            count, before = machine.count, [cpu.psw for cpu in machine.cpus]
            stop = machine.step()
            if "insn" in self.kinds and machine.count > count:
                self._instruction(count, before)
            self._events()
            if stop is not None:
                return stop
        return Stop(Reason.LIMIT, *machine.psw, machine.count, machine.running.number)

    def _instruction(self, count: int, before: list[tuple[int, int]]) -> None:
        """Write which instruction it was, and whose. Before it is executed nobody knows: an interruption may come, and
        then it was not in the mode of the PSW before it. After it the mode may be another one."""
        cpu = self.machine.running
        mark = cpu_mark(cpu.number, len(self.machine.cpus))
        ia, (mask, next_ia) = int(self.machine.port.insn_ia), before[cpu.number]
        code = code_at(self.machine, ia, mask if ia == next_ia else cpu.psw[0])
        self._line(f"{count:10}{mark} insn         {place(ia, self.symbols)}: {code}")

    def _events(self) -> None:
        self.machine.observers.deliver()
        for chunk in self._recorder.taken():
            for event in chunk:
                self._line(event_text(event, self.symbols, len(self.machine.cpus)))

    def _line(self, text: str) -> None:
        if self.left > 0:
            print(text, file=self.out)
        elif self.left == 0:
            print("trace: the limit of lines is reached, no more are written (--trace-lines)", file=self.out)
        self.left -= 1
