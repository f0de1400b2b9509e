"""The summary of a sweep: what its table says to the questions of the 2008 thread, each number with what it holds for.

Throughput of each policy against no help at all and against the balloon; the number of guests from which hinting is
ahead of the balloon; how much depends on what I/O costs and on what ESSA costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, isfinite, log
from statistics import fmean

from s390emu.farm.cell import POLICIES
from s390emu.reports.overcommit.points import ALWAYS, DISCARDS, PAGED, Point, name_of, points, usual
from s390emu.reports.overcommit.table import overall, scalar

SCHEMA = "s390emu.overcommit/1"
EQUAL = 0.01  # policies within this of each other are told as equal
AHEAD, BEHIND, LEVEL = 1, -1, 0


def summary(
    rows: Sequence[Mapping],
    *,
    parameters: Mapping[str, Sequence] | None = None,
    failures: Iterable[tuple[Mapping, str]] = (),
    service_ns: Mapping[str, float] | None = None,
) -> dict:
    """Return all that is told of a sweep, for JSON.

    rows: the table's. parameters: the values of each field of a cell. failures: (cell, why) for those not in the rows.
    service_ns: by device, how long it serves one block; without it devices are compared, without a slope."""
    found = points(rows, parameters)
    groups = _by_setting(found)
    totals = overall(rows)
    return {
        "schema": SCHEMA,
        "parameters": {name: [scalar(value) for value in values] for name, values in (parameters or {}).items()},
        "service_ns": dict(service_ns or {}),
        "cells": len(totals),
        "equal_within": EQUAL,
        "throughput": [_throughput(point, group) for group in groups.values() for point in group.values()],
        "crossings": [{"where": dict(where)} | crossing(_speeds(group, "hinting"), _speeds(group, "balloon"))
                      for where, group in groups.items() if _speeds(group, "hinting") and _speeds(group, "balloon")],
        "sensitivity": {
            "device": _device_sensitivity(found, service_ns or {}),
            "essa_cycles": _essa_sensitivity(found),
        },
        "refused": [{"where": p.where, "guests": p.guests, "policy": p.policy} for p in found if p.refused],
        "failures": [{"cell": dict(cell), "why": why} for cell, why in failures],
    }  # fmt: skip


Group = dict[tuple[int, str], Point]


def _by_setting(found: Iterable[Point]) -> dict[tuple, Group]:
    groups: dict[tuple, Group] = {}
    for point in found:
        groups.setdefault(point.setting, {})[point.guests, point.policy] = point
    return groups


def _speeds(group: Group, policy: str) -> dict[int, float]:
    return {guests: p.throughput for (guests, name), p in group.items() if name == policy and p.throughput}


def _throughput(point: Point, group: Group) -> dict:
    told = {
        "where": point.where,
        "guests": point.guests,
        "policy": point.policy,
        "requests_per_second": _rounded(point.throughput),
        "relative_to_none": relative(point, group.get((point.guests, "none"))),
        "relative_to_balloon": relative(point, group.get((point.guests, "balloon"))),
        "paging_per_second": _rounded(point.paging_rate),
        "paged_per_request": _rounded(point.per_request(*PAGED)),
        "discards_per_request": _rounded(point.per_request(*DISCARDS.values())),
        "rereads_per_request": _rounded(point.per_request("disk_rereads")),
    }
    if point.slowest != point.fastest:  # seeds differ
        told["requests_per_second_between"] = [_rounded(point.slowest), _rounded(point.fastest)]
    return told


def relative(point: Point, other: Point | None) -> float | None:
    """Return throughput as a multiple of the other's; None where one of them has none."""
    if other is None or not point.throughput or not other.throughput:
        return None
    return _rounded(point.throughput / other.throughput)


def _rounded(value: float | None) -> float | None:
    """Return a number of six digits: more would be noise, and JSON has no infinity."""
    return None if value is None or not isfinite(value) else float(f"{value:.6g}")


