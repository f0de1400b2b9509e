"""The process that translates: what it is told and answers."""

from __future__ import annotations

import os

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


@pytest.mark.parametrize("waits, niceness", [(True, 0), (False, worker.NICE)])
def test_it_is_not_interrupted_from_the_terminal_and_gives_way_to_its_own_session(waits, niceness):
    asked = Worker(waits=waits)
    asked.submit(REQUEST, lambda made: None)
    process = asked._process.pid
    if not waits:
        os.read(asked._process.stdout.fileno(), 1)  # whoever answers has set its niceness
    assert os.getpgid(process) != os.getpgid(0) and os.getsid(process) == os.getsid(0)
    assert os.getpriority(os.PRIO_PROCESS, process) == os.getpriority(os.PRIO_PROCESS, 0) + niceness
    asked.close()
