"""Finished cells are kept, under everything that they depend on."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from s390emu.farm import store as store_module
from s390emu.farm.cell import Cell
from s390emu.farm.store import Result, Store, code_version
from s390emu.input_files import FileError
from tests.farm.pretended import run_cell

CELL = Cell(guests=2, policy="both", balloon=(("interval_us", 500),))


@pytest.fixture
def kept(tmp_path):
    store = Store(tmp_path)
    store.keep(Result(CELL, tuple(run_cell(CELL)), "", 1.5))
    return store


def test_a_cell_comes_back_as_it_was_kept(kept, tmp_path):
    result = Store(tmp_path).get(CELL)
    assert result.cell == CELL
    assert [row["guest"] for row in result.rows] == [0, 1, "all"]
    assert result.rows[2]["requests"] == 2 * CELL.requests
    assert result.seconds == 1.5


@pytest.mark.parametrize(
    "change", [{"guests": 3}, {"seed": 2}, {"balloon": ()}, {"ratio": 2.25}, {"quantum": 7}], ids=str
)
def test_another_cell_is_not_there(kept, change):
    assert kept.get(replace(CELL, **change)) is None


def test_another_version_of_the_code_has_not_found_it(kept, tmp_path):
    assert Store(tmp_path, version="another").get(CELL) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"cell": 1, "rows": [1], "seconds": 1}', b"\xff",
                                    b"[" * 99999, b"9" * 5000])  # fmt: skip
def test_a_damaged_file_is_no_result(kept, damage):
    kept.path(CELL).write_bytes(damage)
    assert kept.get(CELL) is None


@pytest.mark.parametrize("column, value", [
    ("requests", "many"), ("requests", None), ("requests", [1]), ("requests", True), ("requests", -1),
    ("requests", 10**400),
    ("seconds", 1e300), ("page_ins", {}), ("guests", "2"), ("ratio", "x"), ("policy", 3), ("policy", "x" * 1000),
    ("guest", "some"), ("guest", 0.5), ("outcome", 1), ("checksum_ok", "yes"), ("checksum_ok", 1), ("balloon", []),
    ("wishes", 1),
])  # fmt: skip
def test_a_row_of_another_shape_is_no_result(kept, column, value):
    content = json.loads(kept.path(CELL).read_text())
    content["rows"][2][column] = value
    kept.path(CELL).write_text(json.dumps(content))
    assert kept.get(CELL) is None


@pytest.mark.parametrize("change", [{"rows": []}, {"rows": {}}, {"rows": [[]]}, {"seconds": "1"}, {"schema": "other"},
                                    {"more": 1}])  # fmt: skip
def test_a_file_of_another_shape_is_no_result(kept, change):
    content = json.loads(kept.path(CELL).read_text())
    kept.path(CELL).write_text(json.dumps(content | change))
    assert kept.get(CELL) is None


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "endless", "nothing"])
def test_what_is_no_file_is_no_result(kept, kind):
    path = kept.path(CELL)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "endless":
        path.symlink_to(path.name)
    assert kept.get(CELL) is None


def test_a_cell_is_kept_in_the_place_of_a_link_not_where_it_leads(kept, tmp_path):
    victim, path = tmp_path / "victim", kept.path(CELL)
    victim.write_text("before")
    path.unlink()
    path.symlink_to(victim)
    kept.keep(Result(CELL, tuple(run_cell(CELL)), "", 1.5))
    assert victim.read_text() == "before"
    assert kept.get(CELL)


def test_cells_are_not_kept_in_another_folder(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "cells").symlink_to(tmp_path / "victim")
    with pytest.raises(FileError, match="cells: a link"):
        Store(tmp_path / "sweep")


def test_a_file_that_could_not_be_written_leaves_nothing(kept, monkeypatch):
    other = replace(CELL, guests=5)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        kept.keep(Result(other, ({"guest": "all"},)))
    assert [path.name for path in kept.folder.iterdir()] == [kept.path(CELL).name]


def test_a_file_of_another_cell_under_its_name_is_no_result(kept):
    content = json.loads(kept.path(CELL).read_text())
    content["cell"]["guests"] = 9
    kept.path(CELL).write_text(json.dumps(content))
    assert kept.get(CELL) is None


def test_the_version_covers_what_runs_and_not_what_reports(monkeypatch, tmp_path):
    package = tmp_path / "s390emu"
    for name in ("machine.py", "cli.py", "isa/essa.py", "reports/psw.py", "farm/sweep.py", "farm/cell.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("")
    monkeypatch.setattr(store_module, "PACKAGE", package)

    def version():
        code_version.cache_clear()
        return code_version()

    try:
        before = version()
        for apart in ("cli.py", "reports/psw.py", "farm/sweep.py"):
            (package / apart).write_text("changed = 1\n")
            assert version() == before
        for source in ("machine.py", "isa/essa.py", "farm/cell.py"):
            (package / source).write_text("changed = 1\n")
            assert version() != before, source
            before = version()
    finally:
        code_version.cache_clear()
