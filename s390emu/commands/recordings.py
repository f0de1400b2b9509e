"""Recordings by the options of a command line: written while a guest runs, and opened with machines to run them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s390emu.commands.machines import build
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.recording import RecordOptions
from s390emu.commands.usage import UsageError, say
from s390emu.input_files import FileError

if TYPE_CHECKING:
    from s390emu.machine import Machine
    from s390emu.recording import Recording, Replayer, RunRecorder


@contextmanager
def recorded(
    options: RecordOptions, machine: Machine, on: MachineOptions, command: str, symbols: Mapping[str, int]
) -> Iterator[RunRecorder | None]:
    """Yield what records the machine while it runs, if that is wished; the file is whole when it ends, and where it
    could not be written that is said. OSError where it cannot be made."""
    if options.record is None:
        yield None
        return
    from s390emu.commands.replay_file import emulator_version
    from s390emu.recording import RunRecorder, Writer

    machine_options = on._replace(paging="" if on.paged else "none")._asdict()  # the folder is that of whoever replays
    writer = Writer(options.record, emulator=emulator_version(), command=command, options=machine_options,
                    last=options.record_last)  # fmt: skip
    with RunRecorder(machine, writer) as recorder:
        writer.symbols(symbols)
        yield recorder
    if recorder.failed:
        told = f"{recorder.failed.filename}: {recorder.failed.strerror}"
        say(f"s390emu: the recording ends at instruction {writer.mirror.count:,}: {told}")


def opened(path: Path) -> Recording:
    """Return a recording, which can make its machines. Raises FileError."""
    from s390emu.commands.adversary import machine_shape
    from s390emu.recording import Recording
    from s390emu.shapes import ShapeError, check

    def make(options: dict[str, Any]) -> Machine:
        try:
            check(options, machine_shape(), f"{path}: options")
        except ShapeError as error:
            raise FileError(f"not a recording of this version: {error}") from None
        if options.get("disk"):
            raise FileError(f"{path}: a guest with disks, which no recording has")
        return build(MachineOptions(**options))

    return Recording.open(path, make)


def run_on(replayer: Replayer, count: int) -> None:
    """Run a recorded guest on to an instruction count; UsageError where it does not do what was recorded."""
    from s390emu.recording import Diverged

    try:
        replayer.run_to(count)
    except Diverged as error:
        told = f"not what was recorded: {error}; s390emu trace diff {replayer.recording.path} tells more"
        raise UsageError(f"{replayer.recording.path}: {told}") from None
