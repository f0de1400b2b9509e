"""What all plots share: matplotlib (extra `plots`), ink and paper, colours, SVG that is the same whenever it is made.

The colours are those that Okabe and Ito chose to be told apart with any kind of colour vision (public sources).
"""

from __future__ import annotations

import io
import re

INSTALL = "pip install 's390emu[plots]'"
INK, PAPER, GRID = "#1b1f24", "#ffffff", "#9aa4af"
DARK_INK, DARK_PAPER = "#e6e9ec", "#14171a"
BLUE, SKY, GREEN, ORANGE, VERMILION, PURPLE, YELLOW, GREY = (
    "#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00", "#cc79a7", "#f0e442", "#7f7f7f",
)  # fmt: skip
SCHEMES = (
    f"<style>svg {{ color: {INK}; background: {PAPER}; }}\n"
    f"@media (prefers-color-scheme: dark) {{ svg {{ color: {DARK_INK}; background: {DARK_PAPER}; }} }}</style>"
)


class PlotsUnavailable(Exception):
    """matplotlib is not installed."""


def need_matplotlib():
    """Return matplotlib, which is to draw on no screen. Raises PlotsUnavailable."""
    try:
        import matplotlib
    except ImportError:
        raise PlotsUnavailable(f"matplotlib is not installed: {INSTALL}") from None
    matplotlib.use("Agg")
    return matplotlib


def style() -> dict:
    """Return matplotlib's parameters."""
    return {
        "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"], "font.size": 9,
        "svg.fonttype": "none", "svg.hashsalt": "s390emu", "figure.facecolor": PAPER, "axes.facecolor": PAPER,
        "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.titlesize": 9,
        "xtick.color": INK, "ytick.color": INK, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.4,
        "grid.alpha": 0.6, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "legend.frameon": False, "hatch.linewidth": 0.5, "hatch.color": PAPER, "lines.linewidth": 1.6,
        "lines.markersize": 5,
    }  # fmt: skip


def svg_text(figure, title: str) -> str:
    """Return a figure as SVG, a file by itself; the same figure gives the same text."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Title": title, "Date": None, "Creator": None})
    return text.getvalue()


def in_any_light(svg: str) -> str:
    """Return an SVG file with the ink and paper that its reader's light or dark scheme has."""
    element = re.sub(r"(<svg [^>]*>)", rf"\1\n{SCHEMES}", with_ink_of_its_surroundings(svg), count=1)
    return '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n' + element


def with_ink_of_its_surroundings(svg: str) -> str:
    """Return the element alone, without metadata, its ink and paper those of what it stands in."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return svg.replace(INK, "currentColor").replace(f"fill: {PAPER}", "fill: none")
