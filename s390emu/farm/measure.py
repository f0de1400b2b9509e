"""What a farm measures: the guests' own counters, the host's, and the farm's, as differences between two moments.

A row is a flat dict of numbers and words, one for each guest and one for all of them together ("guest": "all").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from s390emu.farm.cell import Cell
from s390emu.shapes import YES_OR_NO, Either, Number, OneOf, Text, Whole

if TYPE_CHECKING:
    from s390emu.farm.farm import Dispatched, Farm
    from s390emu.machine import Machine

# Columns that come from the guest's counters: by their names in `web_server.counts`.
FROM_GUEST = {
    "requests": "requests", "discard_faults": "faults", "discards_found": "lost", "disk_rereads": "rereads",
    "cache_hits": "hits", "cache_misses": "misses", "bytes": "bytes", "balloon_refused": "balloon_refused",
    "instructions_task": "cpu_task", "instructions_kernel": "cpu_kernel", "instructions_discard": "cpu_discard",
    "instructions_balloon": "cpu_balloon", "instructions_writeback": "cpu_write_back",
}  # fmt: skip
# ... and those from the host's statistics of the guest.
FROM_HOST = {
    "page_outs": "written_out", "page_ins": "read_back", "zero_fills": "zero_filled", "still_clean": "still_clean",
    "released": "released", "disk_reads": "disk_reads", "disk_writes": "disk_writes",
    "disk_operations": "disk_operations", "host_faults": "faults_resolved", "wait_paging_ns": "paging_wait",
    "wait_disk_ns": "disk_wait",
}  # fmt: skip
DISCARDED = {"discards_U": "Ur", "discards_V": "Vr", "discards_P": "Pr", "discards_Sp": "Sp"}
TIMES = ("wait_paging_ns", "wait_disk_ns", "idle_ns", "cpu_ns", "monitor_ns", "processor_idle_ns")
VERDICT = ("outcome", "checksum_ok")
OTHERS = ("essa", "idle_ns", "cpu_ns", "monitor_ns", "messages", "processor_idle_ns", "instructions_essa", "seconds",
          "resident_blocks", "balloon_blocks", "requests_per_second", "real_seconds")  # fmt: skip


def row_shape() -> dict:
    """Return the shape that a row has when it comes from a file. Of a guest that was refused storage there is little to
    tell, so that every number may be missing."""
    given = {f"{field.name}?": PARAMETERS[type(field.default)] for field in fields(Cell) if field.name != "balloon"}
    numbers = {f"{name}?": Number() for name in (*FROM_GUEST, *FROM_HOST, *DISCARDED, *OTHERS)}
    return given | numbers | {"guest": Either(Whole(), OneOf("all")), "balloon?": Text(), "outcome": Text(),
                              "checksum_ok": YES_OR_NO}  # fmt: skip


PARAMETERS = {int: Whole(-1), float: Number(), str: Text(100)}  # shapes by the type of a cell's field


@dataclass(frozen=True)
class Moment:
    """Totals since the beginning: farm time, of the farm, of each guest."""

    now: int
    farm: dict[str, int]
    guests: list[dict[str, int]]


def moment(farm: Farm, counts: Callable[[Machine], dict[str, int]]) -> Moment:
    """Return the totals now. counts: a guest's own counters, as many as it has."""
    own = {"monitor_ns": farm.monitor_time, "messages": farm.messages, "processor_idle_ns": farm.idle}
    return Moment(farm.now, own, [_totals(guest, counts) for guest in farm.guests])


def _totals(guest: Dispatched, counts: Callable[[Machine], dict[str, int]]) -> dict[str, int]:
    """Return a guest's totals, by column."""
    host, seen = guest.statistics, counts(guest.machine)
    found = {column: seen[name] for column, name in FROM_GUEST.items() if name in seen}
    found |= {column: getattr(host, name) for column, name in FROM_HOST.items()}
    found |= {column: host.discarded[state] for column, state in DISCARDED.items()}
    found |= {"essa": guest.essa, "idle_ns": int(guest.machine.storage.port_column("idle").sum()), "cpu_ns": guest.cpu}
    return found


def rows(cell: Cell, first: Moment, last: Moment, ends: list[dict]) -> list[dict]:
    """Return the differences as rows. ends: of each guest, what is none (outcome, checksum_ok, blocks at the end)."""
    elapsed = last.now - first.now
    given = {name: value for name, value in vars(cell).items() if name != "balloon"}
    given["balloon"] = " ".join(f"{name}={value:g}" for name, value in cell.balloon)
    own = {name: last.farm[name] - first.farm[name] for name in last.farm}
    singles = []
    for before, after, end in zip(first.guests, last.guests, ends, strict=True):
        single = {name: after[name] - before[name] for name in after}
        single["instructions_essa"] = single["essa"] * cell.essa_cycles
        singles.append(single | end)
    names = [name for name in singles[0] if name not in VERDICT]
    summed = {name: sum(single.get(name, 0) for single in singles) for name in names}
    worst = next((s["outcome"] for s in singles if s["outcome"] != "ok"), "ok")
    summed |= own | {"outcome": worst, "checksum_ok": all(s["checksum_ok"] for s in singles)}
    table = []
    for name, numbers in [*enumerate(singles), ("all", summed)]:
        seconds = elapsed / (cell.mips * 1_000_000)
        numbers = {column: _nanoseconds(cell, value) if column in TIMES else value for column, value in numbers.items()}
        rate = {"seconds": seconds, "requests_per_second": numbers["requests"] / seconds if seconds else 0.0}
        table.append({"guest": name} | given | rate | numbers)
    return table


def _nanoseconds(cell: Cell, instruction_times: int) -> int:
    """Return real time: an instruction takes 1000 / mips nanoseconds."""
    return instruction_times * 1000 // cell.mips
