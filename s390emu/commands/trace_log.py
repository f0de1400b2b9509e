"""Execution as text lines, for `run --trace` and `trace show`: instructions, branches, storage accesses, interruptions,
page events.

    insn          COUNT IA TEXT
    branch        COUNT FROM -> TO
    fetch, store  COUNT absolute ADDRESS LENGTH
    interruption  COUNT CLASS CODE old-ia ADDRESS
    page          COUNT block ADDRESS BEFORE -> AFTER, by whom

One event a line. COUNT is the number of instructions that had ended, of all CPUs; where there are several, cpuN
follows. Fetches and stores are what the slow path sees, so the TLB is off.

A part of the execution can be chosen: between two places, by address, by CPU. Where the guest is outside of it, it runs
at its full speed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.usage import UsageError, say
from s390emu.machine import CPU, Machine, Reason, Recorder, Stop
from s390emu.records.events import EVENT_ESSA, EVENT_FETCH, EVENT_HOST, EVENT_INTERRUPTION, EVENT_PSW, EVENT_STORE
from s390emu.reports.stop import code_at, place
from s390emu.reports.timeline import cpu_mark, event_text

EVENTS = {
    "storage": (EVENT_FETCH, EVENT_STORE),
    "interruption": (EVENT_INTERRUPTION,),
    "page": (EVENT_ESSA, EVENT_HOST),
    "psw": (EVENT_PSW,),  # of exports: where handlers end
}
Run = Callable[[int | None, float | None], Stop]
STEPPED = {"insn", "branches", "storage"}  # told in the order in which it happened, instruction by instruction


@contextmanager
def tracing(options: TraceOptions, machine: Machine, symbols: Mapping[str, int]) -> Iterator[Run]:
    """Yield a run(limit, timeout) function that also writes the requested trace."""
    options.check()
    if not options.trace:
        yield machine.run
        return
    window = Window(options, symbols, len(machine.cpus))
    to = options.trace_to
    out = to.open("w", encoding="utf-8", errors="backslashreplace") if to else sys.stderr
    try:
        yield TraceLog(machine, options.trace, out, options.trace_lines, symbols, window).run
        if window.starts and window.missed:
            say(window.missed)
    finally:
        if to:
            out.close()


class Window:
    """The part of the execution that is shown: from one place to another, each time that the guest comes there.

    starts, ends: (instruction number, None) or (None, address); None: at once, never.
    over: the guest has left it for good.
    """

    def __init__(self, options: TraceOptions | None = None, symbols: Mapping[str, int] | None = None, cpus: int = 1):
        options, symbols = options or TraceOptions(), symbols or {}
        self.starts = self._place("from", options.trace_from, symbols)
        self.ends = self._place("until", options.trace_until, symbols)
        first, last = (place[0] if place else None for place in (self.starts, self.ends))
        if first is not None and last is not None and last <= first:
            raise UsageError(f"until {last:,} is not behind from {first:,}: there is nothing between them")
        self.most, self.addresses, self.cpu = options.trace_count, options.trace_range, options.trace_cpu
        if self.cpu is not None and self.cpu >= cpus:
            raise UsageError(f"there is no CPU {self.cpu}: the guest has {cpus}")
        self.open = self.starts is None
        self.over = False
        self.missed = f"trace: the guest did not come to {options.trace_from}"  # if it has not
        self._shown = 0  # instructions since it was opened

    @staticmethod
    def _place(name: str, text: str, symbols: Mapping[str, int]) -> tuple[int | None, int | None] | None:
        """Return the place that a text names: (instruction number, None) or (None, address)."""
        if not text:
            return None
        if text in symbols:
            return None, symbols[text]
        try:
            value = int(text.replace("_", ""), 0)
        except ValueError:
            told = f"{name} {text}: no symbol, no address (0x...) and no instruction number"
            raise UsageError(f"{told}; --symbols FILE names more") from None
        if value < 0:
            raise UsageError(f"{name} {text}: below zero")
        return (None, value) if text.lower().startswith("0x") else (value, None)

    @property
    def whole(self) -> bool:
        """True if it is all of the execution."""
        return self.starts is None and self.ends is None and self.most is None

    def comes(self, count: int, ia: int) -> bool:
        """True if it begins with the instruction that is next: its number and its address."""
        return not self.over and self.starts in ((count, None), (None, ia))

    def show(self) -> None:
        """Open it."""
        self.open, self._shown, self.missed = True, 0, ""

    def passed(self, count: int, ia: int) -> None:
        """Note that the instruction at an address has ended, which makes it so many: it may have been the last."""
        self._shown += 1
        if self._shown == self.most or (self.ends and (self.ends[1] == ia or self.ends == (count, None))):
            self.open = False
            self.over = self.starts is None or self.starts[0] is not None

    def has(self, cpu: int, first: int, length: int = 1) -> bool:
        """True if what a CPU does at these addresses is in it."""
        if self.cpu is not None and cpu != self.cpu:
            return False
        return self.addresses is None or (first < self.addresses[1] and self.addresses[0] < first + length)

    def has_event(self, event) -> bool:
        """True if an event is in it: by the address that it is about."""
        cpu = int(event.cpu)
        if event.kind in (EVENT_FETCH, EVENT_STORE):
            return self.has(cpu, int(event.before), int(event.after))
        if event.kind == EVENT_INTERRUPTION:
            return self.has(cpu, int(event.after))
        if event.kind == EVENT_PSW:
            return self.cpu in (None, cpu)
        return self.has(cpu, int(event.block) * BLOCK_SIZE, BLOCK_SIZE)


class TraceLog:
    """Runs the machine and writes what happens to `out`, `lines` lines at most; the run itself goes on."""

    def __init__(self, machine: Machine, kinds: tuple[str, ...], out: TextIO, lines: int, symbols: Mapping[str, int],
                 window: Window | None = None):  # fmt: skip
        self.machine, self.kinds, self.out, self.left, self.symbols = machine, kinds, out, lines, symbols
        self.window = window or Window()
        self._recorder = Recorder(*(event for kind in kinds for event in EVENTS.get(kind, ())))
        machine.observe(self._recorder)
        if "storage" in kinds:
            machine.observers.without_tlb(self._recorder)

    def run(self, limit: int | None = None, timeout: float | None = None) -> Stop:
        """Run the machine as `Machine.run` does."""
        if STEPPED.isdisjoint(self.kinds) and self.window.whole:
            stop = self.machine.run(limit, timeout)
            self._events()
            return stop
        end = None if limit is None else self.machine.count + limit
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            ended = self._show(end, deadline) if self.window.open else self._pass(end, deadline)
            if ended is not None:
                return ended

    def _stop(self, reason: Reason) -> Stop:
        machine = self.machine
        return Stop(reason, *machine.psw, machine.count, machine.running.number)

    def _pass(self, end: int | None, deadline: float | None) -> Stop | None:
        """Run to where the window opens; return the stop if that is not reached."""
        machine, window = self.machine, self.window
        stop: Stop | None = None
        while stop is None and not window.comes(machine.count, machine.psw[1]):
            number, address = (None, None) if window.over or window.starts is None else window.starts
            last = end
            if number is not None and number > machine.count:
                last = number if end is None else min(number, end)
            stop = machine.run(
                None if last is None else last - machine.count,
                None if deadline is None else max(0.0, deadline - time.monotonic()),
                () if address is None else (address,),
            )
            if stop.reason is Reason.BREAKPOINT or (stop.reason is Reason.LIMIT and machine.count != end):
                stop = None
        machine.observers.deliver()
        self._recorder.taken()
        if stop is None:
            window.show()
        return stop

    def _show(self, end: int | None, deadline: float | None) -> Stop | None:
        """Step while the window is open; return the stop, or None where it closes."""
        machine, window = self.machine, self.window
        while window.open:
            if end is not None and machine.count >= end:
                return self._stop(Reason.LIMIT)
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)
            count, before = machine.count, [(cpu.psw, self._branches(cpu)) for cpu in machine.cpus]
            stop = machine.step()
            if machine.count > count:
                self._instruction(count, *before[machine.running.number])
            self._events()
            if machine.count > count:
                window.passed(machine.count, int(machine.port.insn_ia))
            if stop is not None:
                return stop
        return None

    @staticmethod
    def _branches(cpu: CPU) -> int:
        return int(cpu.port.branch_count)

    def _instruction(self, count: int, before: tuple[int, int], branches: int) -> None:
        """Write which instruction it was, and whose. Before it is executed nobody knows: an interruption may come, and
        then it was not in the mode of the PSW before it. After it the mode may be another one."""
        cpu = self.machine.running
        mask, next_ia = before
        ia = int(cpu.port.insn_ia)
        if not self.window.has(cpu.number, ia):
            return
        mark = cpu_mark(cpu.number, len(self.machine.cpus))
        if "insn" in self.kinds:
            code = code_at(self.machine, ia, mask if ia == next_ia else cpu.psw[0])
            self._line(f"{count:10}{mark} insn         {place(ia, self.symbols)}: {code}")
        if "branches" in self.kinds and self._branches(cpu) > branches:
            start, to = cpu.branches()[-1]
            self._line(f"{count:10}{mark} branch       {place(start, self.symbols)} -> {place(to, self.symbols)}")

    def _events(self) -> None:
        self.machine.observers.deliver()
        for chunk in self._recorder.taken():
            for event in chunk:
                if self.window.has_event(event):
                    self._line(event_text(event, self.symbols, len(self.machine.cpus)))

    def _line(self, text: str) -> None:
        if self.left > 0:
            print(text, file=self.out)
        elif self.left == 0:
            print("trace: the limit of lines is reached, no more are written (--trace-lines)", file=self.out)
        self.left -= 1
