"""s390emu run: run a guest and say how it ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from s390emu.cli import ABNORMAL, ENDED, LIMIT, UsageError
from s390emu.commands.inputs import (
    build,
    labels,
    limit_arguments,
    load,
    machine_arguments,
    positive,
    program,
    program_arguments,
)

EXAMPLE = "s390emu run hello.s --limit 1_000_000 --trace insn"
KINDS = ("insn", "storage", "interruption", "page")
DEFAULT_TRACE_LINES = 1_000_000


def arguments(parser) -> None:
    program_arguments(parser, files="*")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="repeat the run of a replay file instead")
    machine_arguments(parser)
    limit_arguments(parser)
    parser.add_argument("--trace", type=_kinds, default=(), metavar="KINDS", help="of " + ",".join(KINDS))
    parser.add_argument("--trace-to", type=Path, metavar="FILE", help="where the trace goes (stderr)")
    parser.add_argument("--trace-lines", type=positive, default=DEFAULT_TRACE_LINES, metavar="N", help="at most (10^6)")
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

        return replay(args.replay)
    if not args.files:
        raise UsageError("run what? for example: s390emu run hello.s")
    guest = program(args.files, args.origin, args.define)
    machine = build(args)
    load(machine, guest)
    symbols = labels(guest)
    if not args.json:
        machine.host.consoles[machine.guest_number].live = _show
    stop = _run(args, machine, symbols)
    return conclude(args, machine, stop, symbols)


def _show(text: str) -> None:
    print(text, end="", flush=True)


def _run(args, machine, symbols):
    if not args.trace:
        return machine.run(args.limit, args.timeout)
    from s390emu.reports.trace_log import TraceLog

    out = args.trace_to.open("w") if args.trace_to else sys.stderr
    try:
        return TraceLog(machine, args.trace, out, args.trace_lines, symbols).run(args.limit, args.timeout)
    finally:
        if args.trace_to:
            out.close()


def conclude(args, machine, stop, symbols) -> int:
    """Report the end and turn it into an exit code."""
    from s390emu.machine import Reason
    from s390emu.reports.stop import as_dict, report, summary

    ended_well = stop.exit_code == 0
    if args.json:
        print(json.dumps({"schema": "s390emu.run/1"} | as_dict(machine, stop, symbols), indent=1))
    elif ended_well:
        print(summary(machine, stop, symbols), file=sys.stderr)
    else:
        print(report(machine, stop, symbols), file=sys.stderr)
    if ended_well:
        return ENDED
    return LIMIT if stop.reason in (Reason.LIMIT, Reason.TIMEOUT) else ABNORMAL
