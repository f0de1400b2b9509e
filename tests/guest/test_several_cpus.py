"""The guest for several CPUs: whatever the host takes, and whoever comes first, its checksum is the same.

Each of its planted bugs shows, but only if another CPU comes between."""

from __future__ import annotations

import re

import pytest

from s390emu._jit import JIT
from s390emu.assembler.assemble import AssemblyError
from s390emu.guests import several_cpus
from s390emu.guests.several_cpus import build, expected
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Schedule
from tests.guest.interleavings import Explorer, calls, places

long = pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python")

LIMIT = 5_000_000
SMALL = {"JOBS": 12, "STEPS": 16, "FILE_BLOCKS": 10, "WRITABLE_BLOCKS": 4, "CACHE_BLOCKS": 8, "WORDS": 4}
TINY = {"JOBS": 2, "STEPS": 4, "FILE_BLOCKS": 3, "WRITABLE_BLOCKS": 2, "CACHE_BLOCKS": 3, "WORDS": 1, "TELL": 0}
EXIT_CPU, EXIT_WAIT = 0x26, 0x25


def boot(program, *, frames: int = 256, **options) -> Machine:
    machine = Machine(host=Host(frames, PagingDevice()), **options)
    machine.load(program)
    return machine


def end(**tunables: int) -> list[str]:
    """Return the last two lines on the console of a good run."""
    total = f"{expected(**tunables):016X}"
    return [f"checksum {total} expected {total}", "exit 0"]


def last_lines(machine: Machine) -> list[str]:
    return machine.console.splitlines()[-2:]


def counts(machine: Machine) -> dict[str, int]:
    return {name: int(number) for number, name in re.findall(r"^(\d+) (.*)$", machine.console, re.MULTILINE)}


# --- One checksum -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpus", [1, 2, 3])
def test_smallest_run(cpus):
    machine = boot(build(**TINY), cpus=cpus)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end(**TINY)


@long
@pytest.mark.parametrize("cpus", [1, 2, 8])
def test_default_run(cpus):
    machine = boot(build(), cpus=cpus)
    assert machine.run(LIMIT).exit_code == 0
    assert machine.console.splitlines()[:2] == ["several CPUs: guest page hinting on (ESSA)", f"{cpus} CPUs"]
    assert last_lines(machine) == end()


@long
@pytest.mark.parametrize("quantum", [1, 7, 100, 100_000])
def test_any_turns(quantum):
    machine = boot(build(**SMALL), cpus=3, schedule=Schedule(3, quantum))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end(**SMALL)


@long
@pytest.mark.parametrize("seed", range(5))
def test_random_turns(seed):
    machine = boot(build(**SMALL, SEED=seed), cpus=4, schedule=Schedule(4, 5, seed))
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end(**SMALL, SEED=seed)


@long
@pytest.mark.parametrize("cpus", [1, 2])
def test_host_that_is_short_of_frames(cpus):
    machine = boot(build(), frames=16 + 2 * cpus, cpus=cpus)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end()
    assert machine.host.statistics(0).discarded.total() > 0


@long
@pytest.mark.parametrize("cpus", [1, 2])
def test_without_essa_it_does_the_same(cpus):
    machine = boot(build(), cpus=cpus, essa=False)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end()
    assert not machine.storage.blocks.usage.any()


@pytest.mark.parametrize("hints", [0, 2])
def test_fewer_hints(hints):
    machine = boot(build(**TINY, HINTS=hints), cpus=2)
    assert machine.run(LIMIT).exit_code == 0
    assert last_lines(machine) == end(**TINY)


def test_no_more_cpus_than_are_wanted():
    machine = boot(build(**TINY | {"CPUS": 2, "TELL": 1}), cpus=3)
    assert machine.run(LIMIT).exit_code == 0
    assert "2 CPUs" in machine.console.splitlines()
    assert machine.cpus[2].count == 0


