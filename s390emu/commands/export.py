"""s390emu export: traces as a bare-metal image that checks itself, for other machines (docs/export.md)."""

from __future__ import annotations

import argparse
from pathlib import Path

from s390emu.commands.json_output import json_text
from s390emu.commands.options.program import include_argument
from s390emu.commands.usage import ENDED, UsageError
from s390emu.input_files import replace_file

EXAMPLE = "s390emu export traces/ -o suite.elf; qemu-system-s390x -m 256M -nographic -kernel suite.elf"


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="traces, folders")
    parser.add_argument("-k", dest="only", metavar="WORD", help="only files with WORD in their path")
    parser.add_argument("--without", action="append", default=[], metavar="NAME",
                        help="leave out the trace of this name, for example one that stops the other machine")
    parser.add_argument("-o", "--output", type=Path, default=Path("suite.elf"), metavar="FILE",
                        help="the image (suite.elf); beside it FILE's name with .bin .psw .ins .hercules")
    parser.add_argument("--list-decisions", action="store_true",
                        help="the decisions D1 to D20 of docs/page-hinting.md: which the image asks the machine")
    parser.add_argument("--json", action="store_true", help="what was exported and what was skipped, as JSON")
    include_argument(parser, "where .include may read beside the trace's folder")


def execute(args: argparse.Namespace) -> int:
    """Write the image, and tell of each trace that is not in it why."""
    if args.list_decisions:
        return _list_decisions(args.json)
    if not args.paths:
        raise UsageError("export what? for example: s390emu export traces/ -o suite.elf")
    from s390emu.export import Skip, build, case_of
    from s390emu.export.image import TooLarge
    from s390emu.tracing.execution import Options
    from s390emu.tracing.runner import find_traces
    from s390emu.tracing.trace import TraceError
    from s390emu.tracing.trace_file import read

    files = [path for path in find_traces(args.paths)
             if path.suffix == ".trace" and (args.only is None or args.only in str(path))]  # fmt: skip
    if not files:
        raise UsageError(f"no *.trace in {', '.join(map(str, args.paths))}")
    options, found = Options(include=tuple(args.include)), []
    for path in files:
        try:
            trace = read(path, options.include)
            left_out = Skip(trace.name, "left out (--without)") if trace.name in args.without else None
            found.append(left_out or case_of(trace, options))
        except TraceError as error:
            raise UsageError(str(error)) from None
    try:
        suite = build(found)
    except TooLarge as error:
        raise UsageError(str(error)) from None
    _write(args.output, suite)
    if args.json:
        skips = [skip._asdict() for skip in suite.skips]
        print(json_text({"schema": "s390emu.export/1", "file": str(args.output),
                         "traces": [case.name for case in suite.cases], "skipped": skips}))  # fmt: skip
        return ENDED
    for skip in suite.skips:
        print(f"skipped  {skip.name}: {skip.reason}")
    print(f"{args.output}: {len(suite.cases)} traces, {len(suite.skips)} skipped")
    return ENDED


def _write(output: Path, suite) -> None:
    """Write the image and what stands beside it."""
    from s390emu.export.hercules import IPL_PSW, load_list, script

    flat, psw = output.with_suffix(".bin"), output.with_suffix(".psw")
    replace_file(output, suite.elf())
    replace_file(flat, suite.flat())
    replace_file(psw, IPL_PSW)
    replace_file(output.with_suffix(".ins"), load_list(flat.name, psw.name))
    replace_file(output.with_suffix(".hercules"), script(flat.name))


def _list_decisions(as_json: bool) -> int:
    from s390emu.export.decisions import DECISIONS

    if as_json:
        print(json_text({"schema": "s390emu.decisions/1", "decisions": [d._asdict() for d in DECISIONS]}))
        return ENDED
    for decision in DECISIONS:
        print(f"{decision.name:4} {decision.decided}")
        print(f"     {'asked: ' + decision.question if decision.question else 'not asked: ' + decision.why_not}")
    return ENDED
