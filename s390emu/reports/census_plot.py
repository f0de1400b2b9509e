"""A census of a guest's blocks as a picture, through matplotlib: SVG that is readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from s390emu.reports.census import DIGITS, layers, megabytes
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
    in_any_light,
    need_matplotlib,
    style,
    svg_text,
)

if TYPE_CHECKING:
    from s390emu.guests.census import Count, Mark

SIZE = 9.2, 5.6  # inches
STYLE = {  # colour, hatching
    "Sr": (BLUE, ""), "Pr": (PURPLE, "--"), "Vr": (YELLOW, "++"), "Ur": (SKY, "//"), "Sp": (VERMILION, "\\\\"),
    "Vz": (ORANGE, "xx"), "Uz": (GREEN, ".."), "Sz": (GREY, ""),
}  # fmt: skip
FAINT = 0.35  # opacity of what was never touched
MILLION = 1e6
CLOSE = 0.015  # of the width
TITLE_PAD = 24  # points above the plot, in which the marks have their numbers


def picture(counts: Sequence[Count], marks: Sequence[Mark], frames: int, title: str) -> str:
    """Return the plot as SVG: areas of blocks by state against instructions, a line at the host's frames, and marks.
    Raises PlotsUnavailable."""
    matplotlib = need_matplotlib()
    import matplotlib.pyplot as plt

    with matplotlib.rc_context(style()):
        figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
        total, end = megabytes(sum(counts[0].blocks.values())), max(1, counts[-1].instructions)
        axes.set(xlim=(0, end / MILLION), ylim=(0, total), xlabel="millions of instructions",
                 ylabel="MB of the guest's storage")  # fmt: skip
        axes.set_yticks([total * n / 8 for n in range(9)])
        axes.set_title(title, loc="left", pad=TITLE_PAD)
        _areas(axes, counts)
        if megabytes(frames) < total:
            axes.axhline(megabytes(frames), color=INK, linewidth=1.2, linestyle="--", label="the host's page frames")
        _marks(axes, marks, end)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower left", ncols=2)
        nothing = matplotlib.lines.Line2D([], [], linestyle="none")
        told = [f"{digit}  {mark.text}" for digit, mark in zip(DIGITS, marks, strict=False)]
        figure.legend([nothing] * len(told), told, loc="outside lower right", ncols=2, handlelength=0)
        text = svg_text(figure, title)
        plt.close(figure)
    return in_any_light(text)


def _areas(axes, counts: Sequence[Count]) -> None:
    """Draw an area for each state that blocks were in, one upon the other."""
    found, millions = layers(counts), [count.instructions / MILLION for count in counts]
    values = [[megabytes(value) for value in layer.values] for layer in found]
    areas = axes.stackplot(millions, values, labels=[layer.words for layer in found], edgecolor=PAPER, linewidth=0.3)
    for area, layer in zip(areas, found, strict=True):
        colour, hatching = STYLE[layer.name]
        area.set(facecolor=colour, hatch=hatching, alpha=FAINT if layer.name == "Sz" else None)


def _marks(axes, marks: Sequence[Mark], end: int) -> None:
    """Draw a line at each mark, and its number above; of two that are close the second one's higher."""
    last, high = -end, False
    for digit, mark in zip(DIGITS, marks, strict=False):
        at, close = mark.instructions / MILLION, mark.instructions - last < CLOSE * end
        last, high = mark.instructions, close and not high
        axes.axvline(at, color=INK, linewidth=0.6, linestyle=":")
        axes.annotate(digit, (at, 1), (0, 11 if high else 2), xycoords=axes.get_xaxis_transform(),
                      textcoords="offset points", ha="center", va="bottom", fontweight="bold")  # fmt: skip
