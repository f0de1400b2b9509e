"""What happened in a part of a recording, as columns: the data of the timeline page (docs/timeline.md).

    told = Told(first, last, states, events, turns, ...)
    stories(told.events)                 each discard fault: who hinted, who took, who touched, how it was repaired
    pyramid(told, LEVELS)                the map of blocks against time, coarser and coarser

The events are all that changed a block or interrupted a CPU, in the order in which they happened. The state of a block
at any moment is that of its last event before it, or the one that it had at the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, PROGRAM
from s390emu.architecture.page_states import NAMES, POTENTIALLY_VOLATILE, RECLAIM, VOLATILE, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_ILC_SHIFT
from s390emu.reports.timeline import STATE
from s390emu.storage.transitions import CAUSE_SHIFT

# kinds
ESSA, HOST, INTERRUPTION, PUT, INPUT = range(5)  # PUT: the world gave a block this state; INPUT: it did something else
NO_BLOCK = 0xFFFF_FFFF
HAPPENED_T = np.dtype(
    [
        ("count", "<u8"),  # instructions that all CPUs had ended
        ("kind", "u1"),
        ("cpu", "u1"),
        ("block", "<u4"),  # of a discard fault the block it is about; NO_BLOCK: none
        ("before", "u1"),  # of an interruption its class
        ("after", "u1"),
        ("detail", "<u2"),  # ORC; cause and action of the host; code of an interruption; which of the inputs
        ("ia", "<u8"),  # of the instruction
        ("old", "<u8"),  # address in the old PSW
        ("teid", "<u8"),
        ("ended", "<u8"),  # instructions when the handler had loaded another PSW; 0: not in this part
        ("returned", "u1"),  # 1: that PSW went on where the interruption came
    ]
)
TURN_T = np.dtype([("count", "<u8"), ("cpu", "u1"), ("state", "u1")])  # a CPU is in this state from then on
SUPERVISOR, PROBLEM_STATE, WAITING, STOPPED = range(4)
CPU_STATES = ("supervisor state", "problem state", "wait state", "stopped state")
REGISTERS = 18  # PSW mask, PSW address, general registers
ILC_BITS = np.uint64(0x6 << int(EVENT_ILC_SHIFT))
HINTS = (VOLATILE, POTENTIALLY_VOLATILE)

# flags of a cell of the map
GUEST_ACTED, HOST_ACTED, FAULTED = 0x10, 0x20, 0x40
LEVELS = ((1024, 128), (2048, 512), (8192, 512))  # columns, rows


@dataclass
class Told:
    """first, last: instruction counts. states: of every block at the start. turns: states of CPUs.

    inputs         words for what the world did, by `detail` of the events of kind INPUT
    chosen         events, by number and in order, of which there are registers: a row of `registers` each
    code           instructions by address: their bytes and their text
    lines          source lines by address: file, line, text
    left_out       what of the events is not there, in words
    """

    first: int
    last: int
    cpus: int
    states: np.ndarray
    events: np.ndarray
    turns: np.ndarray
    inputs: list[str] = field(default_factory=list)
    chosen: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    registers: np.ndarray = field(default_factory=lambda: np.zeros((0, REGISTERS), np.uint64))
    code: dict[int, tuple[bytes, str]] = field(default_factory=dict)
    lines: dict[int, tuple[str, int, str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def happened(events: np.ndarray) -> np.ndarray:
    """Return EVENT records of the kinds ESSA, HOST and INTERRUPTION as rows of HAPPENED_T."""
    rows = np.zeros(len(events), HAPPENED_T)
    for name in ("count", "cpu", "ia"):
        rows[name] = events[name]
    page = (events["kind"] == EVENT_ESSA) | (events["kind"] == EVENT_HOST)
    rows["kind"] = np.where(page, np.where(events["kind"] == EVENT_ESSA, ESSA, HOST), INTERRUPTION)
    teid = events["detail"] & ~ILC_BITS
    fault = ~page & (events["block"] == PROGRAM) & (events["before"] == BLOCK_VOLATILITY)
    rows["block"] = np.where(page, events["block"], np.where(fault, teid // BLOCK_SIZE, NO_BLOCK))
    rows["before"] = np.where(page, events["before"], events["block"])
    rows["after"] = np.where(page, events["after"], 0)
    rows["detail"] = np.where(page, events["detail"], events["before"]) & np.uint64(0xFFFF)
    rows["old"] = np.where(page, 0, events["after"])
    rows["teid"] = np.where(page, 0, teid)
    return rows


def is_fault(events: np.ndarray) -> np.ndarray:
    """Return which of the events are discard faults."""
    return (events["kind"] == INTERRUPTION) & (events["block"] != NO_BLOCK)


def is_change(events: np.ndarray) -> np.ndarray:
    """Return which of the events gave a block another state."""
    page = (events["kind"] != INTERRUPTION) & (events["kind"] != INPUT)
    return page & (events["before"] != events["after"])


# --- interruptions and their handlers --------------------------------------------------------------------------------


class Control(NamedTuple):
    """What led a CPU elsewhere: interruptions, and new PSWs. new: the PSW is the one that an interruption loaded."""

    at: np.ndarray  # instructions that had ended
    cpu: np.ndarray
    interruption: np.ndarray
    new: np.ndarray
    state: np.ndarray
    to: np.ndarray  # of an interruption: the address in the old PSW
    jump: np.ndarray  # the PSW is not the next instruction's


def spans(control: Control, events: np.ndarray) -> None:
    """Enter into the interruptions where their handlers ended: with the first PSW that they loaded and that led
    elsewhere, of those nested in each other the last one first."""
    numbers = np.flatnonzero(events["kind"] == INTERRUPTION)
    taken = events[numbers]
    again = np.where(taken["before"] == PROGRAM, taken["ia"], taken["old"]).tolist()  # a guest may repair and repeat
    stacks: dict[int, list[tuple[int, tuple[int, int]]]] = {}  # by CPU: event, where it may go back to
    ended, returned, met = np.zeros(len(numbers), np.uint64), np.zeros(len(numbers), np.uint8), 0
    columns = (control.at, control.cpu, control.interruption, control.new, control.to, control.jump)
    for count, cpu, interruption, new, to, jump in zip(*(column.tolist() for column in columns), strict=True):
        stack = stacks.setdefault(cpu, [])
        if interruption:
            stack.append((met, (to, again[met])))
            met += 1
        elif jump and not new and stack:
            back = any(to in places for _, places in stack)
            while stack:
                event, places = stack.pop()
                ended[event], returned[event] = count + 1, to in places
                if not back or to in places:
                    break
    events["ended"][numbers], events["returned"][numbers] = ended, returned


def turns(control: Control, start: Sequence[int], first: int) -> np.ndarray:
    """Return the states of CPUs, each from when it has it on. start: those at the beginning."""
    psw = ~control.interruption
    rows = np.zeros(len(start) + int(psw.sum()), TURN_T)
    rows["count"][: len(start)], rows["state"][: len(start)] = first, start
    rows["cpu"][: len(start)] = range(len(start))
    rows["count"][len(start) :] = (control.at + np.where(control.new, 0, 1).astype(np.uint64))[psw]
    rows["cpu"][len(start) :], rows["state"][len(start) :] = control.cpu[psw], control.state[psw]
    kept = np.zeros(len(rows), bool)
    for cpu in range(len(start)):
        own = np.flatnonzero(rows["cpu"] == cpu)
        kept[own] = np.diff(rows["state"][own].astype(int), prepend=-1) != 0
    return rows[kept]


# --- discard faults --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """A discard fault, by the numbers of events; -1: not in this part of the recording.

    hinted   the guest's ESSA that last made the block volatile before the host took it
    took     who threw the content away
    repair   what happened to the block then, until the guest came back to the instruction, or went elsewhere
    retried  instructions from the fault to the end of the instruction, executed again; None: it was not
    """

    fault: int
    hinted: int
    took: int
    repair: list[int]
    retried: int | None


MOST_REPAIRS = 16  # events of a story


def stories(events: np.ndarray) -> list[Story]:
    """Return each discard fault with what led to it and what came of it."""
    order = np.argsort(events["block"], kind="stable")
    blocks, following = events["block"][order], _following(events)
    found = []
    for fault in np.flatnonzero(is_fault(events)).tolist():
        event = events[fault]
        own = order[np.searchsorted(blocks, event["block"]) : np.searchsorted(blocks, event["block"], "right")]
        before, after = own[own < fault], own[own > fault]
        hinted = _last(events, before, _hints)
        took = _last(events, before[before >= hinted], _takes)
        end = int(event["ended"])
        repair = after[(events["kind"][after] != INTERRUPTION) & (events["count"][after] <= end)]
        retried = None
        if event["returned"] and len(repair):
            again = events[following[fault]]
            if following[fault] < 0 or again["count"] > end + 1 or again["old"] != event["old"]:
                retried = end + 1 - int(event["count"])
        found.append(Story(fault, hinted, took, repair[:MOST_REPAIRS].tolist(), retried))
    return found


def _following(events: np.ndarray) -> np.ndarray:
    """Return of each interruption which one its CPU took next; -1: none."""
    following = np.full(len(events), -1)
    for cpu in np.unique(events["cpu"]):
        own = np.flatnonzero((events["kind"] == INTERRUPTION) & (events["cpu"] == cpu))
        following[own[:-1]] = own[1:]
    return following


def _takes(events: np.ndarray) -> np.ndarray:
    """Return which of the events threw a block's content away."""
    return ((events["before"] & 3) != ZERO) & ((events["after"] & 3) == ZERO) & (events["kind"] != INTERRUPTION)


