"""s390emu pages: the page-state table; or a guest's blocks, after a run."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.commands.conclusion import conclude
from s390emu.commands.json_output import json_text
from s390emu.commands.machines import build, load
from s390emu.commands.options import taken
from s390emu.commands.options.limits import LimitOptions, limit_arguments
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.program import ProgramOptions, program_arguments
from s390emu.commands.programs import labels, program
from s390emu.commands.usage import ENDED, UsageError
from s390emu.input_files import replace_file

EXAMPLE = "s390emu pages; s390emu pages guest.s --frames 64 --svg blocks.svg"


def arguments(parser) -> None:
    """Add the options: those of a guest, its host and its limits."""
    program_arguments(parser, number_of_files="*", told="run this guest; none: the table")
    machine_arguments(parser)
    limit_arguments(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="the guest's blocks as a picture")


def execute(args: argparse.Namespace) -> int:
    """Print the page-state table, or run a guest and print its blocks."""
    if not args.files:
        if args.svg:
            raise UsageError("--svg draws a guest's blocks; name the guest")
        return _table(args.json)
    return _blocks(
        taken(ProgramOptions, args), taken(MachineOptions, args), taken(LimitOptions, args), args.json, args.svg
    )


def _blocks(
    program_options: ProgramOptions, options: MachineOptions, limits: LimitOptions, as_json: bool, svg: Path | None
) -> int:
    """Run a guest and print its blocks, and draw them."""
    from s390emu.reports.blocks import runs
    from s390emu.reports.page_map import page_map_file

    guest = program(program_options)
    machine = build(options, guest)
    load(machine, guest)
    stop = machine.run(limits.limit, limits.timeout)
    if svg:
        replace_file(svg, page_map_file(machine.blocks(), f"Blocks after {stop.count:,} instructions"))
    if as_json:
        blocks = [asdict(block) for block in machine.blocks()]
        print(json_text({"schema": "s390emu.pages/1", "blocks": blocks}))
    else:
        print("blocks                                count  state      key  R C")
        for first, last, sample in runs(machine.blocks()):
            span = f"{first * BLOCK_SIZE:#010x}-{(last + 1) * BLOCK_SIZE - 1:#010x}"
            acc = f"{sample.key >> 4:X}{'F' if sample.key & 8 else '-'}"
            print(f"{span:36} {last - first + 1:6}  {sample.state:9}  {acc}   {sample.key >> 2 & 1} "
                  f"{sample.key >> 1 & 1}")  # fmt: skip
    return conclude(machine, stop, labels(guest), as_json=False)


def _table(as_json: bool) -> int:
    """Print the page-state table."""
    from s390emu.architecture.page_states import EVENTS, TABLE

    if as_json:
        header, *rows = TABLE.strip().splitlines()
        cells = [dict(zip(header.split(), row.split(), strict=True)) for row in rows]
        print(json_text({"schema": "s390emu.page-states/1", "events": EVENTS, "rows": cells}))
    else:
        print(TABLE.strip())
        print("\nS stable, U unused, P potentially volatile, V volatile; r resident, p preserved, z logically zero."
              "\nC: the guest's change bit. (D) discarded, (out) written out, (in) read back, (zf) zero frame,"
              "\n(ADR) addressing exception, (BV) block-volatility exception."
              "\nThe rules: docs/page-hinting.md, section 3.")  # fmt: skip
    return ENDED

