"""Run traces: each in a fresh machine, and compare with its `.expect`.

result = run_trace("traces/fault/retry-load.trace")
result.outcome, result.differences
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from s390emu.input_files import FileError
from s390emu.tracing.blame import blame
from s390emu.tracing.execution import Execution, Options
from s390emu.tracing.expectations import Difference, End, differences
from s390emu.tracing.prepare import missing
from s390emu.tracing.trace import Trace, TraceError
from s390emu.tracing.trace_file import parse, read

PASSED_CODE, FAILED_CODE, INPUT_ERROR_CODE = 0, 1, 2


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"


class TraceResult(NamedTuple):
    """What came of one trace. message: why it was skipped, or what is wrong with the file."""

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


def run_trace(path_or_text: str | Path, *, options: Options = Options()) -> TraceResult:  # noqa: B008 (immutable)
    """Run one trace. What is wrong with it is in the result; OSError for a file that cannot be read."""
    path = "<string>" if isinstance(path_or_text, str) and "\n" in path_or_text else str(path_or_text)
    started = time.perf_counter()
    try:
        trace = load(path_or_text, options.include)
    except (TraceError, FileError) as error:
        return TraceResult(path, Path(path).stem, "", Result.ERROR, str(error))
    if lacking := missing(trace):
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


def find_traces(paths: Iterable[str | Path]) -> list[Path]:
    """Files as they are given; of folders all `*.trace` below them, sorted. FileNotFoundError."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(file for file in path.rglob("*.trace") if not file.is_dir())
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
    """Run all traces of these files and folders, in order; jobs: processes at once; done: called with each result."""
    from functools import partial

    one = partial(run_trace, options=options)
    files = find_traces(paths)
    results: list[TraceResult] = []

    def collect(iterator):
        for result in iterator:
            results.append(result)
            if done:
                done(result)

    if jobs <= 1 or len(files) <= 1:
        collect(map(one, files))
    else:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(min(jobs, len(files)), get_context("spawn")) as pool:
            collect(pool.map(partial(_run_in_process, options), files))
    return results


def _run_in_process(options: Options, path: Path) -> TraceResult:
    """Functions do not travel between processes, and states need not."""
    result = run_trace(path, options=options)
    plain = tuple(difference._replace(sample=None) for difference in result.differences)
    return result._replace(differences=plain, end=None, trace=None)