# --- who is ahead, and from where ------------------------------------------------------------------------------------


def crossing(one: Mapping[int, float], other: Mapping[int, float]) -> dict:
    """Tell from how many guests `one` stays ahead of `other`, both as number of guests -> throughput.

    verdict: "from": ahead from `guests` on and not before, crossing between the two numbers of `between`, at about
    `estimate` (the ratio interpolated, both axes logarithmic); "throughout"; "none in range": never ahead to the end of
    the range; a lead that is lost again is listed in `ahead_at` all the same."""
    numbers = sorted(one.keys() & other.keys())
    ratios = {n: one[n] / other[n] for n in numbers}
    lead = {n: AHEAD if ratios[n] > 1 + EQUAL else BEHIND if ratios[n] < 1 - EQUAL else LEVEL for n in numbers}
    told: dict = {
        "verdict": "none in range",
        "guests": None,
        "between": None,
        "estimate": None,
        "measured": numbers,
        "ahead_at": [n for n in numbers if lead[n] == AHEAD],
        "level_at": [n for n in numbers if lead[n] == LEVEL],
        "behind_at": [n for n in numbers if lead[n] == BEHIND],
    }
    last_not_ahead = max((n for n in numbers if lead[n] != AHEAD), default=None)
    if last_not_ahead is None:
        return told | ({"verdict": "throughout", "guests": numbers[0]} if numbers else {})
    after = [n for n in numbers if n > last_not_ahead]
    if not after:
        return told
    between = [last_not_ahead, after[0]]
    return told | {
        "verdict": "from",
        "guests": after[0],
        "between": between,
        "estimate": _estimate(last_not_ahead, after[0], ratios),
    }


def _estimate(low: int, high: int, ratios: Mapping[int, float]) -> float:
    """Return where the ratio is 1, on a straight line between the logarithms."""
    left, right = log(ratios[low]), log(ratios[high])
    part = min(1.0, max(0.0, -left / (right - left))) if right != left else 1.0
    return float(f"{exp(log(low) + part * (log(high) - log(low))):.3g}")


# --- what it depends on ----------------------------------------------------------------------------------------------


def _series(found: Iterable[Point], name: str) -> dict[tuple, dict[object, Point]]:
    """Return points that differ in one parameter only: (setting without it, guests, policy) -> its value -> point."""
    series: dict[tuple, dict[object, Point]] = {}
    for point in found:
        if name in point.where and point.throughput:
            rest = tuple((key, value) for key, value in point.setting if key != name)
            series.setdefault((rest, point.guests, point.policy), {})[point.where[name]] = point
    return {key: values for key, values in series.items() if len(values) > 1}


