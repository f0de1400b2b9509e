"""A recording gives any moment of a run back, as it was."""

from __future__ import annotations

import pytest

from s390emu import inputs
from s390emu.machine import Machine, Reason
from s390emu.recording import Diverged, Replayer, RunRecorder, Writer
from s390emu.recording.replayer import digest
from s390emu.recording.state import capture, put_back
from s390emu.shapes import ShapeError
from tests.recording.guests import PAGES, SEVERAL, loaded, make, opened, recorded, start_anew

HOSTS = [
    pytest.param(PAGES, {}, id="frames-for-all"),
    pytest.param(PAGES, {"frames": 20}, id="paging"),
    pytest.param(SEVERAL, {"cpus": 2}, id="two-cpus"),
    pytest.param(SEVERAL, {"cpus": 2, "schedule": 7, "frames": 32}, id="two-cpus-at-random"),
]


@pytest.mark.parametrize(("source", "options"), HOSTS)
def test_any_moment_of_the_run_is_as_it_was(tmp_path, source, options):
    end = recorded(tmp_path / "a", source, limit=400, **options)
    with opened(tmp_path / "a") as recording:
        assert len(recording.checkpoints) > 5
        for count in (0, 1, 50, 51, 99, 275, end.count):
            machine, plain = recording.machine_at(count), loaded(source, **options)
            plain.run(count)
            assert machine.count == count
            assert digest(machine) == digest(plain)


@pytest.mark.parametrize(("source", "options"), HOSTS)
def test_every_checkpoint_is_what_a_replay_from_the_start_comes_to(tmp_path, source, options):
    recorded(tmp_path / "a", source, limit=400, **options)
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.restore(0)
        for checkpoint in recording.checkpoints:
            replayer.run_to(checkpoint.count)
            assert replayer.digest() == checkpoint.digest, checkpoint.count


def test_recording_does_not_change_the_run(tmp_path):
    machine, plain = recorded(tmp_path / "a", frames=20), loaded(frames=20)
    plain.run(10_000)
    assert digest(machine) == digest(plain)


def test_one_can_go_back_and_forth(tmp_path):
    recorded(tmp_path / "a", limit=400)
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.go_to(333)
        at_333 = replayer.digest()
        replayer.go_to(20)
        replayer.go_to(333)
        assert replayer.digest() == at_333


def test_a_checkpoint_has_only_what_changed(tmp_path):
    recorded(tmp_path / "a", limit=400)
    with opened(tmp_path / "a") as recording:
        assert [each.full for each in recording.checkpoints] == [True] + [False] * (len(recording.checkpoints) - 1)
        assert recording.start == recording.checkpoints[0].digest
        assert recording.size < 30_000  # ten states of a guest of 256 KB


def test_what_the_world_does_is_done_again(tmp_path):
    machine = loaded(PAGES, frames=32)
    with RunRecorder(machine, Writer(tmp_path / "a", options={"frames": 32}), 50) as recorder:
        for _ in range(12):
            recorder.run(17)
            inputs.perform(machine, "reclaim", 0x10000)
            inputs.perform(machine, "message", "hello")
            inputs.perform(machine, "pressure", 20)
        recorder.run(40)
    with opened(tmp_path / "a") as recording:
        assert [(each.count, each.verb) for each in recording.inputs[:3]] == [
            (17, "reclaim"), (17, "message"), (17, "pressure"),
        ]  # fmt: skip
        assert [each.count for each in recording.inputs_between(34, 52)] == [34] * 3 + [51] * 3
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(machine.count)
        assert replayer.digest() == digest(machine)


def test_a_cpu_that_an_input_happens_to_is_noted(tmp_path):
    machine = loaded(SEVERAL, cpus=2)
    with RunRecorder(machine, Writer(tmp_path / "a", options={"cpus": 2}), 50) as recorder:
        recorder.run(33)
        number = machine.running.number
        inputs.perform(machine, "external-call", 1)
        inputs.perform(machine, "external-call", 0, cpu=1 - number)
    with opened(tmp_path / "a") as recording:
        assert [each.cpu for each in recording.inputs] == [number, 1 - number]


def test_time_that_passes_while_the_guest_waits_is_an_input(tmp_path):
    source = """
start:  stosm 0,0                   # nothing: the guest waits for its clock comparator, again and again
wait:   stckf 0x400
        lg    %r3,0x400
        algfi %r3,0x400000
        stg   %r3,0x400
        sckc  0x400
        larl  %r1,enabled
        lpswe 0(%r1)
        .balign 8
enabled: .quad 0x0102000180000000,0x2000
"""
    machine = loaded(source)
    machine.shared = True
    machine.write(0x1B0, (0x180000000).to_bytes(8) + (0x10004).to_bytes(8))  # external new PSW: `wait`
    machine.cr[0] = 0x800
    machine.set_psw(*machine.psw)
    with RunRecorder(machine, Writer(tmp_path / "a"), 5) as recorder:
        for n in range(6):
            assert recorder.run(100).reason is Reason.WAITING
            if n == 3:
                inputs.perform(machine, "message", "while it waits")
            inputs.perform(machine, "pass-time", machine.ready_at)
        recorder.run(3)
    with opened(tmp_path / "a") as recording:
        assert [each.waiting for each in recording.inputs] == [True] * 4 + [False] + [True] * 2
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(machine.count)
        assert replayer.machine.now == machine.now
        assert replayer.digest() == digest(machine)


def test_the_world_can_put_the_guest_into_another_state(tmp_path):
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 50) as recorder:
        recorder.run(120)
        start_anew(machine, recorder)
        recorder.run(200)
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(machine.count)
        assert replayer.digest() == digest(machine)
        assert recording.machine_at(119).gr[5] != 0
        assert recording.machine_at(121).gr[5] == 0


