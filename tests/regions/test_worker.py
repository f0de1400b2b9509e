"""The process that translates: what it is told and answers."""

from __future__ import annotations

import os
import pickle

import pytest

from s390emu.regions import process, worker
from s390emu.regions.request import Request, Translation
from s390emu.regions.worker import Worker

REQUEST = Request({0x1000: 0x0700 << 48}, (0x1000,), (1 << 64) - 1, lasting=False)


def answers(waited_for: bool) -> None:
    """In place of `serve`: answer with as many bytes as are asked for."""
    with os.fdopen(0, "rb") as requests, os.fdopen(1, "wb") as made:
        while True:
            request = pickle.load(requests)
            pickle.dump(Translation(bytes(request.text), {}, {}, ()), made)
            made.flush()


def dies(waited_for: bool) -> None:
    """In place of `serve`: an assertion of LLVM ends the process."""
    os.read(0, 1)
    os.abort()


def what_it_has(waited_for: bool) -> None:
    """In place of `serve`: tell the process's open files, whether it is a group of its own, and its session."""
    pickle.load(os.fdopen(0, "rb", closefd=False))
    files = [n for n in range(3, 100) if _is_open(n)]
    os.write(1, pickle.dumps((files, os.getpgid(0) == os.getpid(), os.getsid(0))))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.fixture(params=["copied", "spawned"])
def begins(request, monkeypatch):
    """Both ways a process is begun."""
    monkeypatch.setattr(process, "may_copy", lambda: request.param == "copied")
    monkeypatch.setattr(process, "LARGEST_COPY", 1 << 40)
    return request.param


def taken_from(serve, monkeypatch, *requests: Request) -> tuple[Worker, list]:
    """Return a worker whose process executes this function, and what was taken for these requests."""
    monkeypatch.setattr(worker, "serve", serve)
    asked, taken = Worker(waits=True), []
    for request in requests:
        asked.submit(request, taken.append)
    asked.close()
    return asked, taken


def test_what_is_longer_than_a_pipe_holds_comes_whole(monkeypatch, begins):
    many = {0x1000 + n: (1 << 64) - 1 - n for n in range(20_000)}
    asked, taken = taken_from(answers, monkeypatch, REQUEST._replace(text=1 << 20), REQUEST._replace(decoded=many))
    assert [len(one.code) for one in taken if one] == [1 << 20, REQUEST.text] and not asked.deaths


@pytest.mark.parametrize("times", [1, worker.DEATHS_MOST, worker.DEATHS_MOST + 1])
def test_what_it_dies_of_is_refused_and_after_some_deaths_everything(monkeypatch, begins, times):
    asked, taken = taken_from(dies, monkeypatch, *[REQUEST] * times)
    assert taken == [None] * times and asked.deaths == min(times, worker.DEATHS_MOST)
    asked.start()
    assert (asked._process is None) == (times >= worker.DEATHS_MOST)
    asked.close()


def test_it_has_its_own_files_only_and_is_not_interrupted_from_the_terminal(monkeypatch, begins):
    with open(os.devnull) as file:
        os.set_inheritable(file.fileno(), True)
        _, taken = taken_from(what_it_has, monkeypatch, REQUEST)
    assert taken == [([], True, os.getsid(0))]


def test_it_is_there_before_something_is_submitted(monkeypatch, begins):
    monkeypatch.setattr(worker, "serve", answers)
    asked = Worker(waits=True)
    asked.start()
    begun = asked._process
    taken: list = []
    asked.submit(REQUEST, taken.append)
    assert asked._process is begun and len(taken) == 1
    asked.close()
    with pytest.raises(ProcessLookupError):
        os.kill(begun.number, 0)


def test_a_large_process_is_not_copied(monkeypatch):
    """What it changes later its copy would keep as it was."""
    begun: list[str] = []
    monkeypatch.setattr(process, "may_copy", lambda: True)
    monkeypatch.setattr(process, "LARGEST_COPY", 0)
    monkeypatch.setattr(process, "_copied", lambda *arguments: begun.append("copied"))
    monkeypatch.setattr(process, "_spawned", lambda *arguments: begun.append("spawned"))
    made = process.begun(answers, True)
    made.requests.close()
    made.answers.close()
    assert begun == ["spawned"]
