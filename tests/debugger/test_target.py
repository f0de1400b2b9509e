"""A debugger's movements: forward and back, to breakpoints and watchpoints, and no trace of it in the execution."""

from __future__ import annotations

import pytest

from s390emu.debugger.expressions import Expression, ExpressionError
from s390emu.debugger.target import Target, Why
from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.inputs import Refused
from s390emu.machine import Machine, Schedule
from tests.machine.test_history import BA_EA, EXTERNAL, HINTS, WALK, digest, toy, with_handler

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
