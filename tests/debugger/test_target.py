"""A debugger's movements: forward and back, to breakpoints and watchpoints, and no trace of it in the execution."""

from __future__ import annotations

import pytest

from s390emu.debugger.expressions import Expression, ExpressionError
from s390emu.debugger.target import Target, Why
from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.inputs import Refused, perform
from s390emu.machine import Machine, Schedule
from tests.machine.test_history import BA_EA, EXTERNAL, HINTS, WALK, digest, toy, with_handler

SMALL = 2_000  # instructions; a run is cut there
LOOP = 0x10004  # of WALK: after LLILL
STG, AGHI8 = 0x10008, 0x1000E


def walk() -> Target:
    return Target(Machine.from_source(WALK, 1 << 18))


def test_a_breakpoint_stops_before_its_instruction_each_time():
    target = walk()
    target.add_breakpoint(STG)
    counts = []
    for _ in range(3):
        halt = target.resume()
        assert (halt.why, target.machine.psw[1]) == (Why.BREAKPOINT, STG)
        counts.append(target.machine.count)
    assert counts == [2, 6, 10]


def test_adjacent_breakpoints_of_two_bytes_are_told_apart():
    target = Target(Machine.from_source("start: nopr\n nopr\n nopr\n j start", 1 << 18))
    made = [target.add_breakpoint(0x10000 + 2 * n) for n in (1, 2)]
    assert [target.resume().breakpoint for _ in range(4)] == made * 2


def test_a_condition_must_hold():
    target = walk()
    target.add_breakpoint(STG, "r2 == 50 and r1 > 0x8000")
    target.resume()
    assert (target.machine.gr[2], target.machine.psw[1]) == (50, STG)


def test_a_removed_breakpoint_stops_nobody():
    target = walk()
    first, second = target.add_breakpoint(STG), target.add_breakpoint(AGHI8)
    target.remove(first.number)
    assert target.resume().breakpoint is second
    with pytest.raises(ValueError, match="no breakpoint"):
        target.remove(first.number)


def test_back_to_the_breakpoints_in_reverse_order_and_to_the_beginning():
    target = walk()
    target.add_breakpoint(STG)
    counts = []
    for _ in range(5):
        target.resume()
        counts.append(target.machine.count)
    back = []
    while target.resume_back().why is Why.BREAKPOINT:
        back.append(target.machine.count)
    assert back == counts[-2::-1]
    assert (target.halt.why, target.machine.count) == (Why.BEGIN, 0)


def test_a_write_watchpoint_reports_after_the_store():
    target = walk()
    made = target.add_watchpoint("write", 0x8010, 8)
    halt = target.resume()
    assert (halt.why, halt.watchpoint, target.machine.psw[1]) == (Why.WATCHPOINT, made, AGHI8)
    assert target.machine.read(0x8010, 8) == (3).to_bytes(8)


def test_backwards_a_watchpoint_stops_before_the_store():
    target = walk()
    target.add_watchpoint("write", 0x8010, 8)
    target.machine.run(limit=400)
    halt = target.resume_back()
    assert (halt.why, target.machine.psw[1], target.machine.gr[1]) == (Why.WATCHPOINT, STG, 0x8010)
    assert target.machine.read(0x8010, 8) == bytes(8)


@pytest.mark.parametrize(("kind", "count"), [("read", 3), ("access", 2), ("write", 2)])
def test_kinds_of_access(kind, count):
    source = "start: llill %r1,0x8000\n stg %r2,0(%r1)\n lg %r3,0(%r1)\nhere: j here"
    target = Target(Machine.from_source(source, 1 << 18))
    target.add_watchpoint(kind, 0x8004, 1)
    assert target.resume().why is Why.WATCHPOINT
    assert target.machine.count == count


def test_accesses_beside_the_watched_bytes_are_passed_by():
    target = walk()
    target.add_watchpoint("write", 0x8100, 1)
    target.resume()
    assert target.machine.gr[1] == 0x8100


