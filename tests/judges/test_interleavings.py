"""Bugs that only an interleaving shows, each found by the adversary's search of schedules and discards.

Minutes of a core: where the judges are not required they are left out."""

from __future__ import annotations

from functools import partial

import pytest

from s390emu._jit import JIT
from s390emu.adversary.exploration import repeat
from s390emu.adversary.moves import DISCARDING, SWITCH
from s390emu.adversary.search import Plan, Search
from tests.adversary.planted import BETWEEN_CPUS, between_cpus
from tests.required import REQUIRED

pytestmark = pytest.mark.skipif(
    not JIT or not REQUIRED, reason="only compiled, with S390EMU_REQUIRE_JUDGES=1"
)
DISCARDS = (DISCARDING,)


@pytest.mark.parametrize("plant", BETWEEN_CPUS)
def test_planted_bug_is_found_with_the_fewest_moves_and_repeated(plant):
    tunables, level = BETWEEN_CPUS[plant]
    make = partial(between_cpus, plant, **tunables)
    found = Search(make, Plan("exhaustive", DISCARDS, jobs=2)).run()
    switches = [move.verb for move in found.bug.moves].count(SWITCH)
    assert (switches, len(found.bug.moves) - switches) == level
    machine = make()
    stop = repeat(machine, found.bug.moves, found.expected.limit(len(found.bug.moves)), machine.run)
    assert (stop, machine.console) == (found.bug.stop, found.bug.console)
    assert found.expected.fault_of(machine, stop) == found.bug.fault


@pytest.mark.parametrize("tunables", [{"SEED": 5}, {"SEED": 867, "STEPS": 2}], ids=str)
def test_nothing_is_found_in_the_kernel_without_a_plant(tunables):
    found = Search(partial(between_cpus, 0, **tunables), Plan("exhaustive", DISCARDS, jobs=2, most=5000)).run()
    assert found.bug is None
    assert found.attempts >= 5000 and found.ends > 500
