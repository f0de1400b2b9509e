"""A machine with decimal floating point."""

from __future__ import annotations

import pytest

from s390emu.engine.handlers import DECIMAL
from tests.lab import Lab


@pytest.fixture(scope="module")
def _one_lab():
    return Lab(extra=DECIMAL)
