"""The page stands by itself and can be read by whoever reads it."""

from __future__ import annotations

from html.parser import HTMLParser

from s390emu.reports.overcommit.page import page
from s390emu.reports.overcommit.plots import Plot
from s390emu.reports.overcommit.points import values_of
from s390emu.reports.overcommit.summary import summary

PLOT = Plot("throughput", "Throughput <against> guests", "A caption.", '<svg viewBox="0 0 1 1"></svg>')
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Elements, text, and whether each element that opens also closes."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def read(rows, plots=(PLOT,), **given):
    told = summary(rows, parameters=values_of(rows), service_ns={"ssd": 108e3}, **given)
    text = page(told, plots, repeat="s390emu overcommit --seed 1 <&>", version="0123", table="overcommit.csv",
                no_plots="" if plots else "No plots: install it")  # fmt: skip
    return Reader(text)


def test_every_element_is_closed_and_nothing_comes_from_outside(rows):
    document = read(rows(device=("dasd", "ssd"), essa_cycles=(50, 100)))
    assert document.open == []
    for tag, attributes in document.elements:
        assert tag not in ("script", "link", "img", "iframe")
        assert not {"src", "href", "onload"} & set(attributes)


def test_it_is_accessible(rows):
    document = read(rows())
    assert document.all("html") == [{"lang": "en"}]
    assert len(document.all("main")) == len(document.all("h1")) == 1
    assert len(document.all("caption")) == len(document.all("table")) > 2
    assert all(cell.get("scope") in ("col", "row") for cell in document.all("th"))
    (svg,) = document.all("svg")
    assert svg["role"] == "img"
    assert svg["aria-label"].startswith("Throughput <against> guests")


def test_it_tells_findings_tables_parameters_and_how_to_repeat(rows):
    text = read(rows(ratio=(1.0, 2.0))).text
    for part in ("Hinting is ahead of the balloon from 4 guests on", "Requests per second, all guests together",
                 "ratio 2.0, ssd, 16 guests", "s390emu overcommit --seed 1 <&>", "Version of the code: 0123",
                 "overcommit.csv", "--device with several values"):  # fmt: skip
        assert part in text


def test_devices_and_essa_have_tables(rows):
    text = read(rows(device=("dasd", "ssd"), essa_cycles=(50, 100))).text
    assert "Requests per second by device" in text
    assert "100 cycles" in text
    assert "Not measured" not in text


def test_failures_and_refusals_come_first(rows):
    cell = {"guests": 1, "ratio": 2.0, "policy": "both", "device": "ssd", "seed": 1}
    found = [row | ({"outcome": "refused storage"} if row["policy"] == "none" else {}) for row in rows()]
    text = read(found, failures=[(cell, "its data are <wrong>")]).text
    assert text.index("1 guest, ratio 2.0, both, ssd, seed 1: its data are <wrong>") < text.index("Findings")
    assert "5 were refused storage" in text


def test_without_plots_and_without_rows():
    document = read([], plots=())
    assert "No plots: install it" in document.text
    assert document.open == []
