"""Clocks, set and stored: PoP ch. 10."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from tests.lab import ALL, BA_EA, CODE, PROBLEM_STATE
from tests.operands import FETCH, STORE, Operand, operand_checks

OPERAND = 0x38000
LINES = ["sck {}(%r5)", "sckc {}(%r5)", "spt {}(%r5)", "stckc {}(%r5)", "stpt {}(%r5)"]
EXTERNAL = 1 << (63 - 7)
CR0_CLOCK_COMPARATOR, CR0_CPU_TIMER = 1 << (63 - 52), 1 << (63 - 53)


@operand_checks(*(Operand(line.format(0), 8, FETCH if line[1] != "t" else STORE, align=8) for line in LINES[:-1]))
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("line", [*(line.format(1) for line in LINES), "sckpf"])
def test_privileged(lab, line):
    lab.gr[5], lab.gr[0] = ALL - 7, ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", LINES)
def test_doubleword_boundary(lab, line):
    lab.gr[5] = 0x7FFFF000
    assert lab.step(line.format(4)) == SPECIFICATION
    assert lab.changes() == {}


def test_sck_sets_the_clock_and_not_the_timer(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, (0x1234567890ABC000).to_bytes(8, "big"))
    lab.cpu.timer_zero = lab.cpu.tod_epoch + 0x5000
    lab.psw(cc=3)
    code = lab.step("sck 0(%r5)\n stpt 8(%r5)")
    assert lab.changes() == {"cc": 0}
    before = int(lab.machine.count)
    assert [code, lab.go()] == [0, 0]
    assert (int(lab.cpu.tod_epoch) + (before - 1) * 4096 // 1000) & ALL == 0x1234567890ABC000
    assert lab.word(OPERAND + 8) == 0x5000 - before * 4096 // 1000


@pytest.mark.parametrize("value", [0, 0x1122334455667788, ALL])
def test_clock_comparator(lab, value):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, value.to_bytes(8, "big"))
    lab.psw(cc=3)
    code = lab.step("sckc 0(%r5)\n stckc 8(%r5)")
    assert lab.changes() == {}
    assert [code, lab.go()] == [0, 0]
    assert lab.word(OPERAND + 8) == value


@pytest.mark.parametrize("value", [0, 0x1122334455667000, ALL, 1 << 63])
def test_cpu_timer_counts_down(lab, value):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, value.to_bytes(8, "big"))
    lab.psw(cc=3)
    code = lab.step("spt 0(%r5)\n nopr\n" + " nopr\n" * 998 + " stpt 8(%r5)")
    assert lab.changes() == {}
    lab.machine.run(1000)
    assert code == 0
    assert lab.word(OPERAND + 8) == (value - 4096) & ALL  # a thousand instructions, one microsecond


@pytest.mark.parametrize(
    ("line", "subclass", "code"), [("sckc", CR0_CLOCK_COMPARATOR, 0x1004), ("spt", CR0_CPU_TIMER, 0x1005)]
)
def test_setting_lets_the_interruption_come_at_once(lab, line, subclass, code):
    lab.gr[5], lab.cr[0] = OPERAND, subclass
    lab.cpu.tod_epoch, lab.cpu.clock_comparator, lab.cpu.timer_zero = 1000, ALL, 1 << 40
    lab.store(OPERAND, (0 if line == "sckc" else ALL).to_bytes(8, "big"))
    lab.psw(BA_EA | EXTERNAL)
    assert lab.step(f"{line} 0(%r5)\n nopr") == 0
    lab.machine.run(1)
    assert lab.word(0x86, 2) == code
    assert lab.word(0x138) == CODE + 4


@pytest.mark.parametrize(
    ("gr0", "code"), [(0xFFFFFFFF0000ABCD, 0), (0x0001ABCD, SPECIFICATION), (0x8000ABCD, SPECIFICATION)]
)
def test_sckpf(lab, gr0, code):
    lab.gr[0] = gr0
    assert lab.step("sckpf") == code
    assert lab.changes() == {}
    assert lab.cpu.tod_programmable == (0 if code else 0xABCD)


# --- PERFORM TIMING FACILITY FUNCTION ---------------------------------------------------------------------------------


def clock(lab) -> int:
    """The TOD clock after the last instruction, as STORE CLOCK gives it."""
    count = int(lab.machine.port.count)
    return (int(lab.cpu.tod_epoch) + count // 1000 * 4096 + count % 1000 * 4096 // 1000) % 2**64


def timing(function: int):
    def setup(lab):
        lab.gr[0], lab.gr[2] = function, 0

    return setup


@operand_checks(
    Operand("ptff", 16, STORE, base=1, setup=timing(0)),
    Operand("ptff", 32, STORE, base=1, setup=timing(1)),
    Operand("ptff", 56, STORE, base=1, setup=timing(2)),
    Operand("ptff", 8, STORE, base=1, setup=timing(3)),
)
def test_timing_parameter_block(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("mask", [BA_EA, PROBLEM_STATE])
def test_ptff_queries_its_functions(lab, mask):
    lab.store(OPERAND, b"\xff" * 24)
    lab.gr[0], lab.gr[1] = ALL - 0xFF, OPERAND
    lab.psw(mask, cc=2)
    assert lab.step("ptff") == 0
    assert lab.load(OPERAND, 24) == b"\xf0" + bytes(15) + b"\xff" * 8
    assert lab.cpu.cc == 0


@pytest.mark.parametrize(("function", "length"), [(1, 32), (2, 56), (3, 8)])
def test_ptff_clock_without_steering(lab, function, length):
    lab.cpu.tod_epoch = 0x7D91048BCA000000
    lab.store(OPERAND, b"\xff" * 64)
    lab.gr[0], lab.gr[1] = function, OPERAND
    lab.psw(cc=2)
    before = clock(lab) - 0x7D91048BCA000000
    assert lab.step("ptff") == 0
    assert lab.load(OPERAND + length, 64 - length) == b"\xff" * (64 - length)
    physical, *others = (lab.word(OPERAND + n) for n in range(0, length, 8))
    assert before <= physical <= clock(lab) - 0x7D91048BCA000000
    assert others == {1: [0, 0, 0x7D91048BCA000000], 2: [0] * 6, 3: []}[function]


@pytest.mark.parametrize("function", [4, 5, 0x3F, 0x40, 0x41, 0x42, 0x43, 0x7F])
def test_ptff_function_that_is_not_available(lab, function):
    lab.gr[0], lab.gr[1] = function, ALL
    lab.psw(cc=0)
    assert lab.step("ptff") == 0
    assert lab.changes() == {"cc": 3}


@pytest.mark.parametrize(("function", "code"), [(0x40, 2), (0x7F, 2), (0x3F, 0), (0x80, 6), (0xC0, 6)])
def test_ptff_in_the_problem_state(lab, function, code):
    lab.gr[0], lab.gr[1] = function, ALL
    lab.psw(PROBLEM_STATE, cc=0)
    assert lab.step("ptff") == code
    assert lab.changes() == ({} if code else {"cc": 3})
