"""The first difference of two runs is found, to the instruction."""

from __future__ import annotations

import pytest

from s390emu import inputs
from s390emu.recording import Replayer, RunRecorder, Writer
from s390emu.recording.divergence import between, first_checkpoint_apart, from_recording
from s390emu.reports.recording import divergence_lines
from tests.recording.guests import PAGES, loaded, opened, recorded


def disturbed(path, count: int, every: int = 100) -> None:
    """Record a run to whose guest something happens after so many instructions."""
    machine = loaded(frames=32)
    with RunRecorder(machine, Writer(path, options={"frames": 32}), every, per_byte=0) as recorder:
        recorder.run(count)
        inputs.perform(machine, "reclaim", 0x18000)
        recorder.run()


@pytest.mark.parametrize("count", [3, 199, 200, 257])
def test_the_instruction_after_which_two_recordings_differ_is_found(tmp_path, count):
    recorded(tmp_path / "a", every=100, frames=32)
    disturbed(tmp_path / "b", count)
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        same, apart = first_checkpoint_apart(one, other)
        assert same <= count
        found = between(Replayer(one), Replayer(other), same, apart or min(one.last, other.last))
        assert found.count == count
        assert [each.verb for each in found.inputs[1]] == ["reclaim"]
        assert not found.inputs[0]
        assert found.found


def test_the_same_run_recorded_twice_does_not_differ(tmp_path):
    recorded(tmp_path / "a", every=100)
    recorded(tmp_path / "b", every=70)
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        assert first_checkpoint_apart(one, other) == (one.last, None)
        assert between(Replayer(one), Replayer(other), 0, one.last) is None


def test_one_run_that_ends_where_the_other_goes_on_is_found(tmp_path):
    recorded(tmp_path / "a", PAGES, limit=300)
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "b"), 1000) as recorder:
        recorder.run(250)
        inputs.perform(machine, "restart")
        recorder.run(50)
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        found = between(Replayer(one), Replayer(other), 0, 300)
        assert found.count == 250


def test_a_recording_that_this_version_does_not_repeat_is_found_out(tmp_path):
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 100, per_byte=0) as recorder:
        recorder.run(150)
        machine.gr[9] = 77  # behind the recorder's back: as another version of the emulator would
        recorder.run(100)
    with opened(tmp_path / "a") as recording:
        found = from_recording(Replayer(recording))
        assert found.count == 100
        assert ("cpu0.gr[9]", 77, 0) in found.found


def test_between_which_marks_it_is_not_repeated_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("s390emu.recording.recorder.MARK_EVERY", 100)
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 10_000) as recorder:
        recorder.run(150)
        machine.gr[9] = 77
        recorder.run(100)
    with opened(tmp_path / "a") as recording:
        assert [each.count for each in recording.marks] == [100, 200]
        found = from_recording(Replayer(recording))
        assert found.found == [("cpu0.gr[9]", 77, 0)]
        told = [*divergence_lines(found, ("recorded", "executed again"), {})]
        assert told[0] == "the same after 100 instructions, and not after 200; there"
        assert told[-1].startswith("which instruction it was: s390emu trace diff FILE --build PATH")


def test_a_recording_that_is_repeated_has_no_divergence(tmp_path):
    disturbed(tmp_path / "a", 130)
    with opened(tmp_path / "a") as recording:
        assert from_recording(Replayer(recording)) is None
