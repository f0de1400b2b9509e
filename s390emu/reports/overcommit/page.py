"""One HTML page that shows a sweep: plots inlined, tables, parameters, how to repeat it; nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby

from s390emu.reports.overcommit.plots import Plot
from s390emu.reports.overcommit.points import in_order, name_of
from s390emu.reports.overcommit.summary import findings, setting_text

NOTHING = "\N{EN DASH}"
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #ccd2d9; --soft: #f3f5f7; --link: #0058a3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #14171a; --line: #3a4149; --soft: #1d2125; --link: #7cc0ff; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 76rem; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.25rem; margin-top: 2.4rem; }
p, li { max-width: 46rem; } a { color: var(--link); }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--link); }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .6rem 0 .3rem; font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .7rem; text-align: right; vertical-align: top; }
th[scope=row], thead th:first-child, td.text { text-align: left; }
thead th { background: var(--soft); } tbody th { font-weight: 500; }
figure { margin: 1.2rem 0 2rem; } figure svg { max-width: 100%; height: auto; } figcaption { font-size: .9rem; }
pre { background: var(--soft); padding: .7rem .9rem; overflow-x: auto; border-radius: 4px; }
.trouble { border-left: 4px solid #d55e00; padding-left: .9rem; }
@media print { .scroll { overflow: visible; } figure { break-inside: avoid; } }
"""
COLUMNS = (
    ("requests/s", "requests_per_second"),
    ("over none", "relative_to_none"),
    ("over balloon", "relative_to_balloon"),
    ("paged/s", "paging_per_second"),
    ("paged a request", "paged_per_request"),
    ("discarded a request", "discards_per_request"),
    ("read again a request", "rereads_per_request"),
)


