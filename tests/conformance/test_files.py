"""Files of vectors: the same for the same seed, read as they were written, and refused where they are damaged."""

from __future__ import annotations

import gzip
import json

import pytest

from s390emu.conformance import files
from s390emu.conformance.files import SCHEMA, case_as_json, read_contents, read_row, write_contents, write_row
from s390emu.conformance.vectors import cases
from s390emu.input_files import FileError
from s390emu.shapes import ShapeError

ROWS = ("AGR", "MVC", "ADBR", "DR", "CRT", "BRCT", "CLST", "VUPKZ", "VFLR", "LAM", "LCTLG", "SSKE")


@pytest.fixture
def folder(tmp_path):
    rows = {row: write_row(tmp_path, row, cases(row, 20, "5")) for row in ROWS}
    write_contents(tmp_path, "5", 20, rows, ["STCK"])
    return tmp_path


def test_what_is_read_is_what_was_written(folder):
    contents = read_contents(folder)
    assert (contents["schema"], contents["seed"], contents["count"]) == (SCHEMA, "5", 20)
    for row in ROWS:
        found = list(read_row(folder, contents["rows"][row]))
        assert [vector.case for vector in found] == list(cases(row, 20, "5"))
        assert [vector.name for vector in found] == [
            f"{row} {number}: {case.line}" for number, case in enumerate(cases(row, 20, "5"))
        ]


def test_files_are_the_same_for_the_same_seed(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for row in ROWS:
        write_row(other, row, cases(row, 20, "5"))
        name = f"{row}.jsonl.gz"
        assert (other / name).read_bytes() == (folder / name).read_bytes()
    write_row(other, "AGR", cases("AGR", 20, "6"))
    assert (other / "AGR.jsonl.gz").read_bytes() != (folder / "AGR.jsonl.gz").read_bytes()


def test_a_file_is_one_object_a_line(folder):
    lines = gzip.decompress((folder / "CRT.jsonl.gz").read_bytes()).decode().splitlines()
    said = [json.loads(line) for line in lines]
    assert len(said) == 20
    assert all(set(case) == {"name", "initial", "final"} for case in said)
    assert {"code": "0007", "dxc": "ff"} in [case["final"]["interruption"] for case in said]
    assert None in [case["final"]["interruption"] for case in said]


def test_a_file_that_is_another_one_is_refused(folder):
    contents = read_contents(folder)
    path = folder / "AGR.jsonl.gz"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FileError, match="not the file that"):
        list(read_row(folder, contents["rows"]["AGR"]))


def changed(change) -> dict:
    """A case of AGR after a change."""
    said = case_as_json("AGR 0: agr", next(cases("AGR", 1, "1")))
    change(said)
    return said


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("final"),
        lambda said: said["initial"]["gr"].pop(),
        lambda said: said["initial"].update(gr=["1"] * 16),
        lambda said: said["initial"].update(storage=[["00020000", "b9"]]),
        lambda said: said["initial"].update(storage=[["20000", "b9080034"]]),
        lambda said: said["final"].update(interruption=7),
        lambda said: said["final"].update(vr=["0" * 32] * 32),
        lambda said: said["initial"].update(vr=["0" * 32] * 16),
        lambda said: said["initial"].update(ar=["0" * 8] * 16),
        lambda said: said["initial"].update(ar=["0" * 8] * 15),
        lambda said: said["initial"].update(cr={"1": "0" * 16}),
        lambda said: [said[name].update(cr={"0": "0" * 16}) for name in ("initial", "final")],
        lambda said: [said[name].update(keys=[["00000800", "00"]]) for name in ("initial", "final")],
        lambda said: [said[name].update(keys=[["00001000", "01"]]) for name in ("initial", "final")],
        lambda said: said["final"].update(open={"r16": "0" * 32}),
        lambda said: said.update(more=1),
    ],
)
def test_a_case_of_another_shape_is_refused(tmp_path, change):
    with pytest.raises(ShapeError, match="AGR"):
        data = files.packed([changed(change)])
        (tmp_path / "AGR.jsonl.gz").write_bytes(data)
        row = {"file": "AGR.jsonl.gz", "cases": 1, "sha256": files.hashlib.sha256(data).hexdigest()}
        list(read_row(tmp_path, row))


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same name of a test at any time


@pytest.mark.parametrize("data", [b"", b"no gzip", packed(b"x" * 9)[:-6], packed(b"\xff\n")])
def test_a_damaged_file_is_refused(tmp_path, data):
    (tmp_path / "AGR.jsonl.gz").write_bytes(data)
    row = {"file": "AGR.jsonl.gz", "cases": 1, "sha256": files.hashlib.sha256(data).hexdigest()}
    if data:
        with pytest.raises(FileError, match=r"AGR\.jsonl\.gz"):
            list(read_row(tmp_path, row))
    else:
        assert list(read_row(tmp_path, row)) == []
