"""s390emu vectors: test vectors of single instructions, computed by twins, and our engine on them (docs/vectors.md)."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.values import positive
from s390emu.commands.suites import chosen, rows_without_twin
from s390emu.commands.usage import ENDED, FAILED, UsageError
from s390emu.conformance import files
from s390emu.conformance.twins.without import REASONS, reasons
from s390emu.shapes import ShapeError

EXAMPLE = "s390emu vectors AGR MVC --count 1000 --seed 7 -o vectors"


class Options(NamedTuple):
    """Which rows, how many cases of each, from which seed, to where; or the folder to check; or what there is."""

    rows: tuple[str, ...]
    count: int  # type: ignore[assignment]  # a tuple has a method of that name
    seed: str
    output: Path | None
    check: Path | None
    list: bool
    json: bool

    def refuse(self) -> None:
        """Reject what says nothing to do, or two things."""
        if sum((self.output is not None, self.check is not None, self.list)) != 1:
            raise UsageError("vectors wants one of: -o DIR, --check DIR, --list")


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("rows", nargs="*", metavar="ROW", help="mnemonics (all that have a twin)")
    parser.add_argument("--count", type=positive, default=100, metavar="N", help="cases of each row (100)")
    parser.add_argument("--seed", default="1", metavar="S", help="any text; the same one gives the same files (1)")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="write the files into this folder")
    parser.add_argument("--check", type=Path, metavar="DIR", help="run the files of this folder on our engine")
    parser.add_argument("--list", action="store_true", help="name the rows that have a twin, and those that have none")
    parser.add_argument("--json", action="store_true", help="as JSON")


def execute(args: argparse.Namespace) -> int:
    """Write vectors, check them, or tell of which rows there are some."""
    options = taken(Options, args)
    options.refuse()
    if options.check is not None:
        return _check(options.check, options.rows, options.json)
    rows, without = chosen(options.rows), rows_without_twin()
    if options.list:
        _list(rows, without, options.json)
    else:
        assert options.output is not None
        _write(options.output, rows, without, options)
    return ENDED


def _list(rows: list[str], without: list[str], as_json: bool) -> None:
    if as_json:
        why = reasons()
        explained = {row: why.get(row, "") for row in without}
        print(json_text({"schema": "s390emu.vector-rows/2", "rows": rows, "without_twin": explained}))
        return
    print(f"{len(rows)} rows have a twin: {' '.join(rows)}")
    print(f"\n{len(without)} rows that are executed here have none:")
    for reason, left in REASONS.items():
        print(f"  {reason}: {left}")


def _write(folder: Path, rows: list[str], without: list[str], options: Options) -> None:
    from s390emu.conformance.vectors import cases

    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Any] = {}
    for row in rows:
        made[row] = files.write_row(folder, row, cases(row, options.count, options.seed))
    files.write_contents(folder, options.seed, options.count, made, without)
    written = sum(row["cases"] for row in made.values())
    if options.json:
        print(json_text({"schema": "s390emu.vectors-written/1", "folder": str(folder), "rows": len(made),
                         "cases": written, "without_twin": without}))  # fmt: skip
    else:
        print(f"{written} cases of {len(made)} rows in {folder}; {len(without)} rows have no twin (--list)")


def _check(folder: Path, only: Iterable[str], as_json: bool) -> int:
    """Run the cases of a folder here; fail if one does not end as it says."""
    from s390emu.conformance.deviations import Report, RowReport, report
    from s390emu.conformance.here import Here
    from s390emu.reports import conformance

    here = Here()
    rows: dict[str, RowReport] = {}
    try:
        contents = files.read_contents(folder)["rows"]
        for row in _of_folder(contents, only, folder):  # a row at a time: a folder is larger than it looks
            suite = [vector.case for vector in files.read_row(folder, contents[row])]
            rows |= report(here, {row: suite}).rows
    except ShapeError as error:
        raise UsageError(str(error)) from None
    found = Report(here.name, rows)
    print(json_text(conformance.as_json(found)) if as_json else conformance.text(found))
    return FAILED if found.deviating else ENDED


def _of_folder(rows: dict[str, Any], only: Iterable[str], folder: Path) -> list[str]:
    wanted = [name.upper() for name in only] or list(rows)
    for name in wanted:
        if name not in rows:
            raise UsageError(f"{folder}: no vectors of {name} there")
    return wanted
