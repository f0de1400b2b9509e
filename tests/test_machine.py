"""The machine as a Python object: running, stepping, stopping, storage, snapshots, events."""

from __future__ import annotations

import time

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.records.events import EVENT_ESSA, EVENT_HOST

COUNTER = """
start:  lghi %r2,0
next:   aghi %r2,1
        larl %r1,cell
        stg  %r2,0(%r1)
        j    next
        .data
        .balign 4096
cell:   .quad 0
"""
ENABLED_WAIT = "start: larl %r1,psw\n lpswe 0(%r1)\n .balign 8\npsw: .quad 0x0102000180000000,0\n"
# Every round sets a block volatile and stores into twenty others, more than the host has frames for.
CHURN = """
        .equ POOL,0x20000
start:  lghi %r9,40
again:  llilf %r3,POOL
        lghi %r4,20
1:      stg  %r9,8(%r3)
        ag   %r8,8(%r3)
        essa %r5,%r3,0
        llilf %r3,POOL
        sllg %r6,%r4,12
        agr  %r3,%r6
        brctg %r4,1b
        brctg %r9,again
        larl %r1,psw
        lpswe 0(%r1)
        .balign 8
psw:    .quad 0x0002000180000000,0
"""


def test_from_source_and_run():
    machine = Machine.from_source(COUNTER)
    stop = machine.run(limit=401)
    assert (stop.reason, stop.count, stop.exit_code) == (Reason.LIMIT, 401, None)
    assert machine.gr[2] == 100
    assert int.from_bytes(machine.read(0x11000, 8)) == 100


def test_step_is_run():
    """Instruction for instruction, storage and keys included."""
    ran, stepped = Machine.from_source(COUNTER), Machine.from_source(COUNTER)
    ran.run(limit=57)
    for _ in range(57):
        assert stepped.step() is None
    assert ran.psw == stepped.psw
    assert list(ran.gr) == list(stepped.gr)
    assert ran.read(0, 1 << 20) == stepped.read(0, 1 << 20)
    assert ran.blocks() == stepped.blocks()


def test_run_until_an_address_and_on():
    machine = Machine.from_source(COUNTER)
    next_round = 0x10004
    for rounds in range(3):
        stop = machine.run(until={next_round})
        assert (stop.reason, stop.psw_ia) == (Reason.BREAKPOINT, next_round)
        assert machine.gr[2] == rounds
    assert machine.run(limit=10).reason is Reason.LIMIT  # the breakpoint is gone


def test_a_breakpoint_at_the_target_of_execute_does_not_stop_the_execute():
    machine = Machine.from_source("start: lghi %r1,0\n exrl %r0,target\ntarget: lghi %r2,5\n j start\n")
    stop = machine.run(limit=20, until={0x1000A})
    assert (stop.reason, stop.psw_ia, stop.count) == (Reason.BREAKPOINT, 0x1000A, 2)
    assert machine.gr[2] == 5


def test_a_breakpoint_in_a_handler_that_is_entered_at_once():
    """The breakpoint that a run begins at is passed; one that an interruption leads to first is not."""
    machine = Machine.from_source("start: j start\n")
    machine.write(0x1A0, (0x180000000).to_bytes(8) + (0x10000).to_bytes(8))
    machine.cpu.restart = 1
    stop = machine.run(limit=20, until={0x10000})
    assert (stop.reason, stop.psw_ia, stop.count) == (Reason.BREAKPOINT, 0x10000, 0)


def test_any_number_of_breakpoints():
    machine = Machine.from_source("start:" + "\n nopr" * 100, 1 << 18)
    first = machine.psw[1]
    ends = [machine.run(limit=200, until=range(first, first + 200, 2)).psw_ia for _ in range(99)]
    assert ends == list(range(first + 2, first + 200, 2))
    assert machine.run(limit=1).reason is Reason.LIMIT


def test_timeout():
    assert Machine.from_source("start: j start\n").run(timeout=0.05).reason is Reason.TIMEOUT


def test_enabled_wait_that_nothing_ends():
    assert Machine.from_source(ENABLED_WAIT).run().reason is Reason.ENABLED_WAIT


def test_storage_outside_the_guest():
    machine = Machine(1 << 20)
    for address, length in ((1 << 20, 1), ((1 << 20) - 1, 2), (-1, 1)):
        with pytest.raises(IndexError, match="0x100000 bytes"):
            machine.read(address, length)
        with pytest.raises(IndexError, match="0x100000 bytes"):
            machine.write(address, bytes(length))


def test_storage_size():
    for size in (0, 4095, -4096, 4096, 8193):
        with pytest.raises(ValueError, match="positive multiple"):
            Machine(size)


def test_reading_changes_nothing():
    machine = Machine()
    before = machine.blocks()
    assert machine.read(0, 1 << 20) == bytes(1 << 20)
    assert machine.blocks() == before
    assert {block.state for block in before} == {"Sz"}


