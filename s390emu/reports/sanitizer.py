"""What the page-state sanitizer found: one screen, or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.reports.stop import place
from s390emu.reports.timeline import cpu_mark, event_line
from s390emu.sanitizer.guest import FIELDS
from s390emu.sanitizer.rules import BY_NAME
from s390emu.sanitizer.shadow import Event, FrameChange, Violation

if TYPE_CHECKING:
    from s390emu.sanitizer.pages import Sanitizer

VIOLATIONS_SHOWN = 4
EVENTS_SHOWN = 3


def summary(sanitizer: Sanitizer) -> str:
    """Return one line: how many violations of how many rules."""
    if not sanitizer.counts:
        return "sanitizer: the hinting protocol was kept"
    total, rules = sum(sanitizer.counts.values()), len(sanitizer.counts)
    return f"sanitizer: {total:,} violation{'s' * (total > 1)} of {rules} rule{'s' * (rules > 1)}"


def report(sanitizer: Sanitizer, symbols: Mapping[str, int]) -> str:
    """Return at most one screen: the first violations, each with its block's past; then how many there are in all."""
    lines = [summary(sanitizer)]
    for number, violation in enumerate(sanitizer.violations[:VIOLATIONS_SHOWN], 1):
        lines += violation_lines(number, violation, symbols, len(sanitizer.machine.cpus))
    if len(sanitizer.violations) > VIOLATIONS_SHOWN or len(sanitizer.counts) > 1:
        lines.append("in all: " + ", ".join(f"{rule} {count:,}" for rule, count in sanitizer.counts.items()))
    return "\n".join(lines)


def violation_lines(number: int, violation: Violation, symbols: Mapping[str, int], cpus: int = 1) -> list[str]:
    """Return a violation: the rule, where it was broken, and the block's past."""
    rule = BY_NAME[violation.rule]
    more = f" ({violation.words})" if violation.words else ""
    times = f", {violation.times:,} times" if violation.times > 1 else ""
    lines = [
        f"{number}. {rule.name} (docs/page-hinting.md {rule.clause}): {rule.words}{more}",
        f"   block {violation.block * BLOCK_SIZE:#x}, instruction {violation.count:,} at "
        f"{place(violation.ia, symbols)}{cpus_text(violation, cpus)}: {violation.code}{times}",
    ]
    return lines + [f"   {history_text(event, symbols, cpus)}" for event in violation.history[-EVENTS_SHOWN:]]


def cpus_text(violation: Violation, cpus: int) -> str:
    """Return which CPU did it, and between which others, where there are several."""
    if cpus == 1:
        return ""
    others = f" (with {', '.join(f'CPU {number}' for number in violation.others)})" if violation.others else ""
    return f" on CPU {violation.cpu}{others}"


def history_text(event: Event | FrameChange, symbols: Mapping[str, int], cpus: int = 1) -> str:
    """Return one line of a block's past."""
    if isinstance(event, FrameChange):
        values = zip(FIELDS, event.old, event.new, strict=True)
        changes = ", ".join(f"{name} {old:X} -> {new:X}" for name, old, new in values if old != new)
        return f"{event.count:10}{cpu_mark(event.cpu, cpus)} frame entry  {changes}, {place(event.ia, symbols)}"
    return event_line(event, symbols, cpus)


def as_dict(sanitizer: Sanitizer, symbols: Mapping[str, int]) -> dict:
    """Return everything for JSON."""
    cpus = len(sanitizer.machine.cpus)
    return {
        "counts": dict(sanitizer.counts),
        "violations": [
            {
                "rule": violation.rule,
                "clause": BY_NAME[violation.rule].clause,
                "words": BY_NAME[violation.rule].words,
                "detail": violation.words,
                "instruction": violation.count,
                "cpu": violation.cpu,
                "other_cpus": list(violation.others),
                "address": violation.ia,
                "place": place(violation.ia, symbols),
                "code": violation.code,
                "block": violation.block * BLOCK_SIZE,
                "times": violation.times,
                "history": [history_text(event, symbols, cpus) for event in violation.history],
            }
            for violation in sanitizer.violations
        ],
    }
