"""Where two runs part: by the digests of their checkpoints, then by running both, in ever smaller steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from s390emu.machine import Machine
from s390emu.recording.differences import Difference, differences
from s390emu.recording.reader import Input, Recording
from s390emu.recording.replayer import Diverged, Replayer
from s390emu.recording.state import State, capture

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
    """Return the last instruction count at which both recordings have equal checkpoints (-1: none), and the first one
    of those behind it at which they have different ones; None: there is none."""
    known = {each.count: each.digest for each in other.checkpoints}
    same = -1
    for each in one.checkpoints:
        if each.count in known:
            if known[each.count] != each.digest:
                return same, each.count
            same = each.count
    return same, None


def between(one: Replayer, other: Replayer, first: int, last: int) -> Divergence | None:
    """Return where two runs part, which are the same after `first` instructions; None if not before `last`."""
    one.go_to(first)
    other.go_to(first)
    step = max(1, (last - first) // PARTS)
    while first < last:
        marks = one.mark(), other.mark()
        ends = _run(one, first + step), _run(other, first + step)
        if ends == ("", "") and _same(one.machine, other.machine):
            first += step
            step = min(step, max(1, last - first))
            continue
        if step == 1:
            found = [*_at_most(differences(capture(one.machine), capture(other.machine)), 1000)]
            return Divergence(first, _executed(one, first, ends[0]), _executed(other, first, ends[1]), found)
        one.history.return_to(marks[0])
        other.history.return_to(marks[1])
        step = max(1, step // PARTS)
    return None


def from_recording(replayer: Replayer) -> Divergence | None:
    """Return where a recording and what this version of the emulator makes of it part: between which checkpoints."""
    recording = replayer.recording
    replayer.restore(0)
    before = recording.first
    for index, checkpoint in enumerate(recording.checkpoints):
        end = _run(replayer, checkpoint.count)
        if checkpoint.given:
            replayer.restore(index)
        elif end or replayer.digest() != checkpoint.digest:
            found = [] if end else [*_at_most(differences(recording.state_at(index), capture(replayer.machine)), 1000)]
            return Divergence(before, None, _executed(replayer, before, end), found)
        before = checkpoint.count
    return None


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


def states_differ(one: State, other: State) -> list[Difference]:
    """Return what differs between two states, of much the first part."""
    return [*_at_most(differences(one, other), 1000)]
