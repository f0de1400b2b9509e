"""The finished cells of sweeps, kept in a folder so that an interrupted sweep goes on where it was.

One file for each cell, under a name made of everything the result depends on: the cell's parameters and the version of
the code. So a folder can hold the cells of many sweeps, and a cell that two of them share is run once; what another
version of the code has found is left alone and not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from s390emu.farm.cell import Cell
from s390emu.farm.measure import row_shape
from s390emu.input_files import FileError, json_value, read_text, replace_file
from s390emu.shapes import Anything, Number, OneOf, ShapeError, Text, check

PACKAGE = Path(__file__).parent.parent
SCHEMA = "s390emu.cell/1"
# What no result depends on: how cells are distributed, kept, and told of.
APART = ("cli.py", "__main__.py", "commands", "reports", "tracing",
         "farm/store.py", "farm/executors.py", "farm/sweep.py", "farm/ranges.py")  # fmt: skip


class Result(NamedTuple):
    """What came of one cell. rows: one for each guest and one for all; error: why there are none, or ""."""

    cell: Cell
    rows: tuple[dict, ...] = ()
    error: str = ""
    seconds: float = 0.0  # of the computer that ran it; no part of the result
    version: str = ""


@cache
def code_version() -> str:
    """Return a digest of every source that a cell's result can come from, the guests' firmware included."""
    from s390emu.guests.toy_kernel import folder

    digest = hashlib.sha256()
    for name, source in sorted(_sources(folder())):
        digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources(firmware: Path) -> Iterator[tuple[str, Path]]:
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if not any(name == apart or name.startswith(apart + "/") for apart in APART):
            yield name, path
    for path in firmware.iterdir():
        if path.suffix in (".s", ".inc", ".list", ".sh"):
            yield f"firmware/{path.name}", path


class Store:
    """The cells in `folder` that this version of the code has finished."""

    def __init__(self, folder: Path, version: str | None = None):
        self.folder = folder / "cells"
        if self.folder.is_symlink():
            raise FileError(f"{self.folder}: a link; the cells of a sweep are kept in a folder of its own")
        self.version = code_version() if version is None else version
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, cell: Cell) -> Path:
        """Return the file of a cell."""
        key = json.dumps([SCHEMA, self.version, asdict(cell)], sort_keys=True)
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"

    def get(self, cell: Cell) -> Result | None:
        """Return a cell's result, or None if it is not finished. A file that is no regular one, or has another shape,
        does not count: the folder may be somebody else's."""
        path = self.path(cell)
        try:
            content = json_value(read_text(path), path)
            check(content, _shape(), str(path))
        except (OSError, FileError, ShapeError):
            return None
        if content["cell"] != json.loads(json.dumps(asdict(cell))) or not content["rows"]:
            return None
        return Result(cell, tuple(content["rows"]), "", content["seconds"], self.version)

    def keep(self, result: Result) -> None:
        """Write a cell's file whole or not at all: an interruption leaves no half of it."""
        content = {"schema": SCHEMA, "version": self.version, "cell": asdict(result.cell),
                   "seconds": result.seconds, "rows": result.rows}  # fmt: skip
        replace_file(self.path(result.cell), json.dumps(content))


def _shape() -> dict:
    """Return the shape of a cell's file; the cell itself is compared."""
    return {"schema": OneOf(SCHEMA), "version": Text(), "cell": Anything(), "seconds": Number(), "rows": [row_shape()]}
