"""Linux hints, the host takes: sums are right, and the execution is the same whatever the host has."""

from __future__ import annotations

import pytest

from s390emu.machine import Reason
from tests.linux import guest
from tests.linux.conftest import HOSTS, SCARCE

FILES = 18  # 32 MB of them, in a guest of 128 MB
UNUSED = "Ur"


def test_files_survive_and_the_execution_does_not_depend_on_the_host(each):
    runs = set()
    for host in HOSTS:
        machine = each.again(host)
        before = machine.host.statistics(0).copy()
        stop = guest.run(machine, f"many {FILES}")
        assert stop.reason is Reason.STOPPED, f"{stop}\n{machine.console[-2000:]}"
        assert guest.written(machine) == guest.many_lines(FILES)
        runs.add((stop, machine.console))
        after = machine.host.statistics(0)
        taken = after.written_out - before.written_out, after.discarded[UNUSED] - before.discarded[UNUSED]
        if host == guest.RAM:
            assert taken == (0, 0)
        else:
            assert taken[0] > 500
            assert taken[1] > 500 if each.essa else taken[1] == 0
        assert set(after.discarded) <= ({UNUSED, "Sp"} if each.essa else set())
    assert len(runs) == 1


@pytest.fixture
def damaged(each_cpus):
    """Return a machine with the first page of a file that it reads later unreadable."""
    machine = each_cpus.again(SCARCE)
    machine.host.type(0, f"many {FILES}\n")
    guest.until(machine, f"f{FILES - 2}\n")
    begin = b"file 2\n1\n"
    (number,) = [n for n in range(len(machine.storage.blocks)) if machine.read(n * guest.BLOCK_SIZE, 9) == begin]
    machine.host.reclaim(0, number)
    machine.host.swap_error(0, number)
    return machine


def test_a_block_that_the_host_has_lost_stops_linux(damaged):
    """A machine check: storage error, uncorrected. Linux says so and stops all CPUs; what it wrote until then is right.
    """
    stop = damaged.run(guest.LIMIT)
    assert stop.reason is Reason.DISABLED_WAIT
    assert damaged.host.statistics(0).paging_errors == 1
    *lines, last = guest.written(damaged)
    assert last == "System stopped due to unrecoverable machine check, code: 0x40028FDD40330000"
    assert lines == guest.many_lines(FILES)[: len(lines)] and f"  f{FILES}" in lines[FILES - 1]
    assert damaged.console.count(last) == 1
