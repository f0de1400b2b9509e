"""Plots of a sweep, through matplotlib (extra `plots`): each as SVG and PNG, and as SVG text for a page.

A marker of its own for each policy and a hatching for each kind of cost say the same as the colours.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from s390emu.input_files import replace_file
from s390emu.reports.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAPER,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    need_matplotlib,
    style,
    svg_text,
    with_ink_of_its_surroundings,
)
from s390emu.reports.overcommit.points import DISCARDS, Point, in_order, name_of, points, usual
from s390emu.reports.overcommit.summary import setting_text

POLICY_STYLE = {  # colour, marker, line
    "none": (GREY, "o", ":"),
    "hinting": (BLUE, "s", "-"),
    "unused-only": (SKY, "^", "--"),
    "balloon": (ORANGE, "D", "-"),
    "both": (GREEN, "v", "-."),
}
OTHER_STYLE = (PURPLE, "x", "-")
Part = tuple[str, str, str]  # label, colour, hatching
INSTRUCTIONS: dict[str, Part] = {
    "instructions_task": ("useful", BLUE, ""),
    "instructions_kernel": ("kernel", SKY, "//"),
    "instructions_writeback": ("write-back", GREEN, "xx"),
    "instructions_essa": ("ESSA", ORANGE, ".."),
    "instructions_discard": ("discard handler", VERMILION, "\\\\"),
    "instructions_balloon": ("balloon driver", PURPLE, "--"),
    "host": ("host: blocks brought, I/O", YELLOW, "||"),
    "monitor": ("host: monitor", GREY, "++"),
}
WAITS: dict[str, Part] = {
    "wait_paging_ns": ("for the paging device", VERMILION, "\\\\"),
    "wait_disk_ns": ("for its own disk", SKY, "//"),
}
LEAVES: dict[str, Part] = {
    "page_outs": ("paged out", VERMILION, "\\\\"),
    DISCARDS["U"]: ("discarded: unused", GREEN, ""),
    DISCARDS["V"]: ("volatile", BLUE, "//"),
    DISCARDS["P"]: ("potentially volatile", SKY, ".."),
    DISCARDS["Sp"]: ("stable, with a copy on the paging device", PURPLE, "xx"),
}
RETURNS: dict[str, Part] = {
    "page_ins": ("paged in", VERMILION, "\\\\"),
    "disk_rereads": ("read again from the guest's disk", BLUE, "//"),
    "zero_fills": ("filled with zeros", GREEN, ""),
}
NAMES = ("throughput", "relative", "paging-rate", "breakdown", "movement", "sensitivity-*")
MOST_PANELS = 5  # in a row: more are thinned out evenly, the ends kept


@dataclass(frozen=True)
class Plot:
    """name: of its files; caption: what it shows and for which parameters; svg: for a page, in its ink."""

    name: str
    title: str
    caption: str
    svg: str


def draw(folder: Path, rows: Sequence[Mapping], parameters: Mapping[str, Sequence] | None = None) -> list[Plot]:
    """Write NAME.svg and NAME.png of every plot that these rows have something for, and return the plots.

    parameters: see `points`."""
    matplotlib = need_matplotlib()
    for old in (path for name in NAMES for path in folder.glob(f"{name}.[sp][vn]g")):  # of another sweep
        old.unlink()
    found = [p for p in points(rows, parameters) if p.throughput]
    drawn = []
    with matplotlib.rc_context(style()):
        for name, title, make in _plots(found):
            figure, caption = make()
            drawn.append(_save(folder, name, title, caption, figure))
    return drawn


def _save(folder: Path, name: str, title: str, caption: str, figure) -> Plot:
    import matplotlib.pyplot as plt

    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=150, metadata={"Title": title, "Software": None})
    replace_file(folder / f"{name}.png", picture.getvalue())
    figure.set_layout_engine("none")  # once is enough
    text = svg_text(figure, title)
    plt.close(figure)
    replace_file(folder / f"{name}.svg", text)
    return Plot(name, title, caption, _for_page(text, name))


def _for_page(svg: str, name: str) -> str:
    """Return the element alone, its ids its own among the other plots', its ink and paper those of the page."""
    return re.sub(r'\b(id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", with_ink_of_its_surroundings(svg))


# --- which plots there are -------------------------------------------------------------------------------------------


def _plots(found: list[Point]) -> Iterable[tuple[str, str, Callable[[], tuple]]]:
    """Return (name, title, function that draws it) of every plot."""
    if not found:
        return
    main = _reference(found, ("ratio", "device"))
    yield (
        "throughput",
        "Throughput against the number of guests",
        lambda: _against_guests(main, lambda p, _: p.throughput, "requests per second, all guests", zero=True),
    )
    if any(p.policy == "none" for p in main) and any(p.policy != "none" for p in main):
        yield (
            "relative",
            "Throughput as a multiple of plain LRU's",
            lambda: _against_guests(main, _multiple_of_none, "throughput over that of none", zero=False),
        )
    if any(p.paging_rate is not None for p in main):
        yield "paging-rate", "Paging rate against the ratio of overcommitment", lambda: _against_ratio(main)
    bars = [p for p in _reference(found, ("ratio",)) if p.values.get("requests")]
    if bars:
        costs = ("processor time for a request, thousands of instructions", INSTRUCTIONS, 1e3)
        waits = ("waiting for a request, microseconds", WAITS, 1e3)
        yield "breakdown", "What a request costs, and what it waits for", lambda: _bars(bars, costs, waits)
        leave = ("blocks that leave, for a request", LEAVES, 1)
        come = ("blocks that come back, for a request", RETURNS, 1)
        title = "How blocks leave the host's storage, and how they come back"
        yield "movement", title, lambda: _bars(bars, leave, come)
    for name in dict(found[0].setting):
        if name != "ratio" and len(_values(found, name)) > 1:
            yield (
                f"sensitivity-{name.replace('_', '-')}",
                f"Throughput by {name_of(name)}",
                (partial(_sensitivity, _reference(found, ("ratio", name)), name)),
            )


def _values(found: Iterable[Point], name: str) -> list:
    return in_order(name, {p.where[name] for p in found if name in p.where})


def _reference(found: list[Point], kept: Sequence[str]) -> list[Point]:
    """Return the points in which every parameter that varies, but for those kept, has its usual value."""
    names = [name for name in dict(found[0].setting) if name not in kept]
    wanted = {name: usual(name, _values(found, name)) for name in names}
    return [p for p in found if all(p.where[name] == value for name, value in wanted.items())]


def _middle(values: Sequence):
    return values[len(values) // 2]


def _thinned(values: Sequence, most: int = MOST_PANELS) -> list:
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def _fixed(found: Iterable[Point], but: Sequence[str]) -> str:
    """Return for the caption which parameters vary in the sweep and are the same in all of these points."""
    where = {name: value for name, value in next(iter(found)).where.items() if name not in but}
    return f" For {setting_text(where)}." if where else ""


def _policies(found: Iterable[Point]) -> list[str]:
    return in_order("policy", {p.policy for p in found})


# --- lines -----------------------------------------------------------------------------------------------------------


def _panels(rows: int, columns: int, height: float = 2.4):
    """Return axes in a grid, each with its own scale, and with room above them for the legend."""
    import matplotlib.pyplot as plt

    size = max(6.0, 1.0 + 2.5 * columns), 0.9 + height * rows
    return plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")


def _from_zero(axes) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.set_ylim(0, max(axes.dataLim.ymax * 1.06, 1e-9) if axes.has_data() else 1)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    low = axes.get_ylim()[1] < 5
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}" if low else "{x:,.0f}"))


def _line(axes, policy: str, pairs: Sequence[tuple]) -> None:
    colour, marker, line = POLICY_STYLE.get(policy, OTHER_STYLE)
    pairs = [(x, y) for x, y in pairs if y is not None]
    if pairs:
        axes.plot(*zip(*pairs, strict=True), color=colour, marker=marker, linestyle=line, label=policy,
                  markeredgecolor=PAPER, markeredgewidth=0.4)  # fmt: skip


def _legend(figure, axes, count: int = 5) -> None:
    known: dict = {}
    for one in axes.flat:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            known.setdefault(label, handle)
    if known:
        figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=min(count, len(known)))


