"""Several CPUs in one guest: turns, time, what one CPU does to another; however it is run, it is the same run."""

from __future__ import annotations

import numpy as np
import pytest

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, PROTECTION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.inputs import perform
from s390emu.machine import Machine, Reason, Schedule
from s390emu.records.cpu import CPU_T
from tests.cpus import START_OTHERS

COUNTER, PASSES = 0x7000, 100
COUNT = f"""
        lghi    %r1,{COUNTER}
        lghi    %r3,{PASSES}
1:      lg      %r2,0(%r1)
2:      lgr     %r4,%r2
        aghi    %r4,1
        csg     %r2,%r4,0(%r1)
        jnz     2b
        brctg   %r3,1b
"""
END = """
        larl    %r1,9f
        lpswe   0(%r1)
        .balign 8
9:      .quad   0x0002000180000000,0
"""
TOGETHER = f"""
start:  {START_OTHERS} {COUNT}
3:      lg      %r2,0(%r1)
        cghi    %r2,{2 * PASSES}
        je      4f
        diag    %r0,%r0,0x44
        j       3b
4:      sigp    %r8,%r5,5               # stop
        {END}
second: {COUNT}
5:      diag    %r0,%r0,0x44
        j       5b
"""


def machine(source: str, *, cpus: int = 2, **options) -> Machine:
    return Machine.from_source(source, cpus=cpus, **options)


def counter(of: Machine) -> int:
    return int.from_bytes(of.read(COUNTER, 8), "big")


def state(of: Machine) -> dict:
    return {
        "counts": [cpu.count for cpu in of.cpus], "now": of.now, "psws": [cpu.psw for cpu in of.cpus],
        "registers": [cpu.gr.tolist() for cpu in of.cpus], "storage": of.read(0, of.storage.size),
    }  # fmt: skip


