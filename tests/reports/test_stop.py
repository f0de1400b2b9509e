"""The one-screen report and the one line."""

from __future__ import annotations

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, OPERATION
from s390emu.machine import Machine, Schedule, Stop
from s390emu.reports.stop import as_dict, interruption_text, place, report, summary
from tests.lab import BA_EA
from tests.operands import discard

LOOP = "start: lghi %r2,7\nagain: brctg %r2,again\n .short 0\n"


def test_place_names_the_nearest_label():
    symbols = {"start": 0x1000, "next": 0x1010, "far": 0x9000}
    assert place(0x1010, symbols) == "0x1010 <next>"
    assert place(0x1014, symbols) == "0x1014 <next+0x4>"
    assert place(0x100F, symbols) == "0x100f <start+0xf>"
    assert place(0x3000, symbols) == "0x3000"  # too far from any
    assert place(0x10, symbols) == "0x10"


def test_report_fits_on_a_screen_and_says_why():
    machine = Machine.from_source(LOOP)
    stop = machine.run()
    text = report(machine, stop, {"start": 0x10000, "again": 0x10004})
    assert len(text.splitlines()) <= 40
    assert "interruption loop" in text.splitlines()[0]
    assert "program 0001 (operation)" in text or "program 0006" in text
    assert text.count("0x10004 <again> -> 0x10004 <again>") == 6
    assert "24-bit, supervisor state" in text  # the program new PSW is zeros
    for n in (0, 4, 8, 12):
        assert f"  r{n:<2} " in text
        assert f"  c{n:<2} " in text


def test_summary_is_one_line():
    machine = Machine.from_source("start: j start\n")
    assert summary(machine, machine.run(limit=1234), {}) == "s390emu: instruction limit, after 1,234 instructions"


def test_json_has_the_same_facts():
    machine = Machine.from_source(LOOP)
    stop = machine.run()
    told = as_dict(machine, stop, {})
    assert told["reason"] == "interruption loop"
    assert told["instructions"] == stop.count
    assert told["registers"][2] == 0
    assert told["last_interruption"]["kind"] == "program"
    assert len(told["branches"]) == 6


def test_an_interruption_is_told_with_what_it_stored_and_no_more(lab):
    """An operation exception after an exception that stores an identification."""
    lab.store(0x1D0, BA_EA.to_bytes(8, "big") + (0x30000).to_bytes(8, "big"))
    lab.gr[5] = 0x34000
    discard(lab, 0x34000)
    assert lab.step("lg %r1,8(%r5)") == BLOCK_VOLATILITY
    assert interruption_text(lab.machine.last_interruption, {}).endswith("identification 0x34000")
    assert lab.step(".short 0", at=0x30000) == OPERATION
    text = interruption_text(lab.machine.last_interruption, {})
    assert "ILC 1," in text
    assert "identification" not in text
    assert lab.machine.last_interruption.teid == 0


def two_cpus() -> tuple[Machine, Stop]:
    """CPU 1 is restarted and meets an operation exception, whose handler is a disabled wait."""
    machine = Machine.from_source("start: sigp %r2,%r3,6\n nopr 0\n j start+4\nsecond: lghi %r7,9\n .short 0\n", cpus=2,
                                  schedule=Schedule(2, 5))  # fmt: skip
    machine.write(0x1A0, BA_EA.to_bytes(8, "big") + (0x1000A).to_bytes(8, "big"))
    machine.write(0x1D0, (BA_EA | 1 << 49).to_bytes(8, "big") + (0xBAD).to_bytes(8, "big"))
    machine.cpus[0].gr[3] = 1
    return machine, machine.run(40)


def test_the_report_of_several_cpus_names_each():
    machine, stop = two_cpus()
    text = report(machine, stop, {})
    assert text.splitlines()[0] == "s390emu: instruction limit on CPU 0, after 40 instructions"
    assert "  CPU 1     0002000180000000 0xbad, 2 instructions" in text.splitlines()
    machine.turns.set_running(machine.cpus[1])
    assert "program 0001 (operation) at instruction 2 of its own, ILC 1" in report(machine, stop, {})


def test_the_report_of_eight_cpus_fits_on_a_screen():
    machine = Machine.from_source(LOOP, cpus=8)
    assert len(report(machine, machine.run(), {}).splitlines()) <= 40


def test_json_has_every_cpu():
    machine, stop = two_cpus()
    told = as_dict(machine, stop, {})
    assert [(cpu["address"], cpu["instructions"], cpu["stopped"]) for cpu in told["cpus"]] == [
        (0, 38, False), (1, 2, False),
    ]  # fmt: skip
    assert told["cpus"][1]["psw"]["address"] == 0xBAD
    assert told["cpus"][1]["registers"][7] == 9
    assert told["cpus"][1]["last_interruption"]["code"] == 1
    assert told["cpus"][0]["last_interruption"] is None
    assert told["cpu"] == 0
    assert told["registers"] == told["cpus"][0]["registers"]