def _hints(events: np.ndarray) -> np.ndarray:
    """Return which of them are ESSA by which a block became volatile."""
    usage = (events["after"] & STATE) >> 2
    return (events["kind"] == ESSA) & np.isin(usage, HINTS) & ((events["before"] & STATE) >> 2 != usage)


def _last(events: np.ndarray, numbers: np.ndarray, wanted) -> int:
    """Return the last of these events that is wanted; -1: none."""
    found = numbers[wanted(events[numbers])]
    return int(found[-1]) if len(found) else -1


# --- states at a moment, the map -------------------------------------------------------------------------------------


def states_at(told: Told, count: int) -> np.ndarray:
    """Return the state of every block when so many instructions had ended, as `GuestStorage.states`."""
    events = told.events[is_change(told.events) & (told.events["count"] < count)]
    states = told.states.copy()
    states[events["block"]] = events["after"]  # of several events of a block the last one counts
    return states & STATE


def changed_blocks(events: np.ndarray) -> np.ndarray:
    """Return the blocks that any event is about: the rows of the map."""
    blocks = np.unique(events["block"])
    return blocks[blocks != NO_BLOCK]


def by_reclaim(events: np.ndarray) -> np.ndarray:
    """Return in which events the host took a block's frame."""
    return (events["kind"] == HOST) & (events["detail"] >> CAUSE_SHIFT == RECLAIM)