def slope(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of the straight line of least squares."""
    x_mean, y_mean = fmean(x for x, _ in pairs), fmean(y for _, y in pairs)
    width = sum((x - x_mean) ** 2 for x, _ in pairs)
    return sum((x - x_mean) * (y - y_mean) for x, y in pairs) / width if width else None


def _time(point: Point) -> float:
    """Return the farm's time for one request, in nanoseconds."""
    return 1e9 / point.throughput if point.throughput else 0.0


def _device_sensitivity(found: Iterable[Point], service_ns: Mapping[str, float]) -> list[dict]:
    """Return what a slower device costs, for each series.

    slope: ns of the farm's time for a request that each ns of a block's service time costs: the number of block
    transfers that a request waits for, in effect."""
    told = []
    for (rest, guests, policy), by_device in _series(found, "device").items():
        pairs = [(service_ns[str(d)], _time(p)) for d, p in by_device.items() if str(d) in service_ns]
        told.append({
            "where": dict(rest), "guests": guests, "policy": policy,
            "requests_per_second": {str(device): _rounded(p.throughput) for device, p in by_device.items()},
            "slope_ns_per_ns": _rounded(slope(pairs)) if len(pairs) > 1 else None,
        })  # fmt: skip
    return told


def _essa_sensitivity(found: Iterable[Point]) -> list[dict]:
    """Return what a slower ESSA costs, for each series.

    slope: ns of the farm's time for a request that each further cycle of ESSA costs. loss_per_100: the part of the
    throughput (at the cheapest ESSA measured) that 100 further cycles cost."""
    told = []
    for (rest, guests, policy), by_cost in _series(found, "essa_cycles").items():
        pairs = sorted((float(str(cycles)), _time(p)) for cycles, p in by_cost.items())
        rise = slope(pairs)
        told.append({
            "where": dict(rest), "guests": guests, "policy": policy,
            "requests_per_second": {str(cycles): _rounded(p.throughput) for cycles, p in by_cost.items()},
            "slope_ns_per_cycle": _rounded(rise),
            "loss_per_100": None if rise is None else _rounded(1 - pairs[0][1] / max(pairs[0][1] + 100 * rise, 1e-9)),
        })  # fmt: skip
    return told


# --- in words --------------------------------------------------------------------------------------------------------


def setting_text(where: Mapping[str, object]) -> str:
    """Return a setting as people read it, for example "ratio 2.0, ssd"."""
    names = {"device": "", "paging": "paging ", "chunk": "chunks of "}
    parts = [f"{names.get(name, name_of(name) + ' ')}{value}" for name, value in where.items()]
    return ", ".join(parts) or "these parameters"


def is_usual(told: Mapping, where: Mapping[str, object]) -> bool:
    """True if everything but ratio and device has its usual value here."""
    parameters = told["parameters"]
    return all(value == usual(name, parameters.get(name) or [value])
               for name, value in where.items() if name not in ALWAYS)  # fmt: skip


def findings(told: Mapping, *, usual_ones: bool = True) -> list[str]:
    """Return what the numbers say, a sentence or two for each setting; neutral, and with what it holds for.

    usual_ones: of the settings in which all but ratio and device is as usual; otherwise of the others."""
    lines = []
    settings = _unique(entry["where"] for entry in told["throughput"])
    for where in (where for where in settings if is_usual(told, where) == usual_ones):
        entries = [entry for entry in told["throughput"] if entry["where"] == where]
        parts = filter(None, (_over_none(policy, entries) for policy in POLICIES))
        sentences = [f"throughput over that of none: {text}"] if (text := ", ".join(parts)) else []
        sentences += [_crossing_text(entry) for entry in told["crossings"] if entry["where"] == where]
        if text := ". ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences):
            text = text[:1].lower() + text[1:]
            name = setting_text(where)
            lines.append(f"{name[:1].upper()}{name[1:]}: {text}.")
    return lines


def _unique(dictionaries: Iterable[Mapping]) -> list[Mapping]:
    kept: list[Mapping] = []
    for dictionary in dictionaries:
        if dictionary not in kept:
            kept.append(dictionary)
    return kept


def _over_none(policy: str, entries: Sequence[Mapping]) -> str:
    values = [e["relative_to_none"] for e in entries if e["policy"] == policy and e["relative_to_none"] is not None]
    if not values or policy == "none":
        return ""
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return f"{policy} {low if low == high else f'{low} to {high}'}"


def _crossing_text(entry: Mapping) -> str:
    measured = ", ".join(map(str, entry["measured"]))
    if entry["verdict"] == "throughout":
        return f"hinting is ahead of the balloon at every number of guests measured ({measured})"
    if entry["verdict"] == "from":
        low, high = entry["between"]
        return (f"hinting is ahead of the balloon from {entry['guests']} guests on, crossing between {low} and {high} "
                f"(interpolated: {entry['estimate']:g})")  # fmt: skip
    level = f", level within {EQUAL:.0%} at {_numbers(entry['level_at'])}" if entry["level_at"] else ""
    lost = f", ahead at {_numbers(entry['ahead_at'])} only" if entry["ahead_at"] else ""
    return f"no number of guests in range ({measured}) from which hinting stays ahead of the balloon{lost}{level}"


def _numbers(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))
