"""The shortest run of the web server, jitted or as plain Python."""

from __future__ import annotations

from s390emu.guests import web_server
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine

TINY = {"RAM_BLOCKS": 200, "FILE_BLOCKS": 36, "LOG_BLOCKS": 8, "HEAP_BLOCKS": 1, "BURST": 1, "IDLE_US": 1,
        "REQUESTS": 3}  # fmt: skip


def test_shortest_run_under_pressure(tmp_path):
    machine = Machine(TINY["RAM_BLOCKS"] * 4096, host=Host(24, PagingDevice(tmp_path)))
    machine.load(web_server.build(**TINY))
    assert machine.run(1_000_000).exit_code == 0, machine.console
    assert web_server.reported(machine.console) == (3, web_server.expected(3, **TINY))
