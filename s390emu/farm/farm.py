"""Guests on one host and one processor, in virtual time.

Time is counted in instruction times, from the start of the farm, and is the TOD clock of every guest: a guest that
is not dispatched has its time stolen, one that waits passes it idling (docs/architecture.md). The processor is given to
the guests in turn, for a quantum each; what an ESSA, a block brought or a disk operation costs beyond the guest's own
instructions is charged to the guest that caused it. Paging and disks work while other guests execute. Nothing depends
on the computer that this runs on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from s390emu.host import kernels
from s390emu.host.balloon_monitor import BalloonMonitor, Sample
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.inputs import perform
from s390emu.machine import Machine, Reason, Stop

SAMPLE_STRIDE = 61  # the monitor looks at every so-many-th block of a guest
FAR = 1 << 62  # a time that never comes
# Faults without progress after which a guest has the processor, and thereby the host's frames, for itself until it has
# made some. An instruction has all its blocks after FEWEST_FRAMES faults at most, unless other guests take them while
# it waits for the next one: the host protects them from their own guest alone. With large frames there need only be
# enough for one guest's instruction (`Host.attach`), so that several could take each other's for ever.
VAIN_FAULTS = 4 * FEWEST_FRAMES


def send_message(machine: Machine, text: str) -> None:
    """Send a message as the world outside does to a guest."""
    perform(machine, "message", text)


@dataclass(frozen=True)
class Costs:
    """Processor time in instruction times, beside the guest's own instructions."""

    essa: int = 0  # of each ESSA
    fault: int = 0  # of each block that the host brings
    disk: int = 0  # of each disk operation


class Dispatched:
    """One guest of the farm."""

    def __init__(self, machine: Machine, costs: Costs):
        self.machine, self._costs = machine, costs
        machine.shared = True
        self.stop: Stop | None = None  # how it ended
        self.ready_at = 0  # FAR: only a message wakes it
        self.turn = 0  # when it was dispatched last, as a serial number
        self.cpu = 0  # processor time that it was charged
        self.read_back = 0  # at the monitor's last look
        self._progress, self._faults = -1, 0  # of its last instruction or interruption: which, and faults until then
        self._essa_counts = [row.data for row in machine.storage.port_column("essa_count")]
        self._guest = machine.host.guests[machine.guest_number]
        self._charged = self._charges()

    @property
    def statistics(self):
        return self._guest.statistics

    @property
    def essa(self) -> int:
        """ESSA that it has executed."""
        return sum(map(sum, self._essa_counts))

    def starves(self) -> bool:
        """True if it has had VAIN_FAULTS without progress. Asked after each turn."""
        progress, faults = self._guest.progress, self.statistics.faults_resolved
        if progress != self._progress:
            self._progress, self._faults = progress, faults
        return faults - self._faults >= VAIN_FAULTS

    def charge(self) -> int:
        """Charge it for what it has used since it was last charged, and return how much that is."""
        before, self._charged = self._charged, self._charges()
        used = self._charged - before
        self.cpu += used
        return used

    def _charges(self) -> int:
        """Return all processor time so far."""
        costs, seen = self._costs, self.statistics
        return (
            self.machine.count
            + costs.essa * self.essa
            + costs.fault * seen.faults_resolved
            + costs.disk * seen.disk_operations
        )


_turn = attrgetter("turn")


