"""A farm of Linux guests: one boots, and every guest starts as a copy of it, from where it waits for its seed.

Its time is the farm's, so the farm begins when the boot has ended. Hints: the kernel declares its free pages unused,
and every other page stable. The balloon: the kernel's own driver, told over the console.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from s390emu.farm.cell import Cell
from s390emu.farm.experiment import BEGINNING, Experiment
from s390emu.guests import linux_worker
from s390emu.guests.linux import LinuxError, image
from s390emu.guests.linux_worker import Twin
from s390emu.machine import Machine, Reason, Stop
from s390emu.machine.clone import Original, keep, start

STEP = 1_000_000  # instructions between two looks at the console while the first guest boots
MOST_INSTRUCTIONS = 10_000_000_000  # of the boot: ten times what it takes
LAST_LINES = 3  # of the console, told where it fails


def boot(files: linux_worker.Files, ram: int, *, essa: bool) -> Original:
    """Return a guest that has come to the end of its start. Raises LinuxError."""
    machine = Machine(ram, essa=essa, tod_epoch=linux_worker.EPOCH)
    pieces = image(files.kernel, ram, linux_worker.archive(files.busybox), linux_worker.COMMAND_LINE)
    for address, data in pieces:
        machine.write(address, data)
    machine.set_psw(*files.kernel.psw)
    while linux_worker.READY not in machine.console:
        stop = machine.run(STEP)
        if stop.reason is not Reason.LIMIT or machine.count > MOST_INSTRUCTIONS:
            told = " / ".join(machine.console.splitlines()[-LAST_LINES:])
            raise LinuxError(f"the kernel did not come to its /init: {stop.reason}, {stop.count} instructions; {told}")
    return keep(machine)


@lru_cache(maxsize=2)
def _original(folder: Path, digest: str, ram: int, essa: bool) -> Original:
    files = linux_worker.read_files(folder)
    if files.digest != digest:
        raise LinuxError(f"{folder}: kernel and busybox are {files.digest}, not those of this cell, {digest}")
    return boot(files, ram, essa=essa)


class LinuxExperiment(Experiment):
    """A farm of Linux guests for one cell. source: the folder with kernel and busybox."""

    def __init__(self, cell: Cell, folder: Path, source: Path):
        self._source = source
        self._lines = [0] * cell.guests  # that each guest has written since its GO: sums, a request each
        super().__init__(cell, folder)
        self.farm.begin(max(guest.machine.now for guest in self.farm.guests))

    def _machines(self) -> list[Machine]:
        cell, machines = self.cell, []
        original = _original(self._source, cell.linux, cell.ram, cell.essa)
        for number in range(cell.guests):
            machine = Machine(
                cell.ram, host=self.host, essa=cell.essa, beginning=BEGINNING, tod_epoch=linux_worker.EPOCH
            )
            start(original, machine)
            self.host.guests[machine.guest_number].console.live = self._counter(number)
            self.host.type(machine.guest_number, linux_worker.go(cell.seed_of(number), cell.burst, cell.idle_ms))
            machines.append(machine)
        return machines

    def _counter(self, number: int):
        """Return what counts the lines that a guest writes."""

        def live(text: str) -> None:
            self._lines[number] += text.count("\n")

        return live

    def _tell(self, machine: Machine, text: str) -> None:
        machine.host.type(machine.guest_number, text + "\n")

    def _requests(self, machine: Machine) -> int:
        return self._lines[machine.guest_number]

    def _counts(self, machine: Machine) -> dict[str, int]:
        return {"requests": self._requests(machine)}

    def _balloon(self, machine: Machine) -> None:
        return None

    def _balloon_at_end(self, machine: Machine) -> int | None:
        report = linux_worker.reported(machine.console)
        return None if report is None else report.balloon

    def _right(self, machine: Machine, stop: Stop) -> bool | None:
        report = linux_worker.reported(machine.console)
        if stop.reason is not Reason.STOPPED or report is None:
            return None
        cell = self.cell
        return linux_worker.right(report, Twin(cell.seed_of(machine.guest_number), cell.burst, cell.idle_ms))
