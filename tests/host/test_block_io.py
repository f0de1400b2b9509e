"""DIAGNOSE X'250': every function, condition code, return code and status; what is pinned, and until when."""

from __future__ import annotations

import os
from struct import pack

import numpy as np
import pytest

from s390emu.architecture.interruptions import ADDRESSING, PRIVILEGED_OPERATION, PROTECTION, SPECIFICATION
from s390emu.architecture.storage_key import CHANGE, REFERENCE
from s390emu.host.block_device import BlockDevice
from s390emu.host.devices import ServiceTimes
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Reason
from s390emu.records.port import NO_TIME
from tests.host.channel import (
    ASYNCHRONOUS,
    BLOCK,
    BLOCKS,
    BUFFER,
    CODE,
    DEVICE,
    DISK_BLOCKS,
    ENTRIES,
    INITIALIZE,
    LIST,
    PROBLEM,
    READ,
    READ_WRITE,
    REMOVE,
    SIZE,
    START,
    WRITE,
    Channel,
    Entry,
    content,
)

NO_DEVICE, BAD_BLOCK_SIZE, WRONG_STATE, WRONG_COUNT, ALL_FAILED = 16, 24, 28, 36, 40
TIMES = ServiceTimes(page_latency=1000, page_block=10, disk_latency=5000, disk_block=100)
AWAY = 0x20000  # a block that the guest hints away


@pytest.fixture
def channel(tmp_path):
    return Channel(tmp_path / "disk")


@pytest.fixture
def ready(channel):
    assert channel.initialize() == (0, 0)
    return channel


@pytest.fixture
def slow(tmp_path):
    channel = Channel(tmp_path / "disk", service=TIMES)
    assert channel.initialize() == (0, 0)
    return channel


def read(block, buffer=BUFFER, reserved=0):
    return Entry(READ, block, buffer, reserved)


def write(block, buffer=BUFFER, reserved=0):
    return Entry(WRITE, block, buffer, reserved)


