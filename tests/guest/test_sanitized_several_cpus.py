"""The page-state sanitizer on the guest for several CPUs: the real one is clean whoever comes first; planted bugs are
found by their rules, most of them in runs in which nothing goes wrong."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.assembler.assemble import Program, assemble_files
from s390emu.guests import several_cpus, toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Schedule, Stop
from s390emu.sanitizer.guest import read_description
from s390emu.sanitizer.pages import Sanitizer
from s390emu.sanitizer.rules import BETWEEN_CPUS, BY_NAME
from tests.guest.altered import altered
from tests.guest.interleavings import Explorer
from tests.guest.test_several_cpus import ALL_GAPS, FEW, GAPS, LIMIT, SMALL, plants

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python (tests/sanitizer is)")

PAGE = Path(__file__).parents[2] / "docs" / "sanitizer.md"
QUANTUM, EVERY = 20, 501  # of an ordinary run: instructions in a turn, on average; between two visits of the host
MOST = 400_000

build = cache(several_cpus.build)


def watch(machine: Machine, program: Program) -> Sanitizer:
    return Sanitizer(machine, read_description(several_cpus.description(), program.symbols))


def ordinary_run(
    program: Program, cpus: int, seed: int | None, quantum: int = QUANTUM, every: int = EVERY
) -> tuple[Sanitizer, Stop]:
    """Run the guest with turns that a seed draws, on a host that throws away all it may every so many instructions."""
    host = Host(256, PagingDevice(), discard_keys="random")
    machine = Machine(host=host, cpus=cpus, schedule=Schedule(cpus, quantum, seed))
    machine.load(program)
    sanitizer = watch(machine, program)
    pool = range(program.symbols["POOL"] // 4096, program.symbols["POOL_END"] // 4096)
    while (stop := machine.run(every)).reason is Reason.LIMIT and machine.count < MOST:
        for number in pool:
            with suppress(ValueError):
                host.discard(0, number)
    sanitizer.finish()
    return sanitizer, stop


def gap_run(program: Program, gaps: list[int], run: int, cpus: int = 2) -> tuple[Sanitizer, Stop]:
    """Run the guest with other CPUs and the host in the gaps that a test names."""
    watchers: list[Sanitizer] = []
    explorer = Explorer(program, gaps, cpus, prepare=lambda machine: watchers.append(watch(machine, program)))
    explorer.run(run)
    watchers[0].finish()
    return watchers[0], explorer.stop


# --- The real kernel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpus, quantum, seed", [
    (1, 1000, None), (2, 1, None), (2, 1, 1), (2, 20, 2), (3, 3, 3), (4, 1, 4), (4, 1000, None), (8, 50, 5),
])  # fmt: skip
@pytest.mark.parametrize("tunables", [FEW, SMALL], ids=["few blocks", "more blocks"])
def test_real_kernel_is_clean(cpus, quantum, seed, tunables):
    sanitizer, stop = ordinary_run(build(**tunables | {"SPIN_LIMIT": 1_000_000}), cpus, seed, quantum)
    assert stop.exit_code == 0
    assert not sanitizer.counts


@pytest.mark.parametrize("gaps", ALL_GAPS)
@pytest.mark.parametrize("cpus", [2, 3])
def test_real_kernel_is_clean_in_any_gap(gaps, cpus):
    program = build(**FEW, SEED=cpus)
    for run in range(5):
        sanitizer, stop = gap_run(program, ALL_GAPS[gaps](program), run, cpus)
        assert stop.exit_code == 0
        assert not sanitizer.counts


@pytest.mark.parametrize("hints", [0, 2])
def test_fewer_hints_are_clean(hints):
    sanitizer, stop = ordinary_run(build(**FEW, HINTS=hints), 2, 1)
    assert stop.exit_code == 0
    assert not sanitizer.counts


@pytest.mark.parametrize("cpus", [1, 3])
def test_host_that_is_short_of_frames_and_the_run_is_as_without(cpus):
    program = build(**SMALL)
    ends = []
    for watched in (True, False):
        machine = Machine(host=Host(16 + 2 * cpus, PagingDevice()), cpus=cpus, schedule=Schedule(cpus, 7, 1))
        machine.load(program)
        sanitizer = watch(machine, program) if watched else None
        ends.append((machine.run(LIMIT), machine.console, machine.blocks(), machine.read(0, machine.storage.size)))
        if sanitizer:
            sanitizer.finish()
            assert not sanitizer.counts
    assert ends[0] == ends[1]
    assert ends[0][0].exit_code == 0


# --- Planted bugs -------------------------------------------------------------------------------------------------


def rows() -> list[list[str]]:
    """Return the cells of docs/sanitizer.md's table of planted bugs."""
    lines = re.findall(r"^\| 1\d\d \|.*$", PAGE.read_text(), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


ROWS = [row for row in rows() if row[1] != "none"]
NAMES = {number: name for name, number in plants().items() if name in GAPS}


def rule_of(row: list[str]) -> str:
    return row[1].strip("`")


def test_every_planted_bug_has_a_row():
    assert [int(row[0]) for row in rows()] == sorted(NAMES)
    assert {rule_of(row) for row in ROWS} <= BY_NAME.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_planted_bug_is_found_in_its_gap(row):
    plant, (seed, run) = int(row[0]), map(int, row[6].split(", "))
    program = build(**FEW, PLANT=plant, SEED=seed)
    sanitizer, _ = gap_run(program, GAPS[NAMES[plant]](program), run)
    assert rule_of(row) in sanitizer.counts


@pytest.mark.parametrize("row", [row for row in ROWS if row[4] != "-"], ids=lambda row: row[0])
def test_planted_bug_is_found_in_an_ordinary_run(row):
    """... in which the checksum is right."""
    sanitizer, stop = ordinary_run(build(**FEW, PLANT=int(row[0])), 2, int(row[4]))
    assert rule_of(row) in sanitizer.counts
    assert stop.exit_code == 0 or row[0] == "107"


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] == "yes"], ids=lambda row: row[0])
def test_planted_bug_is_found_on_one_cpu(row):
    sanitizer, _ = ordinary_run(build(**FEW, PLANT=int(row[0])), 1, None)
    assert rule_of(row) in sanitizer.counts


def test_purge_that_is_left_out_is_found_though_the_machine_forgives_it(tmp_path):
    purge = "        ptlb\n        stg     %r0,0(%r1)\n8:\n"
    files = altered(tmp_path / "firmware", several_cpus.sources(), "smp.inc", purge, purge.replace("ptlb", "nopr"))
    program = assemble_files(files, origin=toy_kernel.ORIGIN, defines=FEW | {"SMP": 1})
    sanitizer, stop = ordinary_run(program, 2, 1)
    assert stop.exit_code == 0
    assert "translation-held" in sanitizer.counts


def test_every_rule_between_cpus_is_documented():
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    needs = [", ".join(f"`{need}`" for need in rule.needs.split(", ")) for rule in BETWEEN_CPUS]
    wanted = [(rule.name, rule.clause, rule.words, need) for rule, need in zip(BETWEEN_CPUS, needs, strict=True)]
    assert rows == wanted
