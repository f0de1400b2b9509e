"""s390emu chunks, and the options for chunks of what runs a guest."""

from __future__ import annotations

import csv
import json

import pytest

from s390emu import cli
from s390emu._jit import JIT


@pytest.fixture
def command(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            cli.main(list(arguments))
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return run


def test_model(command, tmp_path):
    file = tmp_path / "table.csv"
    code, out, _ = command("chunks", "--fraction", "0.5", "--run", "16,64", "--csv", str(file))
    assert code == 0
    assert out.count("== model, 0.5 in runs of") == 2
    rows = list(csv.DictReader(file.open()))
    assert len(rows) == 14
    for row in rows:
        if row["policy"] == "whole":
            assert float(row["share"]) == pytest.approx(float(row["share_calculated"]), abs=0.02)


def test_json(command):
    code, out, _ = command("chunks", "--fraction", "0.5", "--run", "16", "--json")
    told = json.loads(out)
    assert (code, told["schema"]) == (0, "s390emu.chunks/1")
    assert [(row["chunk"], row["policy"]) for row in told["rows"]] == [
        ("4K", "-"), ("64K", "whole"), ("64K", "split"), ("64K", "subpage"), ("2M", "whole"), ("2M", "split"),
        ("2M", "subpage"),
    ]  # fmt: skip


@pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python")
def test_web_server(command):
    small = ("RAM_BLOCKS=512", "FILE_BLOCKS=720", "LOG_BLOCKS=8", "HEAP_BLOCKS=24", "BURST=8", "IDLE_US=100")
    code, out, _ = command("chunks", "--requests", "5,60", *(part for name in small for part in ("-D", name)), "--json")
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [row["requests"] >= wanted for row, wanted in zip(rows[::7], (5, 60), strict=True)] == [True, True]
    for row in rows:
        assert 0 <= row["freed"] <= row["hinted"] <= 512
    assert rows[0]["hinted"] > 100


@pytest.mark.parametrize("arguments, message", [
    (("chunks", "--fraction", "0.9", "--run", "4"), "make them 9.00 or longer"),
    (("chunks", "--fraction", "half"), "'half': numbers with commas between them are wanted"),
    (("chunks", "--requests", "0"), "--requests 0: at least 1"),
    (("chunks", "-D", "RAM_BLOCK=1"), "no tunable RAM_BLOCK"),
    (("chunks", "-D", "REQUESTS=5", "--requests", "5"), "REQUESTS=5: it must be 0, or more than the 5 to look at"),
    (("demo", "--chunk", "64K", "--frames", "88"), "88 frames and chunks of 16: give the host 80 frames or 96"),
    (("demo", "--chunk", "2M", "--frames", "512"), "guest storage of 256 blocks and chunks of 512"),
    (("demo", "--chunk", "1M"), "invalid choice: '1M'"),
])  # fmt: skip
def test_bad_usage(command, arguments, message):
    code, _, err = command(*arguments)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) <= 4


@pytest.mark.skipif(not JIT, reason="millions of instructions: not as plain Python")
def test_demo_in_chunks(command):
    code, out, _ = command("demo", "--ram", "2M", "--frames", "256", "--chunk", "64K", "--chunk-policy", "split", "-D",
                           "PASSES=2")  # fmt: skip
    assert code == 0
    assert "exit 0" in out
