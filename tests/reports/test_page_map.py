"""A guest's blocks as a picture: what it draws for which block, and that it is a file by itself."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from s390emu.architecture.page_states import CONTENTS, USAGES
from s390emu.reports.page_map import COLOURS, LEGEND, MOST_OF_MIDDLE, MOST_OF_SMALL, page_map, page_map_file
from s390emu.storage.blocks import Block

SVG = "{http://www.w3.org/2000/svg}"


def block(number: int, usage: str = "stable", content: str = "zero", key: int = 0) -> Block:
    return Block(number, usage, content, False, key)


def bars(blocks: list[Block]) -> list[tuple[str, dict[str, str]]]:
    """What each bar of the map tells, and its attributes."""
    root = ElementTree.fromstring(page_map(blocks, "t"))
    cells = [(cell.find(f"{SVG}title").text, cell.findall(f"{SVG}rect")[-1]) for cell in root.iter(f"{SVG}g")]
    return [(told, dict(bar.attrib)) for told, bar in cells if told != LEGEND]


def test_blocks_that_are_alike_are_one_bar_and_tell_their_addresses():
    blocks = [block(0, key=6), block(1), block(2), block(3, "volatile")]
    assert [told for told, _ in bars(blocks)] == [
        "0x00000000-0x00000fff Sz, key 06", "0x00001000-0x00002fff Sz, key 00", "0x00003000-0x00003fff Vz, key 00",
    ]  # fmt: skip


def test_a_row_ends_a_bar():
    assert [told for told, _ in bars([block(n) for n in range(33)])] == [
        "0x00000000-0x0001ffff Sz, key 00", "0x00020000-0x00020fff Sz, key 00"
    ]  # fmt: skip


def test_every_state_looks_different():
    blocks = [block(n, usage, content) for n, (usage, content) in enumerate(
        (usage, content) for usage in USAGES for content in CONTENTS.values())]  # fmt: skip
    looks = {(attributes["fill"], attributes["height"]) for _, attributes in bars(blocks)}
    assert len(looks) == len(blocks)
    assert {fill for fill, _ in looks} == set(COLOURS.values())


def test_the_legend_counts_the_blocks_of_each_state():
    root = ElementTree.fromstring(page_map([block(0), block(1), block(2, "unused", "resident")], "a title"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[:3] == ["a title", "stable, zero: 2", "unused, resident: 1"]


@pytest.mark.parametrize("count", [0, 1, MOST_OF_SMALL, MOST_OF_SMALL + 1, MOST_OF_MIDDLE, MOST_OF_MIDDLE + 1])
def test_everything_lies_within_the_picture(count):
    root = ElementTree.fromstring(page_map([block(n) for n in range(count)], "t"))
    for bar in root.iter(f"{SVG}rect"):
        assert float(bar.get("x")) + float(bar.get("width")) <= float(root.get("width"))
        assert float(bar.get("y")) + float(bar.get("height")) <= float(root.get("height"))


def test_a_large_guest_is_a_small_file():
    """512 MB, of which every second megabyte is another state."""
    blocks = [block(n, USAGES[n // 256 % 2]) for n in range(131_072)]
    assert len(page_map(blocks, "t")) < 200_000


def test_the_title_is_text_whatever_is_in_it():
    assert ElementTree.fromstring(page_map([block(0)], "<&>")).find(f"{SVG}title").text == "<&>"


def test_a_file_has_ink_and_paper_of_its_reader():
    text = page_map_file([block(0)], "t")
    assert "prefers-color-scheme: dark" in text
    assert ElementTree.fromstring(text.encode()).tag == f"{SVG}svg"