def test_the_host_that_discards_a_watched_page_is_a_reason_to_stop():
    target = Target(Machine.from_source(HINTS.replace("stg   %r1,0(%r1)", "lg %r2,0(%r1)"), 1 << 18))
    target.machine.run(limit=100)
    made = target.add_watchpoint("write", 0x8000, 8)
    target.perform("discard", 0x8000)
    at = target.machine.count
    target.machine.run(limit=100)
    halt = target.resume_back()
    assert (halt.watchpoint, halt.by_host, target.machine.count) == (made, True, at)
    assert target.machine.block(0x8000).name == "Pr"
    halt = target.resume()
    assert (halt.watchpoint, halt.by_host) == (made, True)
    assert target.machine.block(0x8000).name == "Vz"


def test_step_and_step_back_are_inverse():
    target, states = walk(), []
    for _ in range(25):
        states.append(digest(target.machine))
        target.step()
    for state in states[::-1]:
        target.step_back()
        assert digest(target.machine) == state
    assert target.step_back().why is Why.BEGIN


def test_step_back_goes_over_an_interruption_whose_handler_has_a_breakpoint():
    target = Target(with_handler(EXTERNAL))
    handler = 0x1000C
    target.machine.run(limit=8)
    target.perform("external-call", 0)
    target.add_breakpoint(handler)
    assert target.resume().why is Why.BREAKPOINT
    count = target.machine.count
    target.step_back()
    assert (target.machine.count, target.machine.psw[1] != handler) == (count, True)
    target.machine.run(limit=30)
    halt = target.resume_back()
    assert (halt.why, target.machine.psw[1], target.machine.count) == (Why.BREAKPOINT, handler, count)


def test_next_goes_over_a_subroutine_and_over_an_interruption():
    source = "start: brasl %r14,sub\nafter: aghi %r2,1\n svc 1\nend: j end\nsub: aghi %r3,1\n br %r14\nsvc: lpswe 0x140"
    machine = Machine.from_source(source, 1 << 18)
    machine.write(0x1C0, BA_EA.to_bytes(8) + (0x10010 + 6).to_bytes(8))
    target = Target(machine)
    target.next()
    assert (target.machine.psw[1], target.machine.gr[3]) == (0x10006, 1)
    target.next()
    target.next()
    assert target.machine.psw[1] == 0x1000C


def test_a_cpu_is_stepped_by_itself():
    source = "start: llilf %r1,1\n sigp %r0,%r1,6\nother: aghi %r2,1\n j other"
    machine = Machine.from_source(source, 1 << 18, cpus=2, schedule=Schedule(2, quantum=5))
    machine.write(0x1A0, BA_EA.to_bytes(8) + machine.psw[1].to_bytes(8))
    target = Target(machine)
    machine.run(limit=100)
    counts = [cpu.count for cpu in machine.cpus]
    assert target.step(1).cpu == 1
    assert machine.cpus[1].count == counts[1] + 1
    target.step_back()
    assert machine.cpus[1].count == counts[1]


def test_a_breakpoint_is_not_missed_where_a_run_is_cut(monkeypatch):
    monkeypatch.setattr("s390emu.debugger.target.SLICE", SMALL)
    target = Target(Machine.from_source("start: aghi %r2,1\n j start", 1 << 18))
    target.add_breakpoint(0x10000, f"r2 == {SMALL // 2}")
    target.resume()
    assert (target.halt.why, target.machine.count) == (Why.BREAKPOINT, SMALL)
    target.machine.run(SMALL * 3)
    target.resume_back()
    assert (target.halt.why, target.machine.count) == (Why.BREAKPOINT, SMALL)


def smp() -> Machine:
    """Two CPUs that count, in turns by the dice."""
    source = "start: llilf %r1,1\n sigp %r0,%r1,6\nother: aghi %r2,1\n stg %r2,0x900\n j other"
    machine = Machine.from_source(source, 1 << 18, cpus=2, schedule=Schedule(2, quantum=7, seed=3))
    machine.write(0x1A0, BA_EA.to_bytes(8) + machine.psw[1].to_bytes(8))
    return machine


def interrupted() -> Machine:
    """Return a machine that has external interruptions ahead of it, which are its known future."""
    machine = with_handler(EXTERNAL)
    history = machine.remember(interval=30)
    for n in range(20):
        machine.run(11 + n)
        perform(machine, "external-call", 0)
    history.goto(0)
    return machine


