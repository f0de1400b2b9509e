"""Who runs a recorded guest again, step by step, to be compared with another one: here, or in another build.

A follower in another build is a process of that build, `s390emu trace follow FILE`, which takes a command a line and
answers with a line of JSON:

    to COUNT   go to an instruction count, and tell what the guest is like there
    mark       remember where it is; `back` goes back to there
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from s390emu.machine.history import Checkpoint
from s390emu.machine.view import registers
from s390emu.recording.mirror import Mirror
from s390emu.recording.replayer import Diverged, Replayer
from s390emu.recording.state import capture
from s390emu.shapes import MapOf, ShapeError, Text, Whole, check


class BuildError(Exception):
    """The other build does not do as it is told; the message has its own words."""


@dataclass(frozen=True)
class Moment:
    """What a guest is like, and which instruction it executed last.

    digests: of the parts of its state, by name. cpu, ia, text: the instruction, its bytes; registers: of that CPU now.
    ended: why it did not come as far as it was to."""

    count: int
    digests: dict[str, str]
    cpu: int
    ia: int
    text: str
    registers: dict[str, int] = field(default_factory=dict)
    ended: str = ""


MOMENT_SHAPE = {"count": Whole(), "digests": MapOf(Text(), Text()), "cpu": Whole(0, 8), "ia": Whole(), "text": Text(),
                "registers": MapOf(Text(), Whole()), "ended": Text()}  # fmt: skip


class Follower(Protocol):
    """Who runs a guest again."""

    def to(self, count: int) -> Moment:
        """Go to an instruction count."""

    def mark(self) -> None:
        """Remember where it is."""

    def back(self) -> None:
        """Go to where it was marked."""


class Here:
    """Follows in this process."""

    def __init__(self, replayer: Replayer):
        self.replayer = replayer
        self._mirror = Mirror()
        self._marked: Checkpoint | None = None

    def to(self, count: int) -> Moment:
        """Go to an instruction count: on, or, the first time, from the checkpoint before it."""
        ended = ""
        try:
            if self._mirror.tables:
                self.replayer.run_to(count)
            else:
                self.replayer.go_to(count)
        except Diverged as error:
            ended = str(error)
        return self.now(ended)

    def now(self, ended: str = "") -> Moment:
        """Return what the guest is like now."""
        machine = self.replayer.machine
        self._mirror.show(capture(machine))
        cpu, ia = machine.running, int(machine.port.insn_ia)
        text = machine.view.find_instruction(cpu, ia, cpu.psw[0]).hex()
        return Moment(machine.count, self._mirror.digests(), cpu.number, ia, text, registers(cpu), ended)

    def mark(self) -> None:
        """Remember where it is."""
        self._marked = self.replayer.mark()

    def back(self) -> None:
        """Go to where it was marked."""
        assert self._marked
        self.replayer.history.return_to(self._marked)


def serve(follower: Follower, commands: Iterable[str], out: TextIO) -> None:
    """Do what a build on the other end of a pipe says."""
    for line in commands:
        match line.split():
            case ["to", count]:
                told = asdict(follower.to(int(count)))
            case ["mark"]:
                told = {}
                follower.mark()
            case ["back"]:
                told = {}
                follower.back()
            case _:
                raise ValueError(f"{line!r} is no command")
        print(json.dumps(told), file=out, flush=True)


def command_of(build: Path) -> tuple[list[str], Path | None]:
    """Return how another build is called, and in which folder: a checkout, or the Python that has it installed."""
    if build.is_dir():
        import sys

        return [sys.executable, "-m", "s390emu"], build
    return [str(build.absolute()), "-m", "s390emu"], Path("/")


class Elsewhere:
    """Follows in a process of another build. words: its command; folder: where it is called. Used with `with`."""

    def __init__(self, words: Sequence[str], folder: Path | None):
        try:
            self._process = subprocess.Popen(words, cwd=folder, text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        except OSError as error:
            raise BuildError(f"{words[0]}: {error.strerror}") from None

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_) -> None:
        process = self._process
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # of what it was not told any more
                pipe.close()  # type: ignore[union-attr]
        process.wait()

    def _told(self, command: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        try:
            print(command, file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise BuildError("the other build ended; what it says of that is above")
        try:
            return json.loads(line)
        except ValueError:
            raise BuildError(f"the other build says {ascii(line.strip())[:80]}: has it `trace follow`?") from None

    def to(self, count: int) -> Moment:
        """Go to an instruction count."""
        told = self._told(f"to {count}")
        try:
            check(told, MOMENT_SHAPE, "the other build")
        except ShapeError as error:
            raise BuildError(f"not what this build understands: {error}") from None
        return Moment(**told)

    def mark(self) -> None:
        """Remember where it is."""
        self._told("mark")

    def back(self) -> None:
        """Go to where it was marked."""
        self._told("back")
