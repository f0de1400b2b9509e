"""The toy kernel so small that all its points can be tried, and bugs planted in it (firmware/plants.inc)."""

from __future__ import annotations

from s390emu.adversary.search import PATIENCE
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.guests import several_cpus
from s390emu.host.host import Host
from s390emu.machine import Machine, Schedule

STORAGE = 288 << 10
TINY = {"PASSES": 1, "SCAN": 1, "STEPS": 4, "FILE_BLOCKS": 6, "WRITABLE_BLOCKS": 2, "CACHE_BLOCKS": 8, "SEED": 2}
LARGER = TINY | {"PASSES": 2, "STEPS": 16, "FILE_BLOCKS": 9}  # a file that is not all mapped

BUGS = {
    "R1: C cleared before the block is stable": 18,
    "a cached block used without make_stable": 13,
    "a discarded block taken for stable": 16,
    "R10: the log's copy freed though the block is gone": 28,
}
EASY = "a discarded block taken for stable"  # the first point of all shows it

# The kernel for several CPUs, so small that most of its interleavings can be tried (firmware/smp_plants.inc). By plant,
# what differs: the seed above all, which decides what the two jobs do, and the level at which it is found.
FEW = {"JOBS": 2, "STEPS": 4, "FILE_BLOCKS": 2, "WRITABLE_BLOCKS": 1, "CACHE_BLOCKS": 2, "WORDS": 1, "TELL": 0}
FEW |= {"SPIN_LIMIT": 1000}
BETWEEN_CPUS = {
    101: ({"SEED": 1}, (1, 1)),
    102: ({"SEED": 5}, (1, 1)),
    103: ({"SEED": 5}, (1, 1)),
    104: ({"SEED": 91, "STEPS": 2}, (1, 1)),
    105: ({"SEED": 5}, (1, 1)),
    106: ({"SEED": 5}, (0, 1)),
    107: ({"SEED": 3}, (1, 1)),
    108: ({"SEED": 3}, (1, 1)),
    109: ({"SEED": 844, "STEPS": 2, "CACHE_BLOCKS": 3}, (1, 1)),
    110: ({"SEED": 11}, (1, 1)),
    111: ({"SEED": 5}, (1, 1)),
    112: ({"SEED": 8}, (1, 1)),
    113: ({"SEED": 5}, (1, 1)),
    114: ({"SEED": 867, "STEPS": 2}, (2, 1)),
    115: ({"SEED": 26, "STEPS": 2}, (1, 0)),
    116: ({"SEED": 861, "STEPS": 2}, (2, 0)),
}


def between_cpus(plant: int, **tunables: int) -> Machine:
    """Make a machine of two CPUs with the kernel that has this plant, 0 none."""
    machine = Machine(STORAGE, cpus=2, schedule=Schedule(2, PATIENCE), tlb=False, host=Host(STORAGE // BLOCK_SIZE))
    machine.load(several_cpus.build(**FEW | tunables, PLANT=plant))
    return machine
