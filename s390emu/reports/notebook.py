"""What a machine and a stop look like in a notebook: HTML that needs no style sheet, script or font of its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from s390emu.reports.page_map import page_map
from s390emu.reports.psw import describe_psw

if TYPE_CHECKING:
    from s390emu.machine import CPU, Machine
    from s390emu.machine.stop import Stop

IN_A_ROW = 4  # registers


def machine_html(machine: Machine) -> str:
    """Return each CPU's PSW and registers, and the map of the guest's blocks."""
    title = f"Blocks after {machine.count:,} instructions"
    return "".join((*map(_cpu, machine.cpus), f"<details open><summary>Storage</summary>"
                    f"{page_map(machine.blocks(), title)}</details>"))  # fmt: skip


def stop_html(stop: Stop) -> str:
    """Return why the run ended, after how many instructions, and the PSW of the CPU that it is about."""
    code = "" if stop.exit_code is None else f", code {stop.exit_code:#x}"
    head = f"{stop.reason}{code}, CPU {stop.cpu}, after {stop.count:,} instructions"
    return f"<p><b>{escape(head)}</b></p>{_psw(stop.psw_mask, stop.psw_ia)}"


def _cpu(cpu: CPU) -> str:
    rows = "".join(_registers(letters, values) for letters, values in (("r", cpu.gr), ("c", cpu.cr)))
    return (
        f"<details open><summary>CPU {cpu.number}, {cpu.count:,} instructions</summary>"
        f"{_psw(*cpu.psw)}<p>prefix <code>{int(cpu.record.prefix):08X}</code></p><table>{rows}</table></details>"
    )


def _psw(mask: int, ia: int) -> str:
    return f"<p>PSW <code>{mask:016X} {ia:016X}</code><br>{escape(describe_psw(mask, ia))}</p>"


def _registers(letters: str, values) -> str:
    cells = [f"<th>{letters}{n}</th><td><code>{int(value):016X}</code></td>" for n, value in enumerate(values)]
    rows = ("".join(cells[n : n + IN_A_ROW]) for n in range(0, len(cells), IN_A_ROW))
    return "".join(f"<tr>{row}</tr>" for row in rows)