def test_all_cpus_work():
    machine = boot(build(**TINY | {"JOBS": 6}), cpus=3, schedule=Schedule(3, 200))
    assert machine.run(LIMIT).exit_code == 0
    assert all(cpu.count > 1000 for cpu in machine.cpus)


# --- The end ------------------------------------------------------------------------------------------------------


def test_the_other_cpus_are_stopped_at_the_end():
    machine = boot(build(**TINY), cpus=3)
    assert machine.run(LIMIT).exit_code == 0
    ends = [int(cpu.record.stopped) for cpu in machine.cpus]
    assert ends[0] == 0
    assert ends[1] == ends[2] != 0


@pytest.mark.parametrize("number", [0, 1])
def test_panic_on_either_cpu_is_told_and_ends_both(number):
    program = build(**TINY | {"JOBS": 40})
    machine = boot(program, cpus=2, schedule=Schedule(2, 100))
    while True:  # until that CPU is at a supervisor call
        stop = machine.run(LIMIT, until=[program.symbols["svc_interruption"]])
        assert stop.reason is Reason.BREAKPOINT
        if stop.cpu == number:
            break
    machine.running.set_psw(machine.psw[0], program.symbols["freed_twice"])
    stop = machine.run(LIMIT)
    assert (stop.exit_code, stop.cpu) == (0x27, number)
    assert last_lines(machine) == ["panic: a frame was freed twice", "exit 39"]


def test_a_cpu_that_does_not_go_on_is_told():
    program = build(**TINY | {"SPIN_LIMIT": 500})
    machine = boot(program, cpus=2, schedule=Schedule(2, 100))
    machine.run(LIMIT, until=[program.symbols["cpu_begins"]])
    machine.running.set_psw(0x0002000180000000, 0)  # a disabled wait
    assert machine.run(LIMIT).exit_code == EXIT_WAIT
    assert last_lines(machine) == ["panic: waited too long", "exit 37"]


def test_an_error_of_a_task_is_told():
    program = build(**TINY)
    machine = boot(program)
    machine.run(LIMIT, until=[program.symbols["task"]])
    machine.gr[2] = 1
    machine.running.set_psw(machine.psw[0], places(program, "task", b"\x0a\x00")[0])  # SVC exit
    assert machine.run(LIMIT).exit_code == 0x41
    assert last_lines(machine) == ["panic: a task failed", "exit 65"]


# --- How it is built ----------------------------------------------------------------------------------------------


def test_the_twins_tunables_are_those_of_the_assembly():
    symbols = build().symbols
    assert {name: symbols[name] for name in several_cpus.DEFAULTS} == several_cpus.DEFAULTS


@pytest.mark.parametrize(
    "tunables",
    [
        {"CPUS": 0}, {"CPUS": 9}, {"JOBS": 0}, {"STEPS": 0}, {"WRITABLE_BLOCKS": 0}, {"FILE_BLOCKS": 8},
        {"FILE_BLOCKS": 257}, {"CACHE_BLOCKS": 1}, {"CACHE_BLOCKS": 257}, {"WORDS": 0}, {"WORDS": 513}, {"HINTS": 3},
        {"PLANT": 1}, {"PLANT": 117},
    ],
    ids=str,
)  # fmt: skip
def test_tunables_out_of_their_limits_are_refused(tunables):
    (name,) = tunables
    with pytest.raises(AssemblyError, match=f"{name}.* must be "):
        build(**tunables)


# --- Planted bugs -------------------------------------------------------------------------------------------------

FEW = {"JOBS": 8, "STEPS": 8, "FILE_BLOCKS": 2, "WRITABLE_BLOCKS": 1, "CACHE_BLOCKS": 2, "WORDS": 1}
FEW |= {"TELL": 0, "SPIN_LIMIT": 3000}
ESSA, OI, LARL = b"\xb9\xab", b"\x96", b"\xc0\x10"
USES = ("fold", "add_shared")  # a block, by the kernel


