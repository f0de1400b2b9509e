"""s390emu trace: look at a recording. Whatever is shown is executed again, from the last checkpoint before it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.options.trace import DEFAULT_LINES, TraceOptions, filter_arguments, kinds
from s390emu.commands.options.values import positive
from s390emu.commands.recordings import opened, run_on
from s390emu.commands.symbols import named
from s390emu.commands.usage import ENDED, FAILED, UsageError, say

if TYPE_CHECKING:
    from s390emu.assembler.symbols import Symbols
    from s390emu.machine import Stop
    from s390emu.recording import Recording, Replayer
    from s390emu.recording.divergence import Divergence

SHOW, DIFF, EXPORT, STATS, FOLLOW = WHAT = ("show", "diff", "export", "stats", "follow")
FORMATS = ("perfetto", "spike", "qemu", "csv", "parquet")
EXAMPLE = "s390emu run guest.s --record g.s390rec; s390emu trace show g.s390rec --from 100 --count 20"


class Options(NamedTuple):
    """what: show, diff, export, stats, or follow (for another build's diff). files: recordings. output: of an export.
    build: another build of the emulator, its checkout or its Python, that executes the recording too."""

    what: str
    files: tuple[Path, ...]
    format: str
    output: Path | None
    build: Path | None
    json: bool

    def check(self) -> None:
        """Reject what does not go together."""
        most = 2 if self.what == DIFF else 1
        if len(self.files) > most:
            raise UsageError(f"trace {self.what}: {most} recording{'s' if most > 1 else ''}, not {len(self.files)}")
        if self.build and (self.what != DIFF or len(self.files) > 1):
            raise UsageError("--build is for trace diff of one recording")
        if self.output and self.what != EXPORT:
            raise UsageError(f"trace {self.what}: --output is for export")
        if self.format == "parquet" and not self.output:
            raise UsageError("trace export --format parquet: give --output FILE")


def arguments(parser) -> None:
    """Add the options: which recording, and which part of it."""
    parser.add_argument("what", choices=WHAT, help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording; diff: two, or one")
    parser.add_argument("--kinds", dest="trace", type=kinds, default=("interruption", "page"), metavar="KINDS",
                        help="insn,branches,storage,interruption,page; export: insn, or the others")  # fmt: skip
    filter_arguments(parser, "--", hidden=False)
    parser.add_argument("--lines", dest="trace_lines", type=positive, default=DEFAULT_LINES, metavar="N",
                        help="at most so many lines")  # fmt: skip
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="of an export")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="of an export; none: to stdout")
    parser.add_argument("--build", type=Path, metavar="PATH",
                        help="diff: what that build makes of it: a checkout, or its Python")  # fmt: skip
    parser.add_argument("--symbols", type=Path, metavar="FILE", help="names beside those in the recording")
    parser.add_argument("--json", action="store_true", help="stats, diff: as JSON")


def execute(args: argparse.Namespace) -> int:
    """Do one of these with recordings."""
    options = taken(Options, args)
    trace = TraceOptions(args.trace, None, args.trace_lines, args.trace_from, args.trace_until, args.trace_count,
                         args.trace_range, args.trace_cpu)  # fmt: skip
    options.check()
    with opened(options.files[0]) as recording:
        symbols = named(SymbolOptions(args.symbols), recording.symbols)
        if recording.cut:
            say(f"s390emu: {recording.path}: {recording.cut}; it reads up to instruction {recording.last:,}")
        if options.what == STATS:
            return _stats(recording, as_json=options.json)
        if options.what == SHOW:
            return _show(recording, trace, symbols)
        if options.what == EXPORT:
            return _export(recording, options, trace, symbols)
        if options.what == FOLLOW:
            return _follow(recording)
        return _diff(recording, options, symbols)


def _stats(recording: Recording, *, as_json: bool) -> int:
    """Say what the file has, all of which is looked at."""
    from s390emu.reports.recording import stats, stats_lines

    recording.verify()
    if as_json:
        print(json_text({"schema": "s390emu.recording/1"} | stats(recording)))
    else:
        print("\n".join(stats_lines(recording)))
    return ENDED


def _show(recording: Recording, trace: TraceOptions, symbols: Mapping[str, int]) -> int:
    """Print lines of what happened."""
    from s390emu.commands.trace_log import TraceLog, Window
    from s390emu.recording import Replayer

    replayer = Replayer(recording)
    window = Window(trace, symbols, len(replayer.machine.cpus))
    _go_to_start(replayer, window)
    log = TraceLog(replayer.machine, trace.trace, sys.stdout, trace.trace_lines, symbols, window)
    _run(replayer, log, window)
    return ENDED


class Shown(Exception):
    """All that was asked for has been shown."""


def _go_to_start(replayer: Replayer, window) -> None:
    """Go to the checkpoint where what is asked for may begin."""
    recording = replayer.recording
    number = window.starts[0] if window.starts else None
    try:
        replayer.go_to(recording.first if number is None else number)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _run(replayer: Replayer, log, window) -> None:
    """Run what is left of the recording, until all is shown."""

    def run(limit: int) -> Stop:
        stop = log.run(limit)
        if (window.over and not window.open) or log.left < 0:
            raise Shown
        return stop

    replayer.run_with(run)
    with suppress(Shown):
        run_on(replayer, replayer.recording.last)
    if window.starts and window.missed:
        say(window.missed)


def _diff(recording: Recording, options: Options, symbols: Symbols) -> int:
    """Say where two recordings part, or one and what this version makes of it."""
    from s390emu.recording import divergence
    from s390emu.recording.replayer import Replayer
    from s390emu.reports.recording import divergence_dict, divergence_lines

    names = (str(recording.path), "executed again")
    if options.build:
        names, checked = ("this build", str(options.build)), recording.last
        found = _between_builds(recording, options.build)
    elif len(options.files) == 1:
        found, checked = divergence.from_recording(Replayer(recording)), recording.last
    else:
        with opened(options.files[1]) as other:
            names = (str(recording.path), str(other.path))
            checked = min(recording.last, other.last)
            same, apart = divergence.first_checkpoint_apart(recording, other)
            if apart is None and recording.last == other.last and recording.inputs == other.inputs and same >= 0:
                found = None
            elif same < 0:
                apart_already = divergence.states_differ(recording.state_at(0), other.state_at(0))
                found = divergence.Divergence(-1, None, None, apart_already)
            else:
                one, two = Replayer(recording), Replayer(other)
                found = divergence.between(one, two, same, checked if apart is None else apart)
                if found is None and apart is not None:
                    told = f"{names[0]} and {names[1]} differ after {apart:,} instructions"
                    raise UsageError(
                        f"{told}, but this version executes both alike from {same:,} on: they were recorded by "
                        "different builds; diff each with its rerun"
                    )
    if options.json:
        print(json_text({"schema": "s390emu.recording-diff/1", "files": names, "same": found is None,
                         "divergence": found and divergence_dict(found)}))  # fmt: skip
    elif found is None:
        print(f"the same, for {checked:,} instructions")
    else:
        print("\n".join(divergence_lines(found, names, symbols)))
    return ENDED if found is None else FAILED


def _between_builds(recording: Recording, build: Path) -> Divergence | None:
    """Return where this build and another one part that execute the same recording."""
    from s390emu.recording import divergence
    from s390emu.recording.followers import BuildError, Elsewhere, Here, command_of
    from s390emu.recording.replayer import Replayer

    words, folder = command_of(build)
    try:
        with Elsewhere([*words, "trace", FOLLOW, str(recording.path.absolute())], folder) as other:
            found = divergence.between_followers(Here(Replayer(recording)), other, recording.first, recording.last)
    except BuildError as error:
        raise UsageError(f"--build {build}: {error}") from None
    if found and found.count >= 0:
        did = tuple(recording.inputs_between(found.count, found.count + 1))
        return replace(found, inputs=(did, did))
    return found


def _follow(recording: Recording) -> int:
    """Do what another build's diff says on standard input."""
    from s390emu.recording.followers import Here, serve
    from s390emu.recording.replayer import Replayer

    try:
        serve(Here(Replayer(recording)), sys.stdin, sys.stdout)
    except ValueError as error:
        raise UsageError(f"trace follow is for trace diff --build: {error}") from None
    return ENDED


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """Yield where an export is written."""
    if path is None:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        yield file


def _export(recording: Recording, options: Options, trace: TraceOptions, symbols: Symbols) -> int:
    """Write what happened in a form that other tools read."""
    from s390emu.commands.trace_log import Window
    from s390emu.commands.trace_rows import RowLog
    from s390emu.recording import Replayer
    from s390emu.reports.exports import EXPORTERS

    make = EXPORTERS[options.format]
    replayer = Replayer(recording)
    window = Window(trace, symbols, len(replayer.machine.cpus))
    _go_to_start(replayer, window)
    with _output(options.output if options.format != "parquet" else None) as out:
        exporter = make(out if options.format != "parquet" else options.output, replayer.machine, symbols,
                        instructions="insn" in trace.trace)  # fmt: skip
        log = RowLog(replayer.machine, exporter, trace.trace, trace.trace_lines, symbols, window)
        _run(replayer, log, window)
        exporter.end(replayer.machine.count)
    if log.left < 0:
        say(f"trace: the limit of {trace.trace_lines:,} rows is reached, no more are written (--lines)")
    return ENDED