def paged() -> Machine:
    """The toy kernel short of storage, behind its start: page faults, discards, and program interruptions."""
    machine = toy()
    machine.run(5000)
    return machine


GUESTS = [pytest.param(guest, id=guest.__name__) for guest in (smp, interrupted, paged)]


@pytest.mark.parametrize("guest", GUESTS)
def test_every_step_can_be_taken_back(guest):
    """Over interruptions, page faults, discards and turns of other CPUs."""
    target, states = Target(guest()), []
    for _ in range(120):
        states.append((target.machine.count, digest(target.machine)))
        target.step()
    for state in states[::-1]:
        while target.machine.count > state[0]:
            target.step_back()
        assert (target.machine.count, digest(target.machine)) == state


@pytest.mark.parametrize("guest", GUESTS)
def test_backwards_it_stops_where_it_did_forwards_and_ends_at_the_beginning(guest):
    """A watchpoint stops behind the access forwards, and before it backwards."""
    target = Target(guest())
    machine, start = target.machine, target.machine.count
    machine.run(150)
    writes = target.add_watchpoint("write", 0x900 if guest is smp else int(machine.gr[15]) & -4096, 4096)
    hot = target.add_breakpoint(machine.psw[1])
    target.goto(start)
    forwards, points = [], set()
    while len(forwards) < 40 and target.resume().why is not Why.END:
        points.add(target.halt.breakpoint or target.halt.watchpoint)
        forwards.append(machine.count if target.halt.breakpoint else int(target.halt.event.count))
    assert hot in points <= {hot, writes}
    end, backwards = machine.count, []
    while target.resume_back().why is not Why.BEGIN:
        backwards.append(machine.count)
    assert machine.count == start
    assert backwards == sorted({count for count in forwards if count < end} | {*backwards[-1:]} & {start}, reverse=True)


@pytest.mark.parametrize("last", [0x10004, 0x10012])
def test_the_last_of_very_many_stops_is_found(monkeypatch, last):
    """Also where the last part has none, and where a watchpoint comes later."""
    monkeypatch.setattr("s390emu.debugger.target.MANY", 5)
    source = "start: lghi %r2,90\nloop: brct %r2,loop\n stg %r2,0x900\nrest: aghi %r3,1\n j rest"
    target = Target(Machine.from_source(source, 1 << 18))
    target.machine.run(limit=1000)
    target.add_breakpoint(0x10004)
    target.add_breakpoint(last)
    target.resume_back()
    if last == 0x10004:
        assert (target.machine.count, target.machine.gr[2]) == (90, 1)
        target.goto(1000)
        target.add_watchpoint("write", 0x900, 8)
        assert target.resume_back().watchpoint
        assert target.machine.count == 91
        target.resume_back()
    else:
        assert target.machine.count == 999
        assert target.machine.psw[1] == last


def test_from_the_past_it_comes_to_the_present_as_it_was_left():
    target = Target(toy())
    target.machine.run(3000)
    target.perform("pressure", 30)
    state = digest(target.machine)
    target.goto(1000)
    assert target.resume().why is Why.END
    assert (target.machine.count, digest(target.machine)) == (3000, state)
    assert target.step().why is Why.STEPPED, "further on the guest is by itself"
    assert target.machine.count == 3001


def test_a_breakpoint_at_the_present_is_met_again_from_the_past():
    target = walk()
    made = target.add_breakpoint(STG)
    target.resume()
    target.step_back()
    halt = target.resume()
    assert (halt.breakpoint, target.machine.count) == (made, 2)


def test_to_continue_backwards_can_be_interrupted_and_nothing_has_moved():
    target = walk()
    target.machine.run(SMALL * 3)
    before = digest(target.machine)
    target.interrupted = True
    assert target.resume_back().why is Why.INTERRUPTED
    assert digest(target.machine) == before
    assert target.resume_back().why is Why.BEGIN


def test_a_step_of_a_cpu_that_waits_comes_to_an_end(monkeypatch):
    monkeypatch.setattr("s390emu.debugger.target.SLICE", 100)
    target = Target(Machine.from_source("start: j start", 1 << 18, cpus=2))
    assert target.step(1).why is Why.STEPPED
    assert target.machine.count == 100


