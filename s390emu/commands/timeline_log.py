"""The columns of a timeline page, from a recording: its guest is run again twice, once for the events, and once more
for the registers of those that are looked at closely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager

import numpy as np

from s390emu.architecture.interruptions import PROGRAM, SUPERVISOR_CALL
from s390emu.architecture.psw_bits import PROBLEM, WAIT
from s390emu.assembler.disassemble import Labels, disassemble
from s390emu.assembler.symbols import as_symbols
from s390emu.commands.recordings import run_on
from s390emu.commands.trace_log import Window
from s390emu.machine import CPU, Machine, Reason, Stop
from s390emu.machine.observe import kinds_of
from s390emu.recording import Recording, Replayer
from s390emu.records.cpu import STOPPED_STATE
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION, EVENT_PSW
from s390emu.reports import timeline_model as model

STEP = 50_000_000  # instructions, after which what has happened is put together
NEXT = (2, 4, 6)  # bytes to the next instruction


class _Watcher(Replayer):
    """Runs a recording and keeps what happens: the events, and of new PSWs those that lead elsewhere or change the
    state of their CPU. An observer of its machine."""

    kinds, pauses = kinds_of(EVENT_ESSA, EVENT_HOST, EVENT_INTERRUPTION, EVENT_PSW), 0

    def __init__(self, recording: Recording):
        super().__init__(recording)
        self.events: list[np.ndarray] = []
        self.control: list[model.Control] = []
        self.inputs: list[str] = []
        self.states = np.zeros(0, np.uint8)

    def start(self) -> list[int]:
        """Watch from now on; return the states that the CPUs are in."""
        self.machine.observe(self)
        self.states = _states(self.machine)
        return [_state_of(cpu) for cpu in self.machine.cpus]

    def receive(self, events: np.ndarray) -> None:
        """Keep them."""
        self.events.append(model.happened(events[events["kind"] != EVENT_PSW]))
        led = events[(events["kind"] == EVENT_PSW) | (events["kind"] == EVENT_INTERRUPTION)]
        interruption = led["kind"] == EVENT_INTERRUPTION
        new = np.concatenate(([False], interruption[:-1]))[: len(led)] & ~interruption
        mask = led["before"]
        state = np.where(mask & np.uint64(WAIT), model.WAITING,
                         np.where(mask & np.uint64(PROBLEM), model.PROBLEM_STATE, model.SUPERVISOR))  # fmt: skip
        jump = ~np.isin(led["after"] - led["ia"], NEXT)
        changes = np.ones(len(led), bool)  # of the first one of a CPU nobody knows
        for cpu in range(len(self.machine.cpus)):
            own = np.flatnonzero((led["cpu"] == cpu) & ~interruption)
            changes[own[1:]] = state[own[1:]] != state[own[:-1]]
        kept = interruption | new | jump | changes
        columns = (led["count"], led["cpu"], interruption, new, state, led["after"], jump)
        self.control.append(model.Control(*(column[kept].copy() for column in columns)))

    def look(self) -> None:
        """Do nothing."""

    def note_what_is_put(self, ahead: Replayer) -> None:
        """Make an event of each block whose state the world changes here. ahead: a replayer to look with."""
        for each in self.recording.inputs_between(self.machine.count, self.machine.count + 1):
            if each.verb:
                continue
            ahead.restore(each.after)
            old, new = _states(self.machine), _states(ahead.machine)
            blocks = np.flatnonzero(old != new)
            rows = np.zeros(len(blocks), model.HAPPENED_T)
            rows["count"], rows["kind"], rows["block"] = self.machine.count, model.PUT, blocks
            rows["before"], rows["after"] = old[blocks], new[blocks]
            self.events.append(rows)

    def note_inputs(self, first: int, last: int) -> None:
        """Make events of what the world did."""
        for each in self.recording.inputs_between(first, last):
            row = np.zeros(1, model.HAPPENED_T)
            row["count"], row["kind"], row["block"] = each.count, model.INPUT, model.NO_BLOCK
            row["cpu"], row["detail"] = each.cpu or 0, min(len(self.inputs), 0xFFFF)
            told = " ".join([each.verb, *(ascii(operand)[:60] for operand in each.operands)])
            self.inputs.append(told if each.verb else "the world put the guest into another state")
            self.events.append(row)


def _states(machine: Machine) -> np.ndarray:
    """Return the state of each block, with no-DAT, as the first byte of ESSA's R1 has it."""
    no_dat = machine.storage.block_column("no_dat") != 0
    return (machine.storage.states() | no_dat << 5).astype(np.uint8)


def _state_of(cpu: CPU) -> int:
    """Return which state a CPU is in."""
    mask = cpu.psw[0]
    if cpu.record.stopped == STOPPED_STATE:
        return model.STOPPED
    return model.WAITING if mask & int(WAIT) else model.PROBLEM_STATE if mask & int(PROBLEM) else model.SUPERVISOR


class _Reached(Exception):
    """The place where a part begins or ends."""


@contextmanager
def _stopping_at(replayer: Replayer, address: int):
    """Let the guest stop where an address is reached, and leave then."""
    machine = replayer.machine

    def run(limit: int) -> Stop:
        stop = machine.run(limit, None, (address,))
        if stop.reason is Reason.BREAKPOINT:
            raise _Reached
        return stop

    replayer.run_with(run)
    try:
        yield
    except _Reached:
        pass
    finally:
        replayer.run_with(machine.run)


