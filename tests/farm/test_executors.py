"""The same cells, wherever they run: here, in a pool of processes, on a Dask cluster of two workers."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import closing, contextmanager
from multiprocessing import active_children

import pytest

from s390emu.farm import executors, store
from s390emu.farm.executors import ClusterError, in_processes, in_this_process, on_dask
from s390emu.farm.sweep import cells
from tests.farm import pretended

CELLS = cells({"ratio": (1.0, 2.0), "guests": (1, 2), "policy": ("none", "hinting", "both")})


def told(results):
    """What must not depend on where it ran."""
    return {result.cell: [{k: v for k, v in row.items() if k != "real_seconds"} for row in result.rows]
            for result in results}  # fmt: skip


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "log"
    monkeypatch.setenv("PRETENDED_LOG", str(path))
    return lambda: [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def expected():
    return told(in_this_process(CELLS, pretended.run_cell))


def test_processes_give_the_same(expected, log):
    assert told(in_processes(CELLS, pretended.counting, 2)) == expected
    assert len(log()) == len(CELLS)
    assert {line[3] for line in log()}.isdisjoint({str(os.getpid())})


def test_a_cell_that_raises_in_a_process_is_told(expected):
    results = list(in_processes(CELLS, pretended.fail_with_both, 2))
    assert {r.cell.policy for r in results if r.error} == {"both"}
    assert len([r for r in results if not r.error]) == 8


def test_a_process_that_dies_costs_its_cell_only(expected):
    few = [cell for cell in CELLS if cell.guests == 1]
    results = {r.cell: r for r in in_processes(few, pretended.die_with_both, 2)}
    assert results.keys() == set(few)
    assert {cell.policy for cell, r in results.items() if r.error} == {"both"}
    assert all("ended without an answer" in r.error for r in results.values() if r.error)
    assert {c: rows for c, rows in told(results.values()).items() if rows} == {
        c: rows for c, rows in expected.items() if c in few and c.policy != "both"}  # fmt: skip


def test_closing_early_leaves_no_process(log):
    others = set(active_children())
    with closing(in_processes(CELLS, pretended.forever_with_both, 2)) as coming:
        assert next(coming).cell.policy != "both"
        assert set(active_children()) - others
    assert not set(active_children()) - others


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_closing_early_leaves_no_temporary_files(log, temporary):
    """A process that is terminated cannot remove its guests' disks and its paging file."""
    with closing(in_processes(CELLS, pretended.forever_with_both, 2)) as coming:
        while not any(line[2] == "both" for line in log()):
            next(coming)
        assert list(temporary.rglob("disk"))
    assert not list(temporary.rglob("*"))


# --- Dask ------------------------------------------------------------------------------------------------------------


@contextmanager
def two_workers():
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings, host="127.0.0.1", silence_logs=50) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    log = tmp_path_factory.mktemp("dask") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRETENDED_LOG", str(log))
        with two_workers() as address:
            yield address, log


def test_dask_gives_the_same_on_both_workers(cluster, expected):
    address, log = cluster
    assert told(on_dask(CELLS, pretended.counting, address)) == expected
    processes = {line.split()[3] for line in log.read_text().splitlines()}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


def test_a_cell_that_raises_on_dask_is_told(cluster):
    results = list(on_dask(CELLS, pretended.fail_with_both, cluster[0]))
    assert {r.cell.policy for r in results if r.error} == {"both"}
    assert len(results) == len(CELLS)


class AnotherVersionHere:
    """Says another version here; where it is sent to, it is the true function."""

    def __call__(self):
        return "another"

    def __reduce__(self):
        return getattr, (store, "code_version")


def test_workers_with_other_code_are_refused(cluster, monkeypatch):
    monkeypatch.setattr(executors, "code_version", AnotherVersionHere())
    with pytest.raises(ClusterError, match=r"has another version of s390emu \([0-9a-f]{16}, here another\)"):
        list(on_dask(CELLS[:1], pretended.run_cell, cluster[0]))


def test_a_worker_that_joins_later_with_other_code_is_not_believed(cluster, monkeypatch):
    monkeypatch.setattr(executors, "_same_code", lambda client, address: None)
    monkeypatch.setattr(executors, "code_version", AnotherVersionHere())
    (result,) = on_dask(CELLS[:1], pretended.run_cell, cluster[0])
    assert "another version of s390emu" in result.error
    assert not result.rows


def test_no_scheduler_is_told(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "PATIENCE", 1)
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9\b"):
        list(on_dask(CELLS[:1], pretended.run_cell, "tcp://127.0.0.1:9"))


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 's390emu\[cluster\]'"):
        list(on_dask(CELLS[:1], pretended.run_cell, "tcp://127.0.0.1:9"))
