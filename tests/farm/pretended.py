"""A farm that is pretended: numbers of a plausible shape, at once, so that the sweep's machinery is tested by itself.

It lies in a module of its own because processes and clusters import it.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from s390emu.farm.cell import Cell

PAGE_NS = {"dasd": 5_000_000, "ssd": 80_000, "nvme": 15_000}


def run_cell(cell: Cell) -> list[dict]:
    """Hinting gains with the number of guests, the balloon loses; all of it shrinks as the device gets faster."""
    pressure = max(0.0, cell.ratio - 1.0)
    eased = {"none": 0.0, "unused-only": 0.35, "balloon": 0.62 - 0.03 * cell.guests, "both": 0.66, "hinting": 0.55}
    moved = int(cell.requests * pressure * 10 * (1 - eased[cell.policy]))
    return [*(_row(cell, number, moved) for number in range(cell.guests)), _row(cell, "all", moved)]


def _row(cell: Cell, guest: int | str, moved: int) -> dict:
    many = cell.guests if guest == "all" else 1
    requests, hints, balloon = cell.requests * many, cell.essa, cell.monitored
    moved *= many
    saved = int(requests * (cell.ratio - 1) * 4) if hints else 0
    essa = requests * 25 if hints else 0
    instructions = {
        "instructions_task": requests * 60_000,
        "instructions_kernel": requests * 9_000,
        "instructions_essa": essa * cell.essa_cycles,
        "instructions_discard": saved * 700,
        "instructions_balloon": requests * 900 if balloon else 0,
        "instructions_writeback": requests * 1_100,
    }
    cpu_ns = sum(instructions.values()) * 1000 // cell.mips
    wait_ns = moved * PAGE_NS[cell.device]
    seconds = (cpu_ns + wait_ns / 2 + requests * 5_000) / 1e9
    parameters = asdict(cell) | {"balloon": " ".join(f"{name}={value:g}" for name, value in cell.balloon)}
    return parameters | instructions | {
        "guest": guest, "seconds": seconds, "requests": requests, "requests_per_second": requests / seconds,
        "page_outs": moved * 3 // 5, "page_ins": moved * 2 // 5, "discards_U": saved // 4, "discards_V": saved // 2,
        "discards_P": saved // 8, "discards_Sp": 0, "discard_faults": saved // 3, "disk_reads": requests * 6 + saved,
        "disk_rereads": saved, "disk_writes": requests, "zero_fills": saved // 4, "essa": essa,
        "monitor_ns": 40_000 * many if balloon else 0, "wait_paging_ns": wait_ns,
        "wait_disk_ns": requests * 6 * PAGE_NS[cell.device] // 4, "idle_ns": requests * 2_000, "cpu_ns": cpu_ns,
        "checksum_ok": True, "outcome": "ok", "real_seconds": time.perf_counter() % 1,
    }  # fmt: skip


def fail_with_both(cell: Cell) -> list[dict]:
    if cell.policy == "both":
        raise RuntimeError("the host\ngave up")
    return run_cell(cell)


def lose_data_with_both(cell: Cell) -> list[dict]:
    rows = run_cell(cell)
    if cell.policy == "both":
        rows[0]["checksum_ok"] = rows[-1]["checksum_ok"] = False
    return rows


def refuse_storage_with_none(cell: Cell) -> list[dict]:
    rows = run_cell(cell)
    if cell.policy == "none":
        gone = ("requests_per_second", "seconds", "page_ins")
        rows = [{name: row[name] for name in row if name not in gone} for row in rows]
        rows = [row | {"outcome": "refused storage", "checksum_ok": False} for row in rows]
    return rows


def die_with_both(cell: Cell) -> list[dict]:
    if cell.policy == "both":
        os.kill(os.getpid(), signal.SIGKILL)
    return run_cell(cell)


def slowly(cell: Cell) -> list[dict]:
    time.sleep(0.2)
    return run_cell(cell)


def counting(cell: Cell) -> list[dict]:
    """Leaves a line for each cell that is run, whichever process runs it."""
    with Path(os.environ["PRETENDED_LOG"]).open("a") as log:
        log.write(f"{cell.guests} {cell.ratio} {cell.policy} {os.getpid()}\n")
    return run_cell(cell)


def forever_with_both(cell: Cell) -> list[dict]:
    """With temporary files, as a farm has."""
    with tempfile.TemporaryDirectory(prefix="pretended-") as folder:
        (Path(folder) / "disk").write_bytes(bytes(4096))
        if cell.policy == "both":
            counting(cell)
            time.sleep(600)
        return counting(cell)
