"""Run traces: each in a fresh machine, and compare with its `.expect`; and Hercules test scripts (`*.tst`).

result = run_trace("traces/fault/retry-load.trace")
result.outcome, result.differences
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from s390emu.assembler.assemble import Program
from s390emu.input_files import FileError
from s390emu.tracing.blame import blame
from s390emu.tracing.execution import Execution, Options
from s390emu.tracing.expectations import Difference, End, differences
from s390emu.tracing.prepare import missing
from s390emu.tracing.script_execution import CaseEnd, follow
from s390emu.tracing.script_file import SUFFIX as SCRIPT
from s390emu.tracing.script_file import read as read_script
from s390emu.tracing.trace import Trace, TraceError
from s390emu.tracing.trace_file import parse, read

PASSED_CODE, FAILED_CODE, INPUT_ERROR_CODE = 0, 1, 2


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


class TraceResult(NamedTuple):
    """What came of one trace, or of one test case of a script. message: why it was skipped, or what is wrong with the
    file, or what the test case says itself."""

    path: str
    name: str
    about: str
    outcome: Result
    message: str = ""
    differences: tuple[Difference, ...] = ()
    end: End | None = None
    trace: Trace | None = None
    instructions: int = 0
    seconds: float = 0.0
    digest: str = ""

    @property
    def exit_code(self) -> int:
        return {Result.FAILED: FAILED_CODE, Result.ERROR: INPUT_ERROR_CODE}.get(self.outcome, PASSED_CODE)


def load(path_or_text: str | Path, include: Iterable[Path] = ()) -> Trace:
    """A path, or text with a line end in it. Raises TraceError, FileError, OSError."""
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return parse(path_or_text, include_paths=include)
    return read(path_or_text, include)


def programs(files: Iterable[Path], options: Options) -> list[Program]:
    """Return the programs of those files that are traces and can be read."""
    found = []
    for file in files:
        with suppress(TraceError, FileError, OSError):
            found += [load(file, options.include).program] if file.suffix != SCRIPT else []
    return found


def run_trace(path_or_text: str | Path, *, options: Options = Options()) -> TraceResult:  # noqa: B008 (immutable)
    """Run one trace. What is wrong with it is in the result; OSError for a file that cannot be read."""
    path = "<string>" if isinstance(path_or_text, str) and "\n" in path_or_text else str(path_or_text)
    started = time.perf_counter()
    try:
        trace = load(path_or_text, options.include)
    except (TraceError, FileError) as error:
        return TraceResult(path, Path(path).stem, "", Result.ERROR, str(error))
    if lacking := missing(trace, options.model):
        return TraceResult(path, trace.name, trace.about, Result.SKIPPED, lacking, trace=trace)
    try:
        execution = Execution(trace, options)
    except TraceError as error:
        return TraceResult(path, trace.name, trace.about, Result.ERROR, str(error), trace=trace)
    end = execution.run()
    execution.close()
    # An event that did not happen explains whatever else is not as expected.
    found = execution.refused or [*execution.unfired(end)] or differences(trace, end)
    if found and options.explain:
        found = blame(trace, found, lambda observe: Execution(trace, options, observe), end)
    outcome = Result.FAILED if found else Result.PASSED
    return TraceResult(
        path,
        trace.name,
        trace.about,
        outcome,
        "",
        tuple(found),
        end,
        trace,
        end.stop.count,
        time.perf_counter() - started,
        end.after.digest(),
    )


def run_script(path: str | Path, *, options: Options = Options()) -> list[TraceResult]:  # noqa: B008 (immutable)
    """Run one Hercules test script: return a result for each of its test cases, or one that says what is wrong with the
    file. OSError for a file that cannot be read."""
    try:
        ends = follow(read_script(path), options)
    except (TraceError, FileError) as error:
        return [TraceResult(str(path), Path(path).stem, "", Result.ERROR, str(error))]
    return [_result_of(end, str(path)) for end in ends]


def _result_of(end: CaseEnd, path: str) -> TraceResult:
    outcome = Result.SKIPPED if end.skipped else Result.FAILED if end.differences else Result.PASSED
    message = "; ".join(filter(None, (end.skipped, *end.messages)))
    return TraceResult(path, end.name, "", outcome, message, end.differences, instructions=end.instructions,
                       seconds=end.seconds, digest=end.digest)  # fmt: skip


def run_file(path: str | Path, *, options: Options = Options()) -> list[TraceResult]:  # noqa: B008 (immutable)
    """Run a trace or, by the file's name, a script."""
    if Path(path).suffix == SCRIPT:
        return run_script(path, options=options)
    return [run_trace(path, options=options)]


def find_traces(paths: Iterable[str | Path]) -> list[Path]:
    """Files as they are given; of folders all `*.trace` and `*.tst` below them, sorted. FileNotFoundError."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files = (file for file in path.rglob("*") if file.suffix in (".trace", SCRIPT))
            found += sorted(file for file in files if not file.is_dir())
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(2, "No such file or directory", str(path))
    return found


def run_paths(
    paths: Iterable[str | Path],
    *,
    jobs: int = 1,
    options: Options = Options(),  # noqa: B008 (immutable)
    done: Callable[[TraceResult], None] | None = None,
) -> list[TraceResult]:
    """Run all traces and scripts of these files and folders, in order; jobs: processes at once; done: called with each
    result."""
    from functools import partial

    one = partial(run_file, options=options)
    files = find_traces(paths)
    results: list[TraceResult] = []

    def collect(iterator):
        for result in chain.from_iterable(iterator):
            results.append(result)
            if done:
                done(result)

    if jobs <= 1 or len(files) <= 1:
        collect(map(one, files))
    else:
        from s390emu.crew import Crew

        with Crew(min(jobs, len(files)), lambda: options) as crew:
            collect(crew.results(_run_in_process, files))
    return results


def _run_in_process(options: Options, path: Path) -> list[TraceResult]:
    """Functions do not travel between processes, and states need not."""
    results = run_file(path, options=options)
    plain = (tuple(difference._replace(sample=None) for difference in result.differences) for result in results)
    return [result._replace(differences=found, end=None, trace=None)
            for result, found in zip(results, plain, strict=True)]  # fmt: skip
