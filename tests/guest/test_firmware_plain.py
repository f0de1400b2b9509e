"""The shortest run of the toy kernel, jitted or as plain Python: the end of a full circle, without waiting for it."""

from __future__ import annotations

from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine

TINY = {"PASSES": 1, "SCAN": 4, "STEPS": 8, "FILE_BLOCKS": 8, "WRITABLE_BLOCKS": 3, "CACHE_BLOCKS": 8}


def test_shortest_run_under_pressure(tmp_path, expected_end):
    machine = Machine(host=Host(16, PagingDevice(tmp_path)))
    machine.load(toy_kernel.build(**TINY))
    assert machine.run(1_000_000).exit_code == 0
    assert machine.console.splitlines()[-2:] == expected_end(**TINY)
    discarded = machine.host.statistics(0).discarded
    assert discarded.total() > 0