def symbols(program, *names: str) -> list[int]:
    return [program.symbols[name] for name in names]


def uses(program) -> list[int]:
    return symbols(program, *USES)


def offers(program) -> list[int]:
    return places(program, "set_volatile", ESSA) + uses(program)


GAPS = {  # by planted bug: where another CPU has to come between
    "DISCARDED_NOT_SWAPPED": lambda p: places(p, "test_and_set", OI),
    "NO_STATE_CHANGE": offers,
    "STABLE_DOES_NOT_SPIN": offers,
    "CHECKED_EARLY": lambda p: calls(p, "page_make_volatile", "test_and_set") + uses(p),
    "BIT_RELEASED_EARLY": offers,
    "CHANGE_CLEARED_FIRST": lambda p: calls(p, "save_change", "page_make_stable"),
    "FREE_FRAME_TAKEN": lambda p: symbols(p, "discard_fault"),
    "NOT_SIGNED_OFF": lambda p: symbols(p, "discard_fault", *USES),
    "UNMAP_UNLOCKED": lambda p: calls(p, "map", "add_counts"),
    "UNUSED_LATE": lambda p: calls(p, "gather", "set_unused"),
    "LOOKUP_UNLOCKED": lambda p: calls(p, "cache_look_up", "add_counts"),
    "MAP_UNCHECKED": lambda p: symbols(p, "map"),
    "MAP_VOLATILE": lambda p: calls(p, "translation_fault", "cache_put"),
    "DIRTY_CLEARED_LATE": lambda p: calls(p, "write_block", "clear_flag") + uses(p),
    "WAKE_UP_LOST": lambda p: places(p, "look", LARL),
    "EVICT_UNCHECKED": lambda p: calls(p, "evict", "lock") + uses(p),
}
ALL_GAPS = {  # of the real kernel, not more than there can be breakpoints
    "make-volatile": offers,
    "faults": lambda p: symbols(p, "discard_fault", "map", *USES) + calls(p, "translation_fault", "cache_put"),
    "eviction": lambda p: calls(p, "evict", "lock") + calls(p, "write_block", "copy") + calls(p, "map", "add_counts"),
    "lookups": lambda p: calls(p, "cache_look_up", "unlock") + symbols(p, "look", "gather", "release_frame"),
}


def plants() -> dict[str, int]:
    """Return the numbers of the planted bugs that firmware/smp_plants.inc names."""
    found = build().symbols.items()
    return {name.removeprefix("PLANT_"): number for name, number in found if name.startswith("PLANT_") and number > 100}


def test_each_planted_bug_has_its_gap():
    numbers = plants()
    assert numbers.keys() >= GAPS.keys()
    assert sorted(numbers[name] for name in GAPS) == list(range(101, 101 + len(GAPS)))


@long
@pytest.mark.parametrize("gaps", ALL_GAPS)
def test_nothing_is_lost_in_any_gap(gaps):
    for cpus, seed in ((2, 1), (2, 2), (3, 3)):
        program = build(**FEW, SEED=seed)
        assert Explorer(program, ALL_GAPS[gaps](program), cpus).wrong(range(60)) is None


@long
@pytest.mark.parametrize("plant", GAPS)
def test_planted_bug_does_not_show_on_one_cpu_nor_on_one_after_the_other(plant):
    program = build(**FEW, PLANT=plants()[plant])
    for cpus in (1, 2):
        machine = boot(program, cpus=cpus, schedule=Schedule(cpus, LIMIT))
        assert machine.run(LIMIT).exit_code == 0


@long
@pytest.mark.parametrize("plant", GAPS)
def test_planted_bug_shows_if_another_cpu_comes_between(plant):
    for seed in range(1, 60):
        program = build(**FEW, PLANT=plants()[plant], SEED=seed)
        if Explorer(program, GAPS[plant](program)).wrong(range(30)):
            return
    pytest.fail("not in so many runs")
