"""Service times, and the queue before a device."""

from __future__ import annotations

import pytest

from s390emu.host.devices import SERVICE, Server, ServiceTimes


def test_an_operation_takes_the_latency_and_so_much_for_each_block():
    times = ServiceTimes(page_latency=100, page_block=7, disk_latency=1000, disk_block=40)
    assert times.paging(1) == 107
    assert times.paging(256) == 100 + 256 * 7
    assert times.disk(3 * 4096) == 1120
    assert times.disk(512) == 1005  # an eighth of a block


def test_without_times_everything_takes_none():
    assert ServiceTimes().paging(5) == ServiceTimes().disk(4096) == 0


def test_one_after_the_other():
    server = Server()
    assert server.finish(1000, 50) == 1050
    assert server.finish(1020, 50) == 1100  # waits for the first
    assert server.finish(5000, 50) == 5050  # the device was idle


def test_what_takes_no_time_waits_for_nobody():
    server = Server(free_at=9000)
    assert server.finish(10, 0) == 10
    assert server.free_at == 9000


@pytest.mark.parametrize("slower, faster", [("dasd", "ssd"), ("ssd", "nvme"), ("nvme", "none")])
def test_presets_in_order(slower, faster):
    for blocks in (1, 32):
        assert SERVICE[slower].paging(blocks) > SERVICE[faster].paging(blocks)
        assert SERVICE[slower].disk(blocks * 4096) > SERVICE[faster].disk(blocks * 4096)
