"""No file is an internal error, a hang, or more than a gigabyte: a short run of the fuzzer with a fixed seed.

The long one is `python -m tests.fuzz`. A file that fails here: `python -m tests.fuzz --again READER:SEED:NUMBER`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests import plainly
from tests.fuzz import fuzz, mutations, worker
from tests.fuzz.readers import READERS

SEED, FILES = 20_260_101, 80
CORRECT = {"assembler": 4, "elf": 3, "trace": 5, "script": 2, "sweep": 2, "toml": 3, "json": 1, "replay": 4,
           "symbols": 4, "vectors": 4}  # so many of its seeds
# Exit codes that so many files come to at least; with one of them only, nothing would be read but the first line.
SEEN = {"sweep": {0}, "options": {0, 2}, "toml": {2, 4}, "json": {2, 4}, "symbols": {2, 4}}


@pytest.mark.parametrize("reader", READERS)
def test_every_file_ends_with_a_documented_exit_code(reader):
    results = list(fuzz(reader, SEED, FILES))
    assert [(told["case"], told["found"]) for told in results if told["found"]] == []
    assert [told["case"] for told in results] == [f"{reader}:{SEED}:{n}" for n in range(FILES)]
    assert {code for told in results for code in told["codes"]} >= SEEN.get(reader, {0, 2})


@pytest.mark.parametrize("reader", CORRECT)
def test_what_is_spoilt_is_right_before(reader):
    """Else every file would be refused at its first line."""
    codes = [told["codes"][0] for told in fuzz(reader, worker.UNSPOILT, CORRECT[reader])]
    assert len(codes) == CORRECT[reader]
    assert 2 not in codes


def test_only_options_ask_for_json():
    assert worker.wrong(["explain", "--json"], 0, "MVC", "")
    assert not worker.wrong(["explain", "--", "--json"], 0, "MVC", "")


def test_a_value_too_deep_to_be_written_is_left_as_it_was(monkeypatch):
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    monkeypatch.setattr(mutations, "change_value", lambda value, chance: {"x": deep})
    assert mutations.of_toml(b"x = 1", Random(1), ()) == b"x = 1"


@pytest.mark.parametrize("body, told", [
    ("raise ZeroDivisionError('planted')", "exit code 70: s390emu: internal error: ZeroDivisionError: planted"),
    ("while True: pass", "more than 1 s"),
    ("len(bytes(3 << 30))", "exit code 70: s390emu: internal error: MemoryError"),
    ("os._exit(9)", "the process ended with 9"),
    ("raise GeneratorExit('planted')", "GeneratorExit: planted"),
])  # fmt: skip
def test_what_is_wrong_is_found(body, told):
    """With an error planted where files are read, in a worker as the fuzzer has it."""
    code = f"""
import os
from s390emu.commands import programs
from tests.fuzz import worker
def planted(*_, **__):
    {body}
worker.SECONDS = 1
programs.read = planted
worker.main("assembler", 1, 0, 1)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True,
                          env=plainly.environment(), timeout=120)  # fmt: skip
    assert told in done.stdout + f"the process ended with {done.returncode}"
