"""Which CPU executes next, which ones wait and for what, and the time that passes on each of them meanwhile.

The schedule says whose turn it is; here is who can run, by what the CPUs' exits have said.
"""

from __future__ import annotations

from typing import NamedTuple

from s390emu.architecture.psw_bits import WAIT
from s390emu.machine.cpu import CPU
from s390emu.machine.schedule import Schedule
from s390emu.machine.stop import Reason
from s390emu.records.port import NO_TIME
from s390emu.storage.guest import GuestStorage


class Waiting(NamedTuple):
    """Why a CPU cannot go on by itself, and when it can, in time as `Machine.now` counts."""

    reason: Reason
    ready_at: int


class Turns:
    """running: the CPU that runs, or ran last. waiting: by number, in the order in which they came to it."""

    def __init__(self, cpus: list[CPU], schedule: Schedule, storage: GuestStorage):
        self.cpus, self.schedule, self.storage = cpus, schedule, storage
        self.several = len(cpus) > 1
        self.running = cpus[0]
        self.waiting: dict[int, Waiting] = {}
        self._signalled = storage.column("signalled")

    @property
    def count(self) -> int:
        """Instructions (units of operation) that have ended, of all CPUs."""
        return sum(cpu.count for cpu in self.cpus) if self.several else self.running.count

    @property
    def now(self) -> int:
        """The time of the CPU that is furthest."""
        return max(cpu.now for cpu in self.cpus) if self.several else self.running.now

    def dispatch(self) -> bool:
        """Make a CPU that can run the running one, the one whose turn it is if possible; False if there is none."""
        if not self.several:
            return True
        now = self.now
        for _ in self.cpus:
            cpu = self.cpus[self.schedule.turn]
            waiting = self.waiting.get(cpu.number)
            if waiting is None or waiting.ready_at <= now:
                if cpu is not self.running or waiting:
                    self.bring_up(cpu, now)
                return True
            self.schedule.skip()
        return False

    def bring_up(self, cpu: CPU, now: int) -> None:
        """Let the time pass on this CPU that has passed on others, and make it the running one."""
        if cpu.psw[0] & int(WAIT):
            cpu.wait_until(now)
        else:
            cpu.steal_until(now)
        self.waiting.pop(cpu.number, None)
        cpu.port.others = self.count - cpu.count
        self.set_running(cpu)

    def set_running(self, cpu: CPU) -> None:
        """Make this CPU the running one, for compiled code too."""
        self.storage.record.running = cpu.addresses[1]
        self.running = cpu

    def end(self, executed: int) -> None:
        """Account for a stretch of the turn, and let the CPUs look again that its CPU has signalled."""
        if not self.several:
            return
        self.schedule.executed(executed)
        record = self.storage.record
        if signalled := int(self._signalled[0]):
            self._signalled[0] = 0
            for number in range(len(self.cpus)):
                if signalled >> number & 1:
                    self.waiting.pop(number, None)
        if record.gave_up:
            record.gave_up = 0
            self.schedule.expire(int(record.yield_to) if record.yield_to >= 0 else None)
        elif self.schedule.left <= 0:
            self.schedule.expire()

    def wait(self, reason: Reason, ready_at: int) -> Reason | None:
        """Note that the running CPU cannot go on by itself: the others run, if there are any; else WAITING."""
        number = self.running.number
        self.waiting.pop(number, None)
        self.waiting[number] = Waiting(reason, ready_at)
        return None if self.several else Reason.WAITING

    def wake_enabled(self) -> None:
        """Let every CPU in an enabled wait look at interruptions that any of them may take."""
        for number in [n for n, waiting in self.waiting.items() if waiting.reason is Reason.ENABLED_WAIT]:
            del self.waiting[number]

    def next_ready(self) -> int:
        """Return when the first waiting CPU can continue unaided; NO_TIME if only an outside event can wake any."""
        return min((waiting.ready_at for waiting in self.waiting.values()), default=0)

    def rest(self) -> Reason | None:
        """With no CPU able to run, let time pass until one is, or return why the guest has come to its end."""
        until = self.next_ready()
        if self.storage.record.shared:
            return Reason.WAITING
        if until < NO_TIME:
            number = min(self.waiting, key=lambda number: self.waiting[number].ready_at)
            self.schedule.turn = number
            self.cpus[number].wait_until(until)
            return None
        for reason in (Reason.DISABLED_WAIT, Reason.ENABLED_WAIT):
            numbers = [number for number, waiting in self.waiting.items() if waiting.reason is reason]
            if numbers:
                self.running = self.cpus[numbers[-1]]  # the last one that came to it
                return reason
        return Reason.STOPPED

    def snapshot(self) -> object:
        """Return whose turn it is and who waits, for `restore`."""
        return self.running.number, self.schedule.snapshot(), dict(self.waiting)

    def restore(self, snapshot) -> None:
        """Go back to a snapshot."""
        running, schedule, waiting = snapshot
        self.set_running(self.cpus[running])
        self.schedule.restore(schedule)
        self.waiting = dict(waiting)
