"""The lines of `run --trace`."""

from __future__ import annotations

import io

from s390emu.commands.trace_log import TraceLog
from s390emu.machine import Machine, Reason, Schedule
from tests.lab import BA_EA
from tests.translation import DAT, REAL_SPACE, SEGMENT, map_page

PROGRAM = """
start:  llilf %r1,0x8000
        stg   %r1,0(%r1)
        essa  %r2,%r1,3
        essa  %r2,%r1,1
        svc   5
"""


def test_trace_log_lines_in_order():
    machine, out = Machine.from_source(PROGRAM), io.StringIO()
    log = TraceLog(machine, ("insn", "storage", "page", "interruption"), out, 100, {"start": 0x10000})
    assert log.run(5, None).reason is Reason.LIMIT
    kinds = [line.split()[1] for line in out.getvalue().splitlines() if " page " not in line]
    assert kinds[:6] == ["insn", "insn", "store", "insn", "insn", "insn"]
    assert kinds[-1] == "fetch"  # of the new PSW, after the stores of the interruption
    assert "interruption" in kinds
    assert "0x10000 <start>: llilf %r1,32768" in out.getvalue()
    assert "store        absolute 0x8000 8" in out.getvalue()


def test_trace_log_does_not_change_the_run():
    plain, traced = Machine.from_source(PROGRAM), Machine.from_source(PROGRAM)
    plain.run(limit=5)
    TraceLog(traced, ("insn", "storage", "page", "interruption"), io.StringIO(), 3, {}).run(5, None)
    assert plain.psw == traced.psw
    assert list(plain.gr) == list(traced.gr)
    assert plain.blocks() == traced.blocks()


def two_cpus() -> Machine:
    """CPU 1 waits for the call that CPU 0 makes, and takes it to `called`."""
    machine = Machine.from_source(
        "start: sigp %r2,%r3,2\n nopr 0\nspin: j spin\ncalled: lghi %r7,9\n essa %r1,%r6,1\n j called\n", cpus=2,
        schedule=Schedule(2, 2),
    )  # fmt: skip
    machine.cpus[0].gr[3], second = 1, machine.cpus[1]
    machine.write(0x1B0, (0x180000000).to_bytes(8, "big") + (0x1000A).to_bytes(8, "big"))
    second.record.stopped, second.cr[0] = 0, 0x2000
    second.set_psw(0x0102000180000000, 0x1234)
    return machine


def test_the_log_names_the_instruction_that_is_executed_and_its_cpu():
    """Also where an interruption comes before it, and where the CPU whose turn it was cannot execute any."""
    out = io.StringIO()
    TraceLog(two_cpus(), ("insn",), out, 100, {"called": 0x1000A, "start": 0x10000, "spin": 0x10006}).run(6)
    lines = out.getvalue().splitlines()
    assert [line.split("insn")[0].split() + line.split("<")[1].split(">")[:1] for line in lines] == [
        ["0", "cpu0", "start"], ["1", "cpu0", "start+0x4"],
        ["2", "cpu1", "called"], ["3", "cpu1", "called+0x4"],
        ["4", "cpu0", "spin"], ["5", "cpu0", "spin"],
    ]  # fmt: skip


def test_the_log_of_one_cpu_names_the_handlers_first_instruction():
    machine = Machine.from_source("start: nopr 0\n nopr 0\nhandler: j handler\n")
    machine.write(0x1A0, (0x180000000).to_bytes(8, "big") + (0x10004).to_bytes(8, "big"))
    out = io.StringIO()
    log = TraceLog(machine, ("insn",), out, 100, {"start": 0x10000, "handler": 0x10004})
    log.run(1)
    machine.cpu.restart = 1
    log.run(1)
    assert [line.split()[2:4] for line in out.getvalue().splitlines()] == [
        ["0x10000", "<start>:"], ["0x10004", "<handler>:"],
    ]  # fmt: skip


def test_the_log_shows_instructions_by_the_spaces_they_are_fetched_from(lab):
    """A program in the primary space calls a supervisor that runs without translation, and changes the mode itself."""
    lab.cr[1], lab.cr[13] = map_page(lab, 0x5000, 0x38000, level=SEGMENT), REAL_SPACE
    lab.store(0x38000, bytes.fromhex("1823 0a05".replace(" ", "")))  # lr %r2,%r3; svc 5
    lab.store(0x5000, bytes.fromhex("1845"))  # what is there without translation
    lab.store(0x30000, bytes.fromhex("b2b20000"))  # lpswe 0(%r0): to the program
    lab.store(0x1C0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.store(0, (BA_EA | DAT).to_bytes(8, "big") + (0x5000).to_bytes(8, "big"))
    lab.machine.set_psw(BA_EA, 0x30000)
    out = io.StringIO()
    TraceLog(lab.machine, ("insn",), out, 100, {"handler": 0x30000, "program": 0x5000}).run(4)
    assert [line.split("insn         ")[1] for line in out.getvalue().splitlines()] == [
        "0x30000 <handler>: lpswe 0", "0x5000 <program>: lr %r2,%r3", "0x5002 <program+0x2>: svc 5",
        "0x30000 <handler>: lpswe 0",
    ]  # fmt: skip
