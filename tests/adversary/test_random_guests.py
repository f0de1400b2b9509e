"""Which points are the same, on guests of random instructions: the classes against a host that looks at every boundary,
and the ends of the runs of all points of a class, to the last byte, key and register."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu.adversary.moves import DISCARDING, RECLAIMING, VERBS, Move
from s390emu.adversary.references import points_of
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.adversary.random_guests import build
from tests.adversary.test_references import expanded, seen

LIMIT = 600
FRAMES = 24
# Those of seeds 3, 4 and 21 change their translation tables (3: by UNPK) and do not purge the TLB: a search refuses
# them (test_search.py).
SEEDS = [seed for seed in range(25) if seed not in (3, 4, 21)]
EDGE = 3  # points at the beginning and at the end of a class that are tried, and as many in between


def whole_state(machine: Machine):
    stop = machine.run(max(0, LIMIT - machine.count))
    cpu = [machine.cpu[name].tolist() for name in machine.cpu.dtype.names]
    return stop, cpu, machine.now, machine.blocks(), machine.read(0, machine.storage.size)


def tried(point) -> list[int]:
    every = list(range(point["first"], point["last"] + 1))
    between = every[EDGE:-EDGE]
    return sorted({*every[:EDGE], *between[:: max(1, len(between) // EDGE)], *every[-EDGE:]})


@pytest.mark.parametrize("seed", SEEDS if JIT else SEEDS[:2])
def test_points_of_a_class_are_the_same(seed):
    paged = seed % 4 == 3
    verbs = (DISCARDING, RECLAIMING) if paged else (DISCARDING,)
    host = Host(FRAMES, PagingDevice() if paged else None, discard_keys=("zero", "random")[seed % 2], seed=seed)
    machine = build(lambda size: Machine(size, host=host, no_dat=seed % 3 == 0), seed)
    start = machine.snapshot()
    undisturbed = whole_state(machine)

    machine.restore(start)
    points, _ = points_of(machine, verbs, LIMIT)
    assert whole_state(machine) == undisturbed
    machine.restore(start)
    assert sorted(expanded(points)) == sorted(seen(machine, verbs, limit=LIMIT))
    for point in points:
        ends = []
        for count in tried(point):
            machine.restore(start)
            machine.run(count - machine.count)
            Move(count, VERBS[point["verb"]], int(point["block"]) * 4096).perform(machine)
            ends.append(whole_state(machine))
        assert all(end == ends[0] for end in ends), point
