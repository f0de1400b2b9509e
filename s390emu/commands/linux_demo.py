"""`s390emu linux --demo`: Debian's kernel on a host with less storage than the guest, and what became of its pages.

It ends well, with exit code 0, if the guest has powered off and everything that its script read was right; with 1 if
something was wrong.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s390emu.assembler.symbols import Symbols
from s390emu.commands.compilation import show
from s390emu.commands.conclusion import exit_code, sanitized, tell
from s390emu.commands.json_output import json_text
from s390emu.commands.machines import build, put, sanitizer
from s390emu.commands.options.limits import LimitOptions
from s390emu.commands.options.linux_demo import SVG, LinuxDemoOptions
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.sanitizer import SanitizerOptions
from s390emu.commands.options.symbols import SymbolOptions
from s390emu.commands.plots import check_plot
from s390emu.commands.symbols import named, named_at_end
from s390emu.commands.usage import ENDED, FAILED, UsageError
from s390emu.guests.busybox import BUSYBOX, KERNEL
from s390emu.guests.linux import LinuxError, image, read_kernel
from s390emu.guests.linux_demo import COMMAND_LINE, MARK, LinuxDemo, findings, read_demo
from s390emu.input_files import replace_file

if TYPE_CHECKING:
    import numpy as np

    from s390emu.guests.census import Census
    from s390emu.machine import Machine, Stop

TITLE = "Linux: its pages by state, on a host with less storage"
LIFE_SHOWN = 16  # changes of a page


@dataclass(frozen=True)
class Outcome:
    """What there is to tell of a run. events: what happened to blocks."""

    demo: LinuxDemo
    on: MachineOptions
    machine: Machine
    stop: Stop
    census: Census
    events: list[np.ndarray]
    symbols: Symbols

    @property
    def found(self) -> list[str]:
        """What the script has found."""
        return findings(self.machine.console)

    @property
    def powered_off(self) -> bool:
        """True if the guest ended by itself."""
        from s390emu.machine import Reason

        return self.stop.reason is Reason.STOPPED

    @property
    def exit_code(self) -> int:
        """As the run ended, if not all that was read was right."""
        code = exit_code(self.stop, normal=self.powered_off)
        return FAILED if code == ENDED and self.found != self.demo.said else code


def demonstrate(
    options: LinuxDemoOptions, on: MachineOptions, limits: LimitOptions, watched: SanitizerOptions,
    names: SymbolOptions, *, as_json: bool,
) -> int:  # fmt: skip
    """Boot the kernel, let the script work and power off, and tell what happened to the pages."""
    from s390emu.guests.census import Census
    from s390emu.machine import Recorder
    from s390emu.records.events import EVENT_ESSA, EVENT_HOST
    from s390emu.reports.demo import totals_lines

    started = time.perf_counter()
    on = options.pressed(on)
    demo = _demo(options, on)
    svg = _svg(options)
    try:
        kernel = read_kernel(demo.kernel, str(Path(options.demo or "", KERNEL)))
        pieces = image(kernel, on.ram, demo.initrd, COMMAND_LINE)
    except LinuxError as error:
        raise UsageError(str(error)) from error
    symbols = named(names, kernel.symbols)
    machine = build(on)
    put(machine, pieces, kernel.psw)
    watcher = sanitizer(watched, machine, symbols)
    census, recorder = Census(machine), Recorder(EVENT_ESSA, EVENT_HOST)
    machine.observe(recorder)
    if not as_json:
        print(f"== console (guest {on.ram >> 20} MB, host {on.host_frames} frames of 4 KB)", flush=True)
    census.note("boot")
    machine.host.guests[machine.guest_number].console.live = Listener(census, quiet=as_json).hear
    stop = census.run(limits.limit, limits.timeout)
    machine.observers.deliver()
    symbols = named_at_end(names, machine, symbols)
    outcome = Outcome(demo, on, machine, stop, census, recorder.taken(), symbols)
    if as_json:
        print(json_text(_as_dict(outcome, _draw(outcome, svg)) | sanitized(watcher, symbols)))
    else:
        _tell(outcome)
        plot = _draw(outcome, svg)
        print("\n".join(totals_lines({"plot": plot, "seconds": f"{time.perf_counter() - started:.2f}"})))
        sys.stdout.flush()
        _conclude(outcome)
    broken = watcher is not None and tell(watcher, symbols, as_json=as_json)
    return FAILED if broken and outcome.exit_code == ENDED else outcome.exit_code


def _demo(options: LinuxDemoOptions, on: MachineOptions) -> LinuxDemo:
    """Return what is demonstrated, or say what is missing and how to fetch it."""
    assert options.demo is not None
    try:
        return read_demo(options.demo, on.ram)
    except (FileNotFoundError, NotADirectoryError) as error:
        what = f"no {error.filename}: the demonstration needs Debian's {KERNEL} and {BUSYBOX}"
        raise UsageError(f"{what}; fetch them: tools/fetch-linux {options.demo}") from None


def _svg(options: LinuxDemoOptions) -> Path:
    """Return where the plot is to go; reject now what would fail at the end."""
    if options.svg is None:
        return Path(SVG)
    check_plot(options.svg)
    return options.svg


class Listener:
    """Hears what the guest writes on its console: shows it, and marks where the script says what it does next."""

    def __init__(self, census: Census, *, quiet: bool):
        self.census, self.quiet = census, quiet
        self._line = ""  # that is not ended yet

    def hear(self, text: str) -> None:
        """Take a piece of text."""
        if not self.quiet:
            show(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if line.startswith(MARK) and not findings(line):
                self.census.note(line.removeprefix(MARK).rstrip())


# --- what there is to tell -------------------------------------------------------------------------------------------


def _draw(outcome: Outcome, svg: Path) -> str:
    """Write the plot and return where, or why there is none."""
    from s390emu.reports.census_plot import picture
    from s390emu.reports.drawing import PlotsUnavailable

    try:
        replace_file(svg, picture(outcome.census.counts, outcome.census.marks, outcome.on.host_frames, TITLE))
    except PlotsUnavailable as error:
        return f"none: {error}"
    return str(svg)


def _tell(outcome: Outcome) -> None:
    """Print the plot as text, the life of a page, and totals."""
    from s390emu.reports.census import text_plot
    from s390emu.reports.demo import life, totals, totals_lines
    from s390emu.reports.timeline import event_line

    census, on, expected = outcome.census, outcome.on, outcome.demo.said
    print("\n== pages by state")
    print("\n".join(text_plot(census.counts, census.marks, on.host_frames)))
    shown, changes = life(outcome.events, LIFE_SHOWN)
    if shown:
        print(f"\n== a page's life ({len(shown)} of its {changes:,} changes: instruction, block, before -> after, who)")
        print("\n".join(event_line(event, outcome.symbols, on.cpus) for event in shown))
    print("\n== totals")
    right = "right" if outcome.found == expected else f"WRONG; expected: {', '.join(expected)}"
    found = {"what the script found": f"{', '.join(outcome.found) or 'nothing'}: {right}"}
    print("\n".join(totals_lines(totals(outcome.machine) | found)))


def _as_dict(outcome: Outcome, plot: str) -> dict:
    """Return everything for JSON."""
    from s390emu.reports.census import as_dict as census_dict
    from s390emu.reports.demo import totals
    from s390emu.reports.stop import as_dict

    return {
        "schema": "s390emu.linux-demo/1",
        "census": census_dict(outcome.census.counts, outcome.census.marks),
        "totals": totals(outcome.machine),
        "expected": outcome.demo.said,
        "found": outcome.found,
        "plot": plot,
    } | as_dict(outcome.machine, outcome.stop, outcome.symbols)


def _conclude(outcome: Outcome) -> None:
    """Say how the run ended: at length if the guest did not power off."""
    from s390emu.reports.stop import report, summary

    told = summary if outcome.powered_off else report
    print(told(outcome.machine, outcome.stop, outcome.symbols), file=sys.stderr)
