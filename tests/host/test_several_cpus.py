"""Several CPUs of one guest at the host: each has its own blocks to keep, and its own time to wait."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.devices import ServiceTimes
from s390emu.host.host import Host
from s390emu.host.limit import FEWEST_FRAMES
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Schedule
from s390emu.records.exits import COMPLETED, GIVES_WAY, NO_FRAME
from s390emu.storage.guest import GuestStorage
from tests.cpus import START_OTHERS

long = pytest.mark.skipif(not JIT, reason="a host that is short of frames takes its time in plain Python")

CPUS = 2
LATENCY_NS, BLOCK_NS = 20, 2

# Each CPU copies within 64 blocks of its own; an MVC needs four of them at once.
WORK = """
        lghi    %r3,2
1:      lgr     %r4,%r10
        lghi    %r5,16
2:      aghi    %r6,1
        stc     %r6,0(%r4)
        lay     %r9,0x20000(%r4)
        mvc     0(200,%r9),0(%r4)
        lay     %r4,0x2000(%r4)
        brctg   %r5,2b
        brctg   %r3,1b
        lghi    %r5,1
        laag    %r2,%r5,0x700(%r0)
"""
PROGRAM = f"""
start:  {START_OTHERS}
        lgfi    %r10,0x40f80
        {WORK}
3:      lg      %r2,0x700
        cghi    %r2,{CPUS}
        je      5f
        diag    %r0,%r0,0x44
        j       3b
5:
        lghi    %r5,1
        sigp    %r8,%r5,5               # stop
        larl    %r1,9f
        lpswe   0(%r1)
second: lgfi    %r10,0x90f80
        {WORK}
4:      diag    %r0,%r0,0x44
        j       4b
        .balign 8