def _guest_axis(axes, numbers: Sequence[int]) -> None:
    if len(numbers) > 1:
        axes.set_xscale("log", base=2)
    shown = _thinned(numbers, 7)
    axes.set_xticks(shown, [str(n) for n in shown])
    axes.minorticks_off()


def _titled(axes, columns: Sequence, rows: Sequence, column_name: str) -> None:
    """Label each column and each row of panels."""
    for column, value in enumerate(columns):
        if value is not None:
            axes[0][column].set_title(f"{column_name} {value}")
    for row, value in enumerate(rows):
        if value is not None:
            axes[row][-1].annotate(str(value), (1.02, 0.5), xycoords="axes fraction", rotation=270, va="center",
                                   ha="left", fontweight="bold")  # fmt: skip


def _at(found: Iterable[Point], **wanted) -> list[Point]:
    """Return the points with these values. A value of None matches anything."""
    return [p for p in found if all(value is None or p.where[name] == value for name, value in wanted.items())]


def _multiple_of_none(point: Point, others: Iterable[Point]) -> float | None:
    same = (p for p in others if (p.guests, p.setting) == (point.guests, point.setting))
    base = [p.throughput for p in same if p.policy == "none"]
    return point.throughput / base[0] if base and base[0] and point.throughput else None


def _against_guests(found: list[Point], value: Callable, label: str, zero: bool):
    ratios, devices = _thinned(_values(found, "ratio")) or [None], _values(found, "device") or [None]
    figure, axes = _panels(len(devices), len(ratios))
    for row, device in enumerate(devices):
        for column, ratio in enumerate(ratios):
            panel, here = axes[row][column], _at(found, ratio=ratio, device=device)
            for policy in _policies(found):
                _line(panel, policy, [(p.guests, value(p, here)) for p in here if p.policy == policy])
            _guest_axis(panel, sorted({p.guests for p in here}))
            if zero:
                _from_zero(panel)
            else:
                panel.axhline(1, color=INK, linewidth=0.8)
    _titled(axes, ratios, devices, "ratio")
    figure.supxlabel("guests")
    figure.supylabel(label)
    _legend(figure, axes)
    return figure, f"One line for each policy.{_fixed(found, ('ratio', 'device'))}"