SCHEDULES = {
    "round-robin": lambda: Schedule(2),
    "one-instruction": lambda: Schedule(2, 1),
    "seven": lambda: Schedule(2, 7),
    **{f"random-{seed}": lambda seed=seed: Schedule(2, 30, seed) for seed in range(5)},
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_interlocked_updates_lose_nothing_in_any_interleaving(schedule):
    guest = machine(TOGETHER, schedule=SCHEDULES[schedule]())
    stop = guest.run(100_000)
    assert (stop.reason, stop.exit_code, stop.cpu) == (Reason.DISABLED_WAIT, 0, 0)
    assert counter(guest) == 2 * PASSES


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_stepping_and_running_agree(schedule):
    ran, stepped = (machine(TOGETHER, schedule=SCHEDULES[schedule]()) for _ in range(2))
    stop = ran.run(100_000)
    while (ended := stepped.step()) is None:
        pass
    assert (ended, state(stepped)) == (stop, state(ran))


ALL_STOP = "lghi %r5,0\n sigp %r8,%r5,5\n lghi %r5,1\n sigp %r8,%r5,5\n j ."
ENDINGS = {
    "waits": f"start: {START_OTHERS} {END} second: lghi %r9,2\n 1: brctg %r9,1b\n {END.replace('9', '8')}",
    "stopped": f"start: {START_OTHERS} j .\n second: lghi %r9,2\n 1: brctg %r9,1b\n {ALL_STOP}",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_whose_end_it_was_does_not_depend_on_how_it_was_run(ending, schedule):
    """The CPU that executed last of those in the same state, however often the machine was stopped meanwhile."""
    ran, stepped = (machine(ENDINGS[ending], schedule=SCHEDULES[schedule]()) for _ in range(2))
    stop = ran.run(100_000)
    while (ended := stepped.step()) is None:
        pass
    again = stepped.run(1)
    assert stop.reason is (Reason.STOPPED if ending == "stopped" else Reason.DISABLED_WAIT)
    assert ended == again == stop


def test_same_seed_same_run_and_another_seed_another():
    runs = []
    for seed in (1, 1, 2):
        guest = machine(TOGETHER, schedule=Schedule(2, 30, seed))
        guest.run(100_000)
        runs.append(state(guest))
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_snapshot_in_the_middle_goes_on_as_before(schedule):
    """Whoever has the turn, and whatever is left of it: at several moments, going back to each in any order."""
    guest = machine(TOGETHER, schedule=SCHEDULES[schedule]())
    saved = []
    for _ in range(8):
        guest.run(97)
        saved.append((guest.snapshot(), state(guest)))
    end, first = guest.run(100_000), state(guest)
    for snapshot, then in (*saved[::-1], saved[3]):
        guest.restore(snapshot)
        assert state(guest) == then
        assert guest.run(100_000) == end
        assert state(guest) == first


REST = "lghi %r9,20\n 1: diag %r0,%r0,0x44\n brctg %r9,1b\n"
RESTING = f"""
start:  {START_OTHERS} {REST}
        sigp    %r8,%r5,5               # stop, out of the enabled wait
        {REST}
        lgfi    %r9,0x2000
        sigp    %r8,%r5,14              # store status at address
        {REST}
        sigp    %r8,%r5,4               # start: it waits again
        {REST}
        sigp    %r8,%r5,2               # external call
        {REST}
        sigp    %r8,%r5,9               # stop and store status
        {REST}
        sigp    %r8,%r5,1               # sense
        {END}
second: larl    %r12,data
        mvc     0x1b0(16),0(%r12)       # external new PSW
        lctlg   %c0,%c0,16(%r12)
        stpt    0x700
        lpswe   24(%r12)
called: stpt    0x708
        stck    0x710
5:      diag    %r0,%r0,0x44
        j       5b
        .balign 8
data:   .quad   0x0000000180000000,called,0x2000,0x0102000180000000,0
"""


@pytest.mark.parametrize("quantum", [1, 7, 1000])
def test_snapshot_of_cpus_that_rest(quantum):
    """After every third instruction of a run in which a CPU is stopped, waits, is called, is about to stop: its state,
    what is pending for it, and the time that passes on it meanwhile."""
    guest = machine(RESTING, schedule=Schedule(2, quantum))
    saved = []
    while guest.step() is None:
        saved.append(guest.snapshot())
    end, first = guest.run(1), whole_state(guest)
    assert end.reason is Reason.DISABLED_WAIT
    assert first["cpus"][1]["stopped"] == 3
    assert guest.cpus[0].gr[8] == 0x40  # the status that was sensed
    for snapshot in saved[::-3]:
        guest.restore(snapshot)
        assert guest.run(10_000) == end
        assert whole_state(guest) == first


def whole_state(of: Machine) -> dict:
    """Everything of every CPU too; the time that passes on it is in storage: CPU timers, TOD clock."""
    records = [{name: np.asarray(cpu.record[name]).tolist() for name in CPU_T.names} for cpu in of.cpus]
    return state(of) | {"cpus": records}


@pytest.mark.parametrize("quantum", [1, 7, 1000])
def test_stepping_and_running_agree_on_cpus_that_rest(quantum):
    ran, stepped = (machine(RESTING, schedule=Schedule(2, quantum)) for _ in range(2))
    stop = ran.run(10_000)
    while (ended := stepped.step()) is None:
        pass
    assert (ended, whole_state(stepped)) == (stop, whole_state(ran))


def test_without_interlocked_update_an_interleaving_loses_one():
    lost = TOGETHER.replace("csg     %r2,%r4,0(%r1)", "stg     %r4,0(%r1)\n cr %r0,%r0")
    totals = set()
    for seed in range(5):
        guest = machine(lost, schedule=Schedule(2, 3, seed))
        guest.run(5000)  # the first CPU waits for a total that may never come
        totals.add(counter(guest))
    assert min(totals) < 2 * PASSES


def test_others_are_stopped_until_they_are_started():
    guest = machine(f"start: {COUNT} {END}", cpus=8)
    stop = guest.run(100_000)
    assert stop.reason is Reason.DISABLED_WAIT
    assert [cpu.count for cpu in guest.cpus[1:]] == [0] * 7
    assert all(cpu.record.stopped == 3 for cpu in guest.cpus[1:])


def test_the_guest_ends_when_no_cpu_can_go_on():
    """A disabled wait of one CPU is not the end as long as another one executes instructions."""
    end = "larl %r6,8f\n lpswe 0(%r6)\n .balign 8\n8: .quad 0x2000180000000,7"
    source = f"start: {START_OTHERS} {END} second: {COUNT} {end}"
    guest = machine(source)
    stop = guest.run(100_000)
    assert (stop.reason, stop.exit_code, stop.cpu) == (Reason.DISABLED_WAIT, 7, 1)
    assert counter(guest) == PASSES


def test_time_is_one_and_cpu_timers_are_of_their_own():
    """The TOD clock goes on whoever runs; a CPU timer counts what its own CPU executes."""
    read = "stck 0x{0:x}\n stpt 0x{1:x}\n"
    lines = "\n".join("lr %r0,%r0" for _ in range(2000))
    measured = f"{read.format(0x600, 0x608)} {lines}\n {read.format(0x610, 0x618)}"
    source = f"start: {START_OTHERS} {measured} sigp %r8,%r5,5\n {END} second: {lines}\n j ."
    guest = machine(source, schedule=Schedule(2, 100))
    guest.run(100_000, until=[])
    clock = [int.from_bytes(guest.read(address, 8), "big") for address in (0x600, 0x608, 0x610, 0x618)]
    units = 4.096
    assert 3_600 < (clock[2] - clock[0]) / units < 4_400  # both CPUs' instructions
    assert 1_990 < (clock[1] - clock[3]) / units < 2_010  # its own


def test_a_waiting_cpu_is_woken_by_a_signal_of_another():
    """CPU 1 waits for an external call; CPU 0 sends it, and then waits itself for what CPU 1 does in its handler."""
    source = f"""
start:  {START_OTHERS}
        lghi    %r9,500
1:      brctg   %r9,1b
1:      sigp    %r8,%r5,2               # external call; busy as long as it has not begun
        brc     2,1b
2:      lg      %r2,0x700
        ltgr    %r2,%r2
        jz      2b
        sigp    %r8,%r5,5               # stop
        {END}
second: larl    %r6,called
        stg     %r6,0x1b8               # external new PSW
        stg     %r7,0x1b0
        larl    %r12,second
        lctlg   %c0,%c0,control-second(%r12)
        lpswe   idle-second(%r12)
called: mvghi   0x700,1
        j       .
        .balign 8
control: .quad  0x2000
idle:   .quad   0x0102000180000000,0
"""
    guest = machine(source)
    stop = guest.run(100_000)
    assert (stop.reason, stop.exit_code) == (Reason.DISABLED_WAIT, 0), guest.cpus[1].psw
    assert guest.cpus[1].last_interruption.code == 0x1202
    assert guest.read(0x84, 4) == bytes([0, 0, 0x12, 0x02])


def test_a_cpu_that_holds_a_translation_faults_when_the_block_is_gone():
    """Both CPUs have the page in their TLBs; the host discards it; each meets the fault at its next reference."""
    source = f"""
start:  {START_OTHERS}
        lgfi    %r1,0x20000
        mvi     0(%r1),1
        essa    %r0,%r1,3
1:      ic      %r2,0(%r1)
        j       1b
second: lgfi    %r1,0x20000
2:      ic      %r2,0(%r1)
        j       2b
"""
    guest = machine(source, storage_size=1 << 20, host=Host(400, PagingDevice()), schedule=Schedule(2, 50))
    guest.write(0x1D0, (0x0002000180000000).to_bytes(8, "big") + (0xBAD).to_bytes(8, "big"))
    guest.run(5_000)
    assert all(cpu.count > 100 for cpu in guest.cpus)
    perform(guest, "discard", 0x20000)
    stop = guest.run(5_000)
    assert stop.reason is Reason.DISABLED_WAIT
    assert [cpu.last_interruption.code for cpu in guest.cpus] == [BLOCK_VOLATILITY] * 2
    assert [cpu.last_interruption.teid & -BLOCK_SIZE for cpu in guest.cpus] == [0x20000, 0x20000]


def test_set_storage_key_takes_the_page_from_the_tlb_of_the_other_cpu():
    source = f"""
start:  {START_OTHERS}
        lgfi    %r1,0x20000
        lghi    %r9,500
1:      brctg   %r9,1b
        lghi    %r2,0x10
        sske    %r2,%r1
2:      j       2b
second: lgfi    %r1,0x20000
        spka    0x20
3:      mvi     0(%r1),1
        j       3b
"""
    guest = machine(source, schedule=Schedule(2, 50))
    guest.write(0x1D0, (0x0002000180000000).to_bytes(8, "big") + (0xBAD).to_bytes(8, "big"))
    guest.set_block(0x20000, key=0x20)
    guest.run(10_000)
    assert guest.cpus[1].last_interruption.code == PROTECTION


def test_a_directed_yield_names_who_is_next():
    source = f"start: {START_OTHERS} lghi %r1,1\n diag %r1,%r0,0x9c\n1: j 1b\n second: lghi %r9,1\n j ."
    guest = machine(source, schedule=Schedule(2, 10_000))
    guest.run(13)
    assert guest.cpus[1].count > 0


def test_preferring_a_cpu_is_something_that_the_world_does():
    guest = machine(TOGETHER, schedule=Schedule(2, 1 << 60))
    guest.run(30)
    assert guest.cpus[1].count == 0
    perform(guest, "run-cpu", 1)
    guest.run(10)
    assert guest.cpus[1].count == 10


@pytest.mark.parametrize("cpus", [0, 9])
def test_number_of_cpus(cpus):
    with pytest.raises(ValueError, match="1 to 8"):
        Machine(cpus=cpus)


@pytest.mark.parametrize("function", [0, 1])
@pytest.mark.parametrize("quantum", [3, 1000])
def test_a_reset_by_diagnose_stops_the_others(function, quantum):
    """DIAGNOSE X'308': the CPU that asks for it goes on at the PSW at absolute 0; the other one had a register."""
    source = f"""
start:  llihf   %r1,0x00080000
        iilf    %r1,0x80000000
        larl    %r2,after
        ogr     %r1,%r2
        stg     %r1,0
        {START_OTHERS}
wait:   lg      %r9,{COUNTER}
        cghi    %r9,1
        jl      wait
        lghi    %r6,{function}
        diag    %r4,%r6,0x308
second: lghi    %r3,77
        lghi    %r1,1
        stg     %r1,{COUNTER}
        j       .
after:  larl    %r1,9f
        lpswe   0(%r1)
        .balign 8
9:      .quad   0x0002000180000000,0x55
"""
    guest = machine(source, schedule=Schedule(2, quantum))
    stop = guest.run(100_000)
    assert (stop.reason, stop.exit_code, stop.cpu) == (Reason.DISABLED_WAIT, 0x55, 0)
    assert guest.cpus[1].record.stopped
    assert guest.cpus[1].gr[3] == (0 if function == 0 else 77)
