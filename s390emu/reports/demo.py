"""What happened in a run of the toy kernel or of Linux, as text and for JSON: discard faults, a few blocks' lives,
totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.records.events import EVENT_INTERRUPTION
from s390emu.reports.stop import place
from s390emu.reports.timeline import cpu_mark, who

if TYPE_CHECKING:
    from s390emu.guests.story import Fault
    from s390emu.machine import Machine

BLOCKS_TOLD = 2
ORC_NAMES = ("extract", "set stable", "set unused", "set volatile", "set potentially volatile",
             "set stable and resident", "set stable if not discarded", "set stable, no-DAT")  # fmt: skip


def highlights(events: list[np.record], faults: Sequence[Fault], most: int | None) -> list[np.record]:
    """Return what happened to the blocks that met discard faults first: at most so many events; None: all there are."""
    if most is None:
        return events
    blocks = {fault.interruption.teid // BLOCK_SIZE for fault in faults[:BLOCKS_TOLD]}

    def belongs(event) -> bool:
        if event.kind == EVENT_INTERRUPTION:
            return event.before == BLOCK_VOLATILITY
        return event.before != event.after and int(event.block) in blocks

    return [event for event in events if belongs(event)][:most] if blocks else events[:most]


def life(chunks: Sequence[np.ndarray], most: int) -> tuple[list[np.record], int]:
    """Return of the block with which the most different things happened the events that were new to it, at most so
    many, and how many it had. chunks: events of kinds ESSA and HOST, oldest first."""
    if not any(len(chunk) for chunk in chunks):
        return [], 0
    events = np.concatenate(chunks).view(np.recarray)
    events = events[events.before != events.after]
    block, *facts = (events[name].astype(np.int64) for name in ("block", "kind", "before", "after", "detail"))
    what = np.zeros_like(block)
    for fact in facts:  # states, codes: each of a byte
        what = what << 8 | fact
    whose = np.unique(block << 32 | what) >> 32
    blocks, different = np.unique(whose, return_counts=True)
    mine = np.flatnonzero(block == blocks[different.argmax()])
    new = np.sort(np.unique(what[mine], return_index=True)[1])
    return [events[mine[n]] for n in new[:most]], len(mine)


def totals_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the totals as lines."""
    for name, value in told.items():
        if isinstance(value, Counter | dict):
            value = ", ".join(f"{key} {count:,}" for key, count in value.items()) or "none"
        yield f"{name:38} {value if isinstance(value, str) else format(value, ',')}"


def totals(machine: Machine, faults: Sequence[Fault] | None = None) -> dict[str, Any]:
    """Return what was counted, each with its name. faults: discard faults, of a guest whose handler was watched."""
    statistics = machine.host.statistics(machine.guest_number)
    essa = np.sum([cpu.port.essa_count for cpu in machine.cpus], axis=0)
    told: dict[str, Any] = {
        "instructions": machine.count,
        "blocks discarded": sum(statistics.discarded.values()),
        "blocks discarded, by state before": dict(statistics.discarded),
        "blocks written out": statistics.written_out,
        "blocks read back": statistics.read_back,
        "blocks taken, slot still right": statistics.still_clean,
        "blocks zero filled": statistics.zero_filled,
    }
    if faults is not None:
        told["discard faults delivered"] = len(faults)
        told["discard faults repaired and retried"] = sum(fault.retried_after is not None for fault in faults)
    told["ESSA, by operation-request code"] = Counter(
        {f"{orc} ({ORC_NAMES[orc]})": int(essa[orc]) for orc in range(8) if essa[orc]}
    )
    return told


def fault_dict(fault: Fault) -> dict[str, Any]:
    """Return a fault for JSON."""
    met = fault.interruption
    return {
        "count": fault.count,
        "cpu": fault.cpu,
        "psw_mask": met.psw_mask,
        "psw_ia": met.psw_ia,
        "ilc": met.ilc,
        "teid": met.teid,
        "repair": [who(event) for event in fault.repair],
        "retried_after": fault.retried_after,
    }


def fault_text(fault: Fault, symbols: Mapping[str, int], cpus: int = 1) -> str:
    """Return a fault in three lines: where, what repaired it, how it ended."""
    met = fault.interruption
    repair = "; ".join(dict.fromkeys(who(event) for event in fault.repair)) or "nothing: the guest took its fixup"
    end = f"retried, completed {fault.retried_after:,} instructions later" if fault.retried_after else "not retried"
    return (
        f"{fault.count:10}{cpu_mark(fault.cpu, cpus)} old PSW {met.psw_mask:016X} {place(met.psw_ia, symbols)}  "
        f"ILC {met.ilc // 2}  TEID {met.teid:#x}\n           repair: {repair}\n           {end}"
    )
