"""Options of `run`, and which of them go with --replay."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.commands.options import taken
from s390emu.commands.options.adversary import AdversaryOptions
from s390emu.commands.options.limits import LimitOptions
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.program import ProgramOptions
from s390emu.commands.options.recording import RecordOptions
from s390emu.commands.options.sanitizer import SanitizerOptions
from s390emu.commands.options.session import SessionOptions
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.options.trace import TraceOptions
from s390emu.commands.usage import UsageError

LOOKING_ON = ("trace", "trace_to", "trace_lines", "json", "sanitize", "sanitize_guest", "timeout", "disk", "paging",
              "record", "record_last")  # fmt: skip


class RunOptions(NamedTuple):
    """All options of `run`."""

    program: ProgramOptions = ProgramOptions()
    machine: MachineOptions = MachineOptions()
    limits: LimitOptions = LimitOptions()
    session: SessionOptions = SessionOptions()
    adversary: AdversaryOptions = AdversaryOptions()
    sanitizer: SanitizerOptions = SanitizerOptions()
    trace: TraceOptions = TraceOptions()
    symbols: SymbolOptions = SymbolOptions()
    record: RecordOptions = RecordOptions()
    json: bool = False
    replay: Path | None = None


def run_options(args: argparse.Namespace) -> RunOptions:
    """Return the options that were parsed."""
    return RunOptions(
        taken(ProgramOptions, args),
        taken(MachineOptions, args),
        taken(LimitOptions, args),
        taken(SessionOptions, args),
        taken(AdversaryOptions, args),
        taken(SanitizerOptions, args),
        taken(TraceOptions, args),
        taken(SymbolOptions, args),
        taken(RecordOptions, args),
        args.json,
        args.replay,
    )


def reject_what_a_replay_file_says(options: RunOptions) -> None:
    """Reject options of the run itself with --replay: the file says what is run, and how; only how it is looked at can
    be chosen, for how long, and files that stand for what is not in it."""
    groups = (options.program, options.machine, options.limits, options.session, options.adversary, options.symbols,
              options.record)  # fmt: skip
    for group in groups:
        defaults = type(group)()
        for name in group._fields:
            if name not in LOOKING_ON and getattr(group, name) != getattr(defaults, name):
                given = "sources" if name == "files" else f"--{name.replace('_', '-')}"
                told = "the file says what is run, and how; leave out"
                raise UsageError(f"--replay {options.replay}: {told} {given}")


def reject_single_run_options(
    session: SessionOptions, trace: TraceOptions, limits: LimitOptions, symbols: SymbolOptions
) -> None:
    """Reject with --adversary what is about one run: the adversary makes many."""
    if trace.trace or trace.trace_to or limits.timeout or symbols.given:
        option = "--timeout" if limits.timeout else symbols.given or "--trace"
        raise UsageError(f"{option} is for a single run; give --limit, --points; trace the replay of what is found")
    if session != SessionOptions():
        raise UsageError("--interactive, --until and --on-reboot are for a single run; leave out --adversary")
