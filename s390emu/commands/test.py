"""s390emu test: run assembly traces (docs/traces.md) and compare each with its `.expect`; and Hercules test scripts
(docs/tst.md)."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from s390emu.architecture import models
from s390emu.commands.json_output import json_text
from s390emu.commands.options.program import include_argument
from s390emu.commands.options.values import positive
from s390emu.commands.usage import ENDED, FAILED, UsageError

if TYPE_CHECKING:
    from s390emu.tracing.runner import Options

EXAMPLE = "s390emu test traces/ --junit results.xml"
MANY = 16  # traces: for fewer it does not pay to start processes


def arguments(parser) -> None:
    """Add the options: which traces, how they are run, how results are shown."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="traces, Hercules scripts (*.tst), folders")
    parser.add_argument("-k", dest="only", metavar="WORD", help="only files with WORD in their path")
    parser.add_argument("--bless", action="store_true", help="rewrite .expect from the run and show the difference")
    parser.add_argument("--engine", choices=("run", "step"), default="run", help="step: one instruction at a time")
    parser.add_argument("--tlb", choices=("on", "off"), default="on", help="off: every access is checked anew")
    parser.add_argument("--model", choices=models.NAMES, default=models.MAX, metavar="NAME",
                        help="generation, of traces that name none: " + ", ".join(models.NAMES))  # fmt: skip
    parser.add_argument("--limit", type=positive, metavar="N", help="instructions that a trace may take")
    parser.add_argument("--jobs", type=positive, metavar="N", help="processes at once; as many as CPUs for many traces")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML")
    parser.add_argument("--json", action="store_true", help="the results as JSON on stdout")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell in full what follows from a first failure")
    parser.add_argument("--debug", action="store_true", help="run one trace, then step through it, back from its end")
    include_argument(parser, "where .include may read beside the trace's folder")
    parser.add_argument("-q", "--quiet", action="store_true", help="show only what did not pass")


def execute(args: argparse.Namespace) -> int:
    """Run the traces and show what did not pass, or rewrite what they expect."""
    from s390emu.tracing.report import as_json, exit_code, summary, text
    from s390emu.tracing.runner import SCRIPT, Options, Result, find_traces, run_paths

    files = [path for path in find_traces(args.paths) if args.only is None or args.only in str(path)]
    if not files:
        where = ", ".join(map(str, args.paths)) + (f" with {args.only} in its path" if args.only else "")
        raise UsageError(f"no *.trace or *.tst in {where}")
    options = Options(engine=args.engine, tlb=args.tlb == "on", limit=args.limit, include=tuple(args.include),
                      model=args.model)  # fmt: skip
    if args.debug:
        if args.json or args.junit or args.bless or len(files) > 1:
            raise UsageError("--debug takes one trace, and neither --bless, --json nor --junit")
        return _debug(files[0], options)
    if args.bless:
        if args.json or args.junit:
            raise UsageError("--bless shows a difference, not results; leave out --json and --junit")
        return _bless(files, options)

    def show(result) -> None:
        if not args.json and not (args.quiet and result.outcome is Result.PASSED):
            print(text(result, full=args.verbose), flush=True)

    _compile_for(files, options)
    results = run_paths(files, jobs=args.jobs or _jobs_for(files), options=options, done=show)
    if args.junit:
        from s390emu.tracing import junit

        junit.write(args.junit, results)
    print(json_text(as_json(results)) if args.json else summary(results))
    failed = next((result.path for result in results if result.outcome is Result.FAILED), "")
    if failed and not failed.endswith(SCRIPT) and not args.json:
        print(f"s390emu test {failed} --debug steps through it, back from its end")
    return exit_code(results)


def _compile_for(files: list[Path], options: Options) -> None:
    """Compile and load what the traces need before they are shared out: what others have needed, if they are many."""
    from s390emu.commands.compilation import compile_for
    from s390emu.engine.ahead import is_first_run
    from s390emu.tracing.runner import programs

    compile_for(*(programs(files, options) if len(files) < MANY or is_first_run() else ()))


def _jobs_for(files: list[Path]) -> int:
    """Return how many processes it pays to start."""
    if len(files) < MANY:
        return 1
    from s390emu._jit.parallel import cores

    return cores()


def _debug(path: Path, options: Options) -> int:
    """Run a trace and hand its end, and the way there, to a prompt."""
    from s390emu.debugger.prompt import Prompt
    from s390emu.debugger.target import Target
    from s390emu.tracing.execution import Execution
    from s390emu.tracing.report import exit_code, text
    from s390emu.tracing.runner import SCRIPT, Result, run_trace

    if path.suffix == SCRIPT:
        raise UsageError(f"--debug takes a trace; {path} is a Hercules script")
    result = run_trace(path, options=options)
    print(text(result, full=True))
    if result.trace is not None and result.outcome in (Result.PASSED, Result.FAILED):
        with closing(Execution(result.trace, options)) as execution:
            execution.machine.remember()
            execution.run()
            Prompt(Target(execution.machine, result.trace.program.symbols)).cmdloop()
    return exit_code([result])


def _bless(files: list[Path], options: Options) -> int:
    """Rewrite what the traces expect, and show the difference."""
    from s390emu.tracing.bless import BlessError, bless

    code = ENDED
    for path in files:
        try:
            blessing = bless(path, options=options)
        except BlessError as error:
            print(error, file=sys.stderr)
            code = FAILED
            continue
        print(blessing.diff or f"{path}: as it was", end="" if blessing.diff else "\n")
    return code
