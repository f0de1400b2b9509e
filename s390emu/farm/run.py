"""One experiment, from the disks to the rows of the table.

The guests boot, serve until each has had its warm-up, are measured while they serve so many more, and are then told to
stop: each verifies its sessions and its log, and its sums are compared with those of its twin in Python,
which knows neither page cache nor host. What was lost would show here.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from functools import lru_cache
from pathlib import Path

from s390emu.assembler.assemble import Program
from s390emu.farm.cell import BY_DEVICE, SERVICE_TIMES, Cell
from s390emu.farm.farm import Costs, Farm
from s390emu.farm.measure import Moment, moment, rows
from s390emu.guests import web_server
from s390emu.host.balloon_monitor import BalloonMonitor, Parameters
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import SERVICE, Server, ServiceTimes
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason

REFUSED = "refused storage"


def run_cell(cell: Cell) -> list[dict]:
    """Return rows as `measure` describes them, and how long it took here (`real_seconds`)."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="s390emu-farm-") as folder:
        table = Experiment(cell.filled(), Path(folder)).run()
    gc.collect()  # machine and host know each other: or the frames of this cell would stay beside those of the next
    for row in table:
        row["real_seconds"] = time.perf_counter() - started
    return table


@lru_cache(maxsize=16)
def _program(tunables: tuple[tuple[str, int], ...]) -> Program:
    return web_server.build(**dict(tunables))


def service_times(cell: Cell) -> ServiceTimes:
    """Return the device's service times, but for what the cell says itself."""
    own = {name: getattr(cell, name) for name in SERVICE_TIMES if getattr(cell, name) != BY_DEVICE}
    return SERVICE[cell.device]._replace(**own)


def in_instruction_times(service: ServiceTimes, mips: int) -> ServiceTimes:
    """Return times of a processor that is not the one of the guest's TOD clock, which has an instruction in each
    nanosecond."""
    return ServiceTimes(*(time * mips // 1000 for time in service))


class Experiment:
    """A farm for one cell. folder: for the disks and the paging file."""

    def __init__(self, cell: Cell, folder: Path):
        self.cell = cell
        self.folder = folder
        self.host = Host(
            cell.frames,
            PagingDevice(folder) if cell.paging == "device" else None,
            seed=cell.seed,
            service=in_instruction_times(service_times(cell), cell.mips),
            chunk=cell.chunk_blocks,
            chunk_policy=cell.chunk_policy,
            look_ahead=round(cell.frames * cell.look_ahead / 100),
        )
        # The guests differ in their seeds alone: one is assembled, and each is told its own.
        self.program = _program(tuple(sorted((cell.tunables(0) | {"SEED": 1}).items())))
        self.symbols = self.program.symbols
        self._done = [0] * cell.guests  # requests
        costs = Costs(cell.essa_cycles, cell.fault_ns * cell.mips // 1000, cell.io_ns * cell.mips // 1000)
        monitor = BalloonMonitor(cell.frames, Parameters(**cell.balloon_parameters)) if cell.monitored else None
        self.farm = Farm(self._machines(), quantum=cell.quantum, costs=costs, monitor=monitor, mips=cell.mips)

    def _machines(self) -> list[Machine]:
        cell, machines, shared = self.cell, [], Server()
        image = self.folder / "image"
        blocks = web_server.disk_image(image, **cell.tunables(0))
        for number in range(cell.guests):
            machine = Machine(cell.ram, host=self.host, essa=cell.essa)
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

    # --- the three phases --------------------------------------------------------------------------------------------

    def run(self) -> list[dict]:
        cell = self.cell
        self.farm.run(lambda: all(done >= cell.warmup for done in self._served()))
        first = self._moment()
        served = sum(self._done)
        self.farm.run(lambda: sum(self._served()) - served >= cell.measured)
        last = self._moment()
        ends = self._ends()
        for number in range(cell.guests):
            self.farm.send(number, "STOP")
        self.farm.run(lambda: False)
        for number, end in enumerate(ends):
            end.update(self._verdict(number))
        return rows(cell, first, last, ends)

    def _served(self) -> list[int]:
        """Return the requests of each guest; one that has ended counts as if it had served all that it has to."""
        guest = self.farm.latest
        if guest is not None:
            number = guest.machine.guest_number
            if guest.stop is None:
                self._done[number] = web_server.number_at(guest.machine, self.symbols["REQUESTS_DONE"])
            else:
                self._done[number] = max(self._done[number], self.cell.warmup)
        return self._done

    def _moment(self) -> Moment:
        return moment(self.farm, self.symbols)

    def _ends(self) -> list[dict]:
        """Return what a guest has when the measurement ends."""
        found = []
        for guest in self.farm.guests:
            resident = int((guest.machine.storage.blocks.invalid == 0).sum())
            balloon = web_server.number_at(guest.machine, self.symbols["BALLOON_SIZE"])
            found.append({"resident_blocks": resident, "balloon_blocks": balloon})
        return found

    def _verdict(self, number: int) -> dict:
        """Return how the guest ended, and whether all that it read was right."""
        guest = self.farm.guests[number]
        machine = guest.machine
        if guest.stop is not None and guest.stop.reason is Reason.NO_FRAME:
            return {"outcome": REFUSED, "checksum_ok": True}  # nothing was lost: it was told, and stopped
        told = web_server.reported(machine.console)
        if guest.stop is None or guest.stop.exit_code != 0 or told is None:
            reason = "never ended" if guest.stop is None else f"{guest.stop.reason}, code {guest.stop.exit_code}"
            return {"outcome": reason, "checksum_ok": False}
        requests, sums = told
        right = sums == web_server.expected(requests, **self.cell.tunables(number))
        return {"outcome": "ok" if right else "data lost", "checksum_ok": right}
