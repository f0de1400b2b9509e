"""The machine: one CPU and its absolute storage, on a host. Runs, steps, and says why it stopped.

    machine = Machine.from_source("start: lghi %r2,7\\n lpswe 0(%r1)\\n .balign 8\\nend: .quad 0x0002000180000000,0")
    stop = machine.run()
    stop.reason, machine.gr[2]

The guest's interruptions are delivered to the guest; nothing that a guest does raises here.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from s390emu._jit import JIT, address_of, entry_point, record_in, u64
from s390emu.cpu.assigned_storage import slow_assigned
from s390emu.cpu.clocks import NEVER
from s390emu.cpu.interruptions import (
    CLASSES,
    MCIC_BACKUP,
    MCIC_PROCESSING_DAMAGE,
    MCIC_STORAGE_ERROR,
    MCIC_VALIDITY,
    slow_boundary,
    slow_end,
)
from s390emu.cpu.loop import run
from s390emu.cpu.psw import WAIT, load_psw
from s390emu.cpu.state import CPU_T
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.outcome import Outcome
from s390emu.isa.decode import slow_decode
from s390emu.isa.handlers import HandlerTable, default_facilities
from s390emu.storage import access
from s390emu.storage.decode_cache import forget_all
from s390emu.storage.events import MARGIN
from s390emu.storage.guest import GuestStorage
from s390emu.storage.page_states import CONTENTS, PRESERVED, RESIDENT, USAGES, ZERO
from s390emu.storage.state import (
    ACCESS_REGISTER_MODE,
    BLOCK_SIZE,
    BREAKPOINTS,
    CHECK_STOP,
    CHECK_STOP_LOWCORE,
    DISABLED_WAIT,
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
    INTERRUPTION_LOOP,
    PROGRAM_EVENT_RECORDING,
    STOPPED,
    STORAGE_T,
)

if TYPE_CHECKING:
    from s390emu.isa.assemble import Program

RECORDS = (CPU_T, STORAGE_T)
START_MASK = 0x0000000180000000  # 64-bit mode, supervisor state, everything disabled
START_CR0, START_CR14 = 0xE0, 0xC2000000
NO_TRANSLATE = 147  # ESSA operation-request code 7
SLICE = 20_000_000 if JIT else 2_000  # instructions between two looks at the clock and at Ctrl-C
NO_LIMIT = int(NEVER) - 1


class Reason(StrEnum):
    """Why the machine stopped."""

    DISABLED_WAIT = "disabled wait"
    ENABLED_WAIT = "enabled wait that nothing will end"
    STOPPED = "stopped state"
    CHECK_STOP = "check stop"
    CHECK_STOP_LOWCORE = "check stop: the guest hinted its own prefix area away (ESSA-LOWCORE)"
    INTERRUPTION_LOOP = "interruption loop"
    ACCESS_REGISTER_MODE = "access-register mode, which is not implemented"
    PROGRAM_EVENT_RECORDING = "program-event recording, which is not implemented"
    BREAKPOINT = "breakpoint"
    LIMIT = "instruction limit"
    TIMEOUT = "time limit"
    NO_FRAME = "host out of frames: nothing may be taken"
    CONSOLE_FLOOD = "console flooded"
    WAITING = "waiting, while others run"


STOP_REASONS = {
    DISABLED_WAIT: Reason.DISABLED_WAIT,
    STOPPED: Reason.STOPPED,
    CHECK_STOP: Reason.CHECK_STOP,
    CHECK_STOP_LOWCORE: Reason.CHECK_STOP_LOWCORE,
    INTERRUPTION_LOOP: Reason.INTERRUPTION_LOOP,
    ACCESS_REGISTER_MODE: Reason.ACCESS_REGISTER_MODE,
    PROGRAM_EVENT_RECORDING: Reason.PROGRAM_EVENT_RECORDING,
}


@dataclass(frozen=True)
class Stop:
    """The end of a run: the reason, the PSW then, and how many instructions had ended."""

    reason: Reason
    psw_mask: int
    psw_ia: int
    count: int

    @property
    def exit_code(self) -> int | None:
        """The guest's exit code: the address in its disabled wait."""
        return self.psw_ia if self.reason is Reason.DISABLED_WAIT else None


@dataclass(frozen=True)
class Interruption:
    """An interruption that was taken: class name, code, old PSW, ILC in bytes, translation-exception identification,
    and the instruction count."""

    kind: str
    code: int
    psw_mask: int
    psw_ia: int
    ilc: int
    teid: int
    count: int


