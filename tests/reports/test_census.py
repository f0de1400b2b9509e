"""A census of blocks: as characters, as a picture, for JSON."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from s390emu.architecture.page_states import NAMES, STATES
from s390emu.guests.census import Count, Mark
from s390emu.reports.census import COLUMNS, GLYPHS, ROWS, as_dict, layers, text_plot

BLOCKS = 100 * ROWS
FRAMES = BLOCKS // 4


def count(instructions, **blocks):
    """Blocks not named are stable and zero."""
    blocks = {"Sz": BLOCKS - sum(blocks.values())} | blocks
    return Count(instructions, {STATES[name]: blocks.get(name, 0) for name in STATES})


COUNTS = [count(0), count(500, Sr=500, Ur=0), count(1000, Sr=300, Ur=200, Sp=1000)]
MARKS = [Mark(0, "boot"), Mark(500, "write"), Mark(1000, "power off")]


@pytest.fixture
def plot():
    return text_plot(COUNTS, MARKS, FRAMES)


def column(plot, number):
    """The characters of a column from below."""
    return "".join(line.partition("|")[2][number] for line in plot[:ROWS])[::-1]


def test_a_column_has_the_states_of_its_moment_one_upon_the_other(plot):
    assert column(plot, 0) == "." * ROWS
    assert column(plot, COLUMNS // 2) == "#" * 5 + "." * 15
    assert column(plot, COLUMNS - 1) == "###" + "uu" + "=" * 10 + "." * 5


def test_a_column_shows_the_last_count_before_its_end(plot):
    changes = [n for n in range(1, COLUMNS) if column(plot, n) != column(plot, n - 1)]
    assert changes == [COLUMNS // 2 - 1, COLUMNS - 1]


def test_axes_are_labelled(plot):
    assert plot[0].startswith("  8 MB |")
    assert [n for n, line in enumerate(plot) if line.startswith("  host |")] == [ROWS - 5]  # the highest resident row
    assert plot[ROWS].startswith("     0 +1") and plot[ROWS].endswith("3")
    assert plot[ROWS][8 + COLUMNS // 2] == "2"
    assert plot[ROWS + 1].endswith(" 0.0 million instructions")


def test_the_legend_names_each_state_that_there_was_and_no_other(plot):
    told = [line.split()[0] for line in plot if ": " in line and not line[8:9].isdigit()]
    assert told == [".", "=", "u", "#"]
    assert "        = stable, preserved: on the paging device" in plot


def test_marks_are_listed(plot):
    assert [line.split() for line in plot[-3:]] == [
        ["1", "0.0", "M", "boot"], ["2", "0.0", "M", "write"], ["3", "0.0", "M", "power", "off"],
    ]  # fmt: skip


def test_all_lines_are_narrow_ascii(plot):
    assert all(len(line) <= 79 and line.isascii() for line in plot)


def test_each_state_has_a_character_of_its_own():
    assert sorted(GLYPHS) == sorted(NAMES.values())
    assert len(set(GLYPHS.values())) == len(GLYPHS)


@pytest.mark.parametrize("counts", [[count(0)], [count(0), count(1)]], ids=["nothing-executed", "one-instruction"])
def test_a_short_run_has_a_plot_too(counts):
    assert len(text_plot(counts, [Mark(0, "boot")], BLOCKS)) == ROWS + 4


def test_json_has_a_number_for_each_count():
    assert as_dict(COUNTS, MARKS) == {
        "instructions": [0, 500, 1000],
        "blocks": {"Sr": [0, 500, 300], "Ur": [0, 0, 200], "Sp": [0, 0, 1000], "Sz": [2000, 1500, 500]},
        "marks": [{"instructions": 0, "text": "boot"}, {"instructions": 500, "text": "write"},
                  {"instructions": 1000, "text": "power off"}],
    }  # fmt: skip


def test_layers_are_from_below():
    assert [layer.name for layer in layers(COUNTS)] == ["Sr", "Ur", "Sp", "Sz"]


# --- the picture -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def picture():
    pytest.importorskip("matplotlib")
    from s390emu.reports.census_plot import picture

    return picture


@pytest.fixture(scope="module")
def svg(picture):
    return picture(COUNTS, MARKS, FRAMES, "A title")


def texts(svg):
    return {"".join(element.itertext()).strip() for element in ElementTree.fromstring(svg.encode()).iter()
            if element.tag.endswith("}text")}  # fmt: skip


def test_the_picture_is_labelled(svg):
    assert {"A title", "millions of instructions", "MB of the guest's storage", "the host's page frames"} <= texts(svg)
    assert {"stable, resident", "unused, resident", "stable, preserved", "stable, zero"} <= texts(svg)
    assert {"1  boot", "2  write", "3  power off", "1", "2", "3"} <= texts(svg)


def test_the_picture_shows_no_state_that_there_was_not(svg):
    assert not any("volatile" in text for text in texts(svg))


def test_the_picture_has_the_ink_of_light_and_dark(svg):
    assert re.search(r"svg \{ color: (#\w+); background: (#\w+); \}\s@media \(prefers-color-scheme: dark\)", svg)
    drawn = svg.partition("</style>")[2]
    assert "currentColor" in drawn and "#1b1f24" not in drawn and "fill: #ffffff" not in drawn


def test_the_picture_needs_nothing_from_outside(svg):
    assert not re.findall(r'(?:href|src)="(?!#)', svg) and "@import" not in svg
    assert not re.findall(r"url\((?!#)", svg)


def test_the_same_counts_give_the_same_picture(picture, svg):
    assert picture(COUNTS, MARKS, FRAMES, "A title") == svg


def test_each_state_has_a_colour_and_a_hatching_of_its_own():
    from s390emu.reports.census_plot import STYLE

    assert sorted(STYLE) == sorted(NAMES.values())
    assert len({colour for colour, _ in STYLE.values()}) == len(STYLE)


def test_a_host_with_all_that_its_guest_may_use_has_no_line(picture):
    assert "the host's page frames" not in texts(picture(COUNTS, [], BLOCKS, "A title"))


def test_a_run_of_no_instruction_has_a_picture_too(picture):
    assert "boot" in picture([count(0)], [Mark(0, "boot")], FRAMES, "A title")
