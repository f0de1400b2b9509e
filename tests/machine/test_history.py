"""Going back in time is having been there: the same state, to the last bit, and the same future."""

from __future__ import annotations

import random
from hashlib import blake2b

import pytest

from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.inputs import Refused, perform
from s390emu.machine import Machine, Reason, Schedule
from s390emu.machine.history import Lost
from s390emu.machine.observe import Recorder
from s390emu.records.events import EVENT_ESSA, EVENT_STORE
from s390emu.reports.timeline import who

WALK = """
start:  llill %r1,0x8000          # stores its number into one doubleword after the other
loop:   aghi  %r2,1
        stg   %r2,0(%r1)
        aghi  %r1,8
        j     loop
"""
HINTS = """
start:  llill %r1,0x8000
        stg   %r1,0(%r1)
        essa  %r3,%r1,4             # potentially volatile
loop:   aghi  %r2,1
        j     loop
"""
EXTERNAL = """
start:  stosm 0x900,1               # enabled for external interruptions
        aghi  %r2,1
        j     start
handler: aghi %r5,1
        lpswe 0x130                 # external old PSW
"""
BA_EA = 0x180000000


def digest(machine: Machine) -> str:
    """Return a number for everything that can be told of a guest between two instructions."""
    cpus = [(cpu.gr.tolist(), cpu.psw, cpu.count, cpu.now, cpu.record.tobytes()) for cpu in machine.cpus]
    rest = machine.storage.states().tolist(), machine.storage.keys().tolist(), machine.console
    return blake2b(repr((cpus, rest)).encode() + machine.read(0, machine.storage.size)).hexdigest()


def toy(**options) -> Machine:
    """Return a machine with the toy kernel, short of storage."""
    host = Host(40, PagingDevice())
    machine = Machine(1 << 20, host=host, **options)
    machine.load(toy_kernel.build(PASSES=1))
    return machine


def with_handler(source: str) -> Machine:
    """Return a machine that has the label `handler` for its external interruptions."""
    from s390emu.assembler.assemble import assemble

    program = assemble(source, origin=0x10000)
    machine = Machine(1 << 18)
    machine.load(program)
    machine.write(0x1B0, BA_EA.to_bytes(8) + program.symbols["handler"].to_bytes(8))
    machine.cr[0] = 0xE0 | 1 << 13 | 1 << 14
    machine.set_psw(*machine.psw)
    return machine


def test_each_moment_is_what_it_was_when_the_guest_came_by():
    machine, moments = Machine.from_source(WALK, 1 << 18), {}
    history = machine.remember(interval=50)
    for _ in range(300):
        moments[machine.count] = digest(machine)
        machine.step()
    for count in random.Random(1).sample(sorted(moments), 60):
        history.goto(count)
        assert (machine.count, digest(machine)) == (count, moments[count])


def test_the_toy_kernel_under_pressure_run_stepped_back_and_run_again_is_one_execution():
    plain = toy()
    plain.run(limit=6000)
    middle = digest(plain)
    end = plain.run(limit=8000)
    machine = toy()
    history = machine.remember(interval=1500)
    while machine.count < 300:
        machine.step()
    assert machine.run(limit=13700) == end
    assert digest(machine) == digest(plain)
    history.goto(6000)
    assert digest(machine) == middle
    for _ in range(5):
        history.back()
    assert machine.count == 5995
    assert machine.run(limit=8005) == end
    assert digest(machine) == digest(plain)


def test_several_cpus_and_the_dice_of_their_schedule_are_the_same_again():
    source = "start: llilf %r1,1\n sigp %r0,%r1,6\nother: aghi %r2,1\n stg %r2,0x900\n j other"
    machine = Machine.from_source(source, 1 << 18, cpus=2, schedule=Schedule(2, quantum=7, seed=3))
    machine.write(0x1A0, BA_EA.to_bytes(8) + machine.psw[1].to_bytes(8))
    history, moments = machine.remember(interval=40), {}
    for _ in range(300):
        moments[machine.count] = digest(machine)
        machine.step()
    assert all(cpu.count > 50 for cpu in machine.cpus)
    for count in (299, 150, 151, 40, 0, 222):
        history.goto(count)
        assert digest(machine) == moments[count]


def test_inputs_happen_again_at_their_moments():
    machine, moments = with_handler(EXTERNAL), {}
    history = machine.remember(interval=30)
    for n in range(120):
        moments[machine.count] = digest(machine)
        if n % 17 == 5:
            perform(machine, "external-call", 0)
        machine.step()
    assert machine.gr[5] == 7
    end = digest(machine)
    for count in (100, 5, 60, 22, 0):
        history.goto(count)
        assert digest(machine) == moments[count]
    machine.run(limit=120)
    assert digest(machine) == end


