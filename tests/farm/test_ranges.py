"""Ranges of a sweep as they are written."""

from __future__ import annotations

import pytest

from s390emu.farm.ranges import counts, ratios


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1..16", (1, 2, 4, 8, 16)),
        ("1..12", (1, 2, 4, 8, 12)),
        ("3..3", (3,)),
        ("1..16:5", (1, 6, 11, 16)),
        ("1..4:2", (1, 3, 4)),
        ("12,1,2,1", (1, 2, 12)),
        ("1..4,12", (1, 2, 4, 12)),
        ("7", (7,)),
    ],
)
def test_counts(text, values):
    assert counts(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.0..3.0", (1.0, 1.5, 2.0, 2.5, 3.0)),
        ("1..2:0.25", (1.0, 1.25, 1.5, 1.75, 2.0)),
        ("1..1.4:0.1", (1.0, 1.1, 1.2, 1.3, 1.4)),  # no 1.2000000000000002
        ("1.5,1", (1.0, 1.5)),
        ("2.5", (2.5,)),
    ],
)
def test_ratios(text, values):
    assert ratios(text) == values


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1..", "..4", "x", "4..1", "1:2", "1..4:0", "1.5", "nan", "1e999", "1..1e9:1"]
)
def test_what_is_no_range_of_counts_is_named(text):
    with pytest.raises(ValueError) as error:
        counts(text)
    assert repr(text) in str(error.value)
