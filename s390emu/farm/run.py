"""One experiment, from the disks to the rows of the table.

The guests are web servers on the toy kernel: each verifies its sessions and its log at its end, and its sums are
compared with those of its twin in Python, which knows neither page cache nor host. What was lost would show here.
(farm/linux.py has the guests that are Linux.)
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from functools import lru_cache
from pathlib import Path

from s390emu.assembler.assemble import Program
from s390emu.farm.cell import LINUX, Cell
from s390emu.farm.experiment import BEGINNING, Experiment
from s390emu.farm.farm import send_message
from s390emu.farm.linux import LinuxExperiment
from s390emu.guests import web_server
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import Server
from s390emu.machine import Machine, Stop


def run_cell(cell: Cell, linux: Path | None = None) -> list[dict]:
    """Return rows as `measure` describes them, and how long it took here (`real_seconds`). linux: the folder with
    kernel and busybox, for guests that are made of them."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="s390emu-farm-") as name:
        folder, cell = Path(name), cell.filled()
        if cell.kind == LINUX:
            if linux is None:
                raise ValueError("guests of Linux: where are kernel and busybox?")
            table = LinuxExperiment(cell, folder, linux).run()
        else:
            table = WebExperiment(cell, folder).run()
    gc.collect()  # machine and host know each other: or the frames of this cell would stay beside those of the next
    for row in table:
        row["real_seconds"] = time.perf_counter() - started
    return table


@lru_cache(maxsize=16)
def _program(tunables: tuple[tuple[str, int], ...]) -> Program:
    return web_server.build(**dict(tunables))


class WebExperiment(Experiment):
    """A farm of web servers for one cell."""

    def __init__(self, cell: Cell, folder: Path):
        # The guests differ in their seeds alone: one is assembled, and each is told its own.
        self.program = _program(tuple(sorted((cell.tunables(0) | {"SEED": 1}).items())))
        self.symbols = self.program.symbols
        super().__init__(cell, folder)

    def _machines(self) -> list[Machine]:
        cell, machines, shared = self.cell, [], Server()
        image = self.folder / "image"
        blocks = web_server.disk_image(image, **cell.tunables(0))
        for number in range(cell.guests):
            machine = Machine(cell.ram, host=self.host, essa=cell.essa, beginning=BEGINNING)
            path = self.folder / f"guest-{number}"
            shutil.copyfile(image, path)
            disk = BlockDevice(path, blocks)
            if cell.disks == "shared":
                disk.server = shared
            self.host.attach_disk(machine.guest_number, web_server.DISK, disk)
            machine.load(self.program)
            machine.write(self.symbols["seed"], cell.tunables(number)["SEED"].to_bytes(8, "big"))
            machines.append(machine)
        return machines

    def _tell(self, machine: Machine, text: str) -> None:
        send_message(machine, text)

    def _requests(self, machine: Machine) -> int:
        return web_server.number_at(machine, self.symbols["REQUESTS_DONE"])

    def _counts(self, machine: Machine) -> dict[str, int]:
        return web_server.counts(machine, self.symbols)

    def _balloon(self, machine: Machine) -> int:
        return web_server.number_at(machine, self.symbols["BALLOON_SIZE"])

    def _right(self, machine: Machine, stop: Stop) -> bool | None:
        told = web_server.reported(machine.console)
        if stop.exit_code != 0 or told is None:
            return None
        requests, sums = told
        return sums == web_server.expected(requests, **self.cell.tunables(machine.guest_number))
