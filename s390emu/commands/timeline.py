"""s390emu timeline: a recording as a page to look at: blocks against time, faults with their story."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.program import (
    ORIGIN,
    ProgramOptions,
    define_argument,
    include_argument,
)
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.options.values import not_negative, size
from s390emu.commands.programs import program
from s390emu.commands.recordings import opened
from s390emu.commands.symbols import named, named_at_end
from s390emu.commands.usage import ENDED, UsageError, say
from s390emu.guests import toy_kernel
from s390emu.input_files import FileError, read_text, replace_file

if TYPE_CHECKING:
    from s390emu.recording import Recording
    from s390emu.reports.timeline_model import Told

EXAMPLE = "s390emu demo --record d.s390rec; s390emu timeline d.s390rec -o page.html"
DETAILS = 10_000  # events with registers


class Options(NamedTuple):
    """file: a recording. output: the page. source: files of the guest's program; origin, define, include: as it is
    built. details: events with registers."""

    file: Path
    output: Path
    source: tuple[Path, ...]
    origin: int
    define: tuple[tuple[str, int], ...]
    include: tuple[Path, ...]
    details: int
    json: bool


def arguments(parser) -> None:
    """Add the options: which recording, which part of it, and where the page is to be."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a recording: s390emu run, linux or demo --record FILE")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the page: HTML, one file")
    parser.add_argument("--from", dest="trace_from", default="", metavar="PLACE",
                        help="an instruction number, a symbol, or an address (0x...)")  # fmt: skip
    parser.add_argument("--until", dest="trace_until", default="", metavar="PLACE", help="likewise, where it ends")
    parser.add_argument("--cpu", dest="trace_cpu", type=not_negative, metavar="N",
                        help="interruptions of this CPU only")  # fmt: skip
    parser.add_argument("--details", type=not_negative, default=DETAILS, metavar="N",
                        help=f"of so many events registers, beside those of faults ({DETAILS:,})")  # fmt: skip
    parser.add_argument("--source", type=Path, action="append", default=[], metavar="FILE",
                        help="of the guest's program, as for run: its lines (demo: known)")  # fmt: skip
    parser.add_argument("--origin", type=size, default=ORIGIN, metavar="ADDRESS", help="of that program (0x10000)")
    define_argument(parser, "define an assembly symbol of it; -I DIR: where .include may read too")
    include_argument(parser)
    parser.add_argument("--symbols", type=Path, metavar="FILE", help="names beside those in the recording")
    parser.add_argument("--kallsyms", action="store_true", help="names that a Linux kernel in the guest has of itself")
    parser.add_argument("--json", action="store_true", help="what the page has, as JSON")


def execute(args: argparse.Namespace) -> int:
    """Run the recording again, and write the page."""
    options = taken(Options, args)
    from s390emu.commands.timeline_log import collected
    from s390emu.commands.trace_log import Window
    from s390emu.reports.timeline_page import page

    if options.output.is_dir() or not options.output.absolute().parent.is_dir():
        raise UsageError(f"{options.output}: no file can be written there")
    with opened(options.file) as recording:
        names = taken(SymbolOptions, args)
        known = named(names, recording.symbols)
        if recording.cut:
            say(f"s390emu: {recording.path}: {recording.cut}; it reads up to instruction {recording.last:,}")
        trace = TraceOptions(trace_from=args.trace_from, trace_until=args.trace_until, trace_cpu=args.trace_cpu)
        window = Window(trace, known, recording.options.get("cpus", 1))
        try:
            told, symbols = collected(recording, window, options.details,
                                      lambda guest: named_at_end(names, guest, known))  # fmt: skip
        except (ValueError, LookupError) as error:
            raise UsageError(str(error)) from None
        _add_lines(told, recording, options)
        text = page(told, recording, symbols)
    replace_file(options.output, text)
    _tell(told, options, len(text.encode()))
    return ENDED


def _tell(told: Told, options: Options, length: int) -> None:
    """Say what the page has."""
    from s390emu.reports.timeline_model import is_fault

    events, faults = len(told.events), int(is_fault(told.events).sum())
    if options.json:
        print(json_text({"schema": "s390emu.timeline/1", "page": str(options.output), "bytes": length,
                         "first": told.first, "last": told.last, "events": events, "faults": faults,
                         "registers": len(told.chosen), "left_out": told.left_out}))  # fmt: skip
        return
    part = f"instructions {told.first:,} to {told.last:,}"
    print(f"{options.output}: {part}, {events:,} events, {faults:,} discard faults")
    for what in told.left_out:
        print(f"{options.output}: left out: {what}")


def _add_lines(told: Told, recording: Recording, options: Options) -> None:
    """Enter the source lines of instructions that are still those of the program."""
    if options.source:
        guest = program(ProgramOptions(options.source, options.origin, options.define, options.include))
    elif recording.command == "demo":
        guest = toy_kernel.build(**dict(options.define))
    else:
        return
    code = {address: data for address, (data, _) in told.code.items()}
    texts: dict[str, list[str]] = {}
    for address, file, line in guest.lines:
        data = code.get(address)
        inside = next((s for s in guest.sections if s.address <= address < s.address + len(s.data)), None)
        if data is None or inside is None:
            continue
        start = address - inside.address
        if inside.data[start : start + len(data)] == data:
            if file not in texts:
                texts[file] = _source(file)
            text = texts[file][line - 1] if line <= len(texts[file]) else ""
            told.lines[address] = Path(file).name, line, text.expandtabs()


def _source(file: str) -> list[str]:
    """Return the lines of a source; none if it cannot be read any more."""
    try:
        return read_text(Path(file)).splitlines()
    except (OSError, FileError):
        return []
