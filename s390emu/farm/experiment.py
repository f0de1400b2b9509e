"""What every experiment of the farm does, whatever its guests are: host, monitor, dispatching, and the three phases.

The guests serve until each has had its warm-up, are measured while they serve so many requests more, and are then told
to stop; what they have read all the time is compared with what it had to be.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from s390emu.farm.cell import BY_DEVICE, SERVICE_TIMES, Cell
from s390emu.farm.farm import Costs, Farm
from s390emu.farm.measure import Moment, moment, rows
from s390emu.host.balloon_monitor import BalloonMonitor, Parameters
from s390emu.host.devices import SERVICE, ServiceTimes
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Stop

REFUSED = "refused storage"
# Instructions before anything of a guest is translated: it executes ten million or more, the others and those of the
# next cell the same ones.
BEGINNING = 1_000_000


def service_times(cell: Cell) -> ServiceTimes:
    """Return the device's service times, but for what the cell says itself."""
    own = {name: getattr(cell, name) for name in SERVICE_TIMES if getattr(cell, name) != BY_DEVICE}
    return SERVICE[cell.device]._replace(**own)


def in_instruction_times(service: ServiceTimes, mips: int) -> ServiceTimes:
    """Return times of a processor that is not the one of the guest's TOD clock, which has an instruction in each
    nanosecond."""
    return ServiceTimes(*(time * mips // 1000 for time in service))


class Experiment(ABC):
    """A farm for one cell, which is filled. folder: for disks and the paging file."""

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
        self._done = [0] * cell.guests  # requests
        costs = Costs(cell.essa_cycles, cell.fault_ns * cell.mips // 1000, cell.io_ns * cell.mips // 1000)
        monitor = BalloonMonitor(cell.frames, Parameters(**cell.balloon_parameters)) if cell.monitored else None
        self.farm = Farm(self._machines(), quantum=cell.quantum, costs=costs, monitor=monitor, mips=cell.mips,
                         tell=self._tell)  # fmt: skip

    # --- what the guests are -----------------------------------------------------------------------------------------

    @abstractmethod
    def _machines(self) -> list[Machine]:
        """Return the guests, on the host and ready to run."""

    @abstractmethod
    def _tell(self, machine: Machine, text: str) -> None:
        """Give a guest a message."""

    @abstractmethod
    def _requests(self, machine: Machine) -> int:
        """Return the requests that a guest has served."""

    @abstractmethod
    def _counts(self, machine: Machine) -> dict[str, int]:
        """Return a guest's own counters, by the names of `measure.FROM_GUEST`."""

    @abstractmethod
    def _balloon(self, machine: Machine) -> int | None:
        """Return how many blocks a guest's balloon has; None if it does not say before its end."""

    @abstractmethod
    def _right(self, machine: Machine, stop: Stop) -> bool | None:
        """True if all that a guest read was right; None if it did not end as it should."""

    def _balloon_at_end(self, machine: Machine) -> int | None:
        """Return how many blocks it had when the guest was stopped, for one that says only then."""
        return None

    # --- the three phases --------------------------------------------------------------------------------------------

    def run(self) -> list[dict]:
        """Return the rows of the table."""
        cell = self.cell
        self.farm.run(lambda: min(self._served()) >= cell.warmup)
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
                self._done[number] = self._requests(guest.machine)
            else:
                self._done[number] = max(self._done[number], self.cell.warmup)
        return self._done

    def _moment(self) -> Moment:
        return moment(self.farm, self._counts)

    def _ends(self) -> list[dict]:
        """Return what a guest has when the measurement ends."""
        found = []
        for guest in self.farm.guests:
            end = {"resident_blocks": int((guest.machine.storage.blocks.invalid == 0).sum())}
            if (balloon := self._balloon(guest.machine)) is not None:
                end["balloon_blocks"] = balloon
            found.append(end)
        return found

    def _verdict(self, number: int) -> dict:
        """Return how the guest ended, and whether all that it read was right."""
        guest = self.farm.guests[number]
        if guest.stop is not None and guest.stop.reason is Reason.NO_FRAME:
            return {"outcome": REFUSED, "checksum_ok": True}  # nothing was lost: it was told, and stopped
        right = None if guest.stop is None else self._right(guest.machine, guest.stop)
        if right is None:
            reason = "never ended" if guest.stop is None else f"{guest.stop.reason}, code {guest.stop.exit_code}"
            return {"outcome": reason, "checksum_ok": False}
        told = {"outcome": "ok" if right else "data lost", "checksum_ok": right}
        balloon = self._balloon_at_end(guest.machine)
        return told if balloon is None else told | {"balloon_blocks": balloon}