def test_an_input_while_the_guest_stands_at_a_breakpoint_behind_an_interruption_happens_again():
    machine = with_handler(EXTERNAL)
    history = machine.remember(interval=30)
    machine.run(limit=10)
    perform(machine, "external-call", 0)
    handler = 0x10000 + 12
    stop = machine.run(until={handler})
    assert (stop.reason, stop.psw_ia) == (Reason.BREAKPOINT, handler)
    perform(machine, "external-call", 0)  # a second one, which waits until the first is handled
    machine.run(limit=50)
    end = digest(machine)
    assert machine.gr[5] == 2
    history.goto(5)
    machine.run(limit=machine.history.end - 5)
    assert digest(machine) == end


def test_a_cpu_that_an_input_wakes_while_another_runs_is_woken_again():
    source = """
start:  llilf %r1,1
        sigp  %r0,%r1,6             # restart
loop:   aghi  %r2,1
        j     loop
other:  larl  %r1,wait
        lpswe 0(%r1)
        .balign 8
wait:   .quad 0x0102000180000000,0
handler: aghi %r5,1
        j     handler
"""
    from s390emu.assembler.assemble import assemble

    program = assemble(source, origin=0x10000)
    machine = Machine(1 << 18, cpus=2, schedule=Schedule(2, quantum=5))
    machine.load(program)
    machine.write(0x1A0, BA_EA.to_bytes(8) + program.symbols["other"].to_bytes(8))
    machine.write(0x1B0, BA_EA.to_bytes(8) + program.symbols["handler"].to_bytes(8))
    machine.run(50)
    machine.cpus[1].cr[0] = 0xE0 | 1 << 13
    machine.cpus[1].set_psw(*machine.cpus[1].psw)
    history = machine.remember()
    machine.run(50)
    perform(machine, "external-call", 0, cpu=1)
    machine.run(50)
    assert machine.cpus[1].gr[5] > 5
    end = digest(machine)
    history.goto(60)
    machine.run(90)
    assert digest(machine) == end


def test_an_input_that_ends_a_wait_happens_again():
    machine = with_handler("start: larl %r1,wait\n lpswe 0(%r1)\n.balign 8\nwait: .quad 0x0102000180000000,0\n"
                           "handler: aghi %r5,1\n lpswe 0(%r1)")  # fmt: skip
    history = machine.remember(interval=1000)
    assert machine.run().reason is Reason.ENABLED_WAIT
    for _ in range(3):
        perform(machine, "external-call", 0)
        assert machine.run().reason is Reason.ENABLED_WAIT
    end = digest(machine)
    history.goto(3)
    assert (machine.count, machine.gr[5]) == (3, 1)
    history.goto(history.end)
    assert (digest(machine), machine.gr[5]) == (end, 3)


def test_what_is_refused_is_refused_again():
    machine = Machine.from_source(HINTS, 1 << 18)
    history = machine.remember()
    machine.run(limit=20)
    with pytest.raises(Refused):
        perform(machine, "discard", 0x10000)
    machine.run(limit=20)
    end = digest(machine)
    history.goto(3)
    machine.run(limit=37)
    assert digest(machine) == end


def test_an_input_in_the_past_gives_up_the_future():
    machine = Machine.from_source(HINTS, 1 << 18)
    history = machine.remember(interval=10)
    machine.run(limit=100)
    history.goto(50)
    history.do("r2 = 1000", lambda machine: machine.gr.__setitem__(2, 1000))
    assert history.end == 50
    machine.run(limit=50)
    after = int(machine.gr[2])
    assert after == 1000 + 25
    history.goto(60)
    machine.run(limit=40)
    assert machine.gr[2] == after


def test_what_is_done_before_an_interruption_in_the_past_is_before_it_again():
    """A checkpoint behind the interruption of the same moment is no way to what follows then."""
    source = "start: " + "aghi %r2,1\n" * 9 + "stosm 0x900,1\nloop: aghi %r2,1\n j loop\nhandler: lghi %r6,7\n j loop"
    machine = with_handler(source)
    history = machine.remember(interval=1000)
    perform(machine, "external-call", 0)
    handler = int.from_bytes(machine.read(0x1B8, 8))
    assert machine.run(until={handler}).count == 10
    history._keep(exact=False)
    machine.run(5)
    history.goto(10)
    assert machine.psw[1] != handler
    history.do("a new PSW", lambda machine: machine.write(0x1B8, (handler - 8).to_bytes(8)))  # AGHI, J: no handler
    machine.run(5)
    assert machine.gr[6] == 0
    end = digest(machine)
    history.goto(14)
    machine.run(1)
    assert digest(machine) == end


def test_last_write_is_the_instruction_that_stored_last_and_before_now():
    machine = Machine.from_source(WALK, 1 << 18)
    history = machine.remember(interval=100)
    machine.run(limit=1000)
    before = digest(machine)
    change = history.last_write(0x8010)
    assert digest(machine) == before
    history.goto(change.count)
    assert (machine.psw[1], machine.gr[1]) == (int(change.event["ia"]), 0x8010)
    assert machine.read(0x8010, 8) == bytes(8)
    machine.step()
    assert machine.read(0x8010, 8) == (3).to_bytes(8)
    history.back()
    assert history.last_write(0x8010) is None


