"""Kernels that wait for a script, each with the snapshot to which it goes back, and the run that did not wait."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple

import pytest

from s390emu.machine import Stop
from tests.linux import guest

LONG = os.environ.get("S390EMU_LINUX_LONG") == "1"
HOSTS = [megabytes * guest.MB for megabytes in ((128, 64, 48, 32) if LONG else (128, 48))]
SCARCE = min(HOSTS)
RUNS = 100 if LONG else 10  # of the adversary, with one CPU and with two


class Waiting:
    """A machine whose /init waits for a script."""

    def __init__(self, cpus: int, essa: bool):
        self.cpus, self.essa = cpus, essa
        self.machine = guest.machine(cpus=cpus, essa=essa)
        guest.until(self.machine, guest.READY)
        self.saved = self.machine.snapshot()

    def again(self, host: int = guest.RAM):
        """Return the machine, where it waits; the host has so many bytes of storage from now on."""
        self.machine.restore(self.saved)
        self.machine.host.pressure(host // guest.BLOCK_SIZE)
        return self.machine


class Ended(NamedTuple):
    """A boot, the script `short`, and poweroff, straight on."""

    suite: str
    stop: Stop
    console: str
    written: list[str]


@cache
def _waiting(cpus: int, essa: bool) -> Waiting:
    return Waiting(cpus, essa)


@cache
def _straight(suite: str) -> Ended:
    machine = guest.machine(suite)
    guest.until(machine, guest.READY)
    stop = guest.run(machine, "short")
    return Ended(suite, stop, machine.console, guest.written(machine))


@pytest.fixture
def waiting():
    """One CPU, with ESSA, and at first a host with a frame for every block."""
    return _waiting(1, True)


@pytest.fixture(params=[1, 2], ids=["1-cpu", "2-cpus"])
def each_cpus(request):
    """With one CPU and two."""
    return _waiting(request.param, True)


@pytest.fixture(params=[(1, True), (2, True), (1, False), (2, False)],
                ids=["1-cpu", "2-cpus", "1-cpu-no-essa", "2-cpus-no-essa"])  # fmt: skip
def each(request):
    """With one CPU and two, with ESSA and without."""
    return _waiting(*request.param)


@pytest.fixture
def straight():
    """Linux 6.12."""
    return _straight("trixie")


@pytest.fixture(params=["trixie", "bookworm"])
def each_kernel(request):
    """Linux 6.12, and 6.1."""
    return _straight(request.param)