def _against_ratio(found: list[Point]):
    guests = _thinned(sorted({p.guests for p in found}))
    devices, ratios = _values(found, "device") or [None], _values(found, "ratio")
    figure, axes = _panels(len(devices), len(guests))
    for row, device in enumerate(devices):
        for column, number in enumerate(guests):
            panel, here = axes[row][column], [p for p in _at(found, device=device) if p.guests == number]
            for policy in _policies(found):
                pairs = [(p.values["ratio"], p.paging_rate) for p in here if p.policy == policy]
                _line(panel, policy, pairs)
            panel.set_xticks(_thinned(ratios or sorted({p.values["ratio"] for p in here})))
            _from_zero(panel)
    _titled(axes, guests, devices, "guests:")
    figure.supxlabel("ratio: guests' storage over the host's")
    figure.supylabel("blocks paged in and out, per second")
    _legend(figure, axes)
    return figure, f"Blocks of 4 KB, all guests, per second of the farm's own time.{_fixed(found, ('ratio', 'device'))}"


def _sensitivity(found: list[Point], name: str):
    """Draw throughput over that of policy none, where there is one: devices are orders of magnitude apart, and the gain
    is what matters."""
    numbers = sorted({p.guests for p in found})
    guests = sorted({numbers[0], _middle(numbers), numbers[-1]})
    ratios, values = _thinned(_values(found, "ratio"), 3) or [None], _values(found, name)
    numeric = all(isinstance(value, int | float) for value in values)
    gain = "none" in _policies(found) and len(_policies(found)) > 1
    figure, axes = _panels(len(guests), len(ratios))
    for row, number in enumerate(guests):
        for column, ratio in enumerate(ratios):
            here = [p for p in _at(found, ratio=ratio) if p.guests == number]
            panel = axes[row][column]
            for policy in _policies(found):
                pairs = [(p.where[name] if numeric else values.index(p.where[name]),
                          _multiple_of_none(p, here) if gain else p.throughput)
                         for p in here if p.policy == policy]  # fmt: skip
                _line(panel, policy, pairs)
            panel.set_xticks(values if numeric else range(len(values)), [str(value) for value in values])
            _from_zero(panel)
    _titled(axes, ratios, [f"guests: {number}" for number in guests], "ratio")
    figure.supxlabel(name_of(name))
    figure.supylabel("throughput over that of none" if gain else "requests per second, all guests")
    _legend(figure, axes)
    return figure, f"One line for each policy.{_fixed(found, ('ratio', name))}"