def test_last_write_is_an_input_if_that_came_last():
    machine = Machine.from_source(WALK, 1 << 18)
    history = machine.remember(interval=100)
    machine.run(limit=300)
    history.do("poke", lambda machine: machine.write(0x8010, b"\x77"))
    machine.run(limit=300)
    change = history.last_write(0x8010)
    assert (change.count, change.input.text) == (300, "poke")


def test_last_state_change_names_who_changed_it():
    machine = Machine.from_source(HINTS, 1 << 18)
    history = machine.remember(interval=100)
    machine.run(limit=250)
    hint = history.last_state_change(8)
    assert (hint.count, who(hint.event)) == (2, "guest ORC 4")
    with pytest.raises(Refused):
        perform(machine, "discard", 0x8000)  # it was changed, so the host has to keep it
    perform(machine, "diag10", 0x8000)
    machine.run(limit=250)
    assert history.last_state_change(8).input.text == "diag10 0x8000"
    assert history.last_state_change(9) is None


def test_searching_finds_what_the_host_did_for_an_instruction():
    """The pager's changes in the toy kernel are those that a recorder saw, searched for one by one."""
    from s390emu.records.events import EVENT_HOST

    machine, recorder = toy(), Recorder(EVENT_ESSA, EVENT_HOST)
    machine.observe(recorder)
    history = machine.remember(interval=700)
    machine.run(limit=9000)
    machine.look()
    seen = [event for chunk in recorder.chunks for event in chunk if event["before"] != event["after"]]
    assert len(seen) > 50
    last = {int(event["block"]): event for event in seen}
    for block in random.Random(2).sample(sorted(last), 8):
        assert history.last_state_change(block).event == last[block]


def test_observers_and_the_console_see_nothing_of_what_is_executed_again():
    shown = []
    machine, recorder = toy(), Recorder(EVENT_ESSA)
    machine.host.guests[0].console.live = shown.append
    history = machine.remember(interval=1000)
    machine.observe(recorder)
    machine.run(limit=5000)
    machine.look()
    before = len(recorder.chunks), len(shown)
    history.last_write(0x8000)
    history.goto(4000)
    history.goto(5000)
    machine.look()
    assert (len(recorder.chunks), len(shown)) == before
    assert before[0]


def test_the_machines_own_events_are_those_up_to_the_moment():
    machine = Machine.from_source(WALK.replace("stg ", "essa %r3,%r1,0\n stg "), 1 << 18)
    machine.watch(EVENT_ESSA)
    history = machine.remember(interval=100)
    machine.run(limit=1000)
    history.goto(503)
    assert [int(e["count"]) for chunk in machine.drain_events() for e in chunk] == list(range(2, 503, 5))


def test_checkpoints_are_thinned_out_and_the_past_stays_reachable():
    machine = Machine.from_source(WALK, 1 << 18)
    history = machine.remember(interval=20, most=8)
    machine.run(limit=1500)
    assert len(history.checkpoints) <= 8
    counts = [each.count for each in history.checkpoints]
    assert counts[-1] - counts[-2] == 20 < counts[1] - counts[0]
    for count in (1499, 3, 700):
        history.goto(count)
        assert machine.count == count


def test_checkpoints_are_near_to_each_other_where_the_machine_is():
    machine = Machine.from_source(WALK, 1 << 18)
    history = machine.remember(interval=20, most=8)
    machine.run(limit=1500)
    history.goto(700)
    counts = [each.count for each in history.checkpoints]
    assert {660, 680} <= set(counts)
    assert len(counts) <= 8


def test_checkpoints_share_the_frames_that_did_not_change():
    machine = Machine.from_source(WALK, 1 << 20)
    history = machine.remember(interval=100)
    machine.run(limit=450)
    states = [each.state.host.frames.memory.rows for each in history.checkpoints]
    assert len(states) == 5
    assert states[1][0] is states[4][0]
    assert len({id(row) for rows in states for row in rows}) == 5  # the program, and the block that it fills


def test_there_is_nothing_before_the_beginning_nor_after_the_end():
    machine = Machine.from_source(WALK, 1 << 18)
    machine.run(limit=10)
    history = machine.remember()
    machine.run(limit=10)
    for nowhere in (9, 21):
        with pytest.raises(Lost, match="from 10 to 20"):
            history.goto(nowhere)
    with pytest.raises(Lost):
        history.back(11)
    assert machine.count == 20


def test_a_restore_ends_the_history():
    machine = Machine.from_source(WALK, 1 << 18)
    saved = machine.snapshot()
    machine.remember()
    machine.restore(saved)
    assert machine.history is None
    assert machine.run(limit=10).count == 10


def test_an_event_of_a_store_is_not_needed_for_last_write():
    machine = Machine.from_source(WALK, 1 << 18)
    history = machine.remember(interval=100)
    machine.run(limit=200)
    mask = int(machine.storage.record.event_mask)
    history.last_write(0x8010)
    assert int(machine.storage.record.event_mask) == mask
    assert not mask >> EVENT_STORE & 1
