"""The table of a sweep: one row for each guest of each cell, and one for all guests of it (`guest` is "all").

The same cells give the same bytes, wherever they ran; so the time that the computer took is not in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from s390emu.input_files import replace_file

NOT_KEPT = ("real_seconds",)
FORMATS = ("csv", "parquet")


class ParquetUnavailable(Exception):
    """The message says what to install."""


def overall(rows: Iterable[Mapping]) -> list[Mapping]:
    """Return the rows for all guests of a cell."""
    return [row for row in rows if row.get("guest") == "all"]


def columns(rows: Iterable[Mapping]) -> list[str]:
    """Return the names of the columns in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row if name not in NOT_KEPT))


def scalar(value):
    """Return what a field of the table can hold: named parameters become text."""
    if isinstance(value, list | tuple):
        return " ".join("=".join(map(str, item)) if isinstance(item, list | tuple) else str(item) for item in value)
    return value


def write(path: Path, rows: Sequence[Mapping], form: str) -> Path:
    """Write the table beside `path`, with the ending of its format, and return where."""
    path = path.with_suffix("." + form)
    {"csv": _write_csv, "parquet": _write_parquet}[form](path, rows)
    return path


def _write_csv(path: Path, rows: Sequence[Mapping]) -> None:
    names = columns(rows)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    for row in rows:
        table.writerow([_text(row.get(name)) for name in names])
    replace_file(path, text.getvalue())


def _text(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(scalar(value))


def need_parquet():
    """Return pyarrow's two modules, or raise with a message that says how to get them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ParquetUnavailable(
            "--table parquet needs pyarrow, which is not installed: pip install 's390emu[parquet]', or --table csv"
        ) from None
    return pyarrow, pyarrow.parquet


def _write_parquet(path: Path, rows: Sequence[Mapping]) -> None:
    pyarrow, parquet = need_parquet()
    data = {name: _column([scalar(row.get(name)) for row in rows]) for name in columns(rows)}
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(data), sink)
    replace_file(path, sink.getvalue().to_pybytes())


def _column(values: list) -> list:
    """Return a column of one type: guest numbers stand beside "all", and whole numbers beside fractions."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1:
        kind = float if kinds <= {int, float} else str
        return [None if value is None else kind(value) for value in values]
    return values