@dataclass(frozen=True)
class Block:
    """A 4 KB block as it is now: its number, usage and content in words (spec essa.md 3), the guest's storage key."""

    number: int
    usage: str
    content: str
    no_dat: bool
    key: int

    @property
    def state(self) -> str:
        """Usage and content as the table of states writes them, for example Vz."""
        return self.usage[0].upper() + self.content[0] + ("+no-DAT" if self.no_dat else "")


class Observer(Protocol):
    """Who watches a guest from outside, and changes nothing of its execution.

    kinds, pauses: bit sets of the events (EVENT_* of storage.state) that it wants, and of those among them upon which
    the machine is to stop after the instruction and call `look`.
    """

    kinds: int
    pauses: int

    def receive(self, events: np.ndarray) -> None:
        """Events that happened, oldest first; perhaps in the middle of an instruction, so nothing to look at yet."""

    def look(self) -> None:
        """Between two instructions; all events so far were received."""


@cache
def kernel(function, integers: int):
    """A storage kernel for Python to call with (storage record, integers...)."""
    return entry_point(function, STORAGE_T, integers=integers)


def load_psw_entry(cpu, storage, mask, ia):
    load_psw(cpu, storage, mask, ia)
    return 0


def forget_entry(storage):
    forget_all(storage)
    return 0


