"""The story of a run of the toy kernel: its events, and each discard fault followed to the retry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import Interruption, Machine, Reason, Recorder, Stop
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION

HANDLER = "program_interruption"  # the kernel's symbol


@dataclass(frozen=True)
class Fault:
    """One block-volatility interruption and what came of it."""

    interruption: Interruption
    repair: list[np.record]  # events of the block until the instruction came up again
    retried_after: int | None  # instructions from the fault to the completed retry; None: the guest gave up instead
    count: int = 0  # instructions that had ended, of all CPUs
    cpu: int = 0


class Story:
    """Runs the machine to its end, stopping at the kernel's program-interruption handler to see what it does.

    stopped: called at each of these stops, and at the end."""

    def __init__(self, machine: Machine, symbols: Mapping[str, int], stopped: Callable[[Stop], None] | None = None):
        self.machine, self._handler, self._stopped = machine, symbols[HANDLER], stopped
        self.faults: list[Fault] = []
        self.events: list[np.record] = []
        self._recorder = Recorder(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION)
        machine.observe(self._recorder)

    def run(self) -> Stop:
        """Run the guest to its end."""
        stop = self._until()
        while stop.reason is Reason.BREAKPOINT:
            last = self.machine.last_interruption  # of the CPU that has come to the handler
            stop = self._follow(last) if last and last.code == BLOCK_VOLATILITY else self._until()
        return stop

    def _until(self, *addresses: int) -> Stop:
        """Run to the handler, or to one of these addresses."""
        stop = self.machine.run(until=(self._handler, *addresses))
        if self._stopped:
            self._stopped(stop)
        self.machine.observers.deliver()
        self.events += [event for chunk in self._recorder.taken() for event in chunk]
        return stop

    def _follow(self, fault: Interruption) -> Stop:
        """Run from the handler to the retry, and on to the handler's next call; return how that run stopped.

        A guest that goes on elsewhere, with its fixup for this instruction, leaves the block as it is."""
        first_event, block, cpu = len(self.events), fault.teid // BLOCK_SIZE, self.machine.running.number
        count = next(int(e.count) for e in reversed(self.events) if e.kind == EVENT_INTERRUPTION and e.cpu == cpu)
        stop = self._until(fault.psw_ia)
        repair = [e for e in self.events[first_event:] if e.kind != EVENT_INTERRUPTION and e.block == block]
        retried = None
        if repair and (stop.reason, stop.psw_ia, stop.cpu) == (Reason.BREAKPOINT, fault.psw_ia, cpu):
            before = self._program_interruptions()
            self.machine.step()
            if self._program_interruptions() == before:
                retried = self.machine.count - count
        self.faults.append(Fault(fault, repair, retried, count, cpu))
        if self.machine.psw[1] == self._handler:
            return Stop(Reason.BREAKPOINT, *self.machine.psw, self.machine.count, self.machine.running.number)
        return self._until()

    def _program_interruptions(self) -> int:
        return int(self.machine.port.interruption_count[0])
