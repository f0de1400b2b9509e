"""What the adversary found, as text on one screen and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from s390emu.adversary.moves import SWITCH, VERBS
from s390emu.reports.stop import place

if TYPE_CHECKING:
    from s390emu.adversary.exploration import Bug
    from s390emu.adversary.search import Findings


def as_dict(found: Findings, symbols: Mapping[str, int]) -> dict[str, Any]:
    """Return the findings for JSON."""
    plan = found.plan
    told: dict[str, Any] = {
        "mode": plan.mode,
        "actions": [VERBS[verb] for verb in plan.verbs],
        "seed": plan.seed,
        "undisturbed": {"instructions": found.expected.length, "exit_code": found.expected.exit_code,
                        "last_lines": found.expected.lines},
        "jobs": plan.jobs,
        "seconds": round(found.seconds, 3),
        "tried_per_second": round(found.rate, 1),
        "complete": found.complete,
        "interrupted": found.interrupted,
    }  # fmt: skip
    if plan.mode == "random":
        told |= {"runs": found.runs, "moves": found.moves}
    elif found.cpus > 1:
        told |= {
            "cpus": found.cpus,
            "preemptions": plan.preemptions,
            "discards": plan.discards,
            "levels": [
                level._asdict() | {"interleavings": count.same, "tried": count.tried, "outcomes": len(count.ends)}
                for level, count in found.levels.items()
            ],
            "outcomes": found.ends,
        }  # fmt: skip
    else:
        told |= {
            "points": found.points,
            "classes": found.classes,
            "tried": found.tried,
            "pairs": {"first_points": found.pairs_firsts, "points": found.pairs_points,
                      "classes": found.pairs_classes, "tried": found.pairs_tried},
        }  # fmt: skip
    return told | {"bug": _bug_dict(found.bug, symbols) if found.bug else None}


def _bug_dict(bug: Bug, symbols: Mapping[str, int]) -> dict[str, Any]:
    """Return a bug for JSON."""
    return {
        "moves": [list(move) for move in bug.moves],
        "at": place(bug.address, symbols),
        "state": bug.state,
        "fault": bug.fault,
        "reason": str(bug.stop.reason),
        "exit_code": bug.stop.exit_code,
        "instructions": bug.stop.count,
        "console": bug.console,
    }


def lines(found: Findings, symbols: Mapping[str, int]) -> list[str]:
    """Return the findings as lines: what was tried, how fast, and the verdict."""
    plan, expected = found.plan, found.expected
    said = " / ".join(expected.lines) or "nothing on the console"
    verbs = ", ".join(VERBS[verb] for verb in plan.verbs)
    rows = [
        ("undisturbed run", f"{expected.length:,} instructions, {said}"),
        ("the host does", verbs + ("; brings blocks back unasked" if plan.mode == "random" else "")),
    ]
    if plan.mode == "random":
        moves = ", ".join(f"{verb} {count:,}" for verb, count in found.moves.items()) or "none"
        rows += [("runs tried", f"{found.runs:,}, seed {plan.seed}"), ("moves in them", moves)]
    elif found.cpus > 1:
        rows.append(("interleavings", f"of {found.cpus} CPUs; those that were tried, and how many these stand for"))
        for level, count in found.levels.items():
            moves = f"{_number(level.preemptions, 'preemption')}, {_number(level.discards, 'discard')}"
            rows.append(("", f"{moves}: {count.tried:,} ({count.same:,}), {len(count.ends):,} different outcomes"))
        rows.append(("outcomes", f"{found.ends:,} different ones in all"))
    else:
        rows += [
            ("points", f"{found.points:,} (instruction, block), of which {found.classes:,} are distinct"),
            ("points tried", f"{found.tried:,}"),
        ]
        if found.pairs_firsts:
            known = f"{found.pairs_classes:,} distinct ({found.pairs_points:,} in all)"
            begin = f"that begin with {found.pairs_firsts:,} of the points"
            rows.append(("pairs tried", f"{found.pairs_tried:,}, of {known} {begin}"))
    how = f"{found.attempts:,} in {found.seconds:.1f} s, {plan.jobs} {'job' if plan.jobs == 1 else 'jobs'}"
    rows.append(("tried per second", f"{found.rate:,.0f} ({how})"))
    return [f"{name:18}{text}" for name, text in rows] + verdict(found, symbols)


def _number(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _situation(bug: Bug) -> str:
    return f"{bug.state} running" if bug.moves[-1].verb == SWITCH else f"the block being {bug.state}"


def verdict(found: Findings, symbols: Mapping[str, int]) -> list[str]:
    """Return the last lines: a bug with the host's moves that lead to it, or that there is none."""
    bug = found.bug
    if bug is None:
        if found.interrupted:
            return ["interrupted; nothing was lost in what was tried"]
        return ["no run went wrong" + ("" if found.complete else "; there is more to try (--points)")]
    shown = [f"  after instruction {move.after:,}: {move.verb} {move.on}" for move in bug.moves[-8:]]
    hidden = len(bug.moves) - len(shown)
    return [
        f"A BUG: {bug.fault}",
        *([f"  ({hidden} moves before)"] if hidden else []),
        *shown,
        f"  the last before {place(bug.address, symbols)}, {_situation(bug)}",
        f"  that run: {bug.stop.reason} after {bug.stop.count:,} instructions",
    ]
