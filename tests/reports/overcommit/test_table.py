"""The table: every row, as CSV or as Parquet."""

from __future__ import annotations

import csv
import sys

import pytest

from s390emu.reports.overcommit import table


def test_csv_has_every_row_and_no_time_of_the_computer(rows, tmp_path):
    found = rows(guests=(1, 2), policy=("none", "both"))
    path = table.write(tmp_path / "overcommit", found, "csv")
    assert path == tmp_path / "overcommit.csv"
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["guest"] for row in read] == ["0", "all", "0", "all", "0", "1", "all", "0", "1", "all"]
    assert float(read[0]["requests_per_second"]) == found[0]["requests_per_second"]
    assert read[0]["checksum_ok"] == "true"
    assert "real_seconds" not in read[0]


def test_rows_need_not_have_the_same_columns(tmp_path):
    path = table.write(tmp_path / "t", [{"a": 1, "b": None}, {"a": 2, "c": (("x", 1), ("y", 2.5))}], "csv")
    assert path.read_text() == "a,b,c\n1,,\n2,,x=1 y=2.5\n"


def test_parquet_says_the_same(rows, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = [*rows(guests=(2,), policy=("none", "both")), {"guest": 0, "seconds": 1, "outcome": None}]
    read = parquet.read_table(table.write(tmp_path / "t", found, "parquet")).to_pylist()
    assert [row["guest"] for row in read] == ["0", "1", "all", "0", "1", "all", "0"]
    assert read[2]["page_ins"] == found[2]["page_ins"]
    assert read[2]["checksum_ok"] is True
    assert read[6]["page_ins"] is None


def test_without_pyarrow_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(table.ParquetUnavailable, match=r"pip install 's390emu\[parquet\]'"):
        table.write(tmp_path / "t", [{"a": 1}], "parquet")
