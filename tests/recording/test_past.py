"""A recording is a past: whatever `machine.history` can do it does over one, from its beginning to its end."""

from __future__ import annotations

import random

import pytest

from s390emu import inputs
from s390emu.debugger.target import Target, Why
from s390emu.machine import Reason
from s390emu.machine.history import Diverged, Input, Lost
from s390emu.recording import Recording, RunRecorder, Writer
from s390emu.recording.replayer import digest, past
from tests.commands.test_session import echo
from tests.recording.guests import PAGES, SEVERAL, loaded, opened, recorded, start_anew

HOSTS = [
    pytest.param(PAGES, {"frames": 20}, id="paging"),
    pytest.param(SEVERAL, {"cpus": 2, "schedule": 7, "frames": 32}, id="two-cpus-at-random"),
]
WAITS = """
start:  stosm 0,0
wait:   stckf 0x400                 # waits for its clock comparator, again and again
        lg    %r3,0x400
        algfi %r3,0x400000
        stg   %r3,0x400
        sckc  0x400
        larl  %r1,enabled
        lpswe 0(%r1)
        .balign 8
enabled: .quad 0x0102000180000000,0x2000
"""
WORLD = (("reclaim", 0x10000), ("message", "hello"), ("pressure", 20))


def disturbed(path) -> tuple:
    """Record a run in which the world does something now and then; return its machine, and digests by moment."""
    machine, moments = loaded(PAGES, frames=32), {}
    with RunRecorder(machine, Writer(path, options={"frames": 32}), 60, per_byte=0) as recorder:
        for _ in range(12):
            recorder.run(17)
            moments[machine.count] = digest(machine)
            for verb, operand in WORLD:
                inputs.perform(machine, verb, operand)
        recorder.run(40)
    return machine, moments


def waiting(path):
    """Record a guest whose waits the world ends, one with a message before; return its machine."""
    machine = loaded(WAITS)
    machine.shared = True
    machine.write(0x1B0, (0x180000000).to_bytes(8) + (0x10004).to_bytes(8))  # external new PSW: `wait`
    machine.cr[0] = 0x800
    machine.set_psw(*machine.psw)
    with RunRecorder(machine, Writer(path), 5, per_byte=0) as recorder:
        for n in range(6):
            assert recorder.run(100).reason is Reason.WAITING
            if n == 3:
                inputs.perform(machine, "message", "while it waits")
            inputs.perform(machine, "pass-time", machine.ready_at)
        recorder.run(3)
    return machine


@pytest.mark.parametrize(("source", "options"), HOSTS)
def test_each_moment_forth_and_back_is_what_it_was(tmp_path, source, options):
    end = recorded(tmp_path / "a", source, limit=400, **options)
    with opened(tmp_path / "a") as recording:
        history = past(recording, 30)
        assert (history.start, history.machine.count, history.end) == (0, 0, end.count)
        dice = random.Random(3)
        for count in [*dice.sample(range(400), 12), end.count]:
            history.goto(count)
            plain = loaded(source, **options)
            plain.run(count)
            assert digest(history.machine) == digest(plain), count
            for _ in range(min(3, count)):
                history.back()
            assert history.machine.count == max(0, count - 3)