class Machine:
    """One CPU with `storage_size` bytes of absolute storage (a multiple of 4096).

    host         the host it runs on, shared or its own; by default one with a frame for every block
    essa         whether the guest has ESSA; no_dat: whether with operation-request code 7 (facility 147)
    extra        further facility bits to indicate, for example 75
    tlb          False: every access takes the slow path (slower, the same execution)
    quiet        do not tell on stderr that a cold start compiles
    """

    def __init__(
        self,
        storage_size: int = 1 << 20,
        *,
        host: Host | None = None,
        essa: bool = True,
        no_dat: bool = False,
        extra: Iterable[int] = (),
        tlb: bool = True,
        tod_epoch: int = 0,
        quiet: bool = True,
    ):
        self._cpu_array = np.zeros(1, CPU_T)
        self.cpu = record_in(self._cpu_array)
        self._psw = [self._cpu_array[name] for name in ("psw_mask", "cc", "psw_ia")]
        self.storage = GuestStorage(storage_size)
        self.host = host or Host(max(storage_size // BLOCK_SIZE, Host.FEWEST_FRAMES))
        self.guest_number = self.host.attach(self.storage)
        self.host.before_event[self.guest_number] = self._make_room_for_events
        installed = default_facilities().union(extra, [NO_TRANSLATE] if no_dat else [])
        self.handlers = HandlerTable(installed, quiet)
        self.events: list[np.ndarray] = []
        self.observers: list[Observer] = []
        self._kept = 0  # the kinds of event that go into `events`
        record = self.storage.record
        self._count, self._idle, self._stolen = map(self.storage.column, ("count", "idle", "stolen"))
        self._limit, self._deadline = map(self.storage.column, ("limit", "deadline"))
        self._breakpoint_count, self._passing = map(self.storage.column, ("breakpoint_count", "passing"))
        record.handlers = self.handlers.addresses.ctypes.data
        record.essa, record.tlb_on = essa, tlb
        for bit in installed:
            record.facilities[bit // 64] |= u64(1 << (63 - bit % 64))
        for function in (access.slow_fetch, access.slow_store, access.slow_instruction, slow_decode, slow_end,
                         slow_boundary):  # fmt: skip
            record[function.__name__] = address_of(function, *RECORDS, integers=2)
        record.slow_probe = address_of(access.slow_probe, *RECORDS, integers=4)
        record.slow_assigned = address_of(slow_assigned, *RECORDS, integers=4)
        self._run = entry_point(run, *RECORDS, integers=1)
        self._records = self._cpu_array.ctypes.data, self.storage.address
        self._end = entry_point(slow_end, *RECORDS, integers=2)
        self._load_psw = entry_point(load_psw_entry, *RECORDS, integers=2)
        self.tod_epoch = tod_epoch
        self.initial_reset()

    def initial_reset(self) -> None:
        """The CPU as an initial CPU reset and the start of a guest leave it: PSW 0000000180000000, address 0."""
        self._cpu_array[:] = 0
        self.cpu.svc_code = -1
        self.cpu.cr[0], self.cpu.cr[14] = START_CR0, START_CR14
        self.cpu.tod_epoch = self.cpu.timer_zero = self.tod_epoch
        self.cpu.breaking_event = 1  # none yet
        self.set_psw(START_MASK, 0)

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
        from s390emu.isa.assemble import assemble

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
    def gr(self) -> np.ndarray:
        """The general registers: uint64[16], writable."""
        return self.cpu.gr

    @property
    def cr(self) -> np.ndarray:
        """The control registers: uint64[16]. After writing CR0 call `set_psw`, which lets it take effect."""
        return self.cpu.cr

    @property
    def psw(self) -> tuple[int, int]:
        """PSW bits 0-63 and the instruction address."""
        mask, cc, ia = (int(column[0]) for column in self._psw)
        return mask | cc << 44, ia

    def set_psw(self, mask: int, ia: int) -> None:
        """As LOAD PSW EXTENDED: an invalid PSW is loaded, and recognized when the machine runs."""
        kernels.flush(self.storage.record)
        self._load_psw(self.cpu, self.storage.record, mask, ia)

    @property
    def count(self) -> int:
        """Instructions (units of operation) that have ended."""
        return int(self._count[0])

    @property
    def now(self) -> int:
        """Nanoseconds since the guest's start, by its TOD clock: instructions, wait state, and time taken from it."""
        return int(self._count[0]) + int(self._idle[0]) + int(self._stolen[0])

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
        """WAITING: when the guest can go on by itself, as `now` counts; NO_TIME if only something from outside ends
        its wait state."""
        return max(self.host.blocked_until(self.guest_number), int(self.storage.record.ready_at))

    def pass_time(self, until: int) -> None:
        """Let time pass without instructions: the wait state's, or stolen from the guest."""
        blocked = self.host.blocked_until(self.guest_number) if self.psw[0] & int(WAIT) else until
        self._stolen[0] += u64(max(0, min(until, blocked) - self.now))
        self._idle[0] += u64(max(0, until - self.now))
        self._deadline[0] = 0

    @property
    def console(self) -> str:
        """What the guest wrote to its console."""
        return self.host.consoles[self.guest_number].text

    @property
    def last_interruption(self) -> Interruption | None:
        r = self.storage.record
        if r.last_class < 0:
            return None
        numbers = (r.last_code, r.last_mask, r.last_ia, r.last_ilc, r.last_teid, r.last_count)
        return Interruption(CLASSES[r.last_class], *map(int, numbers))

    def branches(self) -> list[tuple[int, int]]:
        """The last 16 branches taken, oldest first: (from, to)."""
        r = self.storage.record
        taken = int(r.branch_count)
        slots = [n % len(r.branch_from) for n in range(max(0, taken - len(r.branch_from)), taken)]
        return [(int(r.branch_from[s]), int(r.branch_to[s])) for s in slots]

    def blocks(self) -> list[Block]:
        """Every block of absolute storage; looking changes nothing."""
        return [self.block(number * BLOCK_SIZE) for number in range(len(self.storage.blocks))]

    def block(self, address: int) -> Block:
        """The block that holds this absolute address. IndexError outside."""
        self._check_range(address, 1)
        number = address // BLOCK_SIZE
        block = self.storage.blocks[number]
        content = RESIDENT if not block.invalid else ZERO if block.zero else PRESERVED
        key = int(block.acc_f) if block.invalid else int(self.host.frame_table[block.frame].key)
        key |= int(block.guest_rc)
        return Block(number, USAGES[int(block.usage)], CONTENTS[content], bool(block.no_dat), key)

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
        while data:
            number, offset = divmod(address, BLOCK_SIZE)
            part = data[: BLOCK_SIZE - offset]
            kernels.drop_decoded(self.storage.record, number, offset, len(part))
            self.host.poke(self.guest_number, number, offset, part)
            address, data = address + len(part), data[len(part) :]

    def _check_range(self, address: int, length: int) -> None:
        if address < 0 or address + length > self.storage.size:
            raise IndexError(f"{address:#x} to {address + length:#x}: the guest has {self.storage.size:#x} bytes")

    # --- running -----------------------------------------------------------------------------------------------------

    def run(self, limit: int | None = None, timeout: float | None = None, until: Collection[int] = ()) -> Stop:
        """Until the guest stops, `limit` more instructions have ended, `timeout` seconds have passed, or the
        instruction at an address of `until` (at most 8) comes next; one that is next already is executed first."""
        self._set_breakpoints(until)
        last = NO_LIMIT if limit is None else min(NO_LIMIT, self.count + limit)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._blocked():
                return self._stop(Reason.WAITING)
            self._limit[0] = min(last, self.count + SLICE)
            self._deadline[0] = 0
            code = self._go_on()
            if code == EXIT_LIMIT:
                if self.count >= last:
                    return self._stop(Reason.LIMIT)
            elif reason := self._attend(code):
                return self._stop(reason)
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)

    def _blocked(self) -> bool:
        """Must the guest wait for the host? Where nobody else runs, that time passes at once."""
        until = self.host.blocked_until(self.guest_number)
        if until <= self.now:
            return False
        if self.shared:
            self.storage.record.ready_at = 0
            return True
        self._stolen[0] += u64(until - self.now)
        return False

    def _go_on(self) -> int:
        """Until an exit of the run loop."""
        if JIT:
            return self._run(*self._records, 0)
        with np.errstate(over="ignore"):
            return self._run(self.cpu, self.storage.record, 0)

    def _set_breakpoints(self, addresses: Collection[int]) -> None:
        if len(addresses) > BREAKPOINTS:
            raise ValueError(f"{len(addresses)} breakpoints: {BREAKPOINTS} is the most")
        self._breakpoint_count[0], self._passing[0] = len(addresses), self.count + 1
        if addresses:
            kernel(forget_entry, 0)(self.storage.record)
            self.storage.record.breakpoints[: len(addresses)] = list(addresses)

    def step(self) -> Stop | None:
        """One instruction (unit of operation), with the interruptions before and the program or supervisor-call
        interruption after it: -> None, or the Stop that kept it from ending."""
        stop = self.run(1)
        return None if stop.reason is Reason.LIMIT else stop

    def _stop(self, reason: Reason) -> Stop:
        return Stop(reason, *self.psw, self.count)

    def _attend(self, code: int) -> Reason | None:
        """Serve an exit of the run loop; a reason if it ends the run."""
        record = self.storage.record
        if code == EXIT_COMPILE:
            self.handlers.compile(int(record.wanted))
        elif code == EXIT_HOST_FAULT:
            return self._resolve()
        elif code == EXIT_HYPERCALL:
            return self._hypercall()
        elif code == EXIT_EVENTS:
            self.look()
        elif code == EXIT_HOST_EVENT:
            self.host.deliver(self.guest_number, self.cpu)
        elif code == EXIT_IDLE:
            return Reason.WAITING
        elif code == EXIT_BREAKPOINT:
            return Reason.BREAKPOINT
        elif code == EXIT_WAIT:
            return Reason.ENABLED_WAIT
        elif code == EXIT_STOP:
            return STOP_REASONS[int(record.stop_reason)]
        else:
            raise AssertionError(f"exit {code} of the run loop")
        return None

    def _resolve(self) -> Reason | None:
        """The guest touched a block that has no frame."""
        record = self.storage.record
        return self._settle(self.host.resolve(self.guest_number, int(record.fault_block), bool(record.fault_store)))

    def _settle(self, outcome: Outcome) -> Reason | None:
        """The instruction is executed again, but for an outcome that the guest cannot go on from."""
        if outcome is Outcome.NO_FRAME:
            return Reason.NO_FRAME
        if outcome is Outcome.PAGING_ERROR:
            if self.cpu.mck_code:  # the machine check itself cannot be presented
                return Reason.CHECK_STOP
            self.cpu.mck_code = MCIC_PROCESSING_DAMAGE | MCIC_BACKUP | MCIC_STORAGE_ERROR | MCIC_VALIDITY
            self.cpu.failing_storage = int(self.storage.record.fault_block) * BLOCK_SIZE
        return None

    def _hypercall(self) -> Reason | None:
        """The host completes the instruction."""
        record = self.storage.record
        code = self.host.hypercall(self.guest_number, self.cpu, int(record.call_insn))
        if code < 0:
            self.cpu.psw_ia = record.insn_ia
            return self._settle(Outcome(code))
        if code:
            length = (int(self.cpu.psw_ia) - int(record.insn_ia)) & int(self.cpu.amode)
            self._end(self.cpu, record, code, length)
        else:
            record.count += u64(1)
        if self.host.consoles[self.guest_number].flooded:
            return Reason.CONSOLE_FLOOD
        return None

    # --- events, snapshots -------------------------------------------------------------------------------------------

    def watch(self, *kinds: int) -> None:
        """Record events of these kinds from now on (EVENT_* of storage.state)."""
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
        )

    def restore(self, snapshot) -> None:
        cpu, storage, host, events = snapshot
        self._cpu_array[:] = cpu
        self.host.restore(host)
        self.storage.restore(storage)
        kernels.flush(self.storage.record)  # its TLB's addresses may be others' now
        self.events = [chunk.copy() for chunk in events]
