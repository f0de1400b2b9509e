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
    "Sr": (BLUE, ""), "Pr": (PURPLE, ""), "Vr": (YELLOW, ""), "Ur": (SKY, "//"), "Sp": (VERMILION, "\\\\"),
    "Vz": (ORANGE, "xx"), "Uz": (GREEN, ".."), "Sz": (GREY, ""),
}  # fmt: skip
FAINT = 0.35  # opacity of what was never touched


def picture(counts: Sequence[Count], marks: Sequence[Mark], frames: int, title: str) -> str:
    """Return the plot as SVG: areas of blocks by state against instructions, a line at the host's frames, and marks.
    Raises PlotsUnavailable."""
    matplotlib = need_matplotlib()
    import matplotlib.pyplot as plt

    found = layers(counts)
    with matplotlib.rc_context(style()):
        figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
        millions = [count.instructions / 1e6 for count in counts]
        areas = axes.stackplot(millions, [[megabytes(value) for value in layer.values] for layer in found],
                               labels=[layer.words for layer in found], edgecolor=PAPER, linewidth=0.3)  # fmt: skip
        for area, layer in zip(areas, found, strict=True):
            colour, hatching = STYLE[layer.name]
            area.set(facecolor=colour, hatch=hatching, alpha=FAINT if layer.name == "Sz" else None)
        total = megabytes(sum(counts[0].blocks.values()))
        axes.set(xlim=(0, millions[-1] or 1), ylim=(0, total), title=title,
                 xlabel="millions of instructions", ylabel="MB of the guest's storage")  # fmt: skip
        host = megabytes(frames)
        if host < total:
            axes.axhline(host, color=INK, linewidth=1.2, linestyle="--", label=f"the host's frames ({host:g} MB)")
        above = axes.get_xaxis_transform()
        for digit, mark in zip(DIGITS, marks, strict=False):
            at = mark.instructions / 1e6
            axes.axvline(at, color=INK, linewidth=0.6, linestyle=":")
            axes.text(at, 1.005, digit, transform=above, ha="center", va="bottom", fontweight="bold")
        told = "\n".join(f"{digit}  {mark.text}" for digit, mark in zip(DIGITS, marks, strict=False))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower left", ncols=2)
        figure.text(0.64, 0.02, told, va="bottom", fontsize=8)
        text = svg_text(figure, title)
        plt.close(figure)
    return in_any_light(text)
