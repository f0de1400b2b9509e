"""The image on this machine: it passes what holds, says what does not, and asks what was decided."""

from __future__ import annotations

import re

import pytest

from s390emu.export import Skip, build, case_of
from s390emu.export.decisions import DECISIONS
from s390emu.export.image import ORIGIN, STATE_NAMES, STORAGE
from s390emu.machine import Machine, Reason
from s390emu.machine.cpu import START_MASK
from s390emu.tracing.trace_file import parse
from tests.export.test_cases import PLAIN


def run(*cases, **options):
    machine = Machine(STORAGE, **options)
    suite = build(cases)
    for address, data in suite.program.image():
        machine.write(address, data)
    machine.set_psw(START_MASK, ORIGIN)
    stop = machine.run(50_000_000)
    assert stop.reason is Reason.DISABLED_WAIT
    return machine.console.splitlines(), stop.psw_ia


def spoiled(**changes):
    case = case_of(parse(PLAIN))
    return case._replace(**{name: change(getattr(case, name)) for name, change in changes.items()})


def test_a_suite_passes_and_tells_what_was_skipped():
    lines, code = run(case_of(parse(PLAIN)), Skip("other", "has host events"), essa=False)
    assert lines == ["s390emu suite", "PASS plain", "SKIP other: has host events",
                     "ESSA: not here, no questions asked", "0 failed of 1"]  # fmt: skip
    assert code == 0


@pytest.mark.parametrize("changes, told", [
    pytest.param({"after": lambda a: a._replace(gr=(*a.gr[:2], 5, *a.gr[3:]))},
                 "r2             is 1122334455667788, expected 5", id="register"),
    pytest.param({"after": lambda a: a._replace(cr=(1, *a.cr[1:]))}, "cr0            is e0, expected 1", id="control"),
    pytest.param({"after": lambda a: a._replace(psw=(a.psw[0], 2))}, "psw address    is 1000e, expected 2", id="psw"),
    pytest.param({"final": lambda f: (*f, (0x9abc, b"x"))}, "storage       9abc is 0, expected 78", id="storage"),
    pytest.param({"final_keys": lambda k: (*k[:8], (0x36, 0xFE), *k[9:])}, "key           8000 is 6, expected 36",
                 id="key"),
    pytest.param({"taken": lambda t: ()}, "unexpected i. 1 is", id="unexpected"),
    pytest.param({"taken": lambda t: (*t, *t)}, "missing:      2 is 0, expected 20", id="missing"),
    pytest.param({"taken": lambda t: (t[0]._replace(kind=3),)}, "class of int. 1 is 20", id="class"),
    pytest.param({"taken": lambda t: (t[0]._replace(checks=(t[0].checks[0]._replace(value=7),)),)},
                 "interruption  1 is 2000500000000, expected 7", id="code"),
])  # fmt: skip
def test_what_is_not_as_expected_is_told_and_counted(changes, told):
    lines, code = run(spoiled(**changes), case_of(parse(PLAIN)), essa=False, model="zEC12")
    assert lines[1].startswith(f"FAIL plain: {told}")
    assert lines[2] == "PASS plain"
    assert lines[-1] == "1 failed of 2" and code == 1


VECTOR = """\
.trace vector
.model facility 129
.ram 128K
.init
 cr0 = 0x600e0
 v2 = 0x0102030405060708090a0b0c0d0e0f10
 v17 = 0x2
.text 0x10000
start: vab %v18,%v2,%v17
 svc 0
.expect
 svc 0
 v18 = 0x0102030405060708090a0b0c0d0e0f12
"""


def test_vector_registers_are_set_and_compared_where_they_are():
    case = case_of(parse(VECTOR))
    spoiled = case._replace(after=case.after._replace(vr=(*case.after.vr[:18], 0x5, *case.after.vr[19:])))
    lines, code = run(case, spoiled, essa=False)
    assert lines[1:3] == ["PASS vector", "FAIL vector: v18 left       is 102030405060708, expected 0"]
    assert code == 1


def test_a_machine_without_a_facility_says_so():
    lines, code = run(case_of(parse(VECTOR)), case_of(parse(PLAIN)), essa=False, model="zEC12")
    assert lines[1:3] == ["SKIP vector: this machine lacks a facility", "PASS plain"]
    assert code == 0


def test_here_essa_answers_as_was_decided():
    lines, _ = run()
    matrix = [line for line in lines if line.startswith("ESSA from")]
    assert [line.split()[2] for line in matrix] == ["S", "U", "P", "V"]
    assert all(len(line.split()) == 11 and line.split()[-1].startswith("x6:") for line in matrix)
    answers = [re.fullmatch(r"(D\d+) +.*: (\w+) \(decided: (\w+)\)", line) for line in lines if "(decided" in line]
    assert len(answers) > 15 and all(answer and answer[2] == answer[3] for answer in answers)
    asked = {line.split()[0] for line in lines if line.startswith("D")}
    assert asked == {decision.name for decision in DECISIONS if decision.question}


def test_with_the_no_dat_attribute_orc_7_is_answered():
    lines, _ = run(no_dat=True)
    assert not any("x6" in line for line in lines)


def test_every_decision_is_asked_or_it_is_said_why_not():
    assert [decision.name for decision in DECISIONS] == [f"D{n}" for n in range(1, 21)]
    assert all(bool(decision.question) != bool(decision.why_not) for decision in DECISIONS)


def test_the_names_of_a_state_fit_into_a_line():
    assert len(STATE_NAMES) == 124 and all(len(name) <= 14 for name in STATE_NAMES)


def test_elf_and_flat_image_have_the_same_bytes():
    suite = build([case_of(parse(PLAIN))])
    flat = suite.flat()
    for address, data in suite.program.image():
        assert flat[address - ORIGIN : address - ORIGIN + len(data)] == data
    assert suite.elf().startswith(b"\x7fELF")
