"""s390emu demo: the toy kernel under memory pressure, and what happened."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s390emu.assembler.assemble import Program
from s390emu.commands.compilation import show
from s390emu.commands.conclusion import conclude, sanitized
from s390emu.commands.json_output import json_text
from s390emu.commands.machines import build, load, sanitizer
from s390emu.commands.options import taken
from s390emu.commands.options.adversary import AdversaryOptions, adversary_arguments, reject_adversary_options
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.program import define_argument
from s390emu.commands.options.recording import TOLD, RecordOptions, record_arguments
from s390emu.commands.options.sanitizer import (
    SanitizerOptions,
    reject_sanitize_with_adversary,
    sanitizer_arguments,
)
from s390emu.commands.plots import check_plot
from s390emu.commands.programs import labels
from s390emu.commands.recordings import recorded
from s390emu.commands.usage import ENDED, FAILED, UsageError
from s390emu.guests.toy_kernel import TUNABLES, description
from s390emu.guests.toy_kernel import build as build_kernel
from s390emu.input_files import replace_file

if TYPE_CHECKING:
    import numpy as np

    from s390emu.guests.story import Fault, Story
    from s390emu.machine import Stop

EXAMPLE = "s390emu demo; s390emu demo --frames 64 --timeline all; s390emu demo --frames 1000"
RAM, FRAMES = "1M", 88
TITLE = "Storage of the toy kernel"
MARKS = 9  # in the plot
APART = 0.02  # of the run, from one mark to the next
SHOWN = 48  # lines of the timeline, and faults, unless asked for all


class Options(NamedTuple):
    """What is shown of the run, and the kernel's tunables."""

    define: tuple[tuple[str, int], ...]
    timeline: str
    svg: Path | None
    json: bool

    def check(self, adversary: AdversaryOptions) -> None:
        """Reject tunables that the kernel has not, and a timeline of the many runs of the adversary."""
        for name, _ in self.define:
            if name not in TUNABLES:
                raise UsageError(f"-D {name}: the kernel has no such tunable; it has {', '.join(TUNABLES)}")
        if adversary.adversary and self.timeline != "short":
            raise UsageError("--timeline and --adversary: one of them at a time; trace the replay of what it finds")
        if self.svg:
            if adversary.adversary:
                raise UsageError("--svg and --adversary: one of them at a time; the plot is of one run")
            check_plot(self.svg)


def arguments(parser) -> None:
    """Add the options: those of a guest and its host, of who watches or disturbs it, and of what is shown."""
    machine_arguments(parser, ram=RAM, told_frames=f"{FRAMES}; for the adversary one for every block")
    sanitizer_arguments(parser)
    define_argument(parser, "a tunable of the kernel, see firmware/README.md")
    parser.add_argument("--timeline", choices=("short", "all"), default="short", help="how much of it to show")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="a plot: how many blocks are in which state")
    adversary_arguments(parser)
    record_arguments(parser, TOLD)
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def execute(args: argparse.Namespace) -> int:
    """Boot the kernel and tell its story, or let the adversary loose on it."""
    options, on, watched = taken(Options, args), taken(MachineOptions, args), taken(SanitizerOptions, args)
    adversary, record = taken(AdversaryOptions, args), taken(RecordOptions, args)
    record.check(on, adversary)
    options.check(adversary)
    started = time.perf_counter()
    tunables = dict(options.define)
    guest = build_kernel(**tunables)
    if adversary.adversary:
        from s390emu.commands.adversary import firmware_source, search

        reject_sanitize_with_adversary(watched)
        return search(adversary, on, guest, firmware_source(guest, tunables), as_json=options.json)
    reject_adversary_options(adversary)
    on = on._replace(frames=on.frames or FRAMES)
    return _tell(options, on, watched.described_by(description()), record, guest, started)


def _tell(
    options: Options, on: MachineOptions, watched: SanitizerOptions, record: RecordOptions, guest: Program,
    started: float,
) -> int:  # fmt: skip
    """Run the kernel and print what happened."""
    from s390emu.guests.story import Story
    from s390emu.reports.demo import fault_dict, fault_text, highlights, totals, totals_lines
    from s390emu.reports.stop import as_dict
    from s390emu.reports.timeline import event_text

    machine = build(on, guest)
    load(machine, guest)
    watcher = sanitizer(watched, machine, guest.symbols)
    symbols = labels(guest)
    if not options.json:
        print(f"== console (guest {on.ram >> 10} KB, host {on.frames} frames of 4 KB)", flush=True)
        machine.host.guests[machine.guest_number].console.live = show
    states = machine.storage.states()
    with recorded(record, machine, on, "demo", symbols) as recorder:
        story = Story(machine, symbols, recorder.note if recorder else None)
        stop = story.run()
    if options.svg:
        _draw(options.svg, on, states, story, stop)
    if options.json:
        events = [event_text(event, symbols, on.cpus) for event in story.events]
        told = {"faults": [fault_dict(fault) for fault in story.faults], "events": events}
        told["totals"] = totals(machine, story.faults)
        told |= sanitized(watcher, symbols)
        print(json_text({"schema": "s390emu.demo/1"} | told | as_dict(machine, stop, symbols)))
        if stop.exit_code == 0:
            return FAILED if watcher and watcher.counts else ENDED
        return conclude(machine, stop, symbols, watcher, as_json=options.json)
    chosen = highlights(story.events, story.faults, None if options.timeline == "all" else SHOWN)
    lines = [event_text(event, symbols, on.cpus) for event in chosen]
    print(f"\n== timeline ({len(lines)} of {len(story.events):,} events: instruction, block, before -> after, who)")
    print("\n".join(lines))
    print(f"\n== discard faults ({len(story.faults)})")
    shown = story.faults if options.timeline == "all" else story.faults[:SHOWN]
    print("\n".join(fault_text(fault, symbols, on.cpus) for fault in shown))
    print("\n== totals")
    seconds = {"seconds": f"{time.perf_counter() - started:.2f}"}
    print("\n".join(totals_lines(totals(machine, story.faults) | seconds)))
    sys.stdout.flush()
    return conclude(machine, stop, symbols, watcher, as_json=options.json)


def _draw(svg: Path, on: MachineOptions, states: np.ndarray, story: Story, stop: Stop) -> None:
    """Write the plot of blocks by state, with the first faults marked. states: of the blocks at the start."""
    from s390emu.architecture.sizes import BLOCK_SIZE
    from s390emu.guests.census import Mark, counted
    from s390emu.records.events import EVENT_INTERRUPTION
    from s390emu.reports.census_plot import picture

    counts = counted(states, (event for event in story.events if event.kind != EVENT_INTERRUPTION), stop.count)
    groups: list[list[Fault]] = []
    for fault in story.faults:
        if groups and fault.count - groups[-1][0].count < APART * stop.count:
            groups[-1].append(fault)
        else:
            groups.append([fault])
    marks = []
    for faults in groups[:MARKS]:
        block = f"{faults[0].interruption.teid // BLOCK_SIZE * BLOCK_SIZE:#x}"
        told = f"discard fault, block {block}" + (f", and {len(faults) - 1} more" if len(faults) > 1 else "")
        marks.append(Mark(faults[0].count, told))
    replace_file(svg, picture(counts, marks, on.host_frames, TITLE))
