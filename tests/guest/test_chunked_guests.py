"""The toy kernel and the web server on a host with frames of more than 4 KB, under pressure: their sums are right."""

from __future__ import annotations

import random

import pytest

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.guests import toy_kernel, web_server
from s390emu.host.chunks import CHUNK_POLICIES
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason

pytestmark = pytest.mark.skipif(
    not JIT, reason="millions of instructions: not as plain Python (tests/host/test_chunks.py is)"
)
LIMIT = 60_000_000
WEB = {"RAM_BLOCKS": 512, "FILE_BLOCKS": 720, "LOG_BLOCKS": 8, "HEAP_BLOCKS": 24, "BURST": 8, "IDLE_US": 100}
REQUESTS = 60


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_toy_kernel_in_few_frames(policy):
    host = Host(88, PagingDevice(), chunk=4, chunk_policy=policy)
    machine = Machine(256 * BLOCK_SIZE, host=host)
    machine.load(toy_kernel.build(PASSES=4))
    assert machine.run(LIMIT).exit_code == 0
    statistics = host.statistics(0)
    assert statistics.paging_operations and statistics.blocks_moved > statistics.paging_operations
    assert bool(statistics.splits) == (policy == "split")
    mapped, resident = host.reach(0)
    assert mapped == resident if policy != "split" else mapped < resident


@pytest.mark.parametrize("chunk", [16, 512], ids=["64K", "2M"])
@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_toy_kernel_while_the_host_takes_all_it_can_at_any_time(chunk, policy):
    host = Host(512, PagingDevice(), chunk=chunk, chunk_policy=policy)
    machine = Machine(512 * BLOCK_SIZE, host=host)
    machine.load(toy_kernel.build(PASSES=2))
    rng = random.Random(chunk)
    while (stop := machine.run(rng.randrange(2_000, 40_000))).reason is Reason.LIMIT and machine.count < LIMIT:
        host.pressure(rng.randrange(512))
        host.pressure(512)
    assert stop.exit_code == 0
    assert host.statistics(0).read_back


@pytest.mark.parametrize("policy", CHUNK_POLICIES)
def test_web_server_in_few_frames(policy):
    host = Host(100, PagingDevice(), chunk=4, chunk_policy=policy)
    machine = Machine(512 * BLOCK_SIZE, host=host)
    machine.load(web_server.build(**WEB, REQUESTS=REQUESTS))
    assert machine.run(LIMIT).exit_code == 0
    assert web_server.reported(machine.console) == (REQUESTS, web_server.expected(REQUESTS, **WEB))
    assert host.statistics(0).discarded
