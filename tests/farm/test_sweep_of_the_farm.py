"""A sweep of the farm itself, as small as can be: what the machinery around it takes for granted."""

from __future__ import annotations

from functools import partial

import pytest

from s390emu._jit import JIT
from s390emu.farm.cell import Cell
from s390emu.farm.executors import in_processes, in_this_process
from s390emu.farm.run import run_cell
from s390emu.farm.store import Store
from s390emu.farm.sweep import cells, run, troubles
from s390emu.reports.overcommit.summary import summary

pytestmark = pytest.mark.skipif(not JIT, reason="millions of instructions")
SMALL = {"ram": (2 << 20,), "warmup": (20,), "requests": (10,), "least": (0,), "guests": (2,)}
APART = ("real_seconds", "essa_cycles")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    wanted = cells(SMALL | {"policy": ("none", "hinting")})
    results = run(wanted, Store(tmp_path_factory.mktemp("here")), partial(in_this_process, runner=run_cell))
    assert not list(troubles(results))
    return results


def plain(results):
    return [[{k: v for k, v in row.items() if k not in APART} for row in result.rows] for result in results]


def test_its_rows_are_what_the_reports_want(here):
    told = summary([row for result in here for row in result.rows])
    assert [entry["policy"] for entry in told["throughput"]] == ["none", "hinting"]
    wanted = ("requests_per_second", "relative_to_none", "paging_per_second", "discards_per_request")
    assert all(entry[name] is not None for entry in told["throughput"] for name in wanted)


def test_processes_find_the_same(here, tmp_path):
    found = run([result.cell for result in here], Store(tmp_path), partial(in_processes, runner=run_cell, jobs=2))
    assert plain(found) == plain(here)


def test_without_hints_the_cost_of_essa_is_nothing(here):
    """So one run stands for all of them (`canonical`)."""
    cell = Cell(**{name: values[0] for name, values in SMALL.items()}, policy="none", essa_cycles=12_345)
    assert plain([here[0]._replace(rows=tuple(run_cell(cell)))]) == plain(here[:1])
