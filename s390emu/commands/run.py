"""s390emu run: run a guest and say how it ended."""

from __future__ import annotations

import argparse
from pathlib import Path

from s390emu.commands.compilation import show
from s390emu.commands.conclusion import conclude
from s390emu.commands.machines import build, load, sanitizer
from s390emu.commands.options.adversary import adversary_arguments, reject_adversary_options
from s390emu.commands.options.limits import limit_arguments
from s390emu.commands.options.machine import machine_arguments
from s390emu.commands.options.program import program_arguments
from s390emu.commands.options.recording import record_arguments
from s390emu.commands.options.run import (
    reject_single_run_options,
    reject_what_a_replay_file_says,
    run_options,
)
from s390emu.commands.options.sanitizer import reject_sanitize_with_adversary, sanitizer_arguments
from s390emu.commands.options.session import session_arguments
from s390emu.commands.options.symbols import symbol_arguments
from s390emu.commands.options.trace import trace_arguments
from s390emu.commands.programs import labels, program
from s390emu.commands.recordings import recorded
from s390emu.commands.session import run_guest
from s390emu.commands.symbols import named, named_at_end
from s390emu.commands.usage import UsageError

EXAMPLE = "s390emu run hello.s --limit 1_000_000 --trace insn"


def arguments(parser) -> None:
    """Add the options of RunOptions."""
    program_arguments(parser, number_of_files="*", told=argparse.SUPPRESS)  # the summary says it
    parser.add_argument("--replay", type=Path, metavar="FILE", help="repeat the run of a replay file instead")
    machine_arguments(parser)
    limit_arguments(parser)
    session_arguments(parser)
    adversary_arguments(parser, told=False)
    sanitizer_arguments(parser)
    trace_arguments(parser)
    symbol_arguments(parser)
    record_arguments(parser)
    parser.add_argument("--json", action="store_true",
                        help="the result, on stdout; --record FILE: the run, for s390emu trace")  # fmt: skip


def execute(args: argparse.Namespace) -> int:
    """Run the guest, or what a replay file says, or let the adversary loose on the guest."""
    options = run_options(args)
    if options.replay:
        from s390emu.commands.replay import replay

        reject_what_a_replay_file_says(options)
        return replay(options)
    if not options.program.files:
        raise UsageError("run what? for example: s390emu run hello.s")
    options.session.check(json=options.json)
    options.record.check(options.machine, options.adversary)
    guest = program(options.program)
    if options.adversary.adversary:
        from s390emu.commands.adversary import program_source, search

        reject_sanitize_with_adversary(options.sanitizer)
        reject_single_run_options(options.session, options.trace, options.limits, options.symbols)
        source, limit = program_source(guest), options.limits.limit
        return search(options.adversary, options.machine, guest, source, limit=limit, as_json=options.json)
    reject_adversary_options(options.adversary)
    options.symbols.check(options.trace)
    symbols = named(options.symbols, labels(guest))
    machine = build(options.machine, guest)
    load(machine, guest)
    watcher = sanitizer(options.sanitizer, machine, guest.symbols)
    if not options.json:
        machine.host.guests[machine.guest_number].console.live = show
    with recorded(options.record, machine, options.machine, "run", symbols) as recorder:
        stop = run_guest(
            machine, options.session, options.trace, options.limits, symbols, lambda: load(machine, guest), recorder
        )
    symbols = named_at_end(options.symbols, machine, symbols)
    return conclude(machine, stop, symbols, watcher, as_json=options.json, until=options.session.until)
