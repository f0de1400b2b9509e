"""The story of a run of the toy kernel: its events, each discard fault followed to the retry, and totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import Interruption, Machine, Reason, Stop
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION
from s390emu.reports.stop import place
from s390emu.reports.timeline import cpu_mark, who

BLOCKS_TOLD = 2
HANDLER = "program_interruption"  # the kernel's symbol
ORC_NAMES = ("extract", "set stable", "set unused", "set volatile", "set potentially volatile",
             "set stable and resident", "set stable if not discarded", "set stable, no-DAT")  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One block-volatility interruption and what came of it."""

    count: int  # instructions that had ended, of all CPUs
    psw_mask: int
    psw_ia: int
    ilc: int
    teid: int
    repair: list[str]  # what was done to the block until the instruction came up again
    retried_after: int | None  # instructions from the fault to the completed retry; None: the guest gave up instead
    cpu: int = 0


class Story:
    """Runs the machine to its end, stopping at the kernel's program-interruption handler to see what it does."""

    def __init__(self, machine: Machine, symbols: Mapping[str, int]):
        self.machine, self.symbols = machine, symbols
        self.faults: list[Fault] = []
        self.events: list = []
        machine.watch(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION)

    def run(self) -> Stop:
        stop = self._until()
        while stop.reason is Reason.BREAKPOINT:
            last = self.machine.last_interruption  # of the CPU that has come to the handler
            stop = self._follow(last) if last and last.code == BLOCK_VOLATILITY else self._until()
        return stop

    def _until(self, *addresses: int) -> Stop:
        stop = self.machine.run(until=(self.symbols[HANDLER], *addresses))
        chunks = self.machine.drain_events()
        self.events += [event for chunk in chunks for event in chunk]
        chunks.clear()
        return stop

    def _follow(self, fault: Interruption) -> Stop:
        """From the handler to the retry: -> the stop at which the run goes on.

        A guest that goes on elsewhere, with its fixup for this instruction, leaves the block as it is."""
        first_event, block, cpu = len(self.events), fault.teid // BLOCK_SIZE, self.machine.running
        own = [e for e in self.events if e.kind == EVENT_INTERRUPTION and e.cpu == cpu.number]
        count = int(own[-1].count)
        stop = self._until(fault.psw_ia)
        repair = [who(e) for e in self.events[first_event:] if e.kind != EVENT_INTERRUPTION and e.block == block]
        retried = None
        if repair and (stop.reason, stop.psw_ia, stop.cpu) == (Reason.BREAKPOINT, fault.psw_ia, cpu.number):
            before = self._program_interruptions()
            self.machine.step()
            if self._program_interruptions() == before:
                retried = self.machine.count - count
        told = (count, fault.psw_mask, fault.psw_ia, fault.ilc, fault.teid, repair, retried, cpu.number)
        self.faults.append(Fault(*told))
        if self.machine.psw[1] == self.symbols[HANDLER]:
            return Stop(Reason.BREAKPOINT, *self.machine.psw, self.machine.count, self.machine.running.number)
        return self._until()

    def _program_interruptions(self) -> int:
        return int(self.machine.port.interruption_count[0])

    def highlights(self, most: int | None) -> list:
        """The life of the blocks that met discard faults first: at most so many of their events."""
        if most is None:
            return self.events
        blocks = {fault.teid // BLOCK_SIZE for fault in self.faults[:BLOCKS_TOLD]}

        def belongs(event) -> bool:
            if event.kind == EVENT_INTERRUPTION:
                return event.before == BLOCK_VOLATILITY
            return event.before != event.after and int(event.block) in blocks

        return [event for event in self.events if belongs(event)][:most] if blocks else self.events[:most]

    def totals(self) -> dict:
        statistics = self.machine.host.statistics(self.machine.guest_number)
        essa = sum(np.asarray(cpu.port.essa_count) for cpu in self.machine.cpus)
        return {
            "instructions": self.machine.count,
            "blocks discarded": sum(statistics.discarded.values()),
            "blocks discarded, by state before": dict(statistics.discarded),
            "blocks written out": statistics.written_out,
            "blocks read back": statistics.read_back,
            "blocks taken, slot still right": statistics.still_clean,
            "blocks zero filled": statistics.zero_filled,
            "discard faults delivered": len(self.faults),
            "discard faults repaired and retried": sum(f.retried_after is not None for f in self.faults),
            "ESSA, by operation-request code": Counter(
                {f"{orc} ({ORC_NAMES[orc]})": int(essa[orc]) for orc in range(8) if essa[orc]}
            ),
        }


def fault_text(fault: Fault, symbols: Mapping[str, int], cpus: int = 1) -> str:
    repair = "; ".join(dict.fromkeys(fault.repair)) or "nothing: the guest took its fixup"
    end = f"retried, completed {fault.retried_after:,} instructions later" if fault.retried_after else "not retried"
    return (
        f"{fault.count:10}{cpu_mark(fault.cpu, cpus)} old PSW {fault.psw_mask:016X} {place(fault.psw_ia, symbols)}  "
        f"ILC {fault.ilc // 2}  TEID {fault.teid:#x}\n           repair: {repair}\n           {end}"
    )
