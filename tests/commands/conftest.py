"""A command in a process of its own, as good as."""

from __future__ import annotations

import pytest

from s390emu._jit import Proper


@pytest.fixture(autouse=True)
def _compilation_is_announced_by_this_command_only(monkeypatch):
    monkeypatch.setattr(Proper, "announced", Proper.announced)