def test_what_the_world_did_happens_again_wherever_one_comes_from(tmp_path):
    machine, moments = disturbed(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        history = past(recording)
        for count in random.Random(2).sample(sorted(moments), 8):
            history.goto(count)
            assert digest(history.machine) == moments[count]
            history.machine.run(machine.count - count)
            assert digest(history.machine) == digest(machine)
        assert not history.in_the_past


def test_waits_that_the_world_ended_end_again(tmp_path):
    machine = waiting(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        history = past(recording)
        for start in (0, 20, 33, 5):
            history.goto(start)
            history.machine.run(machine.count - start)
            assert (digest(history.machine), history.machine.now) == (digest(machine), machine.now)


def test_a_key_that_was_pressed_before_a_checkpoint_is_still_to_come(tmp_path):
    machine = echo()
    assert machine.run().reason is Reason.ENABLED_WAIT
    machine.host.type(0, "one\r")
    with RunRecorder(machine, Writer(tmp_path / "a")) as recorder:
        recorder.run(2000)
    assert "one" in machine.console
    with Recording.open(tmp_path / "a", lambda _: echo()) as recording:
        history = past(recording)
        history.machine.run(2000)
        assert history.machine.console == machine.console
        assert digest(history.machine) == digest(machine)


def test_behind_the_end_time_passes_by_itself(tmp_path):
    """Nobody is there who would let it pass, or press a key."""
    machine = waiting(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        history = past(recording)
        history.goto(history.end)
        assert history.machine.run(500).reason is Reason.LIMIT
        machine.shared = False
        machine.run(500)
        assert digest(history.machine) == digest(machine)
        history.goto(10)
        history.machine.run(machine.count - 10)
        assert digest(history.machine) == digest(machine)


def test_a_new_start_is_a_moment_as_others(tmp_path):
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 50) as recorder:
        recorder.run(120)
        start_anew(machine, recorder)
        recorder.run(200)
    with opened(tmp_path / "a") as recording:
        target = Target(past(recording).machine)
        target.goto(123)
        counts = []
        while target.step_back().why is not Why.BEGIN and target.machine.count > 115:
            counts.append((target.machine.count, int(target.machine.gr[5]) != 0))
        assert counts == [(122, False), (121, False), (120, True), (119, True), (118, True), (117, True), (116, True)]
        target.machine.run(target.history.end - target.machine.count)
        assert digest(target.machine) == digest(machine)


def test_who_stored_and_who_changed_a_state_is_known_of_a_recording(tmp_path):
    machine = loaded(PAGES, frames=32)
    history = machine.remember(60)
    for _ in range(12):
        machine.run(17)
        for verb, operand in WORLD:
            inputs.perform(machine, verb, operand)
    machine.run(40)
    disturbed(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        other = past(recording)
        other.goto(other.end)
        for block in (0x10, 0x18, 0x1A, 0x20):
            one, two = (each.last_state_change(block) for each in (history, other))
            assert (one.count, one.event, one.input and one.input.text) == (
                two.count, two.event, two.input and two.input.text)  # fmt: skip
            one, two = (each.last_write(block << 12, 16) for each in (history, other))
            assert (one and (one.count, one.event)) == (two and (two.count, two.event))


def test_a_debugger_stops_where_the_recording_ends(tmp_path):
    end = recorded(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        target = Target(past(recording).machine)
        assert target.resume().why is Why.END
        assert digest(target.machine) == digest(end)
        assert target.resume().stop.reason is Reason.DISABLED_WAIT
        assert target.resume_back().why is Why.BEGIN


def test_something_else_in_the_past_gives_up_the_recorded_future(tmp_path):
    machine, _ = disturbed(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        history = past(recording)
        history.goto(100)
        inputs.perform(history.machine, "reclaim", 0x18000)
        assert history.end == 100
        history.machine.run(50)
        after = digest(history.machine)
        history.goto(60)
        history.machine.run(90)
        assert digest(history.machine) == after
        with pytest.raises(Lost, match="from 0 to 150"):
            history.goto(machine.count)


def test_a_recording_that_breaks_off_is_a_past_up_to_there(tmp_path):
    machine, moments = disturbed(tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    with opened(tmp_path / "a") as recording:
        at = recording.checkpoints[-2].at  # of 204 instructions; then come inputs, and 40 more instructions
        last = recording.checkpoints[-3].count
    (tmp_path / "a").write_bytes(data[: at + 30])
    with opened(tmp_path / "a") as recording:
        assert recording.cut
        history = past(recording)
        assert machine.count > history.end >= last
        history.goto(history.end)
        assert digest(history.machine) == moments[history.end]
        history.goto(17)
        assert digest(history.machine) == moments[17]


def test_what_cannot_be_done_again_is_said(tmp_path):
    disturbed(tmp_path / "a")
    with opened(tmp_path / "a") as recording:
        history = past(recording)
        history.inputs[0] = Input(17, "reclaim 0x10000", refuse)
        with pytest.raises(Diverged, match="instruction 17: reclaim 0x10000 was done there, and now: no"):
            history.machine.run(20)


def refuse(machine):
    raise inputs.Refused("no")


def test_checkpoints_are_kept_where_one_is(tmp_path):
    recorded(tmp_path / "a", limit=390, every=200)
    with opened(tmp_path / "a") as recording:
        history = past(recording, 10)
        assert [each.count for each in history.checkpoints] == [0, 200, 390]
        history.goto(150)
        assert [each.count for each in history.checkpoints] == [*range(0, 150, 10), 200, 390]
