"""What a debugger does to a guest, whoever asks for it: gdb's stub, the prompt, a test.

The guest is stepped, run to a breakpoint or a watchpoint, and taken back likewise; CPUs are what gdb calls threads.
Nothing of it changes the execution: a guest that is debugged does what it does by itself, to the instruction. What the
user changes (a register, storage, a page taken away) is an input, which the guest's history has at its moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from s390emu.architecture.page_states import DISCARD, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.debugger.expressions import Expression, ExpressionError
from s390emu.inputs import perform
from s390emu.machine import CPU, Machine, NotTranslated, Reason, Stop
from s390emu.machine.history import Diverged, Lost
from s390emu.machine.machine import SLICE
from s390emu.machine.observe import kinds_of
from s390emu.machine.view import set_register
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_STORE
from s390emu.records.events import EVENT_HOST, EVENT_TOUCH
from s390emu.storage.presence import STORE
from s390emu.storage.transitions import CAUSE_SHIFT

LONGEST_WATCH = BLOCK_SIZE  # bytes
MANY = 1000  # stops at breakpoints in a part of the past of which the last one is wanted
CALLS = ("BRASL", "BRAS", "BASR", "BAS", "BALR", "BAL", "BASSM")  # after which the program goes on behind them
CONTENT, ACTION = 3, (1 << CAUSE_SHIFT) - 1
ACCESSES = {"write": WATCH_STORE, "read": WATCH_FETCH, "access": WATCH_FETCH | WATCH_STORE}


class Why(StrEnum):
    """Why the guest stands still."""

    STEPPED = "stepped"
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    INTERRUPTED = "interrupted"
    BEGIN = "the history begins here"
    END = "the history ends here: what follows has not been"
    ENDED = "the guest has ended"


@dataclass(eq=False)
class Breakpoint:
    """address: of the instruction, as the CPU has it. condition: None, or what has to be other than 0."""

    address: int
    condition: Expression | None = None
    number: int = 0


@dataclass(eq=False)
class Watchpoint:
    """kind: "write", "read" or "access". address: as it was given; absolute: where that lies in absolute storage."""

    kind: str
    address: int
    length: int
    absolute: tuple[tuple[int, int], ...] = ()  # (first, end) of each part
    number: int = 0

    def wants(self, first: int, length: int, stores: bool) -> bool:
        """True if this access is one that is waited for."""
        wanted = stores if self.kind == "write" else not stores if self.kind == "read" else True
        return wanted and any(first < end and start < first + length for start, end in self.absolute)

    @property
    def blocks(self) -> set[int]:
        """Return the blocks that it lies in."""
        return {n for first, end in self.absolute for n in range(first // BLOCK_SIZE, (end - 1) // BLOCK_SIZE + 1)}


@dataclass(frozen=True)
class Halt:
    """The end of a movement. cpu: number of the CPU that it is about; stop: how the guest ended, if it did."""

    why: Why
    cpu: int
    breakpoint: Breakpoint | None = None
    watchpoint: Watchpoint | None = None
    event: Any = None  # the EVENT record behind a watchpoint
    stop: Stop | None = None

    @property
    def by_host(self) -> bool:
        """True if it was the host that did something to what is watched."""
        return self.event is not None and int(self.event.kind) == EVENT_HOST


class _Interrupted(Exception):
    """Somebody wants the guest to stand still."""


class _Watcher:
    """An observer that finds accesses to watchpoints; if it `pauses`, the machine stops after the instruction."""

    def __init__(self, watchpoints: Iterable[Watchpoint], stops: bool):
        self.watchpoints, self.stops = list(watchpoints), stops
        self.kinds = kinds_of(EVENT_TOUCH, EVENT_HOST)
        self.pauses = kinds_of(EVENT_HOST) if stops else 0
        self.hit: tuple[Watchpoint, Any] | None = None  # the first one if it stops, else the last

    def receive(self, events: np.ndarray) -> None:
        """Keep what was waited for."""
        for event in events:
            found = next((watchpoint for watchpoint in self.watchpoints if self._is_for(watchpoint, event)), None)
            if found and not (self.stops and self.hit):
                self.hit = found, event

    def _is_for(self, watchpoint: Watchpoint, event) -> bool:
        if event["kind"] == EVENT_TOUCH:
            return watchpoint.wants(int(event["before"]), int(event["after"]), int(event["detail"]) == STORE)
        gone = int(event["after"]) & CONTENT == ZERO and int(event["before"]) & CONTENT != ZERO
        discarded = gone or int(event["detail"]) & ACTION == DISCARD
        return watchpoint.kind != "read" and discarded and int(event["block"]) in watchpoint.blocks

    def look(self) -> bool:
        """Stop if something was found."""
        return self.stops and self.hit is not None


@dataclass(eq=False)
class Target:
    """machine: it gets a history, if it has none. symbols: names that expressions may use."""

    machine: Machine
    symbols: Mapping[str, int] = field(default_factory=dict)
    breakpoints: list[Breakpoint] = field(default_factory=list)
    watchpoints: list[Watchpoint] = field(default_factory=list)
    interrupted: bool = False  # set by whoever wants the guest to stand still, perhaps from another thread
    poll: Callable[[], bool] | None = None  # asked between two slices: is the guest to stand still?
    halt: Halt | None = None  # the last one
    numbered: int = 0

    def __post_init__(self) -> None:
        self.history = self.machine.history or self.machine.remember()

    # --- breakpoints and watchpoints ---------------------------------------------------------------------------------

    def add_breakpoint(self, address: int, condition: str | None = None) -> Breakpoint:
        """Stop before the instruction at this address, if the condition holds. ExpressionError for a bad one."""
        self.numbered += 1
        made = Breakpoint(address, Expression(condition) if condition else None, self.numbered)
        self.breakpoints.append(made)
        return made

    def add_watchpoint(self, kind: str, address: int, length: int, *, absolute: bool = False) -> Watchpoint:
        """Stop after an access of this kind to these bytes, and after the host has thrown them away. They are where the
        running CPU has them now. ValueError for what cannot be watched."""
        if kind not in ACCESSES:
            raise ValueError(f"{kind}: write, read or access is what can be watched")
        if not 1 <= length <= LONGEST_WATCH:
            raise ValueError(f"{length} bytes: 1 to {LONGEST_WATCH} can be watched")
        view, cpu = self.machine.view, self.machine.running
        try:
            firsts = [address + n if absolute else view.to_absolute(cpu, address + n) for n in range(length)]
            for first in firsts:
                view.block(first)
        except (IndexError, NotTranslated) as error:
            raise ValueError(f"nothing to watch: {error}") from error
        self.numbered += 1
        made = Watchpoint(kind, address, length, tuple(_runs(firsts)), self.numbered)
        self.watchpoints.append(made)
        return made

    def remove(self, number: int) -> None:
        """Remove a breakpoint or a watchpoint by its number. ValueError if there is none."""
        kept = [each for each in self.breakpoints if each.number != number]
        seen = [each for each in self.watchpoints if each.number != number]
        if (len(kept), len(seen)) == (len(self.breakpoints), len(self.watchpoints)):
            raise ValueError(f"there is no breakpoint or watchpoint {number}")
        self.breakpoints, self.watchpoints = kept, seen

    # --- forward -----------------------------------------------------------------------------------------------------

    def step(self, cpu: int | None = None) -> Halt:
        """Let this CPU, or whichever is next, execute one instruction, with the interruptions before and after it."""
        start, last = self._instructions(cpu), self.machine.count + SLICE  # it may be one that waits
        halt = None
        while halt is None and self._instructions(cpu) == start and self.machine.count < last:
            halt = self._forward(1, stop_at_breakpoints=cpu is not None)
        return self._halted(halt or self._stepped(cpu))

    def next(self) -> Halt:
        """Step, but over a subroutine that is called, and over an interruption: until the program goes on after it."""
        machine, cpu = self.machine, self.machine.running
        before, interruptions = cpu.psw, cpu.port.interruption_count.sum()
        text, length = self._instruction(cpu)
        halt = self._forward(1, stop_at_breakpoints=False)
        if halt:
            return self._halted(halt)
        if cpu.port.interruption_count.sum() != interruptions and machine.last_interruption:
            return self.until(machine.last_interruption.psw_ia)
        if text.split(" ")[0].upper() in CALLS and cpu.psw[1] != before[1] + length:
            return self.until(before[1] + length)
        return self._halted(self._stepped(None))

    def resume(self) -> Halt:
        """Let the guest run until something stops it."""
        while True:
            if halt := self._forward(None):
                return self._halted(halt)

    def until(self, address: int) -> Halt:
        """Let the guest run until the instruction at this address comes next, or something stops it before."""
        extra = Breakpoint(address)
        self.breakpoints.append(extra)
        try:
            return self.resume()
        finally:
            self.breakpoints.remove(extra)

    def _forward(self, limit: int | None, stop_at_breakpoints: bool = True) -> Halt | None:
        """Run for so many instructions; return what stopped the guest, None if nothing did."""
        machine, history = self.machine, self.history
        addresses = {each.address for each in self.breakpoints}
        known = history.end if history.in_the_past else None
        last = None if limit is None else machine.count + limit
        leaves = True
        with self._watching(stops=True) as watcher:
            while last is None or machine.count < last:
                if self._is_to_stand_still():
                    return Halt(Why.INTERRUPTED, machine.running.number)
                ends = [end - machine.count for end in (last, known) if end is not None]
                stop = machine.run(min([SLICE, *ends]), until=addresses, leaves=leaves)
                machine.observers.deliver()
                leaves = stop.reason is Reason.BREAKPOINT
                if watcher.hit:
                    return self._seen(watcher)
                if leaves:
                    if stop_at_breakpoints and (found := self._holds(stop.psw_ia)):
                        return Halt(Why.BREAKPOINT, stop.cpu, breakpoint=found)
                elif stop.reason not in (Reason.LIMIT, Reason.WATCHED):
                    return Halt(Why.ENDED, stop.cpu, stop=stop)
                elif machine.count == known and (last is None or known < last):
                    return self._at_the_end(watcher)
        return None

    def _seen(self, watcher: _Watcher) -> Halt:
        """Let the instruction end that made an access to a watchpoint; return the halt for it."""
        assert watcher.hit
        watchpoint, event = watcher.hit
        if (left := int(event.count) + 1 - self.machine.count) > 0:
            self.machine.run(left)
        return Halt(Why.WATCHPOINT, int(event.cpu), watchpoint=watchpoint, event=event)

    def _at_the_end(self, watcher: _Watcher) -> Halt:
        """Come from the past to the present as it was left, or to the end of a recording."""
        self.machine.run(0)  # what was done to the guest at this moment
        self.machine.observers.deliver()
        if watcher.hit:
            return self._seen(watcher)
        self.history.goto(self.history.end)
        running = self.machine.running
        if found := self._holds(running.psw[1]):
            return Halt(Why.BREAKPOINT, running.number, breakpoint=found)
        return Halt(Why.END, running.number)

    def _is_to_stand_still(self) -> bool:
        """True if somebody wants the guest to stand still, who is obeyed once."""
        wanted, self.interrupted = self.interrupted, False
        return wanted or (self.poll is not None and self.poll())

    # --- backward ----------------------------------------------------------------------------------------------------

    def step_back(self) -> Halt:
        """Take back the last instruction, whichever CPU executed it, with the interruptions after it."""
        try:
            if not self.history.exact:
                before = self.machine.running.psw
                self.history.goto_moment(self.machine.count)
                if self.machine.running.psw != before:  # an interruption is taken back
                    return self._halted(self._stepped(None))
            self.history.back()
        except Diverged:
            raise
        except Lost:
            return self._halted(Halt(Why.BEGIN, self.machine.running.number))
        return self._halted(self._stepped(None))

    def resume_back(self) -> Halt:
        """Take the guest back to the last moment at which a breakpoint or a watchpoint would have stopped it: before
        the instruction, in both cases; or to the beginning."""
        machine, history, here = self.machine, self.history, self.machine.count
        addresses = {each.address for each in self.breakpoints}

        def run(end: int) -> tuple[int, int, Halt] | None:
            found, hits, leaves, end = None, 0, False, min(end, here)
            with self._watching(stops=False) as watcher:
                while machine.count < end:
                    if self._is_to_stand_still():
                        raise _Interrupted
                    stop = machine.run(min(SLICE, end - machine.count), until=addresses, leaves=leaves)
                    leaves = stop.reason is Reason.BREAKPOINT
                    if leaves:
                        if stop.count < here and (at := self._holds(stop.psw_ia)):
                            found = stop.count, stop.psw_ia, Halt(Why.BREAKPOINT, stop.cpu, breakpoint=at)
                            hits += 1
                    elif stop.reason not in (Reason.LIMIT, Reason.WATCHED):
                        break
                    if hits == MANY:  # look at the later half first: if there is one, no other one counts
                        mark, middle, hits = history.here(exact=False), (machine.count + end) // 2, 0
                        machine.run(middle - machine.count)
                        if later := run(end):
                            return later
                        history.return_to(mark)
                        end = middle
            if watcher.hit:
                watchpoint, event = watcher.hit
                count = int(event.count)
                if count < here and (found is None or count >= found[0]):
                    found = count, -1, Halt(Why.WATCHPOINT, int(event.cpu), watchpoint=watchpoint, event=event)
            return found

        try:
            found = history.search(run)
        except _Interrupted:
            return self._halted(Halt(Why.INTERRUPTED, self.machine.running.number))
        if found is None:
            history.goto(history.start)
            return self._halted(Halt(Why.BEGIN, machine.running.number))
        count, address, halt = found
        history.goto_moment(count)
        if address >= 0 and machine.psw[1] != address:  # behind an interruption of this moment
            machine.run(1, until={address})
        return self._halted(halt)

    def goto(self, count: int) -> Halt:
        """Go to a moment. Lost, if there is none."""
        self.history.goto(count)
        return self._halted(self._stepped(None))

    # --- what the user does to the guest -----------------------------------------------------------------------------

    def perform(self, verb: str, *operands: int | str, cpu: int | None = None) -> None:
        """Let something happen from outside: a verb of `inputs`. Refused, if it cannot."""
        perform(self.machine, verb, *operands, cpu=cpu)

    def write(self, cpu: CPU, address: int, data: bytes) -> None:
        """Put bytes where this CPU has a logical address. NotTranslated, IndexError: and nothing has changed."""
        number = cpu.number
        self.machine.view.read_logical(cpu, address, len(data))
        self.history.do(
            f"write {address:#x} {len(data)}",
            lambda machine: machine.view.write_logical(machine.cpus[number], address, data),
        )

    def set_register(self, cpu: CPU, name: str, value: int) -> None:
        """Give a register a value, by its name in `view.REGISTERS`. KeyError, ValueError: as `view.set_register`."""
        number = cpu.number
        self.history.do(f"{name} = {value:#x}", lambda machine: set_register(machine.cpus[number], name, value))

    # --- helpers -----------------------------------------------------------------------------------------------------

    def evaluate(self, text: str) -> int:
        """Return the value of an expression, for the running CPU. ExpressionError."""
        return Expression(text).value(self.machine, self.machine.running, self.symbols)

    def _holds(self, address: int) -> Breakpoint | None:
        """Return a breakpoint at this address whose condition holds; one that cannot be evaluated does."""
        for each in self.breakpoints:
            if each.address == address:
                try:
                    if not each.condition or each.condition.value(self.machine, self.machine.running, self.symbols):
                        return each
                except ExpressionError:
                    return each
        return None

    @contextmanager
    def _watching(self, stops: bool) -> Iterator[_Watcher]:
        """Watch the watchpoints meanwhile."""
        watcher, observers = _Watcher(self.watchpoints, stops), self.machine.observers
        if not self.watchpoints:
            yield watcher
            return
        accesses: dict[int, int] = {}
        for each in self.watchpoints:
            for block in each.blocks:
                accesses[block] = accesses.get(block, 0) | ACCESSES[each.kind] | (WATCH_PAUSE if stops else 0)
        observers.add(watcher)
        try:
            for block, wanted in accesses.items():
                observers.watch(watcher, block, wanted)
            yield watcher
        finally:
            observers.remove(watcher)

    def _instructions(self, cpu: int | None) -> int:
        """Return how many instructions this CPU, or all, have executed."""
        return self.machine.count if cpu is None else self.machine.cpus[cpu].count

    def _instruction(self, cpu: CPU) -> tuple[str, int]:
        """Return the instruction that is next, as text, and its length; two bytes where it cannot be read."""
        from s390emu.assembler.disassemble import disassemble

        mask, address = cpu.psw
        data = self.machine.view.find_instruction(cpu, address, mask)
        return (disassemble(data, address).text, len(data)) if data else ("", 2)

    def _stepped(self, cpu: int | None) -> Halt:
        return Halt(Why.STEPPED, self.machine.running.number if cpu is None else cpu)

    def _halted(self, halt: Halt) -> Halt:
        self.halt = halt
        return halt


def _runs(addresses: list[int]) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of each run of addresses that follow each other."""
    first = 0
    for at in range(1, len(addresses) + 1):
        if at == len(addresses) or addresses[at] != addresses[at - 1] + 1:
            yield addresses[first], addresses[at - 1] + 1
            first = at
