"""s390emu overcommit: sweep over farms of guests, and report how hinting and the balloon compare."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from s390emu.commands.json_output import json_text
from s390emu.commands.options.values import number, positive, size
from s390emu.commands.usage import ENDED, FAILED, INTERRUPTED, UsageError
from s390emu.farm import cell as cell_module
from s390emu.farm.cell import LINUX, WEB, Cell
from s390emu.farm.ranges import counts, ratios
from s390emu.guests.busybox import FOLDER
from s390emu.host.chunks import CHUNK_POLICIES, CHUNKS
from s390emu.input_files import FileError, replace_file

EXAMPLE = "s390emu overcommit --guests 1..16 --ratio 1.0..3.0 --jobs 2 -o sweep && xdg-open sweep/index.html"
CHOICES = {"policy": cell_module.POLICIES, "device": cell_module.DEVICES, "chunk": CHUNKS,
           "chunk_policy": CHUNK_POLICIES, "paging": cell_module.PAGING}  # fmt: skip
# What a sweep varies from the outside in: the rows of the table are in this order.
ORDER = ("ratio", "guests", "policy")
# One line each of the help, which has to fit on a screen; the cell's other fields are options just so.
TOLD = {
    "guests": ("RANGE", "1..16 doubles; 1..16:1; 1,2,12 (1..16)"),
    "ratio": ("RANGE", "guests' storage over the host's; 1.0..3.0 by 0.5; 1..2:0.25 (1.0..3.0)"),
    "policy": ("LIST", ",".join(cell_module.POLICIES) + " (all)"),
    "seed": ("LIST", "of the guests' requests; results of several are averaged (1)"),
    "device": ("LIST", f"{','.join(cell_module.DEVICES)} or all: paging device and disks ({Cell.device})"),
    "essa_cycles": ("LIST", f"what one ESSA costs ({Cell.essa_cycles})"),
    "mips": ("LIST", f"the host's speed, million instructions a second ({Cell.mips})"),
    "ram": ("LIST", "storage of a guest (8M)"),
    "chunk": ("LIST", f"the host's frames: {','.join(CHUNKS)} or all ({Cell.chunk})"),
    "chunk_policy": ("LIST", f"how it takes them: {','.join(CHUNK_POLICIES)} or all"),
    "paging": ("LIST", "none: no paging device, nothing stable can be taken (device)"),
    "requests": ("N", f"measured of each guest ({Cell.requests}), after --warmup N ({Cell.warmup})"),
    "quantum": ("N", "of dispatching; so too --page-latency --disks and what else farm/cell.py has"),
}
MOST_LINES = 12  # of findings on a terminal
# By what the guests are: what is varied, and what else differs from a cell's defaults, if not told otherwise.
DEFAULT_AXES: dict[str, dict[str, Sequence]] = {
    WEB: {"guests": counts("1..16"), "ratio": ratios("1.0..3.0"), "policy": cell_module.POLICIES},
    LINUX: {"guests": counts("1..8"), "ratio": ratios("1.0..2.5"), "policy": ("none", "unused-only", "balloon"),
            "ram": (96 << 20,), "warmup": (30,), "requests": (45,), "least": (90,)},
}  # fmt: skip
APART = ("balloon", "kind", "linux")  # fields of a cell whose options are not lists of values
HOW_TO_FETCH = f"tools/fetch-linux {FOLDER} fetches Debian's kernel and busybox; --linux DIR says where else they are"


@dataclass(frozen=True)
class Options:
    """What a sweep varies (axes: by field of a cell, its values), where its results go, and who runs it."""

    axes: Mapping[str, Sequence]
    linux: Path | None  # the folder with kernel and busybox, for guests of them
    balloon: tuple[tuple[str, float], ...]  # parameters of the monitor that differ from their defaults
    output: Path
    jobs: int
    scheduler: str | None
    table: str
    dry_run: bool
    json: bool


def arguments(parser) -> None:
    """Add the options: one for each field of a cell, then the others."""
    parser.add_argument("--guest", choices=cell_module.KINDS, default=WEB,
                        help=f"what the guests are (web); --linux DIR: kernel and busybox ({FOLDER})")
    parser.add_argument("--linux", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    options = [*TOLD, *(field.name for field in fields(Cell) if field.name not in TOLD and field.name not in APART)]
    for name in options:
        metavar, told = TOLD.get(name, ("LIST", argparse.SUPPRESS))
        parser.add_argument(f"--{name.replace('_', '-')}", type=_values(name), metavar=metavar, help=told)
    parser.add_argument("--balloon", type=_parameter, action="append", default=[], metavar="NAME=N",
                        help="a parameter of the monitor that is not its default")  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, default=Path("overcommit"), metavar="DIR",
                        help="where to; finished runs there are not run again (overcommit)")  # fmt: skip
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N",
                        help="processes (all cores); --scheduler tcp://HOST:PORT: a Dask cluster instead")  # fmt: skip
    parser.add_argument("--scheduler", metavar="ADDRESS", help=argparse.SUPPRESS)
    parser.add_argument("--table", choices=("csv", "parquet"), default="csv", help="format of the table (csv)")
    parser.add_argument("--dry-run", action="store_true", help="list the runs, run none")
    parser.add_argument("--json", action="store_true", help="the summary on stdout (also in DIR/summary.json)")


def _values(name: str):
    """Return the parser of a cell's field: a range, or values separated by commas."""
    default = getattr(Cell, name)
    one: Callable = str
    if isinstance(default, int | float):
        one = size if name == "ram" else number

    def parse(text: str) -> tuple:
        if name in ("guests", "ratio"):
            try:
                return counts(text) if name == "guests" else ratios(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(str(error)) from None
        if text == "all" and name in CHOICES:
            return CHOICES[name]
        try:
            values = tuple(dict.fromkeys(one(part.strip()) for part in text.split(",")))
            for value in values:
                replace(Cell(), **{name: value})
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return values

    return parse


def _parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip().replace("-", "_"), int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=NUMBER") from None


def execute(args: argparse.Namespace) -> int:
    """Run the sweep, or list its runs."""
    from s390emu.farm.sweep import cells

    folder, axes = _linux(args.guest, args.linux)
    options = Options(axes | _axes(args), folder, tuple(args.balloon), args.output, args.jobs, args.scheduler,
                      args.table, args.dry_run, args.json)  # fmt: skip
    _check_monitor(dict(options.balloon))
    try:
        wanted = cells(options.axes)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.dry_run:
        return _list(wanted, options.json)
    if options.table == "parquet":
        _need_parquet()
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{options.output}: a file; -o wants a folder") from None
    return _sweep(options, wanted)


def _linux(guest: str, given: Path | None) -> tuple[Path | None, dict[str, Sequence]]:
    """Return the folder with kernel and busybox, if the guests are of them, and what that makes of the cells."""
    if guest != LINUX:
        if given:
            raise UsageError("--linux: only for --guest linux")
        return None, {}
    from s390emu.guests.linux import LinuxError
    from s390emu.guests.linux_worker import read_files

    folder = given or Path(FOLDER)
    try:
        return folder.absolute(), {"kind": (LINUX,), "linux": (read_files(folder).digest,)}
    except (FileError, LinuxError, OSError) as error:
        raise UsageError(f"--guest linux: {error}; {HOW_TO_FETCH}") from None


def _axes(args: argparse.Namespace) -> dict[str, Sequence]:
    """Return what a sweep varies, from the outside in."""
    axes = {f.name: getattr(args, f.name) for f in fields(Cell) if f.name not in APART and getattr(args, f.name)}
    axes = DEFAULT_AXES[args.guest] | axes
    axes = {name: axes[name] for name in sorted(axes, key=lambda n: ORDER.index(n) if n in ORDER else -1)}
    if args.balloon:
        axes["balloon"] = (tuple(sorted(dict(args.balloon).items())),)
    return axes


def _check_monitor(given: dict[str, float]) -> None:
    """Reject parameters that the monitor has not, now and not in every run that has one."""
    from s390emu.host.balloon_monitor import Parameters

    known = [field.name for field in fields(Parameters)]
    for name in given:
        if name not in known:
            raise UsageError(f"--balloon {name}: the monitor has no such parameter; it has {', '.join(known)}")
    try:
        Parameters(**given)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(f"--balloon: {error}") from None


def _list(wanted: Sequence[Cell], as_json: bool) -> int:
    """Print the runs of a sweep."""
    if as_json:
        listed = [asdict(cell) for cell in wanted]
        print(json_text({"schema": "s390emu.overcommit-cells/1", "cells": listed}))
        return ENDED
    varied = (f.name for f in fields(Cell) if len({getattr(cell, f.name) for cell in wanted}) > 1)
    shown = list(dict.fromkeys(["guests", "ratio", "policy", *varied]))
    print("  ".join(f"{name:>11}" for name in shown))
    for cell in wanted:
        print("  ".join(f"{getattr(cell, name):>11}" for name in shown))
    print(f"{len(wanted)} runs")
    return ENDED


def _need_parquet() -> None:
    """Reject --table parquet where pyarrow is not installed."""
    from s390emu.reports.overcommit.table import ParquetUnavailable, need_parquet

    try:
        need_parquet()
    except ParquetUnavailable as error:
        raise UsageError(str(error)) from None


# --- the sweep -------------------------------------------------------------------------------------------------------


def _runner(linux: Path | None) -> Callable:
    """Return what runs a cell."""
    from s390emu.farm.run import run_cell

    return partial(run_cell, linux=linux)


def _executor(options: Options) -> Callable:
    """Return what runs the cells."""
    from s390emu.farm import executors

    runner = _runner(options.linux)
    if options.scheduler:
        return partial(executors.on_dask, runner=runner, address=options.scheduler)
    if options.jobs == 1:
        return partial(executors.in_this_process, runner=runner)
    return partial(executors.in_processes, runner=runner, jobs=options.jobs)


def _sweep(options: Options, wanted: Sequence[Cell]) -> int:
    """Run the cells that are not finished yet, and report all."""
    from s390emu.farm.executors import ClusterError
    from s390emu.farm.store import Store
    from s390emu.farm.sweep import run

    store, progress, started = Store(options.output), Progress(wanted), perf_counter()
    try:
        results = run(wanted, store, _executor(options), progress.done)
    except KeyboardInterrupt:
        progress.close()
        print(f"s390emu: interrupted: {progress.finished} of {progress.all} runs are done and kept in {store.folder}; "
              f"to go on: {_command_line(options)}", file=sys.stderr)  # fmt: skip
        return INTERRUPTED
    except ClusterError as error:
        progress.close()
        raise UsageError(str(error)) from None
    progress.close()
    return _report(options, results, perf_counter() - started, progress)


class Progress:
    """A bar on a terminal; each run counts as much as it has guests."""

    def __init__(self, wanted: Sequence[Cell]):
        from tqdm import tqdm

        from s390emu.farm.sweep import canonical

        different = set(map(canonical, wanted))
        self.all, self.finished, self.kept, self.seconds = len(different), 0, 0, 0.0
        form = "{desc} {percentage:3.0f} %|{bar}| {elapsed}, about {remaining} left{postfix}"
        self.bar = tqdm(total=sum(cell.guests for cell in different), disable=None, file=sys.stderr, bar_format=form,
                        desc=f"0 of {self.all} runs", dynamic_ncols=True)  # fmt: skip

    def done(self, result, kept: bool) -> None:
        if kept:
            self.kept += 1
            if not self.bar.disable:  # what was done before is not to be taken for speed
                self.bar.initial += result.cell.guests
                self.bar.n += result.cell.guests
        else:
            self.seconds += result.seconds
        self.finished += not result.error
        self.bar.set_description_str(f"{self.finished} of {self.all} runs", refresh=False)
        if not kept:
            self.bar.update(result.cell.guests)
        if result.error:
            self.bar.write(f"failed: {_cell_text(result.cell)}: {result.error}", file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


def _cell_text(cell: Cell) -> str:
    return f"{cell.guests} guests, ratio {cell.ratio}, {cell.policy}, {cell.device}, seed {cell.seed}"


def _command_line(options: Options) -> str:
    """Return the command that repeats this sweep: the options that say what to run, with every value."""
    words = ["s390emu", "overcommit"]
    for name, values in options.axes.items():
        if name not in APART:
            words += [f"--{name.replace('_', '-')}", ",".join(map(str, values))]
    words += ["--guest", LINUX, "--linux", str(options.linux)] if options.linux else []
    for name, value in dict(options.balloon).items():
        words += ["--balloon", f"{name}={value}"]
    words += ["--table", options.table] if options.table != "csv" else []
    return shlex.join([*words, "-o", str(options.output)])


def _service_ns(axes) -> dict[str, float]:
    """Return how long each device serves a block; nothing where the sweep has times of its own."""
    from s390emu.host.devices import SERVICE

    if {"page_latency", "page_block"} & axes.keys():
        return {}
    return {device: float(SERVICE[device].paging(1)) for device in cell_module.DEVICES}


def _report(options: Options, results, seconds: float, progress: Progress) -> int:
    """Write table, page and summary, and tell the findings."""
    from s390emu.farm.store import code_version
    from s390emu.farm.sweep import troubles
    from s390emu.reports.drawing import PlotsUnavailable
    from s390emu.reports.overcommit import table
    from s390emu.reports.overcommit.page import page
    from s390emu.reports.overcommit.plots import draw
    from s390emu.reports.overcommit.summary import summary

    axes, output = options.axes, options.output
    failures = dict(troubles(results))
    rows = [row for result in results for row in result.rows]
    believed = [row for result in results if result.cell not in failures for row in result.rows]
    written = table.write(output / "overcommit", rows, options.table)
    told = summary(believed, parameters=_parameters(axes), service_ns=_service_ns(axes),
                   failures=[(asdict(cell), why) for cell, why in failures.items()])  # fmt: skip
    plots, no_plots = [], ""
    try:
        plots = draw(output, believed, _parameters(axes))
    except PlotsUnavailable as error:
        no_plots = f"No plots: {error}; then the same command draws them and runs nothing again."
    repeat, document = _command_line(options), output / "index.html"
    replace_file(document, page(told, plots, repeat=repeat, version=code_version(), table=written.name,
                                no_plots=no_plots))  # fmt: skip
    told["run"] = {"command": repeat, "version": code_version(), "seconds": round(seconds, 1), "runs": progress.all,
                   "kept_from_before": progress.kept, "seconds_of_the_runs": round(progress.seconds, 1)}  # fmt: skip
    replace_file(output / "summary.json", json_text(told) + "\n")
    if options.json:
        print(json_text(told))
    else:
        _tell(told, document, no_plots)
    for cell, why in failures.items():
        print(f"failed: {_cell_text(cell)}: {why}", file=sys.stderr)
    return FAILED if failures else ENDED


def _parameters(axes) -> dict[str, Sequence]:
    """Return the values of every field of a cell, in its order."""
    return {field.name: axes.get(field.name, (getattr(Cell(), field.name),)) for field in fields(Cell)}


def _tell(told, document: Path, no_plots: str) -> None:
    """Print the findings, and where the page is."""
    from s390emu.reports.overcommit.summary import findings

    lines = findings(told) + findings(told, usual_ones=False)
    if lines:
        print("\n".join(lines[:MOST_LINES]))
    if len(lines) > MOST_LINES:
        print(f"... and {len(lines) - MOST_LINES} settings more, in the page")
    run = told["run"]
    refused = f", {len(told['refused'])} were refused storage" if told["refused"] else ""
    before = f" ({run['kept_from_before']} kept from before)" if run["kept_from_before"] else ""
    print(f"{run['runs']} runs{before} in {run['seconds']:.0f} s{refused}: {document}")
    if no_plots:
        print(no_plots)
