"""Results as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from s390emu.tracing.expectations import Difference
from s390emu.tracing.runner import INPUT_ERROR_CODE, SCRIPT, Result, TraceResult

SCHEMA = "s390emu.test/1"
EFFECTS_SHOWN = 5  # of the differences behind the first


def exit_code(results: Iterable[TraceResult]) -> int:
    """0 all passed or skipped, 2 a trace that cannot be read, else 1 an expectation failed."""
    codes = {result.exit_code for result in results}
    return INPUT_ERROR_CODE if INPUT_ERROR_CODE in codes else max(codes, default=0)


def text(result: TraceResult, *, full: bool = False) -> str:
    """Return one line, and below it what is not as expected: the first difference, and the others in short or `full`.
    """
    # A script has several test cases, and each a name.
    named = result.path.endswith(SCRIPT) and result.outcome is not Result.ERROR
    head = f"{result.outcome:8}{result.path}" + (f": {result.name}" if named else "")
    if result.outcome is Result.SKIPPED:
        return f"{head}: {result.message}"
    if result.outcome is Result.ERROR:
        return f"{head}\n{result.message}"
    shown = len(result.differences) if full else 1
    lines = [head, *([f"    {result.message}"] if result.message else [])]
    for difference in result.differences[:shown]:
        where = f"{result.path}:{difference.line}: " if difference.line else ""
        lines.append(f"    {where}{difference}")
    return "\n".join((*lines, *_then_also(result.differences[shown:])))


def _then_also(effects: Sequence[Difference]) -> Iterator[str]:
    """Yield the lines that tell in short what follows from the first difference."""
    start = "then also: "
    for number, difference in enumerate(effects):
        if number == EFFECTS_SHOWN and len(effects) > EFFECTS_SHOWN + 1:
            yield f"    {start}and {len(effects) - number} more; -v tells all"
            return
        where = f" (line {difference.line})" if difference.line else ""
        yield f"    {start}{difference.short}{where}"
        start = " " * len(start)


def summary(results: Iterable[TraceResult]) -> str:
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Result if counts[outcome]) or "no traces"


def as_json(results: Iterable[TraceResult]) -> dict:
    """What `s390emu test --json` prints."""
    results = list(results)
    counts = Counter(result.outcome for result in results)
    return {
        "schema": SCHEMA,
        "counts": {str(outcome): counts[outcome] for outcome in Result},
        "traces": [_result(result) for result in results],
    }


def _result(result: TraceResult) -> dict:
    return {
        "path": result.path,
        "name": result.name,
        "about": result.about,
        "outcome": str(result.outcome),
        "message": result.message,
        "instructions": result.instructions,
        "seconds": round(result.seconds, 6),
        "state": result.digest,
        "differences": [
            {name: getattr(difference, name)
             for name in ("subject", "expected", "actual", "detail", "line", "writer", "rule")}
            for difference in result.differences
        ],
    }  # fmt: skip