# --- bars ------------------------------------------------------------------------------------------------------------


def _amount(point: Point, name: str) -> float:
    """Return host time in instructions, as the guests' own is counted."""
    an_ns = point.values.get("mips", 1000) / 1000
    if name == "host":
        costs = (("host_faults", "fault_ns"), ("disk_operations", "io_ns"))
        return sum(point.total(count) * point.total(cost) for count, cost in costs) * an_ns
    if name == "monitor":
        return point.total("monitor_ns") * an_ns
    return point.total(name)


def _bars(found: list[Point], *halves: tuple[str, dict[str, Part], float]):
    """Draw a stacked bar for each policy with the most guests: two halves side by side, a row for each of up to three
    ratios."""
    most = max(p.guests for p in found)
    here = [p for p in found if p.guests == most]
    ratios = _thinned(_values(here, "ratio"), 3) or [None]
    policies = _policies(here)
    figure, axes = _panels(len(ratios), 2, height=0.5 + 0.28 * len(policies))
    figure.set_size_inches(9.2, figure.get_size_inches()[1] + 0.6)
    for side, (label, parts, unit) in enumerate(halves):
        for row, ratio in enumerate(ratios):
            panel, stacked = axes[row][side], {p.policy: p for p in _at(here, ratio=ratio)}
            _stack(panel, policies, stacked, parts, unit)
            panel.grid(visible=False, axis="y")
            panel.sharex(axes[0][side])
        axes[-1][side].set_xlabel(label)
        axes[0][side].set_xlim(0, 1.04 * max(panel.dataLim.xmax for panel in axes[:, side]) or 1)
    for row, ratio in enumerate(ratios):
        axes[row][0].set_yticks(range(len(policies)), policies)
        axes[row][1].set_yticks(range(len(policies)), [""] * len(policies))
        for panel in axes[row]:
            panel.set_ylim(len(policies) - 0.5, -0.5)
        if ratio is not None:
            axes[row][0].set_title(f"ratio {ratio}", loc="left")
    for side in range(2):
        handles, labels = axes[0][side].get_legend_handles_labels()
        where = {"loc": "lower left", "bbox_to_anchor": (0, 1.16 if ratios != [None] else 1.02)}
        if handles:
            axes[0][side].legend(handles, labels, ncols=2, fontsize=8, borderaxespad=0, **where)
    return figure, f"{most} guest{'s' if most > 1 else ''}, all together.{_fixed(here, ('ratio',))}"


def _stack(
    panel, policies: Sequence[str], stacked: Mapping[str, Point], parts: Mapping[str, Part], unit: float
) -> None:
    left = [0.0] * len(policies)
    for name, (label, colour, hatching) in parts.items():
        known = [stacked.get(policy) for policy in policies]
        widths = [_amount(p, name) / p.values["requests"] / unit if p else 0.0 for p in known]
        panel.barh(range(len(policies)), widths, 0.7, left, label=label, color=colour, hatch=hatching,
                   edgecolor=PAPER, linewidth=0.4)  # fmt: skip
        left = [start + width for start, width in zip(left, widths, strict=True)]