9:      .quad   0x0002000180000000,0
"""


def machine(frames: int = FEWEST_FRAMES, **schedule) -> Machine:
    host = Host(frames, PagingDevice(), service=ServiceTimes(LATENCY_NS, BLOCK_NS))
    return Machine.from_source(PROGRAM, cpus=CPUS, host=host, schedule=Schedule(CPUS, **schedule))


def end(guest: Machine) -> tuple:
    """Run to the end: what the guest has made."""
    stop = guest.run(50_000)
    assert (stop.reason, stop.exit_code) == (Reason.DISABLED_WAIT, 0)
    return guest.read(0x700, 8), guest.read(0x40000, 64 * BLOCK_SIZE), guest.read(0x90000, 64 * BLOCK_SIZE)


def state(guest: Machine) -> tuple:
    """All of a run that is to be the same."""
    return [cpu.count for cpu in guest.cpus], guest.now, guest.blocks(), guest.host.statistics(0).as_dict()


SCHEDULES = {
    "round-robin": {}, "one-instruction": {"quantum": 1}, "seven": {"quantum": 7},
    **{f"random-{seed}": {"quantum": 20, "seed": seed} for seed in range(4 if JIT else 1)},
}  # fmt: skip


@pytest.fixture(scope="module")
def plenty():
    """What the guest makes on a host with a frame for every block."""
    return end(machine(256))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_both_get_on_with_the_fewest_frames(schedule, plenty):
    """No livelock, in which each takes what the other has brought; none starves."""
    guest = machine(**SCHEDULES[schedule])
    assert end(guest) == plenty
    assert guest.host.statistics(0).written_out > 0
    assert guest.host.frames.in_use == FEWEST_FRAMES


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_both_get_on_where_their_instructions_do_not_fit_together(schedule, plenty, monkeypatch):
    """Two MVC need four blocks each, and their own, of seven frames: the younger one gives way to the older one."""
    guest, gave_way = machine(**SCHEDULES[schedule]), []
    kept = guest.host.guests[0]
    give_way = kept.give_way
    monkeypatch.setattr(kept, "give_way", lambda: gave_way.append(kept.cpu) or give_way())
    guest.host.limit.frames = 7
    assert end(guest) == plenty
    assert set(gave_way) == set(range(CPUS))


@long
@pytest.mark.parametrize("schedule", ["round-robin", "random-0"])
def test_the_same_schedule_is_the_same_run(schedule):
    first, second = machine(**SCHEDULES[schedule]), machine(**SCHEDULES[schedule])
    end(first)
    end(second)
    assert state(first) == state(second)


@long
def test_stopped_on_the_way_it_is_the_same_run():
    ran, stopped = machine(quantum=7), machine(quantum=7)
    end(ran)
    while (stop := stopped.run(251)).reason is Reason.LIMIT:
        saved = stopped.snapshot()
        stopped.run(20)
        stopped.restore(saved)
    assert stop.reason is Reason.DISABLED_WAIT
    assert state(stopped) == state(ran)


def test_one_waits_for_the_paging_device_while_another_executes():
    guest = machine()
    end(guest)
    waited = guest.host.statistics(0).paging_wait
    assert waited > guest.now  # each for itself


# --- the host alone ---------------------------------------------------------------------------------------------------


@pytest.fixture
def host():
    host = Host(CPUS * FEWEST_FRAMES, PagingDevice())
    host.attach(GuestStorage(64 * BLOCK_SIZE, cpus=CPUS))
    return host


def executes(host: Host, cpu: int) -> None:
    host.guests[0].storage.ports[cpu].count += np.uint64(1)


def resident(host: Host) -> set[int]:
    return set(np.flatnonzero(host.guests[0].invalid == 0).tolist())


def test_what_is_kept_for_one_is_not_taken_for_the_other(host):
    mine = set(range(FEWEST_FRAMES))
    for number in mine:
        assert host.resolve(0, number, cpu=0) == COMPLETED
    for number in range(FEWEST_FRAMES, 64):
        assert host.resolve(0, number, cpu=1) == COMPLETED
        executes(host, 1)
        assert mine <= resident(host)


def test_the_oldest_instruction_gets_what_it_needs(host):
    half = CPUS * FEWEST_FRAMES // 2
    for number in range(half):
        assert host.resolve(0, number, cpu=1) == COMPLETED
        assert host.resolve(0, 32 + number, cpu=0) == COMPLETED
    assert host.resolve(0, 60, cpu=0) == GIVES_WAY  # the other one has begun before
    assert resident(host) == {*range(half), *range(32, 32 + half)}
    assert host.resolve(0, 20, cpu=1) == COMPLETED
    assert resident(host) >= {*range(half), 20}
    executes(host, 1)
    assert host.resolve(0, 60, cpu=0) == COMPLETED  # now this one is the oldest


def test_who_gives_way_gives_up_the_turn(host):
    for number in range(CPUS * FEWEST_FRAMES):
        host.resolve(0, number, cpu=1)
    record = host.guests[0].storage.record
    host.guests[0].waiting[1].until = 777
    assert host.resolve(0, 60, cpu=0) == GIVES_WAY
    assert (record.gave_up, record.yield_to) == (1, 1)
    assert host.blocked_until(0, 0) == 777


def test_one_that_does_not_take_its_turn_loses_its_claim(host):
    """It is stopped, perhaps."""
    for number in range(CPUS * FEWEST_FRAMES):
        assert host.resolve(0, number, cpu=1) == COMPLETED
    answers = [host.resolve(0, 60, cpu=0) for _ in range(2 * CPUS + 2)]
    assert answers == [GIVES_WAY] * (2 * CPUS + 1) + [COMPLETED]


def test_one_cpu_alone_gives_way_to_nobody(host):
    for number in range(CPUS * FEWEST_FRAMES):
        assert host.resolve(0, number, cpu=1) == COMPLETED
    assert host.resolve(0, 60, cpu=1) == NO_FRAME


def test_a_block_that_both_need_is_kept_until_both_have_executed(host):
    assert host.resolve(0, 3, cpu=0) == COMPLETED
    host.guests[0].brought_for(1, 3)
    host.guests[0].waiting[1].progress = 0
    executes(host, 0)
    host.guests[0].forget_ended()
    assert host.guests[0].retrying == 0b11
    for number in range(10, 64):
        host.resolve(0, number, cpu=0)
        executes(host, 0)
        if number == 40:
            assert 3 in resident(host)
            executes(host, 1)
    assert 3 not in resident(host)


def test_one_waits_and_the_other_does_not():
    host = Host(CPUS * FEWEST_FRAMES, PagingDevice(), service=ServiceTimes(LATENCY_NS, BLOCK_NS))
    host.attach(GuestStorage(64 * BLOCK_SIZE, cpus=CPUS))
    host.pagein(0, 5)
    host.reclaim(0, 5)
    host.resolve(0, 5, cpu=1)
    assert [host.blocked_until(0, cpu) for cpu in range(CPUS)] == [0, LATENCY_NS + BLOCK_NS]
    assert host.blocked_until(0) == 0
