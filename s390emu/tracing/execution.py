"""One machine going through one trace: its instructions and its host events.

The engines `run` and `step` give the same execution. With host events `run` steps too: there is no other way to be
there in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from s390emu._jit import plain
from s390emu.architecture import models
from s390emu.architecture.interruptions import CLASSES, PROGRAM_EVENT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.interruptions import nullifies
from s390emu.inputs import Refused, perform
from s390emu.machine import CPU, Reason, Stop
from s390emu.records.events import EVENT_ILC_SHIFT, EVENT_INTERRUPTION
from s390emu.tracing.expectations import KIND, CpuEnd, Difference, End
from s390emu.tracing.machine_state import MachineState, capture
from s390emu.tracing.prepare import prepare, settings_of
from s390emu.tracing.trace import Event, Trace
from s390emu.tracing.wording import Symbols, Taken, stop_text, taken_text

ENGINES = ("run", "step")
ALL = (1 << 64) - 1


class Options(NamedTuple):
    """How to run: engine `run` or `step`; tlb False: every access takes the slow path; limit: instructions, where the
    trace says nothing; model: likewise; explain: on a failure run again to find who wrote what; include: folders in
    which `.include` may read, beside the trace's own."""

    engine: str = "run"
    tlb: bool = True
    limit: int | None = None
    explain: bool = True
    include: tuple[Path, ...] = ()
    model: str = models.MAX


class Execution:
    """One machine going through one trace. observe: called after every step ("") and event (its text)."""

    def __init__(self, trace: Trace, options: Options, observe: Callable[[str], None] | None = None):
        self.trace, self.options, self.observe = trace, options, observe
        self.machine = prepare(trace, tlb=options.tlb, model=options.model)
        self.machine.watch(EVENT_INTERRUPTION)
        self.fired: dict[Event, int] = {}  # and when last: how many instructions had ended that its condition counts
        self.refused: list[Difference] = []
        self.taken: list[Taken] = []
        self._drained = 0
        settings = settings_of(trace)
        self.limit = settings.limit if options.limit is None else min(settings.limit, options.limit)

    def run(self) -> End:
        before = capture(self.machine)
        stepping = self.options.engine == "step" or self.observe or self.trace.host
        stop = self._stepwise() if stepping else self.machine.run(self.limit)
        self._look_at_interruptions()
        return self._end(before, stop)

    def close(self) -> None:
        """The paging file is not needed any more."""
        if self.machine.host.slots.device:
            self.machine.host.slots.device.close()

    def _stepwise(self) -> Stop:
        machine, stop = self.machine, None
        while machine.count < self.limit and self._events():
            stop = machine.run(1)
            self._look_at_interruptions()
            if self.observe:
                self.observe("")
            if stop.reason is not Reason.LIMIT:
                break
        return stop or machine.run(0)

    def _events(self) -> bool:
        """Let the events of this moment happen: -> whether to go on."""
        count = self.machine.count
        codes = {(taken.cpu, taken.code) for taken in self.taken if taken.kind == "pgm"}
        for event in self.trace.host:
            cpu = self.machine.cpus[event.cpu]
            # While others execute, a CPU may stay where it is: it has come there once.
            now = cpu.count if event.condition == "pc" else count
            if event in self.fired and not (event.every and self.fired[event] < now):
                continue
            happens = {
                "pc": event.number == cpu.psw[1],
                "icount": count > 0 and count % event.number == 0 if event.every else count == event.number,
                "pgm": (event.cpu, event.number) in codes,
            }[event.condition]
            if happens:
                self.fired[event] = now
                try:
                    perform(self.machine, event.verb, *event.operands, cpu=event.target)
                except Refused as error:
                    self.refused.append(
                        Difference(f"host event at line {event.line}", event.text, f"was refused: {error}", event.line)
                    )
                    return False
                if self.observe:
                    self.observe(f"host event at line {event.line}: {event.text}")
        return True

    def _look_at_interruptions(self) -> None:
        chunks = self.machine.drain_events()
        for chunk in chunks[self._drained :]:
            for row in chunk:
                if row["kind"] == EVENT_INTERRUPTION:
                    self.taken.append(taken_of(row))
        self._drained = len(chunks)

    def unfired(self, end: End) -> Iterator[Difference]:
        """A host event that never fires is an expectation that failed."""
        symbols = Symbols(self.trace.program.symbols)
        last = f"{taken_text(end.taken[-1], symbols)}, then " if end.taken else ""
        how = f"{end.stop.count} instructions, then {last}{stop_text(end.stop)}"
        for event in self.trace.host:
            if event not in self.fired:
                subject = f"host event at line {event.line}"
                yield Difference(subject, event.text, f"never fired; the run was {how}", event.line)

    def _end(self, before: MachineState, stop: Stop) -> End:
        machine = self.machine
        statistics = asdict(machine.host.statistics(machine.guest_number))
        statistics["discarded"] = sum(statistics["discarded"].values())
        cpus = tuple(map(self._cpu_end, machine.cpus))
        return End(before, capture(machine), stop, tuple(self.taken), cpus, machine.console, statistics)

    def _cpu_end(self, cpu: CPU) -> CpuEnd:
        last, prefix = cpu.last_interruption, int(cpu.record.prefix)
        lowcore = self.machine.host.peek(self.machine.guest_number, prefix // BLOCK_SIZE, 0, 512)
        return CpuEnd(cpu.psw, (last.psw_mask, last.psw_ia) if last else (0, 0), lowcore)


def taken_of(row) -> Taken:
    """Return the interruption that an event of the kind EVENT_INTERRUPTION tells of."""
    kind = KIND[CLASSES[int(row["block"])]]
    code, old, detail = int(row["before"]), int(row["after"]), int(row["detail"])
    ilc = detail >> int(EVENT_ILC_SHIFT) + 1 & 3  # in halfwords
    caused_by_old = kind not in ("pgm", "svc") or (kind == "pgm" and plain(nullifies)(code & ~PROGRAM_EVENT))
    at = old if caused_by_old else (old - 2 * ilc) & ALL
    teid = detail & ~(6 << int(EVENT_ILC_SHIFT))
    return Taken(kind, code, at, old, ilc, teid, int(row["count"]), int(row["cpu"]))
