"""Fixtures for every test. `lab` is one machine for one instruction, as new for each test."""

from __future__ import annotations

import pytest

from tests.lab import Lab


@pytest.fixture(scope="session")
def _one_lab():
    return Lab()


@pytest.fixture
def lab(_one_lab):
    _one_lab.reset()
    return _one_lab
