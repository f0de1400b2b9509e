"""Which CPU executes next, which ones wait and for what, and the time that passes on each of them meanwhile.

The schedule says whose turn it is; here is who can run, by what the CPUs' exits have said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from s390emu.architecture.psw_bits import WAIT
from s390emu.machine.cpu import CPU
from s390emu.machine.schedule import Schedule
from s390emu.machine.stop import Reason
from s390emu.records.cpu import STOPPED_STATE
from s390emu.records.port import NO_TIME
from s390emu.storage.guest import GuestStorage


class Waiting(NamedTuple):
    """Why a CPU cannot go on by itself, and when it can, in time as `Machine.now` counts."""

    reason: Reason
    ready_at: int


class Turns:
    """running: the CPU that runs, or ran last. waiting: those that cannot go on by themselves, by number.

    blocked_until: of a CPU's number, until when the host has it wait, as `Machine.now` counts.
    """

    def __init__(
        self, cpus: list[CPU], schedule: Schedule, storage: GuestStorage, blocked_until: Callable[[int], int]
    ):
        self.cpus, self.schedule, self.storage, self.blocked_until = cpus, schedule, storage, blocked_until
        self.several = len(cpus) > 1
        self.running = cpus[0]
        self.waiting: dict[int, Waiting] = {}
        self._last_executed: dict[int, int] = {}  # by number: `count` when its turn with the last instruction ended
        self._signalled = storage.column("signalled")
        self._times = [storage.port_column(name) for name in ("count", "idle", "stolen")]

    @property
    def count(self) -> int:
        """Instructions (units of operation) that have ended, of all CPUs."""
        return sum(self._times[0].tolist()) if self.several else self.running.count

    @property
    def now(self) -> int:
        """The time of the CPU that is furthest."""
        if not self.several:
            return self.running.now
        return max(map(sum, zip(*(column.tolist() for column in self._times), strict=True)))

    def reset(self) -> None:
        """Forget who waits, and who has executed."""
        self.waiting.clear()
        self._last_executed.clear()

    def dispatch(self) -> bool:
        """Make a CPU that can run the running one, the first from the one whose turn it is; False if there is none."""
        now, turn = self.now, self.schedule.turn
        for cpu in self.cpus[turn:] + self.cpus[:turn]:
            if self._ready_at(cpu.number) <= now:
                if cpu is not self.running or cpu.number in self.waiting:
                    self.bring_up(cpu, now)
                return True
        return False

    def bring_up(self, cpu: CPU, now: int) -> None:
        """Let the time pass on this CPU that has passed on others, and make it the running one."""
        self._catch_up(cpu, now)
        self.waiting.pop(cpu.number, None)
        self.set_running(cpu)

    def _catch_up(self, cpu: CPU, now: int) -> None:
        self.let_pass(cpu, now)
        cpu.port.others = self.count - cpu.count

    def catch_up(self) -> None:
        """Let the time pass on every CPU that has passed on the running one, so that a run that is cut here is the
        same, to the last bit, as one that is cut elsewhere too."""
        now = self.now
        for cpu in self.cpus:
            if cpu is not self.running:
                self._catch_up(cpu, now)

    def set_running(self, cpu: CPU) -> None:
        """Make this CPU the running one, for compiled code too."""
        self.storage.record.running = cpu.addresses[1]
        self.running = cpu

    def end(self, executed: int) -> None:
        """Account for a stretch of the turn, and let the CPUs look again that its CPU has signalled."""
        if not self.several:
            return
        self.schedule.executed(self.running.number, executed)
        if executed:
            self._last_executed[self.running.number] = self.count
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

    def let_pass(self, cpu: CPU, until: int) -> None:
        """Let time pass on a CPU without instructions: the wait state's, or stolen from it."""
        if cpu.now >= until:
            return
        if cpu.record.psw_mask & WAIT and cpu.record.stopped != STOPPED_STATE:
            cpu.steal_until(min(until, self.blocked_until(cpu.number)))
            cpu.wait_until(until)
        else:
            cpu.steal_until(until)

    def _ready_at(self, number: int) -> int:
        """Return when this CPU can continue unaided: not before the host has done what it waits for. NO_TIME if only an
        outside event can wake it."""
        blocked = self.blocked_until(number)
        return max(blocked, self.waiting[number].ready_at) if number in self.waiting else blocked

    def next_ready(self) -> int:
        """Return when the first CPU can continue unaided; NO_TIME if only an outside event can wake any."""
        return min([self._ready_at(cpu.number) for cpu in self.cpus])

    def rest(self) -> Reason | None:
        """With no CPU able to run, let time pass until one is, or return why the guest has come to its end."""
        shared = self.storage.record.shared
        first = min(self.cpus, key=lambda cpu: self._ready_at(cpu.number))
        if (until := self._ready_at(first.number)) < NO_TIME:
            if shared:
                return Reason.WAITING
            self.schedule.turn = first.number
            self.let_pass(first, until)
            return None
        if shared and any(waiting.reason is Reason.ENABLED_WAIT for waiting in self.waiting.values()):
            return Reason.WAITING
        for reason in (Reason.DISABLED_WAIT, Reason.ENABLED_WAIT, Reason.STOPPED):
            numbers = [number for number, waiting in sorted(self.waiting.items()) if waiting.reason is reason]
            if numbers:  # the one that came to it last, however often the machine was stopped and went on meanwhile
                self.running = self.cpus[max(numbers, key=lambda number: self._last_executed.get(number, 0))]
                return reason
        raise AssertionError("no CPU can run, and none waits")

    def snapshot(self) -> object:
        """Return whose turn it is and who waits, for `restore`."""
        return self.running.number, self.schedule.snapshot(), dict(self.waiting), dict(self._last_executed)

    def restore(self, snapshot) -> None:
        """Go back to a snapshot."""
        running, schedule, waiting, last_executed = snapshot
        self.set_running(self.cpus[running])
        self.schedule.restore(schedule)
        self.waiting, self._last_executed = dict(waiting), dict(last_executed)
