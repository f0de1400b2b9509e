"""The process that translates: what it is told and answers."""

from __future__ import annotations

import pytest

from s390emu.regions import worker
from s390emu.regions.request import Request, Translation
from s390emu.regions.worker import Worker

ANSWERS = """
import os, pickle, sys
from s390emu.regions.request import Translation
while True:
    request = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(Translation(bytes(request.text), {{}}, {{}}, ())))
    sys.stdout.buffer.flush()
"""
DIES = "import sys; sys.stdin.buffer.read(1)"
REQUEST = Request({0x1000: 0x0700 << 48}, (0x1000,), (1 << 64) - 1, lasting=False)


def taken_from(script: str, monkeypatch, *requests: Request) -> tuple[Worker, list[Translation | None]]:
    """Return a worker whose process executes this script, and what was taken for these requests."""
    monkeypatch.setattr(worker, "SERVE", script)
    asked, taken = Worker(waits=True), []
    for request in requests:
        asked.submit(request, taken.append)
    asked.close()
    return asked, taken


def test_what_is_longer_than_a_pipe_holds_comes_whole(monkeypatch):
    many = {0x1000 + n: (1 << 64) - 1 - n for n in range(20_000)}
    asked, taken = taken_from(ANSWERS, monkeypatch, REQUEST._replace(text=1 << 20), REQUEST._replace(decoded=many))
    assert [len(one.code) for one in taken if one] == [1 << 20, REQUEST.text] and not asked.deaths


@pytest.mark.parametrize("times", [1, worker.DEATHS_MOST, worker.DEATHS_MOST + 1])
def test_what_it_dies_of_is_refused_and_after_some_deaths_everything(monkeypatch, times):
    asked, taken = taken_from(DIES, monkeypatch, *[REQUEST] * times)
    assert taken == [None] * times and asked.deaths == min(times, worker.DEATHS_MOST)
