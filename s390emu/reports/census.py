"""A census of a guest's blocks as a plot made of characters, and for JSON: how many are in which state, as time passes.

What is resident is below, as high as the host's page frames allow; above it what lies on the paging device, and what
has no content.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from s390emu.architecture.page_states import CONTENTS, STATES, USAGES
from s390emu.architecture.sizes import BLOCK_SIZE

if TYPE_CHECKING:
    from s390emu.guests.census import Count, Mark

ROWS, COLUMNS = 20, 70
AXIS = 8  # characters to the left of the plot
MEGABYTE = 1 << 20
GLYPHS = {"Sr": "#", "Pr": "P", "Vr": "V", "Ur": "u", "Sp": "=", "Vz": "v", "Uz": "-", "Sz": "."}  # from below
WHERE = {"r": "in a page frame", "p": "on the paging device", "z": "nowhere, it has no content"}
DIGITS = "123456789abcdefghijklmnopqrstuvwxyz"  # name the marks


class Layer(NamedTuple):
    """A state that blocks were in. values: how many, in each count."""

    name: str
    words: str
    values: list[int]


def layers(counts: Sequence[Count]) -> list[Layer]:
    """Return the states that any block was in, from below."""
    found = []
    for name in GLYPHS:
        state = STATES[name]
        values = [count.blocks[state] for count in counts]
        if any(values):
            found.append(Layer(name, f"{USAGES[state >> 2]}, {CONTENTS[state & 3]}", values))
    return found


def megabytes(blocks: float) -> float:
    """Return what so many blocks hold."""
    return blocks * BLOCK_SIZE / MEGABYTE


def text_plot(counts: Sequence[Count], marks: Sequence[Mark], frames: int) -> list[str]:
    """Return the plot's lines: a column for each moment, whose characters say what the blocks are then. frames: of the
    host, marked at the axis."""
    found, total, end = layers(counts), sum(counts[0].blocks.values()), counts[-1].instructions
    columns = [_column(found, at, total) for at in _moments(counts)]
    host = min(ROWS - 1, round(frames / total * ROWS) - 1)
    lines = []
    for row in range(ROWS - 1, -1, -1):
        label = f"{megabytes(total):.0f} MB" if row == ROWS - 1 else "host" if row == host else ""
        lines.append(f"{label:>{AXIS - 2}} |" + "".join(column[row] for column in columns))
    lines.append(f"{'0':>{AXIS - 2}} +" + _axis(marks, end))
    lines.append(f"{'':{AXIS}}0{f'{end / 1e6:,.1f} million instructions':>{COLUMNS - 1}}")
    lines += [f"{'':{AXIS}}{GLYPHS[layer.name]} {layer.words}: {WHERE[layer.name[1]]}" for layer in reversed(found)]
    named = zip(DIGITS, marks, strict=False)
    return lines + [f"{'':{AXIS}}{digit} {mark.instructions / 1e6:9,.1f} M  {mark.text}" for digit, mark in named]


def _moments(counts: Sequence[Count]) -> list[int]:
    """Return for each column which count it shows: the last one before its end."""
    end, shown, at = counts[-1].instructions, [], 0
    for column in range(1, COLUMNS + 1):
        while at + 1 < len(counts) and counts[at + 1].instructions * COLUMNS <= column * end:
            at += 1
        shown.append(at)
    return shown


def _column(found: Sequence[Layer], at: int, total: int) -> str:
    """Return the characters of a column from below: each is the state of the block in the middle of its row."""
    tops = list(accumulate(layer.values[at] for layer in found))
    middles = ((2 * row + 1) * total for row in range(ROWS))
    return "".join(
        next(GLYPHS[layer.name] for layer, top in zip(found, tops, strict=True) if middle < 2 * ROWS * top)
        for middle in middles
    )


def _axis(marks: Sequence[Mark], end: int) -> str:
    """Return the line below the plot, with a digit where each mark is."""
    line = ["-"] * COLUMNS
    for digit, mark in zip(DIGITS, marks, strict=False):
        line[min(COLUMNS - 1, mark.instructions * COLUMNS // max(1, end))] = digit
    return "".join(line)


def as_dict(counts: Sequence[Count], marks: Sequence[Mark]) -> dict[str, Any]:
    """Return the census for JSON: of each state the blocks in it, one number for each of `instructions`."""
    return {
        "instructions": [count.instructions for count in counts],
        "blocks": {layer.name: layer.values for layer in layers(counts)},
        "marks": [mark._asdict() for mark in marks],
    }