# --- initialize, remove ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [0, 0x80])
@pytest.mark.parametrize("block_size", [512, 1024, 2048, 4096])
@pytest.mark.parametrize("offset", [0, 3, -2])
def test_initialize_tells_the_extent(channel, form, block_size, offset):
    channel.form = form
    assert channel.initialize(block_size, offset) == (0, 0)
    assert channel.extent() == (1 - offset, DISK_BLOCKS * BLOCK // block_size - offset)
    assert channel.key(LIST) & (REFERENCE | CHANGE) == REFERENCE | CHANGE


def test_initialize_of_a_read_only_disk(tmp_path):
    assert Channel(tmp_path / "disk", read_only=True).initialize() == (0, 4)


@pytest.mark.parametrize("block_size", [0, 256, 4095, 8192])
def test_initialize_with_another_block_size(channel, block_size):
    assert channel.initialize(block_size) == (2, BAD_BLOCK_SIZE)
    assert channel.extent() == (-1, -1)


def test_a_device_that_is_not_there(ready):
    assert ready.initialize(device=0x101) == (2, NO_DEVICE)
    assert ready.transfer(read(1), device=0x101) == (2, NO_DEVICE)
    assert ready.remove(device=0x101) == (2, NO_DEVICE)


def test_functions_in_the_wrong_state(channel):
    assert channel.transfer(read(1)) == (2, WRONG_STATE)
    assert channel.remove() == (2, WRONG_STATE)
    assert channel.initialize() == (0, 0)
    assert channel.initialize() == (2, WRONG_STATE)
    assert channel.remove() == (0, 0)
    assert channel.remove() == (2, WRONG_STATE)
    assert channel.initialize(512) == (0, 0)


# --- exceptions of the instruction -----------------------------------------------------------------------------------


def test_privileged(channel):
    channel.machine.write(LIST, bytes(64))
    assert channel.call(INITIALIZE, None, mask=START | PROBLEM) == PRIVILEGED_OPERATION


@pytest.mark.parametrize("function", [3, 4, 0xFFFFFFFF])
def test_unknown_function(channel, function):
    assert channel.call(function, channel.header() + bytes(40)) == SPECIFICATION


def test_function_is_in_bits_32_to_63(channel):
    assert channel.call(0xABCD00000002, pack(">H62x", DEVICE)) == (2, WRONG_STATE)


def test_parameter_list_on_a_doubleword_boundary(channel):
    assert channel.call(REMOVE, pack(">H62x", DEVICE), at=LIST + 4) == SPECIFICATION
    assert channel.call(REMOVE, pack(">H62x", DEVICE), at=LIST + 8) == (2, WRONG_STATE)


def test_return_code_needs_a_register(channel):
    machine = channel.machine
    machine.write(LIST, pack(">H62x", DEVICE))
    machine.write(CODE, bytes.fromhex("83F40250"))
    machine.set_psw(START, CODE)
    machine.gr[15], machine.gr[4] = LIST, REMOVE
    assert machine.step() is None
    assert machine.last_interruption.code == SPECIFICATION


RESERVED = [
    pytest.param(INITIALIZE, 0, (3, 23, 40, 63), id="initialize-31"),
    pytest.param(INITIALIZE, 0x80, (3, 23, 28, 31, 56, 63), id="initialize-64"),
    pytest.param(READ_WRITE, 0, (3, 23, 26, 27, 44, 63), id="read-write-31"),
    pytest.param(READ_WRITE, 0x80, (3, 23, 26, 27, 36, 39, 56, 63), id="read-write-64"),
    pytest.param(REMOVE, 0, (2, 3, 24, 63), id="remove"),
]


@pytest.mark.parametrize("function, form, places", RESERVED)
def test_reserved_fields_are_zero(ready, function, form, places):
    ready.form = form
    lists = {INITIALIZE: ready.header() + bytes(40), READ_WRITE: ready.request(), REMOVE: pack(">H62x", DEVICE)}
    given = lists[function]
    for place in places:
        wrong = bytearray(given)
        wrong[place] ^= 0x40 if place == 2 else 1
        assert ready.call(function, bytes(wrong)) == SPECIFICATION, place
        assert ready.machine.read(LIST, 64) == bytes(wrong)


@pytest.mark.parametrize("place, bits", [(2, 0x01), (2, 0x40), (24, 0x08), (25, 0x04), (25, 0x80)])
def test_reserved_bits_are_zero(ready, place, bits):
    given = bytearray(ready.request())
    given[place] |= bits
    assert ready.call(READ_WRITE, bytes(given)) == SPECIFICATION


def test_bypassing_a_cache_makes_no_difference(ready):
    assert ready.transfer(read(2), flags=0x01) == (0, 0)
    assert ready.machine.read(BUFFER, BLOCK) == content(1)


@pytest.mark.parametrize("address", [SIZE - 32, SIZE, 1 << 40])
def test_parameter_list_outside_storage(channel, address):
    assert channel.call(INITIALIZE, None, at=address) == ADDRESSING


def test_parameter_list_wraps_as_the_addressing_mode_says(channel):
    end = 0x1000000  # of 24 bits
    channel.machine.write(0, bytes(32))
    assert channel.call(REMOVE, None, at=end - 32, mask=0) == ADDRESSING  # its first part is outside


def test_parameter_list_is_subject_to_the_psw_key(channel):
    channel.machine.write(LIST, channel.header() + pack(">I4xq24x", BLOCK, 0))
    channel.host.set_block(0, LIST // BLOCK, "Sr", key=0x30, data=channel.machine.read(LIST, 64))
    key = 4 << 52
    assert channel.call(INITIALIZE, None, mask=START | key) == PROTECTION
    channel.machine.write(LIST, pack(">H62x", DEVICE))
    assert channel.call(REMOVE, None, mask=START | key) == (2, WRONG_STATE)  # only fetched
    channel.host.frames.table.key[channel.storage.blocks.frame[LIST // BLOCK]] = 0x38
    channel.machine.set_psw(START, CODE)
    assert channel.call(REMOVE, None, mask=START | key) == PROTECTION


@pytest.mark.parametrize("state", ["Uz", "Vz"])
def test_parameter_list_hinted_away_is_not_there(channel, state):
    channel.host.set_block(0, AWAY // BLOCK, state)
    assert channel.call(REMOVE, None, at=AWAY) == ADDRESSING
    assert channel.state(AWAY) == state


@pytest.mark.parametrize("before, first_changes", [(48, True), (40, False)])
def test_parameter_list_across_a_block_boundary_is_brought(channel, before, first_changes):
    at = AWAY + BLOCK - before
    channel.machine.write(at, channel.header() + pack(">I4xqqq8x", 2048, 0, -1, -1))
    for number in (AWAY // BLOCK, AWAY // BLOCK + 1):
        channel.host.reclaim(0, number)
    assert channel.call(INITIALIZE, None, at=at) == (0, 0)
    assert channel.machine.read(at + 40, 16) == pack(">qq", 1, 2 * DISK_BLOCKS)
    assert channel.key(AWAY) == (REFERENCE | CHANGE if first_changes else REFERENCE)
    assert channel.key(AWAY + BLOCK) == REFERENCE | CHANGE


def test_parameter_list_is_real_the_rest_absolute(channel):
    prefix = 0x8000 * 4
    channel.machine.write(prefix + 0x1B0, channel.machine.read(0x1B0, 64))
    channel.cpu.prefix = prefix
    channel.machine.write(prefix + 0x600, channel.header() + pack(">I4xqqq8x", BLOCK, 0, -1, -1))
    assert channel.call(INITIALIZE, None, at=0x600) == (0, 0)
    assert channel.machine.read(prefix + 0x600 + 40, 16) == pack(">qq", 1, DISK_BLOCKS)
    channel.machine.write(prefix + 0x800, read(1, 0).build(0x80))  # into absolute 0, which is real `prefix`
    channel.machine.write(0x640, channel.request(entries=prefix + 0x800))
    assert channel.call(READ_WRITE, None, at=prefix + 0x640) == (0, 0)
    assert channel.machine.read(0, BLOCK) == content(0)


# --- reading and writing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [0, 0x80])
def test_reads_and_writes_several_blocks(channel, form):
    channel.form = form
    assert channel.initialize() == (0, 0)
    channel.machine.write(BUFFER, b"a" * BLOCK)
    entries = write(2), read(4, BUFFER + BLOCK), read(2, BUFFER + 2 * BLOCK), write(8)
    assert channel.transfer(*entries) == (0, 0)
    assert channel.statuses(4) == [0, 0, 0, 0]
    assert channel.on_disk(1) == channel.on_disk(7) == b"a" * BLOCK
    assert channel.machine.read(BUFFER + BLOCK, BLOCK) == content(3)
    assert channel.machine.read(BUFFER + 2 * BLOCK, BLOCK) == b"a" * BLOCK
    statistics = channel.host.statistics(0)
    assert (statistics.disk_reads, statistics.disk_writes, statistics.disk_errors) == (2, 2, 0)


def test_256_entries_and_no_more(ready):
    entries = [read(1 + n % DISK_BLOCKS, BUFFER + n % 8 * BLOCK) for n in range(256)]
    assert ready.transfer(*entries) == (0, 0)
    assert ready.statuses(256) == [0] * 256
    assert ready.transfer(*entries, count=257) == (2, WRONG_COUNT)
    assert ready.transfer(read(1), count=0) == (2, WRONG_COUNT)
    assert ready.transfer(read(1), count=0xFFFFFFFF) == (2, WRONG_COUNT)


def test_reference_and_change(ready):
    for number, state in ((BUFFER // BLOCK, "Sr"), (BUFFER // BLOCK + 1, "Sr"), (ENTRIES // BLOCK, "Sr")):
        ready.host.set_block(0, number, state, key=0)
    assert ready.transfer(write(1), read(2, BUFFER + BLOCK)) == (0, 0)
    assert ready.key(BUFFER) == REFERENCE
    assert ready.key(BUFFER + BLOCK) == ready.key(ENTRIES) == REFERENCE | CHANGE


@pytest.mark.parametrize("block_size, offset", [(512, 0), (1024, 5), (2048, -3)])
def test_smaller_blocks_and_an_offset(channel, block_size, offset):
    assert channel.initialize(block_size, offset) == (0, 0)
    first, last = channel.extent()
    channel.machine.write(BUFFER, b"z" * BLOCK)
    at = BUFFER + BLOCK - 100  # across a block boundary
    assert channel.transfer(write(last), read(first + 3, at)) == (0, 0)
    assert channel.path.read_bytes()[-block_size:] == b"z" * block_size
    assert channel.path.read_bytes()[-block_size - 1] != ord("z")
    whole = b"".join(content(n) for n in range(DISK_BLOCKS))
    assert channel.machine.read(at, block_size) == whole[3 * block_size : 4 * block_size]
    assert channel.machine.read(at - 1, 1) == b"z"
    assert channel.transfer(read(first - 1), read(last + 1)) == (2, ALL_FAILED)


def test_statuses(ready, tmp_path):
    ready.host.set_block(0, BUFFER // BLOCK + 2, "Sr", key=0x30)
    entries = [
        read(1), read(0), read(DISK_BLOCKS + 1), read(-1), read(2, SIZE), read(2, SIZE - BLOCK // 2),
        read(2, (1 << 64) - BLOCK), Entry(0, 1, BUFFER), Entry(3, 1, BUFFER), read(2, BUFFER, reserved=1),
        read(3, BUFFER + 2 * BLOCK), read(3, BUFFER + BLOCK + 1), write(3, BUFFER + 2 * BLOCK),
    ]  # fmt: skip
    ready.host.set_block(0, ENTRIES // BLOCK, "Sr", key=0x40)
    ready.host.set_block(0, BUFFER // BLOCK, "Sr", key=0x40)
    assert ready.transfer(*entries, key=4) == (1, 12)
    assert ready.statuses(len(entries)) == [0, 1, 1, 1, 2, 2, 2, 6, 6, 0x0B, 7, 7, 0]
    assert ready.machine.read(BUFFER, BLOCK) == content(0)


def test_a_buffer_that_may_not_be_fetched(ready):
    ready.host.set_block(0, BUFFER // BLOCK, "Sr", key=0x38)
    ready.host.set_block(0, ENTRIES // BLOCK, "Sr", key=0x40)
    assert ready.transfer(write(1), key=4) == (2, ALL_FAILED)
    assert ready.statuses(1) == [7]
    assert ready.on_disk(0) == content(0)


def test_all_failed(ready):
    assert ready.transfer(read(0), read(99)) == (2, ALL_FAILED)


def test_write_to_a_read_only_disk(tmp_path):
    channel = Channel(tmp_path / "disk", read_only=True)
    assert channel.initialize() == (0, 4)
    assert channel.transfer(write(1), read(1)) == (1, 12)
    assert channel.statuses(2) == [3, 0]


def test_an_error_of_the_file_is_the_status_of_the_entry(ready):
    os.truncate(ready.path, BLOCK)
    assert ready.transfer(read(1), read(2, BUFFER + BLOCK)) == (1, 12)
    assert ready.statuses(2) == [0, 5]
    assert ready.machine.read(BUFFER + BLOCK, BLOCK) == bytes(BLOCK)
    assert ready.host.statistics(0).disk_errors == 1


@pytest.mark.parametrize("state", ["Uz", "Vz"])
@pytest.mark.parametrize("kind", [READ, WRITE])
def test_a_buffer_hinted_away_is_not_there(ready, state, kind):
    ready.host.set_block(0, AWAY // BLOCK, state)
    assert ready.transfer(Entry(kind, 1, AWAY), read(2)) == (1, 12)
    assert ready.statuses(2) == [2, 0]
    assert ready.state(AWAY) == state
    assert ready.on_disk(0) == content(0)


@pytest.mark.parametrize("state", ["Ur", "Vr", "Pr", "Sp", "Sz"])
def test_a_buffer_that_can_be_had(ready, state):
    ready.host.set_block(0, AWAY // BLOCK, state)
    assert ready.transfer(read(1, AWAY)) == (0, 0)
    assert ready.state(AWAY) == state[0] + "r"
    assert ready.machine.read(AWAY, BLOCK) == content(0)


def full(channel: Channel, first: int) -> list[int]:
    """The block at `first` is on the paging device, the one after it unused and the next to be taken; no frame is free.
    -> blocks that have one beside those, for whom the operation means nothing."""
    host, number = channel.host, first // BLOCK
    channel.machine.write(first, b"x" * BLOCK)
    host.reclaim(0, number)
    host.set_block(0, number + 1, "Ur", data=b"y" * BLOCK)
    others = [n for n in range(BLOCKS - 1, 0, -1) if channel.storage.blocks.invalid[n] and n != number]
    taken = []
    while host.frames.in_use < host.frames.count:
        channel.machine.write(others[len(taken)] * BLOCK, b"z" * BLOCK)
        taken.append(others[len(taken)])
    assert taken and not channel.storage.blocks.invalid[number + 1]
    return taken


@pytest.mark.parametrize("kind", [READ, WRITE])
def test_a_buffer_of_which_the_host_takes_a_part_meanwhile(tmp_path, kind):
    """Bringing its first block takes the second one, which is unused: that is not there any more."""
    channel = Channel(tmp_path / "disk", frames=16)
    assert channel.initialize() == (0, 0)
    channel.machine.write(ENTRIES, Entry(kind, 1, AWAY + BLOCK // 2).build(channel.form))
    channel.machine.write(LIST, channel.request())
    others = full(channel, AWAY)
    assert channel.call(READ_WRITE, None) == (2, ALL_FAILED)
    assert channel.statuses(1) == [2]
    assert channel.state(AWAY + BLOCK) == "Uz"
    assert channel.on_disk(0) == content(0)
    assert all(channel.machine.read(n * BLOCK, BLOCK) == (b"z" * BLOCK) for n in others)


def test_entries_of_which_the_host_takes_a_part_meanwhile(tmp_path):
    channel = Channel(tmp_path / "disk", frames=16)
    assert channel.initialize() == (0, 0)
    channel.machine.write(LIST, channel.request(entries=AWAY + BLOCK - 24, count=2))
    others = full(channel, AWAY)
    assert channel.call(READ_WRITE, None) == ADDRESSING
    assert channel.state(AWAY + BLOCK) == "Uz"
    assert all(channel.machine.read(n * BLOCK, BLOCK) == (b"z" * BLOCK) for n in others)


def test_a_parameter_list_of_which_the_host_takes_a_part_meanwhile(tmp_path):
    channel = Channel(tmp_path / "disk", frames=16)
    others = full(channel, AWAY)
    assert channel.call(REMOVE, None, at=AWAY + BLOCK - 32) == ADDRESSING
    assert channel.state(AWAY + BLOCK) == "Uz"
    assert all(channel.machine.read(n * BLOCK, BLOCK) == (b"z" * BLOCK) for n in others)


def test_statuses_of_which_the_host_takes_a_part_meanwhile(tmp_path):
    """The buffer takes the frame of the list's first block; that comes back for its status, instead of the second."""
    channel = Channel(tmp_path / "disk", frames=16)
    assert channel.initialize() == (0, 0)
    host, number = channel.host, AWAY // BLOCK
    channel.machine.write(LIST, channel.request(entries=AWAY + BLOCK - 24, count=2))
    host.reclaim(0, BUFFER // BLOCK)
    channel.machine.write(AWAY + BLOCK - 24, read(1).build(0x80) + read(2).build(0x80))
    host.set_block(0, number + 1, "Vr", data=read(2).build(0x80))
    filled = [n for n in range(BLOCKS) if n > number + 1 and channel.storage.blocks.invalid[n]]
    for other in filled[: host.frames.count - host.frames.in_use]:
        channel.machine.write(other * BLOCK, b"z" * BLOCK)
    others = {n: channel.machine.read(n * BLOCK, BLOCK) for n in range(BLOCKS) if not (number <= n <= number + 1)}
    host.pager.clock.hand = int(channel.storage.blocks.frame[number])
    host.frames.table.key |= REFERENCE
    assert channel.call(READ_WRITE, None) == (0, 0)
    assert channel.state(AWAY + BLOCK) == "Vz"
    assert channel.statuses(1, at=AWAY + BLOCK - 24) == [0]
    del others[BUFFER // BLOCK]
    assert all(channel.machine.read(n * BLOCK, BLOCK) == data for n, data in others.items())


@pytest.mark.parametrize("policy, status", [("always", 2), ("zerofill", 0)])
@pytest.mark.parametrize("state", ["Ur", "Uz"])
def test_unused_buffers_by_policy(tmp_path, policy, status, state):
    channel = Channel(tmp_path / "disk", unused_access=policy)
    channel.initialize()
    channel.host.set_block(0, AWAY // BLOCK, state)
    channel.transfer(read(1, AWAY))
    assert channel.statuses(1) == [status]


def test_the_list_may_not_be_stored_into(ready):
    ready.host.set_block(0, ENTRIES // BLOCK, "Sr", key=0x30)
    assert ready.transfer(write(1), key=4) == PROTECTION
    assert ready.statuses(1) == [0xEE]
    assert ready.on_disk(0) == content(0)


@pytest.mark.parametrize("flags", [0, ASYNCHRONOUS])
def test_the_list_is_not_there(ready, flags):
    assert ready.call(READ_WRITE, ready.request(entries=SIZE, flags=flags)) == ADDRESSING
    assert ready.call(READ_WRITE, ready.request(entries=SIZE - 24, count=2, flags=flags)) == ADDRESSING
    ready.host.set_block(0, AWAY // BLOCK, "Vz")
    assert ready.call(READ_WRITE, ready.request(entries=AWAY, flags=flags)) == ADDRESSING
    assert ready.state(AWAY) == "Vz"


def test_instructions_that_are_read_are_executed(ready):
    machine = ready.machine
    machine.write(BUFFER, bytes.fromhex("A7290001") + bytes(BLOCK - 4))  # lghi %r2,1
    machine.set_psw(START, BUFFER)
    machine.step()
    assert machine.gr[2] == 1
    machine.write(BUFFER + BLOCK, bytes.fromhex("A7290002") + bytes(BLOCK - 4))
    assert ready.transfer(write(1, BUFFER + BLOCK), read(1, BUFFER)) == (0, 0)
    machine.set_psw(START, BUFFER)
    machine.step()
    assert machine.gr[2] == 2


def test_a_lost_buffer_is_a_machine_check(ready):
    ready.machine.write(AWAY, b"x" * BLOCK)
    ready.host.reclaim(0, AWAY // BLOCK)
    ready.host.swap_error(0, AWAY // BLOCK)
    ready.cpu.cr[14] |= 1 << 27
    for flags in (0, ASYNCHRONOUS):
        ready.machine.write(ENTRIES, read(2).build(0x80) + write(1, AWAY).build(0x80))
        request = ready.request(flags=flags, count=2)
        ready.machine.write(LIST, request)
        ready.machine.set_psw(START | 1 << 50, CODE)
        ready.machine.gr[2], ready.machine.gr[4] = LIST, READ_WRITE
        stop = ready.machine.run(limit=5)
        assert stop.reason is Reason.DISABLED_WAIT
        assert ready.machine.last_interruption.kind == "machine check"
        assert ready.machine.last_interruption.psw_ia == CODE
        assert not ready.storage.blocks.pinned.any()
        assert ready.on_disk(0) == content(0)


# --- asynchronous ----------------------------------------------------------------------------------------------------


def test_asynchronous_takes_its_time(slow):
    slow.host.set_block(0, BUFFER // BLOCK, "Sr", key=0)
    began = slow.machine.now
    assert slow.start(read(3), parameter=0x123456789ABCDEF0) == (0, 8)
    assert slow.machine.read(BUFFER, BLOCK) == bytes(BLOCK)
    assert slow.statuses(1) == [0xEE]
    assert slow.key(BUFFER) == 0
    assert slow.wait() == (0x2603, 0x0700, 0, 0x123456789ABCDEF0)
    assert slow.machine.now == began + 5100
    assert slow.machine.read(BUFFER, BLOCK) == content(2)
    assert slow.statuses(1) == [0]
    assert slow.key(BUFFER) == REFERENCE | CHANGE


def test_interruption_of_the_31_bit_format(tmp_path):
    channel = Channel(tmp_path / "disk", service=TIMES)
    channel.form = 0
    assert channel.initialize() == (0, 0)
    assert channel.start(read(3), read(0), parameter=0x89ABCDEF) == (0, 8)
    assert channel.wait() == (0x2603, 0x0301, 0x89ABCDEF, 0)
    assert channel.statuses(2) == [0, 1]


def test_asynchronous_without_service_times_ends_at_once(ready):
    assert ready.start(read(3), parameter=5) == (0, 8)
    now = ready.machine.now
    assert ready.wait() == (0x2603, 0x0700, 0, 5)
    assert ready.machine.now == now


def test_nothing_valid_is_an_interruption_too(slow):
    assert slow.start(read(0), parameter=5) == (0, 8)
    assert slow.wait() == (0x2603, 0x0701, 0, 5)
    assert slow.statuses(1) == [1]


def test_interruptions_one_after_the_other(slow):
    for n in range(3):
        assert slow.start(read(1 + n, BUFFER + n * BLOCK), at=ENTRIES + 32 * n, parameter=n) == (0, 8)
    slow.machine.pass_time(slow.machine.now + 20000)
    for n in range(3):
        assert slow.wait() == (0x2603, 0x0700, 0, n)
    assert slow.wait().reason is Reason.ENABLED_WAIT
    assert [slow.machine.read(BUFFER + n * BLOCK, BLOCK) for n in range(3)] == [content(n) for n in range(3)]


def test_data_is_placed_without_waiting_for_the_interruption_to_be_taken(slow):
    for n in range(2):
        slow.start(read(1 + n, BUFFER + n * BLOCK), at=ENTRIES + 32 * n)
    slow.machine.set_psw(START, CODE)  # disabled
    slow.machine.pass_time(slow.machine.now + 20000)
    slow.machine.gr[2] = 4
    slow.machine.step()
    assert slow.machine.read(BUFFER, 2 * BLOCK) == content(0) + content(1)
    assert slow.host.limit.pinned == 0


def test_the_subclass_mask_is_that_of_the_service_signal(slow):
    slow.start(read(1))
    slow.cpu.cr[0] &= ~np.uint64(1 << 9)
    assert slow.wait().reason is Reason.ENABLED_WAIT
    assert slow.machine.read(BUFFER, BLOCK) == content(0)


def test_synchronous_waits_for_what_was_asked_before(slow):
    began = slow.machine.now
    slow.start(read(1))
    assert slow.transfer(read(2, BUFFER + BLOCK), at=ENTRIES + 64) == (0, 0)
    assert slow.host.blocked_until(0) == began + 2 * 5100
    slow.machine.step()
    assert slow.machine.now - began in (2 * 5100, 2 * 5100 + 1)
    assert slow.machine.read(BUFFER, 2 * BLOCK) == content(0) + content(1)


def test_blocks_are_pinned_until_the_end(slow):
    slow.machine.write(BUFFER, b"w" * BLOCK)
    assert slow.start(write(1), read(2, BUFFER + BLOCK), read(0, BUFFER + 2 * BLOCK)) == (0, 8)
    assert [slow.pinned(at) for at in (ENTRIES, BUFFER, BUFFER + BLOCK, BUFFER + 2 * BLOCK)] == [1, 1, 1, 0]
    slow.host.pressure(0)
    assert slow.state(ENTRIES) == slow.state(BUFFER) == slow.state(BUFFER + BLOCK) == "Sr"
    assert slow.host.frames.in_use == 3
    slow.wait()
    assert not slow.storage.blocks.pinned.any()
    slow.host.pressure(0)
    assert slow.host.frames.in_use == 0
    assert slow.machine.read(BUFFER + BLOCK, BLOCK) == content(1)


def test_hints_during_the_operation_take_effect_afterwards(slow):
    assert slow.start(read(1)) == (0, 8)
    slow.machine.write(CODE + 8, bytes.fromhex("B9AB2015B9AB3015"))  # essa %r1,%r5: unused, volatile
    for state in ("Ur", "Vr"):
        slow.machine.set_psw(START, CODE + 8 if state == "Ur" else CODE + 12)
        slow.machine.gr[5] = BUFFER
        slow.machine.step()
        assert slow.state(BUFFER) == state
        with pytest.raises(ValueError, match="can be discarded"):
            slow.host.discard(0, BUFFER // BLOCK)
    slow.wait()
    assert slow.machine.read(BUFFER, BLOCK) == content(0)
    slow.host.discard(0, BUFFER // BLOCK)
    assert slow.state(BUFFER) == "Vz"


def test_a_block_released_during_the_operation_keeps_its_frame(slow):
    slow.machine.write(BUFFER + BLOCK, b"q" * BLOCK)
    assert slow.start(read(1), write(2, BUFFER + BLOCK)) == (0, 8)
    frames = slow.host.frames.in_use
    slow.machine.write(CODE + 8, bytes.fromhex("83560010"))  # diag %r5,%r6,0x10
    slow.machine.set_psw(START, CODE + 8)
    slow.machine.gr[5], slow.machine.gr[6] = BUFFER, BUFFER + BLOCK
    slow.machine.step()
    assert slow.state(BUFFER) == slow.state(BUFFER + BLOCK) == "Sr"
    assert slow.machine.read(BUFFER, 2 * BLOCK) == bytes(2 * BLOCK)
    assert (slow.key(BUFFER), slow.host.frames.in_use) == (0, frames)
    slow.wait()
    assert slow.machine.read(BUFFER, 2 * BLOCK) == content(0) + bytes(BLOCK)
    assert slow.on_disk(1) == b"q" * BLOCK


def test_the_status_can_no_longer_be_stored(slow):
    for at in (ENTRIES, BUFFER):
        slow.host.set_block(0, at // BLOCK, "Sr", key=0x40)
    assert slow.start(read(1), key=4, parameter=7) == (0, 8)
    slow.host.frames.table.key[slow.storage.blocks.frame[ENTRIES // BLOCK]] = 0x50
    assert slow.wait() == (0x2603, 0x0702, 0, 7)
    assert slow.statuses(1) == [0xEE]
    assert slow.host.limit.pinned == 0


def test_what_cannot_be_pinned_is_done_synchronously(tmp_path):
    channel = Channel(tmp_path / "disk", frames=20, service=TIMES)
    channel.initialize()
    few = [read(1 + n, BUFFER + n * BLOCK) for n in range(3)]  # and the list: four blocks
    assert channel.start(*few) == (0, 8)
    assert channel.start(read(4, BUFFER + 3 * BLOCK), at=ENTRIES + 0x800) == (0, 0)
    assert channel.statuses(1, ENTRIES + 0x800) == [0]
    assert channel.start(read(0, BUFFER), at=ENTRIES + 0x800) == (0, 8)  # no block more
    assert channel.wait()[1] == 0x0700
    assert channel.wait()[1] == 0x0701
    assert channel.start(read(1, BUFFER + 4 * BLOCK), read(0)) == (0, 8)


def test_so_many_operations_at_a_time(slow):
    for n in range(64):
        assert slow.start(read(1), at=ENTRIES + 32 * n) == (0, 8)
    assert slow.pinned(BUFFER) == 64
    assert slow.start(read(2), read(0), at=ENTRIES + 0xF00) == (1, 12)
    for _ in range(64):
        assert slow.wait()[1] == 0x0700
    assert slow.pinned(BUFFER) == 0


def test_remove_gives_up_what_has_not_ended(slow):
    slow.machine.write(BUFFER, b"w" * BLOCK)
    assert slow.start(write(1), read(2, BUFFER + BLOCK), read(0), parameter=9) == (0, 8)
    assert slow.remove() == (0, 0)
    assert slow.statuses(3) == [0, 0x0C, 1]
    assert slow.machine.read(BUFFER + BLOCK, BLOCK) == bytes(BLOCK)
    assert slow.on_disk(0) == b"w" * BLOCK
    assert slow.host.limit.pinned == 0
    now = slow.machine.now
    assert slow.wait() == (0x2603, 0x0703, 0, 9)
    assert slow.machine.now == now
    assert slow.initialize() == (0, 0)
    began = slow.machine.now
    slow.transfer(read(1))
    assert slow.host.blocked_until(0) == began + 5100  # the device is free


def test_reset_ends_all(slow):
    assert slow.start(read(1)) == (0, 8)
    slow.host.reset(0, clear=False)
    assert slow.host.limit.pinned == 0
    assert slow.wait().reason is Reason.ENABLED_WAIT
    assert slow.initialize() == (0, 0)


def test_outstanding_operations_in_snapshots(slow):
    machine = slow.machine
    began = machine.now
    slow.machine.write(BUFFER, b"w" * BLOCK)
    assert slow.start(write(1), read(2, BUFFER + BLOCK), parameter=3) == (0, 8)
    snapshot = machine.snapshot()
    for _ in range(2):
        assert slow.remove() == (0, 0)
        assert slow.initialize() == (0, 0)
        slow.machine.write(BUFFER, b"v" * BLOCK)
        assert slow.transfer(write(1), write(5)) == (0, 0)
        assert slow.on_disk(4) == b"v" * BLOCK
        machine.restore(snapshot)
        assert (slow.on_disk(0), slow.on_disk(4)) == (b"w" * BLOCK, content(4))
        assert slow.pinned(BUFFER) == slow.pinned(BUFFER + BLOCK) == 1
        assert slow.host.limit.pinned == 3
    assert slow.wait() == (0x2603, 0x0700, 0, 3)
    assert machine.now == began + 5200
    assert machine.read(BUFFER + BLOCK, BLOCK) == content(1)


# --- paging takes time too -------------------------------------------------------------------------------------------


def test_a_fault_waits_for_the_paging_device(slow):
    machine = slow.machine
    machine.write(AWAY, b"p" * BLOCK)
    slow.host.reclaim(0, AWAY // BLOCK)
    machine.write(CODE + 8, bytes.fromhex("E31050000004"))  # lg %r1,0(%r5)
    machine.set_psw(START, CODE + 8)
    machine.gr[5] = AWAY
    now = machine.now
    machine.step()
    assert machine.now == now + 1010 + 1
    assert slow.host.statistics(0).paging_wait == 1010


def test_a_fault_waits_for_the_write_that_makes_room(tmp_path):
    channel = Channel(tmp_path / "disk", frames=BLOCKS, service=TIMES)
    machine = channel.machine
    for n in range(BLOCKS):
        machine.write(n * BLOCK, bytes([n + 1]))
    channel.host.pressure(20)
    out = next(n for n in range(16, BLOCKS) if channel.storage.blocks.invalid[n])
    machine.set_psw(START, CODE + 8)
    machine.write(CODE + 8, bytes.fromhex("E31050000004"))
    machine.gr[5] = out * BLOCK
    written = channel.host.statistics(0).written_out
    now = machine.now
    machine.step()
    moved = channel.host.statistics(0).written_out - written
    assert moved
    assert machine.now == now + (1 + moved) * 1010 + 1


def test_paging_for_an_operation_is_charged_before_it(slow):
    slow.machine.write(AWAY, b"p" * BLOCK)
    slow.host.reclaim(0, AWAY // BLOCK)
    now = slow.machine.now
    assert slow.transfer(write(1, AWAY)) == (0, 0)
    assert slow.host.blocked_until(0) == now + 1010 + 5100
    statistics = slow.host.statistics(0)
    assert (statistics.paging_wait, statistics.disk_wait) == (1010, 5100)


def test_paging_that_nobody_waits_for_is_not_charged(slow):
    slow.machine.write(AWAY, b"p" * BLOCK)
    slow.host.pressure(0)
    slow.machine.read(AWAY, 8)
    slow.host.pagein(0, AWAY // BLOCK)
    assert slow.host.blocked_until(0) <= slow.machine.now


# --- several guests --------------------------------------------------------------------------------------------------


def test_two_guests_have_their_own_disks_and_one_paging_device(tmp_path):
    first = Channel(tmp_path / "first", frames=2 * BLOCKS, service=TIMES)
    second = Channel(tmp_path / "second", host=first.host)
    assert first.initialize() == second.initialize() == (0, 0)
    first.machine.write(BUFFER, b"1" * BLOCK)
    second.machine.write(BUFFER, b"2" * BLOCK)
    assert first.start(write(1), parameter=1) == second.start(write(1), parameter=2) == (0, 8)
    assert (first.wait()[3], second.wait()[3]) == (1, 2)
    assert (first.on_disk(0)[:1], second.on_disk(0)[:1]) == (b"1", b"2")
    for channel in (first, second):
        channel.machine.write(AWAY, b"p" * BLOCK)
        channel.host.reclaim(channel.guest, AWAY // BLOCK)
        channel.machine.shared = True
    second.machine.pass_time(first.machine.now)
    first.machine.pass_time(second.machine.now)
    now = first.machine.now
    assert first.host.resolve(0, AWAY // BLOCK) == first.host.resolve(1, AWAY // BLOCK) == 0
    assert (first.machine.ready_at, second.machine.ready_at) == (now + 1010, now + 2020)


def test_pins_leave_every_guest_its_frames(tmp_path):
    host = Host(2 * 16 + 6, PagingDevice(tmp_path), service=TIMES)
    first, second = Channel(tmp_path / "first", host=host), Channel(tmp_path / "second", host=host)
    assert first.initialize() == second.initialize() == (0, 0)
    assert first.start(*(read(1 + n, BUFFER + n * BLOCK) for n in range(4))) == (0, 8)  # and the list: 5 of 6
    assert second.start(read(1)) == (0, 0)  # two more: not at once
    assert second.statuses(1) == [0]
    for n in range(BLOCKS):
        assert host.resolve(second.guest, n) == 0
        second.record.count += np.uint64(1)
    assert [first.pinned(BUFFER + n * BLOCK) for n in range(4)] == [1, 1, 1, 1]


@pytest.mark.parametrize("device, message", [(0x100, "has a device 0100 already"), (0x10000, "four hexadecimal")])
def test_device_numbers(ready, tmp_path, device, message):
    with pytest.raises(ValueError, match=message):
        ready.host.attach_disk(0, device, BlockDevice(tmp_path / "other", 1))
    with pytest.raises(ValueError, match="attached already"):
        ready.host.attach_disk(0, 0x200, ready.disk)


# --- a machine that shares its CPU -----------------------------------------------------------------------------------


def test_shared_waits_for_a_synchronous_operation(slow):
    machine = slow.machine
    machine.shared = True
    now = machine.now
    assert slow.transfer(read(1)) == (0, 0)
    stop = machine.run(limit=5)
    assert (stop.reason, machine.ready_at, machine.now) == (Reason.WAITING, now + 5100, now + 1)
    assert machine.run(limit=5).reason is Reason.WAITING  # and still does
    machine.pass_time(now + 100)
    assert machine.run(limit=5).reason is Reason.WAITING
    machine.pass_time(machine.ready_at)
    assert (machine.now, int(slow.record.stolen), int(slow.record.idle)) == (now + 5100, 5099, 0)
    machine.set_psw(START, CODE)
    machine.gr[4] = 3
    assert machine.step() is None


def test_shared_waits_in_the_wait_state(slow):
    machine = slow.machine
    machine.shared = True
    slow.start(read(1), parameter=4)
    ends = int(slow.host.guests[0].block_io.next_end())
    stop = slow.wait()
    assert (stop.reason, machine.ready_at) == (Reason.WAITING, ends)
    machine.pass_time(ends - 1)
    assert slow.wait().reason is Reason.WAITING
    machine.pass_time(ends)
    assert int(slow.record.stolen) == 0
    assert int(slow.record.idle) == ends - machine.count
    assert slow.wait() == (0x2603, 0x0700, 0, 4)
    assert slow.wait().reason is Reason.WAITING
    assert machine.ready_at == int(NO_TIME)
