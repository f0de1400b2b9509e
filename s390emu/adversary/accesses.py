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
from s390emu.isa.control.signals import CALL, EMERGENCY
from s390emu.machine import Machine
from s390emu.records.events import EVENT_FETCH, EVENT_REFERENCE, EVENT_STORE
from s390emu.storage.presence import FETCH, INSTRUCTION
from s390emu.storage.references import BOUNDARY, FIRST_SPECIAL, HOW_SHIFT, HYPERCALL, OFFSET_SHIFT, PINS, SIGNAL

WANTED = (EVENT_FETCH, EVENT_STORE, EVENT_REFERENCE)
UNIT_SHIFT = 3  # a doubleword
BLOCK_UNITS_SHIFT = 12 - UNIT_SHIFT
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
    kind, block = events["kind"], events["block"]
    reference = kind == EVENT_REFERENCE
    boundary = np.flatnonzero(reference & (block == BOUNDARY))
    at, count = events["count"].astype(np.int64), events["cpu"].astype(np.int64)
    numbers = np.full(len(events), -1, np.int64)
    numbers[boundary] = boundary
    latest = np.maximum.accumulate(numbers) if len(events) else numbers
    instruction = np.where(latest >= 0, at[latest], first)
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []  # event, place, exclusive, hinted

    def add(event: np.ndarray, place, exclusive: bool, hinted=False) -> None:
        place = np.broadcast_to(np.asarray(place, np.int64), event.shape)
        rows.append((event, place, np.full(len(event), exclusive), np.broadcast_to(hinted, event.shape)))

    # operands, and the prefix area in interruptions
    for which, exclusive in ((EVENT_FETCH, False), (EVENT_STORE, True)):
        event = np.flatnonzero(kind == which)
        address, length = events["before"][event].astype(np.int64), events["after"][event].astype(np.int64)
        start, last = address >> UNIT_SHIFT, address + np.maximum(length, 1) - 1 >> UNIT_SHIFT
        many = last - start + 1
        offset = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        add(np.repeat(event, many), np.repeat(start, many) + offset, exclusive)
    # blocks
    event = np.flatnonzero(reference & (block < FIRST_SPECIAL))
    number, detail = block[event].astype(np.int64), events["detail"][event]
    how = (detail >> HOW_SHIFT & PINS).astype(np.int64) - 1
    state, key = events["before"][event].astype(np.int64), events["after"][event].astype(np.int64)
    hinted = places.takeable[state, key >> 1 & 1] & (detail & PINS == 0)
    for looks in (False, True):
        mask = (how < 0) == looks
        add(event[mask], places.key + number[mask], looks, hinted[mask])
    unit = (number << 12) + (detail >> OFFSET_SHIFT).astype(np.int64)
    for which, more in ((FETCH, 0), (INSTRUCTION, 0), (INSTRUCTION, LONGEST - 1)):
        mask = how == which
        inside = np.minimum(unit[mask] + more, number[mask] << 12 | 0xFFF)
        add(event[mask], inside >> UNIT_SHIFT, False)
    # CPUs and the host
    enabled = boundary[events["before"][boundary] & ENABLED != 0]
    add(boundary, places.whole + count[boundary], False)
    add(enabled, places.pending + count[enabled], False)
    add(enabled, places.host, False)
    event = np.flatnonzero(reference & (block == SIGNAL))
    target = np.minimum(events["before"][event].astype(np.int64), places.cpus - 1)
    interrupts = np.isin(events["after"][event], INTERRUPTING)
    add(event, np.where(interrupts, places.pending, places.whole) + target, True)
    add(np.flatnonzero(reference & (block == HYPERCALL)), places.host, True)

    event, place, exclusive, hinted = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.argsort(event, kind="stable")
    event = event[order]
    accesses = Accesses(instruction[event], count[event], place[order], exclusive[order], hinted[order])
    cpus = np.full(end - first, -1, np.int64)
    begins = np.zeros(end - first, np.int64)
    inside = boundary[(at[boundary] >= first) & (at[boundary] < end)]
    cpus[at[inside] - first] = count[inside]  # of several at one place the last one executes
    begins[at[inside] - first] = np.searchsorted(event, inside)
    return Executed(first, cpus, begins, accesses)