def page(told: Mapping, plots: Sequence[Plot], *, repeat: str, version: str, table: str, no_plots: str = "") -> str:
    """Return the HTML page. told: the summary. repeat: the command line. table: its file. no_plots: why none."""
    parts = [
        "<h1>The host against the balloon</h1>",
        _paragraph(
            f"Web-server guests that together have more storage than their host, with page hinting (ESSA), with a "
            f"balloon, with both, and with neither: {told['cells']} combinations of parameters. Time is the guests': "
            "instructions executed and waits for devices, computed, so it is the same on every computer."
        ),
        _troubles(told),
        _section("Findings", _findings(told)),
        *([_section("Plots", "".join(map(_figure, plots)) or _paragraph(no_plots))] if plots or no_plots else []),
        _section("Throughput", _throughput(told)),
        _section("From how many guests hinting is ahead of the balloon", _crossings(told)),
        _section("What it depends on", _sensitivity(told)),
        _section("Parameters", _parameters(told)),
        _section("How to repeat it", _repeat(repeat, version, table)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The host against the balloon</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>" if content else ""


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _list(items: Iterable[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "\n</ul>"


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Return a table whose first column names the row."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(_shown(first))}</th>'
        + "".join(f"<td{_kind(value)}>{escape(_shown(value))}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>\n'
            f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
            "</table></div>")  # fmt: skip


def _kind(value) -> str:
    return ' class="text"' if isinstance(value, str) else ""


def _shown(value) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


# --- the sections ----------------------------------------------------------------------------------------------------


def _troubles(told: Mapping) -> str:
    failures = [f"{_cell_text(failure['cell'])}: {failure['why']}" for failure in told["failures"]]
    refused = [f"{setting_text(r['where'])}, {_guests(r['guests'])}, {r['policy']}" for r in told["refused"]]
    text = ""
    if failures:
        text += f'<section class="trouble">\n<h2>{len(failures)} failed</h2>\n{_list(failures)}\n</section>'
    if refused:
        told_of = "The host had nowhere to put what is stable, and refused a guest storage; nothing is measured there."
        text += _section(f"{len(refused)} were refused storage", _paragraph(told_of) + _list(refused))
    return text


def _cell_text(cell: Mapping) -> str:
    return f"{_guests(cell['guests'])}, ratio {cell['ratio']}, {cell['policy']}, {cell['device']}, seed {cell['seed']}"


def _guests(number: int) -> str:
    return f"{number} guest{'s' if number != 1 else ''}"


def _findings(told: Mapping) -> str:
    lines = findings(told)
    note = f"Throughputs within {told['equal_within']:.0%} of each other count as level."
    others = findings(told, usual_ones=False)
    rest = f"<details><summary>With other parameters ({len(others)})</summary>\n{_list(others)}\n</details>"
    return _list(lines) + _paragraph(note) + (rest if others else "") if lines or others else ""


def _figure(plot: Plot) -> str:
    label = f'role="img" aria-label="{escape(plot.title)}. The numbers are in the tables below."'
    svg = plot.svg.replace("<svg ", f"<svg {label} ", 1)
    return (f'<figure id="{plot.name}">\n<h3>{escape(plot.title)}</h3>\n{svg}\n'
            f"<figcaption>{escape(plot.caption)}</figcaption>\n</figure>\n")  # fmt: skip


def _throughput(told: Mapping) -> str:
    tables = []
    for where, entries in groupby(told["throughput"], lambda entry: entry["where"]):
        rows = [[f"{_guests(e['guests'])}, {e['policy']}", *(e.get(key) for _, key in COLUMNS)] for e in entries]
        name = setting_text(where)
        tables.append(f"<details><summary>{escape(name[:1].upper() + name[1:])}</summary>\n"
                      + _table(f"Throughput: {name}", ["guests, policy", *(name for name, _ in COLUMNS)], rows)
                      + "\n</details>")  # fmt: skip
    if len(tables) == 1:
        tables = [tables[0].replace("<details>", "<details open>", 1)]
    return _overview(told) + "\n".join(tables)


def _overview(told: Mapping) -> str:
    """Return requests per second: a row for each setting and number of guests, a column for each policy."""
    policies = in_order("policy", {entry["policy"] for entry in told["throughput"]})
    rows: dict[tuple[str, int], dict[str, float | None]] = {}
    for entry in told["throughput"]:
        key = (setting_text(entry["where"]), entry["guests"])
        rows.setdefault(key, {})[entry["policy"]] = entry["requests_per_second"]
    body = [[f"{where}, {_guests(guests)}", *(by_policy.get(p) for p in policies)]
            for (where, guests), by_policy in rows.items()]  # fmt: skip
    return _table("Requests per second, all guests together", ["setting", *policies], body) if body else ""


def _crossings(told: Mapping) -> str:
    rows = []
    for entry in told["crossings"]:
        between = " and ".join(map(str, entry["between"])) if entry["between"] else ""
        rows.append([setting_text(entry["where"]), entry["verdict"], entry["guests"], between, entry["estimate"],
                     ", ".join(map(str, entry["ahead_at"])), ", ".join(map(str, entry["level_at"])),
                     ", ".join(map(str, entry["behind_at"]))])  # fmt: skip
    header = [
        "setting",
        "hinting ahead",
        "guests",
        "crossing between",
        "interpolated",
        "ahead at",
        "level at",
        "behind at",
    ]
    return _table("Hinting against the balloon, by number of guests", header, rows) if rows else ""


def _sensitivity(told: Mapping) -> str:
    text = ""
    devices, costs = told["sensitivity"]["device"], told["sensitivity"]["essa_cycles"]
    if devices:
        names = in_order("device", {name for entry in devices for name in entry["requests_per_second"]})
        rows = [[_who(e), *(e["requests_per_second"].get(n) for n in names), e["slope_ns_per_ns"]] for e in devices]
        served = ", ".join(f"{name} {ns / 1000:g} µs" for name, ns in told["service_ns"].items())
        text += _paragraph(
            f"The slope is of the straight line through the time for a request against the time in which the device "
            f"serves one block ({served or 'not known here'}): the transfers that a request waits for, in effect. What "
            "follows the device by default (a guest's idle phase, the monitor's interval) differs with it."
        ) + _table("Requests per second by device", ["setting", *names, "slope, ns per ns"], rows)
    if costs:
        names = sorted({name for entry in costs for name in entry["requests_per_second"]}, key=float)
        rows = [[_who(e), *(e["requests_per_second"].get(n) for n in names), e["slope_ns_per_cycle"],
                 None if e["loss_per_100"] is None else 100 * e["loss_per_100"]] for e in costs]  # fmt: skip
        header = ["setting", *(f"{name} cycles" for name in names), "slope, ns per cycle", "% lost with 100 more"]
        text += _table("Requests per second by the cycles that one ESSA takes", header, rows)
    missing = [f"--{option} with several values" for option, there in (("device", devices), ("essa-cycles", costs))
               if not there]  # fmt: skip
    if missing:
        text += _paragraph(f"Not measured in this sweep: {' and '.join(missing)} would tell more.")
    return text


def _who(entry: Mapping) -> str:
    setting = f"{setting_text(entry['where'])}, " if entry["where"] else ""
    return f"{setting}{_guests(entry['guests'])}, {entry['policy']}"


def _parameters(told: Mapping) -> str:
    rows = [[name_of(name), ", ".join(map(str, values)) or NOTHING] for name, values in told["parameters"].items()]
    return _table("Every combination of these was run", ["parameter", "values"], rows) if rows else ""


def _repeat(repeat: str, version: str, table: str) -> str:
    text = (f"Version of the code: {version}. The table is {table}, a row for each guest of each run and one for all "
            "guests of it; the same command gives the same table, byte for byte.")  # fmt: skip
    return f"<pre><code>{escape(repeat)}</code></pre>\n{_paragraph(text)}"
