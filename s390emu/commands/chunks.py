"""s390emu chunks: what hints for 4 KB blocks free where the host's frames are larger."""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.program import define_argument
from s390emu.commands.options.values import number
from s390emu.commands.usage import ENDED, UsageError

if TYPE_CHECKING:
    from s390emu.farm.chunk_study import Moment

EXAMPLE = "s390emu chunks; s390emu chunks --requests 50,5000 -D RAM_BLOCKS=8192; s390emu chunks --fraction 0.5 --run 64"
MODEL_BLOCKS = 1 << 18  # 1 GB
COLUMNS = ("chunk", "policy", "hinted", "freed", "share", "written", "per write", "reach", "mappings")


class Options(NamedTuple):
    """The moments of the web server that are looked at, or fractions of blocks scattered in runs."""

    requests: tuple[int, ...]
    define: tuple[tuple[str, int], ...]
    fraction: tuple[float, ...] | None
    run: tuple[float, ...]
    seed: int

    def check(self) -> None:
        """Reject a moment before the first request."""
        if not self.fraction and min(self.requests) < 1:
            raise UsageError(f"--requests {min(self.requests)}: at least 1")


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("--requests", type=_list_of(number), default=[20, 200, 2000], metavar="N,...",
                        help="look at the web server after so many requests (20,200,2000)")  # fmt: skip
    define_argument(parser, "a tunable of the web server")
    parser.add_argument("--fraction", type=_list_of(float), metavar="F,...",
                        help="blocks scattered at random instead: the fraction that is hinted")  # fmt: skip
    parser.add_argument("--run", type=_list_of(float), default=[4.0, 64.0, 1024.0], metavar="BLOCKS,...",
                        help="and the mean length of its runs (4,64,1024)")  # fmt: skip
    parser.add_argument("--seed", type=number, default=1, metavar="N", help="of what is at random")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="the table into this file, too")


def _list_of(one: Callable) -> Callable[[str], list]:
    """Return the parser of values separated by commas."""

    def parse(text: str) -> list:
        try:
            return [one(part) for part in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}: numbers with commas between them are wanted") from None

    return parse


def execute(args: argparse.Namespace) -> int:
    """Print a table for each moment, as they come."""
    options = taken(Options, args)
    options.check()
    rows: list[dict] = []
    for moment, model in _moments(options):
        rows += _tell(moment, model, args.json)
    if args.json:
        print(json_text({"schema": "s390emu.chunks/1", "rows": rows}))
    if args.csv:
        with args.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return ENDED


def _moments(options: Options) -> Iterator[tuple[Moment, tuple[float, float] | None]]:
    """Yield each moment as it comes to be, and fraction and run of the model, if it is one."""
    from s390emu.farm.chunk_study import Moment, scattered, web_server
    from s390emu.guests.web_server import WebGuestError

    try:
        if options.fraction:
            for fraction in options.fraction:
                for run in options.run:
                    kind = scattered(MODEL_BLOCKS, fraction, run, options.seed)
                    yield Moment(f"model, {fraction:g} in runs of {run:g}", 0, kind), (fraction, run)
            return
        with tempfile.TemporaryDirectory(prefix="s390emu-chunks-") as folder:
            tunables = {"SEED": options.seed, **dict(options.define)}
            for moment in web_server(sorted(options.requests), folder, **tunables):
                yield moment, None
    except (ValueError, WebGuestError) as error:
        raise UsageError(str(error)) from None


def _tell(moment: Moment, model: tuple[float, float] | None, quiet: bool) -> list[dict]:
    """Return the rows of a moment, and print them unless `quiet`."""
    from s390emu.farm.chunk_study import BY_BLOCK, calculated, scatter, study

    found = scatter(moment.kind)
    rows = []
    if not quiet:
        after = f" after {moment.requests:,} requests" if moment.requests else ""
        print(f"== {moment.name}{after}: {found.hinted:,} blocks hinted away, {found.kept:,} to keep; mean run of "
              f"hinted ones {found.run:.1f} blocks")  # fmt: skip
        print(f"{'chunk':6}{'policy':9}" + "".join(f"{name:>10}" for name in COLUMNS[2:]))
    for freed in study(moment.kind):
        row = {"guest": moment.name, "requests": moment.requests, "fraction": found.fraction, "run": found.run}
        row |= freed._asdict() | {"share": freed.share, "share_calculated": "", "reach_calculated": "",
                                  "per_write_calculated": ""}  # fmt: skip
        wanted = calculated(freed.chunk, *model) if model and freed.chunk != BY_BLOCK else None
        if wanted and freed.policy in ("whole", "subpage"):
            row["share_calculated"] = wanted.share
        if wanted and freed.policy == "split":
            row["reach_calculated"] = wanted.reach
        if wanted and freed.policy == "subpage":
            row["per_write_calculated"] = wanted.per_write
        rows.append(row)
        if not quiet:
            print(f"{freed.chunk:6}{freed.policy:9}{freed.hinted:10,}{freed.freed:10,}{freed.share:10.1%}"
                  f"{freed.written:10,}{freed.per_write:10.2f}{freed.reach:10.1%}{freed.mappings:10,}"
                  + "".join(f"  {name} {row[f'{name}_calculated']:.4f} calculated" for name in
                            ("share", "reach", "per_write") if row[f"{name}_calculated"] != ""))  # fmt: skip
    if not quiet:
        print(flush=True)
    return rows
