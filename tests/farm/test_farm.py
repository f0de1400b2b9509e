"""Dispatching in virtual time: small guests in assembly."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.farm.farm import Costs, Farm
from s390emu.host.balloon_monitor import BalloonMonitor, Parameters
from s390emu.host.devices import ServiceTimes
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import START_MASK, Machine, Reason

SIZE = 1 << 20
END = """
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,0
"""
BUSY = "start:  lgfi %r2,{n}\n1:      brctg %r2,1b\n" + END  # 3 instructions and one for each of n
# Waits, enabled for the clock comparator, until `units` of the TOD clock have passed.
SLEEPER = (
    """
start:  larl    %r1,external
        mvc     0x1B0(16),0(%r1)
        larl    %r1,mask
        lctlg   %c0,%c0,0(%r1)
        stck    0x200
        lg      %r2,0x200
        algfi   %r2,{units}
        stg     %r2,0x200
        sckc    0x200
        larl    %r1,wait
        lpswe   0(%r1)
        .balign 8
mask:   .quad   0x800
wait:   .quad   0x0102000180000000,0
external: .quad 0x0000000180000000,woken
woken:
"""
    + END
)
# Stores into `count` blocks from 0x20000 on, each in turn, `rounds` times.
TOUCHER = (
    """
start:  lgfi    %r4,{rounds}
2:      llilf   %r3,0x20000
        lgfi    %r2,{count}
1:      stg     %r2,0(%r3)
        aghi    %r3,4096
        brctg   %r2,1b
        brctg   %r4,2b
