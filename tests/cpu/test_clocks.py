"""Time is the instruction count: PoP ch. 4 "Timing". The clock interruptions come exactly when they are due."""

from __future__ import annotations

import random

import numpy as np
import pytest

from s390emu._jit import u64
from s390emu.cpu.clocks import cpu_timer, elapsed_for, tod
from s390emu.machine import Reason
from s390emu.records.port import NO_TIME
from tests.lab import ALL, BA_EA, CODE

EXTERNAL, WAIT = 1 << (63 - 7), 1 << (63 - 14)
CR0_COMPARATOR, CR0_TIMER = 1 << (63 - 52), 1 << (63 - 53)
HANDLER = 0x30000


def units(nanoseconds: int) -> int:
    """TOD units: bit 51 is a microsecond."""
    return nanoseconds * 4096 // 1000


def prepare(lab, mask=BA_EA | EXTERNAL):
    """A long row of NOPRs; the external handler is a row of them too."""
    lab.store(CODE, b"\x07\x00" * 1024)
    lab.store(HANDLER, b"\x07\x00" * 64)
    lab.store(0x1B0, BA_EA.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
    lab.cpu.tod_epoch, lab.cpu.clock_comparator, lab.cpu.timer_zero = 1 << 40, ALL, (1 << 40) + (1 << 62)
    lab.psw(mask)


@pytest.mark.parametrize("elapsed", [0, 1, 2, 124, 125, 999, 1000, 1001, 123456789, 1 << 50])
def test_tod(lab, elapsed):
    record = lab.machine.port
    lab.cpu.tod_epoch, record.count, record.idle = 77, elapsed // 3, elapsed - elapsed // 3
    assert int(tod(lab.cpu, record)) == 77 + units(elapsed)


def test_elapsed_for_is_the_first_moment():
    rng = random.Random(1)
    for _ in range(2000):
        wanted = rng.getrandbits(rng.choice((4, 8, 13, 24, 50)))
        first = int(elapsed_for(u64(wanted)))
        assert units(first) >= wanted
        assert first == 0 or units(first - 1) < wanted


@pytest.mark.parametrize("after", [1, 2, 3, 10, 250, 251, 999])
@pytest.mark.parametrize("stepwise", [False, True], ids=["run", "step"])
def test_clock_comparator_interrupts_when_the_clock_exceeds_it(lab, after, stepwise):
    prepare(lab)
    lab.cpu.clock_comparator = (1 << 40) + units(after) - 1  # exceeded as soon as `after` instructions have ended
    lab.cr[0] = CR0_COMPARATOR
    lab.psw(BA_EA | EXTERNAL)
    if stepwise:
        for _ in range(after + 1):
            assert lab.machine.step() is None
    else:
        lab.machine.run(after + 1)
    assert lab.machine.last_interruption.count == after
    assert (lab.word(0x86, 2), lab.word(0x138)) == (0x1004, CODE + 2 * after)
    assert lab.machine.psw[1] == HANDLER + 2


@pytest.mark.parametrize("after", [1, 2, 3, 10, 250, 999])
def test_cpu_timer_interrupts_when_it_is_negative(lab, after):
    prepare(lab)
    lab.cpu.timer_zero = (1 << 40) + units(after) - 1
    lab.cr[0] = CR0_TIMER
    lab.psw(BA_EA | EXTERNAL)
    lab.machine.run(after + 1)
    assert lab.machine.last_interruption.count == after
    assert (lab.word(0x86, 2), lab.word(0x138)) == (0x1005, CODE + 2 * after)


@pytest.mark.parametrize("subclass", [0, CR0_COMPARATOR])
@pytest.mark.parametrize("mask", [BA_EA, BA_EA | EXTERNAL])
def test_masks(lab, subclass, mask):
    prepare(lab, mask)
    lab.cpu.clock_comparator = 0
    lab.cr[0] = subclass
    lab.psw(mask)
    lab.machine.run(1)
    assert (lab.machine.psw[1] == HANDLER + 2) == (subclass != 0 and mask != BA_EA)


def test_the_condition_lasts(lab):
    """The interruption does not clear it: it comes again as soon as it is enabled."""
    prepare(lab)
    lab.store(HANDLER, bytes.fromhex("b2b20130"))  # LPSWE of the external old PSW
    lab.cpu.clock_comparator = 0
    lab.cr[0] = CR0_COMPARATOR
    lab.psw(BA_EA | EXTERNAL)
    for n in range(1, 5):
        lab.machine.run(1)
        assert int(lab.machine.port.interruption_count[3]) == n
    assert lab.machine.psw[1] == CODE


def test_comparator_of_all_ones_never_interrupts(lab):
    prepare(lab)
    lab.cpu.tod_epoch = ALL - 10
    lab.cr[0] = CR0_COMPARATOR
    lab.psw(BA_EA | EXTERNAL)
    lab.machine.run(2)
    assert lab.machine.psw[1] == CODE + 4


def test_waiting_passes_the_time_until_the_comparator(lab):
    prepare(lab)
    lab.cpu.clock_comparator = (1 << 40) + units(5_000_000) - 1
    lab.cr[0] = CR0_COMPARATOR
    lab.psw(BA_EA | EXTERNAL | WAIT)
    before = lab.machine.count
    lab.machine.run(1)
    record = lab.machine.port
    assert lab.word(0x86, 2) == 0x1004
    assert lab.word(0x130) == BA_EA | EXTERNAL | WAIT
    assert int(record.idle) + before == 5_000_000
    assert lab.machine.count == before + 1


def test_waiting_for_a_clock_that_is_disabled_is_for_ever(lab):
    prepare(lab)
    lab.cpu.clock_comparator = (1 << 40) + 5
    lab.psw(BA_EA | EXTERNAL | WAIT)
    lab.cr[0] = 0
    assert lab.machine.run(5).reason is Reason.ENABLED_WAIT


def test_clocks_go_on_when_the_time_is_more_than_64_bits_of_units(lab):
    """Three waits of half the TOD clock each: running still takes a later interruption when stepping would."""
    prepare(lab)
    lab.cr[0] = CR0_TIMER

    def set_timer(value):
        with np.errstate(over="ignore"):
            lab.cpu.timer_zero = int(tod(lab.cpu, lab.machine.port)) + value & ALL

    for _ in range(3):
        set_timer((1 << 63) - 1)
        lab.psw(BA_EA | EXTERNAL | WAIT)
        lab.machine.run(1)
    assert units(int(lab.machine.port.idle)) > 1 << 64
    set_timer(units(100))
    lab.psw(BA_EA | EXTERNAL)
    lab.machine.run(150)
    assert lab.word(0x86, 2) == 0x1005
    assert lab.word(0x138) - CODE in (200, 202, 204)


# --- time that is stolen ---------------------------------------------------------------------------------------------


def test_stolen_time_is_seen_by_the_clock_and_not_by_the_timer(lab):
    prepare(lab)
    record, before = lab.machine.port, int(tod(lab.cpu, lab.machine.port))
    timer = int(cpu_timer(lab.cpu, record))
    record.stolen = 5_000
    assert int(tod(lab.cpu, record)) == before + units(5_000)
    assert int(cpu_timer(lab.cpu, record)) == timer
    record.idle += u64(1_000)
    assert int(cpu_timer(lab.cpu, record)) == timer - units(1_000)


def test_set_cpu_timer_after_stolen_time(lab):
    prepare(lab)
    record = lab.machine.port
    record.stolen = 123_000
    lab.store(0x2000, (40_960).to_bytes(8, "big"))
    lab.gr[1] = 0x2000
    assert lab.step("spt 0(%r1)") == 0
    assert int(cpu_timer(lab.cpu, record)) == 40_960 - units(int(record.count)) + units(int(record.count) - 1)


@pytest.mark.parametrize("which", ["comparator", "timer"])
@pytest.mark.parametrize("stepwise", [False, True], ids=["run", "step"])
def test_clocks_interrupt_in_time_though_time_is_stolen(lab, which, stepwise):
    prepare(lab)
    record = lab.machine.port
    record.stolen, after = 1_234, 300  # instructions
    if which == "comparator":
        lab.cpu.clock_comparator, lab.cr[0] = (1 << 40) + units(1_234 + after) - 1, CR0_COMPARATOR
    else:
        lab.cpu.timer_zero, lab.cr[0] = (1 << 40) + units(after) - 1, CR0_TIMER
    lab.psw(BA_EA | EXTERNAL)
    if stepwise:
        for _ in range(after + 1):
            assert lab.machine.step() is None
    else:
        lab.machine.run(limit=after + 1)
    assert lab.machine.last_interruption.count == after


def test_the_host_is_due_exactly(lab):
    """At the first boundary at or after its time, with time stolen before; the wait state ends then too."""
    prepare(lab)
    machine, record, times = lab.machine, lab.guest, []
    delivered = machine.host.deliver
    machine.host.deliver = lambda guest: (times.append(machine.now), delivered(guest))
    machine.port.stolen, record.host_event = 1_000, 1_000 + 77
    machine.run(limit=200)
    assert (times, int(record.host_event)) == ([1_077], NO_TIME)
    record.host_event = 5_000
    lab.psw(BA_EA | EXTERNAL | WAIT)
    assert machine.run(limit=5).reason is Reason.ENABLED_WAIT
    assert times == [1_077, 5_000]
    record.host_event = 6_000
    lab.psw(BA_EA | WAIT)  # disabled
    assert machine.run(limit=5).reason is Reason.DISABLED_WAIT
    assert times == [1_077, 5_000]
    machine.host.deliver = delivered
    record.host_event = NO_TIME


def test_a_guest_that_idles_for_centuries_is_not_mistaken_for_one_that_is_due(lab):
    prepare(lab)
    lab.machine.port.idle = (1 << 63) + 5
    assert lab.machine.run(limit=5).reason is Reason.LIMIT


def test_shared_leaves_the_wait_state_to_others(lab):
    prepare(lab)
    machine, record = lab.machine, lab.machine.port
    machine.shared = True
    lab.cpu.clock_comparator, lab.cr[0] = (1 << 40) + units(3_000), CR0_COMPARATOR
    lab.psw(BA_EA | EXTERNAL | WAIT)
    assert machine.run(limit=5).reason is Reason.WAITING
    assert (machine.now, machine.ready_at) == (0, 3_001)
    machine.pass_time(2_000)
    assert machine.run(limit=5).reason is Reason.WAITING
    assert (machine.ready_at, int(record.idle), int(record.stolen)) == (3_001, 2_000, 0)
    machine.pass_time(3_001)
    assert machine.run(limit=5).reason is Reason.LIMIT
    assert machine.last_interruption.code == 0x1004
    lab.psw(BA_EA | WAIT)
    assert machine.run(limit=5).reason is Reason.DISABLED_WAIT
    machine.pass_time(machine.now - 5)  # the past: nothing
    assert machine.now == 3_001 + 5
    lab.psw(BA_EA)
    machine.pass_time(machine.now + 10)
    assert int(record.stolen) == 10
    machine.shared = False
