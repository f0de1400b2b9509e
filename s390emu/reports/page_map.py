"""A guest's blocks at one moment as a picture: SVG, a file by itself or part of a page. Needs no matplotlib.

The colour says the usage, the height of the bar the content: a whole cell is resident, half of one preserved on the
paging device, a line at its foot logically zero, before a tint that shows where the cell is. What lies beside each
other and is alike is one bar, which tells its addresses and its state when it is pointed at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from s390emu.architecture.page_states import CONTENTS, USAGES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.reports.blocks import runs
from s390emu.reports.drawing import BLUE, GREY, ORANGE, SCHEMES, VERMILION

if TYPE_CHECKING:
    from s390emu.machine import Block

COLOURS = dict(zip(USAGES, (BLUE, GREY, ORANGE, VERMILION), strict=True))
HEIGHTS = {"resident": 1.0, "preserved": 0.5, "zero": 0.15}  # of a cell
TINT = 0.22  # opacity of a cell behind its bar
# blocks in a row, pixels of a cell's width and height, between rows, and rows from one address to the next
SMALL_GUEST, MIDDLE_GUEST, LARGE_GUEST = (32, 20, 16, 3, 2), (64, 10, 10, 1, 16), (256, 3, 4, 0, 16)
MOST_OF_SMALL, MOST_OF_MIDDLE = 32 * 32, 64 * 64  # blocks
MARGIN, LINE = 8, 16  # pixels
LABEL_WIDTH, LEGEND_WIDTH = 92, 236  # pixels
LEGEND_COLUMNS = 3
LEGEND = "legend"


def page_map(blocks: list[Block], title: str) -> str:
    """Return the picture as an SVG element; the same blocks give the same text."""
    size = MIDDLE_GUEST if MOST_OF_SMALL < len(blocks) <= MOST_OF_MIDDLE else LARGE_GUEST
    columns, wide, cell, gap, label_rows = SMALL_GUEST if len(blocks) <= MOST_OF_SMALL else size
    legend = list(_legend(blocks))
    top = MARGIN + LINE * (2 + (len(legend) + LEGEND_COLUMNS - 1) // LEGEND_COLUMNS)
    rows = (len(blocks) + columns - 1) // columns
    width = max(2 * MARGIN + LABEL_WIDTH + columns * wide, 2 * MARGIN + LEGEND_COLUMNS * LEGEND_WIDTH)
    height = top + rows * (cell + gap) + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans, Verdana, sans-serif" font-size="11" role="img" fill="currentColor">',
        f"<title>{escape(title)}</title>",
        f'<text x="{MARGIN}" y="{MARGIN + 10}" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (usage, content, count) in enumerate(legend):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = MARGIN + column * LEGEND_WIDTH, MARGIN + LINE * (1 + row) + LINE // 2
        lines.append(_bar(x, y, 10, 10, usage, content, LEGEND))
        lines.append(f'<text x="{x + 14}" y="{y + 9}">{usage}, {content}: {count:,}</text>')
    for row in range(rows):
        y = top + row * (cell + gap)
        if row % label_rows == 0:
            middle = y + min(cell, 10) / 2
            lines.append(f'<text x="{MARGIN}" y="{middle + 4:g}">{row * columns * BLOCK_SIZE:#010x}</text>')
        line = blocks[row * columns : (row + 1) * columns]
        for first, last, block in runs(line):
            start = (row * columns + first) * BLOCK_SIZE
            end = (row * columns + last + 1) * BLOCK_SIZE - 1
            told = f"{start:#010x}-{end:#010x} {block.state}, key {block.key:02X}"
            x, length = MARGIN + LABEL_WIDTH + first * wide, (last - first + 1) * wide - (1 if gap else 0)
            lines.append(_bar(x, y, length, cell, block.usage, block.content, told))
    return "\n".join((*lines, "</svg>")) + "\n"


def page_map_file(blocks: list[Block], title: str) -> str:
    """Return the picture as a file, with the ink and paper that its reader's light or dark scheme has."""
    element, end, rest = page_map(blocks, title).partition(">\n")
    return f'<?xml version="1.0" encoding="utf-8" standalone="no"?>\n{element}{end}{SCHEMES}\n{rest}'


def _legend(blocks: list[Block]) -> Iterator[tuple[str, str, int]]:
    """Yield (usage, content, how many blocks) of each state that there is."""
    counts = Counter((block.usage, block.content) for block in blocks)
    for usage in USAGES:
        for content in CONTENTS.values():
            if (usage, content) in counts:
                yield usage, content, counts[usage, content]


def _bar(x: int, y: int, width: int, cell: int, usage: str, content: str, told: str) -> str:
    """Return a cell's bar, over its tint."""
    height = max(1.0, round(cell * HEIGHTS[content], 1))
    fill = f'width="{width}" fill="{COLOURS[usage]}"'
    tint = f'<rect x="{x}" y="{y}" height="{cell}" fill-opacity="{TINT}" {fill}/>' if height < cell else ""
    bar = f'<rect x="{x}" y="{y + cell - height:g}" height="{height:g}" {fill}/>'
    return f"<g><title>{told}</title>{tint}{bar}</g>"
