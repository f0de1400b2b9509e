"""Rows of a pretended farm."""

from __future__ import annotations

import pytest

from s390emu.farm.cell import POLICIES
from s390emu.farm.sweep import cells
from tests.farm.pretended import run_cell


def rows_of(**axes) -> list[dict]:
    """Of the cells of axes; by default one ratio, up to 16 guests, every policy."""
    axes = {"ratio": (2.0,), "guests": (1, 2, 4, 8, 16), "policy": POLICIES} | axes
    return [row for cell in cells(axes) for row in run_cell(cell)]


@pytest.fixture
def rows():
    return rows_of
