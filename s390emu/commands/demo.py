"""s390emu demo: the toy kernel under memory pressure, and what happened."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import asdict

from s390emu.cli import ENDED, FAILED, UsageError
from s390emu.commands.adversary import adversary_arguments, firmware_source, search, without_adversary
from s390emu.commands.compilation import show
from s390emu.commands.inputs import (
    build,
    definition,
    labels,
    load,
    machine_arguments,
    sanitizer,
    sanitizer_arguments,
    without_sanitizer,
)
from s390emu.commands.json_output import json_text
from s390emu.commands.run import conclude, sanitized
from s390emu.guests.toy_kernel import TUNABLES, description
from s390emu.guests.toy_kernel import build as build_kernel

EXAMPLE = "s390emu demo; s390emu demo --frames 64 --timeline all; s390emu demo --frames 1000"
RAM, FRAMES = "1M", 88
SHOWN = 48  # lines of the timeline, and faults, unless asked for all


def arguments(parser) -> None:
    machine_arguments(parser, ram=RAM, told_frames=f"{FRAMES}; for the adversary one for every block")
    sanitizer_arguments(parser)
    parser.add_argument("-D", "--define", type=definition, action="append", default=[], metavar="NAME=N",
                        help="a tunable of the kernel, see firmware/README.md")  # fmt: skip
    parser.add_argument("--timeline", choices=("short", "all"), default="short", help="how much of it to show")
    adversary_arguments(parser)
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def execute(args) -> int:
    from s390emu.reports.demo import Story, fault_text
    from s390emu.reports.stop import as_dict
    from s390emu.reports.timeline import event_text

    for name, _ in args.define:
        if name not in TUNABLES:
            raise UsageError(f"-D {name}: the kernel has no such tunable; it has {', '.join(TUNABLES)}")
    if args.adversary and args.timeline != "short":
        raise UsageError("--timeline and --adversary: one of them at a time; trace the replay of what it finds")
    started = time.perf_counter()
    guest = build_kernel(**dict(args.define))
    if args.adversary:
        without_sanitizer(args)
        return search(args, guest, firmware_source(guest, dict(args.define)))
    without_adversary(args)
    args.frames = args.frames or FRAMES
    machine = build(args, guest)
    load(machine, guest)
    if args.sanitize and not args.sanitize_guest:
        args.sanitize_guest = description()
    watcher = sanitizer(args, machine, guest)
    symbols = labels(guest)
    if not args.json:
        print(f"== console (guest {args.ram >> 10} KB, host {args.frames} frames of 4 KB)", flush=True)
        machine.host.guests[machine.guest_number].console.live = show
    story = Story(machine, symbols)
    stop = story.run()
    if args.json:
        events = [event_text(event, symbols) for event in story.events]
        told = {"faults": [asdict(fault) for fault in story.faults], "events": events, "totals": story.totals()}
        told |= sanitized(watcher, symbols)
        print(json_text({"schema": "s390emu.demo/1"} | told | as_dict(machine, stop, symbols)))
        if stop.exit_code == 0:
            return FAILED if watcher and watcher.counts else ENDED
        return conclude(args, machine, stop, symbols, watcher)
    lines = [event_text(event, symbols) for event in story.highlights(None if args.timeline == "all" else SHOWN)]
    print(f"\n== timeline ({len(lines)} of {len(story.events):,} events: instruction, block, before -> after, who)")
    print("\n".join(lines))
    print(f"\n== discard faults ({len(story.faults)})")
    shown = story.faults if args.timeline == "all" else story.faults[:SHOWN]
    print("\n".join(fault_text(fault, symbols) for fault in shown))
    print("\n== totals")
    for name, value in story.totals().items():
        if isinstance(value, Counter | dict):
            value = ", ".join(f"{key} {count:,}" for key, count in value.items()) or "none"
        print(f"{name:38} {value if isinstance(value, str) else format(value, ',')}")
    print(f"{'seconds':38} {time.perf_counter() - started:.2f}")
    sys.stdout.flush()
    return conclude(args, machine, stop, symbols, watcher)