def test_a_run_that_differs_is_found_out(tmp_path):
    machine = loaded()
    with RunRecorder(machine, Writer(tmp_path / "a"), 1000) as recorder:
        recorder.run(100)
        machine.set_psw(0x0002000180000000, 0)  # behind the recorder's back
        recorder.run(100)
        inputs.perform(machine, "message", "text")
        machine.set_psw(0x180000000, 0x10000)
        recorder.run(100)
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(machine.count)
        assert replayer.digest() != recording.checkpoints[-1].digest


def test_a_guest_that_ends_too_early_has_diverged(tmp_path):
    recorded(tmp_path / "a", "start: lpswe 0x800")
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.restore(0)
        with pytest.raises(Diverged, match="recorded were 1,000,000"):
            replayer.run_to(1_000_000)


WAITING_FOR_EACH_OTHER = """
start:  llilf %r1,1                 # CPU 1: restart; each then works for a while and waits for nothing
        sigp  %r0,%r1,6
        lghi  %r2,900
        brctg %r2,.
        llilf %r1,2
        sigp  %r0,%r1,6
other:  lghi  %r2,40
        brctg %r2,.
        larl  %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0
"""


@pytest.mark.parametrize("stops", [1, 7, 90, 200])
def test_a_state_is_the_same_however_often_the_guest_was_stopped(stops):
    """Time passes on a CPU that waits when its turn comes, or when somebody looks."""
    machine, plain = (loaded(WAITING_FOR_EACH_OTHER, cpus=3) for _ in range(2))
    for each in (machine, plain):
        each.write(0x1A0, (0x180000000).to_bytes(8) + (0x1001C).to_bytes(8))
    while machine.run(stops).reason is Reason.LIMIT:
        pass
    assert plain.run().reason is Reason.DISABLED_WAIT
    assert machine.count == plain.count > 1000
    assert digest(machine) == digest(plain)


def test_a_guest_that_stops_itself_is_stopped_at_the_end_of_its_replay(tmp_path):
    """Its last instruction leaves the CPU about to stop."""
    end = recorded(tmp_path / "a", "start: lghi %r2,0\n lghi %r4,0\n sigp %r3,%r2,5")  # STOP, to itself
    assert end.count == 3
    with opened(tmp_path / "a") as recording:
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(end.count)
        assert replayer.digest() == digest(end)


def test_moments_outside_the_recording_are_refused(tmp_path):
    end = recorded(tmp_path / "a")
    refused = pytest.raises(ValueError, match=f"has instructions 0 to {end.count:,}")
    with opened(tmp_path / "a") as recording, refused:
        recording.machine_at(end.count + 1)


def test_how_it_ended_and_its_names_are_in_the_file(tmp_path):
    machine = loaded()
    writer = Writer(tmp_path / "a", emulator="1.2", command="run", options={"x": 1})
    with RunRecorder(machine, writer) as recorder:
        writer.symbols({"start": 0x10000})
        stop = recorder.run()
    with opened(tmp_path / "a") as recording:
        assert (recording.emulator, recording.command, recording.options) == ("1.2", "run", {"x": 1})
        assert recording.symbols == {"start": 0x10000}
        assert recording.ended == {"reason": "disabled wait", "psw": [stop.psw_mask, 0], "count": stop.count, "cpu": 0}
        assert not recording.cut


def test_a_ring_has_the_last_instructions(tmp_path):
    end = recorded(tmp_path / "a", SEVERAL, limit=2000, every=50, last=300, cpus=2)
    with opened(tmp_path / "a") as recording:
        assert 300 <= end.count - recording.first <= 700
        assert digest(recording.machine_at(end.count)) == digest(end)
        plain = loaded(SEVERAL, cpus=2)
        plain.run(1700)
        assert digest(recording.machine_at(1700)) == digest(plain)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_cannot_be_written_ends_the_recording_and_not_the_run(tmp_path, monkeypatch):
    machine = loaded()
    writer = Writer(tmp_path / "a")
    with RunRecorder(machine, writer, 50, per_byte=0) as recorder:
        recorder.run(100)

        def full(*_, **__):
            raise OSError(28, "No space left on device", "a")

        monkeypatch.setattr(writer, "checkpoint", full)
        stop = recorder.run()
    assert stop.reason is Reason.DISABLED_WAIT
    assert recorder.failed is not None
    with opened(tmp_path / "a") as recording:
        assert recording.checkpoints[-1].count == 100


def test_what_cannot_be_recorded_is_refused(tmp_path):
    from s390emu.host.block_device import BlockDevice

    machine = make({})
    machine.host.attach_disk(0, 0x100, BlockDevice(tmp_path / "disk", blocks=2))
    with pytest.raises(ValueError, match="disks"), RunRecorder(machine, Writer(tmp_path / "a")):
        pass


def test_a_guest_that_ended_in_a_loop_of_interruptions_is_replayed_to_its_end(tmp_path):
    machine = recorded(tmp_path / "a", "start: lghi %r1,1\n .short 0\n")
    with opened(tmp_path / "a") as recording:
        assert recording.ended["reason"] == Reason.INTERRUPTION_LOOP
        replayer = Replayer(recording)
        replayer.restore(0)
        replayer.run_to(machine.count)
        assert replayer.digest() == digest(machine)


def test_the_state_of_another_model_is_refused():
    state = capture(Machine(1 << 20, model="z10"))
    put_back(Machine(1 << 20, model="z10"), state)
    with pytest.raises(ShapeError, match="of the model z10, this one is max"):
        put_back(Machine(1 << 20), state)
