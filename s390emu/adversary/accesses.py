"""What each instruction of a run does that another CPU could notice, or could have changed: its accesses to places.

A place is a doubleword of absolute storage; the key and the state of a block; a CPU's pending interruptions; a CPU as a
whole, to which an order of SIGNAL PROCESSOR does what it may do at any boundary; or the host and what it has pending
for the whole guest. Two accesses to one place commute unless one of them is exclusive: a store, but also any look at a
key, since every access to the block sets R or C. Two instructions of different CPUs commute unless two of their
accesses do not: the state is the same afterwards, whoever comes first.

Time is no place: a guest that looks at its clocks may tell schedules apart that are the same here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from s390emu.adversary.moves import TAKING
from s390emu.architecture.psw_bits import EXTERNAL, IO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.isa.control.signals import CALL, EMERGENCY
from s390emu.machine import Machine
from s390emu.records.events import EVENT_FETCH, EVENT_REFERENCE, EVENT_STORE
from s390emu.storage.presence import FETCH, INSTRUCTION
from s390emu.storage.references import BOUNDARY, FIRST_SPECIAL, HOW_SHIFT, HYPERCALL, OFFSET_SHIFT, PINS, SIGNAL

WANTED = (EVENT_FETCH, EVENT_STORE, EVENT_REFERENCE)
UNIT_SHIFT = 3  # a doubleword
BLOCK_UNITS_SHIFT = 12 - UNIT_SHIFT
UNIT_BYTES = 1 << UNIT_SHIFT
LONGEST = 6  # bytes of an instruction
ENABLED = int(EXTERNAL) | int(IO)
INTERRUPTING = (int(CALL), int(EMERGENCY))  # orders that are noticed only if the CPU is enabled


class Places:
    """Numbers of the places of a guest. verbs: what the host may do to a block."""

    def __init__(self, machine: Machine, verbs: tuple[int, ...]):
        self.takeable = np.isin(TAKING, verbs)  # by state and change bit
        blocks, self.cpus = len(machine.storage.blocks), len(machine.cpus)
        self.key = blocks << BLOCK_UNITS_SHIFT  # of block 0
        self.pending = self.key + blocks  # of CPU 0
        self.whole = self.pending + self.cpus
        self.host = self.whole + self.cpus
        self.total = self.host + 1


class Accesses(NamedTuple):
    """Of a run, one after the other: the instruction (how many of all CPUs had ended before), its CPU, the place,
    whether it is exclusive, and whether it would be if the host could take the block between it and another one."""

    instruction: np.ndarray
    cpu: np.ndarray
    place: np.ndarray
    exclusive: np.ndarray
    hinted: np.ndarray

    def rows(self, which) -> Accesses:
        """Some of them: a slice, a mask or numbers."""
        return Accesses(*(column[which] for column in self))


class Footprint:
    """What a stretch of a run accesses, to be compared with what others do."""

    def __init__(self, places: Places, accesses: Accesses, hints: bool):
        self.hints = hints
        self.touched, self.exclusive = np.zeros(places.total, bool), np.zeros(places.total, bool)
        self.touched[accesses.place] = True
        exclusive = accesses.exclusive | accesses.hinted if hints else accesses.exclusive
        self.exclusive[accesses.place[exclusive]] = True

    def conflicts(self, accesses: Accesses) -> np.ndarray:
        """Which of these accesses of another CPU do not commute with the stretch, as a mask."""
        exclusive = accesses.exclusive | accesses.hinted if self.hints else accesses.exclusive
        return self.exclusive[accesses.place] | (exclusive & self.touched[accesses.place])


class Executed(NamedTuple):
    """What a stretch of a run has executed: the CPU of each instruction from `first` on, and all accesses.

    begins: by instruction the number of its first access; those before it may be of CPUs that could not run."""

    first: int
    cpus: np.ndarray
    begins: np.ndarray
    accesses: Accesses

    def before(self, cpu: int) -> Accesses:
        """What the others have accessed until this CPU executes an instruction."""
        mine = np.flatnonzero(self.cpus == cpu)
        others = self.accesses.rows(slice(0, self.begins[mine[0]] if len(mine) else None))
        return others.rows(others.cpu != cpu)


def executed(events: np.ndarray, places: Places, first: int, end: int) -> Executed:
    """What the events (of the kinds WANTED) of instructions first to end-1 tell."""
    boundary = _boundaries(events)
    at, count = events["count"].astype(np.int64), events["cpu"].astype(np.int64)
    numbers = np.full(len(events), -1, np.int64)
    numbers[boundary] = boundary
    latest = np.maximum.accumulate(numbers)
    instruction = np.where(latest >= 0, at[latest], first)
    event, place, exclusive, hinted = _accesses(events, places)
    order = np.argsort(event, kind="stable")
    event = event[order]
    accesses = Accesses(instruction[event], count[event], place[order], exclusive[order], hinted[order])
    cpus = np.full(end - first, -1, np.int64)
    begins = np.zeros(end - first, np.int64)
    inside = boundary[(at[boundary] >= first) & (at[boundary] < end)]
    cpus[at[inside] - first] = count[inside]  # of several at one place the last one executes
    begins[at[inside] - first] = np.searchsorted(event, inside)
    return Executed(first, cpus, begins, accesses)


def meanwhile(events: np.ndarray, places: Places, cpu: int) -> tuple[int, Accesses]:
    """What events tell of the others until this CPU executes an instruction: which CPU executes the first one, and the
    accesses, in no order and of no particular instruction."""
    boundary = _boundaries(events)
    executes = np.append(np.diff(events["count"][boundary]) != 0, True)
    executing = boundary[executes]
    runner = events["cpu"][executing]
    back = np.flatnonzero(runner == cpu)
    until = events[: executing[back[0]] if len(back) else len(events)]
    event, *columns = _accesses(until[until["cpu"] != cpu], places)
    return int(runner[0]) if len(runner) else cpu, Accesses(event, event, *columns)


def _boundaries(events: np.ndarray) -> np.ndarray:
    return np.flatnonzero((events["kind"] == EVENT_REFERENCE) & (events["block"] == BOUNDARY))


def _accesses(events: np.ndarray, places: Places) -> tuple[np.ndarray, ...]:
    """Return of each access the number of its event, the place, whether it is exclusive, and whether hinted."""
    kind, block = events["kind"], events["block"].copy()
    before, after = events["before"].astype(np.int64), events["after"].astype(np.int64)
    found: list[tuple[np.ndarray, np.ndarray, bool]] = []
    # operands, and the prefix area in interruptions
    for which in (EVENT_FETCH, EVENT_STORE):
        event = np.flatnonzero(kind == which)
        address, length = before[event], after[event]
        start, last = address >> UNIT_SHIFT, (address + length - 1) >> UNIT_SHIFT
        found.append((event, start, which == EVENT_STORE))
        longer = np.flatnonzero(last > start)
        many = (last - start)[longer]
        offset = np.arange(1, int(many.sum()) + 1) - np.repeat(np.cumsum(many) - many, many)
        found.append((np.repeat(event[longer], many), np.repeat(start[longer], many) + offset, which == EVENT_STORE))
    # blocks
    reference = kind == EVENT_REFERENCE
    event = np.flatnonzero(reference & (block < FIRST_SPECIAL))
    number, detail = block[event].astype(np.int64), events["detail"][event].astype(np.int64)
    how = (detail >> int(HOW_SHIFT) & int(PINS)) - 1
    takeable = places.takeable[before[event], after[event] >> 1 & 1] & (detail & int(PINS) == 0)
    keys = event, places.key + number, how < 0, takeable
    byte = detail >> int(OFFSET_SHIFT)
    fetched = (how == FETCH) | (how == INSTRUCTION)
    found.append((event[fetched], number[fetched] << BLOCK_UNITS_SHIFT | byte[fetched] >> UNIT_SHIFT, False))
    crossing = (how == INSTRUCTION) & ((byte & UNIT_BYTES - 1) + LONGEST > UNIT_BYTES)
    crossing &= byte + UNIT_BYTES < BLOCK_SIZE
    found.append((event[crossing], (number[crossing] << BLOCK_UNITS_SHIFT | byte[crossing] >> UNIT_SHIFT) + 1, False))
    # CPUs and the host
    boundary = np.flatnonzero(reference & (block == BOUNDARY))
    cpu = events["cpu"][boundary].astype(np.int64)
    found.append((boundary, places.whole + cpu, False))
    enabled = before[boundary] & ENABLED != 0
    found.append((boundary[enabled], places.pending + cpu[enabled], False))
    found.append((boundary[enabled], np.full(int(enabled.sum()), places.host), False))
    event = np.flatnonzero(reference & (block == SIGNAL))
    kinds = np.where(np.isin(after[event], INTERRUPTING), places.pending, places.whole)
    found.append((event, kinds + np.minimum(before[event], places.cpus - 1), True))
    event = np.flatnonzero(reference & (block == HYPERCALL))
    found.append((event, np.full(len(event), places.host), True))

    numbers, where, exclusive = zip(*found, strict=True)
    counts = [len(numbers[n]) for n in range(len(numbers))]
    return (
        np.concatenate((keys[0], *numbers)),
        np.concatenate((keys[1], *where)),
        np.concatenate((keys[2], np.repeat(exclusive, counts))),
        np.concatenate((keys[3], np.zeros(sum(counts), bool))),
    )
