"""One machine going through one trace: its instructions and its host events.

The engines `run` and `step` give the same execution. With host events `run` steps too: there is no other way to be
there in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture.interruptions import CLASSES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.interruptions import nullifies
from s390emu.inputs import Refused, perform
from s390emu.machine import Stop
from s390emu.records.events import EVENT_ILC_SHIFT, EVENT_INTERRUPTION
from s390emu.tracing.expectations import KIND, Difference, End
from s390emu.tracing.machine_state import MachineState, capture
from s390emu.tracing.prepare import prepare, settings_of
from s390emu.tracing.trace import Event, Trace
from s390emu.tracing.wording import Symbols, Taken, stop_text, taken_text

ENGINES = ("run", "step")
ALL = (1 << 64) - 1


class Options(NamedTuple):
    """How to run: engine `run` or `step`; tlb False: every access takes the slow path; limit: instructions, where the
    trace says nothing; explain: on a failure run again to find who wrote what; include: folders in which `.include`
    may read, beside the trace's own."""

    engine: str = "run"
    tlb: bool = True
    limit: int | None = None
    explain: bool = True
    include: tuple[Path, ...] = ()


class Execution:
    """One machine going through one trace. observe: called with (what, before it is done) at every step and event."""

    def __init__(self, trace: Trace, options: Options, observe: Callable[[str], None] | None = None):
        self.trace, self.options, self.observe = trace, options, observe
        self.machine = prepare(trace, tlb=options.tlb)
        self.machine.watch(EVENT_INTERRUPTION)
        self.fired: set[Event] = set()
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
        machine = self.machine
        while machine.count < self.limit:
            if not self._events():
                break
            if self.observe:
                self.observe("")
            if stop := machine.step():
                self._look_at_interruptions()
                return stop
            self._look_at_interruptions()
        return machine.run(0)

    def _events(self) -> bool:
        """Let the events of this moment happen: -> whether to go on."""
        count, (_, ia) = self.machine.count, self.machine.psw
        codes = {taken.code for taken in self.taken if taken.kind == "pgm"}
        for event in self.trace.host:
            if event in self.fired and not event.every:
                continue
            happens = {
                "pc": event.number == ia,
                "icount": count > 0 and count % event.number == 0 if event.every else count == event.number,
                "pgm": event.number in codes,
            }[event.condition]
            if happens:
                self.fired.add(event)
                if self.observe:
                    self.observe(f"host event at line {event.line}: {event.text}")
                try:
                    perform(self.machine, event.verb, *event.operands)
                except Refused as error:
                    self.refused.append(
                        Difference(f"host event at line {event.line}", event.text, f"was refused: {error}", event.line)
                    )
                    return False
        return True

    def _look_at_interruptions(self) -> None:
        chunks = self.machine.drain_events()
        for chunk in chunks[self._drained :]:
            for row in chunk:
                if row["kind"] == EVENT_INTERRUPTION:
                    self.taken.append(self._interruption(row))
        self._drained = len(chunks)

    def _interruption(self, row) -> Taken:
        kind = KIND[CLASSES[int(row["block"])]]
        code, old, detail = int(row["before"]), int(row["after"]), int(row["detail"])
        ilc = detail >> int(EVENT_ILC_SHIFT) + 1 & 3  # in halfwords
        caused_by_old = kind not in ("pgm", "svc") or (kind == "pgm" and nullifies(code))
        at = old if caused_by_old else (old - 2 * ilc) & ALL
        return Taken(kind, code, at, old, ilc, detail & ~(6 << int(EVENT_ILC_SHIFT)), int(row["count"]))

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
        last = machine.last_interruption
        prefix = int(machine.cpu.prefix)
        statistics = asdict(machine.host.statistics(machine.guest_number))
        statistics["discarded"] = sum(statistics["discarded"].values())
        lowcore = machine.host.peek(machine.guest_number, prefix // BLOCK_SIZE)[:512]
        last_psw = (last.psw_mask, last.psw_ia) if last else (0, 0)
        return End(before, capture(machine), stop, tuple(self.taken), last_psw, lowcore, machine.console, statistics)