def pyramid(told: Told, levels: Sequence[tuple[int, int]] = LEVELS) -> list[np.ndarray]:
    """Return the map, coarser and finer: of each level uint8[rows, columns]. A cell has the number (of NAMES) of the
    state in which its blocks were longest, and flags of what happened in it."""
    rows = changed_blocks(told.events)
    if not len(rows):
        return []
    changes = told.events[is_change(told.events)]
    row_of = np.searchsorted(rows, changes["block"])
    order = np.lexsort((np.arange(len(changes)), row_of))
    row_of, counts = row_of[order], changes["count"][order].astype(np.float64) + 1  # in force when it has ended
    after = changes["after"][order] & STATE
    begin = np.concatenate((np.full(len(rows), told.first, np.float64), counts))
    state = np.concatenate((told.states[rows] & STATE, after))
    row = np.concatenate((np.arange(len(rows)), row_of))
    order = np.lexsort((np.arange(len(row)), begin, row))
    begin, state, row = begin[order], state[order], row[order]
    end = np.append(begin[1:], told.last)
    end[np.append(row[1:] != row[:-1], True)] = told.last
    return [_level(told, rows, (row, begin, np.maximum(begin, end), state), *size) for size in levels]


def _level(told: Told, rows: np.ndarray, intervals: tuple[np.ndarray, ...], columns: int, height: int) -> np.ndarray:
    """Return one level, of so many columns and rows at most."""
    row, begin, end, state = intervals
    height = min(height, len(rows))
    scale = columns / max(1, told.last - told.first)
    line = row * height // len(rows)
    longest = np.zeros((height, columns), np.float32)
    cells = np.zeros((height, columns), np.uint8)
    for number, code in enumerate(NAMES):
        own = state == code
        if own.any():
            held = _coverage(line[own], (begin[own] - told.first) * scale, (end[own] - told.first) * scale,
                             height, columns)  # fmt: skip
            more = held > longest
            cells[more], longest[more] = number, held[more]
    events = told.events[told.events["block"] != NO_BLOCK]
    at_row = np.searchsorted(rows, events["block"]) * height // len(rows)
    at = np.minimum(((events["count"] - np.uint64(told.first)) * scale).astype(np.int64), columns - 1)
    did = is_change(events)
    for flag, chosen in ((GUEST_ACTED, did & (events["kind"] == ESSA)), (HOST_ACTED, did & by_reclaim(events)),
                         (FAULTED, is_fault(events))):  # fmt: skip
        cells[at_row[chosen], at[chosen]] |= flag
    return cells


def _coverage(line: np.ndarray, begin: np.ndarray, end: np.ndarray, height: int, columns: int) -> np.ndarray:
    """Return how much of each cell these intervals cover, in blocks; begin, end: in columns."""
    width = columns + 2
    edges = np.zeros(height * width)
    for at, sign in ((begin, 1.0), (end, -1.0)):
        whole = np.clip(at.astype(np.int64), 0, columns)
        part = np.clip(at - whole, 0, 1)
        for beside, weight in ((0, 1 - part), (1, part)):
            edges += np.bincount(line * width + whole + beside, sign * weight, height * width)
    return np.cumsum(edges.reshape(height, width), axis=1)[:, :columns].astype(np.float32)
