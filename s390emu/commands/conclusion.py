"""The end of a run: the machine's report, what the sanitizer found, the exit code."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from s390emu.commands.usage import ABNORMAL, ENDED, FAILED, LIMIT

if TYPE_CHECKING:
    from s390emu.machine import Machine, Reason, Stop
    from s390emu.sanitizer.pages import Sanitizer


def conclude(
    machine: Machine, stop: Stop, symbols: Mapping[str, int], watcher: Sanitizer | None = None, *, as_json: bool,
    until: str = "", normal: Collection[Reason] = (),
) -> int:  # fmt: skip
    """Report the end, and what the sanitizer found, and turn it into an exit code. until: the text that was to come on
    the console. normal: ways to end well, besides a disabled wait with code 0 and what is done from outside."""
    from s390emu.machine import Reason
    from s390emu.reports.stop import as_dict, report, summary

    ended_well = stop.exit_code == 0 or stop.reason in (Reason.CONSOLE_TEXT, Reason.LEFT, *normal)
    if as_json:
        from s390emu.commands.json_output import json_text

        found = sanitized(watcher, symbols)
        print(json_text({"schema": "s390emu.run/1"} | as_dict(machine, stop, symbols) | found))
    elif ended_well:
        print(summary(machine, stop, symbols), file=sys.stderr)
    else:
        print(report(machine, stop, symbols), file=sys.stderr)
    broken = watcher is not None and tell(watcher, symbols, as_json=as_json)
    missing = bool(until) and stop.reason is not Reason.CONSOLE_TEXT
    if missing:
        print(f"s390emu: the guest has not written {until!r}", file=sys.stderr)
    code = exit_code(stop, normal=ended_well)
    return FAILED if code == ENDED and (broken or missing) else code


def exit_code(stop: Stop, *, normal: bool) -> int:
    """Return the exit code of a run that ended in this way."""
    from s390emu.machine import Reason

    if normal:
        return ENDED
    return LIMIT if stop.reason in (Reason.LIMIT, Reason.TIMEOUT) else ABNORMAL


def sanitized(watcher: Sanitizer | None, symbols: Mapping[str, int]) -> dict[str, Any]:
    """Return what the sanitizer found, for a JSON object."""
    from s390emu.reports.sanitizer import as_dict

    if watcher is None:
        return {}
    watcher.finish()
    return {"sanitizer": as_dict(watcher, symbols)}


def tell(watcher: Sanitizer, symbols: Mapping[str, int], *, as_json: bool) -> bool:
    """Print what the sanitizer found, unless as JSON; return whether a rule was broken."""
    from s390emu.reports.sanitizer import report

    watcher.finish()
    if not as_json:
        print(report(watcher, symbols), file=sys.stderr)
    return bool(watcher.counts)
