"""The machine: CPUs and their absolute storage, on a host. Runs, steps, and says why it stopped.

    machine = Machine.from_source("start: lghi %r2,7\\n lpswe 0(%r1)\\n .balign 8\\nend: .quad 0x0002000180000000,0")
    stop = machine.run()
    stop.reason, machine.gr[2]

The guest's interruptions are delivered to the guest; nothing that a guest does raises here.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from s390emu._jit import JIT, record_in, u64
from s390emu.architecture.interruptions import (
    MCIC_BACKUP,
    MCIC_PROCESSING_DAMAGE,
    MCIC_STORAGE_ERROR,
    MCIC_VALIDITY,
)
from s390emu.architecture.psw_bits import WAIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.clocks import NEVER
from s390emu.engine import procedures
from s390emu.engine.handlers import HandlerTable, default_facilities
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.machine.cpu import CPU, START_MASK
from s390emu.machine.schedule import Schedule
from s390emu.machine.stop import STOP_REASONS, Interruption, Reason, Stop
from s390emu.records.cpu import CPU_T
from s390emu.records.exits import (
    EXIT_BREAKPOINT,
    EXIT_COMPILE,
    EXIT_EVENTS,
    EXIT_HOST_EVENT,
    EXIT_HOST_FAULT,
    EXIT_HYPERCALL,
    EXIT_IDLE,
    EXIT_LIMIT,
    EXIT_STOP,
    EXIT_WAIT,
    NO_FRAME,
    PAGING_ERROR,
)
from s390emu.records.guest import BREAKPOINTS
from s390emu.records.port import NO_TIME
from s390emu.storage.blocks import Block
from s390emu.storage.events import MARGIN
from s390emu.storage.guest import GuestStorage

if TYPE_CHECKING:
    from s390emu.assembler.assemble import Program

NO_TRANSLATE = 147  # ESSA operation-request code 7
SLICE = 20_000_000 if JIT else 2_000  # instructions between two looks at the clock and at Ctrl-C
NO_LIMIT = int(NEVER) - 1


class Observer(Protocol):
    """Who watches a guest from outside, and changes nothing of its execution.

    kinds, pauses: bit sets of the events (EVENT_* of records.events) that it wants, and of those among them upon which
    the machine is to stop after the instruction and call `look`.
    """

    kinds: int
    pauses: int

    def receive(self, events: np.ndarray) -> None:
        """Events that happened, oldest first; perhaps in the middle of an instruction, so nothing to look at yet."""

    def look(self) -> None:
        """Between two instructions; all events so far were received."""


class Waiting(NamedTuple):
    """Why a CPU cannot go on by itself, and when it can, in time as `Machine.now` counts."""

    reason: Reason
    ready_at: int


class Machine:
    """A guest of `cpus` CPUs (8 at most) with `storage_size` bytes of absolute storage (a multiple of 4096).

    schedule     whose turn it is, where there are several CPUs; by default round robin, 1000 instructions each
    host         the host it runs on, shared or its own; by default one with a frame for every block
    essa         whether the guest has ESSA; no_dat: whether with operation-request code 7 (facility 147)
    extra        further facility bits to indicate, for example 75
    tlb          False: every access takes the slow path (slower, the same execution)
    """

    def __init__(
        self,
        storage_size: int = 1 << 20,
        *,
        cpus: int = 1,
        schedule: Schedule | None = None,
        host: Host | None = None,
        essa: bool = True,
        no_dat: bool = False,
        extra: Iterable[int] = (),
        tlb: bool = True,
        tod_epoch: int = 0,
    ):
        self.storage = GuestStorage(storage_size, cpus=cpus)
        self._cpu_array = np.zeros(cpus, CPU_T)
        records = [record_in(self._cpu_array[n : n + 1]) for n in range(cpus)]
        self.cpus = [CPU(n, record, self._cpu_array[n : n + 1], self.storage) for n, record in enumerate(records)]
        self.schedule = schedule or Schedule(cpus)
        self.running = self.cpus[0]
        self._waiting: dict[int, Waiting] = {}
        self.host = host or Host(max(storage_size // BLOCK_SIZE, FEWEST_FRAMES))
        self.guest_number = self.host.attach(self.storage)
        self.host.guests[self.guest_number].drain_events = self._make_room_for_events
        installed = default_facilities().union(extra, [NO_TRANSLATE] if no_dat else [])
        self.handlers = HandlerTable(installed)
        self.events: list[np.ndarray] = []
        self.observers: list[Observer] = []
        self._kept = 0  # the kinds of event that go into `events`
        self._signalled = self.storage.column("signalled")
        record = self.storage.record
        record.cpus[:cpus] = [cpu.addresses[0] for cpu in self.cpus]
        record.handlers = self.handlers.addresses.ctypes.data
        record.essa, record.tlb_on = essa, tlb
        for bit in installed:
            record.facilities[bit // 64] |= u64(1 << (63 - bit % 64))
        procedures.install(self.storage)
        self._run = procedures.run_loop()
        self.tod_epoch = tod_epoch
        self.initial_reset()

    def initial_reset(self) -> None:
        """Leave every CPU as an initial CPU reset and the start of a guest do: the first one at PSW 0000000180000000,
        address 0, the others in the stopped state."""
        for cpu in self.cpus:
            cpu.initial_reset(self.tod_epoch)
        self._waiting.clear()

    @classmethod
    def from_source(
        cls,
        source: str,
        storage_size: int = 1 << 20,
        *,
        origin: int = 0x10000,
        defines: Mapping[str, int] | None = None,
        filename: str = "<string>",
        **options,
    ) -> Machine:
        """Assemble, load and set the PSW to the entry. Raises AssemblyError."""
        from s390emu.assembler.assemble import assemble

        machine = cls(storage_size, **options)
        machine.load(assemble(source, filename=filename, origin=origin, defines=defines or {}))
        return machine

    def load(self, program: Program) -> None:
        """Put an assembled program into storage and the PSW at its entry."""
        for address, data in program.image():
            self.write(address, data)
        self.set_psw(START_MASK, program.entry)

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def cpu(self):
        """The CPU record of the CPU that runs, or ran last; so for the other registers below."""
        return self.running.record

    @property
    def gr(self) -> np.ndarray:
        """The general registers: uint64[16], writable."""
        return self.running.gr

    @property
    def cr(self) -> np.ndarray:
        """The control registers: uint64[16]. After writing CR0 call `set_psw`, which lets it take effect."""
        return self.running.cr

    @property
    def psw(self) -> tuple[int, int]:
        """PSW bits 0-63 and the instruction address."""
        return self.running.psw

    def set_psw(self, mask: int, ia: int) -> None:
        """As LOAD PSW EXTENDED: an invalid PSW is loaded, and recognized when the machine runs."""
        self.running.set_psw(mask, ia)

    @property
    def port(self):
        """The PORT record of the CPU that runs, or ran last."""
        return self.running.port

    @property
    def count(self) -> int:
        """Instructions (units of operation) that have ended, of all CPUs."""
        return sum(cpu.count for cpu in self.cpus)

    @property
    def now(self) -> int:
        """Nanoseconds since the guest's start, by its TOD clock: instructions, wait state, and time taken from it."""
        return max(cpu.now for cpu in self.cpus)

    @property
    def shared(self) -> bool:
        """Do others run while this guest cannot? Then `run` does not let time pass: it stops, WAITING, and whoever runs
        the others calls `pass_time`."""
        return bool(self.storage.record.shared)

    @shared.setter
    def shared(self, value: bool) -> None:
        self.storage.record.shared = value

    @property
    def ready_at(self) -> int:
        """After Reason.WAITING: the time (as `now`) at which the guest can continue unaided; NO_TIME if only an outside
        event can wake it."""
        return min(self._ready_at(cpu.number) for cpu in self.cpus)

    def pass_time(self, until: int) -> None:
        """Let time pass without instructions: the wait state's, or stolen from the guest."""
        self._let_pass(self.running, until)
        self._waiting.clear()

    @property
    def console(self) -> str:
        """What the guest wrote to its console."""
        return self.host.guests[self.guest_number].console.text

    @property
    def last_interruption(self) -> Interruption | None:
        return self.running.last_interruption

    def branches(self) -> list[tuple[int, int]]:
        """The last 16 branches taken, oldest first: (from, to)."""
        return self.running.branches()

    def blocks(self) -> list[Block]:
        """Every block of absolute storage; looking changes nothing."""
        return self.storage.all_blocks()

    def block(self, address: int) -> Block:
        """The block that holds this absolute address. IndexError outside."""
        self._check_range(address, 1)
        return self.storage.block(address // BLOCK_SIZE)

    def set_block(
        self, address: int, state: str | None = None, *, key: int | None = None, no_dat: bool | None = None,
        data: bytes | None = None,
    ) -> None:  # fmt: skip
        """Put the block that holds this absolute address into a state ("Vz"), as `Host.set_block`. IndexError outside.
        """
        self._check_range(address, 1)
        self.host.set_block(self.guest_number, address // BLOCK_SIZE, state, key=key, no_dat=no_dat, data=data)

    def read(self, address: int, length: int) -> bytes:
        """Bytes of absolute storage, changing nothing: what is logically zero reads as zeros. IndexError outside."""
        self._check_range(address, length)
        parts = []
        while length:
            number, offset = divmod(address, BLOCK_SIZE)
            part = min(length, BLOCK_SIZE - offset)
            parts.append(self.host.peek(self.guest_number, number)[offset : offset + part])
            address, length = address + part, length - part
        return b"".join(parts)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into absolute storage, as a loader or a debugger does: no protection, no R or C, no change of a
        block's usage. IndexError outside."""
        self._check_range(address, len(data))
        left = memoryview(data)  # whose slices are no copies
        while left:
            number, offset = divmod(address, BLOCK_SIZE)
            part = left[: BLOCK_SIZE - offset]
            kernels.drop_decoded(self.storage.record, number, offset, len(part))
            self.host.poke(self.guest_number, number, offset, part)
            address, left = address + len(part), left[len(part) :]

    def _check_range(self, address: int, length: int) -> None:
        if address < 0 or address + length > self.storage.size:
            raise IndexError(f"{address:#x} to {address + length:#x}: the guest has {self.storage.size:#x} bytes")

    # --- running -----------------------------------------------------------------------------------------------------

    def run(self, limit: int | None = None, timeout: float | None = None, until: Collection[int] = ()) -> Stop:
        """Until the guest stops, `limit` more instructions have ended, `timeout` seconds have passed, or the
        instruction at an address of `until` (at most 8) comes next; one that is next already is executed first."""
        self._set_breakpoints(until)
        self._waiting.clear()  # whatever was done to the guest meanwhile may end a wait
        last = NO_LIMIT if limit is None else min(NO_LIMIT, self.count + limit)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if not self._dispatch():
                if reason := self._rest():
                    return self._stop(reason)
                continue
            cpu, before, room = self.running, self.running.count, min(last - self.count, SLICE)
            if len(self.cpus) > 1:
                room = min(room, self.schedule.left)
            code = self._go_on(before + room)
            reason = None if code == EXIT_LIMIT else self._attend(code)
            if len(self.cpus) > 1:
                self._end_turn(cpu.count - before)
            if code == EXIT_LIMIT and self.count >= last:
                reason = Reason.LIMIT
            if reason:
                return self._stop(reason)
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)

    def select(self) -> CPU:
        """Make the CPU that is to execute the next instruction the running one, as far as is known without running."""
        self._waiting.clear()
        self._dispatch()
        return self.running

    def _dispatch(self) -> bool:
        """Make a CPU that can run the running one, the one whose turn it is if possible; False if there is none."""
        now = self.now
        for _ in self.cpus:
            cpu = self.cpus[self.schedule.turn]
            if self._ready_at(cpu.number) <= now:
                if cpu is not self.running or cpu.number in self._waiting:
                    self._bring_up(cpu, now)
                return True
            self.schedule.skip()
        return False

    def _bring_up(self, cpu: CPU, now: int) -> None:
        """Let the time pass on this CPU that has passed on others, and make it the running one."""
        self._let_pass(cpu, now)
        self._waiting.pop(cpu.number, None)
        cpu.port.others = self.count - cpu.count
        self.storage.record.running = cpu.addresses[1]
        self.running = cpu

    def _end_turn(self, executed: int) -> None:
        """Account for a stretch of the turn, and see whom its CPU has signalled."""
        self.schedule.executed(executed)
        record = self.storage.record
        if signalled := int(self._signalled[0]):
            self._signalled[0] = 0
            for number in range(len(self.cpus)):
                if signalled >> number & 1:
                    self._waiting.pop(number, None)
        if record.gave_up:
            record.gave_up = 0
            self.schedule.expire(int(record.yield_to) if record.yield_to >= 0 else None)
        elif self.schedule.left <= 0:
            self.schedule.expire()

    def _ready_at(self, number: int) -> int:
        """Return when this CPU can go on unaided: not before the host has done what it waits for. NO_TIME if only an
        outside event can wake it."""
        waiting = self._waiting.get(number)
        return max(waiting.ready_at if waiting else 0, self.host.blocked_until(self.guest_number, number))

    def _let_pass(self, cpu: CPU, until: int) -> None:
        """Let time pass on a CPU without instructions: the wait state's, or stolen from it."""
        in_wait = cpu.psw[0] & int(WAIT)
        blocked = self.host.blocked_until(self.guest_number, cpu.number) if in_wait else until
        cpu.steal_until(min(until, blocked))
        cpu.wait_until(until)

    def _rest(self) -> Reason | None:
        """No CPU can run: let time pass until one can, or return the reason why the guest has come to its end."""
        if self.shared:
            return Reason.WAITING
        first = min(self.cpus, key=lambda cpu: self._ready_at(cpu.number))
        if (until := self._ready_at(first.number)) < NO_TIME:
            self.schedule.turn = first.number
            self._let_pass(first, until)
            return None
        for reason in (Reason.DISABLED_WAIT, Reason.ENABLED_WAIT):
            numbers = [number for number, waiting in self._waiting.items() if waiting.reason is reason]
            if numbers:  # the last one that came to it
                self.running = self.cpus[numbers[-1]]
                return reason
        return Reason.STOPPED

    def _go_on(self, limit: int) -> int:
        """Run the running CPU until an exit of the run loop."""
        cpu = self.running
        cpu.limit[0], cpu.deadline[0] = limit, 0
        if JIT:
            return self._run(*cpu.addresses, 0)
        with np.errstate(over="ignore"):
            return self._run(cpu.record, cpu.port, 0)

    def _set_breakpoints(self, addresses: Collection[int]) -> None:
        if len(addresses) > BREAKPOINTS:
            raise ValueError(f"{len(addresses)} breakpoints: {BREAKPOINTS} is the most")
        record, running = self.storage.record, self.running
        if addresses or record.breakpoint_count:
            record.breakpoint_count = len(addresses)
            record.breakpoints[: len(addresses)] = list(addresses)
            kernels.forget_all(record)
        running.passing[0] = running.count + 1

    def step(self) -> Stop | None:
        """One instruction (unit of operation), with the interruptions before and the program or supervisor-call
        interruption after it: -> None, or the Stop that kept it from ending."""
        stop = self.run(1)
        return None if stop.reason is Reason.LIMIT else stop

    def _stop(self, reason: Reason) -> Stop:
        return Stop(reason, *self.psw, self.count, self.running.number)

    def _attend(self, code: int) -> Reason | None:
        """Serve an exit of the run loop; a reason if it ends the run."""
        port = self.port
        if code == EXIT_COMPILE:
            self.handlers.compile(int(port.wanted))
        elif code == EXIT_HOST_FAULT:
            answer = self.host.resolve(self.guest_number, int(port.fault_block), self.running.number)
            return self._settle(answer)
        elif code == EXIT_HYPERCALL:
            return self._hypercall()
        elif code == EXIT_EVENTS:
            self.look()
        elif code == EXIT_HOST_EVENT:
            self.host.deliver(self.guest_number)
            self._floating()
        elif code == EXIT_IDLE:
            return self._wait(Reason.ENABLED_WAIT, int(port.ready_at))
        elif code == EXIT_BREAKPOINT:
            return Reason.BREAKPOINT
        elif code == EXIT_WAIT:
            return Reason.ENABLED_WAIT
        elif code == EXIT_STOP:
            reason = STOP_REASONS[int(port.stop_reason)]
            if len(self.cpus) > 1 and reason in (Reason.DISABLED_WAIT, Reason.STOPPED):
                return self._wait(reason, int(NO_TIME))
            return reason
        else:
            raise AssertionError(f"exit {code} of the run loop")
        return None

    def _wait(self, reason: Reason, ready_at: int) -> Reason | None:
        """The running CPU cannot go on by itself: let the others run, if there are any."""
        number = self.running.number
        self._waiting.pop(number, None)
        self._waiting[number] = Waiting(reason, ready_at)
        return Reason.WAITING if len(self.cpus) == 1 else None

    def _floating(self) -> None:
        """Let every CPU in an enabled wait look at interruptions that any of them may take."""
        for number in [n for n, waiting in self._waiting.items() if waiting.reason is Reason.ENABLED_WAIT]:
            del self._waiting[number]

    def _settle(self, answer: int) -> Reason | None:
        """Retry the instruction, unless the host's answer stops the guest."""
        if answer == NO_FRAME:
            return Reason.NO_FRAME
        if answer == PAGING_ERROR:
            if self.cpu.mck_code:  # the machine check itself cannot be presented
                return Reason.CHECK_STOP
            self.cpu.mck_code = MCIC_PROCESSING_DAMAGE | MCIC_BACKUP | MCIC_STORAGE_ERROR | MCIC_VALIDITY
            self.cpu.failing_storage = self.host.guests[self.guest_number].failing_block * BLOCK_SIZE
        return None

    def _hypercall(self) -> Reason | None:
        """The host completes the instruction."""
        cpu, port = self.cpu, self.port
        code = self.host.hypercall(self.guest_number, cpu, port)
        self._floating()
        if code < 0:
            cpu.psw_ia = port.insn_ia
            return self._settle(code)
        if code:
            length = (int(cpu.psw_ia) - int(port.insn_ia)) & int(cpu.amode)
            procedures.end_instruction(cpu, port, code, length)
        else:
            port.count += u64(1)
        if self.host.guests[self.guest_number].console.flooded:
            return Reason.CONSOLE_FLOOD
        return None

    # --- events, snapshots -------------------------------------------------------------------------------------------

    def watch(self, *kinds: int) -> None:
        """Record events of these kinds from now on (EVENT_* of records.events)."""
        self._kept = sum(1 << kind for kind in kinds)
        self._record_what_is_wanted()

    def observe(self, observer: Observer) -> None:
        """Let it watch the guest from now on."""
        self.observers.append(observer)
        self._record_what_is_wanted()

    def _record_what_is_wanted(self) -> None:
        record = self.storage.record
        record.event_mask, record.pause_mask = self._kept, 0
        for observer in self.observers:
            record.event_mask |= u64(observer.kinds)
            record.pause_mask |= u64(observer.pauses)

    def drain_events(self) -> list[np.ndarray]:
        """All events so far that `watch` asked for, oldest first: a list of EVENT recarrays."""
        record = self.storage.record
        if record.event_count:
            events = self.storage.events[: int(record.event_count)].copy()
            record.event_count = 0
            for observer in self.observers:
                observer.receive(events)
            if self.observers:
                events = events[self._kept >> events["kind"].astype(np.int64) & 1 != 0]
            if len(events):
                self.events.append(events)
        return self.events

    def look(self) -> None:
        """The observers get what they have not seen yet, and look at the guest as it is."""
        self.drain_events()
        for observer in self.observers:
            observer.look()

    def _make_room_for_events(self) -> None:
        """The host is about to record one; it may do so often between two exits of the run loop."""
        record = self.storage.record
        if record.event_count + MARGIN >= record.event_capacity:
            self.drain_events()

    def snapshot(self) -> object:
        """CPU, storage, keys, block states and paging file, for `restore` on this machine."""
        return (
            self._cpu_array.copy(),
            self.storage.snapshot(),
            self.host.snapshot(),
            [chunk.copy() for chunk in self.events],
            (self.running.number, self.schedule.snapshot(), dict(self._waiting)),
        )

    def restore(self, snapshot) -> None:
        cpu, storage, host, events, (running, schedule, waiting) = snapshot
        self._cpu_array[:] = cpu
        self.host.restore(host)
        self.storage.restore(storage)
        self.storage.record.running = self.cpus[running].addresses[1]
        kernels.flush(self.storage.record)  # its TLB's addresses may be others' now
        self.events = [chunk.copy() for chunk in events]
        self.running, self._waiting = self.cpus[running], dict(waiting)
        self.schedule.restore(schedule)