class Farm:
    """machines: the guests, all on the same host, loaded and ready to run. monitor: with `interval` between two looks,
    and its own costs in its parameters; `mips` tells how many instruction times a microsecond is. tell: gives a guest
    a message."""

    def __init__(
        self,
        machines: list[Machine],
        *,
        quantum: int,
        costs: Costs | None = None,
        monitor: BalloonMonitor | None = None,
        mips: int = 1000,
        tell: Callable[[Machine, str], None] = send_message,
    ):
        self.guests = [Dispatched(machine, costs or Costs()) for machine in machines]
        self.host = machines[0].host
        self.quantum = quantum
        self.monitor = monitor
        self.mips = mips
        self._tell = tell
        self.now = 0
        self.turns = 0
        self.latest: Dispatched | None = None  # who was dispatched last
        self.starving: Dispatched | None = None  # the others wait for this one to make progress
        self.idle = 0  # no guest was ready
        self.monitor_time = 0
        self.messages = 0
        self._next_look = self._interval if monitor else FAR

    @property
    def _interval(self) -> int:
        assert self.monitor is not None
        return int(self.monitor.parameters.interval_us * self.mips)

    def begin(self, now: int) -> None:
        """Let the farm's time begin here: guests that have run before have come so far."""
        self.now = now
        self._next_look = now + self._interval if self.monitor else FAR

    # --- dispatching -------------------------------------------------------------------------------------------------

    def run(self, done: Callable[[], bool]) -> None:
        """Run until `done`, asked after each turn, or until no guest can go on."""
        while not done() and (guest := self._next()):
            self._dispatch(guest)

    def _next(self) -> Dispatched | None:
        """Let time pass until a guest is ready, and return it: of several the one dispatched the longest ago. None if
        there is none left to wait for."""
        while True:
            if self.now >= self._next_look:
                self._look()
            running = [guest for guest in self.guests if guest.stop is None]
            if not running:
                return None
            if self.starving in running:
                running = [self.starving]
            ready = [guest for guest in running if guest.ready_at <= self.now]
            if ready:
                return min(ready, key=_turn)
            awake = min([guest.ready_at for guest in running])
            if awake >= FAR:
                return None
            awake = min(awake, self._next_look)
            self.idle += awake - self.now
            self.now = awake

    def _dispatch(self, guest: Dispatched) -> None:
        """Let a guest run for a quantum, and charge it for what that took."""
        machine = guest.machine
        self.turns += 1
        guest.turn, self.latest = self.turns, guest
        machine.pass_time(self.now)
        stop = machine.run(self.quantum)
        self.now += guest.charge()
        self.starving = guest if guest.starves() else None
        if stop.reason is Reason.LIMIT:
            guest.ready_at = self.now
        elif stop.reason is Reason.WAITING:
            guest.ready_at = min(max(machine.ready_at, self.now), FAR)
        else:
            guest.stop = stop
            if stop.reason is not Reason.DISABLED_WAIT:
                self.host.reset(machine.guest_number, clear=True)  # forced off: its frames go to the others

    # --- the monitor -------------------------------------------------------------------------------------------------

    def send(self, number: int, text: str) -> None:
        """Send a message to a guest; one that waits wakes up."""
        guest = self.guests[number]
        if guest.stop is None:
            self.messages += 1
            self._tell(guest.machine, text)
            blocked = self.host.blocked_until(guest.machine.guest_number)
            guest.ready_at = min(guest.ready_at, max(blocked, self.now))

    def _look(self) -> None:
        """Let the monitor sample every guest and tell some of them their targets. It takes the processor for that."""
        assert self.monitor is not None
        given = self.monitor.parameters
        self._next_look = self.now + self._interval
        told = self.monitor.look([self._sample(guest) for guest in self.guests], self.host.frames.in_use)
        for number, target in told.items():
            self.send(number, f"CMM SHRINK {target}")
        taken = int((given.sample_ns * len(self.guests) + given.message_ns * len(told)) * self.mips / 1000)
        self.monitor_time += taken
        self.now += taken

    def _sample(self, guest: Dispatched) -> Sample:
        """Return what the monitor sees of a guest."""
        if guest.stop is not None:
            return Sample(0, 0, 0)
        record = guest.machine.storage.record
        read_back = guest.statistics.read_back
        new, guest.read_back = read_back - guest.read_back, read_back
        referenced = kernels.sample_references(guest.machine.storage.address, 0, SAMPLE_STRIDE) * SAMPLE_STRIDE
        return Sample(int(record.block_count), referenced, new)
