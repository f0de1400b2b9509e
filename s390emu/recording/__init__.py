"""Recorded runs: a start state, what the world did, and checkpoints on the way; in memory or in a file (`.s390rec`).

    with RunRecorder(machine, Writer(path, about)) as recorder:
        stop = recorder.run(limit=1_000_000)
    recording = Recording.open(path, make)
    machine = recording.machine_at(123_456)

A guest is deterministic: its start state and its inputs are the whole run. Checkpoints are there so that any moment of
it is near. docs/recordings.md has the format.
"""

from s390emu.recording.reader import Checkpoint, Recording
from s390emu.recording.recorder import RunRecorder
from s390emu.recording.replayer import Diverged, Replayer
from s390emu.recording.writer import Writer

__all__ = ["Checkpoint", "Diverged", "Recording", "Replayer", "RunRecorder", "Writer"]