def test_absolute_storage_can_be_watched_wherever_the_cpu_has_it():
    source = """
start:  larl  %r3,prefix
        spx   0(%r3)
        lghi  %r2,7
        stg   %r2,0x900
        stg   %r2,0(%r1)
        j     start
        .balign 4
prefix: .long 0x8000
"""
    target = Target(Machine.from_source(source, 1 << 18))
    target.machine.gr[1] = 0x8900  # real; absolute it is 0x900
    made = target.add_watchpoint("write", 0x900, 8, absolute=True)
    assert (target.resume().watchpoint, target.machine.count) == (made, 5)
    target.remove(made.number)
    target.add_watchpoint("write", 0x900, 8)  # as the CPU has it now: absolute 0x8900
    assert target.resume().why is Why.WATCHPOINT
    assert target.machine.count == 10


def test_debugging_changes_nothing_of_the_execution():
    plain = toy()
    plain.run(limit=4000)
    target = Target(toy())
    target.add_watchpoint("access", 0x30000, 256)
    target.add_breakpoint(target.machine.psw[1] + 0x40)
    for _ in range(30):
        target.step()
    for _ in range(5):
        target.step_back()
    for _ in range(6):
        target.next()
    target.resume_back()
    target.watchpoints.clear()
    target.breakpoints.clear()
    target.machine.run(limit=4000 - target.machine.count)
    assert digest(target.machine) == digest(plain)


def test_a_changed_register_is_an_input_of_the_history():
    target = walk()
    target.machine.run(limit=50)
    target.set_register(target.machine.running, "r2", 1000)
    target.machine.run(limit=50)
    value = int(target.machine.gr[2])
    target.goto(10)
    target.goto(100)
    assert (int(target.machine.gr[2]), value) == (value, 1012)


def test_what_the_host_refuses_is_refused():
    target = walk()
    with pytest.raises(Refused):
        target.perform("discard", 0x10000)


def test_the_end_of_the_guest_is_an_end():
    machine = Machine.from_source("start: lpswe 0x800", 1 << 18)
    machine.write(0x800, (0x0002000180000000).to_bytes(8) + (7).to_bytes(8))
    target = Target(machine)
    halt = target.resume()
    assert (halt.why, halt.stop.exit_code) == (Why.ENDED, 7)
    assert target.resume().why is Why.ENDED
    target.step_back()
    assert target.machine.count == 0


def test_an_interruption_from_outside_stands_still():
    target = walk()
    target.interrupted = True
    assert target.resume().why is Why.INTERRUPTED


@pytest.mark.parametrize(
    ("text", "value"),
    [("r2+1", 1), ("0x10 << 2 | 3", 67), ("start == pc", 1), ("u16(start)", 0xA51F), ("not r2", 1),
     ("psw.mask >> 31", 3), ("u8(start) == 0xa5 and (r1 or 5)", 1)],
)  # fmt: skip
def test_expressions(text, value):
    target = Target(Machine.from_source(WALK, 1 << 18), {"start": 0x10000})
    assert target.evaluate(text) == value


@pytest.mark.parametrize("text", ["", "r2 +", "nowhere", "r2 // 0", "u8(1 << 40)", "__import__('os')", "r2.x", "1.5",
                                  "2**9", "(" * 300, "u8()", "1" * 501])  # fmt: skip
def test_what_is_no_expression(text):
    target = walk()
    with pytest.raises(ExpressionError):
        Expression(text).value(target.machine, target.machine.running, {})


@pytest.mark.parametrize(("kind", "address", "length"), [("write", 1 << 40, 8), ("write", 0, 0), ("blue", 0, 1)])
def test_what_cannot_be_watched(kind, address, length):
    with pytest.raises(ValueError):
        walk().add_watchpoint(kind, address, length)


def test_the_toy_kernel_under_pressure_back_to_the_hint_behind_a_fault():
    machine = Machine(1 << 20, host=Host(40, PagingDevice()))
    machine.load(toy_kernel.build(PASSES=1))
    target = Target(machine)
    machine.run(limit=6000)
    hinted = [block for block in machine.blocks() if block.usage != "stable"]
    assert hinted
    change = target.history.last_state_change(hinted[0].number)
    target.goto(change.count)
    assert machine.block(hinted[0].number * 4096).name != hinted[0].name
