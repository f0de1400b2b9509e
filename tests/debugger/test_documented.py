"""What docs/debugger.md shows of the history in Python does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s390emu import cli
from s390emu.machine import Machine
from s390emu.records.events import EVENT_ESSA
from tests.machine.test_history import HINTS

BLOCKS = re.findall(r"^```python\n(.*?)^```", Path(__file__).parents[2].joinpath("docs", "debugger.md").read_text(),
                    re.MULTILINE | re.DOTALL)  # fmt: skip
SOURCE = """
start:  llill %r1,0x8000
        lghi  %r2,200
wait:   brct  %r2,wait
        stg   %r1,0(%r1)
        essa  %r3,%r1,4             # potentially volatile
loop:   aghi  %r2,1
        j     loop
"""


def test_a_machine_and_its_history():
    names = {"machine": Machine.from_source(SOURCE, 1 << 18)}
    exec(BLOCKS[0], names)
    change, history, machine = names["change"], names["history"], names["machine"]
    assert (int(change.event["kind"]), change.count) == (EVENT_ESSA, 203)
    assert names["store"] is None
    assert machine.count == 203
    machine.run(limit=1)
    assert history.last_write(0x8000, 8).count == 202
    assert names["kept"][0] == 0
    assert history.end == 20_000


def test_a_recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.s").write_text(HINTS.replace("j     loop", "cghi %r2,90\n jl loop\n .long 0"))
    with pytest.raises(SystemExit):
        cli.main(["run", "hello.s", "--record", "hello.s390rec", "--limit", "200"])
    names: dict = {}
    exec(BLOCKS[1], names)
    assert names["store"].count == 1
    assert names["history"].end == 200