def test_writing_makes_resident_but_leaves_the_key():
    machine = Machine()
    machine.write(0x2FFE, b"four")
    assert machine.read(0x2FFE, 4) == b"four"
    assert [machine.block(a).state for a in (0x2000, 0x3000, 0x4000)] == ["Sr", "Sr", "Sz"]
    assert machine.block(0x2000).key == 0


def test_writing_much_takes_time_in_proportion():
    """What is left to write is not copied for each block, which would take minutes for a file of 128 MB."""
    data = bytes(range(256)) * (32 << 12)
    machine = Machine(40 << 20)
    machine.write(0, data[:BLOCK_SIZE])  # compiled
    started = time.process_time()
    machine.write(0x801, data)
    assert time.process_time() - started < 8
    assert machine.read(0x801 + (31 << 20), 8) == bytes(range(8))


def test_a_loaded_byte_replaces_a_decoded_instruction():
    machine = Machine.from_source(COUNTER)
    machine.run(limit=9)
    machine.write(0x10006, bytes([0, 5]))  # aghi %r2,5
    before = int(machine.gr[2])
    machine.run(limit=4)
    assert machine.gr[2] == before + 5


def test_snapshot_restores_everything():
    """CPU, storage, keys, page states, paging file: a run repeated from a snapshot is the same run."""
    machine = Machine.from_source(CHURN, 1 << 20, host=Host(18, PagingDevice()))
    machine.watch(EVENT_ESSA, EVENT_HOST)
    machine.run(limit=1500)
    saved = machine.snapshot()
    ends = []
    for _ in range(2):
        stop = machine.run()
        assert stop.exit_code == 0
        statistics = machine.host.statistics(machine.guest_number).as_dict()
        events = [tuple(event) for chunk in machine.drain_events() for event in chunk]
        ends.append((stop, list(machine.gr), machine.read(0, 1 << 20), machine.blocks(), statistics, events))
        machine.restore(saved)
    assert ends[0] == ends[1]
    assert ends[0][4]["written_out"] > 20
    assert machine.count == 1500


def test_clear_reset_clears_storage_and_every_cpu_but_not_the_time():
    machine = Machine.from_source(CHURN.replace("start:", "start: sigp %r0,%r1,6\n"), cpus=2, tod_epoch=1 << 50)
    machine.cpus[0].gr[1] = 1
    machine.write(0x1A0, (0x0000000180000000).to_bytes(8, "big") + (0x10004).to_bytes(8, "big"))
    machine.run(limit=3000)
    machine.cpus[1].record.prefix = 0x4000
    now = machine.now
    machine.clear_reset()
    assert all(block.name == "Sz" and block.key == 0 for block in machine.blocks())
    for cpu in machine.cpus:
        assert not cpu.gr.any() and not cpu.record.prefix and int(cpu.record.tod_epoch) == 1 << 50
    assert [int(cpu.record.stopped) != 0 for cpu in machine.cpus] == [False, True]
    assert (machine.psw, machine.running.number, machine.now) == ((0x0000000180000000, 0), 0, now)
    machine.load(assemble("start: lghi %r2,7\n j .", origin=0x10000))
    machine.run(limit=10)
    assert machine.gr[2] == 7


def test_events_say_who_changed_which_block():
    machine = Machine.from_source("start: llilf %r1,0x8000\n lg %r3,0(%r1)\n essa %r2,%r1,3\n")
    machine.watch(EVENT_ESSA, EVENT_HOST)
    machine.run(limit=3)
    events = [event for chunk in machine.drain_events() for event in chunk if event.block == 8]
    found = [(event.kind, event.before, event.after) for event in events]
    assert found == [(EVENT_HOST, 0x03, 0), (EVENT_ESSA, 0, 0x0C)]


def test_more_events_than_the_table_holds():
    machine = Machine.from_source("start: llilf %r1,0x8000\nnext: essa %r2,%r1,0\n j next\n")
    machine.watch(EVENT_ESSA)
    machine.run(limit=20_001)
    assert sum(len(chunk) for chunk in machine.drain_events()) == 10_000


def test_branches_are_the_last_sixteen():
    machine = Machine.from_source(COUNTER)
    machine.run(limit=200)
    assert machine.branches() == [(0x10014, 0x10004)] * 16


def test_no_frame_is_a_clean_stop():
    """Without a paging device nothing stable can be taken: the guest is stopped, nothing is corrupted."""
    machine = Machine.from_source(CHURN, 1 << 20, host=Host(18, None))
    stop = machine.run()
    assert stop.reason is Reason.NO_FRAME
    assert machine.host.reason
    assert len({block.number for block in machine.blocks() if block.content == "resident"}) <= 18


@pytest.mark.parametrize("size", [2 * BLOCK_SIZE, 1 << 20])
def test_a_program_that_does_not_fit(size):
    with pytest.raises(IndexError):
        Machine.from_source("start: j start\n", size, origin=size)
