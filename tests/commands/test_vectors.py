"""s390emu vectors: files written, the same for the same seed, and run here; what cannot be is one line."""

from __future__ import annotations

import gzip
import json

import pytest

from s390emu.conformance.twins.suite import recipes


def test_vectors_are_written_and_our_engine_passes_them(s390emu, tmp_path):
    code, out, err = s390emu("vectors", "agr", "MVC", "dr", "--count", 20, "--seed", "x", "-o", "v")
    assert (code, err) == (0, "")
    assert out.startswith("60 cases of 3 rows in v; ")
    assert {path.name for path in (tmp_path / "v").iterdir()} == {
        "vectors.json", "AGR.jsonl.gz", "MVC.jsonl.gz", "DR.jsonl.gz",
    }  # fmt: skip
    assert s390emu("vectors", "--check", "v")[:2] == (0, "s390emu: 0 of 60 cases deviate, in 0 of 3 rows\n")
    assert s390emu("vectors", "--check", "v", "dr")[1].startswith("s390emu: 0 of 20")


def test_the_same_seed_gives_the_same_files(s390emu, tmp_path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert s390emu("vectors", "sllg", "--count", 10, "--seed", seed, "-o", folder)[0] == 0
    files = [(tmp_path / folder / "SLLG.jsonl.gz").read_bytes() for folder in "abc"]
    assert files[0] == files[1] != files[2]


def test_a_case_that_does_not_hold_is_told(s390emu, tmp_path):
    """By the report, and exit code 1."""
    s390emu("vectors", "ngr", "--count", 3, "-o", "v")
    path = tmp_path / "v" / "NGR.jsonl.gz"
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    lines[1]["final"]["gr"][15] = f"{int(lines[1]['final']['gr'][15], 16) ^ 1:016x}"
    from s390emu.conformance import files

    data = files.packed(lines)
    path.write_bytes(data)
    contents = json.loads((tmp_path / "v" / "vectors.json").read_text())
    contents["rows"]["NGR"]["sha256"] = files.hashlib.sha256(data).hexdigest()
    (tmp_path / "v" / "vectors.json").write_text(json.dumps(contents))
    code, out, _ = s390emu("vectors", "--check", "v")
    assert code == 1
    assert out.startswith("s390emu: 1 of 3 cases deviate, in 1 of 1 rows\n")
    assert "general registers" in out and "r15: 0x" in out
    said = json.loads(s390emu("vectors", "--check", "v", "--json")[1])
    assert (said["schema"], said["deviating"]) == ("s390emu.conformance/1", 1)


def test_list_names_rows_with_a_twin_and_those_without(s390emu):
    said = json.loads(s390emu("vectors", "--list", "--json")[1])
    assert set(said["rows"]) == set(recipes())
    assert said["without_twin"]["STCK"] == "clocks and timers go on"
    assert not set(said["rows"]) & set(said["without_twin"])
    assert "\n  clocks and timers go on: ECTG " in s390emu("vectors", "--list")[1]
    assert s390emu("vectors", "--list")[1].startswith(f"{len(recipes())} rows have a twin: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stck", "-o", "v"], "STCK has no twin"),
        (["agrr", "-o", "v"], "did you mean AGR?"),
        ([], "one of: -o DIR"),
        (["-o", "v", "--check", "v"], "one of: -o DIR"),
        (["--check", "nowhere"], "nowhere/vectors.json"),
        (["agr", "--count", "0", "-o", "v"], "0"),
    ],
)
def test_what_cannot_be_is_one_line(s390emu, words, message):
    code, out, err = s390emu("vectors", *words)
    assert (code, out) == (2, "")
    assert message in err.splitlines()[0]


def test_a_folder_that_is_none_of_vectors(s390emu, tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "vectors.json").write_text('{"schema": "s390emu.vectors/3"}')
    code, _, err = s390emu("vectors", "--check", "v")
    assert code == 2
    assert "v/vectors.json" in err
