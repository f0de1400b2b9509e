"""Fixtures for every test. `lab` is one machine for one instruction, as new for each test."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from zlib import crc32

import pytest

from tests import touched
from tests.lab import Lab

ONE_OF = int(os.environ.get("S390EMU_ONE_OF", "1"))  # cases of a test are run, and its first one
ROWS_FILE = os.environ.get("S390EMU_ROWS", "")  # where to say which rows the tests execute


def pytest_configure():
    if ROWS_FILE:
        touched.start()
    if os.environ.get("S390EMU_AS_HANDLERS"):
        from tests.regions import as_handlers

        as_handlers.install()


def pytest_collection_modifyitems(config, items):
    """Leave out the others: which, is a matter of their names."""
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}.values()
    kept = {*first, *(item for item in items if crc32(item.nodeid.encode()) % ONE_OF == 0)}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_collection_finish():
    """Keep what there is now, each test among it, out of every collection of garbage: they are some millions."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item):
    touched.current = item.nodeid.partition("::")[0]


def pytest_sessionfinish():
    if ROWS_FILE:
        touched.write(Path(ROWS_FILE))


@pytest.fixture(scope="session")
def _one_lab():
    return Lab()


@pytest.fixture
def lab(_one_lab):
    _one_lab.reset()
    return _one_lab