"""
    + END
)


def guests(host: Host, *sources: str) -> list[Machine]:
    machines = []
    for source in sources:
        machine = Machine(SIZE, host=host)
        machine.load(assemble(source, origin=0x10000))
        machines.append(machine)
    return machines


def forever() -> bool:
    return False


def test_guests_take_turns_and_time_is_the_sum_of_their_instructions():
    machines = guests(Host(512), BUSY.format(n=5000), BUSY.format(n=5000))
    farm = Farm(machines, quantum=100)
    farm.run(lambda: machines[0].count >= 1000)
    assert machines[1].count == 900
    farm.run(forever)
    assert [guest.stop.reason for guest in farm.guests] == [Reason.DISABLED_WAIT] * 2
    assert farm.now == sum(machine.count for machine in machines) == sum(guest.cpu for guest in farm.guests)
    assert farm.idle == 0


def test_time_that_another_guest_executes_is_stolen():
    machines = guests(Host(512), BUSY.format(n=5000), BUSY.format(n=5000))
    Farm(machines, quantum=100).run(forever)
    first, second = machines
    assert second.now == first.count + second.count
    assert second.port.idle == 0


def test_a_waiting_guest_leaves_the_processor_to_the_others():
    machines = guests(Host(512), SLEEPER.format(units=4096 * 10), BUSY.format(n=20_000))
    farm = Farm(machines, quantum=1000)
    farm.run(lambda: farm.guests[0].stop is not None)
    assert 10_000 <= farm.now < 12_000, "10 microseconds, and the rest of a quantum"
    assert machines[0].count < 30
    assert machines[0].port.idle >= 9_900


def test_time_passes_when_all_wait():
    machines = guests(Host(512), SLEEPER.format(units=4096 * 10), SLEEPER.format(units=4096 * 30))
    farm = Farm(machines, quantum=1000)
    farm.run(forever)
    assert farm.now == pytest.approx(30_000, abs=100)
    assert farm.idle + sum(guest.cpu for guest in farm.guests) == farm.now


@pytest.mark.parametrize("monitor", [None, BalloonMonitor(512, Parameters(interval_us=1))], ids=["alone", "watched"])
def test_a_farm_that_nothing_will_wake_ends(monitor):
    asleep = "start: larl %r1,wait\n lpswe 0(%r1)\n .balign 8\nwait: .quad 0x0102000180000000,0\n"
    farm = Farm(guests(Host(512), asleep), quantum=1000, monitor=monitor)
    farm.run(lambda: farm.now > 1_000_000)
    assert farm.guests[0].stop is None
    assert farm.now < 1_000_000


def test_essa_costs_processor_time():
    source = "start: lghi %r2,0\n lgfi %r3,100\n1: essa %r4,%r2,0\n brctg %r3,1b\n" + END
    farm = Farm(guests(Host(512), source), quantum=10_000, costs=Costs(essa=50))
    farm.run(forever)
    assert farm.now == farm.guests[0].machine.count + 100 * 50


def test_paging_of_one_guest_overlaps_with_the_instructions_of_another():
    service = ServiceTimes(page_latency=200)
    toucher = TOUCHER.format(count=60, rounds=3)
    alone = Host(40, PagingDevice(), service=service)
    farm = Farm(guests(alone, toucher), quantum=50)
    farm.run(forever)
    assert alone.statistics(0).read_back > 0
    waited = farm.idle
    assert waited > 0
    both = Host(40, PagingDevice(), service=service)
    farm = Farm(guests(both, toucher, BUSY.format(n=int(waited))), quantum=50)
    farm.run(forever)
    assert farm.idle < waited / 2


def test_a_guest_that_is_refused_a_frame_is_forced_off_and_the_others_go_on():
    host = Host(64)
    machines = guests(host, TOUCHER.format(count=100, rounds=1), TOUCHER.format(count=20, rounds=1))
    farm = Farm(machines, quantum=10_000)
    farm.run(forever)
    assert farm.guests[0].stop.reason is Reason.NO_FRAME
    assert farm.guests[1].stop.exit_code == 0
    assert machines[1].read(0x20000, 8) != bytes(8)


def test_monitor_looks_at_its_intervals_and_takes_processor_time():
    parameters = Parameters(interval_us=10, sample_ns=10, message_ns=0)
    host = Host(512)
    farm = Farm(guests(host, BUSY.format(n=10_000)), quantum=1000, monitor=BalloonMonitor(512, parameters))
    farm.run(forever)
    assert farm.monitor_time == pytest.approx(100, abs=100)
    assert farm.now == farm.guests[0].cpu + farm.monitor_time
    assert farm.messages == 0


def test_monitor_sees_what_a_guest_references():
    host = Host(512)
    farm = Farm(guests(host, TOUCHER.format(count=200, rounds=50)), quantum=700,
                monitor=BalloonMonitor(512, Parameters(interval_us=1)))  # fmt: skip
    farm.run(forever)
    assert farm.monitor.estimates[0] == pytest.approx(200, rel=0.35)


def test_the_same_farm_twice_is_the_same_farm():
    def run() -> tuple:
        host = Host(48, PagingDevice(), service=ServiceTimes(page_latency=777, page_block=13))
        machines = guests(host, TOUCHER.format(count=30, rounds=5), TOUCHER.format(count=25, rounds=7))
        farm = Farm(machines, quantum=333, costs=Costs(fault=11))
        farm.run(forever)
        return farm.now, farm.idle, farm.turns, [m.count for m in machines], host.statistics(0).as_dict()

    assert run() == run()


# Receives messages, and waits until there is one or, if the mask has it, for the clock comparator.
LISTENER = """
start:  larl    %r1,external
        mvc     0x1B0(16),0(%r1)
        stck    0x200
        lg      %r2,0x200
        algfi   %r2,4096*100
        stg     %r2,0x200
        sckc    0x200
        larl    %r2,sccb
        llilf   %r3,0x00780005
        servc   %r3,%r2
        lghi    %r7,2           # the service signal of this command, then that of the message
1:      larl    %r1,mask
        lctlg   %c0,%c0,0(%r1)
        larl    %r1,wait
        lpswe   0(%r1)
woken:  brct    %r7,1b
        larl    %r1,end
        lpswe   0(%r1)
        .balign 8
end:    .quad   0x0002000180000000,0
mask:   .quad   {mask}
wait:   .quad   0x0102000180000000,0
external: .quad 0x0000000180000000,woken
sccb:   .short  28,0,0,0,0,4
        .long   0x40,0,0,0
