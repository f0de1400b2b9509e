"""Schedules and discards together: what is the same, what is tried, what is found."""

from __future__ import annotations

from functools import partial

import pytest

from s390emu._jit import JIT
from s390emu.adversary.exploration import Bug, Expected, reduced, repeat
from s390emu.adversary.interleavings import Count, Explorer, Found, Level, levels
from s390emu.adversary.moves import DISCARDING, SWITCH, Move, possible
from s390emu.adversary.search import CannotSearch, Plan, Search
from s390emu.machine import Machine
from tests.adversary.planted import BETWEEN_CPUS, between_cpus
from tests.adversary.two_cpus import COMPARE_AND_SWAP, LOAD_AND_STORE, LOOK, LOOK_AND_CHECK, make

DISCARDS = (DISCARDING,)
LIMIT = 100_000
lost_update = partial(make, LOAD_AND_STORE)
half_repaired = partial(make, look=LOOK_AND_CHECK)
jitted = pytest.mark.skipif(not JIT, reason="too many runs as plain Python")


def search(make, **options):
    return Search(make, Plan("exhaustive", DISCARDS, **options)).run()


def end(machine: Machine) -> tuple:
    """All that can be told of a run that has ended, but for time."""
    storage = machine.read(0, machine.storage.size)
    return machine.console, [cpu.count for cpu in machine.cpus], [list(cpu.gr) for cpu in machine.cpus], storage


def test_few_moves_come_first():
    assert levels(2, 1) == [(0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert levels(0, 2) == [(0, 1), (0, 2)]


class AllEnds(Explorer):
    """Tries everything, wrong or not, and keeps how it ends to the last byte."""

    def judge(self, moves, place, stop, size):
        stop = stop or self.machine.run(self.limit(moves) - self.machine.count)
        self.ends = getattr(self, "ends", set())
        self.ends.add(repr((stop, end(self.machine))))
        self.count.add(Count(1, size))


def explore(machine: Machine, level: Level, literal: bool) -> AllEnds:
    start = machine.snapshot()
    expected = Expected.of(machine, machine.run(LIMIT))
    machine.restore(start)
    explorer = AllEnds(machine, DISCARDS, expected, literal)
    firsts = (explorer.first_preemptions(level.discards > 0) if level.preemptions else []) + (
        explorer.first_discards() if level.discards else []
    )
    explorer.begin()
    explorer.ends = set()
    for choice in firsts:
        explorer.below(choice, level)
    return explorer


@jitted
@pytest.mark.parametrize("level", [(1, 0), (0, 1), (2, 0), (1, 1)], ids=str)
@pytest.mark.parametrize("guest", [(COMPARE_AND_SWAP, LOOK), (LOAD_AND_STORE, LOOK_AND_CHECK)], ids=["right", "wrong"])
def test_what_is_left_out_is_the_same_as_what_is_tried(guest, level):
    """All interleavings of so many moves, literally, end as those that are tried: to the last byte and register."""
    literal, few = (explore(make(*guest), Level(*level), literal) for literal in (True, False))
    assert few.count.tried < literal.count.tried
    missing = literal.ends - few.ends
    fewer = set()
    for less in [(level[0] - 1, level[1]), (level[0], level[1] - 1)]:
        if min(less) >= 0 and sum(less):
            fewer |= explore(make(*guest), Level(*less), False).ends
    undisturbed = make(*guest)
    fewer.add(repr((undisturbed.run(LIMIT), end(undisturbed))))
    assert missing <= fewer  # the moves that come to nothing are found with fewer
    assert few.ends <= literal.ends | fewer


def test_nothing_is_wrong_with_a_guest_that_keeps_the_rules():
    found = search(make, preemptions=1)
    assert found.bug is None and found.complete
    assert set(found.levels) == {(1, 0), (0, 1), (1, 1)}
    assert all(0 < count.tried <= count.same for count in found.levels.values())
    assert 3 < found.ends <= found.attempts


@pytest.mark.parametrize("guest, verbs", [(lost_update, [SWITCH]), (half_repaired, ["discard", SWITCH])])
def test_a_bug_that_needs_another_cpu_is_found_and_repeated(guest, verbs):
    found = search(guest)
    assert [move.verb for move in found.bug.moves] == verbs
    assert found.bug.stop.exit_code == 5
    machine = guest()
    stop = repeat(machine, found.bug.moves, found.expected.limit(2), machine.run)
    assert (stop, machine.console) == (found.bug.stop, found.bug.console)


def test_without_preemptions_a_lost_update_is_not_found():
    assert search(lost_update, preemptions=0).bug is None


def test_without_discards_a_repair_is_not_disturbed():
    assert search(half_repaired, discards=0, preemptions=1).bug is None


@jitted
def test_processes_make_no_difference_to_interleavings():
    alone, together = (search(make, jobs=jobs, preemptions=1) for jobs in (1, 2))
    assert alone.levels == together.levels
    alone, together = (search(half_repaired, jobs=jobs) for jobs in (1, 2))
    assert alone.bug == together.bug and alone.attempts == together.attempts


@pytest.mark.parametrize("most", [1, 7, 30])
def test_bound_of_interleavings(most):
    """It ends with the first move in whose runs the bound lies."""
    found = search(make, most=most)
    assert most <= found.attempts < 2 * most and not found.complete


def test_as_few_moves_as_can_be():
    machine = lost_update()
    start = machine.snapshot()
    expected = Expected.of(machine, machine.run(LIMIT))
    machine.restore(start)
    explorer = Explorer(machine, DISCARDS, expected)
    with pytest.raises(Found) as found:
        explorer.first_preemptions(False)
    (move,) = found.value.bug.moves
    machine.restore(start)
    machine.run(move.after - 2)
    _, block = possible(machine, DISCARDS)[0]
    more = (Move(move.after - 2, "discard", block * 4096), move, Move(move.after + 9, SWITCH, 0))
    bug = reduced(machine, start, Bug(more, 0, "", "", found.value.bug.stop, ""), expected)
    assert bug == found.value.bug


def test_a_random_schedule_finds_a_lost_update():
    guest = partial(lost_update, quantum=1000, tlb=True)
    found = Search(guest, Plan("random", DISCARDS, seed=1, most=60)).run()
    assert found.bug.stop.exit_code == 5
    assert 0 < len(found.bug.moves) < 4
    machine = guest()
    assert repeat(machine, found.bug.moves, found.expected.limit(4), machine.run) == found.bug.stop


def test_random_schedules_of_a_guest_that_keeps_the_rules():
    found = Search(partial(make, quantum=1000, tlb=True), Plan("random", DISCARDS, seed=1, most=20)).run()
    assert found.bug is None
    assert found.moves[SWITCH] > 20


@pytest.mark.parametrize(
    "machine, message",
    [({"quantum": 40}, "a quantum of 40 instructions preempts by itself"), ({"tlb": True}, "without TLB")],
    ids=["quantum", "tlb"],
)
def test_machines_that_cannot_be_searched(machine, message):
    with pytest.raises(CannotSearch, match=message):
        Search(partial(make, **machine), Plan("exhaustive", DISCARDS))


@jitted
@pytest.mark.parametrize("plant", [104, 106, 109, 115, 116])
def test_planted_bugs_that_need_few_interleavings(plant):
    tunables, level = BETWEEN_CPUS[plant]
    found = Search(partial(between_cpus, plant, **tunables), Plan("exhaustive", DISCARDS)).run()
    switches = [move.verb for move in found.bug.moves].count(SWITCH)
    assert (switches, len(found.bug.moves) - switches) == level
