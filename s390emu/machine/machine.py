"""The machine: CPUs and their absolute storage, on a host. Runs, steps, and says why it stopped.

    machine = Machine.from_source("start: lghi %r2,7\\n lpswe 0(%r1)\\n .balign 8\\nend: .quad 0x0002000180000000,0")
    stop = machine.run()
    stop.reason, machine.gr[2]

The guest's interruptions are delivered to the guest; nothing that a guest does raises here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from s390emu._jit import JIT, record_in
from s390emu.architecture import models
from s390emu.architecture.identities import NAMES
from s390emu.architecture.models import NO_TRANSLATE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.cpu.clocks import NEVER
from s390emu.engine.handlers import HandlerTable, default_facilities, lacking
from s390emu.engine.procedures import run_loop
from s390emu.host import kernels
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.machine import wiring
from s390emu.machine.attend import Attendant
from s390emu.machine.cpu import CPU, START_MASK
from s390emu.machine.observe import Observer, Observers, Recorder, kinds_of
from s390emu.machine.schedule import Schedule
from s390emu.machine.snapshot import Snapshot, restore, take
from s390emu.machine.stop import Interruption, Reason, Stop
from s390emu.machine.turns import Turns
from s390emu.machine.view import View
from s390emu.records.cpu import CPU_T
from s390emu.records.exits import EXIT_LIMIT
from s390emu.regions import modes
from s390emu.storage.blocks import Block
from s390emu.storage.guest import GuestStorage

if TYPE_CHECKING:
    from s390emu.assembler.assemble import Program
    from s390emu.machine.history import History
    from s390emu.regions.translator import Translator

SLICE = 20_000_000 if JIT else 2_000  # instructions between two looks at the clock and at Ctrl-C
NO_LIMIT = int(NEVER) - 1


class Machine:
    """A guest of `cpus` CPUs (8 at most) with `storage_size` bytes of absolute storage (a multiple of 4096).

    schedule     whose turn it is, where there are several CPUs; by default round robin, 1000 instructions each
    host         the host it runs on, shared or its own; by default one with a frame for every block
    identity     what the guest finds itself on, of `identities.NAMES`
    model        of which generation it is, of `models.NAMES`: which facilities it may have, and its machine type
    essa         whether the guest has ESSA; no_dat: whether with operation-request code 7 (facility 147)
    extra        further facility bits to indicate, for example 75; those of `handlers.ON_REQUEST` with instructions
    tlb          False: every access takes the slow path (slower, the same execution)
    translate    whether hot code is translated, of `modes.MODES`: never, auto, always, sync
    beginning    with `auto`: how many instructions the guest executes before anything is translated

    ValueError for a facility that the model cannot have; ESSA it just does not have, before z9.

    input_seen: called with verb, operands and CPU of each input (`inputs.perform`), for whoever records them.

    Its parts: `turns` (which CPU executes), `view` (what there is in storage), `observers` (who watches), `history`
    (its past, if it is to `remember` it).
    """

    def __init__(
        self,
        storage_size: int = 1 << 20,
        *,
        cpus: int = 1,
        schedule: Schedule | None = None,
        host: Host | None = None,
        identity: str = NAMES[0],
        model: str = models.MAX,
        essa: bool = True,
        no_dat: bool = False,
        extra: Iterable[int] = (),
        tlb: bool = True,
        translate: str = modes.DEFAULT,
        beginning: int = modes.BEGINNING,
        tod_epoch: int = 0,
    ):
        asked = frozenset(extra).union([NO_TRANSLATE] if no_dat else [])
        if beyond := sorted(bit for bit in asked if not models.has(model, bit)):
            raise ValueError(f"a {model} has no facility {', '.join(map(str, beyond))}")
        for reason in filter(None, map(lacking, asked)):
            raise ValueError(reason)
        self.storage = GuestStorage(storage_size, cpus=cpus)
        self.cpu_array = np.zeros(cpus, CPU_T)
        records = [record_in(self.cpu_array[n : n + 1]) for n in range(cpus)]
        self.cpus = [CPU(n, record, self.cpu_array[n : n + 1], self.storage) for n, record in enumerate(records)]
        self.schedule = schedule or Schedule(cpus)
        self.host = host or Host(max(storage_size // BLOCK_SIZE, FEWEST_FRAMES))
        self.guest_number = self.host.attach(self.storage)
        self.turns = Turns(self.cpus, self.schedule, self.storage, self.host.guests[self.guest_number].blocked_until)
        self.view = View(self.storage, self.host, self.guest_number)
        self.observers = Observers(self.storage, tlb)
        self.own_recorder = Recorder()
        self.observers.add(self.own_recorder)
        self.history: History | None = None
        self.host.guests[self.guest_number].drain_events = self.observers.make_room
        installed = default_facilities(model) | asked
        self.handlers = HandlerTable(installed)
        self._attendant = Attendant(self.turns, self.host, self.guest_number, self.handlers, self.observers)
        self.storage.record.model, self.storage.record.identity = models.NAMES.index(model), NAMES.index(identity)
        self.storage.record.essa, self.storage.record.tlb_on = essa and models.has(model, models.CMM), tlb
        wiring.connect(self.storage, self.cpus, self.handlers)
        wiring.install(self.storage, installed)
        self._translate, self._beginning = modes.usable(translate), beginning
        self._begins: int | None = None  # with `auto`: instruction count at which code is translated; None before a run
        self.translator = self._translator() if self._translate in modes.FROM_THE_START else None
        self.input_seen: Callable[[str, tuple[int | str, ...], int | None], None] | None = None
        self._run = run_loop()
        self.tod_epoch = tod_epoch
        self.initial_reset()

    def _translator(self) -> Translator:
        from s390emu.regions.translator import translator_of  # most guests end before they need one

        return translator_of(self.storage, self.handlers, self._translate)

    def initial_reset(self) -> None:
        """Leave every CPU as an initial CPU reset and the start of a guest do: the first one at PSW 0000000180000000,
        address 0, the others in the stopped state."""
        for cpu in self.cpus:
            cpu.initial_reset(self.tod_epoch)
        self.turns.reset()

    def clear_reset(self) -> None:
        """Clear storage, keys and every CPU's registers (PoP ch. 4 "Clear Reset") and leave the CPUs as at the start.
        Time goes on."""
        self.host.reset(self.guest_number, clear=True)
        first = self.cpus[0]
        kernels.load_reset(first.record, first.port, True, 0)
        first.set_psw(START_MASK, 0)
        self.turns.reset()
        self.turns.set_running(first)

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

    @property
    def model(self) -> str:
        """Of which generation the machine is, of `models.NAMES`."""
        return models.NAMES[int(self.storage.record.model)]

    # --- the running CPU ---------------------------------------------------------------------------------------------

    @property
    def running(self) -> CPU:
        """The CPU that runs, or ran last."""
        return self.turns.running

    @property
    def cpu(self):
        """The CPU record of the running CPU; so for the other registers below."""
        return self.turns.running.record

    @property
    def gr(self) -> np.ndarray:
        """The general registers: uint64[16], writable."""
        return self.turns.running.gr

    @property
    def cr(self) -> np.ndarray:
        """The control registers: uint64[16]. After writing CR0 call `set_psw`, which lets it take effect."""
        return self.turns.running.cr

    @property
    def psw(self) -> tuple[int, int]:
        """PSW bits 0-63 and the instruction address."""
        return self.turns.running.psw

    def set_psw(self, mask: int, ia: int) -> None:
        """Load a PSW as LOAD PSW EXTENDED does: an invalid one is recognized when the machine runs."""
        self.turns.running.set_psw(mask, ia)

    @property
    def port(self):
        """The PORT record of the running CPU."""
        return self.turns.running.port

    @property
    def last_interruption(self) -> Interruption | None:
        """The last interruption that the running CPU took."""
        return self.turns.running.last_interruption

    def branches(self) -> list[tuple[int, int]]:
        """Return the last 16 branches that the running CPU took, oldest first: (from, to)."""
        return self.turns.running.branches()

    # --- time --------------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Instructions (units of operation) that have ended, of all CPUs."""
        return self.turns.count

    @property
    def now(self) -> int:
        """Nanoseconds since the guest's start, by its TOD clock: instructions, wait state, and time taken from it."""
        return self.turns.now

    @property
    def shared(self) -> bool:
        """True if others run while this guest cannot. Then `run` does not let time pass: it stops, WAITING, and whoever
        runs the others calls `pass_time`."""
        return bool(self.storage.record.shared)

    @shared.setter
    def shared(self, value: bool) -> None:
        self.storage.record.shared = value

    @property
    def ready_at(self) -> int:
        """After Reason.WAITING: the time (as `now`) at which the guest can continue unaided; NO_TIME if only an outside
        event can wake it."""
        return self.turns.next_ready()

    def pass_time(self, until: int) -> None:
        """Let time pass without instructions: the wait state's, or stolen from the guest."""
        self.turns.let_pass(self.running, until)
        self.turns.waiting.clear()

    # --- running -----------------------------------------------------------------------------------------------------

    def run(
        self, limit: int | None = None, timeout: float | None = None, until: Collection[int] = (), *,
        leaves: bool = True,
    ) -> Stop:  # fmt: skip
        """Run until the guest stops, `limit` more instructions have ended, `timeout` seconds have passed, or the
        instruction at an address of `until` comes next; if `leaves`, one that is next already is executed first."""
        turns = self.turns
        self._set_breakpoints(until, leaves)
        turns.waiting.clear()  # whatever was done to the guest meanwhile may end a wait
        last = NO_LIMIT if limit is None else min(NO_LIMIT, self.count + limit)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            ahead = self.history.attend() if self.history else SLICE
            ahead = min(ahead, self._attend_to_hot_code())
            if not turns.dispatch():
                if (reason := turns.rest()) and not self._is_woken(reason):
                    return self._stop(reason)
                continue
            cpu, before, room = turns.running, turns.running.count, min(last - turns.count, ahead, SLICE)
            if turns.several:
                room = min(room, self.schedule.left)
            code = self._go_on(before + room)
            reason = None if code == EXIT_LIMIT else self._attendant.serve(code)
            turns.end(cpu.count - before)
            if code == EXIT_LIMIT and turns.count >= last:
                reason = Reason.LIMIT
            if reason and not self._is_woken(reason):
                return self._stop(reason)
            if deadline is not None and time.monotonic() > deadline:
                return self._stop(Reason.TIMEOUT)

    def _attend_to_hot_code(self) -> int:
        """Let hot code be translated, if it is time; return for how many instructions there is nothing to do."""
        if self.translator is None:
            if self._translate == modes.NEVER:
                return SLICE
            if self._begins is None:
                self._begins = self.count + self._beginning
            left = self._begins - self.count
            if left > modes.AHEAD:
                return left - modes.AHEAD
            if left > 0:
                from s390emu.regions.worker import shared

                shared(waits=False).start()
                return left
            self.translator = self._translator()
        return self.translator.attend(self.turns.running, self.count)

    def step(self) -> Stop | None:
        """Execute one instruction (unit of operation), with the interruptions before and the program or supervisor-call
        interruption after it; return None, or the Stop that kept it from ending."""
        stop = self.run(1)
        return None if stop.reason is Reason.LIMIT else stop

    def _go_on(self, limit: int) -> int:
        """Run the running CPU until an exit of the run loop."""
        cpu = self.running
        cpu.limit[0], cpu.deadline[0] = limit, 0
        if JIT:
            return self._run(*cpu.addresses, 0)
        with np.errstate(over="ignore"):
            return self._run(cpu.record, cpu.port, 0)

    def _set_breakpoints(self, addresses: Collection[int], leaves: bool) -> None:
        """Let the run stop at these addresses, but if it `leaves` one not at that, which is next already."""
        running = self.running
        if (addresses or self.storage.record.breakpoint_count) and self.storage.break_at(addresses):
            kernels.forget_all(self.storage.record)
        running.passing[0] = running.count + 1 if leaves else 0

    def _is_woken(self, reason: Reason) -> bool:
        return self.history is not None and self.history.wakes(reason)

    def _stop(self, reason: Reason) -> Stop:
        if self.turns.several:
            self.turns.catch_up()
        if self.history:
            self.history.stopped(reason)
        return Stop(reason, *self.psw, self.count, self.running.number)

    # --- looking at it (machine/view.py) -----------------------------------------------------------------------------

    def blocks(self) -> list[Block]:
        """Return every block of absolute storage; looking changes nothing."""
        return self.view.blocks()

    def block(self, address: int) -> Block:
        """Return the block that holds this absolute address. IndexError outside."""
        return self.view.block(address)

    def set_block(self, address: int, state: str | None = None, **details) -> None:
        """Put the block that holds this absolute address into a state ("Vz"); see `Host.set_block`. IndexError outside.
        """
        self.view.set_block(address, state, **details)

    def read(self, address: int, length: int) -> bytes:
        """Return bytes of absolute storage, changing nothing: what is logically zero reads as zeros. IndexError
        outside."""
        return self.view.read(address, length)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into absolute storage, as a loader or a debugger does: no protection, no R or C, no change of a
        block's usage. IndexError outside."""
        self.view.write(address, data)

    @property
    def console(self) -> str:
        """What the guest wrote to its console."""
        return self.host.guests[self.guest_number].console.text

    def _repr_html_(self) -> str:
        """Return what a notebook shows: PSW, registers and page map."""
        from s390emu.reports.notebook import machine_html  # the layers' one exception: pyproject.toml

        return machine_html(self)

    # --- events (machine/observe.py), snapshots (machine/snapshot.py) ------------------------------------------------

    def watch(self, *kinds: int) -> None:
        """Record events of these kinds (EVENT_* of records.events), and no others, in `events` from now on."""
        self.observers.want(self.own_recorder, kinds_of(*kinds))

    @property
    def events(self) -> list[np.ndarray]:
        """The events that `watch` asked for and `drain_events` has brought, oldest first: a list of EVENT recarrays."""
        return self.own_recorder.chunks

    def drain_events(self) -> list[np.ndarray]:
        """Return `events` with all that have happened so far."""
        self.observers.deliver()
        return self.own_recorder.chunks

    def observe(self, observer: Observer) -> None:
        """Let an observer watch the guest from now on; `observers.remove` ends it."""
        self.observers.add(observer)

    def look(self) -> None:
        """Give the observers what they have not seen yet, and let them look at the guest as it is."""
        self.observers.look()

    def snapshot(self) -> Snapshot:
        """Return the state of CPUs, storage, keys, blocks and paging file, for `restore` on this machine."""
        return take(self)

    def restore(self, saved: Snapshot) -> None:
        """Go back to a snapshot of this machine. A history that it has ends. ValueError for one of another model."""
        self.history = None
        restore(self, saved)

    def remember(self, interval: int | None = None, most: int | None = None) -> History:
        """Keep a history from now on, and return it; it is `history` too. interval, most: of its checkpoints, as many
        as is usual if None."""
        from s390emu.machine.history import CHECKPOINTS, INTERVAL, History

        interval, most = INTERVAL if interval is None else interval, CHECKPOINTS if most is None else most
        self.history = History(self, interval, most)
        return self.history
