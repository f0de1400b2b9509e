"""Plots: drawn whatever the sweep has, and fit for a page."""

from __future__ import annotations

import re
import sys
import warnings
import xml.etree.ElementTree as ElementTree
from functools import partial

import pytest

from s390emu.reports.drawing import PlotsUnavailable
from s390emu.reports.overcommit import plots
from tests.reports.overcommit.conftest import rows_of

MAIN = ["throughput", "relative", "paging-rate", "breakdown", "movement"]


@pytest.fixture(scope="module")
def draw_in():
    pytest.importorskip("matplotlib")

    def draw(folder, rows):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of what it could not lay out
            return plots.draw(folder, rows)

    return draw


@pytest.fixture
def draw(draw_in, tmp_path):
    return partial(draw_in, tmp_path)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, draw_in):
    """The plots of two ratios and up to two guests, and their folder."""
    folder = tmp_path_factory.mktemp("plots")
    return draw_in(folder, rows_of(ratio=(1.0, 2.0), guests=(1, 2))), folder


def test_each_plot_is_an_svg_and_a_png(drawn):
    made, folder = drawn
    assert [plot.name for plot in made] == MAIN
    for plot in made:
        assert (folder / f"{plot.name}.png").read_bytes().startswith(b"\x89PNG")
        texts = {"".join(e.itertext()).strip() for e in ElementTree.parse(folder / f"{plot.name}.svg").iter()
                 if e.tag.endswith("}text")}  # fmt: skip
        assert {"hinting", "balloon"} <= texts


def test_the_same_rows_give_the_same_picture_and_old_ones_are_removed(drawn, draw_in, tmp_path):
    (tmp_path / "sensitivity-chunk.png").write_bytes(b"of another sweep")
    (tmp_path / "mine.png").write_bytes(b"not ours")
    assert draw_in(tmp_path, rows_of(ratio=(1.0, 2.0), guests=(1, 2))) == drawn[0]
    assert not (tmp_path / "sensitivity-chunk.png").exists()
    assert (tmp_path / "mine.png").exists()


def test_on_a_page_ids_are_unique_and_ink_is_the_pages(drawn):
    ids = [name for plot in drawn[0] for name in re.findall(r'\bid="([^"]+)"', plot.svg)]
    assert len(ids) == len(set(ids))
    for plot in drawn[0]:
        used = set(re.findall(r"(?:xlink:href=\"#|url\(#)([^\")]+)", plot.svg))
        assert used <= set(ids)
        assert "currentColor" in plot.svg
        assert plots.INK not in plot.svg


@pytest.mark.parametrize(
    "axes",
    [
        pytest.param({"guests": (1,)}, id="one guest"),
        pytest.param({"guests": (3,), "policy": ("hinting",)}, id="one cell"),
        pytest.param({"guests": (1,), "ratio": (1.0,)}, id="nothing paged"),
    ],
)
def test_little_is_drawn_too(draw, rows, axes):
    assert {"throughput", "breakdown"} <= {plot.name for plot in draw(rows(**axes))}


def test_what_else_varies_has_a_plot_of_its_own(draw, rows):
    drawn = draw(rows(device=("dasd", "ssd"), essa_cycles=(50, 100), guests=(1, 2)))
    assert [plot.name for plot in drawn] == [*MAIN, "sensitivity-device", "sensitivity-essa-cycles"]
    assert drawn[0].caption.endswith("For ESSA cycles 100.")  # the default, not the first
    assert drawn[3].caption.endswith("For ssd, ESSA cycles 100.")


def test_no_rows_no_plots(draw):
    assert draw([]) == []


def test_columns_may_be_missing(draw, rows):
    kept = ("guest", "guests", "policy", "ratio", "requests_per_second")
    drawn = draw([{name: row[name] for name in kept} for row in rows(ratio=(1.0, 2.0))])
    assert drawn[0].name == "throughput"


def test_policies_differ_in_colour_marker_and_not_by_colour_alone():
    colours, markers, _ = zip(*plots.POLICY_STYLE.values(), strict=True)
    assert len(set(colours)) == len(set(markers)) == 5
    for parts in (plots.INSTRUCTIONS, plots.WAITS, plots.LEAVES, plots.RETURNS):
        _, colours, hatchings = zip(*parts.values(), strict=True)
        assert len(set(colours)) == len(set(hatchings)) == len(parts)


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path, rows):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotsUnavailable, match=r"pip install 's390emu\[plots\]'"):
        plots.draw(tmp_path, rows(guests=(1,)))