def part(recording: Recording, replayer: Replayer, window: Window) -> tuple[int, int]:
    """Return where the part begins and ends, which the options name: the first time that the guest comes there."""
    first, last = recording.first, recording.last
    number, address = window.starts or (first, None)
    replayer.go_to(first if number is None else number)
    if address is not None:
        with _stopping_at(replayer, address):
            run_on(replayer, last)
            raise LookupError("--from: the guest does not come there")
    first = replayer.machine.count
    number, address = window.ends or (last, None)
    if number is not None:
        return first, min(last, number)
    with _stopping_at(replayer, address or 0):
        run_on(replayer, last)
        raise LookupError("--until: the guest does not come there")
    return first, min(last, replayer.machine.count + 1)


def collected(
    recording: Recording, window: Window, details: int, named: Callable[[Machine], Mapping[str, int]]
) -> tuple[model.Told, Mapping[str, int]]:
    """Return what happened in a part of a recording, and symbols. details: of how many events there are to be
    registers, beside those of discard faults. named: returns the symbols of a guest at the end of the part. LookupError
    where that part is not found; ValueError outside of the recording."""
    watcher = _Watcher(recording)
    first, last = part(recording, watcher, window)
    if last < first:
        raise ValueError(f"a part that ends before it begins: {first:,} to {last:,}")
    watcher.go_to(first)
    start = watcher.start()
    states = watcher.states.copy()
    put = [each.count for each in recording.inputs_between(first, last) if not each.verb]
    ahead = Replayer(recording) if put else watcher
    for end in sorted({*range(first + STEP, last, STEP), *put, last}):
        watcher.note_inputs(watcher.machine.count, end)
        run_on(watcher, end)
        watcher.machine.observers.deliver()
        watcher.note_what_is_put(ahead)
    events = np.concatenate([np.zeros(0, model.HAPPENED_T), *watcher.events])
    events = events[np.argsort(events["count"], kind="stable")]
    control = model.Control(*(np.concatenate(columns) for columns in zip(*watcher.control, strict=True))) \
        if watcher.control else model.Control(*[np.zeros(0, bool)] * len(model.Control._fields))  # fmt: skip
    model.spans(control, events)
    turns = model.turns(control, start, first)
    if window.cpu is not None:
        mine = events["cpu"] == window.cpu
        events = events[mine | (events["kind"] != model.INTERRUPTION)]
        turns = turns[turns["cpu"] == window.cpu]
    told = model.Told(first, last, len(start), states, events, turns, watcher.inputs)
    watcher.machine.observers.remove(watcher)
    symbols = named(watcher.machine)
    _look_closely(watcher, told, details, symbols)
    return told, symbols


def chosen(events: np.ndarray, details: int) -> np.ndarray:
    """Return of which events there are to be registers: discard faults and what belongs to them, of each instruction
    the first one, other program interruptions, and of the rest as many as there is room for, at equal distances."""
    wanted = np.zeros(len(events), bool)
    for story in model.stories(events):
        wanted[[n for n in (story.fault, story.hinted, story.took, *story.repair) if n >= 0]] = True
    able = events["kind"] != model.INPUT
    once = np.zeros(len(events), bool)
    once[np.unique(events["ia"], return_index=True)[1]] = True
    program = (events["kind"] == model.INTERRUPTION) & (events["before"] == PROGRAM)
    room = details
    for more in (once, program, able):
        left = np.flatnonzero(more & able & ~wanted)
        if len(left) > room:
            left = left[np.linspace(0, len(left) - 1, max(0, room)).astype(np.int64)]
        wanted[left] = True
        room -= len(left)
    return np.flatnonzero(wanted).astype(np.uint32)


def _look_closely(replayer: Replayer, told: model.Told, details: int, symbols: Mapping[str, int]) -> None:
    """Go to the instruction of each event that is chosen, before it is executed, and take down what is there."""
    events = told.events
    told.chosen = chosen(events, details)
    own = events[told.chosen]
    # An instruction that caused an interruption has ended by then.
    ended = (own["kind"] == model.INTERRUPTION) & np.isin(own["before"], (PROGRAM, SUPERVISOR_CALL))
    at = np.maximum(told.first, own["count"].astype(np.int64) - ended)
    told.registers = np.zeros((len(own), model.REGISTERS), np.uint64)
    labels = as_symbols(symbols).labels
    replayer.go_to(told.first)
    for n in np.argsort(at, kind="stable").tolist():
        run_on(replayer, int(at[n]))
        cpu = replayer.machine.cpus[int(own["cpu"][n])]
        mask, ia = cpu.psw
        told.registers[n, :2] = mask, ia
        told.registers[n, 2:] = cpu.gr
        for address in (int(own["ia"][n]), ia):
            if address not in told.code and (text := _code(replayer.machine, cpu, address, mask, labels)):
                told.code[address] = text


def _code(machine: Machine, cpu: CPU, address: int, mask: int, labels: Labels) -> tuple[bytes, str] | None:
    """Return bytes and text of an instruction; None where there is none."""
    data = machine.view.find_instruction(cpu, address, mask)
    return (data, disassemble(data, address, labels).text) if data else None
