"""Replays of guests with several CPUs: the same interleaving, and what the host does at the same instruction of it."""

from __future__ import annotations

import json

import pytest

from tests.commands.test_replay import broken

GUEST = """
start:  llihf   %r7,1                   # restart new PSW: 64-bit mode, at `second`
        iilf    %r7,0x80000000
        stg     %r7,0x1a0
        larl    %r6,second
        stg     %r6,0x1a8
        lghi    %r5,1
        sigp    %r8,%r5,6
        lgfi    %r1,0x12000
        mvghi   0(%r1),7
        essa    %r2,%r1,3               # volatile, and nothing is prepared for a discard
        lghi    %r9,9
1:      brctg   %r9,1b
        essa    %r2,%r1,1
        sigp    %r8,%r5,5               # stop
        cghsi   0(%r1),7
        larl    %r12,right
        je      2f
        larl    %r12,wrong
2:      lpswe   0(%r12)
second: aghi    %r3,1
        j       second
        .balign 8
right:  .quad   0x0002000180000000,0
wrong:  .quad   0x0002000180000000,1
"""
TURNS = ("--cpus", 2, "--quantum", 3, "--schedule", 5)


@pytest.fixture
def guest(tmp_path):
    (tmp_path / "two.s").write_text(GUEST)
    return ("run", "two.s", "--ram", "96K", *TURNS)


def test_a_command_is_repeated_with_its_turns(s390emu, guest, tmp_path, monkeypatch):
    code, out, _ = s390emu(*guest, "--json")
    told = json.loads(out)
    assert (code, [cpu["address"] for cpu in told["cpus"]]) == (0, [0, 1])
    other = json.loads(s390emu(*guest[:-1], 6, "--json")[1])
    assert other["cpus"][1]["instructions"] != told["cpus"][1]["instructions"]
    with monkeypatch.context() as patch:
        patch.setattr("s390emu.reports.stop.as_dict", broken)
        assert s390emu(*guest, "--json")[0] == 70
    (path,) = tmp_path.glob("s390emu-*.replay.json")
    (tmp_path / "two.s").unlink()
    code, out, _ = s390emu("run", "--replay", path)
    assert (code, json.loads(out)) == (0, told)


def test_what_the_host_did_is_repeated_at_the_same_instruction_of_all(s390emu, guest, tmp_path):
    code, out, _ = s390emu(*guest, "--adversary", "random:3", "--adversary-actions", "discard", "--points", 200,
                           "--jobs", 1)  # fmt: skip
    assert (code, "A BUG: exit code" in out) == (1, True), out
    (path,) = tmp_path.glob("adversary-*.replay.json")
    content = json.loads(path.read_text())
    machine = content["machine"]
    assert [machine[name] for name in ("cpus", "quantum", "schedule")] == [2, 3, 5]
    code, _, err = s390emu("run", "--replay", path)
    assert (code, "exactly the run that was recorded" in err) == (1, True)
    assert "NOT" not in err

    path.write_text(json.dumps(content | {"machine": machine | {"schedule": 6}}))
    assert "exactly the run that was recorded" not in s390emu("run", "--replay", path)[2]