"""


@pytest.mark.parametrize("mask", [0x200, 0xA00], ids=["message", "message-or-clock"])
def test_a_message_wakes_a_guest_that_waits(mask):
    machines = guests(Host(512), LISTENER.format(mask=mask), BUSY.format(n=50_000))
    farm = Farm(machines, quantum=1000)
    farm.run(lambda: farm.now >= 5000)
    assert farm.guests[0].stop is None
    farm.send(0, "STOP")
    farm.run(lambda: farm.guests[0].stop is not None)
    assert farm.now < 7000
    assert machines[0].port.idle > 4000


def test_a_message_does_not_wake_a_guest_that_the_host_keeps_waiting():
    host = Host(40, PagingDevice(), service=ServiceTimes(page_latency=10_000))
    farm = Farm(guests(host, TOUCHER.format(count=60, rounds=3)), quantum=50)
    farm.run(lambda: host.blocked_until(0) > farm.now)
    ready_at = farm.guests[0].ready_at
    farm.send(0, "STOP")
    assert farm.guests[0].ready_at == ready_at == host.blocked_until(0)


def straddler(host: Host, rounds: int) -> Machine:
    """A guest that executes an instruction in eight chunks again and again: EXECUTE, its target and both operands of
    that lie across a boundary each."""
    machine, chunk = Machine(SIZE, host=host), host.frames.chunk * 4096
    execute, target, first, second, end = 2 * chunk - 2, 4 * chunk - 2, 6 * chunk - 128, 8 * chunk - 128, 2 * chunk + 64
    for address, source in ((execute, "1: ex %r1,0(%r4)\n brctg %r9,1b\n lpswe 0(%r5)"),
                            (target, "mvc 0(1,%r2),0(%r3)"), (end, ".quad 0x0002000180000000,0")):  # fmt: skip
        ((_, data),) = assemble(source).image()
        machine.write(address, data)
    machine.write(second, bytes(range(256)))
    machine.gr[1:6], machine.gr[9] = [255, first, second, target, end], rounds
    machine.set_psw(START_MASK, execute)
    return machine


def test_guests_that_do_not_fit_together_all_come_to_their_end():
    """The host need only have frames for the instruction of one guest where they are large."""

    def run() -> tuple:
        host = Host(32, PagingDevice(), service=ServiceTimes(page_latency=100_000, page_block=8_000), chunk=2)
        machines = [straddler(host, rounds=2) for _ in range(4)]
        farm = Farm(machines, quantum=1000)
        starved = set()

        def hangs() -> bool:
            if farm.starving:
                starved.add(farm.starving.machine.guest_number)
            return farm.turns > 2000

        farm.run(hangs)
        assert [guest.stop and guest.stop.exit_code for guest in farm.guests] == [0] * 4
        assert all(machine.read(12 * 4096 - 128, 256) == bytes(range(256)) for machine in machines)
        assert starved, "nothing was tested: they fitted"
        return farm.now, farm.turns

    assert run() == run()


def test_a_guest_that_pages_and_makes_progress_never_has_the_host_for_itself():
    host = Host(48, PagingDevice(), service=ServiceTimes(page_latency=777))
    farm = Farm(guests(host, *[TOUCHER.format(count=60, rounds=3)] * 3), quantum=333)
    seen = []
    farm.run(lambda: bool(seen.append(farm.starving)))
    assert host.statistics(0).read_back > 100
    assert set(seen) == {None}


def test_time_begins_where_guests_that_have_run_before_have_come_to():
    machines = guests(Host(512), BUSY.format(n=5000))
    machines[0].run(1000)
    farm = Farm(machines, quantum=100, monitor=BalloonMonitor(512, Parameters(interval_us=1)), mips=100)
    farm.begin(machines[0].now)
    farm.run(lambda: farm.turns > 0)
    assert (farm.now, machines[0].port.stolen, farm.monitor_time) == (1100, 0, 0)
    farm.run(lambda: farm.turns > 1)
    assert farm.monitor_time > 0, "a microsecond has passed"


def test_a_message_goes_the_way_that_the_farm_was_told():
    told = []
    machines = guests(Host(512), BUSY.format(n=5000))
    Farm(machines, quantum=100, tell=lambda machine, text: told.append((machine, text))).send(0, "STOP")
    assert told == [(machines[0], "STOP")]
