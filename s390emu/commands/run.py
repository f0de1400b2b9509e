"""s390emu run: run a guest and say how it ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from s390emu.cli import ABNORMAL, ENDED, FAILED, LIMIT, Parser, UsageError
from s390emu.commands.adversary import adversary_arguments, program_source, search, without_adversary
from s390emu.commands.compilation import show
from s390emu.commands.inputs import (
    build,
    labels,
    limit_arguments,
    load,
    machine_arguments,
    positive,
    program,
    program_arguments,
    sanitizer,
    sanitizer_arguments,
    without_sanitizer,
)
from s390emu.commands.json_output import json_text

EXAMPLE = "s390emu run hello.s --limit 1_000_000 --trace insn"
KINDS = ("insn", "storage", "interruption", "page")
DEFAULT_TRACE_LINES = 1_000_000
LOOKING_ON = ("replay", "trace", "trace_to", "trace_lines", "json", "sanitize", "sanitize_guest", "timeout", "disk",
              "paging")  # fmt: skip


def arguments(parser) -> None:
    program_arguments(parser, number_of_files="*", told=argparse.SUPPRESS)  # the summary says it
    parser.add_argument("--replay", type=Path, metavar="FILE", help="repeat the run of a replay file instead")
    machine_arguments(parser)
    limit_arguments(parser)
    adversary_arguments(parser, told=False)
    sanitizer_arguments(parser)
    parser.add_argument("--trace", type=_kinds, default=(), metavar="KINDS", help="of " + ",".join(KINDS))
    parser.add_argument("--trace-to", type=Path, metavar="FILE", help="where to (stderr); --trace-lines N: most (10^6)")
    parser.add_argument("--trace-lines", type=positive, default=DEFAULT_TRACE_LINES, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout, the console within it")


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise UsageError(f"--trace {unknown[0]}: the kinds are {', '.join(KINDS)}")
    return kinds


def execute(args) -> int:
    if args.replay:
        from s390emu.commands.replay import replay

        alone(args)
        return replay(args)
    if not args.files:
        raise UsageError("run what? for example: s390emu run hello.s")
    guest = program(args)
    if args.adversary:
        without_sanitizer(args)
        if args.trace or args.trace_to or args.timeout:
            option = "--timeout" if args.timeout else "--trace"
            raise UsageError(f"{option} is for a single run; give --limit, --points; trace the replay of what is found")
        return search(args, guest, program_source(guest))
    without_adversary(args)
    machine = build(args, guest)
    load(machine, guest)
    watcher = sanitizer(args, machine, guest)
    symbols = labels(guest)
    if not args.json:
        machine.host.guests[machine.guest_number].console.live = show
    with tracing(args, machine, symbols) as run:
        stop = run(args.limit, args.timeout)
    return conclude(args, machine, stop, symbols, watcher)


def alone(args) -> None:
    """A replay file says what is run, and how; only how it is looked at can be chosen, for how long, and files that
    stand for what is not in it."""
    known = Parser(prog="s390emu run")
    arguments(known)
    for name, default in vars(known.parse_args([])).items():
        if getattr(args, name) != default and name not in LOOKING_ON:
            given = "sources" if name == "files" else f"--{name.replace('_', '-')}"
            raise UsageError(f"--replay {args.replay}: the file says what is run, and how; leave out {given}")


@contextmanager
def tracing(args, machine, symbols) -> Iterator[Callable]:
    """-> what runs the machine for so many instructions and seconds, and writes the trace that was asked for."""
    if not args.trace:
        yield machine.run
        return
    from s390emu.reports.trace_log import TraceLog

    out = args.trace_to.open("w", encoding="utf-8", errors="backslashreplace") if args.trace_to else sys.stderr
    try:
        yield TraceLog(machine, args.trace, out, args.trace_lines, symbols).run
    finally:
        if args.trace_to:
            out.close()


def conclude(args, machine, stop, symbols, watcher=None) -> int:
    """Report the end, and what the sanitizer found, and turn it into an exit code."""
    from s390emu.machine import Reason
    from s390emu.reports.stop import as_dict, report, summary

    ended_well = stop.exit_code == 0
    if args.json:
        found = sanitized(watcher, symbols)
        print(json_text({"schema": "s390emu.run/1"} | as_dict(machine, stop, symbols) | found))
    elif ended_well:
        print(summary(machine, stop, symbols), file=sys.stderr)
    else:
        print(report(machine, stop, symbols), file=sys.stderr)
    broken = watcher is not None and tell(args, watcher, symbols)
    if ended_well:
        return FAILED if broken else ENDED
    return LIMIT if stop.reason in (Reason.LIMIT, Reason.TIMEOUT) else ABNORMAL


def sanitized(watcher, symbols) -> dict:
    """What the sanitizer found, for a JSON object."""
    from s390emu.reports.sanitizer import as_dict

    if watcher is None:
        return {}
    watcher.finish()
    return {"sanitizer": as_dict(watcher, symbols)}


def tell(args, watcher, symbols) -> bool:
    """Print what the sanitizer found, unless as JSON: -> whether a rule was broken."""
    from s390emu.reports.sanitizer import report

    watcher.finish()
    if not args.json:
        print(report(watcher, symbols), file=sys.stderr)
    return bool(watcher.counts)
