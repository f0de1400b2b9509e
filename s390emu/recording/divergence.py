"""Where two runs part: by their checkpoints and marks, then by running both, in ever smaller steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from s390emu.machine import Machine
from s390emu.machine.snapshot import Snapshot
from s390emu.recording.differences import Difference, differences
from s390emu.recording.reader import Checkpoint, Input, Mark, Recording
from s390emu.recording.replayer import Diverged, Replayer
from s390emu.recording.state import State, capture, rows_of

PARTS = 16  # into which what is left is divided


class Executed(NamedTuple):
    """What one run did after the last common moment: the instruction, what the world did before it, the machine."""

    cpu: int
    ia: int
    psw_mask: int
    inputs: list[Input]
    machine: Machine
    ended: str


@dataclass(frozen=True)
class Divergence:
    """count: instructions after which both runs were the same for the last time; -1: they begin differently.

    one, other: what each did next; None if that is not known. found: what differs after it.
    """

    count: int
    one: Executed | None
    other: Executed | None
    found: list[Difference]


def first_checkpoint_apart(one: Recording, other: Recording) -> tuple[int, int | None]:
    """Return the last instruction count at which both recordings have the same state (-1: none), and the first one
    behind it at which they have different states or registers; None: there is none."""
    states, registers = _digests(other), {mark.count: mark for mark in other.marks}
    same = -1
    for count, digest in _digests(one).items():
        if count in states:
            if states[count] != digest:
                break
            same = count
    for mark in one.marks:
        if mark.count > same and mark.count in registers:
            if _cpus(one.cpus_at(mark)) != _cpus(other.cpus_at(registers[mark.count])):
                return same, mark.count
    return same, next((n for n, digest in _digests(one).items() if states.get(n, digest) != digest), None)


def _digests(recording: Recording) -> dict[int, bytes]:
    """Return the digests of the states that are known, by instruction count, in order."""
    known = {mark.count: mark.digest for mark in recording.marks if mark.digest}
    return dict(sorted((known | {each.count: each.digest for each in recording.checkpoints}).items()))


def _cpus(state: State) -> bytes:
    return state.tables["cpu"].tobytes()


def between(one: Replayer, other: Replayer, first: int, last: int) -> Divergence | None:
    """Return where two runs part, which are the same after `first` instructions; None if not before `last`."""
    one.go_to(first)
    other.go_to(first)
    step = max(1, (last - first) // PARTS)
    while first < last:
        marks = _mark(one), _mark(other)
        ends = _run(one, first + step), _run(other, first + step)
        if ends == ("", "") and _same(one.machine, other.machine):
            first += step
            step = min(step, max(1, last - first))
            continue
        if step == 1:
            found = states_differ(capture(one.machine), capture(other.machine))
            return Divergence(first, _executed(one, first, ends[0]), _executed(other, first, ends[1]), found)
        _back(one, marks[0])
        _back(other, marks[1])
        step = max(1, step // PARTS)
    return None


def from_recording(replayer: Replayer) -> Divergence | None:
    """Return where a recording and what this version of the emulator makes of it part: between which checkpoints or
    marks."""
    recording = replayer.recording
    replayer.restore(0)
    before, index = recording.first, 0
    for known in sorted((*recording.checkpoints[1:], *recording.marks), key=lambda each: each.at):
        end = _run(replayer, known.count)
        if isinstance(known, Checkpoint):
            index += 1
            if known.given:
                replayer.restore(index)
                end = ""
        if end or not _as_recorded(replayer, known):
            found = [] if end else states_differ(_known(recording, known, index), capture(replayer.machine))
            return Divergence(before, None, _executed(replayer, before, end), found)
        before = known.count
    return None


def _known(recording: Recording, known: Checkpoint | Mark, index: int) -> State:
    """Return what is recorded of a state: all, or of a mark the CPUs."""
    return recording.state_at(index) if isinstance(known, Checkpoint) else recording.cpus_at(known)


def _as_recorded(replayer: Replayer, known: Checkpoint | Mark) -> bool:
    """True if the machine is in the state that was recorded, as far as it was."""
    if known.digest and replayer.digest() != known.digest:
        return False
    if isinstance(known, Checkpoint):
        return True
    return _cpus(replayer.recording.cpus_at(known)) == rows_of(replayer.machine.cpu_array).tobytes()


def _run(replayer: Replayer, count: int) -> str:
    """Run to an instruction count; return why it cannot."""
    try:
        replayer.run_to(count)
    except Diverged as error:
        return str(error)
    return ""


def _same(one: Machine, other: Machine) -> bool:
    return next(iter(differences(capture(one), capture(other))), None) is None


def _executed(replayer: Replayer, count: int, ended: str) -> Executed:
    machine = replayer.machine
    did = replayer.recording.inputs_between(count, count + 1)
    return Executed(machine.running.number, int(machine.port.insn_ia), machine.psw[0], did, machine, ended)


def _at_most(found: Iterator[Difference], most: int) -> Iterator[Difference]:
    for _, each in zip(range(most), found, strict=False):
        yield each


def _mark(replayer: Replayer) -> tuple[Snapshot, int]:
    return replayer.machine.snapshot(), replayer.next_input


def _back(replayer: Replayer, mark: tuple[Snapshot, int]) -> None:
    snapshot, replayer.next_input = mark
    replayer.machine.restore(snapshot)


def states_differ(one: State, other: State) -> list[Difference]:
    """Return what differs between two states, of much the first part. Of what one of them has not nothing is known."""
    both = one.tables.keys() & other.tables.keys()
    one, other = (replace(each, tables={name: each.tables[name] for name in both},
                          rest=each.rest if one.rest and other.rest else {}) for each in (one, other))  # fmt: skip
    return [*_at_most(differences(one, other), 1000)]
