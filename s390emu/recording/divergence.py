"""Where two runs part: by their checkpoints and marks, then by running both, in ever smaller steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from s390emu.recording.differences import Difference, differences
from s390emu.recording.followers import Follower, Here, Moment
from s390emu.recording.reader import Checkpoint, Input, Mark, Recording
from s390emu.recording.replayer import Diverged, Replayer
from s390emu.recording.state import State, capture, rows_of

PARTS = 16  # into which what is left is divided


@dataclass(frozen=True)
class Divergence:
    """count: instructions after which both runs were the same for the last time; -1: they begin differently.

    one, other: what each did next, and what it is like after that; None if that is not known. inputs: what the world
    did to each before it. found: what differs after it.
    """

    count: int
    one: Moment | None
    other: Moment | None
    found: list[Difference]
    inputs: Sequence[tuple[Input, ...]] = ((), ())


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
    found = between_followers(Here(one), Here(other), first, last)
    if found is None or found.count < 0:
        return found
    inputs = [tuple(each.recording.inputs_between(found.count, found.count + 1)) for each in (one, other)]
    return replace(found, inputs=inputs, found=states_differ(capture(one.machine), capture(other.machine)))


def between_followers(one: Follower, other: Follower, first: int, last: int) -> Divergence | None:
    """Return the same of two that run guests, one of which may be in another build."""
    moments = one.to(first), other.to(first)
    if not _alike(*moments):
        return Divergence(-1, *moments, _parts(*moments))
    step = max(1, (last - first) // PARTS)
    while first < last:
        one.mark()
        other.mark()
        moments = one.to(first + step), other.to(first + step)
        if _alike(*moments):
            first += step
            step = min(step, max(1, last - first))
            continue
        if step == 1:
            return Divergence(first, *moments, _parts(*moments))
        one.back()
        other.back()
        step = max(1, step // PARTS)
    return None


def _alike(one: Moment, other: Moment) -> bool:
    """True if both are the same, and can go on."""
    return one.digests == other.digests and (one.ended, other.ended) == ("", "")


def _parts(one: Moment, other: Moment) -> list[Difference]:
    """Return which parts of the state differ, by their digests."""
    names = sorted({*one.digests, *other.digests})
    return [Difference(f"digest of {name}", one.digests.get(name), other.digests.get(name)) for name in names
            if one.digests.get(name) != other.digests.get(name)]  # fmt: skip


def from_recording(replayer: Replayer) -> Divergence | None:
    """Return where a recording and what this version of the emulator makes of it part: between which checkpoints or
    marks."""
    recording = replayer.recording
    replayer.restore(0)
    before, index = recording.first, 0
    every: list[Checkpoint | Mark] = [*recording.checkpoints[1:], *recording.marks]
    for known in sorted(every, key=lambda each: each.at):
        end = _run(replayer, known.count)
        if isinstance(known, Checkpoint):
            index += 1
            if known.given:
                replayer.restore(index)
                end = ""
        if end or not _as_recorded(replayer, known):
            found = [] if end else states_differ(_known(recording, known, index), capture(replayer.machine))
            return Divergence(before, None, Here(replayer).now(end), found)
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


def _at_most(found: Iterator[Difference], most: int) -> Iterator[Difference]:
    for _, each in zip(range(most), found, strict=False):
        yield each


def states_differ(one: State, other: State) -> list[Difference]:
    """Return what differs between two states, of much the first part. Of what one of them has not nothing is known."""
    both = one.tables.keys() & other.tables.keys()
    one, other = (replace(each, tables={name: each.tables[name] for name in both},
                          rest=each.rest if one.rest and other.rest else {}) for each in (one, other))  # fmt: skip
    return [*_at_most(differences(one, other), 1000)]
