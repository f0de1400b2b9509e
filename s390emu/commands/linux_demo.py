"""`s390emu linux --demo`: Debian's kernel on a host with less storage than the guest, and what became of its pages."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from s390emu.commands.compilation import show
from s390emu.commands.conclusion import exit_code, sanitized, tell
from s390emu.commands.json_output import json_text
from s390emu.commands.machines import build, put, sanitizer
from s390emu.commands.options.limits import LimitOptions
from s390emu.commands.options.linux_demo import SVG, LinuxDemoOptions
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.sanitizer import SanitizerOptions
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.symbols import named, named_at_end
from s390emu.commands.usage import ENDED, FAILED, UsageError
from s390emu.guests.linux import LinuxError, image, read_kernel
from s390emu.guests.linux_demo import BUSYBOX, COMMAND_LINE, KERNEL, MARK, LinuxDemo, findings, read_demo
from s390emu.input_files import replace_file

if TYPE_CHECKING:
    from s390emu.assembler.symbols import Symbols
    from s390emu.guests.census import Census
    from s390emu.machine import Machine

TITLE = "Linux: its pages by state, on a host with less storage"
LIFE_SHOWN = 16  # events of a block


def demonstrate(
    options: LinuxDemoOptions, on: MachineOptions, limits: LimitOptions, watched: SanitizerOptions,
    names: SymbolOptions, *, as_json: bool,
) -> int:  # fmt: skip
    """Boot the kernel, let the script work and power off, and tell what happened to the pages."""
    from s390emu.guests.census import Census
    from s390emu.machine import Reason, Recorder
    from s390emu.records.events import EVENT_ESSA, EVENT_HOST
    from s390emu.reports.stop import report, summary

    started = time.perf_counter()
    on = options.pressed(on)
    demo = _demo(options.demo, on)
    try:
        kernel = read_kernel(demo.kernel, str(Path(options.demo or "", KERNEL)))
        pieces = image(kernel, on.ram, demo.initrd, COMMAND_LINE)
    except LinuxError as error:
        raise UsageError(str(error)) from error
    symbols = named(names, kernel.symbols)
    machine = build(on)
    put(machine, pieces, kernel.psw)
    watcher = sanitizer(watched, machine, symbols)
    census, events = Census(machine), Recorder(EVENT_ESSA, EVENT_HOST)
    census.note("boot")
    machine.observe(events)
    if not as_json:
        megabytes = f"guest {on.ram >> 20} MB, host {on.host_frames} frames of 4 KB"
        print(f"== console ({megabytes})", flush=True)
    machine.host.guests[machine.guest_number].console.live = Listener(census, quiet=as_json).hear
    stop = census.run(limits.limit, limits.timeout)
    machine.observers.deliver()
    symbols = named_at_end(names, machine, symbols)
    normal = stop.reason is Reason.STOPPED
    right = findings(machine.console) == demo.said
    svg, no_svg = _draw(census, on, options.svg)
    if as_json:
        from s390emu.reports import census as census_reports
        from s390emu.reports.demo import totals
        from s390emu.reports.stop import as_dict

        told = {"census": census_reports.as_dict(census.counts, census.marks), "totals": totals(machine)}
        told |= {"expected": demo.said, "found": findings(machine.console), "svg": str(svg) if svg else None}
        told |= as_dict(machine, stop, symbols) | sanitized(watcher, symbols)
        print(json_text({"schema": "s390emu.linux-demo/1"} | told))
    else:
        _tell(machine, census, events.taken(), demo, on, symbols)
        print(f"{'seconds':38} {time.perf_counter() - started:.2f}")
        print(f"{'plot':38} {svg or no_svg}")
        sys.stdout.flush()
        print((summary if normal else report)(machine, stop, symbols), file=sys.stderr)
    broken = watcher is not None and tell(watcher, symbols, as_json=as_json)
    code = exit_code(stop, normal=normal)
    return FAILED if code == ENDED and (broken or not right) else code


def _demo(folder: Path | None, on: MachineOptions) -> LinuxDemo:
    """Return what is demonstrated, or say what is missing and how to fetch it."""
    assert folder is not None
    try:
        return read_demo(folder, on.ram)
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"no {error.filename}: the demonstration needs Debian's {KERNEL} and {BUSYBOX}"
        raise UsageError(f"{what}; fetch them: tools/fetch-linux {folder}") from None


class Listener:
    """Hears what the guest writes on its console: shows it, and marks the moments at which the script says something.
    """

    def __init__(self, census: Census, *, quiet: bool):
        self.census, self.quiet = census, quiet
        self._line = ""

    def hear(self, text: str) -> None:
        """Take a piece of text."""
        if not self.quiet:
            show(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if line.startswith(MARK) and not findings(line):
                self.census.note(line.removeprefix(MARK).rstrip())


def _draw(census: Census, on: MachineOptions, asked: Path | None) -> tuple[Path | None, str]:
    """Write the plot, and return where; or None and why there is none, unless it was asked for."""
    from s390emu.reports.census_plot import picture
    from s390emu.reports.drawing import PlotsUnavailable

    path = asked or Path(SVG)
    try:
        replace_file(path, picture(census.counts, census.marks, on.host_frames, TITLE))
    except PlotsUnavailable as error:
        return None, f"none as SVG: {error}"
    return path, ""


def _tell(
    machine: Machine, census: Census, events: list, demo: LinuxDemo, on: MachineOptions, symbols: Symbols
) -> None:
    """Print plot, the life of a block, and totals."""
    from s390emu.reports.census import text_plot
    from s390emu.reports.demo import life, totals, totals_lines
    from s390emu.reports.timeline import event_line

    print("\n== pages by state")
    print("\n".join(text_plot(census.counts, census.marks, on.host_frames)))
    shown, of = life(events, LIFE_SHOWN)
    if shown:
        print(f"\n== a page's life ({len(shown)} of its {of:,} changes: instruction, block, before -> after, who)")
        print("\n".join(event_line(event, symbols, on.cpus) for event in shown))
    print("\n== totals")
    print("\n".join(totals_lines(totals(machine))))
    found = findings(machine.console)
    right = "right" if found == demo.said else f"WRONG; expected: {', '.join(demo.said)}"
    print(f"{'what the script found':38} {', '.join(found) or 'nothing'}: {right}")
